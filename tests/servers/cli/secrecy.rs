//! No output ever shows a code, a key, or a number that the caller did not type.
//! These need a server or another program.

use serde_json::json;

use crate::support::cli::{Machine, PEPPER, PHONE, Ran};
use crate::support::gateway::Gateway;
use crate::support::port::closed_port;
use crate::support::secrecy::{FORMATS, KEY};

const AUTHKEY: &str = "372911AnAuthkeyOfTheTests";

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
        closed_port()
    ));
    machine
}

/// What is asked with a phone that was never typed: `REF` and `LIVE` stand for a reference and a challenge.
const EXAMPLES: [&str; 2] = ["otpctl send +919876543210", "otpctl verify +919876543210"];

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
fn no_command_shows_a_secret() {
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
        // The examples of the help have a number of their own, which happens to be this one.
        let words = EXAMPLES.iter().fold(ran.words(), |words, example| words.replace(example, ""));
        for secret in &secrets {
            assert!(!words.contains(secret), "{secret} in {ran:?}");
        }
    }
}

/// `issue` is the one command that shows a code: on stdout, and nowhere else.
#[test]
fn a_printed_code_is_printed_once() {
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
