//! [`Secret`]: bytes that are wiped after use and can't be printed, compared by accident, cloned or serialised.

use serde::{Deserialize, Deserializer};
use zeroize::{Zeroize, Zeroizing};

/// Text that must never reach a log, an error, a database or argv.
///
/// It has no `Debug`, `Display`, `Serialize`, `Clone` or `PartialEq`. The only way to the text is
/// [`Secret::expose_secret`], whose callers a test counts.
///
/// ```compile_fail
/// let s = jit_types::Secret::new("hunter2".to_owned());
/// println!("{s:?}");
/// ```
/// ```compile_fail
/// let s = jit_types::Secret::new("hunter2".to_owned());
/// let twice = s.clone();
/// ```
/// ```compile_fail
/// let s = jit_types::Secret::new("hunter2".to_owned());
/// let json = serde_json::to_string(&s);
/// ```
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text; the caller's own copy is moved in, not left behind.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// Gives the text to code that must have it. Each caller is one place to look at in a review.
    pub fn expose_secret(&self) -> &str {
        &self.0
    }

    /// Wipes the text now rather than on drop.
    pub fn wipe(&mut self) {
        self.0.zeroize();
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d).map(Self::new)
    }
}
