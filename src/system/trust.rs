//! Whose word a file is: who owns it, and who else may read or write it. Pure rules over what was found.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::error::{FileError, pasteable};
use crate::otp::Hint;

const ROOT: u32 = 0;
/// What the group and others may do.
pub(super) const OTHERS: u32 = 0o077;

/// Where container engines put secrets, readable by all: in a container there is nobody else.
const CONTAINER_SECRETS: &str = "/run/secrets/";

/// What a file must be, beside a regular file of a bounded size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// It decides nothing: the caller named it on the command line.
    Any,
    /// It decides where codes and keys go: ours or root's, and nobody else may write it.
    Owned,
    /// It holds a secret: as [`Self::Owned`], and nobody else may read it, save a group that root chose.
    Private,
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// The user that owns it.
    pub owner: u32,
    pub group: u32,
    /// Its permission bits.
    pub mode: u32,
}

/// Who reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    /// The effective user.
    pub user: u32,
    /// The effective group and all others.
    pub groups: Vec<u32>,
}

impl Found {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self { owner: metadata.uid(), group: metadata.gid(), mode: metadata.mode() & 0o7777 }
    }
}

impl Reader {
    /// This process.
    #[must_use]
    pub fn own() -> Self {
        let mut groups = vec![rustix::process::getegid().as_raw()];
        groups.extend(rustix::process::getgroups().unwrap_or_default().into_iter().map(rustix::fs::Gid::as_raw));
        Self { user: rustix::process::geteuid().as_raw(), groups }
    }

    fn is_root(&self) -> bool {
        self.user == ROOT
    }

    fn sudo(&self) -> &'static str {
        if self.is_root() { "" } else { "sudo " }
    }
}

impl Trust {
    /// Refuses a file that does not deserve it. `real` is where it is once every link was followed.
    ///
    /// # Errors
    /// What is wrong, with the command that fixes it.
    pub(super) fn judge(self, path: &Path, real: &Path, found: Found, reader: &Reader) -> Result<(), FileError> {
        if self == Self::Any {
            return Ok(());
        }
        owned(path, found.owner, reader)?;
        match self {
            Self::Private => {
                private(path, real, found, reader, "this file contains a secret, and others can read or write it")
            }
            _ if found.mode & 0o022 != 0 => {
                let why = "others can write this file, and so change where codes and keys go";
                Err(FileError::new(path, why).hint(Hint::shell(chmod(path, found, reader))))
            }
            _ => Ok(()),
        }
    }
}

/// Refuses a file of anybody but the reader and root.
pub(super) fn owned(path: &Path, owner: u32, reader: &Reader) -> Result<(), FileError> {
    if owner == reader.user || owner == ROOT {
        return Ok(());
    }
    let fix = if reader.is_root() { "chown root" } else { "sudo chown \"$(id -u)\"" };
    Err(FileError::new(path, "this file belongs to another user, who can change it at any time")
        .hint(Hint::shell(format!("{fix} {}", pasteable(path)))))
}

/// Refuses a file that others may read or write. A file of root's may be read by a group, which only root can give it:
/// its members share the secret (0640 root:otpctl). For root itself the group `root` is no choice, only what a file has
/// that nobody thought about. Under `/run/secrets` a file of root's may be read by all, since container engines mount
/// secrets so.
///
/// # Errors
/// When others may read or write it: `why`, with the command that fixes it.
pub fn private(path: &Path, real: &Path, found: Found, reader: &Reader, why: &str) -> Result<(), FileError> {
    let others = found.mode & OTHERS;
    let shared = found.owner == ROOT && others == 0o040 && !(reader.is_root() && found.group == ROOT);
    let mounted = found.owner == ROOT && others & 0o033 == 0 && real.starts_with(CONTAINER_SECRETS);
    if others == 0 || shared || mounted {
        return Ok(());
    }
    Err(FileError::new(path, why).hint(Hint::shell(chmod(path, found, reader))))
}

/// The line that makes a file private, and still readable by who reads it now.
fn chmod(path: &Path, found: Found, reader: &Reader) -> String {
    let (file, sudo) = (pasteable(path), reader.sudo());
    let team = found.owner == ROOT && found.group != ROOT;
    if found.owner == reader.user && !team {
        format!("chmod 600 {file}")
    } else if reader.is_root() || reader.groups.contains(&found.group) {
        format!("{sudo}chmod 640 {file}")
    } else {
        format!("{sudo}chgrp \"$(id -g)\" {file} && {sudo}chmod 640 {file}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::otp::hint::Chosen;

    const TEAM: u32 = 2000;

    fn reads(reader: (u32, &[u32]), real: &str, (owner, group, mode): (u32, u32, u32)) -> Result<(), String> {
        let reader = Reader { user: reader.0, groups: reader.1.to_vec() };
        let path = Path::new("/srv/pepper");
        let judged = Trust::Private.judge(path, Path::new(real), Found { owner, group, mode }, &reader);
        judged.map_err(|error| error.hint.map(|hint| hint.text(&Chosen::default())).unwrap_or_default())
    }

    #[test]
    fn a_secret_is_its_owners_or_of_a_group_that_root_chose() {
        let (asha, root, app) = ((1000, &[1000, TEAM][..]), (0, &[0][..]), (1000, &[0][..]));
        let at = "/srv/pepper";
        for (reader, found) in [
            (asha, (1000, 1000, 0o600)),
            (asha, (1000, 1000, 0o400)),
            (asha, (0, TEAM, 0o640)),
            (asha, (0, TEAM, 0o440)),
            // The recipe holds for root too.
            (root, (0, TEAM, 0o640)),
            (root, (0, 0, 0o600)),
            // A container that runs as a user without its own group.
            (app, (0, 0, 0o440)),
        ] {
            assert_eq!(reads(reader, at, found), Ok(()), "{found:?}");
        }
        for (reader, found, fix) in [
            (asha, (1000, 1000, 0o640), "chmod 600 /srv/pepper"),
            (asha, (1000, TEAM, 0o640), "chmod 600 /srv/pepper"),
            (asha, (0, TEAM, 0o660), "sudo chmod 640 /srv/pepper"),
            (asha, (0, TEAM, 0o644), "sudo chmod 640 /srv/pepper"),
            (asha, (0, TEAM, 0o650), "sudo chmod 640 /srv/pepper"),
            (asha, (0, 0, 0o644), "sudo chgrp \"$(id -g)\" /srv/pepper && sudo chmod 640 /srv/pepper"),
            (asha, (1001, TEAM, 0o640), "sudo chown \"$(id -u)\" /srv/pepper"),
            (root, (0, 0, 0o640), "chmod 600 /srv/pepper"),
            (root, (0, TEAM, 0o644), "chmod 640 /srv/pepper"),
            (root, (1000, TEAM, 0o600), "chown root /srv/pepper"),
        ] {
            assert_eq!(reads(reader, at, found), Err(fix.to_owned()), "{found:?}");
        }
    }

    #[test]
    fn a_secret_that_a_container_engine_mounted_may_be_read_by_all() {
        let app = (1000, &[1000][..]);
        for real in ["/run/secrets/pepper", "/run/secrets/otpctl/..2026_11_26/pepper"] {
            assert_eq!(reads(app, real, (0, 0, 0o444)), Ok(()));
            assert_eq!(reads(app, real, (0, 0, 0o644)), Ok(()));
            for found in [(0, 0, 0o666), (0, 0, 0o664), (0, 0, 0o446), (1000, 1000, 0o444), (1001, 0, 0o444)] {
                assert!(reads(app, real, found).is_err(), "{found:?}");
            }
        }
        for real in ["/run/secretsx/pepper", "/home/x/run/secrets/pepper"] {
            assert!(reads(app, real, (0, 0, 0o444)).is_err(), "{real}");
        }
    }

    #[test]
    fn a_strangers_file_is_refused() {
        for user in [0, 1000] {
            let reader = Reader { user, groups: Vec::new() };
            owned(Path::new("/srv/x"), user, &reader).unwrap();
            owned(Path::new("/srv/x"), 0, &reader).unwrap();
            assert!(owned(Path::new("/srv/x"), 1001, &reader).is_err());
        }
    }
}
