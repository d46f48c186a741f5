//! Many processes at the same moment, on each store.

use std::collections::BTreeMap;

use super::on_each_store;
use crate::support::cli::{FREE, Machine, PHONE, Ran, wrong_codes};

/// Verifies all of these at once. One that could not reach a busy store, or lost its answer, asks again under its own
/// attempt id, as its exit code demands.
fn verify_all(machine: &Machine, codes: &[String]) -> Vec<Ran> {
    let one = |(index, code): (usize, &String)| {
        let id = format!("attempt-{index:04}");
        ["verify", PHONE, code, "--json", "--timeout", "60s", "--attempt-id", &id].map(str::to_owned).to_vec()
    };
    let runs: Vec<Vec<String>> = codes.iter().enumerate().map(one).collect();
    let mut ended = machine.at_once(&runs);
    for (ran, words) in ended.iter_mut().zip(&runs) {
        if matches!(ran.code, 20 | 22 | 23) {
            *ran = machine.run(words);
        }
    }
    ended
}

fn census(ended: &[Ran]) -> BTreeMap<i32, usize> {
    ended.iter().fold(BTreeMap::new(), |mut census, ran| {
        *census.entry(ran.code).or_default() += 1;
        census
    })
}

#[test]
fn of_two_hundred_guesses_at_once_five_are_evaluated() {
    on_each_store("", |machine| {
        let right = machine.send(PHONE);
        let guesses: Vec<String> = wrong_codes(&right).take(200).collect();
        let ended = verify_all(machine, &guesses);
        assert_eq!(census(&ended), BTreeMap::from([(10, 4), (12, 196)]));
        let mut left: Vec<u64> = ended
            .iter()
            .filter(|ran| ran.code == 10)
            .map(|ran| ran.json()["attempts_left"].as_u64().unwrap())
            .collect();
        left.sort_unstable();
        assert_eq!(left, [1, 2, 3, 4], "each evaluated guess saw the one before");
        let answer = machine.verify(PHONE, &right).exits(12).json();
        assert_eq!(answer["failures_consecutive"], 5);
        let timeline = machine.inspect(PHONE)["timeline"].as_array().unwrap().clone();
        assert_eq!(timeline.iter().filter(|event| event["result"] == "wrong").count(), 5);
    });
}

#[test]
fn of_fifty_right_codes_at_once_one_is_accepted() {
    on_each_store("", |machine| {
        let right = machine.send(PHONE);
        let ended = verify_all(machine, &vec![right; 50]);
        assert_eq!(census(&ended), BTreeMap::from([(0, 1), (11, 49)]));
        for ran in ended.iter().filter(|ran| ran.code == 11) {
            assert_eq!(ran.json()["reason"], "used");
        }
    });
}

#[test]
fn twelve_sends_at_once_make_one_sms() {
    for limits in ["", FREE] {
        on_each_store(
            &format!(
                "{limits}[providers.slow]\nkind = \"command\"\nargv = [\"/bin/sh\", \"-c\", \"cat >> sms; sleep 1\"]\n[policy]\ncountries = [\"IN\"]\n"
            ),
            |machine| {
                let words = ["send", PHONE, "--json", "--timeout", "60s"].map(str::to_owned).to_vec();
                let ended = machine.at_once(&vec![words; 12]);
                let sent = std::fs::read_to_string(machine.path("sms")).unwrap();
                assert_eq!(sent.lines().count(), 1, "{sent}");
                assert_eq!(census(&ended), BTreeMap::from([(0, 1), (13, 11)]));
                for ran in ended.iter().filter(|ran| ran.code == 13) {
                    assert!(ran.error()["retry_after_seconds"].as_u64().unwrap() > 0, "{ran:?}");
                }
            },
        );
    }
}
