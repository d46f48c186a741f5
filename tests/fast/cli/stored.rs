//! What the store holds: never a code, nothing without an end, and nothing in doubt after a crash.
//! These need no server.

use crate::each_store::stored::{LETTERS, WRONG, files};
use crate::support::cli::{Machine, PHONE};

#[test]
fn a_code_never_reaches_the_embedded_store() {
    let machine = Machine::with(LETTERS);
    let sent = machine.run(&["send", PHONE, "-vv", "--json"]);
    let (code, id) = (sent.exits(0).sms_code(), sent.json()["challenge_id"].as_str().unwrap().to_owned());
    for step in [&[] as &[&str], &["verify", PHONE, WRONG], &["verify", PHONE, &code]] {
        if !step.is_empty() {
            machine.run(step).exits(if step[2] == code { 0 } else { 10 });
        }
        let text = files(&machine.path(".local/state/otpctl"));
        assert!(text.contains(&id), "the files do not even have the challenge");
        assert!(!text.contains(&code) && !text.contains(WRONG), "a code after {step:?}");
    }
}
