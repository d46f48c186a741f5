//! How codes are made, typed and spent.

use std::collections::BTreeSet;

use otpctl::app::OsRandom;
use otpctl::otp::{Alphabet, CodeSpec};

use super::support::cli::{Machine, both_stores, wrong_codes};

const PHONE: &str = "+919876543210";
/// No limit on sends.
const FREE: &str = "[limits]\ncooldown = []\nper_phone = { \"1h\" = 100 }\nper_prefix = {}\nper_country = {}\n";

/// The statistic of how far counts are from all being equal.
fn chi_square(counts: &[u32]) -> f64 {
    let expected =
        counts.iter().map(|count| f64::from(*count)).sum::<f64>() / f64::from(u32::try_from(counts.len()).unwrap());
    counts.iter().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum()
}

#[test]
fn t01_a_million_codes_are_uniform() {
    let spec = CodeSpec { alphabet: Alphabet::named("digits").unwrap(), length: 6 };
    let mut positions = [[0_u32; 10]; 6];
    let mut pairs = vec![[0_u32; 100]; 5];
    for _ in 0..1_000_000 {
        let code = spec.draw(&OsRandom).unwrap();
        let digits: Vec<usize> = code.expose().bytes().map(|byte| usize::from(byte - b'0')).collect();
        for (position, digit) in digits.iter().enumerate() {
            positions[position][*digit] += 1;
        }
        for (position, pair) in digits.windows(2).enumerate() {
            pairs[position][pair[0] * 10 + pair[1]] += 1;
        }
    }
    // What chance exceeds once in a million: of chi-square with 9 and with 99 degrees of freedom.
    for (position, counts) in positions.iter().enumerate() {
        assert!(chi_square(counts) < 45.1, "digit {position}: {counts:?}");
    }
    for (position, counts) in pairs.iter().enumerate() {
        assert!(chi_square(counts) < 180.8, "digits from {position}: {counts:?}");
    }
}

#[test]
fn t01_processes_of_one_moment_make_different_codes() {
    let runs: Vec<Vec<String>> =
        (0..8).map(|last| vec!["issue".to_owned(), format!("+9198765432{last}0"), "--json".to_owned()]).collect();
    let codes = Machine::new().at_once(&runs);
    let different: BTreeSet<String> = codes.iter().map(|ran| ran.exits(0).json()["code"].to_string()).collect();
    // Two of eight are equal by chance once in 36 000 runs; three, never.
    assert!(different.len() >= 7, "{different:?}");
}

#[test]
fn t02_a_code_has_six_digits_unless_weak_ones_are_allowed() {
    let machine = Machine::new();
    let code = machine.send(PHONE);
    assert!(code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()), "{code}");

    machine.configure("[code]\nlength = 5\n");
    let error = machine.run(&["send", "+919876543211", "--json"]).exits(30).error();
    assert!(error["message"].as_str().unwrap().contains("20 bits"), "{error}");
    machine.configure("[code]\nlength = 5\nallow_weak = true\n");
    assert_eq!(machine.send("+919876543211").len(), 5);
}

#[test]
fn t03_leading_zeros_belong_to_the_code() {
    let machine =
        Machine::with("[[test_numbers]]\nphone = \"+12025550100\"\ncode = \"004217\"\nvalid_until = 2099-01-01\n");
    machine.run(&["send", "+12025550100"]).exits(0);
    machine.verify("+12025550100", "4217").exits(2);
    machine.verify("+12025550100", "4217  ").exits(2);
    let answer = machine.verify("+12025550100", "004217").exits(0).json();
    assert_eq!((&answer["result"], &answer["failures_consecutive"]), (&"ok".into(), &0.into()));

    let spec = CodeSpec { alphabet: Alphabet::named("digits").unwrap(), length: 6 };
    let zeros = (0..10_000).filter(|_| spec.draw(&OsRandom).unwrap().expose().starts_with('0')).count();
    // A tenth, less or more than five standard deviations.
    assert!((850..=1150).contains(&zeros), "{zeros} of 10 000");
}

#[test]
fn t05_five_wrong_codes_burn_the_code() {
    both_stores("", |machine| {
        let right = machine.send(PHONE);
        for (tried, wrong) in wrong_codes(&right).take(5).enumerate() {
            let answer = machine.verify(PHONE, &wrong);
            let answer = answer.exits(if tried < 4 { 10 } else { 12 }).json();
            assert_eq!(answer["attempts_left"], 4 - tried);
            assert_eq!(answer["failures_consecutive"], tried + 1);
        }
        let answer = machine.verify(PHONE, &right).exits(12).json();
        assert_eq!(answer["result"], "locked");
        assert_eq!(answer["reason"], "attempts_exhausted");
        assert_eq!(answer["failures_consecutive"], 5, "a try that is not looked at is none");
    });
}

#[test]
fn t10_a_code_is_used_once() {
    both_stores("", |machine| {
        let code = machine.send(PHONE);
        machine.verify(PHONE, &code).exits(0);
        let again = machine.verify(PHONE, &code).exits(11).json();
        assert_eq!((&again["result"], &again["reason"]), (&"no_code".into(), &"used".into()));
        assert_eq!(again["failures_consecutive"], 0);
    });
}

#[test]
fn t12_a_phone_without_a_code_is_an_answer() {
    both_stores("", |machine| {
        let ran = machine.verify(PHONE, "123456");
        let answer = ran.exits(11).json();
        assert_eq!((&answer["result"], &answer["reason"]), (&"no_code".into(), &"never_issued".into()));
        assert_eq!(ran.stderr, "");
        let ran = machine.run(&["verify", PHONE, "123456"]);
        assert!(!ran.exits(11).words().contains("panicked"), "{ran:?}");
    });
}

#[test]
fn t15_a_code_of_another_phone_is_a_wrong_code() {
    both_stores(FREE, |machine| {
        let (ours, theirs) = (PHONE, "+919876543211");
        let code = machine.send(ours);
        let other = loop {
            let other = machine.send(theirs);
            if other != code {
                break other;
            }
        };
        let answer = machine.verify(theirs, &code).exits(10).json();
        assert_eq!(answer["failures_consecutive"], 1);
        let answer = machine.verify(ours, &code).exits(0).json();
        assert_eq!(answer["attempts_left"], 5, "no try of it was spent");
        machine.verify(theirs, &other).exits(0);
    });
}
