//! What a broker gets from systemd: a socket that is handed over, and units that hold it to what it needs.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::Signal;

use crate::house::{House, bare};
use crate::process::{Ran, finish, run, signal, skip, start, until};
use crate::world::JIT;

/// The broker with a descriptor as number 3, as systemd hands it over; `pid` is what `LISTEN_PID` says.
fn activated(house: &House, descriptor: OwnedFd, pid: &str) -> Child {
    let mut command = Command::new("sh");
    let script = format!("exec 3<&0 0</dev/null; LISTEN_PID={pid} LISTEN_FDS=1 exec \"$@\"");
    command.args(["-c", &script, "sh", JIT, "serve", "-vv", "--config"]).arg(house.root.join("jit.toml"));
    command.arg("--socket").arg(house.socket()).arg("--state").arg(house.root.join("state"));
    bare(&mut command).env("HOME", &house.root).stdin(Stdio::from(descriptor));
    let log = File::options().create(true).append(true).open(house.log()).unwrap();
    command.stdout(Stdio::null()).stderr(log).spawn().unwrap()
}

fn stop(mut broker: Child) -> bool {
    signal(broker.id(), Signal::TERM);
    broker.wait().unwrap().success()
}

#[test]
fn a_socket_that_is_handed_over_is_served_and_outlives_the_broker() {
    let house = House::bare(|config| config);
    let listener = UnixListener::bind(house.socket()).unwrap();
    std::fs::set_permissions(house.socket(), std::fs::Permissions::from_mode(0o666)).unwrap();
    let inode = std::fs::metadata(house.socket()).unwrap().ino();
    // Whoever comes before the broker waits.
    let early = start(&mut house.command("ada", &["whoami"]));
    let broker = activated(&house, listener.try_clone().unwrap().into(), "$$");
    finish(early).ok();
    house.hand_out(&["alice"]);
    assert!(stop(broker), "it ends well");
    assert_eq!(std::fs::metadata(house.socket()).unwrap().ino(), inode, "the socket is not the broker's to take away");
    // Nobody is refused between two brokers.
    let between = start(&mut house.holder("alice", &["whoami"]));
    let broker = activated(&house, listener.try_clone().unwrap().into(), "$$");
    finish(between).ok();
    assert!(stop(broker));
}

#[test]
fn what_is_no_listening_socket_is_refused_and_what_was_meant_for_others_is_let_be() {
    let house = House::bare(|config| config);
    let (datagram, _other) = UnixDatagram::pair().unwrap();
    let (stream, _end) = std::os::unix::net::UnixStream::pair().unwrap();
    for (descriptor, told) in [
        (OwnedFd::from(datagram), "not a Unix stream socket"),
        (OwnedFd::from(File::open("/dev/null").unwrap()), "not a Unix stream socket"),
        (OwnedFd::from(stream), "nobody listens on"),
    ] {
        let mut broker = activated(&house, descriptor, "$$");
        assert_eq!(broker.wait().unwrap().code(), Some(1), "{told}");
        assert!(std::fs::read_to_string(house.log()).unwrap().contains(told), "{told}");
    }
    let aside = house.root.join("aside.sock");
    let listener = UnixListener::bind(&aside).unwrap();
    let broker = activated(&house, listener.into(), "1");
    until("it binds a socket of its own", || std::os::unix::net::UnixStream::connect(house.socket()).is_ok());
    house.jit("ada", &["whoami"]).ok();
    assert!(stop(broker));
    assert!(!house.socket().exists(), "its own socket goes with it");
}

fn deploy() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy")
}

/// Runs one of systemd's programs; `None`, aloud, where it is not installed.
fn systemd(program: &str, args: &[&str]) -> Option<Ran> {
    let mut command = Command::new(program);
    bare(&mut command).args(args).env("SYSTEMD_COLORS", "0").env("SYSTEMD_PAGER", "cat");
    if Command::new(program).arg("--version").stdout(Stdio::null()).status().is_err() {
        skip("systemd", &format!("{program} is not installed here"));
        return None;
    }
    Some(run(&mut command))
}

#[test]
fn the_units_are_sound_and_leave_the_broker_little() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["jit-broker.service", "jit-broker.socket"] {
        let unit = std::fs::read_to_string(deploy().join(name)).unwrap();
        std::fs::write(dir.path().join(name), unit.replace("/usr/bin/jit", JIT)).unwrap();
    }
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (service, socket) = (at("jit-broker.service"), at("jit-broker.socket"));
    let Some(verified) = systemd("systemd-analyze", &["verify", "--man=no", &service, &socket]) else { return };
    let verified = verified.ok();
    // It also tells of other units on the machine; of ours it has nothing to say.
    let ours: Vec<&str> = verified.err.lines().filter(|line| line.contains("jit-broker")).collect();
    assert_eq!(ours, Vec::<&str>::new());
    // From 0 to 10, where 10 is a unit that nothing was taken from; the threshold is in tenths.
    let exposed = systemd("systemd-analyze", &["security", "--offline=true", "--no-pager", "--threshold=15", &service]);
    exposed.unwrap().ok();
    let text = std::fs::read_to_string(&service).unwrap();
    std::fs::write(&service, text.replace("CapabilityBoundingSet=\n", "").replace("ProtectSystem=strict\n", ""))
        .unwrap();
    let exposed = systemd("systemd-analyze", &["security", "--offline=true", "--no-pager", "--threshold=15", &service]);
    assert_ne!(exposed.unwrap().code, 0, "a unit that may do more is seen");
}

#[test]
fn account_and_places_are_made_as_the_broker_wants_them() {
    if !nix::unistd::geteuid().is_root() {
        skip("systemd", "only root makes accounts, also below another root");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("etc")).unwrap();
    let root = format!("--root={}", dir.path().display());
    let file = |name: &str| deploy().join(name).to_str().unwrap().to_owned();
    let Some(made) = systemd("systemd-sysusers", &[&root, &file("sysusers.conf")]) else { return };
    made.ok();
    let passwd = std::fs::read_to_string(dir.path().join("etc/passwd")).unwrap();
    let line = passwd.lines().find(|line| line.starts_with("jit:")).expect("the account");
    assert!(line.ends_with(":/var/lib/jit:/usr/sbin/nologin"), "{line}");
    let uid: u32 = line.split(':').nth(2).unwrap().parse().unwrap();
    let Some(made) = systemd("systemd-tmpfiles", &["--create", &root, &file("tmpfiles.conf")]) else { return };
    made.ok();
    for (path, owner, mode) in [("etc/jit", 0, 0o755), ("var/lib/jit", uid, 0o700), ("run/jit", 0, 0o755)] {
        let meta = std::fs::metadata(dir.path().join(path)).unwrap();
        assert_eq!((meta.uid(), meta.mode() & 0o7777), (owner, mode), "{path}");
    }
}
