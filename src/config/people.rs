//! `[people.NAME]`: who there is, the groups they are in and what they act through.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use jit_life::role::{Person, Rules};
use jit_types::settings::{FromNode, Node, NodeValue, Reader};
use jit_types::{GroupName, PersonId, Principal};

use super::read;

/// The channels that the house itself authenticates, beside the kinds of approval channel: a system account by its name,
/// an OIDC user, a CI job. Tokens carry their person in the store, not here.
pub(super) const OWN_CHANNELS: [&str; 3] = ["unix", "user", "ci"];

/// What was read of the persons.
#[derive(Default)]
pub(super) struct People {
    /// Rules with only the persons in them; none whose table holds a mistake.
    pub(super) rules: Rules,
    /// All names that were written, those with a mistake in their table included, so that one mistake is told once.
    pub(super) named: BTreeSet<PersonId>,
    /// All groups that somebody is in.
    pub(super) groups: BTreeSet<GroupName>,
    /// Whether everybody's groups could be read, so that a group that is missing is really missing.
    pub(super) groups_whole: bool,
}

/// A person's names in a channel, written as that channel has them; or the rule that the name breaks.
pub(super) type Names<'a> = dyn Fn(&str, &str) -> Result<Vec<String>, String> + 'a;

/// Reads all persons. `channels` are the keys that name a principal.
pub(super) fn read(root: &mut Reader<'_>, channels: &[&'static str], names: &Names<'_>) -> People {
    let mut all = People { groups_whole: true, ..People::default() };
    let mut principals = Vec::new();
    root.each("people", |name, at, reader| {
        let Some(id) = person_id(name, at, reader) else {
            reader.leave();
            return;
        };
        let groups = read::optional_items::<GroupName>(reader, "groups");
        all.groups_whole &= groups.whole;
        let groups_of = groups.found.into_iter().map(|(group, _)| group).collect();
        let mut person = Person { groups: groups_of, ..Person::default() };
        let mut sound = groups.whole;
        for channel in channels {
            match through(reader, channel, names) {
                Some(found) => {
                    for (principal, span) in found {
                        let key = reader.path(channel);
                        principals.push((span, key, principal.clone(), id.clone()));
                        person.principals.insert(principal);
                    }
                }
                None => sound = false,
            }
        }
        all.groups.extend(person.groups.iter().cloned());
        all.named.insert(id.clone());
        if sound {
            all.rules.people.insert(id, person);
        }
    });
    one_person_each(root, principals);
    all
}

fn person_id(name: &str, at: &Range<usize>, reader: &mut Reader<'_>) -> Option<PersonId> {
    match name.parse::<PersonId>() {
        Ok(id) => Some(id),
        Err(error) => {
            let remedy = "write it in quotes and lower case, as in [people.\"alice@example.com\"]";
            reader.fault("", at.clone(), error.to_string(), remedy);
            None
        }
    }
}

/// Reads the principals of one person over one channel: a name, or a list of names.
fn through(reader: &mut Reader<'_>, channel: &'static str, names: &Names<'_>) -> Option<Vec<read::At<Principal>>> {
    let Some(node) = reader.node(channel) else { return Some(Vec::new()) };
    let written: Vec<&Node> = match &node.value {
        NodeValue::List(items) => items.iter().collect(),
        _ => vec![node],
    };
    if written.is_empty() {
        let rule = format!("`{channel}` is empty");
        reader.fault(channel, node.span.clone(), rule, "name at least one, or leave it out");
        return None;
    }
    let mut found = Vec::new();
    let mut sound = true;
    for name in &written {
        let principals = String::from_node(name)
            .map_err(|_| format!("`{channel}` is not a name in quotes, or a list of such"))
            .and_then(|text| names(channel, &text))
            .and_then(|all| all.iter().map(|name| principal(channel, name)).collect::<Result<Vec<_>, _>>());
        match principals {
            Ok(principals) => found.extend(principals.into_iter().map(|principal| (principal, name.span.clone()))),
            Err(rule) => {
                let remedy = format!("write the name as {channel} has it, as in {channel} = \"alice\"");
                reader.fault(channel, name.span.clone(), rule, remedy);
                sound = false;
            }
        }
    }
    sound.then_some(found)
}

fn principal(channel: &str, name: &str) -> Result<Principal, String> {
    format!("{channel}:{name}").parse().map_err(|error: jit_types::name::NameError| error.to_string())
}

/// A principal that belonged to two persons would let one of them say yes to the other as themselves.
fn one_person_each(root: &mut Reader<'_>, mut principals: Vec<(Range<usize>, String, Principal, PersonId)>) {
    principals.sort_by_key(|(span, ..)| span.start);
    let mut owners: BTreeMap<Principal, PersonId> = BTreeMap::new();
    for (span, key, principal, person) in principals {
        match owners.get(&principal) {
            None => {
                owners.insert(principal, person);
            }
            Some(first) if *first == person => {
                root.fault(&key, span, format!("`{principal}` is named twice"), "name it once");
            }
            Some(first) => {
                let rule = format!("`{principal}` belongs to `{first}` already, and a principal is one person");
                root.fault(&key, span, rule, "give it to one of the two");
            }
        }
    }
}
