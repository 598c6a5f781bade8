//! The rules for member roles: what a login is a member of must give access that ends with the login.
//!
//! A role that can log in, that owns something, that may create, grant or plant a trigger leaves access behind when the
//! login is gone. The rules are looked at in the catalogs at every claim, for the roles named, for every role that they
//! are members of in turn, and for PUBLIC.

use std::fmt;

use jit_types::settings::{FromNode, Node};
use serde::{Deserialize, Serialize};

use crate::ident::{advised, shown};

/// A rule that a role of the house may let its member roles break, knowingly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Exception {
    /// A member role owns objects.
    Owns,
    /// A member role may pass privileges on.
    GrantOption,
    /// A member role may create objects.
    Create,
    /// A member role may put triggers on tables.
    Trigger,
    /// A member role reaches other servers or a scheduler.
    Reach,
}

impl Exception {
    pub(crate) const ALL: [Self; 5] = [Self::Owns, Self::GrantOption, Self::Create, Self::Trigger, Self::Reach];

    /// The word in the config.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Owns => "owns",
            Self::GrantOption => "grant-option",
            Self::Create => "create",
            Self::Trigger => "trigger",
            Self::Reach => "reach",
        }
    }

    /// What an approver is told.
    pub(crate) const fn told(self) -> &'static str {
        match self {
            Self::Owns => "its roles own objects",
            Self::GrantOption => "it may pass privileges on to others",
            Self::Create => "it may create objects that stay",
            Self::Trigger => "it may put triggers on tables that run for others",
            Self::Reach => "it reaches other servers or a scheduler from inside the database",
        }
    }
}

impl FromNode for Exception {
    const EXPECTED: &'static str = "\"owns\", \"grant-option\", \"create\", \"trigger\" or \"reach\"";
    fn from_node(node: &Node) -> Result<Self, String> {
        let text = String::from_node(node)?;
        Self::ALL.into_iter().find(|e| e.word() == text).ok_or_else(String::new)
    }
}

/// How long the statements of a finding may be together; a finding itself holds 600 characters.
pub(crate) const MOST_CHARS: usize = 560;

/// A rule, as `fit.sql` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// There is no such role.
    Missing,
    /// It can log in by itself.
    Login,
    /// It has an attribute: SUPERUSER, CREATEROLE, CREATEDB, REPLICATION, BYPASSRLS.
    Attribute,
    /// It may make others its members.
    Admin,
    /// None of them, nor PUBLIC, may connect to the database.
    Connect,
    /// It is, or is a member of, a predefined role that reaches beyond tables, or may change server settings.
    Powerful,
    /// See [`Exception`].
    May(Exception),
}

/// A broken rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    pub(crate) rule: Rule,
    /// The role that breaks it, as it may be shown.
    pub(crate) role: String,
    /// The same, as it stands in a remedy.
    advised: String,
    /// Statements that mend it, where the catalogs show which.
    mend: Option<String>,
}

impl Broken {
    /// A rule that a role breaks, as `fit.sql` names both.
    pub(crate) fn new(word: &str, role: &str, statements: Option<&[String]>) -> Self {
        let rule = match word {
            "missing" => Rule::Missing,
            "login" => Rule::Login,
            "attribute" => Rule::Attribute,
            "admin" => Rule::Admin,
            "connect" => Rule::Connect,
            "powerful" => Rule::Powerful,
            "owns" => Rule::May(Exception::Owns),
            "grant-option" => Rule::May(Exception::GrantOption),
            "create" => Rule::May(Exception::Create),
            "trigger" => Rule::May(Exception::Trigger),
            _ => Rule::May(Exception::Reach),
        };
        Self { rule, role: shown(role), advised: advised(role), mend: statements.and_then(whole) }
    }

    /// Whether the scope lets it be.
    pub(crate) fn excused(&self, exceptions: &[Exception]) -> bool {
        matches!(self.rule, Rule::May(e) if exceptions.contains(&e))
    }

    /// The way out, as SQL or as words.
    pub(crate) fn remedy(&self) -> String {
        let role = &self.advised;
        if let Some(mend) = &self.mend {
            return mend.clone();
        }
        match self.rule {
            Rule::Missing => format!("CREATE ROLE {role} NOLOGIN, and grant it what it is to give"),
            Rule::Login => format!("ALTER ROLE {role} NOLOGIN"),
            Rule::Attribute => {
                format!("ALTER ROLE {role} NOSUPERUSER NOCREATEROLE NOCREATEDB NOREPLICATION NOBYPASSRLS")
            }
            Rule::Connect => format!("GRANT CONNECT ON DATABASE … TO {role}"),
            Rule::Admin => format!("REVOKE ADMIN OPTION FOR … FROM {role}"),
            Rule::Powerful => format!("REVOKE the predefined role from {role}, and ALTER SYSTEM rights on parameters"),
            Rule::May(Exception::Owns) => format!("REASSIGN OWNED BY {role} TO its administrator, in each database"),
            Rule::May(Exception::GrantOption) => format!("REVOKE GRANT OPTION FOR … FROM {role}"),
            Rule::May(Exception::Create) => format!("REVOKE CREATE ON SCHEMA … FROM PUBLIC, {role}"),
            Rule::May(Exception::Trigger) => format!("REVOKE TRIGGER ON ALL TABLES IN SCHEMA … FROM PUBLIC, {role}"),
            Rule::May(Exception::Reach) => {
                format!(
                    "REVOKE USAGE on foreign servers and cron, and EXECUTE on dblink's functions, from PUBLIC and {role}"
                )
            }
        }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let role = &self.role;
        match self.rule {
            Rule::Missing => write!(f, "there is no role {role}"),
            Rule::Login => write!(f, "role {role} can log in by itself"),
            Rule::Attribute => write!(f, "role {role} has an attribute such as SUPERUSER, CREATEROLE or BYPASSRLS"),
            Rule::Connect => write!(f, "neither PUBLIC nor role {role} may connect to the database"),
            Rule::Admin => write!(f, "role {role} may make others members of a role"),
            Rule::Powerful => write!(f, "role {role} reaches the server's files, programs, settings or sessions"),
            Rule::May(Exception::Owns) => write!(f, "role {role} owns objects"),
            Rule::May(Exception::GrantOption) => write!(f, "role {role} may pass privileges on"),
            Rule::May(Exception::Create) => write!(f, "role {role}, or PUBLIC, may create objects"),
            Rule::May(Exception::Trigger) => write!(f, "role {role}, or PUBLIC, may put triggers on tables"),
            Rule::May(Exception::Reach) => {
                write!(f, "role {role}, or PUBLIC, reaches other servers or a scheduler from inside the database")
            }
        }
    }
}

/// As many of the statements as a finding holds, each of them whole: half a statement is another one.
fn whole(statements: &[String]) -> Option<String> {
    let mut text = String::new();
    for statement in statements {
        if text.chars().count() + statement.chars().count() > MOST_CHARS {
            break;
        }
        if !text.is_empty() {
            text.push_str("; ");
        }
        text.push_str(statement);
    }
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_statement_is_told_by_halves() {
        let long: Vec<String> = (0..16).map(|i| format!("REVOKE CREATE ON SCHEMA \"{i:050}\" FROM PUBLIC")).collect();
        let told = whole(&long).expect("some");
        assert!(told.chars().count() <= 600 && told.ends_with("FROM PUBLIC"), "{told}");
        assert_eq!(whole(&["x".repeat(601)]), None);
        assert_eq!(whole(&[]), None);
    }
}
