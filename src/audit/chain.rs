//! Checks files of records: each record by itself (its MAC), each against the one before (its number, and the MAC that it
//! names), the last against the head and the anchor. What is wrong is named by file, line and kind.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::record::{After, Head, Keys, Parsed, Phase, parsed, short};
use crate::system::{FileError, open_lines};

/// No record is longer, in bytes; what is longer is none.
const LONGEST: usize = 64 << 10;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A line was changed, and its MAC was left.
    Edited,
    /// Records are not where they were, and those around them are.
    Deleted,
    /// The newest records are not there any more.
    CutTail,
    /// Records are in another order.
    Reordered,
    /// Lines have a MAC that was not made with the pepper.
    Restamped,
    /// A line ends in the middle.
    Torn,
    /// The file was emptied where it is, and lines may be lost with that.
    Copytruncated,
    /// Numbers between one file and the next are in neither.
    MissingNumbers,
    /// The lock file, which knows the newest record, was lost.
    LostLock,
    /// The pepper of a record is not configured, so that nobody can tell.
    UnknownPepper,
}

impl Kind {
    /// In words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Edited => "edited",
            Self::Deleted => "deleted",
            Self::CutTail => "cut tail",
            Self::Reordered => "reordered",
            Self::Restamped => "restamped",
            Self::Torn => "torn",
            Self::Copytruncated => "copytruncated",
            Self::MissingNumbers => "missing numbers",
            Self::LostLock => "lost lock",
            Self::UnknownPepper => "unknown pepper",
        }
    }
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub file: PathBuf,
    /// The line, from 1; where the file ends too early, the one that would come next.
    pub line: usize,
    pub kind: Kind,
    /// The first and the last number of the records that it is about, where they are known.
    pub numbers: Option<(u64, u64)>,
}

/// What a file has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSpan {
    pub file: PathBuf,
    pub records: usize,
    /// Its first and its last number.
    pub numbers: Option<(u64, u64)>,
}

/// A record that is known from elsewhere: its number and its short MAC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    pub seq: u64,
    /// As [`Head::short`] writes it.
    pub short: String,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checked {
    /// In the order of their records.
    pub files: Vec<FileSpan>,
    pub findings: Vec<Finding>,
    /// The numbers of intents whose command never said how it ended.
    pub open: Vec<u64>,
    /// The records before this number are in none of these files.
    pub begins_after: Option<u64>,
    /// When the newest record was written.
    pub newest_at: Option<String>,
}

/// One line of a file.
#[derive(Debug)]
struct Line {
    number: usize,
    record: Option<Parsed>,
    has_end: bool,
}

/// The lines of a file, read one by one.
#[derive(Debug)]
pub struct Lines {
    file: PathBuf,
    lines: Vec<Line>,
}

/// Reads a file.
///
/// # Errors
/// When it cannot be read.
pub fn lines_of(keys: &Keys, path: &Path) -> Result<Lines, FileError> {
    let failed = |error: io::Error| FileError::new(path, format!("cannot be read: {error}"));
    let mut reader = BufReader::new(open_lines(path)?);
    let mut lines = Vec::new();
    loop {
        let mut bytes = Vec::new();
        let (read, has_end) = read_line(&mut reader, &mut bytes).map_err(failed)?;
        if read == 0 {
            return Ok(Lines { file: path.to_owned(), lines });
        }
        lines.push(Line { number: lines.len() + 1, record: parsed(keys, &bytes), has_end });
    }
}

/// Reads a line without its end, and keeps no more of it than a record can have. How many bytes it was, and whether it
/// has an end.
fn read_line(reader: &mut impl io::BufRead, line: &mut Vec<u8>) -> io::Result<(usize, bool)> {
    let mut read = 0;
    loop {
        let buffer = reader.fill_buf()?;
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let length = end.unwrap_or(buffer.len());
        let kept = length.min(LONGEST.saturating_sub(line.len()));
        line.extend_from_slice(&buffer[..kept]);
        let used = length + usize::from(end.is_some());
        let is_over = end.is_some() || used == 0;
        reader.consume(used);
        read += used;
        if is_over {
            return Ok((read, end.is_some()));
        }
    }
}

impl Lines {
    /// Whether it begins with a record: else it is some other file.
    #[must_use]
    pub fn is_audit(&self) -> bool {
        self.lines.iter().any(|line| line.record.is_some())
    }

    fn records(&self) -> impl Iterator<Item = (&Line, &Parsed)> {
        self.lines.iter().filter_map(|line| Some((line, line.record.as_ref()?)))
    }

    fn first(&self) -> Option<u64> {
        self.records().map(|(_, record)| record.fields.seq).next()
    }

    fn span(&self) -> FileSpan {
        let numbers = self.records().map(|(_, record)| record.fields.seq);
        let numbers = self.first().zip(numbers.last());
        FileSpan { file: self.file.clone(), records: self.records().count(), numbers }
    }
}

/// Checks files of one chain. `head`: what the lock of the newest file holds. `anchors`: what was kept elsewhere.
#[must_use]
pub fn check(mut files: Vec<Lines>, head: Option<&Head>, anchors: &[Anchor]) -> Checked {
    // A file without a record is the newest: it was made by whoever rotated the one before.
    files.sort_by_key(|file| file.first().unwrap_or(u64::MAX));
    let all: BTreeSet<u64> = files.iter().flat_map(Lines::records).map(|(_, record)| record.fields.seq).collect();
    let mut check = Check { all, checked: Checked::default(), before: None, peppers: BTreeSet::new() };
    for file in &files {
        check.file(file);
    }
    if let Some(file) = files.last() {
        check.end(file, head, anchors, &files);
    }
    check.changed(&files, head);
    let mut checked = check.checked;
    checked.files = files.iter().map(Lines::span).collect();
    checked.open = open(&files);
    checked.newest_at = check.before.map(|before| before.at);
    let place = |finding: &Finding| files.iter().position(|file| file.file == finding.file);
    checked.findings.sort_by_key(|finding| (place(finding), finding.line));
    checked.findings.dedup();
    checked
}

/// The record before.
#[derive(Debug, Clone)]
struct Before {
    seq: u64,
    mac: String,
    at: String,
    /// What it says can be believed.
    is_right: bool,
}

struct Check {
    /// Every number that is in one of the files.
    all: BTreeSet<u64>,
    checked: Checked,
    before: Option<Before>,
    peppers: BTreeSet<String>,
}

impl Check {
    fn finds(&mut self, file: &Lines, line: usize, kind: Kind, numbers: Option<(u64, u64)>) {
        self.checked.findings.push(Finding { file: file.file.clone(), line, kind, numbers });
    }

    fn file(&mut self, file: &Lines) {
        let mut is_first = true;
        for (at, line) in file.lines.iter().enumerate() {
            let Some(record) = &line.record else {
                let torn =
                    !line.has_end || file.lines.get(at + 1).and_then(|next| next.record.as_ref()).is_some_and(is_torn);
                self.finds(file, line.number, if torn { Kind::Torn } else { Kind::Edited }, None);
                continue;
            };
            if !line.has_end {
                self.finds(file, line.number, Kind::Torn, Some((record.fields.seq, record.fields.seq)));
            }
            if record.is_right.is_none() && self.peppers.insert(record.fields.pepper.clone()) {
                self.finds(file, line.number, Kind::UnknownPepper, None);
            }
            if is_torn(record) && at > 0 && file.lines[at - 1].record.is_some() {
                // It had no end when the next one was written.
                self.finds(file, line.number - 1, Kind::Torn, None);
            }
            self.linked(file, line, record, is_first);
            is_first = false;
            self.before = Some(self.after(record));
        }
    }

    /// What the next record comes after. The number of a record that was changed is taken for the one that was due.
    fn after(&self, record: &Parsed) -> Before {
        let is_right = record.is_right != Some(false);
        let due = self.before.as_ref().map_or(record.fields.seq, |before| before.seq + 1);
        Before {
            seq: if is_right { record.fields.seq } else { due },
            mac: record.mac.clone(),
            at: record.fields.at.clone(),
            is_right,
        }
    }

    /// Holds a record against the one before it.
    fn linked(&mut self, file: &Lines, line: &Line, record: &Parsed, is_first: bool) {
        if record.is_right == Some(false) {
            // It is named for that, and nothing that it says can be believed.
            return;
        }
        let (seq, found) = (record.fields.seq, &record.fields.found);
        if found.after == Some(After::LostLock) {
            self.finds(file, line.number, Kind::LostLock, None);
        }
        if let Some(missing) = found.missing {
            self.finds(file, line.number, Kind::CutTail, Some(missing));
            return;
        }
        let Some(before) = self.before.clone() else {
            match found.after {
                _ if seq == 1 => {}
                Some(After::Truncation) => self.finds(file, line.number, Kind::Copytruncated, Some((1, seq - 1))),
                Some(_) => self.checked.begins_after = Some(seq - 1),
                None if seq > 1 && is_first => self.finds(file, line.number, Kind::Deleted, Some((1, seq - 1))),
                None => {}
            }
            return;
        };
        let expected = before.seq + 1;
        if seq == expected {
            if record.fields.prev != before.mac && before.is_right {
                self.finds(file, line.number, Kind::Restamped, Some((before.seq, before.seq)));
            }
            return;
        }
        if found.after == Some(After::Nothing) {
            // The chain begins anew, although there is one.
            self.finds(file, line.number, Kind::LostLock, None);
            return;
        }
        let gap = (seq > expected).then(|| (expected, seq - 1));
        let is_elsewhere = gap.is_none_or(|(from, to)| self.all.range(from..=to).next().is_some());
        let kind = match found.after {
            _ if is_elsewhere => Kind::Reordered,
            Some(After::Truncation) => Kind::Copytruncated,
            Some(_) => Kind::MissingNumbers,
            None if is_first => Kind::MissingNumbers,
            None => Kind::Deleted,
        };
        self.finds(file, line.number, kind, gap.or(Some((seq, seq))));
    }

    /// Holds the newest record against what knows of it.
    fn end(&mut self, file: &Lines, head: Option<&Head>, anchors: &[Anchor], files: &[Lines]) {
        let last = self.before.as_ref().map_or(0, |before| before.seq);
        let next = file.lines.len() + 1;
        let known = anchors.iter().map(|anchor| anchor.seq).chain(head.map(|head| head.seq));
        if let Some(known) = known.max().filter(|known| *known > last) {
            self.finds(file, next, Kind::CutTail, Some((last + 1, known)));
        }
        for (file, line, record) in records_of(files) {
            let seq = record.fields.seq;
            if anchors.iter().any(|anchor| anchor.seq == seq && anchor.short != short(seq, &record.mac)) {
                self.finds(file, line.number, Kind::Restamped, Some((seq, seq)));
            }
        }
    }

    /// Names lines whose MAC is wrong. Where what comes after them still has the MAC that stands there, it was left, and
    /// the line was edited; else both were made anew.
    fn changed(&mut self, files: &[Lines], head: Option<&Head>) {
        let records: Vec<(&Lines, &Line, &Parsed)> = records_of(files).collect();
        let mut at = 0;
        while at < records.len() {
            let length = records[at..].iter().take_while(|(.., record)| record.is_right == Some(false)).count();
            if length == 0 {
                at += 1;
                continue;
            }
            let known = match records.get(at + length) {
                Some((.., next)) => Some(next.fields.prev.as_str()),
                None => head.map(|head| head.mac.as_str()),
            };
            let was_left = known == Some(records[at + length - 1].2.mac.as_str());
            let kind = if was_left || known.is_none() { Kind::Edited } else { Kind::Restamped };
            for (file, line, record) in &records[at..at + length] {
                self.finds(file, line.number, kind, Some((record.fields.seq, record.fields.seq)));
            }
            at += length;
        }
        // The last record is right, and not the one that the lock knows.
        if let (Some((file, line, last)), Some(head)) = (records.last(), head)
            && last.fields.seq == head.seq
            && last.mac != head.mac
            && last.is_right != Some(false)
        {
            self.finds(file, line.number, Kind::Restamped, Some((head.seq, head.seq)));
        }
    }
}

fn records_of(files: &[Lines]) -> impl Iterator<Item = (&Lines, &Line, &Parsed)> {
    files.iter().flat_map(|file| file.records().map(move |(line, record)| (file, line, record)))
}

fn is_torn(record: &Parsed) -> bool {
    record.is_right != Some(false) && record.fields.found.torn
}

/// The intents without an outcome.
fn open(files: &[Lines]) -> Vec<u64> {
    let mut open: BTreeMap<u64, ()> = BTreeMap::new();
    for (.., record) in records_of(files) {
        match (record.fields.phase, record.fields.intent) {
            (Phase::Intent, _) => drop(open.insert(record.fields.seq, ())),
            (Phase::Outcome, Some(intent)) => drop(open.remove(&intent)),
            (Phase::Outcome, None) => {}
        }
    }
    open.into_keys().collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::log::Log;
    use super::super::record::tests::{entry, keys, who};
    use super::super::record::{Entry, Phase};
    use super::*;

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
            let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
            fs::write(self.path("audit.jsonl"), text).unwrap();
        }

        fn check_of(&self, names: &[&str], anchor: Option<&Anchor>) -> Checked {
            let files = names.iter().map(|name| lines_of(self.log.keys(), &self.path(name)).unwrap());
            check(
                files.collect(),
                self.log.head().unwrap().as_ref(),
                anchor.map(std::slice::from_ref).unwrap_or_default(),
            )
        }

        fn found(&self) -> Vec<(usize, Kind, Option<(u64, u64)>)> {
            self.found_in(&["audit.jsonl"])
        }

        fn found_in(&self, names: &[&str]) -> Vec<(usize, Kind, Option<(u64, u64)>)> {
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
        let chain = Chain::of(2);
        let whole = fs::read(chain.path("audit.jsonl")).unwrap();
        for at in 0..whole.len() {
            for change in [1_u8, 0x20, 0x80] {
                let mut bytes = whole.clone();
                bytes[at] ^= change;
                fs::write(chain.path("audit.jsonl"), &bytes).unwrap();
                assert!(!chain.found().is_empty(), "byte {at} of {} by {change}", whole.len());
            }
            let mut shorter = whole.clone();
            shorter.remove(at);
            fs::write(chain.path("audit.jsonl"), &shorter).unwrap();
            assert!(!chain.found().is_empty(), "without byte {at}");
            fs::write(chain.path("audit.jsonl"), &whole[..at]).unwrap();
            assert!(!chain.found().is_empty(), "cut at byte {at}");
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
}
