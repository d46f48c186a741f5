//! Redis users by what people do: each gets what `store acl` prints, and can do his part and nothing else.
//! These need no server.

use serde_json::Value;

use crate::support::cli::Machine;

#[test]
fn the_rules_can_be_printed_for_a_server_that_cannot_be_asked() {
    let machine = Machine::with("[store.redis]\nurl = \"redis://127.0.0.1:1\"\n");
    let of = |words: &[&str]| machine.run(&[&["store", "acl", "--role", "support"], words].concat());
    let old = of(&["--redis", "6.0"]);
    assert!(old.stdout.contains(" +eval ") && !old.stdout.contains("_ro") && !old.stdout.contains('%'), "{old:?}");
    assert!(!old.stdout.contains("resetchannels") && !old.stdout.contains("clearselectors"), "{old:?}");
    assert!(of(&["--redis", "6.2"]).stdout.contains(" resetchannels "));
    let unasked = of(&[]);
    assert!(unasked.stdout.contains("+eval_ro") && unasked.stderr.contains("--redis"), "{unasked:?}");
    assert_eq!(of(&["--redis", "5"]).code, 2);
}

#[test]
fn the_rules_fit_the_servers() {
    let machine = Machine::new();
    let rules = |store: &str| -> Value {
        machine.write(
            ".config/otpctl/otpctl.toml",
            &format!("protected = true\n[store.redis]\nprefix = \"a.b\"\n{store}"),
        );
        machine.run(&["store", "acl", "--json"]).json()
    };
    let all = |document: &Value, word: &str| {
        let rows = document["acl"].as_array().unwrap();
        let has = |row: &Value| row["rules"].as_array().unwrap().iter().any(|rule| rule == word);
        rows.iter().filter(|row| has(row)).map(|row| row["role"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let everybody = ["support", "operator", "admin", "ci"];
    let alone = rules("url = \"redis://h/3\"\naccept_eviction_risk = true\npassword = { env = \"ABSENT\" }");
    assert_eq!(all(&alone, "+select"), everybody, "no secret is fetched for it");
    assert_eq!(
        (all(&alone, "+info"), all(&alone, "~a.b:*")),
        (
            vec!["support".to_owned(), "operator".into(), "admin".into()],
            vec!["operator".into(), "admin".into(), "ci".into()]
        )
    );
    assert_eq!(all(&alone, "%R~a.b:*"), ["support"]);
    assert!(alone["acl"][0]["sentinel_command"].is_null(), "{alone}");
    let cluster = rules("nodes = [\"h\"]");
    assert_eq!(
        (all(&cluster, "+cluster|slots"), all(&cluster, "+asking")),
        (everybody.map(str::to_owned).to_vec(), everybody.map(str::to_owned).to_vec())
    );
    assert_eq!(all(&cluster, "+info"), everybody, "each looks whether a server evicts");
    let watched = rules("sentinel = { master = \"otp\", nodes = [\"h\"] }\ndurability = { strict = true }");
    assert_eq!(
        (all(&watched, "+role"), all(&watched, "+wait")),
        (everybody.map(str::to_owned).to_vec(), vec!["operator".into(), "admin".into(), "ci".into()])
    );
    let command = watched["acl"][1]["sentinel_command"].as_str().unwrap();
    assert!(
        command.starts_with("ACL SETUSER otpctl-operator on ")
            && command.ends_with("+sentinel|get-master-addr-by-name")
    );

    let lines = machine.run(&["store", "acl", "-o", "jsonl"]).stdout;
    assert_eq!(lines.lines().count(), 4, "{lines}");
    let named = machine.run(&["store", "acl", "--role", "ci", "--user", "deploy"]);
    assert!(named.stdout.starts_with("ACL SETUSER deploy on "), "{named:?}");
    for wrong in [
        &["--role", "boss"][..],
        &["--user", "deploy"],
        &["--role", "ci", "--user", "a b"],
        &["--role", "ci", "--user", ""],
    ] {
        assert_eq!(machine.run(&[&["store", "acl"], wrong].concat()).code, 2, "{wrong:?}");
    }
    assert_eq!(Machine::new().run(&["store", "acl"]).code, 30, "a file has no users");
}
