//! A custom gateway: a definition in a file, checked, configured and sent through.

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

use crate::support::cli::{FREE, Machine, PHONE, set_mode};
use crate::support::gateway::{DEFINITION, Gateway};

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
    machine.write(PLACE, DEFINITION);
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
    assert_eq!(shown.exits(0).stdout, DEFINITION);
}

#[test]
fn a_definition_of_ones_own_is_a_real_provider() {
    let machine = Machine::with(
        "[providers.ours]\ndefinition = \"ours.toml\"\ntoken = \"t\"\nbase_url = \"http://127.0.0.1:9\"\n",
    );
    machine.write(PLACE, DEFINITION);
    machine.run(&["send", PHONE]).exits(16);
}

#[test]
fn what_is_wrong_with_a_definition_is_told_with_its_place() {
    let machine = Machine::with(&configured("http://127.0.0.1:9"));
    let file = machine.write(PLACE, &DEFINITION.replace("phone = \"digits\"", "phon = \"digits\""));
    let path = file.to_str().unwrap();
    let error = machine.run(&["provider", "check", path, "--json"]).exits(30).error();
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("line 2, column 1") && message.contains("did you mean `phone`"), "{message}");
    // The configuration says the same, and what to do next.
    let error = machine.run(&["send", PHONE, "--json"]).exits(30).error();
    assert!(error["message"].as_str().unwrap().contains("line 2, column 1"), "{error}");
    assert!(error["hint"].as_str().unwrap().contains("provider check"), "{error}");

    machine.write(PLACE, DEFINITION);
    let checked = machine.run(&["provider", "check", path, "--json"]).exits(0).json();
    assert_eq!((&checked["title"], &checked["settings"][0]["secret"]), (&"Ours".into(), &true.into()));
    machine.run(&["provider", "check", "nosuch.toml"]).exits(30);
}

#[test]
fn a_definition_that_others_may_write_is_not_believed() {
    let machine = Machine::with(&configured("http://127.0.0.1:9"));
    let file = machine.write(PLACE, DEFINITION);
    set_mode(&file, 0o666);
    let error = machine.run(&["send", PHONE, "--json"]).exits(30).error();
    assert!(error["hint"].as_str().unwrap().contains("chmod 600"), "{error}");
}

#[test]
fn a_definition_that_is_broken_stops_only_what_needs_it() {
    let missing: fn(&Machine) = |machine| std::fs::remove_file(machine.path(PLACE)).unwrap();
    let wrong: fn(&Machine) = |machine| drop(machine.write(PLACE, "name = \"Ours\"\nsend = 5\n"));
    let open: fn(&Machine) = |machine| set_mode(&machine.write(PLACE, DEFINITION), 0o666);
    let cases = [
        (missing, "there is no such file", "provider show telnyx"),
        (wrong, "line 2, column 8", "provider check"),
        (open, "others can write", "chmod 600"),
    ];
    for (spoil, said, hint) in cases {
        let gateway = Gateway::start(200, r#"{"id":"m-17"}"#);
        let machine = Machine::with(&configured(&gateway.base_url));
        machine.write(PLACE, DEFINITION);
        machine.run(&["send", PHONE]).exits(0);
        let request = gateway.requests().remove(0);
        let code: String = request.split(r#""text":""#).nth(1).unwrap().chars().take(6).collect();
        spoil(&machine);
        // The line that names it, and what is wrong with it.
        let line = configured("x").lines().position(|line| line.starts_with("definition")).unwrap() + 1;
        let place = format!("otpctl.toml:{line}: providers.ours.definition: ");
        let told = |text: &Value, what: &str| assert!(text.as_str().unwrap().contains(what), "{what}: {text}");
        for words in [&["send", PHONE] as &[&str], &["provider", "test", "ours"], &["provider", "show", "ours"]] {
            let error = machine.run(&[words, &["--json"]].concat()).exits(30).error();
            told(&error["message"], &place);
            told(&error["message"], said);
            told(&error["hint"], hint);
        }
        let checked = machine.run(&["config", "check", "--json"]).exits(30).json();
        let find = |rows: &Value, field: &str| {
            let rows = rows.as_array().unwrap().iter();
            let own: Vec<Value> = rows.filter(|row| row[field] == "providers.ours.definition").cloned().collect();
            let [own] = own.as_slice() else { panic!("{own:?}") };
            own.clone()
        };
        let finding = find(&checked["findings"], "key");
        assert_eq!(finding["status"], "fail");
        told(&finding["detail"], &place);
        let examined = machine.run(&["doctor", "--json"]).exits(30).json();
        let check = find(&examined["checks"], "id");
        assert_eq!((&check["status"], &check["exit"]), (&"fail".into(), &30.into()));
        told(&check["fix"], hint);
        let listed = machine.run(&["provider", "list", "--json"]);
        assert_eq!(listed.exits(0).json()["providers"][0]["kind"], "ours.toml");
        assert!(listed.stderr.contains(&place), "{listed:?}");
        // A wait tells it, and goes on.
        machine.run(&["wait", PHONE, "--for", "accepted"]).exits(0);
        assert_eq!(machine.inspect(PHONE)["live_code"]["state"], "sent");
        machine.verify(PHONE, &code).exits(0);
        machine.run(&["revoke", PHONE]).exits(0);
        assert!(!listed.words().contains("t0k3n") && !machine.run(&["config", "show"]).words().contains("t0k3n"));
    }
}

#[test]
fn a_definition_is_shown_as_one() {
    let machine = Machine::with(&configured("http://127.0.0.1:9"));
    let file = machine.write(PLACE, DEFINITION);
    let shown = machine.run(&["config", "show", "--json"]).exits(0).json();
    let rows = shown["settings"].as_array().unwrap();
    let row = |key: &str| rows.iter().find(|row| row["key"] == key);
    let definition = row("providers.ours.definition").unwrap();
    assert_eq!(definition["value"], file.to_str().unwrap());
    assert!(definition["origin"].as_str().unwrap().contains("otpctl.toml:"), "{definition}");
    assert_eq!(row("providers.ours.kind"), None);
    assert_eq!(row("providers.ours.token").unwrap()["value"], "[redacted]");
}

#[test]
fn a_kind_and_a_definition_exclude_each_other() {
    let machine = Machine::with("[providers.ours]\nkind = \"telnyx\"\ndefinition = \"ours.toml\"\n");
    machine.write(PLACE, DEFINITION);
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

#[test]
fn a_definition_that_forgets_hindi_is_refused_before_anything_is_sent() {
    let gateway = Gateway::start(200, r#"{"id":"m-17"}"#);
    let machine = Machine::with(&configured(&gateway.base_url));
    let file = machine.write(PLACE, &DEFINITION.replace("encoding = \"automatic\"\n", ""));
    let error = machine.run(&["provider", "check", file.to_str().unwrap(), "--json"]).exits(30).error();
    assert!(error["message"].as_str().unwrap().contains("`encoding` is missing"), "{error}");
    machine.run(&["send", PHONE]).exits(30);
    assert!(gateway.requests().is_empty());
    let coded = format!("{DEFINITION}[errors]\ncode = \"body.code\"\n");
    machine.write(PLACE, &coded);
    let error = machine.run(&["provider", "check", file.to_str().unwrap(), "--json"]).exits(30).error();
    assert!(error["message"].as_str().unwrap().contains("`errors.unlisted` is missing"), "{error}");
    machine.write(PLACE, &format!("{coded}unlisted = \"refused\"\n"));
    machine.run(&["provider", "check", file.to_str().unwrap()]).exits(0);
}

#[test]
fn a_code_that_no_list_has_is_a_refusal_where_the_definition_says_so() {
    let gateway = Gateway::start(200, r#"{"code":"77","text":"number out of use"}"#);
    let machine = Machine::with(&configured(&gateway.base_url));
    let errors = |unlisted: &str| {
        format!("{DEFINITION}[errors]\ncode = \"body.code\"\nmessage = \"body.text\"\nunlisted = \"{unlisted}\"\n")
    };
    machine.write(PLACE, &errors("refused"));
    let error = machine.run(&["send", PHONE, "--json"]).exits(25).error();
    assert_eq!(error["outcome"], "not_done");
    machine.write(PLACE, &errors("unknown"));
    machine.run(&["send", PHONE, "--json"]).exits(27);
}

/// The signed gateway of the page on providers, as the page has it.
fn signed_gateway() -> String {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/providers.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (_, text) =
        page.split_once("```toml\n# src/provider/catalog/sens.toml\n").expect("the signed gateway of the page");
    text.split_once("```").unwrap().0.to_owned()
}

#[test]
fn the_signed_gateway_of_the_page_sends() {
    let gateway = Gateway::start(202, r#"{"requestId":"RSSA-17","statusCode":"202","statusName":"success"}"#);
    let machine = Machine::with(&format!(
        "{FREE}[policy]\ncountries = [\"KR\"]\n[providers.sens]\ndefinition = \"sens.toml\"\nfrom = \"0221234567\"\n\
         service_id = \"ncp:sms:kr:50:sens\"\naccess_key = \"AK0123\"\nsecret_key = \"s3cret-of-sens\"\n\
         base_url = \"{}\"\n",
        gateway.base_url
    ));
    machine.write(".config/otpctl/sens.toml", &signed_gateway());
    let sent = machine.run(&["send", "+821012345678", "--json"]).exits(0).json();
    assert_eq!(sent["provider_message_id"], "RSSA-17");
    let requests = gateway.requests();
    let [request] = requests.as_slice() else { panic!("{requests:?}") };
    let header = |name: &str| request.lines().find_map(|line| line.strip_prefix(&format!("{name}: "))).unwrap().trim();
    let (line, _) = request.split_once(" HTTP/1.1").unwrap();
    assert_eq!(line, "POST /sms/v2/services/ncp:sms:kr:50:sens/messages");
    assert!(request.contains(r#""countryCode":"82""#) && request.contains(r#""to":"01012345678""#), "{request}");
    let text = format!("{line}\n{}\n{}", header("x-ncp-apigw-timestamp"), header("x-ncp-iam-access-key"));
    let mac = Hmac::<Sha256>::new_from_slice(b"s3cret-of-sens").unwrap().chain_update(text).finalize();
    assert_eq!(header("x-ncp-apigw-signature-v2"), BASE64.encode(&mac.into_bytes()));
}
