//! Users and their phones, and what a change of them does to live codes.

use std::sync::Barrier;
use std::time::Duration;

use otpctl::operations::{AttemptOutcome, Issue, OperationError, Removal};
use otpctl::otp::Ttl;
use otpctl::otp::record::{Answer, Reason, Verdict};
use otpctl::otp::rules::Linked;
use otpctl::otp::user::PHONES_PER_USER;
use otpctl::store::{Change, Put, StoreKey, Write};

use crate::support::client::{Client, RIGHT, WRONG, at_once, fresh_id, phone, user};
use crate::support::fixtures::Fixture;

pub fn a_link_is_seen_from_both_sides(fixture: &dyn Fixture) {
    let client = Client::of(fixture);
    client.link(&phone(1), &user("u1"));
    client.link(&phone(2), &user("u1"));
    client.link(&phone(1), &user("u2"));
    assert_eq!(client.phones_of(&user("u1")), [phone(1).as_str(), phone(2).as_str()]);
    let users: Vec<_> = client.look(&phone(1)).known.users.users.into_iter().map(|link| link.user).collect();
    assert_eq!(users, [user("u1"), user("u2")]);
    assert_eq!(client.users(), [user("u1"), user("u2")]);
    client.unlink(&phone(1), &user("u1"));
    assert_eq!(client.phones_of(&user("u1")), [phone(2).as_str()]);
    client.unlink(&phone(2), &user("u1"));
    assert_eq!(client.users(), [user("u2")]);
}

pub fn linking_twice_changes_nothing(fixture: &dyn Fixture) {
    let client = Client::of(fixture);
    client.link(&phone(1), &user("u1"));
    client.issue(&phone(1), RIGHT);
    let before = client.look(&phone(1));
    client.link(&phone(1), &user("u1"));
    client.unlink(&phone(1), &user("u2"));
    let after = client.look(&phone(1));
    assert_eq!((before.known, before.timeline), (after.known, after.timeline));
    assert_eq!(client.verify(&phone(1), RIGHT).verdict, Verdict::Ok);
}

pub fn a_new_user_kills_the_live_code(fixture: &dyn Fixture) {
    let client = Client::of(fixture);
    client.link(&phone(1), &user("u1"));
    client.issue(&phone(1), RIGHT);
    client.unlink(&phone(1), &user("u1"));
    client.link(&phone(1), &user("u2"));
    for typed in [RIGHT, WRONG] {
        let answer = client.verify(&phone(1), typed);
        assert_eq!((answer.verdict, answer.reason), (Verdict::NoCode, Some(Reason::Superseded)));
    }
    assert_eq!(client.failures(&phone(1)), 0);
    // Linked again to the first: the code of the time before stays dead.
    client.unlink(&phone(1), &user("u2"));
    client.link(&phone(1), &user("u1"));
    assert_eq!(client.verify(&phone(1), RIGHT).verdict, Verdict::NoCode);
    client.issue(&phone(1), RIGHT);
    assert_eq!(client.verify(&phone(1), RIGHT).user, Some(user("u1")));
}

pub fn a_user_who_is_gone_takes_the_code_along(fixture: &dyn Fixture) {
    let client = Client::of(fixture);
    client.link(&phone(1), &user("u1"));
    client.issue(&phone(1), RIGHT);
    client.unlink(&phone(1), &user("u1"));
    let tried = client.try_verify(&phone(1), RIGHT, &fresh_id());
    assert_eq!(tried, Err(OperationError::NoSuchUser(user("u1"))));
    assert_eq!(client.failures(&phone(1)), 0);
}

pub fn a_code_for_one_user_is_not_for_another(fixture: &dyn Fixture) {
    let mut client = Client::of(fixture);
    client.link(&phone(1), &user("u1"));
    client.link(&phone(1), &user("u2"));
    client.user = Some(user("u1"));
    client.issue(&phone(1), RIGHT);
    client.user = Some(user("u2"));
    let answer = client.verify(&phone(1), RIGHT);
    assert_eq!((answer.verdict, answer.failures), (Verdict::NoCode, 0));
    client.user = Some(user("u3"));
    let refused = OperationError::NoSuchUser(user("u3"));
    assert_eq!(client.try_verify(&phone(1), RIGHT, &fresh_id()), Err(refused.clone()));
    assert_eq!(client.try_issue(&phone(1), RIGHT), Err(refused));
    client.user = Some(user("u1"));
    assert_eq!(client.verify(&phone(1), RIGHT).user, Some(user("u1")));
}

pub fn the_user_of_the_phone_comes_with_the_answer(fixture: &dyn Fixture) {
    let client = Client::of(fixture);
    client.link(&phone(1), &user("u1"));
    client.issue(&phone(1), RIGHT);
    assert_eq!(client.look(&phone(1)).known.users.users[0].verified_at, None);
    assert_eq!(client.verify(&phone(1), WRONG).user, None);
    assert_eq!(client.verify(&phone(1), RIGHT).user, Some(user("u1")));
    let look = client.look(&phone(1));
    assert_eq!(look.known.users.users[0].verified_at, Some(look.timeline[0].at));
    client.issue(&phone(1), RIGHT);
    assert_eq!(client.verify(&phone(1), RIGHT).verdict, Verdict::Ok, "being shown to be theirs is no change of users");
}

pub fn many_links_at_once_are_all_kept(fixture: &dyn Fixture) {
    at_once(fixture, 10, |client, index| {
        client.link(&phone(1), &user(&format!("u{index}")));
        client.link(&phone(u32::try_from(index).unwrap()), &user("one"));
    });
    let client = Client::of(fixture);
    assert_eq!(client.look(&phone(1)).known.users.users.len(), 11);
    assert_eq!(client.phones_of(&user("one")).len(), 10);
    assert_eq!(client.users().len(), 11);
}

pub fn strange_names_do_not_meet(fixture: &dyn Fixture) {
    let client = Client::of(fixture);
    let long = "x".repeat(200);
    let names = ["a", "a:phones", "a}", "{a}", "A", "*", "?", "[a]", "%61", "a b", "ä", "a\u{308}", &long];
    for (n, name) in (0..).zip(names) {
        client.link(&phone(n), &user(name));
    }
    for (n, name) in (0..).zip(names) {
        assert_eq!(client.phones_of(&user(name)), [phone(n).as_str()], "{name}");
    }
    let mut all = names.map(user).to_vec();
    all.sort();
    assert_eq!(client.users(), all);
}

pub fn a_link_and_an_unlink_at_once_leave_a_user_who_is_found(fixture: &dyn Fixture) {
    const ROUNDS: u32 = 24;
    let owner = |n: u32| user(&format!("u{n}"));
    let client = Client::of(fixture);
    for n in (0..ROUNDS).step_by(2) {
        client.link(&phone(n), &owner(n));
    }
    let meet = Barrier::new(2);
    at_once(fixture, 2, |client, index| {
        for n in 0..ROUNDS {
            meet.wait();
            if index == 0 {
                client.link(&phone(n), &owner(n));
            } else {
                client.unlink(&phone(n), &owner(n));
            }
        }
    });
    for n in 0..ROUNDS {
        let has = client.look(&phone(n)).known.users.has(&owner(n));
        let expected = if has { vec![phone(n).as_str().to_owned()] } else { Vec::new() };
        assert_eq!((client.phones_of(&owner(n)), client.index_of(&owner(n))), (expected.clone(), expected), "pair {n}");
    }
}

pub fn a_move_leaves_the_new_phone_and_kills_the_codes_of_the_old_one(fixture: &dyn Fixture) {
    let client = Client::of(fixture);
    client.link(&phone(1), &user("u1"));
    client.link(&phone(2), &user("u1"));
    client.link(&phone(2), &user("u2"));
    client.issue(&phone(1), RIGHT);
    let mut left = client.move_to(&phone(3), &user("u1"));
    left.sort();
    assert_eq!(left, [phone(1).as_str(), phone(2).as_str()]);
    assert_eq!(client.phones_of(&user("u1")), [phone(3).as_str()]);
    assert_eq!(client.index_of(&user("u1")), [phone(3).as_str()]);
    assert_eq!(client.phones_of(&user("u2")), [phone(2).as_str()], "whoever shared a phone keeps it");
    assert!(matches!(
        client.try_verify(&phone(1), RIGHT, &fresh_id()),
        Err(OperationError::NoSuchUser(_)) | Ok(AttemptOutcome { answer: Answer { verdict: Verdict::NoCode, .. }, .. })
    ));
    // Once more, nothing changes, and codes stay valid.
    client.issue(&phone(3), RIGHT);
    let before = client.look(&phone(3)).known;
    let moved = client.try_move(&phone(3), &user("u1")).unwrap();
    assert!(matches!(moved.linked.outcome, Linked::Already(Some(_))) && moved.unlinked.is_empty(), "{moved:?}");
    assert_eq!(client.look(&phone(3)).known, before);
    assert_eq!(client.verify(&phone(3), RIGHT).user, Some(user("u1")));
    // A user without a phone gets one.
    assert_eq!(client.move_to(&phone(4), &user("u3")), Vec::<String>::new());
    assert_eq!(client.phones_of(&user("u3")), [phone(4).as_str()]);
}

pub fn the_history_of_a_phone_and_of_a_user_outlives_both_sides(fixture: &dyn Fixture) {
    let mut client = Client::of(fixture);
    let [one, two, three] = [1, 2, 3].map(phone);
    client.link(&one, &user("u1"));
    client.link(&one, &user("u1"));
    client.link(&two, &user("u2"));
    fixture.pass(Duration::from_millis(5));
    client.move_to(&two, &user("u1"));
    fixture.pass(Duration::from_millis(5));
    client.unlink(&two, &user("u2"));
    client.unlink(&two, &user("u1"));
    client.link(&three, &user("u2"));
    assert_eq!(client.links_of_phone(&one), ["unlinked u1", "linked u1"], "what changes nothing is no change");
    assert_eq!(client.links_of_phone(&two), ["unlinked u1", "unlinked u2", "linked u1", "linked u2"]);
    let mut of_user = client.links_of_user(&user("u1"));
    assert_eq!(of_user.pop(), Some(format!("linked {}", one.as_str())));
    assert_eq!(of_user.remove(0), format!("unlinked {}", two.as_str()));
    of_user.sort();
    assert_eq!(of_user, [format!("linked {}", two.as_str()), format!("unlinked {}", one.as_str())]);
    assert_eq!(client.links_of_user(&user("u2")).len(), 3);
    assert_eq!(client.links_of_user(&user("u3")), Vec::<String>::new());
    assert!(client.survey().is_empty(), "its keys are known, and have an end");
    client.dry_run = true;
    client.unlink(&three, &user("u2"));
    assert_eq!(client.links_of_phone(&three), ["linked u2"], "a rehearsal leaves no trace");
}

pub fn a_history_that_cannot_be_read_stops_no_change(fixture: &dyn Fixture) {
    let client = Client::of(fixture);
    let newer = br#"{"v":2,"changes":{}}"#.to_vec();
    for key in [StoreKey::LinkHistory(phone(1)), StoreKey::FormerPhones(user("u1"))] {
        let put = Put::Set(newer.clone(), Ttl::For(Duration::from_secs(3600)));
        client.commit(&[Change::of(vec![Write { key, loaded: None, put }])]).unwrap();
    }
    client.link(&phone(1), &user("u1"));
    client.move_to(&phone(2), &user("u1"));
    assert_eq!(client.index_of(&user("u1")), [phone(2).as_str()]);
    client.unlink(&phone(2), &user("u1"));
    assert_eq!(client.phones_of(&user("u1")), Vec::<String>::new());
    for key in [StoreKey::LinkHistory(phone(1)), StoreKey::FormerPhones(user("u1"))] {
        let kept = client.load(&[vec![key]]).unwrap().remove(0).values.remove(0);
        assert_eq!(kept.as_deref(), Some(newer.as_slice()), "what a newer version wrote is not written over");
    }
}

pub fn moves_at_once_leave_one_phone_and_never_none(fixture: &dyn Fixture) {
    let client = Client::of(fixture);
    client.link(&phone(0), &user("u1"));
    let seen = at_once(fixture, 3, |client, index| {
        let mut seen = Vec::new();
        for round in 0..8 {
            match index {
                0 => seen.push(client.phones_of(&user("u1"))),
                _ => drop(client.move_to(&phone(u32::try_from(index + round % 2).unwrap()), &user("u1"))),
            }
        }
        seen
    });
    assert!(
        seen.concat().iter().all(|phones| !phones.is_empty()),
        "a user who only moves always has a phone: {seen:?}"
    );
    let phones = client.phones_of(&user("u1"));
    assert_eq!((phones.len(), client.index_of(&user("u1"))), (1, phones));
}

pub fn phones_that_lead_nowhere_take_no_room(fixture: &dyn Fixture) {
    let client = Client::of(fixture);
    let names: Vec<String> = (100..140).map(|n| format!("{:?}", phone(n).as_str())).collect();
    client.set_index(&user("u1"), &format!(r#"{{"v":1,"phones":[{}]}}"#, names.join(",")));
    assert_eq!(client.phones_of(&user("u1")), Vec::<String>::new());
    assert!(matches!(client.try_link(&phone(1), &user("u1")), Ok(Linked::Changed(_))));
    assert_eq!(client.phones_of(&user("u1")), [phone(1).as_str()]);
}

pub fn links_at_once_give_a_user_no_more_phones_than_there_is_room_for(fixture: &dyn Fixture) {
    let client = Client::of(fixture);
    for n in 0..30 {
        client.link(&phone(n), &user("u1"));
    }
    let done =
        at_once(fixture, 4, |client, index| client.try_link(&phone(50 + u32::try_from(index).unwrap()), &user("u1")));
    let fits = |done: &Result<Linked, OperationError>| done.is_ok() || *done == Err(OperationError::Full);
    assert!(done.iter().all(fits), "{done:?}");
    let linked = client.phones_of(&user("u1")).len();
    assert_eq!(linked, 30 + done.iter().filter(|done| done.is_ok()).count());
    assert!(linked <= PHONES_PER_USER, "{linked}");
    while client.phones_of(&user("u1")).len() < PHONES_PER_USER {
        client.link(&phone(60 + u32::try_from(client.phones_of(&user("u1")).len()).unwrap()), &user("u1"));
    }
    assert_eq!(client.try_link(&phone(99), &user("u1")), Err(OperationError::Full));
    assert!(matches!(client.try_link(&phone(3), &user("u1")), Ok(Linked::Already(_))), "what is there needs no room");
    client.move_to(&phone(99), &user("u1"));
    assert_eq!(client.phones_of(&user("u1")), [phone(99).as_str()], "a move needs none either");
}

pub fn an_entry_that_leads_nowhere_is_removed_once_no_link_can_need_it(fixture: &dyn Fixture) {
    let client = Client::of(fixture);
    let now = client.load(&[vec![]]).map_or(0, |loaded| loaded[0].now.millis());
    let entry = |n: u32, mark: &str| {
        let number = phone(n).as_str().to_owned();
        let marks = if mark.is_empty() { String::new() } else { format!(r#","marks":{{"{number}":{mark}}}"#) };
        client.set_index(&user(&format!("u{n}")), &format!(r#"{{"v":1,"phones":["{number}"]{marks}}}"#));
    };
    entry(1, r#"{"id":"old","named_at":1000}"#);
    entry(2, "");
    entry(3, &format!(r#"{{"id":"young","named_at":{now}}}"#));
    client.link(&phone(4), &user("u4"));
    let mut found = client.survey();
    found.sort_by_key(|one| one.entry().map(|phone| phone.as_str().to_owned()));
    assert!(found.iter().all(|one| one.issue == Issue::StaleIndex), "{found:?}");
    let removals: Vec<Removal> = found.iter().map(otpctl::operations::FoundIssue::removal).collect();
    assert_eq!(removals, [Removal::Safe, Removal::Named, Removal::Never]);
    // A link that comes between takes its entry back.
    client.link(&phone(2), &user("u2"));
    assert_eq!(client.remove(&found), [true, false, false]);
    assert_eq!((client.index_of(&user("u1")), client.index_of(&user("u3")).len()), (Vec::new(), 1));
    assert_eq!(client.phones_of(&user("u2")), [phone(2).as_str()]);
    // The same command again clears what a killed one left, whatever its age.
    assert_eq!(client.try_unlink(&phone(3), &user("u3")), Ok(Linked::Already(None)));
    assert_eq!(client.survey().len(), 0);
}

pub fn a_phone_that_the_index_misses_is_found_and_the_next_link_puts_it_right(fixture: &dyn Fixture) {
    let client = Client::of(fixture);
    for again in [false, true] {
        client.link(&phone(1), &user("u1"));
        let cell = StoreKey::Phones(user("u1"));
        let loaded = client.load(&[vec![cell.clone()]]).unwrap().remove(0).values.remove(0);
        let writes = vec![Write { key: cell, loaded, put: Put::Set(Vec::new(), Ttl::Expired) }];
        client.commit(&[Change::of(writes)]).unwrap();
        let found = client.survey();
        assert_eq!(found.iter().map(|one| one.issue).collect::<Vec<_>>(), [Issue::MissingIndex]);
        let before = client.look(&phone(1)).known;
        if again {
            client.move_to(&phone(1), &user("u1"));
        } else {
            assert!(matches!(client.try_link(&phone(1), &user("u1")), Ok(Linked::Already(Some(_)))));
        }
        assert_eq!(client.look(&phone(1)).known, before, "the phone's own side was right");
        assert_eq!((client.phones_of(&user("u1")).len(), client.survey().len()), (1, 0));
    }
}
