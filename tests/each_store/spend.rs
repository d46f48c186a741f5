//! What messages cost: counted when they are sent, by what the file says then, and limited.
//! These hold on every store.

use serde_json::{Value, json};

use super::allowance::told;
use super::on_each_store;
use super::provider_faults::{NO, TOOK, policy, twilio};
use crate::support::cli::{FREE, Machine, PHONE};
use crate::support::gateway::Gateway;

const NEXT: &str = "+919876543211";
const ABROAD: &str = "+971501234567";
/// Two segments of UCS-2.
const LONG: &str = "[message]\napp = \"Ex\"\ntext = \"{{ code }} आपका कोड है। यह कोड किसी को न बताएं। यह पांच मिनट में समाप्त हो जाएगा। धन्यवाद, आपकी अपनी दुकान की ओर से।\"\n";
const FREE_OF_POLICY: &str = "[policy]\ncountries = [\"IN\", \"AE\"]\nbrakes = \"off\"\n";

/// A program that takes every message, at these prices.
fn provider(name: &str, exit: u8, price: &str) -> String {
    format!(
        "[providers.{name}]\nkind = \"command\"\nargv = [\"/bin/sh\", \"-c\", \"cat > /dev/null; exit {exit}\"]\n{price}\n"
    )
}

fn priced(price: &str, currency: &str) -> String {
    format!("price = {price}\ncurrency = \"{currency}\"")
}

fn stats(machine: &Machine, by: &str) -> Value {
    machine.run(&["stats", "--by", by, "--json"]).exits(0).json()
}

fn spend(machine: &Machine, by: &str, name: &str) -> Value {
    let stats = stats(machine, by);
    let row = stats["rows"].as_array().unwrap().iter().find(|row| row[by] == name);
    row.unwrap_or_else(|| panic!("{name}: {stats}"))["spend"].clone()
}

#[test]
fn what_a_message_costs_is_counted_when_it_is_sent_and_never_summed_over_currencies() {
    let routes = "[routes]\ndefault = [\"euros\"]\nAE = [\"dollars\"]\n";
    let (euros, dollars) = (priced("{ \"+91\" = 0.18, default = 0.5 }", "EUR"), priced("{ AE = \"0.045\" }", "USD"));
    let file = |euros: &str| {
        format!(
            "{FREE}{FREE_OF_POLICY}{LONG}{routes}{}{}",
            provider("euros", 0, euros),
            provider("dollars", 0, &dollars)
        )
    };
    on_each_store(&file(&euros), |machine| {
        let sent = machine.run(&["send", PHONE, "--json"]).exits(0).json();
        assert_eq!(sent["segments"], 2, "{sent}");
        machine.run(&["send", ABROAD]).exits(0);
        // A rehearsal costs nothing.
        machine.run(&["send", NEXT, "--dry-run"]).exits(0);
        assert_eq!(spend(machine, "country", "IN"), json!({ "EUR": 0.36 }), "two segments");
        assert_eq!(spend(machine, "provider", "dollars"), json!({ "USD": 0.09 }));
        assert_eq!(spend(machine, "range", "+919876"), json!({ "EUR": 0.36 }));
        // A price of later does not change what was spent.
        machine.configure(&file(&priced("{ default = 9 }", "EUR")));
        assert_eq!(stats(machine, "hour")["total"]["spend"], json!({ "EUR": 0.36, "USD": 0.09 }));
        machine.run(&["send", NEXT]).exits(0);
        assert_eq!(stats(machine, "channel")["total"]["spend"], json!({ "EUR": 18.36, "USD": 0.09 }));
        let shown = machine.run(&["stats"]).exits(0).stdout.clone();
        assert!(shown.contains("18.36 EUR") && shown.contains("0.09 USD"), "{shown}");
        let prometheus = machine.run(&["stats", "--prometheus"]).exits(0).stdout.clone();
        assert!(prometheus.contains("otpctl_spend{country=\"AE\",currency=\"USD\"} 0.09\n"), "{prometheus}");
        // Where no price is known, nothing is.
        machine.configure(&file(""));
        assert_eq!(stats(machine, "country")["total"]["spend"], json!({ "EUR": 18.36, "USD": 0.09 }));
    });
    on_each_store(&file(""), |machine| {
        machine.run(&["send", PHONE]).exits(0);
        assert_eq!(stats(machine, "country")["total"]["spend"], Value::Null);
        assert!(!machine.run(&["stats"]).exits(0).stdout.contains("SPENT"));
    });
}

#[test]
fn a_cap_on_what_is_spent_refuses_the_message_that_would_be_too_much() {
    let cap = "[limits]\ncooldown = []\nper_phone = { \"1h\" = 100 }\nper_prefix = {}\nper_country = {}\nspend = { EUR = { \"1d\" = \"0.50\" } }\n";
    let paid = provider("paid", 0, &priced("{ IN = 0.2, AE = 0.1 }", "EUR"));
    on_each_store(&format!("{cap}{FREE_OF_POLICY}{paid}"), |machine| {
        let send = |phone: &str| machine.run(&["send", phone, "--json"]);
        send(PHONE).exits(0);
        send(NEXT).exits(0);
        let doctor = machine.run(&["doctor", "--json"]).json();
        let check = doctor["checks"].as_array().unwrap().iter().find(|own| own["id"] == "limits.spend.EUR{window=1d}");
        let check = check.unwrap_or_else(|| panic!("{doctor}"));
        assert_eq!(check["status"], "warn", "0.40 of 0.50: {check}");
        // A third would make it 0.60, and one that costs less still fits.
        let until = told(machine, PHONE, "cap")["until"].clone();
        assert!(until.is_string());
        let refused = send(PHONE).exits(16).error();
        assert!(refused["message"].as_str().unwrap().contains("no more than 0.50 EUR may be spent in 1d"), "{refused}");
        assert_eq!((&refused["send"]["rule"], &refused["outcome"]), (&"cap".into(), &"not_done".into()), "{refused}");
        assert_eq!(machine.inspect(ABROAD)["send"]["allowed"], true);
        send(ABROAD).exits(0);
        send(ABROAD).exits(16);
        let limits = machine.inspect(PHONE)["limits"].clone();
        let own = limits.as_array().unwrap().iter().find(|own| own["limit"] == "spend").unwrap().clone();
        assert_eq!((&own["currency"], &own["used"], &own["most"]), (&json!("EUR"), &json!(0.5), &json!(0.5)), "{own}");
        assert_eq!(machine.run(&["store", "check", "--json"]).exits(0).json()["findings"], json!([]));
    });
}

#[test]
fn what_nobody_sent_costs_nothing_and_what_another_sent_costs_what_it_takes() {
    let cap = "[limits]\ncooldown = []\nper_phone = { \"1h\" = 100 }\nper_prefix = {}\nper_country = {}\nspend = { EUR = { \"1d\" = \"1.00\" } }\n";
    let used = |machine: &Machine| {
        let limits = machine.inspect(PHONE)["limits"].clone();
        limits.as_array().unwrap().iter().find(|own| own["limit"] == "spend").unwrap()["used"].clone()
    };
    let dear = provider("dear", 1, &priced("{ default = 0.9 }", "EUR"));
    let cheap = |exit| provider("cheap", exit, &priced("{ default = 0.1 }", "EUR"));
    let routes = "[routes]\ndefault = [\"dear\", \"cheap\"]\npass_over = { after = 0, for = \"1m\" }\n";
    on_each_store(&format!("{cap}{FREE_OF_POLICY}{routes}{dear}{}", cheap(1)), |machine| {
        machine.run(&["send", PHONE]).exits(25);
        assert_eq!((used(machine), spend(machine, "country", "IN")), (json!(0.0), Value::Null), "nobody has it");
        machine.configure(&format!("{cap}{FREE_OF_POLICY}{routes}{dear}{}", cheap(0)));
        for total in [0.1, 0.2] {
            machine.run(&["send", PHONE]).exits(0);
            assert_eq!(used(machine), json!(total), "the second has it, at its price");
        }
        assert_eq!(spend(machine, "provider", "cheap"), json!({ "EUR": 0.2 }));
    });
}

#[test]
fn a_gateway_that_tells_its_parts_is_paid_for_these() {
    let three = TOOK.replace("\"num_segments\":\"1\"", "\"num_segments\":\"3\"");
    let gateway = Gateway::replying(move |turn, _| match turn {
        0..2 => ("201 Created".to_owned(), three.clone()),
        _ => ("401 X".to_owned(), NO.to_owned()),
    });
    let price = priced("{ default = 0.01 }", "EUR");
    on_each_store(&format!("{}{}{price}\n", policy(), twilio("main", &gateway.base_url)), |machine| {
        machine.run(&["send", PHONE]).exits(0);
        assert_eq!(spend(machine, "provider", "main"), json!({ "EUR": 0.03 }));
    });
}

#[test]
fn prices_that_cannot_be_meant_are_refused_with_their_line() {
    on_each_store("", |machine| {
        let wrong = |lines: &str| {
            machine.configure(&format!("[providers.outbox]\npath = \"outbox.jsonl\"\n{lines}\n"));
            machine.run(&["config", "check", "--json"]).exits(30).error()["message"].as_str().unwrap().to_owned()
        };
        for (lines, words) in [
            ("price = { default = 0.05 }", "`currency` is missing"),
            ("currency = \"EUR\"", "`currency` needs `price`"),
            ("currency = \"euro\"\nprice = { default = 1 }", "three letters of a currency"),
            ("currency = \"EUR\"\nprice = { default = -1 }", "expected an amount"),
            ("currency = \"EUR\"\nprice = { default = 0.00000001 }", "expected an amount"),
            ("currency = \"EUR\"\nprice = { \"91\" = 1 }", "a prefix such as \"+9198\""),
            ("[limits]\nspend = { EUR = { \"1d\" = \"many\" } }", "expected an amount"),
            ("[limits]\nspend = { \"1d\" = \"50.00\" }", "expected"),
        ] {
            assert!(wrong(lines).contains(words), "{lines}: {}", wrong(lines));
        }
        machine.configure("[limits]\nspend = { EUR = { \"1d\" = \"50.00\" } }\n");
        let check = machine.run(&["config", "check", "--json"]).json().to_string();
        assert!(check.contains("no provider has a price in EUR"), "{check}");
    });
}
