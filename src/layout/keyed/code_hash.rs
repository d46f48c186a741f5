//! What an application keeps of a code: the code itself, or a hash of it and of what it adds.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::CodeShapes;
use super::codec::StoredCode;
use super::placeholder::{Piece, StrayBrace, pieces};
use super::raw_key::UnexpectedKey;
use crate::otp::{Code, Secret};

/// The cost of a bcrypt hash that is written here: what most libraries take when they are not told.
const COST: u32 = 10;

/// The highest cost of a bcrypt hash that is computed: about a second. Each one more takes twice as long, and 31 a day.
pub const MOST_COST: u32 = 14;
/// So many bytes are read of what is hashed.
pub(super) const BCRYPT_READS: usize = 72;
/// The lowest that there is.
const LEAST_COST: u32 = 4;

/// How a code is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HashScheme {
    /// As it is.
    Plain,
    /// SHA-256 of the pattern, in hex.
    Sha256,
    /// HMAC-SHA-256 of the pattern under the secret, in hex.
    HmacSha256,
    /// bcrypt of the pattern.
    Bcrypt,
}

impl HashScheme {
    /// All of them, by their words in the configuration.
    pub const ALL: [(&'static str, Self); 4] =
        [("plain", Self::Plain), ("sha256", Self::Sha256), ("hmac-sha256", Self::HmacSha256), ("bcrypt", Self::Bcrypt)];
}

impl HashScheme {
    /// Whether what is stored can be a code, or the hash of one.
    ///
    /// # Errors
    /// When it cannot, or when it would take too long to find out which.
    pub(super) fn check(self, stored: &StoredCode, shapes: &CodeShapes) -> Result<(), UnexpectedKey> {
        let text = stored.text.as_str();
        let fits = match self {
            Self::Plain => shapes.fit(stored),
            Self::Sha256 | Self::HmacSha256 => text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()),
            Self::Bcrypt => match cost(text) {
                Some(cost) if cost > MOST_COST => return Err(UnexpectedKey::Cost { cost, most: MOST_COST }),
                cost => cost.is_some_and(|cost| cost >= LEAST_COST),
            },
        };
        if fits { Ok(()) } else { Err(self.unexpected(shapes)) }
    }

    /// What is wanted where something else is.
    pub(super) fn unexpected(self, shapes: &CodeShapes) -> UnexpectedKey {
        UnexpectedKey::Code(match self {
            Self::Plain => format!("code of {shapes}, as `length` and `alphabet` have it"),
            Self::Sha256 => "SHA-256 in hex".to_owned(),
            Self::HmacSha256 => "HMAC-SHA-256 in hex".to_owned(),
            Self::Bcrypt => "bcrypt hash".to_owned(),
        })
    }
}

/// The cost of a bcrypt hash; `None`: it is none. The library says which names of the function it takes.
fn cost(text: &str) -> Option<u32> {
    let parts: bcrypt::HashParts = text.parse().ok()?;
    text.get(4..6).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit())).map(|_| parts.get_cost())
}

/// What is hashed: text with places for the code, the phone and the application's secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(Vec<PatternPart>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum PatternPart {
    Text(String),
    Code,
    Phone,
    Secret,
}

/// The text is no pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a pattern needs the place `{{code}}`, and may have `{{phone}}` and `{{secret}}`; it has no other braces")]
pub struct PatternError;

impl Pattern {
    /// Reads `{phone}:{code}:{secret}`.
    ///
    /// # Errors
    /// When the code has no place in it, or a place is not known.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let part = |piece| match piece {
            // What is hashed has no braces of its own.
            Piece::Text(text) if text.contains(['{', '}']) => Err(PatternError),
            Piece::Text(text) => Ok(PatternPart::Text(text)),
            Piece::Place("code") => Ok(PatternPart::Code),
            Piece::Place("phone") => Ok(PatternPart::Phone),
            Piece::Place("secret") => Ok(PatternPart::Secret),
            Piece::Place(_) => Err(PatternError),
        };
        let parts = pieces(text).map_err(|StrayBrace| PatternError)?.into_iter().map(part);
        let parts = parts.collect::<Result<Vec<_>, _>>()?;
        if parts.contains(&PatternPart::Code) { Ok(Self(parts)) } else { Err(PatternError) }
    }

    /// Whether the application's secret is in it.
    #[must_use]
    pub fn has_secret(&self) -> bool {
        self.0.contains(&PatternPart::Secret)
    }

    /// How many bytes of what is hashed there are up to the end of its first code, with parts of these lengths.
    pub(super) fn reach(&self, code: usize, phone: usize, secret: usize) -> usize {
        let length = |part: &PatternPart| match part {
            PatternPart::Text(own) => own.len(),
            PatternPart::Code => code,
            PatternPart::Phone => phone,
            PatternPart::Secret => secret,
        };
        let until = self.0.iter().position(|part| *part == PatternPart::Code).map_or(0, |code| code + 1);
        self.0.iter().take(until).map(length).sum()
    }

    fn fill(&self, code: &str, phone: &str, secret: &str) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::new());
        for part in &self.0 {
            text.push_str(match part {
                PatternPart::Text(own) => own,
                PatternPart::Code => code,
                PatternPart::Phone => phone,
                PatternPart::Secret => secret,
            });
        }
        text
    }
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|part| {
            f.write_str(match part {
                PatternPart::Text(text) => text,
                PatternPart::Code => "{code}",
                PatternPart::Phone => "{phone}",
                PatternPart::Secret => "{secret}",
            })
        })
    }
}

/// How codes are stored, and with what.
#[derive(Debug, Clone, Copy)]
pub(super) struct CodeHasher<'a> {
    pub scheme: HashScheme,
    pub pattern: &'a Pattern,
    pub phone: &'a str,
    pub secret: Option<&'a Secret>,
}

impl CodeHasher<'_> {
    /// What is to be done to keep a code.
    pub(super) fn hashing(&self, code: &Code) -> Hashing {
        Hashing { scheme: self.scheme, text: self.text(code.expose()), key: self.key() }
    }

    /// What is to be done to tell whether what is stored is this code.
    pub(super) fn comparison(&self, stored: &StoredCode, code: &Code) -> Comparison {
        // Codes are read without regard to case; an application may hash small letters.
        let upper = code.expose();
        let lower = Zeroizing::new(upper.to_ascii_lowercase());
        let mut texts = vec![self.text(upper)];
        if *lower != upper {
            texts.push(self.text(&lower));
        }
        Comparison { scheme: self.scheme, stored: stored.clone(), texts, key: self.key() }
    }

    /// What is hashed of a code, or the code where nothing is.
    fn text(&self, code: &str) -> Zeroizing<String> {
        match self.scheme {
            HashScheme::Plain => Zeroizing::new(code.to_owned()),
            _ => self.pattern.fill(code, self.phone, self.secret.map_or("", Secret::expose)),
        }
    }

    fn key(&self) -> Zeroizing<String> {
        let wanted = self.secret.filter(|_| self.scheme == HashScheme::HmacSha256);
        Zeroizing::new(wanted.map_or("", Secret::expose).to_owned())
    }
}

/// The hash of a new code, still to be computed. It owns what it needs, so that a slow one can be computed on a thread of
/// its own.
pub struct Hashing {
    scheme: HashScheme,
    text: Zeroizing<String>,
    key: Zeroizing<String>,
}

/// The library refused to hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the hash of the code was not computed")]
pub struct HashFailed;

impl Hashing {
    /// Whether it takes so long that nothing else should wait for it.
    #[must_use]
    pub fn is_slow(&self) -> bool {
        self.scheme == HashScheme::Bcrypt
    }

    /// What is to be stored. The salt is for bcrypt.
    ///
    /// # Errors
    /// When the library refuses, which it does for a cost out of its range only.
    pub fn run(self, salt: [u8; 16]) -> Result<Zeroizing<String>, HashFailed> {
        Ok(Zeroizing::new(match self.scheme {
            HashScheme::Plain => return Ok(self.text),
            HashScheme::Sha256 => hex(&Sha256::digest(self.text.as_bytes())),
            HashScheme::HmacSha256 => hex(&hmac(&self.key, &self.text).finalize().into_bytes()),
            HashScheme::Bcrypt => {
                bcrypt::hash_with_salt(self.text.as_bytes(), COST, salt).map_err(|_| HashFailed)?.to_string()
            }
        }))
    }
}

/// The comparison of a typed code with what is stored, still to be made, as [`Hashing`] is.
#[derive(Clone, PartialEq, Eq)]
pub struct Comparison {
    scheme: HashScheme,
    stored: StoredCode,
    /// What may be behind it.
    texts: Vec<Zeroizing<String>>,
    key: Zeroizing<String>,
}

impl Comparison {
    /// Whether it takes so long that nothing else should wait for it.
    #[must_use]
    pub fn is_slow(&self) -> bool {
        self.scheme == HashScheme::Bcrypt
    }

    /// Whether it is this code, compared in constant time. What is empty is never equal.
    #[must_use]
    pub fn run(&self) -> bool {
        // Each is compared, whichever is equal.
        let equal = self.texts.iter().filter(|text| self.equals(text)).count();
        !self.stored.text.is_empty() && equal > 0
    }

    fn equals(&self, text: &str) -> bool {
        let stored = &self.stored.text;
        match self.scheme {
            HashScheme::Plain => {
                let length = if self.stored.number { text.len() } else { 0 };
                // Neither side is the one that decides how letters are written.
                let capitals = |text: &str| Zeroizing::new(text.to_ascii_uppercase());
                let stored = Zeroizing::new(format!("{:0>length$}", stored.as_str()));
                same(capitals(&stored).as_bytes(), capitals(text).as_bytes())
            }
            HashScheme::Sha256 => {
                let own = hex(&Sha256::digest(text.as_bytes()));
                same(stored.to_ascii_lowercase().as_bytes(), own.as_bytes())
            }
            HashScheme::HmacSha256 => {
                let tag = data_encoding::HEXLOWER_PERMISSIVE.decode(stored.as_bytes());
                tag.is_ok_and(|tag| hmac(&self.key, text).verify_slice(&tag).is_ok())
            }
            HashScheme::Bcrypt => {
                cost(stored).is_some_and(|cost| cost <= MOST_COST)
                    && bcrypt::verify(text.as_bytes(), stored).unwrap_or(false)
            }
        }
    }
}

fn hmac(key: &str, text: &str) -> Hmac<Sha256> {
    match Hmac::<Sha256>::new_from_slice(key.as_bytes()) {
        Ok(mac) => mac.chain_update(text.as_bytes()),
        Err(_) => unreachable!("HMAC takes keys of every length"),
    }
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

/// Equal, in a time that tells no more than whether the lengths differ.
fn same(one: &[u8], other: &[u8]) -> bool {
    one.ct_eq(other).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::otp::{Alphabet, CodeSpec};

    fn code(text: &str) -> Code {
        CodeSpec { alphabet: Alphabet::named("hex").unwrap(), length: text.len() }.read(text).unwrap()
    }

    fn stored(text: &str, number: bool) -> StoredCode {
        StoredCode { text: Zeroizing::new(text.to_owned()), number }
    }

    #[test]
    fn each_way_knows_its_own_code_again_and_no_other() {
        let pattern = Pattern::parse("{phone}:{code}:{secret}").unwrap();
        let secret = Secret::new("django-insecure-key".to_owned());
        for (name, scheme) in HashScheme::ALL {
            let hasher = CodeHasher { scheme, pattern: &pattern, phone: "+919876543210", secret: Some(&secret) };
            let own = hasher.hashing(&code("004217")).run([7; 16]).unwrap();
            assert!(hasher.comparison(&stored(&own, false), &code("004217")).run(), "{name}");
            assert!(!hasher.comparison(&stored(&own, false), &code("004218")).run(), "{name}");
            assert!(!hasher.comparison(&stored("", false), &code("004217")).run(), "{name}");
            assert_eq!(own.contains("004217"), scheme == HashScheme::Plain, "{name}");
            let elsewhere = CodeHasher { phone: "+14155550123", ..hasher };
            assert_eq!(
                elsewhere.comparison(&stored(&own, false), &code("004217")).run(),
                scheme == HashScheme::Plain,
                "{name}"
            );
        }
    }

    /// By Python: `hashlib.sha256(b"+919876543210:123456:k")` and `hmac.new(b"k", b"123456", "sha256")`.
    #[test]
    fn hashes_that_others_made_are_known() {
        let secret = Secret::new("k".to_owned());
        let hasher = |scheme, pattern| CodeHasher { scheme, pattern, phone: "+919876543210", secret: Some(&secret) };
        let all = Pattern::parse("{phone}:{code}:{secret}").unwrap();
        let bare = Pattern::parse("{code}").unwrap();
        let sha = "dc4e67aab8e516c2885bba00fdd0ed0d64805602f75902d0143ad1edfd204be1";
        assert!(hasher(HashScheme::Sha256, &all).comparison(&stored(sha, false), &code("123456")).run());
        assert!(
            hasher(HashScheme::Sha256, &all)
                .comparison(&stored(&sha.to_ascii_uppercase(), false), &code("123456"))
                .run()
        );
        let mac = "0f6259fcb7c4270eb9ae05b64b1178ce9e9e23a6ea5c6912f564f6db8fd62d5e";
        assert!(hasher(HashScheme::HmacSha256, &bare).comparison(&stored(mac, false), &code("123456")).run());
        assert!(!hasher(HashScheme::HmacSha256, &bare).comparison(&stored(&mac[..32], false), &code("123456")).run());
    }

    #[test]
    fn a_number_has_lost_its_zeros_and_a_text_has_not() {
        let bare = Pattern::parse("{code}").unwrap();
        let hasher = CodeHasher { scheme: HashScheme::Plain, pattern: &bare, phone: "", secret: None };
        assert!(hasher.comparison(&stored("42", true), &code("0042")).run());
        assert!(!hasher.comparison(&stored("42", false), &code("0042")).run());
        assert!(hasher.comparison(&stored("a1b2", false), &code("A1B2")).run());
        assert!(!hasher.comparison(&stored("", true), &code("0000")).run());
    }

    #[test]
    fn a_pattern_has_a_place_for_the_code() {
        assert_eq!(Pattern::parse("{phone}:{code}").unwrap().to_string(), "{phone}:{code}");
        for bad in ["", "{phone}", "{code", "{code}}", "{user}{code}"] {
            assert_eq!(Pattern::parse(bad), Err(PatternError), "{bad}");
        }
    }
}
