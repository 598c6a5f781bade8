//! What can be seen without the broker: the config file, who else can get at what is this user's, the keyring, the agent.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;

use jit_backend::Finding;
use rustix::process::geteuid;

use super::{Ctx, PartView, bad, good, notice, part, wrong};
use crate::agent::protocol::{self, Answer, Status, TalkError, Verb};
use crate::client::{self, Broker};
use crate::config::keyring::{self, KeyringErrorKind};
use crate::config::{self, LoadError, paths};
use crate::wiring;

/// How long the agent may take to say how it is.
const AT_ONCE: Duration = Duration::from_secs(5);

/// The config file that is meant.
pub(super) fn config(ctx: &Ctx) -> PartView {
    let found = match paths::find(&ctx.env, ctx.global.config.as_deref()) {
        Ok(Some(path)) => path,
        Ok(None) => return part("config", vec![good("there is no config file; a client needs none")]),
        Err(error) => return part("config", vec![wrong(&error.into())]),
    };
    let shown = found.display();
    let systems = found == Path::new(paths::SYSTEM_CONFIG);
    let finding = match config::load(&found, &wiring::offline_kinds()) {
        Ok(_) => good(format!("{shown} has no mistakes, and nobody else can write it")),
        // It may be for the broker's eyes only.
        Err(LoadError::Place(place)) if systems && place.hint.is_none() => notice(place.message, None),
        Err(LoadError::Place(place)) => wrong(&place.into()),
        Err(LoadError::Faults(faults)) => {
            let count = faults.count();
            let mistakes = if count == 1 { "a mistake".to_owned() } else { format!("{count} mistakes") };
            bad(format!("{shown} has {mistakes}"), Some(&format!("jit config check {shown}")))
        }
    };
    part("config", vec![finding])
}

/// What of this user's others must not get at.
pub(super) fn state(ctx: &Ctx) -> Vec<PartView> {
    let places = match ctx.places() {
        Ok(places) => places,
        Err(error) => return vec![part("files", vec![wrong(&error)])],
    };
    let claims = places.state.join("claims");
    let mut findings = Vec::new();
    let mut looked = 0;
    let keys = claims.read_dir().into_iter().flatten().flatten().map(|entry| entry.path());
    for path in [places.state.clone(), places.runtime.clone(), claims.clone()].into_iter().chain(keys) {
        looked += usize::from(path.symlink_metadata().is_ok());
        findings.extend(exposed(&path));
    }
    if findings.is_empty() {
        let what = match looked {
            0 => format!("{} is not there yet; it is made when it is needed", places.state.display()),
            _ => format!("{} and the claim keys in it are this user's alone", places.state.display()),
        };
        findings.push(good(what));
    }
    vec![part("files", findings)]
}

/// Why a path is not this user's alone; `None` where it is, or is not there.
fn exposed(path: &Path) -> Option<Finding> {
    let shown = path.display();
    let meta = path.symlink_metadata().ok()?;
    if meta.uid() != geteuid().as_raw() {
        let remedy = format!("chown {} {shown}, once you know how it came to be", geteuid().as_raw());
        return Some(bad(format!("{shown} belongs to another user (uid {})", meta.uid()), Some(&remedy)));
    }
    let open = meta.mode() & 0o077 != 0 && !meta.is_symlink();
    let mode = if meta.is_dir() { "0700" } else { "0600" };
    open.then(|| {
        let what = format!("{shown} is open to others (mode {:04o})", meta.mode() & 0o7777);
        bad(what, Some(&format!("chmod {mode} {shown}; who read a claim key can claim with a stolen token")))
    })
}

/// The keyring, where something is kept in it. Where not, it is left alone: asking may open a window.
pub(super) async fn keyring(ctx: &Ctx) -> Option<PartView> {
    let mut names = Vec::new();
    if ctx.places().is_ok_and(|places| client::token::is_in_keyring(&places)) {
        names.push(client::token::ENTRY.to_owned());
    }
    // Another broker reads its own user's keyring, which can't be seen from here.
    if matches!(ctx.broker(), Ok(Broker::Embedded)) {
        let found = paths::find(&ctx.env, ctx.global.config.as_deref()).ok().flatten();
        let text = found.and_then(|path| paths::read_config(&path).ok()).map(|vetted| vetted.bytes);
        let table = text.and_then(|bytes| String::from_utf8(bytes).ok()?.parse::<toml::Table>().ok());
        entries(&toml::Value::Table(table.unwrap_or_default()), &mut names);
    }
    if names.is_empty() {
        return None;
    }
    let asked = tokio::task::spawn_blocking(move || {
        let mut findings = Vec::new();
        for name in names {
            match keyring::get(&name) {
                Ok(_) => findings.push(good(format!("the keyring has the entry `{name}`"))),
                Err(error) => {
                    findings.push(bad(error.public.as_str(), None));
                    if matches!(error.kind, KeyringErrorKind::NoKeyring | KeyringErrorKind::Silent) {
                        break;
                    }
                }
            }
        }
        findings
    });
    Some(part("keyring", asked.await.unwrap_or_default()))
}

/// The names of all `{ keyring = "…" }` in a config.
fn entries(value: &toml::Value, names: &mut Vec<String>) {
    match value {
        toml::Value::Table(table) => {
            for (key, value) in table {
                match value.as_str() {
                    Some(name) if key == "keyring" => names.push(name.to_owned()),
                    _ => entries(value, names),
                }
            }
        }
        toml::Value::Array(items) => items.iter().for_each(|item| entries(item, names)),
        _ => {}
    }
}

/// The user's own agent.
pub(super) async fn agent(ctx: &Ctx) -> Option<PartView> {
    let socket = ctx.places().ok()?.agent_socket();
    let asked = tokio::task::spawn_blocking(move || protocol::ask(&socket, Verb::Status, AT_ONCE)).await.ok()?;
    let findings = match asked {
        Ok(Answer::Ok(bytes)) => match serde_json::from_slice::<Status>(&bytes) {
            Ok(status) => running(&status),
            Err(_) => vec![notice("the agent is of another version", Some("jit agent stop; it starts by itself"))],
        },
        Err(TalkError::NoAgent) => vec![good("no agent is running; it starts by itself")],
        Err(error @ TalkError::NotOurs) => {
            vec![bad(error.to_string(), Some("name a private directory of your own in XDG_RUNTIME_DIR"))]
        }
        Ok(_) | Err(TalkError::Broken) => {
            vec![bad("the agent gives no answer", Some("jit agent stop; it starts by itself"))]
        }
    };
    Some(part("agent", findings))
}

fn running(status: &Status) -> Vec<Finding> {
    let held = match status.held.len() {
        0 => "no credential".to_owned(),
        1 => "one credential".to_owned(),
        n => format!("{n} credentials"),
    };
    let mut findings = vec![good(format!("the agent runs as process {} and holds {held}", status.pid))];
    if status.version != crate::api::VERSION {
        let what = format!("the agent is {} and this jit is {}", status.version, crate::api::VERSION);
        findings.push(notice(what, Some("it is replaced when nobody uses it; `jit agent stop` does it now")));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Global;
    use crate::config::Env;
    use jit_backend::FindingKind;
    use std::os::unix::fs::PermissionsExt as _;

    fn ctx(home: &Path) -> Ctx {
        let env = Env { home: Some(home.to_owned()), xdg_runtime_dir: Some(home.join("run")), ..Env::default() };
        Ctx::new(Global { config: Some(home.join("jit.toml")), ..Global::default() }, env)
    }

    fn mode(path: &Path, mode: u32) {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("a mode");
    }

    #[test]
    fn a_claim_key_that_others_can_read_is_found_and_the_chmod_named() {
        let dir = tempfile::tempdir().expect("a directory");
        let ctx = ctx(dir.path());
        let look = || state(&ctx).remove(0).findings;
        assert!(look()[0].what.as_str().contains("not there yet"));
        let claims = dir.path().join(".local/state/jit/claims");
        std::fs::create_dir_all(&claims).expect("a directory");
        for path in [claims.parent().expect("a parent"), &claims] {
            mode(path, 0o700);
        }
        let key = claims.join("req_1");
        std::fs::write(&key, "k").expect("written");
        mode(&key, 0o600);
        assert!(look().iter().all(|f| f.kind == FindingKind::Good), "{:?}", look());
        mode(&key, 0o640);
        let found = look();
        assert_eq!((found.len(), found[0].kind), (1, FindingKind::Bad));
        let remedy = found[0].remedy.as_ref().expect("a remedy").as_str();
        assert!(remedy.starts_with(&format!("chmod 0600 {}", key.display())), "{remedy}");
    }

    #[test]
    fn a_config_with_mistakes_or_open_to_others_is_bad() {
        let dir = tempfile::tempdir().expect("a directory");
        let ctx = ctx(dir.path());
        let file = dir.path().join("jit.toml");
        let look = || config(&ctx).findings.remove(0);
        assert_eq!(look().kind, FindingKind::Bad, "named, and not there");
        std::fs::write(&file, "").expect("written");
        mode(&file, 0o644);
        assert_eq!(look().kind, FindingKind::Good);
        mode(&file, 0o666);
        assert!(look().remedy.expect("a remedy").as_str().starts_with("chmod go-w"));
        mode(&file, 0o644);
        std::fs::write(&file, "x = 1\ny = 2").expect("written");
        assert!(look().what.as_str().ends_with("has 2 mistakes"), "{:?}", look());
    }

    #[test]
    fn every_keyring_entry_that_a_config_names_is_found() {
        let text = "[backends.a]\npassword = { keyring = \"db\" }\n[[x]]\ny = [{ keyring = \"two\" }]\nkeyring = 3";
        let mut names = Vec::new();
        entries(&toml::Value::Table(text.parse().expect("TOML")), &mut names);
        assert_eq!(names, ["db", "two"]);
    }

    #[tokio::test]
    async fn where_no_agent_runs_that_is_no_fault() {
        let dir = tempfile::tempdir().expect("a directory");
        let part = agent(&ctx(dir.path())).await.expect("a part");
        assert_eq!(part.findings[0].kind, FindingKind::Good);
    }
}
