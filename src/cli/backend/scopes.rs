//! Every scope that the roles can ask of a backend: parameters put in, one scope for each value that they can have.

use jit_life::role::{Param, ParamType, Role};
use jit_life::{Rules, scope};
use jit_types::{BackendName, ParamName, ParamValue, Params, Scope};

/// The most values that one parameter is put in for, and the most scopes of one entry: more is no setup to read.
const MOST: usize = 256;

/// What the roles give of one backend.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// The scopes, parameters put in.
    pub(super) scopes: Vec<Scope>,
    /// What can't be set up beforehand, as sentences.
    pub(super) left: Vec<String>,
}

/// Every scope on a backend, of all roles.
pub(super) fn all(rules: &Rules, backend: &BackendName) -> Wanted {
    let mut wanted = Wanted::default();
    for role in rules.roles.values() {
        for gives in role.gives.iter().filter(|gives| gives.backend == *backend) {
            match expand(role, &gives.scope) {
                Ok(scopes) => {
                    for scope in scopes {
                        if !wanted.scopes.contains(&scope) {
                            wanted.scopes.push(scope);
                        }
                    }
                }
                Err(why) => wanted.left.push(format!("the role `{}`: {why}", role.name)),
            }
        }
    }
    wanted
}

fn expand(role: &Role, template: &Scope) -> Result<Vec<Scope>, String> {
    let mut every: Vec<Params> = vec![Params::new()];
    for (name, values) in named(role, template)? {
        if every.len().saturating_mul(values.len()) > MOST {
            return Err(format!("its parameters have more than {MOST} values together, too many to prepare each"));
        }
        let with = |params: &Params, value: &ParamValue| {
            let mut params = params.clone();
            params.insert(name.clone(), value.clone());
            params
        };
        every = every
            .iter()
            .flat_map(|params| values.iter().map(|value| with(params, value)).collect::<Vec<_>>())
            .collect();
    }
    let scopes = every.iter().map(|params| scope::resolve(template, params));
    scopes.collect::<Option<_>>().ok_or_else(|| "it names a parameter that it has not".to_owned())
}

/// The parameters that stand in a scope, each once, with all the values that they can have.
fn named(role: &Role, template: &Scope) -> Result<Vec<(ParamName, Vec<ParamValue>)>, String> {
    let names: std::collections::BTreeSet<String> = scope::params_in(template).into_iter().collect();
    let found = role.params.iter().filter(|(name, _)| names.contains(name.as_str()));
    found.map(|(name, param)| values(name, param).map(|values| (name.clone(), values))).collect()
}

fn values(name: &ParamName, param: &Param) -> Result<Vec<ParamValue>, String> {
    match &param.kind {
        ParamType::Choice(of) => Ok(of.iter().cloned().map(ParamValue::Text).collect()),
        ParamType::Bool => Ok(vec![ParamValue::Bool(false), ParamValue::Bool(true)]),
        ParamType::Number { min, max } => {
            let few = max.checked_sub(*min).and_then(|n| usize::try_from(n).ok()).is_some_and(|n| n < MOST);
            let all = || (*min..=*max).map(ParamValue::Number).collect();
            few.then(all).ok_or_else(|| format!("its parameter `{name}` has more than {MOST} values"))
        }
        ParamType::Text(_) => Err(format!(
            "its parameter `{name}` is free text, and nothing can be prepared for what nobody knows yet; make it a choice"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config, wiring};

    fn rules(role: &str) -> Rules {
        let text = format!(
            "[roles.r]\nabout = \"x\"\nfor = {{ max = \"1h\" }}\nrequest = [\"a@example.com\"]\napprove = {{ by = \"rule\" }}\n{role}\n\
             [backends.shop]\nkind = \"postgres\"\nurl = \"postgres://jit@/x?host=/run\"\n[people.\"a@example.com\"]\nunix = \"a\"\n"
        );
        let at = std::path::Path::new("/jit.toml");
        let read = config::read_text(&text, "x", at, std::path::Path::new("/"), &wiring::offline_kinds());
        read.unwrap_or_else(|faults| panic!("{faults}")).rules
    }

    fn gives(of: &str) -> String {
        format!("[[roles.r.gives]]\nbackend = \"shop\"\ndatabases = [\"shop\"]\nmember_of = [{of}]\n")
    }

    #[test]
    fn a_choice_is_one_scope_for_each_value_and_two_are_every_pair() {
        let choice = |name: &str, of: &str| format!("[roles.r.params.{name}]\ntype = \"choice\"\nof = [{of}]\n");
        let one = rules(
            &(choice("a", "\"x\", \"y\"")
                + &choice("b", "\"1\", \"2\", \"3\"")
                + &gives("{ param = \"a\" }, { param = \"b\" }")),
        );
        let wanted = all(&one, &"shop".parse().expect("a name"));
        assert_eq!(wanted.left, Vec::<String>::new());
        let members: std::collections::BTreeSet<String> =
            wanted.scopes.iter().map(|s| s.0["member_of"].to_string()).collect();
        assert_eq!((wanted.scopes.len(), members.len()), (6, 6), "{members:?}");
        assert!(members.contains("[\"y\",\"3\"]"), "{members:?}");
        assert_eq!(all(&one, &"other".parse().expect("a name")), Wanted::default());
    }

    #[test]
    fn free_text_is_named_and_left() {
        let text = "[roles.r.params.a]\ntype = \"text\"\npattern = \"[a-z]+\"\n".to_owned()
            + &gives("{ param = \"a\" }")
            + &gives("\"reader\"");
        let wanted = all(&rules(&text), &"shop".parse().expect("a name"));
        assert_eq!(wanted.scopes.len(), 1);
        assert!(wanted.left[0].contains("`r`") && wanted.left[0].contains("`a` is free text"), "{:?}", wanted.left);
    }
}
