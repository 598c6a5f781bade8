//! The tour: one step after the other, each a command that anybody can type.

use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use super::find;
use super::stage::{ALICE, Actor, BOB, Stage};
use crate::api::requests::{RequestView, Standing};
use crate::cli::ctx::Ctx;
use crate::cli::exit::{Error, Exit};
use crate::cli::output::Tone;

/// How long alice may use it in the end.
const WINDOW: &str = "12s";

/// Goes through all of it.
pub(super) async fn go(ctx: &Ctx, stage: &Stage) -> Result<(), Error> {
    let tour = Tour { ctx, stage };
    for (part, left_out) in [("PostgreSQL", stage.postgres.as_ref().err()), ("sshd", stage.sshd.as_ref().err())] {
        if let Some(why) = left_out {
            tour.say(&format!("Left out: {part}, because {why}."));
        }
    }
    if stage.postgres.is_ok() {
        tour.database().await?;
    }
    tour.shell().await?;
    tour.record().await
}

/// A login that was kept in a file.
struct Kept {
    file: std::path::PathBuf,
    user: String,
}

fn unrun(error: &std::io::Error) -> Error {
    Error::new(Exit::Failure, format!("a step can't be run: {}", error.kind()))
}

struct Tour<'a> {
    ctx: &'a Ctx,
    stage: &'a Stage,
}

impl Tour<'_> {
    fn say(&self, text: &str) {
        self.ctx.out.note("");
        self.ctx.out.note(self.ctx.out.paint_note(Tone::Strong, text));
    }

    /// Runs a command in the open: as it is typed, with what it prints.
    async fn show(&self, actor: Actor, args: &[&str], wanted: impl Fn(i32) -> bool) -> Result<(), Error> {
        self.typed(actor, args);
        let mut command = self.stage.jit(actor, args)?;
        let status = command.stdin(Stdio::null()).status().await;
        let status = status.map_err(|e| unrun(&e))?;
        let code = status.code().unwrap_or(-1);
        if wanted(code) {
            return Ok(());
        }
        Err(Error::new(Exit::Failure, format!("this step ended with code {code}, which it must not")))
    }

    fn typed(&self, actor: Actor, args: &[&str]) {
        let words: Vec<String> = args
            .iter()
            .map(|word| {
                let plain = word.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_./=:,@".contains(&b));
                if plain { (*word).to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
            })
            .collect();
        let line = format!("{}$ jit {}", actor.name, words.join(" "));
        self.ctx.out.note(self.ctx.out.paint_note(Tone::Good, line));
    }

    /// Asks quietly, for what the next step needs.
    async fn newest(&self, actor: Actor) -> Result<RequestView, Error> {
        let mut command = self.stage.jit(actor, &["list", "--output", "json"])?;
        let done = command.stdin(Stdio::null()).stderr(Stdio::null()).output().await;
        let done = done.map_err(|e| unrun(&e))?;
        let list: crate::api::requests::RequestList = serde_json::from_slice(&done.stdout)
            .map_err(|_| Error::new(Exit::Bug, "`jit list --output json` is not what it is documented to be"))?;
        let newest = list.requests.into_iter().next();
        newest.ok_or_else(|| Error::new(Exit::Failure, "the request is not in the list"))
    }

    /// Asks, is approved for less, and is given the grant's id.
    async fn granted(&self, role: &str, reason: &str) -> Result<RequestView, Error> {
        self.show(ALICE, &["request", role, "--for", "5m", "--reason", reason, "--no-wait"], |code| code == 0).await?;
        let request = self.newest(ALICE).await?;
        let (id, hash) = (request.id.to_string(), request.hash.to_string());
        self.say("Bob looks at what is asked, and says yes for less.");
        self.show(BOB, &["approve", &id, "--for", WINDOW, "--hash", &hash, "--yes"], |code| code == 0).await?;
        self.newest(ALICE).await
    }

    async fn database(&self) -> Result<(), Error> {
        let Ok(server) = &self.stage.postgres else { return Ok(()) };
        self.say(&format!("A database: PostgreSQL {}, started for this tour. Alice asks to read it.", server.version));
        let request = self.granted("db-read", "INC-42 slow orders").await?;
        let id = request.id.to_string();
        let psql = server.psql.to_string_lossy().into_owned();
        self.say("Alice uses it: a login of her own, whose password was born here and never left.");
        let query = "SELECT item, days_late FROM orders WHERE days_late > 0 ORDER BY 2 DESC";
        self.show(ALICE, &["exec", &id, "--", &psql, "-X", "-c", query], |code| code == 0).await?;
        self.say("She keeps name and password in a file, and leaves a session open, as people do.");
        let kept = self.kept(&id).await?;
        let asleep = ["exec", &id, "--", &psql, "-X", "-q", "-c", "SELECT pg_sleep(300)"];
        self.typed(ALICE, &asleep);
        let mut open = self
            .stage
            .jit(ALICE, &asleep)?
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| unrun(&e))?;
        self.over(&request).await?;
        let ended = tokio::time::timeout(Duration::from_secs(20), open.wait()).await;
        match ended {
            Ok(Ok(status)) if !status.success() => self.say("The session that was open has been ended, too."),
            _ => return Err(Error::new(Exit::Failure, "the open session outlived its end")),
        }
        let left = server
            .admin("shop", "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'jit\\_%' AND rolname <> 'jit_broker'");
        let left = left.map_err(|why| Error::new(Exit::Failure, why))?;
        if left.trim() != "0" {
            return Err(Error::new(Exit::Failure, "a login is left in the server"));
        }
        self.say(
            "In the server itself no login of hers is left, and the name and password that she kept open nothing:",
        );
        let mut again = Command::new(&psql);
        again.args(["-X", "-h"]).arg(&server.socket).args(["-U", &kept.user, "-d", "shop", "-c", "SELECT 1"]);
        again.env("PGPASSFILE", &kept.file);
        self.refused(&format!("PGPASSFILE=… psql -h … -U {} -d shop -c 'SELECT 1'", kept.user), again).await?;
        self.show(ALICE, &["show", &id], |code| code == 0).await
    }

    /// Writes the login into a file, as somebody would who wants to use it later.
    async fn kept(&self, id: &str) -> Result<Kept, Error> {
        let file = self.stage.home(ALICE).join("kept.pgpass");
        self.typed(ALICE, &["creds", id, "--format", "pgpass", ">", "kept.pgpass"]);
        let mut command = self.stage.jit(ALICE, &["creds", id, "--format", "pgpass"])?;
        let done = command.stdin(Stdio::null()).output().await.map_err(|e| unrun(&e))?;
        super::stage::write(&file, &String::from_utf8_lossy(&done.stdout))?;
        // host:port:database:user:password
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        let user = text.lines().next().and_then(|line| line.rsplit(':').nth(1)).map(str::to_owned);
        let user = user.ok_or_else(|| Error::new(Exit::Bug, "`jit creds --format pgpass` wrote no line"))?;
        Ok(Kept { file, user })
    }

    /// Runs something that must be refused by the target itself.
    async fn refused(&self, line: &str, mut command: Command) -> Result<(), Error> {
        self.ctx.out.note(self.ctx.out.paint_note(Tone::Good, format!("alice$ {line}")));
        let home = self.stage.home(ALICE);
        command.env("HOME", home).env_remove("SSH_AUTH_SOCK").kill_on_drop(true);
        let status = command.stdin(Stdio::null()).status().await.map_err(|e| unrun(&e))?;
        if status.success() {
            return Err(Error::new(Exit::Failure, "the target still let it in"));
        }
        Ok(())
    }

    async fn shell(&self) -> Result<(), Error> {
        self.say("A host: alice asks for a shell, over a certificate that ends by itself.");
        let request = self.granted("shell", "INC-42 the disk is full").await?;
        let id = request.id.to_string();
        match &self.stage.sshd {
            Ok(sshd) => {
                let port = sshd.port.to_string();
                let login = [
                    "ssh",
                    &id,
                    "127.0.0.1",
                    "--",
                    "-p",
                    &port,
                    "echo",
                    "logged in, with a certificate for a few seconds",
                ];
                self.say("She logs in, on an sshd that was started for this tour.");
                // 255 is ssh's own; an account without a shell ends with its code, and that is a login too.
                self.show(ALICE, &login, |code| code != 255 && code < 100).await?;
                self.say("She keeps key and certificate in files.");
                let files = self.stage.home(ALICE).join("kept-ssh").to_string_lossy().into_owned();
                self.show(ALICE, &["ssh", &id, "--files", &files], |code| code == 0).await?;
                self.over(&request).await?;
                self.say("The same certificate, shown to the same sshd after its end:");
                let mut again = Command::new("ssh");
                again.args([
                    "-F",
                    &format!("{files}/ssh_config"),
                    "-o",
                    "BatchMode=yes",
                    "-p",
                    &port,
                    "127.0.0.1",
                    "echo in",
                ]);
                self.refused(&format!("ssh -F {files}/ssh_config -p {port} 127.0.0.1 echo in"), again).await?;
            }
            Err(_) => {
                self.say("The certificate for the key that was born here:");
                self.show(ALICE, &["creds", &id, "--format", "ssh"], |code| code == 0).await?;
                self.over(&request).await?;
                self.say("After the end there is none:");
                self.show(ALICE, &["creds", &id, "--format", "ssh"], |code| code != 0).await?;
            }
        }
        self.show(ALICE, &["show", &id], |code| code == 0).await
    }

    /// Waits until a grant has ended and its end is proven.
    async fn over(&self, request: &RequestView) -> Result<(), Error> {
        self.say(&format!("Her {WINDOW} run out. Nobody has to remember anything …"));
        let until = tokio::time::Instant::now() + Duration::from_secs(45);
        let id = request.id.to_string();
        while tokio::time::Instant::now() < until {
            let mut command = self.stage.jit(ALICE, &["show", &id, "--output", "json"])?;
            let done = command.stdin(Stdio::null()).stderr(Stdio::null()).output().await;
            let view = done.ok().and_then(|done| serde_json::from_slice::<RequestView>(&done.stdout).ok());
            if view.is_some_and(|view| view.standing == Standing::Ended) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        Err(Error::new(Exit::Failure, "the end was not proven in time"))
    }

    async fn record(&self) -> Result<(), Error> {
        self.say("All of it is in the record, which can be verified without trusting the broker.");
        let file = self.stage.directory.path().join("audit.jsonl");
        let file = file.to_string_lossy().into_owned();
        self.show(BOB, &["audit", "export", "--format", "jsonl", "--to", &file], |code| code == 0).await?;
        self.show(BOB, &["audit", "verify", &file], |code| code == 0).await?;
        if find(std::path::Path::new("/usr/bin"), "python3").is_some() {
            self.ctx.out.note("A second verifier, in Python and from the format alone, is docs/verify_audit.py.");
        }
        Ok(())
    }
}
