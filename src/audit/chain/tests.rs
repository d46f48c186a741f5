//! Chains that were changed in every way, and what is found.

#![expect(clippy::disallowed_methods, reason = "a test makes its own files")]

use std::fs;

use super::super::log::Log;
use super::super::record::tests::{entry, keys, who};
use super::super::record::{Entry, Phase};
use super::*;

/// A line, what is wrong with it, and the numbers of the records.
type Found = (usize, Kind, Option<(u64, u64)>);

struct Chain {
    folder: tempfile::TempDir,
    log: Log,
}

impl Chain {
    /// So many intents, each with its outcome.
    fn of(pairs: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::new(&folder.path().join("audit.jsonl"), keys(&["a"]));
        let chain = Self { folder, log };
        chain.add(pairs);
        chain
    }

    fn add(&self, pairs: u64) {
        let who = who();
        for _ in 0..pairs {
            let intent = self.log.add(&entry(&who)).unwrap().unwrap().seq;
            let outcome = Entry { phase: Phase::Outcome, intent: Some(intent), result: Some("OK"), ..entry(&who) };
            self.log.add(&outcome).unwrap();
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn lines(&self) -> Vec<String> {
        fs::read_to_string(self.path("audit.jsonl")).unwrap().lines().map(str::to_owned).collect()
    }

    fn write(&self, lines: &[String]) {
        fs::write(self.path("audit.jsonl"), lines.join("\n") + if lines.is_empty() { "" } else { "\n" }).unwrap();
    }

    fn check_of(&self, names: &[&str], anchor: Option<&Anchor>) -> Checked {
        let files = names.iter().map(|name| lines_of(self.log.keys(), &self.path(name)).unwrap());
        check(files.collect(), self.log.head().unwrap().as_ref(), anchor.map(std::slice::from_ref).unwrap_or_default())
    }

    fn found(&self) -> Vec<Found> {
        self.found_in(&["audit.jsonl"])
    }

    fn found_in(&self, names: &[&str]) -> Vec<Found> {
        let found = self.check_of(names, None).findings;
        found.into_iter().map(|one| (one.line, one.kind, one.numbers)).collect()
    }

    fn rotate(&self, to: &str) {
        fs::rename(self.path("audit.jsonl"), self.path(to)).unwrap();
    }
}

#[test]
fn a_chain_that_nobody_touched_holds() {
    let chain = Chain::of(3);
    let checked = chain.check_of(&["audit.jsonl"], None);
    assert_eq!((checked.findings, checked.open, checked.begins_after), (Vec::new(), Vec::new(), None));
    assert_eq!(checked.files[0].numbers, Some((1, 6)));
    let who = who();
    chain.log.add(&entry(&who)).unwrap();
    let checked = chain.check_of(&["audit.jsonl"], None);
    assert_eq!((checked.findings, checked.open), (Vec::new(), vec![7]), "a process that died is no break");
}

#[test]
fn t32_what_was_changed_is_named() {
    let chain = Chain::of(3);
    let lines = chain.lines();
    let changed = |change: &dyn Fn(&mut Vec<String>)| {
        let mut lines = lines.clone();
        change(&mut lines);
        chain.write(&lines);
        chain.found()
    };
    let edited = changed(&|lines| lines[2] = lines[2].replacen("unlock", "revoke", 1));
    assert_eq!(edited, [(3, Kind::Edited, Some((3, 3)))]);
    let last = changed(&|lines| lines[5] = lines[5].replacen("asha", "ravi", 1));
    assert_eq!(last, [(6, Kind::Edited, Some((6, 6)))]);
    assert_eq!(changed(&|lines| drop(lines.remove(2))), [(3, Kind::Deleted, Some((3, 3)))]);
    assert_eq!(changed(&|lines| drop(lines.drain(..2))), [(1, Kind::Deleted, Some((1, 2)))]);
    assert_eq!(changed(&|lines| lines.truncate(4)), [(5, Kind::CutTail, Some((5, 6)))]);
    let swapped = changed(&|lines| lines.swap(1, 2));
    assert_eq!(
        swapped.iter().map(|(line, kind, _)| (*line, *kind)).collect::<Vec<_>>(),
        [(2, Kind::Reordered), (3, Kind::Reordered), (4, Kind::Reordered)]
    );
    assert_eq!(changed(&|lines| lines.insert(3, String::new())), [(4, Kind::Edited, None)]);
    assert_eq!(changed(&|lines| lines.insert(3, lines[1].clone())).first().map(|one| one.1), Some(Kind::Reordered));
    assert_eq!(changed(&Vec::clear), [(1, Kind::CutTail, Some((1, 6)))]);
    assert_eq!(changed(&|_| ()), []);
}

#[test]
fn t32_a_chain_that_was_stamped_anew_without_the_pepper_is_named() {
    let chain = Chain::of(3);
    // With another key, which is what a hash without one is too.
    let folder = tempfile::tempdir().unwrap();
    let forged = Log::new(&folder.path().join("audit.jsonl"), keys(&["b"]));
    let who = who();
    for _ in 0..6 {
        forged.add(&entry(&who)).unwrap();
    }
    let text = fs::read_to_string(folder.path().join("audit.jsonl")).unwrap();
    let own = |line: &str| line.replace(r#""pepper":"b""#, r#""pepper":"a""#);
    let mut lines: Vec<String> = text.lines().map(own).collect();
    chain.write(&lines);
    let found = chain.found();
    assert_eq!(found.len(), 6);
    assert!(found.iter().all(|(_, kind, _)| *kind == Kind::Restamped), "{found:?}");
    // From the middle on.
    let whole = Chain::of(3);
    lines.splice(..3, whole.lines().drain(..3));
    whole.write(&lines);
    let found = whole.found();
    assert_eq!(found.iter().map(|one| one.0).collect::<Vec<_>>(), [4, 5, 6]);
    assert!(found.iter().all(|(_, kind, _)| *kind == Kind::Restamped), "{found:?}");
}

#[test]
fn every_byte_counts() {
    let chain = Chain::of(1);
    let (whole, head) = (fs::read(chain.path("audit.jsonl")).unwrap(), chain.log.head().unwrap());
    let is_found = |bytes: &[u8]| {
        let lines = lines_in(chain.log.keys(), &mut &*bytes).unwrap();
        !check(vec![Lines { file: PathBuf::new(), lines }], head.as_ref(), &[]).findings.is_empty()
    };
    assert!(!is_found(&whole));
    for at in 0..whole.len() {
        for change in [1_u8, 0x20, 0x80] {
            let mut bytes = whole.clone();
            bytes[at] ^= change;
            assert!(is_found(&bytes), "byte {at} of {} by {change}", whole.len());
        }
        let without = [&whole[..at], &whole[at + 1..]].concat();
        assert!(is_found(&without), "without byte {at}");
        let doubled = [&whole[..=at], &whole[at..]].concat();
        assert!(is_found(&doubled), "byte {at} twice");
        assert!(is_found(&whole[..at]), "cut at byte {at}");
    }
}

#[test]
fn a_tail_that_was_cut_is_named_although_records_came_after_it() {
    let chain = Chain::of(3);
    let lines = chain.lines();
    chain.write(&lines[..3]);
    chain.add(1);
    assert_eq!(chain.found(), [(4, Kind::CutTail, Some((4, 6)))]);
}

#[test]
fn files_that_were_renamed_are_checked_together() {
    let chain = Chain::of(2);
    chain.rotate("audit.jsonl.2");
    chain.add(2);
    chain.rotate("audit.jsonl.1");
    chain.add(1);
    let all = ["audit.jsonl", "audit.jsonl.1", "audit.jsonl.2"];
    assert_eq!(chain.found_in(&all), []);
    let checked = chain.check_of(&all[..2], None);
    assert_eq!((checked.findings, checked.begins_after), (Vec::new(), Some(4)));
    let gap = chain.found_in(&["audit.jsonl", "audit.jsonl.2"]);
    assert_eq!(gap, [(1, Kind::MissingNumbers, Some((5, 8)))]);
    // The newest file has no record yet.
    chain.rotate("audit.jsonl.0");
    fs::write(chain.path("audit.jsonl"), "").unwrap();
    assert_eq!(chain.found_in(&["audit.jsonl", "audit.jsonl.0", "audit.jsonl.1", "audit.jsonl.2"]), []);
    assert_eq!(chain.found(), [(1, Kind::CutTail, Some((1, 10)))]);
}

#[test]
fn a_copy_before_an_emptying_is_checked_for_what_was_lost_between() {
    let chain = Chain::of(2);
    fs::copy(chain.path("audit.jsonl"), chain.path("audit.jsonl.1")).unwrap();
    fs::OpenOptions::new().write(true).open(chain.path("audit.jsonl")).unwrap().set_len(0).unwrap();
    chain.add(1);
    assert_eq!(chain.found_in(&["audit.jsonl", "audit.jsonl.1"]), [], "nothing was lost");
    assert_eq!(chain.found(), [(1, Kind::Copytruncated, Some((1, 4)))]);
    fs::copy(chain.path("audit.jsonl"), chain.path("audit.jsonl.2")).unwrap();
    chain.add(1);
    fs::OpenOptions::new().write(true).open(chain.path("audit.jsonl")).unwrap().set_len(0).unwrap();
    chain.add(1);
    let found = chain.found_in(&["audit.jsonl", "audit.jsonl.1", "audit.jsonl.2"]);
    assert_eq!(found, [(1, Kind::Copytruncated, Some((7, 8)))]);
}

#[test]
fn a_torn_line_and_a_lost_lock_are_named() {
    let chain = Chain::of(1);
    let text = fs::read_to_string(chain.path("audit.jsonl")).unwrap();
    fs::write(chain.path("audit.jsonl"), format!("{text}{{\"schema\"")).unwrap();
    assert_eq!(chain.found(), [(3, Kind::Torn, None)]);
    chain.add(1);
    assert_eq!(chain.found(), [(3, Kind::Torn, None)]);
    fs::remove_file(chain.path("audit.jsonl.lock")).unwrap();
    chain.add(1);
    assert_eq!(chain.found(), [(3, Kind::Torn, None), (6, Kind::LostLock, None)]);
}

#[test]
fn an_anchor_that_is_ahead_or_another_one_is_named() {
    let chain = Chain::of(2);
    let anchor = Anchor { seq: 4, short: chain.log.head().unwrap().unwrap().short() };
    let found = |anchor: &Anchor| chain.check_of(&["audit.jsonl"], Some(anchor)).findings;
    assert_eq!(found(&anchor), []);
    let ahead = Anchor { seq: 9, ..anchor.clone() };
    assert_eq!(found(&ahead)[0].numbers, Some((5, 9)));
    let other = Anchor { short: "4:other".to_owned(), ..anchor };
    assert_eq!((found(&other)[0].kind, found(&other)[0].line), (Kind::Restamped, 4));
}

#[test]
fn a_pepper_that_is_gone_is_named_once() {
    let chain = Chain::of(2);
    let other = keys(&["b"]);
    let checked = check(vec![lines_of(&other, &chain.path("audit.jsonl")).unwrap()], None, &[]);
    let found: Vec<_> = checked.findings.iter().map(|one| (one.line, one.kind)).collect();
    assert_eq!(found, [(1, Kind::UnknownPepper)]);
}
