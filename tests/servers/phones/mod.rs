//! Phone numbers against an oracle: what `otp::phone` makes of thousands of numbers is what Google's libphonenumber
//! makes of them. `scripts/phones 1000000` asks for as many as one likes.

mod oracle;

use std::collections::BTreeMap;
use std::path::Path;

use oracle::{Answer, Line};
use otpctl::otp::numbering::{self, Length, Number, ParseError};
use otpctl::otp::{Country, Phone, PhoneError};

/// How many numbers are made, where `OTPCTL_PHONES` does not say.
const SAMPLE: usize = 30_000;

/// `OTPCTL_PHONES`, as in `1000000` or `1000000 7`: how many numbers, and which ones.
fn generated() -> Vec<Line> {
    let wanted = std::env::var_os("OTPCTL_PHONES").map(|wanted| wanted.into_string().unwrap()).unwrap_or_default();
    let mut words = wanted.split_whitespace();
    let count = words.next().map_or_else(|| SAMPLE.to_string(), str::to_owned);
    oracle::ask(&["generate", &count, words.next().unwrap_or("1")], "")
}

fn home(line: &Line) -> Option<Country> {
    (!line.home.is_empty()).then(|| line.home.parse().unwrap())
}

fn error_name(error: ParseError) -> &'static str {
    match error {
        ParseError::InvalidCountryCode => "invalid_country_code",
        ParseError::NotANumber => "not_a_number",
        ParseError::TooShortAfterIdd => "too_short_after_idd",
        ParseError::TooShortNsn => "too_short_nsn",
        ParseError::TooLong => "too_long",
    }
}

fn length_name(length: Length) -> &'static str {
    match length {
        Length::Possible => "is_possible",
        Length::LocalOnly => "is_possible_local_only",
        Length::TooShort => "too_short",
        Length::TooLong => "too_long",
        Length::Invalid => "invalid_length",
    }
}

fn is_same(number: &Number, answer: &Answer) -> bool {
    number.calling_code == answer.calling_code
        && number.national == answer.national
        && country_name(number.country) == answer.country
        && number.kind.as_str() == answer.kind
        && number.is_valid() != answer.e164.is_empty()
        && length_name(number.length) == answer.length
}

fn country_name(country: Option<Country>) -> String {
    country.map(|country| country.to_string()).unwrap_or_default()
}

/// The digits alone, and whether a plus is before them, of what is typed without anything else.
fn plain(typed: &str) -> Option<(&str, bool)> {
    let (digits, plus) = typed.strip_prefix('+').map_or((typed, false), |digits| (digits, true));
    digits.bytes().all(|byte| byte.is_ascii_digit()).then_some((digits, plus))
}

/// The phone that a line has to be by the oracle's answer, as E.164. There are three things that we read more strictly:
/// a plus is followed by a calling code, 00 is a plus everywhere, and a number is what its E.164 form is read as.
fn expected(line: &Line) -> Option<String> {
    let is_unknown_code =
        plain(&line.typed).is_some_and(|(digits, plus)| plus && numbering::parse(digits, true, None).is_err());
    let custom = line.number.as_ref().ok().filter(|answer| answer.is_stable && !is_unknown_code);
    match (custom.map(|answer| &*answer.e164).unwrap_or_default(), &*line.zeros) {
        ("", "") => None,
        ("", number) | (number, "") => Some(number.to_owned()),
        (custom, zeros) => (custom == zeros).then(|| custom.to_owned()),
    }
}

fn phone(line: &Line) -> Result<Phone, PhoneError> {
    let phone = Phone::parse(&line.typed, home(line))?;
    assert_eq!(Phone::parse(phone.as_str(), None).as_ref(), Ok(&phone), "E.164 is a spelling of itself: {line:?}");
    Ok(phone)
}

#[test]
fn every_number_is_what_libphonenumber_says() {
    let lines = generated();
    let (mut differences, mut counts) = (Vec::new(), BTreeMap::new());
    for line in &lines {
        if let Some((digits, plus)) = plain(&line.typed) {
            let ours = numbering::parse(digits, plus, home(line));
            let is_the_same = match (&ours, &line.number) {
                (Ok(number), Ok(answer)) => is_same(number, answer),
                (Err(error), Err(name)) => error_name(*error) == name,
                _ => false,
            };
            let read = ours.as_ref().map(|number| length_name(number.length)).map_err(|error| error_name(*error));
            *counts.entry(("read", read)).or_insert(0) += 1;
            if !is_the_same {
                differences.push(format!("{line:?}: read as {ours:?}"));
            }
        }
        let ours = phone(line);
        if ours.as_ref().ok().map(Phone::as_str) != expected(line).as_deref() {
            differences.push(format!("{line:?}: the phone {:?}", ours.as_ref().map(Phone::as_str)));
        }
        *counts.entry(("phone", ours.map(|phone| phone.kind().as_str()).map_err(|_| "none"))).or_insert(0) += 1;
    }
    let shown = differences.iter().take(50).map(String::as_str).collect::<Vec<_>>().join("\n");
    assert!(differences.is_empty(), "{} differences in {} numbers:\n{shown}", differences.len(), lines.len());
    // All verdicts, all kinds of errors, all types, and no phone.
    assert_eq!(counts.len(), 5 + 5 + 11 + 1, "not all there: {counts:?}");
    assert!(counts.values().all(|count| *count >= lines.len() / 2_000), "hardly any of one kind: {counts:?}");
    println!("{} numbers, no difference: {counts:?}", lines.len());
}

/// Why we may refuse what the oracle takes: its parser finds a number in almost any text, and an SMS needs a number
/// that was meant. Everything else is a difference in data or in logic, of which there is to be none.
fn is_refused_on_purpose(line: &Line, error: PhoneError) -> bool {
    match error {
        // A plus and an international prefix.
        PhoneError::UnknownCallingCode => line.typed.starts_with("+0"),
        // Vanity letters, words around the number, extensions, quotation marks, a second plus, parameters of a URI.
        PhoneError::Letters
        | PhoneError::Extension
        | PhoneError::Character(_)
        | PhoneError::Plus
        | PhoneError::Context => true,
        // A decimal fraction, an exponent; two numbers.
        PhoneError::Quantity | PhoneError::Several => true,
        // 00 read as + makes another number; its E.164 form is another number's.
        PhoneError::Ambiguous(_) | PhoneError::Unstable => true,
        _ => false,
    }
}

#[test]
fn what_people_type_is_read_as_libphonenumber_reads_it_or_refused_with_a_reason() {
    let typed = include_str!("typed.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let questions: Vec<String> = typed
        .map(|line| {
            let (home, typed) = line.split_once('|').expect("a line of typed.txt is HOME|TEXT");
            format!("{home}\t{typed}\n")
        })
        .collect();
    let lines = oracle::ask(&["judge"], &questions.concat());
    assert_eq!(lines.len(), questions.len());
    let mut differences = Vec::new();
    for line in &lines {
        let answer = line.number.as_ref().ok().filter(|answer| !answer.e164.is_empty());
        let is_the_same = match (phone(line), answer) {
            (Ok(phone), Some(answer)) => {
                phone.as_str() == answer.e164
                    && country_name(phone.country()) == answer.country
                    && phone.kind().as_str() == answer.kind
            }
            (Ok(phone), None) => phone.as_str() == line.zeros,
            (Err(error), Some(_)) => is_refused_on_purpose(line, error),
            (Err(_), None) => true,
        };
        if !is_the_same {
            differences.push(format!("{line:?}: {:?}", phone(line).as_ref().map(Phone::as_str)));
        }
    }
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
}

#[test]
fn the_numbering_plans_are_those_of_the_pinned_package() {
    let theirs = oracle::python("scripts/phone-metadata", &[], "");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/otp/phone/plans.txt");
    if std::env::var_os("UPDATE").is_some_and(|update| update == "1") {
        std::fs::write(&path, &theirs).unwrap();
    }
    let is_the_same = std::fs::read_to_string(&path).unwrap() == theirs;
    assert!(is_the_same, "the plans are not those of the pinned phonenumbers: UPDATE=1 writes them anew");
}
