//! What the targets share: seeds that they make themselves, and what no text may hold wherever it is shown.

use std::path::Path;

/// Writes a target's seeds to its corpus. libFuzzer reads the corpus only after a target's `init`, so nobody has to keep
/// files that a changed format would make worthless.
///
/// # Panics
/// When the corpus can't be written: a target without its seeds finds nothing.
pub fn seeds<T: AsRef<[u8]>>(target: &str, seeds: impl IntoIterator<Item = T>) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    std::fs::create_dir_all(&dir).expect("a directory for the corpus");
    for (n, seed) in seeds.into_iter().enumerate() {
        std::fs::write(dir.join(format!("seed-{n}")), seed).expect("a seed");
    }
}

/// Holds that a text neither steers a terminal nor hides or reorders what is around it.
///
/// # Panics
/// When it does: that is the finding.
pub fn harmless(text: &str, also: &[char]) {
    let bad = text.chars().find(|c| jit_types::proof::is_unsafe(*c) && !also.contains(c));
    assert_eq!(bad, None, "{text:?}");
}
