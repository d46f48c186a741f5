//! Phone numbers against an oracle: what `otp::phone` makes of thousands of numbers is what Google's data says.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first thing that is not as it should be"
)]

#[path = "phones/corpus.rs"]
mod corpus;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use corpus::Typed;
use otpctl::otp::{Country, Phone, PhoneError};

const INSTALL: &str = "`scripts/test` installs Python's `phonenumbers`, or name a Python that has it in OTPCTL_PYTHON";

/// What the oracle says of a valid number.
#[derive(Debug, PartialEq, Eq, serde::Deserialize)]
struct Valid {
    e164: String,
    country: Option<String>,
    #[serde(rename = "type")]
    kind: String,
}

/// Asks Python's `phonenumbers`, of the version that has the same data as `src/otp/phone/metadata.bin`.
fn oracle(typed: &[Typed]) -> Vec<Option<Valid>> {
    let python = std::env::var_os("OTPCTL_PYTHON").unwrap_or_else(|| "python3".into());
    let mut child = Command::new(&python)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/phones/oracle.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}: {INSTALL}", python.display()));
    let questions: String = typed.iter().map(|typed| [&*typed.home, "\t", &*typed.text, "\n"].concat()).collect();
    // The oracle reads everything before it answers. Where it cannot even start, its own message has told why.
    let _ = child.stdin.take().unwrap().write_all(questions.as_bytes());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "the oracle failed: {INSTALL}");
    let answers = String::from_utf8(output.stdout).unwrap();
    let (version, answers) = answers.split_once('\n').unwrap();
    let pinned = include_str!("phones/requirements.txt").trim();
    assert_eq!(format!("phonenumbers=={version}"), pinned, "another version has other data: {INSTALL}");
    let answers: Vec<_> = answers.lines().map(|line| serde_json::from_str(line).ok()).collect();
    assert_eq!(answers.len(), typed.len());
    answers
}

fn ours(typed: &Typed) -> Result<Valid, PhoneError> {
    let home: Option<Country> = (!typed.home.is_empty()).then(|| typed.home.parse().unwrap());
    Phone::parse(&typed.text, home).map(|phone| {
        assert_eq!(Phone::parse(phone.as_str(), None).as_ref(), Ok(&phone), "E.164 is a spelling of itself: {typed:?}");
        Valid {
            e164: phone.as_str().to_owned(),
            country: phone.country().map(|country| country.to_string()),
            kind: phone.kind().to_string(),
        }
    })
}

/// Why we may refuse what the oracle takes: its parser finds a number in almost any text, and an SMS needs a number
/// that was meant. Everything else is a difference in data or in logic, of which there is to be none.
fn is_refused_on_purpose(typed: &Typed, error: PhoneError) -> Option<&'static str> {
    match error {
        PhoneError::UnknownCallingCode if typed.text.starts_with("+0") => Some("a plus and an international prefix"),
        PhoneError::Letters => Some("vanity letters, or words around the number"),
        PhoneError::Extension => Some("an extension"),
        PhoneError::Character(_) => Some("quotation marks, asterisks and the like"),
        PhoneError::Plus => Some("a second plus"),
        PhoneError::Context => Some("a parameter of a tel: URI that means nothing for an SMS"),
        PhoneError::Ambiguous(_) => Some("00 read as + makes another number"),
        PhoneError::Unstable => Some("its E.164 form is another number's"),
        _ => None,
    }
}

#[test]
fn every_number_is_what_libphonenumber_says() {
    let typed: Vec<Typed> = corpus::corpus().into_iter().collect();
    let answers = oracle(&typed);
    let (mut both, mut neither, mut refused, mut zeros) = (0, 0, BTreeMap::new(), 0);
    let mut differences = Vec::new();
    for (typed, answer) in typed.iter().zip(answers) {
        match (ours(typed), answer) {
            (Ok(ours), Some(answer)) if ours == answer => both += 1,
            (Err(_), None) => neither += 1,
            (Err(error), Some(_)) if is_refused_on_purpose(typed, error).is_some() => {
                *refused.entry(is_refused_on_purpose(typed, error)).or_insert(0) += 1;
            }
            // `00` is an international prefix for us everywhere, for the oracle only where it is dialled. With a plus
            // instead the line stands in the corpus too, and is held to the oracle there.
            (Ok(ours), None) if with_a_plus(typed).is_some_and(|plus| self::ours(&plus).as_ref() == Ok(&ours)) => {
                zeros += 1;
            }
            (ours, answer) => differences.push(format!("{typed:?}: ours {ours:?}, oracle {answer:?}")),
        }
    }
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
    let summary = format!("both {both}, neither {neither}, zeros {zeros}, refused {refused:?}");
    assert!(both > 9_000 && neither > 6_000, "the corpus has shrunk: {summary}");
    assert!(refused.values().all(|count| *count < 50), "more is refused than was known: {summary}");
}

fn with_a_plus(typed: &Typed) -> Option<Typed> {
    let rest = typed.text.strip_prefix("00")?;
    Some(Typed { home: String::new(), text: format!("+{}", rest.trim_start()) })
}

/// The crate's own copy of the numbering plans, which it lets nobody read.
fn metadata_of_the_crate() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version=1", "--offline", "--locked", "--manifest-path"])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let package = packages.iter().find(|package| package["name"] == "rlibphonenumber").unwrap();
    let manifest = Path::new(package["manifest_path"].as_str().unwrap());
    manifest.with_file_name("src").join("generated/metadata/metadata.bin")
}

#[test]
fn our_numbering_plans_are_those_of_the_crate() {
    let theirs = fs::read(metadata_of_the_crate()).unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/otp/phone/metadata.bin");
    if std::env::var_os("UPDATE").is_some_and(|update| update == "1") {
        fs::write(&path, &theirs).unwrap();
    }
    assert!(
        fs::read(&path).unwrap() == theirs,
        "UPDATE=1 copies the plans anew; then pin phonenumbers to their version"
    );
}

/// The library compiles the patterns of a plan when it first needs them, and panics at a bad one: there is none.
#[test]
fn every_pattern_compiles() {
    rlibphonenumber::metadata_validator::validate_metadata(corpus::plans(), false).unwrap();
}
