//! Stops the process dead between any two durable effects, and has another take up what it left.
//!
//! The test starts itself as a child process with the place at which to die; a second child finds the same files, and must
//! bring everything to its end.

#![allow(clippy::indexing_slicing, clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a test may fail")]
#![allow(clippy::disallowed_methods, reason = "a parent tells its child by the environment where to die")]

#[path = "../house/kit/clock.rs"]
mod clock;
mod life;
#[path = "../house/kit/people.rs"]
mod people;
mod target;

use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};

use jit_engine::failpoints;
use life::Life;

const DIR: &str = "JIT_CRASH_DIR";
const AT: &str = "JIT_CRASH_AT";
const NTH: &str = "JIT_CRASH_NTH";
const RESUME: &str = "JIT_CRASH_RESUME";
/// The test that is started again as the child.
const SELF: &str = "a_life_without_a_crash_comes_to_its_end";

/// Which hits of each place are tried: the first ones, and some on the way to the end.
const HITS: [u32; 14] = [1, 2, 3, 4, 5, 6, 9, 13, 17, 21, 25, 29, 33, 37];

static PLACE: OnceLock<(String, u32)> = OnceLock::new();
static COUNT: AtomicU32 = AtomicU32::new(0);

fn hit(name: &'static str) {
    if let Some((at, nth)) = PLACE.get()
        && at == name
        && COUNT.fetch_add(1, Ordering::SeqCst) + 1 == *nth
    {
        std::process::abort();
    }
}

/// What the process does that a test starts of itself: it lives, or takes up what another left, and dies where it is told to.
fn child(dir: &Path) {
    if let Ok(at) = std::env::var(AT) {
        let nth = std::env::var(NTH).expect("a number").parse().expect("a number");
        PLACE.set((at, nth)).expect("once");
        failpoints::hook(hit);
    }
    tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
        let life = Life::open(dir).await;
        match std::env::var(RESUME) {
            Ok(_) => life.resume().await,
            Err(_) => life.live().await,
        }
    });
}

fn run(dir: &Path, at: Option<(&str, u32)>, resume: bool) -> Output {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args([SELF, "--exact", "--nocapture"]).env(DIR, dir);
    if let Some((at, nth)) = at {
        command.env(AT, at).env(NTH, nth.to_string());
    }
    if resume {
        command.env(RESUME, "1");
    }
    command.output().expect("a child")
}

/// Whether the child died where it was told to; anything but that and success is a failure.
fn died(output: &Output) -> Result<bool, String> {
    use std::os::unix::process::ExitStatusExt as _;
    const ABORTED: i32 = 6;
    match (output.status.success(), output.status.signal()) {
        (true, _) => Ok(false),
        (false, Some(ABORTED)) => Ok(true),
        _ => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

/// One crash, or one and another while the next process takes up what it left; whether there was such a hit at all.
fn crash(at: &str, nth: u32) -> Result<bool, String> {
    let dir = tempfile::tempdir().map_err(|e| e.to_string())?;
    if !died(&run(dir.path(), Some((at, nth)), false))? {
        return Ok(false);
    }
    if nth == 1 {
        died(&run(dir.path(), Some((at, 1)), true))?;
    }
    if died(&run(dir.path(), None, true))? {
        return Err("it died without being told to".to_owned());
    }
    Ok(true)
}

#[test]
fn a_life_without_a_crash_comes_to_its_end() {
    if let Ok(dir) = std::env::var(DIR) {
        return child(Path::new(&dir));
    }
    let dir = tempfile::tempdir().expect("a directory");
    for resume in [false, true] {
        let output = run(dir.path(), None, resume);
        assert_eq!(died(&output), Ok(false));
    }
}

#[test]
fn a_crash_at_every_boundary_leaves_nothing_behind() {
    let cases: Vec<(&str, u32)> =
        HITS.iter().flat_map(|nth| failpoints::ALL.iter().map(move |at| (*at, *nth))).collect();
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let hits = Mutex::new(std::collections::BTreeMap::<&str, u32>::new());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some((at, nth)) = cases.get(next.fetch_add(1, Ordering::SeqCst)) {
                    match crash(at, *nth) {
                        Ok(hit) => *hits.lock().unwrap().entry(at).or_default() += u32::from(hit),
                        Err(why) => failures.lock().unwrap().push(format!("{at}, hit {nth}:\n{why}")),
                    }
                }
            });
        }
    });
    let (failures, hits) = (failures.into_inner().unwrap(), hits.into_inner().unwrap());
    println!("crashes: {hits:?}");
    assert!(failures.is_empty(), "{} of {} failed:\n{}", failures.len(), cases.len(), failures.join("\n"));
    for at in failpoints::ALL {
        assert!(hits.get(at).is_some_and(|hits| *hits > 0), "no life came by `{at}`");
    }
}
