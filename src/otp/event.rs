//! A line of a phone's timeline: what happened to it, for the people who help its owner.

use serde::{Deserialize, Serialize};

use super::{Moment, Purpose};

/// The number of newest events that are kept.
pub const KEPT: usize = 50;

/// What kind of thing happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A code was made, and its SMS accepted or refused by a provider.
    Send,
    /// The provider, or the application for it, said what became of an SMS.
    Delivery,
    /// A code was tried.
    Verify,
    /// Codes were revoked.
    Revoke,
    /// Too many failures.
    Lock,
    /// A lock was cleared.
    Unlock,
    /// The phone was linked to a user, or unlinked.
    User,
    /// Something that a newer version tells of. It is never written.
    #[serde(other)]
    Unknown,
}

impl Kind {
    /// As it is stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::Delivery => "delivery",
            Self::Verify => "verify",
            Self::Revoke => "revoke",
            Self::Lock => "lock",
            Self::Unlock => "unlock",
            Self::User => "user",
            Self::Unknown => "unknown",
        }
    }
}

/// One event. It never holds a code, nor the number that it belongs to: its place says that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When, by the store's clock.
    pub at: Moment,
    /// What.
    pub event: Kind,
    /// How it ended, in one word.
    pub result: String,
    /// More of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What the code was for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<Purpose>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge_id: Option<String>,
    /// Why the operator did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Event {
    /// An event with nothing but its end.
    #[must_use]
    pub fn new(at: Moment, event: Kind, result: &str) -> Self {
        Self { at, event, result: result.to_owned(), detail: None, purpose: None, challenge_id: None, reason: None }
    }

    /// Reads a line of a timeline; `None`: it is broken. One of a kind that is not known is whatever of it is understood:
    /// lines are only ever added, so nothing of it gets lost.
    #[must_use]
    pub fn read(line: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Outline {
            at: Moment,
            event: Kind,
            #[serde(default)]
            result: serde_json::Value,
        }
        serde_json::from_slice(line).ok().or_else(|| {
            let Outline { at, event, result } = serde_json::from_slice(line).ok()?;
            (event == Kind::Unknown).then(|| Self::new(at, event, result.as_str().unwrap_or_default()))
        })
    }

    /// With more of it.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<Option<String>>) -> Self {
        self.detail = detail.into();
        self
    }

    /// With the code that it was about.
    #[must_use]
    pub fn about(mut self, purpose: &Purpose, challenge_id: &str) -> Self {
        self.purpose = Some(purpose.clone());
        self.challenge_id = Some(challenge_id.to_owned());
        self
    }

    /// With the operator's reason.
    #[must_use]
    pub fn because(mut self, reason: Option<&str>) -> Self {
        self.reason = reason.map(str::to_owned);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_of_a_newer_version_is_shown_as_far_as_it_is_understood() {
        let read = |line: &str| Event::read(line.as_bytes());
        let whole = read(r#"{"at":5,"event":"transfer","result":"done","detail":"u_2","to":"u_2"}"#).unwrap();
        assert_eq!((whole.event, whole.result.as_str(), whole.detail.as_deref()), (Kind::Unknown, "done", Some("u_2")));
        for other in [r#"{"at":5,"event":"transfer"}"#, r#"{"at":5,"event":"transfer","result":["u_2"],"detail":7}"#] {
            assert_eq!(read(other), Some(Event::new(Moment::from_millis(5), Kind::Unknown, "")), "{other}");
        }
        let more = read(r#"{"at":5,"event":"user","result":"linked","by":"ravi"}"#);
        assert_eq!(more, Some(Event::new(Moment::from_millis(5), Kind::User, "linked")), "a field more");
        for broken in ["", "{}", "[]", r#"{"event":"transfer"}"#, r#"{"at":5,"event":7}"#, r#"{"at":5,"event":"user"}"#]
        {
            assert_eq!(read(broken), None, "{broken}");
        }
    }
}
