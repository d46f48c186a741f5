//! What an application is handed: assertions of acceptances here, and codes that it checks elsewhere.

use super::{Case, LEASE, at, take, user};
use crate::otp::record::{Delivery, SendOutcome, State, ToldOutcome, Verdict};
use crate::otp::rules::{
    AssertionRequest, AttemptError, AttemptOutcome, AttemptRequest, IssueMode, OutcomeRecorded, OutcomeRefused,
    OutcomeRequest, PhoneState, Remap, ReserveRequest, Reserved, RevokeRequest, SendResult, attempt, link, outcome,
    record_send, reserve, revoke,
};
use crate::otp::{Channel, Event, EventKind, Limits, Moment};

/// The provider that sends nothing.
const TEST: &str = "test-number";

fn limits() -> Limits {
    Limits { cooldown: Vec::new(), per_phone: Vec::new(), ..Limits::default() }
}

fn linked(names: &[&str]) -> PhoneState {
    let mut known = PhoneState::default();
    for name in names {
        let step = link(&known, at(0), &Remap::of(&user(name), None));
        take(&mut known, step);
    }
    known
}

fn made(known: &mut PhoneState, now: Moment, asked: &ReserveRequest<'_>) {
    let step = reserve(known, now, &limits(), asked).unwrap();
    assert!(matches!(take(known, step), Reserved::New(_)));
}

fn sent(known: &mut PhoneState, now: Moment, asked: &ReserveRequest<'_>, provider: &str) {
    made(known, now, asked);
    let said = SendResult::Sent(Delivery::through(provider, Channel::Sms));
    let step = record_send(known, now, asked.challenge_id, &said);
    take(known, step);
}

fn asserting<'a>(case: &'a Case, id: &'a str, audience: &'a str) -> AttemptRequest<'a> {
    let assertion = AssertionRequest { audience, allow_issued: false, test_number: TEST };
    AttemptRequest { assertion: Some(assertion), ..case.asked(&case.right, id) }
}

fn tried(known: &mut PhoneState, now: Moment, asked: &AttemptRequest<'_>) -> Result<AttemptOutcome, AttemptError> {
    let step = attempt(known, now, &limits(), asked)?;
    Ok(take(known, step))
}

#[test]
fn an_assertion_is_of_one_user_and_a_code_that_was_sent() {
    let case = Case::new();
    for (names, error) in
        [(&[][..], AttemptError::NoUser), (&["u1", "u2"][..], AttemptError::Ambiguous(vec![user("u1"), user("u2")]))]
    {
        let mut known = linked(names);
        sent(&mut known, at(1), &case.sms("ch_1"), "msg91");
        let before = known.clone();
        assert_eq!(tried(&mut known, at(2), &asserting(&case, "at_1", "erp")), Err(error));
        assert_eq!(known, before, "nothing is spent");
    }
    let mut known = linked(&["u1"]);
    sent(&mut known, at(1), &case.sms("ch_1"), "msg91");
    let step = attempt(&known, at(2), &limits(), &asserting(&case, "at_1", "erp")).unwrap();
    let events: Vec<_> = step.events.iter().map(|event| (event.event, event.detail.as_deref())).collect();
    assert_eq!(events, [(EventKind::Verify, Some("assertion for erp"))]);
    let AttemptOutcome { answer, replayed, at: when, .. } = take(&mut known, step);
    assert_eq!((answer.verdict, answer.user, replayed, when), (Verdict::Ok, Some(user("u1")), false, at(2)));
}

#[test]
fn a_code_that_was_not_sent_leads_to_none_and_stays() {
    let case = Case::new();
    let printed = |known: &mut PhoneState| made(known, at(1), &case.reserve("ch_1", IssueMode::Print));
    let fixed = |known: &mut PhoneState| sent(known, at(1), &case.sms("ch_1"), TEST);
    for make in [&printed as &dyn Fn(&mut PhoneState), &fixed] {
        let mut known = linked(&["u1"]);
        make(&mut known);
        let before = known.clone();
        let wrong = AttemptRequest { code: &case.wrong, ..asserting(&case, "at_0", "erp") };
        assert_eq!(tried(&mut known, at(2), &wrong), Err(AttemptError::NotSent), "nobody learns which code is right");
        assert_eq!(tried(&mut known, at(2), &asserting(&case, "at_1", "erp")), Err(AttemptError::NotSent));
        assert_eq!(known, before, "nothing is spent");

        let mut allowed = asserting(&case, "at_2", "erp");
        allowed.assertion.as_mut().unwrap().allow_issued = true;
        let mut other = known.clone();
        assert_eq!(tried(&mut other, at(3), &allowed).unwrap().answer.verdict, Verdict::Ok, "where the file says so");
        let plain = case.asked(&case.right, "at_3");
        assert_eq!(tried(&mut known, at(3), &plain).unwrap().answer.verdict, Verdict::Ok, "without an assertion");
    }
    // A printed one beside one that is just being sent.
    let mut known = linked(&["u1"]);
    printed(&mut known);
    made(&mut known, at(2), &ReserveRequest { code: &case.wrong, ..case.sms("ch_2") });
    assert_eq!(tried(&mut known, at(3), &asserting(&case, "at_1", "erp")), Err(AttemptError::NotSent));
    let other = AttemptRequest { code: &case.wrong, ..asserting(&case, "at_2", "erp") };
    assert_eq!(tried(&mut known, at(3), &other).unwrap().answer.verdict, Verdict::Ok);
}

#[test]
fn an_attempt_is_for_one_audience() {
    let case = Case::new();
    let mut known = linked(&["u1"]);
    sent(&mut known, at(1), &case.sms("ch_1"), "msg91");
    let first = tried(&mut known, at(2), &asserting(&case, "at_1", "erp")).unwrap();
    let again = tried(&mut known, at(40_000), &asserting(&case, "at_1", "erp")).unwrap();
    assert_eq!((again.at, again.replayed), (first.at, true), "of the same time");
    assert_eq!(again.answer, first.answer);
    for other in [
        asserting(&case, "at_1", "crm"),
        case.asked(&case.right, "at_1"),
        AttemptRequest { require_user: true, ..case.asked(&case.right, "at_1") },
    ] {
        assert_eq!(tried(&mut known, at(3), &other), Err(AttemptError::AttemptReused));
    }
    // Nor does what was accepted without one lead to one.
    let mut known = linked(&["u1"]);
    sent(&mut known, at(1), &case.sms("ch_1"), "msg91");
    let plain = AttemptRequest { require_user: true, ..case.asked(&case.right, "at_1") };
    assert_eq!(tried(&mut known, at(2), &plain).unwrap().answer.verdict, Verdict::Ok);
    assert_eq!(tried(&mut known, at(2), &asserting(&case, "at_1", "erp")), Err(AttemptError::AttemptReused));
}

/// A code of another server's.
fn relayed<'a>(case: &'a Case, id: &'a str) -> ReserveRequest<'a> {
    ReserveRequest { elsewhere: true, ..case.sms(id) }
}

#[test]
fn of_a_code_of_another_server_nothing_is_kept_and_nothing_is_checked() {
    let case = Case::new();
    let mut known = linked(&["u1"]);
    let step = reserve(&known, at(1), &limits(), &relayed(&case, "ch_1")).unwrap();
    assert!(step.events.iter().all(Event::is_checked_elsewhere), "{:?}", step.events);
    take(&mut known, step);
    let said = SendResult::Sent(Delivery::through("msg91", Channel::Sms));
    let step = record_send(&known, at(2), "ch_1", &said);
    assert!(step.events.iter().all(Event::is_checked_elsewhere), "{:?}", step.events);
    take(&mut known, step);
    let (_, own) = known.record.challenge("ch_1").unwrap();
    assert!(own.is_checked_elsewhere() && own.mac.is_none() && own.state == State::Sent, "{own:?}");
    assert_eq!(own.send_outcome(), SendOutcome::Accepted);
    let before = known.clone();
    // Also once its time is over.
    for now in [at(3), at(2_000_000)] {
        for code in [&case.right, &case.wrong] {
            let asked = AttemptRequest { code, ..case.asked(code, "at_1") };
            assert_eq!(tried(&mut known, now, &asked), Err(AttemptError::CheckedElsewhere));
        }
    }
    assert_eq!(known, before, "nothing is counted");
    let step = revoke(&known, at(3), &RevokeRequest::default());
    assert!(step.outcome.0.is_empty() && step.record.is_none(), "what is done here does not end it");
}

#[test]
fn codes_of_two_servers_leave_each_other_alone() {
    let case = Case::new();
    let mut known = linked(&["u1"]);
    sent(&mut known, at(1), &case.sms("ch_own"), "msg91");
    sent(&mut known, at(2), &relayed(&case, "ch_1"), "msg91");
    sent(&mut known, at(3), &relayed(&case, "ch_2"), "msg91");
    let state = |known: &PhoneState, id: &str| known.record.challenge(id).unwrap().1.state;
    for id in ["ch_own", "ch_1", "ch_2"] {
        assert_eq!(state(&known, id), State::Sent, "{id}");
    }
    let wrong = AttemptRequest { code: &case.wrong, ..case.asked(&case.wrong, "at_1") };
    let told = tried(&mut known, at(4), &wrong).unwrap().answer;
    assert_eq!((told.verdict, told.challenge_id.as_deref()), (Verdict::Wrong, Some("ch_own")));
    let told = tried(&mut known, at(4), &case.asked(&case.right, "at_2")).unwrap().answer;
    assert_eq!((told.verdict, told.challenge_id.as_deref()), (Verdict::Ok, Some("ch_own")));
    let others: Vec<_> = ["ch_1", "ch_2"].iter().map(|id| known.record.challenge(id).unwrap().1).collect();
    assert!(others.iter().all(|own| own.state == State::Sent && own.tries == 0), "{others:?}");
    sent(&mut known, at(5), &case.sms("ch_own_2"), "msg91");
    made(&mut known, at(6), &case.reserve("ch_own_3", IssueMode::Print));
    assert_eq!((state(&known, "ch_1"), state(&known, "ch_2")), (State::Sent, State::Sent));
    assert_eq!(state(&known, "ch_own_2"), State::Superseded);
    // A change of the phone's users ends our codes, and is not told of theirs.
    let step = link(&known, at(7), &Remap::of(&user("u2"), None));
    take(&mut known, step);
    sent(&mut known, at(8), &relayed(&case, "ch_3"), "msg91");
    let step = link(&known, at(9), &Remap::of(&user("u3"), None));
    take(&mut known, step);
    assert_eq!(tried(&mut known, at(10), &case.asked(&case.right, "at_3")), Err(AttemptError::CheckedElsewhere));
}

fn told(
    known: &mut PhoneState,
    now: Moment,
    case: &Case,
    (id, ending): (Option<&str>, ToldOutcome),
) -> Result<(OutcomeRecorded, Vec<String>), OutcomeRefused> {
    let asked = OutcomeRequest { purpose: &case.purpose, challenge_id: id, outcome: ending, reason: None };
    let step = outcome(known, now, &asked)?;
    let events = step.events.iter().map(|event| format!("{} {}", event.event.as_str(), event.result)).collect();
    Ok((take(known, step), events))
}

#[test]
fn how_a_code_ended_elsewhere_is_told_once() {
    let case = Case::new();
    let mut known = linked(&["u1"]);
    sent(&mut known, at(1), &relayed(&case, "ch_1"), "msg91");
    sent(&mut known, at(2), &relayed(&case, "ch_2"), "msg91");
    let (recorded, events) = told(&mut known, at(3), &case, (None, ToldOutcome::Verified)).unwrap();
    assert_eq!((recorded.challenge.id.as_str(), recorded.replayed, recorded.user), ("ch_2", false, Some(user("u1"))));
    assert_eq!(events, ["verify ok"], "the numbers and the brakes go by it");
    assert_eq!(known.users.users[0].verified_at, Some(at(3)));
    let before = known.clone();
    let (again, events) = told(&mut known, at(4), &case, (Some("ch_2"), ToldOutcome::Verified)).unwrap();
    assert!(again.replayed && events.is_empty() && known == before, "{events:?}");
    let other = told(&mut known, at(4), &case, (Some("ch_2"), ToldOutcome::Abandoned));
    assert_eq!(other.unwrap_err(), OutcomeRefused::Told(ToldOutcome::Verified));

    let (recorded, events) = told(&mut known, at(5), &case, (Some("ch_1"), ToldOutcome::Abandoned)).unwrap();
    assert_eq!((recorded.challenge.state, events), (State::Revoked, vec!["verify abandoned".to_owned()]));
    assert!(told(&mut known, at(6), &case, (Some("ch_1"), ToldOutcome::Abandoned)).unwrap().0.replayed);
    assert_eq!(known.users.users[0].verified_at, Some(at(3)), "that says nothing of who holds the phone");
}

#[test]
fn of_nothing_and_of_our_own_codes_no_outcome_is_told() {
    let case = Case::new();
    let mut known = linked(&["u1"]);
    let refused = |known: &mut PhoneState, id| told(known, at(9), &case, (id, ToldOutcome::Verified)).unwrap_err();
    assert_eq!(refused(&mut known, None), OutcomeRefused::Unknown);
    sent(&mut known, at(1), &case.sms("ch_own"), "msg91");
    assert_eq!(refused(&mut known, None), OutcomeRefused::Unknown);
    assert_eq!(refused(&mut known, Some("ch_none")), OutcomeRefused::Unknown);
    assert_eq!(refused(&mut known, Some("ch_own")), OutcomeRefused::CheckedHere);
    // Nor of one that did not go out.
    made(&mut known, at(2), &relayed(&case, "ch_1"));
    let step = record_send(&known, at(3), "ch_1", &SendResult::Failed(None, None));
    take(&mut known, step);
    assert_eq!(refused(&mut known, None), OutcomeRefused::Unknown);
    assert_eq!(refused(&mut known, Some("ch_1")), OutcomeRefused::Unknown);
    // One whose sender died may have arrived.
    made(&mut known, at(4), &relayed(&case, "ch_2"));
    let late = at(4).after(LEASE * 2);
    let (recorded, _) = told(&mut known, late, &case, (None, ToldOutcome::Verified)).unwrap();
    assert_eq!(recorded.challenge.state, State::Used);
}
