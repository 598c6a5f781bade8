//! Which broker is meant.

use std::path::{Path, PathBuf};

use crate::config::paths::{self, SYSTEM_CONFIG, SYSTEM_SOCKET};
use crate::config::{Env, PlaceError};

/// Where the broker is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broker {
    /// Behind this socket.
    Socket(PathBuf),
    /// In this user's own agent, which is started where it does not run.
    Embedded,
}

/// Says which broker is meant: `--broker`, then `JIT_BROKER`, then `[broker] socket` of the config file, then the
/// system's, where the machine has one and the user no config of their own; else the user's own agent.
///
/// # Errors
/// When a path is not absolute, or the config file can't be trusted or read.
pub fn find(env: &Env, flag: Option<&Path>, config: Option<&Path>) -> Result<Broker, PlaceError> {
    if let Some(flag) = flag {
        return paths::absolute(flag).map(Broker::Socket);
    }
    if let Some(named) = &env.broker {
        if !named.starts_with('/') {
            return Err(bad("JIT_BROKER is not an absolute path to a socket", "write it from the root"));
        }
        return Ok(Broker::Socket(PathBuf::from(named)));
    }
    let Some(file) = paths::find(env, config)? else { return Ok(system()) };
    let systems = file == Path::new(SYSTEM_CONFIG);
    match socket_in(&file) {
        Ok(Some(socket)) => Ok(Broker::Socket(socket)),
        Ok(None) if systems => Ok(Broker::Socket(PathBuf::from(SYSTEM_SOCKET))),
        Ok(None) => Ok(Broker::Embedded),
        // The system's config may be for the broker's eyes only; its socket is where such sockets are.
        Err(_) if systems && Path::new(SYSTEM_SOCKET).exists() => Ok(Broker::Socket(PathBuf::from(SYSTEM_SOCKET))),
        Err(error) => Err(error),
    }
}

fn system() -> Broker {
    let socket = Path::new(SYSTEM_SOCKET);
    if socket.symlink_metadata().is_ok() { Broker::Socket(socket.to_owned()) } else { Broker::Embedded }
}

/// Reads `[broker] socket` and nothing else: a client may know fewer kinds than the broker, and need not judge the rest.
fn socket_in(file: &Path) -> Result<Option<PathBuf>, PlaceError> {
    let vetted = paths::read_config(file)?;
    let check = "`jit config check` says where";
    let text =
        String::from_utf8(vetted.bytes).map_err(|_| bad(&format!("{} is not UTF-8", vetted.path.display()), check))?;
    let table: toml::Table = text.parse().map_err(|_| bad(&format!("{} is not TOML", vetted.path.display()), check))?;
    let socket = table.get("broker").and_then(|broker| broker.get("socket")).and_then(toml::Value::as_str);
    let base = vetted.path.parent().unwrap_or(Path::new("/"));
    Ok(socket.map(|socket| base.join(socket)))
}

fn bad(message: &str, hint: &str) -> PlaceError {
    PlaceError { missing: false, message: message.to_owned(), hint: Some(hint.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_wins() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("jit.toml");
        std::fs::write(&file, "[broker]\nsocket = \"run/s\"\n[backends.unknown-here]\nkind = \"later\"\n")
            .expect("written");
        let mut env = Env { home: Some(dir.path().to_owned()), ..Env::default() };
        let named = |path: &str| Ok(Broker::Socket(path.into()));
        let base = dir.path().canonicalize().expect("a path");
        assert_eq!(find(&env, None, Some(&file)), Ok(Broker::Socket(base.join("run/s"))));
        env.broker = Some("/b".to_owned());
        assert_eq!(find(&env, None, Some(&file)), named("/b"));
        assert_eq!(find(&env, Some(Path::new("/a")), Some(&file)), named("/a"));
        env.broker = Some("b".to_owned());
        assert!(find(&env, None, None).is_err(), "a relative path means another place in another directory");
    }

    #[test]
    fn a_config_of_ones_own_without_a_socket_means_ones_own_agent() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("jit.toml");
        let env = Env { home: Some(dir.path().to_owned()), ..Env::default() };
        std::fs::write(&file, "[broker]\n").expect("written");
        assert_eq!(find(&env, None, Some(&file)), Ok(Broker::Embedded));
        std::fs::write(&file, "[broker\n").expect("written");
        assert!(find(&env, None, Some(&file)).expect_err("no TOML").hint.expect("a hint").contains("config check"));
    }
}
