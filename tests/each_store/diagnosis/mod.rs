//! Why a login does not work, as `inspect` tells it: a history for each verdict, asked about by number, user and id.

mod histories;
pub mod stored;

use std::collections::BTreeSet;
use std::time::Duration;

use otpctl::otp::diagnosis::VERDICTS;
use serde_json::{Value, json};

use self::histories::{History, Scene, all};
use self::stored::{counted, everything};
use super::on_each_store;
use crate::each_store::delivery::{TELNYX_TOOK, policy, telnyx};
use crate::support::cli::{Machine, PHONE};
use crate::support::gateway::Gateway;
use crate::support::hints::pasted;

/// These may leave the desk with nothing to do.
const MAY_BE_DONE: [&str; 4] = ["SUPERSEDED_CODE", "WRONG_CODE", "ISSUED_NOT_SENT", "NOT_SEEN_HERE"];

/// The machine after a history; `None`: it takes a Redis, and this target has none.
fn after(history: &History) -> Option<(Machine, Scene)> {
    let mut machine = crate::machine_on_a_store(history.settings());
    if let Some(layout) = history.layout {
        machine.server.as_ref()?;
        layout.clone_into(&mut machine.store);
        machine.configure(history.settings());
    }
    let scene = history.happens(&machine);
    Some((machine, scene))
}

/// What a phone, a user and a code are asked by.
fn targets(history: &History, scene: &Scene) -> Vec<String> {
    let user = scene.user.map(|user| format!("user:{user}"));
    let number = history.by_number.then(|| PHONE.to_owned());
    number.into_iter().chain(user).chain(scene.id.clone()).collect()
}

#[test]
fn every_verdict_of_the_table_has_a_history_that_reaches_it() {
    let names: Vec<&str> = VERDICTS.iter().map(|entry| entry.name).collect();
    let histories: Vec<&str> = all().iter().map(|history| history.verdict).collect();
    assert_eq!(histories, names, "an entry of the table needs a history, in their order");
    let reached: BTreeSet<&str> = all()
        .iter()
        .filter_map(|history| {
            let (machine, scene) = after(history)?;
            for target in targets(history, &scene) {
                let told = machine.run(&["inspect", &target, "--json"]).exits(0).json();
                assert_eq!(told["verdict"], history.verdict, "{target}: {told}");
                let is_vague = told["summary"].as_str().unwrap().contains("or the application removed it");
                assert!(!is_vague, "who uses a code again hides nothing: {told}");
                holds(history, &machine, &told);
            }
            Some(history.verdict)
        })
        .collect();
    let only_on_redis = all().iter().filter(|history| history.layout.is_some()).count();
    assert!(reached.len() >= names.len() - only_on_redis, "{reached:?}");
}

/// What holds of every document.
fn holds(history: &History, machine: &Machine, told: &Value) {
    let verdict = history.verdict;
    assert_eq!(told["schema"], "otpctl.inspect/1");
    for field in ["summary", "tell"] {
        assert!(!told[field].as_str().unwrap().is_empty(), "{field}: {told}");
    }
    assert!(!told["also"].as_array().unwrap().contains(&verdict.into()), "{told}");
    let next = told["next"].as_array().unwrap();
    assert!(!next.is_empty() || MAY_BE_DONE.contains(&verdict), "{told}");
    for step in next {
        let command = step["command"].as_str().unwrap();
        assert!(!step["why"].as_str().unwrap().is_empty(), "{step}");
        let is_send = command.starts_with("otpctl send ");
        if is_send {
            assert_eq!(step["from"], told["send"]["until"], "{told}");
            assert!(!step["from"].is_null() || told["send"]["allowed"] == true, "a send that is refused: {told}");
        }
        // What is advised is a command, and what it says of a send is what the send says.
        let harmless = if command.starts_with("otpctl wait ") { "--timeout 200ms" } else { "--dry-run" };
        let ran = pasted(machine, &format!("{command} {harmless}"));
        let said = String::from_utf8_lossy(&ran.stderr).into_owned();
        let is_refused = said.contains("verify has no dry run");
        assert!(is_refused || !matches!(ran.status.code(), Some(1 | 2 | 127) | None), "{command}: {said}");
        if is_send && step["from"].is_null() {
            assert!(!matches!(ran.status.code(), Some(12 | 13 | 16)), "{command}: {said}");
        }
    }
}

#[test]
fn the_answer_is_on_top_of_one_screen_and_nothing_is_written() {
    for history in all() {
        let Some((machine, scene)) = after(&history) else { continue };
        let before = everything(&machine);
        for target in targets(&history, &scene) {
            let ran = machine.run(&["inspect", &target]);
            let lines: Vec<&str> = ran.exits(0).stdout.lines().collect();
            assert!(lines.len() <= 24, "{}", ran.stdout);
            assert!(lines[..6].iter().any(|line| line.starts_with(history.verdict)), "{}", ran.stdout);
            assert!(lines.iter().any(|line| line.starts_with("Tell them")), "{}", ran.stdout);
            machine.run(&["inspect", &target, "--full"]).exits(0);
        }
        assert!(everything(&machine) == before, "inspect wrote something after {}", history.verdict);
    }
}

#[test]
fn a_gateway_that_does_half_as_well_as_before_is_named() {
    let gateway = Gateway::start(200, TELNYX_TOOK);
    on_each_store(&format!("{}{}", policy(), telnyx(&gateway.base_url)), |machine| {
        machine.run(&["send", PHONE]).exits(0);
        assert_eq!(machine.inspect(PHONE)["verdict"], "IN_TRANSIT");
        counted(
            machine,
            Duration::from_secs(8 * 3600),
            "telnyx",
            &[("sent", 100), ("delivered", 96), ("verified", 80)],
        );
        counted(machine, Duration::ZERO, "telnyx", &[("sent", 39), ("delivered", 38), ("verified", 12)]);
        let told = machine.inspect(PHONE);
        assert_eq!(told["verdict"], "PROVIDER_INCIDENT", "{told}");
        let summary = told["summary"].as_str().unwrap();
        assert_eq!(summary, "telnyx to IN: 30 % of the codes of the last hour were entered, usually 80 %.");
        let screen = machine.run(&["inspect", PHONE]).exits(0).stdout.clone();
        assert!(screen.contains("telnyx: 95 % delivered in the last hour"), "{screen}");
        // Another number of the same country has the same trouble, and another obstacle.
        let other = machine.inspect("+919812345678");
        assert_eq!((&other["verdict"], &other["also"]), (&"NEVER_REQUESTED".into(), &json!(["PROVIDER_INCIDENT"])));
    });
}
