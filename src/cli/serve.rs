//! `jit serve`: the broker of the host shape.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::ctx::Ctx;
use super::exit::{Error, Exit};
use crate::config::{self, Kinds, Loaded, env, paths};
use crate::server::{self, App, Reloader, socket};
use crate::wiring;

/// Options of `jit serve`.
#[derive(clap::Args)]
#[command(after_long_help = AFTER)]
pub(crate) struct Args {
    /// Listens on this Unix socket; `[broker] socket` where it is not given
    #[arg(long, value_name = "PATH")]
    socket: Option<PathBuf>,
    /// Keeps the state in this directory; `[broker] state` where it is not given
    #[arg(long, value_name = "DIRECTORY")]
    state: Option<PathBuf>,
}

const AFTER: &str = "\
Examples:
  jit serve --socket /run/jit/jit.sock
  jit serve --config /etc/jit/jit.toml

Where systemd hands a socket over (LISTEN_FDS), that one is used, and stays when the broker ends.

Callers are known by the OS user at the other end of the socket, or by a token. SIGHUP reads the config anew, as `jit config reload` does. Stop it with SIGTERM: what is under way
is answered, and everything that is due is done when it runs again.

Exit codes:
  0 stopped when told to   1 failure   3 config";

/// Runs the broker until it is told to stop.
pub(super) async fn run(ctx: &Ctx, args: Args) -> Result<Exit, Error> {
    let signals = Signals::take()?;
    let path = paths::find(&ctx.env, ctx.global.config.as_deref())?;
    let path = path.ok_or_else(|| {
        Error::new(Exit::Config, "there is no config file").hint("`jit init` writes one, or name one with --config")
    })?;
    log(ctx.global.verbose);
    let kinds = wiring::kinds(wiring::terminal_out());
    let loaded = config::load(&path, &kinds)?;
    let state = args.state.or_else(|| loaded.broker.state.clone()).unwrap_or_else(|| paths::SYSTEM_STATE.into());
    let socket = args.socket.or_else(|| loaded.broker.socket.clone()).unwrap_or_else(|| paths::SYSTEM_SOCKET.into());
    let config = Config { loaded, kinds, path };
    serve(ctx, config, &paths::absolute(&state)?, &paths::absolute(&socket)?, signals).await
}

/// How long the first look at all targets may hold up the start.
const FIRST_LOOK: std::time::Duration = std::time::Duration::from_secs(3);

/// What the broker runs on.
struct Config {
    loaded: Loaded,
    kinds: Kinds,
    path: PathBuf,
}

/// The signals that the broker hears, from its first moment on: one that came before would end it.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    fn take() -> Result<Self, Error> {
        let one = |kind| signal(kind).map_err(|error| refused("signals can't be taken", &error));
        Ok(Self {
            terminate: one(SignalKind::terminate())?,
            interrupt: one(SignalKind::interrupt())?,
            hangup: one(SignalKind::hangup())?,
        })
    }
}

fn refused(what: &str, error: &std::io::Error) -> Error {
    Error::new(Exit::Failure, format!("{what}: {error}"))
}

async fn serve(ctx: &Ctx, config: Config, state: &Path, socket: &Path, signals: Signals) -> Result<Exit, Error> {
    let Config { loaded, kinds, path } = config;
    let inherited = socket::inherited().map_err(|e| refused("can't listen", &e))?;
    server::raise_descriptors();
    let open =
        wiring::open_house(&loaded, state).await.map_err(|e| Error::new(Exit::Config, e.message).hint(e.hint))?;
    // What is found in the targets is in plan and hash: a claim is not to differ because nobody had looked yet.
    let look = jit_engine::driver::look_at_targets(&open.house);
    let _ = tokio::time::timeout(FIRST_LOOK, look).await;
    let broker = &loaded.broker;
    let bind = || socket::bind(socket, broker.socket_mode.bits(), broker.socket_group.as_deref());
    let handed_over = inherited.is_some();
    let listener =
        inherited.map_or_else(bind, Ok).map_err(|e| refused(&format!("can't listen on {}", socket.display()), &e))?;
    ctx.out.note(format!("jit {} serves {} on {}", crate::api::VERSION, open.house.id(), socket.display()));
    let reloader = Arc::new(Reloader::new(Arc::clone(&open.house), kinds, &path, &loaded));
    let app = App::new(Arc::clone(&open.house), "host", state).reloaded_by(Arc::clone(&reloader));
    if handed_over {
        socket::differs(&listener, broker.socket_mode.bits()).into_iter().for_each(|words| ctx.out.warn(words));
    }
    // Two tasks: a config that takes its time keeps nobody from stopping the broker.
    let Signals { mut terminate, mut interrupt, mut hangup } = signals;
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    let reloads = async move {
        while let Some(()) = hangup.recv().await {
            read_anew(ctx, &reloader).await;
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = server::serve(listener, app, stop) => {}
        () = reloads => {}
    }
    // A socket that was handed over is its owner's: clients wait there for the next broker.
    if !handed_over {
        let _ = std::fs::remove_file(socket);
    }
    Ok(Exit::Done)
}

/// Reads the config anew, as SIGHUP asks for, and says what came of it.
async fn read_anew(ctx: &Ctx, reloader: &Arc<Reloader>) {
    match reloader.reload(None).await {
        Ok(reloaded) => {
            ctx.out.note(format!("the config is in force as it is now ({})", reloaded.revision));
            for key in reloaded.restart {
                ctx.out.warn(format!("`[broker] {key}` has changed; that needs a restart"));
            }
        }
        Err(failure) => {
            ctx.out.error(&failure.into());
            ctx.out.warn("the config from before stays in force");
        }
    }
}

/// The broker's log goes to stderr; `-v` shows more.
pub(crate) fn log(verbose: u8) {
    let colours = std::io::stderr().is_terminal() && env::var_os("NO_COLOR").is_none();
    let level = match verbose {
        0 => "warn",
        1 => "jit=info,jit_engine=info,warn",
        _ => "jit=debug,jit_engine=debug,info",
    };
    let _ = tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new(level))
        .with_writer(std::io::stderr)
        .with_ansi(colours)
        .with_target(false)
        .try_init();
}
