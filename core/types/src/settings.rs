//! A config file as a tree that remembers where each value stood, and a reader that finds **all** mistakes at once.
//!
//! The tree is made by the binary's `config` room out of TOML; backends and adapters read their own tables with a
//! [`Reader`], so that a mistake deep in a role's scope is shown with file, line, key, rule and remedy, offline.

use std::collections::BTreeMap;
use std::future::Future;
use std::ops::Range;
use std::pin::Pin;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::param::ParamName;
use crate::proof::Words;
use crate::secret::Secret;

/// A value and the bytes of the file that it came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Byte range in the file.
    pub span: Range<usize>,
    /// The value.
    pub value: NodeValue,
}

/// What a config file can hold.
#[derive(Clone, Debug, PartialEq)]
pub enum NodeValue {
    /// Text; a TOML date-time comes as its text too.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number with a fraction.
    Float(f64),
    /// Yes or no.
    Bool(bool),
    /// A list.
    List(Vec<Node>),
    /// A table.
    Table(Table),
}

/// A table: keys, with where each stood, and values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// Byte range of the table's head, for errors about what is missing in it.
    pub span: Range<usize>,
    /// The entries by key.
    pub entries: BTreeMap<String, (Range<usize>, Node)>,
}

/// One mistake in a config file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Byte range to point at.
    pub span: Range<usize>,
    /// The key, as in `roles.db-read.for.max`.
    pub key: String,
    /// The rule that is broken, as a sentence.
    pub rule: String,
    /// The way out, as a sentence.
    pub remedy: String,
}

/// Reads one table; what it is not asked for is an unknown key.
#[derive(Debug)]
pub struct Reader<'a> {
    table: &'a Table,
    path: String,
    known: Vec<&'static str>,
    left: bool,
    faults: &'a mut Vec<Fault>,
}

/// A type that can be read from a [`Node`].
pub trait FromNode: Sized {
    /// What the value should have been, with an example: "a length of time, as in \"2h\"".
    const EXPECTED: &'static str;
    /// Reads the value; on a mistake says which rule is broken.
    ///
    /// # Errors
    /// The broken rule as a sentence; empty where [`FromNode::EXPECTED`] says it all.
    fn from_node(node: &Node) -> Result<Self, String>;
}

impl<'a> Reader<'a> {
    /// Begins to read `table`, which stands at `path`.
    pub fn new(table: &'a Table, path: impl Into<String>, faults: &'a mut Vec<Fault>) -> Self {
        Self { table, path: path.into(), known: Vec::new(), left: false, faults }
    }

    /// The path of a key in this table.
    pub fn path(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// Where a key's value stands; the table's head where the key is missing.
    pub fn span(&self, key: &str) -> Range<usize> {
        self.table.entries.get(key).map_or(self.table.span.clone(), |(_, node)| node.span.clone())
    }

    /// Reads a value that need not be there.
    pub fn optional<T: FromNode>(&mut self, key: &'static str) -> Option<T> {
        let node = self.node(key)?;
        match T::from_node(node) {
            Ok(value) => Some(value),
            Err(rule) => {
                let rule = if rule.is_empty() { format!("`{key}` is not {}", T::EXPECTED) } else { rule };
                let (span, path) = (node.span.clone(), self.path(key));
                self.faults.push(Fault { span, key: path, rule, remedy: format!("write {}", T::EXPECTED) });
                None
            }
        }
    }

    /// Reads a value that must be there.
    pub fn required<T: FromNode>(&mut self, key: &'static str) -> Option<T> {
        if !self.table.entries.contains_key(key) {
            self.known.push(key);
            let (span, path) = (self.table.span.clone(), self.path(key));
            self.faults.push(Fault {
                span,
                key: path,
                rule: format!("`{key}` is missing"),
                remedy: format!("add `{key} = …`: {}", T::EXPECTED),
            });
            return None;
        }
        self.optional(key)
    }

    /// Reads a list that must be there and must not be empty: empty never means everything.
    pub fn filled<T: FromNode>(&mut self, key: &'static str) -> Option<Vec<T>> {
        let list: Vec<T> = self.required::<List<T>>(key)?.0;
        if list.is_empty() {
            let span = self.span(key);
            self.fault(key, span, format!("`{key}` is empty"), "name at least one; empty never means everything");
            return None;
        }
        Some(list)
    }

    /// Reads a table inside this one with a reader of its own; `None` where it is missing or no table.
    pub fn table<R>(&mut self, key: &'static str, read: impl FnOnce(&mut Reader<'_>) -> R) -> Option<R> {
        let path = self.path(key);
        let node = self.node(key)?;
        let NodeValue::Table(table) = &node.value else {
            let span = node.span.clone();
            self.fault(key, span, format!("`{key}` is not a table"), "write it as { key = value }");
            return None;
        };
        let mut inner = Reader::new(table, path, self.faults);
        let result = read(&mut inner);
        inner.finish();
        Some(result)
    }

    /// Reads a table whose keys people choose, as in `[params.NAME]`: each entry, in the order of the names, with the
    /// place of its name and a reader of its own. `None` where it is missing or no table.
    pub fn each(
        &mut self,
        key: &'static str,
        mut read: impl FnMut(&str, &Range<usize>, &mut Reader<'_>),
    ) -> Option<()> {
        let path = self.path(key);
        let node = self.node(key)?;
        let NodeValue::Table(table) = &node.value else {
            self.fault(key, node.span.clone(), format!("`{key}` is not a table"), format!("write it as [{path}.NAME]"));
            return None;
        };
        for (name, (span, node)) in &table.entries {
            let path = format!("{path}.{}", quoted(name));
            let NodeValue::Table(table) = &node.value else {
                let (rule, remedy) = (format!("`{name}` is not a table"), format!("write it as [{path}]"));
                self.faults.push(Fault { span: node.span.clone(), key: path, rule, remedy });
                continue;
            };
            let mut inner = Reader::new(table, path, self.faults);
            read(name, span, &mut inner);
            inner.finish();
        }
        Some(())
    }

    /// Reads a list of tables, as in `[[roles.NAME.gives]]`, each with a reader of its own. `None` where it is missing or
    /// no list.
    pub fn tables(&mut self, key: &'static str, mut read: impl FnMut(&mut Reader<'_>)) -> Option<()> {
        let path = self.path(key);
        let node = self.node(key)?;
        let NodeValue::List(items) = &node.value else {
            let (rule, remedy) = (format!("`{key}` is not a list of tables"), format!("write it as [[{path}]]"));
            self.fault(key, node.span.clone(), rule, remedy);
            return None;
        };
        for (i, item) in items.iter().enumerate() {
            let path = format!("{path}[{i}]");
            let NodeValue::Table(table) = &item.value else {
                let (rule, remedy) =
                    (format!("an item of `{key}` is not a table"), "write it as { key = value }".into());
                self.faults.push(Fault { span: item.span.clone(), key: path, rule, remedy });
                continue;
            };
            let mut inner = Reader::new(table, path, self.faults);
            read(&mut inner);
            inner.finish();
        }
        Some(())
    }

    /// How many mistakes were noted so far, in this table and before it.
    pub fn mistakes(&self) -> usize {
        self.faults.len()
    }

    /// The raw value of a key, which counts as known from now on.
    pub fn node(&mut self, key: &'static str) -> Option<&'a Node> {
        // Once, however often it is read: the list is shown.
        if !self.known.contains(&key) {
            self.known.push(key);
        }
        self.table.entries.get(key).map(|(_, node)| node)
    }

    /// Notes a mistake of the reader's own.
    pub fn fault(&mut self, key: &str, span: Range<usize>, rule: impl Into<String>, remedy: impl Into<String>) {
        let key = self.path(key);
        self.faults.push(Fault { span, key, rule: rule.into(), remedy: remedy.into() });
    }

    /// Leaves the rest unread: nobody can say which keys belong here, as where the `kind` itself is unknown.
    pub fn leave(&mut self) {
        self.left = true;
    }

    /// Ends the reading: every key that nobody asked for is a mistake.
    pub fn finish(self) {
        for (key, (span, _)) in self.table.entries.iter().filter(|_| !self.left) {
            if self.known.contains(&key.as_str()) {
                continue;
            }
            let nearest = self.known.iter().map(|k| (distance(key, k), *k)).min().filter(|(d, _)| *d <= 3);
            let remedy = match nearest {
                Some((_, near)) => format!("did you mean `{near}`?"),
                None if self.known.is_empty() => "remove it".to_owned(),
                None => format!("known here: {}", self.known.join(", ")),
            };
            let path = self.path(key);
            self.faults.push(Fault {
                span: span.clone(),
                key: path,
                rule: format!("`{key}` is not a known key"),
                remedy,
            });
        }
    }
}

/// A key as TOML writes it: bare where it may be, else in quotes.
pub fn quoted(key: &str) -> String {
    if !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
        key.to_owned()
    } else {
        format!("\"{key}\"")
    }
}

/// Levenshtein distance by characters.
pub fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut previous = i;
        let mut next = vec![i + 1];
        for (y, above) in b.iter().zip(row.iter().skip(1)) {
            let left = next.last().copied().unwrap_or(0);
            next.push((previous + usize::from(x != *y)).min(above + 1).min(left + 1));
            previous = *above;
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

impl FromNode for String {
    const EXPECTED: &'static str = "a text in quotes";
    fn from_node(node: &Node) -> Result<Self, String> {
        match &node.value {
            NodeValue::Text(text) if text.contains('\0') => Err("a text must not hold a NUL character".to_owned()),
            NodeValue::Text(text) => Ok(text.clone()),
            _ => Err(String::new()),
        }
    }
}

impl FromNode for bool {
    const EXPECTED: &'static str = "true or false";
    fn from_node(node: &Node) -> Result<Self, String> {
        if let NodeValue::Bool(b) = node.value { Ok(b) } else { Err(String::new()) }
    }
}

impl FromNode for i64 {
    const EXPECTED: &'static str = "a whole number";
    fn from_node(node: &Node) -> Result<Self, String> {
        if let NodeValue::Integer(n) = node.value { Ok(n) } else { Err(String::new()) }
    }
}

impl FromNode for crate::time::Span {
    const EXPECTED: &'static str = "a length of time with its unit, as in \"2h\", \"90m\" or \"1h30m\"";
    fn from_node(node: &Node) -> Result<Self, String> {
        String::from_node(node)?.parse().map_err(|_| String::new())
    }
}

impl<K: crate::name::NameKind> FromNode for crate::name::Name<K> {
    const EXPECTED: &'static str = "a name";
    fn from_node(node: &Node) -> Result<Self, String> {
        String::from_node(node)?.parse().map_err(|e: crate::name::NameError| e.to_string())
    }
}

/// A list of values of one type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List<T>(pub Vec<T>);

impl<T: FromNode> FromNode for List<T> {
    const EXPECTED: &'static str = "a list in brackets, as in [\"a\", \"b\"]";
    fn from_node(node: &Node) -> Result<Self, String> {
        let NodeValue::List(items) = &node.value else { return Err(String::new()) };
        items
            .iter()
            .map(|item| {
                T::from_node(item)
                    .map_err(|rule| if rule.is_empty() { format!("each item must be {}", T::EXPECTED) } else { rule })
            })
            .collect::<Result<_, _>>()
            .map(List)
    }
}

/// A value that is written in the file, or stands for a request's parameter: `"shop"` or `{ param = "schema" }`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OrParam<T> {
    /// A parameter, by name.
    Param {
        /// The name of the parameter.
        param: ParamName,
    },
    /// The value itself.
    Value(T),
}

impl<T: FromNode> FromNode for OrParam<T> {
    const EXPECTED: &'static str = "a value, or a parameter as in { param = \"schema\" }";
    fn from_node(node: &Node) -> Result<Self, String> {
        let NodeValue::Table(table) = &node.value else { return T::from_node(node).map(Self::Value) };
        let mut entries = table.entries.iter();
        match (entries.next(), entries.next()) {
            (Some((key, (_, value))), None) if key == "param" => {
                ParamName::from_node(value).map(|param| Self::Param { param })
            }
            _ => Err(String::new()),
        }
    }
}

/// Reads text and parses it by the type's own rule.
pub fn parsed<T>(reader: &mut Reader<'_>, key: &'static str) -> Option<T>
where
    T: FromStr,
    T::Err: std::fmt::Display,
{
    let text: String = reader.optional(key)?;
    match text.parse() {
        Ok(value) => Some(value),
        Err(error) => {
            let span = reader.span(key);
            reader.fault(key, span, error.to_string(), format!("mend `{key}`"));
            None
        }
    }
}

/// Where a secret comes from: a reference, never the secret itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretRef {
    /// A file that only its owner may read.
    File(String),
    /// An environment variable, read once when the broker starts.
    Env(String),
    /// An entry of the OS keyring.
    Keyring(String),
    /// A program whose first line of output is the secret, as argv.
    Command(Vec<String>),
}

impl SecretRef {
    /// The rule that a secret written into the file breaks: what shows such a fault must not show the text it points at.
    pub const WRITTEN: &'static str = "a secret must not stand in the config file itself";
}

impl FromNode for SecretRef {
    const EXPECTED: &'static str =
        "a reference to a secret: { file = \"…\" }, { env = \"…\" }, { keyring = \"…\" } or { command = [\"…\"] }";
    fn from_node(node: &Node) -> Result<Self, String> {
        let NodeValue::Table(table) = &node.value else {
            return Err(Self::WRITTEN.to_owned());
        };
        let mut entries = table.entries.iter();
        let (Some((key, (_, value))), None) = (entries.next(), entries.next()) else { return Err(String::new()) };
        match key.as_str() {
            "file" => String::from_node(value).map(Self::File),
            "env" => String::from_node(value).map(Self::Env),
            "keyring" => String::from_node(value).map(Self::Keyring),
            "command" => match List::<String>::from_node(value)?.0 {
                argv if argv.is_empty() => Err("`command` is empty".to_owned()),
                argv => Ok(Self::Command(argv)),
            },
            _ => Err(String::new()),
        }
    }
}

/// Where secrets are read: only the binary's `config` room knows files, keyrings and the environment.
pub trait Secrets: Send + Sync {
    /// Reads one secret.
    fn read<'a>(
        &'a self,
        reference: &'a SecretRef,
    ) -> Pin<Box<dyn Future<Output = Result<Secret, SecretError>> + Send + 'a>>;
}

/// Why a secret could not be read: in our own words, with nothing of the secret in them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{public}")]
pub struct SecretError {
    /// Whether asking again, unchanged, may succeed: a locked keyring does not answer now.
    pub retryable: bool,
    /// A sentence that names the reference, never the secret.
    pub public: Words,
}

#[cfg(test)]
mod tests;
