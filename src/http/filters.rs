//! The filters and tests that templates and expressions have beside `MiniJinja`'s own: digests, and how bytes and moments
//! are written.
//!
//! `sha256` and `hmac_sha256` give bytes, which can be a key, be hashed again, or be written by `hex` or `base64`; put into
//! a text as they are, they are an error. Whatever they work out for a request is remembered by its [`Made`], so that an
//! answer which repeats a signature does not show it.

use data_encoding::{BASE64, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use minijinja::value::{Serde, ValueKind};
use minijinja::{Environment, Error, ErrorKind, Output, State, Value};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};

use super::scope::Made;

/// What `percent` leaves as it is: the unreserved characters (RFC 3986 §2.3).
pub(super) const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

pub(super) fn add(environment: &mut Environment<'_>) {
    environment.add_filter("fromjson", from_json);
    environment.add_filter("tojson", to_json);
    environment.add_filter("frombase64", from_base64);
    environment.add_filter("sha256", sha256);
    environment.add_filter("hmac_sha256", hmac_sha256);
    environment.add_filter("hex", hex);
    environment.add_filter("base64", base64);
    environment.add_filter("percent", percent);
    environment.add_filter("utc", utc);
    environment.add_test("digits", is_digits);
    environment.add_test("hex", is_hex);
    environment.set_formatter(written);
}

/// Bytes have no characters: written as they are, a signature would be replaced by question marks unseen.
fn written(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    if value.kind() == ValueKind::Bytes {
        return Err(unfit());
    }
    minijinja::escape_formatter(out, state, value)
}

fn unfit() -> Error {
    Error::from(ErrorKind::InvalidOperation)
}

/// The bytes of a text, a number or bytes. Nothing is no text: it would be signed unseen.
fn bytes(value: &Value) -> Result<Vec<u8>, Error> {
    match value.as_bytes() {
        Some(bytes) => Ok(bytes.to_vec()),
        None if value.is_number() => Ok(value.to_string().into_bytes()),
        None => Err(unfit()),
    }
}

fn digest(state: &State<'_, '_>, digest: &[u8]) -> Value {
    Made::remember(state, [HEXLOWER.encode(digest), BASE64.encode(digest)]);
    Value::from_bytes(digest.to_vec())
}

fn sha256(state: &State<'_, '_>, value: &Value) -> Result<Value, Error> {
    Ok(digest(state, &Sha256::digest(bytes(value)?)))
}

fn hmac_sha256(state: &State<'_, '_>, value: &Value, key: &Value) -> Result<Value, Error> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&bytes(key)?).map_err(|_| unfit())?;
    mac.update(&bytes(value)?);
    Ok(digest(state, &mac.finalize().into_bytes()))
}

fn hex(state: &State<'_, '_>, value: &Value) -> Result<String, Error> {
    let text = HEXLOWER.encode(&bytes(value)?);
    Made::remember(state, [text.clone()]);
    Ok(text)
}

fn base64(state: &State<'_, '_>, value: &Value) -> Result<String, Error> {
    let text = BASE64.encode(&bytes(value)?);
    Made::remember(state, [text.clone()]);
    Ok(text)
}

/// The bytes that a text in base64 stands for; undefined where it is none.
fn from_base64(text: &str) -> Value {
    BASE64.decode(text.trim().as_bytes()).map(Value::from_bytes).unwrap_or_default()
}

/// Percent-encoding of everything but the unreserved characters: RFC 3986 §2.
fn percent(value: &Value) -> Result<String, Error> {
    let bytes = bytes(value)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| unfit())?;
    Ok(utf8_percent_encode(text, RESERVED).to_string())
}

/// Seconds since 1970 as a date and time in UTC, in the words of strftime.
fn utc(seconds: i64, format: &str) -> Result<String, Error> {
    let moment = jiff::Timestamp::from_second(seconds).map_err(|_| unfit())?;
    let text = jiff::fmt::strtime::format(format, &moment.to_zoned(jiff::tz::TimeZone::UTC));
    text.map_err(|_| unfit())
}

/// JSON that is written inside of a text, as some services do in a form; undefined where it is none.
fn from_json(text: &str) -> Value {
    let json: Option<serde_json::Value> = serde_json::from_str(text).ok();
    json.map(|json| Value::from(Serde(&json))).unwrap_or_default()
}

/// A value as JSON, for gateways that want it inside of a text. Nothing is no value.
fn to_json(value: &Value) -> Result<String, Error> {
    if value.is_undefined() || value.kind() == ValueKind::Bytes {
        return Err(unfit());
    }
    serde_json::to_string(value).map_err(|_| unfit())
}

/// Whether a text has exactly so many decimal digits.
fn is_digits(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a text has exactly so many hexadecimal digits.
fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::super::language::{Template, TemplateFailed};
    use super::super::scope::Scope;
    use super::*;

    fn text(source: &str) -> Result<Option<String>, TemplateFailed> {
        let names = ["key", "word", "moment", "gone"];
        let scope = Scope::from([
            ("key".to_owned(), Value::from("Jefe")),
            ("word".to_owned(), Value::from("what do ya want for nothing?")),
            ("moment".to_owned(), Value::from(1_440_938_160)),
        ]);
        Template::read(source.to_owned(), &names).unwrap().text(&scope)
    }

    #[test]
    fn digests_are_those_of_their_standards() {
        for (source, expected) in [
            // RFC 4231 §4.3 and FIPS 180-2.
            ("{{ word | hmac_sha256(key) | hex }}", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
            ("{{ 'abc' | sha256 | hex }}", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            ("{{ 'abc' | sha256 | base64 }}", "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="),
            // RFC 4231 §4.2: a key of bytes that are no text.
            (
                "{{ 'Hi There' | hmac_sha256('CwsLCwsLCwsLCwsLCwsLCwsLCws=' | frombase64) | hex }}",
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            ),
            ("{{ 'foobar' | base64 }} {{ 'foobar' | hex }}", "Zm9vYmFy 666f6f626172"),
            ("{{ 'Zm9vYmFy' | frombase64 | hex }}", "666f6f626172"),
            ("{{ {'a': [key, 5, none]} | tojson }}", r#"{"a":["Jefe",5,null]}"#),
            ("{{ 'a b/ሴ~-._+' | percent }}", "a%20b%2F%E1%88%B4~-._%2B"),
            ("{{ moment | utc('%Y%m%dT%H%M%SZ') }}", "20150830T123600Z"),
            ("{{ moment | utc('%a, %d %b %Y %H:%M:%S GMT') }}", "Sun, 30 Aug 2015 12:36:00 GMT"),
        ] {
            assert_eq!(text(source).unwrap().as_deref(), Some(expected), "{source}");
        }
    }

    #[test]
    fn a_digest_of_a_digest_is_one_of_its_bytes() {
        let chained = text("{{ 'b' | hmac_sha256('a' | hmac_sha256(key)) | hex }}").unwrap();
        let mac = |key: &[u8], text: &str| Hmac::<Sha256>::new_from_slice(key).unwrap().chain_update(text).finalize();
        let key = mac(b"Jefe", "a").into_bytes();
        assert_eq!(chained.unwrap(), HEXLOWER.encode(&mac(&key, "b").into_bytes()));
    }

    #[test]
    fn what_cannot_be_signed_is_not_signed() {
        for source in [
            "{{ gone | sha256 | hex }}",
            "{{ word | hmac_sha256(gone) | hex }}",
            "{{ word | hmac_sha256('no base64!' | frombase64) | hex }}",
            "{{ [word] | sha256 | hex }}",
            "{{ gone | base64 }}",
            "{{ gone | tojson }}",
            // Bytes are no text.
            "{{ word | sha256 }}",
            "key {{ word | sha256 }}",
            "{{ moment | utc('%!') }}",
        ] {
            assert!(text(source).is_err(), "{source}");
        }
    }
}
