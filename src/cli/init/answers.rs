//! From flags, and from the person at the terminal, to the answers that the template is written from.

use std::collections::BTreeMap;

use jit_types::PersonId;
use jit_types::settings::SecretRef;

use super::super::ask;
use super::{Answers, Args, Ctx, Error, Layout, Named, Through, missing};
use crate::config::paths;
use crate::config::template::{AnswerPerson, AnswerPostgres, AnswerSsh};

/// The answers as the flags have them.
///
/// # Errors
/// Which one is missing.
pub(super) fn answers(args: &Args, layout: &Layout) -> Result<Answers, Error> {
    if args.person.is_empty() {
        return Err(missing("--person", "nobody could ask for anything"));
    }
    if args.system && args.administrator.is_empty() {
        return Err(missing("--administrator", "nobody could revoke, or look with `jit doctor`"));
    }
    if args.ssh_account.is_none() && args.postgres.is_none() {
        return Err(missing("--ssh-account or --postgres", "there is nothing to give access to"));
    }
    let ssh = args.ssh_account.clone().map(|account| AnswerSsh {
        ca: layout.ca.clone(),
        krl: Some(layout.krl.clone()),
        account,
        hosts: args.ssh_host.clone(),
    });
    Ok(Answers {
        people: people(args)?,
        ssh,
        postgres: postgres(args)?,
        host_socket: layout.socket.clone(),
        state: args.dir.as_ref().map(|_| layout.state.clone()),
    })
}

fn postgres(args: &Args) -> Result<Option<AnswerPostgres>, Error> {
    let Some(url) = args.postgres.clone() else { return Ok(None) };
    let database = args.postgres_database.clone();
    let database = database.ok_or_else(|| missing("--postgres-database", "a login is for a database"))?;
    if args.postgres_member.is_empty() {
        return Err(missing(
            "--postgres-member",
            "a login reads and writes only what the roles may that it is a member of",
        ));
    }
    let file = args.postgres_password_file.as_deref().map(paths::absolute).transpose()?;
    let password = file.map(|file| SecretRef::File(file.display().to_string()));
    let through = args.postgres_through.unwrap_or_else(|| Through::usual(args.postgres_version));
    let functions = through == Through::Functions;
    Ok(Some(AnswerPostgres { url, password, database, member_of: args.postgres_member.clone(), functions }))
}

/// Everybody once, with all that they may.
fn people(args: &Args) -> Result<Vec<AnswerPerson>, Error> {
    let mut order: Vec<PersonId> = Vec::new();
    let mut all: BTreeMap<PersonId, AnswerPerson> = BTreeMap::new();
    let lists = [(&args.person, 0), (&args.approver, 1), (&args.administrator, 2)];
    for (list, may) in lists {
        for Named { id, account } in list {
            let person = all.entry(id.clone()).or_insert_with(|| {
                order.push(id.clone());
                AnswerPerson { id: id.clone(), unix: Vec::new(), requests: false, approves: false, administers: false }
            });
            match may {
                0 => person.requests = true,
                1 => person.approves = true,
                _ => person.administers = true,
            }
            if let Some(account) = account
                && !person.unix.contains(account)
            {
                person.unix.push(account.clone());
            }
        }
    }
    let mut people: Vec<AnswerPerson> = order.iter().filter_map(|id| all.remove(id)).collect();
    // A broker of one's own has a socket that only this account can reach: whoever asks first is who runs this.
    if !args.system
        && people.iter().all(|person| person.unix.is_empty())
        && let Some(first) = people.first_mut()
    {
        first.unix.extend(me());
    }
    if let Some(nobody) = people.iter().find(|person| args.system && person.unix.is_empty()) {
        let what = format!("`{}` has no account on this machine, and could not come", nobody.id);
        return Err(Error::usage("--person", what).hint(format!("write {}=ACCOUNT", nobody.id)));
    }
    Ok(people)
}

/// The account that runs this.
pub(super) fn me() -> Option<String> {
    let user = nix::unistd::User::from_uid(nix::unistd::Uid::effective());
    user.ok().flatten().map(|user| user.name)
}

/// Asks for what the flags don't say.
///
/// # Errors
/// When there is no answer.
pub(super) fn ask(ctx: &Ctx, mut args: Args) -> Result<Args, Error> {
    let asks = args.person.is_empty() || (args.ssh_account.is_none() && args.postgres.is_none());
    if asks {
        ctx.out.note("A few questions, then jit.toml is written. Ctrl-C ends it, and nothing was done.");
    }
    let told = !args.person.is_empty();
    if !told {
        let example = if args.system { "as in alice@example.com=alice" } else { "an address, as in alice@example.com" };
        args.person.push(named(&format!("Who may ask for access? ({example})"), args.system)?);
        if args.system {
            while ask::confirm("Is there somebody else who may ask?", false)? {
                args.person.push(named("Who?", true)?);
            }
        }
    }
    if args.system && !told {
        let question = "Who says yes? Nobody approves their own request. (as in bob@example.com=bob)";
        while args.approver.is_empty() || ask::confirm("Is there somebody else who may say yes?", false)? {
            args.approver.push(named(question, true)?);
        }
    }
    if args.system && args.administrator.is_empty() {
        args.administrator
            .push(named("Who administers: revokes, looks at the record? (as in bob@example.com=bob)", true)?);
    }
    if args.ssh_account.is_none() && args.postgres.is_none() {
        let kinds = ["Hosts, by SSH", "A PostgreSQL", "Both"].map(str::to_owned);
        let choice = ask::choose("What is access given to?", &kinds)?;
        if choice != 1 {
            args.ssh_account =
                Some(ask::text("Which account do people log in to on the hosts? (as in deploy)", plain)?);
            args.ssh_host.push(ask::text("Which hosts? A pattern, as in *.internal", plain)?);
        }
        if choice != 0 {
            let url = "How does the broker connect? (as in postgres://jit@db.internal/postgres?sslrootcert=system)";
            args.postgres = Some(ask::text(url, plain)?);
            // The SQL differs, and 15 and 16 are both about.
            let version = ask::text("Which major version does that server have? (as in 16)", |text| major(text).err())?;
            args.postgres_version = major(&version).map_err(|why| Error::usage("--postgres-version", why))?;
            if args.postgres_through.is_none() {
                args.postgres_through = Some(through(args.postgres_version)?);
            }
        }
    }
    if args.postgres.is_some() {
        if args.postgres_database.is_none() {
            args.postgres_database = Some(ask::text("Which database is access for?", plain)?);
        }
        if args.postgres_member.is_empty() {
            args.postgres_member.push(ask::text("Which role gives the rights? (as in reader)", plain)?);
        }
        if args.postgres_password_file.is_none()
            && ask::confirm("Does the broker's own connection need a password?", true)?
        {
            let question =
                "In which file will it be? It is its owner's alone, and holds the password in its first line";
            args.postgres_password_file = Some(ask::text(question, plain)?.into());
        }
    }
    Ok(args)
}

/// The first is what is taken where nobody chooses.
fn through(major: u32) -> Result<Through, Error> {
    let mut ways = [
        (Through::Functions, "Through functions that bound them; its role needs no CREATEROLE"),
        (Through::Createrole, "By its own CREATEROLE"),
    ];
    if Through::usual(major) == Through::Createrole {
        ways.reverse();
    }
    let words = ways.map(|(_, words)| words.to_owned());
    let chosen = ask::choose("How does the broker make logins?", &words)?;
    Ok(ways.get(chosen).map_or(Through::usual(major), |(way, _)| *way))
}

fn named(question: &str, account: bool) -> Result<Named, Error> {
    let read = |text: &str| match text.trim().parse::<Named>() {
        Ok(named) if account && named.account.is_none() => Err("write it as NAME=ACCOUNT".to_owned()),
        other => other,
    };
    let text = super::super::ask::text(question, |text| read(text).err())?;
    read(&text).map_err(|why| Error::usage("--person", why))
}

fn major(text: &str) -> Result<u32, String> {
    let number = text.trim().parse().ok().filter(|number| (12..100).contains(number));
    number.ok_or_else(|| "write the number before the point, as in 16".to_owned())
}

fn plain(text: &str) -> Option<String> {
    let bad = text.trim().is_empty() || text.chars().any(jit_types::proof::is_unsafe);
    bad.then(|| "write it in one line".to_owned())
}
