//! `delivery record`: what a vendor told the application, in its own form or in ours.
//! These need a server or another program.

use serde_json::json;

use crate::each_store::delivery_reports::{counts, own, send};
use crate::support::cli::{FREE, Machine};

#[test]
fn many_phones_are_recorded_at_once() {
    let machine = Machine::on_redis(FREE);
    let mut reports = Vec::new();
    for number in 0..30 {
        let phone = format!("+9198765{number:05}");
        let (challenge, _) = send(&machine, &[&phone]);
        reports.push(json!({"challenge_id": challenge, "state": "delivered"}));
    }
    assert_eq!(counts(&own(&machine, &reports[..1])), [1, 0, 0]);
    assert_eq!(counts(&own(&machine, &reports)), [29, 1, 0]);
    assert_eq!(counts(&own(&machine, &reports)), [0, 30, 0]);
}
