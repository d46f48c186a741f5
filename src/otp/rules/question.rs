//! Which codes of a phone a typed code is compared with: the open ones that fit the user who is asked for. Comparing,
//! counting and answering go by this one set, so a code for one user is never accepted for another.

use super::PhoneState;
use super::attempt_request::{AttemptError, AttemptRequest};
use crate::otp::record::{Challenge, PurposeState, Reason, State};
use crate::otp::{Moment, UserId};

/// A typed code, and all that decides which codes it is compared with.
#[derive(Clone, Copy)]
pub(super) struct Question<'a> {
    pub(super) known: &'a PhoneState,
    pub(super) now: Moment,
    pub(super) asked: &'a AttemptRequest<'a>,
    whom: CodeOwner<'a>,
}

/// Whose codes fit.
#[derive(Clone, Copy)]
enum CodeOwner<'a> {
    /// Anybody's, and those for nobody in particular.
    Anybody,
    /// This user's, and those for nobody in particular: the phone is proven, and the user is one of it.
    User(&'a UserId),
    /// Those that say by themselves whose they are.
    Somebody,
}

impl<'a> Question<'a> {
    pub(super) fn of(known: &'a PhoneState, now: Moment, asked: &'a AttemptRequest<'a>) -> Self {
        let whom = match asked.user {
            Some(user) => CodeOwner::User(user),
            // The phone's only user is the one whose code it is, even where the code does not say so.
            None if asked.needs_user() && known.only_user().is_none() => CodeOwner::Somebody,
            // Which of the users of a directory it is, is not guessed.
            None if known.is_shared_in_directory() => CodeOwner::Somebody,
            None => CodeOwner::Anybody,
        };
        Self { known, now, asked, whom }
    }

    /// Whether a code, valid or not, is one that the request is about.
    pub(super) fn is_about(&self, challenge: &Challenge) -> bool {
        if challenge.is_checked_elsewhere() {
            return false;
        }
        match self.whom {
            CodeOwner::Anybody => true,
            CodeOwner::User(user) => challenge.user.as_ref().is_none_or(|own| own == user),
            CodeOwner::Somebody => challenge.user.is_some(),
        }
    }

    /// Whether the code may be typed now, by whomever it is for.
    fn is_live(&self, challenge: &Challenge) -> bool {
        let is_ours = challenge.is_live(self.now) && !challenge.is_checked_elsewhere();
        is_ours && self.known.is_for_users(challenge.users_version)
    }

    /// Whether what was typed is compared with this code.
    pub(super) fn is_open(&self, challenge: &Challenge) -> bool {
        let is_linked = match self.whom {
            CodeOwner::User(user) => self.known.has_user(user),
            CodeOwner::Anybody | CodeOwner::Somebody => true,
        };
        is_linked && self.is_live(challenge) && self.is_about(challenge)
    }

    /// Whether the newest code of the purpose is one that another server checks.
    pub(super) fn is_elsewhere(purpose_state: &PurposeState) -> bool {
        let newest = purpose_state.challenges.iter().rev().find(|challenge| challenge.state != State::Failed);
        newest.is_some_and(Challenge::is_checked_elsewhere)
    }

    /// Where no code is open: the one that says why, if there is any.
    ///
    /// # Errors
    /// When others are, and the request names no user, or one that the phone does not have.
    pub(super) fn unanswered<'s>(
        &self,
        purpose_state: &'s PurposeState,
    ) -> Result<Option<&'s Challenge>, AttemptError> {
        let mut others = purpose_state.challenges.iter().filter(|challenge| self.is_live(challenge)).peekable();
        match self.whom {
            CodeOwner::User(user) if others.peek().is_some() && !self.known.has_user(user) => {
                return Err(AttemptError::NoSuchUser(user.clone()));
            }
            CodeOwner::Somebody if others.peek().is_some() => {
                let users: Vec<UserId> = self.known.user_ids().into_iter().cloned().collect();
                return Err(if users.is_empty() { AttemptError::NoUser } else { AttemptError::Ambiguous(users) });
            }
            _ => {}
        }
        // A change of the phone's users ends the codes of all of them.
        let is_remapped = |challenge: &&Challenge| {
            challenge.is_live(self.now) && !self.is_live(challenge) && !challenge.is_checked_elsewhere()
        };
        let remapped = purpose_state.challenges.iter().rev().find(is_remapped);
        if let Some(user) =
            remapped.and_then(|challenge| challenge.user.as_ref()).filter(|_| self.known.user_ids().is_empty())
        {
            return Err(AttemptError::NoSuchUser(user.clone()));
        }
        let of_question = |challenge: &&Challenge| challenge.state != State::Failed && self.is_about(challenge);
        Ok(remapped.or_else(|| purpose_state.challenges.iter().rev().find(of_question)))
    }

    /// Why a code is not open. Once it has expired, too, that its attempts were used up locks nobody out any more.
    pub(super) fn ending(&self, challenge: &Challenge) -> Reason {
        match challenge.ending(self.now, self.known.is_for_users(challenge.users_version)) {
            Some(Reason::AttemptsExhausted) if challenge.expires_at <= self.now => Reason::Expired,
            ending => ending.unwrap_or(Reason::Superseded),
        }
    }
}
