//! No value of the file is ever in an error, a `Debug` or what is shown, wherever it was written by mistake.

use std::path::Path;

use super::super::{Env, SecretSource, shown};
use super::{fetch, file, folder, load_text, write};
use crate::system::Program;

/// Looks like a secret and like nothing else.
const MARKER: &str = "s3cr3tMARKER9f8e7d";

/// Each with the marker where a secret belongs, or where a hurried hand may put one.
const SPOTS: &[&str] = &[
    "region = \"MARK\"",
    "protected = \"MARK\"",
    "protected = MARK",
    "code = \"MARK\"",
    "[code]\nlength = \"MARK\"",
    "[code]\nttl = \"MARK\"",
    "[code]\nalphabet = \"MARK-\"",
    "[code]\nmax_attempts = \"MARK\"",
    "[code]\npeppers = \"MARK\"",
    "[code]\npeppers = [\"MARK\"]",
    "[code]\npeppers = [{ id = \"MARK MARK\", file = \"x\" }]",
    "[code]\npeppers = [{ id = \"a\", value = \"MARK\" }]",
    "[code]\npeppers = [{ id = \"a\", env = \"MARK-\" }]",
    "[limits]\ncooldown = [\"MARK\"]",
    "[limits]\nper_phone = { \"10m\" = \"MARK\" }",
    "[limits]\nlocks = { 10 = \"MARK\" }",
    "[policy]\ncountries = [\"MARK\"]",
    "[policy]\ntypes = [\"MARK\"]",
    "[message]\nlang = \"MARK\"",
    "[timeline]\nkeep = \"MARK\"",
    "[store]\nredis = \"MARK\"",
    "[store.redis]\nurl = \"redis://:MARK@\"",
    "[store.redis]\nurl = \"redis://:pa/MARK@host\"",
    "[store.redis]\nurl = \"redis://:MARK#@host\"",
    "[store.redis]\nurl = \"redis://:MARK%@host\"",
    "[store.redis]\nurl = \"redis://:MARK@host:x\"",
    "[store.redis]\nurl = \"MARK\"",
    "[store.redis]\nurl = \"unix:///x?pass=MARK&MARK\"",
    "[store.redis]\nurl = \"redis://u:MARK@h\"\npassword = \"MARK\"",
    "[store.redis]\nurl = \"redis://h\"\npassword = \"MARK\"\nprefix = \"MARK{\"",
    "[store.redis]\nurl = \"redis://h\"\npassword = [\"MARK\"]",
    "[store.redis]\nurl = \"redis://h\"\npassword = \"MARK\"\npassword = \"MARK\"",
    "[store.redis]\nurl = \"redis://h\"\npassword = \"MARK",
    "[store.redis]\nurl = \"redis://h\"\npassword = MARK",
    "[store.redis]\nurl = \"redis://h\"\npassword = 'MARK' 'MARK'",
    "[store.redis]\nurl = \"redis://h\"\npassword = \"MARK\\q\"",
    "[store.redis]\nurl = \"redis://h\"\nlayout = \"MARK\"",
    "[store.redis]\nnodes = \"redis://:MARK@h\"",
    "[store.redis]\nnodes = [\"redis://:MARK@h\"]",
    "[store.redis]\nnodes = [\"me:MARK@h:6379\"]",
    "[store.redis]\nsentinel = { master = \"MARK MARK\", nodes = [\"h\"] }",
    "[store.redis]\nsentinel = { master = \"otp\", nodes = [\"h:MARK\"] }",
    "[store.redis]\nsentinel = { master = \"otp\", nodes = [\"h\"], password = [\"MARK\"] }",
    "[store.redis]\nsentinel = { master = \"otp\", nodes = [\"h\"], tls = \"MARK\" }",
    "providers = \"MARK\"",
    "[providers]\ntelnyx = \"MARK\"",
    "[providers.telnyx]\nkind = \"MARK\"",
    "[providers.telnyx]\napi_key = [\"MARK\"]",
    "[providers.telnyx]\napi_key = { env = \"MARK=\" }",
    "[providers.telnyx]\napi_key = { command = \"MARK\" }",
    "[providers.telnyx]\napi_key = { file = [\"MARK\"] }",
    "[providers.telnyx]\napi_key = \"MARK\"\nfrom = [\"MARK\"]",
    "[providers.telnyx]\napi_key = \"MARK\"\nfrmo = \"MARK\"",
    "[providers.telnyx]\nfrom = \"MARK\"",
    "[providers.msg91]\nauthkey = \"MARK\"\ntemplate_id = \"x\"\nvariables = { a = \"https://u:MARK@h\" }",
    "[routes]\ndefault = [\"MARK\"]",
    "[routes]\ndefault = \"MARK\"",
    "[[test_numbers]]\nphone = \"MARK\"",
    "[[test_numbers]]\nphone = \"+12025550100\"\ncode = \"MARK\"",
    "[[test_numbers]]\nphone = \"+12025550100\"\ncode = \"424242\"\nvalid_until = \"MARK\"",
];

#[test]
fn no_refusal_quotes_a_value() {
    for spot in SPOTS {
        let text = spot.replace("MARK", MARKER);
        let error = load_text(&text).expect_err(spot);
        let said = format!("{error} {error:?} {:?}", error.next());
        assert!(!said.contains(MARKER), "{spot}: {said}");
    }
}

#[tokio::test]
async fn what_is_configured_is_neither_shown_nor_debugged() {
    let text = r#"
        [code]
        peppers = [{ id = "a", value = "MARKMARK" }, { id = "b", command = ["echo", "MARK"] }]
        [store.redis]
        url = "rediss://me:MARK@redis.internal"
        [providers.telnyx]
        api_key = "MARK"
        base_url = "https://me:MARK@proxy.internal/v2"
        [providers.twilio]
        account_sid = "AC1"
        auth_token = { command = ["echo", "MARK"] }
        [routes]
        default = ["telnyx", "twilio"]
        [[test_numbers]]
        phone = "+12025550100"
        code = "424242"
        valid_until = 2027-01-01
    "#;
    let settings = load_text(&text.replace("MARK", MARKER)).expect("loads");
    let rows = format!("{:?}", shown(&settings));
    assert!(!rows.contains(MARKER) && !rows.contains("424242") && !rows.contains("2025550100"), "{rows}");
    assert!(rows.contains("rediss://redis.internal:6379/0"), "{rows}");
    let debugged = format!("{settings:?}");
    assert!(!debugged.contains(MARKER) && !debugged.contains("424242"), "{debugged}");
    let super::super::StoreSettings::Redis(redis) = &settings.store else { panic!("redis") };
    let password = redis.password.as_ref().expect("is set").resolve(&fetch(&Env::default())).await.expect("a password");
    assert_eq!(password.expose(), MARKER);
}

#[tokio::test]
async fn no_failure_to_fetch_tells_the_secret() {
    let folder = folder();
    let open = folder.path().join("open");
    write(&open, MARKER, 0o644);
    let env: Env = [("BAD", ""), ("PATH", "/usr/bin:/bin")].into_iter().collect();
    let named = |name: &str| Program::Named(name.to_owned());
    let script = format!("echo {MARKER}; echo {MARKER} >&2; exit 3");
    let sources = [
        (SecretSource::Env("ABSENT".into()), "ABSENT is not set"),
        (SecretSource::Env("BAD".into()), "BAD is empty"),
        (SecretSource::File(file(&open)), "others can read or write it"),
        (SecretSource::File(file(&folder.path().join("absent"))), "there is no such file"),
        (SecretSource::Command(named("sh"), vec!["-c".into(), script]), "the program sh failed (exit status: 3)"),
        (SecretSource::Command(named("true"), vec![]), "the program true printed nothing"),
        (
            SecretSource::Command(Program::At(file(Path::new("/absent/x"))), vec![]),
            "the program /absent/x cannot be started",
        ),
    ];
    for (source, part) in sources {
        let error = source.resolve(&fetch(&env)).await.expect_err(part);
        let said = format!("{error} {error:?} {:?}", error.next());
        assert!(said.contains(part) && !said.contains(MARKER), "{said}");
    }
}

#[test]
fn an_environment_is_debugged_by_its_names() {
    let env: Env = [("KEY", MARKER)].into_iter().collect();
    assert_eq!(format!("{env:?}"), "{\"KEY\"}");
}
