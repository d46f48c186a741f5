//! What is refused costs nothing: limits and policy before any provider, locks before any code.
//! These need no server.

use crate::each_store::limits::{TAKEN, refused, telnyx};
use crate::support::cli::{Machine, PHONE};
use crate::support::gateway::Gateway;

#[test]
fn without_a_list_of_countries_a_real_provider_sends_nowhere() {
    let gateway = Gateway::start(200, TAKEN);
    let machine = Machine::with(&telnyx(&gateway, ""));
    refused(&machine.run(&["send", PHONE, "--json"]), 16, "POLICY");
    assert_eq!(gateway.asked(), 0);
}
