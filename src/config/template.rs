//! The `jit.toml` that `jit init` writes: short, commented, and sound as it stands.

use std::fmt::Write as _;
use std::path::PathBuf;

use jit_types::PersonId;
use jit_types::settings::SecretRef;

/// What `jit init` has asked, or found out by itself.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    /// The persons; at least one who requests.
    pub people: Vec<AnswerPerson>,
    /// Hosts to log in to.
    pub ssh: Option<AnswerSsh>,
    /// A database.
    pub postgres: Option<AnswerPostgres>,
    /// Where a host's broker listens; `None` for one user's own.
    pub host_socket: Option<PathBuf>,
    /// Where the broker keeps its state; `None` for where one of its shape does.
    pub state: Option<PathBuf>,
}

/// One person.
#[derive(Clone, Debug)]
pub struct AnswerPerson {
    /// Who.
    pub id: PersonId,
    /// Their system accounts.
    pub unix: Vec<String>,
    /// Whether they may ask.
    pub requests: bool,
    /// Whether they may say yes.
    pub approves: bool,
    /// Whether they administer.
    pub administers: bool,
}

/// Hosts to log in to.
#[derive(Clone, Debug)]
pub struct AnswerSsh {
    /// The file of the certificate authority's key; absolute.
    pub ca: PathBuf,
    /// The file of the revocation list, where hosts read one; absolute.
    pub krl: Option<PathBuf>,
    /// The account to log in to.
    pub account: String,
    /// Patterns of the hosts.
    pub hosts: Vec<String>,
}

/// A database.
#[derive(Clone, Debug)]
pub struct AnswerPostgres {
    /// The broker's own connection, without its password.
    pub url: String,
    /// Where the password is, where there is one.
    pub password: Option<SecretRef>,
    /// The database that the role gives.
    pub database: String,
    /// The roles in PostgreSQL that a login becomes a member of.
    pub member_of: Vec<String>,
    /// Whether logins are made through functions in the target.
    pub functions: bool,
}

/// Writes the file. What people approve is asked of people where each requester has somebody else to ask, and left to the
/// rule where not: a file with one person in it would otherwise be refused.
pub fn write(answers: &Answers) -> String {
    let mut out = String::from(HEAD);
    if let Some(ssh) = &answers.ssh {
        out.push_str(&ssh_role(ssh, answers));
    }
    if let Some(postgres) = &answers.postgres {
        out.push_str(&postgres_role(postgres, answers));
    }
    if let Some(ssh) = &answers.ssh {
        out.push_str(&ssh_backend(ssh));
    }
    if let Some(postgres) = &answers.postgres {
        out.push_str(&postgres_backend(postgres));
    }
    if !answers.people.is_empty() {
        out.push_str("# Who there is. A person is one person over every name they come by.\n");
    }
    for person in &answers.people {
        out.push_str(&one_person(person));
    }
    out.push_str(&broker(answers));
    out
}

const HEAD: &str = "\
# jit: who may have which access for how long, and who says yes.
# `jit config check` finds every mistake in here, offline. Nothing is granted that isn't written.

";

/// Who asks, and who is asked.
fn asking(answers: &Answers) -> String {
    let approvers: Vec<_> = answers.people.iter().filter(|p| p.approves).collect();
    let alone = |p: &AnswerPerson| p.requests && !approvers.iter().any(|a| a.id != p.id);
    let mut out = String::from("request = [\"group:engineers\"]\n");
    if approvers.is_empty() || answers.people.iter().any(alone) {
        out.push_str(
            "# Nobody approves their own request, and somebody here has nobody else to ask: the rule says yes,\n",
        );
        out.push_str("# at once and on the record. With more people: { count = 1, from = [\"group:approvers\"] }\n");
        out.push_str("approve = { by = \"rule\" }\n");
    } else {
        out.push_str("approve = { count = 1, from = [\"group:approvers\"] }  # never the requester\n");
    }
    out.push_str(
        "# reason = { pattern = '[A-Z]+-[0-9]+ .+', help = \"begin with the ticket, as in INC-42 slow orders\" }\n",
    );
    out
}

fn ssh_role(ssh: &AnswerSsh, answers: &Answers) -> String {
    let account = toml_text(&ssh.account);
    let mut out = String::new();
    let _ = write!(
        out,
        "[roles.ssh]\n\
         about = {}\n\
         for = {{ default = \"30m\", max = \"4h\" }}  # max includes extensions\n\
         start_by = \"30m\"                         # time that waiting for an approver does not eat\n\
         {}\n\
         [[roles.ssh.gives]]\n\
         backend = \"hosts\"\n\
         principals = [{account}]  # what the hosts let in: AuthorizedPrincipalsFile, or the account\n\
         user = {account}\n\
         permit = [\"pty\"]\n\n",
        toml_text(&format!("Log in to the hosts as {}", ssh.account)),
        asking(answers),
    );
    out
}

fn ssh_backend(ssh: &AnswerSsh) -> String {
    let mut out = String::from("[backends.hosts]\nkind = \"ssh\"\n");
    let _ =
        writeln!(out, "ca = {{ file = {} }}  # hosts name its public half as TrustedUserCAKeys", toml_path(&ssh.ca));
    match &ssh.krl {
        Some(krl) => {
            let _ = writeln!(out, "krl = {}  # hosts name it as RevokedKeys: ends a certificate early", toml_path(krl));
        }
        None => out.push_str("# krl = \"/etc/ssh/jit.krl\"  # without it a certificate lives to its end\n"),
    }
    if !ssh.hosts.is_empty() {
        let _ = writeln!(out, "hosts = {}", toml_list(&ssh.hosts));
    }
    out.push('\n');
    out
}

fn postgres_role(postgres: &AnswerPostgres, answers: &Answers) -> String {
    let mut out = String::new();
    let _ = write!(
        out,
        "[roles.db]\n\
         about = {}\n\
         for = {{ default = \"1h\", max = \"4h\" }}  # max includes extensions\n\
         {}\n\
         [[roles.db.gives]]\n\
         backend = \"db\"\n\
         databases = [{}]\n\
         member_of = {}  # roles that are there already; never a grant of its own\n\n",
        toml_text(&format!("Use the database {} as {}", postgres.database, postgres.member_of.join(" and "))),
        asking(answers),
        toml_text(&postgres.database),
        toml_list(&postgres.member_of),
    );
    out
}

fn postgres_backend(postgres: &AnswerPostgres) -> String {
    let mut out = String::from("[backends.db]\nkind = \"postgres\"\n");
    let _ = writeln!(out, "url = {}", toml_text(&postgres.url));
    if let Some(password) = &postgres.password {
        let reference = match password {
            SecretRef::File(path) => format!("{{ file = {} }}", toml_text(path)),
            SecretRef::Env(name) => format!("{{ env = {} }}", toml_text(name)),
            SecretRef::Keyring(name) => format!("{{ keyring = {} }}", toml_text(name)),
            SecretRef::Command(argv) => format!("{{ command = {} }}", toml_list(argv)),
        };
        let _ = writeln!(out, "password = {reference}  # a reference, never the secret itself");
    } else {
        out.push_str(
            "# password = { file = \"/run/secrets/jit\" }  # a reference, where the server wants a password\n",
        );
    }
    if postgres.functions {
        out.push_str("through = \"functions\"  # the broker's role needs no CREATEROLE\n");
        out.push_str("# longest = \"24h\"  # of any login; it stands in the server too, so `jit backend setup` again after a change\n");
    } else {
        out.push_str("through = \"createrole\"  # or \"functions\", after `jit backend setup`\n");
    }
    out.push('\n');
    out
}

fn one_person(person: &AnswerPerson) -> String {
    let mut out = format!("[people.{}]\n", toml_text(person.id.as_str()));
    let groups = [(person.requests, "engineers"), (person.approves, "approvers")];
    let groups: Vec<&str> = groups.into_iter().filter(|(is, _)| *is).map(|(_, group)| group).collect();
    if !groups.is_empty() {
        let _ = writeln!(out, "groups = {}", toml_list(&groups));
    }
    match person.unix.as_slice() {
        [] => {}
        [one] => {
            let _ = writeln!(out, "unix = {}", toml_text(one));
        }
        several => {
            let _ = writeln!(out, "unix = {}", toml_list(several));
        }
    }
    out.push('\n');
    out
}

fn broker(answers: &Answers) -> String {
    let administrators: Vec<&str> = answers.people.iter().filter(|p| p.administers).map(|p| p.id.as_str()).collect();
    if administrators.is_empty() && answers.host_socket.is_none() && answers.state.is_none() {
        return String::new();
    }
    let mut out = String::from("[broker]\n");
    if !administrators.is_empty() {
        let _ = writeln!(out, "administrators = {}  # may revoke, lock, read the record", toml_list(&administrators));
    }
    if let Some(socket) = &answers.host_socket {
        let _ = writeln!(out, "socket = {}", toml_path(socket));
        out.push_str("socket_mode = \"0666\"  # everybody may ask; who they are the kernel tells\n");
    }
    if let Some(state) = &answers.state {
        let _ = writeln!(out, "state = {}", toml_path(state));
    }
    out
}

/// A text as TOML writes it: nothing in it can end the quotes.
fn toml_text(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if jit_types::proof::is_unsafe(c) => {
                let _ = write!(out, "\\U{:08X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn toml_path(path: &std::path::Path) -> String {
    toml_text(&path.display().to_string())
}

fn toml_list<T: AsRef<str>>(items: &[T]) -> String {
    let items: Vec<String> = items.iter().map(|item| toml_text(item.as_ref())).collect();
    format!("[{}]", items.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_text_reads_back_as_written(text in "\\PC{0,20}|[\"\\\\\n\u{1b}\u{202e}']{0,10}") {
            let file = format!("x = {}", toml_text(&text));
            let (table, faults) = crate::config::tree::parse(&file);
            prop_assert_eq!(faults, []);
            prop_assert_eq!(&table.entries["x"].1.value, &jit_types::settings::NodeValue::Text(text));
        }
    }
}
