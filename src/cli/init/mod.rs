//! `jit init`: writes a config that is sound, mints the house, and says what each target needs.

mod answers;
mod make;
mod tell;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use jit_types::{HouseId, PersonId};

use super::{Ctx, Error, Exit};
use crate::config::template::{self, Answers};
use crate::config::{self, paths};
use crate::wiring;

/// Options of `jit init`.
#[derive(clap::Args, Clone, Debug, Default)]
#[command(after_long_help = AFTER)]
pub(super) struct Args {
    /// For everybody on this machine: a broker of its own, with its config in /etc/jit
    #[arg(long)]
    system: bool,
    /// Puts config, state and keys into this directory
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// The account that the broker will run as, with --system; the one that runs this where it is not given
    #[arg(long, value_name = "ACCOUNT", requires = "system")]
    run_as: Option<String>,
    /// Who may ask, by a name that stays, and their account on this machine; once for each
    #[arg(long, value_name = "NAME[=ACCOUNT]")]
    person: Vec<Named>,
    /// Who may say yes; once for each
    #[arg(long, value_name = "NAME[=ACCOUNT]")]
    approver: Vec<Named>,
    /// Who may revoke, lock and read everybody's record; once for each
    #[arg(long, value_name = "NAME[=ACCOUNT]")]
    administrator: Vec<Named>,
    /// Gives logins to SSH hosts as this account
    #[arg(long, value_name = "ACCOUNT", help_heading = "SSH")]
    ssh_account: Option<String>,
    /// Those hosts, as in "web-*.internal"; once for each
    #[arg(long, value_name = "PATTERN", requires = "ssh_account", help_heading = "SSH")]
    ssh_host: Vec<String>,
    /// Signs with this CA key, which is there already; a new one is made where it is not given
    #[arg(long, value_name = "FILE", requires = "ssh_account", help_heading = "SSH")]
    ssh_ca: Option<PathBuf>,
    /// Publishes the revocation list in this file; beside the state where it is not given
    #[arg(long, value_name = "FILE", requires = "ssh_account", help_heading = "SSH")]
    ssh_krl: Option<PathBuf>,
    /// Gives logins to a PostgreSQL: the broker's own connection, without a password
    #[arg(long, value_name = "URL", help_heading = "PostgreSQL")]
    postgres: Option<String>,
    /// The database that they are for
    #[arg(long, value_name = "NAME", requires = "postgres", help_heading = "PostgreSQL")]
    postgres_database: Option<String>,
    /// The role that they become members of; once for each
    #[arg(long, value_name = "ROLE", requires = "postgres", help_heading = "PostgreSQL")]
    postgres_member: Vec<String>,
    /// The private file with the password of the broker's own connection
    #[arg(long, value_name = "FILE", requires = "postgres", help_heading = "PostgreSQL")]
    postgres_password_file: Option<PathBuf>,
    /// The server's major version, for which the SQL is printed
    #[arg(long, value_name = "MAJOR", requires = "postgres", default_value_t = 16, help_heading = "PostgreSQL")]
    #[arg(value_parser = clap::value_parser!(u32).range(12..=99))]
    postgres_version: u32,
    /// How the broker makes logins: through functions for 15, by its own CREATEROLE later, where it is not given
    #[arg(long, value_name = "WAY", requires = "postgres", help_heading = "PostgreSQL")]
    postgres_through: Option<Through>,
}

const AFTER: &str = "\
On a terminal it asks for what was not said; elsewhere a missing answer is an error. Nothing that is there is written over.
The config passes `jit config check` as it is written; `docs/configuration.md` has every key.

Examples:
  jit init
  jit init --person alice@example.com --ssh-account deploy --ssh-host 'web-*.internal'
  jit init --system --run-as jit --person alice@example.com=alice --approver bob@example.com=bob \\
    --administrator bob@example.com --postgres 'postgres://jit@db.internal/postgres?sslrootcert=system' \\
    --postgres-database shop --postgres-member reader --postgres-password-file /etc/jit/db-password
  jit init --dir ./trial --person me@example.com --ssh-account deploy --output json | jq -r .sshd_config

Exit codes:
  0 done   1 something is there already, or can't be written   2 an answer is missing or wrong";

/// How the broker makes logins in a PostgreSQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Through {
    /// Through functions that bound them; the broker's role needs no CREATEROLE
    Functions,
    /// By the broker's own CREATEROLE
    Createrole,
}

impl Through {
    /// On 15 CREATEROLE is as good as the server.
    fn usual(major: u32) -> Self {
        if major < 16 { Self::Functions } else { Self::Createrole }
    }
}

/// A person and, where it was said, their account.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Named {
    id: PersonId,
    account: Option<String>,
}

impl std::str::FromStr for Named {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (id, account) = match text.split_once('=') {
            Some((_, "")) => return Err("the account after the = is empty".to_owned()),
            Some((id, account)) => (id, Some(account.to_owned())),
            None => (text, None),
        };
        let id = id.parse().map_err(|error| format!("{error}"))?;
        Ok(Self { id, account })
    }
}

/// Where everything goes.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Layout {
    config: PathBuf,
    state: PathBuf,
    ca: PathBuf,
    krl: PathBuf,
    socket: Option<PathBuf>,
}

impl Layout {
    fn of(ctx: &Ctx, args: &Args) -> Result<Self, Error> {
        let (directory, state, socket) = match (&args.dir, args.system) {
            (Some(dir), system) => {
                let dir = paths::absolute(dir)?;
                (dir.clone(), dir.join("state"), system.then(|| dir.join("run/jit.sock")))
            }
            (None, true) => {
                let config = Path::new(paths::SYSTEM_CONFIG);
                let directory = config.parent().unwrap_or(Path::new("/"));
                (directory.to_owned(), paths::SYSTEM_STATE.into(), Some(paths::SYSTEM_SOCKET.into()))
            }
            (None, false) => {
                let places = ctx.places()?;
                (places.config, places.state, None)
            }
        };
        let ca = args.ssh_ca.as_deref().map(paths::absolute).transpose()?;
        let krl = args.ssh_krl.as_deref().map(paths::absolute).transpose()?;
        Ok(Self {
            config: directory.join("jit.toml"),
            ca: ca.unwrap_or_else(|| directory.join("ssh_ca")),
            krl: krl.unwrap_or_else(|| state.join("jit.krl")),
            state,
            socket,
        })
    }
}

/// Runs the command.
pub(super) async fn run(ctx: &Ctx, args: Args) -> Result<Exit, Error> {
    let layout = Layout::of(ctx, &args)?;
    let made = init(ctx, args, &layout)?;
    tell::tell(ctx, &made)?;
    Ok(Exit::Done)
}

fn init(ctx: &Ctx, args: Args, layout: &Layout) -> Result<tell::Made, Error> {
    // Before anything is asked: nobody answers ten questions to hear that it was for nothing.
    make::nothing_there(layout, args.ssh_ca.is_none() && args.ssh_account.is_some())?;
    let args = if ctx.out.asks { answers::ask(ctx, args)? } else { args };
    let answers = answers::answers(&args, layout)?;
    let text = template::write(&answers);
    sound(&text, layout)?;
    let sql = |house| {
        let postgres = answers.postgres.as_ref();
        postgres.map(|postgres| tell::sql(postgres, args.postgres_version, house)).transpose()
    };
    // Names that are none are found before anything is made.
    sql(HouseId::from_parts(ctx.now(), [0; 10]))?;
    let made = make::make(&args, &answers, layout, &text)?;
    Ok(tell::Made { sql: sql(made.house)?, ..made })
}

/// What is written must pass `jit config check`; what does not is an answer that was wrong.
fn sound(text: &str, layout: &Layout) -> Result<(), Error> {
    let base = layout.config.parent().unwrap_or(Path::new("/"));
    let judged = config::read_text(text, "jit.toml", &layout.config, base, &wiring::offline_kinds());
    judged.map(drop).map_err(|faults| {
        let all: Vec<String> =
            faults.placed().into_iter().map(|f| format!("{}: {} ({})", f.key, f.rule, f.remedy)).collect();
        Error::new(Exit::Usage, format!("these answers make no sound config:\n{}", all.join("\n")))
            .hint("nothing was written; correct them and run it again")
    })
}

/// An answer that is missing where nobody can be asked.
fn missing(flag: &str, what: &str) -> Error {
    Error::usage(flag, format!("{flag} is missing: {what}"))
        .hint(format!("say it with {flag}, or run `jit init` in a terminal to be asked"))
}

/// A part of [`Answers`] that several files build.
type Host = template::AnswerSsh;
