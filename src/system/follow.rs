//! Symbolic links in a path: followed one by one, and refused where anyone could have placed them.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path, PathBuf};

use super::error::FileError;
use super::trust::Reader;

/// As many links as Linux itself follows.
const MAX_LINKS: usize = 40;
const ROOT: u32 = 0;
const STICKY: u32 = 0o1000;

/// Follows every symbolic link of a path, and refuses those that anyone could have placed: a link in a folder that
/// all may write, such as `/tmp`, is a stranger's word.
pub(super) fn follow(path: &Path) -> Result<PathBuf, FileError> {
    let failed = |error: std::io::Error| FileError::failed(path, &error);
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
        let found = std::fs::symlink_metadata(&step).map_err(failed)?;
        if !found.is_symlink() {
            real = step;
            continue;
        }
        links += 1;
        let folder = if real.as_os_str().is_empty() { Path::new(".") } else { &real };
        let above = std::fs::metadata(folder).map_err(failed)?;
        let target = std::fs::read_link(&step).map_err(failed)?;
        if links > MAX_LINKS || (above.mode() & 0o002 != 0 && !is_mounted(folder, &above, &found, &target)) {
            return Err(FileError::new(path, "its path contains a symbolic link in a folder that anyone can write")
                .hint("pass the file itself, in a folder that only you or root can write"));
        }
        left.push(target);
    }
    Ok(real)
}

/// Whether a link in a folder that all may write is still the word of ourselves or root, as where Kubernetes mounts
/// secrets and configurations: `pepper -> ..data/pepper`, `..data -> ..2026_11_26`. It leads no farther than its own
/// folder, and nobody else can put another one in its place.
fn is_mounted(folder: &Path, above: &Metadata, link: &Metadata, target: &Path) -> bool {
    let user = Reader::own().user;
    let trusted = |owner: u32| owner == ROOT || owner == user;
    let inside = target.components().all(|part| matches!(part, Component::Normal(_)));
    let read_only = || {
        let mount = rustix::fs::statvfs(folder);
        mount.is_ok_and(|mount| mount.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY))
    };
    trusted(above.uid()) && trusted(link.uid()) && inside && (above.mode() & STICKY != 0 || read_only())
}
