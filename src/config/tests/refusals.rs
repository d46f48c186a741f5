//! Each refusal once: which line, which key, what is allowed, what was probably meant.

use super::load_text;

/// (file, line, parts of the message, the hint included)
const REFUSALS: &[(&str, usize, &[&str])] = &[
    // Keys.
    ("\nregoin = \"IN\"", 2, &["unknown key `regoin`", "did you mean `region`?", "allowed at the top"]),
    (
        "[code]\nlength = 6\n\nttll = \"5m\"",
        4,
        &["code: unknown key `ttll`", "did you mean `ttl`?", "allowed in [code]: length"],
    ),
    ("[code]\ncooldown = []", 2, &["unknown key `cooldown`", "it belongs in [limits]"]),
    ("ttl = \"5m\"", 1, &["it belongs in [code]"]),
    ("[store]\nredsi = {}", 2, &["did you mean `redis`?"]),
    ("[store.embedded]\npaht = \"x\"", 2, &["did you mean `path`?"]),
    ("[store.redis]\nurl = \"redis://h\"\npasword = \"x\"", 3, &["did you mean `password`?"]),
    (
        "[store.redis]\nurl = \"rediss://h\"\ntls = { ce = \"x\" }",
        3,
        &["store.redis.tls", "allowed in [store.redis.tls]: ca, cert, key"],
    ),
    ("[limits]\nper_phon = {}", 2, &["did you mean `per_phone`?"]),
    ("[policy]\ncountry = [\"IN\"]", 2, &["did you mean `countries`?"]),
    ("[message]\ntxt = \"\"", 2, &["did you mean `text`?"]),
    ("[message.lang.hi]\ntexts = \"\"", 2, &["did you mean `text`?"]),
    ("[timeline]\nkeeps = \"1d\"", 2, &["did you mean `keep`?"]),
    ("[code]\npeppers = [{ idd = \"a\" }]", 2, &["did you mean `id`?"]),
    ("[[test_numbers]]\nphome = \"+12025550100\"", 2, &["did you mean `phone`?"]),
    ("[providers.telnyx]\napikey = { env = \"A\" }", 2, &["did you mean `api_key`?", "base_url"]),
    ("[providers.telnyx]\napi_key = { evn = \"A\" }", 2, &["did you mean `env`?"]),
    // Types and TOML itself.
    ("protected = \"yes\"", 1, &["protected: expected true or false, found text"]),
    ("code = 5", 1, &["expected a table, found a whole number"]),
    ("region = 5", 1, &["expected text in quotes, found a whole number"]),
    ("[limits]\ncooldown = \"30s\"", 2, &["expected a list of durations", ", found text"]),
    ("region = \"IN\"\nregion = \"US\"", 2, &["not valid TOML", "duplicate key"]),
    ("[code]\nlength = 6\n[code]\n", 3, &["not valid TOML", "duplicate key"]),
    ("[code\n", 1, &["not valid TOML"]),
    ("region = IN", 1, &["not valid TOML"]),
    // Countries and types.
    ("region = \"in\"", 1, &["two letters of a country", "did you mean `IN`?"]),
    ("region = \"UK\"", 1, &["did you mean `GB`?"]),
    ("region = \"QQ\"", 1, &["two letters of a country"]),
    ("[policy]\ncountries = [\"IN\",\n \"USA\"]", 3, &["did you mean `US`?"]),
    ("[policy]\ntypes = [\"moblie\"]", 2, &["did you mean `mobile`?", "number types: mobile, fixed_line"]),
    ("[policy]\ntypes = []", 2, &["nothing could be sent"]),
    ("[policy]\nbrakes = \"enforced\"", 2, &["did you mean `enforce`?"]),
    ("[policy]\ncountries = { IN = \"alow\" }", 2, &["did you mean `allow`?"]),
    ("[policy]\ncountries = { IND = \"allow\" }", 2, &["did you mean `IN`?"]),
    (
        "[policy]\nbrakes = \"enforce\"\n[store.redis]\nurl = \"redis://h\"\nlayout = \"frappe\"",
        2,
        &["sees who verified"],
    ),
    // The code.
    (
        "[code]\nlength = 5",
        2,
        &["code.length", "at least 20 bits", "16.6", "length = 6 is enough", "allow_weak = true"],
    ),
    ("[code]\nalphabet = \"hex\"\nlength = 4", 3, &["length = 5 is enough"]),
    ("[code]\nlength = 33", 2, &["from 1 to 32"]),
    ("[code]\nlength = 0", 2, &["from 1 to 32"]),
    ("[code]\nalphabet = \"digit\"", 2, &["did you mean `digits`?"]),
    ("[code]\nalphabet = \"abcA\"", 2, &["each once whatever its case"]),
    ("[code]\nttl = \"11m\"", 2, &["a duration from 1s to 10m"]),
    ("[code]\nttl = \"999ms\"", 2, &["a duration from 1s to 10m"]),
    ("[code]\nttl = \"0s\"", 2, &["a duration from 1s to 10m"]),
    ("[code]\nttl = \"-5m\"", 2, &["a duration from 1s to 10m"]),
    ("[code]\nttl = \"1.5m\"", 2, &["a duration from 1s to 10m"]),
    ("[code]\nttl = 300", 2, &["expected a duration", ", found a whole number"]),
    ("[code]\nmax_attempts = 11", 2, &["from 1 to 10"]),
    ("[code]\nmax_attempts = 0", 2, &["from 1 to 10"]),
    ("[code]\nmax_attempts = -1", 2, &["from 1 to 10"]),
    ("[code]\npeppers = [{ file = \"x\" }]", 2, &["expected an `id` of 1 to 32"]),
    ("[code]\npeppers = [{ id = \"a b\", file = \"x\" }]", 2, &["expected an `id` of 1 to 32"]),
    ("[code]\npeppers = [\n{ id = \"a\", file = \"x\" },\n{ id = \"a\", file = \"y\" }]", 4, &["the same id"]),
    ("[code]\npeppers = [{ id = \"a\" }]", 2, &["exactly one source: env, file or command"]),
    ("[code]\npeppers = [{ id = \"a\", value = \"short\" }]", 2, &["at least 32 characters"]),
    (
        "[code]\npeppers = [{ id = \"a\", value = \"x\", env = \"Y\" }]",
        2,
        &["exactly one source: env, file, command or value"],
    ),
    // Limits.
    ("[limits]\ncooldown = [\"30s\", \"0s\"]", 2, &["a duration from 1s to 1d"]),
    ("[limits]\nper_phone = { \"10m\" = 101 }", 2, &["limits.per_phone.10m", "from 1 to 100"]),
    ("[limits]\nper_phone = { \"10m\" = 0 }", 2, &["from 1 to 100"]),
    ("[limits]\nper_prefix = { ten = 3 }", 2, &["a window from 1s to 31d as the key"]),
    ("[limits]\nper_country = { \"60s\" = 3, \"1m\" = 4 }", 2, &["duplicate window"]),
    ("[limits]\nlocks = { many = \"1h\" }", 2, &["a count of failures as the key"]),
    ("[limits]\nlocks = { 0 = \"1h\" }", 2, &["a count of failures as the key"]),
    ("[limits]\nlocks = { 10 = \"1h\", 010 = \"2h\" }", 2, &["duplicate count"]),
    ("[limits]\nlocks = { 10 = \"herd\" }", 2, &["expected \"hard\" or a duration"]),
    ("[limits.locks]\n10 = \"hard\"\n20 = \"1h\"", 3, &["after the hard one"]),
    ("[limits]\nfailures_kept = \"1h\"", 2, &["a duration from 1d to 366d"]),
    ("[timeline]\nkeep = \"1s\"", 2, &["a duration from 1m to 366d"]),
    // Stores.
    ("[store.embedded]\n[store.redis]\nurl = \"redis://h\"", 2, &["exactly one store", "remove one of the two"]),
    ("[store.embedded]\npath = \"~/x.db\"", 2, &["`~` and `$` are not expanded"]),
    ("[store.redis]\nprefix = \"a\"", 1, &["`url` is missing", "redis://HOST"]),
    ("[store.redis]\nurl = \"http://h\"", 2, &["redis://HOST:6379/0"]),
    ("[store.redis]\nurl = \"redis://\"", 2, &["redis://HOST:6379/0"]),
    ("[store.redis]\nurl = \"redis://h:0\"", 2, &["from 1 to 65535"]),
    ("[store.redis]\nurl = \"redis://h/x\"", 2, &["a whole number as the database"]),
    ("[store.redis]\nurl = \"rediss://h/#insecure\"", 2, &["no `#` part"]),
    ("[store.redis]\nurl = \"unix://run/x\"", 2, &["unix:///run/redis.sock"]),
    ("[store.redis]\nurl = \"redis://u:p@h\"\nusername = \"x\"", 3, &["the URL has a username too"]),
    ("[store.redis]\nurl = \"redis://:p@h\"\npassword = \"x\"", 3, &["the URL has a password too"]),
    ("[store.redis]\nurl = \"redis://::1\"", 2, &["in brackets"]),
    ("[store.redis]\nurl = \"redis://h\"\nnodes = [\"h\"]", 3, &["more than one address", "exactly one of `url`"]),
    ("[store.redis]\nnodes = [\"h\"]\nsentinel = {}", 3, &["more than one address"]),
    ("[store.redis]\nnodes = []", 2, &["1 to 64 nodes"]),
    ("[store.redis]\nnodes = \"h\"", 2, &["a list of HOST:PORT"]),
    ("[store.redis]\nnodes = [\n\"h\",\n\"redis://h\"]", 4, &["expected HOST:PORT", "their own keys"]),
    ("[store.redis]\nnodes = [\"fd00::1\"]", 2, &["in brackets"]),
    ("[store.redis]\nnodes = [\"a b\"]", 2, &["expected HOST:PORT"]),
    ("[store.redis]\nnodes = [\"h:0\"]", 2, &["from 1 to 65535"]),
    ("[store.redis]\nnodes = [\"h\", \"h:6379\"]", 2, &["duplicate node"]),
    ("[store.redis]\nnodes = [\"h\"]\ndatabase = 1", 3, &["only database 0"]),
    ("[store.redis]\nurl = \"redis://h\"\ndatabase = 1", 3, &["the database in the URL"]),
    ("[store.redis]\nsentinel = { master = \"otp\" }", 2, &["`nodes` is missing", "26379"]),
    ("[store.redis]\nsentinel = { nodes = [\"h\"] }", 2, &["`master` is missing"]),
    ("[store.redis]\nsentinel = { master = \"\", nodes = [\"h\"] }", 2, &["expected a master name"]),
    ("[store.redis]\nsentinel = { master = \"m\", node = [\"h\"] }", 2, &["did you mean `nodes`?"]),
    (
        "[store.redis]\nsentinel = { master = \"m\", nodes = [\"h\"], password = \"\" }",
        2,
        &["a secret cannot be empty"],
    ),
    ("[store.redis]\nurl = \"redis://h\"\nconnect_timeout = \"1ms\"", 3, &["from 50ms to 1m"]),
    ("[store.redis]\nnodes = [\"h\"]\ntls = \"yes\"", 3, &["expected a table, found text"]),
    ("[store.redis]\nnodes = [\"h\"]\nusername = \"\"", 3, &["empty; remove the key"]),
    ("[store.redis]\nurl = \"rediss://h\"\ntls = false", 3, &["the URL is with TLS"]),
    ("[store.redis]\nurl = \"redis://h\"\ntls = true", 3, &["rediss://"]),
    ("[store.redis]\nurl = \"redis://h\"\ndurability = { wait_replica = 1 }", 3, &["did you mean `wait_replicas`?"]),
    ("[store.redis]\nurl = \"redis://h\"\ndurability = { wait_replicas = 0 }", 3, &["from 1 to 16"]),
    ("[store.redis]\nurl = \"redis://h\"\ndurability = { wait_ms = 0 }", 3, &["from 1 to 5000"]),
    ("[store.redis]\nurl = \"redis://h\"\nlayout = \"frape\"", 3, &["unknown layout; did you mean `frappe`?"]),
    ("[store.redis]\nurl = \"redis://h\"\n[store.redis.layout]\nkey = \"x\"", 4, &["a key needs the place"]),
    ("[store.redis]\nurl = \"redis://h\"\nprefix = \"a{b\"", 3, &["1 to 64 letters"]),
    ("[store.redis]\nurl = \"redis://h\"\ntls = { ca = \"x\" }", 3, &["rediss://"]),
    ("[store.redis]\nurl = \"rediss://h\"\ntls = { cert = \"x\" }", 3, &["both `cert` and `key`"]),
    // Providers and routes.
    (
        "[providers.telnix]\n",
        1,
        &["the name is no provider kind", "did you mean `telnyx`?", "kinds: console, outbox, command"],
    ),
    ("[providers.sms]\nkind = \"telnix\"", 2, &["unknown provider kind", "did you mean `telnyx`?"]),
    ("[providers.\"a b\"]\n", 1, &["expected a provider name"]),
    ("[providers.telnyx]\nfrom = \"+1\"", 1, &["`api_key` is missing; Telnyx requires it"]),
    ("[providers.telnyx]\napi_key = 5", 2, &["expected a secret: text, { env", ", found a whole number"]),
    ("[providers.telnyx]\napi_key = \"\"", 2, &["a secret cannot be empty"]),
    ("[providers.telnyx]\napi_key = {}", 2, &["exactly one source: env, file or command"]),
    ("[providers.telnyx]\napi_key = { env = \"A\", file = \"b\" }", 2, &["exactly one source: env, file or command"]),
    ("[providers.telnyx]\napi_key = { env = \"A B\" }", 2, &["the name of an environment variable"]),
    ("[providers.telnyx]\napi_key = { command = \"pass\" }", 2, &["a list of a program and its arguments"]),
    ("[providers.telnyx]\napi_key = { command = [] }", 2, &["expected a program and its arguments, such as"]),
    ("[providers.telnyx]\napi_key = { env = \"A\" }\nfrom = 5", 3, &["expected text in quotes, found a whole number"]),
    ("[providers.twilio]\naccount_sid = \"AC\"\nvalidity_period = \"x\"", 3, &["expected a whole number, found text"]),
    (
        "[providers.smpp]\nhost = \"h\"\ntls = \"yes\"",
        3,
        &["expected true, false, or a table such as { ca = \"ca.pem\" }, found text"],
    ),
    ("[providers.smpp]\nhost = \"h\"\ntls = { cert = \"x\" }", 3, &["unknown key `cert`"]),
    ("[providers.smpp]\nhost = \"h\"\ntls = {}", 3, &["`ca` is missing"]),
    ("[routes]\ndefault = [\"telnyx\"]", 2, &["no provider of this name is configured", "configured: console"]),
    ("[routes]\ndefault = []", 2, &["at least one provider"]),
    ("[routes]\ndefault = [\"console\", \"console\"]", 2, &["in the route twice"]),
    ("[routes]\ndefualt = [\"console\"]", 2, &["did you mean `default`?"]),
    ("[routes]\nin = [\"console\"]", 2, &["did you mean `IN`?"]),
    ("[routes]\n\"+91x\" = [\"console\"]", 2, &["first digits of a number"]),
    ("[routes]\n\"+\" = [\"console\"]", 2, &["first digits of a number"]),
    ("[routes]\nfailover_on_unknwn = true", 2, &["did you mean `failover_on_unknown`?"]),
    ("[routes]\nfailover_on_unknown = \"yes\"", 2, &["true or false"]),
    ("[routes]\npass_over = { afte = 3 }", 2, &["did you mean `after`?"]),
    ("[routes]\npass_over = { for = \"1h\" }", 2, &["a duration from 1s to 15m"]),
    (
        "[providers.console]\n[providers.outbox]\npath = \"x\"",
        1,
        &["`routes.default`", "default = [\"console\", \"outbox\"]"],
    ),
    ("[message.lang.\"h i\"]\ntext = \"\"", 1, &["a language tag, such as hi"]),
    ("[message.lang.hi]\n", 1, &["`text` is missing"]),
    // Test numbers.
    (
        "protected = true\n[[test_numbers]]\nphone = \"+12025550100\"\ncode = \"424242\"\nvalid_until = 2027-01-01",
        2,
        &["this file is protected"],
    ),
    ("[[test_numbers]]\nphone = \"+1 202 555 0100\"\ncode = \"424242\"\nvalid_until = 2027-01-01", 2, &["E.164"]),
    ("[[test_numbers]]\nphone = \"+1\"\ncode = \"424242\"\nvalid_until = 2027-01-01", 2, &["E.164"]),
    (
        "[[test_numbers]]\nphone = \"+12025550100\"\ncode = \"4242\"\nvalid_until = 2027-01-01",
        3,
        &["the code must be 6 digits"],
    ),
    (
        "[[test_numbers]]\nphone = \"+12025550100\"\ncode = \"424242\"\nvalid_until = \"2027-01-01\"",
        4,
        &["a date without quotes"],
    ),
    ("[[test_numbers]]\nphone = \"+12025550100\"\ncode = \"424242\"", 1, &["`valid_until` is missing"]),
];

#[test]
fn each_refusal_names_its_line_and_what_is_allowed() {
    for (text, line, parts) in REFUSALS {
        let error = load_text(text).expect_err(text);
        let said = format!("{error} | {}", error.hinted());
        assert_eq!(error.line(), Some(*line), "{text}\n{said}");
        assert!(said.contains(&format!("otpctl.toml:{line}: ")), "{said}");
        for part in *parts {
            assert!(said.contains(part), "{text}\nsaid  {said}\nwants {part}");
        }
    }
}

#[test]
fn the_same_number_twice_is_refused() {
    let number = "[[test_numbers]]\nphone = \"+12025550100\"\ncode = \"424242\"\nvalid_until = 2027-01-01\n";
    let error = load_text(&number.repeat(2)).expect_err("twice");
    assert_eq!((error.line(), error.message()), (Some(5), "this number is listed twice"));
}

#[test]
fn what_is_no_text_is_refused() {
    let folder = super::folder();
    let path = folder.path().join("otpctl.toml");
    std::fs::write(&path, [0xff, 0xfe]).expect("writes");
    super::chmod(&path, 0o600);
    let error = super::load(&super::located(Some(path.clone())), &super::home()).expect_err("no text");
    assert_eq!(error.message(), "this file is not UTF-8 text");
    super::write(&path, &"#".repeat((1 << 20) + 1), 0o600);
    let error = super::load(&super::located(Some(path)), &super::home()).expect_err("too large");
    assert!(error.message().starts_with("this file is larger"), "{error}");
}

#[test]
fn the_missing_pepper_comes_with_a_command() {
    let error = super::super::missing_pepper(Some("/etc/otpctl/otpctl.toml".as_ref()));
    assert!(error.to_string().starts_with("/etc/otpctl/otpctl.toml: no pepper is configured"), "{error}");
    let hint = error.hinted();
    assert!(hint.ends_with(": (umask 077 && head -c 32 /dev/urandom | base64 > /etc/otpctl/pepper)"), "{hint}");
}
