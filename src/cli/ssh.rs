//! `jit ssh`: logs in with a temporary certificate, whatever lies in the user's own agent.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use jit_types::FormKind;

use super::child::{self, Run, Signals};
use super::exit::{Error, Exit};
use super::form;
use super::form::private::{PrivateDir, write_named};
use super::renew::Renew;
use super::take::{self, AskArgs, InUse, Taken};
use super::{Ctx, text};
use crate::agent::held::Held;
use crate::api::requests::{RequestView, Standing};
use crate::client::Scope;
use crate::config::env;

/// Options of `jit ssh`.
#[derive(clap::Args)]
#[command(after_long_help = AFTER)]
pub(super) struct Args {
    /// The host, and before it the grant, where more than one could be meant; with --add or --files only the grant
    #[arg(value_name = "[GRANT] HOST", num_args = 0..=2)]
    words: Vec<String>,
    #[command(flatten)]
    ask: AskArgs,
    /// Puts key and certificate into your ssh-agent instead, which must promise to forget them in time
    #[arg(long, conflicts_with = "files")]
    add: bool,
    /// Writes key, certificate and a config for `ssh -F` into this directory instead; never over a file of yours
    #[arg(long, value_name = "DIRECTORY")]
    files: Option<PathBuf>,
    /// What follows is given to ssh after the host
    #[arg(last = true, value_name = "ARGUMENTS", conflicts_with_all = ["add", "files"])]
    args: Vec<OsString>,
}

const AFTER: &str = "\
The certificate is offered first and alone, so that old ones in your ssh-agent don't use up the server's tries.

Examples:
  jit ssh web-1.prod.example.com
  jit ssh gr_01jb2k… web-1.prod.example.com -- uptime
  jit ssh --role shell --for 30m --reason \"INC-42 disk full\" web-1.prod.example.com
  jit ssh --add shell
  jit ssh --files ~/.jit-keys shell

Exit codes:
  ssh's own: the remote command's, or 255   1 no certificate is held   2 usage   5 denied   6 lapsed or ended
  7 broker unavailable   8 not decided yet";

/// Runs the command.
pub(super) async fn run(ctx: &Ctx, args: Args) -> Result<Exit, Error> {
    let login = !args.add && args.files.is_none();
    let (grant, host) = words(&args, login)?;
    let named = match (grant, &args.ask.role) {
        (None, None) => Some(the_one(ctx).await?),
        (grant, _) => grant.map(str::to_owned),
    };
    let taken = take::take(ctx, named.as_deref(), &args.ask).await?;
    if form::ssh::keys(&taken.all()).next().is_none() {
        return Err(
            Error::new(Exit::Failure, "this grant gives no SSH certificate").hint("`jit roles` says what a role gives")
        );
    }
    match (&args.files, host) {
        (Some(dir), _) => files(ctx, &taken, dir),
        (None, None) => add(ctx, &taken),
        (None, Some(host)) => log_in(ctx, &taken, host, &args.args).await,
    }
}

/// Which of the words is the grant, and which the host.
fn words(args: &Args, login: bool) -> Result<(Option<&str>, Option<&str>), Error> {
    let missing = || Error::usage("HOST", "no host is named").hint("as in: jit ssh web-1.prod.example.com");
    match (args.words.as_slice(), login) {
        ([host], true) => Ok((None, Some(host))),
        ([grant, host], true) => Ok((Some(grant), Some(host))),
        ([], true) => Err(missing()),
        ([], false) => Ok((None, None)),
        ([grant], false) => Ok((Some(grant), None)),
        _ => Err(Error::usage("HOST", "there is a word too many").hint("--add and --files take a grant and no host")),
    }
}

/// The one grant that is held and gives a certificate.
async fn the_one(ctx: &Ctx) -> Result<String, Error> {
    let mine = ctx.client().await?.requests(Scope::Mine, 100).await?.requests;
    let fits = |view: &&RequestView| {
        matches!(view.standing, Standing::Ready | Standing::Active)
            && view.gives.iter().any(|gives| gives.form == FormKind::Ssh)
    };
    let found: Vec<&RequestView> = mine.iter().filter(fits).collect();
    match found.as_slice() {
        [one] => Ok(one.id.to_string()),
        [] => Err(Error::new(Exit::Failure, "you hold no grant that gives an SSH certificate")
            .hint("ask for one: jit ssh --role ROLE --reason … HOST")),
        [first, second, ..] => {
            let message = format!("more than one grant gives a certificate: {} and {}", first.id, second.id);
            Err(Error::usage("GRANT", message).hint("name the one that you mean, before the host"))
        }
    }
}

async fn log_in(ctx: &Ctx, taken: &Taken, host: &str, args: &[OsString]) -> Result<Exit, Error> {
    let (grant, _) = taken.grant()?;
    let in_use = InUse::begin(ctx, grant, taken.filed)?;
    let signals = Signals::take()?;
    let ended = in_private(ctx, &taken.held, host, args, signals).await;
    if in_use.end() {
        take::release(ctx, taken).await.unwrap_or_else(|error| ctx.out.warn(error.message));
    }
    ended.map(Exit::Child)
}

async fn in_private(ctx: &Ctx, held: &[Held], host: &str, args: &[OsString], signals: Signals) -> Result<u8, Error> {
    let dir = PrivateDir::make(&ctx.places()?)?;
    let all: Vec<&Held> = held.iter().collect();
    // `user@host` is for ssh; the pattern in the config is the host's.
    let pattern = host.rsplit_once('@').map_or(host, |(_, host)| host);
    dir.write(&form::ssh::files(&all, dir.path(), Some(pattern))?)?;
    let path = |name: &str| dir.path().join(name).into_os_string();
    let option = |name: &str, value: OsString| {
        let mut text = OsString::from(format!("{name}="));
        text.push(value);
        text
    };
    let mut command: Vec<OsString> = vec!["ssh".into(), "-F".into(), path(form::ssh::CONFIG)];
    // On the command line too, so that no config that is included can put anything before them.
    command.extend(["-o".into(), "IdentitiesOnly=yes".into()]);
    command.extend(["-o".into(), option("CertificateFile", path("id_jit-cert.pub")), "-i".into(), path("id_jit")]);
    command.push(host.into());
    command.extend_from_slice(args);
    let put = |held: &[&Held]| dir.rewrite(&form::ssh::files(held, dir.path(), Some(pattern))?);
    let renew = Renew::new(ctx, held, &put)?;
    child::run(ctx, Run { command: &command, variables: Vec::new(), held, renew }, signals).await
}

fn add(ctx: &Ctx, taken: &Taken) -> Result<Exit, Error> {
    let socket = env::var("SSH_AUTH_SOCK").ok_or_else(|| {
        Error::new(Exit::Failure, "no ssh-agent is named in SSH_AUTH_SOCK")
            .hint("start one (`eval $(ssh-agent)`), or use `jit ssh HOST`, which needs none")
    })?;
    let now = ctx.now();
    let with_key = taken.held.iter().filter(|held| matches!(held.form, jit_types::Form::Ssh(_)));
    for held in with_key {
        let left = held.local_end().since(now);
        // A lifetime of zero would mean for ever.
        let seconds = u32::try_from(left.secs()).ok().filter(|seconds| *seconds > 0);
        let seconds = seconds.ok_or_else(|| Error::new(Exit::Over, "the certificate has ended"))?;
        for (form, key) in form::ssh::keys(&[held]) {
            let comment = format!("jit {} {}", held.role, held.grant);
            form::ssh_agent::add(Path::new(&socket), form, key, seconds, &comment)?;
        }
        ctx.out.note(format!("{} is in your ssh-agent, for {}", held.role, text::about(left)));
    }
    Ok(Exit::Done)
}

fn files(ctx: &Ctx, taken: &Taken, dir: &Path) -> Result<Exit, Error> {
    let dir = crate::config::paths::absolute(dir)?;
    let written = write_named(&dir, &form::ssh::files(&taken.all(), &dir, None)?)?;
    ctx.out
        .line(format!("ssh -F {}", form::quote::posix(&written.join(form::ssh::CONFIG).to_string_lossy())?.as_str()))?;
    ctx.out.note("the files are yours to remove; the certificate in them ends by itself");
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    #[derive(clap::Parser)]
    struct Only {
        #[command(flatten)]
        args: Args,
    }

    #[test]
    fn the_host_is_the_last_word_and_the_grant_the_one_before() {
        let read = |line: &str| {
            let args = Only::try_parse_from(line.split(' ')).expect("a command line").args;
            let login = !args.add && args.files.is_none();
            words(&args, login).map(|(g, h)| (g.map(str::to_owned), h.map(str::to_owned))).map_err(|e| e.exit)
        };
        let both = |g: Option<&str>, h: Option<&str>| Ok((g.map(str::to_owned), h.map(str::to_owned)));
        assert_eq!(read("ssh h"), both(None, Some("h")));
        assert_eq!(read("ssh gr h -- -v uptime"), both(Some("gr"), Some("h")));
        assert_eq!(read("ssh --add gr"), both(Some("gr"), None));
        assert_eq!(read("ssh --files /d"), both(None, None));
        assert_eq!(read("ssh"), Err(Exit::Usage));
        assert_eq!(read("ssh --add gr h"), Err(Exit::Usage));
    }
}
