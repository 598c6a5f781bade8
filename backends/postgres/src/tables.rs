//! Named tables and columns in a role: what a login may do with which, narrow in the server itself.

use std::fmt;

use jit_types::settings::{FromNode, List, Node, NodeValue, OrParam, Reader};
use serde::{Deserialize, Serialize};

use crate::ident::{Ident, shown};

/// The most tables of one entitlement, and the most columns of one table: each is a privilege in the server's catalogs.
pub(crate) const MOST_TABLES: usize = 64;
const MOST_COLUMNS: usize = 256;

/// What may be done. No TRUNCATE, REFERENCES, TRIGGER: what they do outlasts the login, or goes past the columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum May {
    /// Read.
    Select,
    /// Add rows.
    Insert,
    /// Change rows.
    Update,
    /// Take rows away; of whole rows only.
    Delete,
}

impl May {
    pub(crate) const ALL: [Self; 4] = [Self::Select, Self::Insert, Self::Update, Self::Delete];

    /// The word in the config.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Select => "select",
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }

    /// The privilege's name in GRANT and in the catalogs.
    pub(crate) const fn privilege(self) -> &'static str {
        match self {
            Self::Select => "SELECT",
            Self::Insert => "INSERT",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
        }
    }
}

impl FromNode for May {
    const EXPECTED: &'static str = "\"select\", \"insert\", \"update\" or \"delete\"";
    fn from_node(node: &Node) -> Result<Self, String> {
        let text = String::from_node(node)?;
        Self::ALL.into_iter().find(|m| m.word() == text).ok_or_else(String::new)
    }
}

/// Which columns; `N` is a name, or a parameter that stands for one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Columns<N> {
    /// All, those that are added later too: written `"all"`, never by leaving the list out or empty.
    All(AllWord),
    /// These.
    Named(Vec<N>),
}

/// The word `all`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AllWord {
    /// Every column.
    All,
}

impl<N: FromNode> FromNode for Columns<N> {
    const EXPECTED: &'static str = "a list of columns, as in [\"id\", \"total\"], or \"all\"";
    fn from_node(node: &Node) -> Result<Self, String> {
        match &node.value {
            NodeValue::Text(word) if word == "all" => Ok(Self::All(AllWord::All)),
            NodeValue::List(_) => List::<N>::from_node(node).map(|l| Self::Named(l.0)),
            _ => Err(String::new()),
        }
    }
}

/// One table of an entitlement.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Table<N> {
    pub(crate) schema: N,
    pub(crate) table: N,
    pub(crate) columns: Columns<N>,
    pub(crate) may: Vec<May>,
}

/// Why a table of a scope is none.
pub(crate) fn flaw<N: PartialEq>(table: &Table<N>) -> Option<(&'static str, &'static str, &'static str)> {
    if table.may.is_empty() {
        return Some(("may", "`may` is empty; empty never means everything", "name at least one, as in [\"select\"]"));
    }
    let twice = |i: usize, m: &May| table.may.iter().skip(i + 1).any(|other| other == m);
    if table.may.iter().enumerate().any(|(i, m)| twice(i, m)) {
        return Some(("may", "the same word stands twice", "name each once"));
    }
    let Columns::Named(names) = &table.columns else { return None };
    if names.is_empty() {
        return Some((
            "columns",
            "`columns` is empty; empty never means everything",
            "name the columns, or write \"all\"",
        ));
    }
    if names.len() > MOST_COLUMNS {
        return Some(("columns", "more than 256 columns", "name fewer, or write \"all\""));
    }
    if names.iter().enumerate().any(|(i, n)| names.iter().skip(i + 1).any(|other| other == n)) {
        return Some(("columns", "the same column stands twice", "name each once"));
    }
    if table.may.contains(&May::Delete) {
        return Some((
            "may",
            "`delete` takes whole rows, and columns are named",
            "write `delete` in an entry of its own, with columns = \"all\"",
        ));
    }
    None
}

/// Reads `tables = [{ schema = …, table = …, columns = …, may = … }]`; mistakes go to the reader.
pub(crate) fn read(reader: &mut Reader<'_>) -> Option<Vec<Table<OrParam<Ident>>>> {
    let before = reader.mistakes();
    let mut tables: Vec<Table<OrParam<Ident>>> = Vec::new();
    reader.tables("tables", |r| {
        let schema = r.required::<OrParam<Ident>>("schema");
        let table = r.required::<OrParam<Ident>>("table");
        let columns = r.required::<Columns<OrParam<Ident>>>("columns");
        let may = r.required::<List<May>>("may");
        let (Some(schema), Some(table), Some(columns), Some(may)) = (schema, table, columns, may) else { return };
        let entry = Table { schema, table, columns, may: may.0 };
        match flaw(&entry) {
            Some((key, rule, remedy)) => {
                let span = r.span(key);
                r.fault(key, span, rule, remedy);
            }
            None => tables.push(entry),
        }
    })?;
    let sound = reader.mistakes() == before;
    if sound && (tables.is_empty() || tables.len() > MOST_TABLES) {
        let span = reader.span("tables");
        let rule = if tables.is_empty() { "`tables` is empty" } else { "more than 64 tables" };
        reader.fault("tables", span, rule, "name at least one, and at most 64; empty never means everything");
        return None;
    }
    sound.then_some(tables)
}

impl fmt::Display for Table<Ident> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let may: Vec<&str> = self.may.iter().map(|m| m.word()).collect();
        let table = format!("{}.{}", shown(self.schema.as_str()), shown(self.table.as_str()));
        match &self.columns {
            Columns::All(_) => write!(f, "{} {table}", may.join(", ")),
            Columns::Named(names) => {
                let names: Vec<String> = names.iter().map(|n| shown(n.as_str())).collect();
                write!(f, "{} {} of {table}", may.join(", "), names.join(", "))
            }
        }
    }
}

/// One privilege that the role of an entitlement has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Right {
    /// `schema`, `table` or `column`.
    pub(crate) kind: &'static str,
    pub(crate) schema: String,
    pub(crate) table: String,
    pub(crate) column: String,
    pub(crate) privilege: String,
}

/// All privileges that tables stand for: what the catalogs must show, no more and no less.
pub(crate) fn rights(tables: &[Table<Ident>]) -> std::collections::BTreeSet<Right> {
    let mut all = std::collections::BTreeSet::new();
    for t in tables {
        let right = |kind, table: &str, column: &str, privilege: &str| Right {
            kind,
            schema: t.schema.as_str().to_owned(),
            table: table.to_owned(),
            column: column.to_owned(),
            privilege: privilege.to_owned(),
        };
        all.insert(right("schema", "", "", "USAGE"));
        for may in &t.may {
            match &t.columns {
                Columns::All(_) => {
                    all.insert(right("table", t.table.as_str(), "", may.privilege()));
                }
                Columns::Named(names) => {
                    all.extend(names.iter().map(|c| right("column", t.table.as_str(), c.as_str(), may.privilege())));
                }
            }
        }
    }
    all
}
