//! What a gateway's answer makes of a send, from the request on the wire to the exit code.
//! These need no server.

use crate::each_store::delivery::{MSG91_TOOK, Silent, TELNYX_TOOK, msg91, policy, route, telnyx};
use crate::support::cli::{Machine, PHONE};
use crate::support::gateway::Gateway;

const TELNYX_KEY: &str = r#"{"errors":[{"code":"10009","title":"Authentication failed","detail":"no"}]}"#;

#[test]
fn the_next_gateway_is_not_asked_after_an_unknown_end() {
    let (silent, gateway) = (Silent::start(), Gateway::start(200, TELNYX_TOOK));
    let settings = format!(
        "{}{}{}{}",
        policy(),
        msg91(&silent.base_url),
        telnyx(&gateway.base_url),
        route("\"msg91\", \"telnyx\"")
    );
    let machine = Machine::with(&settings);
    machine.run(&["send", PHONE, "--timeout", "2s"]).exits(27);
    assert_eq!((silent.count(), gateway.asked()), (1, 0));
}

#[test]
fn a_wrong_key_goes_on_to_the_next_and_is_told_when_there_is_none() {
    let (bad, good) = (Gateway::start(401, TELNYX_KEY), Gateway::start(200, MSG91_TOOK));
    let settings =
        format!("{}{}{}{}", policy(), telnyx(&bad.base_url), msg91(&good.base_url), route("\"telnyx\", \"msg91\""));
    let machine = Machine::with(&settings);
    assert_eq!(machine.run(&["send", PHONE, "--json"]).exits(0).json()["provider"], "msg91");
    machine.configure(&format!("{}{}", policy(), telnyx(&bad.base_url)));
    let error = machine.run(&["send", PHONE, "--json"]).exits(25).error();
    assert!(error["message"].as_str().unwrap().contains("10009"), "{error}");
}
