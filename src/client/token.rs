//! The bearer token that a caller comes with, where there is one.

use std::path::{Path, PathBuf};

use jit_types::Secret;

use super::error::Error;
use crate::api::{ErrorKind, Failure};
use crate::config::keyring::KeyringErrorKind;
use crate::config::paths::{self, Places};
use crate::config::{Env, keyring};

/// The keyring's entry that `jit token create --save` writes.
pub const ENTRY: &str = "token";

/// The name of the mark file.
const MARK: &str = "token-in-keyring";

/// The mark that there is a token in the keyring: asking a keyring takes long, and may open a window, so that nobody
/// without a token in it should be made to wait for it.
fn mark(places: &Places) -> PathBuf {
    places.state.join(MARK)
}

/// Whether a token was put into the keyring. Asks the keyring nothing.
pub fn is_in_keyring(places: &Places) -> bool {
    mark(places).exists()
}

/// Finds the token: `JIT_TOKEN`, then the file that `JIT_TOKEN_FILE` names, then the keyring.
///
/// # Errors
/// When the file may be read by others, or the keyring does not answer.
pub fn find<'p>(env: Env, places: impl Into<Option<&'p Places>>) -> Result<Option<Secret>, Error> {
    if let Some(token) = env.token {
        return Ok(Some(token));
    }
    if let Some(file) = &env.token_file {
        return Ok(Some(paths::read_token(file)?));
    }
    let Some(mark) = places.into().map(mark).filter(|mark| mark.exists()) else { return Ok(None) };
    match keyring::get(ENTRY) {
        Ok(token) => Ok(Some(token)),
        // Somebody has taken it out: there is none any more.
        Err(error) if error.kind == KeyringErrorKind::NoEntry => {
            drop(std::fs::remove_file(mark));
            Ok(None)
        }
        Err(error) => {
            let failure = Failure::new(ErrorKind::NotAuthenticated, error.public.to_string());
            Err(failure.hint("unlock the keyring, or name the token's file in JIT_TOKEN_FILE").into())
        }
    }
}

/// Keeps a token in the keyring.
///
/// # Errors
/// When there is none, or it is locked.
pub fn save(places: &Places, token: &Secret) -> Result<(), Error> {
    let state = paths::private_directory(&places.state)?;
    keyring::set(ENTRY, token).map_err(|error| {
        Failure::new(ErrorKind::Unavailable, error.public.to_string()).hint("`--file PATH` keeps it in a private file")
    })?;
    let mark = state.join(MARK);
    if mark.exists() { Ok(()) } else { Ok(paths::write_new(&mark, "", 0o600)?) }
}

/// Keeps a token in a new file that only this user can read.
///
/// # Errors
/// When there is a file already, or it can't be written.
pub fn write(path: &Path, token: &Secret) -> Result<PathBuf, Error> {
    let path = paths::absolute(path)?;
    let line = zeroize::Zeroizing::new(format!("{}\n", token.expose_secret()));
    paths::write_new(&path, &line, 0o600)?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_ones_own_is_read_and_an_open_one_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().expect("a directory");
        let env = || Env { home: Some(dir.path().to_owned()), ..Env::default() };
        let places = Places::of(&env()).expect("places");
        assert!(find(env(), &places).expect("none").is_none());
        let file = write(&dir.path().join("t"), &Secret::new("jit_x".to_owned())).expect("written");
        let named = || Env { token_file: Some(file.clone()), ..env() };
        assert_eq!(find(named(), &places).expect("one").expect("one").expose_secret(), "jit_x");
        assert!(write(&file, &Secret::new("jit_y".to_owned())).is_err(), "never over one that is there");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).expect("a mode");
        assert!(find(named(), &places).is_err());
        let both = Env { token: Some(Secret::new("jit_z".to_owned())), ..named() };
        assert_eq!(find(both, &places).expect("one").expect("one").expose_secret(), "jit_z");
    }
}
