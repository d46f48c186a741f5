//! What the brakes do to honest customers and to attackers, over days of made-up traffic. `cargo test --lib
//! brake::simulation -- --nocapture` prints the table that `docs/security.md` shows.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::*;
use crate::otp::Limits;
use crate::otp::counter::Counter;

const MINUTE: i64 = 60_000;
/// The first day at midnight.
const START: i64 = 20_700 * DAY;
/// Days of traffic.
const DAYS: i64 = 7;
/// The last day at noon, when what is special happens.
const NOON: i64 = (DAYS - 1) * DAY + 12 * HOUR;
/// Customers are in these ranges, most of them in the first ones; attackers may use the ones behind.
const RANGES: u32 = 120;
/// A phone asks for no more than so many codes.
const TURNS: u32 = 3;
/// How busy each hour of the day is.
const BUSY: [f64; 24] = [
    0.25, 0.15, 0.1, 0.1, 0.1, 0.2, 0.5, 0.9, 1.2, 1.4, 1.5, 1.5, 1.5, 1.4, 1.4, 1.4, 1.4, 1.5, 1.7, 1.8, 1.7, 1.3,
    0.8, 0.4,
];

/// A small generator that is the same everywhere (`SplitMix64`).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From 0 to 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are what a float has")]
    fn float(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn below(&mut self, count: u32) -> u32 {
        u32::try_from(self.next() % u64::from(count)).unwrap()
    }

    /// A wait with this mean, in milliseconds.
    #[expect(clippy::cast_possible_truncation, reason = "some hours in milliseconds")]
    fn wait(&mut self, mean: f64) -> i64 {
        (-(1.0 - self.float()).ln() * mean) as i64
    }
}

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Happens {
    /// A customer asks for a code, after so many times before.
    Asks(usize, u32),
    Verifies(usize),
    /// Who verified before logs in again.
    Returns(usize),
    /// An attacker asks for a code to this range.
    Attacks(u32),
}

/// A number that is no customer's yet.
struct Stranger {
    range: u32,
    /// Whether he enters the code once it is there.
    enters: bool,
    sends: Vec<Moment>,
    verified: Option<Moment>,
    stopped: bool,
}

/// What goes wrong with the gateway.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outage {
    /// It refuses every message.
    Refuses,
    /// It accepts them, and nothing arrives.
    Silent,
}

/// The traffic of a country.
#[derive(Clone)]
struct Traffic {
    /// Honest strangers a day.
    strangers: f64,
    /// How many of them enter their code.
    conversion: f64,
    /// Nothing before this moment.
    launch: i64,
    /// From noon of the last day on so many times as many, for 4 hours.
    spike: f64,
    /// From noon of the last day on, for 2 hours.
    outage: Option<Outage>,
    /// An attacker's messages: how many a minute, from noon of the last day on for so long, over which ranges.
    attack: Option<(f64, i64, std::ops::Range<u32>)>,
}

impl Traffic {
    fn steady(strangers: f64, conversion: f64) -> Self {
        Self { strangers, conversion, launch: 0, spike: 1.0, outage: None, attack: None }
    }
}

/// What came of it.
#[derive(Debug, Clone, Copy, Default)]
struct Outcome {
    strangers: u32,
    /// Sends to those who are no strangers any more.
    known: u32,
    /// On the first day, when nothing is known yet.
    first: u32,
    stopped: u32,
    attacked: u32,
    passed: u32,
}

#[derive(Default)]
struct World {
    cells: BTreeMap<Option<u32>, Cell>,
    prefixes: BTreeMap<(u32, u32), Counter>,
    limits: Limits,
}

impl World {
    fn stops(&self, range: u32, now: Moment) -> bool {
        let none = Cell::default();
        let cell = |of| self.cells.get(&of).unwrap_or(&none);
        brake(cell(Some(range)), cell(None), now).is_some()
    }

    fn add(&mut self, range: u32, fields: &BTreeMap<String, i64>, now: Moment) {
        for of in [Some(range), None] {
            let cell = self.cells.entry(of).or_default();
            for stale in cell.stale(now) {
                cell.0.remove(&stale);
            }
            for (field, by) in fields {
                *cell.0.entry(field.clone()).or_default() += by;
            }
        }
    }

    fn sent(&mut self, range: u32, now: Moment) {
        self.add(range, &Cell::sends(now).into_iter().map(|field| (field, 1)).collect(), now);
    }

    /// The quota of a prefix, which is one of a hundred in a range.
    fn has_room(&mut self, range: u32, prefix: u32, now: Moment) -> bool {
        let counter = self.prefixes.entry((range, prefix)).or_default();
        let taken = counter.take(now, &self.limits.per_prefix, None);
        taken.map(|taken| *counter = taken).is_ok()
    }
}

type Queue = BinaryHeap<Reverse<(i64, Happens)>>;

/// The strangers of all days, and when each asks for his first code.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "small numbers"
)]
fn strangers(traffic: &Traffic, dice: &mut Dice, queue: &mut Queue) -> Vec<Stranger> {
    let mut strangers = Vec::new();
    let all: f64 = BUSY.iter().sum();
    for start in (0..DAYS * 24).map(|hour| hour * HOUR) {
        let spike = if (NOON..NOON + 4 * HOUR).contains(&start) { traffic.spike } else { 1.0 };
        let an_hour = traffic.strangers * BUSY[(start / HOUR % 24) as usize] / all * spike;
        let mut when = start + dice.wait(HOUR as f64 / an_hour);
        while when < start + HOUR {
            if when >= traffic.launch {
                queue.push(Reverse((when, Happens::Asks(strangers.len(), 0))));
                // The square makes some ranges busy and most of them not.
                let range = (dice.float().powi(2) * f64::from(RANGES)) as u32;
                let enters = dice.float() < traffic.conversion;
                strangers.push(Stranger { range, enters, sends: vec![], verified: None, stopped: false });
            }
            when += dice.wait(HOUR as f64 / an_hour).max(1);
        }
    }
    strangers
}

/// A run through the traffic.
struct Run<'a> {
    traffic: &'a Traffic,
    dice: Dice,
    queue: Queue,
    strangers: Vec<Stranger>,
    world: World,
    outcome: Outcome,
}

#[expect(clippy::cast_precision_loss, reason = "minutes in milliseconds")]
impl Run<'_> {
    fn later(&mut self, when: i64, what: Happens) {
        self.queue.push(Reverse((when, what)));
    }

    fn happens(&mut self, when: i64, what: Happens) {
        let now = Moment::from_millis(START + when);
        match what {
            Happens::Attacks(range) => {
                self.outcome.attacked += 1;
                if !self.world.stops(range, now) && self.world.has_room(range, self.dice.below(100), now) {
                    self.outcome.passed += 1;
                    self.world.sent(range, now);
                }
            }
            Happens::Asks(stranger, turn) => self.asks(stranger, turn, when),
            Happens::Verifies(stranger) => {
                let own = &mut self.strangers[stranger];
                if own.verified.is_none() {
                    self.world.add(own.range, &Cell::credits(&own.sends, now), now);
                }
                own.verified = Some(now);
                let back = self.dice.wait(2.0 * DAY as f64);
                self.later(when + back, Happens::Returns(stranger));
            }
            Happens::Returns(known) if when < DAYS * DAY => {
                let is_known = self.strangers[known].verified.is_some_and(|verified| verified.after(KNOWN) > now);
                assert!(is_known, "who is known is neither stopped nor counted");
                self.outcome.known += 1;
                if self.dice.float() < self.traffic.conversion {
                    let typed = self.dice.wait(40_000.0);
                    self.later(when + 8_000 + typed, Happens::Verifies(known));
                }
            }
            Happens::Returns(_) => {}
        }
    }

    fn asks(&mut self, stranger: usize, turn: u32, when: i64) {
        let (now, minute) = (Moment::from_millis(START + when), MINUTE as f64);
        let own = &mut self.strangers[stranger];
        if own.verified.is_some() || turn >= TURNS {
            return;
        }
        let outage = self.traffic.outage.filter(|_| (NOON..NOON + 2 * HOUR).contains(&when));
        let again = Happens::Asks(stranger, turn + 1);
        if self.world.stops(own.range, now) {
            let is_first = self.traffic.launch == 0 && when < DAY;
            let stopped = if is_first { &mut self.outcome.first } else { &mut self.outcome.stopped };
            *stopped += u32::from(!own.stopped);
            own.stopped = true;
            let wait = MINUTE + self.dice.wait(2.0 * minute);
            self.later(when + wait, again);
        } else if outage == Some(Outage::Refuses) {
            // Not sent, so not counted; he asks again.
            let wait = MINUTE + self.dice.wait(3.0 * minute);
            self.later(when + wait, again);
        } else {
            own.sends.push(now);
            self.world.sent(own.range, now);
            let arrives = outage.is_none() && self.dice.float() < 0.97;
            if own.enters && arrives {
                let typed = 8_000 + self.dice.wait(40_000.0);
                self.later(when + typed, Happens::Verifies(stranger));
            }
            // Who does not get it, and who is impatient, asks again.
            if self.dice.float() < if arrives { 0.15 } else { 0.7 } {
                let wait = 30_000 + self.dice.wait(60_000.0);
                self.later(when + wait, again);
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "minutes in milliseconds")]
fn run(traffic: &Traffic, seed: u64) -> Outcome {
    let (mut dice, mut queue) = (Dice(seed), Queue::new());
    let strangers = strangers(traffic, &mut dice, &mut queue);
    if let Some((a_minute, length, ranges)) = &traffic.attack {
        let mut when = NOON;
        while when < NOON + length {
            let range = ranges.start + dice.below(ranges.end - ranges.start);
            queue.push(Reverse((when, Happens::Attacks(range))));
            when += dice.wait(MINUTE as f64 / a_minute).max(1);
        }
    }
    let outcome = Outcome { strangers: u32::try_from(strangers.len()).unwrap(), ..Outcome::default() };
    let mut run = Run { traffic, dice, queue, strangers, world: World::default(), outcome };
    while let Some(Reverse((when, what))) = run.queue.pop() {
        run.happens(when, what);
    }
    run.outcome
}

/// Whether honest strangers may be stopped.
#[derive(Clone, Copy, PartialEq, Eq)]
enum May {
    StopNobody,
    Stop,
}

#[test]
fn honest_strangers_pass_and_attackers_do_not() {
    println!(
        "| traffic of 7 days | strangers | codes to others | stopped on the first day | later | attacker's messages | sent |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    let shown = |name: &str, traffic: &Traffic, may: May| {
        let outcome = run(traffic, 1);
        let Outcome { strangers, known, first, stopped, attacked, passed } = outcome;
        println!("| {name} | {strangers} | {known} | {first} | {stopped} | {attacked} | {passed} |");
        assert!(may == May::Stop || first + stopped == 0, "{name}: honest strangers were stopped: {outcome:?}");
        outcome
    };
    for (strangers, conversions) in
        [(100.0, &[0.95, 0.75, 0.6][..]), (1_000.0, &[0.95, 0.75, 0.6]), (5_000.0, &[0.75, 0.6])]
    {
        for conversion in conversions {
            let name = format!("{strangers} a day, {:.0} % enter the code", conversion * 100.0);
            shown(&name, &Traffic::steady(strangers, *conversion), May::StopNobody);
        }
    }
    for conversion in [0.75, 0.6] {
        let steady = Traffic::steady(1_000.0, conversion);
        let named = |what: &str| format!("1000 a day, {:.0} %, {what}", conversion * 100.0);
        shown(&named("ten times as many for 4 h"), &Traffic { spike: 10.0, ..steady.clone() }, May::StopNobody);
        shown(&named("a launch on the last noon"), &Traffic { launch: NOON, ..steady.clone() }, May::StopNobody);
        let outage = |outage| Traffic { outage: Some(outage), ..steady.clone() };
        shown(&named("the gateway refuses for 2 h"), &outage(Outage::Refuses), May::StopNobody);
        // A gateway that accepts everything and delivers nothing looks like an attack.
        let silent = shown(&named("nothing arrives for 2 h"), &outage(Outage::Silent), May::Stop);
        assert!(silent.stopped * 100 < silent.strangers, "{silent:?}");
    }
    let steady = Traffic::steady(1_000.0, 0.75);
    let attacked = |a_minute, length, ranges, most: u32, name: &str| {
        let traffic = Traffic { attack: Some((a_minute, length, ranges)), ..steady.clone() };
        let outcome = shown(name, &traffic, May::Stop);
        assert!(outcome.passed <= most, "{name}: {outcome:?}");
    };
    attacked(500.0, 10 * MINUTE, 500..501, 25, "an attacker: 5,000 at once over one range");
    attacked(500.0, 10 * MINUTE, 500..700, 70, "an attacker: 5,000 at once over 200 ranges");
    attacked(50.0 / 60.0, 12 * HOUR, 500..501, 90, "an attacker: 50 an hour over one range");
    // Over the customers' own ranges nothing tells it from them.
    attacked(50.0 / 60.0, 12 * HOUR, 0..RANGES, 700, "an attacker: 50 an hour over the customers' ranges");
}
