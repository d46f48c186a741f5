//! What a code is bound to: the key that signed it, the phone, its users, the source that it came from.
//! These need a server or another program.

use crate::support::cli::{FREE, Machine, PHONE};

#[test]
fn a_record_under_another_phone_opens_nothing() {
    let machine = Machine::on_redis(FREE);
    let (other, redis) = ("+919876543211", machine.redis());
    let code = machine.send(PHONE);
    let theirs = machine.send(other);
    let record = redis.cli(&["GET", &format!("otpctl:{{{PHONE}}}:record")]);
    assert!(record.contains("\"mac\""), "{record}");
    redis.cli(&["SET", &format!("otpctl:{{{other}}}:record"), &record]);
    let answer = machine.verify(other, &code).exits(10).json();
    assert_eq!(answer["result"], "wrong");
    if theirs != code {
        machine.verify(other, &theirs).exits(10);
    }
    machine.verify(PHONE, &code).exits(0);
}
