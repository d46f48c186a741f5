//! Changes that replicas do not have: told, or a failure, as the file says.

use crate::servers::redis::RedisServer;
use crate::support::cli::{FREE, Machine, PEPPER, PHONE};

fn machine(server: &RedisServer, durability: &str) -> Machine {
    let machine = Machine::new();
    machine.write("pepper", PEPPER);
    machine.write(
        ".config/otpctl/otpctl.toml",
        &format!(
            "{FREE}[providers.outbox]\npath = \"../../outbox.jsonl\"\n\
             [code]\npeppers = [{{ id = \"1\", file = \"../../pepper\" }}]\n\
             [store.redis]\nurl = \"{}\"\n{durability}\n",
            server.url()
        ),
    );
    machine
}

#[test]
fn a_change_without_a_replica_is_a_warning_or_unknown() {
    let server = RedisServer::start();
    let lenient = machine(&server, "durability = { wait_ms = 20 }");
    let issued = lenient.run(&["issue", PHONE, "--json"]);
    assert_eq!(issued.code, 0, "{issued:?}");
    let warnings = issued.stderr.lines().filter(|line| line.starts_with("warning:")).count();
    assert!(warnings == 1 && issued.stderr.contains("0 of 1 replicas"), "{issued:?}");
    let code = issued.json()["code"].as_str().unwrap().to_owned();

    let strict = machine(&server, "durability = { wait_ms = 20, strict = true }");
    let unsure = strict.run(&["verify", PHONE, &code, "--attempt-id", "at-1", "--json"]);
    assert_eq!((unsure.code, unsure.stdout.as_str()), (23, ""), "{unsure:?}");
    let error = unsure.error();
    assert_eq!((&error["outcome"], &error["attempt_id"]), (&"unknown".into(), &"at-1".into()));
    assert!(error["message"].as_str().unwrap().contains("0 of 1 replicas"), "{error}");
    assert!(error["hint"].as_str().unwrap().contains("--attempt-id at-1"), "{error}");
    let unsent = strict.run(&["send", PHONE]);
    assert_eq!((unsent.code, strict.path("outbox.jsonl").exists()), (23, false), "{unsent:?}");
}
