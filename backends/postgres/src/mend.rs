//! The statement that takes from a prepared role what it has beyond what is written.

use crate::ident::{Ident, literal};
use crate::scope::Resolved;
use crate::{tables, template};

/// Who may have to do with a prepared role besides the logins that are its members: whoever gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Givers {
    pub(crate) broker: Ident,
    /// Who owns the functions.
    pub(crate) owner: Ident,
    /// What every login of this house begins with: another house's is as foreign as anybody.
    pub(crate) logins: String,
}

/// One `DO` block for the database that it is run in. It looks first and revokes exactly what differs, so that it can be
/// printed where nobody has looked.
pub(crate) fn block(role: &Ident, scope: &Resolved, givers: &Givers) -> String {
    let mut rows: Vec<String> = Vec::new();
    let mut row = |parts: [&str; 5]| {
        let texts: Vec<String> = parts.into_iter().map(literal).collect();
        rows.push(format!("({})", texts.join(", ")));
    };
    for right in tables::rights(&scope.tables) {
        row([right.kind, &right.schema, &right.table, &right.column, &right.privilege]);
    }
    for database in &scope.databases {
        row(["database", database.as_str(), "", "", "CONNECT"]);
    }
    let body = template::fill(include_str!("mend.sql"), |word| match word {
        "role" => literal(role.as_str()),
        "broker" => literal(givers.broker.as_str()),
        "owner" => literal(givers.owner.as_str()),
        "logins" => literal(&givers.logins),
        _ => rows.join(", "),
    });
    format!("DO {}", literal(&body))
}
