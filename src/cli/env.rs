//! `jit env`: statements for a shell that set a grant's variables.

use std::path::{Path, PathBuf};

use super::form::private::write_named;
use super::form::quote::Shell;
use super::form::{self, FormError, Variable};
use super::{Ctx, Error, Exit, complete, take};
use crate::config::env;

/// Every variable that this command may set; `--unset` takes them all away.
const ALL: [&str; 16] = [
    "PGHOST",
    "PGPORT",
    "PGUSER",
    "PGDATABASE",
    "PGSSLMODE",
    "PGSSLROOTCERT",
    "PGCHANNELBINDING",
    "PGPASSWORD",
    "PGPASSFILE",
    "PGSERVICEFILE",
    "GIT_SSH_COMMAND",
    "JIT_SSH_CONFIG",
    "JIT_GRANT",
    "JIT_ROLE",
    "JIT_GRANT_END",
    "JIT_GRANT_END_ISO",
];

/// Options of `jit env`.
#[derive(clap::Args)]
#[command(after_long_help = AFTER)]
pub(super) struct Args {
    /// A grant that you hold, by its id or its role
    #[arg(required_unless_present = "unset", add = complete::held())]
    grant: Option<String>,
    /// For which shell; the one that SHELL names where it is not given
    #[arg(long, value_enum)]
    shell: Option<Shell>,
    /// Writes passwords and keys into files in this directory, which are yours to remove; never over a file of yours
    #[arg(long, value_name = "DIRECTORY")]
    files: Option<PathBuf>,
    /// Prints what takes the variables away again
    #[arg(long, conflicts_with_all = ["grant", "files"])]
    unset: bool,
}

const AFTER: &str = "\
For prompts, JIT_GRANT_END holds the end as seconds since the epoch, JIT_GRANT_END_ISO as a date. A certificate needs
files: name a directory for them, or use `jit ssh`, `jit ssh --add` or `jit exec`.

Examples:
  eval \"$(jit env db-read)\"
  jit env db-read --shell fish | source
  eval \"$(jit env shell --files ~/.jit-keys)\"
  eval \"$(jit env --unset)\"

Exit codes:
  0 done   1 not held, or not to be had as variables   5 denied   6 lapsed or ended   7 broker unavailable
  8 not decided yet";

/// Runs the command.
pub(super) async fn run(ctx: &Ctx, args: Args) -> Result<Exit, Error> {
    let shell = args.shell.unwrap_or_else(|| Shell::of_path(&env::var("SHELL").unwrap_or_default()));
    let Some(of) = args.grant.as_deref().filter(|_| !args.unset) else {
        let all: String = ALL.iter().map(|name| shell.unset(name)).collect();
        ctx.out.bytes(all.as_bytes())?;
        return Ok(Exit::Done);
    };
    let held = take::held(ctx, of).await?;
    let held: Vec<_> = held.iter().collect();
    let variables = match &args.files {
        Some(dir) => in_files(&held, dir)?,
        None => {
            let without = held.len() - form::ssh::keys(&held).count();
            if without == 0 {
                return Err(Error::new(Exit::Failure, "a certificate can't be had as variables alone")
                    .hint("name a directory with --files, or use `jit ssh`, `jit ssh --add` or `jit exec`"));
            }
            form::environment(&held)
        }
    };
    ctx.out.bytes(statements(shell, &variables)?.as_bytes())?;
    if ctx.out.stdout_tty {
        ctx.out.note("this is for a shell to read:  eval \"$(jit env …)\"");
    }
    Ok(Exit::Done)
}

fn in_files(held: &[&crate::agent::held::Held], dir: &Path) -> Result<Vec<Variable>, Error> {
    let dir = crate::config::paths::absolute(dir)?;
    let kit = form::kit(held, &dir)?;
    write_named(&dir, &kit.files)?;
    Ok(kit.variables)
}

/// What a shell is to read: first away with what would win over it, then the variables.
fn statements(shell: Shell, variables: &[Variable]) -> Result<zeroize::Zeroizing<String>, FormError> {
    let mut out = zeroize::Zeroizing::new(String::with_capacity(8192));
    let set = |name: &str| variables.iter().any(|variable| variable.name == name);
    if set("PGHOST") {
        for name in form::postgres::UNSET.iter().filter(|name| !set(name)) {
            out.push_str(&shell.unset(name));
        }
    }
    for variable in variables {
        out.push_str(&shell.export(variable.name, variable.value.expose_secret())?);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::held::tests::postgres;

    #[test]
    fn every_variable_that_is_set_can_be_taken_away() {
        let (a, b) = (postgres(0, 60_000), postgres(0, 60_000));
        let ssh = crate::agent::held::tests::ssh(0, 60_000, 60_000, "KEY", "CERT");
        let kit = form::kit(&[&a, &b, &ssh], Path::new("/d")).expect("a kit");
        let all = kit.variables.iter().chain(&form::environment(&[&a])).map(|v| v.name).collect::<Vec<_>>();
        assert!(all.iter().all(|name| ALL.contains(name)), "{all:?}");
    }

    #[test]
    fn what_would_win_is_taken_away_first() {
        let held = postgres(0, 60_000);
        let text = statements(Shell::Sh, &form::environment(&[&held])).expect("statements");
        let away = text.find("unset PGPASSFILE").expect("taken away");
        assert!(away < text.find("export PGPASSWORD").expect("set"));
        assert!(!text.contains("unset PGPASSWORD"));
        let fish = statements(Shell::Fish, &form::environment(&[&held])).expect("statements");
        assert!(fish.contains("set -e PGSERVICE;\n") && fish.contains("set -gx PGHOST 'db.example.com';\n"));
    }
}
