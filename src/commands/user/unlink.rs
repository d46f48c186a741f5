//! `user unlink`: takes phones from a user.

use serde::Serialize;

use super::directory;
use super::notice::{self, NoticeArgs, Notified};
use crate::app::{Act, App, Confirm, Done};
use crate::commands::CommandResult;
use crate::commands::target::TargetArg;
use crate::error::{Error, Exit};
use crate::otp::text::PhoneChange;
use crate::otp::{Hint, Phone, UserId};
use crate::output::{Human, Report, plural};

/// Unlink a user from a phone, or from all of its phones
///
/// Cancels the live codes of those phones.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The application's id of the user
    id: UserId,
    /// A phone number or a `ph_…` reference [default: all of the user's phones]
    phone: Option<TargetArg>,
    #[command(flatten)]
    notice: NoticeArgs,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Taken {
    user: String,
    unlinked: Vec<String>,
    /// Holders of these phones who were told; `null`: nobody is.
    notified: Option<Vec<Notified>>,
    dry_run: bool,
}

impl Args {
    pub(super) async fn run(&self, app: &App) -> CommandResult {
        let user = self.id.clone();
        let kept = directory::kept_or_warn(app, &app.operations().await?, &user).await;
        let phones = match &self.phone {
            Some(phone) => {
                let target = phone.resolve_phone(app).await?;
                vec![(target.phone, target.typed)]
            }
            None => {
                app.operations().await?.phones_of(&user).await?.into_iter().map(|(phone, _)| (phone, false)).collect()
            }
        };
        // What a directory keeps is taken away there.
        let mut in_directory: Vec<(Phone, bool)> = Vec::new();
        if let Some(kept) = &kept {
            let typed = |phone: &Phone| phones.iter().any(|(own, typed)| own == phone && *typed);
            let wanted = |phone: &&Phone| self.phone.is_none() || phones.iter().any(|(own, _)| own == *phone);
            in_directory = kept.phones.iter().filter(wanted).map(|phone| (phone.clone(), typed(phone))).collect();
            if let Some((phone, _)) = in_directory.first().filter(|_| !kept.abilities.clear_phone) {
                return Err(directory::elsewhere(kept, &user, phone, ""));
            }
        }
        app.may_change(&format!("unlink {user} from {}", plural(phones.len(), "phone", "phones")), Confirm::Yes)
            .await?;
        let each: Vec<Phone> = phones.iter().map(|(phone, _)| phone.clone()).collect();
        let act = if let [only] = each.as_slice() { Act::on(only) } else { Act::on_many() };
        let notifier = self.notice.notifier(app)?;
        let ((done, told), _) = app
            .audited(act.detail(user.to_string()), async |operations| {
                let mut done = operations.unlink_each(&each, &user).await?;
                for (phone, _) in &in_directory {
                    if let Some(kept) = &kept {
                        operations.clear_in(kept, &user, phone).await?;
                    }
                    done.retain(|own| own != phone);
                    done.push(phone.clone());
                }
                let count = Done { exit: Exit::Ok, count: done.len() };
                let all = phones.iter().chain(in_directory.iter().filter(|one| !phones.contains(one)));
                let gone: Vec<_> = all.filter(|(phone, _)| done.contains(phone)).cloned().collect();
                let told = match &notifier {
                    Some(notifier) => Some(notifier.tell(&operations, &user, &gone, PhoneChange::Unlinked).await),
                    None => None,
                };
                Ok(((done, told), count))
            })
            .await?;
        let all = phones.iter().chain(in_directory.iter().filter(|one| !phones.contains(one)));
        let done = all.filter(|(phone, _)| done.contains(phone));
        let unlinked: Vec<String> = done.map(|(phone, typed)| app.display(phone, *typed)).collect();
        if unlinked.is_empty() {
            let first = phones.first().map(|(phone, typed)| app.display(phone, *typed));
            let whom = first.unwrap_or_else(|| "any phone".to_owned());
            return Err(Error::said(Exit::NotFound, format!("the user `{user}` is not linked to {whom}"))
                .hint(Hint::run(&["user", "show"]).arg(user.as_str())));
        }
        let (user, dry_run) = (user.to_string(), app.globals.dry_run);
        Ok(Box::new(Taken { user, unlinked, notified: told, dry_run }))
    }
}

impl Report for Taken {
    const SCHEMA: &str = "otpctl.user_unlink/1";

    fn human(&self) -> Human {
        let done = if self.dry_run { "Would unlink" } else { "Unlinked" };
        let told = notice::sentence(self.notified.as_ref());
        Human::Text(format!("{done} the user `{}` from {}.{told}", self.user, self.unlinked.join(", ")))
    }

    fn hints(&self) -> Vec<Hint> {
        notice::hint(self.notified.as_ref()).into_iter().collect()
    }
}

crate::otp::schema::documents! { "otpctl.user_unlink/1" => Taken }
