//! The README's first command.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::world::JIT;

fn demo(temp: &std::path::Path) -> Command {
    let mut command = Command::new(JIT);
    command.arg("demo").env_clear().env("PATH", "/usr/bin:/bin:/usr/sbin").env("HOME", temp).env("TMPDIR", temp);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).current_dir("/");
    command
}

fn left(temp: &std::path::Path) -> Vec<std::path::PathBuf> {
    std::fs::read_dir(temp).unwrap().flatten().map(|entry| entry.path()).collect()
}

#[test]
fn the_tour_does_what_it_says_and_leaves_nothing_behind() {
    let temp = tempfile::tempdir_in("/tmp").unwrap();
    crate::world::open(temp.path(), 0o755);
    let output = demo(temp.path()).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stdout));
    for line in told.lines().filter(|line| line.starts_with("Left out")) {
        println!("skipped: a part of the tour: {line}");
    }
    assert_eq!(left(temp.path()), Vec::<std::path::PathBuf>::new());
    assert_eq!(crate::process::processes_of(temp.path()), Vec::<u32>::new(), "a process is left");
}

#[test]
fn the_tour_interrupted_leaves_nothing_behind() {
    let temp = tempfile::tempdir_in("/tmp").unwrap();
    crate::world::open(temp.path(), 0o755);
    let mut tour = demo(temp.path()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let until = Instant::now() + Duration::from_secs(30);
    while left(temp.path()).is_empty() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(50));
    }
    std::thread::sleep(Duration::from_secs(2));
    let pid = rustix::process::Pid::from_raw(i32::try_from(tour.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    tour.wait().unwrap();
    assert_eq!(left(temp.path()), Vec::<std::path::PathBuf>::new());
    assert_eq!(crate::process::processes_of(temp.path()), Vec::<u32>::new(), "a process is left");
}
