//! What each operation heard, and what cannot be true of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// With this idempotency key.
    Send(String),
    /// With this attempt id.
    Verify(String),
    Revoke,
    Unlock,
}

/// One operation, from before it began until after it ended, in milliseconds of the machine's clock.
#[derive(Debug, Clone)]
pub struct Op {
    pub phone: usize,
    pub what: What,
    pub began: i64,
    pub ended: i64,
    /// None: it was killed.
    pub exit: Option<i32>,
    pub answer: Option<Value>,
}

impl Op {
    /// Whether it is known what came of it. What certainly did not happen is known.
    pub fn known(&self) -> bool {
        self.exit.is_some_and(|exit| ![20, 22, 23].contains(&exit))
    }

    /// Whether it may have done something, as far as its caller knows.
    fn may_have_happened(&self) -> bool {
        self.exit.is_none_or(|exit| exit == 23)
    }

    fn field(&self, name: &str) -> &Value {
        self.answer.as_ref().map_or(&Value::Null, |answer| &answer[name])
    }

    /// Told first here, and not again.
    fn is_first(&self) -> bool {
        self.field("replayed") == false
    }

    /// The SMS is out, and the store does not know: the code before it may still work.
    fn is_unrecorded(&self) -> bool {
        self.field("send_outcome").is_null()
    }

    fn said(&self, result: &str) -> bool {
        matches!(self.what, What::Verify(_)) && self.field("result") == result
    }

    fn challenge(&self) -> Option<&str> {
        self.field("challenge_id").as_str()
    }

    fn moment(&self, name: &str) -> Option<i64> {
        self.field(name).as_str().map(millis)
    }
}

/// An RFC 3339 time as the machine's clock counts.
fn millis(text: &str) -> i64 {
    text.parse::<jiff::Timestamp>().unwrap().as_millisecond()
}

/// Everything that was heard.
pub struct HistoryChecker {
    tries: usize,
    /// What is read lasts. Before a failover it may be of a change that no replica has yet, and that was not answered 0.
    reads_last: bool,
    ops: Vec<Op>,
}

impl HistoryChecker {
    pub fn new(tries: usize, reads_last: bool) -> Self {
        Self { tries, reads_last, ops: Vec::new() }
    }

    pub fn write(&mut self, op: Op) {
        self.ops.push(op);
    }

    fn count(&self, fits: impl Fn(&Op) -> bool) -> usize {
        self.ops.iter().filter(|op| fits(op)).count()
    }

    /// How much happened, in one line.
    pub fn summary(&self) -> String {
        let exits = self.ops.iter().fold(BTreeMap::<String, usize>::new(), |mut exits, op| {
            *exits.entry(op.exit.map_or("killed".to_owned(), |exit| exit.to_string())).or_default() += 1;
            exits
        });
        let (taken, again) = (self.count(|op| op.said("ok")), self.count(|op| op.field("replayed") == true));
        format!("{} operations, {taken} acceptances, {again} told again; exits {exits:?}", self.ops.len())
    }

    /// A history in which nothing happens proves nothing.
    pub fn is_worth_it(&self, breaks: bool) -> bool {
        self.count(|op| op.said("ok")) >= 5
            && self.count(|op| op.said("wrong")) >= 5
            && self.count(|op| op.exit.is_none()) > 0
            && (!breaks || self.count(|op| [Some(20), Some(22), Some(23)].contains(&op.exit)) > 0)
    }

    /// Fails on what cannot be true.
    pub fn check(&self, outbox: &[Value]) {
        let created: BTreeMap<&str, i64> = outbox
            .iter()
            .map(|line| (line["challenge_id"].as_str().unwrap(), millis(line["at"].as_str().unwrap())))
            .collect();
        assert_eq!(created.len(), outbox.len(), "no challenge went out twice");
        self.sends(outbox);
        self.acceptances();
        let heard = self.heard();
        for op in self.ops.iter().filter(|op| op.said("ok") && op.is_first()) {
            self.is_open(op, &created, heard[op.challenge().unwrap()]);
        }
        self.guesses();
        self.failures();
    }

    /// A key is one SMS at most, however often it was given.
    fn sends(&self, outbox: &[Value]) {
        let mut of_key: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for op in &self.ops {
            let What::Send(key) = &op.what else { continue };
            of_key.entry(key).or_default().extend(op.challenge());
        }
        for (key, challenges) in &of_key {
            assert!(challenges.len() <= 1, "the key {key} brought about {challenges:?}");
        }
        assert!(outbox.len() <= of_key.len(), "{} SMS for {} sends", outbox.len(), of_key.len());
        let out: BTreeSet<&str> = outbox.iter().map(|line| line["challenge_id"].as_str().unwrap()).collect();
        for challenge in of_key.values().flatten() {
            assert!(out.contains(challenge), "{challenge} is said to be sent, and is not");
        }
    }

    /// At most one attempt is told yes for a challenge, and an attempt is told the same each time.
    fn acceptances(&self) {
        let mut taken: BTreeMap<&str, &str> = BTreeMap::new();
        let mut told: BTreeMap<&str, (&Value, &Value, &Value)> = BTreeMap::new();
        for op in &self.ops {
            let (What::Verify(id), Some(_)) = (&op.what, &op.answer) else { continue };
            let answer = (op.field("result"), op.field("reason"), op.field("challenge_id"));
            // What changed nothing is not kept, and is answered anew.
            if op.said("ok") || op.said("wrong") {
                let before = told.entry(id).or_insert(answer);
                assert_eq!(*before, answer, "{op:?}");
            }
            if op.said("ok") {
                let by = taken.entry(op.challenge().unwrap()).or_insert(id);
                assert_eq!(*by, id, "accepted twice: {op:?}");
            }
        }
    }

    /// When each challenge was first heard of. Its time is that of its decision, and it is written a little later: then it
    /// was certainly there.
    fn heard(&self) -> BTreeMap<&str, i64> {
        let mut heard = BTreeMap::new();
        for op in &self.ops {
            let Some(challenge) = op.challenge() else { continue };
            let first = heard.entry(challenge).or_insert(op.ended);
            *first = op.ended.min(*first);
        }
        heard
    }

    /// Nothing had ended the challenge before this acceptance began.
    fn is_open(&self, taken: &Op, created: &BTreeMap<&str, i64>, heard: i64) {
        let made = created[taken.challenge().unwrap()];
        assert!(taken.moment("expires_at").unwrap() >= taken.began, "after its end: {taken:?}");
        let before = |op: &&Op| op.phone == taken.phone && op.ended < taken.began;
        for op in self.ops.iter().filter(before) {
            match op.what {
                What::Revoke if op.exit == Some(0) && (self.reads_last || op.field("revoked") != 0) => {
                    assert!(heard >= op.began, "after its revocation: {taken:?} and {op:?}");
                }
                What::Send(_) if op.exit == Some(0) && !op.is_unrecorded() && op.is_first() => {
                    let newer = op.challenge().unwrap();
                    assert!(created[newer] <= made, "superseded: {taken:?} and {op:?}");
                }
                What::Verify(_) if op.said("locked") && self.reads_last => {
                    let until = op.moment("locked_until").unwrap_or(0);
                    let unlocked = |other: &Op| {
                        other.phone == taken.phone
                            && other.what == What::Unlock
                            && other.ended >= op.began
                            && other.began <= taken.ended
                    };
                    let locked = taken.ended < until && !self.ops.iter().any(unlocked);
                    assert!(!locked, "locked until {until}: {taken:?} and {op:?}");
                }
                _ => {}
            }
        }
    }

    /// A code stands so many guesses.
    fn guesses(&self) {
        let mut guesses: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for op in self.ops.iter().filter(|op| op.said("ok") || op.said("wrong")) {
            let (What::Verify(id), Some(challenge)) = (&op.what, op.challenge()) else { continue };
            guesses.entry(challenge).or_default().insert(id);
        }
        for (challenge, ids) in guesses {
            assert!(ids.len() <= self.tries, "{challenge} was guessed at by {ids:?}");
        }
    }

    /// The count of failures falls only by a success or an unlock.
    fn failures(&self) {
        let phones: BTreeSet<usize> = self.ops.iter().map(|op| op.phone).collect();
        for phone in phones {
            self.failures_of(phone);
        }
    }

    /// A long history has too many pairs of operations to look at each: in one pass over the later of the two, that of the
    /// earlier which began last is enough, of each count.
    fn failures_of(&self, phone: usize) {
        let count = |op: &Op| op.field("failures_consecutive").as_u64();
        let of_phone = || self.ops.iter().filter(|op| op.phone == phone);
        let counted = |op: &&Op| matches!(op.what, What::Verify(_)) && op.is_first();
        let mut laters: Vec<(&Op, u64)> = of_phone().filter(counted).filter_map(|op| Some((op, count(op)?))).collect();
        let mut earliers = laters.clone();
        earliers.retain(|(op, _)| self.reads_last || op.said("ok") || op.said("wrong"));
        laters.sort_by_key(|(op, _)| op.began);
        earliers.sort_by_key(|(op, _)| op.ended);
        let clears = Clears::of(of_phone());
        let mut earliers = earliers.into_iter().peekable();
        let mut latest: BTreeMap<u64, &Op> = BTreeMap::new();
        for (later, left) in laters {
            while let Some((earlier, count)) = earliers.next_if(|(earlier, _)| earlier.ended < later.began) {
                let known = latest.entry(count).or_insert(earlier);
                *known = if earlier.began > known.began { earlier } else { known };
            }
            let cleared = clears.until(later.ended);
            let fell = latest.range(left + 1..).find(|(_, earlier)| earlier.began > cleared);
            assert!(fell.is_none(), "the count fell: {fell:?} and {later:?}");
        }
    }
}

/// Operations that may have cleared a count: when each began, and when the last of those that began until then ended.
struct Clears(Vec<(i64, i64)>);

impl Clears {
    fn of<'a>(ops: impl Iterator<Item = &'a Op>) -> Self {
        let clears = |op: &&Op| match op.what {
            What::Unlock => op.exit == Some(0) || op.may_have_happened(),
            What::Verify(_) => op.said("ok") || op.may_have_happened(),
            _ => false,
        };
        let mut all: Vec<(i64, i64)> = ops.filter(clears).map(|op| (op.began, op.ended)).collect();
        all.sort_unstable();
        let mut last = i64::MIN;
        for (_, ended) in &mut all {
            last = last.max(*ended);
            *ended = last;
        }
        Self(all)
    }

    /// Until when a count may have been cleared by what began no later than this.
    fn until(&self, at: i64) -> i64 {
        let fit = self.0.partition_point(|(began, _)| *began <= at);
        fit.checked_sub(1).map_or(i64::MIN, |index| self.0[index].1)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn op(what: What, (began, ended): (i64, i64), exit: i32, answer: Value) -> Op {
        Op { phone: 0, what, began, ended, exit: Some(exit), answer: Some(answer) }
    }

    fn send(key: &str, challenge: &str, at: i64) -> Op {
        let answer = json!({ "challenge_id": challenge, "send_outcome": "accepted", "replayed": false });
        op(What::Send(key.to_owned()), (at, at + 5), 0, answer)
    }

    fn verify(id: &str, challenge: &str, at: i64, result: &str, failures: u64) -> Op {
        let answer = json!({
            "result": result, "reason": null, "challenge_id": challenge, "failures_consecutive": failures,
            "expires_at": "1970-01-01T00:01:00.000Z", "locked_until": "1970-01-01T00:00:30.000Z", "replayed": false,
        });
        op(What::Verify(id.to_owned()), (at, at + 5), i32::from(result != "ok") * 10, answer)
    }

    fn other(what: What, at: i64) -> Op {
        op(what, (at, at + 5), 0, Value::Null)
    }

    fn lie(ops: &[Op], outbox: &[(&str, i64)]) -> bool {
        let line = |(id, at): &(&str, i64)| {
            let at = jiff::Timestamp::from_millisecond(*at).unwrap().to_string();
            json!({ "challenge_id": id, "at": at })
        };
        let (checker, outbox) = (
            HistoryChecker { tries: 3, reads_last: true, ops: ops.to_vec() },
            outbox.iter().map(line).collect::<Vec<_>>(),
        );
        std::panic::catch_unwind(move || checker.check(&outbox)).is_err()
    }

    /// What the check would say of a history that cannot be true, one of each kind; and of one that can.
    #[test]
    fn a_history_that_cannot_be_true_is_found() {
        let (one, two) = (send("k1", "c1", 100), send("k2", "c2", 200));
        let ok = |id: &str, challenge: &str, at| verify(id, challenge, at, "ok", 0);
        let wrong = |id: &str, at, failures| verify(id, "c1", at, "wrong", failures);
        let out: &[(&str, i64)] = &[("c1", 101)];
        let both: &[(&str, i64)] = &[("c1", 101), ("c2", 201)];
        let lies = [
            ("taken twice", vec![one.clone(), ok("a", "c1", 110), ok("b", "c1", 120)], out),
            ("told otherwise", vec![one.clone(), wrong("a", 110, 1), ok("a", "c1", 120)], out),
            ("after its end", vec![one.clone(), ok("a", "c1", 60_001)], out),
            ("revoked", vec![one.clone(), other(What::Revoke, 110), ok("a", "c1", 120)], out),
            ("superseded", vec![one.clone(), two.clone(), ok("a", "c1", 220)], both),
            ("locked", vec![one.clone(), verify("a", "c1", 110, "locked", 4), ok("b", "c1", 120)], out),
            (
                "guessed too often",
                vec![one.clone(), wrong("a", 110, 1), wrong("b", 120, 2), wrong("c", 130, 3), wrong("d", 140, 4)],
                out,
            ),
            ("forgotten", vec![one.clone(), wrong("a", 110, 2), wrong("b", 120, 1)], out),
            ("an SMS too many", vec![one.clone()], both),
            ("an SMS too few", vec![one.clone(), two.clone()], out),
            ("twice for one key", vec![one.clone(), send("k1", "c2", 200)], both),
        ];
        for (name, ops, outbox) in &lies {
            assert!(lie(ops, outbox), "{name} is not found");
        }
        let unlocked = [verify("a", "c2", 210, "locked", 4), other(What::Unlock, 220), ok("b", "c2", 230)];
        let truth = [vec![one, two, wrong("w", 120, 1), other(What::Revoke, 130)], unlocked.to_vec()].concat();
        assert!(!lie(&truth, both));
        let unrecorded = json!({ "challenge_id": "c2", "send_outcome": null, "replayed": false });
        let unrecorded = op(What::Send("k2".to_owned()), (200, 205), 0, unrecorded);
        assert!(
            !lie(&[send("k1", "c1", 100), unrecorded, ok("a", "c1", 220)], both),
            "the code before is not superseded"
        );
    }
}
