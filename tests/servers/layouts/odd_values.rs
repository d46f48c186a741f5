//! What an application keeps and `otpctl` does not understand: it is never taken for a code, never counted as a wrong
//! one, and nothing in the Redis changes.

use super::{Application, PHONE, machine};
use crate::support::cli::{Machine, Ran};

const KEY: &str = "otp:+919876543210";
const CODE: &str = "123456";

/// A document with a field of each kind that a layout can name.
fn document(form: &str) -> Machine {
    machine(&format!(
        "[store.redis.layout]\nkey = \"otp:{{phone}}\"\ntype = \"{form}\"\nfield = \"otp\"\nattempts_field = \"attempts\"\n\
         max_attempts_field = \"max\"\nclosed_field = \"used\"\nexpires_field = \"expires_at\"\ncounts = [\"resends\"]\n"
    ))
}

/// JSON values that no field of the kind can hold.
const TIMES: &[&str] = &[
    "null",
    "true",
    "\"soon\"",
    "\"\"",
    "1.5",
    "-1",
    "-1790000000.5",
    "1e300",
    "1790000000123",
    "[1790000000]",
    "{\"at\":1}",
    "\"2020-01-01T00:00:00\"",
    "\"1790000000\\n\"",
    "\" 1790000000\"",
    "123456789012345678901234567890",
];
const COUNTS: &[&str] = &[
    "null",
    "true",
    "false",
    "\"many\"",
    "\"\"",
    "1.5",
    "-1",
    "1e300",
    "99999999999999999999",
    "[0]",
    "{}",
    "\"0x1\"",
    "\"1 \"",
];
const FLAGS: &[&str] = &["null", "\"yes\"", "\"\"", "0.5", "-1", "[]", "{}", "\"no\"", "\"used\"", "\"0 \""];
const CODES: &[&str] = &[
    "null",
    "true",
    "\"\"",
    "123456.0",
    "-123456",
    "1234567",
    "\"12345\"",
    "\"1234567\"",
    "\"12345x\"",
    "\" 123456\"",
    "\"123456\\n\"",
    "\"123 456\"",
    "\"123456\\u0000\"",
    "[\"123456\"]",
    "{\"code\":\"123456\"}",
    "\"\\uff11\\uff12\\uff13\\uff14\\uff15\\uff16\"",
];
const FIELDS: [(&str, &[&str]); 5] =
    [("expires_at", TIMES), ("attempts", COUNTS), ("max", COUNTS), ("used", FLAGS), ("resends", COUNTS)];

/// Every key with its end and its bytes, as one text.
fn everything(machine: &Machine) -> String {
    let script = "local all = redis.call('KEYS', '*') table.sort(all) \
                  for i, key in ipairs(all) do all[i] = {key, redis.call('PEXPIRETIME', key), redis.sha1hex(redis.call('DUMP', key))} end \
                  return all";
    machine.redis().cli(&["EVAL", script, "0"])
}

/// Each of these commands ends with 24, quotes nothing, and changes nothing.
#[track_caller]
fn is_not_understood(machine: &Machine, kept: &str, commands: &[&[&str]]) {
    let before = everything(machine);
    for command in commands {
        let ran = machine.run(command);
        assert_eq!(ran.code, 24, "{kept}: {ran:?}");
        assert!(ran.stderr.contains("does not match the layout"), "{kept}: {ran:?}");
        let said = ran.words().replace(PHONE, "");
        assert!(!said.contains(CODE), "{kept}: {ran:?}");
    }
    assert_eq!(everything(machine), before, "{kept}: {commands:?}");
}

const RIGHT: &[&str] = &["verify", PHONE, CODE];
static ALL: [&[&str]; 7] = [
    RIGHT,
    &["verify", PHONE, "654321"],
    &["issue", PHONE],
    &["send", PHONE],
    &["revoke", PHONE],
    &["unlock", PHONE],
    &["inspect", PHONE],
];

/// All commands for each third value, and the first for the others.
fn some(nth: usize) -> &'static [&'static [&'static str]] {
    if nth.is_multiple_of(3) { &ALL } else { &ALL[..1] }
}

fn json(machine: &Machine, text: &str) {
    assert_eq!(machine.redis().cli(&["SET", KEY, text, "EX", "300"]), "OK");
}

#[test]
fn a_field_of_json_that_cannot_be_read_is_not_as_good_as_none() {
    let machine = document("json");
    for (field, values) in FIELDS {
        for (nth, value) in values.iter().enumerate() {
            let text = format!("{{\"otp\":\"{CODE}\",\"{field}\":{value}}}");
            json(&machine, &text);
            is_not_understood(&machine, &text, if nth == 0 { &ALL } else { &ALL[..1] });
        }
    }
    for value in CODES {
        let text = format!("{{\"otp\":{value},\"attempts\":0}}");
        json(&machine, &text);
        is_not_understood(&machine, &text, &ALL[..2]);
    }
    for (nth, text) in [
        "{\"otp\":\"654321\",\"otp\":\"123456\"}",
        "{\"otp\":\"123456\",\"used\":true,\"used\":false}",
        "{\"otp\":\"123456\",\"attempts\":5,\"attempts\":0}",
        "{\"otp\":\"123456\",\"expires_at\":NaN}",
        "{\"otp\":\"123456\"} {}",
        "{}",
        "{\"code\":\"123456\"}",
        "[\"123456\"]",
        "\"123456\"",
        "null",
        "",
    ]
    .into_iter()
    .enumerate()
    {
        json(&machine, text);
        is_not_understood(&machine, text, some(nth));
    }
    json(&machine, "{\"otp\":\"123456\"}");
    machine.verify(PHONE, CODE).exits(0);
}

#[test]
fn a_field_of_a_hash_that_cannot_be_read_is_not_as_good_as_none() {
    let machine = document("hash");
    let redis = machine.redis();
    // In a hash all is text.
    let text = |value: &str| serde_json::from_str::<String>(value).unwrap_or_else(|_| value.to_owned());
    let set = |pairs: &[&str]| {
        redis.cli(&["DEL", KEY]);
        redis.cli(&[&["HSET", KEY], pairs].concat());
        redis.cli(&["EXPIRE", KEY, "300"]);
    };
    for (field, values) in FIELDS {
        let more = ["nan", "inf", "None", "0x10", "1e3", "١"];
        let values = values.iter().map(|value| text(value)).chain(more.map(str::to_owned));
        for value in values.filter(|value| field != "used" || !["true", "false"].contains(&value.as_str())) {
            set(&["otp", CODE, field, &value]);
            is_not_understood(&machine, &format!("{field} {value:?}"), &ALL[..1]);
        }
    }
    for value in CODES.iter().map(|value| text(value)).filter(|value| !value.contains('\0')) {
        set(&["otp", &value, "attempts", "0"]);
        is_not_understood(&machine, &format!("otp {value:?}"), &ALL[..2]);
    }
    set(&["code", CODE]);
    is_not_understood(&machine, "another field", &ALL);
}

/// What Python itself writes.
#[test]
fn a_field_of_a_pickle_that_cannot_be_read_is_not_as_good_as_none() {
    let machine = document("pickle");
    let app = Application(&machine, "python");
    for value in [
        "{'otp': '123456', 'expires_at': 1.5}",
        "{'otp': '123456', 'expires_at': float('nan')}",
        "{'otp': '123456', 'expires_at': float('inf')}",
        "{'otp': '123456', 'expires_at': None}",
        "{'otp': '123456', 'expires_at': '2020-01-01T00:00:00'}",
        "{'otp': '123456', 'expires_at': 2 ** 62}",
        "{'otp': '123456', 'attempts': True}",
        "{'otp': '123456', 'attempts': 0.5}",
        "{'otp': '123456', 'attempts': -1}",
        "{'otp': '123456', 'attempts': []}",
        "{'otp': '123456', 'max': {}}",
        "{'otp': '123456', 'used': 'yes'}",
        "{'otp': '123456', 'used': None}",
        "{'otp': '123456', 'resends': 'many'}",
        "{'otp': 123456.0}",
        "{'otp': True, 'attempts': 0}",
        "{'otp': '12345', 'attempts': 0}",
        "{'otp': ['123456'], 'attempts': 0}",
        "{b'otp': '123456', 'attempts': 0}",
        "{}",
        "'123456'",
        "None",
    ] {
        app.does("pickle", value);
        is_not_understood(&machine, value, &ALL[..2]);
    }
}

#[test]
fn a_number_with_a_fraction_that_is_a_whole_one_or_a_time_is_read() {
    for (form, act) in [("json", "json"), ("pickle", "pickle"), ("hash", "hash")] {
        let machine = document(form);
        let app = Application(&machine, "python");
        let verify = |fields: &str, code: i32| {
            app.does(act, &format!("{{'otp': '123456', {fields}}}"));
            machine.verify(PHONE, CODE).exits(code).json()
        };
        for fields in [
            "'expires_at': time.time() + 200",
            "'expires_at': float(int(time.time()) + 200)",
            "'expires_at': str(time.time() + 200)",
            "'attempts': 1.0, 'max': 5.0",
            "'attempts': '1.0'",
            "'used': 0",
            "'used': '0'",
            "'used': 'false'",
            "'resends': 3.0",
        ] {
            verify(fields, 0);
        }
        verify("'expires_at': time.time() - 1", 11);
        verify("'used': 1", 11);
        verify("'attempts': 5.0", 12);
        verify("'attempts': 3.0, 'max': 3", 12);
    }
}

#[test]
fn null_is_nothing_only_where_the_layout_says_so() {
    let machine = machine(
        "[store.redis.layout]\nkey = \"otp:{phone}\"\ntype = \"json\"\nfield = \"otp\"\nclosed_field = \"used_at\"\n\
         expires_field = \"expires_at\"\nnullable = [\"used_at\"]\n",
    );
    json(&machine, "{\"otp\":\"123456\",\"used_at\":null,\"expires_at\":null}");
    is_not_understood(&machine, "expires_at", &ALL);
    json(&machine, "{\"otp\":\"123456\",\"used_at\":1790000000}");
    machine.verify(PHONE, CODE).exits(11);
    json(&machine, "{\"otp\":\"123456\",\"used_at\":null}");
    machine.verify(PHONE, CODE).exits(0);
}

#[test]
fn a_string_that_is_no_code_is_left_alone() {
    let machine = machine("layout = \"sibling-strings\"");
    let redis = machine.redis();
    machine.run(&["user", "link", "asha", PHONE]).exits(0);
    let lua = |text: &str| {
        let script = format!("return redis.call('SET', KEYS[1], {text}, 'EX', 300)");
        assert_eq!(redis.cli(&["EVAL", &script, "1", KEY]), "OK");
    };
    for (nth, text) in [
        "'s:6:\"A1B2C3\";'",
        "'s:6:\"123456\";'",
        "'i:123456;'",
        "'\"123456\"'",
        "'123456:0'",
        "'12345'",
        "'1234567'",
        "' 123456'",
        "'123456\\n'",
        "'123456\\000'",
        "'12345O'",
        "''",
        "'{\"otp\":\"123456\"}'",
        // What Java's ObjectOutputStream, Python's pickle and msgpack make of a string.
        "'\\172\\237\\000\\005t\\000\\006123456'",
        "'\\128\\004\\149\\010\\000\\000\\000\\000\\000\\000\\000\\140\\006123456\\148.'",
        "'\\166123456'",
        "'8d969eef6ecad3c29a3a629280e686cf0c3f5d5a86aff3ca12020c923adc6c92'",
        "'$2b$10$rmYRfkrjMPwrUIsLnLFz9.ZbNuYdiO9SAWxPYTIH1ds.yvO/loMca'",
    ]
    .into_iter()
    .enumerate()
    {
        lua(text);
        is_not_understood(&machine, text, some(nth));
    }
    lua("'123456'");
    for count in ["many", "", "-1", "1.5", "99999999999", "1 ", "\"1\"", "{}"] {
        redis.cli(&["SET", "otp:attempts:+919876543210", count, "EX", "300"]);
        is_not_understood(&machine, count, &ALL);
        // Without a code it is as foreign, and no new code removes it.
        redis.cli(&["RENAME", KEY, "aside"]);
        is_not_understood(&machine, count, &ALL[2..4]);
        redis.cli(&["RENAME", "aside", KEY]);
    }
    for words in [&["RPUSH", "otp:attempts:+919876543210", "1"][..], &["SADD", "otp:sent_cooldown:+919876543210", "1"]]
    {
        redis.cli(&["DEL", words[1]]);
        redis.cli(words);
        is_not_understood(&machine, words[1], &ALL);
        redis.cli(&["DEL", words[1]]);
    }
    machine.verify(PHONE, CODE).exits(0);
}

#[test]
fn what_is_kept_has_the_form_of_its_hash() {
    let sha = "8d969eef6ecad3c29a3a629280e686cf0c3f5d5a86aff3ca12020c923adc6c92";
    let tag = "ee94e24e18eaebb45a8ad19be8043b1bfe3a5ad84e0dd1a6ab7a1ac6c1bf9f7c";
    let crypt = "$2b$04$rmYRfkrjMPwrUIsLnLFz9.ZbNuYdiO9SAWxPYTIH1ds.yvO/loMca";
    for (verifier, secret, good) in
        [("sha256", "", sha), ("hmac-sha256", "secret = \"k\"\n", tag), ("bcrypt", "", crypt)]
    {
        let machine =
            machine(&format!("[store.redis.layout]\nkey = \"otp:{{phone}}\"\nverifier = \"{verifier}\"\n{secret}"));
        let redis = machine.redis();
        let upper = good.to_ascii_uppercase();
        let mut bad = vec![
            CODE.to_owned(),
            String::new(),
            good[..good.len() - 1].to_owned(),
            format!("{good}0"),
            format!("{good}\n"),
            format!(" {good}"),
            format!("\"{good}\""),
            // The same bytes in base64; MD5; SHA-1; SHA-512 cut short.
            "jZae727K08KaOmKSgOaGzww/XVqGr/PKEgIMkjrcbJI=".to_owned(),
            "e10adc3949ba59abbe56e057f20f883e".to_owned(),
            "7c4a8d09ca3762af61e59520943dc26494f8941b".to_owned(),
            "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b4dWRWJTmaaJObG".to_owned(),
            "pbkdf2_sha256$600000$salt$kf9kVh3LPNTsXHO7hvAqSTEQoqaaHPUXXrGIlw3PUFE=".to_owned(),
        ];
        if verifier == "bcrypt" {
            let with = |from: &str, to: &str| crypt.replacen(from, to, 1);
            bad.extend([
                sha.to_owned(),
                with("$2b$", "$2z$"),
                with("$2b$", "$1b$"),
                with("$04$", "$4$"),
                with("$04$", "$03$"),
            ]);
            bad.extend([
                with("$04$", "$15$"),
                with("$04$", "$31$"),
                with("$04$", "$99$"),
                with("$04$", "$+4$"),
                upper.clone(),
            ]);
        } else {
            bad.extend([crypt.to_owned(), good.replacen(&good[..1], "g", 1)]);
        }
        for kept in bad {
            redis.cli(&["SET", KEY, &kept, "EX", "300"]);
            is_not_understood(&machine, &format!("{verifier} {kept:?}"), &ALL[..3]);
        }
        redis.cli(&["SET", KEY, good, "EX", "300"]);
        assert_eq!(machine.inspect(PHONE)["live_code"]["state"], "issued", "{verifier}");
        machine.verify(PHONE, "999999").exits(10);
        if verifier != "bcrypt" {
            redis.cli(&["SET", KEY, &upper, "EX", "300"]);
            machine.verify(PHONE, "999999").exits(10);
        }
    }
}

/// By Python: `bcrypt.hashpw(b"042137", …)` of cost 4, whose prefixes mean the same for ASCII.
#[test]
fn bcrypt_is_read_under_all_its_names() {
    let machine = machine("[store.redis.layout]\nkey = \"otp:{phone}\"\nverifier = \"bcrypt\"");
    let app = Application(&machine, "hashed_under");
    for name in ["2a", "2b", "2y"] {
        app.does(name, "042137");
        machine.verify(PHONE, "042138").exits(10);
        machine.verify(PHONE, "042137").exits(0);
    }
}

#[test]
fn the_check_of_the_store_names_what_is_no_code_of_the_layout() {
    let machine = machine("layout = \"frappe\"");
    json(&machine, "s:6:\"A1B2C3\";");
    let other = "otp:+919876543211";
    machine.redis().cli(&["RPUSH", other, "1"]);
    machine.redis().cli(&["SET", "otp:+919876543212", "0421", "EX", "300"]);
    let ran = machine.run(&["store", "check", "-o", "jsonl", "--unmask"]);
    let rows: Vec<serde_json::Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let found = |key: &str| {
        let of_it = rows.iter().filter(|row| row["key"] == key);
        of_it.map(|row| row["finding"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(found(KEY), ["code_unreadable"], "{ran:?}");
    assert_eq!(found(other), ["code_unreadable"], "{ran:?}");
    assert_eq!(found("otp:+919876543212"), ["plaintext_code"], "{ran:?}");
    assert!(!ran.words().contains("A1B2C3"), "{ran:?}");
    machine.run(&["store", "purge", "--yes"]);
    assert_eq!(machine.redis().cli(&["EXISTS", KEY, other]), "2", "they are not ours to remove");
}

fn usage(ran: &Ran) -> String {
    ran.exits(2).stderr.clone()
}

#[test]
fn what_a_code_is_like_is_told_as_the_layout_has_it() {
    let machine = machine("layout = \"frappe\"");
    for typed in ["123", "12345", "1234567", "12a4", "１２３４"] {
        let said = usage(&machine.run(&["verify", PHONE, typed]));
        assert!(said.contains("4 or 6 digits"), "{typed}: {said}");
    }
    for layout in [
        "layout = { preset = \"frappe\", length = 8, alphabet = \"hex\" }",
        "[store.redis.layout]\nkey = \"otp:{phone}\"\nlength = 8\nalphabet = \"hex\"\n",
    ] {
        let machine = super::machine(layout);
        let said = usage(&machine.run(&["verify", PHONE, "1234567"]));
        assert!(said.contains("6 digits or 8 hexadecimal digits"), "{said}");
        assert!(usage(&machine.run(&["verify", PHONE, "12345a"])).contains("6 digits or 8 hexadecimal digits"));
        machine.redis().cli(&["SET", KEY, "a1b2c3d4", "EX", "300"]);
        machine.verify(PHONE, "A1B2-C3D5").exits(10);
        machine.verify(PHONE, "A1B2-C3D4").exits(0);
        machine.redis().cli(&["SET", KEY, "a1B2c3D4", "EX", "300"]);
        machine.verify(PHONE, "A1b2C3d4").exits(0);
        machine.redis().cli(&["SET", KEY, "a1b2c3", "EX", "300"]);
        is_not_understood(&machine, "six letters", &ALL);
        let shown = machine.run(&["config", "show", "--json"]).exits(0).stdout.clone();
        assert!(shown.contains("\"hex\""), "{shown}");
        let said = machine.run(&["config", "check"]).words();
        assert!(said.contains("codes of 8 hexadecimal digits, and this file of 6 digits"), "{said}");
    }
    for layout in ["layout = { preset = \"authgear\", app = \"a\" }", "layout = \"privacyidea\""] {
        // Whatever is typed, nothing is checked there.
        super::machine(layout).run(&["verify", PHONE, "12"]).exits(16);
    }
}
