//! What a file may say of a layout, and what it may not.

use crate::support::cli::Machine;

/// The lines of `[store.redis]`, and what is said of them, with exit 30.
const REFUSED: &[(&str, &[&str])] = &[
    (
        "layout = \"frape\"",
        &["unknown layout; did you mean `frappe`?", "hint: expected \"native\", a table, or one of authgear"],
    ),
    ("layout = 1", &["expected \"native\", a preset or a table, found a whole number"]),
    ("layout = {}", &["`key` is missing", "key = \"otp:{phone}\""]),
    ("layout = { key = \"otp\" }", &["a key needs the place `{phone}`"]),
    ("layout = { key = \"otp:{name}:{phone}\" }", &["a key has only the places"]),
    ("layout = { key = \"otpctl:{phone}\" }", &["keys that begin with `otpctl:` are otpctl's own", "another `prefix`"]),
    ("layout = { key = \"otp:{phone}\", typ = \"hash\" }", &["unknown key `typ`; did you mean `type`?"]),
    ("layout = { key = \"otp:{phone}\", type = \"set\" }", &["expected one of string, hash, json, pickle"]),
    ("layout = { key = \"otp:{phone}\", type = \"hash\" }", &["a hash needs a `field`"]),
    ("layout = { key = \"otp:{phone}\", field = \"otp\" }", &["a string has no fields"]),
    ("layout = { key = \"otp:{phone}\", closed_field = \"x\" }", &["needs `field`, the field of the code"]),
    ("layout = { key = \"otp:{phone}\", phone = \"national\" }", &["`region` is missing", "region = \"IN\""]),
    ("layout = { key = \"otp:{phone}\", verifier = \"md5\" }", &["expected one of plain, sha256, hmac-sha256, bcrypt"]),
    ("layout = { key = \"otp:{phone}\", verifier = \"hmac-sha256\" }", &["`secret` is missing", "secret = { env"]),
    ("layout = { key = \"otp:{phone}\", pattern = \"{code}\" }", &["nothing is hashed"]),
    (
        "layout = { key = \"otp:{phone}\", verifier = \"sha256\", pattern = \"x\" }",
        &["a pattern needs the place `{code}`"],
    ),
    ("layout = { key = \"otp:{phone}\", secret = \"s\" }", &["nothing is hashed with a secret here"]),
    ("layout = { key = \"otp:{phone}\", attempts = \"otp:{phone}\" }", &["another key has this name already"]),
    ("layout = { key = \"otp:{phone}\", attempts_begin = 1 }", &["no attempts are counted"]),
    ("layout = { key = \"otp:{phone}\", ttl = \"1h\" }", &["a duration from 1s to 10m"]),
    ("layout = { key = \"otp:{phone}\", purposes = { login = \"a\", signup = \"b\" } }", &["`{purpose}` is missing"]),
    ("layout = { key = \"otp:{phone}\", purposes = { Login = \"a\" } }", &["purpose"]),
    ("layout = { key = \"otp:{phone}\", allows = [\"send\"] }", &["expected one of verify, issue, revoke, unlock"]),
    ("layout = { key = \"otp:{phone}\", alphabet = \"aA\" }", &["is in the alphabet twice", "\"digits\" or \"hex\""]),
    (
        "layout = { key = \"o:{phone}\", type = \"json\", field = \"otp\", closed_field = \"used\", nullable = [\"use\"] }",
        &["unknown field; did you mean `used`?"],
    ),
    ("layout = { key = \"o:{phone}\", nullable = [\"otp\"] }", &["needs `field`, the field of the code"]),
    ("layout = \"otpgateway\"", &["`app` is missing", "app = \"NAME\""]),
    ("layout = { preset = \"django-cache\" }", &["`secret` is missing"]),
];

#[test]
fn every_slip_is_told_with_its_line() {
    let mut machine = Machine::laid_out("", "");
    for (lines, said) in REFUSED {
        machine.lay_out(lines, "");
        let ran = machine.run(&["config", "check"]);
        ran.exits(30);
        assert!(ran.stderr.contains("otpctl.toml:"), "{lines}: {ran:?}");
        for words in *said {
            assert!(ran.stderr.contains(words), "{lines}: {words}: {ran:?}");
        }
    }
}

#[test]
fn every_preset_loads_and_is_shown() {
    for (lines, key) in [
        ("layout = \"frappe\"", "otp:{phone}"),
        ("layout = \"sibling-strings\"", "otp:{phone}"),
        ("layout = { preset = \"otpgateway\", app = \"shop\" }", "OTP:shop:{phone}"),
        ("layout = { preset = \"authgear\", app = \"a\" }", "app:a:otp-code:{purpose}:{phone}"),
        ("layout = { preset = \"django-cache\", secret = \"SECRET\" }", ":1:otp:hash:{phone}"),
        ("layout = { preset = \"frappe\", key = \"code:{phone}\" }", "code:{phone}"),
    ] {
        let machine = Machine::laid_out(lines, "");
        let shown = machine.run(&["config", "show", "--json"]).exits(0).stdout.clone();
        assert!(shown.contains(&format!("{key:?}")), "{lines}: {shown}");
        assert!(!shown.contains("SECRET"), "{shown}");
    }
}

#[test]
fn on_a_cluster_the_keys_of_a_phone_lie_in_one_slot() {
    let machine = Machine::laid_out("", "");
    let check = |layout: &str| {
        let text = format!(
            "[store.redis]\nnodes = [\"127.0.0.1:1\"]\n{layout}\n[code]\npeppers = [{{ id = \"1\", file = \"../../pepper\" }}]\n"
        );
        machine.write(".config/otpctl/otpctl.toml", &text);
        machine.run(&["config", "show"])
    };
    check("layout = \"frappe\"").exits(0);
    check("layout = { key = \"otp:{{{phone}}}\", attempts = \"tries:{{{phone}}}\" }").exits(0);
    let refused = check("layout = \"sibling-strings\"");
    assert!(refused.exits(30).stderr.contains("must be in one slot"), "{refused:?}");
}

#[test]
fn the_embedded_store_has_no_layout() {
    let machine = Machine::with("[store.embedded]\nlayout = \"frappe\"\n");
    assert!(machine.run(&["config", "check"]).exits(30).stderr.contains("unknown key `layout`"));
}
