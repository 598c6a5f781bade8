//! What the server's log gets to see.
//!
//! Of ours, nothing secret at any setting of `log_statement`: the password is never sent, and the verifier travels as `COPY`
//! data. A setting for debugging the server would tell it all the same, and is told here. And the holder may set a password of
//! their own, and a statement may hold anything.

use jit_backend::{Error, Finding, FindingKind};
use jit_types::Words;

use crate::connect::Link;

/// Says which settings write statements to the log; the flag says whether any does.
pub(crate) async fn notices(link: &mut Link<'_>) -> Result<(Vec<Finding>, bool), Error> {
    let limit = link.limit();
    // pg_settings leaves out what the broker may not see, where current_setting would refuse.
    let query = sqlx::query_as::<_, (String, String)>(
        "SELECT s.name, s.setting FROM pg_settings s WHERE s.name IN ('log_statement', 'log_min_duration_statement', \
         'log_min_duration_sample', 'log_transaction_sample_rate', 'log_parser_stats', 'pgaudit.log', 'pgaudit.log_parameter', 'pg_stat_statements.track', 'pg_stat_statements.track_utility', 'password_encryption')",
    )
    .fetch_all(link.raw());
    let rows = Link::within(limit, "read the logging settings", query).await?;
    let mut findings = Vec::new();
    let mut told = |kind: FindingKind, what: &str, remedy: &str| {
        findings.push(Finding { kind, what: Words::new(what), remedy: Some(Words::new(remedy)) });
    };
    let mut logs = false;
    for (name, setting) in rows {
        match (name.as_str(), setting.as_str()) {
            ("log_statement", "none")
            | ("log_min_duration_statement" | "log_min_duration_sample", "-1")
            | ("log_transaction_sample_rate", "0") => {}
            ("log_statement", "ddl" | "mod" | "all") => {
                logs = true;
                told(
                    FindingKind::Notice,
                    "log_statement writes statements to the server's log; verifiers of ours are not in it, but the \
                     verifier of a password that a holder sets, and whatever sessions send, is",
                    "ALTER SYSTEM SET log_statement = 'none', or guard the log as you guard the data",
                );
            }
            ("log_min_duration_statement" | "log_min_duration_sample", _) => {
                logs = true;
                told(
                    FindingKind::Notice,
                    &format!("{name} writes slow statements to the server's log, with what is in them"),
                    &format!("ALTER SYSTEM SET {name} = -1, or guard the log as you guard the data"),
                );
            }
            ("log_transaction_sample_rate", _) => {
                logs = true;
                told(
                    FindingKind::Notice,
                    "log_transaction_sample_rate writes whole transactions to the server's log, with what is in them",
                    "ALTER SYSTEM SET log_transaction_sample_rate = 0, or guard the log as you guard the data",
                );
            }
            // Whatever is logged while a statement is parsed is logged with the statement, also one inside a block.
            ("log_parser_stats", "on") => {
                told(
                    FindingKind::Bad,
                    "log_parser_stats writes statements inside others to the server's log, with the verifier of each login we make",
                    "ALTER SYSTEM SET log_parser_stats = off",
                );
            }
            ("pgaudit.log", audited) if audited != "none" => {
                told(
                    FindingKind::Notice,
                    "pgaudit writes statements to the server's log; it leaves passwords out, not data",
                    "guard the log as you guard the data",
                );
            }
            ("pgaudit.log_parameter", "on") => {
                told(
                    FindingKind::Notice,
                    "pgaudit writes the values that statements are given to the server's log",
                    "ALTER SYSTEM SET pgaudit.log_parameter = off, or guard the log as you guard the data",
                );
            }
            ("pg_stat_statements.track", "all") => {
                told(
                    FindingKind::Bad,
                    "pg_stat_statements keeps statements that run inside others, with the verifier of each login we make",
                    "ALTER SYSTEM SET pg_stat_statements.track = 'top'",
                );
            }
            ("pg_stat_statements.track_utility", "on") => {
                told(
                    FindingKind::Notice,
                    "pg_stat_statements keeps ALTER ROLE as it is, with a password that a holder sets",
                    "ALTER SYSTEM SET pg_stat_statements.track_utility = off",
                );
            }
            ("password_encryption", method) if method != "scram-sha-256" => {
                told(
                    FindingKind::Notice,
                    "a password that a holder sets is kept as MD5, which is as good as the password to who reads it",
                    "ALTER SYSTEM SET password_encryption = 'scram-sha-256'",
                );
            }
            _ => {}
        }
    }
    Ok((findings, logs))
}

/// Says whether jobs can be made in the database of this connection. Its catalog is asked, because what the server has loaded,
/// and pg_cron's own settings, are shown to superusers alone.
pub(crate) async fn jobs(link: &mut Link<'_>, place: &str) -> Result<Option<Finding>, Error> {
    let limit = link.limit();
    let query = sqlx::query_scalar::<_, bool>("SELECT EXISTS (SELECT FROM pg_extension e WHERE e.extname = 'pg_cron')")
        .fetch_one(link.raw());
    let there = Link::within(limit, "look for pg_cron", query).await?;
    Ok(there.then(|| Finding {
        kind: FindingKind::Notice,
        what: Words::new(format!("pg_cron is in database {place}: its jobs outlive the logins that made them")),
        remedy: Some(Words::new("REVOKE USAGE ON SCHEMA cron FROM PUBLIC")),
    }))
}
