//! The table of verdicts, without a store: each of them is reached, and where two hold, the first one is the verdict.

pub mod world;

use otpctl::otp::diagnosis::{History, Keeper, Lost, NextStep, Share, Sums, VERDICTS};
use otpctl::otp::hint::Chosen;
use otpctl::otp::record::{Challenge, SendOutcome, State};
use otpctl::otp::rules::SendRule;
use otpctl::otp::{DeliveryReason, DeliveryState, Event, EventKind};

use self::world::{World, ago, ahead, code, ended, event, examples, former, refused, reported};

/// The commands of the next steps.
fn commands(steps: &[NextStep]) -> Vec<String> {
    steps.iter().map(|step| step.hint.command(&Chosen::default()).expect("a step is a command")).collect()
}

#[test]
fn every_entry_of_the_table_is_reached_by_its_history() {
    let names: Vec<&str> = VERDICTS.iter().map(|entry| entry.name).collect();
    assert_eq!(names, examples().iter().map(|(name, _)| *name).collect::<Vec<_>>(), "one history each, in their order");
    for (name, world) in examples() {
        let told = world.diagnosed();
        assert_eq!(told.verdict, name, "{told:?}");
    }
}

#[test]
fn the_customer_is_always_told_something_and_the_desk_knows_what_to_do() {
    const MAY_BE_DONE: [&str; 4] = ["SUPERSEDED_CODE", "WRONG_CODE", "ISSUED_NOT_SENT", "NOT_SEEN_HERE"];
    let until = Some(ahead(45));
    let ways = [
        (SendRule::Cooldown, until),
        (SendRule::PerPhone, Some(ahead(5000))),
        (SendRule::PerPrefix, until),
        (SendRule::PerCountry, until),
        (SendRule::Lock, until),
        (SendRule::Lock, None),
        (SendRule::Blocked, None),
        (SendRule::Country, None),
        (SendRule::Type, None),
        (SendRule::Neighbors, None),
        (SendRule::Brake, None),
        (SendRule::Brake, until),
        (SendRule::Cap, None),
        (SendRule::OptedOut, None),
        (SendRule::UnderWay, until),
        (SendRule::Purposes, None),
    ];
    let closed = Keeper { sends: false, prints: false, unlocks: false, checks: false, ..Keeper::default() };
    for (name, world) in examples() {
        let ended = ways.iter().map(|(rule, until)| world.clone().refusing(*rule, *until));
        let mut worlds: Vec<World> = ended.chain([world.clone()]).collect();
        worlds.push(World { keeper: Keeper { app: world.keeper.app, ..closed }, ..world.clone() });
        for world in worlds {
            let told = world.diagnosed();
            assert!(!told.tell.is_empty() && !told.summary.is_empty(), "{told:?}");
            assert!(told.summary.ends_with('.') && told.tell.ends_with(['.', '?']), "{told:?}");
            assert!(!told.next.is_empty() || MAY_BE_DONE.contains(&told.verdict), "{name}: {told:?}");
            for (step, command) in told.next.iter().zip(commands(&told.next)) {
                assert!(!step.hint.why().is_empty(), "{command}");
                if command.starts_with("otpctl send ") {
                    // Now, or from when it is allowed.
                    assert_eq!(step.from, world.send.until.filter(|_| !world.send.allowed), "{name}: {command}");
                    assert!(world.send.allowed || step.from.is_some(), "{name}: {command} is refused");
                }
            }
        }
    }
}

/// Both hold, and the first one is the obstacle.
#[test]
#[expect(clippy::too_many_lines, reason = "a table: one entry a pair")]
fn of_two_that_hold_the_first_of_the_table_is_the_verdict() {
    let new = World::new;
    let live = || code("a", State::Sent, 120);
    let off = |code| reported(code, DeliveryState::Failed, Some(DeliveryReason::HandsetOff), 60);
    let stop = |code| reported(code, DeliveryState::Failed, Some(DeliveryReason::OptedOut), 60);
    let arrived = |code| reported(code, DeliveryState::Delivered, None, 110);
    let late = |code| reported(code, DeliveryState::Delivered, None, 1);
    let tried = |tries, code| Challenge { tries, ..code };
    let block = || examples().into_iter().find(|(name, _)| *name == "BLOCKED").unwrap().1.blocks;
    let blocked = |world: World| World { blocks: block(), ..world }.then(refused(10, "blocked", None));
    let down = || {
        let mut world = new().with(ended(code("a", State::Failed, 60), SendOutcome::Refused, "msg91: no"));
        world.timeline[0].rule = Some("unreachable".to_owned());
        world
    };
    let incident = || {
        let mut world = new();
        world.route[0].skipped_until = Some(ahead(600));
        world
    };
    let no_user = || Event { detail: Some("ravi".to_owned()), ..event(5, EventKind::Verify, "no_user") };
    let lost = |world: World| World { lost: Some(Lost::Code(ago(300))), ..world };
    let relinked = |code: Challenge| {
        let mut world =
            new().with(Challenge { users_version: Some(otpctl::otp::UsersVersion::of_map(ago(9000))), ..code });
        world.known.users.version = Some(ago(100));
        world
    };
    let app = Keeper { app: Some("frappe"), ..Keeper::default() };
    let near = || examples().into_iter().find(|(name, _)| *name == "WRONG_NUMBER_LIKELY").unwrap().1.near;
    for (verdict, also, world) in vec![
        ("STORE_RESET", "LOCKED", lost(new().locked(Some(ahead(60)), 10))),
        ("LOCKED", "BLOCKED", blocked(new().with(live())).locked(Some(ahead(60)), 10)),
        ("BLOCKED", "", blocked(new().with(live()))),
        ("LOCKED", "WRONG_CODE", new().with(tried(2, live())).locked(None, 100)),
        ("BLOCKED", "UNDELIVERED", blocked(new().with(off(live())))),
        (
            "SUPERSEDED_CODE",
            "UNDELIVERED",
            new().with(code("z", State::Superseded, 200)).with(off(live())).older_typed(9),
        ),
        ("WRONG_CODE", "UNDELIVERED", new().with(tried(1, off(live())))),
        ("UNDELIVERED", "PROVIDER_INCIDENT", incident().with(off(live()))),
        ("PROVIDER_INCIDENT", "", incident().with(live())),
        ("DELIVERED_LATE", "PROVIDER_INCIDENT", incident().with(late(live()))),
        ("DELIVERED_NOT_TRIED", "PROVIDER_INCIDENT", incident().with(arrived(live()))),
        (
            "DELIVERED_NOT_TRIED",
            "RATE_LIMITED",
            new().with(arrived(live())).then(refused(5, "cooldown", Some(ahead(20)))),
        ),
        ("NO_REPORT", "POLICY_REFUSED", new().with(live()).then(refused(5, "neighbors", None))),
        ("OPTED_OUT", "", new().with(stop(live()))),
        ("WRONG_CODE", "OPTED_OUT", new().with(tried(1, stop(live())))),
        ("NOT_MAPPED", "", new().with(live()).then(no_user())),
        ("UNDELIVERED", "NOT_MAPPED", new().with(off(live())).then(no_user())),
        ("NOT_MAPPED", "", new().with(tried(1, live())).then(no_user())),
        ("POLICY_REFUSED", "PROVIDER_DOWN", down().then(refused(5, "country", None))),
        ("RATE_LIMITED", "PROVIDER_DOWN", down().then(refused(5, "cooldown", Some(ahead(20))))),
        ("RATE_LIMITED", "OPTED_OUT", new().with(stop(code("a", State::Sent, 900))).then(refused(5, "cooldown", None))),
        ("RATE_LIMITED", "ALREADY_VERIFIED", new().with(code("a", State::Used, 60)).then(refused(5, "cooldown", None))),
        ("OPTED_OUT", "EXPIRED_BEFORE_ENTRY", new().with(stop(code("a", State::Sent, 900)))),
        ("EXPIRED_BEFORE_ENTRY", "UNDELIVERED", new().with(off(code("a", State::Sent, 900)))),
        ("ALREADY_VERIFIED", "", new().with(code("a", State::Used, 120)).with(code("b", State::Superseded, 60))),
        ("REMAPPED", "", relinked(live())),
        ("REMAPPED", "", relinked(code("a", State::Sent, 390))),
        ("REVOKED", "", relinked(code("a", State::Revoked, 200))),
        ("WRONG_NUMBER_LIKELY", "CHANGED_HANDS", World { former: vec![former(60)], near: near(), ..new() }),
        ("LOCKED", "CHANGED_HANDS", World { former: vec![former(60)], ..new() }.locked(None, 100)),
        // A number that somebody else has by now explains nothing by itself, and neither does what is long ago.
        ("NEVER_REQUESTED", "CHANGED_HANDS", World { former: vec![former(60)], ..new() }.linked("mina")),
        ("NEVER_REQUESTED", "", World { former: vec![former(31 * 86_400)], ..new() }),
        ("WRONG_NUMBER_LIKELY", "NOT_SEEN_HERE", World { keeper: app, near: near(), ..new() }),
        ("NOT_SEEN_HERE", "", World { keeper: app, ..new() }),
        ("NEVER_REQUESTED", "PROVIDER_INCIDENT", incident()),
    ] {
        let told = world.diagnosed();
        assert_eq!(told.verdict, verdict, "{told:?}");
        let names: Vec<&str> = told.also.iter().map(|(name, _)| *name).collect();
        assert!(also.is_empty() || names.contains(&also), "{verdict} and {also}: {told:?}");
        assert!(!names.contains(&verdict), "{told:?}");
    }
}

#[test]
fn a_code_that_is_asked_about_by_its_id_is_explained_alone() {
    let new = World::new;
    let two = || new().with(code("a", State::Superseded, 200)).with(code("b", State::Sent, 120));
    for (verdict, also, world) in [
        ("SUPERSEDED_CODE", "", two().asked("a")),
        ("NO_REPORT", "", two().asked("b")),
        ("NO_REPORT", "LOCKED", two().locked(Some(ahead(60)), 10).asked("b")),
        ("NO_REPORT", "RATE_LIMITED", two().then(refused(5, "cooldown", Some(ahead(20)))).asked("b")),
        (
            "EXPIRED_BEFORE_ENTRY",
            "",
            new().with(code("a", State::Sent, 900)).with(code("b", State::Sent, 20)).asked("a"),
        ),
        ("PROVIDER_REFUSED", "", new().with(code("b", State::Sent, 200)).with(code("a", State::Failed, 20)).asked("a")),
        (
            "EXPIRED_BEFORE_ENTRY",
            "POLICY_REFUSED",
            new().with(code("a", State::Sent, 900)).then(refused(5, "type", None)).asked("a"),
        ),
    ] {
        let told = world.diagnosed();
        assert_eq!(told.verdict, verdict, "{told:?}");
        assert!(also.is_empty() || told.also.iter().any(|(name, _)| *name == also), "{verdict} and {also}: {told:?}");
        for command in commands(&told.next) {
            let takes_code = ["wait", "inspect"].contains(&command.split(' ').nth(1).unwrap());
            assert!(takes_code || !command.contains("ch_"), "{command}");
        }
    }
}

#[test]
fn a_record_that_is_gone_leaves_its_timeline() {
    let sent = || World::new().with(code("a", State::Sent, 7200));
    let gone = |world: World| World { known: World::new().known, ..world };
    let about = |kind, result: &str| Event::new(ago(7000), kind, result).about(&World::new().purpose, "ch_a");
    for (verdict, world) in [
        ("EXPIRED_BEFORE_ENTRY", gone(sent())),
        ("ALREADY_VERIFIED", gone(sent().then(about(EventKind::Verify, "ok")))),
        ("REVOKED", gone(sent().then(about(EventKind::Revoke, "revoked")))),
        ("PROVIDER_REFUSED", gone(World::new().with(code("a", State::Failed, 7200)))),
        ("RATE_LIMITED", gone(sent().then(refused(3600, "cooldown", Some(ago(3540)))))),
    ] {
        assert_eq!(world.diagnosed().verdict, verdict);
        assert_eq!(
            world.asked("a").diagnosed().verdict,
            if verdict == "RATE_LIMITED" { "EXPIRED_BEFORE_ENTRY" } else { verdict }
        );
    }
}

#[test]
fn an_sms_is_on_its_way_for_as_long_as_others_were() {
    let sent = |age| World::new().with(code("a", State::Sent, age));
    assert_eq!(sent(59).diagnosed().verdict, "IN_TRANSIT");
    assert_eq!(sent(60).diagnosed().verdict, "NO_REPORT", "a minute, without a history");
    let mut quick = sent(30);
    quick.history.p95 = Some(std::time::Duration::from_secs(20));
    assert_eq!(quick.diagnosed().verdict, "NO_REPORT");
    let mut mute = sent(1);
    mute.route[0].reports = false;
    let told = mute.diagnosed();
    assert_eq!(told.verdict, "NO_REPORT", "nothing ever comes");
    assert!(!commands(&told.next).iter().any(|command| command.contains("wait")), "{told:?}");
}

#[test]
fn an_incident_is_half_of_what_was_usual_among_enough() {
    let world = |now: (u64, u64, u64), before: (u64, u64, u64)| {
        let sums = |(sent, delivered, entered)| Sums { sent, delivered, entered };
        let share =
            Share { provider: "msg91".to_owned(), place: "IN".to_owned(), now: sums(now), before: sums(before) };
        let history = History { shares: vec![share], ..History::default() };
        World { history, ..World::new() }.with(code("a", State::Sent, 30))
    };
    for (is_one, now, before) in [
        (true, (20, 20, 7), (50, 50, 40)),
        (false, (20, 20, 8), (50, 50, 40)),
        (true, (20, 9, 9), (50, 49, 20)),
        (false, (19, 0, 0), (50, 50, 50)),
        (false, (20, 0, 0), (49, 49, 49)),
        (false, (20, 0, 0), (50, 0, 0)),
    ] {
        let told = world(now, before).diagnosed();
        assert_eq!(told.verdict == "PROVIDER_INCIDENT", is_one, "{now:?} {before:?}: {told:?}");
    }
}

#[test]
fn what_happened_since_a_refusal_counts() {
    let refused_then_in = World::new()
        .with(code("a", State::Used, 120))
        .then(refused(100, "cooldown", Some(ago(80))))
        .then(Event::new(ago(60), EventKind::Verify, "ok").about(&World::new().purpose, "ch_a"));
    assert_eq!(refused_then_in.diagnosed().verdict, "ALREADY_VERIFIED");
    let refused_then_sent =
        World::new().then(refused(300, "cooldown", Some(ago(280)))).with(code("a", State::Sent, 120));
    assert_eq!(refused_then_sent.diagnosed().verdict, "NO_REPORT");
    let block_is_gone = World::new().then(refused(30, "blocked", None));
    let told = block_is_gone.diagnosed();
    assert_eq!(told.verdict, "POLICY_REFUSED");
    assert!(told.tell.contains("now we can"), "{told:?}");
}
