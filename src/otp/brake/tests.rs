//! The edges of the brakes.

use super::*;

/// The start of an hour and of a day.
const START: i64 = 20_700 * DAY;

fn at(millis: i64) -> Moment {
    Moment::from_millis(START + millis)
}

fn cell(counts: &[(&str, i64, i64)]) -> Cell {
    let field = |(name, unit, count): &(&str, i64, i64)| {
        let length = if name.starts_with('h') { HOUR } else { DAY };
        (format!("{name}{}", START / length + unit), *count)
    };
    Cell::from(counts.iter().map(field).collect::<BTreeMap<_, _>>())
}

#[test]
fn floors_stop_nobody_below_them() {
    for (level, hour, day) in [(Level::Range, 20, 60), (Level::Country, 60, 200)] {
        let stops = |counts: &[(&str, i64, i64)]| cell(counts).stops(level, at(0)).map(|(span, _)| span);
        assert_eq!(stops(&[("hs", 0, hour - 1)]), None);
        assert_eq!(stops(&[("hs", 0, hour)]), Some(Span::Hour));
        assert_eq!(stops(&[("ds", 0, day - 1)]), None);
        assert_eq!(stops(&[("ds", 0, day)]), Some(Span::Day));
    }
}

#[test]
fn what_was_verified_allows_as_much_unverified_and_more_where_that_is_usual() {
    let stops = |counts: &[(&str, i64, i64)]| cell(counts).stops(Level::Range, at(0)).is_some();
    // Chance explains two standard deviations more: 2 × √231 is 30.
    assert!(!stops(&[("hs", 0, 230), ("hv", 0, 100)]), "as many as were verified");
    assert!(stops(&[("hs", 0, 231), ("hv", 0, 100)]));
    // In its history, as many were never verified as were.
    let usual = [("ds", -3, 200), ("dv", -3, 100)];
    assert!(!stops(&[&usual[..], &[("hs", 0, 389), ("hv", 0, 100)]].concat()));
    assert!(stops(&[&usual[..], &[("hs", 0, 390), ("hv", 0, 100)]].concat()), "2.5 times at most");
    let few = [("ds", -3, 58), ("dv", -3, 29)];
    assert!(stops(&[&few[..], &[("hs", 0, 231), ("hv", 0, 100)]].concat()), "too little to know");
    let forgotten = [("ds", -14, 200), ("dv", -14, 100)];
    assert!(stops(&[&forgotten[..], &[("hs", 0, 231), ("hv", 0, 100)]].concat()));
}

#[test]
fn a_bad_day_is_over_once_an_hour_converts() {
    let day = [("ds", 0, 300), ("dv", 0, 20)];
    let stops = |counts: &[(&str, i64, i64)]| {
        cell(&[&day[..], counts].concat()).stops(Level::Country, at(HOUR / 2)).map(|(span, _)| span)
    };
    assert_eq!(stops(&[]), Some(Span::Day));
    assert_eq!(stops(&[("hs", 0, 10), ("hv", 0, 4)]), Some(Span::Day));
    assert_eq!(stops(&[("hs", 0, 10), ("hv", 0, 5)]), None);
}

#[test]
fn a_country_spares_ranges_in_good_standing() {
    let (country, now) = (cell(&[("hs", 0, 100)]), at(0));
    let stops = |range: &[(&str, i64, i64)]| brake(&cell(range), &country, now).map(|stop| stop.level);
    assert_eq!(stops(&[]), Some(Level::Country));
    assert_eq!(stops(&[("ds", -1, 1), ("dv", -1, 1)]), Some(Level::Country));
    assert_eq!(stops(&[("ds", -1, 2), ("dv", -1, 2)]), None);
    assert_eq!(stops(&[("ds", -1, 5), ("dv", -1, 2)]), None, "three unverified are nothing");
    assert_eq!(stops(&[("ds", -1, 6), ("dv", -1, 2)]), Some(Level::Country));
    assert_eq!(stops(&[("ds", -1, 20), ("dv", -1, 10)]), None);
    assert_eq!(stops(&[("hs", 0, 20), ("ds", -1, 2), ("dv", -1, 2)]), Some(Level::Range));
}

#[test]
fn a_stop_says_when_it_ends() {
    let range = cell(&[("hs", 0, 25), ("ds", 0, 25)]);
    let stop = brake(&range, &Cell::default(), at(HOUR / 2)).unwrap();
    assert_eq!((stop.level, stop.span, stop.sends, stop.verified), (Level::Range, Span::Hour, 25, 0));
    assert!(brake(&range, &Cell::default(), stop.until).is_none());
    assert!(brake(&range, &Cell::default(), stop.until.before(Duration::from_secs(61))).is_some());
    let text = stop.to_string();
    assert!(text.contains("0 of 25 codes to new numbers of its range") && text.contains("last hour"), "{text}");
}

#[test]
fn a_stranger_who_verifies_is_credited_with_all_of_his_sends() {
    let now = at(10 * 60_000);
    let sends = [at(-3 * DAY), at(-2 * HOUR), at(-5 * 60_000), at(0), at(60_000)];
    let cell = sends.iter().fold(Cell::default(), |cell, sent| cell.plus(&Cell::sends(*sent), 1));
    let credits = Cell::credits(&sends, now);
    let total = |kind: &str| credits.iter().filter(|(name, _)| name.starts_with(kind)).map(|(_, by)| by).sum::<i64>();
    assert_eq!((total("hv"), total("dv")), (3, 4));
    let verified = credits.into_iter().fold(cell, |cell, (field, by)| cell.plus(&[field], by));
    assert!(verified.last('h', HOUR, now).unverified() < f64::EPSILON);
}

#[test]
fn a_cell_stays_small() {
    let mut cell = Cell::default();
    for hour in 0..40 * 24 {
        let now = at(hour * HOUR);
        let stale = cell.stale(now);
        cell.0.retain(|field, _| !stale.contains(field));
        cell = cell.plus(&Cell::sends(now), 1);
        cell = Cell::credits(&[now], now).into_iter().fold(cell, |cell, (field, by)| cell.plus(&[field], by));
        assert!(cell.0.len() <= 4 + 2 * 14, "{}", cell.0.len());
    }
    let history = cell.history(at((40 * 24 - 1) * HOUR));
    assert!((history.sends - 14.0 * 24.0).abs() < f64::EPSILON, "{history:?}");
}
