//! A send that is asked for again under its idempotency key, whatever its providers said and happened since.

use std::time::Duration;

use proptest::prelude::*;

use super::{Case, LEASE, at, take};
use crate::otp::record::{Delivery, SendOutcome, State};
use crate::otp::rules::{
    IssueMode, PhoneState, REQUEST_KEPT, ReserveRequest, Reserved, RevokeRequest, SendRefused, SendResult, attempt,
    record_send, reserve, revoke,
};
use crate::otp::{DeliveryState, Limits, MAX_PER_PHONE, Moment, Quota};

fn free() -> Limits {
    let day = Quota { window: Duration::from_secs(86_400), limit: MAX_PER_PHONE };
    Limits { cooldown: Vec::new(), per_phone: vec![day], ..Limits::default() }
}

fn keyed(known: &mut PhoneState, case: &Case, now: Moment, id: &str, key: &str) -> Result<Reserved, SendRefused> {
    let asked = ReserveRequest { request: Some((key, "arguments")), ttl: Duration::from_secs(60), ..case.sms(id) };
    let step = reserve(known, now, &free(), &asked)?;
    Ok(take(known, step))
}

fn print(known: &mut PhoneState, now: Moment, purpose: &str, id: &str) {
    let case = Case::of(purpose);
    if let Ok(step) = reserve(known, now, &free(), &case.reserve(id, IssueMode::Print)) {
        take(known, step);
    }
}

/// What the providers said, by the words and ids that they may have said it with.
fn said() -> Vec<(&'static str, Option<SendResult>)> {
    let plain = Delivery::by("p");
    let id = Delivery { message_id: Some("m1".to_owned()), ..plain.clone() };
    let words = Delivery { detail: Some("bad: refused".to_owned()), ..plain.clone() };
    let both = Delivery { detail: Some("bad: refused".to_owned()), ..id.clone() };
    let mut all = vec![("nothing", None)];
    for delivery in [plain, id, words, both] {
        all.push(("accepted", Some(SendResult::Sent(delivery.clone()))));
        all.push(("unknown", Some(SendResult::Unknown(delivery.clone()))));
        all.push(("refused", Some(SendResult::Failed(Some(delivery), None))));
    }
    all
}

/// What may happen to a code.
const SINCE: [&str; 6] = ["live", "used", "revoked", "superseded", "exhausted", "expired"];

fn happens(known: &mut PhoneState, case: &Case, since: &str) -> Moment {
    let now = at(1000);
    match since {
        "used" => {
            let step = attempt(known, now, &free(), &case.asked(&case.right, "at_1")).unwrap();
            take(known, step);
        }
        "revoked" => {
            let step = revoke(known, now, &RevokeRequest::default());
            take(known, step);
        }
        "superseded" => print(known, at(1000).after(LEASE), "login", "ch_newer"),
        "exhausted" => (0..5).for_each(|turn| {
            let step = attempt(known, now, &free(), &case.asked(&case.wrong, &format!("at_{turn}"))).unwrap();
            take(known, step);
        }),
        "expired" => return at(61_000),
        _ => {}
    }
    // In any case after the time that its sender may take.
    at(2000).after(LEASE)
}

#[test]
fn a_repeated_send_is_told_how_the_first_one_ended() {
    for (word, said) in said() {
        for since in SINCE {
            for marked_first in [true, false] {
                let (case, mut known) = (Case::new(), PhoneState::default());
                keyed(&mut known, &case, at(0), "ch_1", "key").unwrap();
                let marks = |known: &mut PhoneState| {
                    let step = said.as_ref().map(|said| record_send(known, at(900), "ch_1", said));
                    if let Some(step) = step {
                        take(known, step);
                    }
                };
                if marked_first {
                    marks(&mut known);
                }
                // A code that was never sent cannot be used, and is not open any more.
                let now = happens(&mut known, &case, since);
                if !marked_first {
                    marks(&mut known);
                }
                let state = known.record.challenge("ch_1").map(|(_, challenge)| challenge.state);
                let was_used = state == Some(State::Used);
                let again = keyed(&mut known, &case, now, "ch_2", "key");
                let about = format!("{word}, {since}, marked first: {marked_first}, {state:?}: {again:?}");
                match (word, again) {
                    ("refused", Ok(Reserved::New(_))) => assert!(!was_used, "{about}"),
                    (_, Ok(Reserved::Replayed(challenge))) => {
                        let accepted = was_used || word == "accepted";
                        let outcome = if accepted { SendOutcome::Accepted } else { SendOutcome::Unknown };
                        assert_eq!(challenge.send_outcome(), outcome, "{about}");
                        assert!(word != "refused" || was_used, "{about}");
                    }
                    _ => panic!("{about}"),
                }
            }
        }
    }
}

#[test]
fn a_key_is_remembered_though_its_code_is_dropped_with_its_purpose() {
    for (word, said) in said() {
        let (case, mut known) = (Case::new(), PhoneState::default());
        keyed(&mut known, &case, at(0), "ch_1", "key").unwrap();
        let marks = |known: &mut PhoneState| {
            let step = said.as_ref().map(|said| record_send(known, at(70_000), "ch_1", said));
            if let Some(step) = step {
                take(known, step);
            }
        };
        // Its code is over before its provider was heard, and sixteen other purposes are in use.
        for purpose in 0..17 {
            print(&mut known, at(61_000), &format!("p{purpose}"), &format!("ch_p{purpose}"));
        }
        assert!(known.record.challenge("ch_1").is_none(), "it was dropped");
        marks(&mut known);
        for now in [at(400_000), at(0).after(REQUEST_KEPT).before(Duration::from_millis(1))] {
            match (word, keyed(&mut known.clone(), &case, now, "ch_2", "key")) {
                ("refused", Ok(Reserved::New(_))) => {}
                (_, Ok(Reserved::Replayed(challenge))) => {
                    let outcome = if word == "accepted" { SendOutcome::Accepted } else { SendOutcome::Unknown };
                    assert_eq!((challenge.id.as_str(), challenge.send_outcome()), ("ch_1", outcome), "{word}");
                    assert_eq!((&challenge.mac, challenge.lease_until), (&None, None), "no secret is kept");
                }
                (_, again) => panic!("{word}: {again:?}"),
            }
        }
    }
}

#[test]
fn as_many_keys_as_there_is_room_for_are_remembered_and_no_other_is_accepted() {
    let (mut case, mut known) = (Case::new(), PhoneState::default());
    let most = usize::try_from(MAX_PER_PHONE).unwrap();
    for turn in 0..most {
        case.purpose = Case::of(&format!("p{}", turn % 20)).purpose;
        let now = at(i64::try_from(turn).unwrap() * 120_000);
        keyed(&mut known, &case, now, &format!("ch_{turn}"), &format!("key {turn}")).unwrap();
        let step = record_send(&known, now, &format!("ch_{turn}"), &SendResult::Sent(Delivery::by("p")));
        take(&mut known, step);
    }
    // The limits of another file let more through.
    let limits = Limits { per_phone: Vec::new(), ..free() };
    let now = at(86_000_000);
    let one_more = ReserveRequest { request: Some(("one more", "arguments")), ..case.sms("ch_x") };
    let refused = reserve(&known, now, &limits, &one_more).map(|_| ());
    assert_eq!(refused, Err(SendRefused::Requests(at(0).after(REQUEST_KEPT))));
    for turn in 0..most {
        let again = keyed(&mut known, &case, now, "ch_x", &format!("key {turn}"));
        assert!(matches!(again, Ok(Reserved::Replayed(challenge)) if challenge.id == format!("ch_{turn}")), "{turn}");
    }
    let later = at(0).after(REQUEST_KEPT);
    let step = reserve(&known, later, &limits, &one_more).unwrap();
    assert!(matches!(take(&mut known, step), Reserved::New(_)));
}

#[test]
fn a_request_whose_answer_was_not_kept_sends_nothing() {
    let (case, mut known) = (Case::new(), PhoneState::default());
    keyed(&mut known, &case, at(0), "ch_1", "key").unwrap();
    known.record.purposes.clear();
    assert_eq!(keyed(&mut known, &case, at(1), "ch_2", "key"), Err(SendRefused::Forgotten));
}

#[test]
fn records_that_keep_no_outcome_are_read_on_the_safe_side() {
    let (case, mut known) = (Case::new(), PhoneState::default());
    keyed(&mut known, &case, at(0), "ch_1", "key").unwrap();
    let (_, challenge) = known.record.challenge("ch_1").unwrap();
    let outcome = |state, id: Option<&str>, detail: Option<&str>, report: Option<DeliveryState>| {
        let (message_id, detail) = (id.map(str::to_owned), detail.map(str::to_owned));
        let report = report.map(crate::otp::DeliveryReport::of);
        let delivery = Some(Delivery { message_id, detail, report, ..Delivery::by("p") });
        crate::otp::Challenge { state, delivery, ..challenge.clone() }.send_outcome()
    };
    for state in [State::Superseded, State::Revoked, State::Exhausted] {
        // Neither an id nor a text says how a send ended.
        for (id, detail) in [(Some("m1"), Some("bad: no")), (Some("m1"), None), (None, None), (None, Some("no answer"))]
        {
            assert_eq!(outcome(state, id, detail, None), SendOutcome::Unknown);
        }
        assert_eq!(outcome(state, None, Some("no answer"), Some(DeliveryState::Sent)), SendOutcome::Accepted);
        assert_eq!(outcome(state, None, Some("no answer"), Some(DeliveryState::Failed)), SendOutcome::Unknown);
    }
    assert_eq!(outcome(State::Sent, None, None, None), SendOutcome::Accepted);
    assert_eq!(outcome(State::Failed, None, None, None), SendOutcome::Refused);
    assert_eq!(outcome(State::Unknown, Some("m1"), None, None), SendOutcome::Unknown);
    assert_eq!(outcome(State::Pending, None, None, None), SendOutcome::Unknown);
}

#[derive(Debug, Clone)]
enum Act {
    Keyed { purpose: usize, key: usize, said: usize },
    Print { purpose: usize },
    Revoke,
    Pass(i64),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (0..20_usize, 0..30_usize, 0..4_usize).prop_map(|(purpose, key, said)| Act::Keyed { purpose, key, said }),
        8 => (0..20_usize).prop_map(|purpose| Act::Print { purpose }),
        1 => Just(Act::Revoke),
        // It goes back, too.
        4 => prop_oneof![0..70_000_i64, -70_000..0_i64, Just(600_000), Just(-600_000)].prop_map(Act::Pass),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_key_makes_a_second_sms(acts in prop::collection::vec(act(), 1..150)) {
        let (mut known, mut now) = (PhoneState::default(), 0);
        let mut made = std::collections::BTreeMap::<(usize, usize), (String, bool)>::new();
        for (turn, act) in acts.into_iter().enumerate() {
            known.record.clamp(at(now), &free());
            let id = format!("ch_{turn}");
            match act {
                Act::Keyed { purpose, key, said } => {
                    let case = Case::of(&format!("p{purpose}"));
                    let name = format!("key {purpose} {key}");
                    let before = made.get(&(purpose, key)).cloned();
                    match keyed(&mut known, &case, at(now), &id, &name) {
                        Ok(Reserved::New(challenge)) => {
                            prop_assert!(before.is_none_or(|(_, refused)| refused), "twice under one key");
                            made.insert((purpose, key), (challenge.id, said == 2));
                            let marked = match said {
                                0 => Some(SendResult::Sent(Delivery::by("p"))),
                                1 => Some(SendResult::Unknown(Delivery::by("p"))),
                                2 => Some(SendResult::Failed(Some(Delivery::by("p")), None)),
                                _ => None,
                            };
                            if let Some(said) = marked {
                                let step = record_send(&known, at(now), &id, &said);
                                take(&mut known, step);
                            }
                        }
                        Ok(Reserved::Replayed(challenge)) => {
                            prop_assert_eq!(before.map(|(id, _)| id), Some(challenge.id));
                        }
                        Err(refused) => {
                            let waits = matches!(
                                refused,
                                SendRefused::UnderWay(_)
                                    | SendRefused::Quota(..)
                                    | SendRefused::Purposes
                                    | SendRefused::Requests(_)
                            );
                            prop_assert!(waits, "{:?}", refused);
                        }
                    }
                }
                Act::Print { purpose } => print(&mut known, at(now), &format!("p{purpose}"), &id),
                Act::Revoke => {
                    let step = revoke(&known, at(now), &RevokeRequest::default());
                    take(&mut known, step);
                }
                Act::Pass(millis) => now += millis,
            }
        }
    }
}
