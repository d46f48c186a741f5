//! Random runs of everything that can be done with the codes of a phone, by several processes in turn, on a real store;
//! and a model beside it that predicts each answer. A run that differs shrinks.

use std::sync::atomic::{AtomicU32, Ordering};

use otpctl::operations::OperationError;
use otpctl::otp::record::Verdict;
use otpctl::provider::Class;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::support::client::{Client, fresh_id, phone, user};
use crate::support::fake::Calls;
use crate::support::fixtures::Fixture;

const CODES: [&str; 3] = ["424242", "111111", "000000"];
const TRIES: u32 = 5;

#[derive(Debug, Clone)]
enum Act {
    Issue(usize),
    /// The provider takes it, does not, or nobody knows.
    Send(usize, Option<bool>),
    Verify(usize),
    /// The attempt before, once more.
    Again,
    Revoke,
    Unlock,
    /// A user comes or goes.
    Link(bool),
}

fn act() -> impl Strategy<Value = Act> {
    let code = 0..CODES.len();
    prop_oneof![
        2 => code.clone().prop_map(Act::Issue),
        3 => (code.clone(), any::<Option<bool>>()).prop_map(|(code, took)| Act::Send(code, took)),
        8 => code.prop_map(Act::Verify),
        2 => Just(Act::Again),
        1 => Just(Act::Revoke),
        1 => Just(Act::Unlock),
        1 => any::<bool>().prop_map(Act::Link),
    ]
}

/// What must be true of the phone, kept apart from the rules.
#[derive(Default)]
struct Model {
    /// The codes that may yet be taken, and the guesses at each: the newest last.
    open: Vec<(usize, u32)>,
    failures: u32,
    linked: bool,
    last: Option<(String, usize, bool)>,
}

impl Model {
    /// A guess, and whether it is right.
    fn guess(&mut self, typed: usize) -> bool {
        let right = self.open.iter().any(|(code, _)| *code == typed);
        if right {
            self.open.clear();
            self.failures = 0;
        } else if !self.open.is_empty() {
            self.failures += 1;
            self.open.iter_mut().for_each(|(_, tries)| *tries += 1);
            self.open.retain(|(_, tries)| *tries < TRIES);
        }
        right
    }

    fn send(&mut self, code: usize, took: Option<bool>) {
        // One older code stays beside the new one, until that is on its way for certain.
        self.open.drain(..self.open.len().saturating_sub(1));
        match took {
            Some(true) => self.open = vec![(code, 0)],
            Some(false) => {}
            None => self.open.push((code, 0)),
        }
    }
}

/// Does it on the store and in the model, and compares.
fn one(client: &Client, n: u32, model: &mut Model, act: &Act) -> Result<(), TestCaseError> {
    let (phone, owner, calls) = (phone(n), user("u1"), Calls::default());
    match act {
        Act::Issue(code) => {
            client.issue(&phone, CODES[*code]);
            model.open = vec![(*code, 0)];
        }
        Act::Send(code, took) => {
            let route = match took {
                Some(true) => calls.accepting(),
                Some(false) => calls.refusing(Class::Credentials),
                None => calls.unsure(),
            };
            let sent = client.send(&phone, CODES[*code], &route.route());
            prop_assert_eq!((sent.is_ok(), calls.count()), (*took == Some(true), 1));
            model.send(*code, *took);
        }
        Act::Verify(code) => {
            let id = fresh_id();
            let said = match client.try_verify(&phone, CODES[*code], &id) {
                Err(OperationError::NoSuchUser(_)) => {
                    prop_assert!(!model.linked && model.open.is_empty(), "whose user is gone, is nobody's");
                    return Ok(());
                }
                said => said.unwrap(),
            };
            let looked_at = !model.open.is_empty();
            let right = model.guess(*code);
            prop_assert_eq!((said.answer.verdict == Verdict::Ok, said.replayed), (right, false));
            prop_assert_eq!(said.answer.failures, model.failures);
            model.last = looked_at.then_some((id, *code, right));
        }
        Act::Again => {
            if let Some((id, code, right)) = &model.last {
                let said = client.try_verify(&phone, CODES[*code], id).unwrap();
                prop_assert_eq!((said.answer.verdict == Verdict::Ok, said.replayed), (*right, true));
            }
        }
        Act::Revoke => {
            // One that was for other users of the phone cannot be taken, and is ended all the same.
            prop_assert!(client.revoke(&phone).unwrap() >= model.open.len());
            model.open.clear();
        }
        Act::Unlock => {
            client.unlock(&phone, false);
            model.failures = 0;
        }
        Act::Link(linked) => {
            if *linked {
                client.link(&phone, &owner);
            } else {
                client.unlink(&phone, &owner);
            }
            if model.linked != *linked {
                model.linked = *linked;
                model.open.clear();
            }
        }
    }
    prop_assert_eq!(client.failures(&phone), model.failures);
    Ok(())
}

/// Another number for each run, far from those before: neighbors would be stopped.
static NEXT: AtomicU32 = AtomicU32::new(0);

pub fn random_runs_end_as_the_model_says(fixture: &dyn Fixture) {
    let clients: Vec<Client> = (0..3)
        .map(|_| {
            let mut client = Client::of(fixture);
            client.limits.locks = Vec::new();
            client
        })
        .collect();
    let config = Config { cases: 6, failure_persistence: None, ..Config::default() };
    let ran = TestRunner::new(config).run(&prop::collection::vec(act(), 1..30), |acts| {
        let n = NEXT.fetch_add(1, Ordering::SeqCst) * 1009 % 99_000;
        let mut model = Model::default();
        for (turn, act) in acts.iter().enumerate() {
            one(&clients[turn % clients.len()], n, &mut model, act)?;
        }
        Ok(())
    });
    ran.unwrap_or_else(|error| panic!("{error}"));
}
