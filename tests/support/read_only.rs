//! The embedded store where nothing can be written: what is there is read, all of it, and every change says why it is not
//! made.
//! What its tests share.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

pub const FOLDER: &str = ".local/state/otpctl";

pub fn content(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let content = paths.map(|path| {
        let is_index = path.to_str().unwrap().ends_with("-shm");
        let bytes = if is_index || path.is_dir() { Vec::new() } else { fs::read(&path).unwrap() };
        (path, bytes)
    });
    content.collect()
}
