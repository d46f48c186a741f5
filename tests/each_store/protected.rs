//! What a protected file does not do, and any other is warned of.
//! These hold on every store.

use super::on_each_store;
use crate::support::cli::{Machine, PHONE, Ran};

/// Named, and confirmed.
pub fn named(machine: &Machine, words: &[&str]) -> Ran {
    let config = machine.config();
    machine.run(&[&["--config", config.to_str().unwrap(), "--yes"], words].concat())
}

/// How a finding of `config check` is graded.
pub fn finding(machine: &Machine, key: &str) -> Option<String> {
    let checked = named(machine, &["config", "check", "--json"]).json();
    let findings = checked["findings"].as_array().unwrap().iter();
    let graded = findings.filter(|finding| finding["key"] == *key && finding["status"] != "ok");
    graded.map(|finding| finding["status"].as_str().unwrap().to_owned()).next()
}

#[test]
fn a_protected_file_shows_no_code_unless_it_says_so() {
    for provider in ["[providers.outbox]\npath = \"outbox.jsonl\"\n", "[providers.console]\n", ""] {
        on_each_store(&format!("protected = true\n{provider}"), |machine| {
            for words in [&["send", PHONE][..], &["send", PHONE, "--dry-run"]] {
                let ran = named(machine, words);
                assert!(ran.exits(30).stderr.contains("reveal = true"), "{ran:?}");
                assert!(!ran.words().contains("SMS to"), "{ran:?}");
            }
            assert!(machine.outbox().is_empty());
            let name = if provider.contains("outbox") { "outbox" } else { "console" };
            named(machine, &["send", PHONE, "--provider", name]).exits(30);
            assert_eq!(finding(machine, &format!("providers.{name}")).as_deref(), Some("fail"));
            machine.configure(&format!("protected = true\nreveal = true\n{provider}"));
            named(machine, &["send", PHONE]).exits(0);
            assert_eq!(finding(machine, &format!("providers.{name}")), None);
        });
    }
}
