//! `user show`: the phones of a user, or the users of a phone.

use serde::Serialize;

use super::{Linked, LinkedUser};
use crate::app::App;
use crate::commands::Done;
use crate::commands::target::target;
use crate::error::{Error, Exit};
use crate::otp::foreign::quoted;
use crate::otp::{Moment, UserId, reference};
use crate::output::{Human, Report, Table};

/// Show the phones of a user, or the users of a phone
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A user's id, or a number that begins with `+`, `00` or `tel:`, or a `ph_…` reference
    #[arg(value_name = "ID|PHONE")]
    whom: String,
}

#[derive(Serialize)]
struct OfUser {
    schema: &'static str,
    user: String,
    phones: Vec<Linked>,
}

#[derive(Serialize)]
struct OfPhone {
    schema: &'static str,
    phone: String,
    #[serde(rename = "ref")]
    reference: Option<String>,
    users: Vec<LinkedUser>,
}

impl Args {
    pub(super) async fn run(&self, app: &App) -> Done {
        let is_phone =
            self.whom.starts_with(['+', '＋']) || self.whom.starts_with("00") || self.whom.starts_with("tel:");
        if is_phone || reference::is_reference(&self.whom) {
            return self.phone(app).await;
        }
        let user: UserId = self.whom.parse()?;
        let mut phones = Vec::new();
        for (phone, link) in app.verifier().await?.phones_of(&user).await? {
            phones.push(Linked::new(app, &phone, false, &link).await);
        }
        if phones.is_empty() {
            let error = Error::said(Exit::NotFound, format!("the user `{user}` has no phone"));
            let number = crate::commands::target::phone(app, &self.whom).is_ok();
            let link = || format!("otpctl user link {} +…", quoted(user.as_str()));
            return Err(error.hint(if number { "for a phone, write it with its +".to_owned() } else { link() }));
        }
        Ok(Box::new(OfUser { schema: "otpctl.user/1", user: user.to_string(), phones }))
    }

    async fn phone(&self, app: &App) -> Done {
        let target = target(app, &self.whom).await?;
        let look = app.verifier().await?.look(&target.phone).await?;
        let users: Vec<LinkedUser> = look.known.users.users.into_iter().map(LinkedUser::from).collect();
        if users.is_empty() {
            return Err(target.failed(app, Error::said(Exit::NotFound, "linked to no user")));
        }
        let reference = app.reference(&target.phone).await;
        Ok(Box::new(OfPhone { schema: "otpctl.phone/1", phone: target.shown(app), reference, users }))
    }
}

fn verified(at: Option<Moment>) -> String {
    at.map_or_else(|| "never".to_owned(), Moment::to_the_second)
}

impl Report for OfUser {
    fn human(&self) -> Human {
        let mut table = Table::new(&["PHONE", "REF", "LINKED", "VERIFIED"], "");
        for linked in &self.phones {
            let reference = linked.reference.as_deref().unwrap_or("-");
            table.row([&linked.phone, reference, &linked.linked_at.to_the_second(), &verified(linked.verified_at)]);
        }
        Human::Rows(table)
    }

    fn document(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }
}

impl Report for OfPhone {
    fn human(&self) -> Human {
        let mut table = Table::new(&["USER", "LINKED", "VERIFIED"], "");
        for user in &self.users {
            table.row([user.user.as_str(), &user.linked_at.to_the_second(), &verified(user.verified_at)]);
        }
        Human::Rows(table)
    }

    fn document(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }
}
