//! A send that is asked for again under its key, and another file's limits on the same store.
//! These hold on every store.

use std::time::Duration;

use super::on_each_store;
use crate::support::cli::{FREE, Machine, PHONE, wrong_codes};

/// How a program answers to a message: by its exit status, and an id or none.
const ENDS: [(&str, &str); 4] =
    [("refuses", "echo no >&2; exit 1"), ("accepts", "exit 0"), ("names", "echo m-1; exit 0"), ("hangs", "kill -9 $$")];

/// A machine whose route is these programs, in this order; each notes the code that it was given.
fn routed(machine: &Machine, route: &[&str]) {
    let mut providers = String::new();
    for (name, end) in ENDS {
        let note = "sed 's/.*\"code\":\"\\([0-9]*\\)\".*/\\1/' >>codes";
        let script = machine.program(name, &format!("{note}; {end}"));
        providers.extend([&format!("[providers.{name}]\nkind = \"command\"\nargv = [\"{script}\"]\n")[..]]);
    }
    let names = route.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
    let route = format!("[routes]\ndefault = [{names}]\n");
    machine.configure(&format!("{FREE}[policy]\ncountries = [\"IN\"]\n{providers}{route}"));
}

fn codes(machine: &Machine) -> Vec<String> {
    let text = std::fs::read_to_string(machine.path("codes")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn a_repeated_send_is_told_how_the_first_one_ended_whatever_happened_since() {
    let routes: [(&[&str], i32); 6] = [
        (&["accepts"], 0),
        (&["refuses", "accepts"], 0),
        (&["refuses", "names"], 0),
        (&["hangs"], 27),
        (&["refuses", "hangs"], 27),
        (&["refuses"], 25),
    ];
    on_each_store("", |machine| {
        let mut sent = Vec::new();
        for (turn, (route, exit)) in routes.into_iter().enumerate() {
            routed(machine, route);
            for (place, since) in ["live", "used", "revoked", "superseded", "exhausted", "expired"].iter().enumerate() {
                let phone = format!("+91987654{turn}{place}10");
                let plain = ["send", &phone, "--ttl", if *since == "expired" { "1s" } else { "60s" }, "--json"];
                let words = [&plain[..], &["--idempotency-key", &phone]].concat();
                machine.run(&words).exits(exit);
                let code = codes(machine).pop().unwrap();
                let wrong = wrong_codes(&code).next().unwrap();
                match *since {
                    "used" => drop(machine.verify(&phone, &code)),
                    "revoked" => drop(machine.run(&["revoke", &phone])),
                    "superseded" => drop(machine.run(&["issue", &phone])),
                    "exhausted" => (0..5).for_each(|_| drop(machine.verify(&phone, &wrong))),
                    _ => {}
                }
                let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
                sent.push((route, exit, *since, words));
            }
        }
        // By then every code is over that was to be.
        std::thread::sleep(Duration::from_millis(1100));
        for (route, exit, since, words) in sent {
            routed(machine, route);
            let expected = if exit == 27 && since == "used" { 0 } else { exit };
            let before = codes(machine).len();
            let again = machine.run(&words);
            again.exits(expected);
            let sent = codes(machine).len() - before;
            if exit == 25 {
                assert!(sent > 0, "what was refused is tried again: {route:?}, {since}");
                continue;
            }
            assert_eq!(sent, 0, "no second SMS: {route:?}, {since}");
            let document = if expected == 0 { again.json() } else { again.error() };
            assert_eq!(document["replayed"], true, "{route:?}, {since}: {document}");
        }
    });
}

#[test]
fn a_key_makes_no_second_sms_however_many_codes_and_keys_come_after_it() {
    on_each_store("", |machine| {
        routed(machine, &["accepts"]);
        let words = ["send", PHONE, "--ttl", "1s", "--idempotency-key", "first", "--json"];
        let first = machine.run(&words).exits(0).json();
        std::thread::sleep(Duration::from_millis(1100));
        for purpose in 0..16 {
            machine.run(&["issue", PHONE, "--purpose", &format!("p{purpose}")]).exits(0);
        }
        for key in 0..18 {
            machine.run(&["send", PHONE, "--purpose", "p1", "--idempotency-key", &format!("key {key}")]).exits(0);
        }
        let sent = codes(machine).len();
        let again = machine.run(&words).exits(0).json();
        assert_eq!((&again["challenge_id"], &again["replayed"]), (&first["challenge_id"], &true.into()), "{again}");
        for field in ["provider", "state", "created_at", "expires_at", "purpose", "user"] {
            assert_eq!(again[field], first[field], "{field}");
        }
        for key in 0..18 {
            machine.run(&["send", PHONE, "--purpose", "p1", "--idempotency-key", &format!("key {key}")]).exits(0);
        }
        assert_eq!(codes(machine).len(), sent, "no SMS of any of them");
    });
}
