//! What was made, and what each target needs before it is of use.

use std::path::{Path, PathBuf};

use jit_types::HouseId;

use super::{Ctx, Error, Host};
use crate::cli::Exit;
use crate::cli::output::Tone;
use crate::config::template::AnswerPostgres;
use crate::wiring;

/// The files that a host is told of (sshd_config(5)).
const HOST_CA: &str = "/etc/ssh/jit_ca.pub";
const HOST_PRINCIPALS: &str = "/etc/ssh/jit_principals/%u";
const HOST_KRL: &str = "/etc/ssh/jit.krl";
/// The account that the broker may look from.
const PROBE: &str = "jit-probe";

/// What was made.
pub(super) struct Made {
    pub(super) config: PathBuf,
    pub(super) state: PathBuf,
    pub(super) socket: Option<PathBuf>,
    pub(super) house: HouseId,
    pub(super) verifier_key: String,
    pub(super) ca_public: Option<PathBuf>,
    pub(super) sql: Option<String>,
    pub(super) major: u32,
    pub(super) ssh: Option<Host>,
    pub(super) password: Option<PathBuf>,
    pub(super) run_as: Option<String>,
    pub(super) named: bool,
}

/// The SQL that an administrator of the database runs once.
///
/// # Errors
/// When a name in the answers is none.
pub(super) fn sql(postgres: &AnswerPostgres, major: u32, house: HouseId) -> Result<String, Error> {
    let members: Vec<&str> = postgres.member_of.iter().map(String::as_str).collect();
    let user = user(&postgres.url).ok_or_else(|| Error::usage("--postgres", "the url names no login before the @"))?;
    let databases = [postgres.database.as_str()];
    let sql = if postgres.functions {
        wiring::postgres_functions(house, &user, &members, &databases, major)
    } else {
        wiring::postgres_setup(&user, &members, &databases, major)
    };
    sql.map_err(|why| Error::usage("--postgres", why))
}

/// The login in a url: what stands before the last `@`, with its escapes read (RFC 3986 §2.1).
fn user(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?']).next()?;
    let (user, _) = authority.rsplit_once('@')?;
    let mut bytes = Vec::new();
    let mut left = user.bytes();
    while let Some(byte) = left.next() {
        if byte == b'%' {
            let digits = [left.next()?, left.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok().filter(|user| !user.is_empty())
}

/// Tells it.
///
/// # Errors
/// When nobody reads it any more.
pub(super) fn tell(ctx: &Ctx, made: &Made) -> Result<(), Error> {
    let krl = made.ssh.as_ref().and_then(|host| host.krl.as_deref());
    let sshd = made
        .ssh
        .as_ref()
        .map(|_| wiring::sshd_lines(Path::new(HOST_CA), Path::new(HOST_PRINCIPALS), krl.map(|_| Path::new(HOST_KRL))));
    let sshd = sshd.transpose().map_err(|why| Error::new(Exit::Failure, why))?;
    if ctx.out.json() {
        return ctx.out.object(&serde_json::json!({
            "config": made.config, "state": made.state, "socket": made.socket, "house": made.house,
            "verifier_key": made.verifier_key, "ssh_ca": made.ssh.as_ref().map(|host| &host.ca),
            "ssh_ca_public": made.ca_public, "krl": krl, "sshd_config": sshd, "postgres_sql": made.sql,
        }));
    }
    let out = &ctx.out;
    let head = |text: &str| out.line(format!("\n{}", out.paint(Tone::Strong, text)));
    out.line(format!("config  {}", made.config.display()))?;
    out.line(format!("state   {} ({})", made.state.display(), made.house))?;
    if let Some(public) = &made.ca_public {
        out.line(format!("CA      {}", public.with_extension("").display()))?;
    }
    out.line(format!("log     signed by {}", made.verifier_key))?;
    out.line("        Keep this line where the broker can't write: `jit audit verify --key` holds the log to it.")?;
    if let (Some(host), Some(public), Some(sshd)) = (&made.ssh, &made.ca_public, &sshd) {
        head("What every SSH host needs")?;
        out.line(format!("1. {HOST_CA}: a copy of {}", public.display()))?;
        out.line(format!("2. {}: the line `{}`", HOST_PRINCIPALS.replace("%u", &host.account), host.account))?;
        if let Some(krl) = krl {
            out.line(format!("3. {HOST_KRL}: a copy of {}, which the broker writes when it", krl.display()))?;
            out.line(
                "   starts and whenever a certificate is ended early; keep the copy new. It must be there before sshd",
            )?;
            out.line("   is told of it: sshd lets nobody in where it is missing.")?;
        }
        out.line("4. In /etc/ssh/sshd_config, before any Match; then `sshd -t` and a reload:")?;
        for line in sshd.lines() {
            out.line(format!("   {line}"))?;
        }
        if krl.is_some() {
            probe(ctx)?;
        }
    }
    if let Some(sql) = &made.sql {
        head(&format!("What the PostgreSQL {} needs", made.major))?;
        out.line(sql.trim_end())?;
        if let Some(file) = &made.password {
            out.line(format!("-- And {} with the password in its first line, its owner's alone.", file.display()))?;
        } else {
            out.line(
                "-- The config names no password: where the server wants one, add `password = { file = \"…\" }` there.",
            )?;
        }
    }
    head("Then")?;
    let config = if made.named { format!(" --config {}", made.config.display()) } else { String::new() };
    out.line(format!("jit config check{config}"))?;
    if made.socket.is_some() {
        let account = made.run_as.as_ref().map(|account| format!("  # as {account}"));
        out.line(format!("jit serve{config}{}", account.unwrap_or_default()))?;
    }
    out.line(format!("jit doctor{config}"))
}

/// What a host needs so that the broker can see that an end has reached it.
fn probe(ctx: &Ctx) -> Result<(), Error> {
    let [account, principal, lines] =
        wiring::ssh_probe_lines(PROBE, Path::new(HOST_PRINCIPALS)).map_err(|why| Error::new(Exit::Failure, why))?;
    let out = &ctx.out;
    out.line("5. Only on hosts where the broker is to look whether ends have come, and who could plant what:")?;
    out.line(format!("   {account}"))?;
    out.line(format!("   {principal}"))?;
    out.line("   and at the end of /etc/ssh/sshd_config:")?;
    for line in lines.lines() {
        out.line(format!("   {line}"))?;
    }
    out.line(format!(
        "   In the backend's table: probe = {{ hosts = [\"web-1.internal\"], account = \"{PROBE}\" }}, and the"
    ))?;
    out.line("   hosts' lines in `known_hosts`.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_login_of_a_url_is_what_stands_before_the_last_at() {
        let cases = [
            ("postgres://jit@db.internal/postgres", Some("jit")),
            ("postgres://j%20t@/x?host=/run", Some("j t")),
            ("postgres://db.internal/x", None),
            ("postgres://@db/x", None),
            ("postgres://j%2@db/x", None),
            ("jit@db", None),
        ];
        for (url, wanted) in cases {
            assert_eq!(user(url).as_deref(), wanted, "{url}");
        }
    }
}
