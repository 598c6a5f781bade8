//! `jit backend setup`: runs, or prints, what a target needs for all that the roles give there.

use std::path::PathBuf;

use jit_types::{BackendName, HouseId, Secret};

use super::{Ctx, Error, Exit, scopes};
use crate::cli::ask;
use crate::config::env;
use crate::state;

/// Options of `jit backend setup`.
#[derive(clap::Args)]
#[command(after_long_help = AFTER)]
pub(super) struct Args {
    /// The backend, as in [backends.NAME]
    name: BackendName,
    /// Who sets it up: a role's name at the config's url, or a url of their own, without a password
    #[arg(long, value_name = "URL", conflicts_with = "admin_env")]
    admin: Option<String>,
    /// The environment variable with that url, in which a password may stand
    #[arg(long, value_name = "VARIABLE")]
    admin_env: Option<String>,
    /// Prints what would be run, and changes nothing
    #[arg(long)]
    print: bool,
    /// The target's major version, where it is printed without asking the target
    #[arg(long, value_name = "MAJOR", requires = "print", value_parser = clap::value_parser!(u32).range(12..=99))]
    major: Option<u32>,
    /// The broker's state directory, which says whose house it is; the config says which where it is not given
    #[arg(long, value_name = "DIRECTORY", conflicts_with = "house")]
    state: Option<PathBuf>,
    /// The house, where its state is not on this machine; `jit status` names it
    #[arg(long, value_name = "ID")]
    house: Option<HouseId>,
}

const AFTER: &str = "\
It is made from what all roles give on this backend, so run it again when a role has changed. What is as it should be stays as it
is. What is run in one database is one transaction. Without --print it shows everything first, and asks; --yes is for pipes.

Examples:
  jit backend setup shop --print --major 16 > setup.sql
  sudo jit backend setup shop --admin 'postgres://postgres@/postgres?host=/run/postgresql'
  ADMIN_URL='postgres://postgres:…@db.internal/postgres?sslrootcert=system' jit backend setup shop --admin-env ADMIN_URL --yes

Exit codes:
  0 it is set up, or printed   1 it was refused by the target, or not wanted   2 usage   3 config   7 the target is unavailable";

/// What a script is printed for where nobody says.
const USUAL_MAJOR: u32 = 16;

/// Runs the command.
pub(super) async fn run(ctx: &Ctx, args: Args) -> Result<Exit, Error> {
    let loaded = super::loaded(ctx)?;
    let config = loaded.backends.get(&args.name).ok_or_else(|| {
        Error::usage("NAME", format!("there is no backend `{}`", args.name)).hint("`jit backend list` shows them")
    })?;
    let setup = config.setup().ok_or_else(|| {
        Error::usage("NAME", format!("nothing is run in `{}` to set it up", args.name))
            .hint("`jit init` and the documentation of its kind say what it needs")
    })?;
    let administrator = administrator(&args)?;
    let house = house(ctx, &args)?;
    let wanted = scopes::all(&loaded.rules, &args.name);
    for left in &wanted.left {
        ctx.out.warn(format!("not set up: {left}"));
    }
    let version = match (&administrator, args.major) {
        (None, major) => major.unwrap_or(USUAL_MAJOR),
        (Some(administrator), _) => setup.version(administrator).await.map_err(failed)?,
    };
    let script = setup.script(house, version, &wanted.scopes).map_err(failed)?;
    let Some(administrator) = administrator.filter(|_| !args.print) else {
        if ctx.out.json() {
            ctx.out.object(
                &serde_json::json!({ "house": house, "version": version, "script": script, "left": wanted.left }),
            )?;
        } else {
            ctx.out.line(script.trim_end())?;
        }
        return Ok(Exit::Done);
    };
    if !ctx.global.yes {
        if !ctx.out.asks {
            return Err(Error::usage("--yes", "there is nobody here to ask").hint("look with --print, then say --yes"));
        }
        ctx.out.note(&script);
        if !ask::confirm(&format!("Run this in `{}`?", args.name), false)? {
            return Err(Error::new(Exit::Failure, "nothing was run"));
        }
    }
    let done = setup.carry_out(&administrator, house, version, &wanted.scopes).await.map_err(failed)?;
    if ctx.out.json() {
        ctx.out
            .object(&serde_json::json!({ "house": house, "version": version, "done": done, "left": wanted.left }))?;
    } else {
        for why in &done {
            ctx.out.note(why);
        }
        ctx.out.line(format!("{} is set up: {} steps", args.name, done.len()))?;
    }
    Ok(Exit::Done)
}

/// Who sets it up; nobody where it is only printed.
fn administrator(args: &Args) -> Result<Option<Secret>, Error> {
    if let Some(name) = &args.admin_env {
        let found = env::var(name).map(Secret::new);
        return found.map(Some).ok_or_else(|| {
            let name = crate::cli::output::harmless(name);
            Error::usage("--admin-env", format!("the variable `{name}` is not set")).hint("put the url into it")
        });
    }
    let Some(url) = &args.admin else {
        return if args.print {
            Ok(None)
        } else {
            Err(Error::usage("--admin", "nobody is named who may set it up")
                .hint("name them with --admin or --admin-env, or see with --print what they would run"))
        };
    };
    let authority = url.split_once("://").map_or("", |(_, rest)| rest.split(['/', '?']).next().unwrap_or(""));
    if authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':')) {
        return Err(Error::usage("--admin", "a password in an argument can be read by everybody on this machine")
            .hint("put the url into an environment variable, and name it with --admin-env"));
    }
    Ok(Some(Secret::new(url.clone())))
}

/// Whose house it is. Never minted here: the broker would have another.
fn house(ctx: &Ctx, args: &Args) -> Result<HouseId, Error> {
    if let Some(house) = args.house {
        return Ok(house);
    }
    let directory = crate::cli::backup::state_directory(ctx, args.state.as_deref())?;
    let missing = || {
        Error::new(Exit::Config, format!("no house can be seen in {}", directory.display()))
            .hint("run it as who may read the broker's state, name that with --state, or the house with --house")
    };
    if !directory.join(state::HOUSE).is_file() {
        return Err(missing());
    }
    state::house_id(&directory).map_err(|_| missing())
}

/// What the target, or the config, has against it.
fn failed(error: jit_backend::Error) -> Error {
    let exit = match error.kind {
        jit_backend::ErrorKind::Unreachable | jit_backend::ErrorKind::Unfinished => Exit::Unavailable,
        jit_backend::ErrorKind::Misconfigured => Exit::Config,
        jit_backend::ErrorKind::Bug => Exit::Bug,
        _ => Exit::Failure,
    };
    let internal = error.internal.as_str();
    let failed = Error::new(exit, error.public.as_str());
    if internal.is_empty() { failed } else { failed.hint(format!("what helps to find out why: {internal}")) }
}
