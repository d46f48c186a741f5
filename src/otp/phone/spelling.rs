//! What was typed, reduced to its digits: the characters that a phone number may have, and the forms that it takes.

use super::PhoneError;
use super::error::LONGEST;

/// Spaces around a number are forgiven up to here, so that no text of any length is walked through.
const LONGEST_UNTRIMMED: usize = 1024;

/// The zeros of the decimal digits (Unicode category Nd) of the Basic Multilingual Plane; nine more follow each.
const ZEROS: [u32; 37] = [
    0x0030, 0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6,
    0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40,
    0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10,
];

/// The digits of a number, ASCII, and how they are to be read.
pub(super) enum Spelling {
    /// They followed a plus: the calling code comes first.
    International(String),
    /// They were alone.
    Dialed(String),
}

/// Reads the characters, and decides nothing about the number.
///
/// # Errors
/// When the text is too long or has a character, an extension or a parameter that no number to send to has.
pub(super) fn read(typed: &str) -> Result<Spelling, PhoneError> {
    if typed.len() > LONGEST_UNTRIMMED {
        return Err(PhoneError::TooLong);
    }
    // Numbers copied from an address book come wrapped in marks of writing direction.
    let typed = typed.trim_matches(|c: char| c.is_whitespace() || is_direction_mark(c));
    if typed.is_empty() {
        return Err(PhoneError::Empty);
    }
    if typed.len() > LONGEST {
        return Err(PhoneError::TooLong);
    }
    if typed.chars().any(char::is_control) {
        return Err(PhoneError::Control);
    }
    let (local, context) = without_uri(typed)?;
    let spelling = digits(local)?;
    if before_decimals(local).is_some_and(|(_, is_quantity)| is_quantity) {
        return Err(PhoneError::Quantity);
    }
    match (context, spelling) {
        (None, spelling) => Ok(spelling),
        // RFC 3966 §5.1.4: a global number has no context.
        (Some(_), Spelling::International(_)) => Err(PhoneError::Context),
        (Some(context), Spelling::Dialed(local)) => match digits(context) {
            Ok(Spelling::International(code)) => Ok(Spelling::International(code + &local)),
            _ => Err(PhoneError::Context),
        },
    }
}

/// Takes `tel:` and the parameters away: the number, and the digits that `phone-context` puts before it. A domain as
/// the context says nothing about the country (RFC 3966 §5.1.5), so the number stays a national one.
fn without_uri(typed: &str) -> Result<(&str, Option<&str>), PhoneError> {
    let uri = typed.get(..4).filter(|scheme| scheme.eq_ignore_ascii_case("tel:")).and_then(|_| typed.get(4..));
    let mut parts = uri.unwrap_or(typed).split(';');
    let number = parts.next().unwrap_or_default();
    let mut context = None;
    for parameter in parts {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        if name.eq_ignore_ascii_case("ext") || name.eq_ignore_ascii_case("isub") {
            return Err(PhoneError::Extension);
        }
        if uri.is_none() || !name.eq_ignore_ascii_case("phone-context") || context.is_some() {
            return Err(PhoneError::Context);
        }
        context = Some(value);
    }
    match context {
        Some(context) if context.starts_with('+') => Ok((number, Some(context))),
        Some(domain) if is_domain(domain) => Ok((number, None)),
        Some(_) => Err(PhoneError::Context),
        None => Ok((number, None)),
    }
}

/// `domainname` of RFC 3966: labels of letters, digits and inner hyphens, the last of which begins with a letter.
fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let text = text.strip_suffix('.').unwrap_or(text);
    text.split('.').all(is_label)
        && text.rsplit('.').next().is_some_and(|top| top.starts_with(|c: char| c.is_ascii_alphabetic()))
}

fn digits(text: &str) -> Result<Spelling, PhoneError> {
    let (mut digits, mut plus) = (String::with_capacity(text.len()), false);
    for c in text.chars() {
        if let Some(digit) = digit(c) {
            digits.push(digit);
        } else if matches!(c, '+' | '\u{FF0B}') {
            if plus || !digits.is_empty() {
                return Err(PhoneError::Plus);
            }
            plus = true;
        } else if !is_punctuation(c) {
            return Err(refused(c, text));
        }
    }
    if digits.is_empty() {
        return Err(PhoneError::Empty);
    }
    Ok(if plus { Spelling::International(digits) } else { Spelling::Dialed(digits) })
}

fn digit(c: char) -> Option<char> {
    let value = u32::from(c);
    let zero = ZEROS.iter().rev().find(|zero| **zero <= value)?;
    char::from_digit(value.checked_sub(*zero)?, 10)
}

/// The punctuation that `libphonenumber` ignores, without the tilde and the `x`: those begin extensions.
fn is_punctuation(c: char) -> bool {
    matches!(c,
        ' ' | '-' | '.' | '/' | '(' | ')' | '[' | ']'
        | '\u{A0}' | '\u{AD}' | '\u{200B}' | '\u{2060}' | '\u{3000}'
        | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{30FC}' | '\u{FF0D}'..='\u{FF0F}'
        | '\u{FF08}' | '\u{FF09}' | '\u{FF3B}' | '\u{FF3D}')
}

/// A dot, as before decimals.
const POINTS: [char; 2] = ['.', '\u{FF0E}'];

/// What comes before the decimals of a text, and whether it is certainly a quantity, as programs write one. Where it is
/// not sure, the dot may be one of the separators of a phone number, as in `(415) 555.0000`.
pub(super) fn before_decimals(text: &str) -> Option<(&str, bool)> {
    let is_zeros = |text: &str| !text.is_empty() && text.chars().all(|c| digit(c) == Some('0'));
    let text = text.trim_end_matches(|c| digit(c).is_none());
    let (mut whole, decimals) = text.rsplit_once(POINTS)?;
    let is_short = decimals.chars().count() <= 2;
    if whole.contains(POINTS) {
        // A quantity that became one twice: `8123456789.0.0`.
        while let Some((more, zeros)) = whole.rsplit_once(POINTS).filter(|_| is_zeros(decimals)) {
            if !is_zeros(zeros) {
                return None;
            }
            whole = more;
        }
        return (!whole.contains(POINTS)).then_some((whole, false));
    }
    let is_bare = whole.trim_matches(|c| digit(c).is_none()).chars().all(|c| digit(c).is_some());
    if is_zeros(decimals) {
        Some((whole, is_bare || is_short))
    } else {
        (is_bare && is_short && decimals.chars().all(|c| digit(c).is_some())).then_some((whole, false))
    }
}

/// A text in two, split at what is between digits.
pub(super) struct Split<'a> {
    pub(super) before: &'a str,
    pub(super) after: &'a str,
    /// Whether there is a slash.
    pub(super) is_slash: bool,
}

/// The places where a text may be two numbers: wherever something is between digits.
pub(super) fn splits(text: &str) -> impl Iterator<Item = Split<'_>> {
    let last = text.rfind(|c| digit(c).is_some()).unwrap_or_default();
    let ends = text
        .char_indices()
        .zip(text.chars().skip(1))
        .filter(|((_, c), next)| digit(*c).is_some() && digit(*next).is_none());
    ends.map(|((at, c), _)| at + c.len_utf8()).filter(move |at| *at < last).map(|at| {
        let (before, after) = text.split_at(at);
        let gap = after.find(|c| digit(c).is_some()).unwrap_or_default();
        Split { before, after, is_slash: after[..gap].contains(['/', '\u{FF0F}']) }
    })
}

/// How many digits a text has.
pub(super) fn count(text: &str) -> usize {
    text.chars().filter(|c| digit(*c).is_some()).count()
}

fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

/// Says what is wrong with a text that has a character which it may not have.
fn refused(c: char, text: &str) -> PhoneError {
    if is_quantity(text) {
        return PhoneError::Quantity;
    }
    if !c.is_alphabetic() {
        return if matches!(c, '#' | ',' | '~') { PhoneError::Extension } else { PhoneError::Character(c) };
    }
    let letters: String = text.chars().filter(|c| c.is_alphabetic()).flat_map(char::to_lowercase).collect();
    // The labels of extensions in `libphonenumber`, without those that differ in an accent alone.
    if matches!(&*letters, "x" | "xx" | "ex" | "ext" | "extn" | "extension" | "anexo" | "int" | "доб") {
        PhoneError::Extension
    } else {
        PhoneError::Letters
    }
}

/// Whether a text is a quantity with an exponent, with commas between its thousands, or with a decimal comma.
fn is_quantity(text: &str) -> bool {
    let is_digits = |text: &str| !text.is_empty() && text.chars().all(|c| digit(c).is_some());
    if let Some((mantissa, exponent)) = text.trim_start_matches(['+', '-']).split_once(['e', 'E']) {
        return is_digits(&mantissa.replace(['.', ','], "")) && is_digits(exponent.trim_start_matches(['+', '-']));
    }
    let text = text.trim_start_matches(['+', '-']);
    let (whole, decimals) = text.rsplit_once('.').unwrap_or((text, "0"));
    let thousands = || whole.split(',').all(|group| is_digits(group) && group.chars().count() <= 3);
    let has_decimal_comma = || {
        let (whole, zeros) = text.rsplit_once(',').unwrap_or_default();
        is_digits(&whole.replace(['.', ' ', '\u{A0}', '\u{202F}'], "")) && zeros.chars().all(|c| digit(c) == Some('0'))
    };
    is_digits(decimals) && whole.matches(',').count() >= 2 && thousands() || text.contains(',') && has_decimal_comma()
}
