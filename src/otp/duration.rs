//! A length of time as people write it in the file and on the command line: `90s`, `1h30m`.

use std::fmt::Write as _;
use std::time::Duration;

/// The units of a duration, largest first, in milliseconds.
const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Reads `90s`, `5m`, `1h30m`, `500ms`: whole numbers, each unit once, largest first. Zero is no duration.
#[must_use]
pub fn duration(text: &str) -> Option<Duration> {
    let (mut rest, mut total, mut next) = (text, 0_u64, 0);
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (count, tail) = rest.split_at(digits);
        let letters = tail.len() - tail.trim_start_matches(|c: char| c.is_ascii_lowercase()).len();
        let (unit, tail) = tail.split_at(letters);
        let place = UNITS.iter().position(|(name, _)| *name == unit).filter(|place| *place >= next)?;
        total = total.checked_add(count.parse::<u64>().ok()?.checked_mul(UNITS[place].1)?)?;
        (rest, next) = (tail, place + 1);
    }
    (total > 0).then(|| Duration::from_millis(total))
}

/// Writes a duration as [`duration`] reads it.
#[must_use]
pub fn spelled(span: Duration) -> String {
    let (mut left, mut text) = (u64::try_from(span.as_millis()).unwrap_or(u64::MAX), String::new());
    for (unit, size) in UNITS {
        if left >= size {
            // Writing to a String does not fail.
            let _ = write!(text, "{}{unit}", left / size);
            left %= size;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}
