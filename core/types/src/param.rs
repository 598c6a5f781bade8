//! Parameters of a request: typed values that go into typed fields, never text into text.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::name::{Name, ParamKind};

/// The name of a role's parameter, such as `schema`.
pub type ParamName = Name<ParamKind>;

/// A parameter's value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ParamValue {
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Number(i64),
    /// Text; the role's parameter says which texts are allowed.
    Text(String),
}

impl fmt::Display for ParamValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(b) => write!(f, "{b}"),
            Self::Number(n) => write!(f, "{n}"),
            Self::Text(t) => f.write_str(t),
        }
    }
}

/// All parameters of one request, in the order of their names.
pub type Params = BTreeMap<ParamName, ParamValue>;
