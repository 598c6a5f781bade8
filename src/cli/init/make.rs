//! Makes what was answered: directories, the CA, the house, and last of all the config.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use jit_engine::audit::Signer;

use super::tell::Made;
use super::{Answers, Args, Error, Host, Layout};
use crate::cli::Exit;
use crate::config::{paths, trust};
use crate::{state, wiring};

/// Makes sure that nothing would be written over.
///
/// # Errors
/// What is there, and the way out.
pub(super) fn nothing_there(layout: &Layout, new_ca: bool) -> Result<(), Error> {
    let there = |path: &Path| path.symlink_metadata().is_ok();
    if there(&layout.config) {
        return Err(failed(format!("{} is there already", layout.config.display()))
            .hint("edit it, and `jit config check` looks at it; or begin elsewhere with --dir"));
    }
    let public = public(&layout.ca);
    for file in [&layout.ca, &public] {
        if new_ca && there(file) {
            return Err(failed(format!("{} is there already", file.display())).hint(format!(
                "--ssh-ca {} goes on with that key; or begin elsewhere with --dir",
                layout.ca.display()
            )));
        }
    }
    Ok(())
}

/// Makes everything. Where it fails, the files that it made are taken away again.
///
/// # Errors
/// What can't be made.
pub(super) fn make(args: &Args, answers: &Answers, layout: &Layout, text: &str) -> Result<Made, Error> {
    // Again, because the account of an SSH login may only have been asked for by now.
    nothing_there(layout, answers.ssh.is_some() && args.ssh_ca.is_none())?;
    let owner = owner(args.run_as.as_deref())?;
    let mut files = Files(Vec::new());
    let directory = layout.config.parent().unwrap_or(Path::new("/"));
    make_directory(directory, if args.system { 0o755 } else { 0o700 })?;
    trust::directory(directory)?;
    let ca_public = match &answers.ssh {
        Some(host) => Some(ca(args, host, owner, &mut files)?),
        None => None,
    };
    let lock = state::lock_for(&layout.state, owner.map(|(uid, _)| uid)).map_err(|e| failed(e.message).hint(e.hint))?;
    let house = state::house_id(&layout.state).map_err(|e| failed(e.message).hint(e.hint))?;
    let seed = state::checkpoint_seed(&layout.state).map_err(|e| failed(e.message).hint(e.hint))?;
    let signer = Signer::from_seed(house, &seed).map_err(|e| failed(e.to_string()))?;
    for name in [state::HOUSE, state::CHECKPOINT_KEY, "lock", ""] {
        give(&layout.state.join(name), owner)?;
    }
    drop(lock);
    if let Some(directory) = layout.socket.as_deref().and_then(Path::parent).filter(|_| args.dir.is_some()) {
        make_directory(directory, 0o755)?;
        give(directory, owner)?;
    }
    // Everybody may read it: clients find the broker's socket by it, and no secret stands in it.
    paths::write_new(&layout.config, text, if args.system { 0o644 } else { 0o600 })?;
    files.keep();
    Ok(Made {
        config: layout.config.clone(),
        state: layout.state.clone(),
        socket: layout.socket.clone(),
        house,
        verifier_key: signer.verifier_key().to_string(),
        ca_public,
        sql: None,
        major: args.postgres_version,
        ssh: answers.ssh.clone(),
        password: args.postgres_password_file.clone(),
        run_as: args.run_as.clone(),
        // Where the places are not the usual ones, every command must be told.
        named: args.dir.is_some(),
    })
}

/// The CA's public half; makes the CA where none was named.
fn ca(args: &Args, host: &Host, owner: Option<Owner>, files: &mut Files) -> Result<PathBuf, Error> {
    let public = public(&host.ca);
    if args.ssh_ca.is_some() {
        if !host.ca.is_file() {
            return Err(Error::usage("--ssh-ca", format!("{} is not a file", host.ca.display()))
                .hint("leave --ssh-ca out, and a new CA is made"));
        }
        return Ok(public);
    }
    let (private, line) = wiring::ssh_ca().map_err(failed)?;
    paths::write_new(&host.ca, private.expose_secret(), 0o600)?;
    files.0.push(host.ca.clone());
    give(&host.ca, owner)?;
    paths::write_new(&public, &format!("{line}\n"), 0o644)?;
    files.0.push(public.clone());
    Ok(public)
}

fn public(ca: &Path) -> PathBuf {
    let mut name = ca.as_os_str().to_owned();
    name.push(".pub");
    name.into()
}

fn make_directory(path: &Path, mode: u32) -> Result<(), Error> {
    DirBuilder::new().recursive(true).mode(mode).create(path).map_err(|error| {
        let failed = failed(format!("{} can't be made: {}", path.display(), error.kind()));
        match error.kind() {
            std::io::ErrorKind::PermissionDenied => failed.hint("run it with sudo, or begin elsewhere with --dir"),
            _ => failed.hint("look at the disk and its file system"),
        }
    })
}

/// An account's numbers.
type Owner = (u32, u32);

fn owner(account: Option<&str>) -> Result<Option<Owner>, Error> {
    let Some(account) = account else { return Ok(None) };
    let found = nix::unistd::User::from_name(account).ok().flatten();
    let user = found.ok_or_else(|| {
        Error::usage("--run-as", format!("there is no account `{}` here", super::super::output::harmless(account)))
            .hint(format!("useradd --system --shell /usr/sbin/nologin --home-dir {} jit", paths::SYSTEM_STATE))
    })?;
    Ok(Some((user.uid.as_raw(), user.gid.as_raw())))
}

fn give(path: &Path, owner: Option<Owner>) -> Result<(), Error> {
    let Some((uid, gid)) = owner else { return Ok(()) };
    std::os::unix::fs::chown(path, Some(uid), Some(gid)).map_err(|_| {
        failed(format!("{} can't be given to the broker's account", path.display())).hint("run it with sudo")
    })
}

/// Files that were made, and go again unless all were.
struct Files(Vec<PathBuf>);

impl Files {
    fn keep(mut self) {
        self.0.clear();
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        for file in &self.0 {
            drop(std::fs::remove_file(file));
        }
    }
}

fn failed(message: impl Into<String>) -> Error {
    Error::new(Exit::Failure, message)
}
