//! `jit audit show`.

use super::line;
use crate::cli::output::{Tone, harmless};
use crate::cli::{Ctx, Error, Exit, text};
use crate::client::Entries;

/// Options of `jit audit show`.
#[derive(clap::Args)]
#[command(after_long_help = AFTER)]
pub(super) struct Args {
    /// The request's or the grant's id
    #[arg(value_name = "ID")]
    id: String,
}

const AFTER: &str = "\
Examples:
  jit audit show gr_01jb2k6m0000000000000000aa

Exit codes:
  0 done   1 no such request   4 not authenticated   7 broker unavailable";

/// Runs the command.
pub(super) async fn run(ctx: &Ctx, args: Args) -> Result<Exit, Error> {
    let client = ctx.any_client().await?;
    let request = client.request(&args.id).await?;
    let mut query = Entries { request: Some(request.id.to_string()), ..Entries::default() };
    let mut entries = Vec::new();
    loop {
        let list = client.entries(&query).await?;
        if list.entries.is_empty() {
            break;
        }
        query.from = list.next;
        entries.extend(list.entries);
    }
    if ctx.out.json() {
        ctx.out.object(&serde_json::json!({ "request": request, "entries": entries }))?;
        return Ok(Exit::Done);
    }
    let out = &ctx.out;
    let who = request.requester.as_ref().map_or_else(|| "(erased)".to_owned(), ToString::to_string);
    out.line(out.paint(Tone::Strong, format!("{}  {}  {who}", request.id, request.role)))?;
    if let Some(reason) = &request.reason {
        out.line(format!("reason    {}", harmless(reason)))?;
    }
    for gives in &request.gives {
        out.line(format!("gives     {}", harmless(gives.words.as_str())))?;
    }
    if let Some(window) = request.grant.as_ref().and_then(|grant| grant.window) {
        let now = ctx.now();
        out.line(format!("window    {} to {}", text::moment(window.start, now), text::moment(window.end, now)))?;
    }
    out.line("")?;
    for entry in &entries {
        out.line(line::of(out, entry, ctx.now(), false))?;
    }
    Ok(Exit::Done)
}
