//! A line of a phone's timeline: what happened to it, for the people who help its owner.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};

use super::{Moment, Purpose};

/// The number of newest events that are kept.
pub const KEPT: usize = 50;

/// Who checks a code that another server made.
pub const CHECKED_BY_APPLICATION: &str = "application";

/// What kind of thing happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
    /// The phone was blocked or allowed, or no longer is.
    Policy,
    /// Something that a newer version tells of. It is never written.
    #[serde(other)]
    Unknown,
}

impl Kind {
    /// All that are written.
    pub const ALL: [Self; 8] =
        [Self::Send, Self::Delivery, Self::Verify, Self::Revoke, Self::Lock, Self::Unlock, Self::User, Self::Policy];

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
            Self::Policy => "policy",
            Self::Unknown => "unknown",
        }
    }
}

/// One event. It never holds a code, nor the number that it belongs to: its place says that. A field that was added later
/// is left out where it says nothing, and is not known where an older version wrote the line or a newer one means something
/// else by it.
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
    /// What refused it: the rule of a send that was refused, or why there was no code to compare an attempt with.
    #[serde(default, deserialize_with = "if_understood", skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Until when that holds, as of the last time; absent where no time helps.
    #[serde(default, deserialize_with = "if_understood", skip_serializing_if = "Option::is_none")]
    pub until: Option<Moment>,
    /// How often it happened in all; absent: once.
    #[serde(default, deserialize_with = "if_understood", skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// When it happened last, where it happened more than once.
    #[serde(default, deserialize_with = "if_understood", skip_serializing_if = "Option::is_none")]
    pub last_at: Option<Moment>,
    /// The rule that would have refused it, if rules that only watch were enforced.
    #[serde(default, deserialize_with = "if_understood", skip_serializing_if = "Option::is_none")]
    pub would_refuse: Option<String>,
    /// The channel of a delivery, such as `sms`.
    #[serde(default, deserialize_with = "if_understood", skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// Who checks the code of a send, where that is not this program: `application`.
    #[serde(default, deserialize_with = "if_understood", skip_serializing_if = "Option::is_none")]
    pub checked_by: Option<String>,
    /// The provider of one of several messages of a code; absent where the code has only one.
    #[serde(default, deserialize_with = "if_understood", skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The operator whose command wrote it; absent for what an application did.
    #[serde(default, deserialize_with = "if_understood", skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The anchor of the audit: the number and the short MAC of the intent that was recorded before it.
    #[serde(default, deserialize_with = "if_understood", skip_serializing_if = "Option::is_none")]
    pub audit: Option<String>,
}

/// A field that a newer version may write in another form: what is not understood of it is not known, and hides nothing else.
fn if_understood<'de, T: DeserializeOwned, D: Deserializer<'de>>(field: D) -> Result<Option<T>, D::Error> {
    Ok(serde_json::from_value(serde_json::Value::deserialize(field)?).ok())
}

impl Event {
    /// An event with nothing but its end.
    #[must_use]
    pub fn new(at: Moment, event: Kind, result: &str) -> Self {
        Self {
            at,
            event,
            result: result.to_owned(),
            detail: None,
            purpose: None,
            challenge_id: None,
            reason: None,
            rule: None,
            until: None,
            count: None,
            last_at: None,
            would_refuse: None,
            channel: None,
            checked_by: None,
            provider: None,
            by: None,
            audit: None,
        }
    }

    /// How often it happened.
    #[must_use]
    pub fn times(&self) -> u32 {
        self.count.unwrap_or(1).max(1)
    }

    /// When it happened last.
    #[must_use]
    pub fn latest(&self) -> Moment {
        self.last_at.map_or(self.at, |last| last.max(self.at))
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

    /// With what refused it, and until when.
    #[must_use]
    pub fn refused_by(mut self, rule: &str, until: Option<Moment>) -> Self {
        (self.rule, self.until) = (Some(rule.to_owned()), until);
        self
    }

    /// With the channel of a delivery.
    #[must_use]
    pub fn by_channel(mut self, channel: &str) -> Self {
        self.channel = Some(channel.to_owned());
        self
    }

    /// With who checks the code, where another server does.
    #[must_use]
    pub fn checked_elsewhere(mut self, elsewhere: bool) -> Self {
        self.checked_by = elsewhere.then(|| CHECKED_BY_APPLICATION.to_owned());
        self
    }

    /// Whether another server checks the code of this send.
    #[must_use]
    pub fn is_checked_elsewhere(&self) -> bool {
        self.checked_by.as_deref() == Some(CHECKED_BY_APPLICATION)
    }

    /// With the operator who did it, and the anchor of the audit.
    #[must_use]
    pub fn done_by(mut self, by: Option<&str>, audit: Option<&str>) -> Self {
        self.by = by.map(str::to_owned);
        self.audit = audit.map(str::to_owned);
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
        let more = read(r#"{"at":5,"event":"user","result":"linked","brand_new":"ravi"}"#);
        assert_eq!(more, Some(Event::new(Moment::from_millis(5), Kind::User, "linked")), "a field more");
        let odd = r#"{"at":5,"event":"send","result":"refused","rule":["cap"],"until":"soon","count":-1,"last_at":{},
            "would_refuse":7,"channel":null}"#;
        assert_eq!(read(odd), Some(Event::new(Moment::from_millis(5), Kind::Send, "refused")), "other forms");
        for broken in ["", "{}", "[]", r#"{"event":"transfer"}"#, r#"{"at":5,"event":7}"#, r#"{"at":5,"event":"user"}"#]
        {
            assert_eq!(read(broken), None, "{broken}");
        }
    }

    #[test]
    fn a_refused_event_is_written_with_its_rule_and_read_back() {
        let at = Moment::from_millis;
        let once = Event::new(at(5), Kind::Send, "refused").refused_by("cooldown", Some(at(30_005)));
        let line = serde_json::to_string(&once).unwrap();
        assert_eq!(line, r#"{"at":5,"event":"send","result":"refused","rule":"cooldown","until":30005}"#);
        assert_eq!((once.times(), once.latest()), (1, at(5)));
        let often = Event { count: Some(3), last_at: Some(at(9)), ..once };
        let line = serde_json::to_string(&often).unwrap();
        assert!(line.ends_with(r#""count":3,"last_at":9}"#), "{line}");
        assert_eq!((often.times(), often.latest()), (3, at(9)));
        assert_eq!(Event::read(line.as_bytes()), Some(often));
        let sent = Event::new(at(5), Kind::Send, "sent").by_channel("sms");
        assert_eq!(serde_json::to_string(&sent).unwrap(), r#"{"at":5,"event":"send","result":"sent","channel":"sms"}"#);
    }
}
