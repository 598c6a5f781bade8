//! Wall-clock time as values: [`Timestamp`], [`Span`] and [`Window`].
//!
//! Deadlines are wall-clock on purpose: a laptop's sleep stops monotonic timers, and a target compares with its own
//! wall clock.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The first and the last millisecond that RFC 3339 §5.6 can write, whose years have four digits. What saturated beyond them
/// is shown as the nearer one: never as a moment that has long passed.
const FIRST: i64 = -62_167_219_200_000;
const LAST: i64 = 253_402_300_799_999;

/// A point in time: whole milliseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The epoch itself; earlier than anything that happens here.
    pub const EPOCH: Self = Self(0);

    /// Takes milliseconds since the Unix epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// The moment `span` later; saturates at the end of time.
    pub const fn after(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.millis()))
    }

    /// The moment `span` earlier; saturates at the beginning of time.
    pub const fn before(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.millis()))
    }

    /// The moment some milliseconds later; saturates.
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Milliseconds from `earlier` to this moment; zero when this one is not later.
    pub const fn since_millis(self, earlier: Self) -> i64 {
        let d = self.0.saturating_sub(earlier.0);
        if d < 0 { 0 } else { d }
    }

    /// The whole seconds from `earlier` to this moment, rounded up; zero when this one is not later.
    pub const fn since(self, earlier: Self) -> Span {
        Span((self.since_millis(earlier) as u64).div_ceil(1000))
    }

    /// The earlier of the two.
    pub fn min(self, other: Self) -> Self {
        Ord::min(self, other)
    }

    fn utc(self) -> DateTime<Utc> {
        let shown = self.0.clamp(FIRST, LAST);
        DateTime::from_timestamp_millis(shown).unwrap_or(DateTime::UNIX_EPOCH)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.utc().to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

/// Why a text is not a point in time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a time; write RFC 3339, as in 2026-03-01T09:30:00Z")]
pub struct TimestampError(String);

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        // An offset or a leap second can lead out of the years that can be written back.
        let millis = DateTime::parse_from_rfc3339(s).map(|t| t.timestamp_millis());
        let writable = millis.ok().filter(|millis| (FIRST..=LAST).contains(millis));
        writable.map(Self).ok_or_else(|| TimestampError(s.chars().take(40).collect()))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A length of time in whole seconds, as people type it: `2h`, `90m`, `1h30m`, `45s`, `2d`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(u64);

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// Takes whole seconds.
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs)
    }

    /// Whole seconds.
    pub const fn secs(self) -> u64 {
        self.0
    }

    /// Milliseconds; saturates.
    pub const fn millis(self) -> i64 {
        let m = self.0.saturating_mul(1000);
        if m > i64::MAX as u64 { i64::MAX } else { m as i64 }
    }

    /// The same length as a standard duration.
    pub const fn std(self) -> std::time::Duration {
        std::time::Duration::from_secs(self.0)
    }

    /// The sum; saturates.
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

/// Why a text is not a length of time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a length of time; write it as in 2h, 90m, 1h30m, 45s or 2d")]
pub struct SpanError(String);

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || SpanError(text.chars().take(40).collect());
        let mut total: u64 = 0;
        let mut digits: Option<u64> = None;
        let mut last_unit = u64::MAX;
        for c in text.trim().chars() {
            if let Some(d) = c.to_digit(10) {
                let n = digits.unwrap_or(0);
                digits = Some(n.checked_mul(10).and_then(|n| n.checked_add(u64::from(d))).ok_or_else(bad)?);
                continue;
            }
            let unit = match c {
                'd' => 86_400,
                'h' => 3_600,
                'm' => 60,
                's' => 1,
                _ => return Err(bad()),
            };
            // Larger units come first and each comes once, so that `1m2h` or `1h1h` is a slip of the finger, not a length.
            if unit >= last_unit {
                return Err(bad());
            }
            last_unit = unit;
            let n = digits.take().ok_or_else(bad)?;
            total = n.checked_mul(unit).and_then(|n| total.checked_add(n)).ok_or_else(bad)?;
        }
        // A bare number has no unit: an error rather than a guess. A century is the longest length that means anything.
        if digits.is_some() || last_unit == u64::MAX || total > 3_200_000_000 {
            return Err(bad());
        }
        Ok(Self(total))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (d, h, m, s) = (self.0 / 86_400, self.0 / 3_600 % 24, self.0 / 60 % 60, self.0 % 60);
        let mut wrote = false;
        for (n, unit) in [(d, 'd'), (h, 'h'), (m, 'm'), (s, 's')] {
            if n > 0 {
                write!(f, "{n}{unit}")?;
                wrote = true;
            }
        }
        if wrote { Ok(()) } else { f.write_str("0s") }
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

/// From `start` up to, but not including, `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Window {
    /// The first moment inside.
    pub start: Timestamp,
    /// The first moment outside.
    pub end: Timestamp,
}

impl Window {
    /// Says whether `at` lies inside.
    pub fn holds(&self, at: Timestamp) -> bool {
        self.start <= at && at < self.end
    }

    /// What is left at `at`; zero once it is over.
    pub fn left(&self, at: Timestamp) -> Span {
        Span(self.end.since_millis(at) as u64 / 1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations_as_people_type_them() {
        for (text, secs) in [("2h", 7200), ("90m", 5400), ("1h30m", 5400), ("45s", 45), ("1d2h3m4s", 93_784), ("0s", 0)]
        {
            assert_eq!(text.parse::<Span>().map(Span::secs), Ok(secs), "{text}");
        }
        for text in ["", "2", "h", "2x", "1m2h", "1h1h", "-1h", "1 h", "99999999999999999999h", "1.5h", "2h\n3m"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_read_or_saturates_can_be_written_back() {
        for text in ["0000-01-01T00:00:00+00:01", "9999-12-31T23:59:59.999-00:01", "9999-12-31T23:59:60Z"] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
        for text in ["0000-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z"] {
            assert_eq!(text.parse::<Timestamp>().map(|t| t.to_string()), Ok(text.to_owned()));
        }
        let end = Timestamp::from_millis(i64::MAX).to_string();
        assert_eq!(end, "9999-12-31T23:59:59.999Z", "the end of time is not 1970");
        assert!(end.parse::<Timestamp>().is_ok_and(|end| end > Timestamp::EPOCH));
        assert_eq!(Timestamp::from_millis(i64::MIN).to_string(), "0000-01-01T00:00:00.000Z");
    }

    proptest! {
        #[test]
        fn a_span_reads_back_as_written(secs in 0u64..3_000_000_000) {
            let span = Span::from_secs(secs);
            prop_assert_eq!(span.to_string().parse::<Span>(), Ok(span));
        }

        #[test]
        fn a_timestamp_reads_back_as_written(ms in 0i64..4_102_444_800_000) {
            let t = Timestamp::from_millis(ms);
            prop_assert_eq!(t.to_string().parse::<Timestamp>(), Ok(t));
        }
    }
}
