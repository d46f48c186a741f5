//! Whose codes are open, who is asked for, and what is answered: every combination, against a second book of the rule.

use super::{Case, at, code, take, user};
use crate::otp::record::{Challenge, Reason, State, Verdict};
use crate::otp::rules::{
    AttemptError, AttemptOutcome, AttemptRequest, IssueMode, PhoneState, Remap, ReserveRequest, attempt, link, reserve,
};
use crate::otp::{Limits, UserId};

/// What has become of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Open,
    /// Open, and made before the phone's users changed.
    Remapped,
    Superseded,
    Used,
}

/// A code: whom it is for, and what has become of it.
type Made = (Option<&'static str>, Fate);

/// What is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ask {
    user: Option<&'static str>,
    require: bool,
    /// The place of the code that is typed; past the end: one that nobody has.
    typed: usize,
}

/// What must be answered.
#[derive(Debug, PartialEq, Eq)]
enum Must {
    Accept(usize, Option<&'static str>),
    /// Counted on the codes at these places.
    Wrong(Vec<usize>, Option<Reason>),
    No(Reason),
    NoSuchUser(&'static str),
    NoUser,
    Ambiguous,
}

const OWNERS: [Option<&str>; 3] = [None, Some("u1"), Some("u2")];
const ASKERS: [Option<&str>; 4] = [None, Some("u1"), Some("u2"), Some("u3")];
const FATES: [Fate; 4] = [Fate::Open, Fate::Remapped, Fate::Superseded, Fate::Used];
const LINKED: [&[&str]; 3] = [&[], &["u1"], &["u1", "u2"]];
const CODES: [&str; 3] = ["000001", "000002", "000003"];

fn must(codes: &[Made], linked: &[&'static str], ask: Ask) -> Must {
    let only = if let [only] = linked { Some(*only) } else { None };
    let unnamed = ask.user.is_none() && ask.require && only.is_none();
    let stranger = ask.user.filter(|user| !linked.contains(user));
    let mine = |owner: Option<&str>| match ask.user {
        Some(user) => owner.is_none() || owner == Some(user),
        None => !unnamed || owner.is_some(),
    };
    let places = |fate: Fate| (0..codes.len()).filter(move |place| codes[*place].1 == fate);
    let open: Vec<usize> = places(Fate::Open).filter(|place| stranger.is_none() && mine(codes[*place].0)).collect();
    if open.contains(&ask.typed) {
        return Must::Accept(ask.typed, codes[ask.typed].0.or(ask.user).or(only));
    }
    if !open.is_empty() {
        let old = codes.get(ask.typed).is_some_and(|(owner, fate)| *fate == Fate::Superseded && mine(*owner));
        return Must::Wrong(open, old.then_some(Reason::SupersededCode));
    }
    if places(Fate::Open).next().is_some() {
        match (stranger, unnamed) {
            (Some(user), _) => return Must::NoSuchUser(user),
            (None, true) if linked.is_empty() => return Must::NoUser,
            (None, true) => return Must::Ambiguous,
            (None, false) => {}
        }
    }
    if let Some(newest) = places(Fate::Remapped).next_back() {
        return match codes[newest].0 {
            Some(owner) if linked.is_empty() => Must::NoSuchUser(owner),
            _ => Must::No(Reason::Superseded),
        };
    }
    let newest = codes.iter().rev().find(|(owner, fate)| *fate != Fate::Open && mine(*owner));
    Must::No(match newest {
        None => Reason::NeverIssued,
        Some((_, Fate::Used)) => Reason::Used,
        Some(_) => Reason::Superseded,
    })
}

/// A phone with these users, and these codes of one purpose, the newest last.
fn phone(case: &Case, codes: &[Made], linked: &[&'static str]) -> PhoneState {
    let mut known = PhoneState::default();
    for name in linked {
        let step = link(&known, at(0), &Remap::of(&user(name), None));
        take(&mut known, step);
    }
    let challenges = codes.iter().enumerate().map(|(place, made)| challenge(case, &known, place, *made)).collect();
    known.record.purposes.entry(case.purpose.clone()).or_default().challenges = challenges;
    known
}

fn challenge(case: &Case, known: &PhoneState, place: usize, (owner, fate): Made) -> Challenge {
    // Made for a phone whose users are the owner alone, and of the version that its fate asks for.
    let mut known = PhoneState { users: known.users.clone(), ..PhoneState::default() };
    if let Some(name) = owner.map(user).filter(|name| !known.users.has(name)) {
        let version = known.users.version;
        let step = link(&known, at(0), &Remap::of(&name, None));
        take(&mut known, step);
        known.users.version = version;
    }
    if fate == Fate::Remapped {
        known.users.version = Some(at(-1));
    }
    let (id, owner, typed) = (format!("ch_{place}"), owner.map(user), code(CODES[place]));
    let asked = ReserveRequest { user: owner.as_ref(), code: &typed, ..case.reserve(&id, IssueMode::Print) };
    let mut made = take(&mut known.clone(), reserve(&known, at(0), &Limits::default(), &asked).unwrap());
    let crate::otp::rules::Reserved::New(challenge) = &mut made else { panic!("{made:?}") };
    // Nobody is named on a code that is for nobody, whoever has the phone alone.
    if owner.is_none() && challenge.user.take().is_some() {
        let binding = crate::otp::Binding {
            phone: &case.phone,
            purpose: &case.purpose,
            user: None,
            users_version: challenge.users_version,
            id: &challenge.id,
        };
        challenge.mac = Some(case.peppers.sign(&binding, &typed));
    }
    match fate {
        Fate::Open | Fate::Remapped => {}
        Fate::Superseded => challenge.enter(State::Superseded),
        Fate::Used => challenge.enter(State::Used),
    }
    challenge.clone()
}

fn answered(
    case: &Case,
    known: &PhoneState,
    ask: Ask,
    attempt_id: &str,
) -> Result<crate::otp::rules::Decision<AttemptOutcome>, AttemptError> {
    let (name, typed) = (ask.user.map(user), code(CODES[ask.typed]));
    let asked = AttemptRequest { user: name.as_ref(), require_user: ask.require, ..case.asked(&typed, attempt_id) };
    attempt(known, at(1), &Limits::default(), &asked)
}

fn every_phone() -> impl Iterator<Item = (Vec<Made>, &'static [&'static str])> {
    let kinds = || OWNERS.into_iter().flat_map(|owner| FATES.map(|fate| (owner, fate)));
    let one = kinds().map(|made| vec![made]);
    let two = kinds().flat_map(move |older| kinds().map(move |newer| vec![older, newer]));
    let lists: Vec<Vec<Made>> = std::iter::once(Vec::new()).chain(one).chain(two).collect();
    LINKED.into_iter().flat_map(move |linked| {
        // An open code is for a user that the phone has, or for none.
        let can_be = move |codes: &&Vec<Made>| {
            codes.iter().all(|(owner, fate)| *fate != Fate::Open || owner.is_none_or(|owner| linked.contains(&owner)))
        };
        lists.iter().filter(can_be).map(|codes| (codes.clone(), linked)).collect::<Vec<_>>()
    })
}

fn every_ask(codes: usize) -> impl Iterator<Item = Ask> {
    ASKERS.into_iter().flat_map(move |user| {
        [false, true].into_iter().flat_map(move |require| (0..=codes).map(move |typed| Ask { user, require, typed }))
    })
}

#[test]
fn a_code_for_one_user_is_not_accepted_for_another() {
    let case = Case::new();
    for (codes, linked) in every_phone() {
        let known = phone(&case, &codes, linked);
        for ask in every_ask(codes.len()) {
            let said = answered(&case, &known, ask, "at_1");
            let about = format!("{codes:?} of {linked:?}, {ask:?}: {said:?}");
            let name = |id: &UserId| id.as_str().to_owned();
            let tries = |step: &crate::otp::rules::Decision<AttemptOutcome>| -> Vec<u32> {
                let purpose_state =
                    step.record.as_ref().map(|record| record.purposes[&case.purpose].challenges.clone());
                purpose_state.unwrap_or_default().iter().map(|challenge| challenge.tries).collect()
            };
            match (must(&codes, linked, ask), said) {
                (Must::Accept(place, owner), Ok(step)) => {
                    let answer = &step.outcome.answer;
                    assert_eq!(answer.verdict, Verdict::Ok, "{about}");
                    assert_eq!(answer.challenge_id, Some(format!("ch_{place}")), "{about}");
                    assert_eq!(answer.user.as_ref().map(name), owner.map(str::to_owned), "{about}");
                    assert!(ask.user.is_none_or(|user| owner == Some(user)) && (!ask.require || owner.is_some()));
                }
                (Must::Wrong(counted, reason), Ok(step)) => {
                    let answer = &step.outcome.answer;
                    assert_eq!(
                        (answer.verdict, answer.reason, answer.failures),
                        (Verdict::Wrong, reason, 1),
                        "{about}"
                    );
                    let expected: Vec<u32> =
                        (0..codes.len()).map(|place| u32::from(counted.contains(&place))).collect();
                    assert_eq!((tries(&step), answer.attempts_left), (expected, 4), "{about}");
                }
                (Must::No(reason), Ok(step)) => {
                    let answer = &step.outcome.answer;
                    assert_eq!((answer.verdict, answer.reason), (Verdict::NoCode, Some(reason)), "{about}");
                    assert_eq!(step.record, None, "nothing is counted: {about}");
                }
                (Must::NoSuchUser(user), Err(AttemptError::NoSuchUser(told))) => {
                    assert_eq!(user, told.as_str(), "{about}");
                }
                (Must::NoUser, Err(AttemptError::NoUser)) | (Must::Ambiguous, Err(AttemptError::Ambiguous(_))) => {}
                (must, _) => panic!("{must:?} is right for {about}"),
            }
        }
    }
}

#[test]
fn an_attempt_id_answers_only_the_question_that_it_was_used_for() {
    let case = Case::new();
    let codes = [(None, Fate::Open), (Some("u1"), Fate::Open), (Some("u2"), Fate::Open)];
    let known = phone(&case, &codes, LINKED[2]);
    for first in every_ask(codes.len() - 1) {
        let Ok(step) = answered(&case, &known, first, "at_1") else { continue };
        let mut after = known.clone();
        let was_counted = step.record.is_some();
        let told = take(&mut after, step).answer;
        for again in every_ask(codes.len() - 1) {
            let said = answered(&case, &after, again, "at_1");
            if !was_counted {
                continue;
            }
            if again == first {
                let step = said.unwrap();
                assert_eq!(
                    (step.outcome, step.record),
                    (AttemptOutcome { answer: told.clone(), replayed: true, compared: true, at: at(1) }, None)
                );
            } else {
                assert_eq!(
                    said.map(|step| step.outcome),
                    Err(AttemptError::AttemptReused),
                    "{first:?}, then {again:?}"
                );
            }
        }
    }
}

#[test]
fn an_older_code_that_fits_is_found_behind_a_newer_one_that_does_not() {
    let case = Case::new();
    let known = phone(&case, &[(Some("u1"), Fate::Open), (Some("u2"), Fate::Open)], LINKED[2]);
    let ask = Ask { user: Some("u1"), require: false, typed: 0 };
    let answer = answered(&case, &known, ask, "at_1").unwrap().outcome.answer;
    assert_eq!((answer.verdict, answer.user), (Verdict::Ok, Some(user("u1"))));
}

#[test]
fn a_code_under_a_pepper_that_is_gone_hides_no_right_one() {
    let case = Case { peppers: super::peppers(&["k2"]), ..Case::new() };
    let (old, new) = (Case::new(), &case);
    let mut known = phone(&old, &[(None, Fate::Open)], &[]);
    let newer = challenge(new, &known, 1, (None, Fate::Open));
    known.record.purposes.get_mut(&case.purpose).unwrap().challenges.push(newer);
    let said = |typed| answered(&case, &known, Ask { user: None, require: false, typed }, "at_1");
    assert_eq!(said(1).unwrap().outcome.answer.verdict, Verdict::Ok);
    assert!(matches!(said(0), Err(AttemptError::UnknownKey(_))));
}
