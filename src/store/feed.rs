//! What is written beside a change: a line of the feed for each event, and sums. And how the feed is read: it has the
//! newest events of all phones, while a phone's own timeline stays the truth about it.

use std::time::Duration;

use serde_json::{Map, Value};

use super::sums::Addition;
use crate::otp::{Event, Moment, Phone};

/// How long an event stays in the feed.
pub const FEED_KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// What is written together with a change, and never keeps it from taking effect: in one step with it on one server, right
/// after it on a Cluster. Where the user may not write it, it is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Beside {
    /// Lines of the feed, the oldest first.
    pub feed: Vec<FeedLine>,
    pub additions: Vec<Addition>,
}

impl Beside {
    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.feed.is_empty() && self.additions.is_empty()
    }
}

/// An event of a phone, for the feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedLine {
    pub phone: Phone,
    pub event: Event,
}

/// The part of a line that says whose event it is.
const PHONE: &str = "phone";
/// The parts of an event that are numbers; the others are texts.
const NUMBERS: [&str; 4] = ["at", "until", "count", "last_at"];

impl FeedLine {
    /// Its parts, each a text: one field of a stream for each.
    pub(super) fn parts(&self) -> Vec<(String, String)> {
        let event = serde_json::to_value(&self.event).unwrap_or_default();
        let Value::Object(event) = event else { return Vec::new() };
        let part = |(name, value): (String, Value)| match value {
            Value::Null => None,
            Value::String(text) => Some((name, text)),
            other => Some((name, other.to_string())),
        };
        let phone = (PHONE.to_owned(), self.phone.as_str().to_owned());
        std::iter::once(phone).chain(event.into_iter().filter_map(part)).collect()
    }

    /// The reverse of [`Self::parts`]; `None`: it is broken.
    pub(super) fn of(parts: impl IntoIterator<Item = (String, String)>) -> Option<Self> {
        let (mut phone, mut event) = (None, Map::new());
        for (name, text) in parts {
            if name == PHONE {
                phone = Phone::parse(&text, None).ok().filter(|phone| phone.as_str() == text);
                continue;
            }
            let number = NUMBERS.contains(&name.as_str()).then(|| text.parse::<i64>().ok()).flatten();
            event.insert(name, number.map_or(Value::String(text), Value::from));
        }
        let event = Event::read(&serde_json::to_vec(&event).ok()?)?;
        Some(Self { phone: phone?, event })
    }
}

/// Which part of the feed is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedPart {
    /// The newest lines; then, by [`FeedPage::before`], those before them.
    Newest {
        /// Where the page before ended; `None`: at the newest line.
        before: Option<FeedCursor>,
        /// None that is older.
        since: Moment,
    },
    /// The lines that were written after these.
    After(FeedCursor),
}

/// A place in the feed: a line of each of its shards, and nothing where a shard has no more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FeedCursor(pub(super) Vec<Option<String>>);

/// A part of the feed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FeedPage {
    /// The lines, the oldest first.
    pub lines: Vec<FeedLine>,
    /// How many more were there that cannot be read.
    pub broken: usize,
    /// Where older lines are; `None`: there are none. Only of [`FeedPart::Newest`].
    pub before: Option<FeedCursor>,
    /// No line that is newer than this is among the older ones; `None`: there are no older ones.
    pub settled: Option<Moment>,
    /// Behind the newest line that was seen.
    pub after: FeedCursor,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::otp::EventKind;

    fn line(event: Event) -> FeedLine {
        FeedLine { phone: Phone::parse("+919876543210", None).unwrap(), event }
    }

    #[test]
    fn a_line_is_read_as_it_was_written() {
        let at = Moment::from_millis(1_790_000_000_123);
        let plain = line(Event::new(at, EventKind::Send, "sent"));
        // Every part of it, so that a new one is not forgotten here.
        let text = |text: &str| Some(text.to_owned());
        let full = line(Event {
            at,
            event: EventKind::Verify,
            result: "no_code".to_owned(),
            detail: text("12"),
            purpose: Some(crate::otp::Purpose::default()),
            challenge_id: text("ch_1"),
            reason: text("null"),
            rule: text("expired"),
            until: Some(at),
            count: Some(7),
            last_at: Some(at),
            would_refuse: text("brake"),
            channel: text("sms"),
            checked_by: text("application"),
            provider: text("msg91"),
            by: text("5"),
            audit: text("12 ab"),
        });
        for line in [plain, full] {
            assert_eq!(FeedLine::of(line.parts()), Some(line));
        }
    }

    #[test]
    fn a_line_that_is_broken_is_none() {
        let whole = line(Event::new(Moment::from_millis(5), EventKind::Send, "sent")).parts();
        for at in 0..whole.len() {
            let (name, _) = &whole[at];
            let without: Vec<_> = whole.iter().filter(|(other, _)| other != name).cloned().collect();
            assert_eq!(FeedLine::of(without), None, "{name}");
        }
        let other =
            whole.iter().map(|(name, text)| (name.clone(), if name == PHONE { "+0".into() } else { text.clone() }));
        assert_eq!(FeedLine::of(other), None);
    }
}
