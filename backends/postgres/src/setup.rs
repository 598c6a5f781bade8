//! The SQL that an administrator runs once, so that the broker has what it needs and no more.

use crate::ident::{Ident, literal};

/// The statements for a broker role, the member roles it may give and the databases they are for, with the reason of
/// each. The password is set apart, by `\password`, so that it stands in no file and no log.
///
/// On 15 CREATEROLE reaches every role that is no superuser, whatever is granted here; since 16 only what it made
/// itself and what it has ADMIN on.
pub fn setup_sql(broker: &Ident, members: &[Ident], databases: &[Ident], version: u32) -> String {
    let b = broker.quoted();
    let mut sql = format!(
        "-- Run once, as a superuser, in the database that the broker's url names.\n\
         -- The broker makes and ends logins; it reads no table.\n\
         CREATE ROLE {b} LOGIN CREATEROLE NOSUPERUSER NOCREATEDB NOREPLICATION NOBYPASSRLS INHERIT;\n\
         -- Set its password so that it is in no log: \\password {}\n",
        broker.as_str().replace(['\n', '\r'], " ")
    );
    if version < 16 {
        sql.push_str(
            "-- PostgreSQL 15: CREATEROLE is as good as the server. It can give itself pg_execute_server_program and\n\
             -- reset any password but a superuser's. Move to 16, or accept it knowingly.\n",
        );
    }
    for member in members {
        let m = member.quoted();
        sql.push_str(&format!(
            "-- A member role: no login, no attributes, owns nothing. Grant it exactly what it is to give.\n\
             DO {};\n",
            literal(&format!(
                "BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {}) THEN CREATE ROLE {m} NOLOGIN; END IF; END",
                literal(member.as_str())
            ))
        ));
        if version >= 16 {
            sql.push_str(&format!("GRANT {m} TO {b} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE;\n"));
        }
    }
    for database in databases {
        let d = database.quoted();
        sql.push_str(&format!(
            "-- Without this every login of the server may connect to it.\nREVOKE CONNECT, TEMPORARY ON DATABASE {d} FROM PUBLIC;\n\
             -- The broker looks at it and clears up in it.\nGRANT CONNECT ON DATABASE {d} TO {b};\n"
        ));
        for member in members {
            sql.push_str(&format!("GRANT CONNECT ON DATABASE {d} TO {};\n", member.quoted()));
        }
    }
    sql.push_str(&format!(
        "-- Verifiers travel through a temporary table, so that they are in no log.\n\
         DO {};\n\
         -- The identity that handles pin.\n\
         GRANT EXECUTE ON FUNCTION pg_catalog.pg_control_system() TO {b};\n\
         -- Only where `standbys` are named and the server is 18 or later: tells client sessions from the server's own.\n\
         -- GRANT pg_read_all_stats TO {b};\n",
        literal(&format!(
            "BEGIN EXECUTE format({}, current_database()); END",
            literal(&format!("GRANT CONNECT, TEMPORARY ON DATABASE %I TO {}", b.replace('%', "%%")))
        ))
    ));
    sql
}
