//! A gateway of one's own: a definition in a file, checked, configured and sent through.

use super::support::cli::{Machine, set_mode};
use super::support::gateway::Gateway;
use super::{FREE, PHONE};

const OWN: &str = r#"name  = "Ours"
phone = "digits"

[settings]
token = { secret = true, required = true, help = "of the gateway" }

[auth]
header = { X-Token = "{{ token }}" }

[send]
request  = "POST /sms"
json     = { to = "{{ phone }}", text = "{{ text }}" }
accepted = "status == 200 and body.id"
id       = "body.id"
"#;

/// Beside the configuration.
const PLACE: &str = ".config/otpctl/ours.toml";

fn configured(base_url: &str) -> String {
    format!(
        "{FREE}[policy]\ncountries = [\"IN\"]\n[providers.ours]\ndefinition = \"ours.toml\"\n\
         token = \"t0k3n\"\nbase_url = \"{base_url}\"\n"
    )
}

#[test]
fn a_definition_of_ones_own_sends() {
    let gateway = Gateway::start(200, r#"{"id":"m-17"}"#);
    let machine = Machine::with(&configured(&gateway.base_url));
    machine.write(PLACE, OWN);
    let sent = machine.run(&["send", PHONE, "--json"]).exits(0).json();
    assert_eq!((&sent["provider"], &sent["provider_message_id"]), (&"ours".into(), &"m-17".into()));
    let requests = gateway.requests();
    let [request] = requests.as_slice() else { panic!("{requests:?}") };
    assert!(request.starts_with("POST /sms ") && request.contains("x-token: t0k3n"), "{request}");
    assert!(request.contains(r#""to":"919876543210""#), "{request}");
    let code: String = request.split(r#""text":""#).nth(1).unwrap().chars().take(6).collect();
    machine.verify(PHONE, &code).exits(0);

    let listed = machine.run(&["provider", "list", "--json"]).exits(0).json();
    assert_eq!(
        (&listed["providers"][0]["kind"], &listed["providers"][0]["title"]),
        (&"ours.toml".into(), &"Ours".into())
    );
    let shown = machine.run(&["provider", "show", "ours"]);
    assert_eq!(shown.exits(0).stdout, OWN);
}

#[test]
fn a_definition_of_ones_own_is_a_real_provider() {
    let machine = Machine::with(
        "[providers.ours]\ndefinition = \"ours.toml\"\ntoken = \"t\"\nbase_url = \"http://127.0.0.1:9\"\n",
    );
    machine.write(PLACE, OWN);
    machine.run(&["send", PHONE]).exits(16);
}

#[test]
fn what_is_wrong_with_a_definition_is_told_with_its_place() {
    let machine = Machine::with(&configured("http://127.0.0.1:9"));
    let file = machine.write(PLACE, &OWN.replace("phone = \"digits\"", "phon = \"digits\""));
    let path = file.to_str().unwrap();
    let error = machine.run(&["provider", "check", path, "--json"]).exits(30).error();
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("line 2, column 1") && message.contains("did you mean `phone`"), "{message}");
    // The configuration says the same, and what to do next.
    let error = machine.run(&["send", PHONE, "--json"]).exits(30).error();
    assert!(error["message"].as_str().unwrap().contains("line 2, column 1"), "{error}");
    assert!(error["hint"].as_str().unwrap().contains("provider check"), "{error}");

    machine.write(PLACE, OWN);
    let checked = machine.run(&["provider", "check", path, "--json"]).exits(0).json();
    assert_eq!((&checked["title"], &checked["settings"][0]["secret"]), (&"Ours".into(), &true.into()));
    machine.run(&["provider", "check", "nosuch.toml"]).exits(30);
}

#[test]
fn a_definition_that_others_may_write_is_not_believed() {
    let machine = Machine::with(&configured("http://127.0.0.1:9"));
    let file = machine.write(PLACE, OWN);
    set_mode(&file, 0o666);
    let error = machine.run(&["send", PHONE, "--json"]).exits(30).error();
    assert!(error["hint"].as_str().unwrap().contains("chmod 600"), "{error}");
}

#[test]
fn a_kind_and_a_definition_exclude_each_other() {
    let machine = Machine::with("[providers.ours]\nkind = \"telnyx\"\ndefinition = \"ours.toml\"\n");
    machine.write(PLACE, OWN);
    let error = machine.run(&["provider", "list", "--json"]).exits(30).error();
    assert!(error["message"].as_str().unwrap().contains("not both"), "{error}");
}

#[test]
fn definitions_are_shown_to_start_from() {
    let machine = Machine::new();
    let telnyx = machine.run(&["provider", "show", "telnyx"]);
    let copy = machine.write("copy.toml", &telnyx.exits(0).stdout);
    machine.run(&["provider", "check", copy.to_str().unwrap()]).exits(0);
    machine.run(&["provider", "show", "console"]).exits(14);
    machine.run(&["provider", "show", "nosuch"]).exits(14);
}
