//! What the store keeps of a code: a keyed MAC over the code and everything that it is bound to.

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::{Code, Phone, Purpose, Secret, UserId, UsersVersion};

/// A key that is never in the store. Without it a stolen record says nothing of its code: six digits alone would be
/// tried out in a second.
#[derive(Debug, Clone)]
pub struct Pepper {
    /// Its name, kept beside each MAC, so that keys can be changed while codes are live.
    pub id: String,
    /// Its bytes, as text.
    pub key: Secret,
}

/// All peppers that are in use: the first signs, every one verifies.
#[derive(Debug, Clone)]
pub struct Peppers(Vec<Pepper>);

/// HMAC-SHA-256 with the id of its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mac {
    key: String,
    tag: String,
}

impl Mac {
    /// The name of the pepper that it was made with.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }
}

/// What a code is bound to: the same code for another phone, purpose, user or challenge has another MAC.
#[derive(Debug, Clone, Copy)]
pub struct Binding<'a> {
    pub phone: &'a Phone,
    /// What the code is for.
    pub purpose: &'a Purpose,
    /// The user that it was issued for.
    pub user: Option<&'a UserId>,
    /// The version of the phone's users when it was issued.
    pub users_version: Option<UsersVersion>,
    /// The id of the challenge, or of the attempt.
    pub id: &'a str,
}

/// The MAC was made with a key that is not configured: not a wrong code, and nothing that the caller can guess at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the code was made with the pepper `{0}`, which is not configured")]
pub struct UnknownKey(pub String);

/// There is no pepper at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no pepper is configured")]
pub struct NoPepper;

impl Peppers {
    /// At least one.
    ///
    /// # Errors
    /// When there is none.
    pub fn new(peppers: Vec<Pepper>) -> Result<Self, NoPepper> {
        if peppers.is_empty() { Err(NoPepper) } else { Ok(Self(peppers)) }
    }

    /// All of them, the one that signs first.
    pub fn iter(&self) -> impl Iterator<Item = &Pepper> {
        self.0.iter()
    }

    /// The MAC of a code, with the first pepper.
    #[must_use]
    pub fn sign(&self, binding: &Binding<'_>, code: &Code) -> Mac {
        self.made(|key| keyed(key, binding, code))
    }

    /// Whether this is the code, compared in constant time. A MAC that is empty or cut short is never equal.
    ///
    /// # Errors
    /// When the MAC names a pepper that is not here.
    pub fn verify(&self, mac: &Mac, binding: &Binding<'_>, code: &Code) -> Result<bool, UnknownKey> {
        self.is_made(mac, |key| keyed(key, binding, code))
    }

    /// The fingerprint of what an application keeps of a code, with the first pepper: it is known again by it, and
    /// nothing is known about it.
    #[must_use]
    pub fn fingerprint(&self, phone: &Phone, purpose: &Purpose, kept: &[u8]) -> Mac {
        self.made(|key| fingerprint(key, phone, purpose, kept))
    }

    /// Whether a fingerprint is that of what is kept.
    ///
    /// # Errors
    /// When it names a pepper that is not here.
    pub fn is_fingerprint(&self, mac: &Mac, phone: &Phone, purpose: &Purpose, kept: &[u8]) -> Result<bool, UnknownKey> {
        self.is_made(mac, |key| fingerprint(key, phone, purpose, kept))
    }

    fn made(&self, make: impl FnOnce(&Secret) -> Hmac<Sha256>) -> Mac {
        let first = &self.0[0];
        let tag = make(&first.key).finalize().into_bytes();
        Mac { key: first.id.clone(), tag: BASE64URL_NOPAD.encode(&tag) }
    }

    /// Whether the pepper that the MAC names makes it of the same.
    fn is_made(&self, mac: &Mac, make: impl FnOnce(&Secret) -> Hmac<Sha256>) -> Result<bool, UnknownKey> {
        let pepper = self.0.iter().find(|pepper| pepper.id == mac.key);
        let pepper = pepper.ok_or_else(|| UnknownKey(super::escape::escaped(&mac.key)))?;
        let Ok(tag) = BASE64URL_NOPAD.decode(mac.tag.as_bytes()) else { return Ok(false) };
        Ok(make(&pepper.key).verify_slice(&tag).is_ok())
    }

    /// A key for another use and the id of its pepper, of each pepper in turn, the signing one first.
    pub fn keys_for(&self, label: &str) -> impl Iterator<Item = (&str, [u8; 32])> {
        self.0.iter().map(|pepper| pepper.id.as_str()).zip(self.derived(label))
    }

    /// A key for another use, derived from each pepper in turn, the signing one first.
    pub(super) fn derived(&self, label: &str) -> impl Iterator<Item = [u8; 32]> {
        self.0.iter().map(move |pepper| {
            let mut mac = keyed_with(&pepper.key);
            field(&mut mac, label.as_bytes());
            mac.finalize().into_bytes().into()
        })
    }
}

/// HMAC takes a key of any length: a longer one is hashed, a shorter one padded (RFC 2104 §2).
fn keyed_with(key: &Secret) -> Hmac<Sha256> {
    match Hmac::<Sha256>::new_from_slice(key.expose().as_bytes()) {
        Ok(mac) => mac,
        Err(_) => unreachable!("HMAC takes keys of every length"),
    }
}

/// Every field is preceded by its length, so that no two different bindings are the same bytes.
fn keyed(key: &Secret, binding: &Binding<'_>, code: &Code) -> Hmac<Sha256> {
    let mut mac = keyed_with(key);
    field(&mut mac, b"otpctl-code/1");
    field(&mut mac, binding.phone.as_str().as_bytes());
    field(&mut mac, binding.purpose.as_str().as_bytes());
    field(&mut mac, binding.user.map_or("", UserId::as_str).as_bytes());
    field(&mut mac, &binding.users_version.map_or(0, UsersVersion::number).to_be_bytes());
    field(&mut mac, binding.id.as_bytes());
    field(&mut mac, code.expose().as_bytes());
    mac
}

fn fingerprint(key: &Secret, phone: &Phone, purpose: &Purpose, kept: &[u8]) -> Hmac<Sha256> {
    let mut mac = keyed_with(key);
    field(&mut mac, b"otpctl-kept/1");
    field(&mut mac, phone.as_str().as_bytes());
    field(&mut mac, purpose.as_str().as_bytes());
    field(&mut mac, kept);
    mac
}

fn field(mac: &mut Hmac<Sha256>, bytes: &[u8]) {
    mac.update(&u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
    mac.update(bytes);
}
