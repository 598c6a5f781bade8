//! The note that stands as comment on each login, and the handle that says the same: enough to tell whose login it is
//! and what its member roles looked like before.

use std::collections::BTreeMap;

use jit_backend::{Error, ErrorKind, Handle, Order};
use jit_types::{Digest, ScramVerifier};
use serde::{Deserialize, Serialize};

/// The version of [`Pin`]'s form.
const VERSION: u16 = 1;
/// What a note of this form begins with.
const FORM: &str = "jit1";

/// What the member roles looked like, aspect by aspect, as digests: `shared: settings`, `shop: triggers`.
pub(crate) type Looks = BTreeMap<String, String>;

/// What a handle holds: which role, on which server, and what to compare with in the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pin {
    /// The cluster's system identifier.
    pub(crate) system: String,
    /// The database that the broker was connected to.
    pub(crate) database: String,
    /// The login's OID.
    pub(crate) role: i64,
    /// What the member roles looked like before.
    pub(crate) members: Looks,
}

impl Pin {
    pub(crate) fn to_handle(&self) -> Result<Handle, Error> {
        let data = serde_json::to_value(self).map_err(|_| Error::new(ErrorKind::Bug, "the handle can't be written"))?;
        Ok(Handle { version: VERSION, data })
    }

    pub(crate) fn of_handle(handle: &Handle) -> Result<Self, Error> {
        if handle.version != VERSION {
            return Err(Error::new(ErrorKind::Bug, "the handle is of a version that this program does not know"));
        }
        serde_json::from_value(handle.data.clone())
            .map_err(|_| Error::new(ErrorKind::Bug, "the handle is not one of PostgreSQL's"))
    }
}

/// What makes an order the same again: everything in it but its end and its deadline, and but the person, whose name may be
/// known no more when it is unmade. The grant is one person's.
pub(crate) fn order_digest(order: &Order) -> Digest {
    jit_types::digest::Hasher::new("jit postgres order v1")
        .with("house", order.house.bytes())
        .with("grant", order.grant.bytes())
        .with("claim", order.claim.bytes())
        .with("entitlement", order.entitlement.to_be_bytes())
        .with("scope", order.scope.canonical())
        .with("material", order.material.0)
        .finish()
}

/// A digest of a verifier's salt. The salt itself is public (the server sends it to whoever begins to log in), but two
/// logins with one salt and one password would have one verifier.
pub(crate) fn salt_digest(verifier: &ScramVerifier) -> Digest {
    jit_types::digest::Hasher::new("jit postgres salt v1").with("salt", verifier.salt()).finish()
}

/// What a note on the login of this order begins with.
pub(crate) fn note_head(order: &Order) -> String {
    format!("{FORM} {} ", order_digest(order))
}

/// The note: form, order, salt, and what the member roles looked like.
pub(crate) fn note(order: &Order, salt: &Digest, members: &Looks) -> String {
    let looks = serde_json::to_string(members).unwrap_or_else(|_| "{}".to_owned());
    format!("{}{salt} {looks}", note_head(order))
}

/// What the member roles looked like, from a note; nothing where it says nothing.
pub(crate) fn looks_of(note: Option<&str>) -> Looks {
    note.and_then(|n| n.splitn(4, ' ').nth(3)).and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jit_backend::Scope;
    use jit_types::{ClaimId, GrantId, HouseId, Material, Timestamp, Window};

    fn order() -> Order {
        let t = Timestamp::from_millis(1000);
        Order {
            house: HouseId::from_parts(t, [1; 10]),
            grant: GrantId::from_parts(t, [2; 10]),
            claim: ClaimId::from_parts(t, [3; 10]),
            entitlement: 0,
            person: "alice@example.com".parse().expect("a person"),
            window: Window { start: t, end: t.plus_millis(1000) },
            deadline: t.plus_millis(500),
            scope: Scope(serde_json::json!({"databases": ["shop"], "member_of": ["reader"]})),
            material: Material::None.digest(),
        }
    }

    #[test]
    fn a_new_end_is_the_same_order_and_anything_else_is_not() {
        let first = order();
        let mut later = order();
        later.window.end = later.window.end.plus_millis(5000);
        later.deadline = later.deadline.plus_millis(5000);
        assert_eq!(note_head(&first), note_head(&later));
        let mut other = order();
        other.scope = Scope(serde_json::json!({"databases": ["shop"], "member_of": ["writer"]}));
        assert_ne!(note_head(&first), note_head(&other));
        let mut other = order();
        other.material = Digest::of(b"another");
        assert_ne!(note_head(&first), note_head(&other));
    }

    #[test]
    fn a_note_reads_back() {
        let looks = Looks::from([("shop: triggers".to_owned(), "ab12".to_owned())]);
        let text = note(&order(), &Digest::of(b"salt"), &looks);
        assert!(!text.contains("alice"));
        assert_eq!(looks_of(Some(&text)), looks);
        assert_eq!(looks_of(Some("somebody's own comment")), Looks::new());
        assert_eq!(looks_of(None), Looks::new());
    }
}
