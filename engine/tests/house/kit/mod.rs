//! A real house: SQLite files in a temporary directory, fake targets, fake channels, a clock of the test's own, and the
//! driver running.

pub(crate) mod backend;
pub(crate) mod clock;
pub(crate) mod config;
mod jump;
pub(crate) mod people;
mod world;

pub(crate) use clock::START;
pub(crate) use people::span;
pub(crate) use world::{Setup, World, until};

/// Runs a test in a process of its own: what it sets is a whole process's. `name` is the test's own path.
#[allow(clippy::disallowed_methods, reason = "a test tells itself by the environment that it is the inner one")]
pub(crate) fn apart(name: &str, test: impl Future<Output = ()>) {
    const INSIDE: &str = "JIT_TEST_INSIDE";
    if std::env::var_os(INSIDE).is_some() {
        return tokio::runtime::Runtime::new().expect("a runtime").block_on(test);
    }
    let mut again = std::process::Command::new(std::env::current_exe().expect("this program"));
    let output = again.args([name, "--exact", "--nocapture"]).env(INSIDE, "1").output().expect("started");
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}
