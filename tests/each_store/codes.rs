//! How codes are made, typed and spent.
//! These hold on every store.

use super::on_each_store;
use crate::support::cli::{FREE, PHONE, Ran, wrong_codes};

#[test]
fn five_wrong_codes_burn_the_code() {
    on_each_store("", |machine| {
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
fn a_code_is_used_once() {
    on_each_store("", |machine| {
        let code = machine.send(PHONE);
        machine.verify(PHONE, &code).exits(0);
        let again = machine.verify(PHONE, &code).exits(11).json();
        assert_eq!((&again["result"], &again["reason"]), (&"no_code".into(), &"used".into()));
        assert_eq!(again["failures_consecutive"], 0);
    });
}

#[test]
fn a_phone_without_a_code_is_an_answer() {
    on_each_store("", |machine| {
        let ran = machine.verify(PHONE, "123456");
        let answer = ran.exits(11).json();
        assert_eq!((&answer["result"], &answer["reason"]), (&"no_code".into(), &"never_issued".into()));
        assert_eq!(ran.stderr, "");
        let ran = machine.run(&["verify", PHONE, "123456"]);
        assert!(!ran.exits(11).words().contains("panicked"), "{ran:?}");
    });
}

#[test]
fn a_code_of_another_phone_is_a_wrong_code() {
    on_each_store(FREE, |machine| {
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
fn a_code_dies_with_its_user() {
    on_each_store("", |machine| {
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
fn a_code_ends_with_its_time() {
    on_each_store("", |machine| {
        let code = machine.run(&["send", PHONE, "--ttl", "1s"]).exits(0).sms_code();
        std::thread::sleep(std::time::Duration::from_millis(1200));
        let answer = machine.verify(PHONE, &code).exits(11).json();
        assert_eq!(answer["reason"], "expired");
        assert_eq!(answer["failures_consecutive"], 0);
    });
}

#[test]
fn spellings_of_a_code_are_one_code() {
    on_each_store(FREE, |machine| {
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
fn nothing_to_revoke_is_no_failure() {
    on_each_store(FREE, |machine| {
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
fn nothing_is_not_a_code() {
    on_each_store("", |machine| {
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

/// What a hint says to type works as it is, with the code behind it, and names the phone no more than the caller did.
#[test]
fn a_hint_can_be_pasted() {
    on_each_store(FREE, |machine| {
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
