//! Names that others choose, and texts that nobody should: they meet nothing but themselves.
//! These need a server or another program.

use std::collections::BTreeSet;

use crate::support::cli::{FREE, Machine, PHONE};

#[test]
fn all_keys_of_a_phone_and_of_a_user_share_one_slot() {
    let machine = Machine::on_redis(FREE);
    for (n, name) in ["a}b{c", "{+919876543210}", "x:{y}"].iter().enumerate() {
        machine.run(&["user", "link", "--", name, &format!("+91987654321{n}")]).exits(0);
    }
    machine.run(&["send", PHONE, "--idempotency-key", "a}{b*"]).exits(0);
    let keys = machine.redis().cli(&["KEYS", "*"]);
    let tag = |key: &str| {
        assert_eq!((key.matches('{').count(), key.matches('}').count()), (1, 1), "{key}");
        key.split_once('{').unwrap().1.split_once('}').unwrap().0.to_owned()
    };
    let tags: BTreeSet<String> = keys.lines().map(tag).collect();
    for key in keys.lines() {
        let of_phone = [":record", ":users", ":links", ":timeline"].iter().any(|end| key.ends_with(end));
        assert_eq!(tag(key).starts_with('+'), of_phone, "{key}");
    }
    assert_eq!(tags.iter().filter(|tag| tag.starts_with("user:")).count(), 3, "{tags:?}");
}
