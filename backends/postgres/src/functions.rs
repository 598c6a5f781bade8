//! Functions in the target that make and end logins, for a broker that has no CREATEROLE.
//!
//! On 15 a role with CREATEROLE is as good as the server: it can give itself every role but a superuser's. Here nobody
//! who can log in has it. The setup makes a NOLOGIN owner that has, and functions that run as it (SECURITY DEFINER);
//! the broker may call them and nothing else. They hold by themselves to what the broker is held to: names of this
//! house only, the named member roles only, no attributes, an end that is near, the deadline of the order. What is
//! allowed stands in their text, so a broker that was taken over can't widen it.
//!
//! What the broker does itself, as a member of the login that was closed and lent to it: ending the sessions, rolling
//! back what was prepared, dropping what the login owned.

use jit_types::{HouseId, Span};

use crate::ident::{Ident, literal};
use crate::{name, template};

/// How much later than the longest life an end may be: clocks differ, and a statement travels.
const SLACK_SECS: u64 = 60;

/// What the functions hold to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) house: HouseId,
    pub(crate) broker: Ident,
    /// The member roles that they may give.
    pub(crate) gives: Vec<Ident>,
    /// The roles that may keep tables of holders, besides those made for one grant.
    pub(crate) keepers: Vec<Ident>,
    /// The longest life of a login.
    pub(crate) longest: Span,
}

/// One function: its name, its signature without the schema, what it returns and its body.
struct Function {
    name: &'static str,
    arguments: &'static str,
    returns: &'static str,
    body: &'static str,
}

const ALL: [Function; 4] = [
    Function {
        name: "issue",
        arguments: "p_claim text, p_members text[], p_connections int, p_deadline timestamptz, p_until timestamptz, \
                    p_head text, p_rest text, p_verifier text",
        returns: "void",
        body: include_str!("functions/issue.sql"),
    },
    Function {
        name: "close",
        arguments: "p_claim text, p_role int8",
        returns: "jsonb",
        body: include_str!("functions/close.sql"),
    },
    Function {
        name: "keep",
        arguments: "p_claim text, p_keeper text, p_members text[], p_hold boolean",
        returns: "text",
        body: include_str!("functions/keep.sql"),
    },
    Function {
        name: "drop",
        arguments: "p_claim text, p_role int8",
        returns: "void",
        body: include_str!("functions/drop.sql"),
    },
];

/// The schema of a house's functions: `jit_HOUSE`.
pub(crate) fn schema(house: &HouseId) -> String {
    format!("jit_{}", house.digits())
}

/// The role that owns them, as it stands in a statement.
pub(crate) fn owner(house: &HouseId) -> Ident {
    name::of(house, "own")
}

/// A call of one of them.
pub(crate) fn call(house: &HouseId, function: &str, arguments: &[String]) -> String {
    format!("{}.{function}({})", schema(house), arguments.join(", "))
}

/// Names as a constant array of texts.
pub(crate) fn array(names: &[Ident]) -> String {
    let names: Vec<String> = names.iter().map(|n| literal(n.as_str())).collect();
    format!("ARRAY[{}]::text[]", names.join(", "))
}

impl Bounds {
    /// The same bounds however they were written.
    pub(crate) fn sorted(mut self) -> Self {
        for list in [&mut self.gives, &mut self.keepers] {
            list.sort();
            list.dedup();
        }
        self
    }

    /// What stands as comment on the schema: the bounds for people and for the check, which compares the functions
    /// with what these bounds would make of them.
    pub(crate) fn told(&self) -> String {
        let names = |list: &[Ident]| list.iter().map(Ident::as_str).map(str::to_owned).collect::<Vec<_>>();
        serde_json::json!({
            "broker": self.broker.as_str(),
            "gives": names(&self.gives),
            "keepers": names(&self.keepers),
            "longest": self.longest.secs(),
        })
        .to_string()
    }

    /// Reads what [`Bounds::told`] wrote.
    pub(crate) fn read(house: HouseId, told: &str) -> Option<Self> {
        let value: serde_json::Value = serde_json::from_str(told).ok()?;
        let names = |key: &str| -> Option<Vec<Ident>> {
            value.get(key)?.as_array()?.iter().map(|n| n.as_str()?.parse().ok()).collect()
        };
        Some(Self {
            house,
            broker: value.get("broker")?.as_str()?.parse().ok()?,
            gives: names("gives")?,
            keepers: names("keepers")?,
            longest: Span::from_secs(value.get("longest")?.as_u64()?),
        })
    }

    /// The body of each function, by its name: exactly what stands in `pg_proc.prosrc`.
    pub(crate) fn bodies(&self) -> Vec<(&'static str, String)> {
        ALL.iter().map(|f| (f.name, self.fill(f.body))).collect()
    }

    fn fill(&self, body: &str) -> String {
        // Looked at by two of them.
        let body = &body.replace("{{may_give}}", include_str!("functions/may_give.sql"));
        template::fill(body, |token| match token {
            "prefix" => literal(&name::prefix(&self.house)),
            "broker" => literal(self.broker.as_str()),
            "gives" => array(&self.gives),
            "keepers" => array(&self.keepers),
            _ => self.longest.secs().saturating_add(SLACK_SECS).to_string(),
        })
    }

    /// The statements that make them, with the reason of each. Run again, they put everything as it is written here.
    pub(crate) fn statements(&self) -> Vec<(String, String)> {
        let schema = schema(&self.house);
        let owner = owner(&self.house);
        let (o, b) = (owner.quoted(), self.broker.quoted());
        let mut made = vec![
            (
                "Owns the functions and nothing else. Nobody logs in as it, and nobody is a member of it.".to_owned(),
                format!(
                    "DO {};\nALTER ROLE {o} NOLOGIN CREATEROLE NOSUPERUSER NOCREATEDB NOREPLICATION NOBYPASSRLS INHERIT PASSWORD NULL",
                    literal(&format!(
                        "BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {}) THEN CREATE ROLE {o} NOLOGIN; END IF; END",
                        literal(owner.as_str())
                    ))
                ),
            ),
            (
                "A schema that only this house uses: what stood in it is made anew.".to_owned(),
                format!(
                    "DROP SCHEMA IF EXISTS {schema} CASCADE;\nCREATE SCHEMA {schema} AUTHORIZATION {o};\n\
                     REVOKE ALL ON SCHEMA {schema} FROM PUBLIC;\nCOMMENT ON SCHEMA {schema} IS {}",
                    literal(&self.told())
                ),
            ),
        ];
        for f in &ALL {
            let name = format!("{schema}.{}", f.name);
            made.push((
                format!("Runs as its owner, with a search path of its own; only the broker may call it ({}).", f.name),
                format!(
                    "CREATE FUNCTION {name}({}) RETURNS {} LANGUAGE plpgsql VOLATILE SECURITY DEFINER\n\
                     SET search_path = pg_catalog, pg_temp SET \"DateStyle\" = 'ISO, YMD' SET \"TimeZone\" = 'UTC'\n\
                     SET standard_conforming_strings = on AS {};\n\
                     ALTER FUNCTION {name} OWNER TO {o};\nREVOKE ALL ON FUNCTION {name} FROM PUBLIC;\n\
                     GRANT EXECUTE ON FUNCTION {name} TO {b}",
                    f.arguments,
                    f.returns,
                    literal(&self.fill(f.body))
                ),
            ));
        }
        made.push((
            "The broker finds the functions; it may make nothing here.".to_owned(),
            format!("GRANT USAGE ON SCHEMA {schema} TO {b}"),
        ));
        made
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jit_types::Timestamp;

    fn bounds(broker: &str, gives: &[&str]) -> Bounds {
        Bounds {
            house: HouseId::from_parts(Timestamp::from_millis(1), [7; 10]),
            broker: broker.parse().expect("a name"),
            gives: gives.iter().map(|g| g.parse().expect("a name")).collect(),
            keepers: Vec::new(),
            longest: Span::from_secs(3600),
        }
    }

    #[test]
    fn names_in_the_text_stay_names() {
        let bounds = bounds("b'{{gives}}", &["x'); DROP ROLE admin; --", "{{prefix}}"]);
        let (_, body) = bounds.bodies().remove(0);
        assert!(body.contains("ARRAY['x''); DROP ROLE admin; --', '{{prefix}}']::text[]"), "{body}");
        assert!(body.contains("'b''{{gives}}'"), "{body}");
        assert!(body.contains("secs => 3660"), "{body}");
    }

    #[test]
    fn every_token_is_known() {
        for f in &ALL {
            for token in f.body.split("{{").skip(1).filter_map(|t| t.split_once("}}")).map(|t| t.0) {
                assert!(["prefix", "broker", "gives", "keepers", "longest", "may_give"].contains(&token), "{token}");
            }
        }
    }

    #[test]
    fn bounds_read_back() {
        let bounds = bounds("jit", &["b", "a", "b"]).sorted();
        assert_eq!(bounds.gives.len(), 2);
        assert_eq!(Bounds::read(bounds.house, &bounds.told()), Some(bounds.clone()));
        assert_eq!(Bounds::read(bounds.house, "somebody's own"), None);
    }
}
