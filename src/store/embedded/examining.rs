//! What the file says of itself, and whether it would take a change. Nothing is made to find out.

use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::sqlite::classify;
use super::{Inner, alone, opening};
use crate::store::{FileFacts, Health, StoreError};
use crate::system::{is_writable, open_private};

impl Inner {
    pub(super) fn examine(&self) -> Health {
        let path = self.path.clone();
        let folder = standing(&path);
        let disk = folder.and_then(|folder| rustix::fs::statvfs(folder).ok());
        let mode = path.parent().and_then(|folder| std::fs::metadata(folder).ok());
        Health {
            app_reads: None,
            rights: None,
            adding: None,
            commits: self.takes_changes(),
            servers: Ok(Vec::new()),
            absent: Vec::new(),
            file: Some(FileFacts {
                size: std::fs::metadata(&path).ok().map(|file| file.len()),
                free: disk.map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize)),
                folder_mode: mode.map(|folder| folder.permissions().mode()),
                path,
            }),
        }
    }

    /// Whether a change could be committed now.
    fn takes_changes(&self) -> Result<(), StoreError> {
        let path = &self.path;
        // The first change makes what is missing.
        let Ok(real) = path.canonicalize() else {
            return standing(path).map_or(Ok(()), |folder| opening::writable(&folder.join("otpctl.db")));
        };
        opening::writable(&real)?;
        for file in [real.clone(), real.with_extension("lock")] {
            if file.exists() && !is_writable(&file) {
                return Err(opening::unwritable(&file, ErrorKind::PermissionDenied, &""));
            }
        }
        let lock = real.with_extension("lock");
        let lock = if lock.exists() { Some(open_private(&lock)) } else { None };
        let lock = lock.transpose().map_err(|error| opening::unsafe_file(&error))?;
        self.read(|connection, _| rehearsed(connection, lock.as_ref()))
    }
}

/// The nearest folder of a path that is there.
fn standing(path: &Path) -> Option<&Path> {
    path.ancestors().skip(1).find(|folder| folder.exists())
}

/// Takes the locks of a commit, and gives them back.
fn rehearsed(connection: &mut Connection, lock: Option<&File>) -> Result<(), StoreError> {
    let mut begin = || {
        let begun = connection.transaction_with_behavior(TransactionBehavior::Immediate);
        begun.and_then(rusqlite::Transaction::rollback).map_err(|error| classify(&error))
    };
    match lock {
        Some(lock) => alone(lock, begin),
        None => begin(),
    }
}
