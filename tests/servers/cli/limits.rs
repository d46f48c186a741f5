//! What is refused costs nothing: limits and policy before any provider, locks before any code.
//! These need a server or another program.

use crate::each_store::limits::{TAKEN, refused, telnyx};
use crate::support::cli::{Machine, PHONE};
use crate::support::gateway::Gateway;

#[test]
fn limits_hold_across_spellings_purposes_processes_and_hosts() {
    let gateway = Gateway::start(200, TAKEN);
    let limits =
        "region = \"IN\"\n[limits]\ncooldown = []\nper_phone = { \"1d\" = 3 }\n[policy]\ncountries = [\"IN\"]\n";
    let here = Machine::on_redis(&telnyx(&gateway, limits));
    let there = here.elsewhere();
    here.run(&["send", "+91 98765 43210"]).exits(0);
    there.run(&["send", "098765-43210", "--purpose", "pay"]).exits(0);
    here.run(&["send", "0091 98765 43210", "--purpose", "login"]).exits(0);
    for spelling in [PHONE, "9876543210", "tel:+91-98765-43210", "+91 (0) 98765 43210", "+９１９８７６５４３２１０"]
    {
        for (machine, purpose) in [(&here, "login"), (&there, "another")] {
            let error = refused(&machine.run(&["send", spelling, "--purpose", purpose, "--json"]), 13, "RATE_LIMITED");
            assert!(error["retry_after_seconds"].as_u64().unwrap() > 86_000, "{error}");
        }
    }
    assert_eq!(gateway.asked(), 3);
}
