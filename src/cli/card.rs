//! Plans and requests as people read them. Everything that somebody typed is made harmless here.

use jit_types::{PersonId, Tail, Timestamp};

use super::output::{Tone, harmless};
use super::text::{about, away, moment};
use crate::api::extensions::{ExtensionPlanView, ExtensionStanding, ExtensionView};
use crate::api::requests::{PlanView, RequestView, ReviewView, Standing};

/// How a word is coloured: results and progress may differ.
pub type Paint<'a> = &'a dyn Fn(Tone, &str) -> String;

/// The word for where a request stands.
pub fn standing(standing: Standing) -> (&'static str, Tone) {
    match standing {
        Standing::Pending => ("pending", Tone::Warn),
        Standing::Denied => ("denied", Tone::Bad),
        Standing::Cancelled => ("cancelled", Tone::Faint),
        Standing::Lapsed => ("lapsed", Tone::Faint),
        Standing::Ready => ("ready", Tone::Good),
        Standing::Active => ("active", Tone::Good),
        Standing::Ending => ("ending", Tone::Warn),
        Standing::Ended => ("ended", Tone::Faint),
        Standing::Unknown => ("unknown here", Tone::Warn),
    }
}

/// A plan, a line each.
pub fn plan(plan: &PlanView, now: Timestamp, paint: Paint<'_>) -> Vec<String> {
    let mut lines = vec![format!("{}  {}", paint(Tone::Strong, plan.role.as_str()), harmless(plan.about.as_str()))];
    lines.extend(plan.gives.iter().map(|words| row("gives", &harmless(words.as_str()))));
    if !plan.params.is_empty() {
        lines.push(row("with", &params(&plan.params)));
    }
    lines.extend(plan.warnings.iter().map(|words| row("note", &paint(Tone::Warn, &harmless(words.as_str())))));
    lines.push(row("for", &plan.span.to_string()));
    if plan.by_rule {
        lines.push(row("approved", "by the rule, at once"));
    } else {
        let who = format!("{} of {}: {}", plan.count, harmless(plan.from.as_str()), people(&plan.people));
        lines.push(row("decided", &format!("by {who}; within {}", plan.decide_by)));
    }
    lines.push(row("starts", &format!("with its first use, within {} of the approval", plan.start_by)));
    lines.push(row("ends", &format!("by itself, {} at the latest", away(plan.worst_end, now))));
    lines.extend(tails(&plan.swept, &plan.unswept));
    if let Some(open) = plan.covered_by {
        lines.push(row("covered", &format!("by {open}, which is open: nothing new is filed")));
    }
    lines
}

/// What an extension would do, a line each.
pub fn extension_plan(plan: &ExtensionPlanView, paint: Paint<'_>) -> Vec<String> {
    let id = plan.grant.map_or_else(|| plan.request.to_string(), |grant| grant.to_string());
    let granted = jit_types::Span::from_secs(plan.total.secs().saturating_sub(plan.span.secs()));
    let mut lines = vec![format!("{}  {}", paint(Tone::Strong, plan.role.as_str()), id)];
    lines.push(row("extend", &format!("by {}: {granted} is granted, {} it would be", plan.span, plan.total)));
    lines.push(row("most", &format!("{}, all extensions included", plan.max)));
    lines.push(row("ends", &format!("{} → {}", moment(plan.old_end, plan.now), away(plan.new_end, plan.now))));
    if plan.by_rule {
        lines.push(row("approved", "by the rule, at once"));
    } else {
        let who = format!("{} of {}: {}", plan.count, harmless(plan.from.as_str()), people(&plan.people));
        lines.push(row("decided", &format!("by {who}; by {}", away(plan.decide_by, plan.now))));
    }
    lines.extend(tails(&plan.swept, &plan.unswept));
    lines
}

/// An extension, a line each: what waits is what is to be decided, so that all of it is shown.
fn extension(view: &RequestView, extension: &ExtensionView, paint: Paint<'_>) -> Vec<String> {
    let now = view.now;
    let (word, tone) = match extension.standing {
        ExtensionStanding::Pending => ("pending", Tone::Warn),
        ExtensionStanding::Approved => ("approved", Tone::Good),
        ExtensionStanding::Denied => ("denied", Tone::Bad),
        ExtensionStanding::Cancelled => ("cancelled", Tone::Faint),
        ExtensionStanding::Lapsed => ("lapsed", Tone::Faint),
        ExtensionStanding::Unknown => ("unknown here", Tone::Warn),
    };
    let given = extension.given.filter(|given| *given != extension.span).map(|given| format!(" for {given}"));
    let why = extension.why.as_ref().map(|why| format!(", {}", harmless(why.as_str()))).unwrap_or_default();
    let mut lines = vec![row(
        "extend",
        &format!(
            "by {}, asked {}: {}{}{why}",
            extension.span,
            away(extension.filed, now),
            paint(tone, word),
            given.unwrap_or_default()
        ),
    )];
    lines.extend(reason(extension.reason.as_deref(), paint));
    lines.extend(extension.reviews.iter().map(|one| row("said", &review(one, now))));
    if extension.standing == ExtensionStanding::Pending {
        let ends = format!("{} → {}", moment(extension.old_end, now), away(extension.new_end, now));
        let granted = extension.granted;
        lines.push(row("ends", &format!("{ends} at the latest; {granted} is granted already")));
        lines.push(row("decides", &waiting_for(view)));
        lines.push(row("lapses", &away(extension.decide_by, now)));
    }
    lines
}

/// A request, a line each.
pub fn request(view: &RequestView, paint: Paint<'_>) -> Vec<String> {
    let now = view.now;
    let (word, tone) = standing(view.standing);
    let mut lines = vec![format!("{}  {}", paint(Tone::Strong, &view.id.to_string()), paint(tone, word))];
    if view.keyless && view.mine && !view.standing.is_over() {
        lines.push(row(
            "key",
            "none yet: it was asked for over chat, and your first claim from your own account sets it",
        ));
    }
    let who = if view.mine { "you".to_owned() } else { person(view.requester.as_ref()) };
    lines.push(row("asks", &format!("{who}, {}", away(view.filed, now))));
    lines.push(row("role", view.role.as_str()));
    if !view.params.is_empty() {
        lines.push(row("with", &params(&view.params)));
    }
    lines.extend(reason(view.reason.as_deref(), paint));
    lines.extend(view.gives.iter().map(|gives| {
        let backend = paint(Tone::Faint, &format!("({})", gives.backend));
        row("gives", &format!("{} {backend}", harmless(gives.words.as_str())))
    }));
    lines.extend(view.warnings.iter().map(|words| row("note", &paint(Tone::Warn, &harmless(words.as_str())))));
    lines.push(row("for", &view.span.to_string()));
    lines.extend(view.reviews.iter().map(|one| row("said", &review(one, now))));
    match &view.grant {
        None if view.standing == Standing::Pending => {
            lines.push(row("decides", &waiting_for(view)));
            lines.push(row("lapses", &away(view.decide_by, now)));
            lines.push(row("ends", &format!("{} at the latest", away(view.worst_end, now))));
        }
        None => {}
        Some(grant) => lines.extend(self::grant(view, grant, now)),
    }
    lines.extend(view.extensions.iter().flat_map(|one| extension(view, one, paint)));
    if !view.standing.is_over() {
        lines.extend(tails(&view.swept, &view.unswept));
    }
    if view.waits() {
        lines.push(row("hash", &view.hash.to_string()));
    }
    lines
}

fn grant(view: &RequestView, grant: &crate::api::grants::GrantView, now: Timestamp) -> Vec<String> {
    let mut lines = vec![row("grant", &grant.id.to_string())];
    match (&grant.window, grant.ended) {
        (_, Some(at)) => {
            let why = grant.why.as_deref().unwrap_or("over");
            lines.push(row("ended", &format!("{}, {}", harmless(why), away(at, now))));
        }
        (Some(window), None) => lines.push(row("ends", &away(window.end, now))),
        (None, None) => lines.push(row("use by", &format!("{}; then for {}", away(grant.start_by, now), grant.span))),
    }
    for claim in &grant.claims {
        let backend = view.gives.get(usize::from(claim.entitlement)).map_or("?", |gives| gives.backend.as_str());
        let known = claim.known.as_ref().map(|known| format!(", {}", harmless(known))).unwrap_or_default();
        let tries =
            if claim.failures > 0 { format!(", {} tries to end it failed", claim.failures) } else { String::new() };
        // What ends with its window needs no word.
        let held = matches!(claim.standing.as_str(), "issuing" | "usable");
        let ends = claim.end.filter(|end| held && grant.window.is_some_and(|window| *end < window.end));
        let ends = match ends {
            _ if held && claim.moving => ", its end is being moved".to_owned(),
            Some(end) => format!(", ends {}, not extended", away(end, now)),
            None => String::new(),
        };
        lines.push(row(
            "claim",
            &format!("{backend}: {}{known}{tries}, {}{ends}", harmless(&claim.standing), moment(claim.at, now)),
        ));
        if let Some(proof) = &claim.proof {
            lines.push(row("", &format!("proof: {}", harmless(&proof.grade.to_string()))));
            let more = proof.evidence.iter().chain(&proof.tail);
            lines.extend(more.map(|words| row("", &format!("  {}", harmless(words.as_str())))));
        }
    }
    lines
}

/// Who can still decide, in words.
pub fn waiting_for(view: &RequestView) -> String {
    let (reviews, need) = match view.extending() {
        Some(extension) => (&extension.reviews, extension.need),
        None => (&view.reviews, view.need),
    };
    let said = reviews.iter().filter(|review| review.approved && !review.void).count();
    let left: Vec<&PersonId> =
        view.deciders.iter().filter(|who| !reviews.iter().any(|r| !r.void && r.by.as_ref() == Some(who))).collect();
    let names = match left.as_slice() {
        [] => "nobody who is known here".to_owned(),
        left if left.len() > 6 => {
            let first: Vec<&str> = left.iter().take(5).map(|who| who.as_str()).collect();
            format!("{} and {} others", first.join(", "), left.len() - 5)
        }
        left => left.iter().map(|who| who.as_str()).collect::<Vec<_>>().join(", "),
    };
    match need {
        0 | 1 => names,
        need => format!("{said} of {need} have said yes; {names}"),
    }
}

/// One review in words.
pub fn review(review: &ReviewView, now: Timestamp) -> String {
    let mut words = person(review.by.as_ref());
    words.push_str(if review.approved { ": yes" } else { ": no" });
    if let Some(span) = review.span {
        words.push_str(&format!(", for {span}"));
    }
    if let Some(comment) = &review.comment {
        words.push_str(&format!(", “{}”", harmless(comment)));
    }
    if review.void {
        words.push_str(" (void: the role has changed since)");
    }
    format!("{words}, {}", moment(review.at, now))
}

/// Parameters on one line.
pub fn params(params: &jit_types::Params) -> String {
    params.iter().map(|(name, value)| format!("{name}={}", harmless(&value.to_string()))).collect::<Vec<_>>().join(" ")
}

/// A person; one whose record was erased has no name any more.
pub fn person(person: Option<&PersonId>) -> String {
    person.map_or_else(|| "(erased)".to_owned(), ToString::to_string)
}

fn people(people: &std::collections::BTreeSet<PersonId>) -> String {
    people.iter().map(PersonId::as_str).collect::<Vec<_>>().join(", ")
}

/// A reason, all of it: each of its lines stands behind a bar, so that none can pass for one of ours.
fn reason(reason: Option<&str>, paint: Paint<'_>) -> Vec<String> {
    let Some(reason) = reason else { return vec![row("reason", &paint(Tone::Faint, "(erased)"))] };
    let mut lines = reason.trim_end().lines();
    let first = lines.next().map(harmless).unwrap_or_default();
    let mut out = vec![row("reason", &format!("│ {first}"))];
    out.extend(lines.map(|line| row("", &format!("│ {}", harmless(line)))));
    out
}

fn tails(swept: &Tail, unswept: &Tail) -> Vec<String> {
    if swept == unswept {
        return vec![row("after", &harmless(&swept.to_string()))];
    }
    vec![
        row("after", &format!("while broker and target run: {}", harmless(&swept.to_string()))),
        row("", &format!("while nobody sweeps: {}", harmless(&unswept.to_string()))),
    ]
}

fn row(label: &str, text: &str) -> String {
    format!("  {label:<9} {text}")
}

/// What a list shows of a request, in its last column.
pub fn left(view: &RequestView) -> String {
    let now = view.now;
    if let Some(extension) = view.extending().filter(|_| !view.mine) {
        return format!("lapses in {}", about(extension.decide_by.since(now)));
    }
    match (view.standing, &view.grant) {
        (Standing::Pending, _) => format!("lapses in {}", about(view.decide_by.since(now))),
        (Standing::Ready, Some(grant)) => format!("use within {}", about(grant.start_by.since(now))),
        (Standing::Active | Standing::Ending, Some(grant)) => match &grant.window {
            Some(window) if window.end > now => format!("{} left", about(window.left(now))),
            _ => "over".to_owned(),
        },
        (Standing::Ended, Some(grant)) => grant.why.as_deref().map(harmless).unwrap_or_default(),
        _ => String::new(),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A pending request with what somebody hostile might have typed.
    pub(crate) fn view() -> RequestView {
        let hash = "0".repeat(64);
        let tail = serde_json::json!({ "at_most": "5s" });
        serde_json::from_value(serde_json::json!({
            "id": "req_01jb2k0000e00a000000000000",
            "standing": "pending",
            "requester": "mallory@example.com",
            "mine": false,
            "role": "db-read",
            "params": { "schema": "a\u{1b}[2Jb" },
            "reason": "INC-1\n  hash      forged\u{202e}\r\u{1b}[31m",
            "gives": [{ "backend": "shop", "words": "read in shop", "material": "scram_verifier", "form": "postgres" }],
            "warnings": [],
            "hash": hash,
            "for": "2h",
            "filed": "2026-03-01T09:00:00.000Z",
            "decide_by": "2026-03-02T09:00:00.000Z",
            "need": 2,
            "reviews": [{ "by": "bob@example.com", "approved": true, "for": "1h", "comment": "ok\nerror: x",
                          "at": "2026-03-01T09:05:00.000Z", "void": false }],
            "deciders": ["bob@example.com", "carol@example.com"],
            "can_decide": true,
            "worst_end": "2026-03-02T11:30:00.000Z",
            "swept": tail,
            "unswept": { "no_bound": "an open session goes on" },
            "grant": null,
            "version": hash,
            "now": "2026-03-01T09:10:00.000Z",
        }))
        .expect("a view")
    }

    /// An open grant of two hours whose extension by one waits.
    pub(crate) fn extending() -> RequestView {
        let mut view = view();
        view.standing = Standing::Active;
        let window = serde_json::json!({ "start": "2026-03-01T09:05:00.000Z", "end": "2026-03-01T11:05:00.000Z" });
        let grant = serde_json::json!({
            "id": "gr_01jb2k0000e00a000000000001", "approved": "2026-03-01T09:05:00.000Z", "for": "2h",
            "start_by": "2026-03-01T09:35:00.000Z", "window": window, "why": null, "ended": null, "claims": [],
        });
        let extension = serde_json::json!({
            "ask": "ask_01jb2k0000e00a000000000002", "standing": "pending", "for": "1h", "given": null, "granted": "2h",
            "old_end": "2026-03-01T11:05:00.000Z", "new_end": "2026-03-01T12:05:00.000Z",
            "reason": "INC-1 still\n  hash      forged", "filed": "2026-03-01T09:08:00.000Z",
            "decide_by": "2026-03-01T11:05:00.000Z", "need": 2, "hash": "1".repeat(64), "why": null,
            "reviews": [{ "by": "bob@example.com", "approved": true, "for": "1h", "comment": null,
                          "at": "2026-03-01T09:09:00.000Z", "void": false }],
        });
        view.grant = serde_json::from_value(grant).expect("a grant");
        view.extensions = vec![serde_json::from_value(extension).expect("an extension")];
        view
    }

    #[test]
    fn an_extension_that_waits_is_told_whole_and_for_what_it_is() {
        let mut view = extending();
        view.hash = view.extensions[0].hash;
        let lines = request(&view, &|_, text| text.to_owned());
        let has = |what: &str| lines.iter().filter(|line| line.contains(what)).count();
        assert_eq!(has("extend    by 1h, asked"), 1, "{lines:#?}");
        assert_eq!(has("→"), 1, "the old end and the new one: {lines:#?}");
        assert_eq!(has("decides   1 of 2 have said yes; carol@example.com"), 1, "{lines:#?}");
        assert_eq!(lines.iter().filter(|line| line.starts_with("  hash")).count(), 1, "{lines:#?}");
        assert!(lines.iter().any(|line| line.ends_with(&"1".repeat(64))), "{lines:#?}");
        assert_eq!(has("│   hash      forged"), 2, "each reason behind its bar: {lines:#?}");
    }

    #[test]
    fn nothing_that_was_typed_can_pass_for_a_line_of_ours() {
        let lines = request(&view(), &|_, text| text.to_owned());
        assert!(lines.iter().all(|line| !line.chars().any(jit_types::proof::is_unsafe)), "{lines:#?}");
        let ours = lines.iter().filter(|line| line.starts_with("  hash"));
        assert_eq!(ours.count(), 1, "{lines:#?}");
        assert!(lines.iter().any(|line| line.contains("│   hash      forged")), "{lines:#?}");
        assert!(!lines.iter().any(|line| line.starts_with("error")), "{lines:#?}");
    }

    #[test]
    fn who_has_spoken_is_not_waited_for() {
        assert_eq!(waiting_for(&view()), "1 of 2 have said yes; carol@example.com");
        let mut one = view();
        one.need = 1;
        one.reviews.clear();
        assert_eq!(waiting_for(&one), "bob@example.com, carol@example.com");
    }
}
