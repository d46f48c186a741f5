//! Which codes of a phone a typed code is compared with: the open ones that fit the user who is asked for. Comparing,
//! counting and answering go by this one set, so a code for one user is never accepted for another.

use super::Known;
use super::attempt::{Asked, TryRefused};
use crate::otp::record::{Challenge, Reason, Slot, State};
use crate::otp::{Moment, UserId};

/// A typed code, and all that decides which codes it is compared with.
#[derive(Clone, Copy)]
pub(super) struct Question<'a> {
    pub(super) known: &'a Known,
    pub(super) now: Moment,
    pub(super) asked: &'a Asked<'a>,
    whom: Whom<'a>,
}

/// Whose codes fit.
#[derive(Clone, Copy)]
enum Whom<'a> {
    /// Anybody's, and those for nobody in particular.
    Anybody,
    /// This user's, and those for nobody in particular: the phone is proven, and the user is one of it.
    User(&'a UserId),
    /// Those that say by themselves whose they are.
    Somebody,
}

impl<'a> Question<'a> {
    pub(super) fn of(known: &'a Known, now: Moment, asked: &'a Asked<'a>) -> Self {
        let whom = match asked.user {
            Some(user) => Whom::User(user),
            // The phone's only user is the one whose code it is, even where the code does not say so.
            None if asked.require_user && known.users.only().is_none() => Whom::Somebody,
            None => Whom::Anybody,
        };
        Self { known, now, asked, whom }
    }

    /// Whether a code, dead or alive, is one that is asked for.
    pub(super) fn is_about(&self, challenge: &Challenge) -> bool {
        match self.whom {
            Whom::Anybody => true,
            Whom::User(user) => challenge.user.as_ref().is_none_or(|own| own == user),
            Whom::Somebody => challenge.user.is_some(),
        }
    }

    /// Whether the code may be typed now, by whomever it is for.
    fn is_live(&self, challenge: &Challenge) -> bool {
        challenge.is_live(self.now) && challenge.mapping == self.known.users.version
    }

    /// Whether what was typed is compared with this code.
    pub(super) fn is_open(&self, challenge: &Challenge) -> bool {
        let is_linked = match self.whom {
            Whom::User(user) => self.known.users.has(user),
            Whom::Anybody | Whom::Somebody => true,
        };
        is_linked && self.is_live(challenge) && self.is_about(challenge)
    }

    /// Where no code is open: the one that says why, if there is any.
    ///
    /// # Errors
    /// When others are, and the question does not say for whom, or names a user that the phone does not have.
    pub(super) fn unanswered<'s>(&self, slot: &'s Slot) -> Result<Option<&'s Challenge>, TryRefused> {
        let mut others = slot.challenges.iter().filter(|challenge| self.is_live(challenge)).peekable();
        match self.whom {
            Whom::User(user) if others.peek().is_some() && !self.known.users.has(user) => {
                return Err(TryRefused::NoSuchUser(user.clone()));
            }
            Whom::Somebody if others.peek().is_some() => {
                let users: Vec<UserId> = self.known.users.users.iter().map(|link| link.user.clone()).collect();
                return Err(if users.is_empty() { TryRefused::NoUser } else { TryRefused::Ambiguous(users) });
            }
            _ => {}
        }
        // A change of the phone's users ends the codes of all of them.
        let is_remapped = |challenge: &&Challenge| challenge.is_live(self.now) && !self.is_live(challenge);
        let remapped = slot.challenges.iter().rev().find(is_remapped);
        if let Some(user) =
            remapped.and_then(|challenge| challenge.user.as_ref()).filter(|_| self.known.users.users.is_empty())
        {
            return Err(TryRefused::NoSuchUser(user.clone()));
        }
        let of_question = |challenge: &&Challenge| challenge.state != State::Failed && self.is_about(challenge);
        Ok(remapped.or_else(|| slot.challenges.iter().rev().find(of_question)))
    }

    /// Why a code is not open.
    pub(super) fn ending(&self, challenge: &Challenge) -> Reason {
        match challenge.state {
            State::Used => Reason::Used,
            State::Revoked => Reason::Revoked,
            State::Superseded => Reason::Superseded,
            State::Exhausted if challenge.expires_at > self.now => Reason::AttemptsExhausted,
            _ if challenge.is_live(self.now) => Reason::Superseded,
            _ => Reason::Expired,
        }
    }
}
