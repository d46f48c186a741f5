//! What a wait is for, and whether a challenge has come to it, can still come to it, or never will.

use super::record::{Challenge, Reason, SendOutcome, State};
use super::{DeliveryState, Moment};

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitFor {
    /// A gateway has the SMS.
    Accepted,
    /// The handset has it.
    Delivered,
    /// The right code was typed.
    Verified,
    /// The code has expired.
    Expired,
}

/// How a challenge compares to a goal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitStatus {
    /// There.
    Reached,
    /// Not yet.
    Waiting,
    /// Never: the SMS will not arrive.
    Undelivered,
    /// Never: the code came to another end first.
    Gone(Reason),
}

impl WaitFor {
    /// All goals.
    pub const ALL: [Self; 4] = [Self::Accepted, Self::Delivered, Self::Verified, Self::Expired];

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Delivered => "delivered",
            Self::Verified => "verified",
            Self::Expired => "expired",
        }
    }

    /// The goal of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|goal| goal.as_str() == name)
    }

    /// Whether it is about the SMS, and not about the code alone.
    #[must_use]
    pub fn is_of_sms(self) -> bool {
        matches!(self, Self::Accepted | Self::Delivered)
    }

    /// How a challenge compares to it. `mapped` says whether the phone still has the users that the code was made
    /// for.
    ///
    /// What the goal is about decides first: for an SMS, the gateway's final word, even if the code has ended by now; for
    /// a code, its own end. A code that was used did arrive, whatever a gateway says about its SMS.
    #[must_use]
    pub fn standing(self, challenge: &Challenge, now: Moment, mapped: bool) -> WaitStatus {
        use WaitStatus::{Gone, Reached, Undelivered, Waiting};
        if challenge.state == State::Failed {
            return Undelivered;
        }
        let said = challenge.delivery.as_ref().and_then(|delivery| delivery.report.as_ref()?.state);
        match (self, challenge.ending(now, mapped), said) {
            (Self::Accepted | Self::Delivered | Self::Verified, Some(Reason::Used), _) => Reached,
            (Self::Accepted | Self::Delivered, _, Some(DeliveryState::Failed)) => Undelivered,
            (Self::Accepted | Self::Delivered, _, Some(DeliveryState::Delivered)) => Reached,
            (Self::Accepted, ..) if challenge.send_outcome() == SendOutcome::Accepted => Reached,
            (Self::Accepted | Self::Delivered | Self::Verified, Some(reason), _) => Gone(reason),
            (Self::Verified, None, Some(DeliveryState::Failed)) => Undelivered,
            (Self::Expired, Some(Reason::Expired), _) => Reached,
            (Self::Expired, Some(reason), _) => Gone(reason),
            // A code that was printed has no SMS, and gets none.
            (Self::Accepted | Self::Delivered, None, None) if was_printed(challenge) => Undelivered,
            (_, None, _) => Waiting,
        }
    }
}

/// Whether it was printed instead of sent, here or by the application that keeps it.
#[must_use]
pub fn was_printed(challenge: &Challenge) -> bool {
    challenge.state == State::Issued && challenge.delivery.is_none()
}

#[cfg(test)]
mod tests {
    use super::WaitStatus::{Gone, Reached, Undelivered, Waiting};
    use super::*;
    use crate::otp::record::Delivery;
    use crate::otp::{DeliveryReport, More};

    const END: Moment = Moment::from_millis(300_000);

    fn challenge(state: State, said: Option<&str>) -> Challenge {
        let delivery = said.map(|word| Delivery {
            message_id: Some("m1".to_owned()),
            outcome: Some(SendOutcome::Accepted),
            report: (!word.is_empty()).then(|| DeliveryReport {
                state: serde_json::from_value(word.into()).ok(),
                word: word.to_owned(),
                reason: None,
                code: None,
                said: None,
                operator: None,
            }),
            ..Delivery::by("p")
        });
        Challenge {
            id: "ch_1".to_owned(),
            state,
            mac: None,
            app_fingerprint: None,
            user: None,
            users_version: None,
            created_at: Moment::from_millis(0),
            expires_at: END,
            tries: 0,
            max_tries: 5,
            lease_until: None,
            cooldown_before: None,
            delivery,
            more: More::default(),
        }
    }

    /// Each state of a challenge, what its gateway said (nothing of an SMS, nothing since, a word), whether its time is
    /// over, and the status for each goal: accepted, delivered, verified, expired.
    #[test]
    fn every_state_stands_somewhere_before_every_goal() {
        let (used, expired) = (Gone(Reason::Used), Gone(Reason::Expired));
        let (superseded, revoked) = (Gone(Reason::Superseded), Gone(Reason::Revoked));
        let exhausted = Gone(Reason::AttemptsExhausted);
        let table = [
            (State::Pending, None, false, [Waiting, Waiting, Waiting, Waiting]),
            (State::Pending, None, true, [expired, expired, expired, Reached]),
            (State::Issued, None, false, [Undelivered, Undelivered, Waiting, Waiting]),
            (State::Issued, None, true, [expired, expired, expired, Reached]),
            (State::Unknown, None, false, [Waiting, Waiting, Waiting, Waiting]),
            (State::Unknown, None, true, [expired, expired, expired, Reached]),
            (State::Sent, Some(""), false, [Reached, Waiting, Waiting, Waiting]),
            (State::Sent, Some("parked"), false, [Reached, Waiting, Waiting, Waiting]),
            (State::Sent, Some("accepted"), false, [Reached, Waiting, Waiting, Waiting]),
            (State::Sent, Some("sent"), false, [Reached, Waiting, Waiting, Waiting]),
            (State::Sent, Some("delivered"), false, [Reached, Reached, Waiting, Waiting]),
            (State::Sent, Some("failed"), false, [Undelivered, Undelivered, Undelivered, Waiting]),
            (State::Sent, Some(""), true, [Reached, expired, expired, Reached]),
            (State::Sent, Some("sent"), true, [Reached, expired, expired, Reached]),
            (State::Sent, Some("delivered"), true, [Reached, Reached, expired, Reached]),
            (State::Sent, Some("failed"), true, [Undelivered, Undelivered, expired, Reached]),
            (State::Used, None, false, [Reached, Reached, Reached, used]),
            (State::Used, Some("failed"), true, [Reached, Reached, Reached, used]),
            (State::Superseded, None, false, [superseded, superseded, superseded, superseded]),
            (State::Superseded, Some(""), false, [Reached, superseded, superseded, superseded]),
            (State::Superseded, Some("delivered"), true, [Reached, Reached, superseded, superseded]),
            (State::Superseded, Some("failed"), false, [Undelivered, Undelivered, superseded, superseded]),
            (State::Revoked, Some("sent"), false, [Reached, revoked, revoked, revoked]),
            (State::Revoked, Some("failed"), true, [Undelivered, Undelivered, revoked, revoked]),
            (State::Exhausted, Some(""), false, [Reached, exhausted, exhausted, exhausted]),
            (State::Exhausted, Some("delivered"), true, [Reached, Reached, exhausted, exhausted]),
            (State::Failed, None, false, [Undelivered; 4]),
            (State::Failed, None, true, [Undelivered; 4]),
        ];
        for (state, said, over, standings) in table {
            let now = if over { END } else { Moment::from_millis(1) };
            for (goal, standing) in WaitFor::ALL.into_iter().zip(standings) {
                let found = goal.standing(&challenge(state, said), now, true);
                assert_eq!(found, standing, "{goal:?} of {state:?}, {said:?}, over: {over}");
            }
        }
    }

    #[test]
    fn a_code_for_other_users_is_gone_whatever_its_time() {
        let sent = challenge(State::Sent, Some("sent"));
        let standing = |goal: WaitFor| goal.standing(&sent, Moment::from_millis(1), false);
        assert_eq!(standing(WaitFor::Accepted), Reached);
        for goal in [WaitFor::Delivered, WaitFor::Verified, WaitFor::Expired] {
            assert_eq!(standing(goal), Gone(Reason::Superseded));
        }
    }

    #[test]
    fn every_name_leads_back_to_its_goal() {
        for goal in WaitFor::ALL {
            assert_eq!(WaitFor::named(goal.as_str()), Some(goal));
        }
        assert_eq!(WaitFor::named("sent"), None);
    }
}
