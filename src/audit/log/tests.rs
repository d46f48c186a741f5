//! What a writer finds where its record is to go.

#![expect(clippy::disallowed_methods, reason = "a test makes its own files")]

use std::fs;

use super::super::record::tests::{entry, keys, who};
use super::*;

struct Folder {
    folder: tempfile::TempDir,
    log: Log,
}

impl Folder {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::new(&folder.path().join("audit.jsonl"), keys(&["a"]));
        Self { folder, log }
    }

    fn add(&self) -> Found {
        let who = who();
        let written = self.log.add(&entry(&who)).unwrap().unwrap();
        let read = parsed(&self.log.keys, written.line.as_bytes()).unwrap();
        assert_eq!(read.fields.seq, written.seq);
        read.fields.found
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("audit.jsonl")
    }

    fn text(&self) -> String {
        fs::read_to_string(self.path()).unwrap()
    }

    fn head(&self) -> Head {
        self.log.head().unwrap().unwrap()
    }
}

fn after(after: After) -> Found {
    Found { after: Some(after), ..Found::default() }
}

#[test]
fn records_follow_each_other() {
    let folder = Folder::new();
    assert_eq!(folder.log.head().unwrap(), None);
    assert_eq!(folder.add(), after(After::Nothing));
    assert_eq!(folder.add(), Found::default());
    assert_eq!(folder.head().seq, 2);
    let records: Vec<_> =
        folder.text().lines().map(|line| parsed(&folder.log.keys, line.as_bytes()).unwrap()).collect();
    assert_eq!(records[1].fields.prev, records[0].mac);
}

#[test]
fn a_renamed_file_and_an_emptied_one_are_told_apart() {
    let folder = Folder::new();
    folder.add();
    fs::rename(folder.path(), folder.folder.path().join("audit.jsonl.1")).unwrap();
    assert_eq!(folder.add(), after(After::Rotation));
    fs::copy(folder.path(), folder.folder.path().join("audit.jsonl.2")).unwrap();
    fs::OpenOptions::new().write(true).open(folder.path()).unwrap().set_len(0).unwrap();
    assert_eq!(folder.add(), after(After::Truncation));
    assert_eq!(folder.head().seq, 3);
}

#[test]
fn a_cut_tail_and_a_torn_one_are_said() {
    let folder = Folder::new();
    for _ in 0..4 {
        folder.add();
    }
    let text = folder.text();
    let kept: Vec<&str> = text.lines().take(2).collect();
    fs::write(folder.path(), kept.join("\n") + "\n").unwrap();
    assert_eq!(folder.add(), Found { missing: Some((3, 4)), ..Found::default() });
    fs::write(folder.path(), folder.text() + "{\"schema\":\"otpctl.au").unwrap();
    assert_eq!(folder.add(), Found { torn: true, ..Found::default() });
    assert_eq!(folder.text().lines().count(), 5, "the torn line has an end now");
    let unended = folder.text();
    fs::write(folder.path(), unended.trim_end()).unwrap();
    assert_eq!(folder.add(), Found { torn: true, ..Found::default() });
    assert_eq!(folder.head().seq, 7);
}

#[test]
fn a_process_that_dies_before_the_head_is_written_leaves_nothing_to_say() {
    let folder = Folder::new();
    folder.add();
    let lock = fs::read(folder.folder.path().join("audit.jsonl.lock")).unwrap();
    folder.add();
    fs::write(folder.folder.path().join("audit.jsonl.lock"), lock).unwrap();
    assert_eq!(folder.add(), Found::default());
    assert_eq!(folder.head().seq, 3);
}

#[test]
fn a_lost_lock_is_said() {
    let folder = Folder::new();
    folder.add();
    fs::remove_file(folder.folder.path().join("audit.jsonl.lock")).unwrap();
    assert_eq!(folder.add(), after(After::LostLock));
    assert_eq!(folder.head().seq, 2);
}

#[test]
fn who_waits_for_the_lock_is_told_so() {
    let folder = Folder::new();
    folder.add();
    let lock = Lock::open(&lock_of(&folder.path()), &folder.path()).unwrap();
    assert!(lock.take().unwrap());
    let who = who();
    assert_eq!(folder.log.add(&entry(&who)).unwrap(), None);
    drop(lock);
    folder.add();
}

#[test]
fn nothing_is_written_to_a_folder_that_is_not_there() {
    let who = who();
    let log = Log::new(Path::new("/nowhere/audit.jsonl"), keys(&["a"]));
    assert!(matches!(log.add(&entry(&who)), Err(AuditError::File(_))));
}
