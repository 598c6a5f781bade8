//! One file for each credential form: how it becomes variables, files and text for the programs that use it.

pub mod postgres;
pub mod private;
pub mod quote;
pub mod ssh;
pub mod ssh_agent;

use std::borrow::Borrow;
use std::path::PathBuf;

use jit_types::{Form, Secret};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::agent::held::{Born, Held};
use crate::agent::protocol::Format;

/// Why a credential can't be written so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FormError {
    /// What is so.
    pub message: String,
    /// The way out.
    pub hint: String,
}

impl FormError {
    pub(crate) fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: hint.into() }
    }
}

/// One variable for a child's or a shell's environment.
pub struct Variable {
    /// Its name, fixed in the code.
    pub name: &'static str,
    /// Its value.
    pub value: Secret,
}

impl Variable {
    pub(crate) fn new(name: &'static str, value: impl Into<String>) -> Self {
        Self { name, value: Secret::new(value.into()) }
    }
}

/// One file to be written privately.
pub struct PrivateFile {
    /// Its name in the directory.
    pub name: String,
    /// What is in it.
    pub text: Secret,
}

/// What a program needs: variables, and files in a directory of their own.
#[derive(Default)]
pub struct Kit {
    /// The variables.
    pub variables: Vec<Variable>,
    /// The files.
    pub files: Vec<PrivateFile>,
}

/// Renders credentials in a format, for standard output.
///
/// # Errors
/// When none of them has a form that the format can hold, or a value can't be written in it.
pub fn render<H: Borrow<Held>>(format: Format, held: &[H]) -> Result<Zeroizing<Vec<u8>>, FormError> {
    let held: Vec<&Held> = held.iter().map(Borrow::borrow).collect();
    let text = match format {
        Format::Json => as_json(&held)?,
        Format::Env => {
            let mut out = Zeroizing::new(String::with_capacity(4096));
            for variable in environment(&held) {
                out.push_str(variable.name);
                out.push('=');
                out.push_str(&quote::posix(variable.value.expose_secret())?);
                out.push('\n');
            }
            out
        }
        Format::Pgpass => postgres::pgpass(&held)?,
        Format::Ssh => ssh::text(&held)?,
    };
    Ok(Zeroizing::new(text.as_bytes().to_vec()))
}

/// The variables that need no file: for `jit env` and `--format env`.
pub fn environment(held: &[&Held]) -> Vec<Variable> {
    let mut variables = postgres::variables(held, None);
    variables.extend(end_variables(held));
    variables
}

/// Everything for a child process whose files lie in `dir`.
///
/// # Errors
/// When a value can't be written in a file of its form.
pub fn kit(held: &[&Held], dir: &std::path::Path) -> Result<Kit, FormError> {
    let mut kit = postgres::kit(held, dir)?;
    let ssh = ssh::kit(held, dir)?;
    kit.variables.extend(ssh.variables);
    kit.files.extend(ssh.files);
    kit.variables.extend(end_variables(held));
    Ok(kit)
}

/// Which grant it is and when it ends, as seconds since the epoch and as RFC 3339: for prompts and scripts.
fn end_variables(held: &[&Held]) -> Vec<Variable> {
    let Some(first) = held.iter().min_by_key(|held| held.local_end()) else { return Vec::new() };
    vec![
        Variable::new("JIT_GRANT", first.grant.to_string()),
        Variable::new("JIT_ROLE", first.role.to_string()),
        Variable::new("JIT_GRANT_END", first.local_end().seconds().to_string()),
        Variable::new("JIT_GRANT_END_ISO", first.local_end().to_string()),
    ]
}

fn as_json(held: &[&Held]) -> Result<Zeroizing<String>, FormError> {
    let mut out = Zeroizing::new(String::with_capacity(8192));
    let entries: Vec<Value> = held.iter().map(|held| entry(held)).collect();
    let values = Value::Array(entries);
    out.push_str(&Zeroizing::new(values.to_string()));
    out.push('\n');
    wipe(values);
    Ok(out)
}

/// One credential as documented JSON.
fn entry(held: &Held) -> Value {
    let mut value = match &held.form {
        Form::Postgres(form) => postgres::json(form),
        Form::Ssh(form) => ssh::json(form),
    };
    if let Value::Object(map) = &mut value {
        map.insert("grant".to_owned(), json!(held.grant));
        map.insert("claim".to_owned(), json!(held.claim));
        map.insert("role".to_owned(), json!(held.role));
        map.insert("backend".to_owned(), json!(held.backend));
        map.insert("entitlement".to_owned(), json!(held.entitlement));
        map.insert("end".to_owned(), json!(held.end()));
        match &held.born {
            Born::Nothing => None,
            Born::Password(secret) => map.insert("password".to_owned(), json!(secret.expose_secret())),
            Born::SshKey(secret) => map.insert("private_key".to_owned(), json!(secret.expose_secret())),
        };
    }
    value
}

/// Wipes every text of a JSON value.
fn wipe(value: Value) {
    match value {
        Value::String(text) => drop(Zeroizing::new(text)),
        Value::Array(items) => items.into_iter().for_each(wipe),
        Value::Object(map) => map.into_iter().for_each(|(_, value)| wipe(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The path of a file of a kit, as text.
pub(crate) fn path_text(dir: &std::path::Path, name: &str) -> Result<String, FormError> {
    let path: PathBuf = dir.join(name);
    let bad = || FormError::new("the directory for private files has no name that is text", "choose another one");
    path.into_os_string().into_string().map_err(|_| bad())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::held::tests::{postgres, ssh};

    #[test]
    fn json_holds_everything_of_every_form() {
        let held = [postgres(0, 60_000), ssh(0, 60_000, 60_000, "KEY", "CERT")];
        let text = render(Format::Json, &held).expect("rendered");
        let value: Value = serde_json::from_slice(&text).expect("json");
        assert_eq!(value[0]["password"], "correct-horse");
        assert_eq!(value[0]["form"], "postgres");
        assert_eq!(value[0]["end"], "1970-01-01T00:01:00.000Z");
        assert_eq!(value[1]["private_key"], "KEY");
        assert_eq!(value[1]["certificate"], "CERT");
    }

    #[test]
    fn a_format_that_no_credential_fits_is_an_error() {
        assert!(render(Format::Pgpass, &[ssh(0, 60_000, 60_000, "KEY", "CERT")]).is_err());
        assert!(render(Format::Ssh, &[postgres(0, 60_000)]).is_err());
    }

    #[test]
    fn the_end_that_prompts_show_is_the_earliest_by_this_clock() {
        let held = [postgres(0, 60_000), ssh(0, 60_000, 30_000, "KEY", "CERT")];
        let all: Vec<&Held> = held.iter().collect();
        let variables = end_variables(&all);
        let end = variables.iter().find(|v| v.name == "JIT_GRANT_END").expect("an end");
        assert_eq!(end.value.expose_secret(), "30");
    }
}
