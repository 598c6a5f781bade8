//! `[backends.NAME]` and `[approvals.NAME]`: finds the kind that is named and lets it read its own table.

use std::collections::{BTreeMap, BTreeSet};

use jit_types::name::{Name, NameKind};
use jit_types::settings::Reader;

use super::read::nearest;

/// What was read of one section.
pub(super) struct Section<K, C> {
    /// The configs; none whose table holds a mistake.
    pub(super) configs: BTreeMap<Name<K>, C>,
    /// All names that were written, those with a mistake in their table included, so that one mistake is told once.
    pub(super) named: BTreeSet<Name<K>>,
}

/// Reads one section. `kinds` are the words that may stand in `kind = "…"`; `config` reads with the kind of that index.
pub(super) fn read<K: NameKind, C>(
    root: &mut Reader<'_>,
    section: &'static str,
    kinds: &[&'static str],
    config: impl Fn(usize, &mut Reader<'_>) -> Option<C>,
) -> Section<K, C> {
    let mut all = Section { configs: BTreeMap::new(), named: BTreeSet::new() };
    root.each(section, |name, at, reader| {
        let name = match name.parse::<Name<K>>() {
            Ok(name) => name,
            Err(error) => {
                reader.fault("", at.clone(), error.to_string(), format!("write it as in [{section}.shop]"));
                reader.leave();
                return;
            }
        };
        all.named.insert(name.clone());
        let before = reader.mistakes();
        let Some(kind) = kind(reader, kinds) else {
            reader.leave();
            return;
        };
        match config(kind, reader) {
            Some(config) => {
                all.configs.insert(name, config);
            }
            // A kind that neither reads its table nor says why would let the config pass without it.
            None if reader.mistakes() == before => {
                let span = reader.span("");
                reader.fault("", span, format!("`{name}` could not be read"), "tell the maintainers: this is a bug");
            }
            None => {}
        }
    });
    all
}

fn kind(reader: &mut Reader<'_>, kinds: &[&'static str]) -> Option<usize> {
    if reader.node("kind").is_none() {
        let span = reader.span("kind");
        let remedy = match kinds {
            [] => "this program was built without any kind of it".to_owned(),
            _ => format!("add `kind = \"…\"`: one of {}", kinds.join(", ")),
        };
        reader.fault("kind", span, "`kind` is missing", remedy);
        return None;
    }
    let word = reader.optional::<String>("kind")?;
    let found = kinds.iter().position(|kind| *kind == word);
    if found.is_none() {
        let span = reader.span("kind");
        let remedy = nearest(&word, kinds.iter().copied(), "this program was built without any kind of it");
        reader.fault("kind", span, "this kind is not known", remedy);
    }
    found
}
