//! The numbering plans of the world, of which only those are decoded that a number needs.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use prost::Message;
use regex_lite::Regex;
use rlibphonenumber::{PhoneMetadataCollection, PhoneNumberUtil};

use super::{Country, PhoneError};

/// `libphonenumber`'s metadata, version 9.0.42, as `rlibphonenumber` encodes it: one `PhoneMetadataCollection`
/// (`phonemetadata.proto`). The crate keeps its own copy to itself and would decode all of it for the first number,
/// so it lives here again; a test holds the two together.
static METADATA: &[u8] = include_bytes!("metadata.bin");

/// Fields of `PhoneMetadata` and of the collection around it, by their numbers in `phonemetadata.proto`.
mod field {
    pub(super) const METADATA: u64 = 1;
    pub(super) const ID: u64 = 9;
    pub(super) const COUNTRY_CODE: u64 = 10;
    pub(super) const INTERNATIONAL_PREFIX: u64 = 11;
}

/// Where one country's plan is, and whose it is.
pub(super) struct Plan {
    pub(super) calling_code: u16,
    /// None for the plans that span the world, such as +800.
    pub(super) country: Option<Country>,
    /// A regular expression, anchored at both ends: what one dials there before a foreign calling code.
    international_prefix: &'static str,
    /// The record with its tag and length: a whole `PhoneMetadataCollection` of one.
    encoded: &'static [u8],
}

/// The places of all plans, in the order of the file. Walking over the tags takes microseconds, decoding milliseconds.
static PLANS: LazyLock<Vec<Plan>> = LazyLock::new(|| {
    let records = Fields(METADATA).filter(|field| field.number == field::METADATA);
    records.filter_map(|field| plan(field.bytes, field.whole)).collect()
});

fn plan(record: &'static [u8], encoded: &'static [u8]) -> Option<Plan> {
    let (mut id, mut calling_code, mut international_prefix) = (None, None, "");
    for field in Fields(record) {
        match field.number {
            field::ID => id = std::str::from_utf8(field.bytes).ok(),
            field::COUNTRY_CODE => calling_code = u16::try_from(field.value).ok(),
            field::INTERNATIONAL_PREFIX => international_prefix = std::str::from_utf8(field.bytes).unwrap_or_default(),
            _ => {}
        }
    }
    Some(Plan { calling_code: calling_code?, country: Country::from_id(id?), international_prefix, encoded })
}

/// The plan of a country, if it has one.
pub(super) fn of_country(country: Country) -> Option<&'static Plan> {
    PLANS.iter().find(|plan| plan.country == Some(country))
}

/// The calling code that the digits begin with. No calling code is the beginning of another one.
pub(super) fn calling_code(digits: &str) -> Option<u16> {
    (1..=3)
        .filter_map(|length| digits.get(..length)?.parse().ok())
        .find(|code| PLANS.iter().any(|plan| plan.calling_code == *code) && !digits.starts_with('0'))
}

impl Plan {
    /// What follows the prefix that one dials in this country before a foreign calling code; a calling code does not
    /// begin with 0.
    pub(super) fn after_international_prefix<'a>(&self, dialled: &'a str) -> Option<&'a str> {
        let prefix = Regex::new(self.international_prefix.strip_suffix('$')?).ok()?;
        let rest = &dialled[prefix.find(dialled)?.end()..];
        (!rest.starts_with('0')).then_some(rest)
    }
}

/// The library with the plans of one calling code and no others, made once in a process. A code that several countries
/// share needs them all, to tell whose a number is; even for +1 that is a tenth of the world.
///
/// # Errors
/// When the metadata cannot be read, which a test rules out.
pub(super) fn load(calling_code: u16) -> Result<Arc<PhoneNumberUtil>, PhoneError> {
    static LOADED: Mutex<BTreeMap<u16, Arc<PhoneNumberUtil>>> = Mutex::new(BTreeMap::new());
    // A panic elsewhere cannot leave a half-made entry: it is inserted whole.
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(util) = loaded.get(&calling_code) {
        return Ok(Arc::clone(util));
    }
    let mut collection = PhoneMetadataCollection::default();
    for plan in PLANS.iter().filter(|plan| plan.calling_code == calling_code) {
        collection.merge(plan.encoded).map_err(|_| PhoneError::Plans)?;
    }
    let util = Arc::new(PhoneNumberUtil::new_for_metadata(collection).map_err(|_| PhoneError::Plans)?);
    loaded.insert(calling_code, Arc::clone(&util));
    Ok(util)
}

/// One field of an encoded message: its number, and its value or its bytes.
struct Field<'a> {
    number: u64,
    value: u64,
    bytes: &'a [u8],
    whole: &'a [u8],
}

/// The fields of an encoded message, without looking into those that are messages themselves.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    /// Ends at the end of the message, or where it is damaged.
    fn next(&mut self) -> Option<Field<'a>> {
        let start = self.0;
        let (tag, rest) = varint(start)?;
        let (value, rest) = varint(rest)?;
        // Wire types 0 (a number) and 2 (bytes with their length before them); the metadata has no others.
        let length = match tag & 7 {
            0 => 0,
            2 => usize::try_from(value).ok()?,
            _ => return None,
        };
        let (bytes, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(Field { number: tag >> 3, value, bytes, whole: &start[..start.len() - rest.len()] })
    }
}

/// A number in base 128, least significant part first, and what follows it.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0_u64;
    for (at, byte) in bytes.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7F).checked_shl(u32::try_from(7 * at).ok()?)?;
        if byte & 0x80 == 0 {
            return Some((value, &bytes[at + 1..]));
        }
    }
    None
}
