//! Slack's own libraries: where they are, and how a program on them is run.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// How long a program may take; longer is a hang.
const PATIENCE: Duration = Duration::from_secs(60);

/// The tools: Python with `slack_sdk`, and `node_modules` with `@slack/bolt`, `@slack/types` and `typescript`.
pub(crate) struct Tools {
    pub(crate) python: PathBuf,
    pub(crate) modules: PathBuf,
    pub(crate) node: &'static str,
}

#[allow(clippy::disallowed_methods, reason = "where tests find their counterparts")]
pub(crate) fn env(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Finds the tools; where one is missing, says so, which is a failure where `JIT_TEST_REQUIRE` names `slack`.
pub(crate) fn tools() -> Option<Tools> {
    let cache = env("JIT_PEERS_DIR").map(PathBuf::from);
    let cache = cache.or_else(|| env("HOME").map(|home| Path::new(&home).join(".cache/jit-peers")))?;
    let tools = Tools {
        python: cache.join("slack/python/bin/python"),
        modules: cache.join("slack/node_modules"),
        node: "node",
    };
    let mut missing: Vec<String> = [
        tools.python.clone(),
        tools.modules.join("@slack/bolt/package.json"),
        tools.modules.join("@slack/types/package.json"),
        tools.modules.join("@slack/web-api/package.json"),
        tools.modules.join("typescript/package.json"),
    ]
    .iter()
    .filter(|path| !path.exists())
    .map(|path| path.display().to_string())
    .collect();
    let works = |program: &Path, arguments: &[&str]| {
        let came = std::process::Command::new(program).args(arguments).output();
        came.is_ok_and(|output| output.status.success())
    };
    if missing.is_empty() && !works(&tools.python, &["-c", "import slack_sdk"]) {
        missing.push("slack_sdk".to_owned());
    }
    if !works(Path::new(tools.node), &["--version"]) {
        missing.push("node".to_owned());
    }
    if missing.is_empty() {
        return Some(tools);
    }
    let why = format!("Slack's own libraries are not there: no {}", missing.join(", "));
    let required = env("JIT_TEST_REQUIRE").unwrap_or_default();
    assert!(!required.split(',').any(|name| name.trim() == "slack"), "JIT_TEST_REQUIRE names slack: {why}");
    println!("skipped: {why}");
    None
}

/// A program that runs, and whose lines are read; it goes with this.
pub(crate) struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Running {
    pub(crate) fn start(program: &Path, arguments: &[&str], variables: &[(&str, String)]) -> Self {
        let mut command = Command::new(program);
        command.envs(variables.iter().map(|(name, value)| (*name, value)));
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().expect("it is there");
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        Self { child, lines }
    }

    /// The next line; what went wrong, where there is none.
    pub(crate) async fn line(&mut self) -> String {
        let line = tokio::time::timeout(PATIENCE, self.lines.next_line()).await.expect("it hangs").expect("it is text");
        match line {
            Some(line) => line,
            None => panic!("it ended: {}", self.complaints().await),
        }
    }

    /// Waits for a good end.
    pub(crate) async fn end(mut self) {
        let status = tokio::time::timeout(PATIENCE, self.child.wait()).await.expect("it hangs").expect("it ran");
        assert!(status.success(), "{status}: {}", self.complaints().await);
    }

    async fn complaints(&mut self) -> String {
        let mut text = String::new();
        if let Some(mut errors) = self.child.stderr.take() {
            let _ = errors.read_to_string(&mut text).await;
        }
        text
    }
}

/// Runs a program to its end with something to read; returns whether it ended well, and all that it said.
pub(crate) async fn run(program: &Path, arguments: &[&str], input: &str, at: &Path) -> (bool, String) {
    use tokio::io::AsyncWriteExt;
    let mut command = Command::new(program);
    command.args(arguments).current_dir(at).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.kill_on_drop(true).spawn().expect("it is there");
    let mut stdin = child.stdin.take().expect("it is piped");
    let write = async move {
        // It may end before it has read all: what it said tells why.
        let _ = stdin.write_all(input.as_bytes()).await;
    };
    let both = async { tokio::join!(write, child.wait_with_output()).1 };
    let output = tokio::time::timeout(2 * PATIENCE, both).await.expect("it hangs").expect("it ran");
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    (output.status.success(), said)
}
