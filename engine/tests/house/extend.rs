//! More time for a grant: asked for, decided like the first, and carried to the target, through whatever happens meanwhile.

use jit_backend::Extends;
use jit_backend::testkit::Fault;
use jit_engine::Error;
use jit_engine::service::{Claimed, Extended, seen::Scope};
use jit_engine::store::AnswerKey;
use jit_life::{AskStatus, ClaimStatus, EndWhy, GrantStatus, RefusedKind, Request, Verdict};
use jit_types::{Digest, RequestId, Timestamp};

use crate::kit::people::{self, by_people, role};
use crate::kit::{Setup, World, span};

const YES: Verdict = Verdict::Approve { span: None };

impl World {
    async fn try_extend(&self, who: &str, id: RequestId, length: &str) -> Result<Extended, Error> {
        self.house.extend(&self.caller(who).await, id, span(length), "INC-42 not done yet", None).await
    }

    async fn extend(&self, id: RequestId, length: &str) -> Request {
        self.try_extend("alice", id, length).await.expect("it is asked for").request
    }

    /// A grant of an hour that bob approved, with its credential taken.
    async fn held(&self) -> Claimed {
        let request = self.file("alice", "db", "1h").await;
        self.decide("bob", &request, YES).await.expect("approved");
        self.claim("alice", request.id, "n").await.expect("a credential")
    }

    async fn end(&self, id: RequestId) -> Timestamp {
        self.request(id).await.grant.expect("a grant").window.expect("a window").end
    }
}

fn refused(error: Error) -> jit_life::Refused {
    match error {
        Error::Refused(refused) => refused,
        other => panic!("{other}"),
    }
}

fn newest(request: &Request) -> AskStatus {
    request.newest().expect("an ask").status
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_open_lives_on_past_its_old_end_and_ends_at_exactly_the_new_one() {
    let world = World::new().await;
    let claimed = world.held().await;
    let id = claimed.request.id;
    let old = world.end(id).await;
    world.pass(span("30m")).await;
    let asked = world.extend(id, "1h").await;
    assert_eq!(world.end(id).await, old, "the old end holds until it is approved");
    // Whoever asked, the broker or both may go away meanwhile.
    let world = world.restart().await;
    world.decide("bob", &asked, YES).await.expect("approved");
    world.idle().await;
    let new = old.after(span("1h"));
    assert_eq!(world.end(id).await, new);
    let login = world.shop.live_of(claimed.claim).expect("a login");
    assert_eq!(login.window.end, new, "the target holds the new end");
    let world = world.restart().await;
    world.pass(span("45m")).await;
    assert!(world.now() > old && world.shop.live_of(claimed.claim).is_some(), "the same login, past its old end");
    world.clock.set(new);
    world.idle().await;
    assert_eq!(world.grant_status(id).await, GrantStatus::Ended { why: EndWhy::Expired, at: new });
    assert!(world.shop.live().is_empty());
    assert_eq!(world.told("extension.asked", "done").await.len(), 1);
    assert_eq!(world.told("grant.extended", "done").await.len(), 1);
    assert_eq!(world.told("claim.extended", "done").await.len(), 1);
    world.verified().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_end_can_be_moved_a_new_claim_takes_over() {
    let setup = Setup { shop: |fake| fake.with_extends(Extends::NewClaim), ..Setup::default() };
    let world = World::with(setup).await;
    let first = world.held().await;
    let (id, old) = (first.request.id, world.end(first.request.id).await);
    let asked = world.extend(id, "1h").await;
    world.decide("bob", &asked, YES).await.expect("approved");
    world.idle().await;
    let claim = |request: &Request, claim| request.claim(claim).expect("a claim").clone();
    assert_eq!(claim(&world.request(id).await, first.claim).ends(), old, "it ends when it would have");
    world.pass(span("50m")).await;
    let second = world.claim("alice", id, "m").await.expect("another credential");
    assert_eq!(claim(&world.request(id).await, second.claim).ends(), old.after(span("1h")));
    world.pass(span("20m")).await;
    assert!(matches!(world.claim_status(&first).await, ClaimStatus::Gone { .. }));
    assert!(matches!(world.claim_status(&second).await, ClaimStatus::Usable { .. }));
    assert_eq!(world.grant_status(id).await, GrantStatus::Active);
    world.clock.set(old.after(span("1h")));
    world.idle().await;
    assert!(world.ended(id).await && world.shop.live().is_empty());
    world.verified().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_is_away_while_its_end_is_moved_is_asked_until_it_answers() {
    let world = World::new().await;
    let claimed = world.held().await;
    let (id, old) = (claimed.request.id, world.end(claimed.request.id).await);
    world.pass(span("50m")).await;
    let asked = world.extend(id, "1h").await;
    world.shop.fault(Fault::Unreachable);
    world.decide("bob", &asked, YES).await.expect("approved, whatever the target does");
    world.pass(span("5m")).await;
    let claim = world.request(id).await.claim(claimed.claim).expect("a claim").clone();
    assert!(claim.moving(), "{claim:?}");
    assert!(world.shown(0).iter().any(|text| text.contains("a credential of it is not")), "{:#?}", world.shown(0));
    let world = world.restart().await;
    world.shop.fault(Fault::Lifted);
    world.pass(span("2m")).await;
    let claim = world.request(id).await.claim(claimed.claim).expect("a claim").clone();
    assert!(!claim.moving() && claim.ends() == old.after(span("1h")), "{claim:?}");
    world.pass(span("30m")).await;
    assert!(world.shop.live_of(claimed.claim).is_some(), "alive past the old end");
    world.pass(span("1h")).await;
    assert!(world.ended(id).await && world.shop.live().is_empty());
    world.verified().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_denied_or_not_decided_changes_no_end() {
    let world = World::new().await;
    let claimed = world.held().await;
    let (id, old) = (claimed.request.id, world.end(claimed.request.id).await);
    let asked = world.extend(id, "1h").await;
    world.decide("bob", &asked, Verdict::Deny).await.expect("denied");
    assert_eq!((newest(&world.request(id).await), world.end(id).await), (AskStatus::Denied, old));
    // Asked again, and nobody decides: it is over with the grant, at the old end.
    let again = world.extend(id, "2h").await;
    assert!(again.newest().expect("an ask").decide_by <= old, "nobody can decide later than the grant lives");
    world.clock.set(old);
    world.idle().await;
    assert_eq!(world.grant_status(id).await, GrantStatus::Ended { why: EndWhy::Expired, at: old });
    assert!(matches!(newest(&world.request(id).await), AskStatus::Lapsed | AskStatus::Cancelled));
    // A yes that comes too late revives nothing, and says so.
    let late = refused(world.decide("bob", &again, YES).await.expect_err("too late"));
    assert_eq!(late.kind, RefusedKind::Lapsed, "{late:?}");
    let over = refused(world.try_extend("alice", id, "1h").await.expect_err("over"));
    assert_eq!(over.kind, RefusedKind::Lapsed, "{over:?}");
    assert!(world.shop.live().is_empty());
    assert_eq!(world.told("extension.asked", "refused").await.len(), 1);
    world.verified().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_extension_waits_for_those_who_decide_its_role_and_for_nobody_else() {
    let world = World::new().await;
    let claimed = world.held().await;
    let id = claimed.request.id;
    let waits = async |who: &str| world.house.list(&world.caller(who).await, Scope::Waiting, 10).await.unwrap().len();
    assert_eq!(waits("bob").await, 0, "an open grant waits for nobody");
    let asked = world.extend(id, "1h").await;
    assert_eq!((waits("bob").await, waits("alice").await, waits("mallory").await), (1, 0, 0));
    // Alice is among those who decide this role, and never decides her own.
    let own = refused(world.decide("alice", &asked, YES).await.expect_err("her own"));
    assert_eq!(own.kind, RefusedKind::Denied, "{own:?}");
    // Nobody else extends it; to them there is no such grant, and the attempt is in the record.
    for who in ["bob", "ada", "mallory"] {
        let foreign = refused(world.try_extend(who, id, "1h").await.expect_err("not theirs"));
        assert_eq!(foreign.kind, RefusedKind::NotFound, "{who}: {foreign:?}");
    }
    assert_eq!(world.told("extension.asked", "refused").await.len(), 3);
    // The hash of the first ask, which bob has seen before, says nothing of this one.
    let first = asked.asks[0].hash;
    let stale = world.house.decide(&world.caller("carol").await, id, first, YES, None, None).await;
    assert_eq!(refused(stale.expect_err("another ask")).kind, RefusedKind::Conflict);
    let said = world.house.decide(&world.caller("bob").await, id, first, YES, None, None).await.expect("said before");
    assert!(said.request.pending().is_some(), "a yes to the first ask is none to this one");
    let second = refused(world.try_extend("alice", id, "30m").await.expect_err("one waits"));
    assert_eq!((second.kind, second.about.as_str()), (RefusedKind::Conflict, "ask"));
    // Taken back, it leaves the grant as it was.
    world.house.cancel(&world.caller("alice").await, id, None).await.expect("taken back");
    assert_eq!((waits("bob").await, world.grant_status(id).await), (0, GrantStatus::Active));
    assert!(world.shop.live_of(claimed.claim).is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_deciders_are_told_is_that_it_is_an_extension_by_its_own_reason() {
    let world = World::new().await;
    let id = world.held().await.request.id;
    let asked = world.extend(id, "1h").await;
    world.idle().await;
    let shown = world.shown(0);
    let told = shown.iter().find(|text| text.contains("not done yet"));
    let told = told.unwrap_or_else(|| panic!("nobody was told: {shown:#?}"));
    assert!(told.contains("1h more") && told.contains("2h in all"), "{told}");
    let ask = asked.newest().expect("an ask");
    assert!(told.contains(&ask.worst_end().to_string()), "the end that is decided: {told}");
    world.decide("bob", &asked, Verdict::Approve { span: Some(span("30m")) }).await.expect("approved for less");
    world.idle().await;
    let shown = world.shown(0);
    assert!(shown.iter().any(|text| text.contains("approved for 30m more")), "{shown:#?}");
    assert!(!shown.iter().any(|text| text.contains("not done yet")), "what is decided keeps no reason: {shown:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_roles_most_includes_all_extensions_and_a_plan_changes_nothing() {
    let mut rules = people::rules();
    rules.roles.extend([role("rule", jit_life::Approval::ByRule, &["shop"]), role("four", by_people(4), &["shop"])]);
    let world = World::with(Setup { rules, ..Setup::default() }).await;
    let claimed = world.granted("rule", "2h").await;
    let (id, old) = (claimed.request.id, world.end(claimed.request.id).await);
    let alice = world.caller("alice").await;
    let before = world.request(id).await;
    let plan = world.house.plan_extension(&alice, id, span("1h"), "INC-42").await.expect("a plan");
    assert_eq!((plan.old_end, plan.new_end), (old, old.after(span("1h"))));
    assert_eq!((plan.total, plan.most), (span("3h"), span("4h")));
    assert_eq!((world.request(id).await, world.told("extension.asked", "done").await.len()), (before, 0));
    let extended = world.extend(id, "1h").await;
    assert_eq!(newest(&extended), AskStatus::Approved, "the rule approves at once");
    world.idle().await;
    assert_eq!(world.end(id).await, old.after(span("1h")));
    for length in ["2h", "1h1s"] {
        let over = refused(world.try_extend("alice", id, length).await.expect_err("too much"));
        assert_eq!((over.kind, over.about.as_str()), (RefusedKind::Invalid, "for"), "{over:?}");
        assert_eq!(over.hint.as_ref().map(ToString::to_string).as_deref(), Some("--for 1h"), "the way out: {over:?}");
    }
    let nothing = refused(world.try_extend("alice", id, "0s").await.expect_err("by nothing"));
    assert_eq!(nothing.kind, RefusedKind::Invalid);
    // Asked again because the answer was lost, all that is left is given once, and the same answer again.
    let key = |body: &[u8]| AnswerKey { key: Digest::of(b"key"), body: Digest::of(body) };
    for _ in 0..2 {
        let again = world.house.extend(&alice, id, span("1h"), "INC-42", Some(key(b"1h"))).await.expect("given");
        assert_eq!((again.words.as_str(), again.request.grant.expect("a grant").span), ("extended by 1h", span("4h")));
    }
    assert_eq!(world.told("grant.extended", "done").await.len(), 2);
    let all = refused(world.try_extend("alice", id, "1s").await.expect_err("all is given"));
    assert!(all.hint.expect("a way out").to_string().contains("jit request"));
}

/// The rules in force say that she may use it no more, and the asks that wait are not brought in line with them yet.
#[tokio::test(flavor = "multi_thread")]
async fn who_has_lost_a_role_gets_no_more_time_from_whoever_has_not_heard_of_it() {
    let world = World::new().await;
    let claimed = world.held().await;
    let (id, old) = (claimed.request.id, world.end(claimed.request.id).await);
    let asked = world.extend(id, "1h").await;
    let with = (*world.house.rules()).clone();
    let mut without = with.clone();
    without.people.get_mut(&people::person("alice")).expect("Alice").groups.clear();
    world.house.set_rules(without);
    let said = refused(world.decide("bob", &asked, YES).await.expect_err("it is refused"));
    assert_eq!(said.kind, RefusedKind::Conflict, "{}", said.message);
    world.idle().await;
    assert_eq!(world.end(id).await, old);
    assert_eq!(world.shop.live_of(claimed.claim).expect("a login").window.end, old, "no end was moved");
    // To say no is always right; and with the role comes the way on.
    world.house.set_rules(with);
    world.decide("bob", &asked, YES).await.expect("approved");
    assert_eq!(world.end(id).await, old.after(span("1h")));
    world.verified().await;
}
