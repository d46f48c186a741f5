//! Opening what decides where secrets go: whose file it is, who else may write or read it, and how it was reached.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};

use zeroize::Zeroizing;

use super::error::{ConfigError, pasteable};
use crate::otp::Hint;

/// More is not a configuration, and not a secret.
const MAX_CONFIG: u64 = 1 << 20;
const MAX_SECRET: u64 = 64 << 10;
const ROOT: u32 = 0;
/// As many links as Linux itself follows.
const MAX_LINKS: usize = 40;

/// A text that was read with care.
pub(super) struct Careful {
    pub(super) text: Zeroizing<String>,
    /// The permission bits that the file had when it was open.
    pub(super) mode: u32,
}

/// The configuration: ours or root's, and nobody else may write it. Who may read it depends on what is in it.
pub(super) fn read_config(path: &Path) -> Result<Careful, ConfigError> {
    let (file, mode) = open(path)?;
    if mode & 0o022 != 0 {
        return Err(
            refusal(path, "others may write this file, and so decide where codes and keys go").hint(chmod(path))
        );
    }
    let text = take(path, file, MAX_CONFIG)?;
    Ok(Careful { text, mode })
}

/// A secret: ours or root's, and nobody else may read or write it.
pub(super) fn read_secret(path: &Path) -> Result<Zeroizing<String>, ConfigError> {
    let (file, mode) = open(path)?;
    private(path, mode, "this file holds a secret, and others may read or write it")?;
    take(path, file, MAX_SECRET)
}

/// What the group and others may do.
const OTHERS: u32 = 0o077;

/// Refuses any bit for the group or for others.
pub(super) fn private(path: &Path, mode: u32, why: &str) -> Result<(), ConfigError> {
    if mode & OTHERS == 0 { Ok(()) } else { Err(refusal(path, why).hint(chmod(path))) }
}

fn refusal(path: &Path, message: &str) -> ConfigError {
    ConfigError::new(message).in_file(path)
}

fn chmod(path: &Path) -> Hint {
    Hint::shell(format!("chmod 600 {}", pasteable(path)))
}

fn failed(path: &Path, error: &io::Error) -> ConfigError {
    match error.kind() {
        io::ErrorKind::NotFound => refusal(path, "there is no such file"),
        kind => refusal(path, &format!("cannot be read: {kind}")),
    }
}

/// Opens a regular file of ours or root's. What is checked is the file that is open, so that nobody can put another
/// one in its place between the check and the reading.
fn open(path: &Path) -> Result<(File, u32), ConfigError> {
    // Before the opening: a pipe or a device may block or act when it is opened.
    regular(path, &std::fs::metadata(path).map_err(|error| failed(path, &error))?)?;
    let real = follow(path)?;
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let flags = i32::try_from(flags.bits()).unwrap_or(0);
    let file = OpenOptions::new().read(true).custom_flags(flags).open(&real).map_err(|error| failed(path, &error))?;
    let found = file.metadata().map_err(|error| failed(path, &error))?;
    regular(path, &found)?;
    owned(path, found.uid(), rustix::process::geteuid().as_raw())?;
    Ok((file, found.mode()))
}

/// Refuses a file of anybody but ourselves and root.
pub(super) fn owned(path: &Path, owner: u32, own: u32) -> Result<(), ConfigError> {
    if owner == own || owner == ROOT {
        return Ok(());
    }
    let hint = if own == ROOT { "chown root" } else { "sudo chown \"$(id -u)\"" };
    Err(refusal(path, "this file belongs to another user, who may change it at any time")
        .hint(Hint::shell(format!("{hint} {}", pasteable(path)))))
}

fn regular(path: &Path, found: &Metadata) -> Result<(), ConfigError> {
    if found.is_file() { Ok(()) } else { Err(refusal(path, "this is not a regular file")) }
}

/// Follows every symbolic link on the way, and refuses those that anybody could have placed: a link in a folder that
/// all may write, such as `/tmp`, is a stranger's word.
fn follow(path: &Path) -> Result<PathBuf, ConfigError> {
    let mut real = PathBuf::new();
    let mut left: Vec<PathBuf> = vec![path.to_owned()];
    let mut links = 0;
    while let Some(part) = left.pop() {
        let mut parts = part.components();
        let Some(first) = parts.next() else { continue };
        if !parts.as_path().as_os_str().is_empty() {
            left.push(parts.as_path().to_owned());
        }
        let step = match first {
            Component::RootDir => {
                real = PathBuf::from("/");
                continue;
            }
            Component::Prefix(_) | Component::CurDir => continue,
            // Every link before it is already followed, so the folder above is the one that the system would take.
            Component::ParentDir if real.file_name().is_some() => {
                real.pop();
                continue;
            }
            Component::ParentDir | Component::Normal(_) => real.join(first),
        };
        let found = std::fs::symlink_metadata(&step).map_err(|error| failed(path, &error))?;
        if !found.is_symlink() {
            real = step;
            continue;
        }
        links += 1;
        let folder = if real.as_os_str().is_empty() { Path::new(".") } else { &real };
        let above = std::fs::metadata(folder).map_err(|error| failed(path, &error))?;
        if links > MAX_LINKS || above.mode() & 0o002 != 0 {
            return Err(refusal(path, "this leads through a symbolic link in a folder that anybody may write")
                .hint("name the file itself, in a folder that only you or root may write"));
        }
        left.push(std::fs::read_link(&step).map_err(|error| failed(path, &error))?);
    }
    Ok(real)
}

/// Reads the whole file, up to a limit, as UTF-8. The buffer is wiped whatever comes of it.
fn take(path: &Path, file: File, limit: u64) -> Result<Zeroizing<String>, ConfigError> {
    let mut text = Zeroizing::new(String::new());
    match file.take(limit + 1).read_to_string(&mut text) {
        Ok(_) if text.len() as u64 > limit => Err(refusal(path, &format!("this file is larger than {limit} bytes"))),
        Ok(_) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(refusal(path, "this file is not UTF-8 text")),
        Err(error) => Err(failed(path, &error)),
    }
}
