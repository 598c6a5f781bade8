//! `[roles.NAME]`: what can be requested, by whom, for how long, and who says yes.

use std::collections::{BTreeMap, BTreeSet};

use jit_life::role::{Approval, Entitlement, Limits, ReasonRule, Role, Who};
use jit_types::name::{BackendKind, Name};
use jit_types::settings::{FromNode, Node, Reader};
use jit_types::{BackendName, GroupName, PersonId, RoleName, Span};

use super::backends::Section;
use super::people::People;
use super::read::{self, nearest};
use super::{params, pattern};

/// Within how long of the approval the window must open, unless the role says so: a lunch, not a night.
const START_BY: Span = Span::from_secs(30 * 60);
/// Within how long of filing somebody must decide, unless the role says so: a working day.
const DECIDE_BY: Span = Span::from_secs(8 * 3600);
/// The duration when none is asked for and the role names none: short enough to ask again.
const DEFAULT: Span = Span::from_secs(3600);

/// The most that one role gives: a request, its review and each claim carry all of it.
const MOST_GIVEN: usize = 64;

/// The section of the backends.
pub(super) type Backends = Section<BackendKind, Box<dyn jit_backend::Config>>;

/// What a role stands on.
pub(super) struct Around<'a> {
    /// The file's text.
    pub(super) text: &'a str,
    /// The persons.
    pub(super) people: &'a People,
    /// The backends.
    pub(super) backends: &'a Backends,
    /// Whether the whole file could be read, so that a name that is missing is really missing.
    pub(super) whole: bool,
}

/// Reads all roles.
pub(super) fn read(root: &mut Reader<'_>, around: &Around<'_>) -> BTreeMap<RoleName, Role> {
    let mut roles = BTreeMap::new();
    root.each("roles", |name, at, reader| match name.parse::<RoleName>() {
        Ok(name) => {
            if let Some(role) = role(name, reader, around) {
                roles.insert(role.name.clone(), role);
            }
        }
        Err(error) => {
            reader.fault("", at.clone(), error.to_string(), "name it as in [roles.db-read]");
            reader.leave();
        }
    });
    roles
}

fn role(name: RoleName, reader: &mut Reader<'_>, around: &Around<'_>) -> Option<Role> {
    let about = read::required_sentence(reader, "about");
    let limits = limits(reader);
    let requesters = who(reader, "request", around);
    let approval = approval(reader, requesters.as_deref(), around);
    let reason = reason(reader, around);
    let declared = params::read(reader, around);
    let gives = gives(reader, around);
    params::check_use(reader, &declared);
    Some(Role {
        name,
        about: about?,
        limits: limits?,
        requesters: requesters?,
        approval: approval?,
        reason: reason?,
        params: declared.params,
        gives: gives?,
    })
}

fn limits(reader: &mut Reader<'_>) -> Option<Limits> {
    if reader.node("for").is_none() {
        let span = reader.span("for");
        let remedy = "add `for = { default = \"1h\", max = \"4h\" }`: nothing is given without a longest duration";
        reader.fault("for", span, "`for` is missing", remedy);
    }
    let times = reader.table("for", |reader| {
        let max = reader.required::<Span>("max");
        let max = some_time(reader, "max", max);
        let default = read::or(reader, "default", max.map_or(DEFAULT, |max| max.min(DEFAULT)));
        let default = some_time(reader, "default", default);
        if let (Some(default), Some(max)) = (default, max)
            && default > max
        {
            let span = reader.span("default");
            let rule = format!("`default` is {default}, which is longer than `max`, {max}");
            reader.fault("default", span, rule, format!("write at most \"{max}\""));
        }
        default.zip(max)
    });
    let start_by = read::or(reader, "start_by", START_BY);
    let start_by = some_time(reader, "start_by", start_by);
    let decide_by = read::or(reader, "decide_by", DECIDE_BY);
    let decide_by = some_time(reader, "decide_by", decide_by);
    let (default, max) = times.flatten()?;
    Some(Limits { default, max, start_by: start_by?, decide_by: decide_by? })
}

fn some_time(reader: &mut Reader<'_>, key: &'static str, span: Option<Span>) -> Option<Span> {
    let span = span?;
    if span.secs() == 0 {
        let at = reader.span(key);
        reader.fault(key, at, format!("`{key}` is no time at all"), format!("write {}", Span::EXPECTED));
        return None;
    }
    Some(span)
}

/// `group:NAME`, or a person.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Named(Who);

impl FromNode for Named {
    const EXPECTED: &'static str = "a group or a person, as in \"group:engineers\" or \"alice@example.com\"";
    fn from_node(node: &Node) -> Result<Self, String> {
        let text = String::from_node(node)?;
        match text.strip_prefix("group:") {
            Some(group) => group.parse().map(Who::Group).map_err(|e| e.to_string()),
            None => text.parse().map(Who::Person).map_err(|e| e.to_string()),
        }
        .map(Self)
    }
}

fn who(reader: &mut Reader<'_>, key: &'static str, around: &Around<'_>) -> Option<Vec<Who>> {
    let named = read::items::<Named>(reader, key);
    let mut sound = named.whole;
    for (Named(who), span) in &named.found {
        let fault = match who {
            Who::Group(group) if around.people.groups_whole && !around.people.groups.contains(group) => {
                let groups = around.people.groups.iter().map(GroupName::as_str);
                let remedy = nearest(group.as_str(), groups, "put somebody into it under [people]");
                Some((format!("nobody is in the group `{group}`"), remedy))
            }
            Who::Person(person) if !around.people.named.contains(person) => Some(stranger(person, around.people)),
            _ => None,
        };
        if let Some((rule, remedy)) = fault.filter(|_| around.whole) {
            reader.fault(key, span.clone(), rule, remedy);
            sound = false;
        }
    }
    sound.then(|| named.found.into_iter().map(|(Named(who), _)| who).collect())
}

fn stranger(person: &PersonId, people: &People) -> (String, String) {
    let remedy = match person.as_str().parse::<GroupName>() {
        Ok(group) if people.groups.contains(&group) => format!("did you mean `group:{group}`?"),
        _ => {
            let otherwise = format!("add [people.\"{person}\"]");
            nearest(person.as_str(), people.named.iter().map(PersonId::as_str), &otherwise)
        }
    };
    (format!("there is no person `{person}`"), remedy)
}

fn approval(reader: &mut Reader<'_>, requesters: Option<&[Who]>, around: &Around<'_>) -> Option<Approval> {
    if reader.node("approve").is_none() {
        let span = reader.span("approve");
        let remedy =
            "add `approve = { count = 1, from = [\"group:…\"] }`, or { by = \"rule\" } for a role that needs nobody";
        reader.fault("approve", span, "`approve` is missing", remedy);
    }
    reader
        .table("approve", |reader| {
            if reader.node("by").is_some() {
                return by_rule(reader);
            }
            let count = reader.required::<i64>("count");
            let from = who(reader, "from", around);
            let count = match count.map(u32::try_from) {
                Some(Ok(count)) if count > 0 => Some(count),
                Some(_) => {
                    let span = reader.span("count");
                    let remedy = "write 1 or more; a role that needs nobody says { by = \"rule\" }";
                    reader.fault("count", span, "`count` is no number of persons", remedy);
                    None
                }
                None => None,
            };
            let (count, from) = (count?, from?);
            if around.whole {
                enough(reader, count, &from, requesters, around.people);
            }
            Some(Approval::ByPeople { count, from })
        })
        .flatten()
}

fn by_rule(reader: &mut Reader<'_>) -> Option<Approval> {
    let by = reader.optional::<String>("by");
    if by.as_deref().is_some_and(|by| by != "rule") {
        let span = reader.span("by");
        reader.fault("by", span, "`by` can only be \"rule\"", "write by = \"rule\", or count and from for people");
        return None;
    }
    for key in ["count", "from"] {
        if reader.node(key).is_some() {
            let span = reader.span(key);
            let rule = format!("`{key}` says that people approve, and `by` that the rule does");
            reader.fault(key, span, rule, format!("remove `{key}`, or remove `by`"));
        }
    }
    by.map(|_| Approval::ByRule)
}

/// Nobody approves their own request: for each requester there must be enough others, else they ask in vain.
fn enough(reader: &mut Reader<'_>, count: u32, from: &[Who], requesters: Option<&[Who]>, people: &People) {
    let rules = &people.rules;
    // A person whose own table holds a mistake is in no group yet: counting without them would blame the wrong line.
    if rules.people.len() != people.named.len() {
        return;
    }
    let approvers = rules.everybody(from);
    let count = count as usize;
    let span = reader.span("count");
    let have = match approvers.len() {
        1 => "only 1 person".to_owned(),
        n => format!("only {n} persons"),
    };
    if approvers.len() < count {
        let rule = format!("{count} must approve, and `from` names {have}");
        reader.fault("count", span, rule, "name more in `from`, or ask for fewer");
        return;
    }
    let among = requesters.map(|who| rules.everybody(who)).unwrap_or_default();
    if approvers.len() == count
        && let Some(requester) = among.intersection(&approvers).next()
    {
        let rule = format!(
            "{count} must approve, `from` names {have}, and `{requester}` is one of them: nobody approves their own request"
        );
        let remedy = "name one more in `from`; a role that needs nobody says { by = \"rule\" }";
        reader.fault("count", span, rule, remedy);
    }
}

fn reason(reader: &mut Reader<'_>, around: &Around<'_>) -> Option<ReasonRule> {
    if reader.node("reason").is_none() {
        return Some(ReasonRule::default());
    }
    let before = reader.mistakes();
    let rule = reader.table("reason", |reader| {
        let pattern = pattern::read(reader, "pattern", around.text);
        let help = read::sentence(reader, "help");
        ReasonRule { pattern, help }
    })?;
    (reader.mistakes() == before).then_some(rule)
}

fn gives(reader: &mut Reader<'_>, around: &Around<'_>) -> Option<Vec<Entitlement>> {
    let before = reader.mistakes();
    let mut all: Vec<Entitlement> = Vec::new();
    let mut written = 0;
    let listed = reader.tables("gives", |reader| {
        written += 1;
        if written > MOST_GIVEN {
            reader.leave();
            return;
        }
        let Some(entitlement) = entitlement(reader, around) else { return };
        if all.contains(&entitlement) {
            let span = reader.span("");
            reader.fault("", span, "this is given by the role already", "remove it");
        }
        all.push(entitlement);
    });
    if listed.is_some() && written == 0 || listed.is_none() && reader.mistakes() == before {
        let (span, path) = (reader.span("gives"), reader.path("gives"));
        reader.fault("gives", span, "the role gives nothing", format!("add [[{path}]] with a backend and a scope"));
    }
    if written > MOST_GIVEN {
        let span = reader.span("gives");
        reader.fault("gives", span, format!("a role gives at most {MOST_GIVEN} things"), "make two roles of it");
    }
    // An entry may be missing without a word here, where its backend's own table is what holds the mistake.
    (reader.mistakes() == before && all.len() == written).then_some(all)
}

fn entitlement(reader: &mut Reader<'_>, around: &Around<'_>) -> Option<Entitlement> {
    let Some(backend) = reader.required::<Name<BackendKind>>("backend") else {
        reader.leave();
        return None;
    };
    let Some(config) = around.backends.configs.get(&backend) else {
        // Which keys belong here only its kind can say.
        reader.leave();
        if around.whole && !around.backends.named.contains(&backend) {
            let span = reader.span("backend");
            let named: BTreeSet<&str> = around.backends.named.iter().map(BackendName::as_str).collect();
            let remedy = nearest(backend.as_str(), named, &format!("add [backends.{backend}]"));
            reader.fault("backend", span, format!("there is no backend `{backend}`"), remedy);
        }
        return None;
    };
    let before = reader.mistakes();
    match config.scope(reader) {
        Some(scope) => Some(Entitlement { backend, target: config.target(), scope }),
        None => {
            // A kind that neither reads the scope nor says why would make a role that gives less than it says.
            if reader.mistakes() == before {
                let span = reader.span("");
                reader.fault("", span, "the scope could not be read", "tell the maintainers: this is a bug");
            }
            None
        }
    }
}
