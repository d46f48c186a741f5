//! `user link`: gives a phone to a user.

use serde::Serialize;

use super::{Linked, given, link_of, named, shared};
use crate::app::{Act, App, Confirm};
use crate::commands::CommandResult;
use crate::commands::target::TargetArg;
use crate::error::Exit;
use crate::otp::UserId;
use crate::output::{Human, Report};

/// Link a user to a phone
///
/// Cancels the phone's live codes: they were issued for others. A pair that is linked already stays as it is, and so do
/// its codes: exit 0. To give a user another phone than the one before, use `user move`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The application's id of the user
    id: UserId,
    /// A phone number or a `ph_…` reference
    phone: TargetArg,
}

#[derive(Serialize)]
struct Given {
    user: String,
    phones: Vec<Linked>,
    /// The pair was linked before.
    already: bool,
    /// Other users of the phone.
    shared_with: Vec<UserId>,
    dry_run: bool,
}

impl Args {
    pub(super) async fn run(&self, app: &App) -> CommandResult {
        let user = self.id.clone();
        let target = given(app, &self.id, &self.phone, "link").await?;
        app.may_change(&format!("link {user} to {}", target.shown(app)), Confirm::Yes).await?;
        let act = Act::on(&target.phone).detail(user.to_string());
        let (linked, _) = app
            .audited(act, async |operations| {
                let linked = operations.link(&target.phone, &user).await;
                linked.map(|linked| (linked, Exit::Ok)).map_err(|error| target.failed(app, error))
            })
            .await?;
        let shared_with = shared(app, &target, &linked.known.users, &user);
        let (link, already) = link_of(&linked, &user);
        Ok(Box::new(Given {
            user: user.to_string(),
            phones: vec![Linked::new(app, &target.phone, target.typed, &link).await],
            already,
            shared_with,
            dry_run: app.globals.dry_run,
        }))
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
        Human::Text(format!("{done} the user `{}` to {phones}.", self.user))
    }
}
