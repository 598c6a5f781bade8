//! `jit config`: what a config file says before a broker runs on it.

use std::path::{Path, PathBuf};

use super::output::Tone;
use super::{Ctx, Error, Exit};
use crate::config::show::Style;
use crate::config::{self, Loaded, PlaceError, paths};
use crate::wiring;

/// Options of `jit config`.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Finds every mistake in a config file, offline
    Check(Check),
    /// Has the running broker read its config anew
    Reload(Reload),
    /// Prints the JSON Schema of a config file, for editors
    Schema(Schema),
    /// Says which config file is meant
    Path(Where),
}

/// Options of `jit config check`.
#[derive(clap::Args)]
#[command(after_long_help = CHECK)]
struct Check {
    /// The file; the one that the broker would read where it is not given
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

const CHECK: &str = "\
All mistakes are shown at once, each with its place, the rule and the way out. No broker, target or network is asked.
A named FILE that others may write is checked all the same, with a warning: no broker would run on it where it lies.

Examples:
  jit config check
  jit config check deploy/jit.toml
  jit config check deploy/jit.toml --output json | jq -r '.[] | \"\\(.line): \\(.rule)\"'

Exit codes:
  0 no mistakes   3 there are mistakes, or the file can't be read";

/// Options of `jit config reload`.
#[derive(clap::Args)]
#[command(after_long_help = RELOAD)]
struct Reload {}

const RELOAD: &str = "\
For administrators. A config with mistakes changes nothing, and all of them are shown. A good one holds at once: roles, people, limits,
channels, backends; what was asked for is judged anew. A backend with something live can be neither taken away nor pointed
elsewhere. Where the broker listens and keeps its state changes with a restart, and so does a secret behind an unchanged reference.

Examples:
  jit config check && jit config reload
  jit config reload --output json | jq .opened

Exit codes:
  0 it is in force   1 you are no administrator, or something live would be lost   3 there are mistakes   4 not authenticated
  7 broker unavailable";

/// Options of `jit config schema`.
#[derive(clap::Args)]
#[command(after_long_help = SCHEMA)]
struct Schema {}

const SCHEMA: &str = "\
Editors complete and underline by it. `jit config check` is stricter: it also sees what one table says of another.

Examples:
  jit config schema > jit.schema.json

Exit codes:
  0 printed";

/// Options of `jit config path`.
#[derive(clap::Args)]
#[command(after_long_help = WHERE)]
struct Where {}

const WHERE: &str = "\
That is the file of --config, then of JIT_CONFIG, then your own, then the system's. The working directory is never searched.

Examples:
  jit config path
  $EDITOR \"$(jit config path)\"

Exit codes:
  0 printed   3 there is none";

/// Runs the command.
pub(super) async fn run(ctx: &Ctx, args: Args) -> Result<Exit, Error> {
    match args.command {
        Command::Check(args) => check(ctx, args.file.as_deref()),
        Command::Reload(_) => reload(ctx).await,
        Command::Schema(_) => schema(ctx),
        Command::Path(_) => path(ctx),
    }
}

/// The config file that is meant.
///
/// # Errors
/// When there is none.
pub(super) fn meant(ctx: &Ctx) -> Result<PathBuf, Error> {
    let found = paths::find(&ctx.env, ctx.global.config.as_deref())?;
    found.ok_or_else(|| {
        Error::new(Exit::Config, "there is no config file").hint("`jit init` writes one, or name one with --config")
    })
}

fn check(ctx: &Ctx, named: Option<&Path>) -> Result<Exit, Error> {
    let kinds = wiring::offline_kinds();
    let judged = match named {
        None => config::load(&meant(ctx)?, &kinds),
        Some(file) => match paths::read_config(file) {
            Ok(_) => config::load(file, &kinds),
            Err(place) => {
                let text = readable(file, &place)?;
                ctx.out.warn(format!("no broker would run on it here: {place}"));
                if let Some(hint) = place.hint {
                    ctx.out.note(format!("   way out: {hint}"));
                }
                let at = paths::absolute(file)?;
                let base = at.parent().unwrap_or(Path::new("/"));
                config::read_text(&text, &file.display().to_string(), &at, base, &kinds).map_err(Into::into)
            }
        },
    };
    match judged {
        Ok(loaded) => sound(ctx, &loaded).map(|()| Exit::Done),
        Err(config::LoadError::Place(place)) => Err(place.into()),
        Err(config::LoadError::Faults(faults)) => {
            if ctx.out.json() {
                ctx.out.object(&faults.placed())?;
            } else {
                let style = Style::of(ctx.out.stdout_tty, ctx.env.no_color, width());
                ctx.out.bytes(faults.render(style).as_bytes())?;
            }
            Ok(Exit::Config)
        }
    }
}

/// The text of a file that others could have written: good enough to be judged, not to run on.
fn readable(file: &Path, place: &PlaceError) -> Result<String, Error> {
    if place.missing {
        return Err(Error::from(place.clone()).hint("`jit config path` says which file is meant where none is named"));
    }
    let meta = std::fs::metadata(file).map_err(|_| Error::from(place.clone()))?;
    if !meta.is_file() || meta.len() > 4 << 20 {
        return Err(place.clone().into());
    }
    std::fs::read_to_string(file).map_err(|_| place.clone().into())
}

fn sound(ctx: &Ctx, loaded: &Loaded) -> Result<(), Error> {
    if ctx.out.json() {
        return ctx.out.object(&serde_json::json!([]));
    }
    let count = |n: usize, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
    let counts = [
        count(loaded.rules.roles.len(), "role", "roles"),
        count(loaded.backends.len(), "backend", "backends"),
        count(loaded.approvals.len(), "channel", "channels"),
        count(loaded.rules.people.len(), "person", "people"),
    ];
    let file = super::output::harmless(&loaded.file.display().to_string());
    ctx.out.line(format!("{file}: {} ({})", ctx.out.paint(Tone::Good, "no mistakes"), counts.join(", ")))
}

async fn reload(ctx: &Ctx) -> Result<Exit, Error> {
    let reloaded = ctx.client().await?.reload_config().await.map_err(|error| {
        let error = Error::from(error);
        // The question was right; it is the file that is not.
        if error.exit == Exit::Usage && error.about == "config" { Error { exit: Exit::Config, ..error } } else { error }
    })?;
    if ctx.out.json() {
        ctx.out.object(&reloaded)?;
        return Ok(Exit::Done);
    }
    for key in &reloaded.restart {
        ctx.out.warn(format!("`[broker] {}` has changed; that needs a restart", super::output::harmless(key)));
    }
    for (what, parts) in [("opened", &reloaded.opened), ("closed", &reloaded.closed)] {
        for part in parts {
            ctx.out.line(format!("{what} [{}]", super::output::harmless(part)))?;
        }
    }
    let what = if reloaded.changed {
        "the config as it is now is in force"
    } else {
        "the config is the one that was in force"
    };
    ctx.out.line(what)?;
    Ok(Exit::Done)
}

/// How wide the terminal is; as wide as a page where it does not say.
fn width() -> usize {
    let size = rustix::termios::tcgetwinsize(std::io::stdout());
    size.ok().map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0).unwrap_or(80)
}

fn schema(ctx: &Ctx) -> Result<Exit, Error> {
    let schema = config::schema::schema(&wiring::offline_kinds());
    let text =
        serde_json::to_string_pretty(&schema).map_err(|_| Error::new(Exit::Bug, "the schema can't be written"))?;
    ctx.out.line(text)?;
    Ok(Exit::Done)
}

fn path(ctx: &Ctx) -> Result<Exit, Error> {
    let path = meant(ctx)?;
    if ctx.out.json() {
        ctx.out.object(&serde_json::json!({ "path": path }))?;
    } else {
        ctx.out.line(path.display().to_string())?;
    }
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Global;
    use crate::config::Env;
    use std::os::unix::fs::PermissionsExt as _;

    fn ctx(home: &Path) -> Ctx {
        Ctx::new(Global::default(), Env { home: Some(home.to_owned()), ..Env::default() })
    }

    #[test]
    fn a_file_is_judged_and_the_code_says_how() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("jit.toml");
        let ctx = ctx(dir.path());
        assert_eq!(check(&ctx, Some(&file)).expect_err("missing").exit, Exit::Config);
        std::fs::write(&file, "[people.\"alice@example.com\"]\nunix = \"alice\"\n").expect("written");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).expect("a mode");
        assert_eq!(check(&ctx, Some(&file)), Ok(Exit::Done));
        std::fs::write(&file, "[broker]\nadministrator = []\n").expect("written");
        assert_eq!(check(&ctx, Some(&file)), Ok(Exit::Config));
    }

    #[test]
    fn what_others_may_write_is_judged_where_it_was_named_and_refused_where_it_was_found() {
        let dir = tempfile::tempdir().expect("a directory");
        let ctx = ctx(dir.path());
        let file = dir.path().join(".config/jit/jit.toml");
        std::fs::create_dir_all(file.parent().expect("a parent")).expect("a directory");
        std::fs::write(&file, "").expect("written");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o666)).expect("a mode");
        assert_eq!(check(&ctx, Some(&file)), Ok(Exit::Done));
        std::fs::write(&file, "x = 1").expect("written");
        assert_eq!(check(&ctx, Some(&file)), Ok(Exit::Config));
        let error = check(&ctx, None).expect_err("others may write it");
        assert!(error.hint.expect("a hint").contains("chmod"), "{}", error.message);
    }

    #[test]
    fn where_there_is_no_file_the_way_out_is_named() {
        let dir = tempfile::tempdir().expect("a directory");
        if Path::new(paths::SYSTEM_CONFIG).exists() {
            eprintln!("skipped: this machine has a system config");
            return;
        }
        let error = path(&ctx(dir.path())).expect_err("none");
        assert_eq!((error.exit, error.hint.is_some_and(|hint| hint.contains("jit init"))), (Exit::Config, true));
    }

    const PAGE: &str = include_str!("../../docs/configuration.md");

    /// All keys that stand in a schema, at any depth.
    fn keys(schema: &serde_json::Value, found: &mut std::collections::BTreeSet<String>) {
        match schema {
            serde_json::Value::Object(object) => {
                if let Some(serde_json::Value::Object(properties)) = object.get("properties") {
                    found.extend(properties.keys().cloned());
                }
                object.values().for_each(|value| keys(value, found));
            }
            serde_json::Value::Array(items) => items.iter().for_each(|item| keys(item, found)),
            _ => {}
        }
    }

    #[test]
    fn the_page_about_the_config_has_every_key() {
        let mut found = std::collections::BTreeSet::new();
        keys(&config::schema::schema(&wiring::offline_kinds()), &mut found);
        assert!(found.len() > 40, "{found:?}");
        // As a key in a table, in an inline table, or as a table's head.
        let told = |key: &str| {
            let ways = [format!("`{key}`"), format!("`{key} = "), format!("{{ {key} = "), format!("`[{key}.")];
            ways.iter().any(|way| PAGE.contains(way)) || PAGE.contains(&format!("`[{key}]`"))
        };
        let untold: Vec<_> = found.iter().filter(|key| !told(key)).collect();
        assert!(untold.is_empty(), "docs/configuration.md does not tell of {untold:?}");
    }

    #[test]
    fn the_pages_example_has_no_mistakes() {
        let example = PAGE.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
        let at = Path::new("/etc/jit/jit.toml");
        let judged = config::read_text(example, "page", at, Path::new("/etc/jit"), &wiring::offline_kinds());
        let loaded = judged.unwrap_or_else(|faults| panic!("{faults}"));
        assert_eq!((loaded.rules.roles.len(), loaded.backends.len(), loaded.approvals.len()), (2, 2, 1));
    }
}
