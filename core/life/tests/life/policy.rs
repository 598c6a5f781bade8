//! The rules, asked: reasons, parameters, limits, and who is who.

use jit_life::policy::{self, Caller, Wish, may_administer, may_decide, may_extend, may_request, may_use};
use jit_life::role::{Param, ParamType, ReasonRule, Role, Who};
use jit_life::{Approval, Refused, RefusedKind, Rules};
use jit_types::{Capability, ParamValue, Params, Scope, Span, Words};
use regex::Regex;
use serde_json::json;

use crate::kit::{self, Law, caller, gives, person, subjects};

fn ask(backend: &jit_types::BackendName, scope: &Scope) -> Result<Capability, Words> {
    Law::new(true).capability(backend, scope)
}

/// The rules of the tests, with one role changed.
fn rules(role: &str, change: impl FnOnce(&mut Role)) -> Rules {
    let mut rules = Law::new(true).rules();
    change(rules.roles.get_mut(&role.parse().unwrap()).unwrap());
    rules
}

fn wish(role: &str, reason: &str) -> Wish {
    let params = kit::params(role, true);
    Wish { role: role.parse().unwrap(), params, span: None, reason: reason.to_owned() }
}

fn asked(rules: &Rules, who: &Caller, wish: &Wish) -> Result<policy::MayRequest, Refused> {
    may_request(rules, who, wish, &ask)
}

/// All that a caller hears, as bytes.
fn heard(refused: &Refused) -> String {
    serde_json::to_string(refused).unwrap()
}

fn with_reason(pattern: &str) -> Rules {
    rules("rule", |role| {
        role.reason = ReasonRule { pattern: Some(Regex::new(pattern).unwrap()), help: Some(Words::new("the ticket")) };
    })
}

fn reason(pattern: &str, reason: &str) -> bool {
    asked(&with_reason(pattern), &caller("alice"), &wish("rule", reason)).is_ok()
}

#[test]
fn the_whole_reason_must_match() {
    let ticket = "[A-Z]+-[0-9]+ .+";
    assert!(reason(ticket, "INC-42 slow orders"));
    for bad in ["see INC-42 slow orders", "INC-42", "INC-42 slow\norders", "inc-42 slow orders", "\nINC-42 slow", "x"] {
        assert!(!reason(ticket, bad), "{bad:?}");
    }
    assert!(!reason("(?m)^INC-[0-9]+$", "INC-1\nand more"));
    assert!(!reason("a|b", "ab"));
}

#[test]
fn a_reason_that_matches_as_a_whole_is_taken_whatever_matches_first() {
    assert!(reason("INC-[0-9]+|INC-[0-9]+ .+", "INC-42 slow orders"));
    assert!(reason("INC-[0-9]+?", "INC-42"));
    assert!(reason("(?i)inc-[0-9]+|INC-[0-9]+ .+", "INC-42 slow orders"));
    assert!(reason("(?x) INC-[0-9]+  # the ticket", "INC-42"));
    assert!(!reason("(?x) INC-[0-9]+  # the ticket", "INC-42 "));
    assert!(!reason("(?x) INC-[0-9]+  # the ticket", "see INC-42"));
}

#[test]
fn a_reason_says_something() {
    let rules = Law::new(true).rules();
    for bad in ["", " ", "\n\t", "\u{200b}\u{200b}", "\u{feff}", "\u{202e} \u{0}"] {
        let refused = asked(&rules, &caller("alice"), &wish("rule", bad)).expect_err(bad);
        assert_eq!((refused.kind, refused.about.as_str()), (RefusedKind::Invalid, "reason"));
    }
    let longest = "x".repeat(policy::LONGEST_REASON);
    assert!(asked(&rules, &caller("alice"), &wish("rule", &longest)).is_ok());
    assert!(asked(&rules, &caller("alice"), &wish("rule", &format!("{longest}x"))).is_err());
    let refused = asked(&with_reason("INC.*"), &caller("alice"), &wish("rule", "hunter2")).expect_err("no ticket");
    assert!(!heard(&refused).contains("hunter2") && heard(&refused).contains("the ticket"), "{refused:?}");
}

fn typed(kind: ParamType, value: ParamValue) -> Option<ParamValue> {
    let rules = rules("rule", |role| {
        role.params.insert("p".parse().unwrap(), Param { about: Words::new("about p"), kind });
        role.gives = vec![gives("shop", json!({ "p": { "param": "p" } }))];
    });
    let mut wish = wish("rule", "INC-42");
    wish.params = Params::from([("p".parse().unwrap(), value)]);
    let right = asked(&rules, &caller("alice"), &wish).ok()?;
    let value = right.params().values().next().cloned()?;
    // What is approved is what is given: the same value in the same field, and nothing else.
    assert_eq!(right.gives()[0].scope, Scope(json!({ "p": serde_json::to_value(&value).unwrap() })));
    Some(value)
}

#[test]
fn a_parameter_is_of_its_type() {
    let text = |t: &str| ParamValue::Text(t.to_owned());
    let choice = || ParamType::Choice(vec!["sales".into(), "stock".into()]);
    assert_eq!(typed(choice(), text("sales")), Some(text("sales")));
    for bad in ["", "Sales", "sales ", "sale", "sales\0", "sales,stock", "*"] {
        assert_eq!(typed(choice(), text(bad)), None, "{bad:?}");
    }
    assert_eq!(typed(choice(), ParamValue::Bool(true)), None);

    let number = || ParamType::Number { min: -1, max: 10 };
    assert_eq!(typed(number(), text("10")), Some(ParamValue::Number(10)));
    assert_eq!(typed(number(), ParamValue::Number(-1)), Some(ParamValue::Number(-1)));
    for bad in ["", "11", "-2", "1.5", "0x1", "1e1", " 1", "9223372036854775808", "١"] {
        assert_eq!(typed(number(), text(bad)), None, "{bad:?}");
    }
    assert_eq!(typed(number(), ParamValue::Number(11)), None);

    assert_eq!(typed(ParamType::Bool, text("true")), Some(ParamValue::Bool(true)));
    for bad in ["yes", "True", "1", ""] {
        assert_eq!(typed(ParamType::Bool, text(bad)), None, "{bad:?}");
    }
    assert_eq!(typed(ParamType::Bool, ParamValue::Number(1)), None);

    let word = || ParamType::Text(Regex::new("[a-z]+|[a-z]+-[a-z]+").unwrap());
    assert_eq!(typed(word(), text("a-b")), Some(text("a-b")), "the second half of a choice counts too");
    for bad in ["", "a b", "a\n", "\na", "a'; DROP ROLE x; --", "a\"]", "${x}", "{\"param\":\"p\"}", "A"] {
        assert_eq!(typed(word(), text(bad)), None, "{bad:?}");
    }
    let anything = || ParamType::Text(Regex::new("(?s).*").unwrap());
    assert_eq!(typed(anything(), text("a\"], \"b")), Some(text("a\"], \"b")), "text stays one value");
    for bad in ["a\0", "a\nb", "\u{1b}[31m", "\u{202e}abc", "a\u{200b}b"] {
        assert_eq!(typed(anything(), text(bad)), None, "{bad:?}");
    }
}

#[test]
fn parameters_are_all_there_and_no_others() {
    let rules = Law::new(true).rules();
    let mut missing = wish("one", "INC-42");
    missing.params.clear();
    let refused = asked(&rules, &caller("alice"), &missing).expect_err("one is missing");
    assert_eq!((refused.kind, refused.about.as_str()), (RefusedKind::Invalid, "param schema"));
    let mut more = wish("one", "INC-42");
    more.params.insert("database".parse().unwrap(), ParamValue::Text("all".into()));
    assert_eq!(asked(&rules, &caller("alice"), &more).expect_err("one too many").about, "param database");
    let mut none = wish("rule", "INC-42");
    none.params = kit::params("one", true);
    assert_eq!(asked(&rules, &caller("alice"), &none).expect_err("it takes none").about, "param schema");
    // A scope that stands on a parameter which the role does not have gives nothing, rather than the placeholder.
    let rules = self::rules("rule", |role| role.gives = vec![gives("shop", json!({ "p": { "param": "p" } }))]);
    assert_eq!(asked(&rules, &caller("alice"), &wish("rule", "INC-42")).expect_err("no value").about, "param");
}

#[test]
fn a_duration_is_within_the_limits_of_role_and_target() {
    let rules = Law::new(true).rules();
    let span = |secs: Option<u64>| {
        let mut wish = wish("rule", "INC-42");
        wish.span = secs.map(Span::from_secs);
        asked(&rules, &caller("alice"), &wish).map(|right| right.span().secs()).map_err(|refused| refused.about)
    };
    assert_eq!(span(None), Ok(1800));
    assert_eq!(span(Some(7200)), Ok(7200));
    for bad in [0, 1, 7201, u64::MAX] {
        assert_eq!(span(Some(bad)), Err("for".to_owned()), "{bad}");
    }
    let short = |backend: &jit_types::BackendName, scope: &Scope| {
        ask(backend, scope).map(|cap| Capability { longest: Some(Span::from_secs(600)), ..cap })
    };
    let refused = may_request(&rules, &caller("alice"), &wish("rule", "INC-42"), &short).expect_err("too long");
    assert_eq!((refused.about.as_str(), refused.hint), ("for", Some(Words::new("--for 10m"))));
    // A default beyond the most is a mistake in the config: it opens nothing.
    let rules = self::rules("rule", |role| role.limits.default = Span::from_secs(9000));
    assert!(asked(&rules, &caller("alice"), &wish("rule", "INC-42")).is_err());
}

#[test]
fn a_role_that_one_may_not_ask_for_sounds_like_none() {
    let with = Law::new(true).rules();
    let mut without = with.clone();
    without.roles.clear();
    for who in ["eve", "carol", "nobody-at-all"] {
        for role in ["one", "two", "rule"] {
            // Whatever else is wrong with it: nothing of the role's own rules may show.
            for mut wish in [wish(role, "INC-42"), wish(role, "")] {
                for span in [None, Some(Span::from_secs(999_999))] {
                    wish.span = span;
                    let there = asked(&with, &caller(who), &wish).expect_err("not for them");
                    let absent = asked(&without, &caller(who), &wish).expect_err("no such role");
                    assert_eq!(heard(&there), heard(&absent));
                }
                wish.params = Params::from([("x".parse().unwrap(), ParamValue::Bool(true))]);
                assert_eq!(
                    heard(&asked(&with, &caller(who), &wish).expect_err("not for them")),
                    heard(&asked(&without, &caller(who), &wish).expect_err("no such role"))
                );
            }
        }
    }
    // The nearest name that is offered is one that the caller may ask for.
    let limited = Caller { only_roles: Some(["rule".parse().unwrap()].into()), ..caller("alice") };
    let refused = asked(&with, &limited, &wish("one", "INC-42")).expect_err("outside of the token");
    let hint = refused.hint.clone().expect("a way out");
    assert!(!hint.as_str().contains("`one`") && !hint.as_str().contains("`two`"), "{hint}");
}

#[test]
fn an_outsider_hears_the_same_of_every_request() {
    let rules = Law::new(true).rules();
    let decide = |rules: &Rules, who: &Caller, role: &str| {
        heard(&may_decide(rules, who, &role.parse().unwrap(), &subjects()).expect_err("not theirs to decide"))
    };
    let absent = decide(&rules, &caller("eve"), "no-such-role");
    assert_eq!(absent, heard(&Refused::not_found("request")));
    let root = Caller { superuser: true, ..caller("eve") };
    let limited = Caller { only_roles: Some(["two".parse().unwrap()].into()), ..caller("bob") };
    for (who, role) in [(&caller("eve"), "one"), (&root, "one"), (&limited, "one"), (&caller("bob"), "rule")] {
        assert_eq!(decide(&rules, who, role), absent);
    }
    for who in [caller("eve"), caller("bob"), Caller { superuser: true, ..caller("ada") }] {
        let refused = may_administer(&rules, &who, "grant").expect_err("no administrator");
        assert_eq!(heard(&refused), heard(&Refused::not_found("grant")));
    }
}

#[test]
fn uid_0_approves_nothing_and_administers_nothing() {
    let rules = Law::new(true).rules();
    let root = |name| Caller { superuser: true, ..caller(name) };
    assert!(may_decide(&rules, &caller("bob"), &"one".parse().unwrap(), &subjects()).is_ok());
    let refused = may_decide(&rules, &root("bob"), &"one".parse().unwrap(), &subjects()).expect_err("uid 0");
    assert_eq!(refused.kind, RefusedKind::Denied);
    assert!(may_administer(&rules, &caller("ada"), "grant").is_ok());
    assert!(may_administer(&rules, &root("ada"), "grant").is_err());
}

#[test]
fn a_token_reaches_its_roles_only() {
    let rules = Law::new(true).rules();
    let with = |name, roles: &[&str]| Caller {
        only_roles: Some(roles.iter().map(|role| role.parse().unwrap()).collect()),
        ..caller(name)
    };
    assert!(asked(&rules, &with("alice", &["rule"]), &wish("rule", "INC-42")).is_ok());
    assert!(asked(&rules, &with("alice", &["rule"]), &wish("one", "INC-42")).is_err());
    // Limited to nothing is nothing, never everything.
    assert!(asked(&rules, &with("alice", &[]), &wish("rule", "INC-42")).is_err());
    let usable = |who: &Caller| may_use(&rules, who, &"rule".parse().unwrap(), &Params::new(), &ask).is_ok();
    assert!(usable(&with("alice", &["rule"])) && !usable(&with("alice", &["one"])) && !usable(&with("alice", &[])));
    let decides = |who: &Caller| may_decide(&rules, who, &"one".parse().unwrap(), &subjects()).is_ok();
    assert!(decides(&with("bob", &["one"])) && !decides(&with("bob", &["two"])) && !decides(&with("bob", &[])));
    // A token never carries an administrator's power, whatever it reaches.
    assert!(may_administer(&rules, &with("ada", &["one", "two", "rule"]), "grant").is_err());
    assert_eq!(policy::requestable(&rules, &with("alice", &["rule"])).count(), 1);
}

#[test]
fn empty_means_nothing() {
    let alice = caller("alice");
    let rules = |change: fn(&mut Role)| self::rules("rule", change);
    let ok = |rules: &Rules| asked(rules, &alice, &wish("rule", "INC-42")).is_ok();
    assert!(ok(&rules(|_| ())));
    assert!(!ok(&rules(|role| role.requesters.clear())), "no requesters");
    assert!(!ok(&rules(|role| role.gives.clear())), "no entitlements");
    assert!(!ok(&rules(|role| role.requesters = vec![Who::Group("nobody".parse().unwrap())])), "an empty group");
    let mut nobody = rules(|_| ());
    nobody.people.clear();
    assert!(!ok(&nobody), "no people");
    assert!(!ok(&Rules::default()), "no rules");
    assert!(may_administer(&Rules::default(), &caller("ada"), "grant").is_err());

    let decide = |from: Vec<Who>, count| {
        let rules = self::rules("one", |role| role.approval = Approval::ByPeople { count, from });
        may_decide(&rules, &caller("bob"), &"one".parse().unwrap(), &subjects()).is_ok()
    };
    assert!(!decide(vec![], 1), "no approvers");
    assert!(!decide(vec![Who::Person(person("nobody"))], 1), "an approver whom nobody knows");
    assert!(decide(vec![Who::Person(person("bob"))], 1));
    // An approver of whom the rules no longer know anything is nobody's colleague either.
    let mut gone = self::rules("one", |role| {
        role.approval = Approval::ByPeople { count: 1, from: vec![Who::Person(person("bob"))] };
    });
    gone.people.remove(&person("bob"));
    assert!(may_decide(&gone, &caller("bob"), &"one".parse().unwrap(), &subjects()).is_err());
}

#[test]
fn who_decides_counts_as_one_who_may() {
    let rules = Law::new(true).rules();
    let right = may_decide(&rules, &caller("bob"), &"two".parse().unwrap(), &[].into()).expect("bob approves");
    assert!(right.eligible().contains(&kit::subject("bob")), "the subject of a first-time approver is not yet listed");
    assert!(!right.eligible().contains(&kit::subject("eve")));
    assert_eq!(right.count(), 2);
    let role = &rules.roles[&"two".parse().unwrap()];
    let who = policy::deciders(&rules, role, &person("alice"));
    assert!(!who.contains(&person("alice")) && who.contains(&person("bob")), "{who:?}");
}

#[test]
fn the_right_to_use_is_asked_for_anew() {
    let mut law = Law::new(true);
    let role = "one".parse().unwrap();
    let usable = |law: &Law| may_use(&law.rules(), &caller("alice"), &role, &kit::params("one", true), &ask);
    assert!(usable(&law).is_ok());
    law.alice_asks = false;
    assert_eq!(usable(&law).expect_err("she has lost it").kind, RefusedKind::Denied);
    let other = Params::from([("schema".parse().unwrap(), ParamValue::Text("everything".into()))]);
    let law = Law::new(true);
    assert!(may_use(&law.rules(), &caller("alice"), &role, &other, &ask).is_err());
    // A backend that no longer gives such a scope gives nothing.
    let refuses = |_: &jit_types::BackendName, _: &Scope| Err(Words::new("this scope may not be given"));
    assert!(may_use(&law.rules(), &caller("alice"), &role, &kit::params("one", true), &refuses).is_err());
}

#[test]
fn an_extension_asks_all_that_filing_asks() {
    let mut world = crate::world::World::new(true, 0);
    let request = world.half_hour("one");
    let request = world.state(request).clone();
    let may = |rules: &Rules, secs, reason: &str, backends: &policy::Ask<'_>| {
        may_extend(rules, &caller("alice"), &request, Span::from_secs(secs), reason, backends)
    };
    let mut rules = Law::new(true).rules();
    let right = may(&rules, 600, "INC-42", &ask).expect("Alice may");
    assert_eq!((right.span().secs(), right.role(), right.params()), (600, &request.role, &request.params));
    assert_eq!((right.revision(), right.gives()), (request.revision, request.gives.as_slice()));
    assert_eq!(may(&rules, 600, " ", &ask).expect_err("no reason").about, "reason");
    // A target's longest life is that of the whole, and its shortest too.
    let longest = |backend: &_, scope: &_| {
        ask(backend, scope).map(|capability| Capability { longest: Some(Span::from_secs(2400)), ..capability })
    };
    assert!(may(&rules, 600, "INC-42", &longest).is_ok() && may(&rules, 1, "INC-42", &longest).is_ok());
    assert_eq!(may(&rules, 601, "INC-42", &longest).expect_err("too long").about, "for");
    assert_eq!(may(&rules, 5401, "INC-42", &ask).expect_err("more than the role's most").about, "for");
    rules.roles.get_mut(&request.role).unwrap().params.clear();
    assert!(may(&rules, 600, "INC-42", &ask).is_err(), "the role takes another parameter");
    rules.people.remove(&person("alice"));
    let refused = may(&rules, 600, "INC-42", &ask).expect_err("she has left");
    assert_eq!((refused.kind, refused.about.as_str()), (RefusedKind::Denied, "role"));
}
