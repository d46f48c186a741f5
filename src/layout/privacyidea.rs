//! What privacyIDEA keeps of its challenges in Redis: the names of its keys, and what of their content may be told.
//!
//! A challenge belongs to a token, and is found by the token's serial: a set names its transactions, and each of them is
//! a hash with the challenge of each of its tokens as JSON (`privacyidea/lib/cache/redis.py`, 3.14). Both live for 30 s
//! longer than the challenge does. `data`, `challenge` and `session` are never given away, and the first two not even
//! read: the one may hold the code, encrypted with the server's own key, the other what is to be signed.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::keyed::raw_key::{Content, RawKey, UnexpectedKey};
use super::{
    Access, BoundLayout, CodeShapes, Layout, LayoutContext, MergeError, Merged, NoContext, Operation, PhoneOperation,
    Refusal, TokenSet,
};
use crate::otp::rules::PhoneState;
use crate::otp::{CodeSpec, Moment, Phone, UserId, Users};

/// The name of the layout.
pub const NAME: &str = "privacyidea";

/// Why no more is done with them.
const BECAUSE: &str = "they are only looked at, a phone at a time, since privacyIDEA makes and checks codes with \
                           keys that only it has, and keeps challenges in its database too, so that only it can end them";

/// What a challenge's session says once its owner has turned it down (`privacyidea/lib/challenge_types.py`).
const REFUSED: [&str; 2] = ["challenge_declined", "challenge_cancelled"];

/// The names that one version of privacyIDEA gives its keys. A version reads no names but its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Family(&'static str);

impl Family {
    /// That of 3.14, and that of the source after it.
    pub const ALL: [Self; 2] = [Self("pi:challenge:v1:"), Self("pi:challenge:")];

    /// The set with the transactions of a token.
    #[must_use]
    pub fn transactions(self, serial: &str) -> String {
        format!("{}serial:{serial}", self.0)
    }

    /// The hash with the challenges of a transaction.
    #[must_use]
    pub fn transaction(self, id: &str) -> String {
        format!("{}txn:{id}", self.0)
    }

    /// What a key is, by its name; `None`: it is none of theirs.
    #[must_use]
    pub fn part(name: &str) -> Option<KeyKind<'_>> {
        let rest = Self::ALL.iter().find_map(|family| name.strip_prefix(family.0))?;
        let behind = |front| rest.strip_prefix(front).filter(|id: &&str| !id.is_empty());
        behind("txn:").map(KeyKind::Transaction).or_else(|| behind("serial:").map(|_| KeyKind::Transactions))
    }

    /// The patterns of all their keys: for the rights that they need.
    fn patterns() -> Vec<String> {
        Self::ALL.iter().flat_map(|family| [family.transactions("*"), family.transaction("*")]).collect()
    }
}

/// Their layout. Codes are not found by their phone here, so the commands that need that are refused.
#[derive(Debug, Clone, Copy, Default)]
pub struct PrivacyIdea;

impl Layout for PrivacyIdea {
    fn name(&self) -> &'static str {
        NAME
    }

    fn allows(&self, operation: Operation) -> Result<(), Refusal> {
        Err(Refusal::of(NAME, operation, Some(BECAUSE)))
    }

    fn shapes(&self, _ours: &CodeSpec) -> CodeShapes {
        CodeShapes::unknown()
    }

    fn note(&self) -> Option<&'static str> {
        Some("privacyIDEA's challenges can only be shown (`inspect`)")
    }

    fn settings(&self) -> Vec<(&'static str, serde_json::Value)> {
        vec![("allows", serde_json::json!([]))]
    }

    fn access(&self) -> Access {
        let probe_keys = Family::ALL.iter().flat_map(|family| [family.transactions(""), family.transaction("")]);
        Access { patterns: Family::patterns(), writes: false, probe_keys: probe_keys.collect(), probe_tag: None }
    }

    /// Those of every version.
    fn token_sets(&self, users: &Users) -> Option<Vec<TokenSet>> {
        // What could not be the name of a key of theirs is not made into one.
        let users = users.users.iter().map(|link| &link.user);
        let users = users.filter(|user| !user.as_str().chars().any(char::is_control));
        let set = |user: &UserId, family: Family| TokenSet {
            user: user.clone(),
            family,
            key: family.transactions(user.as_str()),
        };
        Some(users.flat_map(|user| Family::ALL.map(|family| set(user, family))).collect())
    }

    fn bind<'a>(&'a self, _context: Option<LayoutContext<'a>>) -> Result<Box<dyn BoundLayout + 'a>, NoContext> {
        Ok(Box::new(Self))
    }

    fn needs_context(&self) -> bool {
        false
    }
}

impl BoundLayout for PrivacyIdea {
    fn layout(&self) -> &dyn Layout {
        self
    }

    fn merge<'s>(
        &'s self,
        _phone: &'s Phone,
        state: PhoneState,
        _values: Vec<Option<Vec<u8>>>,
        _now: Moment,
        _operation: PhoneOperation<'_>,
    ) -> Result<Box<dyn Merged + 's>, MergeError> {
        Ok(Box::new(state))
    }
}

/// What a key of theirs is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind<'n> {
    /// The transactions of a token: a set.
    Transactions,
    /// The challenges of this transaction: a hash.
    Transaction(&'n str),
}

/// What may be told of a challenge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// The transaction that it belongs to.
    pub transaction: String,
    /// When it was made.
    pub created_at: Moment,
    /// Its own end.
    pub expires_at: Moment,
    /// The end of its key; `None`: it has none.
    pub kept_until: Option<Moment>,
    /// How many answers were given.
    pub tries: u32,
    /// One of them was right.
    pub is_answered: bool,
    is_refused: bool,
}

/// Whether a challenge can be answered, and why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChallengeStatus {
    /// It can.
    Open,
    /// It was, and rightly.
    Answered,
    /// Its owner turned it down, or whoever asked for it took it back.
    Refused,
    /// Its time is over.
    Expired,
}

impl ChallengeStatus {
    /// Its word in documents.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Answered => "answered",
            Self::Refused => "refused",
            Self::Expired => "expired",
        }
    }
}

/// Of the JSON of a challenge, what is read.
#[derive(serde::Deserialize)]
struct Payload {
    transaction_id: String,
    serial: String,
    timestamp: String,
    expiration: String,
    session: Option<String>,
    #[serde(default)]
    received_count: u32,
    #[serde(default)]
    otp_valid: bool,
}

impl Challenge {
    /// The challenge of a token in what a transaction's key holds; `None`: it has none of this token.
    ///
    /// # Errors
    /// When it is not what privacyIDEA writes.
    pub fn in_transaction(held: &RawKey, transaction: &str, serial: &str) -> Result<Option<Self>, UnexpectedKey> {
        let Content::Fields(fields) = &held.content else { return Err(UnexpectedKey::Type("string".to_owned())) };
        let Some(json) = fields.get(serial.as_bytes()) else { return Ok(None) };
        Ok(Some(Self { kept_until: held.until, ..Self::read(json, transaction, serial)? }))
    }

    /// Reads the JSON of a token's challenge.
    ///
    /// # Errors
    /// When it is not what privacyIDEA writes for them.
    pub fn read(json: &[u8], transaction: &str, serial: &str) -> Result<Self, UnexpectedKey> {
        let strange = UnexpectedKey::Content("it is no challenge of privacyIDEA's");
        let Ok(payload) = serde_json::from_slice::<Payload>(json) else { return Err(strange) };
        let times = moment(&payload.timestamp).zip(moment(&payload.expiration));
        let (created_at, expires_at) = times.ok_or(strange)?;
        if payload.transaction_id != transaction || payload.serial != serial {
            return Err(UnexpectedKey::Content("it has the challenge of another token or transaction"));
        }
        Ok(Self {
            transaction: payload.transaction_id,
            created_at,
            expires_at,
            kept_until: None,
            tries: payload.received_count,
            is_answered: payload.otp_valid,
            is_refused: payload.session.is_some_and(|session| REFUSED.contains(&session.as_str())),
        })
    }

    /// Whether it can be answered now, as `is_challenge_open` of the server's has it. That a challenge of the server's
    /// clock may be a little younger than the store's is no reason against it.
    #[must_use]
    pub fn standing(&self, now: Moment) -> ChallengeStatus {
        if self.is_answered {
            ChallengeStatus::Answered
        } else if self.is_refused {
            ChallengeStatus::Refused
        } else if self.expires_at <= now {
            ChallengeStatus::Expired
        } else {
            ChallengeStatus::Open
        }
    }

    /// Whether it can be answered now.
    #[must_use]
    pub fn is_open(&self, now: Moment) -> bool {
        self.standing(now) == ChallengeStatus::Open
    }
}

/// `datetime.isoformat()`: of `utc_now`, which has no zone and means UTC; one that has a zone says what it means.
fn moment(text: &str) -> Option<Moment> {
    let zoned = || text.parse::<jiff::Timestamp>().ok();
    let timestamp = zoned().or_else(|| {
        let bare: DateTime = text.parse().ok()?;
        bare.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    });
    timestamp.map(|timestamp| Moment::from_millis(timestamp.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    const ID: &str = "01020304050607080910";
    const JSON: &str = r#"{"transaction_id": "01020304050607080910", "serial": "PISM0001", "challenge": "c", "data":
        "0a:0b", "session": "", "timestamp": "2026-11-22T09:30:00.123456", "expiration": "2026-11-22T09:32:00",
        "received_count": 2, "otp_valid": false, "later": 1}"#;

    fn held(fields: &[(&str, &str)]) -> RawKey {
        let fields: BTreeMap<_, _> =
            fields.iter().map(|(field, value)| (field.as_bytes().to_vec(), value.as_bytes().to_vec())).collect();
        RawKey { until: Some(at("2026-11-22T09:32:30Z")), content: Content::Fields(fields) }
    }

    fn read(json: &str) -> Challenge {
        Challenge::read(json.as_bytes(), ID, "PISM0001").unwrap()
    }

    fn at(text: &str) -> Moment {
        moment(text).unwrap()
    }

    #[test]
    fn the_names_of_both_versions_are_made_and_known() {
        let [old, new] = Family::ALL;
        assert_eq!(old.transactions("PISM0001"), "pi:challenge:v1:serial:PISM0001");
        assert_eq!(new.transactions("PISM0001"), "pi:challenge:serial:PISM0001");
        assert_eq!(old.transaction("0102"), "pi:challenge:v1:txn:0102");
        assert_eq!(new.transaction("0102"), "pi:challenge:txn:0102");
        for family in Family::ALL {
            assert_eq!(Family::part(&family.transactions("a:b")), Some(KeyKind::Transactions));
            assert_eq!(Family::part(&family.transaction("1")), Some(KeyKind::Transaction("1")));
        }
        for other in ["pi:challenge:v2:txn:1", "pi:challenge:txn:", "pi:challenge:", "api:challenge:txn:1", "pi:x"] {
            assert_eq!(Family::part(other), None, "{other}");
        }
    }

    #[test]
    fn a_challenge_is_told_without_its_secrets() {
        let held = held(&[("PISM0001", JSON), ("PIPU0002", "{}")]);
        let read = Challenge::in_transaction(&held, ID, "PISM0001").unwrap().unwrap();
        assert_eq!(read.created_at, at("2026-11-22T09:30:00.123Z"));
        assert_eq!((read.expires_at, read.kept_until), (at("2026-11-22T09:32:00Z"), held.until));
        assert_eq!((read.tries, read.is_answered), (2, false));
        assert_eq!(Challenge::in_transaction(&held, ID, "PISM0009"), Ok(None));
        for (transaction, serial) in [("2", "PISM0001"), (ID, "PIPU0002")] {
            assert!(matches!(Challenge::in_transaction(&held, transaction, serial), Err(UnexpectedKey::Content(_))));
        }
        let text = RawKey { content: Content::Text(JSON.into()), ..held };
        assert_eq!(Challenge::in_transaction(&text, "1", "PISM0001"), Err(UnexpectedKey::Type("string".to_owned())));
    }

    #[test]
    fn what_may_be_left_out_may_be_missing_and_nothing_else() {
        let short = r#"{"transaction_id":"1","serial":"","timestamp":"2026-11-22T09:30:00","expiration":"2026-11-22T11:30:00+02:00"}"#;
        let read = Challenge::read(short.as_bytes(), "1", "").unwrap();
        assert_eq!((read.created_at, read.expires_at), (at("2026-11-22T09:30:00Z"), at("2026-11-22T09:30:00Z")));
        assert_eq!((read.tries, read.is_answered, read.is_refused), (0, false, false));
        for bad in [
            "",
            "null",
            "[]",
            "{}",
            &short.replace("09:30:00", "soon"),
            &short.replace("\"serial\"", "\"series\""),
            &short.replace('}', ",\"received_count\":-1}"),
            &short.replace('}', ",\"otp_valid\":\"no\"}"),
        ] {
            assert!(Challenge::read(bad.as_bytes(), "1", "").is_err(), "{bad}");
        }
    }

    #[test]
    fn it_can_be_answered_until_it_is_answered_refused_or_over() {
        let challenge = read(JSON);
        assert_eq!(challenge.standing(at("2026-11-22T09:29:59Z")), ChallengeStatus::Open);
        assert_eq!(challenge.standing(at("2026-11-22T09:31:59.999Z")), ChallengeStatus::Open);
        assert_eq!(challenge.standing(at("2026-11-22T09:32:00Z")), ChallengeStatus::Expired);
        let with = |from: &str, to: &str| read(&JSON.replace(from, to));
        let now = at("2026-11-22T09:31:00Z");
        assert_eq!(with("false", "true").standing(now), ChallengeStatus::Answered);
        for (session, standing) in [
            ("challenge_declined", ChallengeStatus::Refused),
            ("challenge_cancelled", ChallengeStatus::Refused),
            ("enrollment", ChallengeStatus::Open),
        ] {
            let challenge = with(r#""session": """#, &format!(r#""session": "{session}""#));
            assert_eq!(challenge.standing(now), standing, "{session}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let _ = Challenge::read(&bytes, "1", "PISM0001");
        }
    }
}
