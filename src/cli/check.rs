//! `jit check`.

use jit_types::{ParamName, RoleName, Span, Timestamp};

use super::{Ctx, Error, Exit, card, complete, text};
use crate::api::requests::{RequestView, Standing};
use crate::client::Scope;

/// Options of `jit check`.
#[derive(clap::Args)]
#[command(after_long_help = AFTER)]
pub(super) struct Args {
    /// The role that should be held
    #[arg(add = complete::roles())]
    role: RoleName,
    /// Held for at least so long from now on
    #[arg(long, value_name = "TIME", default_value = "0s")]
    min_left: Span,
    /// Held with this parameter, as in schema=sales; once for each
    #[arg(long, short, value_name = "NAME=VALUE", value_parser = param, add = complete::params())]
    param: Vec<(ParamName, String)>,
}

const AFTER: &str = "\
Held means: approved, and usable from now on for at least --min-left. A script renews before a long step, not in
the middle of it.

Examples:
  jit check db-read
  jit check deploy --min-left 30m || jit request deploy --for 2h --reason \"$JOB_URL\"

Exit codes:
  0 held   4 not authenticated   7 broker unavailable   9 not held";

fn param(text: &str) -> Result<(ParamName, String), String> {
    let (name, value) = text.split_once('=').ok_or("write it as in schema=sales")?;
    Ok((name.parse::<ParamName>().map_err(|error| error.to_string())?, value.to_owned()))
}

/// Runs the command.
pub(super) async fn run(ctx: &Ctx, args: Args) -> Result<Exit, Error> {
    let list = ctx.client().await?.requests(Scope::Mine, 1000).await?;
    let fits = |view: &RequestView| {
        view.role == args.role
            && args.param.iter().all(|(name, value)| view.params.get(name).is_some_and(|has| has.to_string() == *value))
    };
    let mut best: Option<(Span, &RequestView)> = None;
    for view in list.requests.iter().filter(|view| fits(view)) {
        if let Some(left) = left(view)
            && best.is_none_or(|(most, _)| left > most)
        {
            best = Some((left, view));
        }
    }
    let held = best.filter(|(left, _)| left.secs() > 0 && *left >= args.min_left);
    if ctx.out.json() {
        ctx.out.object(&serde_json::json!({
            "held": held.is_some(),
            "left_seconds": best.map(|(left, _)| left.secs()),
            "request": best.map(|(_, view)| view),
        }))?;
    } else if let Some((left, view)) = held {
        ctx.out.line(format!("{}: {}, {} left", args.role, card::standing(view.standing).0, text::about(left)))?;
    } else if let Some((left, _)) = best {
        ctx.out.note(format!("{}: only {} left", args.role, text::about(left)));
    } else {
        ctx.out.note(format!("{}: not held", args.role));
    }
    Ok(if held.is_some() { Exit::Done } else { Exit::NotHeld })
}

/// How long a grant can still be used from now on, where it can be used at all.
fn left(view: &RequestView) -> Option<Span> {
    let grant = view.grant.as_ref()?;
    let now: Timestamp = view.now;
    match view.standing {
        Standing::Active => grant.window.as_ref().map(|window| window.left(now)),
        Standing::Ready => (now < grant.start_by).then_some(grant.span),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_used_now_is_held() {
        let mut view = card::tests::view();
        assert_eq!(left(&view), None);
        view.grant = serde_json::from_value(serde_json::json!({
            "id": "gr_01jb2k0000e00a000000000000", "approved": "2026-03-01T09:05:00Z", "for": "1h",
            "start_by": "2026-03-01T09:35:00Z", "window": null, "why": null, "ended": null, "claims": [],
        }))
        .expect("a grant");
        view.standing = Standing::Ready;
        assert_eq!(left(&view), Some(Span::from_secs(3600)));
        view.now = "2026-03-01T09:35:00Z".parse().expect("a time");
        assert_eq!(left(&view), None, "it was not used in time");
        view.standing = Standing::Active;
        if let Some(grant) = &mut view.grant {
            grant.window = Some(jit_types::Window { start: view.now, end: view.now.after(Span::from_secs(90)) });
        }
        assert_eq!(left(&view), Some(Span::from_secs(90)));
        view.standing = Standing::Ending;
        assert_eq!(left(&view), None);
    }
}
