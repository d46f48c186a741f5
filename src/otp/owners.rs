//! Whose phone it is where the store's own map does not say: the answer of a directory, and the version that binds a code
//! to the users of its phone.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Moment, UserId};

/// What the directories are known to say of a phone. They are asked only where the store's own map has no user for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Owners {
    /// The file names no directory.
    #[default]
    NoDirectory,
    /// Nobody has asked them yet.
    Unasked,
    /// The first that has the phone answered; without users: none of them has it.
    Answered(DirectoryUsers),
}

/// The users that a directory has for a phone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DirectoryUsers {
    /// The name of the directory in the file; empty where none has the phone.
    pub directory: String,
    /// In the order of their ids, each once.
    pub users: Vec<UserId>,
}

impl DirectoryUsers {
    /// Sorts the users, and drops repetitions: the same answer in another order is the same answer.
    #[must_use]
    pub fn new(directory: &str, mut users: Vec<UserId>) -> Self {
        users.sort();
        users.dedup();
        let directory = if users.is_empty() { String::new() } else { directory.to_owned() };
        Self { directory, users }
    }
}

/// What a code is bound to beside its phone: the users that the phone had when the code was made. A phone that has others
/// now has another version, and none of its older codes is accepted.
///
/// Of the store's own map it is the time of its last change. Of a directory's answer it is a digest, which is negative, so
/// that the two are never taken for each other, and a version of otpctl that knows no directories accepts no such code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UsersVersion(i64);

impl UsersVersion {
    /// Of a code that an application made, found while no directory was asked: it is bound to no answer.
    pub const UNASKED: Self = Self(i64::MIN);

    /// The version of the store's own map.
    #[must_use]
    pub const fn of_map(changed: Moment) -> Self {
        Self(changed.millis())
    }

    /// The digest of a directory's answer. The version of the own map is part of it: a phone that was linked meanwhile, and
    /// unlinked again, has changed hands twice.
    #[must_use]
    pub fn of_answer(answer: &DirectoryUsers, map: Option<Moment>) -> Self {
        let mut hash = Sha256::new();
        let mut part = |bytes: &[u8]| {
            hash.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(bytes);
        };
        part(b"otpctl-users/1");
        part(&map.map_or(0, Moment::millis).to_be_bytes());
        part(answer.directory.as_bytes());
        answer.users.iter().for_each(|user| part(user.as_str().as_bytes()));
        let digest = hash.finalize();
        let mut eight = [0_u8; 8];
        eight.copy_from_slice(&digest[..8]);
        // The smallest number of all is taken.
        let digest = i64::from_be_bytes(eight) | i64::MIN;
        Self(digest.max(i64::MIN + 1))
    }

    /// Whether only the directories can say that it still holds.
    #[must_use]
    pub const fn is_of_directory(self) -> bool {
        self.0 < 0
    }

    /// The number, for the MAC that it is part of.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(directory: &str, users: &[&str]) -> DirectoryUsers {
        DirectoryUsers::new(directory, users.iter().map(|user| UserId::new(user).unwrap()).collect())
    }

    #[test]
    fn the_same_users_have_the_same_version_and_others_have_another() {
        let version = |answer: &DirectoryUsers| UsersVersion::of_answer(answer, None);
        let asha = version(&answer("frappe", &["asha"]));
        assert_eq!(asha, version(&answer("frappe", &["asha", "asha"])));
        assert_eq!(version(&answer("frappe", &["a", "b"])), version(&answer("frappe", &["b", "a"])));
        for other in [answer("frappe", &["ravi"]), answer("accounts", &["asha"]), answer("frappe", &["asha", "ravi"])] {
            assert_ne!(asha, version(&other));
        }
        // No two lists of names are the same bytes.
        assert_ne!(version(&answer("frappe", &["ab", "c"])), version(&answer("frappe", &["a", "bc"])));
        assert_ne!(asha, UsersVersion::of_answer(&answer("frappe", &["asha"]), Some(Moment::from_millis(1))));
    }

    #[test]
    fn a_digest_is_never_the_time_of_a_change() {
        assert!(UsersVersion::of_answer(&answer("frappe", &["asha"]), None).is_of_directory());
        assert!(UsersVersion::UNASKED.is_of_directory());
        assert!(!UsersVersion::of_map(Moment::from_millis(1_790_000_000_000)).is_of_directory());
    }

    #[test]
    fn nobody_is_nobody_in_every_directory() {
        assert_eq!(answer("frappe", &[]), answer("accounts", &[]));
    }
}
