//! Checks files of records: each record by itself (its MAC), each against the one before (its number, and the MAC that it
//! names), the last against the head and the anchor. What is wrong is named by file, line and kind.

use std::collections::BTreeSet;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use super::finding::{Anchor, Checked, FileSpan, Finding, Kind};
use super::record::{After, Head, Keys, Parsed, Phase, parsed, short};
use crate::system::{FileError, open_lines};

/// No record is longer, in bytes; what is longer is none.
const LONGEST: usize = 64 << 10;

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
    let lines = lines_in(keys, &mut BufReader::new(open_lines(path)?)).map_err(failed)?;
    Ok(Lines { file: path.to_owned(), lines })
}

fn lines_in(keys: &Keys, reader: &mut impl io::BufRead) -> io::Result<Vec<Line>> {
    let mut lines = Vec::new();
    loop {
        let mut bytes = Vec::new();
        let (read, has_end) = read_line(reader, &mut bytes)?;
        if read == 0 {
            return Ok(lines);
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
    let mut open: BTreeSet<u64> = BTreeSet::new();
    for (.., record) in records_of(files) {
        match (record.fields.phase, record.fields.intent) {
            (Phase::Intent, _) => drop(open.insert(record.fields.seq)),
            (Phase::Outcome, Some(intent)) => drop(open.remove(&intent)),
            (Phase::Outcome, None) => {}
        }
    }
    open.into_iter().collect()
}

#[cfg(test)]
mod tests;
