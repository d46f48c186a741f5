//! No output ever shows a code, a key, or a number that the caller did not type.

use otpctl::otp::{Alphabet, CodeSpec, Pepper, Peppers, Phone, Secret};
use serde_json::{Value, json};

use super::PHONE;
use super::support::cli::{Machine, PEPPER, Ran};
use super::support::gateway::Gateway;
use super::support::redis::free_port;

const KEY: &str = "KEY0185TheTelnyxKeyOfTheTests";
const AUTHKEY: &str = "372911AnAuthkeyOfTheTests";
const FORMATS: [&[&str]; 5] = [&["-vv"], &["-vvv", "--json"], &["-vv", "-o", "jsonl"], &["--color", "always"], &["-q"]];

/// A gateway that refuses everything, and quotes all that it was sent.
fn parrot(status: u16) -> Gateway {
    Gateway::answering(status, |request| {
        json!({"errors": [{"code": "10015", "title": request, "detail": request}], "type": "error", "message": request})
            .to_string()
    })
}

/// All codes in what gateways and programs were given.
fn codes(texts: &[String]) -> Vec<String> {
    let words = texts.iter().flat_map(|text| text.split(|character: char| !character.is_ascii_digit()));
    words.filter(|word| word.len() == 6).map(str::to_owned).collect()
}

/// A machine whose every provider fails: refused, down, unreadable, silent, a program, a file.
fn failing(gateways: &[&Gateway; 3]) -> Machine {
    let machine = Machine::on_redis("");
    let program = machine.program("parrot", "tee -a messages >&2; exit 1");
    let hurried = machine.program("hurried", "tee -a messages >&2; sleep 5");
    let [refuses, down, garbles] = gateways.map(|gateway| &gateway.base_url);
    let telnyx = format!("kind = \"telnyx\"\napi_key = \"{KEY}\"\nfrom = \"+13125550100\"");
    machine.configure(&format!(
        "[policy]\ncountries = [\"IN\"]\n\
         [limits]\ncooldown = []\nper_phone = {{}}\nper_prefix = {{}}\nper_country = {{}}\n\
         [routes]\ndefault = [\"down\", \"program\", \"refuses\"]\n\
         [providers.refuses]\n{telnyx}\nbase_url = \"{refuses}\"\n\
         [providers.down]\n{telnyx}\nbase_url = \"{down}\"\n\
         [providers.garbles]\n{telnyx}\nbase_url = \"{garbles}\"\n\
         [providers.nobody]\nkind = \"msg91\"\nauthkey = \"{AUTHKEY}\"\ntemplate_id = \"64b7e0c2d6fc051b1a2c3d4e\"\nbase_url = \"http://127.0.0.1:{}\"\n\
         [providers.program]\nkind = \"command\"\nargv = [{program:?}]\n\
         [providers.hurried]\nkind = \"command\"\nargv = [{hurried:?}]\ntimeout = \"1s\"\n\
         [providers.outbox]\npath = \"no/such/folder/outbox.jsonl\"\n",
        free_port()
    ));
    machine
}

/// What is asked with a phone that was never typed: `REF` and `LIVE` stand for a reference and a challenge.
const COMMANDS: &[&[&str]] = &[
    &["send", "REF"],
    &["send", "user:u_1", "--dry-run"],
    &["send", "REF", "--user", "nosuch"],
    &["verify", "user:u_1", "314159"],
    &["verify", "REF", "314159"],
    &["verify", "REF", "31415"],
    &["verify", "LIVE", "314159"],
    &["verify", "REF", "314159", "--purpose", "other"],
    &["verify", "REF", "314159", "--user", "nosuch"],
    &["inspect", "user:u_1"],
    &["inspect", "REF"],
    &["inspect", "LIVE"],
    &["list"],
    &["list", "--state", "unknown"],
    &["user", "show", "u_1"],
    &["user", "show", "REF"],
    &["user", "list"],
    &["user", "link", "u_2", "REF"],
    &["user", "unlink", "u_2", "REF"],
    &["issue", "REF", "--dry-run"],
    &["revoke", "LIVE"],
    &["revoke", "REF", "--must-exist"],
    &["revoke", "--all", "--dry-run"],
    &["unlock", "user:u_1"],
    &["unlock", "REF", "--limits"],
    &["config", "path"],
    &["config", "show"],
    &["config", "show", "--origin"],
    &["config", "check"],
    &["config", "init"],
    &["provider", "list"],
    &["version"],
    &["help"],
    &["help", "exit-codes"],
    &["completions", "bash"],
];

#[test]
fn t23_no_command_shows_a_secret() {
    let gateways = [&parrot(400), &parrot(503), &Gateway::answering(200, |request| format!("<html>{request}"))];
    let machine = failing(&gateways);
    machine.run(&["user", "link", "u_1", PHONE]).exits(0);
    let user = machine.run(&["user", "show", "u_1", "--json"]).exits(0).json();
    let reference = user["phones"][0]["ref"].as_str().unwrap();

    let mut said: Vec<Ran> = Vec::new();
    for (provider, exit, formats) in [
        ("refuses", 25, 3),
        ("down", 27, 3),
        ("nobody", 26, 3),
        ("program", 25, 3),
        ("outbox", 26, 3),
        // It takes its second each time.
        ("hurried", 27, 1),
        ("garbles", 27, 3),
    ] {
        for format in &FORMATS[..formats] {
            let ran = machine.run(&[&["send", "user:u_1", "--provider", provider] as &[&str], format].concat());
            ran.exits(exit);
            said.push(ran);
            machine.run(&["unlock", PHONE, "--limits"]).exits(0);
        }
    }
    let live = machine.inspect(PHONE)["live_code"]["challenge_id"].as_str().unwrap().to_owned();
    let lines = "user:u_1\nREF\nLIVE\nuser:nosuch\n".replace("REF", reference).replace("LIVE", &live);
    for format in FORMATS {
        for command in COMMANDS {
            let named = |word: &&str| word.replace("REF", reference).replace("LIVE", &live);
            said.push(machine.run(&[command, format].concat().iter().map(named).collect::<Vec<_>>()));
        }
        for command in ["send", "revoke"] {
            said.push(machine.stdin(&[&[command, "--from", "-"], format].concat(), lines.as_bytes()));
        }
    }
    let requests = gateways.iter().flat_map(|gateway| gateway.requests());
    let messages = std::fs::read_to_string(machine.path("messages")).unwrap();
    let mut secrets = codes(&requests.chain([messages]).collect::<Vec<_>>());
    assert!(secrets.len() >= 12, "{secrets:?}");
    secrets.extend(["314159", PEPPER, KEY, AUTHKEY, PHONE, &PHONE[1..], &PHONE[3..], "panicked"].map(str::to_owned));
    for ran in &said {
        let words = ran.words();
        for secret in &secrets {
            assert!(!words.contains(secret), "{secret} in {ran:?}");
        }
    }
}

/// `issue` is the one command that shows a code: on stdout, and nowhere else.
#[test]
fn t23_a_printed_code_is_printed_once() {
    let machine = Machine::on_redis("");
    machine.run(&["user", "link", "u_1", PHONE]).exits(0);
    for format in FORMATS {
        let ran = machine.run(&[&["issue", "user:u_1"] as &[&str], format].concat());
        let code = codes(&[ran.exits(0).stdout.clone()]).pop().expect("a code");
        assert!(!ran.stderr.contains(&code), "{ran:?}");
        assert!(!ran.words().contains(&PHONE[3..]), "{ran:?}");
        let inspected = machine.run(&["inspect", "user:u_1", "--json", "-vvv"]);
        assert!(!inspected.exits(0).words().contains(&code), "{inspected:?}");
    }
}

/// The environment of the process is told to nobody either.
#[test]
fn t23_a_secret_of_the_environment_stays_there() {
    let mut machine = Machine::with(
        "[code]\npeppers = [{ id = \"1\", env = \"THE_PEPPER\" }]\n[providers.telnyx]\napi_key = { env = \"THE_KEY\" }\nfrom = \"+13125550100\"\n\
         [policy]\ncountries = [\"IN\"]\n",
    );
    machine.variable("THE_PEPPER", PEPPER);
    machine.variable("THE_KEY", KEY);
    for command in [&["config", "show", "--origin"] as &[&str], &["config", "check"], &["send", PHONE, "--dry-run"]] {
        for format in FORMATS {
            let ran = machine.run(&[command, format].concat());
            ran.exits(0);
            assert!(!ran.words().contains(PEPPER) && !ran.words().contains(KEY), "{ran:?}");
        }
    }
}

/// What a panic could print is what `Debug` says.
#[test]
fn t23_secrets_are_redacted_where_a_panic_could_print_them() {
    let code = CodeSpec { alphabet: Alphabet::named("digits").unwrap(), length: 6 }.read("042917").unwrap();
    let pepper = Pepper { id: "2026b".to_owned(), key: Secret::new(PEPPER.to_owned()) };
    let peppers = Peppers::new(vec![pepper.clone()]).unwrap();
    let phone = Phone::parse(PHONE, None).unwrap();
    let said = format!("{code:?} {code:#?} {pepper:?} {peppers:#?} {phone:?} {:?}", Secret::new(KEY.to_owned()));
    for secret in ["042917", PEPPER, KEY, PHONE, &PHONE[3..]] {
        assert!(!said.contains(secret), "{said}");
    }
    let lost = Some((code, pepper, peppers, phone)).ok_or(()).map_or_else(Ok, Err);
    let caught = std::panic::catch_unwind(|| lost.unwrap());
    let text = caught.unwrap_err().downcast::<String>().unwrap();
    for secret in ["042917", PEPPER, PHONE, &PHONE[3..]] {
        assert!(text.contains("[redacted]") && !text.contains(secret), "{text}");
    }
}

#[test]
fn t23_a_number_that_was_not_typed_is_shown_where_it_is_asked_for() {
    let machine = Machine::new();
    machine.run(&["user", "link", "u_1", PHONE]).exits(0);
    let number = |words: &[&str]| machine.run(words).exits(0).json()["phone"]["number"].clone();
    assert_eq!(number(&["inspect", "user:u_1", "--json"]), Value::from("+91*******210"));
    assert_eq!(number(&["inspect", "user:u_1", "--json", "--unmask"]), Value::from(PHONE));
    assert_eq!(number(&["inspect", PHONE, "--json"]), Value::from(PHONE));
}
