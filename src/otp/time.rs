//! A moment on the store's clock.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize, Serializer};

/// Tells the time of this machine.
pub type Clock = Arc<dyn Fn() -> Moment + Send + Sync>;

/// Milliseconds since 1970-01-01T00:00:00Z, as the store counts them: never the client's own clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Moment(i64);

impl Moment {
    /// From milliseconds since the epoch.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// This moment and so much more; at the end of time it stays there.
    #[must_use]
    pub fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(millis(span)))
    }

    /// This moment less so much.
    #[must_use]
    pub fn before(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(millis(span)))
    }

    /// How long from `earlier` to here; zero where `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// RFC 3339 in UTC with milliseconds, such as `2026-11-22T09:30:00.000Z`.
    #[must_use]
    pub fn rfc3339(self) -> String {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(timestamp) => format!("{timestamp:.3}"),
            Err(_) => "9999-12-31T23:59:59.999Z".to_owned(),
        }
    }
}

impl Moment {
    /// RFC 3339 in UTC to the second: for people.
    #[must_use]
    pub fn to_the_second(self) -> String {
        let precise = self.rfc3339();
        precise.split_once('.').map_or(precise.clone(), |(seconds, _)| format!("{seconds}Z"))
    }
}

/// Serialises as RFC 3339: for documents that people and scripts read. A record keeps the bare number.
///
/// # Errors
/// Only when the serializer itself fails.
pub fn rfc3339<S: Serializer>(moment: &Moment, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&moment.rfc3339())
}

/// As [`rfc3339`], `null` where there is none.
///
/// # Errors
/// Only when the serializer itself fails.
pub fn rfc3339_or_null<S: Serializer>(moment: &Option<Moment>, serializer: S) -> Result<S::Ok, S::Error> {
    match moment {
        Some(moment) => rfc3339(moment, serializer),
        None => serializer.serialize_none(),
    }
}

/// Whole milliseconds of a span.
pub(super) fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

crate::otp::schema::text_in_documents!(Moment, "date-time");
