//! `wait` and `send --wait`: what becomes of an SMS, from the gateway's status call, from reports and from the store.
//! These need a server or another program.

use std::thread::sleep;
use std::time::Duration;

use crate::each_store::wait::{end, start};
use crate::support::cli::{FREE, Machine, PHONE};

#[test]
fn a_code_that_leaves_the_store_is_gone() {
    let machine = Machine::on_redis(FREE);
    machine.send(PHONE);
    for (goal, exit) in [("delivered", 11), ("verified", 11)] {
        machine.send(PHONE);
        let waiting = start(&machine, &["wait", PHONE, "--for", goal, "--json"]);
        sleep(Duration::from_millis(1000));
        machine.redis().cli(&["FLUSHALL"]);
        let (code, waited) = end(waiting);
        assert_eq!((code, &waited["reason"], &waited["code_valid"]), (exit, &"never_issued".into(), &false.into()));
    }
}
