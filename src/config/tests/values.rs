//! What a file makes of the settings, and what holds without one.

use std::path::Path;
use std::time::Duration;

use super::super::{
    Deployment, RedisTarget, RouteEntry, SecretSource, ServerAddress, SettingSource, StoreSettings, TlsFiles, load,
    starter,
};
use super::{defaults, fetch, file, folder, home, load_text, located, write};
use crate::otp::brake::BrakeMode;
use crate::otp::circuit::BreakerPolicy;
use crate::otp::duration::{duration, spelled};
use crate::otp::{Countries, CountryState, Limits, LockLength, Phone, Policy, Purpose};
use crate::provider::TestOutcome;

#[test]
fn durations_are_read_and_written() {
    for (text, millis) in [("500ms", 500), ("90s", 90_000), ("5m", 300_000), ("1h30m", 5_400_000), ("1d", 86_400_000)] {
        assert_eq!(duration(text), Some(Duration::from_millis(millis)), "{text}");
        assert_eq!(duration(&spelled(Duration::from_millis(millis))), Some(Duration::from_millis(millis)));
    }
    assert_eq!(spelled(Duration::from_secs(90)), "1m30s");
    for text in ["", "0s", "5", "m", "-5m", "1.5h", "1m1h", "1m1m", "5 m", "5M", "1w", "99999999999999999999d", "٣m"] {
        assert_eq!(duration(text), None, "{text}");
    }
}

#[test]
fn without_a_file_there_is_the_embedded_store_and_the_console() {
    let settings = defaults();
    assert_eq!(
        settings.store,
        StoreSettings::Embedded { path: file(Path::new("/home/you/.local/state/otpctl/otpctl.db")) }
    );
    assert_eq!(settings.routes.default, [by("console")]);
    assert_eq!(settings.providers["console"].kind.as_str(), "console");
    assert_eq!((settings.region, settings.protected, settings.reveal, settings.named), (None, false, false, false));
    assert_eq!((settings.limits, settings.policy), (Limits::default(), Policy::default()));
    assert_eq!(settings.code.ttl, Duration::from_secs(300));
    assert_eq!((settings.code.spec.length, settings.code.max_attempts), (6, 5));
    let state = [("HOME", "/h"), ("XDG_STATE_HOME", "/s")].into_iter().collect();
    let settings = load(&located(None), &state).expect("loads");
    assert_eq!(settings.store, StoreSettings::Embedded { path: file(Path::new("/s/otpctl/otpctl.db")) });
    assert!(load(&located(None), &super::Env::default()).expect_err("no folder").hinted().contains("HOME"));
}

#[test]
fn limits_are_sorted_and_may_be_empty() {
    let text = "[limits]\ncooldown = []\nper_phone = { \"1d\" = 9, \"2m\" = 1, \"1h\" = 100 }\nlocks = { 30 = \"hard\", 4 = \"1m\" }\nper_prefix = {}";
    let limits = load_text(text).expect("loads").limits;
    assert!(limits.cooldown.is_empty() && limits.per_prefix.is_empty());
    assert_eq!(limits.per_phone.iter().map(|quota| quota.limit).collect::<Vec<_>>(), [1, 100, 9]);
    assert_eq!((limits.locks[0].failures, limits.locks[1].length), (4, LockLength::Hard));
    assert_eq!(limits.per_country, Limits::default().per_country);
}

#[test]
fn a_weak_code_needs_to_be_allowed() {
    assert_eq!(load_text("[code]\nlength = 4\nallow_weak = true").expect("allowed").code.spec.length, 4);
    assert_eq!(load_text("[code]\nalphabet = \"hex\"\nlength = 5").expect("20 bits").code.spec.length, 5);
}

#[test]
fn a_real_provider_denies_every_country_that_is_not_listed() {
    let telnyx = "[providers.telnyx]\napi_key = { env = \"K\" }\n";
    assert_eq!(load_text(telnyx).expect("loads").policy.countries, Some(Countries::default()));
    let listed = load_text(&format!("{telnyx}[policy]\ncountries = [\"IN\"]")).expect("loads").policy.countries;
    let (india, emirates) = ("IN".parse().unwrap(), "AE".parse().unwrap());
    assert_eq!(listed, Some(Countries::only([india])));
    let table = "countries = { IN = \"allow\", AE = \"verified_only\", \"*\" = \"deny\" }\nbrakes = \"off\"";
    let policy = load_text(&format!("{telnyx}[policy]\n{table}")).expect("loads").policy;
    let countries = policy.countries.expect("a table");
    assert_eq!((countries.of(Some(india)), countries.of(None)), (CountryState::Allow, CountryState::Deny));
    assert_eq!((countries.of(Some(emirates)), policy.brakes), (CountryState::VerifiedOnly, BrakeMode::Off));
    assert_eq!(load_text("[providers.outbox]\npath = \"x\"").expect("loads").policy.countries, None);
}

fn by(provider: &str) -> RouteEntry {
    RouteEntry { provider: provider.to_owned(), unless_delivered: None }
}

#[test]
fn routes_follow_from_the_providers() {
    assert_eq!(load_text("[providers.outbox]\npath = \"x\"").expect("loads").routes.default, [by("outbox")]);
    let text = "[providers.a]\nkind = \"console\"\n[providers.b]\nkind = \"console\"\n[routes]\ndefault = [\"b\", \"a\"]\n\
                IN = [\"a\"]\n\"+9198\" = [\"b\"]\n\"+91987\" = [\"a\", \"b\"]\n\
                \"purpose:signup\" = [\"a\", { provider = \"b\", unless_delivered = \"20s\" }]\n";
    let routes = load_text(text).expect("loads").routes;
    for (phone, names, by) in [
        ("+12025550100", "b a", "default"),
        ("+917012345678", "a", "country IN"),
        ("+919812345678", "b", "prefix +9198"),
        ("+919876543210", "a b", "prefix +91987"),
    ] {
        let phone = Phone::parse(phone, None).expect("a number");
        let (found, why) = routes.of(&phone, &Purpose::default());
        let found: Vec<&str> = found.iter().map(|entry| entry.provider.as_str()).collect();
        assert_eq!((found.join(" ").as_str(), why.to_string().as_str()), (names, by), "{phone:?}");
        let (found, why) = routes.of(&phone, &Purpose::new("signup").expect("a purpose"));
        let words: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(
            (words.join(", then "), why.to_string()),
            ("a, then b unless delivered in 20s".into(), "purpose signup".into())
        );
    }
    assert_eq!((routes.failover_on_unknown, routes.pass_over.map(|rule| rule.after)), (false, Some(5)));
    let text = "[routes]\nfailover_on_unknown = true\npass_over = { after = 2, for = \"90s\" }";
    let routes = load_text(text).expect("loads").routes;
    assert!(routes.failover_on_unknown);
    assert_eq!(routes.pass_over, Some(BreakerPolicy { after: 2, pause: Duration::from_secs(90) }));
    assert_eq!(load_text("[routes]\npass_over = { after = 0 }").expect("loads").routes.pass_over, None);
}

#[test]
fn a_test_number_says_what_becomes_of_its_sms() {
    let outcome = |word: &str| {
        let number = "[[test_numbers]]\nphone = \"+12025550100\"\ncode = \"424242\"\nvalid_until = 2027-01-01\n";
        load_text(&format!("{number}{word}")).expect(word).test_numbers.remove(0).outcome
    };
    for (word, expected) in [
        ("", TestOutcome::Accepted),
        ("outcome = \"delivered\"", TestOutcome::Delivered),
        ("outcome = \"undelivered:handset_off\"", TestOutcome::Undelivered("handset_off".to_owned())),
        ("outcome = \"undelivered: no luck\"", TestOutcome::Undelivered("no luck".to_owned())),
        ("outcome = \"unknown\"", TestOutcome::Unknown),
        ("outcome = \"slow:5s\"", TestOutcome::Slow(Duration::from_secs(5))),
    ] {
        assert_eq!(outcome(word), expected, "{word}");
    }
}

#[test]
fn a_redis_url_is_taken_apart() {
    let redis = |url: &str| match load_text(&format!("[store.redis]\nurl = \"{url}\"")).expect(url).store {
        StoreSettings::Redis(redis) => *redis,
        StoreSettings::Embedded { .. } => panic!("{url}"),
    };
    for (url, shown) in [
        ("redis://h", "redis://h:6379/0"),
        ("rediss://h.example:6380/3", "rediss://h.example:6380/3"),
        ("redis://[::1]:7000", "redis://[::1]:7000/0"),
        ("redis://[::1]", "redis://[::1]:6379/0"),
        ("unix:///run/redis.sock?db=2", "unix:///run/redis.sock?db=2"),
    ] {
        assert_eq!(redis(url).deployment.to_string(), shown);
    }
    let with = redis("redis://op:p%40ss@h:1/2");
    let node = ServerAddress { host: "h".into(), port: 1 };
    assert_eq!(with.deployment, Deployment::Alone(RedisTarget::Tcp { node, tls: false, database: 2 }));
    assert_eq!((with.username.as_deref(), with.prefix.as_str()), (Some("op"), "otpctl"));
    assert!(matches!(with.password.unwrap().source, SecretSource::Literal(secret) if secret.expose() == "p@ss"));
    let socket = redis("unix:///s?user=u&pass=p");
    assert_eq!((socket.username.as_deref(), socket.password.is_some()), (Some("u"), true));
}

#[test]
fn a_cluster_and_sentinels_are_lists_of_nodes() {
    let redis = |text: &str| match load_text(&format!("[store.redis]\n{text}")).expect(text).store {
        StoreSettings::Redis(redis) => *redis,
        StoreSettings::Embedded { .. } => panic!("{text}"),
    };
    let cluster = redis("nodes = [\"10.0.0.1\", \"[fd00::1]:7001\", \"redis-3.internal:7002\"]\ntls = true");
    assert_eq!(cluster.deployment.to_string(), "Cluster of 10.0.0.1:6379, [fd00::1]:7001, redis-3.internal:7002");
    assert_eq!(cluster.tls, Some(TlsFiles::default()));
    let plain = redis("nodes = [\"h\"]");
    assert_eq!((plain.tls, plain.durability), (None, None));
    let by = |own: &str| {
        let text =
            format!("tls = {{ ca = \"/ca.pem\" }}\nsentinel = {{ master = \"otp\", nodes = [\"s1\", \"s2:1\"]{own} }}");
        let Deployment::Sentinel(sentinel) = redis(&text).deployment else { panic!("{text}") };
        sentinel
    };
    let usual = by("");
    assert_eq!((usual.master.as_str(), usual.database), ("otp", 0));
    assert_eq!(usual.nodes.iter().map(ToString::to_string).collect::<Vec<_>>(), ["s1:26379", "s2:1"]);
    assert_eq!(usual.tls.and_then(|tls| tls.ca), Some(file(Path::new("/ca.pem"))), "no less safe than the servers");
    assert_eq!(by(", tls = false").tls, None);
    assert_eq!(by(", tls = { ca = \"/other.pem\" }").tls.and_then(|tls| tls.ca), Some(file(Path::new("/other.pem"))));
    let sure = redis("url = \"redis://h\"\ndurability = { strict = true }").durability.expect("is set");
    assert_eq!((sure.wait_replicas, sure.wait, sure.strict), (1, Duration::from_millis(500), true));
}

#[tokio::test]
async fn paths_are_relative_to_the_folder_of_the_file() {
    let folder = folder();
    let path = folder.path().join("otpctl.toml");
    let text = "[store.embedded]\npath = \"data/x.db\"\n[code]\npeppers = [{ id = \"1\", file = \"pepper\" }]\n\
                [providers.outbox]\npath = \"outbox.jsonl\"\n[providers.telnyx]\napi_key = { command = [\"./key.sh\", \"a\"] }\n\
                from = { env = \"FROM\" }\n[providers.smpp]\ntls = { ca = \"ca.pem\" }\nhost = \"h\"\n\
                system_id = \"x\"\npassword = { env = \"P\" }\n[routes]\ndefault = [\"outbox\"]";
    write(&path, text, 0o644);
    write(&folder.path().join("pepper"), "0123456789abcdef0123456789abcdef\n", 0o600);
    write(&folder.path().join("key.sh"), "#!/bin/sh\necho \"$1-$WORD\"\n", 0o700);
    let settings = load(&located(Some(path)), &home()).expect("loads");
    assert_eq!(settings.store, StoreSettings::Embedded { path: file(&folder.path().join("data/x.db")) });
    let outbox = folder.path().join("outbox.jsonl");
    assert_eq!(settings.providers["outbox"].entries["path"], SettingSource::File(file(&outbox)));
    let ca = folder.path().join("ca.pem");
    assert_eq!(settings.providers["smpp"].entries["tls"], SettingSource::Authority(file(&ca)));
    let env = [("WORD", "b"), ("FROM", "+1"), ("PATH", "/usr/bin:/bin")].into_iter().collect();
    let pepper = settings.code.peppers[0].resolve(&fetch(&env)).await.expect("a pepper");
    assert_eq!(pepper.expose(), "0123456789abcdef0123456789abcdef");
    let resolved = settings.providers["telnyx"].resolve(None, &fetch(&env)).await.expect("resolves");
    let secret = |text: &str| crate::provider::Setting::Secret(crate::otp::Secret::new(text.into()));
    assert_eq!((&resolved.0["api_key"], &resolved.0["from"]), (&secret("a-b"), &secret("+1")));
}

#[tokio::test]
async fn a_secret_that_is_missing_is_named_with_its_line() {
    let settings = load_text("[providers.telnyx]\n\napi_key = { env = \"ABSENT\" }").expect("loads without it");
    let error = settings.providers["telnyx"].resolve(None, &fetch(&home())).await.expect_err("absent");
    assert!(
        error
            .to_string()
            .ends_with("otpctl.toml:3: providers.telnyx.api_key: the environment variable ABSENT is not set"),
        "{error}"
    );
    let settings = load_text("[code]\npeppers = [{ id = \"1\", env = \"SHORT\" }]").expect("loads");
    let env = [("SHORT", "short")].into_iter().collect();
    let error = settings.code.peppers[0].resolve(&fetch(&env)).await.expect_err("short");
    assert_eq!((error.line(), error.message().starts_with("a pepper needs at least 32")), (Some(2), true));
}

#[test]
fn a_test_number_holds_until_its_day() {
    let text = "[[test_numbers]]\nphone = \"+12025550100\"\ncode = \"424242\"\nvalid_until = 2027-01-01";
    let number = load_text(text).expect("loads").test_numbers.remove(0);
    assert_eq!((number.phone.as_str(), number.code.expose()), ("+12025550100", "424242"));
    assert!(number.holds_on(jiff::civil::date(2026, 12, 31)) && !number.holds_on(jiff::civil::date(2027, 1, 1)));
}

#[test]
fn the_first_file_is_valid() {
    let settings = load_text(starter()).expect("loads");
    assert_eq!(settings.message.app, "Example");
    assert!(settings.path.as_deref().is_some_and(|path| path.ends_with(Path::new("otpctl.toml"))));
}
