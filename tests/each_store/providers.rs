//! What providers are asked beside sending: `provider test`, `provider balance`, `provider list`.
//! These hold on every store.

use serde_json::{Value, json};

use super::on_each_store;
use crate::support::cli::{FREE, Machine, PHONE};
use crate::support::port::closed_port;

/// The key of every provider here. It is in no output.
pub const KEY: &str = "KEY0sEcReT99";

pub fn telnyx(name: &str, base_url: &str) -> String {
    format!(
        "[providers.{name}]\nkind = \"telnyx\"\napi_key = \"{KEY}\"\nfrom = \"+13125550100\"\n\
         base_url = \"{base_url}\"\n"
    )
}

#[test]
fn who_is_passed_over_is_listed_and_a_dead_store_hides_nothing_else() {
    let settings = format!(
        "{FREE}[policy]\ncountries = [\"IN\"]\n[routes]\ndefault = [\"main\"]\n\"+9198\" = [\"main\"]\n\
         pass_over = {{ after = 1, for = \"5m\" }}\n{}",
        telnyx("main", &format!("http://127.0.0.1:{}", closed_port()))
    );
    on_each_store(&settings, |machine| {
        let before = machine.run(&["provider", "list", "--json"]).exits(0).json();
        assert_eq!(before["providers"][0]["passed_over_until"], Value::Null);
        assert_eq!(before["providers"][0]["countries"], json!(["*", "+9198"]));
        machine.run(&["send", PHONE]).exits(26);
        let after = machine.run(&["provider", "list", "--json"]).exits(0).json();
        assert!(after["providers"][0]["passed_over_until"].as_str().unwrap().ends_with('Z'), "{after}");
        assert!(after["providers"][0]["passed_over_because"].as_str().unwrap().len() > 5, "{after}");
        let row = machine.run(&["provider", "list"]).exits(0).stdout.clone();
        assert_eq!(row.split('\t').count(), 7, "{row}");
    });
    let dead = format!("{settings}[code]\npeppers = [{{ id = \"1\", file = \"pepper\" }}]\n[store.redis]\nurl = ");
    let machine = Machine::with(&format!("{dead}\"redis://127.0.0.1:{}/0\"\n", closed_port()));
    let listed = machine.run(&["provider", "list"]);
    listed.exits(0);
    assert!(listed.stdout.starts_with("main\t") && listed.stderr.contains("warning: it is not known"), "{listed:?}");
}
