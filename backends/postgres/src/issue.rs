//! Makes a login, or moves its end.
//!
//! All that changes the server is one `DO` block in one simple query: the server carries it out from its arrival to its
//! commit without another word from here, so a network that holds bytes back can only delay its beginning. The block
//! first takes a lock that others can see until the commit is through, then compares the order's deadline with the
//! server's own clock, and does so once more before it ends.
//!
//! The verifier travels ahead of it as `COPY` data into a temporary table. `COPY` data is in no log, at no setting of
//! `log_statement`, while statements and bind parameters are; inside the block a statement that failed would be quoted
//! as context of its error, so the block catches every error and raises one of ours, and the password is set by its
//! last statement, when every lock is held.

use jit_backend::{Error, ErrorKind, Issued, Order};
use jit_types::{Form, Material, PostgresForm, ScramVerifier, Usable, Words};
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use crate::config::Through;
use crate::connect::{Link, Slip};
use crate::error::{self, own};
use crate::ident::{Ident, literal, shown};
use crate::name;
use crate::note::{self, Looks, Pin};
use crate::rules;
use crate::scope::Resolved;
use crate::{Postgres, error as errors, fit, functions, prepared, ways};

const DOING: &str = "issue the login";

/// A login that stands, as the catalogs show it.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    pub(crate) oid: i64,
    pub(crate) name: String,
    pub(crate) can_login: bool,
    /// When its planted end is, in milliseconds; `None` where it has none.
    pub(crate) until: Option<i64>,
    /// Whether that is past by the server's clock.
    pub(crate) expired: bool,
    pub(crate) note: Option<String>,
}

/// Looks a role up by name, or by OID where one is given and no role has the name.
pub(crate) async fn standing(link: &mut Link<'_>, name: &Ident, oid: Option<i64>) -> Result<Option<Standing>, Error> {
    let doing = "look the login up";
    let limit = link.limit();
    let query = sqlx::query(
        "SELECT r.oid::int8, r.rolname::text, r.rolcanlogin, \
         CASE WHEN isfinite(r.rolvaliduntil) THEN floor(extract(epoch FROM r.rolvaliduntil) * 1000)::int8 END, \
         coalesce(r.rolvaliduntil <= clock_timestamp(), false), shobj_description(r.oid, 'pg_authid') \
         FROM pg_roles r WHERE r.rolname = $1 OR r.oid::int8 = $2 ORDER BY r.rolname = $1 DESC LIMIT 1",
    )
    .bind(name.as_str())
    .bind(oid)
    .fetch_optional(link.raw());
    let Some(row) = Link::within(limit, doing, query).await? else { return Ok(None) };
    let read = || -> Result<Standing, sqlx::Error> {
        Ok(Standing {
            oid: row.try_get(0)?,
            name: row.try_get(1)?,
            can_login: row.try_get(2)?,
            until: row.try_get(3)?,
            expired: row.try_get(4)?,
            note: row.try_get(5)?,
        })
    };
    read().map(Some).map_err(|e| error::of(&e, doing))
}

/// Carries out an order.
pub(crate) async fn issue(backend: &Postgres, order: &Order, material: Option<&Material>) -> Result<Issued, Error> {
    if order.house != backend.house {
        return Err(Error::new(ErrorKind::Bug, "the order is another house's"));
    }
    let scope = Resolved::read(&order.scope)?;
    let verifier = match material {
        None => None,
        Some(Material::ScramVerifier(verifier)) => Some(verifier),
        Some(_) => return Err(Error::new(ErrorKind::Misconfigured, "a PostgreSQL login is made of a SCRAM verifier")),
    };
    if material.is_some_and(|m| m.digest() != order.material) {
        return Err(Error::new(ErrorKind::Conflict, "the verifier is not the one that was ordered"));
    }
    let server = &backend.primary;
    let login = name::login(&order.house, &order.claim);
    let roles = scope.members(&backend.house);
    let members = fit(backend, &scope, &roles).await?;
    if let Some(verifier) = verifier {
        backend.memory().salt(&note::salt_digest(verifier), order.claim)?;
    }

    let mut link = server.main().await?;
    if link.facts().standby {
        return Err(Error::new(ErrorKind::Unreachable, "the target is a standby now and takes no changes"));
    }
    if let Some(verifier) = verifier {
        send_verifier(&mut link, verifier).await?;
    }
    let sql = match ways::through(backend, &mut link).await? {
        Through::Functions => call(order, &scope, &roles, verifier, &members),
        Through::CreateRole => {
            block(order, &scope, &roles, &login, verifier, &members, link.facts().membership_options())
        }
    };
    // Which number it got, in the same message and transaction.
    let name = literal(&login.quoted());
    let made = format!(
        "{sql}; SELECT to_regrole({name})::oid::int8, (SELECT d.description FROM pg_shdescription d \
         WHERE d.objoid = to_regrole({name})::oid AND d.classoid = 'pg_authid'::regclass)"
    );
    let rows = link.rows(made, DOING).await?;
    if verifier.is_some() {
        // The block has taken it out again.
        *link.slip() = Slip::Empty;
    }
    let read =
        |row: &PgRow| -> Result<(Option<i64>, Option<String>), sqlx::Error> { Ok((row.try_get(0)?, row.try_get(1)?)) };
    let made = rows.first().map(read).transpose().map_err(|e| error::of(&e, DOING))?;
    let Some((Some(role), note)) = made else {
        return Err(Error::new(ErrorKind::Conflict, "the login was removed as soon as it was made"));
    };
    let pin = Pin {
        system: link.facts().system.clone(),
        database: server.main_database().as_str().to_owned(),
        role,
        members: note::looks_of(note.as_deref()),
    };
    link.finish();
    Ok(Issued { handle: pin.to_handle()?, form: Form::Postgres(form(backend, &scope, &login)), usable: usable() })
}

fn usable() -> Usable {
    Usable::Assumed {
        why: Words::new(
            "the login stands in the catalog with its roles and its end; whether pg_hba.conf lets it in from where \
             the client is, only its first use shows",
        ),
    }
}

fn form(backend: &Postgres, scope: &Resolved, login: &Ident) -> PostgresForm {
    let clients = &backend.settings.clients;
    PostgresForm {
        host: clients.host.clone(),
        port: clients.port,
        user: login.as_str().to_owned(),
        databases: scope.databases.iter().map(|d| d.as_str().to_owned()).collect(),
        sslmode: clients.sslmode.as_str().to_owned(),
        root_certificate: clients.root_certificate.clone(),
        channel_binding: clients.channel_binding().to_owned(),
    }
}

/// Looks whether the member roles may be given, and what they look like before: in each database of the scope.
async fn fit(backend: &Postgres, scope: &Resolved, roles: &[Ident]) -> Result<Looks, Error> {
    let mut members = Looks::new();
    for database in &scope.databases {
        if !scope.tables.is_empty() {
            as_prepared(backend, database, scope).await?;
        }
        let crowd = backend.memory().looks(database, roles);
        let look = async {
            let mut link = backend.primary.link(database.as_str()).await?;
            let fit = fit::look(&mut link, &backend.house, database, roles).await?;
            link.finish();
            Ok::<_, Error>(fit)
        };
        let fit = crowd.see(look).await?;
        if let Some(bad) = fit.broken.iter().find(|b| !b.excused(&scope.exceptions)) {
            let kind = if bad.rule == rules::Rule::Missing { ErrorKind::Misconfigured } else { ErrorKind::Refused };
            let public = match bad.rule {
                rules::Rule::Missing | rules::Rule::Connect => bad.to_string(),
                _ => format!("{bad}: what it gives would not end with the login"),
            };
            return Err(Error::new(kind, public).with_internal(bad.remedy()));
        }
        members.extend(fit.looks);
    }
    Ok(members)
}

/// Whether the role that was prepared for named tables is as it is written.
async fn as_prepared(backend: &Postgres, database: &Ident, scope: &Resolved) -> Result<(), Error> {
    let mut link = backend.primary.link(database.as_str()).await?;
    let drift = prepared::drift(&mut link, &backend.house, scope).await?.into_iter().next();
    link.finish();
    let Some(drift) = drift else { return Ok(()) };
    let kind = if drift.more { ErrorKind::Refused } else { ErrorKind::Misconfigured };
    let public = format!("in database {}: {}", shown(database.as_str()), drift.what);
    Err(Error::new(kind, public).with_internal(drift.remedy))
}

/// Sends the verifier where the block will find it, and no log will.
async fn send_verifier(link: &mut Link<'_>, verifier: &ScramVerifier) -> Result<(), Error> {
    let doing = "hand the verifier over";
    // What a block that failed has left is not to be taken for this one's.
    match *link.slip() {
        Slip::Missing => {
            let make = "CREATE TEMP TABLE IF NOT EXISTS jit_slip (v text); DELETE FROM pg_temp.jit_slip";
            link.run(make.to_owned(), doing).await?;
        }
        Slip::Used => link.run("DELETE FROM pg_temp.jit_slip".to_owned(), doing).await?,
        Slip::Empty => {}
    }
    *link.slip() = Slip::Used;
    let limit = link.limit();
    // A verifier is base64, `$` and `:`: nothing that COPY's text format would read otherwise.
    let line = zeroizing(verifier);
    let copy = async {
        let mut copy = link.raw().copy_in_raw("COPY pg_temp.jit_slip (v) FROM STDIN").await?;
        copy.send(line.expose_secret().as_bytes()).await?;
        copy.finish().await
    };
    match tokio::time::timeout(limit, copy).await {
        Err(_) => Err(errors::timed_out(doing)),
        Ok(result) => result.map(|_| ()).map_err(|e| errors::of(&e, doing)),
    }
}

fn zeroizing(verifier: &ScramVerifier) -> jit_types::Secret {
    jit_types::Secret::new(format!("{}\n", verifier.expose_verifier()))
}

/// The one statement, where functions in the target make the login: they look at everything that [`block`] looks at, and
/// at more. The verifier passes from the table to the function inside the block, so no log sees it: in a condition, which is
/// worked out without a statement. `PERFORM` would be one, and pgaudit's `log_parameter` writes down what a statement is given.
fn call(order: &Order, scope: &Resolved, roles: &[Ident], verifier: Option<&ScramVerifier>, members: &Looks) -> String {
    let (read, salt) = match verifier {
        Some(verifier) => (
            "SELECT s.v INTO STRICT v FROM pg_temp.jit_slip s;\nDELETE FROM pg_temp.jit_slip;\n",
            note::salt_digest(verifier),
        ),
        // Nothing is made without a verifier, so no note is written.
        None => ("", jit_types::Digest::of(b"")),
    };
    let head = note::note_head(order);
    let rest = note::note(order, &salt, members).split_off(head.len());
    let issue = functions::call(
        &order.house,
        "issue",
        &[
            literal(&order.claim.digits()),
            functions::array(roles),
            scope.connection_limit.to_string(),
            literal(&order.deadline.to_string()),
            literal(&order.window.end.to_string()),
            literal(&head),
            literal(&rest),
            "v".to_owned(),
        ],
    );
    let body = format!(
        "DECLARE v text;\nBEGIN\n\
         IF NOT pg_try_advisory_xact_lock({key}) THEN RAISE EXCEPTION USING ERRCODE = '{busy}', MESSAGE = 'jit: refused'; END IF;\n\
         {read}\
         IF {issue} IS NULL THEN NULL; END IF;\n\
         EXCEPTION WHEN OTHERS OR query_canceled THEN\n\
         RAISE EXCEPTION USING ERRCODE = SQLSTATE, MESSAGE = 'jit: refused';\nEND",
        key = name::lock_key(&order.claim),
        busy = own::BUSY,
    );
    format!("DO {}", literal(&body))
}

/// The one statement that changes the server.
fn block(
    order: &Order,
    scope: &Resolved,
    roles: &[Ident],
    login: &Ident,
    verifier: Option<&ScramVerifier>,
    members: &Looks,
    membership_options: bool,
) -> String {
    let raise = |state: &str| format!("RAISE EXCEPTION USING ERRCODE = '{state}', MESSAGE = 'jit: refused'");
    let quoted = login.quoted();
    let execute = |statement: String| format!("EXECUTE {};\n", literal(&statement));
    let until = format!("VALID UNTIL '{}'", order.window.end);
    let late = format!(
        "IF clock_timestamp() >= timestamptz '{}' OR clock_timestamp() >= timestamptz '{}' THEN {}; END IF;\n",
        order.deadline,
        order.window.end,
        raise(own::TOO_LATE)
    );
    let mut make = String::new();
    let mut password = String::new();
    if let Some(verifier) = verifier {
        let salt = note::salt_digest(verifier);
        make.push_str(&format!(
            "IF EXISTS (SELECT FROM (SELECT d.objoid FROM pg_shdescription d WHERE d.classoid = 'pg_authid'::regclass \
             AND split_part(d.description, ' ', 3) = {} OFFSET 0) d JOIN pg_roles r ON r.oid = d.objoid \
             WHERE r.rolname ~ '^jit_[0-9a-z]{{26}}_[0-9a-z]{{26}}$') THEN {}; END IF;\n",
            literal(&salt.to_string()),
            raise(own::SALT_SEEN)
        ));
        let inherit = if membership_options { "NOINHERIT" } else { "INHERIT" };
        make.push_str(&execute(format!(
            "CREATE ROLE {quoted} LOGIN {inherit} NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS \
             PASSWORD NULL CONNECTION LIMIT {} {until}",
            scope.connection_limit
        )));
        let options = if membership_options { " WITH INHERIT TRUE, SET FALSE, ADMIN FALSE" } else { "" };
        for member in roles {
            make.push_str(&execute(format!("GRANT {} TO {quoted}{options}", member.quoted())));
        }
        let text = note::note(order, &salt, members);
        make.push_str(&execute(format!("COMMENT ON ROLE {quoted} IS {}", literal(&text))));
        // Last, when every lock is held: nothing is left to wait for, so no log line can quote it as what waits.
        password.push_str("SELECT s.v INTO STRICT v FROM pg_temp.jit_slip s;\n");
        password.push_str(&format!(
            "EXECUTE {} || quote_literal(v);\n",
            literal(&format!("ALTER ROLE {quoted} PASSWORD "))
        ));
        password.push_str("DELETE FROM pg_temp.jit_slip;\n");
    } else {
        make.push_str(&format!("{};\n", raise(own::NO_MATERIAL)));
    }
    let body = format!(
        "DECLARE v text; known record;\nBEGIN\n\
         IF NOT pg_try_advisory_xact_lock({key}) THEN {busy}; END IF;\n\
         {late}\
         IF to_regrole({name}) IS NOT NULL THEN\n\
         SELECT a.rolcanlogin, shobj_description(a.oid, 'pg_authid') AS note INTO known FROM pg_roles a \
         WHERE a.oid = to_regrole({name})::oid;\n\
         IF NOT coalesce(starts_with(known.note, {head}), false) THEN {other}; END IF;\n\
         IF NOT known.rolcanlogin THEN {ended}; END IF;\n\
         {alter}\
         ELSE\n{make}END IF;\n\
         {password}\
         {late}\
         EXCEPTION WHEN OTHERS OR query_canceled THEN\n\
         RAISE EXCEPTION USING ERRCODE = SQLSTATE, MESSAGE = 'jit: refused';\nEND",
        key = name::lock_key(&order.claim),
        busy = raise(own::BUSY),
        name = literal(&quoted),
        head = literal(&note::note_head(order)),
        other = raise(own::OTHER_ORDER),
        ended = raise(own::ENDED),
        alter = execute(format!("ALTER ROLE {quoted} {until}")),
    );
    format!("DO {}", literal(&body))
}
