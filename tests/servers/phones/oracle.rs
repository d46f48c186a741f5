//! Python's `phonenumbers`: the questions that it is asked, and its answers.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

const INSTALL: &str = "`scripts/test` installs Python's `phonenumbers`, or name a Python that has it in OTPCTL_PYTHON";

/// A number as it is typed, and what libphonenumber makes of it.
#[derive(Debug)]
pub struct Line {
    /// The country of whoever types, or empty.
    pub home: String,
    /// What is typed.
    pub typed: String,
    /// What it is, or the kind of error.
    pub number: Result<Answer, String>,
    /// What it is with 00 for a plus: the E.164 form of a valid number that is read back as the same, or empty.
    pub zeros: String,
}

/// A number that could be read.
#[derive(Debug)]
pub struct Answer {
    pub calling_code: u16,
    pub national: String,
    /// Empty where it is no country's.
    pub country: String,
    pub kind: String,
    pub length: String,
    /// Empty if it is not valid.
    pub e164: String,
    /// Whether its E.164 form is read back as the same number.
    pub is_stable: bool,
}

/// Runs a script in the Python that has the pinned `phonenumbers`, and gives what it prints.
pub fn python(script: &str, arguments: &[&str], input: &str) -> String {
    let python = crate::servers::python::python();
    let mut child = Command::new(&python)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(script))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}: {INSTALL}", python.display()));
    // The script reads everything before it answers. Where it cannot even start, its own message has told why.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{script} failed: {INSTALL}");
    String::from_utf8(output.stdout).unwrap()
}

/// Asks the oracle, of the version that the plans were made from.
pub fn ask(arguments: &[&str], input: &str) -> Vec<Line> {
    let answers = python("tests/servers/phones/oracle.py", arguments, input);
    let (version, lines) = answers.split_once('\n').unwrap();
    let pinned = include_str!("requirements.txt").trim();
    assert_eq!(format!("phonenumbers=={version}"), pinned, "another version has other data: {INSTALL}");
    lines.split('\n').filter(|line| !line.is_empty()).map(line).collect()
}

fn line(line: &str) -> Line {
    let fields: Vec<&str> = line.split('\t').collect();
    let [home, typed, error, code, national, country, kind, length, e164, stable, zeros] = fields[..] else {
        panic!("the oracle said {line:?}");
    };
    let answer = || Answer {
        calling_code: code.parse().unwrap(),
        national: national.to_owned(),
        country: if country == "001" { String::new() } else { country.to_owned() },
        kind: kind.to_owned(),
        length: length.to_owned(),
        e164: e164.to_owned(),
        is_stable: stable == "stable",
    };
    Line {
        home: home.to_owned(),
        typed: typed.to_owned(),
        number: if error.is_empty() { Ok(answer()) } else { Err(error.to_owned()) },
        zeros: zeros.to_owned(),
    }
}
