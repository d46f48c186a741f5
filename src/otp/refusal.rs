//! How a refusal takes its place on a phone's timeline. Asking costs nothing, so what was refused must not push out what
//! happened: the same refusal again only counts, and of a phone that nothing is known of one refusal is kept.

use std::time::Duration;

use super::event::{Event, Kind};

/// No more refusals than this are among the events that are kept of a phone.
pub const REFUSALS: usize = 15;

/// How long a timeline is kept for the sake of a refusal; one that has longer to go is not shortened.
pub const REFUSAL_KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// A send that a rule refused.
pub const REFUSED: &str = "refused";
/// An attempt that there was no code for.
pub const NO_CODE: &str = "no_code";
/// A request for a user that the phone does not have.
pub const NO_USER: &str = "no_user";

/// A refusal as it is to be on top of a timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    pub event: Event,
    /// The line that it takes the place of, counted from the newest; `None`: it is one more.
    pub replaces: Option<usize>,
    /// Whether it is worth a line beside the timeline: the first, and ever more seldom when it happens again.
    pub is_news: bool,
}

impl Event {
    /// Whether it says that something was asked for and not done.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(self.event, Kind::Send | Kind::Verify) && matches!(self.result.as_str(), REFUSED | NO_CODE | NO_USER)
    }

    /// Whether it is the same thing, but for when and how often.
    fn is_same(&self, other: &Self) -> bool {
        let plain =
            |event: &Self| Self { at: other.at, until: None, count: None, last_at: None, audit: None, ..event.clone() };
        plain(self) == plain(other)
    }

    /// This one, and it happened again.
    fn again(&self, again: &Self) -> Self {
        let (count, last_at) = (Some(self.times().saturating_add(1)), Some(again.at.max(self.latest())));
        Self { count, last_at, until: again.until, audit: again.audit.clone(), ..self.clone() }
    }
}

/// Where a refusal goes. `lines`: the whole timeline, the newest first; `None` in it: a line that cannot be read.
/// `is_known`: the phone has a record. `None`: nothing is written.
#[must_use]
pub fn place(lines: &[Option<Event>], refusal: Event, is_known: bool) -> Option<Placed> {
    let is_refusal = |line: &Option<Event>| line.as_ref().is_some_and(Event::is_refusal);
    let refused_since = lines.iter().take_while(|line| is_refusal(line)).flatten();
    let same = refused_since.enumerate().find(|(_, line)| line.is_same(&refusal));
    if let Some((at, before)) = same {
        let event = before.again(&refusal);
        let is_news = event.times().is_power_of_two();
        return Some(Placed { event, replaces: Some(at), is_news });
    }
    let is_stranger = !is_known && lines.iter().all(is_refusal);
    if is_stranger && let Some(Some(kept)) = lines.first() {
        // A send that was refused explains that there is no code, and not the reverse.
        let explains = refusal.event == Kind::Send || kept.event != Kind::Send;
        return explains.then_some(Placed { event: refusal, replaces: Some(0), is_news: false });
    }
    let surplus = lines.iter().filter(|line| is_refusal(line)).count() >= REFUSALS;
    let replaces = lines.iter().rposition(is_refusal).filter(|_| surplus);
    Some(Placed { event: refusal, replaces, is_news: replaces.is_none() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::otp::{EVENTS_KEPT, Moment, Purpose};

    fn at(seconds: i64) -> Moment {
        Moment::from_millis(seconds * 1000)
    }

    fn refused(seconds: i64, rule: &str) -> Event {
        Event::new(at(seconds), Kind::Send, REFUSED).refused_by(rule, Some(at(seconds + 30)))
    }

    fn no_code(seconds: i64) -> Event {
        Event::new(at(seconds), Kind::Verify, NO_CODE).refused_by("never_issued", None)
    }

    /// A timeline that refusals are placed on, as a store does it.
    fn placed(lines: Vec<Event>, refusals: impl IntoIterator<Item = Event>, known: bool) -> Vec<Event> {
        let mut lines: Vec<Option<Event>> = lines.into_iter().map(Some).collect();
        for refusal in refusals {
            let Some(Placed { event, replaces, .. }) = place(&lines, refusal, known) else { continue };
            replaces.map(|place| lines.remove(place));
            lines.insert(0, Some(event));
            lines.truncate(EVENTS_KEPT);
        }
        lines.into_iter().flatten().collect()
    }

    fn sent(seconds: i64) -> Event {
        Event::new(at(seconds), Kind::Send, "sent")
    }

    #[test]
    fn the_same_again_only_counts() {
        let again = placed(vec![sent(0)], (1..=10_000).map(|n| refused(n, "cooldown")), true);
        let expected =
            Event { count: Some(10_000), last_at: Some(at(10_000)), until: Some(at(10_030)), ..refused(1, "cooldown") };
        assert_eq!(again, [expected, sent(0)]);
        // After something happened it is another one.
        let before = refused(1, "cooldown");
        let after = placed(vec![sent(2), before.clone()], [refused(3, "cooldown")], true);
        assert_eq!(after, [refused(3, "cooldown"), sent(2), before]);
    }

    #[test]
    fn whoever_asks_for_this_and_that_pushes_nothing_out() {
        let in_turn = (1..=10_000).map(|n| if n % 2 == 0 { refused(n, "cooldown") } else { no_code(n) });
        let seen = placed(vec![sent(0)], in_turn, true);
        let told = seen.iter().map(|event| (event.result.as_str(), event.times())).collect::<Vec<_>>();
        assert_eq!(told, [("refused", 5000), ("no_code", 5000), ("sent", 1)], "the newest first");
        // Whatever they find to ask for: what happened keeps most of the place.
        let happened = (0..35).map(sent).rev().collect();
        let others = (1..=10_000).map(|n| Event { purpose: Purpose::new(&format!("p{n}")).ok(), ..no_code(n) });
        let seen = placed(happened, others, true);
        assert_eq!(seen.iter().filter(|event| event.is_refusal()).count(), REFUSALS);
        assert_eq!(seen.iter().filter(|event| event.result == "sent").count(), 35, "all are there");
        assert_eq!(seen[0].at, at(10_000));
    }

    #[test]
    fn of_a_phone_that_nothing_is_known_of_one_refusal_is_kept() {
        let first = placed(Vec::new(), [no_code(1), refused(2, "country"), no_code(3), refused(4, "country")], false);
        assert_eq!(first.len(), 1);
        assert_eq!((first[0].rule.as_deref(), first[0].times()), (Some("country"), 2), "it explains the other");
        let other = placed(Vec::new(), [refused(1, "country"), refused(2, "type")], false);
        assert_eq!(other, [refused(2, "type")]);
        // One that something happened to is known, even where its record is over.
        let more = placed(vec![sent(0)], [no_code(1), refused(2, "country")], false);
        assert_eq!(more.len(), 3);
        let broken = place(&[None], no_code(1), false);
        assert_eq!(
            broken,
            Some(Placed { event: no_code(1), replaces: None, is_news: true }),
            "nor is a line that cannot be read lost"
        );
    }

    #[test]
    fn another_reason_user_or_operator_is_another_refusal() {
        let once = no_code(1);
        for other in [
            Event { reason: Some("asked by phone".to_owned()), ..no_code(2) },
            Event { detail: Some("ravi".to_owned()), ..no_code(2) },
            Event { challenge_id: Some("ch_1".to_owned()), ..no_code(2) },
            Event { rule: Some("expired".to_owned()), ..no_code(2) },
            Event::new(at(2), Kind::Verify, NO_USER),
        ] {
            assert_eq!(place(&[Some(once.clone())], other.clone(), true).unwrap().replaces, None, "{other:?}");
        }
        let early = place(&[Some(no_code(9))], no_code(5), true).unwrap();
        assert_eq!(early.event.last_at, Some(at(9)), "a clock that was set back");
    }
}
