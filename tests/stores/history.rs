//! What a store counts and tells beside the values: sums, one read for everything, and the feed.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use otpctl::otp::{Event, EventKind, Moment, Ttl};
use otpctl::store::{
    Addition, Append, Beside, Change, Committed, FIELDS, FeedLine, FeedPage, FeedPart, Owner, Put, ReadRequest,
    StoreError, StoreKey, Write,
};

use crate::lives::{in_time, within};
use crate::support::client::{Client, at_once, phone};
use crate::support::fixtures::Fixture;

const HOUR: Duration = Duration::from_secs(3600);

fn country() -> StoreKey {
    StoreKey::CountryTrust("IN".to_owned())
}

fn other() -> StoreKey {
    StoreKey::RangeTrust("+9198".to_owned())
}

fn sums(client: &Client, key: StoreKey) -> BTreeMap<String, i64> {
    let request = ReadRequest { sums: vec![key], ..ReadRequest::default() };
    client.read(&request).sums.remove(0).unwrap().fields
}

fn fields(fields: &[(&str, i64)]) -> BTreeMap<String, i64> {
    fields.iter().map(|(name, sum)| ((*name).to_owned(), *sum)).collect()
}

pub fn additions_at_once_are_all_counted(fixture: &dyn Fixture) {
    let answers = at_once(fixture, 8, |client, _| {
        let one = || Addition::to(country(), HOUR).plus("sent", 1).answering(["sent".to_owned()]);
        (0..25).map(|_| client.add(&[one()]).unwrap()[0].get("sent")).collect::<Vec<_>>()
    });
    let mut all: Vec<i64> = answers.into_iter().flatten().collect();
    all.sort_unstable();
    assert_eq!(all, (1..=200).collect::<Vec<_>>(), "each answers what is in it with its own");
    assert_eq!(sums(&Client::of(fixture), country()), fields(&[("sent", 200)]));
}

pub fn an_addition_answers_the_time_and_the_sums_that_it_made(fixture: &dyn Fixture) {
    let client = Client::of(fixture);
    let none = Addition::to(country(), HOUR).plus("a", 5).plus("b", 2);
    let all = Addition::to(country(), HOUR).plus("a", -7).without(["b".to_owned()]).answering_all();
    let some = Addition::to(other(), HOUR).plus("c", 1).answering(["c".to_owned(), "d".to_owned()]);
    let answers = client.add(&[none, all, some]).unwrap();
    let told: Vec<_> = answers.iter().map(|own| own.fields.clone()).collect();
    assert_eq!(told, [fields(&[]), fields(&[("a", -2)]), fields(&[("c", 1), ("d", 0)])]);
    let now = client.load(&[vec![country()]]).map(|loaded| loaded[0].now);
    let now = now.unwrap_or_else(|_| answers[0].now.unwrap());
    assert!(answers.iter().all(|own| now.since(own.now.unwrap()) < Duration::from_secs(60)), "{answers:?} {now:?}");
    assert_eq!(client.add(&[]).unwrap(), []);
}

pub fn a_hash_that_is_full_counts_one_of_many_elsewhere(fixture: &dyn Fixture) {
    let client = Client::of(fixture);
    let many = (0..FIELDS + 20).fold(Addition::to(country(), HOUR).plus("sent", 1), |addition, n| {
        addition.plus_one_of_many(format!("range:{n}"), "range:other", 1)
    });
    client.add(std::slice::from_ref(&many)).unwrap();
    client.add(&[many.plus("late", 1)]).unwrap();
    let sums = sums(&client, country());
    assert!(sums.len() <= FIELDS + 2, "{}", sums.len());
    assert_eq!((sums["sent"], sums["late"], sums["range:0"]), (2, 1, 2));
    let ranges: i64 = sums.iter().filter(|(name, _)| name.starts_with("range:")).map(|(_, sum)| sum).sum();
    assert_eq!(ranges, 2 * i64::try_from(FIELDS + 20).unwrap(), "none is lost");
    assert!(sums["range:other"] >= 40, "{sums:?}");
}

pub fn sums_are_gone_when_their_life_is_over(fixture: &dyn Fixture) {
    let client = Client::of(fixture);
    let add = |life: Duration| {
        let of = |key: StoreKey| Addition::to(key, life).plus("a", 1);
        client.add(&[of(country()), of(other()).kept_from_last()]).unwrap();
    };
    let both = || (sums(&client, country()), sums(&client, other()));
    let (life, twice, once) = in_time(fixture, |life| {
        let first = Instant::now();
        add(life);
        fixture.pass(life * 3 / 5);
        let second = Instant::now();
        add(life);
        let twice = within(life, first, both())?;
        fixture.pass(life * 3 / 5);
        within(life, second, (life, twice, both()))
    });
    assert_eq!(twice, (fields(&[("a", 2)]), fields(&[("a", 2)])));
    assert_eq!(once, (fields(&[]), fields(&[("a", 2)])), "from the first, and from the last");
    fixture.pass(life);
    assert_eq!(both(), (fields(&[]), fields(&[])));
}

fn put(key: StoreKey, value: &str) -> Change {
    Change::of(vec![Write { key, loaded: None, put: Put::Set(value.into(), Ttl::For(HOUR)) }])
}

fn event(n: i64) -> Event {
    Event::new(Moment::from_millis(n), EventKind::Send, &n.to_string())
}

/// A change of a phone with an event, which is told in the feed and counted.
fn told(n: u32, loaded: Option<&str>, event: Event) -> Change {
    let line = FeedLine { phone: phone(n), event: event.clone() };
    let addition = Addition::to(country(), HOUR).plus("sent", 1);
    let key = StoreKey::Record(phone(n));
    let loaded = loaded.map(|text| text.as_bytes().to_vec());
    Change {
        append: Some(Append { phone: phone(n), events: vec![event], keep: HOUR, on_top: None }),
        beside: Beside { feed: vec![line], additions: vec![addition] },
        ..Change::of(vec![Write { key, loaded, put: Put::Set("new".into(), Ttl::For(HOUR)) }])
    }
}

pub fn one_read_gives_every_part_and_a_broken_one_hides_no_other(fixture: &dyn Fixture) {
    let client = Client::of(fixture);
    client.commit(&[told(1, None, event(1))]).unwrap();
    // A value where sums belong.
    client.commit(&[put(other(), "x")]).unwrap();
    let request = ReadRequest {
        groups: vec![vec![StoreKey::Record(phone(1)), StoreKey::Users(phone(1))], vec![StoreKey::Record(phone(2))]],
        timelines: vec![(phone(1), 5), (phone(2), 5)],
        sums: vec![other(), country(), StoreKey::StatsIndex(0)],
        began_empty: Some(phone(1)),
    };
    let answer = client.read(&request);
    let values: Vec<_> = answer.groups.iter().map(|group| group.as_ref().unwrap().values.clone()).collect();
    assert_eq!(values, [vec![Some(b"new".to_vec()), None], vec![None]]);
    let results = |at: usize| answer.timelines[at].as_ref().unwrap().events.iter().map(|own| own.result.clone());
    assert_eq!((results(0).collect::<Vec<_>>(), results(1).count()), (vec!["1".to_owned()], 0));
    assert!(matches!(answer.sums[0], Err(StoreError::Data(_))), "{:?}", answer.sums[0]);
    assert_eq!(answer.sums[1].as_ref().unwrap().fields, fields(&[("sent", 1)]));
    assert_eq!(answer.sums[2].as_ref().unwrap().fields, fields(&[]));
    let error = client.try_read(&ReadRequest { sums: vec![other()], ..ReadRequest::default() });
    assert!(matches!(error, Err(StoreError::Data(_))), "all of it is broken: {error:?}");
    assert!(matches!(client.add(&[Addition::to(other(), HOUR).plus("a", 1)]), Err(StoreError::Data(_))));
}

pub fn what_is_beside_a_change_is_written_with_it_and_stops_nothing(fixture: &dyn Fixture) {
    let client = Client::of(fixture);
    assert!(matches!(client.commit(&[told(1, None, event(1))]).unwrap().as_slice(), [Committed::Done(_)]));
    assert_eq!(client.commit(&[told(1, None, event(2))]).unwrap(), [Committed::Conflict]);
    assert_eq!(sums(&client, country()), fields(&[("sent", 1)]), "a conflict tells nothing");
    assert_eq!(feed(&client, None, 0).lines.len(), 1);
    // Both keys hold something else than they should.
    let broken = |change: Change| {
        let addition = Addition::to(other(), HOUR).plus("sent", 1);
        Change {
            beside: Beside { additions: vec![addition, change.beside.additions[0].clone()], ..change.beside },
            ..change
        }
    };
    client.commit(&[put(other(), "x")]).unwrap();
    let changes = [broken(told(2, None, event(3))), broken(told(3, Some("no"), event(4)))];
    let committed = client.commit(&changes).unwrap();
    assert!(matches!(committed.as_slice(), [Committed::Done(_), Committed::Conflict]), "{committed:?}");
    assert_eq!(sums(&client, country()), fields(&[("sent", 2)]));
    assert_eq!(client.timeline(&phone(2), 5).len(), 1);
}

fn feed(client: &Client, part: Option<FeedPart>, since: i64) -> FeedPage {
    let newest = || FeedPart::Newest { before: None, since: Moment::from_millis(since) };
    client.feed_page(&part.unwrap_or_else(newest), 3)
}

pub fn the_feed_is_read_page_by_page_and_goes_on(fixture: &dyn Fixture) {
    let client = Client::of(fixture);
    let nothing = feed(&client, None, 0);
    assert_eq!((nothing.lines.len(), nothing.before.clone()), (0, None));
    for n in 1..=20 {
        client.commit(&[told(n, None, Event { at: Moment::from_millis(n.into()), ..event(n.into()) })]).unwrap();
        // Two nodes of a Cluster know no order of what they wrote in one millisecond.
        fixture.pass(Duration::from_millis(2));
    }
    let (mut all, mut page, mut pages) = (Vec::new(), feed(&client, None, 0), 1);
    let after = page.after.clone();
    loop {
        assert!(page.lines.iter().map(|line| line.event.at).is_sorted(), "{page:?}");
        all.extend(page.lines.iter().map(|line| (line.event.at.millis(), line.phone.clone())));
        let Some(before) = page.before else { break };
        page = feed(&client, Some(FeedPart::Newest { before: Some(before), since: Moment::from_millis(0) }), 0);
        pages += 1;
    }
    all.sort();
    assert_eq!(all, (1..=20).map(|n| (i64::from(n), phone(n))).collect::<Vec<_>>(), "each once, in {pages} pages");
    assert!(pages > 1);
    assert_eq!(feed(&client, Some(FeedPart::After(after.clone())), 0).lines, []);
    client.commit(&[told(30, None, event(99))]).unwrap();
    let next = feed(&client, Some(FeedPart::After(after)), 0);
    assert_eq!(next.lines, [FeedLine { phone: phone(30), event: event(99) }]);
    assert_eq!(feed(&client, Some(FeedPart::After(next.after)), 0).lines, []);
    let first = feed(&client, Some(FeedPart::After(nothing.after)), 0);
    assert!(first.lines.iter().any(|line| line.event.at.millis() <= 12), "from the beginning: {first:?}");
}

pub fn the_feed_and_sums_are_keys_like_others(fixture: &dyn Fixture) {
    let client = Client::of(fixture);
    client.commit(&[told(1, None, event(1))]).unwrap();
    let index = Addition::to(StoreKey::StatsIndex(86_400), HOUR).plus("0:IN:a|b", 1);
    let stats = StoreKey::Stats("IN".to_owned(), 86_400, "a b".to_owned(), "sms".to_owned());
    client.add(&[index, Addition::to(stats, HOUR).plus("sent", 1)]).unwrap();
    for sight in client.sights() {
        let Owner::Ours(own) = &sight.key.owner else { panic!("{sight:?}") };
        assert_eq!(sight.kind, own.kind(), "{own:?}");
        assert!(sight.ttl.is_some(), "{own:?}");
    }
    assert!(client.survey().iter().all(|found| found.issue != otpctl::operations::Issue::NoLife));
}
