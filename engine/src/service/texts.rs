//! Texts that people type: sealed before anything else sees them.

use jit_types::{Commitment, Free, Subject, Value};

use crate::audit::{KeyState, SealedOpening};
use crate::error::Error;
use crate::house::House;

/// Seals a text.
pub(crate) fn seal(
    house: &House,
    subject: Subject,
    field: &'static str,
    text: &str,
) -> Result<(Commitment, SealedOpening), Error> {
    house
        .parts
        .sealer
        .seal_text(subject, house.now(), field, &Free(text.to_owned()))
        .map_err(|e| Error::Unavailable(e.to_string()))
}

/// Reads a sealed text.
pub(crate) async fn open(house: &House, commitment: &Commitment) -> Result<Option<Free>, Error> {
    let KeyState::Alive(key) = house.parts.keys.key(commitment.subject) else { return Ok(None) };
    let found = house.parts.openings.get(&[commitment.opening]).await;
    let mut found = found.map_err(|e| Error::Unavailable(e.to_string()))?;
    let Some(sealed) = found.remove(&commitment.opening) else { return Ok(None) };
    // One that does not fit its commitment is treated like one that is missing; `audit verify` names it.
    let opening = sealed.open_checked(&key, &commitment.digest).ok();
    Ok(opening.and_then(|opening| opening.value()).and_then(|value| match value {
        Value::Text(text) => Some(Free(text)),
        _ => None,
    }))
}
