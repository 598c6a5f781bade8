//! Reads the whole file. What comes out of here was found sound as a whole, or does not exist.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jit_life::role::Rules;
use jit_types::name::ChannelKind;
use jit_types::settings::{Fault, Reader};
use jit_types::{BackendName, ChannelName, Digest};

use super::backends::{self, Section};
use super::broker::{self, Broker};
use super::paths;
use super::show::Faults;
use super::trust::PlaceError;
use super::{people, roles, tree};

/// The kinds that the program was built with.
#[derive(Default)]
pub struct Kinds {
    /// What can be issued.
    pub backends: Vec<Box<dyn jit_backend::Kind>>,
    /// Over what people are asked.
    pub approvals: Vec<Box<dyn jit_approval::kind::Kind>>,
}

impl Kinds {
    /// The words that may stand in a backend's `kind = "…"`.
    pub(super) fn backend_names(&self) -> Vec<&'static str> {
        self.backends.iter().map(|kind| kind.name()).collect()
    }

    /// The words that may stand in an approval channel's `kind = "…"`.
    pub(super) fn approval_names(&self) -> Vec<&'static str> {
        self.approvals.iter().map(|kind| kind.name()).collect()
    }

    /// The keys by which a person's names over the channels are given: the house's own channels, and each kind's.
    pub(super) fn channels(&self) -> Vec<&'static str> {
        let mut all = people::OWN_CHANNELS.to_vec();
        for name in self.approval_names() {
            // What can't begin a principal (`exec2`, say) can't name one.
            if !all.contains(&name) && format!("{name}:x").parse::<jit_types::Principal>().is_ok() {
                all.push(name);
            }
        }
        all
    }
}

/// A config that was read and found sound.
pub struct Loaded {
    /// Roles, persons, administrators.
    pub rules: Rules,
    /// What can be issued.
    pub backends: BTreeMap<BackendName, Box<dyn jit_backend::Config>>,
    /// Over what people are asked.
    pub approvals: BTreeMap<ChannelName, Box<dyn jit_approval::kind::Config>>,
    /// The broker's own settings.
    pub broker: Broker,
    /// A digest of the file's exact bytes.
    pub revision: Digest,
    /// A digest of each backend's and channel's own table, by where it stands, as in `backends.shop`.
    pub parts: BTreeMap<String, Digest>,
    /// The file, symbolic links resolved.
    pub file: PathBuf,
    /// The directory that relative paths in the file begin at: the file's own.
    pub base: PathBuf,
}

impl std::fmt::Debug for Loaded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Loaded").field("file", &self.file).field("revision", &self.revision).finish_non_exhaustive()
    }
}

/// Why there is no config.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file can't be read, or others could have written it.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// The file holds mistakes.
    #[error("{0}")]
    Faults(Box<Faults>),
}

impl From<Faults> for LoadError {
    fn from(faults: Faults) -> Self {
        Self::Faults(Box::new(faults))
    }
}

/// Reads a config file that nobody else may write.
///
/// # Errors
/// [`LoadError::Place`] where the file itself is at fault, [`LoadError::Faults`] with all mistakes in it.
pub fn load(path: &Path, kinds: &Kinds) -> Result<Loaded, LoadError> {
    let vetted = paths::read_config(path)?;
    let base = vetted.path.parent().unwrap_or(Path::new("/")).to_owned();
    let name = path.display().to_string();
    let text = match String::from_utf8(vetted.bytes) {
        Ok(text) => text,
        Err(error) => return Err(not_utf8(name, &error).into()),
    };
    Ok(read(&text, &name, &vetted.path, &base, kinds)?)
}

fn not_utf8(name: String, error: &std::string::FromUtf8Error) -> Faults {
    let upto = error.utf8_error().valid_up_to();
    let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
    let fault = Fault {
        span: upto..upto + '\u{fffd}'.len_utf8(),
        key: String::new(),
        rule: "this is not UTF-8, and TOML is".to_owned(),
        remedy: "save the file in UTF-8".to_owned(),
    };
    Faults::new(name, text, vec![fault])
}

/// Reads a config's text. Touches no file and no network.
///
/// # Errors
/// All mistakes, in the order of the file.
pub fn read(text: &str, name: &str, file: &Path, base: &Path, kinds: &Kinds) -> Result<Loaded, Faults> {
    let (table, grammar) = tree::parse(text);
    let whole = grammar.is_empty();
    let mut faults = Vec::new();
    let mut root = Reader::new(&table, "", &mut faults);

    let published = RefCell::new(BTreeSet::new());
    let backends = backends::read(&mut root, "backends", &kinds.backend_names(), |index, reader| {
        let config = kinds.backends.get(index)?.config(reader)?;
        for file in config.publishes() {
            if !published.borrow_mut().insert(file.clone()) {
                let rule = format!("{} is published by another backend already", file.display());
                let span = reader.span("");
                reader.fault(
                    "",
                    span,
                    rule,
                    "each needs a file of its own: it is written whole, without the other's lines",
                );
            }
        }
        Some(config)
    });
    let approvals: Section<ChannelKind, (&str, Box<dyn jit_approval::kind::Config>)> =
        backends::read(&mut root, "approvals", &kinds.approval_names(), |index, reader| {
            let kind = kinds.approvals.get(index)?;
            kind.config(reader).map(|config| (kind.name(), config))
        });
    // A channel may know what people leave out of their names there.
    let names = |channel: &str, written: &str| -> Result<Vec<String>, String> {
        let of_kind = approvals.configs.values().filter(|(kind, _)| *kind == channel);
        let (taken, refused): (Vec<_>, Vec<_>) =
            of_kind.map(|(_, config)| config.name(written)).partition(Result::is_ok);
        let mut names: Vec<String> = taken.into_iter().flatten().collect();
        names.sort();
        names.dedup();
        match (names.len(), refused.into_iter().find_map(Result::err)) {
            (1, _) => Ok(names),
            (0, Some(rule)) => Err(rule),
            (0, None) => Ok(vec![written.to_owned()]),
            // A bare name that two workspaces could mean may be two people's.
            _ => Err(format!("`{written}` could be any of {}: write it in full", names.join(", "))),
        }
    };
    let people = people::read(&mut root, &kinds.channels(), &names);
    let known = broker::Known { people: &people.named, channels: &approvals.named, whole };
    let (broker, administrators) = broker::read(&mut root, &known, base);
    let around = roles::Around { text, people: &people, backends: &backends, whole };
    let roles = roles::read(&mut root, &around);
    root.finish();

    if !whole {
        // What is wrong beside a mistake of grammar may only be its consequence.
        let spoilt = tree::Spoilt::of(text, &grammar);
        faults.retain(|fault| !spoilt.holds(fault.span.start));
        faults.extend(grammar);
    }
    if !faults.is_empty() {
        return Err(Faults::new(name.to_owned(), text.to_owned(), faults));
    }
    Ok(Loaded {
        rules: Rules { roles, people: people.rules.people, administrators },
        backends: backends.configs,
        approvals: approvals.configs.into_iter().map(|(name, (_, config))| (name, config)).collect(),
        broker,
        revision: Digest::of(text.as_bytes()),
        parts: parts(text),
        file: file.to_owned(),
        base: base.to_owned(),
    })
}

/// By what a table is known to be the one that was read before, whatever stands around it.
fn parts(text: &str) -> BTreeMap<String, Digest> {
    let table: toml::Table = toml::from_str(text).unwrap_or_default();
    let of = |section: &'static str| {
        let tables = table.get(section).and_then(toml::Value::as_table).into_iter().flatten();
        tables.map(move |(name, value)| (format!("{section}.{name}"), Digest::of(value.to_string().as_bytes())))
    };
    of("backends").chain(of("approvals")).collect()
}
