//! Frappe, as the module of "Phone and OTP Auth For Frappe" uses its cache, and as `set_value` does.

use super::{Application, FREE, PHONE, issue, machine, reason};

const KEY: &str = "otp:+919876543210";

#[test]
fn a_code_of_the_module_is_checked_here_and_gone_for_it() {
    let machine = machine("layout = \"frappe\"");
    let app = Application(&machine, "frappe");
    app.issues("0421");
    let seen = machine.inspect(PHONE);
    assert_eq!(seen["live_code"]["state"], "issued");
    assert!(seen["live_code"]["expires_in_seconds"].as_u64().unwrap() > 290);
    assert!(!seen.to_string().contains("0421"), "no code is shown");
    let checks: Vec<&str> = seen["checks"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(checks, ["layout", "plaintext_codes"]);
    machine.verify(PHONE, "0422").exits(10);
    assert_eq!(app.says("0421"), "right", "the module's own check, which deletes another key");
    assert_eq!(app.says("0421"), "right", "so it takes the code for ever");
    machine.verify(PHONE, "0421").exits(0);
    assert_eq!(app.says("0421"), "none", "and now it is gone");
    assert_eq!(reason(machine.verify(PHONE, "0421").exits(11)), "used");
}

#[test]
fn a_code_made_here_is_taken_by_the_module() {
    let machine = machine("layout = \"frappe\"");
    let app = Application(&machine, "frappe");
    let code = issue(&machine);
    assert_eq!(code.len(), 6);
    assert_eq!(app.says("000000"), if code == "000000" { "right" } else { "wrong" });
    assert_eq!(app.says(&code), "right");
    let ttl: i64 = machine.redis().cli(&["PTTL", KEY]).parse().unwrap();
    assert!((290_000..=300_000).contains(&ttl), "{ttl}");
    machine.run(&["revoke", PHONE]).exits(0);
    assert_eq!(app.says(&code), "none");
    machine.configure(&format!("{FREE}\n[code]\nlength = 4\nallow_weak = true\n"));
    assert_eq!(issue(&machine).len(), 4, "as its form takes them");
}

#[test]
fn an_sms_that_is_refused_leaves_no_code() {
    let machine = machine("layout = \"frappe\"");
    let settings = "[policy]\ncountries = [\"IN\"]\n[routes]\ndefault = [\"no\"]\n[providers.no]\nkind = \"command\"\nargv = [\"false\"]\n";
    machine.configure(&format!("{FREE}{settings}"));
    Application(&machine, "frappe").issues("0421");
    machine.run(&["send", PHONE]).exits(25);
    assert_eq!(machine.redis().cli(&["EXISTS", KEY]), "0");
}

#[test]
fn guesses_are_counted_although_the_module_counts_none() {
    let machine = machine("layout = \"frappe\"");
    let app = Application(&machine, "frappe");
    for round in 1..=2 {
        app.issues("0421");
        for guess in 1..=4 {
            machine.verify(PHONE, &format!("999{guess}")).exits(10);
        }
        machine.verify(PHONE, "9999").exits(12);
        assert_eq!(app.says("0421"), "none", "its tries are used up, for the module too");
        assert_eq!(machine.inspect(PHONE)["lock"].is_null(), round == 1);
    }
    app.issues("0421");
    let locked = machine.verify(PHONE, "0421");
    assert_eq!(reason(locked.exits(12)), "timed_lock");
    machine.run(&["unlock", PHONE]).exits(0);
    machine.verify(PHONE, "0421").exits(0);
}

#[test]
fn a_code_that_the_module_removed_is_told() {
    let machine = machine("layout = \"frappe\"");
    let code = issue(&machine);
    machine.redis().cli(&["DEL", KEY]);
    assert_eq!(reason(machine.verify(PHONE, &code).exits(11)), "used");
    assert_eq!(machine.inspect(PHONE)["live_code"], serde_json::Value::Null);
}

#[test]
fn a_code_without_a_lifetime_is_a_finding() {
    let machine = machine("layout = \"frappe\"");
    machine.redis().cli(&["SET", KEY, "0421"]);
    assert_eq!(reason(machine.verify(PHONE, "0421").exits(11)), "expired");
    let checks = machine.inspect(PHONE)["checks"].to_string();
    assert!(checks.contains("code_without_lifetime"), "{checks}");
    assert!(machine.run(&["revoke", PHONE]).exits(0).stdout.contains("Revoked 1 code"));
    assert_eq!(machine.redis().cli(&["EXISTS", KEY]), "0");
}

#[test]
fn another_type_is_no_wrong_code() {
    let machine = machine("layout = \"frappe\"");
    for (key, words) in [(KEY, &["LPUSH", KEY, "0421"][..]), (KEY, &["HSET", KEY, "otp", "0421"])] {
        machine.redis().cli(words);
        for command in [&["verify", PHONE, "0421"][..], &["inspect", PHONE], &["issue", PHONE]] {
            let ran = machine.run(command);
            assert!(ran.exits(24).stderr.contains("the key `otp:{phone}` does not match the layout"), "{ran:?}");
            assert!(!ran.words().contains("0421"), "{ran:?}");
        }
        machine.redis().cli(&["DEL", key]);
    }
    issue(&machine);
    assert_eq!(machine.verify(PHONE, "1111").json()["failures_consecutive"], 1, "none of them counted");
}

#[test]
fn phones_that_only_the_application_knows_are_listed() {
    let machine = machine("layout = \"frappe\"");
    let redis = machine.redis();
    for n in 0..20 {
        redis.cli(&["SET", &format!("otp:+9198765432{n:02}"), "0421", "EX", "300"]);
    }
    for strange in ["otp:attempts:+919876543210", "otp:+91 98765", "otp:*", "xotp:+919876543210"] {
        redis.cli(&["SET", strange, "1", "EX", "300"]);
    }
    machine.verify("+919876543201", "1111").exits(10);
    let rows = machine.run(&["list", "--json", "--limit", "7", "--unmask"]).exits(0).json();
    assert_eq!(rows["codes"].as_array().unwrap().len(), 7);
    let mut phones = Vec::new();
    let mut cursor = None::<String>;
    loop {
        let mut words = vec!["list", "--json", "--limit", "7", "--unmask"];
        words.extend(cursor.iter().flat_map(|cursor| ["--cursor", cursor]));
        let page = machine.run(&words).exits(0).json();
        phones.extend(page["codes"].as_array().unwrap().iter().map(|row| row["phone"].as_str().unwrap().to_owned()));
        cursor = page["next_cursor"].as_str().map(str::to_owned);
        if cursor.is_none() {
            break;
        }
    }
    phones.sort();
    let all: Vec<String> = (0..20).map(|n| format!("+9198765432{n:02}")).collect();
    assert_eq!(phones, all, "each once");
}

#[test]
fn what_set_value_pickled_is_read_and_written() {
    let layout = "[store.redis.layout]\nkey = \"_5e5899d8398b5f7b|otp_login:{phone}\"\ntype = \"pickle\"\nfield = \"otp\"\n\
                  attempts_field = \"attempts\"\nlength = 4\n";
    let machine = machine(layout);
    let app = Application(&machine, "frappe_value");
    app.issues("0421");
    machine.verify(PHONE, "1111").exits(10);
    assert_eq!(app.does("attempts", ""), "1", "the application reads what was counted here");
    assert_eq!(app.says("0421"), "right");
    machine.verify(PHONE, "0421").exits(0);
    assert_eq!(app.says("0421"), "none");
    assert_eq!(app.does("issue-number", "0421"), "done");
    machine.verify(PHONE, "0421").exits(0);
    let code = issue(&machine);
    assert_eq!(app.says(&code), "right");
    assert_eq!(app.does("attempts", ""), "0");
}

#[test]
fn our_keys_beside_the_application_s_are_known_by_the_check_of_the_store() {
    let machine = machine("layout = \"frappe\"");
    machine.run(&["user", "link", "asha", PHONE]).exits(0);
    issue(&machine);
    let found = |words: &[&str]| {
        let document = machine.run(&[words, &["--json"]].concat()).exits(0).json();
        let ids = document["findings"].as_array().unwrap().iter();
        (ids.map(|one| one["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>(), document["ours"].as_u64().unwrap())
    };
    assert_eq!(
        found(&["store", "check"]),
        (vec!["plaintext_code".to_owned()], 6),
        "record, users, links, timeline, phones, feed"
    );
    found(&["store", "purge", "--yes"]);
    assert_eq!(machine.redis().cli(&["EXISTS", KEY]), "1", "nobody named it");
    // Under another layout a record of this phone lies elsewhere.
    machine.redis().cli(&["SET", "otpctl:{otp:nobody}:record", "{}"]);
    assert_eq!(found(&["store", "check"]).0, ["unknown_key", "plaintext_code"]);
}
