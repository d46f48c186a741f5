//! Whose a phone is: the store's own map decides, and where it has no user, what a directory answered.

use super::PhoneState;
use crate::otp::{Owners, UserId, UsersVersion};

impl PhoneState {
    /// The users of the phone.
    #[must_use]
    pub fn user_ids(&self) -> Vec<&UserId> {
        match self.answered() {
            Some(users) => users.iter().collect(),
            None => self.users.users.iter().map(|link| &link.user).collect(),
        }
    }

    /// The user, where there is exactly one.
    #[must_use]
    pub fn only_user(&self) -> Option<&UserId> {
        match self.answered() {
            Some([user]) => Some(user),
            Some(_) => None,
            None => self.users.only(),
        }
    }

    /// Whether this user has the phone.
    #[must_use]
    pub fn has_user(&self, user: &UserId) -> bool {
        self.answered().map_or_else(|| self.users.has(user), |users| users.contains(user))
    }

    /// What a code that is made now is bound to.
    #[must_use]
    pub fn users_version(&self) -> Option<UsersVersion> {
        let map = self.users.version;
        match &self.owners {
            Owners::Answered(answer) if self.is_left_to_directories() && !answer.users.is_empty() => {
                Some(UsersVersion::of_answer(answer, map))
            }
            _ => map.map(UsersVersion::of_map),
        }
    }

    /// Whether a code that is bound to this version still is for the users of the phone. Where no directory was asked, what
    /// only a directory can say is taken to hold: nothing is accepted before they were asked.
    #[must_use]
    pub fn is_for_users(&self, version: Option<UsersVersion>) -> bool {
        match version {
            Some(UsersVersion::UNASKED) if self.is_left_to_directories() => true,
            Some(version) if version.is_of_directory() && self.is_unasked() => true,
            version => version == self.users_version(),
        }
    }

    /// Whether the directories have to be asked to know whose phone it is.
    #[must_use]
    pub fn is_unasked(&self) -> bool {
        self.owners == Owners::Unasked && self.is_left_to_directories()
    }

    /// Whether a directory has the phone for several users.
    #[must_use]
    pub fn is_shared_in_directory(&self) -> bool {
        self.answered().is_some_and(|users| users.len() > 1)
    }

    /// What a code is bound to that an application made.
    #[must_use]
    pub fn version_of_found_code(&self) -> Option<UsersVersion> {
        if self.is_unasked() { Some(UsersVersion::UNASKED) } else { self.users_version() }
    }

    /// The own map decides wherever it has a user.
    fn is_left_to_directories(&self) -> bool {
        self.users.users.is_empty()
    }

    fn answered(&self) -> Option<&[UserId]> {
        match &self.owners {
            Owners::Answered(answer) if self.is_left_to_directories() => Some(&answer.users),
            _ => None,
        }
    }
}
