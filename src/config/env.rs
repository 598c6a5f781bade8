//! The environment, read here and nowhere else.

use std::ffi::OsString;
use std::path::PathBuf;

use jit_types::Secret;

/// What the environment says, as far as we listen to it. A variable that is set and empty counts as unset.
#[derive(Default)]
pub struct Env {
    /// The home directory; where `HOME` is unset, the one that the system has for the user.
    pub home: Option<PathBuf>,
    /// `XDG_CONFIG_HOME`.
    pub xdg_config_home: Option<PathBuf>,
    /// `XDG_STATE_HOME`.
    pub xdg_state_home: Option<PathBuf>,
    /// `XDG_RUNTIME_DIR`.
    pub xdg_runtime_dir: Option<PathBuf>,
    /// `JIT_CONFIG`: the config file, an absolute path.
    pub config: Option<PathBuf>,
    /// `JIT_BROKER`: the broker to talk to.
    pub broker: Option<String>,
    /// `JIT_TOKEN`: the token to come with.
    pub token: Option<Secret>,
    /// `JIT_TOKEN_FILE`: the file that the token is in.
    pub token_file: Option<PathBuf>,
    /// `NO_COLOR` (no-color.org): set to anything.
    pub no_color: bool,
}

impl Env {
    /// Reads the environment of this process.
    pub fn read() -> Self {
        let path = |name| var_os(name).map(PathBuf::from);
        Self {
            home: std::env::home_dir().filter(|home| !home.as_os_str().is_empty()),
            xdg_config_home: path("XDG_CONFIG_HOME"),
            xdg_state_home: path("XDG_STATE_HOME"),
            xdg_runtime_dir: path("XDG_RUNTIME_DIR"),
            config: path("JIT_CONFIG"),
            broker: var("JIT_BROKER"),
            token: var("JIT_TOKEN").map(Secret::new),
            token_file: path("JIT_TOKEN_FILE"),
            no_color: var_os("NO_COLOR").is_some(),
        }
    }
}

/// Reads one variable, where it is set, not empty and UTF-8.
pub fn var(name: &str) -> Option<String> {
    var_os(name)?.into_string().ok()
}

/// Reads one variable, where it is set and not empty.
#[allow(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
pub fn var_os(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}
