//! Makes text from outside fit to be shown: without code, keys and full phone number, and harmless to a terminal.

use std::ops::Range;

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD};
use zeroize::Zeroizing;

use super::Phone;
use super::escape::{escaped, is_unsafe};

/// The longest text that is shown, in characters.
const SHOWN: usize = 200;

/// How much of a text is looked at: more than can be shown after everything that is taken out.
const READ: usize = 4096;

/// The replacement for a secret.
const REDACTED: &str = "[redacted]";
/// So often a text is looked through; two are enough for all that was ever seen.
const PASSES: usize = 4;

/// Knows what may not be shown.
#[derive(Clone, Default)]
pub struct Redactor {
    needles: Vec<Needle>,
}

/// One thing to look for, normalized as the text is.
#[derive(Clone)]
struct Needle {
    characters: Zeroizing<Vec<char>>,
    /// What takes its place; a secret wins where two overlap.
    shown: Option<String>,
}

impl Redactor {
    /// Hides this text wherever it appears: as it is, percent-encoded, escaped, split by spaces or invisible
    /// characters, in base64, in either case.
    pub fn secret(&mut self, text: &str) {
        for form in [text, &BASE64_NOPAD.encode(text.as_bytes()), &BASE64URL_NOPAD.encode(text.as_bytes())] {
            self.needle(form, None);
        }
    }

    /// Masks this number wherever it appears in full.
    pub fn phone(&mut self, phone: &Phone) {
        // The plus sign stays where it was: the search skips it.
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

    /// The text, fit to be shown on one line: see the module. What is redacted stays as it is, however often a text is
    /// cleaned.
    #[must_use]
    pub fn clean(&self, text: &str) -> String {
        let end = text.char_indices().nth(READ).map_or(text.len(), |(at, _)| at);
        let mut clean = self.redact(&text[..end]);
        // What is taken out may have parted two URLs, which are one now.
        for _ in 0..PASSES {
            let again = self.redact(&clean);
            if again == clean {
                break;
            }
            clean = again;
        }
        cap(&one_line(&clean))
    }

    /// Whether the text holds something that may not be shown.
    #[must_use]
    pub fn finds_in(&self, text: &str) -> bool {
        !self.hits(text, &[]).is_empty()
    }

    /// Takes secrets and parts of URLs out, in one pass: all are searched in the original text, so that nothing is
    /// found in what was put in the place of something else.
    fn redact(&self, text: &str) -> String {
        let cuts = url_cuts(text);
        let inside = |range: &Range<usize>| cuts.iter().any(|cut| cut.start <= range.start && range.end <= cut.end);
        let hits = self.hits(text, &cuts).into_iter().filter(|(range, _)| !inside(range));
        let (mut out, mut from) = (String::with_capacity(text.len()), 0);
        for (range, shown) in hits {
            push_uncut(&mut out, text, from..range.start, &cuts);
            out.push_str(shown.unwrap_or(REDACTED));
            from = range.end;
        }
        push_uncut(&mut out, text, from..text.len(), &cuts);
        out
    }

    /// The places to take out, in order, those that touch made one.
    fn hits(&self, text: &str, cuts: &[Range<usize>]) -> Vec<(Range<usize>, Option<&str>)> {
        let mut found: Vec<(Range<usize>, Option<&str>)> = Vec::new();
        // Both as it is and decoded: in `%2042917` the code begins inside of what could be an encoded space. And
        // with and without what is cut out of a URL: that may have parted the halves of a secret.
        let readings = [(false, &[][..]), (true, &[][..]), (false, cuts), (true, cuts)];
        for (decode, cuts) in &readings[..if cuts.is_empty() { 2 } else { 4 }] {
            let is_cut = |place: &Range<usize>| cuts.iter().any(|cut| cut.contains(&place.start));
            let read = skeleton(text, *decode).filter(|(place, _)| !is_cut(place));
            let (places, characters): (Vec<_>, Vec<_>) = read.unzip();
            for needle in &self.needles {
                let length = needle.characters.len();
                for (at, window) in characters.windows(length).enumerate() {
                    if *window == **needle.characters {
                        found.push((places[at].start..places[at + length - 1].end, needle.shown.as_deref()));
                    }
                }
            }
        }
        // A text that was cleaned before: a short secret may be found in the word itself.
        let marks: Vec<_> = text.match_indices(REDACTED).map(|(at, mark)| at..at + mark.len()).collect();
        found.retain(|(range, _)| !marks.iter().any(|mark| mark.start <= range.start && range.end <= mark.end));
        // The longest of those that begin together comes first, and takes the others in.
        found.sort_by_key(|(range, _)| (range.start, std::cmp::Reverse(range.end)));
        found.into_iter().fold(Vec::new(), |mut merged: Vec<(Range<usize>, Option<&str>)>, (range, shown)| {
            match merged.last_mut() {
                Some((last, kept)) if range.start < last.end => {
                    last.end = last.end.max(range.end);
                    *kept = kept.and(shown);
                }
                Some((last, None)) if range.start == last.end && shown.is_none() => last.end = range.end,
                _ => merged.push((range, shown)),
            }
            merged
        })
    }
}

/// A part of the text, without what is cut out of it.
fn push_uncut(out: &mut String, text: &str, part: Range<usize>, cuts: &[Range<usize>]) {
    let mut from = part.start;
    for cut in cuts.iter().filter(|cut| cut.start < part.end && cut.end > part.start) {
        out.push_str(&text[from..cut.start.max(from)]);
        from = cut.end.min(part.end).max(from);
    }
    out.push_str(&text[from..part.end]);
}

/// The characters that carry meaning, in lower case, each with its place: percent-encoding undone where asked, and
/// everything left out that could be between two digits of a code and still let a person read it.
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
#[must_use]
pub fn escaped_lines(text: &str) -> String {
    text.split('\n').map(escaped).collect::<Vec<_>>().join("\n")
}

/// User, password, query and fragment of every URL: gateways put keys there.
fn url_cuts(text: &str) -> Vec<Range<usize>> {
    let (mut cuts, mut from) = (Vec::new(), 0);
    while let Some(at) = text[from..].find("://") {
        let start = from + at + 3;
        let after = &text[start..];
        let end = after.find(|c: char| c.is_whitespace() || matches!(c, '"' | '<' | '>')).unwrap_or(after.len());
        let url = &after[..end];
        let shown = url.find(['?', '#']).unwrap_or(url.len());
        let authority = url[..shown].find('/').unwrap_or(shown);
        if let Some(user) = url[..authority].rfind('@') {
            cuts.push(start..start + user + 1);
        }
        if shown < end {
            cuts.push(start + shown..start + end);
        }
        from = start + end;
    }
    cuts
}

/// A mark that would be cut in two is left out, so that its rest is not taken for text.
fn cap(text: &str) -> String {
    let Some((end, _)) = text.char_indices().nth(SHOWN) else { return text.to_owned() };
    let mark = text[..end].rfind('[').filter(|at| text[*at..].starts_with(REDACTED) && at + REDACTED.len() > end);
    format!("{}…", &text[..mark.unwrap_or(end)])
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
    fn what_is_redacted_is_not_redacted_again() {
        for (key, text, shown) in [
            ("e", "no key", "no k[redacted]y"),
            ("e", "eee free", "[redacted] fr[redacted]"),
            ("t", "https://x/?t=t", "h[redacted]ps://x/"),
            ("redacted", "it is redacted", "it is [redacted]"),
            ("a", "[redacted] at http://a@b", "[redacted] [redacted]t http://b"),
        ] {
            let mut redactor = Redactor::default();
            redactor.secret(key);
            assert_eq!(redactor.clean(text), shown, "{key}");
            // One reads what another has cleaned.
            assert_eq!(redactor.clean(&redactor.clean(text)), shown, "{key}");
        }
        let mut redactor = Redactor::default();
        redactor.secret("d");
        let long = redactor.clean(&"d_".repeat(SHOWN));
        assert!(long.ends_with("[redacted]_…") && redactor.clean(&long) == long, "{long}");
        let mut redactor = Redactor::default();
        for key in ["key", "secretkey", "k"] {
            redactor.secret(key);
        }
        assert_eq!(redactor.clean("the secretkey is no key"), "the [redacted] is no [redacted]");
    }

    #[test]
    fn a_url_that_ends_where_a_secret_was_loses_its_query_at_once() {
        let mut redactor = Redactor::default();
        redactor.secret("dd");
        let once = redactor.clean("://redacted d?");
        assert_eq!(redactor.clean(&once), once);
    }

    proptest::proptest! {
        #[test]
        fn a_text_is_clean_after_one_pass(key in "[a-e]{1,3}", text in "([a-e ]|://|[?]|@|redacted){0,20}") {
            let mut redactor = Redactor::default();
            redactor.secret(&key);
            let once = redactor.clean(&text);
            proptest::prop_assert_eq!(redactor.clean(&once), once.clone());
            proptest::prop_assert!(!once.replace(REDACTED, "").to_lowercase().contains(&key) || once.contains(REDACTED));
        }
    }

    #[test]
    fn a_broken_percent_sign_is_just_a_percent_sign() {
        assert_eq!(redactor().clean("100% of %zz and %é"), "100% of %zz and %é");
    }
}
