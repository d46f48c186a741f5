//! Makes text from outside fit to be shown: without code, keys and full phone number, and harmless to a terminal.

use std::ops::Range;

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD};
use zeroize::Zeroizing;

use crate::otp::Phone;
use crate::otp::foreign::{escaped, is_unsafe};

/// The longest text that is shown, in characters.
const SHOWN: usize = 200;

/// How much of a text is looked at: more than can be shown after everything that is taken out.
const READ: usize = 4096;

/// What stands where a secret stood.
const REDACTED: &str = "[redacted]";

/// Knows what may not be shown.
#[derive(Clone, Default)]
pub(super) struct Redactor {
    needles: Vec<Needle>,
}

/// One thing to look for, normalised as the text is.
#[derive(Clone)]
struct Needle {
    characters: Zeroizing<Vec<char>>,
    /// What takes its place; a secret wins where two overlap.
    shown: Option<String>,
}

impl Redactor {
    /// Hides this text wherever it stands: as it is, percent-encoded, escaped, split by spaces or invisible
    /// characters, in base64, in either case.
    pub(super) fn secret(&mut self, text: &str) {
        for form in [text, &BASE64_NOPAD.encode(text.as_bytes()), &BASE64URL_NOPAD.encode(text.as_bytes())] {
            self.needle(form, None);
        }
    }

    /// Shows this number masked wherever it stands in full.
    pub(super) fn phone(&mut self, phone: &Phone) {
        // The plus sign stays where it stood: it is passed over in the search.
        let masked = phone.masked().trim_start_matches('+').to_owned();
        self.needle(phone.digits(), Some(masked.clone()));
        self.needle(phone.national(), Some(masked));
    }

    fn needle(&mut self, text: &str, shown: Option<String>) {
        let characters: Zeroizing<Vec<char>> =
            Zeroizing::new(skeleton(text, false).map(|(_, character)| character).collect());
        if !characters.is_empty() {
            self.needles.push(Needle { characters, shown });
        }
    }

    /// The text, fit to be shown on one line: see the module.
    pub(super) fn clean(&self, text: &str) -> String {
        let end = text.char_indices().nth(READ).map_or(text.len(), |(at, _)| at);
        let redacted = strip_urls(&self.redact(&text[..end]));
        // What was cut out of a URL may have parted the halves of a secret.
        cap(&one_line(&self.redact(&redacted)))
    }

    /// Whether the text holds something that may not be shown.
    pub(super) fn finds_in(&self, text: &str) -> bool {
        !self.hits(text).is_empty()
    }

    fn redact(&self, text: &str) -> String {
        let (mut out, mut from) = (String::with_capacity(text.len()), 0);
        for (range, shown) in self.hits(text) {
            out.push_str(&text[from..range.start]);
            out.push_str(shown.unwrap_or(REDACTED));
            from = range.end;
        }
        out.push_str(&text[from..]);
        out
    }

    /// The places to take out, in order, those that overlap made one.
    fn hits(&self, text: &str) -> Vec<(Range<usize>, Option<&str>)> {
        let mut found: Vec<(Range<usize>, Option<&str>)> = Vec::new();
        // Both as it stands and decoded: in `%2042917` the code begins inside of what could be an encoded space.
        for decode in [false, true] {
            let (places, characters): (Vec<_>, Vec<_>) = skeleton(text, decode).unzip();
            for needle in &self.needles {
                let length = needle.characters.len();
                for (at, window) in characters.windows(length).enumerate() {
                    if *window == **needle.characters {
                        found.push((places[at].start..places[at + length - 1].end, needle.shown.as_deref()));
                    }
                }
            }
        }
        found.sort_by_key(|(range, _)| range.start);
        found.into_iter().fold(Vec::new(), |mut merged: Vec<(Range<usize>, Option<&str>)>, (range, shown)| {
            match merged.last_mut() {
                Some((last, kept)) if range.start < last.end => {
                    last.end = last.end.max(range.end);
                    *kept = kept.and(shown);
                }
                _ => merged.push((range, shown)),
            }
            merged
        })
    }
}

/// The characters that carry meaning, in lower case, each with its place: percent-encoding undone where asked, and
/// everything left out that could stand between two digits of a code and still let a person read it.
fn skeleton(text: &str, decode: bool) -> impl Iterator<Item = (Range<usize>, char)> {
    let mut rest = text.char_indices();
    std::iter::from_fn(move || {
        loop {
            let (at, character) = rest.next()?;
            let encoded = (decode && character == '%').then(|| percent_byte(text.get(at + 1..at + 3)?)).flatten();
            let (end, character) = match encoded {
                Some(decoded) => {
                    rest.nth(1);
                    (at + 3, decoded)
                }
                None => (at + character.len_utf8(), character),
            };
            if !ignorable(character) {
                return Some((at..end, character.to_ascii_lowercase()));
            }
        }
    })
}

fn percent_byte(hex: &str) -> Option<char> {
    let both = hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    let byte = u8::from_str_radix(hex, 16).ok().filter(|byte| both && byte.is_ascii())?;
    Some(char::from(byte))
}

fn ignorable(character: char) -> bool {
    character.is_whitespace() || matches!(character, '-' | '.' | '(' | ')' | '\\' | '+') || is_unsafe(character)
}

/// One line: white space becomes one space, what a terminal might obey or hide is written as `\u{…}`.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.trim().chars() {
        let space = character.is_whitespace() && (character.is_ascii() || !is_unsafe(character));
        if !(space && line.ends_with(' ')) {
            line.push(if space { ' ' } else { character });
        }
    }
    escaped(&line)
}

/// Several lines stay several lines; everything else that a terminal might obey or hide is written as `\u{…}`.
pub(super) fn escaped_lines(text: &str) -> String {
    text.split('\n').map(escaped).collect::<Vec<_>>().join("\n")
}

/// Takes user, password, query and fragment out of every URL: gateways put keys there.
fn strip_urls(text: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        let end = after.find(|c: char| c.is_whitespace() || matches!(c, '"' | '<' | '>')).unwrap_or(after.len());
        let (url, tail) = after.split_at(end);
        let shown = url.find(['?', '#']).map_or(url, |cut| &url[..cut]);
        let authority = shown.find('/').unwrap_or(shown.len());
        out.push_str(shown[..authority].rfind('@').map_or(shown, |user| &shown[user + 1..]));
        rest = tail;
    }
    out.push_str(rest);
    out
}

fn cap(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redactor() -> Redactor {
        let mut redactor = Redactor::default();
        redactor.secret("s3cret/key=");
        redactor.secret("042917");
        redactor
    }

    #[test]
    fn a_secret_is_found_in_every_dress() {
        for text in [
            "key s3cret/key= bad",
            "key S3CRET/KEY= bad",
            "key s3cret%2Fkey%3d bad",
            "key s3cret\\/key= bad",
            "key czNjcmV0L2tleT0= bad",
            "code 042917 bad",
            "code 042 917 bad",
            "code 0-4-2-9-1-7 bad",
            "code 04\u{200b}29\u{1b}17 bad",
            "code %30%34%32917 bad",
            "code %2042917 bad",
            "code http://x/0429?y 17 bad",
        ] {
            let shown = redactor().clean(text);
            assert!(shown.contains(REDACTED) && shown.ends_with("bad"), "{text:?} became {shown:?}");
        }
    }

    #[test]
    fn a_secret_that_is_cut_by_the_cap_does_not_show_its_first_half() {
        let shown = redactor().clean(&format!("{}042917", "x".repeat(SHOWN - 3)));
        assert!(!shown.contains("042"), "{shown}");
    }

    #[test]
    fn what_a_terminal_obeys_is_spelled_out() {
        let shown = redactor().clean("a\u{1b}[2J\u{9b}31m\u{202e}b\r\nc\u{200d}d");
        assert_eq!(shown, "a\\u{1b}[2J\\u{9b}31m\\u{202e}b c\\u{200d}d");
    }

    #[test]
    fn urls_lose_their_user_and_their_query() {
        let shown = redactor().clean("see https://u:p@example.com/a?authkey=1 and http://x/y#z.");
        assert_eq!(shown, "see https://example.com/a and http://x/y");
    }

    proptest::proptest! {
        #[test]
        fn nothing_around_a_code_brings_it_out(before in ".{0,30}", after in ".{0,30}") {
            let shown = redactor().clean(&format!("{before}042917{after}"));
            proptest::prop_assert!(!shown.contains("042917"), "{shown:?}");
            proptest::prop_assert!(!shown.contains(is_unsafe), "{shown:?}");
        }
    }

    #[test]
    fn a_broken_percent_sign_is_just_a_percent_sign() {
        assert_eq!(redactor().clean("100% of %zz and %é"), "100% of %zz and %é");
    }
}
