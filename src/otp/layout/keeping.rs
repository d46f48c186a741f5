//! What an application keeps of a code: the code itself, or a hash of it and of what it adds.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::codec::Kept;
use crate::otp::{Code, Secret};

/// The cost of a bcrypt hash that is written here: what most libraries take when they are not told.
const COST: u32 = 10;

/// How a code is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeping {
    /// As it is.
    Plain,
    /// SHA-256 of the pattern, in hex.
    Sha256,
    /// HMAC-SHA-256 of the pattern under the secret, in hex.
    HmacSha256,
    /// bcrypt of the pattern.
    Bcrypt,
}

impl Keeping {
    /// All of them, by their words in the configuration.
    pub const ALL: [(&'static str, Self); 4] =
        [("plain", Self::Plain), ("sha256", Self::Sha256), ("hmac-sha256", Self::HmacSha256), ("bcrypt", Self::Bcrypt)];
}

/// What is hashed: text with places for the code, the phone and the application's secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Code,
    Phone,
    Secret,
}

/// The text is no pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a pattern has the place `{{code}}`, and may have `{{phone}}` and `{{secret}}`; it has no other braces")]
pub struct NoPattern;

impl Pattern {
    /// Reads `{phone}:{code}:{secret}`.
    ///
    /// # Errors
    /// When the code has no place in it, or a place is not known.
    pub fn parse(text: &str) -> Result<Self, NoPattern> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').ok_or(NoPattern)?;
            parts.push(Part::Text(before.to_owned()));
            parts.push(match name {
                "code" => Part::Code,
                "phone" => Part::Phone,
                "secret" => Part::Secret,
                _ => return Err(NoPattern),
            });
            rest = after;
        }
        parts.push(Part::Text(rest.to_owned()));
        let stray = parts.iter().any(|part| matches!(part, Part::Text(text) if text.contains('}')));
        if stray || !parts.contains(&Part::Code) { Err(NoPattern) } else { Ok(Self(parts)) }
    }

    /// Whether the application's secret is in it.
    #[must_use]
    pub fn has_secret(&self) -> bool {
        self.0.contains(&Part::Secret)
    }

    fn fill(&self, code: &str, phone: &str, secret: &str) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::new());
        for part in &self.0 {
            text.push_str(match part {
                Part::Text(own) => own,
                Part::Code => code,
                Part::Phone => phone,
                Part::Secret => secret,
            });
        }
        text
    }
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|part| {
            f.write_str(match part {
                Part::Text(text) => text,
                Part::Code => "{code}",
                Part::Phone => "{phone}",
                Part::Secret => "{secret}",
            })
        })
    }
}

/// How codes are kept, and with what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keeper<'a> {
    pub keeping: Keeping,
    pub pattern: &'a Pattern,
    pub phone: &'a str,
    pub secret: Option<&'a Secret>,
}

impl Keeper<'_> {
    /// What is to be kept of a code. The salt is for bcrypt.
    pub(super) fn keep(&self, code: &Code, salt: [u8; 16]) -> Zeroizing<String> {
        let filled = self.filled(code.expose());
        Zeroizing::new(match self.keeping {
            Keeping::Plain => return Zeroizing::new(code.expose().to_owned()),
            Keeping::Sha256 => hex(&Sha256::digest(filled.as_bytes())),
            Keeping::HmacSha256 => hex(&self.hmac(&filled).finalize().into_bytes()),
            // The cost is a constant that the crate allows.
            Keeping::Bcrypt => {
                bcrypt::hash_with_salt(filled.as_bytes(), COST, salt).map(|hash| hash.to_string()).unwrap_or_default()
            }
        })
    }

    /// Whether what is kept is this code, compared in constant time. What is empty is never equal.
    pub(super) fn is(&self, kept: &Kept, code: &Code) -> bool {
        if kept.text.is_empty() {
            return false;
        }
        // Codes are read without regard to case; an application may hash small letters.
        let upper = code.expose();
        let lower = Zeroizing::new(upper.to_ascii_lowercase());
        let equal = self.equals(kept, upper);
        if *lower == upper { equal } else { self.equals(kept, &lower) || equal }
    }

    fn equals(&self, kept: &Kept, code: &str) -> bool {
        match self.keeping {
            Keeping::Plain => {
                let length = if kept.number { code.len() } else { 0 };
                let text = Zeroizing::new(format!("{:0>length$}", kept.text.as_str()));
                same(text.as_bytes(), code.as_bytes())
            }
            Keeping::Sha256 => {
                let own = hex(&Sha256::digest(self.filled(code).as_bytes()));
                same(kept.text.to_ascii_lowercase().as_bytes(), own.as_bytes())
            }
            Keeping::HmacSha256 => {
                let tag = data_encoding::HEXLOWER_PERMISSIVE.decode(kept.text.as_bytes());
                tag.is_ok_and(|tag| self.hmac(&self.filled(code)).verify_slice(&tag).is_ok())
            }
            Keeping::Bcrypt => bcrypt::verify(self.filled(code).as_bytes(), &kept.text).unwrap_or(false),
        }
    }

    fn filled(&self, code: &str) -> Zeroizing<String> {
        self.pattern.fill(code, self.phone, self.secret.map_or("", Secret::expose))
    }

    fn hmac(&self, text: &str) -> Hmac<Sha256> {
        let key = self.secret.map_or("", Secret::expose);
        match Hmac::<Sha256>::new_from_slice(key.as_bytes()) {
            Ok(mac) => mac.chain_update(text.as_bytes()),
            Err(_) => unreachable!("HMAC takes keys of every length"),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

/// Equal, in a time that does not tell where they differ: tags under one fixed key are compared as MACs are.
fn same(one: &[u8], other: &[u8]) -> bool {
    let tag = |bytes: &[u8]| match Hmac::<Sha256>::new_from_slice(b"otpctl-compare/1") {
        Ok(mac) => mac.chain_update(bytes),
        Err(_) => unreachable!("HMAC takes keys of every length"),
    };
    tag(one).verify_slice(&tag(other).finalize().into_bytes()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::otp::{Alphabet, CodeSpec};

    fn code(text: &str) -> Code {
        CodeSpec { alphabet: Alphabet::named("hex").unwrap(), length: text.len() }.read(text).unwrap()
    }

    fn kept(text: &str, number: bool) -> Kept {
        Kept { text: Zeroizing::new(text.to_owned()), number }
    }

    #[test]
    fn each_way_knows_its_own_code_again_and_no_other() {
        let pattern = Pattern::parse("{phone}:{code}:{secret}").unwrap();
        let secret = Secret::new("django-insecure-key".to_owned());
        for (name, keeping) in Keeping::ALL {
            let keeper = Keeper { keeping, pattern: &pattern, phone: "+919876543210", secret: Some(&secret) };
            let own = keeper.keep(&code("004217"), [7; 16]);
            assert!(keeper.is(&kept(&own, false), &code("004217")), "{name}");
            assert!(!keeper.is(&kept(&own, false), &code("004218")), "{name}");
            assert!(!keeper.is(&kept("", false), &code("004217")), "{name}");
            assert_eq!(own.contains("004217"), keeping == Keeping::Plain, "{name}");
            let elsewhere = Keeper { phone: "+14155550123", ..keeper };
            assert_eq!(elsewhere.is(&kept(&own, false), &code("004217")), keeping == Keeping::Plain, "{name}");
        }
    }

    /// By Python: `hashlib.sha256(b"+919876543210:123456:k")` and `hmac.new(b"k", b"123456", "sha256")`.
    #[test]
    fn hashes_that_others_made_are_known() {
        let secret = Secret::new("k".to_owned());
        let keeper = |keeping, pattern| Keeper { keeping, pattern, phone: "+919876543210", secret: Some(&secret) };
        let all = Pattern::parse("{phone}:{code}:{secret}").unwrap();
        let bare = Pattern::parse("{code}").unwrap();
        let sha = "dc4e67aab8e516c2885bba00fdd0ed0d64805602f75902d0143ad1edfd204be1";
        assert!(keeper(Keeping::Sha256, &all).is(&kept(sha, false), &code("123456")));
        assert!(keeper(Keeping::Sha256, &all).is(&kept(&sha.to_ascii_uppercase(), false), &code("123456")));
        let mac = "0f6259fcb7c4270eb9ae05b64b1178ce9e9e23a6ea5c6912f564f6db8fd62d5e";
        assert!(keeper(Keeping::HmacSha256, &bare).is(&kept(mac, false), &code("123456")));
        assert!(!keeper(Keeping::HmacSha256, &bare).is(&kept(&mac[..32], false), &code("123456")));
    }

    #[test]
    fn a_number_has_lost_its_zeros_and_a_text_has_not() {
        let bare = Pattern::parse("{code}").unwrap();
        let keeper = Keeper { keeping: Keeping::Plain, pattern: &bare, phone: "", secret: None };
        assert!(keeper.is(&kept("42", true), &code("0042")));
        assert!(!keeper.is(&kept("42", false), &code("0042")));
        assert!(keeper.is(&kept("a1b2", false), &code("A1B2")));
        assert!(!keeper.is(&kept("", true), &code("0000")));
    }

    #[test]
    fn a_pattern_has_a_place_for_the_code() {
        assert_eq!(Pattern::parse("{phone}:{code}").unwrap().to_string(), "{phone}:{code}");
        for bad in ["", "{phone}", "{code", "{code}}", "{user}{code}"] {
            assert_eq!(Pattern::parse(bad), Err(NoPattern), "{bad}");
        }
    }
}
