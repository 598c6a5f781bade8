//! A PostgreSQL login for libpq and everything built on it: variables (libpq §34.15), a password file (§34.16) and a
//! service file (§34.17).

use std::path::Path;

use jit_types::{Form, PostgresForm};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{FormError, Kit, PrivateFile, Variable, path_text};
use crate::agent::held::{Born, Held};

const PGPASS: &str = "pgpass";
const SERVICES: &str = "pg_service.conf";

/// The login as JSON, without its password.
pub(super) fn json(form: &PostgresForm) -> Value {
    json!({
        "form": "postgres",
        "host": form.host,
        "port": form.port,
        "user": form.user,
        "databases": form.databases,
        "sslmode": form.sslmode,
        "root_certificate": form.root_certificate,
        "channel_binding": form.channel_binding,
    })
}

/// The variables of the first login: with the password itself, or with the password file that it is in.
pub(super) fn variables(held: &[&Held], passfile: Option<&str>) -> Vec<Variable> {
    let Some((held, form)) = logins(held).next() else { return Vec::new() };
    let mut out = vec![
        Variable::new("PGHOST", &form.host),
        Variable::new("PGPORT", form.port.to_string()),
        Variable::new("PGUSER", &form.user),
        Variable::new("PGSSLMODE", &form.sslmode),
        Variable::new("PGCHANNELBINDING", &form.channel_binding),
    ];
    if let Some(database) = form.databases.first() {
        out.push(Variable::new("PGDATABASE", database));
    }
    if let Some(root) = &form.root_certificate {
        out.push(Variable::new("PGSSLROOTCERT", root));
    }
    match (passfile, &held.born) {
        (Some(path), _) => out.push(Variable::new("PGPASSFILE", path)),
        (None, Born::Password(password)) => out.push(Variable::new("PGPASSWORD", password.expose_secret())),
        (None, _) => {}
    }
    out
}

/// Variables that a child must not inherit: they would win over the files and variables that it is given.
pub const UNSET: [&str; 6] = ["PGPASSWORD", "PGPASSFILE", "PGSERVICE", "PGHOSTADDR", "PGOPTIONS", "PGSSLROOTCERT"];

/// The variables and files for a child process.
pub(super) fn kit(held: &[&Held], dir: &Path) -> Result<Kit, FormError> {
    if logins(held).next().is_none() {
        return Ok(Kit::default());
    }
    let passfile = path_text(dir, PGPASS)?;
    let text = jit_types::Secret::new(std::mem::take(&mut *pgpass(held)?));
    let mut kit =
        Kit { variables: variables(held, Some(&passfile)), files: vec![PrivateFile { name: PGPASS.to_owned(), text }] };
    // Several logins can't share PGHOST: then each backend is a service of that name. A lone one leaves the user's own
    // service file in force.
    if logins(held).count() > 1 {
        kit.variables.push(Variable::new("PGSERVICEFILE", path_text(dir, SERVICES)?));
        kit.files
            .push(PrivateFile { name: SERVICES.to_owned(), text: jit_types::Secret::new(services(held, &passfile)?) });
    }
    Ok(kit)
}

/// A service for each login, by its backend's name.
fn services(held: &[&Held], passfile: &str) -> Result<String, FormError> {
    let mut out = String::new();
    for (held, form) in logins(held) {
        let port = form.port.to_string();
        let database = form.databases.first().map_or("", String::as_str);
        let pairs = [
            ("host", form.host.as_str()),
            ("port", &port),
            ("user", &form.user),
            ("dbname", database),
            ("sslmode", &form.sslmode),
            ("channel_binding", &form.channel_binding),
            ("sslrootcert", form.root_certificate.as_deref().unwrap_or_default()),
            ("passfile", passfile),
        ];
        out.push_str(&format!("[{}]\n", held.backend));
        for (key, value) in pairs.into_iter().filter(|(_, value)| !value.is_empty()) {
            one_line(value)?;
            out.push_str(&format!("{key}={value}\n"));
        }
    }
    Ok(out)
}

/// Lines of a password file: one for each database that the login is meant for.
///
/// # Errors
/// When there is no login, or a value has a line break, which the file can't hold.
pub(super) fn pgpass(held: &[&Held]) -> Result<Zeroizing<String>, FormError> {
    let mut out = Zeroizing::new(String::with_capacity(8192));
    for (held, form) in logins(held) {
        let Born::Password(password) = &held.born else { continue };
        // libpq looks up its default socket directory as `localhost`, and any other by its path.
        let hosts =
            if form.host.starts_with('/') { vec![form.host.as_str(), "localhost"] } else { vec![form.host.as_str()] };
        let port = form.port.to_string();
        for host in hosts {
            for database in &form.databases {
                for field in [host, port.as_str(), database, &form.user] {
                    field_into(&mut out, field)?;
                    out.push(':');
                }
                field_into(&mut out, password.expose_secret())?;
                out.push('\n');
            }
        }
    }
    if out.is_empty() {
        return Err(FormError::new("this grant gives no PostgreSQL login", "choose another --format"));
    }
    Ok(out)
}

/// Escapes `:` and `\` with a backslash, and what would make the line a comment or the field a wildcard.
fn field_into(out: &mut String, value: &str) -> Result<(), FormError> {
    one_line(value)?;
    for (i, c) in value.chars().enumerate() {
        if matches!(c, ':' | '\\') || i == 0 && matches!(c, '#' | '*') {
            out.push('\\');
        }
        out.push(c);
    }
    Ok(())
}

fn one_line(value: &str) -> Result<(), FormError> {
    if value.contains(['\n', '\r', '\0']) {
        return Err(FormError::new("a value of the login has a line break", "use --format json"));
    }
    Ok(())
}

fn logins<'a>(held: &'a [&Held]) -> impl Iterator<Item = (&'a Held, &'a PostgresForm)> {
    held.iter().filter_map(|held| match &held.form {
        Form::Postgres(form) => Some((*held, form)),
        Form::Ssh(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::held::tests::postgres;
    use jit_types::Secret;
    use proptest::prelude::*;

    fn with(change: impl FnOnce(&mut PostgresForm), password: &str) -> Held {
        let mut held = postgres(0, 60_000);
        if let Form::Postgres(form) = &mut held.form {
            change(form);
        }
        held.born = Born::Password(Secret::new(password.to_owned()));
        held
    }

    /// Reads a line as libpq's `passwordFromFile` does: a field ends at an unescaped colon.
    fn fields(line: &str) -> Vec<String> {
        let (mut out, mut here, mut escaped) = (Vec::new(), String::new(), false);
        for c in line.chars() {
            match c {
                '\\' if !escaped => escaped = true,
                ':' if !escaped => out.push(std::mem::take(&mut here)),
                _ => {
                    here.push(c);
                    escaped = false;
                }
            }
        }
        out.push(here);
        out
    }

    #[test]
    fn a_line_for_each_database_and_both_names_of_a_socket() {
        let tcp = postgres(0, 60_000);
        let text = pgpass(&[&tcp]).expect("lines");
        assert_eq!(
            text.as_str(),
            "db.example.com:5432:shop:jit_x:correct-horse\ndb.example.com:5432:stock:jit_x:correct-horse\n"
        );
        let socket = with(|f| (f.host, f.databases) = ("/run/postgresql".to_owned(), vec!["a".to_owned()]), "p");
        let text = pgpass(&[&socket]).expect("lines");
        assert_eq!(text.as_str(), "/run/postgresql:5432:a:jit_x:p\nlocalhost:5432:a:jit_x:p\n");
    }

    proptest! {
        #[test]
        fn every_value_reads_back_as_libpq_reads_it(
            host in "[^\\x00\\r\\n/][^\\x00\\r\\n]{0,20}", db in "[^\\x00\\r\\n]{1,20}", password in "[^\\x00\\r\\n]{1,40}"
        ) {
            let held = with(|f| (f.host, f.databases) = (host.clone(), vec![db.clone()]), &password);
            let text = pgpass(&[&held]).expect("a line");
            let line = text.strip_suffix('\n').expect("a whole line");
            prop_assert!(!line.starts_with('#') && !line.starts_with('*'));
            prop_assert_eq!(fields(line), vec![host, "5432".to_owned(), db, "jit_x".to_owned(), password]);
        }
    }

    #[test]
    fn a_line_break_can_forge_no_line() {
        for bad in ["a\nb", "a\rb", "a\0b"] {
            assert!(pgpass(&[&with(|f| f.host = bad.to_owned(), "p")]).is_err());
            assert!(pgpass(&[&with(|_| (), bad)]).is_err());
            let two = [&with(|f| f.sslmode = bad.to_owned(), "p"), &postgres(0, 1)];
            assert!(kit(&two, Path::new("/d")).is_err());
        }
    }

    #[test]
    fn with_a_file_the_password_is_in_no_variable() {
        let held = postgres(0, 60_000);
        let made = kit(&[&held], Path::new("/private")).expect("a kit");
        assert!(made.variables.iter().all(|v| !v.value.expose_secret().contains("correct-horse")));
        assert!(made.variables.iter().any(|v| v.name == "PGPASSFILE" && v.value.expose_secret() == "/private/pgpass"));
        assert!(!made.variables.iter().any(|v| v.name == "PGSERVICEFILE"));
        let other = with(|f| f.host = "other.example.com".to_owned(), "q");
        let made = kit(&[&held, &other], Path::new("/private")).expect("a kit");
        assert!(made.variables.iter().any(|v| v.name == "PGSERVICEFILE"));
        assert!(made.files.iter().all(|f| f.name == PGPASS || !f.text.expose_secret().contains("correct-horse")));
    }
}
