//! What a field that the layout names says: nothing, something, or something that is not understood. The three are never
//! mixed up: what is not understood is no reason to take a code.

use super::TimeFormat;
use super::raw_key::UnexpectedKey;
use crate::otp::Moment;

/// A field of an application's key.
#[must_use]
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Field<T> {
    /// It is not there.
    Absent,
    /// What it says.
    Value(T),
    /// It is there, and not understood.
    Unreadable,
}

/// One value, as all forms have it.
#[derive(Clone, PartialEq)]
pub(super) enum Item {
    Text(String),
    Whole(i64),
    /// A number with a decimal point, be it a whole one.
    Fraction(f64),
    Flag(bool),
    Null,
}

impl std::fmt::Debug for Item {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

impl<T> Field<T> {
    /// Goes on reading; what cannot be read is unreadable.
    pub(super) fn read<U>(self, read: impl FnOnce(T) -> Option<U>) -> Field<U> {
        match self {
            Self::Absent => Field::Absent,
            Self::Value(value) => read(value).map_or(Field::Unreadable, Field::Value),
            Self::Unreadable => Field::Unreadable,
        }
    }

    /// What it says, and nothing where it is not there.
    ///
    /// # Errors
    /// When it is not understood.
    pub(super) fn known(self, unexpected: impl FnOnce() -> UnexpectedKey) -> Result<Option<T>, UnexpectedKey> {
        match self {
            Self::Absent => Ok(None),
            Self::Value(value) => Ok(Some(value)),
            Self::Unreadable => Err(unexpected()),
        }
    }
}

/// Up to here every whole number is exact as a fraction.
const EXACT: f64 = 9_007_199_254_740_992.0;
/// The last second of the year 9999: what is later was counted in another unit.
const LAST: i64 = 253_402_300_799;
/// From 2001 to 2100, in seconds: a fraction outside of it is no time that a program wrote.
const LIKELY: std::ops::Range<f64> = 1e9..4_102_444_800.0;

/// A whole number as Redis counts one.
pub(super) fn whole(bytes: &[u8]) -> Option<i64> {
    let digits = bytes.strip_prefix(b"-").unwrap_or(bytes);
    let plain = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    plain.then(|| std::str::from_utf8(bytes).ok()?.parse().ok()).flatten()
}

/// `1790000000.25`, as programs write a number into a text.
fn fraction(text: &str) -> Option<f64> {
    let (front, behind) = text.split_once('.')?;
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    (digits(front.strip_prefix('-').unwrap_or(front)) && digits(behind)).then(|| text.parse().ok()).flatten()
}

/// A number, be it in a text: a whole one, or else one with a fraction.
enum Number {
    Whole(i64),
    Fraction(f64),
}

fn number(item: &Item) -> Option<Number> {
    let with_point = |number: f64| match exact(number) {
        Some(whole) => Some(Number::Whole(whole)),
        None => number.is_finite().then_some(Number::Fraction(number)),
    };
    match item {
        Item::Whole(number) => Some(Number::Whole(*number)),
        Item::Fraction(number) => with_point(*number),
        Item::Text(text) => match whole(text.as_bytes()) {
            Some(number) => Some(Number::Whole(number)),
            None => fraction(text).and_then(with_point),
        },
        Item::Flag(_) | Item::Null => None,
    }
}

/// The whole number that a fraction is, where it is one and nothing of it was lost.
#[expect(clippy::cast_possible_truncation, reason = "it is whole, and small enough to be exact")]
fn exact(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i64)
}

/// A count: a whole number from zero on.
#[expect(clippy::needless_pass_by_value, reason = "it is the end of a field's value")]
pub(super) fn count(item: Item) -> Option<u32> {
    match number(&item)? {
        Number::Whole(number) => u32::try_from(number).ok(),
        Number::Fraction(_) => None,
    }
}

/// Yes or no: `true` and `false`, also as words, and numbers, of which zero is no.
#[expect(clippy::needless_pass_by_value, reason = "it is the end of a field's value")]
pub(super) fn flag(item: Item) -> Option<bool> {
    match &item {
        Item::Flag(flag) => Some(*flag),
        Item::Text(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Item::Text(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => match number(&item)? {
            Number::Whole(number) if number >= 0 => Some(number != 0),
            Number::Whole(_) | Number::Fraction(_) => None,
        },
    }
}

/// A moment. One with a fraction is what `time.time()` gives; a moment without an offset from UTC is none.
pub(super) fn moment(item: &Item, clock: TimeFormat) -> Option<Moment> {
    let per_second = match clock {
        TimeFormat::Rfc3339 => {
            let Item::Text(text) = item else { return None };
            let at = text.parse::<jiff::Timestamp>().ok()?.as_millisecond();
            return (at >= 0).then_some(Moment::from_millis(at));
        }
        TimeFormat::Seconds => 1,
        TimeFormat::Milliseconds => 1000,
    };
    let millis = match number(item)? {
        Number::Whole(number) if (0..=LAST * per_second + per_second - 1).contains(&number) => {
            number * (1000 / per_second)
        }
        Number::Fraction(number) => {
            let seconds = if per_second == 1 { number } else { number / 1000.0 };
            LIKELY.contains(&seconds).then(|| exact((seconds * 1000.0).floor()))??
        }
        Number::Whole(_) => return None,
    };
    Some(Moment::from_millis(millis))
}

/// A moment as a field has it.
pub(super) fn item_of(moment: Moment, clock: TimeFormat) -> Item {
    match clock {
        TimeFormat::Rfc3339 => Item::Text(moment.rfc3339()),
        TimeFormat::Seconds => Item::Whole(moment.millis() / 1000),
        TimeFormat::Milliseconds => Item::Whole(moment.millis()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Item {
        Item::Text(text.to_owned())
    }

    /// What no field can say, in whatever form it is written.
    fn odd() -> Vec<Item> {
        let texts = [
            "", " ", "x", "yes", "no", "None", "nan", "inf", "1e3", "0x1", "+1", "1 ", " 1", "1\n", "1\0", "1.", ".5",
            "1.5", "-1", "１",
        ];
        let numbers = [0.5, -1.5, -1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, 1e17];
        let items = texts.iter().map(|one| text(one)).chain(numbers.map(Item::Fraction));
        items.chain([Item::Null, Item::Whole(-1), Item::Whole(i64::MIN)]).collect()
    }

    #[test]
    fn what_is_not_understood_is_neither_absent_nor_a_value() {
        for item in odd() {
            let field = || Field::Value(item.clone());
            assert_eq!(field().read(count), Field::Unreadable, "{}", shown(&item));
            assert_eq!(field().read(flag), Field::Unreadable, "{}", shown(&item));
            for (_, clock) in TimeFormat::ALL {
                assert_eq!(field().read(|item| moment(&item, clock)), Field::Unreadable, "{clock:?} {}", shown(&item));
            }
        }
        assert_eq!(Field::<Item>::Absent.read(count), Field::Absent);
        assert_eq!(Field::<Item>::Unreadable.read(count), Field::Unreadable);
        assert_eq!(Field::<u32>::Unreadable.known(|| UnexpectedKey::Form), Err(UnexpectedKey::Form));
        assert_eq!(Field::<u32>::Absent.known(|| UnexpectedKey::Form), Ok(None));
    }

    fn shown(item: &Item) -> String {
        match item {
            Item::Text(text) => format!("{text:?}"),
            Item::Fraction(number) => number.to_string(),
            Item::Whole(number) => number.to_string(),
            Item::Flag(flag) => flag.to_string(),
            Item::Null => "null".to_owned(),
        }
    }

    #[test]
    fn a_count_is_a_whole_number_however_it_is_written() {
        for (item, counted) in [
            (Item::Whole(0), Some(0)),
            (Item::Whole(4_294_967_295), Some(u32::MAX)),
            (Item::Whole(4_294_967_296), None),
            (Item::Fraction(5.0), Some(5)),
            (Item::Fraction(-0.0), Some(0)),
            (text("5"), Some(5)),
            (text("5.0"), Some(5)),
            (text("99999999999999999999"), None),
            (Item::Flag(true), None),
            (Item::Flag(false), None),
        ] {
            assert_eq!(count(item.clone()), counted, "{}", shown(&item));
        }
    }

    #[test]
    fn yes_and_no_are_said_in_few_ways() {
        for (item, said) in [
            (Item::Flag(true), Some(true)),
            (Item::Flag(false), Some(false)),
            (Item::Whole(0), Some(false)),
            (Item::Whole(1), Some(true)),
            (Item::Whole(1_790_000_000), Some(true)),
            (Item::Fraction(0.0), Some(false)),
            (text("True"), Some(true)),
            (text("FALSE"), Some(false)),
            (text("1"), Some(true)),
            (text("0"), Some(false)),
            (text("used"), None),
        ] {
            assert_eq!(flag(item.clone()), said, "{}", shown(&item));
        }
    }

    #[test]
    fn a_time_is_read_in_its_unit_or_not_at_all() {
        for (item, clock, millis) in [
            (Item::Whole(1_790_000_000), TimeFormat::Seconds, Some(1_790_000_000_000)),
            (Item::Whole(0), TimeFormat::Seconds, Some(0)),
            (Item::Fraction(1_790_000_000.0), TimeFormat::Seconds, Some(1_790_000_000_000)),
            (Item::Fraction(1_790_000_000.25), TimeFormat::Seconds, Some(1_790_000_000_250)),
            (text("1790000000.25"), TimeFormat::Seconds, Some(1_790_000_000_250)),
            (Item::Fraction(1.5), TimeFormat::Seconds, None),
            (Item::Fraction(300.5), TimeFormat::Seconds, None),
            (Item::Whole(1_790_000_000_123), TimeFormat::Seconds, None),
            (Item::Fraction(1_790_000_000_123.5), TimeFormat::Seconds, None),
            (text("2026-11-22T09:30:00Z"), TimeFormat::Seconds, None),
            (Item::Flag(true), TimeFormat::Seconds, None),
            (Item::Whole(1_790_000_000_123), TimeFormat::Milliseconds, Some(1_790_000_000_123)),
            (Item::Fraction(1_790_000_000_123.5), TimeFormat::Milliseconds, Some(1_790_000_000_123)),
            (Item::Fraction(1_790_000_000.5), TimeFormat::Milliseconds, None),
            (Item::Whole(1_790_000_000_123_456), TimeFormat::Milliseconds, None),
            (text("2026-11-22T09:30:00+05:30"), TimeFormat::Rfc3339, Some(1_795_320_000_000)),
            (text("2020-01-01T00:00:00"), TimeFormat::Rfc3339, None),
            (text("2020-01-01"), TimeFormat::Rfc3339, None),
            (text("1790000000"), TimeFormat::Rfc3339, None),
            (text("1960-01-01T00:00:00Z"), TimeFormat::Rfc3339, None),
            (Item::Whole(1_790_000_000), TimeFormat::Rfc3339, None),
        ] {
            assert_eq!(moment(&item, clock).map(Moment::millis), millis, "{clock:?} {}", shown(&item));
        }
    }
}
