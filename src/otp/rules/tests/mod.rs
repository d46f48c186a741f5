//! The rules without a store: every edge by hand, and random histories by the thousand.

mod allowed;
mod clock;
mod edges;
mod handover;
mod histories;
mod replays;
mod whose;

use std::time::Duration;

use super::{AttemptRequest, Decision, IssueMode, PhoneState, ReserveRequest};
use crate::otp::{Alphabet, Channel, Code, CodeSpec, Moment, Pepper, Peppers, Phone, Purpose, Secret, UserId};

const RIGHT: &str = "424242";
const WRONG: &str = "111111";
const LEASE: Duration = Duration::from_secs(50);

fn at(millis: i64) -> Moment {
    Moment::from_millis(1_790_000_000_000 + millis)
}

fn code(text: &str) -> Code {
    CodeSpec { alphabet: Alphabet::named("digits").unwrap(), length: 6 }.read(text).unwrap()
}

fn user(id: &str) -> UserId {
    UserId::new(id).unwrap()
}

fn peppers(ids: &[&str]) -> Peppers {
    let pepper = |id: &&str| Pepper { id: (*id).to_owned(), key: Secret::new(format!("the key called {id}")) };
    Peppers::new(ids.iter().map(pepper).collect()).unwrap()
}

/// What most questions have in common.
struct Case {
    phone: Phone,
    purpose: Purpose,
    peppers: Peppers,
    right: Code,
    wrong: Code,
}

impl Case {
    fn new() -> Self {
        Self {
            phone: Phone::parse("+919876543210", None).unwrap(),
            purpose: Purpose::default(),
            peppers: peppers(&["k1"]),
            right: code(RIGHT),
            wrong: code(WRONG),
        }
    }

    fn of(purpose: &str) -> Self {
        Self { purpose: Purpose::new(purpose).unwrap(), ..Self::new() }
    }

    fn reserve<'a>(&'a self, id: &'a str, way: IssueMode) -> ReserveRequest<'a> {
        ReserveRequest {
            phone: &self.phone,
            purpose: &self.purpose,
            user: None,
            challenge_id: id,
            code: &self.right,
            peppers: &self.peppers,
            ttl: Duration::from_secs(300),
            max_tries: 5,
            way,
            elsewhere: false,
            request: None,
            reason: None,
        }
    }

    fn sms<'a>(&'a self, id: &'a str) -> ReserveRequest<'a> {
        self.reserve(id, IssueMode::Sms { lease: LEASE, channel: Channel::Sms })
    }

    fn asked<'a>(&'a self, code: &'a Code, attempt_id: &'a str) -> AttemptRequest<'a> {
        AttemptRequest {
            phone: &self.phone,
            purpose: &self.purpose,
            code,
            peppers: &self.peppers,
            attempt_id,
            user: None,
            require_user: false,
            assertion: None,
        }
    }
}

/// Takes over what a rule decided, and gives its outcome.
fn take<T>(known: &mut PhoneState, step: Decision<T>) -> T {
    known.record = step.record.unwrap_or_else(|| known.record.clone());
    known.users = step.users.unwrap_or_else(|| known.users.clone());
    step.outcome
}
