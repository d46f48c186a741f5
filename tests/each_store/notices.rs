//! What the holder of a phone is told when a mapping changes, and that it fails no change.
//! These hold on every store.

use serde_json::{Value, json};

use super::on_each_store;
use crate::each_store::delivery::{TELNYX_TOOK, msg91, policy, route, telnyx};
use crate::support::cli::{FREE, Machine, PHONE};
use crate::support::gateway::Gateway;
use crate::support::port::closed_port;

const NEW: &str = "+919876543211";
const THIRD: &str = "+919876543212";

fn told(settings: &str) -> String {
    format!("{settings}[user]\nnotify_on_change = true\n")
}

fn outbox() -> String {
    format!("{FREE}[providers.outbox]\npath = \"outbox.jsonl\"\n[message]\napp = \"Shop\"\n")
}

/// The newest event of a phone.
fn newest(machine: &Machine, phone: &str) -> Value {
    let events = machine.run(&["events", phone, "--json"]).exits(0).json();
    events["events"].as_array().unwrap().last().unwrap().clone()
}

/// The texts that were sent, each with its number.
fn texts(machine: &Machine) -> Vec<String> {
    let text = |line: &Value| format!("{} {}", line["phone"].as_str().unwrap(), line["text"].as_str().unwrap());
    machine.outbox().iter().map(text).collect()
}

#[test]
fn the_phones_that_a_user_had_are_told_of_each_change() {
    let text = |phone: &str| {
        format!("{phone} The phone numbers of your Shop account were changed. If this was not you, contact us.")
    };
    on_each_store(&told(&outbox()), |machine| {
        let first = machine.run(&["user", "link", "asha", PHONE, "--json"]).exits(0).json();
        assert_eq!((&first["notified"], texts(machine).len()), (&json!([]), 0), "nobody had a phone before");
        machine.run(&["user", "link", "asha", PHONE]).exits(0);
        let second = machine.run(&["user", "link", "asha", NEW]);
        assert!(second.exits(0).stdout.ends_with("Told +91*******210 by SMS.\n"), "{second:?}");
        assert_eq!(texts(machine), [text(PHONE)]);
        assert_eq!(machine.outbox()[0]["code"], "");
        let moved = machine.run(&["user", "move", "asha", THIRD, "--json", "--reason", "stolen"]).exits(0).json();
        let states: Vec<&Value> = moved["notified"].as_array().unwrap().iter().map(|one| &one["state"]).collect();
        assert_eq!(states, ["sent", "sent"], "{moved}");
        let mut after = texts(machine).split_off(1);
        after.sort();
        assert_eq!(after, [text(PHONE), text(NEW)]);
        let event = newest(machine, PHONE);
        assert_eq!(
            ["event", "result", "channel", "reason"].map(|field| &event[field]),
            ["user", "notified", "sms", "stolen"]
        );
        assert!(event["detail"].as_str().unwrap().starts_with("asha; outbox") && event["by"].is_string(), "{event}");
        machine.run(&["user", "unlink", "asha", THIRD]).exits(0);
        assert_eq!(texts(machine)[3..], [text(THIRD)]);
        // It is no code, and counts as none.
        let numbers = machine.run(&["stats", "--json"]).exits(0).json();
        assert_eq!(numbers["rows"], json!([]), "{numbers}");
        assert_eq!(machine.inspect(PHONE)["verdict"], "CHANGED_HANDS");
        let history = machine.run(&["user", "show", THIRD, "--history", "--json"]).exits(0).json();
        assert_eq!(history["history"].as_array().unwrap().len(), 2, "only links and unlinks are history: {history}");
        assert_eq!(machine.run(&["store", "check", "--json"]).exits(0).json()["findings"], json!([]));
    });
}

#[test]
fn nobody_is_told_where_nobody_asked_for_it() {
    on_each_store(&outbox(), |machine| {
        machine.run(&["user", "link", "asha", PHONE]).exits(0);
        let moved = machine.run(&["user", "move", "asha", NEW, "--json"]).exits(0).json();
        assert_eq!((&moved["notified"], texts(machine).len()), (&Value::Null, 0));
        machine.configure(&told(&outbox()));
        machine.run(&["user", "move", "asha", PHONE, "--no-notify"]).exits(0);
        let dry = machine.run(&["user", "move", "asha", NEW, "--dry-run", "--json"]).exits(0).json();
        assert_eq!((&dry["notified"][0]["state"], texts(machine).len()), (&"dry_run".into(), 0));
        // A list that is imported tells those who are moved, and no others.
        let list = format!("user,phone\nasha,{NEW}\nravi,{THIRD}\nravi,+919876543213\n");
        let done = machine.stdin(&["user", "import", "-", "--json"], list.as_bytes()).exits(0).json();
        assert_eq!(done["results"][0]["notified"][0]["state"], "sent", "{done}");
        assert_eq!((&done["results"][1]["notified"], texts(machine).len()), (&Value::Null, 1));
    });
}

#[test]
fn a_change_stands_whatever_becomes_of_its_notice() {
    let closed = format!("http://127.0.0.1:{}", closed_port());
    let gateway = Gateway::start(200, TELNYX_TOOK);
    let real = format!("[policy]\ncountries = [\"IN\"]\n{}", telnyx(&gateway.base_url));
    for (settings, state, why) in [
        (format!("{}{}", policy(), telnyx(&closed)), "failed", "telnyx"),
        (format!("{}{}", policy(), msg91(&closed)), "failed", "sends its own template"),
        (format!("{FREE}[policy]\ncountries = [\"AE\"]\n{}", telnyx(&gateway.base_url)), "refused", "not allowed"),
        (format!("{FREE}{real}[message]\nnotify = \"{{{{ code }}}}\"\n"), "failed", "`message.notify`"),
    ] {
        on_each_store(&told(&settings), |machine| {
            machine.run(&["user", "link", "asha", PHONE]).exits(0);
            let moved = machine.run(&["user", "move", "asha", NEW, "--json"]);
            let document = moved.exits(0).json();
            let notified = &document["notified"][0];
            assert_eq!(notified["state"], state, "{settings}: {document}");
            assert!(notified["why"].as_str().unwrap().contains(why), "{settings}: {document}");
            assert!(moved.stderr.contains("+91*******210 was not told of the change: "), "{moved:?}");
            assert_eq!(newest(machine, PHONE)["result"], "not_notified", "{settings}");
            let phones = machine.run(&["user", "show", "asha", "--unmask", "--json"]).exits(0).json();
            assert_eq!(phones["phones"][0]["phone"], NEW);
        });
    }
    assert_eq!(gateway.asked(), 0, "what is refused costs nothing");
}

#[test]
fn a_notice_counts_as_a_message_and_delays_no_code() {
    let gateway = Gateway::start(200, TELNYX_TOOK);
    let limits = "[limits]\ncooldown = [\"60s\"]\nper_phone = { \"1h\" = 2 }\nper_prefix = {}\nper_country = {}\n\
        caps = { sms = { \"1d\" = 2 } }\n";
    let settings = format!("{limits}[policy]\ncountries = [\"IN\"]\n{}", telnyx(&gateway.base_url));
    on_each_store(&told(&settings), |machine| {
        let before = gateway.asked();
        machine.run(&["user", "link", "asha", PHONE]).exits(0);
        machine.run(&["user", "link", "asha", NEW]).exits(0);
        assert_eq!(gateway.asked(), before + 1);
        let shown = machine.run(&["policy", "show", PHONE, "--json"]).exits(0).json();
        assert_eq!(shown["send"]["allowed"], true, "no wait after a notice: {shown}");
        machine.run(&["send", PHONE]).exits(0);
        // Two messages were counted, which is what the cap allows.
        let moved = machine.run(&["user", "move", "asha", THIRD, "--json"]).exits(0).json();
        let states: Vec<&Value> = moved["notified"].as_array().unwrap().iter().map(|one| &one["state"]).collect();
        assert_eq!((states, gateway.asked()), (vec![&json!("refused"); 2], before + 2));
    });
}

#[test]
fn a_notice_may_have_a_route_of_its_own() {
    let gateway = Gateway::start(200, TELNYX_TOOK);
    let routes = "[routes]\n\"purpose:notice\" = [\"telnyx\"]\n";
    let settings = format!(
        "{}{}{}{}",
        policy(),
        msg91("http://127.0.0.1:9"),
        telnyx(&gateway.base_url),
        route("\"msg91\"").replace("[routes]\n", routes)
    );
    on_each_store(&told(&settings), |machine| {
        machine.run(&["user", "link", "asha", PHONE]).exits(0);
        let moved = machine.run(&["user", "move", "asha", NEW, "--json"]).exits(0).json();
        assert_eq!(
            (&moved["notified"][0]["state"], &moved["notified"][0]["provider"]),
            (&"sent".into(), &"telnyx".into())
        );
    });
}
