//! What an administrator sets up once, so that the broker has what it needs and no more: statements with their reasons,
//! to be read first, and then run by hand or by [`carry_out`]. Run again, they put everything as it is written.

use jit_backend::{Error, ErrorKind, Scope};
use jit_types::settings::Reader;
use jit_types::{HouseId, Secret, Span};

use crate::config::{LONGEST, Settings, Through};
use crate::connect::Server;
use crate::functions::{self, Bounds};
use crate::ident::{Ident, literal};
use crate::mend::Givers;
use crate::scope::{Keep, Resolved};
use crate::url::Url;
use crate::{guards, name, prepared};

/// One statement, or a few that belong together, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The reason, as a sentence.
    pub why: String,
    /// The statements, without the last semicolon.
    pub sql: String,
}

/// What is run in one database, as one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The database; `None` is the one that the broker's url names.
    pub database: Option<Ident>,
    /// The steps, in their order.
    pub steps: Vec<Step>,
}

impl Plan {
    /// The plan as a script for `psql`.
    pub fn to_sql(&self) -> String {
        let place = self.database.as_ref().map_or_else(
            || "in the database that the broker's url names".to_owned(),
            |d| format!("in database {}", one_line(&d.quoted())),
        );
        let mut sql = format!("-- Run once, as a superuser, {place}. It may be run again.\nBEGIN;\n{ONE_AT_A_TIME};\n");
        for step in &self.steps {
            sql.push_str(&format!("-- {}\n{};\n", one_line(&step.why), step.sql));
        }
        sql.push_str("COMMIT;\n");
        sql
    }
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

/// One setup at a time on the whole server: two that make the same role, or change the rights on the same database, would be
/// in each other's way. An advisory lock would hold in one database only; this table is the server's, and hardly ever written
/// to. The mode shuts out itself and a vacuum, nothing else.
const ONE_AT_A_TIME: &str = "LOCK TABLE pg_catalog.pg_shseclabel IN SHARE UPDATE EXCLUSIVE MODE";

/// What a setup is made from.
struct Wanted<'a> {
    broker: &'a Ident,
    members: Vec<Ident>,
    keepers: Vec<Ident>,
    databases: Vec<Ident>,
    version: u32,
    /// The house whose functions are made; `None` where the broker has CREATEROLE.
    functions: Option<(HouseId, Span)>,
    /// Roles to prepare, with what for.
    prepared: Vec<(Ident, &'a Resolved)>,
}

fn step(why: impl Into<String>, sql: impl Into<String>) -> Step {
    Step { why: why.into(), sql: sql.into() }
}

/// Makes a role where there is none.
fn make_role(role: &Ident) -> String {
    literal(&format!(
        "BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {}) THEN CREATE ROLE {} NOLOGIN; END IF; END",
        literal(role.as_str()),
        role.quoted()
    ))
}

impl Wanted<'_> {
    fn main_plan(&self) -> Plan {
        let b = self.broker.quoted();
        let mut gives: Vec<Ident> = self.members.clone();
        gives.extend(self.prepared.iter().map(|(role, _)| role.clone()));
        let mut guards = vec![guards::broker(self.broker)];
        guards.extend(gives.iter().chain(&self.keepers).map(|role| guards::role(role, self.broker)));
        let mut steps: Vec<Step> = guards.into_iter().map(|(why, sql)| step(why, sql)).collect();
        steps.push(self.broker_step());
        let bounds = self.functions.map(|(house, longest)| {
            Bounds { house, broker: self.broker.clone(), gives: gives.clone(), keepers: self.keepers.clone(), longest }
                .sorted()
        });
        if let Some(bounds) = &bounds {
            steps.extend(bounds.statements().into_iter().map(|(why, sql)| step(why, sql)));
        }
        for (role, scope) in &self.prepared {
            let tables: Vec<String> = scope.tables.iter().map(ToString::to_string).collect();
            let told = format!("jit: {}", one_line(&tables.join("; ")));
            steps.push(step(
                "Prepared for named tables: no login, no attributes, owns nothing.",
                format!("DO {};\nCOMMENT ON ROLE {} IS {}", make_role(role), role.quoted(), literal(&told)),
            ));
        }
        for role in self.members.iter() {
            steps.push(step(
                "A member role: no login, no attributes, owns nothing. Grant it exactly what it is to give.",
                format!("DO {}", make_role(role)),
            ));
        }
        for role in &self.keepers {
            steps.push(step(
                "Keeps the tables that holders made: no login, no attributes, member of nothing.",
                format!("DO {}", make_role(role)),
            ));
        }
        // Who gives: the owner of the functions, or the broker itself.
        let giver = bounds.as_ref().map_or_else(|| self.broker.clone(), |b| functions::owner(&b.house));
        if self.version >= 16 {
            for role in gives.iter().chain(&self.keepers) {
                steps.push(step(
                    "Since 16 only who has ADMIN on a role may give it; it does not use it itself.",
                    format!("GRANT {} TO {} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE", role.quoted(), giver.quoted()),
                ));
            }
        }
        for database in &self.databases {
            let d = database.quoted();
            steps.push(step(
                "Without this every login of the server may connect to it.",
                format!("REVOKE CONNECT, TEMPORARY ON DATABASE {d} FROM PUBLIC"),
            ));
            steps.push(step(
                "The broker looks at it and clears up in it.",
                format!("GRANT CONNECT ON DATABASE {d} TO {b}"),
            ));
            for member in &self.members {
                steps.push(step(
                    "Its logins may connect.",
                    format!("GRANT CONNECT ON DATABASE {d} TO {}", member.quoted()),
                ));
            }
        }
        steps.push(step(
            "Verifiers travel through a temporary table, so that they are in no log.",
            format!(
                "DO {}",
                literal(&format!(
                    "BEGIN EXECUTE format({}, current_database()); END",
                    literal(&format!("GRANT CONNECT, TEMPORARY ON DATABASE %I TO {}", b.replace('%', "%%")))
                ))
            ),
        ));
        steps.push(step(
            "The identity that handles pin. Only where `standbys` are named and the server is 18 or later the broker also \
             needs pg_read_all_stats, to tell client sessions from the server's own.",
            format!("GRANT EXECUTE ON FUNCTION pg_catalog.pg_control_system() TO {b}"),
        ));
        Plan { database: None, steps }
    }

    fn broker_step(&self) -> Step {
        let b = self.broker.quoted();
        let createrole = if self.functions.is_some() { "NOCREATEROLE" } else { "CREATEROLE" };
        let caution = if self.version < 16 && self.functions.is_none() {
            " PostgreSQL 15: CREATEROLE is as good as the server. It can give itself pg_execute_server_program and reset \
             any password but a superuser's. Move to 16, go through functions, or accept it knowingly."
        } else {
            ""
        };
        step(
            format!(
                "The broker makes and ends logins; it reads no table.{caution} Set its password so that it is in no log: \
                 \\password {}",
                self.broker.as_str()
            ),
            format!(
                "DO {};\nALTER ROLE {b} LOGIN {createrole} NOSUPERUSER NOCREATEDB NOREPLICATION NOBYPASSRLS INHERIT",
                make_role(self.broker)
            ),
        )
    }

    /// One plan for each database in which tables are granted.
    fn table_plans(&self, house: &HouseId) -> Vec<Plan> {
        let givers =
            Givers { broker: self.broker.clone(), owner: functions::owner(house), logins: name::prefix(house) };
        let mut plans: Vec<Plan> = Vec::new();
        for (role, scope) in &self.prepared {
            for database in &scope.databases {
                let steps = prepared::statements(role, scope, &givers).into_iter().map(|(why, sql)| step(why, sql));
                match plans.iter_mut().find(|p| p.database.as_ref() == Some(database)) {
                    Some(plan) => plan.steps.extend(steps),
                    None => plans.push(Plan { database: Some(database.clone()), steps: steps.collect() }),
                }
            }
        }
        plans
    }
}

/// The statements for a broker role with CREATEROLE, the member roles it may give and the databases they are for. The
/// password is set apart, by `\password`, so that it stands in no file and no log.
///
/// On 15 CREATEROLE reaches every role that is no superuser, whatever is granted here; since 16 only what it made
/// itself and what it has ADMIN on. [`functions_sql`] does without.
pub fn setup_sql(broker: &Ident, members: &[Ident], databases: &[Ident], version: u32) -> String {
    first(broker, members, databases, version, None).to_sql()
}

/// The same for a broker without CREATEROLE, which goes through functions: right for 15, good on every version. No
/// login lives longer than `longest`; `None` is 24 hours.
pub fn functions_sql(
    house: HouseId,
    broker: &Ident,
    members: &[Ident],
    databases: &[Ident],
    longest: Option<Span>,
    version: u32,
) -> String {
    first(broker, members, databases, version, Some((house, longest.unwrap_or(LONGEST)))).to_sql()
}

fn first(
    broker: &Ident,
    members: &[Ident],
    databases: &[Ident],
    version: u32,
    functions: Option<(HouseId, Span)>,
) -> Plan {
    Wanted {
        broker,
        members: members.to_vec(),
        keepers: Vec::new(),
        databases: databases.to_vec(),
        version,
        functions,
        prepared: Vec::new(),
    }
    .main_plan()
}

/// A backend's config as the setup needs it.
pub struct Target(pub(crate) Settings);

impl Target {
    /// Reads `[backends.NAME]`. Mistakes go to the reader.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        Settings::read(reader).map(Self)
    }

    /// What must be run for the scopes of all roles that give this backend: pure, nothing is connected to. Parameters
    /// must be put in: a scope with a choice is given once for each of its values.
    ///
    /// The first plan is for the database of the url; one more follows for each database with named tables.
    ///
    /// # Errors
    /// [`ErrorKind::Misconfigured`] when a scope is not one of this kind.
    pub fn plans(&self, house: HouseId, version: u32, scopes: &[Scope]) -> Result<Vec<Plan>, Error> {
        let scopes: Vec<Resolved> = scopes.iter().map(Resolved::read).collect::<Result<_, _>>()?;
        let mut prepared: Vec<(Ident, &Resolved)> =
            scopes.iter().filter_map(|s| prepared::role(&house, s).map(|r| (r, s))).collect();
        prepared.sort_by(|a, b| a.0.cmp(&b.0));
        prepared.dedup_by(|a, b| a.0 == b.0);
        let wanted = Wanted {
            broker: &self.0.url.user,
            members: sorted(scopes.iter().flat_map(|s| s.member_of.iter().cloned())),
            keepers: sorted(scopes.iter().filter_map(|s| match &s.keep_tables {
                Some(Keep::Role(role)) => Some(role.clone()),
                _ => None,
            })),
            databases: sorted(scopes.iter().flat_map(|s| s.databases.iter().cloned())),
            version,
            functions: (self.0.through == Some(Through::Functions)).then(|| (house, self.0.longest.unwrap_or(LONGEST))),
            prepared,
        };
        let mut plans = vec![wanted.main_plan()];
        plans.extend(wanted.table_plans(&house));
        Ok(plans)
    }

    /// Runs plans as an administrator, at the url of the config but with the administrator's name: each plan in one
    /// transaction, in its own database. Gives the reasons of the steps that were carried out.
    ///
    /// # Errors
    /// The first step that failed, as internal context; nothing of its plan was done. Plans before it were.
    pub async fn carry_out(
        &self,
        administrator: &Ident,
        password: Option<&Secret>,
        plans: &[Plan],
    ) -> Result<Vec<String>, Error> {
        let url = Url { user: administrator.clone(), ..self.0.url.clone() };
        let server = Server::new(&url, password, self.0.statement_timeout)?;
        let mut done = Vec::new();
        for plan in plans {
            done.extend(run(&server, plan).await?);
        }
        Ok(done)
    }

    /// The server's major version, asked as an administrator.
    ///
    /// # Errors
    /// When it can't be reached, or does not let the administrator in.
    pub async fn version(&self, administrator: &Ident, password: Option<&Secret>) -> Result<u32, Error> {
        let url = Url { user: administrator.clone(), ..self.0.url.clone() };
        let server = Server::new(&url, password, self.0.statement_timeout)?;
        let link = server.main().await?;
        u32::try_from(link.facts().version / 10_000).map_err(|_| Error::new(ErrorKind::Bug, "a version below zero"))
    }
}

fn sorted(names: impl Iterator<Item = Ident>) -> Vec<Ident> {
    names.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
}

async fn run(server: &Server, plan: &Plan) -> Result<Vec<String>, Error> {
    let doing = "set the target up";
    let database = plan.database.as_ref().unwrap_or_else(|| server.main_database());
    // Not kept afterwards: a connection that fails half-way is closed, and its transaction with it.
    let mut link = server.link(database.as_str()).await?;
    if link.facts().standby {
        return Err(Error::new(ErrorKind::Unreachable, "the target is a standby now and takes no changes"));
    }
    link.run(format!("BEGIN; {ONE_AT_A_TIME}"), doing).await?;
    for step in &plan.steps {
        link.run(step.sql.clone(), doing).await.map_err(|e| {
            let internal = format!("{}; at the step: {}", e.internal, step.why);
            e.with_internal(internal)
        })?;
    }
    link.run("COMMIT".to_owned(), doing).await?;
    Ok(plan.steps.iter().map(|s| s.why.clone()).collect())
}
