//! `move`: one phone takes the place of all others of a user.

use super::super::transact::{ROUNDS, TransactOptions};
use super::super::{Applied, OperationError, Operations};
use super::{Attach, Attached, Leaving};
use crate::otp::rules::{self, Expected, Linked, Remap};
use crate::otp::user::Mark;
use crate::otp::{Phone, UserId};

/// What a move did.
#[derive(Debug)]
pub struct Moved {
    /// What came of the new phone.
    pub linked: Applied<Linked>,
    /// The phones that the user had before.
    pub unlinked: Vec<Phone>,
}

impl Operations<'_> {
    /// Gives a user this phone and no other. The new one is linked before the old ones are unlinked: whoever kills it
    /// half-way leaves both, and the same command finishes it.
    ///
    /// # Errors
    /// When the phone has too many users, or the store fails. [`OperationError::HalfDone`] if something was done before.
    pub async fn move_to(&self, phone: &Phone, user: &UserId) -> Result<Moved, OperationError> {
        self.move_as(phone, user, &Attach::alone()).await
    }

    /// Gives a user this phone, and leaves those that it takes the place of.
    pub(super) async fn move_as(
        &self,
        phone: &Phone,
        user: &UserId,
        how: &Attach<'_>,
    ) -> Result<Moved, OperationError> {
        // The link is one of its steps, and each phone that is left another.
        self.progress.is_one_of_many();
        let Attached { applied: stepped, leaving } = self.attach(phone, user, how).await?;
        let mut unlinked = Vec::new();
        if leaving.is_empty() {
            return Ok(Moved { linked: stepped, unlinked });
        }
        let left = self.leave_all(user, &leaving, &mut unlinked).await;
        let changed = matches!(stepped.outcome, Linked::Changed(_)) || !unlinked.is_empty();
        match left {
            Ok(()) => Ok(Moved { linked: stepped, unlinked }),
            Err(error) if changed && !self.dry_run => Err(OperationError::HalfDone(Box::new(error))),
            Err(error) => Err(error),
        }
    }

    /// Unlinks the user from phones, each as long as nobody has named it since it was marked as leaving.
    async fn leave_all(
        &self,
        user: &UserId,
        leaving: &[Leaving],
        unlinked: &mut Vec<Phone>,
    ) -> Result<(), OperationError> {
        let mut rest: Vec<&Leaving> = leaving.iter().collect();
        for _ in 0..ROUNDS {
            if rest.is_empty() {
                let entries: Vec<(Phone, Option<Mark>)> =
                    leaving.iter().map(|one| (one.phone.clone(), Some(one.mark.clone()))).collect();
                if !self.dry_run {
                    self.forget(user, &entries).await;
                }
                return Ok(());
            }
            // First the versions, then the marks: whoever takes a phone over after that changes its version, and the
            // step below sees it.
            let phones: Vec<Phone> = rest.iter().map(|one| one.phone.clone()).collect();
            let sides = self.users_of(&phones).await?;
            let index = if self.dry_run { None } else { Some(self.index_of(user).await?.phones) };
            let mine = |one: &Leaving| {
                index.as_ref().is_none_or(|index| index.mark(&one.phone).is_some_and(|mark| mark.id == one.mark.id))
            };
            let mut again = Vec::new();
            for (one, side) in rest.into_iter().zip(sides).filter(|(one, _)| mine(one)) {
                let expected = Expected::Version(side.version);
                let asked = Remap { expected, disturb: one.under_way, ..self.remap(user) };
                match self.remapped(&one.phone, TransactOptions::relief(), &asked, rules::unlink).await?.outcome {
                    Linked::Changed(_) => unlinked.push(one.phone.clone()),
                    Linked::Overtaken => again.push(one),
                    Linked::Already(_) | Linked::Full => {}
                }
            }
            rest = again;
        }
        Err(OperationError::Contended)
    }
}
