//! Users and their phones, and what a change of them does to live codes.

use otpctl::otp::record::{Reason, Verdict};
use otpctl::verifier::VerifierError;

use crate::party::{Party, RIGHT, WRONG, at_once, fresh_id, phone, user};
use crate::places::Place;

pub fn a_link_is_seen_from_both_sides(place: &dyn Place) {
    let party = Party::of(place);
    party.link(&phone(1), &user("u1"));
    party.link(&phone(2), &user("u1"));
    party.link(&phone(1), &user("u2"));
    assert_eq!(party.phones_of(&user("u1")), [phone(1).as_str(), phone(2).as_str()]);
    let users: Vec<_> = party.look(&phone(1)).known.users.users.into_iter().map(|link| link.user).collect();
    assert_eq!(users, [user("u1"), user("u2")]);
    assert_eq!(party.users(), [user("u1"), user("u2")]);
    party.unlink(&phone(1), &user("u1"));
    assert_eq!(party.phones_of(&user("u1")), [phone(2).as_str()]);
    party.unlink(&phone(2), &user("u1"));
    assert_eq!(party.users(), [user("u2")]);
}

pub fn linking_twice_changes_nothing(place: &dyn Place) {
    let party = Party::of(place);
    party.link(&phone(1), &user("u1"));
    party.issue(&phone(1), RIGHT);
    let before = party.look(&phone(1));
    party.link(&phone(1), &user("u1"));
    party.unlink(&phone(1), &user("u2"));
    let after = party.look(&phone(1));
    assert_eq!((before.known, before.timeline), (after.known, after.timeline));
    assert_eq!(party.verify(&phone(1), RIGHT).verdict, Verdict::Ok);
}

pub fn a_new_user_kills_the_live_code(place: &dyn Place) {
    let party = Party::of(place);
    party.link(&phone(1), &user("u1"));
    party.issue(&phone(1), RIGHT);
    party.unlink(&phone(1), &user("u1"));
    party.link(&phone(1), &user("u2"));
    for typed in [RIGHT, WRONG] {
        let answer = party.verify(&phone(1), typed);
        assert_eq!((answer.verdict, answer.reason), (Verdict::NoCode, Some(Reason::Superseded)));
    }
    assert_eq!(party.failures(&phone(1)), 0);
    // Linked again to the first: the code of the time before stays dead.
    party.unlink(&phone(1), &user("u2"));
    party.link(&phone(1), &user("u1"));
    assert_eq!(party.verify(&phone(1), RIGHT).verdict, Verdict::NoCode);
    party.issue(&phone(1), RIGHT);
    assert_eq!(party.verify(&phone(1), RIGHT).user, Some(user("u1")));
}

pub fn a_user_who_is_gone_takes_the_code_along(place: &dyn Place) {
    let party = Party::of(place);
    party.link(&phone(1), &user("u1"));
    party.issue(&phone(1), RIGHT);
    party.unlink(&phone(1), &user("u1"));
    let tried = party.try_verify(&phone(1), RIGHT, &fresh_id());
    assert_eq!(tried, Err(VerifierError::NoSuchUser(user("u1"))));
    assert_eq!(party.failures(&phone(1)), 0);
}

pub fn a_code_for_one_user_is_not_for_another(place: &dyn Place) {
    let mut party = Party::of(place);
    party.link(&phone(1), &user("u1"));
    party.link(&phone(1), &user("u2"));
    party.user = Some(user("u1"));
    party.issue(&phone(1), RIGHT);
    party.user = Some(user("u2"));
    let answer = party.verify(&phone(1), RIGHT);
    assert_eq!((answer.verdict, answer.failures), (Verdict::NoCode, 0));
    party.user = Some(user("u3"));
    let refused = VerifierError::NoSuchUser(user("u3"));
    assert_eq!(party.try_verify(&phone(1), RIGHT, &fresh_id()), Err(refused.clone()));
    assert_eq!(party.try_issue(&phone(1), RIGHT), Err(refused));
    party.user = Some(user("u1"));
    assert_eq!(party.verify(&phone(1), RIGHT).user, Some(user("u1")));
}

pub fn the_user_of_the_phone_comes_with_the_answer(place: &dyn Place) {
    let party = Party::of(place);
    party.link(&phone(1), &user("u1"));
    party.issue(&phone(1), RIGHT);
    assert_eq!(party.look(&phone(1)).known.users.users[0].verified_at, None);
    assert_eq!(party.verify(&phone(1), WRONG).user, None);
    assert_eq!(party.verify(&phone(1), RIGHT).user, Some(user("u1")));
    let look = party.look(&phone(1));
    assert_eq!(look.known.users.users[0].verified_at, Some(look.timeline[0].at));
    party.issue(&phone(1), RIGHT);
    assert_eq!(party.verify(&phone(1), RIGHT).verdict, Verdict::Ok, "being shown to be theirs is no change of users");
}

pub fn many_links_at_once_are_all_kept(place: &dyn Place) {
    at_once(place, 10, |party, index| {
        party.link(&phone(1), &user(&format!("u{index}")));
        party.link(&phone(u32::try_from(index).unwrap()), &user("one"));
    });
    let party = Party::of(place);
    assert_eq!(party.look(&phone(1)).known.users.users.len(), 11);
    assert_eq!(party.phones_of(&user("one")).len(), 10);
    assert_eq!(party.users().len(), 11);
}

pub fn strange_names_do_not_meet(place: &dyn Place) {
    let party = Party::of(place);
    let long = "x".repeat(200);
    let names = ["a", "a:phones", "a}", "{a}", "A", "*", "?", "[a]", "%61", "a b", "ä", "a\u{308}", &long];
    for (n, name) in (0..).zip(names) {
        party.link(&phone(n), &user(name));
    }
    for (n, name) in (0..).zip(names) {
        assert_eq!(party.phones_of(&user(name)), [phone(n).as_str()], "{name}");
    }
    let mut all = names.map(user).to_vec();
    all.sort();
    assert_eq!(party.users(), all);
}
