//! Keys in which applications are known to keep codes and what they count about them: told by their names, and by what
//! is in them. What a key holds is never given away.

use super::keyed::pickle::{self, Value};
use super::privacyidea::Family;

/// What an application keeps in a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyRole {
    /// A code.
    Code,
    /// A count of attempts, and the key of the code that they are about.
    Tries(String),
    /// A wait, or a count of sends.
    Limit,
    /// Challenges of privacyIDEA's, or the names of them.
    Challenges,
}

/// What is in a key of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyContent {
    /// A code that whoever reads the store can read.
    Plain,
    /// A hash of a code.
    Hashed,
    /// Nothing of a code that we know.
    Other,
    /// What otpgateway leaves behind of each login: `HSET closed 1` after `DEL`
    /// (github.com/knadh/otpgateway, `internal/store/redis/redis.go`).
    Closed,
}

/// `{phone}` is a number; `{word}` ends at the next colon; `{id}` is anything. The first that fits holds,
/// so the longer names come first.
const KNOWN_KEYS: &[(&str, Kind)] = &[
    // Strings beside each other, as many small services have them; IntervAI and Structra-Backend among those in public.
    ("otp:attempts:{id}", Kind::Tries("otp:")),
    ("otp:sent_cooldown:{id}", Kind::Limit),
    ("otp:sent_count:{id}", Kind::Limit),
    ("otp:cooldown:{id}", Kind::Limit),
    ("otp:daily:{id}", Kind::Limit),
    ("otp:requests:{id}", Kind::Limit),
    ("otp:{word}:{word}:{id}:attempts", Kind::TriesOf(":attempts")),
    ("otp:{word}:{id}:attempts", Kind::TriesOf(":attempts")),
    ("otp:{phone}:attempts", Kind::TriesOf(":attempts")),
    ("otp:{phone}", Kind::Code),
    ("otp:{word}:{id}", Kind::Code),
    ("otp:{id}@{id}", Kind::Code),
    ("otp2:{phone}", Kind::Code),
    // Frappe applications: pickled under `<db>|`, or raw.
    ("otp_login:{id}", Kind::Code),
    ("sms:{phone}", Kind::Code),
    // otpgateway.
    ("OTP:{word}:{id}", Kind::Code),
    // webook.
    ("phone_code:{word}:{phone}:cnt", Kind::TriesOf(":cnt")),
    ("phone_code:{word}:{phone}", Kind::Code),
    // The usual names of Java services in China.
    ("sms:code:{word}:{phone}", Kind::Code),
    ("sms:code:{phone}", Kind::Code),
    ("sms:interval:{phone}", Kind::Limit),
    ("sms:send:{phone}", Kind::Limit),
    ("sms:count:{phone}:{id}", Kind::Limit),
    ("app:sms:error:{phone}", Kind::Limit),
    ("app:sms:lock:{phone}", Kind::Limit),
    // Authgear. Its rate limits are given milliseconds where seconds are meant (`gcra.go`), and never end.
    ("app:{word}:otp-code:{word}:{id}", Kind::Code),
    ("app:{word}:failed-attempts:{word}:{id}", Kind::Limit),
    ("app:{word}:rate-limit:{id}", Kind::Limit),
    // better-auth: `<otp>:<attempts>`.
    ("verification:{id}", Kind::Code),
    // node-redis examples.
    ("{word}::phone::otp::{phone}", Kind::Code),
    ("account_phone_otp:otp:{id}", Kind::Code),
    ("account_phone_otp:attempts:{id}", Kind::Tries("account_phone_otp:otp:")),
    // laravel-otp-manager.
    ("otp_{phone}_value_{id}", Kind::Code),
    ("usl:otp:{id}", Kind::Code),
];

#[derive(Debug, Clone, Copy)]
enum Kind {
    Code,
    /// The code's key begins so, and ends as this one.
    Tries(&'static str),
    /// The code's key is this one less its end.
    TriesOf(&'static str),
    Limit,
}

/// Fields of a document that hold a code.
const FIELDS: [&str; 7] = ["otp", "code", "otp_code", "pin", "code_hash", "otp_hash", "hash"];
/// A document of a code is small.
const LARGEST: usize = 64 << 10;

/// What a key is, by its name. Django's cache puts `:1:` before it, Frappe `<db>|`.
#[must_use]
pub fn role_of(name: &str) -> Option<KeyRole> {
    if Family::part(name).is_some() {
        return Some(KeyRole::Challenges);
    }
    let bare = bare(name);
    let front = &name[..name.len() - bare.len()];
    let (shape, kind) = KNOWN_KEYS.iter().find(|(shape, _)| fits(shape, bare))?;
    Some(match kind {
        Kind::Code => KeyRole::Code,
        Kind::Limit => KeyRole::Limit,
        Kind::TriesOf(end) => KeyRole::Tries(name.strip_suffix(end)?.to_owned()),
        Kind::Tries(code) => {
            let start = &shape[..shape.find('{')?];
            KeyRole::Tries(format!("{front}{code}{}", bare.strip_prefix(start)?))
        }
    })
}

fn bare(name: &str) -> &str {
    if let Some((site, bare)) = name.split_once('|')
        && site.len() <= 80
        && !site.contains(':')
    {
        return bare;
    }
    let django = || {
        let (version, bare) = name.strip_prefix(':')?.split_once(':')?;
        version.bytes().all(|byte| byte.is_ascii_digit()).then_some(bare)
    };
    django().unwrap_or(name)
}

fn fits(shape: &str, name: &str) -> bool {
    let Some((text, rest)) = shape.split_once('{') else { return shape == name };
    let Some(name) = name.strip_prefix(text) else { return false };
    let Some((place, rest)) = rest.split_once('}') else { return false };
    let length = match place {
        "phone" => {
            let digits = name.strip_prefix('+').unwrap_or(name);
            let count = digits.bytes().take_while(u8::is_ascii_digit).count();
            if (7..=15).contains(&count) { name.len() - digits.len() + count } else { 0 }
        }
        "word" => name.find([':', '|']).unwrap_or_default(),
        // Anything, up to what must follow.
        _ => {
            let next = rest.split('{').next().unwrap_or_default();
            let end = if next.is_empty() { Some(name.len()) } else { name.rfind(next) };
            end.unwrap_or_default()
        }
    };
    length > 0 && fits(rest, &name[length..])
}

/// What is in a string of a code's key.
#[must_use]
pub fn in_text(text: &[u8]) -> KeyContent {
    if text.len() > LARGEST {
        return KeyContent::Other;
    }
    if let Ok(plain) = std::str::from_utf8(text) {
        let plain = plain.trim();
        // `<otp>:<attempts>`
        let first = plain.split_once(':').filter(|(_, tries)| tries.len() < 3 && is_number(tries));
        if is_code(first.map_or(plain, |(code, _)| code)) {
            return KeyContent::Plain;
        }
        if is_hash(plain) {
            return KeyContent::Hashed;
        }
        return match serde_json::from_str::<serde_json::Value>(plain) {
            Ok(serde_json::Value::String(text)) => bare_text(&text),
            Ok(serde_json::Value::Object(map)) => {
                let text = |value: &serde_json::Value| match value {
                    serde_json::Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                judged(map.iter().map(|(field, value)| (field.clone(), text(value))))
            }
            _ => KeyContent::Other,
        };
    }
    match pickle::read(text) {
        Ok(Value::Dict(entries)) => judged(entries.iter().map(|(field, value)| (spelled(field), spelled(value)))),
        Ok(value) => bare_text(&spelled(&value)),
        Err(_) => KeyContent::Other,
    }
}

fn bare_text(text: &str) -> KeyContent {
    match text {
        text if is_code(text) => KeyContent::Plain,
        text if is_hash(text) => KeyContent::Hashed,
        _ => KeyContent::Other,
    }
}

/// What is in a hash of a code's key.
#[must_use]
pub fn in_fields(fields: &[(&[u8], &[u8])]) -> KeyContent {
    if matches!(fields, [(b"closed", b"1")]) {
        return KeyContent::Closed;
    }
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    judged(fields.iter().map(|(field, value)| (text(field), text(value))))
}

fn judged(fields: impl Iterator<Item = (String, String)>) -> KeyContent {
    let known = fields.filter(|(field, _)| FIELDS.contains(&field.as_str())).map(|(_, value)| bare_text(&value));
    known.fold(KeyContent::Other, |inside, one| match (inside, one) {
        (KeyContent::Plain, _) | (_, KeyContent::Plain) => KeyContent::Plain,
        (KeyContent::Hashed, _) | (_, KeyContent::Hashed) => KeyContent::Hashed,
        _ => KeyContent::Other,
    })
}

fn spelled(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Int(number) => number.to_string(),
        _ => String::new(),
    }
}

/// As codes are: 4 to 8 digits, or as many letters and digits with a digit among them.
fn is_code(text: &str) -> bool {
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (4..=8).contains(&text.len()) && plain && text.bytes().any(|byte| byte.is_ascii_digit())
}

/// MD5 to SHA-512 in hex, or a password hash that says its name.
fn is_hash(text: &str) -> bool {
    let hex = matches!(text.len(), 32 | 40 | 56 | 64 | 96 | 128) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    hex || ["$2a$", "$2b$", "$2y$", "$argon2", "pbkdf2_", "$scrypt$"].iter().any(|name| text.starts_with(name))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_known_by_their_names() {
        for code in [
            "otp:+919876543210",
            "otp:919876543210",
            "otp:login:+919876543210",
            "otp:login:sms:a@b.c",
            "otp:a@b.c",
            ":1:otp:hash:+919876543210",
            "_5e5899d8398b5f7b|otp:+919876543210",
            "otp_login:abc",
            "OTP:app:123",
            "phone_code:login:13812345678",
            "sms:code:13812345678",
            "sms:code:login:13812345678",
            "app:one:otp-code:verification:+919876543210",
            concat!("redis", "::phone::otp::9876543210"),
            "otp_9876543210_value_login",
            "verification:a@b.c",
        ] {
            assert_eq!(role_of(code), Some(KeyRole::Code), "{code}");
        }
        for (tries, code) in [
            ("otp:attempts:+919876543210", "otp:+919876543210"),
            (":1:otp:attempts:+919876543210", ":1:otp:+919876543210"),
            ("otp:login:sms:a@b.c:attempts", "otp:login:sms:a@b.c"),
            ("phone_code:login:13812345678:cnt", "phone_code:login:13812345678"),
            ("account_phone_otp:attempts:7", "account_phone_otp:otp:7"),
        ] {
            assert_eq!(role_of(tries), Some(KeyRole::Tries(code.to_owned())), "{tries}");
        }
        for limit in ["otp:cooldown:login:ab", "sms:interval:13812345678", "app:one:rate-limit:OOBOTPCooldownSMS:x"] {
            assert_eq!(role_of(limit), Some(KeyRole::Limit), "{limit}");
        }
        for challenges in ["pi:challenge:v1:txn:01020304050607080910", "pi:challenge:serial:PISM0001"] {
            assert_eq!(role_of(challenges), Some(KeyRole::Challenges), "{challenges}");
        }
        for other in
            ["", "session:1", "otp", "otp:", "otp:12", "sms:log:2026", "cache:otp:+919876543210", "user|", "::"]
        {
            assert_eq!(role_of(other), None, "{other}");
        }
    }

    #[test]
    fn a_code_that_can_be_read_is_told_from_a_hash_of_one() {
        for plain in [
            &b"1234"[..],
            b"004217",
            b"\"042917\"",
            b"042917:2",
            b"A1B2C3",
            br#"{"otp":"4821","attempt":0}"#,
            br#"{"code":482113}"#,
            b"\x80\x04\x95\x0a\x00\x00\x00\x00\x00\x00\x00\x8c\x06042917\x94.",
        ] {
            assert_eq!(in_text(plain), KeyContent::Plain, "{plain:?}");
        }
        for other in
            [&b""[..], b"123", b"true", b"123456789", br#"{"attempts":1234}"#, b"\xff\xfe", &vec![b'1'; 70_000]]
        {
            assert_eq!(in_text(other), KeyContent::Other);
        }
        for hash in
            ["$2b$10$abcdefghijklmnopqrstuv", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"]
        {
            assert_eq!(in_text(hash.as_bytes()), KeyContent::Hashed);
            assert_eq!(in_fields(&[(b"code_hash", hash.as_bytes()), (b"consumed", b"0")]), KeyContent::Hashed);
        }
        assert_eq!(in_fields(&[(b"closed", b"1")]), KeyContent::Closed);
        assert_eq!(in_fields(&[(b"otp", b"123456"), (b"closed", b"1")]), KeyContent::Plain);
        assert_eq!(in_fields(&[(b"host", b"smtp1"), (b"retries", b"1234")]), KeyContent::Other);
    }
}
