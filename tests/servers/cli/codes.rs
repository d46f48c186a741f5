//! How codes are made, typed and spent.
//! These need a server or another program.

use crate::support::cli::{Machine, PHONE};

#[test]
fn a_user_who_is_not_there_gets_no_code() {
    let machine = Machine::on_redis("[providers.outbox]\npath = \"outbox.jsonl\"\n");
    let error = machine.run(&["send", PHONE, "--user", "nosuch", "--json"]).exits(14).error();
    assert!(error["message"].as_str().unwrap().contains("nosuch"), "{error}");
    machine.run(&["send", "user:nosuch"]).exits(14);
    assert_eq!(machine.redis().cli(&["--scan", "--pattern", "*:record"]), "", "no code");
    let timeline = machine.redis().cli(&["LRANGE", &format!("otpctl:{{{PHONE}}}:timeline"), "0", "-1"]);
    assert!(timeline.contains("\"result\":\"no_user\",\"detail\":\"nosuch\""), "{timeline}");
    assert!(machine.outbox().is_empty());
}
