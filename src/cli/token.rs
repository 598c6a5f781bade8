//! `jit token`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use comfy_table::{ContentArrangement, Table, presets};
use jit_types::{PersonId, RoleName, Secret, Span, TokenId};
use zeroize::Zeroizing;

use super::output::harmless;
use super::{Ctx, Error, Exit, complete, text};
use crate::api::tokens::{NewToken, TokenView};
use crate::client::token;

/// Options of `jit token`.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Makes a token; it is shown this once
    Create(Create),
    /// Lists your tokens, never the tokens themselves
    List(List),
    /// Ends a token
    Revoke(Revoke),
}

/// Options of `jit token create`.
#[derive(clap::Args)]
#[command(after_long_help = CREATE)]
struct Create {
    /// How long it lives, at most a year
    #[arg(long = "for", value_name = "TIME", default_value = "30d")]
    span: Span,
    /// What it is for
    #[arg(long, value_name = "TEXT", default_value = "")]
    label: String,
    /// Limits it to this role; once for each
    #[arg(long, value_name = "ROLE")]
    role: Vec<RoleName>,
    /// For somebody else; for administrators
    #[arg(long, value_name = "PERSON")]
    person: Option<PersonId>,
    /// Keeps it in the keyring, where every later command finds it
    #[arg(long, conflicts_with = "file")]
    save: bool,
    /// Keeps it in a new private file, for JIT_TOKEN_FILE
    #[arg(long, value_name = "PATH")]
    file: Option<PathBuf>,
}

const CREATE: &str = "\
Without --save or --file the token is printed on stdout, once.

Examples:
  jit token create --save
  jit token create --role deploy --for 90d --label ci --file ./ci.token
  JIT_TOKEN_FILE=$PWD/ci.token jit whoami

Exit codes:
  0 made   2 usage   3 the file is there already   4 not authenticated   5 denied   7 broker or keyring unavailable";

/// Options of `jit token list`.
#[derive(clap::Args)]
#[command(after_long_help = LIST)]
struct List {}

const LIST: &str = "\
Examples:
  jit token list
  jit token list --output json | jq -r '.tokens[].id'

Exit codes:
  0 done   4 not authenticated   7 broker unavailable";

/// Options of `jit token revoke`.
#[derive(clap::Args)]
#[command(after_long_help = REVOKE)]
struct Revoke {
    /// The token's id, as `jit token list` shows it
    #[arg(add = complete::tokens())]
    id: TokenId,
}

const REVOKE: &str = "\
Examples:
  jit token revoke tok_01jb2k0000e00a000000000000

Exit codes:
  0 it is over   1 there is none that you may end   2 usage   4 not authenticated   7 broker unavailable";

/// Runs the command.
pub(super) async fn run(ctx: &Ctx, args: Args) -> Result<Exit, Error> {
    match args.command {
        Command::Create(args) => create(ctx, args).await,
        Command::List(_) => list(ctx).await,
        Command::Revoke(args) => revoke(ctx, args).await,
    }
}

async fn create(ctx: &Ctx, args: Create) -> Result<Exit, Error> {
    // Before the broker is asked: a token that can't be kept should not be made.
    if let Some(path) = args.file.as_ref().filter(|path| path.symlink_metadata().is_ok()) {
        let message = format!("{} is there already", path.display());
        return Err(Error::new(Exit::Config, message).hint("name another file, or move it away"));
    }
    let roles: BTreeSet<RoleName> = args.role.into_iter().collect();
    let roles = (!roles.is_empty()).then_some(roles);
    let client = ctx.client().await?;
    let new = NewToken { person: args.person, label: args.label, roles, span: args.span };
    let made = client.create_token(&new).await?;
    let secret = Secret::new(made.secret);
    let kept = if args.save {
        token::save(&ctx.places()?, &secret).map(|()| Some("in the keyring".to_owned()))
    } else if let Some(path) = &args.file {
        token::write(path, &secret).map(|path| Some(format!("in {}", path.display())))
    } else {
        Ok(None)
    };
    let kept = match kept {
        Ok(kept) => kept,
        Err(error) => {
            // Nobody will ever see it: it is better gone.
            drop(client.revoke_token(made.token.id).await);
            return Err(error.into());
        }
    };
    let (id, expires) = (made.token.id, text::away(made.token.expires, ctx.now()));
    if ctx.out.json() {
        let mut shown = serde_json::json!({ "token": made.token, "kept": kept });
        if kept.is_none()
            && let Some(object) = shown.as_object_mut()
        {
            object.insert("secret".to_owned(), secret.expose_secret().into());
        }
        ctx.out.object(&shown)?;
    } else if let Some(kept) = kept {
        ctx.out.line(format!("{id} is {kept}; it ends {expires}"))?;
    } else {
        ctx.out.note(format!("{id}; it ends {expires}; this is the only time that it is shown:"));
        ctx.out.bytes(Zeroizing::new(format!("{}\n", secret.expose_secret())).as_bytes())?;
    }
    Ok(Exit::Done)
}

async fn list(ctx: &Ctx) -> Result<Exit, Error> {
    let list = ctx.client().await?.tokens().await?;
    if ctx.out.json() {
        ctx.out.object(&list)?;
        return Ok(Exit::Done);
    }
    if list.tokens.is_empty() {
        ctx.out.note("you have no tokens");
        return Ok(Exit::Done);
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(["ID", "STANDS", "ROLES", "FOR"]);
    for token in &list.tokens {
        let roles = token.roles.as_ref().map_or_else(
            || "all of yours".to_owned(),
            |roles| roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", "),
        );
        table.add_row([token.id.to_string(), stands(token, ctx), roles, harmless(&token.label)]);
    }
    let lines: Vec<String> = table.to_string().lines().map(|line| line.trim().to_owned()).collect();
    ctx.out.line(lines.join("\n"))?;
    Ok(Exit::Done)
}

fn stands(token: &TokenView, ctx: &Ctx) -> String {
    let now = ctx.now();
    match token.revoked {
        Some(at) => format!("revoked {}", text::moment(at, now)),
        None if token.expires <= now => format!("expired {}", text::moment(token.expires, now)),
        None => format!("until {}", text::moment(token.expires, now)),
    }
}

async fn revoke(ctx: &Ctx, args: Revoke) -> Result<Exit, Error> {
    let token = ctx.any_client().await?.revoke_token(args.id).await?;
    if ctx.out.json() {
        ctx.out.object(&token)?;
    } else {
        ctx.out.line(format!("{}: {}", token.id, stands(&token, ctx)))?;
    }
    Ok(Exit::Done)
}
