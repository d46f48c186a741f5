//! What of a batch was done, in a file: a batch that is killed and started again does each line once. A line is noted on
//! the disk before its first effect, and again when it ended.

mod format;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use data_encoding::BASE32_NOPAD;
use tokio::sync::Mutex;

use self::format::{Contents, Entry, Header, Known};
use super::digest::Digest;
use crate::app::{App, OsRandom};
use crate::error::{Error, Exit};
use crate::otp::{Hint, Moment, Peppers, Randomness as _};
use crate::system::{self, FileError};

/// What is to be done with a line, as far as a checkpoint knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    /// Nothing was done.
    Nothing,
    /// It ended: it is not done again.
    Ended,
    /// It was under way, since this moment.
    UnderWay(Moment),
}

/// The checkpoint of a batch.
pub(super) struct Checkpoint {
    path: PathBuf,
    id: String,
    digest: Digest,
    known: HashMap<u64, Known>,
    /// The lock is the file's own; it is held as long as this is open. `None` in a rehearsal, which notes nothing.
    file: Option<Arc<File>>,
    /// Who waits for the disk waits here, and the first one does it for all.
    disk: Mutex<()>,
    written: Cell<u64>,
    on_disk: Cell<u64>,
    failed: RefCell<Option<String>>,
}

impl Checkpoint {
    /// Opens it, or begins a new one. `options`: what must be the same when it is continued.
    ///
    /// # Errors
    /// When another run has it, it belongs to another command, or it cannot be written.
    pub(super) async fn open(app: &App, path: &Path, options: &str) -> Result<Self, Error> {
        let peppers = app.peppers().await?;
        let failed = |error: std::io::Error| unusable(path, &error);
        let file = if app.globals.dry_run { None } else { Some(system::open_private(path).map_err(refused)?) };
        if let Some(file) = &file
            && file.try_lock().is_err()
        {
            let why = format!("{} is in use by another run", path.display());
            return Err(Error::said(Exit::Conflict, why).hint("wait until that run ends"));
        }
        let contents = read(path, file.as_ref())?;
        let command = app.globals.path.replace(' ', "-");
        let header = contents.header.clone().map_or_else(|| fresh(&command, peppers), Ok)?;
        let Some(digest) = Digest::of_pepper(peppers, &header.pepper, &header.id) else {
            let why =
                format!("{} was begun with the pepper `{}`, which is not in the file", path.display(), header.pepper);
            return Err(
                Error::said(Exit::Config, why).hint("add that pepper to [code] peppers again, or use a new file")
            );
        };
        let options = digest.of(options);
        if header.command != command || contents.length > 0 && header.options != options {
            let why = format!("{} belongs to another command, or to other options", path.display());
            return Err(
                Error::said(Exit::Usage, why).hint("repeat the command as it was, or pass another --checkpoint")
            );
        }
        let checkpoint = Self {
            path: path.to_owned(),
            id: header.id.clone(),
            digest,
            known: contents.lines,
            file: file.map(Arc::new),
            disk: Mutex::new(()),
            written: Cell::new(0),
            on_disk: Cell::new(0),
            failed: RefCell::default(),
        };
        if let Some(file) = &checkpoint.file {
            // What is torn goes, so that what follows is whole.
            file.set_len(contents.length).map_err(failed)?;
            (&**file).seek(SeekFrom::End(0)).map_err(failed)?;
            if contents.length == 0 {
                checkpoint.write(&Header { options, ..header }.text())?;
            }
            file.sync_all().map_err(failed)?;
        }
        Ok(checkpoint)
    }

    /// What makes the digests of its lines.
    pub(super) fn digest(&self) -> Digest {
        self.digest.clone()
    }

    /// The last line that it knows; 0: none.
    pub(super) fn last(&self) -> u64 {
        self.known.keys().copied().max().unwrap_or(0)
    }

    /// Whether a line is the one that was there before.
    ///
    /// # Errors
    /// When it is another.
    pub(super) fn is_same(&self, from: &Path, line: u64, digest: u64) -> Result<(), Error> {
        match self.known.get(&line) {
            Some(known) if known.digest != digest => Err(changed(from, &self.path, line)),
            _ => Ok(()),
        }
    }

    /// That the batch has fewer lines than it knows.
    pub(super) fn is_longer(&self, from: &Path) -> Error {
        changed(from, &self.path, self.last())
    }

    /// What was done of a line before.
    pub(super) fn before(&self, line: u64) -> Before {
        match self.known.get(&line) {
            None => Before::Nothing,
            Some(Known { exit: Some(exit), .. }) if is_done_again(*exit) => Before::Nothing,
            Some(Known { exit: Some(_), .. }) => Before::Ended,
            Some(Known { begun, .. }) => {
                Before::UnderWay(Moment::from_millis(begun.unwrap_or_default().saturating_mul(1000)))
            }
        }
    }

    /// The idempotency key of a line that has none of its own: the same in each run.
    pub(super) fn key(&self, line: u64) -> String {
        format!("checkpoint/{}/{line}", self.id)
    }

    /// Notes that a line begins, and waits until that is on the disk.
    ///
    /// # Errors
    /// When it cannot be noted: then it must not begin.
    pub(super) async fn begin(&self, line: u64, digest: u64, now: Moment) -> Result<(), Error> {
        let Some(file) = &self.file else { return Ok(()) };
        self.write(&Entry::Begin { line, digest, at: now.millis() / 1000 }.text())?;
        let own = self.written.get();
        let _turn = self.disk.lock().await;
        if self.on_disk.get() >= own {
            return self.usable();
        }
        // Whatever was written until now goes with it.
        let (all, file) = (self.written.get(), Arc::clone(file));
        let synced = tokio::task::spawn_blocking(move || file.sync_data()).await;
        match synced.map_err(std::io::Error::other).and_then(|synced| synced) {
            Ok(()) => {
                self.on_disk.set(all);
                Ok(())
            }
            Err(error) => {
                self.failed.borrow_mut().get_or_insert_with(|| error.to_string());
                self.usable()
            }
        }
    }

    /// Notes how a line ended. A process that is killed leaves what it wrote; only with the machine may it be lost, and then
    /// the line counts as one that was under way.
    ///
    /// # Errors
    /// When it cannot be noted.
    pub(super) fn end(&self, line: u64, digest: u64, exit: Exit) -> Result<(), Error> {
        if self.file.is_none() {
            return Ok(());
        }
        self.write(&Entry::End { line, digest, exit: exit.number() }.text())
    }

    /// A file that took a part of a line takes no other: the next would be glued to it.
    fn write(&self, text: &str) -> Result<(), Error> {
        self.usable()?;
        let Some(file) = &self.file else { return Ok(()) };
        if let Err(error) = (&**file).write_all(text.as_bytes()) {
            self.failed.borrow_mut().get_or_insert_with(|| error.to_string());
            return self.usable();
        }
        self.written.set(self.written.get() + 1);
        Ok(())
    }

    /// # Errors
    /// When something could not be written.
    fn usable(&self) -> Result<(), Error> {
        match &*self.failed.borrow() {
            None => Ok(()),
            Some(why) => Err(unusable(&self.path, why)),
        }
    }
}

/// Whether a line that ended so is sure not to be done, for a reason that may pass: it is tried again.
fn is_done_again(exit: u8) -> bool {
    use Exit::{
        AuditFailed, Config, Confirm, Locked, ProviderDown, RateLimited, Role, StoreDenied, StoreNotReady,
        StoreUnreachable,
    };
    let again = [
        Locked,
        RateLimited,
        StoreUnreachable,
        StoreDenied,
        StoreNotReady,
        ProviderDown,
        AuditFailed,
        Config,
        Role,
        Confirm,
    ];
    again.iter().any(|own| own.number() == exit)
}

/// A file that is none of ours, or that others can read.
fn refused(error: FileError) -> Error {
    let hint = error.hint.clone();
    Error { hint, ..Error::new(Exit::Usage, error) }
}

/// What is in it so far; without a file, since this is a rehearsal, what is at its path.
fn read(path: &Path, file: Option<&File>) -> Result<Contents, Error> {
    let mut bytes = Vec::new();
    let read = match file {
        Some(mut file) => file.read_to_end(&mut bytes),
        None if path.exists() => system::open_lines(path).map_err(refused)?.read_to_end(&mut bytes),
        None => Ok(0),
    };
    read.map_err(|error| unusable(path, &error))?;
    format::read(&bytes).map_err(|format::Damaged(line)| damaged(path, line))
}

/// The header of a new one.
fn fresh(command: &str, peppers: &Peppers) -> Result<Header, Error> {
    let pepper = Digest::newest(peppers).unwrap_or_default();
    Ok(Header { command: command.to_owned(), id: fresh_id()?, pepper, options: 0 })
}

fn fresh_id() -> Result<String, Error> {
    let mut bytes = [0; 15];
    OsRandom.fill(&mut bytes)?;
    Ok(BASE32_NOPAD.encode(&bytes).to_lowercase())
}

fn unusable(path: &Path, why: &dyn std::fmt::Display) -> Error {
    let why = format!("the checkpoint {} cannot be written: {why}", path.display());
    Error::said(Exit::Internal, why).hint("make room on its disk, then run the same command again")
}

fn damaged(path: &Path, line: usize) -> Error {
    let why = format!("{} is not a checkpoint, or is damaged at line {line}", path.display());
    Error::said(Exit::Usage, why).hint(Hint::words("pass another file as --checkpoint"))
}

fn changed(from: &Path, path: &Path, line: u64) -> Error {
    let why = format!("line {line} of {} is not the one that {} knows", from.display(), path.display());
    Error::said(Exit::Usage, why).hint("give the same file again, or pass a new --checkpoint for another one")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::EXITS;

    #[test]
    fn what_may_have_been_done_is_never_done_again() {
        let again: Vec<&str> =
            EXITS.iter().filter(|(exit, ..)| is_done_again(exit.number())).map(|(_, name, ..)| *name).collect();
        let expected = [
            "LOCKED",
            "RATE_LIMITED",
            "STORE_UNREACHABLE",
            "STORE_DENIED",
            "STORE_NOT_READY",
            "PROVIDER_DOWN",
            "AUDIT_FAILED",
            "CONFIG",
            "ROLE",
            "CONFIRM",
        ];
        assert_eq!(again, expected);
    }
}
