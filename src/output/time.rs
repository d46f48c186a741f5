//! Times on a screen: how long from now, and by the clock on the wall. Documents have UTC.

use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use crate::otp::Moment;
use crate::system::first_bytes;

/// The zone of the machine, as a `TZif` file (RFC 9636).
const LOCAL: &str = "/etc/localtime";
/// No such file is longer, in bytes.
const LONGEST: u64 = 1 << 16;

/// Whether the variable `TZ` names another zone than the machine's.
static IS_NAMED: OnceLock<bool> = OnceLock::new();

/// Says whether the variable `TZ` is set.
pub(crate) fn zone_is_named(named: bool) {
    // The first command of a process is its only one.
    let _ = IS_NAMED.set(named);
}

/// The zone that people here live in.
fn zone() -> &'static TimeZone {
    static ZONE: OnceLock<TimeZone> = OnceLock::new();
    ZONE.get_or_init(|| {
        let file = (IS_NAMED.get() == Some(&false)).then(|| first_bytes(Path::new(LOCAL), LONGEST).ok());
        let zone = file.flatten().and_then(|bytes| TimeZone::tzif("local", &bytes).ok());
        // A name is looked up among all zones, whose folders are all read for it.
        zone.unwrap_or_else(TimeZone::system)
    })
}

/// A moment as a person reads it at `now`: `in 15 min, at 20:53`, `2 h ago, at 18:12`, `in 3 days, on Nov 30 at 20:53`.
#[must_use]
pub fn when(at: Moment, now: Moment) -> String {
    when_in(zone(), at, now)
}

/// A moment by the clock on the wall: `20:53`, on another day `Nov 28 at 00:53`.
#[must_use]
pub fn clock(at: Moment, now: Moment) -> String {
    told(at, now, "%H:%M", "%b %-d at %H:%M")
}

/// The same to the second, for lists: `20:53:07`, on another day `Nov 28 00:53`.
#[must_use]
pub fn to_the_second(at: Moment, now: Moment) -> String {
    told(at, now, "%H:%M:%S", "%b %-d %H:%M")
}

/// What the clock on the wall shows: `IST (UTC+05:30)`, or `UTC`.
#[must_use]
pub fn zone_name(now: Moment) -> String {
    let Some(now) = local(zone(), now) else { return "UTC".to_owned() };
    let name = now.strftime("%Z").to_string();
    match (now.offset().seconds(), name.as_str()) {
        (0, "UTC") => name,
        // A zone without a letter in its name is called by its distance.
        (_, name) if !name.contains(|letter: char| letter.is_ascii_alphabetic()) => now.strftime("UTC%:z").to_string(),
        (_, name) => format!("{name} ({})", now.strftime("UTC%:z")),
    }
}

fn told(at: Moment, now: Moment, today: &str, other: &str) -> String {
    match (local(zone(), at), local(zone(), now)) {
        (Some(at), Some(now)) if at.date() == now.date() => at.strftime(today).to_string(),
        (Some(at), _) => at.strftime(other).to_string(),
        (None, _) => at.to_the_second(),
    }
}

fn when_in(zone: &TimeZone, at: Moment, now: Moment) -> String {
    if at == now {
        return "now".to_owned();
    }
    let relative = relative(at, now);
    match (local(zone, at), local(zone, now)) {
        (Some(at), Some(now)) => format!("{relative}, {}", day_and_clock(&at, &now)),
        _ => relative,
    }
}

/// How far away a moment is: `in 15 min`, `2 h ago`, `now`.
#[must_use]
pub fn relative(at: Moment, now: Moment) -> String {
    match at.cmp(&now) {
        std::cmp::Ordering::Greater => format!("in {}", length(at.since(now))),
        std::cmp::Ordering::Less => format!("{} ago", length(now.since(at))),
        std::cmp::Ordering::Equal => "now".to_owned(),
    }
}

/// Reads a moment as a person or a script writes it: `2026-12-01T18:00:00Z`, or `2026-12-01T18:00` and `2026-12-01` by the
/// clock on the wall.
#[must_use]
pub fn read_moment(text: &str) -> Option<Moment> {
    read_moment_in(zone(), text)
}

fn read_moment_in(zone: &TimeZone, text: &str) -> Option<Moment> {
    let moment = |at: Timestamp| Moment::from_millis(at.as_millisecond());
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(moment(at));
    }
    let local: jiff::civil::DateTime = text.parse().ok()?;
    Some(moment(local.to_zoned(zone.clone()).ok()?.timestamp()))
}

/// A length of time in its largest unit: `45 s`, `15 min`, `3 h`, `5 days`.
#[must_use]
pub fn length(span: Duration) -> String {
    let seconds = span.as_millis().div_ceil(1000);
    // A minute more is no longer told in seconds, and a limit of 24 hours is not a day.
    match seconds {
        0..=90 => format!("{seconds} s"),
        91..=5_400 => format!("{} min", (seconds + 30) / 60),
        5_401..=172_800 => format!("{} h", (seconds + 1_800) / 3_600),
        _ => format!("{} days", (seconds + 43_200) / 86_400),
    }
}

fn local(zone: &TimeZone, moment: Moment) -> Option<Zoned> {
    Some(Timestamp::from_millisecond(moment.millis()).ok()?.to_zoned(zone.clone()))
}

fn day_and_clock(at: &Zoned, now: &Zoned) -> String {
    let format = match (at.date() == now.date(), at.year() == now.year()) {
        (true, _) => "at %H:%M",
        (false, true) => "on %b %-d at %H:%M",
        (false, false) => "on %b %-d, %Y at %H:%M",
    };
    at.strftime(format).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_from_now_and_by_the_clock_on_the_wall() {
        let zone = TimeZone::fixed(jiff::tz::Offset::from_seconds(19_800).unwrap());
        let at = |text: &str| Moment::from_millis(text.parse::<Timestamp>().unwrap().as_millisecond());
        let now = at("2026-11-27T15:23:00Z");
        for (moment, told) in [
            ("2026-11-27T15:23:00Z", "now"),
            ("2026-11-27T15:23:25.500Z", "in 26 s, at 20:53"),
            ("2026-11-27T15:38:00Z", "in 15 min, at 21:08"),
            ("2026-11-27T15:21:00Z", "2 min ago, at 20:51"),
            ("2026-11-27T18:23:00Z", "in 3 h, at 23:53"),
            ("2026-11-27T19:23:00Z", "in 4 h, on Nov 28 at 00:53"),
            ("2026-11-20T15:23:00Z", "7 days ago, on Nov 20 at 20:53"),
            ("2027-01-02T15:23:00Z", "in 36 days, on Jan 2, 2027 at 20:53"),
        ] {
            assert_eq!(when_in(&zone, at(moment), now), told, "{moment}");
        }
    }

    #[test]
    fn a_moment_is_read_by_the_clock_on_the_wall_unless_it_says_otherwise() {
        let zone = TimeZone::fixed(jiff::tz::Offset::from_seconds(19_800).unwrap());
        let read = |text: &str| read_moment_in(&zone, text).map(Moment::rfc3339);
        assert_eq!(read("2026-12-01T18:00:00Z").as_deref(), Some("2026-12-01T18:00:00.000Z"));
        assert_eq!(read("2026-12-01T18:00:00+05:30").as_deref(), Some("2026-12-01T12:30:00.000Z"));
        for local in ["2026-12-01T18:00", "2026-12-01 18:00:00"] {
            assert_eq!(read(local).as_deref(), Some("2026-12-01T12:30:00.000Z"), "{local}");
        }
        assert_eq!(read("2026-12-01").as_deref(), Some("2026-11-30T18:30:00.000Z"));
        for other in ["", "tomorrow", "18:00", "2026-13-01", "24h"] {
            assert_eq!(read(other), None, "{other}");
        }
    }

    #[test]
    fn a_length_of_time_has_one_unit() {
        for (seconds, told) in [(0, "0 s"), (90, "90 s"), (91, "2 min"), (300, "5 min"), (5_400, "90 min")] {
            assert_eq!(length(Duration::from_secs(seconds)), told);
        }
        assert_eq!(length(Duration::from_secs(86_400)), "24 h");
        assert_eq!(length(Duration::from_secs(604_800)), "7 days");
    }
}
