//! Tests of the configuration, each kind in its file; here is what they share.

#![expect(clippy::disallowed_methods, reason = "a test makes its own files")]

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::locate::{Located, Origin};
use super::{ConfigError, Env, Fetch, Settings, load};
use crate::system::FilePath;

mod check;
mod example;
mod files;
mod hostile;
mod location;
mod refusals;
mod secrecy;
mod values;

/// A new folder that nobody else can write.
pub(super) fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// Writes a file with these permissions, whatever the umask.
pub(super) fn write(path: &Path, text: &str, mode: u32) {
    std::fs::write(path, text).expect("writes the file");
    chmod(path, mode);
}

pub(super) fn chmod(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("sets the permissions");
}

/// What secrets are fetched with: nothing here takes long.
pub(super) fn fetch(env: &Env) -> Fetch<'_> {
    Fetch { env, end: tokio::time::Instant::now() + std::time::Duration::from_secs(30) }
}

pub(super) fn file(path: &Path) -> FilePath {
    FilePath::absolute(path).expect("an absolute path")
}

pub(super) fn home() -> Env {
    [("HOME", "/home/you")].into_iter().collect()
}

pub(super) fn located(path: Option<PathBuf>) -> Located {
    Located { named: path.is_some(), path, origin: Origin::Flag, tried: Vec::new(), ignored_profile: None }
}

/// Loads a text as a file that only we can read.
pub(super) fn load_text(text: &str) -> Result<Settings, ConfigError> {
    let folder = folder();
    let path = folder.path().join("otpctl.toml");
    write(&path, text, 0o600);
    load(&located(Some(path)), &home())
}

/// What holds without a file.
pub(super) fn defaults() -> Settings {
    load(&located(None), &home()).expect("the defaults")
}
