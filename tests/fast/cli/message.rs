//! The text of the SMS, as a browser reads it.

use otpctl::otp::text::{MessageTemplate, Vars, parse_origin_bound};
use serde_json::Value;

use crate::support::cli::{Machine, PHONE};

const HOST: &str = "login.example.com";

/// The default, that of the example file, and what people write.
const TEXTS: &[&str] = &[
    "{{ code }} is your {{ app }} code. It expires in {{ ttl_minutes }} minutes.",
    "{{ code }} आपका {{ app }} कोड है।",
    "{{ code }}",
    "Code: {{ code }}\n",
    "{{ app }}: {{ code }}\r\n\r\n",
    "Ihr Code für {{ app }} ist {{ code }}.\n\n\n   ",
    "{% if purpose == 'payment' %}Pay{% else %}Log in{% endif %} with {{ code }}\n{{ ttl_minutes }} min\n\n",
    "@{{ app }} #{{ code }}",
];

#[test]
fn every_message_is_bound_to_its_origin() {
    for text in TEXTS {
        let template = MessageTemplate::new(text, Some(HOST)).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        for code in ["004217", "A1B2C3D4"] {
            let vars = Vars { code, app: "Example", ttl_minutes: 5, purpose: "login", lang: Some("en") };
            let message = template.render(&vars).unwrap();
            assert_eq!(parse_origin_bound(&message), Some((HOST.to_owned(), code.to_owned())), "{message:?}");
            assert!(!message.ends_with(['\n', '\r', ' ']), "{message:?}");
            assert_eq!(message.lines().last(), Some(&*format!("@{HOST} #{code}")), "nothing before it, nothing after");
        }
    }
}

#[test]
fn what_is_sent_is_bound_to_its_origin() {
    let lang = |index: usize| format!("l{}", char::from(b'a' + u8::try_from(index).unwrap()));
    // A JSON string is a TOML string.
    let table =
        |(index, text): (usize, &&str)| format!("[message.lang.{}]\ntext = {}\n", lang(index), Value::from(*text));
    let languages: String = TEXTS.iter().enumerate().map(table).collect();
    let machine = Machine::with(&format!(
        "{}[providers.outbox]\npath = \"outbox.jsonl\"\n[message]\nhost = \"{HOST}\"\n{languages}",
        crate::support::cli::FREE
    ));
    machine.run(&["send", PHONE]).exits(0);
    for index in 0..TEXTS.len() {
        machine.run(&["send", PHONE, "--lang", &lang(index)]).exits(0);
    }
    let sent = machine.outbox();
    assert_eq!(sent.len(), TEXTS.len() + 1);
    for line in sent {
        let (text, code) = (line["text"].as_str().unwrap(), line["code"].as_str().unwrap());
        assert_eq!(parse_origin_bound(text), Some((HOST.to_owned(), code.to_owned())), "{text:?}");
        assert!(text.ends_with(code), "{text:?}");
    }
}
