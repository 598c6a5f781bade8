//! Quoting for shells, so that a value is one word whatever is in it.

use zeroize::Zeroizing;

use super::FormError;

/// A shell whose assignments `jit env` writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Shell {
    /// sh, dash, ksh.
    Sh,
    /// bash.
    Bash,
    /// zsh.
    Zsh,
    /// fish.
    Fish,
}

impl Shell {
    /// Reads which one the path in `SHELL` names; POSIX where it is none of ours.
    pub fn of_path(path: &str) -> Self {
        match path.rsplit('/').next().unwrap_or_default() {
            "bash" => Self::Bash,
            "zsh" => Self::Zsh,
            "fish" => Self::Fish,
            _ => Self::Sh,
        }
    }

    /// Writes the statement that takes a variable away.
    pub fn unset(self, name: &str) -> String {
        match self {
            Self::Sh | Self::Bash | Self::Zsh => format!("unset {name};\n"),
            Self::Fish => format!("set -e {name};\n"),
        }
    }

    /// Writes the statement that exports a variable.
    ///
    /// # Errors
    /// As [`posix`].
    pub fn export(self, name: &str, value: &str) -> Result<Zeroizing<String>, FormError> {
        let (before, between, quoted) = match self {
            Self::Sh | Self::Bash | Self::Zsh => ("export ", "=", posix(value)?),
            Self::Fish => ("set -gx ", " ", fish(value)?),
        };
        let mut out = Zeroizing::new(String::with_capacity(before.len() + name.len() + quoted.len() + 3));
        for part in [before, name, between, &quoted, ";\n"] {
            out.push_str(part);
        }
        Ok(out)
    }
}

/// Quotes for POSIX shells (XCU 2.2.2): nothing is special in single quotes but the single quote itself, which is put
/// between two quoted parts. This also holds under zsh's `RC_QUOTES`, because two quotes never meet inside of one.
///
/// # Errors
/// When there is a NUL in it, which no environment can hold.
pub fn posix(value: &str) -> Result<Zeroizing<String>, FormError> {
    enclosed(value, |c| (c == '\'').then_some("'\\''"))
}

/// Quotes for fish: in single quotes only `\'` and `\\` are escapes.
///
/// # Errors
/// As [`posix`].
pub fn fish(value: &str) -> Result<Zeroizing<String>, FormError> {
    enclosed(value, |c| match c {
        '\'' => Some("\\'"),
        '\\' => Some("\\\\"),
        _ => None,
    })
}

fn enclosed(value: &str, escape: impl Fn(char) -> Option<&'static str>) -> Result<Zeroizing<String>, FormError> {
    if value.contains('\0') {
        return Err(FormError::new("a value holds a NUL, which no environment can", "tell the administrator"));
    }
    let mut out = Zeroizing::new(String::with_capacity(value.len() * 4 + 2));
    out.push('\'');
    for c in value.chars() {
        match escape(c) {
            Some(escaped) => out.push_str(escaped),
            None => out.push(c),
        }
    }
    out.push('\'');
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    /// The shells that are installed, with the arguments that make them read a program from standard input, and a
    /// statement for their own twists.
    const SHELLS: [(&str, Shell, &[&str], &str); 6] = [
        ("sh", Shell::Sh, &["-s"], ""),
        ("dash", Shell::Sh, &["-s"], ""),
        ("bash", Shell::Bash, &["--norc", "-s"], "set -H\n"),
        ("zsh", Shell::Zsh, &["-f", "-s"], ""),
        ("zsh", Shell::Zsh, &["-f", "-s"], "setopt RC_QUOTES\n"),
        ("fish", Shell::Fish, &["--no-config"], ""),
    ];

    /// What a program that the shell starts finds in its environment: all values in one run of the shell, through
    /// `eval`, as people call it.
    fn seen(binary: &str, shell: Shell, args: &[&str], twist: &str, values: &[String]) -> Option<Vec<Vec<u8>>> {
        let mut script = twist.to_owned();
        for value in values {
            let export = shell.export("JIT_T", value).expect("quotable");
            let again = match shell {
                // A shell evaluates what `jit env` printed: quoted once more, as the argument of eval.
                Shell::Fish => fish(&export).expect("quotable"),
                _ => posix(&export).expect("quotable"),
            };
            script.push_str("eval ");
            script.push_str(&again);
            script.push_str("\nprintenv JIT_T\nprintf '\\000'\n");
        }
        let mut child = Command::new(binary)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .ok()?;
        child.stdin.take().expect("stdin").write_all(script.as_bytes()).expect("a script");
        let out = child.wait_with_output().expect("an end");
        assert!(out.stderr.is_empty(), "{binary} says {}", String::from_utf8_lossy(&out.stderr));
        let mut all: Vec<Vec<u8>> = out.stdout.split(|b| *b == 0).map(<[u8]>::to_vec).collect();
        all.pop();
        Some(all)
    }

    fn all_shells_agree(values: &[String]) {
        for (binary, shell, args, twist) in SHELLS {
            let Some(seen) = seen(binary, shell, args, twist, values) else {
                eprintln!("skipped: {binary} is not installed");
                let required = crate::config::env::var("JIT_TEST_REQUIRE").unwrap_or_default();
                assert!(!required.split(',').any(|name| name == binary), "{binary} is required and not installed");
                continue;
            };
            assert_eq!(seen.len(), values.len(), "{binary}");
            for (value, got) in values.iter().zip(seen) {
                let mut expected = value.as_bytes().to_vec();
                expected.push(b'\n');
                assert_eq!(got, expected, "{binary} made something else of {value:?}");
            }
        }
    }

    #[test]
    fn hostile_values_are_one_word_in_every_shell() {
        let values: Vec<String> = [
            "",
            " ",
            "'",
            "''",
            "'''",
            "\\",
            "\\'",
            "'\\''",
            "\"",
            "$(touch /nonexistent/x)",
            "`id`",
            "$HOME",
            "${IFS}",
            "!!",
            "a!b",
            "*",
            "~",
            "#x",
            "-n",
            "a\nb",
            "\n",
            "a\n\n",
            "a;b",
            "a&&b",
            "a|b",
            ">x",
            "\t",
            "\r\n",
            "\u{1b}[31m",
            "ä\u{202e}b",
            "{a,b}",
            "=ls",
            "%1",
            "\\n",
            "a\\\nb",
            "(a b)",
            "[a]",
            "^a^b",
            "\u{7f}",
            "\u{feff}",
        ]
        .map(str::to_owned)
        .to_vec();
        all_shells_agree(&values);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(6))]
        #[test]
        fn any_value_is_one_word_in_every_shell(
            values in proptest::collection::vec("[^\\x00]{0,40}|['\\\\\"$`!\n ]{0,12}", 1..40)
        ) {
            all_shells_agree(&values);
        }
    }

    #[test]
    fn a_nul_is_refused() {
        assert!(posix("a\0b").is_err());
        assert!(Shell::Fish.export("X", "\0").is_err());
    }

    #[test]
    fn the_shell_is_read_from_its_path() {
        assert_eq!(Shell::of_path("/usr/bin/fish"), Shell::Fish);
        assert_eq!(Shell::of_path("/bin/zsh"), Shell::Zsh);
        assert_eq!(Shell::of_path("/bin/tcsh"), Shell::Sh);
    }
}
