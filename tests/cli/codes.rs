//! How codes are made, typed and spent.

use std::collections::BTreeSet;

use otpctl::app::OsRandom;
use otpctl::otp::{Alphabet, CodeSpec};

use super::support::cli::{Machine, Ran, both_stores, wrong_codes};
use super::support::redis::free_port;
use super::{FREE, PHONE};

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

#[test]
fn t13_a_user_who_is_not_there_gets_no_code() {
    let machine = Machine::on_redis("[providers.outbox]\npath = \"outbox.jsonl\"\n");
    let error = machine.run(&["send", PHONE, "--user", "nosuch", "--json"]).exits(14).error();
    assert!(error["message"].as_str().unwrap().contains("nosuch"), "{error}");
    machine.run(&["send", "user:nosuch"]).exits(14);
    assert_eq!(machine.redis().cli(&["DBSIZE"]), "0");
    assert!(machine.outbox().is_empty());
}

#[test]
fn t13_a_code_dies_with_its_user() {
    both_stores("", |machine| {
        machine.run(&["user", "link", "u_1", PHONE]).exits(0);
        let sent = machine.run(&["send", PHONE, "--user", "u_1"]);
        let code = sent.exits(0).sms_code();
        machine.run(&["user", "unlink", "u_1", PHONE]).exits(0);
        machine.verify(PHONE, &code).exits(14);
        // The same user again is another link, and the code stays dead.
        machine.run(&["user", "link", "u_1", PHONE]).exits(0);
        let answer = machine.verify(PHONE, &code).exits(11).json();
        assert_eq!(answer["reason"], "superseded");
        assert_eq!(answer["failures_consecutive"], 0);
    });
}

#[test]
fn t16_no_command_takes_a_code_alone() {
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
fn t17_a_code_ends_with_its_time() {
    both_stores("", |machine| {
        let code = machine.run(&["send", PHONE, "--ttl", "1s"]).exits(0).sms_code();
        std::thread::sleep(std::time::Duration::from_millis(1200));
        let answer = machine.verify(PHONE, &code).exits(11).json();
        assert_eq!(answer["reason"], "expired");
        assert_eq!(answer["failures_consecutive"], 0);
    });
}

#[test]
fn t19_spellings_of_a_code_are_one_code() {
    both_stores(FREE, |machine| {
        let code = machine.send(PHONE);
        let (first, last) = code.split_at(3);
        let [full_width, arabic] = [0xFF10, 0x0660].map(|zero| {
            let digit = |byte: u8| char::from_u32(zero + u32::from(byte - b'0')).unwrap();
            code.bytes().map(digit).collect::<String>()
        });
        for refused in [
            full_width,
            arabic,
            format!("{first}\u{a0}{last}"),
            format!("\u{a0}{code}"),
            format!("{first}  {last}"),
            format!("{first} -{last}"),
            format!("{first}\u{2013}{last}"),
            format!("{first}.{last}"),
            format!("{} {} {}", &code[..2], &code[2..4], &code[4..]),
            format!("{code}-"),
            format!("\t{code}"),
        ] {
            machine.run(&["verify", "--json", PHONE, "--", &refused]).exits(2);
            machine.stdin(&["verify", "--json", PHONE], refused.as_bytes()).exits(2);
        }
        let wrong = wrong_codes(&code).next().unwrap();
        let (first, last) = wrong.split_at(3);
        let spellings = [format!("  {wrong} "), format!("{first} {last}"), format!("{first}-{last}")];
        for (tried, spelling) in spellings.iter().enumerate() {
            let answer = machine.verify(PHONE, spelling).exits(10).json();
            assert_eq!(answer["failures_consecutive"], tried + 1, "each spelling is a try");
        }
        let (first, last) = code.split_at(3);
        machine.verify(PHONE, &format!(" {first}-{last} ")).exits(0);
        let code = machine.send(PHONE);
        machine.stdin(&["verify", PHONE], format!(" {code}\r\n").as_bytes()).exits(0);
    });
}

#[test]
fn t20_nothing_to_revoke_is_no_failure() {
    both_stores(FREE, |machine| {
        let revoked = |ran: &Ran| ran.exits(0).json()["revoked"].clone();
        assert_eq!(revoked(&machine.run(&["revoke", PHONE, "--json"])), 0);
        let error = machine.run(&["revoke", PHONE, "--must-exist", "--json"]).exits(14).error();
        assert_eq!(error["code"], "NOT_FOUND");
        let code = machine.send(PHONE);
        assert_eq!(revoked(&machine.run(&["revoke", PHONE, "--must-exist", "--json"])), 1);
        assert_eq!(revoked(&machine.run(&["revoke", PHONE, "--json"])), 0);
        machine.run(&["revoke", PHONE, "--must-exist"]).exits(14);
        let answer = machine.verify(PHONE, &code).exits(11).json();
        assert_eq!(answer["reason"], "revoked");
    });
}

#[test]
fn t21_nothing_is_not_a_code() {
    both_stores("", |machine| {
        let code = machine.send(PHONE);
        for nothing in ["", " ", "     ", "      ", "null", "\t", "nil", "undefined"] {
            machine.verify(PHONE, nothing).exits(2);
            machine.stdin(&["verify", PHONE], nothing.as_bytes()).exits(2);
            machine.stdin(&["verify", PHONE, "-"], format!("{nothing}\n").as_bytes()).exits(2);
        }
        let answer = machine.verify(PHONE, &code).exits(0).json();
        assert_eq!(answer["attempts_left"], 5, "none of it was a try");
    });
}

#[test]
fn t22_a_code_of_another_length_does_not_reach_the_store() {
    let machine = Machine::new();
    let pepper = machine.write("pepper", super::support::cli::PEPPER);
    machine.configure(&format!(
        "[store.redis]\nurl = \"redis://127.0.0.1:{}\"\n[code]\npeppers = [{{ id = \"1\", file = {pepper:?} }}]\n",
        free_port()
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

/// What a hint says to type works as it is, with the code behind it, and names the phone no more than the caller did.
#[test]
fn a_hint_can_be_pasted() {
    both_stores(FREE, |machine| {
        machine.run(&["user", "link", "u 1", PHONE]).exits(0);
        let user = machine.run(&["user", "show", "u 1", "--json"]).exits(0).json();
        let reference = user["phones"][0]["ref"].as_str().unwrap();
        for target in [PHONE, "user:u 1", reference] {
            for purpose in ["login", "payment"] {
                let sent = machine.run(&["send", target, "--purpose", purpose]);
                let code = sent.exits(0).sms_code();
                let hint = sent.stderr.lines().last().unwrap().strip_prefix("hint: otpctl ").expect("a hint");
                // As a shell takes the quotes away.
                let words: Vec<String> = hint.split('\'').enumerate().fold(Vec::new(), |mut words, (part, text)| {
                    match part % 2 {
                        0 => words.extend(text.split_whitespace().map(str::to_owned)),
                        _ => words.push(text.to_owned()),
                    }
                    words
                });
                let ran = machine.run(&[words, vec![code]].concat());
                ran.exits(0);
                assert_eq!(ran.words().contains(PHONE), target == PHONE, "{ran:?}");
            }
        }
    });
}
