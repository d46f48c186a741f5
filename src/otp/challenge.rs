//! An issued code with its limits: its state, and what became of its message. Never the code itself.

use serde::{Deserialize, Serialize};

use super::answer::Reason;
use super::kept_delivery::{Delivery, SendOutcome};
use super::persist::More;
use super::{DeliveryState, Mac, Moment, UserId, UsersVersion};

/// The state of a challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Made, but no provider has replied yet. Already valid: its SMS may be faster than the reply.
    Pending,
    /// A provider accepted it.
    Sent,
    /// A provider may have accepted it.
    Unknown,
    /// Printed instead of sent.
    Issued,
    /// Its right code was typed.
    Used,
    /// A newer one replaced it.
    Superseded,
    /// Canceled on purpose.
    Revoked,
    /// Its attempts are used up.
    Exhausted,
    /// Not sent.
    Failed,
}

impl State {
    /// Every state, and those that it may change to. A state that changes to no other one is an end.
    pub const TRANSITIONS: [(Self, &[Self]); 9] = [
        (
            Self::Pending,
            &[Self::Sent, Self::Unknown, Self::Failed, Self::Used, Self::Superseded, Self::Revoked, Self::Exhausted],
        ),
        // A delivery report can tell that the provider accepted it after all.
        (Self::Unknown, &[Self::Sent, Self::Used, Self::Superseded, Self::Revoked, Self::Exhausted]),
        (Self::Sent, &[Self::Used, Self::Superseded, Self::Revoked, Self::Exhausted]),
        (Self::Issued, &[Self::Used, Self::Superseded, Self::Revoked, Self::Exhausted]),
        (Self::Used, &[]),
        (Self::Superseded, &[]),
        (Self::Revoked, &[]),
        (Self::Exhausted, &[]),
        (Self::Failed, &[]),
    ];

    /// What it may change to.
    fn next(self) -> &'static [Self] {
        Self::TRANSITIONS.iter().find(|(state, _)| *state == self).map_or(&[], |(_, next)| next)
    }

    /// Whether the code may still be typed, if it has not expired.
    #[must_use]
    pub fn is_open(self) -> bool {
        !self.next().is_empty()
    }

    /// The word for it in documents.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sent => "sent",
            Self::Unknown => "unknown",
            Self::Issued => "issued",
            Self::Used => "used",
            Self::Superseded => "superseded",
            Self::Revoked => "revoked",
            Self::Exhausted => "exhausted",
            Self::Failed => "failed",
        }
    }
}

/// An issued code with its limits; never the code itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Challenge {
    /// `ch_…`
    pub id: String,
    pub state: State,
    /// What the store keeps of the code: gone as soon as nothing can be compared with it any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<Mac>,
    /// Where an application keeps the code: the fingerprint of what it keeps, to know it again.
    #[serde(rename = "kept", default, skip_serializing_if = "Option::is_none")]
    pub app_fingerprint: Option<Mac>,
    /// The user it was issued for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// The version of the phone's users at that time; with another version now, the code is no longer valid.
    #[serde(rename = "mapping", default, skip_serializing_if = "Option::is_none")]
    pub users_version: Option<UsersVersion>,
    /// When it was made.
    pub created_at: Moment,
    /// When it expires.
    pub expires_at: Moment,
    /// Wrong codes so far.
    #[serde(default)]
    pub tries: u32,
    /// How many it allows.
    pub max_tries: u32,
    /// While it is pending: when the process that sends it must be over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease_until: Option<Moment>,
    /// While it is pending: the cooldown to restore if it was not sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cooldown_before: Option<Moment>,
    /// What became of the SMS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<Delivery>,
    /// What newer versions added to it.
    #[serde(default, skip_serializing_if = "More::is_empty")]
    pub more: More,
}

impl Challenge {
    /// Whether its code may be typed now.
    #[must_use]
    pub fn is_live(&self, now: Moment) -> bool {
        self.state.is_open() && self.expires_at > now
    }

    /// Whether another server made its code and checks it: nothing of the code is known here.
    #[must_use]
    pub fn is_checked_elsewhere(&self) -> bool {
        self.more.text(CHECKED).as_deref() == Some(ELSEWHERE)
    }

    /// Marks it as one of another server's.
    #[must_use]
    pub(super) fn checked_elsewhere(self) -> Self {
        Self { more: self.more.with(CHECKED, ELSEWHERE), ..self }
    }

    /// How it ended, as whoever checks it said.
    #[must_use]
    pub fn told_outcome(&self) -> Option<ToldOutcome> {
        let word = self.more.text(OUTCOME)?;
        ToldOutcome::ALL.into_iter().find(|outcome| outcome.as_str() == word)
    }

    /// Ends it as whoever checks it said.
    pub(super) fn end_as_told(&mut self, outcome: ToldOutcome) {
        self.more = self.more.with(OUTCOME, outcome.as_str());
        self.enter(match outcome {
            ToldOutcome::Verified => State::Used,
            ToldOutcome::Abandoned => State::Revoked,
        });
    }

    /// Attempts left.
    #[must_use]
    pub fn attempts_left(&self) -> u32 {
        self.max_tries.saturating_sub(self.tries)
    }

    /// How the send of its SMS ended, whatever happened to the code since. [`SendOutcome::Unknown`] as long as nobody
    /// has said it.
    #[must_use]
    pub fn send_outcome(&self) -> SendOutcome {
        let delivery = self.delivery.as_ref();
        let reported = delivery.and_then(|delivery| delivery.report.as_ref()?.state);
        match (self.state, delivery.and_then(|delivery| delivery.outcome)) {
            // A code that was typed has arrived.
            (State::Used, _) => SendOutcome::Accepted,
            // Only a gateway that has the message can say where it is.
            _ if reported.is_some_and(|state| state != DeliveryState::Failed) => SendOutcome::Accepted,
            (_, Some(outcome)) => outcome,
            // Versions before this one did not keep it.
            (State::Sent, None) => SendOutcome::Accepted,
            (State::Failed, None) => SendOutcome::Refused,
            (_, None) => SendOutcome::Unknown,
        }
    }

    /// Why the code can no longer be typed; `None` while it can. `users_match`: the phone still has the users that the
    /// code was made for.
    #[must_use]
    pub fn ending(&self, now: Moment, users_match: bool) -> Option<Reason> {
        match self.state {
            State::Used => Some(Reason::Used),
            State::Superseded => Some(Reason::Superseded),
            State::Revoked => Some(Reason::Revoked),
            State::Exhausted => Some(Reason::AttemptsExhausted),
            // Nobody has it: it was not sent.
            State::Failed => Some(Reason::NeverIssued),
            State::Pending | State::Sent | State::Unknown | State::Issued if self.expires_at <= now => {
                Some(Reason::Expired)
            }
            State::Pending | State::Sent | State::Unknown | State::Issued if !users_match => Some(Reason::Superseded),
            State::Pending | State::Sent | State::Unknown | State::Issued => None,
        }
    }

    /// What is kept of it for whoever asks for the same send again: all but what is secret, long, or only of use while
    /// the code is live.
    pub(super) fn summary(&self) -> Self {
        let delivery = self.delivery.as_ref().map(|delivery| Delivery {
            message_id: delivery.message_id.clone(),
            segments: delivery.segments,
            outcome: Some(self.send_outcome()),
            more: delivery.more.clone(),
            ..Delivery::by(&delivery.provider)
        });
        Self { mac: None, app_fingerprint: None, lease_until: None, cooldown_before: None, delivery, ..self.clone() }
    }

    /// Changes its state, if [`State::TRANSITIONS`] allows it. A superseded code is still recognized when it is typed; of
    /// one that ended otherwise, nothing is kept to compare with.
    pub fn enter(&mut self, state: State) {
        if !self.state.next().contains(&state) {
            return;
        }
        self.state = state;
        self.lease_until = None;
        self.cooldown_before = None;
        if state.is_open() {
            return;
        }
        self.app_fingerprint = None;
        if state != State::Superseded {
            self.mac = None;
        }
    }
}

/// The names and words in `more` of a challenge whose code another server made. A version that does not know them finds a
/// challenge without a MAC, which no code is equal to.
const CHECKED: &str = "checked";
const ELSEWHERE: &str = "elsewhere";
const OUTCOME: &str = "outcome";

/// How a code ended that another server checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ToldOutcome {
    /// It was typed.
    Verified,
    /// Nobody typed it in time.
    Abandoned,
}

impl ToldOutcome {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Verified, Self::Abandoned];

    /// The word for it on a command line, in events and in documents.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Abandoned => "abandoned",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::State::{Exhausted, Failed, Issued, Pending, Revoked, Sent, Superseded, Unknown, Used};
    use super::*;

    const ALL: [State; 9] = [Pending, Sent, Unknown, Issued, Used, Superseded, Revoked, Exhausted, Failed];

    fn challenge(state: State) -> Challenge {
        let at = Moment::from_millis;
        Challenge {
            id: "ch_1".to_owned(),
            state,
            mac: None,
            app_fingerprint: None,
            user: None,
            users_version: None,
            created_at: at(0),
            expires_at: at(300),
            tries: 0,
            max_tries: 5,
            lease_until: Some(at(60)),
            cooldown_before: Some(at(30)),
            delivery: None,
            more: More::default(),
        }
    }

    #[test]
    fn a_state_changes_only_as_the_table_says_and_an_end_is_an_end() {
        assert_eq!(State::TRANSITIONS.len(), ALL.len());
        for from in ALL {
            for to in ALL {
                let allowed = matches!(
                    (from, to),
                    (Pending, Sent | Unknown | Failed)
                        | (Unknown, Sent)
                        | (Pending | Sent | Unknown | Issued, Used | Superseded | Revoked | Exhausted)
                );
                let mut changed = challenge(from);
                changed.enter(to);
                assert_eq!(changed.state, if allowed { to } else { from }, "{from:?} -> {to:?}");
                let is_pending = changed.lease_until.is_some() || changed.cooldown_before.is_some();
                assert_eq!(is_pending, !allowed, "{from:?} -> {to:?}");
            }
            assert_eq!(from.is_open(), matches!(from, Pending | Sent | Unknown | Issued), "{from:?}");
        }
    }

    #[test]
    fn one_table_says_why_a_code_is_dead() {
        let (live, over) = (Moment::from_millis(299), Moment::from_millis(300));
        for (state, in_time, of_others, expired) in [
            (Pending, None, Some(Reason::Superseded), Some(Reason::Expired)),
            (Sent, None, Some(Reason::Superseded), Some(Reason::Expired)),
            (Unknown, None, Some(Reason::Superseded), Some(Reason::Expired)),
            (Issued, None, Some(Reason::Superseded), Some(Reason::Expired)),
            (Used, Some(Reason::Used), Some(Reason::Used), Some(Reason::Used)),
            (Superseded, Some(Reason::Superseded), Some(Reason::Superseded), Some(Reason::Superseded)),
            (Revoked, Some(Reason::Revoked), Some(Reason::Revoked), Some(Reason::Revoked)),
            (
                Exhausted,
                Some(Reason::AttemptsExhausted),
                Some(Reason::AttemptsExhausted),
                Some(Reason::AttemptsExhausted),
            ),
            (Failed, Some(Reason::NeverIssued), Some(Reason::NeverIssued), Some(Reason::NeverIssued)),
        ] {
            let challenge = challenge(state);
            assert_eq!(challenge.ending(live, true), in_time, "{state:?}");
            assert_eq!(challenge.ending(live, false), of_others, "{state:?}");
            assert_eq!(challenge.ending(over, true), expired, "{state:?}");
            assert_eq!(challenge.ending(live, true).is_none(), challenge.is_live(live), "{state:?}");
        }
    }
}
