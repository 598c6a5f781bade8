//! Names made in the target: each derives from house and claim, so that a crash at any point leaves something that can
//! be found, and one house never sweeps another's.

use jit_types::{ClaimId, HouseId};

use crate::ident::Ident;

/// What every login of one house begins with: `jit_HOUSE_`.
pub(crate) fn prefix(house: &HouseId) -> String {
    format!("jit_{}_", house.digits())
}

/// The login of one claim: `jit_HOUSE_CLAIM`, 57 bytes.
pub(crate) fn login(house: &HouseId, claim: &ClaimId) -> Ident {
    let name = format!("{}{}", prefix(house), claim.digits());
    // Both parts are 26 digits long: always within the 63 bytes. Should that ever change, the name is no name and
    // every statement with it fails.
    name.parse().unwrap_or_else(|_| unnameable())
}

/// A role of the house that is no login: `jit_HOUSE_WHAT`. `what` holds an underscore or is shorter than a claim, so that
/// it is never taken for a login.
pub(crate) fn of(house: &HouseId, what: &str) -> Ident {
    format!("{}{what}", prefix(house)).parse().unwrap_or_else(|_| unnameable())
}

/// The role that keeps the tables of one grant's login: `jit_HOUSE_kept_CLAIM`, 62 bytes.
pub(crate) fn keeper(house: &HouseId, claim: &ClaimId) -> Ident {
    of(house, &format!("kept_{}", claim.digits()))
}

fn unnameable() -> Ident {
    #[allow(clippy::expect_used, reason = "a constant of one letter is a name")]
    "-".parse().expect("one letter")
}

/// The key of the advisory lock that an issue holds until its commit is through. See [`crate::flight`].
pub(crate) fn lock_key(claim: &ClaimId) -> i64 {
    i64::from_be_bytes(claim.low64().to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jit_types::Timestamp;

    #[test]
    fn a_name_fits_and_tells_house_and_claim_apart() {
        let house = |n| HouseId::from_parts(Timestamp::from_millis(1), [n; 10]);
        let claim = |n| ClaimId::from_parts(Timestamp::from_millis(2), [n; 10]);
        let name = login(&house(1), &claim(2));
        assert_eq!(name.as_str().len(), 57);
        assert!(name.as_str().starts_with(&prefix(&house(1))));
        assert_ne!(name, login(&house(2), &claim(2)));
        assert_ne!(name, login(&house(1), &claim(3)));
    }
}
