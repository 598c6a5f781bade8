//! Running programs with a watchdog, and looking at those that run.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long any one command may take; only what hangs meets it.
const WATCHDOG: Duration = Duration::from_secs(90);

/// What became of a command.
#[derive(Debug)]
pub(crate) struct Ran {
    /// The exit code; 128 and its number for a signal.
    pub(crate) code: i32,
    /// What it printed.
    pub(crate) out: String,
    /// What it said on stderr.
    pub(crate) err: String,
}

impl Ran {
    /// Itself, where it ended with this code.
    #[track_caller]
    pub(crate) fn code(self, wanted: i32) -> Self {
        assert_eq!(self.code, wanted, "stdout: {}\nstderr: {}", self.out, self.err);
        self
    }

    /// Itself, where it did what it was asked for.
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        self.code(0)
    }

    /// The one JSON object that it printed.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e} in: {}\nstderr: {}", self.out, self.err))
    }

    /// The JSON objects that it printed, one a line.
    #[track_caller]
    pub(crate) fn lines(&self) -> Vec<Value> {
        let each = |line: &str| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e} in: {line}"));
        self.out.lines().map(each).collect()
    }

    /// What was printed, without the line's end.
    pub(crate) fn line(&self) -> &str {
        self.out.trim_end()
    }
}

/// Waits a little; only for what nothing tells of.
#[allow(clippy::disallowed_methods, reason = "a test that waits for another process has nothing to be woken by")]
pub(crate) fn pause(millis: u64) {
    std::thread::sleep(Duration::from_millis(millis));
}

/// Waits until something is so. Nothing is measured by it: the watchdog is for what never comes.
#[track_caller]
pub(crate) fn until(what: &str, mut so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed() < WATCHDOG, "it never came: {what}");
        pause(30);
    }
}

/// Runs a command to its end, without anything to read.
#[track_caller]
pub(crate) fn run(command: &mut Command) -> Ran {
    finish(start(command.stdin(Stdio::null())))
}

/// Starts a command whose output is kept.
#[track_caller]
pub(crate) fn start(command: &mut Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program can be started")
}

/// Waits for a command that was started.
#[track_caller]
pub(crate) fn finish(mut child: Child) -> Ran {
    let (out, err) = (drain(child.stdout.take()), drain(child.stderr.take()));
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("a child can be waited for") {
            break status;
        }
        if begun.elapsed() > WATCHDOG {
            let _ = child.kill();
            let _ = child.wait();
            panic!("a command hangs; stderr: {}", err.join().unwrap());
        }
        pause(5);
    };
    use std::os::unix::process::ExitStatusExt as _;
    let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
    Ran { code, out: out.join().unwrap(), err: err.join().unwrap() }
}

fn drain(from: Option<impl Read + Send + 'static>) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut from) = from {
            from.read_to_end(&mut bytes).expect("output can be read");
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Sends a signal to one process.
pub(crate) fn signal(pid: u32, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    let _ = rustix::process::kill_process(pid, signal);
}

/// Whether a process is there, and not only its remains.
pub(crate) fn alive(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z')))
}

/// The processes whose command line or environment names a path: those that live in a test's own directory.
pub(crate) fn processes_of(path: &Path) -> Vec<u32> {
    let needle = path.as_os_str().as_encoded_bytes();
    let holds = |bytes: Vec<u8>| bytes.windows(needle.len()).any(|window| window == needle);
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        let named = ["cmdline", "environ"].iter().any(|file| std::fs::read(entry.path().join(file)).is_ok_and(holds));
        if pid != std::process::id() && named && alive(pid) {
            found.push(pid);
        }
    }
    found
}

/// Says aloud that a test is skipped; a failure where it must not be.
#[allow(clippy::disallowed_methods, reason = "the one variable that tests listen to")]
pub(crate) fn skip(peer: &str, why: &str) {
    let required = std::env::var("JIT_TEST_REQUIRE").unwrap_or_default();
    assert!(!required.split(',').any(|name| name.trim() == peer), "`{peer}` is required, and {why}");
    println!("skipped: {why}");
}
