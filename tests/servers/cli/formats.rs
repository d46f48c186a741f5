//! Under `--json` and `-o jsonl` a script never meets anything but JSON, whatever goes wrong.
//! These need a server or another program.

use crate::support::cli::{FREE, Machine, PHONE};
use crate::support::formats::{COMMANDS, all};
use crate::support::port::closed_port;

#[test]
fn every_failing_store_speaks_json() {
    let file = |url: &str| {
        let pepper = "peppers = [{ id = \"1\", value = \"a pepper of at least 32 characters\" }]";
        format!("{FREE}[store.redis]\nurl = \"{url}\"\n[code]\n{pepper}\n")
    };
    let machine = Machine::with(&file(&format!("redis://127.0.0.1:{}", closed_port())));
    let codes = all(&machine, &COMMANDS[..19]);
    assert!(codes.iter().all(|code| [2, 14, 20].contains(code)), "{codes:?}");

    let machine = Machine::on_redis(FREE);
    let redis = machine.redis();
    redis.cli(&["SET", &format!("otpctl:{{{PHONE}}}:record"), "no record"]);
    redis.cli(&["SET", &format!("otpctl:{{{PHONE}}}:users"), "no users"]);
    redis.cli(&["SET", "otpctl:{user:u_1}:phones", "no phones"]);
    let codes =
        all(&machine, &[COMMANDS[0], COMMANDS[2], COMMANDS[4], COMMANDS[6], COMMANDS[8], COMMANDS[10], COMMANDS[14]]);
    assert_eq!(codes, [24; 14]);
    redis.cli(&["CONFIG", "SET", "requirepass", "x"]);
    let codes = all(&machine, &COMMANDS[..19]);
    assert!(codes.iter().all(|code| [2, 14, 21].contains(code)), "{codes:?}");
}
