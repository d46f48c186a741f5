//! How codes are made, typed and spent.
//! These need no server.

use std::collections::BTreeSet;

use otpctl::app::OsRandom;
use otpctl::otp::{Alphabet, CodeSpec};

use crate::support::cli::{Machine, PHONE};
use crate::support::port::closed_port;

/// The statistic of how far counts are from all being equal.
fn chi_square(counts: &[u32]) -> f64 {
    let expected =
        counts.iter().map(|count| f64::from(*count)).sum::<f64>() / f64::from(u32::try_from(counts.len()).unwrap());
    counts.iter().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum()
}

#[test]
fn a_million_codes_are_uniform() {
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
fn processes_of_one_moment_make_different_codes() {
    let runs: Vec<Vec<String>> =
        (0..8).map(|last| vec!["issue".to_owned(), format!("+9198765432{last}0"), "--json".to_owned()]).collect();
    let codes = Machine::new().at_once(&runs);
    let different: BTreeSet<String> = codes.iter().map(|ran| ran.exits(0).json()["code"].to_string()).collect();
    // Two of eight are equal by chance once in 36 000 runs; three, never.
    assert!(different.len() >= 7, "{different:?}");
}

#[test]
fn a_code_has_six_digits_unless_weak_ones_are_allowed() {
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
fn leading_zeros_belong_to_the_code() {
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
fn no_command_takes_a_code_alone() {
    let machine = Machine::with("region = \"IN\"\n");
    let code = machine.send(PHONE);
    let alone =
        [&["verify"] as &[&str], &["verify", &code], &["inspect", &code], &["revoke", &code], &["unlock", &code]];
    for words in alone {
        machine.run(words).exits(2);
    }
    machine.stdin(&["verify"], code.as_bytes()).exits(2);
    for flag in ["--code", "--otp", "--token"] {
        machine.run(&["verify", flag, &code]).exits(2);
        machine.run(&["inspect", flag, &code]).exits(2);
    }
    let answer = machine.verify(PHONE, &code).exits(0).json();
    assert_eq!(answer["attempts_left"], 5, "none of it was a try");
}

#[test]
fn a_code_of_another_length_does_not_reach_the_store() {
    let machine = Machine::new();
    let pepper = machine.write("pepper", crate::support::cli::PEPPER);
    machine.configure(&format!(
        "[store.redis]\nurl = \"redis://127.0.0.1:{}\"\n[code]\npeppers = [{{ id = \"1\", file = {pepper:?} }}]\n",
        closed_port()
    ));
    for code in ["1", "12345", "1234567", "123456 7", "1234 5", "12345678901234567890"] {
        let error = machine.verify(PHONE, code).exits(2).error();
        assert_eq!(error["outcome"], "not_done");
        machine.stdin(&["verify", PHONE], code.as_bytes()).exits(2);
    }
    machine.run(&["verify", "12345", "123456"]).exits(2);
    // What could be a code needs the store, and the store is not there.
    machine.verify(PHONE, "123456").exits(20);
}
