//! What must happen when a gateway fails: exit code, error, how often it was asked, and what is left in the store.
//! These need a server or another program.

use std::time::Duration;

use crate::each_store::provider_faults::{NO, TOOK, two, words};
use crate::support::cli::{Machine, PHONE};
use crate::support::gateway::Gateway;

#[test]
fn a_gateway_that_fails_again_and_again_is_passed_over_by_all_processes() {
    let (first, second) = (Gateway::start(401, NO), Gateway::start(201, TOOK));
    let settings = two(&first.base_url, &second.base_url, "pass_over = { after = 2, for = \"2s\" }\n");
    let machine = Machine::on_redis(&settings);
    let other = machine.elsewhere();
    let send = |machine: &Machine| machine.run(&["send", PHONE, "--json"]).exits(0).json()["provider"].clone();
    assert_eq!((send(&machine), send(&other)), ("second".into(), "second".into()));
    assert_eq!(first.asked(), 2);
    assert_eq!(send(&machine), "second");
    assert_eq!(first.asked(), 2, "it is skipped");
    let plan = other.run(&["send", PHONE, "--json", "--dry-run"]).exits(0).json()["plan"].clone();
    assert_eq!(
        (&plan["passed_over"][0]["provider"], &plan["route_by"]),
        (&"first".into(), &"default".into()),
        "{plan}"
    );
    assert!(plan["limits_left"]["phone"].is_number(), "{plan}");
    assert!(words(&machine.inspect(PHONE)).contains("skipped until"), "support can see why");
    std::thread::sleep(Duration::from_millis(2100));
    send(&other);
    assert_eq!(first.asked(), 3, "it is tried again when the time is over");
    send(&other);
    assert_eq!(first.asked(), 3, "and skipped at once when it fails again");
}
