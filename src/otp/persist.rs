//! How values are written for the store and read back, and how long they are kept.
//!
//! # Versions
//!
//! The hosts of one store are updated one after another, so for a while an older version reads what a newer one wrote.
//! These rules let both work, and let neither lose or misread what the other wrote:
//!
//! * Each value carries its version, `v`. A version reads every `v` up to its own, and writes its own.
//! * A field that is missing means what was meant before the field existed. What any earlier version wrote is read:
//!   `tests/stored/` keeps such values, and none of them is ever edited.
//! * What an older version may ignore goes into `more`, an object in each part of a value that lives longer than one
//!   change. An older version carries it through every change as it was written ([`More`]). It does not raise `v`.
//! * Everything else that is not known matters: a higher `v`, another field, another word for a state. Such a value is
//!   neither used nor written over: it is of a newer version ([`Unreadable::Newer`]).
//! * Any other value that cannot be read is broken ([`Unreadable::Shape`]).
//!
//! Two kinds of values have no `v`. The text of an idempotency key is only ever compared: a version that has more to say
//! writes JSON with a `v` above 1 instead ([`is_plain`]). The events of a timeline are only ever added: one of a kind that
//! is not known is shown as such ([`super::Event::read`]).

use std::time::Duration;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// The longest name of a field or word that is quoted from a value.
const LONGEST_NAME: usize = 40;

/// The value in the store is not a record that this version understands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Not JSON of this shape. The value is not quoted: it may be anything.
    #[error("it is not a record of otpctl")]
    Shape,
    /// A newer version wrote it.
    #[error("it was written by a newer otpctl ({0})")]
    Newer(Newer),
}

/// By what a value of a newer version is known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Newer {
    /// By its version.
    #[error("record version {found}; this one reads up to {known}")]
    Version {
        /// The version in the value.
        found: u64,
        /// The highest one that is read here.
        known: u64,
    },
    /// By a field, or by a word for a state.
    #[error("this one does not know `{0}`")]
    Name(String),
}

/// A value as the store keeps it: JSON with its version in it.
pub trait Stored: Default + Serialize + DeserializeOwned {
    /// The version that is written, and the highest one that is read.
    const VERSION: u64;

    /// Reads it from the store; nothing there is an empty one.
    ///
    /// # Errors
    /// When what is there is broken, or of a newer version.
    fn read(bytes: Option<&[u8]>) -> Result<Self, Unreadable> {
        bytes.map_or_else(|| Ok(Self::default()), read)
    }

    /// The bytes for the store. Maps with text keys and plain fields always have a form in JSON.
    fn write(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

fn read<T: Stored>(bytes: &[u8]) -> Result<T, Unreadable> {
    match version(bytes).ok_or(Unreadable::Shape)? {
        0 => Err(Unreadable::Shape),
        found if found > T::VERSION => Err(Unreadable::Newer(Newer::Version { found, known: T::VERSION })),
        _ => serde_json::from_slice(bytes).map_err(|error| {
            unknown_name(&error).map_or(Unreadable::Shape, |name| Unreadable::Newer(Newer::Name(name)))
        }),
    }
}

fn version(bytes: &[u8]) -> Option<u64> {
    #[derive(Deserialize)]
    struct Versioned {
        v: u64,
    }
    serde_json::from_slice(bytes).ok().map(|Versioned { v }| v)
}

/// Checks a value that is plain text and has no version: a newer one would be JSON with a version.
///
/// # Errors
/// When it is of a newer version.
pub fn is_plain(bytes: &[u8]) -> Result<(), Unreadable> {
    match version(bytes) {
        Some(found) if found > 1 => Err(Unreadable::Newer(Newer::Version { found, known: 1 })),
        _ => Ok(()),
    }
}

/// The field or word that was not known. Only one that a version could have written counts: it is shown, and anything
/// may be in a store.
fn unknown_name(error: &serde_json::Error) -> Option<String> {
    // Serde has no other way to tell this error from others; a test holds these words.
    let text = error.to_string();
    let named = ["unknown field `", "unknown variant `"].iter().find_map(|words| text.strip_prefix(words))?;
    let (name, _) = named.split_once('`')?;
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let is_name = name.len() <= LONGEST_NAME
        && name.bytes().next().is_some_and(|first| first.is_ascii_lowercase())
        && name.bytes().all(plain);
    is_name.then(|| name.to_owned())
}

/// The `v` of a value. Whatever was read, what is written has the version of the writer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Version<const V: u64>;

impl<const V: u64> Serialize for Version<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(V)
    }
}

impl<'de, const V: u64> Deserialize<'de> for Version<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u64::deserialize(deserializer).map(|_| Self)
    }
}

/// What newer versions added to a part of a value, and an older one may ignore: a JSON object, kept byte for byte.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(transparent)]
pub struct More(Option<Box<RawValue>>);

impl More {
    /// Whether there is nothing to carry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// A text in it, by its name.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name)?.as_str().map(str::to_owned)
    }

    /// A value in it, by its name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<serde_json::Value> {
        self.fields().remove(name)
    }

    /// The same with a value more, or in the place of the one of that name.
    #[must_use]
    pub fn with(&self, name: &str, value: impl Into<serde_json::Value>) -> Self {
        let mut more = self.fields();
        more.insert(name.to_owned(), value.into());
        Self(serde_json::value::to_raw_value(&more).ok())
    }

    /// The same without the value of that name. What holds none stays as it is, byte for byte.
    #[must_use]
    pub fn without(&self, name: &str) -> Self {
        let mut more = self.fields();
        match more.remove(name) {
            None => self.clone(),
            Some(_) if more.is_empty() => Self::default(),
            Some(_) => Self(serde_json::value::to_raw_value(&more).ok()),
        }
    }

    fn fields(&self) -> serde_json::Map<String, serde_json::Value> {
        self.0.as_deref().and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
    }
}

impl PartialEq for More {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_deref().map(RawValue::get) == other.0.as_deref().map(RawValue::get)
    }
}

impl Eq for More {}

impl<'de> Deserialize<'de> for More {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        if raw.get().starts_with('{') { Ok(Self(Some(raw))) } else { Err(D::Error::custom("`more` is an object")) }
    }
}

/// How long a value has to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ttl {
    /// Nothing in it matters any more.
    Expired,
    /// This long from now.
    For(Duration),
    /// Until someone ends it.
    Forever,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::otp::circuit::{BreakerPolicy, Circuit};
    use crate::otp::counter::Counter;
    use crate::otp::record::{Reason, SendOutcome, State, Verdict};
    use crate::otp::{DeliveryReason, DeliveryState, EventKind, Moment, Phones, Record, Users};

    /// A record with each of its parts.
    fn record() -> Value {
        let mac = json!({"key": "1", "tag": "AA"});
        let delivery = json!({"provider": "p", "report": {"state": "failed", "word": "w", "reason": "balance"}});
        let challenge = json!({"id": "ch_1", "state": "sent", "mac": mac, "created_at": 1, "expires_at": 2, "tries": 0,
            "max_tries": 5, "delivery": delivery});
        let answer = json!({"verdict": "wrong", "reason": null, "user": null, "challenge_id": null, "attempts_left": 4,
            "failures": 1, "locked_until": null, "expires_at": null});
        json!({"v": 1, "streak": 0,
            "requests": [{"key": "k", "arguments": "a", "challenge_id": "ch_1", "until": 9, "answer": challenge}],
            "purposes": {"login": {"challenges": [challenge], "failures": 0, "lock": {"until": null},
                "attempts": [{"id": "at_1", "typed": mac, "until": 9, "answer": answer}]}}})
    }

    fn with(place: &str, field: &str, value: Value) -> Vec<u8> {
        let mut changed = record();
        let part = changed.pointer_mut(place).and_then(Value::as_object_mut).unwrap_or_else(|| panic!("{place}"));
        part.insert(field.to_owned(), value);
        serde_json::to_vec(&changed).unwrap()
    }

    fn name(name: &str) -> Unreadable {
        Unreadable::Newer(Newer::Name(name.to_owned()))
    }

    const CHALLENGE: &str = "/purposes/login/challenges/0";
    const ANSWER: &str = "/purposes/login/attempts/0/answer";

    #[test]
    fn what_is_not_known_of_a_record_is_of_a_newer_version() {
        Record::read(Some(record().to_string().as_bytes())).unwrap();
        for place in [
            "",
            "/requests/0",
            "/requests/0/answer",
            "/purposes/login",
            "/purposes/login/lock",
            "/purposes/login/attempts/0",
            "/purposes/login/attempts/0/typed",
            ANSWER,
            CHALLENGE,
            "/purposes/login/challenges/0/mac",
            "/purposes/login/challenges/0/delivery",
            "/purposes/login/challenges/0/delivery/report",
        ] {
            assert_eq!(Record::read(Some(&with(place, "brand_new", json!(1)))), Err(name("brand_new")), "{place}");
            let odd = with(place, "\u{1b}[2J", json!(1));
            assert_eq!(Record::read(Some(&odd)), Err(Unreadable::Shape), "no version has such a field: {place}");
        }
        for (place, field) in [
            (CHALLENGE, "state"),
            (ANSWER, "verdict"),
            (ANSWER, "reason"),
            ("/purposes/login/challenges/0/delivery", "outcome"),
            ("/purposes/login/challenges/0/delivery/report", "state"),
            ("/purposes/login/challenges/0/delivery/report", "reason"),
        ] {
            assert_eq!(
                Record::read(Some(&with(place, field, json!("paused")))),
                Err(name("paused")),
                "{place}/{field}"
            );
            for odd in [json!("PAUSED 7"), json!("042917"), json!(7), json!(["paused"])] {
                let odd = with(place, field, odd);
                assert_eq!(Record::read(Some(&odd)), Err(Unreadable::Shape), "{place}/{field}");
            }
        }
    }

    #[test]
    fn a_version_is_read_up_to_the_own_one() {
        let read = |v: &str| Record::read(Some(format!("{{\"v\":{v}}}").as_bytes()));
        assert_eq!(read("1"), Ok(Record::default()));
        for (v, found) in [("2", 2), ("9", 9), ("18446744073709551615", u64::MAX)] {
            let newer = Unreadable::Newer(Newer::Version { found, known: 1 });
            assert_eq!(read(v), Err(newer.clone()));
            assert_eq!(is_plain(format!("{{\"v\":{v}}}").as_bytes()), Err(newer));
        }
        for v in ["0", "-1", "1.5", "null", "\"1\"", "18446744073709551616"] {
            assert_eq!(read(v), Err(Unreadable::Shape), "{v}");
        }
        for plain in ["", "x", "{}", "{\"v\":1}", "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"] {
            assert_eq!(is_plain(plain.as_bytes()), Ok(()));
        }
        // Whatever else a newer version writes.
        let newer = Users::read(Some(br#"{"v":2,"users":{"u_1":[]},"x":1}"#));
        assert_eq!(newer, Err(Unreadable::Newer(Newer::Version { found: 2, known: 1 })));
    }

    #[test]
    fn what_may_be_ignored_is_carried_as_it_was_written() {
        // Not as `serde_json` would write it: spaces, an order, a number that no machine holds.
        let raw = r#"{ "b": 1.10, "a": [1e999, 123456789012345678901234567890], "b2":"\u00e9" }"#;
        let more: Box<RawValue> = serde_json::from_str(raw).unwrap();
        let written = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap().matches(raw).count();
        let mut places = 0;
        for place in [
            "",
            "/requests/0",
            "/requests/0/answer",
            "/requests/0/answer/delivery",
            "/purposes/login",
            "/purposes/login/attempts/0",
            CHALLENGE,
            "/purposes/login/challenges/0/delivery",
        ] {
            let text = String::from_utf8(with(place, "more", json!("HERE"))).unwrap().replace("\"HERE\"", more.get());
            let record = Record::read(Some(text.as_bytes())).unwrap_or_else(|error| panic!("{place}: {error}"));
            assert_eq!(written(&record.write()), 1, "{place}");
            assert_eq!(Record::read(Some(&record.write())), Ok(record), "{place}");
            places += 1;
        }
        assert_eq!(places, 8);

        let users = format!(r#"{{"v":1,"users":[{{"user":"u_1","linked_at":1,"more":{raw}}}],"more":{raw}}}"#);
        assert_eq!(Users::read(Some(users.as_bytes())).unwrap().write(), users.as_bytes());
        let phones = format!(r#"{{"v":1,"phones":["+919876543210"],"more":{raw}}}"#);
        assert_eq!(Phones::read(Some(phones.as_bytes())).unwrap().write(), phones.as_bytes());

        let now = Moment::from_millis(1_790_000_000_000);
        let counter = Counter::read(Some(format!(r#"{{"v":1,"windows":{{}},"more":{raw}}}"#).as_bytes())).unwrap();
        assert_eq!(written(&counter.take(now, &[], Some(17)).unwrap().write()), 1);
        let circuit = Circuit::read(Some(format!(r#"{{"v":1,"more":{raw}}}"#).as_bytes())).unwrap();
        let rule = BreakerPolicy { after: 1, pause: Duration::from_secs(60) };
        assert_eq!(written(&circuit.failed(now, &rule, "down").write()), 1);

        for no_object in ["1", "[]", "\"x\"", "null"] {
            let bytes = format!("{{\"v\":1,\"more\":{no_object}}}");
            assert_eq!(Record::read(Some(bytes.as_bytes())), Err(Unreadable::Shape), "{no_object}");
        }
        assert!(!String::from_utf8(Record::default().write()).unwrap().contains("more"));
    }

    #[test]
    fn a_value_of_a_newer_version_keeps_its_more_when_an_older_one_shortens_it() {
        let mut record = record();
        record["purposes"]["login"]["challenges"][0]["delivery"]["more"] = json!({"channel": "voice"});
        let record = Record::read(Some(record.to_string().as_bytes())).unwrap();
        let (_, challenge) = record.challenge("ch_1").unwrap();
        let delivery = challenge.summary().delivery.unwrap();
        assert_eq!(serde_json::to_value(delivery).unwrap()["more"]["channel"], "voice");
    }

    /// All words of version 1. Another one makes an older otpctl refuse the record. If that is too much for a word that only
    /// tells people more, it belongs into `more`.
    #[test]
    fn the_words_of_a_version_stay_the_same() {
        fn words<T: DeserializeOwned>(words: &str) {
            for word in words.split(' ') {
                assert!(serde_json::from_value::<T>(word.into()).is_ok(), "{word}");
            }
            let expected = words.split(' ').map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
            let said = serde_json::from_value::<T>("?".into()).err().map(|error| error.to_string());
            // Serde tells all words that it takes.
            let told = said.map(|said| said.replace("expected one of ", "expected "));
            assert_eq!(told, Some(format!("unknown variant `?`, expected {expected}")));
        }
        words::<State>("pending sent unknown issued used superseded revoked exhausted failed");
        words::<SendOutcome>("accepted refused unknown");
        words::<DeliveryState>("accepted sent delivered failed");
        words::<DeliveryReason>(
            "handset_off handset_full unknown_number landline opted_out do_not_disturb blocked filtered \
             template_mismatch sender content region no_route expired throttled balance carrier gateway cancelled",
        );
        words::<Verdict>("ok wrong no_code locked");
        words::<Reason>(
            "superseded_code never_issued expired used revoked superseded attempts_exhausted timed_lock hard_lock",
        );
        for word in "send delivery verify revoke lock unlock user policy".split(' ') {
            assert_ne!(serde_json::from_value::<EventKind>(word.into()).unwrap(), EventKind::Unknown, "{word}");
        }
    }
}
