//! `user link`: gives a phone to a user.

use serde::Serialize;

use super::Linked;
use crate::app::{App, Asks};
use crate::commands::Done;
use crate::commands::target::{phone, phone_of};
use crate::error::{Error, Exit};
use crate::otp::user::Link;
use crate::otp::{Hint, UserId, rules};
use crate::output::{Human, Report};

/// Link a user to a phone
///
/// Kills the phone's live codes: they were issued for others.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The application's own id of the user
    id: UserId,
    /// A number or a `ph_…` reference
    phone: String,
}

#[derive(Serialize)]
struct Given {
    schema: &'static str,
    user: String,
    phones: Vec<Linked>,
    dry_run: bool,
}

impl Args {
    pub(super) async fn run(&self, app: &App) -> Done {
        let user = self.id.clone();
        let swapped = |error: Error| match phone(app, self.id.as_str()) {
            Ok(_) => error.hint(
                Hint::run(&["user", "link"]).arg(&self.phone).arg(self.id.as_str()).because("the id comes first"),
            ),
            Err(_) => error,
        };
        let target = phone_of(app, &self.phone).await.map_err(swapped)?;
        app.may_change(&format!("link {user} to {}", target.shown(app)), Asks::First).await?;
        let linked =
            app.verifier().await?.link(&target.phone, &user).await.map_err(|error| target.failed(app, error))?;
        let rules::Linked::Changed(linked_at) = linked.outcome else {
            let already = Error::said(Exit::Conflict, format!("already linked to the user `{user}`"));
            return Err(target.failed(app, already));
        };
        let link = Link { user: user.clone(), linked_at, verified_at: None };
        Ok(Box::new(Given {
            schema: "otpctl.user/1",
            user: user.to_string(),
            phones: vec![Linked::new(app, &target.phone, target.typed, &link).await],
            dry_run: app.globals.dry_run,
        }))
    }
}

impl Report for Given {
    fn human(&self) -> Human {
        let phones: Vec<&str> = self.phones.iter().map(|linked| linked.phone.as_str()).collect();
        let done = if self.dry_run { "Would link" } else { "Linked" };
        Human::Text(format!("{done} the user `{}` to {}.", self.user, phones.join(", ")))
    }

    fn document(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }
}
