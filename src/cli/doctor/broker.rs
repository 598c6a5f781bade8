//! What the broker is seen to be from here, and what it sees itself, where the caller may hear that.

use jit_backend::Finding;
use jit_types::{Span, Timestamp};

use super::{Ctx, PartView, bad, good, notice, part, wrong};
use crate::api::requests::Status;
use crate::api::{self, ErrorKind};
use crate::cli::output::Tone;
use crate::cli::text;
use crate::client::{self, Broker, Client, Error, socket};

/// From how far apart two clocks are worth a word, and from how far they are wrong. Windows and links are judged by the
/// broker's clock, and a window of minutes must not be misread by a part of it.
const SKEW_NOTICED: Span = Span::from_secs(2);
const SKEW_BAD: Span = Span::from_secs(30);

/// What was seen.
pub(super) struct Seen {
    pub(super) reached: bool,
    pub(super) administrator: Option<bool>,
    pub(super) parts: Vec<PartView>,
}

/// Looks.
pub(super) async fn look(ctx: &Ctx) -> Seen {
    let mut findings = Vec::new();
    let unreached = |findings| Seen { reached: false, administrator: None, parts: vec![part("broker", findings)] };
    match ctx.broker() {
        Ok(Broker::Embedded) => findings.push(good("the broker is in this user's own agent")),
        Ok(Broker::Socket(path)) => match socket::check(&path) {
            Ok(_) => findings.push(good(format!("{} is the socket of whom it should be", path.display()))),
            Err(error) => return unreached(vec![wrong(&error.into())]),
        },
        Err(error) => return unreached(vec![wrong(&error)]),
    }
    let client = match ctx.any_client().await {
        Ok(client) => client,
        Err(error) => {
            findings.push(wrong(&error));
            return unreached(findings);
        }
    };
    let asked = ctx.now();
    let status = match client.status().await {
        Ok(status) => status,
        Err(error) => {
            // Whoever answers that it does not know us is reached.
            let answered = matches!(&error, Error::Failure(failure)
                if matches!(failure.kind, ErrorKind::NotAuthenticated | ErrorKind::Denied));
            findings.push(wrong(&error.into()));
            return Seen { reached: answered, ..unreached(findings) };
        }
    };
    findings.extend(judge(&status, asked, ctx.now()));
    let mut parts = vec![part("broker", findings)];
    let administrator = administer(ctx, &client, &mut parts).await;
    Seen { reached: true, administrator, parts }
}

/// What the broker says of itself, held against what is so here.
fn judge(status: &Status, asked: Timestamp, heard: Timestamp) -> Vec<Finding> {
    let up = text::about(status.now.since(status.since));
    let mut findings = vec![good(format!("{} answers: {}, running for {up}", status.house, status.version))];
    if status.version != api::VERSION {
        let what = format!("the broker is {} and this jit is {}", status.version, api::VERSION);
        findings.push(notice(what, Some("update the older one")));
    }
    let skew = if status.now < asked { asked.since(status.now) } else { status.now.since(heard.max(asked)) };
    let apart = format!("the broker's clock and this one are {} apart", text::about(skew));
    findings.push(if skew >= SKEW_BAD {
        bad(apart, Some("set both by NTP"))
    } else if skew >= SKEW_NOTICED {
        notice(apart, Some("set both by NTP"))
    } else {
        good("the broker's clock and this one agree")
    });
    for one in status.not_gone.iter().filter(|one| one.tries > 0) {
        let what =
            format!("{} ({} on {}) could not be ended in {} tries", one.request, one.role, one.backend, one.tries);
        findings.push(bad(what, Some("look at that backend below or with an administrator; it is tried on")));
    }
    findings
}

/// Has the broker look at itself and its targets, where the caller may.
async fn administer(ctx: &Ctx, client: &Client, parts: &mut Vec<PartView>) -> Option<bool> {
    let me = match client.whoami().await {
        Ok(me) => me,
        Err(error) => {
            parts.push(part("targets", vec![wrong(&error.into())]));
            return None;
        }
    };
    if !me.administrator {
        let remedy = match rustix::process::geteuid().is_root() {
            true => "uid 0 administers nothing: run it as an administrator's own account",
            false => "ask somebody in `[broker] administrators` to run it",
        };
        let what = "the broker's look at itself and its targets is for administrators, and you are none";
        parts.push(part("targets", vec![notice(what, Some(remedy))]));
        return Some(false);
    }
    if ctx.out.stderr_tty && !ctx.out.json() {
        ctx.out.note(ctx.out.paint_note(Tone::Faint, "the broker looks at its targets…"));
    }
    match client.doctor().await {
        Ok(diagnosis) => parts.extend(diagnosis.parts),
        Err(error) => parts.push(part("targets", vec![wrong(&client::Error::into(error))])),
    }
    Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jit_backend::FindingKind;

    fn status(now: &str) -> Status {
        serde_json::from_value(serde_json::json!({
            "house": "house_01m86bd71he5w89rdesbygx73a", "version": api::VERSION, "verifier_key": "k", "log_size": 3,
            "now": now, "since": "2026-03-01T00:00:00Z", "shape": "host", "backends": [], "channels": [], "not_gone": [],
        }))
        .expect("a status")
    }

    fn worst(status: &Status, asked: &str, heard: &str) -> FindingKind {
        let at = |text: &str| text.parse().expect("a time");
        judge(status, at(asked), at(heard)).iter().map(|finding| finding.kind).max().expect("findings")
    }

    #[test]
    fn clocks_are_compared_with_the_time_that_the_answer_took() {
        let status = status("2026-03-01T10:00:00Z");
        for (asked, heard, wanted) in [
            ("2026-03-01T10:00:00Z", "2026-03-01T10:00:00Z", FindingKind::Good),
            // It took a minute to answer, and lies between: nothing is known to be wrong.
            ("2026-03-01T09:59:30Z", "2026-03-01T10:00:30Z", FindingKind::Good),
            ("2026-03-01T10:00:05Z", "2026-03-01T10:00:06Z", FindingKind::Notice),
            ("2026-03-01T09:59:50Z", "2026-03-01T09:59:51Z", FindingKind::Notice),
            ("2026-03-01T10:01:00Z", "2026-03-01T10:01:01Z", FindingKind::Bad),
            ("2026-03-01T09:00:00Z", "2026-03-01T09:00:01Z", FindingKind::Bad),
        ] {
            assert_eq!(worst(&status, asked, heard), wanted, "{asked} {heard}");
        }
    }

    #[test]
    fn another_version_is_said_and_what_can_not_be_ended_is_bad() {
        let now = "2026-03-01T10:00:00Z";
        let mut status = status(now);
        status.version = "99.0.0".to_owned();
        assert_eq!(worst(&status, now, now), FindingKind::Notice);
        status.not_gone = serde_json::from_value(serde_json::json!([{
            "request": "req_01jb2k0000e00a000000000000", "grant": "gr_01jb2k0000e00a000000000000", "role": "db",
            "backend": "shop", "tries": 4,
        }]))
        .expect("one");
        assert_eq!(worst(&status, now, now), FindingKind::Bad);
    }
}
