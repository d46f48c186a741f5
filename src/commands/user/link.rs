//! `user link`: gives a phone to a user.

use async_trait::async_trait;
use serde::Serialize;

use super::directory;
use super::notice::{self, NoticeArgs, Notified};
use super::{Linked as LinkedPhone, given, link_of, named, shared};
use crate::app::{Act, App, Confirm};
use crate::commands::CommandResult;
use crate::commands::batch::{BatchArgs, Column, Columns, Each, Line};
use crate::commands::target::{Target, TargetArg, required};
use crate::error::{Error, Exit};
use crate::otp::rules::Linked;
use crate::otp::{Hint, UserId};
use crate::output::{Human, Output, Report};

/// Link a user to a phone
///
/// Cancels the phone's live codes: they were issued for others. A pair that is linked already stays as it is, and so do
/// its codes: exit 0. To give a user another phone than the one before, use `user move`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The application's id of the user
    #[arg(required_unless_present = "from", conflicts_with = "from")]
    id: Option<UserId>,
    /// A phone number or a `ph_…` reference
    #[arg(required_unless_present = "from", conflicts_with = "from")]
    phone: Option<TargetArg>,
    #[command(flatten)]
    notice: NoticeArgs,
    #[command(flatten)]
    many: BatchArgs,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Given {
    user: String,
    phones: Vec<LinkedPhone>,
    /// The pair was linked before.
    already: bool,
    /// Other users of the phone.
    shared_with: Vec<UserId>,
    /// Holders of the user's other phones who were told; `null`: nobody is.
    notified: Option<Vec<Notified>>,
    dry_run: bool,
}

impl Args {
    /// Whether it is about many users.
    pub(super) fn is_batch(&self) -> bool {
        self.many.is_batch()
    }

    pub(super) async fn run<'a>(&'a self, app: &'a App) -> Result<Output<'a>, Error> {
        if let Some(many) = self.many.many(app, self).await? {
            return Ok(many);
        }
        let user = self.id.as_ref().ok_or_else(|| Error::said(Exit::Usage, "no user was named"))?;
        let phone = required(self.phone.as_ref())?;
        let target = given(app, user, phone, "link").await?;
        app.may_change(&format!("link {user} to {}", target.shown(app)), Confirm::Yes).await?;
        self.one(app, &target, user.clone()).await.map(Output::One)
    }

    async fn one(&self, app: &App, target: &Target, user: UserId) -> CommandResult {
        let act = Act::on(&target.phone).detail(user.to_string());
        let reading = app.operations().await?;
        if let Some(kept) = directory::kept_or_warn(app, &reading, &user).await {
            if !kept.phones.contains(&target.phone) {
                return Err(directory::elsewhere(&kept, &user, &target.phone, &target.argument()));
            }
            let linked = LinkedPhone::kept(app, &target.phone, target.typed, &kept.directory).await;
            let shared_with = Vec::new();
            let (user, dry_run) = (user.to_string(), app.globals.dry_run);
            let given = Given { user, phones: vec![linked], already: true, shared_with, notified: None, dry_run };
            return Ok(Box::new(given));
        }
        let notifier = self.notice.notifier(app)?;
        let ((linked, told), _) = app
            .audited(act, async |operations| {
                let linked = operations.link(&target.phone, &user).await.map_err(|error| target.failed(app, error))?;
                let told = match &notifier {
                    Some(notifier) if matches!(linked.outcome, Linked::Changed(_)) => {
                        Some(notifier.tell_others(&operations, &user, &target.phone).await)
                    }
                    notifier => notifier.as_ref().map(|_| Vec::new()),
                };
                Ok(((linked, told), Exit::Ok))
            })
            .await?;
        let shared_with = shared(app, target, &linked.known.users, &user);
        let (link, already) = link_of(&linked, &user);
        Ok(Box::new(Given {
            user: user.to_string(),
            phones: vec![LinkedPhone::new(app, &target.phone, target.typed, &link).await],
            already,
            shared_with,
            notified: told,
            dry_run: app.globals.dry_run,
        }))
    }
}

#[async_trait(?Send)]
impl Each for Args {
    fn columns(&self) -> Columns {
        Columns { more: &[Column::Reason], needed: &[Column::User] }
    }

    fn question(&self, lines: &str) -> String {
        format!("link the user to the phone of {lines}")
    }

    fn options(&self) -> Vec<(&'static str, Option<String>)> {
        Vec::new()
    }

    async fn each(&self, app: &App, target: &Target, line: &Line) -> CommandResult {
        target.is_a_phone(app).await?;
        let user = line.needed(Column::User, UserId::new)?;
        self.one(app, target, user).await
    }
}

impl Report for Given {
    const SCHEMA: &str = "otpctl.user/1";

    fn human(&self) -> Human {
        let phones = named(&self.phones);
        if self.already {
            return Human::Text(format!("The user `{}` is already linked to {phones}.", self.user));
        }
        let done = if self.dry_run { "Would link" } else { "Linked" };
        let told = notice::sentence(self.notified.as_ref());
        Human::Text(format!("{done} the user `{}` to {phones}.{told}", self.user))
    }

    fn hints(&self) -> Vec<Hint> {
        notice::hint(self.notified.as_ref()).into_iter().collect()
    }
}
