//! What a code is bound to: the key that signed it, the phone, its users, the source that it came from.
//! These need no server.

use std::sync::Mutex;

use otpctl::otp::{Alphabet, CodeSpec, Randomness, RandomnessFailed};

use crate::support::cli::{FREE, Machine, PHONE, wrong_codes};

/// Gives these bytes first, and then zeros.
struct Stream(Mutex<Vec<u8>>);

impl Stream {
    fn of(bytes: &[u8]) -> Self {
        Self(Mutex::new(bytes.iter().rev().copied().collect()))
    }
}

impl Randomness for Stream {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomnessFailed> {
        let mut bytes = self.0.lock().unwrap();
        for byte in buffer {
            *byte = bytes.pop().unwrap_or(0);
        }
        Ok(())
    }
}

#[test]
fn bytes_beyond_the_last_whole_run_are_thrown_away() {
    let spec = |length, name| CodeSpec { alphabet: Alphabet::named(name).unwrap(), length };
    let drawn = |bytes: &[u8]| spec(6, "digits").draw(&Stream::of(bytes)).unwrap().expose().to_owned();
    assert_eq!(drawn(&[250, 251, 252, 253, 254, 255, 7, 18, 29, 249, 10, 1]), "789901");
    assert_eq!(drawn(&[255; 64]), "000000", "rejected, however many");
    let hex = spec(4, "hex").draw(&Stream::of(&[255, 254, 16, 0])).unwrap();
    assert_eq!(hex.expose(), "FE00", "where the alphabet divides 256 nothing is thrown away");
}

#[test]
fn over_all_streams_each_digit_is_as_likely() {
    let spec = CodeSpec { alphabet: Alphabet::named("digits").unwrap(), length: 1 };
    let mut counts = [0_u32; 10];
    for first in 0..=255 {
        for second in 0..=255 {
            // Both rejected: the zeros behind them are no part of the count.
            if first >= 250 && second >= 250 {
                continue;
            }
            let code = spec.draw(&Stream::of(&[first, second])).unwrap();
            counts[usize::from(code.expose().as_bytes()[0] - b'0')] += 1;
        }
    }
    assert_eq!(counts, [25 * 256 + 6 * 25; 10]);
}

#[test]
fn a_protected_file_has_no_test_numbers() {
    let machine = Machine::with(
        "protected = true\n[[test_numbers]]\nphone = \"+12025550100\"\ncode = \"424242\"\nvalid_until = 2099-01-01\n",
    );
    let config = machine.config().display().to_string();
    let error = machine.run(&["send", "+12025550100", "--config", &config, "--yes", "--json"]).exits(30).error();
    assert!(error["message"].as_str().unwrap().contains("test_numbers"), "{error}");
    machine.run(&["verify", "+12025550100", "424242", "--config", &config, "--yes"]).exits(30);
}

#[test]
fn a_rotated_pepper_verifies_and_a_missing_one_is_no_wrong_code() {
    let pepper = |id: &str| format!("{{ id = \"{id}\", value = \"a pepper of at least 32 characters, {id}\" }}");
    let settings = |peppers: &[&str]| {
        let peppers: Vec<String> = peppers.iter().map(|id| pepper(id)).collect();
        format!("{FREE}[code]\npeppers = [{}]\n", peppers.join(", "))
    };
    let machine = Machine::with(&settings(&["old"]));
    let code = machine.send(PHONE);
    machine.configure(&settings(&["new"]));
    for typed in [code.clone(), wrong_codes(&code).next().unwrap()] {
        let error = machine.verify(PHONE, &typed).exits(24).error();
        assert_eq!((&error["code"], &error["outcome"]), (&"STORE_DATA".into(), &"not_done".into()));
        assert!(error["message"].as_str().unwrap().contains("old"), "it names the key that is missing: {error}");
    }
    machine.configure(&settings(&["new", "old"]));
    let typed = wrong_codes(&code).next().unwrap();
    assert_eq!(machine.verify(PHONE, &typed).exits(10).json()["failures_consecutive"], 1, "none was counted before");
    machine.verify(PHONE, &code).exits(0);
    let code = machine.send(PHONE);
    machine.configure(&settings(&["new"]));
    machine.verify(PHONE, &code).exits(0);
}
