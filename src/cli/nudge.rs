//! A line on the next `jit` of somebody who is waited for.

use std::time::Duration;

use super::Ctx;
use super::output::Tone;
use crate::client::Scope;

/// For how long a command that is done may be held up by this.
const PATIENCE: Duration = Duration::from_millis(500);

/// Says on a terminal that something waits for the caller. Where the broker does not answer at once, nothing is said.
pub(super) async fn nudge(ctx: &Ctx) {
    if !ctx.out.stderr_tty || ctx.out.json() {
        return;
    }
    let Some(client) = ctx.talked() else { return };
    let Ok(Ok(list)) = tokio::time::timeout(PATIENCE, client.requests(Scope::Waiting, 1)).await else { return };
    let line = match list.waiting_for_you {
        0 => return,
        1 => "1 request waits for your decision: jit list --waiting".to_owned(),
        n => format!("{n} requests wait for your decision: jit list --waiting"),
    };
    ctx.out.note(ctx.out.paint_note(Tone::Warn, line));
}
