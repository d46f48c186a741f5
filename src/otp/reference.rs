//! Opaque names: challenge ids, attempt ids, and references to a phone that do not show it.
//!
//! An id holds its phone, encrypted in one AES block under a key that comes from the pepper, so that a record is found
//! from an id alone without an index that would have to be kept, swept and trusted.

use aes::Aes128;
use aes::cipher::{Array, BlockCipherDecrypt as _, BlockCipherEncrypt as _, KeyInit as _};
use data_encoding::BASE32_NOPAD;

use sha2::{Digest as _, Sha256};

use super::{Moment, Peppers, Phone, Purpose, Randomness, RandomnessFailed};

const CHALLENGE: &str = "ch_";
const PHONE: &str = "ph_";
const ATTEMPT: &str = "at_";

/// What the text of an argument may be, beside a phone number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// `ch_…`: one challenge of a phone.
    Challenge {
        /// The phone that it was issued to, +E.164.
        phone: String,
        /// The id itself.
        id: String,
        /// When it was made, to the second, by the clock of who made it; none for a code that an application made.
        made: Option<Moment>,
    },
    /// `ph_…`: a phone.
    Phone(String),
}

/// The text has the form of a reference, but none of our peppers made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this id was not made with the configured pepper")]
pub struct ForeignReference;

/// The first bit of the salt of a challenge: all zero is a phone's own reference.
const OF_CHALLENGE: u8 = 0x80;
/// The second: an application made it, and its salt holds no time.
const OF_APP: u8 = 0x40;

/// A new challenge id for a phone. It contains the time, which still distinguishes one that the store has lost from one that
/// is over.
///
/// # Errors
/// When the source of randomness fails.
pub fn challenge_id(
    peppers: &Peppers,
    phone: &Phone,
    now: Moment,
    randomness: &dyn Randomness,
) -> Result<String, RandomnessFailed> {
    let mut salt = [0_u8; 7];
    randomness.fill(&mut salt)?;
    salt[0] = salt[0] & !OF_APP | OF_CHALLENGE;
    // Unix seconds in four bytes last until 2106. 22 bits remain for the codes of one phone in one second.
    salt[1..5].copy_from_slice(&u32::try_from(now.millis() / 1000).unwrap_or(0).to_be_bytes());
    Ok(format!("{CHALLENGE}{}", seal(peppers, phone, salt)))
}

fn made(salt: &[u8]) -> Option<Moment> {
    let (first, rest) = salt.split_first()?;
    let seconds = rest.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))?;
    (first & OF_APP == 0).then(|| Moment::from_millis(i64::from(seconds) * 1000))
}

/// The id of a challenge for a code that an application made: the same as long as that code exists, so that it
/// may be named before anything was written.
#[must_use]
pub fn adopted_id(peppers: &Peppers, phone: &Phone, purpose: &Purpose, kept: &[u8], until: Moment) -> String {
    let mut salt = [0_u8; 7];
    if let Some(key) = peppers.derived("otpctl-adopted/1").next() {
        let mut hash = Sha256::new_with_prefix(key);
        for part in [phone.as_str().as_bytes(), purpose.as_str().as_bytes(), &until.millis().to_be_bytes(), kept] {
            hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(part);
        }
        salt.copy_from_slice(&hash.finalize()[..7]);
    }
    salt[0] |= OF_CHALLENGE | OF_APP;
    format!("{CHALLENGE}{}", seal(peppers, phone, salt))
}

/// The references of phones: each always the same under the same pepper.
pub struct PhoneReferences(Option<Aes128>);

impl PhoneReferences {
    /// What they need of the peppers is made once.
    #[must_use]
    pub fn new(peppers: &Peppers) -> Self {
        Self(ciphers(peppers).next())
    }

    /// The reference of a phone.
    #[must_use]
    pub fn of(&self, phone: &Phone) -> String {
        format!("{PHONE}{}", sealed(self.0.as_ref(), phone, [0; 7]))
    }
}

/// A new attempt id.
///
/// # Errors
/// When the source of randomness fails.
pub fn attempt_id(randomness: &dyn Randomness) -> Result<String, RandomnessFailed> {
    let mut bytes = [0_u8; 10];
    randomness.fill(&mut bytes)?;
    Ok(format!("{ATTEMPT}{}", BASE32_NOPAD.encode(&bytes).to_ascii_lowercase()))
}

/// The text begins as a reference does, and cannot be one: it was cut, or mistyped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}…` is followed by {LETTERS} letters and digits; this id was cut or mistyped")]
pub struct MalformedReference(&'static str);

/// So many letters of base32 hold one block.
const LETTERS: usize = 26;

/// Whether a text is a reference rather than a number. Whose it is takes a pepper to know.
///
/// # Errors
/// When it begins as one and cannot be one.
pub fn is_reference(text: &str) -> Result<bool, MalformedReference> {
    let Some((kind, sealed)) = [CHALLENGE, PHONE].iter().find_map(|kind| Some((*kind, text.strip_prefix(*kind)?)))
    else {
        return Ok(false);
    };
    block(sealed).map(|_| true).ok_or(MalformedReference(kind))
}

/// The encrypted block of a reference.
fn block(sealed: &str) -> Option<[u8; 16]> {
    BASE32_NOPAD.decode(sealed.to_ascii_uppercase().as_bytes()).ok()?.try_into().ok()
}

/// Opens a reference.
///
/// # Errors
/// When no pepper of ours made it, or it was cut or changed.
pub fn open(peppers: &Peppers, text: &str) -> Result<Reference, ForeignReference> {
    let (challenge, sealed) = match (text.strip_prefix(CHALLENGE), text.strip_prefix(PHONE)) {
        (Some(sealed), _) => (true, sealed),
        (_, Some(sealed)) => (false, sealed),
        _ => return Err(ForeignReference),
    };
    let block = block(sealed).ok_or(ForeignReference)?;
    for key in ciphers(peppers) {
        let mut open = Array::from(block);
        key.decrypt_block(&mut open);
        let open = <[u8; 16]>::from(open);
        let (number, rest) = open.split_at(7);
        let (check, salt) = rest.split_at(2);
        if check == [0; 2] && (salt != [0; 7]) == challenge {
            let number = number.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
            let phone = format!("+{number}");
            return Ok(if challenge {
                Reference::Challenge { phone, id: text.to_owned(), made: made(salt) }
            } else {
                Reference::Phone(phone)
            });
        }
    }
    Err(ForeignReference)
}

/// The number (at most 15 digits, so at most 50 bits), two zero bytes to know it by, and the salt.
fn sealed(cipher: Option<&Aes128>, phone: &Phone, salt: [u8; 7]) -> String {
    let number: u64 = phone.digits().parse().unwrap_or(0);
    let mut block = [0_u8; 16];
    block[..7].copy_from_slice(&number.to_be_bytes()[1..]);
    block[9..].copy_from_slice(&salt);
    let mut block = Array::from(block);
    if let Some(key) = cipher {
        key.encrypt_block(&mut block);
    }
    let mut text = BASE32_NOPAD.encode(&block);
    text.make_ascii_lowercase();
    text
}

fn seal(peppers: &Peppers, phone: &Phone, salt: [u8; 7]) -> String {
    sealed(ciphers(peppers).next().as_ref(), phone, salt)
}

fn ciphers(peppers: &Peppers) -> impl Iterator<Item = Aes128> {
    peppers.derived("otpctl-reference/1").map(|key| {
        let mut half = [0_u8; 16];
        half.copy_from_slice(&key[..16]);
        Aes128::new(&Array::from(half))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::otp::{Pepper, Secret};

    struct Ones;

    impl Randomness for Ones {
        fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomnessFailed> {
            buffer.fill(0xFF);
            Ok(())
        }
    }

    #[test]
    fn an_id_tells_when_it_was_made_unless_an_application_made_the_code() {
        let pepper = Pepper { id: "a".to_owned(), key: Secret::new("k".repeat(64)) };
        let peppers = Peppers::new(vec![pepper]).unwrap();
        let phone = Phone::parse("+919876543210", None).unwrap();
        let made_of = |id: &str| match open(&peppers, id).unwrap() {
            Reference::Challenge { made, .. } => made,
            Reference::Phone(_) => panic!("{id} is a phone's"),
        };
        for millis in [0, 1_795_373_983_189, i64::from(u32::MAX) * 1000] {
            let id = challenge_id(&peppers, &phone, Moment::from_millis(millis), &Ones).unwrap();
            assert_eq!(made_of(&id), Some(Moment::from_millis(millis / 1000 * 1000)));
        }
        let until = Moment::from_millis(1_795_373_983_189);
        for kept in 0..64_u8 {
            assert_eq!(made_of(&adopted_id(&peppers, &phone, &Purpose::default(), &[kept], until)), None);
        }
    }
}
