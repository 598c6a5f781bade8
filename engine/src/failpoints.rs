//! Named places between two durable effects, at which a test can stop the process dead. Without the feature `failpoints`
//! there is nothing here, and a hit compiles to nothing.

#[cfg(feature = "failpoints")]
mod armed {
    use std::sync::OnceLock;

    static HOOK: OnceLock<fn(&'static str)> = OnceLock::new();

    /// Every place, in the order in which a claim's life comes by them.
    pub const ALL: &[&str] = &[
        "store.openings",
        "store.saved",
        "store.committed",
        "store.leased",
        "claim.intended",
        "claim.issued",
        "claim.noted",
        "extend.before",
        "extend.after",
        "revoke.before",
        "revoke.after",
        "probe.before",
        "probe.after",
        "publish.before",
        "publish.written",
        "tell.before",
        "tell.sent",
    ];

    /// The places of an erasure.
    pub const ERASURE: &[&str] = &["erase.told", "erase.destroyed"];

    /// Has a function called at every hit, for the life of the process. Only the first one counts.
    pub fn hook(hook: fn(&'static str)) {
        let _ = HOOK.set(hook);
    }

    pub(crate) fn hit(name: &'static str) {
        if let Some(hook) = HOOK.get() {
            hook(name);
        }
    }
}

#[cfg(feature = "failpoints")]
pub(crate) use armed::hit;
#[cfg(feature = "failpoints")]
pub use armed::{ALL, ERASURE, hook};

#[cfg(not(feature = "failpoints"))]
#[inline(always)]
pub(crate) fn hit(_: &'static str) {}
