//! `send --dry-run`: what a provider would refuse without asking anybody is told in the words of the send itself.
//! These need no server.

use crate::each_store::rehearsal::{alike, policy};
use crate::support::cli::{FREE, Machine, PHONE};
use crate::support::gateway::Gateway;

#[test]
fn a_text_that_is_too_long_for_a_provider_is_told_before() {
    let gateway = Gateway::start(200, r#"{"id":"m-1"}"#);
    let own = "name = \"Ours\"\nencoding = \"automatic\"\n[send]\nrequest = \"POST /sms\"\njson = { to = \"{{ phone }}\", text = \"{{ text }}\" }\n\
               accepted = \"body.id\"\nid = \"body.id\"\n[features]\nlongest = 40\n";
    let settings = |text: &str| {
        format!(
            "{}[message]\ntext = \"{text}\"\n[providers.ours]\ndefinition = \"ours.toml\"\nbase_url = \"{}\"\n",
            policy(),
            gateway.base_url
        )
    };
    // The code has six characters, and the limit counts characters.
    let machine = Machine::with(&settings(&format!("{{{{ code }}}}{}", "é".repeat(35))));
    machine.write(".config/otpctl/ours.toml", own);
    let message = alike(&machine, PHONE, 25);
    assert!(message.contains("Ours accepts 40 characters and the text has 41"), "{message}");
    assert_eq!(gateway.asked(), 0);
    machine.configure(&settings(&format!("{{{{ code }}}}{}", "é".repeat(34))));
    machine.run(&["send", PHONE, "--dry-run"]).exits(0);
    machine.run(&["send", PHONE]).exits(0);
    assert_eq!(gateway.asked(), 1);
}

#[test]
fn what_is_not_there_on_the_machine_is_told_before() {
    let outbox = format!("{FREE}[providers.outbox]\npath = \"nowhere/outbox.jsonl\"\n");
    let message = alike(&Machine::with(&outbox), PHONE, 26);
    assert!(message.contains("cannot append to"), "{message}");
    let program = format!("{}[providers.command]\nargv = [\"otpctl-no-such-program\"]\n", policy());
    let message = alike(&Machine::with(&program), PHONE, 26);
    assert!(message.contains("there is no executable program otpctl-no-such-program"), "{message}");
}
