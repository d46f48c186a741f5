//! What `config check` finds beyond what loading refuses.

use jiff::civil::date;

use super::super::{Env, Finding, Level, check_all};
use super::{fetch, load_text};

async fn findings(text: &str, env: &Env) -> Vec<Finding> {
    check_all(&load_text(text).expect(text), &fetch(env), date(2026, 11, 22)).await
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
async fn what_only_a_check_finds() {
    let cases: &[(&str, Level, &str, &str)] = &[
        ("", Level::Note, "message.text", "1 segment, "),
        ("[code]\nlength = 4\nallow_weak = true", Level::Warning, "code.allow_weak", "13.3 bits"),
        ("[code]\nallow_weak = true", Level::Note, "code.allow_weak", "are not weak"),
        ("[store.redis]\nurl = \"redis://h\"", Level::Error, "code.peppers", "no pepper is configured"),
        ("[providers.telnyx]\napi_key = \"k\"", Level::Warning, "policy.countries", "no country is allowed"),
        ("[providers.telnyx]\napi_key = \"k\"", Level::Warning, "message.app", "otpctl"),
        ("[providers.telnyx]\napi_key = \"k\"", Level::Note, "providers.telnyx.api_key", "can be fetched"),
        ("[providers.telnyx]\napi_key = { env = \"ABSENT\" }", Level::Error, "providers.telnyx.api_key", "is not set"),
        ("[message]\ntext = \"no code\"", Level::Error, "message.text", "exactly once"),
        (
            "[message.lang.hi]\ntext = \"{{ code }} {{ ap }}\"",
            Level::Error,
            "message.lang.hi.text",
            "did you mean `app`?",
        ),
        ("[message.lang.hi]\ntext = \"{{ code }} आपका कोड है\"", Level::Note, "message.lang.hi.text", "UCS-2"),
        (
            "[providers.msg91]\nauthkey = \"k\"\ntemplate_id = \"1107161234567890123\"",
            Level::Warning,
            "providers.msg91.template_id",
            "DLT template id",
        ),
        (
            "[providers.msg91]\nauthkey = \"k\"\ntemplate_id = \"abc\"",
            Level::Warning,
            "providers.msg91.template_id",
            "24 hexadecimal",
        ),
        (
            "[providers.telnyx]\napi_key = \"k\"\nfrom = \"Example\"\n[policy]\ncountries = [\"US\"]",
            Level::Warning,
            "providers.telnyx.from",
            "US: carriers there take no names",
        ),
        (
            "[providers.telnyx]\napi_key = \"k\"\nfrom = \"+13125550100\"\n[policy]\ncountries = [\"US\"]",
            Level::Note,
            "providers.telnyx.from",
            "10DLC",
        ),
        (
            "[providers.telnyx]\napi_key = \"k\"\nfrom = \"Example\"\n[policy]\ncountries = [\"SG\"]",
            Level::Note,
            "providers.telnyx.from",
            "SSIR) since 2023-01-31",
        ),
        (
            "[providers.vonage]\napi_key = \"k\"\napi_secret = \"s\"\nfrom = \"Example\"\n[policy]\ncountries = [\"IN\"]",
            Level::Warning,
            "providers.vonage.from",
            "3 to 6 characters",
        ),
        (
            "[providers.vonage]\napi_key = \"k\"\napi_secret = \"s\"\nfrom = \"SHOPIN\"\n[policy]\ncountries = [\"IN\"]",
            Level::Note,
            "message.text",
            "as a DLT template this text is: {#numeric#} is your otpctl code.",
        ),
        (
            "[code]\nalphabet = \"hex\"\n[providers.vonage]\napi_key = \"k\"\napi_secret = \"s\"\nfrom = \"SHOPIN\"\n\
             [policy]\ncountries = [\"IN\"]",
            Level::Note,
            "message.text",
            "{#alphanumeric#} is your",
        ),
        (
            "[message]\ntext = \"{#numeric#} is your code\"",
            Level::Error,
            "message.text",
            "`{#numeric#}` is a variable of a DLT template; write {{ code }}",
        ),
        (
            "[[test_numbers]]\nphone = \"+12025550100\"\ncode = \"424242\"\nvalid_until = 2026-11-22",
            Level::Warning,
            "test_numbers.0",
            "past its valid_until",
        ),
        (
            "[[test_numbers]]\nphone = \"+12025550100\"\ncode = \"424242\"\nvalid_until = 2026-11-23",
            Level::Note,
            "test_numbers.0",
            "until 2026-11-23",
        ),
    ];
    for (text, level, key, part) in cases {
        let found = findings(text, &Env::default()).await;
        let hit = found.iter().any(|one| (one.level, one.key.as_str()) == (*level, *key) && one.text.contains(part));
        assert!(hit, "{text}\n{found:#?}");
        assert!(!found.iter().any(|one| one.text.contains("424242")), "{found:?}");
    }
}

#[tokio::test]
async fn one_letter_that_makes_a_message_dear_is_named() {
    let text = format!("[message]\ntext = \"{{{{ code }}}} ş {}\"", "x".repeat(90));
    let found = findings(&text, &Env::default()).await;
    let message = found.iter().find(|one| one.key == "message.text").expect("looked at");
    assert_eq!(message.level, Level::Warning);
    assert!(message.text.starts_with("2 segments, each billed") && message.text.contains("U+015F"), "{}", message.text);
}

#[tokio::test]
async fn a_sender_is_only_held_to_the_countries_that_it_is_used_for() {
    let providers = "[providers.telnyx]\napi_key = \"k\"\nfrom = \"Example\"\n\
                     [providers.twilio]\naccount_sid = \"AC1\"\nauth_token = \"t\"\nfrom = \"+13125550100\"\n";
    let routes = "[routes]\ndefault = [\"telnyx\"]\nUS = [\"twilio\"]\n";
    for (policy, expected) in [
        ("countries = [\"US\", \"DE\"]", vec!["providers.twilio.from"]),
        ("countries = [\"DE\"]", vec![]),
        ("countries = { US = \"deny\", DE = \"allow\" }", vec![]),
        ("countries = [\"CA\", \"US\"]", vec!["providers.telnyx.from", "providers.twilio.from"]),
    ] {
        let found = findings(&format!("{providers}{routes}[policy]\n{policy}"), &Env::default()).await;
        let keys: Vec<&str> =
            found.iter().map(|one| one.key.as_str()).filter(|key| key.rsplit('.').next() == Some("from")).collect();
        assert_eq!(keys, expected, "{policy}");
    }
}

#[tokio::test]
async fn a_good_file_has_notes_only() {
    let text = "[providers.msg91]\nauthkey = { env = \"K\" }\ntemplate_id = \"64b7e0c2d6fc051b1a2c3d4e\"\n\
                [policy]\ncountries = [\"IN\"]\n[message]\napp = \"Shop\"";
    let env = [("K", "key")].into_iter().collect();
    let found = findings(text, &env).await;
    assert!(!found.is_empty() && found.iter().all(|one| one.level == Level::Note), "{found:#?}");
}
