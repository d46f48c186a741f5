//! One record: how it is written, what its MAC covers, and how it is read back. The bytes of a line are what counts, so that
//! no other spelling of the same record passes for it.

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::otp::escape::escaped;
use crate::otp::{Moment, Peppers};
use crate::system::{FileId, Who};

/// No text of a record is longer, in characters: a record is written in one piece.
const LONGEST: usize = 512;
/// What stands between a record and its MAC.
const MAC: &str = ",\"mac\":\"";
/// So many characters of a MAC are enough to tell which record an anchor means.
const SHORT: usize = 12;
/// The MAC before the first record.
const NOTHING: &str = "";

/// The keys of the chain, one of each pepper; the first signs.
pub struct Keys(Vec<(String, Zeroizing<[u8; 32]>)>);

impl Keys {
    /// Derived from the peppers, so that the file and the store alone make no record.
    #[must_use]
    pub fn of(peppers: &Peppers) -> Self {
        let keys = peppers.keys_for("otpctl-audit/1");
        Self(keys.map(|(id, key)| (id.to_owned(), Zeroizing::new(key))).collect())
    }

    fn signing(&self) -> Option<(&str, &[u8; 32])> {
        self.0.first().map(|(id, key)| (id.as_str(), &**key))
    }

    /// Whether this is the MAC of a text under the key of a pepper; `None`: there is no such pepper.
    pub(super) fn is_right(&self, pepper: &str, text: &[u8], mac: &str) -> Option<bool> {
        let (_, key) = self.0.iter().find(|(id, _)| id == pepper)?;
        let Ok(mac) = BASE64URL_NOPAD.decode(mac.as_bytes()) else { return Some(false) };
        Some(keyed(key, text).verify_slice(&mac).is_ok())
    }
}

fn keyed(key: &[u8; 32], text: &[u8]) -> Hmac<Sha256> {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { unreachable!("HMAC takes keys of every length") };
    mac.update(text);
    mac
}

/// Before or after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// It is meant, and nothing was done yet.
    Intent,
    /// How it ended.
    Outcome,
}

/// What a record tells. It never holds a code, a number or a secret: the phone is its reference.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    /// When, by the machine's clock.
    pub at: Moment,
    pub phase: Phase,
    /// The number of the intent that an outcome belongs to.
    pub intent: Option<u64>,
    /// The words of the command.
    pub command: &'a str,
    /// The name of the exit code; none of an intent.
    pub result: Option<&'a str>,
    pub who: &'a Who,
    /// The user that logs in to the store.
    pub redis: Option<&'a str>,
    /// The reference of the phone; none where it is about many.
    pub phone: Option<&'a str>,
    pub challenge_id: Option<&'a str>,
    pub reason: Option<&'a str>,
    /// What else matters: the user that is linked, an option that widens what is done.
    pub detail: Option<&'a str>,
    /// How many codes, keys or reports it was about; none of an intent.
    pub count: Option<u64>,
}

/// The newest record: what the lock holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Its number; 0: there is none.
    pub seq: u64,
    /// Its MAC.
    pub mac: String,
    /// The file that it is in.
    pub(super) device: u64,
    pub(super) number: u64,
    /// When the store was last told of a record, in milliseconds, and of which one.
    #[serde(default)]
    pub(super) told_at: i64,
    #[serde(default)]
    pub(super) told: Told,
}

/// The record that the store was last told of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Its number; 0: none.
    pub seq: u64,
    /// Its number and short MAC.
    pub anchor: String,
}

impl Head {
    pub(super) fn is_in(&self, file: FileId) -> bool {
        (self.device, self.number) == (file.device, file.number)
    }

    /// The record that the store was last told of.
    #[must_use]
    pub fn told(&self) -> &Told {
        &self.told
    }

    /// The number and the short MAC, as an event and `audit anchor` have them.
    #[must_use]
    pub fn short(&self) -> String {
        short(self.seq, &self.mac)
    }
}

/// The number and the short MAC of a record.
pub(super) fn short(seq: u64, mac: &str) -> String {
    format!("{seq}:{}", mac.get(..SHORT).unwrap_or(mac))
}

/// What a writer found where its record was to go, where that was not the record that the head names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Found {
    /// The file had no record yet.
    pub(super) after: Option<After>,
    /// The line before has no end.
    pub(super) torn: bool,
    /// The first and the last number of records that the head has seen and that are not in the file.
    pub(super) missing: Option<(u64, u64)>,
}

/// Why a file had no record, or nothing to hold it against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(super) enum After {
    /// There was none before it.
    Nothing,
    /// Another file has those before.
    Rotation,
    /// This same file had them, and was emptied.
    Truncation,
    /// The lock file was not there, or not to be read, so that nobody knows what is missing.
    LostLock,
}

/// The fields in the order in which they are written.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Line<'a> {
    schema: &'static str,
    seq: u64,
    at: String,
    phase: Phase,
    intent: Option<u64>,
    command: &'a str,
    result: Option<&'a str>,
    who: Operator<'a>,
    host: &'a str,
    phone: Option<&'a str>,
    challenge_id: Option<&'a str>,
    reason: Option<String>,
    detail: Option<String>,
    count: Option<u64>,
    #[serde(flatten)]
    found: &'a Found,
    pepper: &'a str,
    prev: &'a str,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Operator<'a> {
    user: &'a str,
    login: Option<&'a str>,
    tty: Option<&'a str>,
    ssh: Option<&'a str>,
    redis: Option<&'a str>,
}

/// A record, ready to be written: its line without the end of it, and its MAC.
pub(super) struct Stamped {
    pub(super) line: String,
    pub(super) mac: String,
}

/// Writes a record behind the one before it. `None`: there is no key.
pub(super) fn stamped(keys: &Keys, entry: &Entry<'_>, seq: u64, prev: &str, found: &Found) -> Option<Stamped> {
    let (pepper, key) = keys.signing()?;
    let plain = |text: &str| escaped(text).chars().take(LONGEST).collect::<String>();
    let who = entry.who;
    let line = Line {
        schema: "otpctl.audit/1",
        seq,
        at: entry.at.rfc3339(),
        phase: entry.phase,
        intent: entry.intent,
        command: entry.command,
        result: entry.result,
        who: Operator {
            user: &who.user,
            login: who.login.as_deref(),
            tty: who.tty.as_deref(),
            ssh: who.ssh.as_deref(),
            redis: entry.redis,
        },
        host: &who.host,
        phone: entry.phone,
        challenge_id: entry.challenge_id,
        reason: entry.reason.map(plain),
        detail: entry.detail.map(plain),
        count: entry.count,
        found,
        pepper,
        prev: if seq == 1 { NOTHING } else { prev },
    };
    let mut line = serde_json::to_string(&line).ok()?;
    // The closing brace comes after the MAC.
    line.pop();
    let mac = BASE64URL_NOPAD.encode(&keyed(key, line.as_bytes()).finalize().into_bytes());
    line.push_str(MAC);
    line.push_str(&mac);
    line.push_str("\"}");
    Some(Stamped { line, mac })
}

/// What is read of a record. What a newer version adds is covered by its MAC, and no more is needed of it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Fields {
    pub(super) seq: u64,
    pub(super) at: String,
    pub(super) phase: Phase,
    #[serde(default)]
    pub(super) intent: Option<u64>,
    #[serde(default, flatten)]
    pub(super) found: Found,
    pub(super) pepper: String,
    pub(super) prev: String,
}

/// A line that has the form of a record.
#[derive(Debug, Clone)]
pub(super) struct Parsed {
    pub(super) fields: Fields,
    pub(super) mac: String,
    /// Whether the MAC is that of the line; `None`: its pepper is not configured.
    pub(super) is_right: Option<bool>,
}

/// Reads a line without its end. `None`: it is no record.
pub(super) fn parsed(keys: &Keys, line: &[u8]) -> Option<Parsed> {
    let text = std::str::from_utf8(line).ok()?;
    let (body, mac) = text.strip_suffix("\"}")?.rsplit_once(MAC)?;
    let fields: Fields = serde_json::from_str(&format!("{body}}}")).ok()?;
    let is_right = keys.is_right(&fields.pepper, body.as_bytes(), mac);
    Some(Parsed { fields, mac: mac.to_owned(), is_right })
}

crate::otp::schema::documents! { "otpctl.audit/1" => Line<'_> }

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::otp::{Pepper, Secret};

    pub(in crate::audit) fn keys(ids: &[&str]) -> Keys {
        let pepper = |id: &&str| Pepper { id: (*id).to_owned(), key: Secret::new(id.repeat(40)) };
        Keys::of(&Peppers::new(ids.iter().map(pepper).collect()).unwrap())
    }

    pub(in crate::audit) fn who() -> Who {
        Who { user: "root".into(), login: Some("asha".into()), tty: Some("pts/3".into()), ssh: None, host: "h".into() }
    }

    pub(in crate::audit) fn entry(who: &Who) -> Entry<'_> {
        Entry {
            at: Moment::from_millis(1_795_759_200_000),
            phase: Phase::Intent,
            intent: None,
            command: "unlock",
            result: None,
            who,
            redis: None,
            phone: Some("ph_x"),
            challenge_id: None,
            reason: Some("asked on the phone"),
            detail: None,
            count: None,
        }
    }

    #[test]
    fn a_record_is_read_back_and_no_other_spelling_of_it() {
        let (keys, who) = (keys(&["a"]), who());
        let made = stamped(&keys, &entry(&who), 7, "before", &Found::default()).unwrap();
        let read = parsed(&keys, made.line.as_bytes()).unwrap();
        assert_eq!((read.fields.seq, read.fields.prev.as_str(), read.is_right), (7, "before", Some(true)));
        assert_eq!(read.mac, made.mac);
        for at in 0..made.line.len() {
            let mut other = made.line.clone().into_bytes();
            other[at] ^= 1;
            let wrong = parsed(&keys, &other).is_none_or(|read| read.is_right != Some(true));
            assert!(wrong, "the byte {at} counts for nothing");
        }
        let spaced = made.line.replacen(":7,", ": 7,", 1);
        assert_eq!(parsed(&keys, spaced.as_bytes()).unwrap().is_right, Some(false));
    }

    #[test]
    fn the_pepper_of_a_record_may_be_an_older_one_and_must_be_known() {
        let who = who();
        let made = stamped(&keys(&["a"]), &entry(&who), 1, "", &Found::default()).unwrap();
        assert_eq!(parsed(&keys(&["b", "a"]), made.line.as_bytes()).unwrap().is_right, Some(true));
        assert_eq!(parsed(&keys(&["b"]), made.line.as_bytes()).unwrap().is_right, None);
    }

    #[test]
    fn a_record_fits_into_one_piece_and_drives_no_terminal() {
        let (keys, who) = (keys(&["a"]), who());
        let reason = "\u{1b}[2J\"".repeat(10_000);
        let entry = Entry { reason: Some(&reason), ..entry(&who) };
        let line = stamped(&keys, &entry, 1, "", &Found::default()).unwrap().line;
        assert!(line.len() < 4096 && !line.contains('\u{1b}') && !line.contains('\n'), "{line}");
        assert_eq!(parsed(&keys, line.as_bytes()).unwrap().is_right, Some(true));
    }

    #[test]
    fn a_record_has_the_fields_that_it_is_said_to_have() {
        let (keys, who) = (keys(&["a"]), who());
        let line = stamped(&keys, &entry(&who), 1, "", &Found::default()).unwrap().line;
        let (body, _) = line.rsplit_once(MAC).unwrap();
        assert_eq!(
            body,
            r#"{"schema":"otpctl.audit/1","seq":1,"at":"2026-11-27T06:00:00.000Z","phase":"intent","intent":null,"command":"unlock","result":null,"who":{"user":"root","login":"asha","tty":"pts/3","ssh":null,"redis":null},"host":"h","phone":"ph_x","challenge_id":null,"reason":"asked on the phone","detail":null,"count":null,"after":null,"torn":false,"missing":null,"pepper":"a","prev":"""#
        );
    }
}
