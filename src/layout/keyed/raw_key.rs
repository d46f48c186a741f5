//! What an application's key holds, as one string of bytes: its type, its end and its content. A store loads it in
//! this form, compares it in this form, and writes it from this form.

use std::collections::BTreeMap;

use crate::otp::Moment;

/// What a key holds.
#[derive(Clone, PartialEq, Eq)]
pub struct RawKey {
    /// Its end; `None`: it has none.
    pub until: Option<Moment>,
    /// What is in it. It may be a code, so it is never shown.
    pub content: Content,
}

/// The content of a key.
#[derive(Clone, PartialEq, Eq)]
pub enum Content {
    /// A string.
    Text(Vec<u8>),
    /// A hash.
    Fields(BTreeMap<Vec<u8>, Vec<u8>>),
}

/// The key is nothing that a code could be in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnexpectedKey {
    /// Another type, or too large.
    #[error("it is a {0}")]
    Type(String),
    /// Not the form that a store gives.
    #[error("it was not read whole")]
    Form,
    /// Not what the layout says.
    #[error("{0}")]
    Content(&'static str),
    /// A field that is there, and not understood.
    #[error("its field `{field}` is not {wanted}")]
    Field {
        /// Its name.
        field: String,
        /// What it would be.
        wanted: &'static str,
    },
    /// What is stored has not the shape of a code, or of its hash.
    #[error("it holds no {0}")]
    Code(String),
    /// A hash that would take too long.
    #[error("its bcrypt hash has a cost of {cost}, and the highest that is computed here is {most}")]
    Cost {
        /// What it has.
        cost: u32,
        /// What it may have.
        most: u32,
    },
}

impl std::fmt::Debug for RawKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Held").field("until", &self.until).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

impl RawKey {
    /// Reads `s1790000000000:1234`, `h-1:3:otp4:1234` (fields and values in turn, each behind its length) or `?list`.
    ///
    /// # Errors
    /// When it is neither a string nor a hash.
    pub fn read(bytes: &[u8]) -> Result<Self, UnexpectedKey> {
        let (kind, rest) = bytes.split_first().ok_or(UnexpectedKey::Form)?;
        if *kind == b'?' {
            return Err(UnexpectedKey::Type(crate::otp::escape::escaped(&String::from_utf8_lossy(rest))));
        }
        let (until, rest) = split(rest).ok_or(UnexpectedKey::Form)?;
        let until: i64 = until.parse().map_err(|_| UnexpectedKey::Form)?;
        let content = match kind {
            b's' => Content::Text(rest.to_vec()),
            b'h' => Content::Fields(fields(rest).ok_or(UnexpectedKey::Form)?),
            _ => return Err(UnexpectedKey::Form),
        };
        Ok(Self { until: (until >= 0).then_some(Moment::from_millis(until)), content })
    }

    /// The same again.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        let kind = if matches!(self.content, Content::Text(_)) { 's' } else { 'h' };
        let mut bytes = format!("{kind}{}:", self.until.map_or(-1, Moment::millis)).into_bytes();
        match &self.content {
            Content::Text(text) => bytes.extend_from_slice(text),
            Content::Fields(fields) => {
                for part in fields.iter().flat_map(|(field, value)| [field, value]) {
                    bytes.extend_from_slice(part.len().to_string().as_bytes());
                    bytes.push(b':');
                    bytes.extend_from_slice(part);
                }
            }
        }
        bytes
    }
}

/// A number, a colon, and the rest.
fn split(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let at = bytes.iter().position(|byte| *byte == b':')?;
    Some((std::str::from_utf8(&bytes[..at]).ok()?, &bytes[at + 1..]))
}

fn fields(mut rest: &[u8]) -> Option<BTreeMap<Vec<u8>, Vec<u8>>> {
    let mut part = || {
        let (length, after) = split(rest)?;
        let (part, after) = after.split_at_checked(length.parse().ok()?)?;
        rest = after;
        Some((part.to_vec(), after.is_empty()))
    };
    let mut fields = BTreeMap::new();
    loop {
        let (field, _) = part()?;
        let (value, end) = part()?;
        fields.insert(field, value);
        if end {
            return Some(fields);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_neither_string_nor_hash_is_strange() {
        assert_eq!(RawKey::read(b"?list"), Err(UnexpectedKey::Type("list".to_owned())));
        for bad in [&b""[..], b"s", b"sx:1", b"h1:", b"h1:3:otp", b"h1:3:otp9:1", b"x1:1"] {
            assert_eq!(RawKey::read(bad), Err(UnexpectedKey::Form), "{bad:?}");
        }
        let raw = RawKey::read(b"h-1:3:otp4:1:23").unwrap();
        assert_eq!(raw.until, None);
        assert_eq!(raw.content, Content::Fields([(b"otp".to_vec(), b"1:23".to_vec())].into()));
        assert!(!format!("{raw:?}{:?}", raw.content).contains("23"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            if let Ok(raw) = RawKey::read(&bytes) {
                prop_assert_eq!(RawKey::read(&raw.write()), Ok(raw));
            }
        }

        #[test]
        fn every_hash_comes_back(until in prop::option::of(0_i64..i64::MAX), fields: BTreeMap<Vec<u8>, Vec<u8>>) {
            prop_assume!(!fields.is_empty());
            let raw = RawKey { until: until.map(Moment::from_millis), content: Content::Fields(fields) };
            prop_assert_eq!(RawKey::read(&raw.write()), Ok(raw));
        }
    }
}
