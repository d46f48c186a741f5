//! The messages of a code that went out more than once: after one was not delivered in time, the same code goes out by another
//! provider. What matters most is the challenge's own delivery, as it is for a code with one message; the others are beside it.

use serde_json::Value;

use super::kept_delivery::{Delivery, SendOutcome};
use super::{Challenge, DeliveryState, Moment};

/// Where the others are kept, in what an older version carries along.
const OTHERS: &str = "others";
/// Where a message keeps when its provider was asked; the first one was asked when the code was made.
const ASKED_AT: &str = "asked_at";
/// So many others are kept, the newest: a route is short, and a record stays small.
const KEPT: usize = 6;

/// What is known of a message that may be on its way: its provider is being asked, or whoever asked is gone.
const BEING_ASKED: &str = "its provider was asked, and no answer is known";

impl Delivery {
    /// When its provider was asked, where that was not when the code was made.
    #[must_use]
    pub fn asked_at(&self) -> Option<Moment> {
        self.more.get(ASKED_AT)?.as_i64().map(Moment::from_millis)
    }

    /// How much it matters: what arrived most, then what a provider has, what it may have, and what will not arrive.
    fn weight(&self) -> u8 {
        match (self.report.as_ref().and_then(|report| report.state), self.outcome) {
            (Some(DeliveryState::Delivered), _) => 3,
            (Some(DeliveryState::Failed), _) | (None, Some(SendOutcome::Refused)) => 0,
            (Some(_), _) | (None, None | Some(SendOutcome::Accepted)) => 2,
            (None, Some(SendOutcome::Unknown)) => 1,
        }
    }
}

impl Challenge {
    /// Every message that went out with the code, or may have, in the order in which their providers were asked.
    #[must_use]
    pub fn messages(&self) -> Vec<Delivery> {
        let mut all = self.others();
        all.extend(self.delivery.clone());
        all.sort_by_key(Delivery::asked_at);
        all
    }

    /// All but the one that matters most.
    fn others(&self) -> Vec<Delivery> {
        let Some(Value::Array(others)) = self.more.get(OTHERS) else { return Vec::new() };
        others.into_iter().filter_map(|other| serde_json::from_value(other).ok()).collect()
    }

    /// Those of a newer version that cannot be read here: they are carried as they are.
    fn unreadable(&self) -> Vec<Value> {
        let Some(Value::Array(others)) = self.more.get(OTHERS) else { return Vec::new() };
        others.into_iter().filter(|other| serde_json::from_value::<Delivery>(other.clone()).is_err()).collect()
    }

    /// One message more, whose provider is asked now: as long as it is not known how that ended, it may have gone out.
    pub(super) fn begin_message(&mut self, message: &Delivery, now: Moment) {
        let begun = Delivery {
            outcome: Some(SendOutcome::Unknown),
            detail: Some(BEING_ASKED.to_owned()),
            more: message.more.with(ASKED_AT, now.millis()),
            ..message.clone()
        };
        let mut all = self.messages();
        all.push(begun);
        self.settle(all);
    }

    /// How the newest message by this provider ended that was begun; one that was not sent is none.
    pub(super) fn end_message(&mut self, ended: &Delivery) {
        let mut all = self.messages();
        let is_it = |own: &Delivery| own.provider == ended.provider && own.outcome == Some(SendOutcome::Unknown);
        let Some(place) = all.iter().rposition(is_it) else { return };
        let begun = all.remove(place);
        if ended.outcome != Some(SendOutcome::Refused) {
            let asked_at = begun.more.get(ASKED_AT);
            let more = asked_at.map_or_else(|| ended.more.clone(), |at| ended.more.with(ASKED_AT, at));
            all.insert(place, Delivery { more, ..ended.clone() });
        }
        self.settle(all);
    }

    /// Puts this in the place of one of [`Self::messages`].
    pub(super) fn replace_message(&mut self, place: usize, message: Delivery) {
        let mut all = self.messages();
        if let Some(own) = all.get_mut(place) {
            *own = message;
            self.settle(all);
        }
    }

    /// The message that matters most becomes the challenge's own, of several the newest; the rest is beside it.
    fn settle(&mut self, mut all: Vec<Delivery>) {
        let heaviest = (0..all.len()).max_by_key(|place| (all.get(*place).map(Delivery::weight), *place));
        self.delivery = heaviest.map(|place| all.remove(place));
        let surplus = all.len().saturating_sub(KEPT);
        let others = all.into_iter().skip(surplus).filter_map(|other| serde_json::to_value(other).ok());
        let others: Vec<Value> = self.unreadable().into_iter().chain(others).collect();
        self.more = if others.is_empty() { self.more.without(OTHERS) } else { self.more.with(OTHERS, others) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::otp::record::State;
    use crate::otp::{Channel, DeliveryReport, More};

    fn at(seconds: i64) -> Moment {
        Moment::from_millis(seconds * 1000)
    }

    fn challenge() -> Challenge {
        let first =
            Delivery { message_id: Some("wamid.1".to_owned()), outcome: Some(SendOutcome::Accepted), ..by("wa") };
        Challenge {
            id: "ch_1".to_owned(),
            state: State::Sent,
            mac: None,
            app_fingerprint: None,
            user: None,
            users_version: None,
            created_at: at(0),
            expires_at: at(300),
            tries: 0,
            max_tries: 5,
            lease_until: None,
            cooldown_before: None,
            delivery: Some(first),
            more: More::default(),
        }
    }

    fn by(name: &str) -> Delivery {
        let channel = if name == "wa" { Channel::WhatsApp } else { Channel::Sms };
        Delivery::through(name, channel)
    }

    fn names(challenge: &Challenge) -> (Option<String>, Vec<String>) {
        let all = challenge.messages().into_iter().map(|own| own.provider).collect();
        (challenge.delivery.as_ref().map(|own| own.provider.clone()), all)
    }

    fn told(own: &str, all: &[&str]) -> (Option<String>, Vec<String>) {
        (Some(own.to_owned()), all.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn what_is_being_asked_is_not_known_until_it_is_and_what_is_known_matters_more() {
        let mut own = challenge();
        own.begin_message(&by("sms"), at(20));
        assert_eq!(names(&own), told("wa", &["wa", "sms"]), "a provider has the first one");
        assert_eq!(own.send_outcome(), SendOutcome::Accepted);
        let kept = serde_json::to_vec(&own).unwrap();
        assert_eq!(serde_json::from_slice::<Challenge>(&kept).unwrap(), own);
        let mut refused = own.clone();
        refused.end_message(&Delivery { outcome: Some(SendOutcome::Refused), ..by("sms") });
        assert_eq!(refused, challenge(), "nothing is left of it");
        own.end_message(&Delivery { outcome: Some(SendOutcome::Accepted), ..by("sms") });
        assert_eq!(names(&own), told("sms", &["wa", "sms"]), "the newest that a provider has");
        let mut arrived = own.messages().remove(0);
        arrived.report = Some(DeliveryReport::of(DeliveryState::Delivered));
        own.replace_message(0, arrived);
        assert_eq!(names(&own), told("wa", &["wa", "sms"]), "what arrived");
    }

    #[test]
    fn after_a_failure_one_in_doubt_is_what_there_is() {
        let mut own = challenge();
        let mut failed = own.messages().remove(0);
        failed.report = Some(DeliveryReport::of(DeliveryState::Failed));
        own.replace_message(0, failed);
        own.begin_message(&by("sms"), at(1));
        assert_eq!(names(&own), told("sms", &["wa", "sms"]));
        assert_eq!(own.send_outcome(), SendOutcome::Unknown, "whoever asks after a crash is told so");
    }

    #[test]
    fn a_message_of_a_newer_version_is_carried() {
        let newer = serde_json::json!({"provider": "rcs", "outcome": "accepted", "read_at": 5});
        let more = More::default().with(OTHERS, vec![newer.clone()]);
        let mut own = Challenge { more, ..challenge() };
        own.begin_message(&by("sms"), at(20));
        own.end_message(&Delivery { outcome: Some(SendOutcome::Accepted), ..by("sms") });
        assert_eq!(names(&own), told("sms", &["wa", "sms"]));
        let Some(Value::Array(others)) = own.more.get(OTHERS) else { panic!("{own:?}") };
        assert_eq!((others.len(), &others[0]), (2, &newer));
    }

    #[test]
    fn a_long_route_leaves_a_small_record() {
        let mut own = challenge();
        for at_second in 1..20 {
            own.begin_message(&by("sms"), at(at_second));
        }
        assert_eq!(own.messages().len(), KEPT + 1);
    }
}
