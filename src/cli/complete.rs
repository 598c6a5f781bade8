//! Words for the shell's TAB, as the broker knows them at that moment: roles, parameters, ids of what fits the command.
//!
//! The shell sets `COMPLETE` and hands over the words so far. Nothing is started for it, nobody is asked for anything, and a
//! broker that does not answer at once is not waited for: then only what the command line itself knows is offered.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::CommandFactory as _;
use clap_complete::env::{CompleteEnv, Shells};
use clap_complete::{ArgValueCandidates, ArgValueCompleter, CompletionCandidate};

use super::output::harmless;
use super::{Cli, card};
use crate::agent::protocol::{self, Answer, Status, Verb};
use crate::api::requests::{RequestView, Standing};
use crate::client::{self, Broker, Client, Scope};
use crate::config::{Env, Places, env, paths};

/// How a shell says that it wants words, and for which shell.
const VARIABLE: &str = "COMPLETE";
/// The library's own script for bash has no words with `=` in them.
const BASH: &str = include_str!("complete.bash");
/// How long the shell may be held up.
const PATIENCE: Duration = Duration::from_millis(700);
/// How many requests are looked through.
const MOST: u32 = 200;

/// Answers the shell, where it is a shell that asks.
pub(super) fn answer() -> Option<ExitCode> {
    env::var_os(VARIABLE)?;
    let done = CompleteEnv::with_factory(Cli::command).completer("jit").try_complete(std::env::args_os(), None);
    match done {
        Ok(true) => Some(ExitCode::SUCCESS),
        Ok(false) => None,
        // Set by somebody who meant something else: a silent end would tell nobody.
        Err(error) => {
            drop(error.print());
            Some(ExitCode::FAILURE)
        }
    }
}

/// What a shell runs once so that it asks from then on.
///
/// # Errors
/// When the shell is none that is known, or `to` fails.
pub(super) fn registration(shell: &str, to: &mut dyn std::io::Write) -> std::io::Result<()> {
    if shell == "bash" {
        return to.write_all(BASH.as_bytes());
    }
    let unknown = || std::io::Error::other(format!("no completion is known for `{shell}`"));
    let shells = Shells::builtins();
    shells.completer(shell).ok_or_else(unknown)?.write_registration(VARIABLE, "jit", "jit", "jit", to)
}

/// Roles that the caller may ask for.
pub(super) fn roles() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let found = ask(async |client| client.roles().await.ok()).unwrap_or_default();
        found.into_iter().map(|role| word(role.role.as_str(), role.about.as_str())).collect()
    })
}

/// `NAME=VALUE` of the role that the line names.
pub(super) fn params() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| {
        let (Some(typed), line) = (typed.to_str(), line()) else { return Vec::new() };
        let roles = ask(async |client| client.roles().await.ok()).unwrap_or_default();
        let named = |role: &str| line.iter().any(|word| word == role || word.strip_prefix("--role=") == Some(role));
        let params = roles.into_iter().filter(|role| named(role.role.as_str())).flat_map(|role| role.params);
        let words = params.flat_map(|param| match typed.split_once('=') {
            Some((name, _)) if name == param.name.as_str() => {
                param.choices.iter().map(|choice| word(&format!("{name}={choice}"), "")).collect()
            }
            Some(_) => Vec::new(),
            None => vec![word(&format!("{}=", param.name), param.about.as_str())],
        });
        words.filter(|word| word.get_value().to_string_lossy().starts_with(typed)).collect()
    })
}

/// Own grants that can be used, by their role and by their id.
pub(super) fn held() -> ArgValueCandidates {
    own(|view| matches!(view.standing, Standing::Ready | Standing::Active))
}

/// Own requests that can be taken back.
pub(super) fn pending() -> ArgValueCandidates {
    own(|view| view.standing == Standing::Pending || view.extending().is_some())
}

/// What waits for the caller's decision.
pub(super) fn waiting() -> ArgValueCandidates {
    of(Scope::Waiting, |_| true)
}

/// What others hold.
pub(super) fn grants() -> ArgValueCandidates {
    of(Scope::Open, |view| matches!(view.standing, Standing::Ready | Standing::Active | Standing::Ending))
}

/// Whatever is open, and one's own.
pub(super) fn seen() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let found = ask(async |client| {
            let (open, mine) = tokio::join!(client.requests(Scope::Open, MOST), client.requests(Scope::Mine, MOST));
            let lists = [open.ok(), mine.ok()].into_iter().flatten();
            Some(lists.flat_map(|list| list.requests).collect::<Vec<_>>())
        });
        let mut words: Vec<_> = found.unwrap_or_default().iter().map(by_id).collect();
        words.sort();
        words.dedup();
        words
    })
}

/// People who have something open, and roles.
pub(super) fn lockable() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let found = ask(async |client| {
            let (open, roles) = tokio::join!(client.requests(Scope::Open, MOST), client.roles());
            let people = open.ok().into_iter().flat_map(|list| list.requests).filter_map(|view| view.requester);
            let mut words: Vec<_> = people.map(|person| word(person.as_str(), "")).collect();
            words.extend(roles.ok()?.into_iter().map(|role| word(role.role.as_str(), role.about.as_str())));
            Some(words)
        });
        let mut words = found.unwrap_or_default();
        words.sort();
        words.dedup();
        words
    })
}

/// Own tokens that hold.
pub(super) fn tokens() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let found = ask(async |client| client.tokens().await.ok());
        let holds = found.into_iter().flat_map(|list| list.tokens).filter(|token| token.revoked.is_none());
        holds.map(|token| word(&token.id.to_string(), &token.label)).collect()
    })
}

fn own(fits: fn(&RequestView) -> bool) -> ArgValueCandidates {
    ArgValueCandidates::new(move || {
        let list = ask(async |client| client.requests(Scope::Mine, MOST).await.ok());
        let fitting: Vec<_> = list.into_iter().flat_map(|list| list.requests).filter(fits).collect();
        let alone = |view: &&RequestView| fitting.iter().filter(|other| other.role == view.role).count() == 1;
        let by_role = fitting.iter().filter(alone).map(|view| word(view.role.as_str(), &about(view)));
        by_role.chain(fitting.iter().map(by_id)).collect()
    })
}

fn of(scope: Scope, fits: fn(&RequestView) -> bool) -> ArgValueCandidates {
    ArgValueCandidates::new(move || {
        let list = ask(async |client| client.requests(scope, MOST).await.ok());
        list.into_iter().flat_map(|list| list.requests).filter(fits).map(|view| by_id(&view)).collect()
    })
}

fn by_id(view: &RequestView) -> CompletionCandidate {
    word(&view.id.to_string(), &about(view))
}

/// Whose it is, what, and how long: what tells one id from another.
fn about(view: &RequestView) -> String {
    let who = if view.mine { String::new() } else { format!("{}: ", card::person(view.requester.as_ref())) };
    let params = card::params(&view.params);
    let (standing, _) = card::standing(view.standing);
    [format!("{who}{}", view.role), params, standing.to_owned(), card::left(view)]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// A word with what it means. Shells put it on the line as it is, so that what any of them would read otherwise, as a quote, a
/// pattern or a command, is not offered.
fn word(value: &str, about: &str) -> CompletionCandidate {
    let plain = |c: char| c.is_alphanumeric() || "._@:=/+,%-".contains(c);
    let value = if value.chars().all(plain) { value } else { "" };
    let about = harmless(about);
    let help = (!about.is_empty()).then(|| about.into());
    CompletionCandidate::new(value).help(help).hide(value.is_empty())
}

/// The words so far, without the program's own name.
fn line() -> Vec<String> {
    let words = std::env::args_os().skip_while(|word| word != "--").skip(2);
    words.filter_map(|word| OsString::into_string(word).ok()).collect()
}

/// Asks the broker that the line, or the environment, means; `None` where it does not answer.
fn ask<T>(question: impl AsyncFnOnce(&Client) -> Option<T>) -> Option<T> {
    let client = client(&line())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
    runtime.block_on(async { tokio::time::timeout(PATIENCE, question(&client)).await.ok().flatten() })
}

fn client(line: &[String]) -> Option<Client> {
    let env = Env::read();
    let option = |name: &str| {
        let mut words = line.iter().skip_while(|word| *word != name && !word.starts_with(&format!("{name}=")));
        let found = words.next()?;
        let value = found.split_once('=').map(|(_, value)| value.to_owned()).or_else(|| words.next().cloned());
        value.map(PathBuf::from)
    };
    let (broker, config) = (option("--broker"), option("--config"));
    let socket = match client::find::find(&env, broker.as_deref(), config.as_deref()).ok()? {
        Broker::Socket(socket) => socket,
        Broker::Embedded => {
            let config = paths::find(&env, config.as_deref()).ok().flatten()?;
            let agent = Places::of(&env).ok()?.agent_socket();
            let Ok(Answer::Ok(bytes)) = protocol::ask(&agent, Verb::Status, PATIENCE) else { return None };
            let status: Status = serde_json::from_slice(&bytes).ok()?;
            status.broker.filter(|_| status.config == Some(config))?
        }
    };
    // A keyring is left alone: asking it may open a window.
    let token = client::token::find(env, None).ok()?;
    Client::new(&socket, token).ok()
}
