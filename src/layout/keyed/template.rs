//! The name of an application's key: text with places for the phone and the purpose, read in both directions.

use super::placeholder::{Piece, StrayBrace, pieces};
use crate::otp::escape::pattern_literal;
use crate::otp::{Country, Phone};

/// No key of an application is longer.
const LONGEST: usize = 256;

/// How an application writes a phone into its keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PhoneFormat {
    /// `+919876543210`
    E164,
    /// `919876543210`
    Digits,
    /// `9876543210`: of one country only, since two countries share such numbers.
    National(Country),
}

impl PhoneFormat {
    /// The phone as it is written in a key; `None` where it has no such form.
    #[must_use]
    pub fn of<'p>(&self, phone: &'p Phone) -> Option<&'p str> {
        match self {
            Self::E164 => Some(phone.as_str()),
            Self::Digits => Some(phone.digits()),
            Self::National(country) => (phone.country() == Some(*country)).then(|| phone.national()),
        }
    }

    /// The phone that is meant, where it is one and this is how it is spelled.
    #[must_use]
    pub fn read(&self, text: &str) -> Option<Phone> {
        if !text.strip_prefix('+').unwrap_or(text).bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let phone = match self {
            Self::E164 => Phone::parse(text, None),
            Self::Digits => Phone::parse(&format!("+{text}"), None),
            Self::National(country) => Phone::parse(text, Some(*country)),
        };
        phone.ok().filter(|phone| self.of(phone) == Some(text))
    }

    fn pattern(self) -> &'static str {
        if self == Self::E164 { "+[0-9]*" } else { "[0-9]*" }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum TemplatePart {
    Text(String),
    Phone,
    Purpose,
    User,
}

/// What is put into the places of a key.
#[derive(Debug, Clone, Copy)]
pub struct KeyParts<'a> {
    /// The phone, as the application spells it.
    pub phone: &'a str,
    /// The purpose, in the application's word.
    pub purpose: &'a str,
    /// The user of the phone.
    pub user: &'a str,
}

/// A key with its places: `otp:{phone}`. Write a literal brace twice: `{{otp:{phone}}}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyTemplate(Vec<TemplatePart>);

/// Why a text is no template of a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyTemplateError {
    /// Every phone needs a key of its own.
    #[error("a key needs the place `{{phone}}` or `{{user}}`")]
    Phone,
    /// A place that is not known.
    #[error(
        "a key has only the places `{{phone}}`, `{{user}}` and `{{purpose}}`, each at most once; write a literal brace twice: `{{{{`"
    )]
    Place,
    /// Too long, or with characters that no key should have.
    #[error("a key has at most 256 printable characters")]
    Text,
}

impl KeyTemplate {
    /// Reads a template.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(text: &str) -> Result<Self, KeyTemplateError> {
        if text.len() > LONGEST || text.chars().any(char::is_control) {
            return Err(KeyTemplateError::Text);
        }
        let mut parts = Vec::new();
        for piece in pieces(text).map_err(|StrayBrace| KeyTemplateError::Place)? {
            let part = match piece {
                Piece::Text(literal) => TemplatePart::Text(literal),
                Piece::Place("phone") => TemplatePart::Phone,
                Piece::Place("purpose") => TemplatePart::Purpose,
                Piece::Place("user") => TemplatePart::User,
                Piece::Place(_) => return Err(KeyTemplateError::Place),
            };
            if !matches!(part, TemplatePart::Text(_)) && parts.contains(&part) {
                return Err(KeyTemplateError::Place);
            }
            parts.push(part);
        }
        let own = parts.contains(&TemplatePart::Phone) || parts.contains(&TemplatePart::User);
        if own { Ok(Self(parts)) } else { Err(KeyTemplateError::Phone) }
    }

    /// Whether each purpose has a key of its own.
    #[must_use]
    pub fn has_purpose(&self) -> bool {
        self.0.contains(&TemplatePart::Purpose)
    }

    /// Whether it has the user of the phone in it.
    #[must_use]
    pub fn has_user(&self) -> bool {
        self.0.contains(&TemplatePart::User)
    }

    /// The key.
    #[must_use]
    pub fn key(&self, places: KeyParts<'_>) -> String {
        self.with(String::push_str, places)
    }

    /// The `SCAN` pattern of the keys of a purpose. What an application put into a name means nothing but itself.
    #[must_use]
    pub fn pattern(&self, spelling: PhoneFormat, purpose: &str) -> String {
        let places = KeyParts { phone: spelling.pattern(), purpose, user: "*" };
        self.with(|key, text| key.push_str(&pattern_literal(text)), places)
    }

    /// What is in a key in the place of the phone.
    #[must_use]
    pub fn phone_in<'k>(&self, key: &'k str, purpose: &str) -> Option<&'k str> {
        let at = self.0.iter().position(|part| *part == TemplatePart::Phone)?;
        let side = |parts: &[TemplatePart]| Self(parts.to_vec()).key(KeyParts { phone: "", purpose, user: "" });
        key.strip_prefix(&side(&self.0[..at]))?.strip_suffix(&side(&self.0[at + 1..]))
    }

    fn with(&self, text: impl Fn(&mut String, &str), places: KeyParts<'_>) -> String {
        self.0.iter().fold(String::new(), |mut key, part| {
            match part {
                TemplatePart::Text(own) => text(&mut key, own),
                TemplatePart::Purpose => text(&mut key, places.purpose),
                TemplatePart::Phone => key.push_str(places.phone),
                TemplatePart::User => key.push_str(places.user),
            }
            key
        })
    }
}

impl std::fmt::Display for KeyTemplate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|part| match part {
            TemplatePart::Text(text) => f.write_str(&text.replace('{', "{{").replace('}', "}}")),
            TemplatePart::Phone => f.write_str("{phone}"),
            TemplatePart::Purpose => f.write_str("{purpose}"),
            TemplatePart::User => f.write_str("{user}"),
        })
    }
}

/// What of a key decides its slot on a Cluster: what is in its first braces, if anything is, else all of it
/// (Redis Cluster specification, "Hash tags").
#[must_use]
pub fn hash_tag(key: &str) -> &str {
    let inside = key.split_once('{').and_then(|(_, rest)| rest.split_once('}')).map(|(inside, _)| inside);
    inside.filter(|inside| !inside.is_empty()).unwrap_or(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_and_read_back() {
        let template = KeyTemplate::parse("app:a*b:{purpose}:{phone}:x").unwrap();
        let key = template.key(KeyParts { phone: "+919876543210", purpose: "login", user: "" });
        assert_eq!(key, "app:a*b:login:+919876543210:x");
        assert_eq!(template.phone_in(&key, "login"), Some("+919876543210"));
        assert_eq!(template.phone_in(&key, "other"), None);
        assert_eq!(template.pattern(PhoneFormat::E164, "login"), "app:a\\*b:login:+[0-9]*:x");
        assert_eq!(template.to_string(), "app:a*b:{purpose}:{phone}:x");
    }

    #[test]
    fn braces_are_doubled_and_places_are_known() {
        let template = KeyTemplate::parse("{{otp:{phone}}}").unwrap();
        assert_eq!(template.key(KeyParts { phone: "1", purpose: "", user: "" }), "{otp:1}");
        assert_eq!(template.to_string(), "{{otp:{phone}}}");
        let by_user = KeyTemplate::parse("a:{user}:{purpose}").unwrap();
        assert_eq!(by_user.key(KeyParts { phone: "1", purpose: "p", user: "u_1" }), "a:u_1:p");
        assert_eq!(by_user.phone_in("a:u_1:p", "p"), None);
        assert_eq!(KeyTemplate::parse("otp"), Err(KeyTemplateError::Phone));
        for bad in ["otp:{phone}:{phone}", "otp:{name}:{phone}", "otp:{phone", "otp:phone}:{phone}"] {
            assert_eq!(KeyTemplate::parse(bad), Err(KeyTemplateError::Place), "{bad}");
        }
        assert_eq!(KeyTemplate::parse("otp:\n{phone}"), Err(KeyTemplateError::Text));
    }

    #[test]
    fn a_number_is_read_as_it_is_spelled_and_no_other_way() {
        let india = "IN".parse::<Country>().unwrap();
        let phone = Phone::parse("+919876543210", None).unwrap();
        for (spelling, text) in [
            (PhoneFormat::E164, "+919876543210"),
            (PhoneFormat::Digits, "919876543210"),
            (PhoneFormat::National(india), "9876543210"),
        ] {
            assert_eq!(spelling.of(&phone), Some(text));
            assert_eq!(spelling.read(text).as_ref(), Some(&phone));
        }
        for bad in ["919876543210", "+91 9876543210", "+9198765432100", "attempts:+919876543210", ""] {
            assert_eq!(PhoneFormat::E164.read(bad), None, "{bad}");
        }
        assert_eq!(PhoneFormat::National(india).read("09876543210"), None);
        let abroad = Phone::parse("+14155550123", None).unwrap();
        assert_eq!(PhoneFormat::National(india).of(&abroad), None);
    }

    #[test]
    fn the_first_braces_decide_the_slot() {
        for (key, tag) in
            [("otp:1", "otp:1"), ("{otp:1}:x", "otp:1"), ("{}:1", "{}:1"), ("a{b", "a{b"), ("a{b}{c}", "b")]
        {
            assert_eq!(hash_tag(key), tag);
        }
    }
}
