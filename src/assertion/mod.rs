//! What an application is handed instead of a user: a signed statement of who holds a phone, for one audience and a
//! minute (a JWT, RFC 7519, which can be used as a grant of RFC 7523). Only keys with a public half sign it, so whoever
//! checks it cannot make one.

mod crypto;
mod key;

use std::time::Duration;

use data_encoding::BASE32_NOPAD;
use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use jsonwebtoken::{EncodingKey, Header};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::otp::{Moment, Secret, UserId};

pub use jsonwebtoken::jwk::JwkSet as PublicKeys;
pub use key::KeyError;

/// How long an assertion can be used: as long as a script and one request need.
pub const LIFETIME: Duration = Duration::from_secs(60);

/// The key that signs, and what it signs by.
pub struct Signer {
    key: EncodingKey,
    header: Header,
    issuer: String,
    public: Jwk,
}

/// Who was shown to hold the phone, and how.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Whose phone it is.
    pub user: &'a UserId,
    /// The number, where it may be shown.
    pub phone: Option<&'a str>,
    /// The way on which the code went out; `None`: it was not sent.
    pub channel: Option<&'a str>,
    /// The code that was accepted.
    pub challenge_id: &'a str,
    /// The attempt that it was accepted by.
    pub attempt_id: &'a str,
    /// When.
    pub at: Moment,
}

/// An assertion, and when it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assertion {
    /// The JWT.
    pub token: String,
    pub expires_at: Moment,
}

/// The claims, by their registered names (RFC 7519 §4.1, RFC 8176, `OpenID` Connect Core §5.1).
#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
    jti: String,
    amr: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone_number: Option<&'a str>,
}

impl Signer {
    /// Reads the key. `kid`: its name; its thumbprint (RFC 7638) where it has none.
    ///
    /// # Errors
    /// When it is no private key that can sign here.
    pub fn new(pem: &Secret, kid: Option<&str>, issuer: &str) -> Result<Self, KeyError> {
        let (key, algorithm, mut public) = key::read(pem)?;
        let thumbprint = public.thumbprint(ThumbprintHash::SHA256).map_err(|_| KeyError::Kind)?;
        let kid = kid.map_or(thumbprint, str::to_owned);
        public.common.key_id = Some(kid.clone());
        let header = Header { kid: Some(kid), ..Header::new(algorithm) };
        Ok(Self { key, header, issuer: issuer.to_owned(), public })
    }

    /// The assertion for an audience; `None` once it would have ended. The same acceptance has the same claims whenever it
    /// is asked for, so that whoever knows its `jti` takes it once.
    ///
    /// # Errors
    /// When the key does not sign.
    pub fn assertion(&self, subject: &Subject<'_>, audience: &str, now: Moment) -> Result<Option<Assertion>, KeyError> {
        let seconds = subject.at.millis().div_euclid(1000);
        let expires_at = Moment::from_millis(seconds * 1000).after(LIFETIME);
        if expires_at <= now {
            return Ok(None);
        }
        let claims = Claims {
            iss: &self.issuer,
            sub: subject.user.as_str(),
            aud: audience,
            iat: seconds,
            exp: expires_at.millis().div_euclid(1000),
            jti: jti(&[subject.challenge_id, subject.attempt_id, audience]),
            amr: std::iter::once("otp").chain(subject.channel.map(method)).collect(),
            phone_number: subject.phone,
        };
        let token = jsonwebtoken::encode(&self.header, &claims, &self.key).map_err(|_| KeyError::Signing)?;
        Ok(Some(Assertion { token, expires_at }))
    }

    /// The public key, for whoever checks assertions (RFC 7517, RFC 8037).
    #[must_use]
    pub fn public_keys(&self) -> PublicKeys {
        PublicKeys { keys: vec![self.public.clone()] }
    }

    /// Its name.
    #[must_use]
    pub fn kid(&self) -> &str {
        self.header.kid.as_deref().unwrap_or_default()
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signer({})", self.kid())
    }
}

/// The word for a channel (RFC 8176 §2); one that the register does not have is called as we call it.
fn method(channel: &str) -> &str {
    if channel == "voice" { "tel" } else { channel }
}

/// The id of an assertion: of the same acceptance the same, and of another one another.
fn jti(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part.as_bytes());
    }
    format!("as_{}", BASE32_NOPAD.encode(&hash.finalize()[..16]).to_ascii_lowercase())
}

#[cfg(test)]
mod tests;
