//! `user move`: gives a user this phone and no other.

use serde::Serialize;

use super::directory;
use super::notice::{self, NoticeArgs, Notified, Notifier};
use super::{Linked, given, link_of, named, shared};
use crate::app::{Act, App, Confirm};
use crate::commands::CommandResult;
use crate::commands::target::{Target, TargetArg};
use crate::error::{Error, Exit};
use crate::operations::{KeptIn, OperationError};
use crate::otp::text::PhoneChange;
use crate::otp::{Hint, Phone, UserId};
use crate::output::{Human, Report};

/// Give a user this phone and no other
///
/// Links the phone, then unlinks all others of the user and cancels their live codes. If the user has just this phone,
/// nothing changes and its codes stay valid: exit 0. Both numbers work for a moment; a command that is stopped half-way
/// leaves both, and repeating it finishes the move.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The application's id of the user
    id: UserId,
    /// A phone number or a `ph_…` reference
    phone: TargetArg,
    #[command(flatten)]
    notice: NoticeArgs,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Replaced {
    user: String,
    phones: Vec<Linked>,
    /// The user had just this phone before.
    already: bool,
    unlinked: Vec<String>,
    /// Other users of the phone.
    shared_with: Vec<UserId>,
    /// Holders of the phones before who were told; `null`: nobody is.
    notified: Option<Vec<Notified>>,
    dry_run: bool,
}

impl Args {
    pub(super) async fn run(&self, app: &App) -> CommandResult {
        let user = &self.id;
        let target = given(app, &self.id, &self.phone, "move").await?;
        app.may_change(&format!("move {user} to {}", target.shown(app)), Confirm::Yes).await?;
        let act = Act::on(&target.phone).detail(user.to_string());
        let notifier = self.notice.notifier(app)?;
        let kept = app.operations().await?.kept_in(user).await.map_err(|error| target.failed(app, error))?;
        if let Some(kept) = &kept {
            return self.in_directory(app, &target, kept, act, notifier.as_ref()).await;
        }
        let ((moved, told), _) = app
            .audited(act, async |operations| {
                let moved = operations.move_to(&target.phone, user).await;
                let moved = moved.map_err(|error| failed(app, &target, user, error))?;
                let left: Vec<_> = moved.unlinked.iter().map(|phone| (phone.clone(), false)).collect();
                let told = match &notifier {
                    Some(notifier) => Some(notifier.tell(&operations, user, &left, PhoneChange::Moved).await),
                    None => None,
                };
                Ok(((moved, told), Exit::Ok))
            })
            .await?;
        let shared_with = shared(app, &target, &moved.linked.known.users, user);
        let (link, linked_before) = link_of(&moved.linked, user);
        let mut unlinked = Vec::with_capacity(moved.unlinked.len());
        for phone in &moved.unlinked {
            unlinked.push(app.display(phone, false));
        }
        Ok(Box::new(Replaced {
            user: user.to_string(),
            phones: vec![Linked::new(app, &target.phone, target.typed, &link).await],
            already: linked_before && unlinked.is_empty(),
            unlinked,
            shared_with,
            notified: told,
            dry_run: app.globals.dry_run,
        }))
    }
}

impl Args {
    /// Replaces the phone where a directory keeps it, and in the store's own map where that has the user too.
    async fn in_directory(
        &self,
        app: &App,
        target: &Target,
        kept: &KeptIn,
        act: Act<'_>,
        notifier: Option<&Notifier<'_>>,
    ) -> CommandResult {
        let user = &self.id;
        let already = kept.phones == [target.phone.clone()];
        if !already && !kept.abilities.set_phone {
            return Err(directory::elsewhere(kept, user, &target.phone, &target.argument()));
        }
        let mut left: Vec<Phone> = kept.phones.iter().filter(|phone| **phone != target.phone).cloned().collect();
        let has_own = !app.operations().await?.phones_of(user).await?.is_empty();
        let (told, _) = app
            .audited(act, async |operations| {
                if !already {
                    let set = operations.set_in(kept, user, &target.phone).await;
                    set.map_err(|error| target.failed(app, error))?;
                }
                if has_own {
                    let moved = operations.move_to(&target.phone, user).await;
                    let moved = moved.map_err(|error| failed(app, target, user, error))?;
                    left.extend(moved.unlinked.into_iter().filter(|phone| !kept.phones.contains(phone)));
                }
                let gone: Vec<_> = left.iter().map(|phone| (phone.clone(), false)).collect();
                let told = match notifier {
                    Some(notifier) => Some(notifier.tell(&operations, user, &gone, PhoneChange::Moved).await),
                    None => None,
                };
                Ok((told, Exit::Ok))
            })
            .await?;
        Ok(Box::new(Replaced {
            user: user.to_string(),
            phones: vec![Linked::kept(app, &target.phone, target.typed, &kept.directory).await],
            already: already && left.is_empty(),
            unlinked: left.iter().map(|phone| app.display(phone, false)).collect(),
            shared_with: Vec::new(),
            notified: told,
            dry_run: app.globals.dry_run,
        }))
    }
}

/// A move that stopped half-way is finished by another one.
fn failed(app: &App, target: &Target, user: &UserId, error: OperationError) -> Error {
    let again = matches!(error, OperationError::HalfDone(_));
    let error = target.failed(app, error);
    if !again {
        return error;
    }
    let again = Hint::run(&["user", "move"]).arg(user.as_str()).arg(target.argument());
    error.hint(again.because("to finish it, run it again"))
}

impl Report for Replaced {
    const SCHEMA: &str = "otpctl.user_move/1";

    fn human(&self) -> Human {
        let phones = named(&self.phones);
        if self.already {
            return Human::Text(format!("The user `{}` already has {phones} and no other phone.", self.user));
        }
        let done = if self.dry_run { "Would move" } else { "Moved" };
        let from = if self.unlinked.is_empty() { String::new() } else { format!(" from {}", self.unlinked.join(", ")) };
        let told = notice::sentence(self.notified.as_ref());
        Human::Text(format!("{done} the user `{}`{from} to {phones}.{told}", self.user))
    }

    fn hints(&self) -> Vec<Hint> {
        notice::hint(self.notified.as_ref()).into_iter().collect()
    }
}

crate::otp::schema::documents! { "otpctl.user_move/1" => Replaced }
