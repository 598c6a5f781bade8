//! The house's figures, side by side in one run: raw commits of this machine's disk, whole cycles beside them, ten thousand
//! grants that end in the same second, and five hundred open database sessions that do.
//!
//! `cargo bench --bench house`; nothing here is a test, and nothing has a limit.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a bench stops loudly"
)]

mod certs;
mod clock;
mod cycles;
mod ends;
mod flat;
mod life;
mod logins;
mod openbao;
mod server;
mod sessions;
mod stage;
mod usage;

use std::time::Instant;

#[tokio::main]
async fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let all = wanted.is_empty();
    let is = |name: &str| all || wanted.iter().any(|w| w == name);
    println!("{:<58} {:>14}", "what", "measured");
    if is("commits") || is("cycles") {
        row("raw SQLite commits, WAL, synchronous=FULL", &format!("{:.0}/s", commits().await));
    }
    if is("cycles") {
        for clients in [1, 64] {
            let (rate, commits) = cycles::run(clients).await;
            let what = format!("request → approve → claim (ssh), {clients} at once");
            row(&what, &format!("{rate:.0}/s"));
            row("  commits that a cycle took", &format!("{commits:.2}"));
        }
    }
    if is("life") {
        life("ssh", Some(life::ssh().await));
        life("PostgreSQL", life::postgres().await);
    }
    if is("ends") {
        let count = 10_000;
        for (role, what) in [("ruled", ""), ("typed", ", of a role with text that people type")] {
            let (ended, usage, durable) = ends::run(role, count).await;
            let all = format!("{count} ssh grants that end in the same second{what}: ended");
            row(&all, &ended.count.to_string());
            lateness(&ended);
            row("  all of them in the file after", &format!("{durable} ms"));
            let each = |all: u64| all as f64 / ended.count as f64;
            row("  processor time of an end", &format!("{:.0} µs", each(usage.cpu * 1000)));
            row("  written for an end", &format!("{:.1} kB", each(usage.written)));
        }
    }
    if is("flat") {
        let points = flat::run(&[1_000, 10_000, 100_000]).await;
        for point in &points {
            let what = format!("{} grants stored, {} events: request → … → released", point.stored, point.events);
            row(&what, &format!("{:.0} µs", point.cycle));
            row("  processor time", &format!("{:.0} µs", point.cpu));
            row("  beside the smallest", &format!("{:.2}", point.cpu / points[0].cpu));
            let [mine, waiting, open, one, log] = point.asked;
            row(
                "  own, waiting, open, one by its beginning, one's log",
                &format!("{mine:.1} {waiting:.1} {open:.1} {one:.1} {log:.1} ms"),
            );
        }
    }
    if is("certs") {
        row("Ed25519 signatures, one core, nothing else", &format!("{:.0}/s", certs::raw()));
        for clients in [4, 64] {
            row(
                &format!("ssh certificates, jit, {clients} at once, durable"),
                &format!("{:.0}/s", certs::jit(clients).await),
            );
        }
        match certs::openbao().await {
            Some(rate) => row("ssh certificates, OpenBao ssh/sign, 4 at once", &format!("{rate:.0}/s")),
            None => row("ssh certificates, OpenBao: it is not installed", "not measured"),
        }
    }
    if is("logins") {
        // One server each, made alike; one after the other.
        logins("raw CREATE ROLE, GRANT and DROP ROLE, 1 connection", logins::raw().await);
        for clients in [4, 16, 64] {
            logins(&format!("jit, {clients} at once, durable and proven"), logins::jit(clients).await);
            logins(&format!("OpenBao, {clients} at once"), openbao::run(clients).await);
        }
    }
    if is("sessions") {
        match sessions::run(500).await {
            Some(ended) => {
                let what = "open PostgreSQL sessions, dead and their roles gone, proven";
                row(what, &ended.count.to_string());
                lateness(&ended);
            }
            None => row("open PostgreSQL sessions: no server is installed", "not measured"),
        }
    }
}

fn logins(who: &str, rates: Option<logins::Rates>) {
    match rates {
        Some(rates) => {
            row(&format!("PostgreSQL logins issued, {who}"), &format!("{:.0}/s", rates.issued));
            row(&format!("PostgreSQL logins ended, {who}"), &format!("{:.0}/s", rates.ended));
        }
        None => row(&format!("PostgreSQL logins, {who}"), "not measured"),
    }
}

fn life(backend: &str, life: Option<life::Life>) {
    let Some(life) = life else { return row(&format!("{backend}, from approved to ended"), "not measured") };
    for (what, times) in [
        ("approved → credential", &life.usable),
        ("approved → its first use answered", &life.used),
        ("end → open session cut", &life.dead),
        ("end → proven gone", &life.proven),
    ] {
        if !times.is_empty() {
            let [p50, p99] = [0.50, 0.99].map(|quantile| life::at(times, quantile));
            row(&format!("{backend}: {what}, p50, p99"), &format!("{p50:.1} ms, {p99:.1} ms"));
        }
    }
}

fn lateness(ended: &ends::Ended) {
    for (name, at) in [("p50", 0.50), ("p99", 0.99), ("last", 1.0)] {
        row(&format!("  lateness, {name}"), &format!("{} ms", ended.late(at)));
    }
}

fn row(what: &str, measured: &str) {
    println!("{what:<58} {measured:>14}");
}

/// One row, one commit, again and again: what the disk gives.
async fn commits() -> f64 {
    use sqlx::ConnectOptions as _;
    let dir = tempfile::tempdir().unwrap();
    let options = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(dir.path().join("raw.db"))
        .create_if_missing(true)
        .journal_mode(sqlx::sqlite::SqliteJournalMode::Wal)
        .synchronous(sqlx::sqlite::SqliteSynchronous::Full);
    let mut connection = options.connect().await.unwrap();
    sqlx::raw_sql("CREATE TABLE t (v TEXT)").execute(&mut connection).await.unwrap();
    let (count, begun) = (3000, Instant::now());
    for _ in 0..count {
        sqlx::query("INSERT INTO t VALUES ('x')").execute(&mut connection).await.unwrap();
    }
    f64::from(count) / begun.elapsed().as_secs_f64()
}
