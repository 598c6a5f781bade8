//! Times and lengths as people read them.

use chrono::{DateTime, Local};
use jit_types::{Span, Timestamp};

/// A length of time, roughly: the two largest units.
pub fn about(span: Span) -> String {
    let secs = span.secs();
    let rounded = match secs {
        0..600 => secs,
        600..86_400 => secs - secs % 60,
        _ => secs - secs % 3600,
    };
    Span::from_secs(rounded).to_string()
}

/// A moment by this machine's wall clock: the time of day, with the date where it is another day's.
pub fn moment(at: Timestamp, now: Timestamp) -> String {
    moment_in(&Local, at, now)
}

fn moment_in<Z: chrono::TimeZone>(zone: &Z, at: Timestamp, now: Timestamp) -> String
where
    Z::Offset: std::fmt::Display,
{
    let local = |t: Timestamp| -> Option<DateTime<Z>> { zone.timestamp_millis_opt(t.millis()).single() };
    match (local(at), local(now)) {
        (Some(at), Some(now)) if at.date_naive() == now.date_naive() => at.format("%H:%M:%S").to_string(),
        (Some(at), _) => at.format("%Y-%m-%d %H:%M:%S").to_string(),
        (None, _) => at.to_string(),
    }
}

/// A moment and how far it is away: `14:05:00 (in 12m)`.
pub fn away(at: Timestamp, now: Timestamp) -> String {
    let moment = moment(at, now);
    if at > now {
        format!("{moment} (in {})", about(at.since(now)))
    } else {
        format!("{moment} ({} ago)", about(now.since(at)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::FixedOffset;

    #[test]
    fn lengths_are_rounded_to_what_people_want_to_know() {
        for (secs, shown) in [(59, "59s"), (599, "9m59s"), (3_725, "1h2m"), (90_061, "1d1h"), (0, "0s")] {
            assert_eq!(about(Span::from_secs(secs)), shown);
        }
    }

    #[test]
    fn a_moment_of_another_day_says_which() {
        let zone = FixedOffset::east_opt(2 * 3600).expect("an offset");
        let at: Timestamp = "2026-03-01T21:30:00Z".parse().expect("a time");
        assert_eq!(moment_in(&zone, at, at), "23:30:00");
        assert_eq!(moment_in(&zone, at.after(Span::from_secs(3600)), at), "2026-03-02 00:30:00");
    }
}
