//! `jit list`.

use std::collections::HashSet;

use comfy_table::{ContentArrangement, Table, presets};
use jit_types::Span;

use super::output::{Tone, harmless};
use super::{Ctx, Error, Exit, card, text};
use crate::api::requests::RequestView;
use crate::client::{Client, Scope};

/// Options of `jit list`.
#[derive(clap::Args)]
#[command(after_long_help = AFTER)]
pub(super) struct Args {
    /// Lists what waits for your decision
    #[arg(long, conflicts_with = "all")]
    waiting: bool,
    /// Lists all that is open and that you may see
    #[arg(long)]
    all: bool,
    /// Stays, and prints a line for each new ask that waits for you
    #[arg(long, conflicts_with = "all")]
    follow: bool,
    /// Lists at most so many
    #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    most: u32,
}

impl Args {
    /// Whether it shows by itself what waits for the caller.
    pub(super) fn shows_waiting(&self) -> bool {
        self.waiting || self.follow
    }
}

const AFTER: &str = "\
Lists your own requests, newest first.

Examples:
  jit list
  jit list --waiting
  jit list --follow --output json | while read -r ask; do notify-send \"$(jq -r .role <<<\"$ask\")\"; done
  jit list --all --output json | jq -r '.requests[].id'

Exit codes:
  0 done   4 not authenticated   7 broker unavailable";

/// For how long one question about new asks waits at the broker.
const AT_ONCE: Span = Span::from_secs(25);
/// After how long a broker that is away, or can't be waited for, is asked again.
const AGAIN: std::time::Duration = std::time::Duration::from_secs(2);

/// Runs the command.
pub(super) async fn run(ctx: &Ctx, args: Args) -> Result<Exit, Error> {
    let client = ctx.client().await?;
    if args.follow {
        return follow(ctx, &client).await;
    }
    let scope = match (args.waiting, args.all) {
        (true, _) => Scope::Waiting,
        (_, true) => Scope::Open,
        _ => Scope::Mine,
    };
    let list = client.requests(scope, args.most).await?;
    ctx.tidy(&list.requests);
    if ctx.out.json() {
        ctx.out.object(&list)?;
        return Ok(Exit::Done);
    }
    if list.requests.is_empty() {
        ctx.out.note(match scope {
            Scope::Mine => "you have asked for nothing yet; `jit roles` lists what you may ask for",
            Scope::Waiting => "nothing waits for you",
            Scope::Open => "nothing is open that you may see",
        });
        return Ok(Exit::Done);
    }
    ctx.out.line(table(ctx, &list.requests, scope))?;
    Ok(Exit::Done)
}

fn table(ctx: &Ctx, requests: &[RequestView], scope: Scope) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    if scope == Scope::Mine {
        table.set_header(["ID", "STANDS", "ROLE", "FOR", "LEFT"]);
    } else {
        table.set_header(["ID", "STANDS", "ROLE", "FOR", "LEFT", "WHO", "WHY"]);
    }
    for view in requests {
        let (word, _) = card::standing(view.standing);
        let role = match card::params(&view.params).as_str() {
            "" => view.role.to_string(),
            params => format!("{} {params}", view.role),
        };
        let mut row = vec![view.id.to_string(), word.to_owned(), role, span(view), card::left(view)];
        if scope != Scope::Mine {
            row.push(card::person(view.requester.as_ref()));
            let reason = jit_approval::text::line(reason(view).unwrap_or("(erased)"), 60);
            row.push(if reason.cut { format!("{}…", reason.text) } else { reason.text });
        }
        table.add_row(row);
    }
    // Colours come last, so that they don't count as width.
    let plain = table.to_string();
    plain.lines().map(|line| colour(ctx, line.trim_end())).collect::<Vec<_>>().join("\n")
}

/// For how long: what was approved, where it was, and what more is asked for.
fn span(view: &RequestView) -> String {
    let span = view.grant.as_ref().map_or(view.span, |grant| grant.span);
    match view.extending() {
        Some(extension) => format!("{span} +{}", extension.span),
        None => span.to_string(),
    }
}

/// Colours the second word of a line, where a request stands.
fn colour(ctx: &Ctx, line: &str) -> String {
    let Some(rest) = line.trim_start().split_once(char::is_whitespace) else { return line.trim().to_owned() };
    let (id, rest) = (rest.0, rest.1.trim_start());
    let Some((word, rest)) = rest.split_once(char::is_whitespace) else { return line.trim().to_owned() };
    let gap = line.trim_start().len() - id.len() - word.len() - rest.len() - 1;
    let tone = match word {
        "pending" | "ending" => Tone::Warn,
        "ready" | "active" => Tone::Good,
        "denied" => Tone::Bad,
        _ => Tone::Faint,
    };
    format!("{id}{}{} {rest}", " ".repeat(gap), ctx.out.paint(tone, word))
}

async fn follow(ctx: &Ctx, client: &Client) -> Result<Exit, Error> {
    let mut told: HashSet<jit_types::Digest> = HashSet::new();
    let mut away = false;
    let mut seen = None;
    loop {
        let asked = tokio::select! {
            asked = client.requests_changed(Scope::Waiting, 1000, seen, AT_ONCE) => asked,
            _ = tokio::signal::ctrl_c() => return Ok(Exit::Done),
        };
        let mut pause = true;
        match asked {
            Ok(list) => {
                away = false;
                (seen, pause) = (list.version, list.version.is_none());
                // An ask whose hash has changed is another one to decide.
                for view in list.requests.iter().rev().filter(|view| told.insert(view.hash)) {
                    if ctx.out.json() { ctx.out.object(view)? } else { ctx.out.line(one(view))? }
                }
            }
            Err(error) if error.retryable() => {
                if !std::mem::replace(&mut away, true) {
                    ctx.out.note(format!("{error}; trying again"));
                }
                ctx.revive().await;
            }
            Err(error) => return Err(error.into()),
        }
        tokio::select! {
            () = tokio::time::sleep(AGAIN), if pause => {}
            _ = tokio::signal::ctrl_c(), if pause => return Ok(Exit::Done),
            else => {}
        }
    }
}

/// Why, of what waits for a decision where something does.
fn reason(view: &RequestView) -> Option<&str> {
    view.extending().map_or(&view.reason, |extension| &extension.reason).as_deref()
}

fn one(view: &RequestView) -> String {
    let reason = harmless(reason(view).unwrap_or("(erased)"));
    let (who, role) = (card::person(view.requester.as_ref()), &view.role);
    if let Some(extension) = view.extending() {
        let at = text::moment(extension.filed, view.now);
        let (span, params) = (extension.span, card::params(&view.params));
        return format!("{at} {} {who} asks for {span} more of {role} {params}: {reason}", view.id);
    }
    let at = text::moment(view.filed, view.now);
    format!("{at} {} {who} asks for {role} {} for {}: {reason}", view.id, card::params(&view.params), view.span)
}
