//! `user show`: the phones of a user, or the users of a phone.

use serde::Serialize;

use super::{Linked, LinkedUser};
use crate::app::App;
use crate::commands::CommandResult;
use crate::commands::skipped::{self, Skipped};
use crate::commands::target::{Target, TargetArg};
use crate::error::{Error, Exit};
use crate::otp::{Hint, Moment, UserId};
use crate::output::{Cell, Human, Report, Table};

/// Show the phones of a user, or the users of a phone
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A user's id, a phone number, or a `ph_…` reference
    ///
    /// `user:ID` is a user's id whatever it looks like.
    #[arg(value_name = "ID|PHONE")]
    whom: TargetArg,
}

#[derive(Serialize)]
struct OfUser {
    user: String,
    phones: Vec<Linked>,
    /// Phones of which it could not be read whether they are the user's.
    skipped: Vec<Skipped>,
    #[serde(skip)]
    now: Moment,
}

#[derive(Serialize)]
struct OfPhone {
    phone: String,
    #[serde(rename = "ref")]
    reference: Option<String>,
    users: Vec<LinkedUser>,
    #[serde(skip)]
    now: Moment,
}

impl Args {
    pub(super) async fn run(&self, app: &App) -> CommandResult {
        let text = match &self.whom {
            TargetArg::User(user) => return self.user(app, user, None).await,
            TargetArg::Number(text) if !is_international(text) => text,
            phone => return self.phone(app, phone.resolve(app).await?).await,
        };
        // Anything else is a user's id, and may be a phone as it is dialed at home too.
        let user: UserId = text.parse()?;
        let number = match self.whom.resolve(app).await {
            Ok(number) => number,
            // Digits alone may be meant as a phone; which one is not guessed.
            Err(error) => return self.user(app, &user, error.hint.filter(|_| is_digits(text))).await,
        };
        let operations = app.operations().await?;
        let is_user = !operations.phones_of(&user).await?.is_empty();
        let is_linked = !operations.snapshot(&number.phone).await?.known.users.users.is_empty();
        match (is_user, is_linked) {
            (true, false) => self.user(app, &user, None).await,
            (false, true) => self.phone(app, number).await,
            (true, true) => {
                let why = format!("`{user}` is a user and also a linked phone");
                let mut error = Error::said(Exit::Conflict, why).hint("name one of them");
                error.details.candidates = vec![format!("user:{user}"), number.shown(app)];
                Err(error)
            }
            (false, false) => {
                let number = number.shown(app);
                let why = format!("no user `{user}` has a phone, and {number} is not linked to a user");
                Err(Error::said(Exit::NotFound, why).hint(Hint::run(&["user", "link"]).arg("ID").arg(&number)))
            }
        }
    }

    /// The phones of a user. `number`: what to do if a phone was meant.
    async fn user(&self, app: &App, user: &UserId, number: Option<Hint>) -> CommandResult {
        let mut phones = Vec::new();
        let (links, unread) = app.operations().await?.readable_phones_of(user).await?;
        for (phone, link) in links {
            phones.push(Linked::new(app, &phone, false, &link).await);
        }
        let mut skipped = Vec::with_capacity(unread.len());
        for one in unread {
            skipped.push(Skipped::phone(app, &one.phone, one.error).await);
        }
        if phones.is_empty() && skipped.is_empty() {
            let error = Error::said(Exit::NotFound, format!("the user `{user}` has no phone"));
            let link = || Hint::run(&["user", "link"]).arg(user.as_str()).arg("PHONE");
            let phone = |hint: Hint| {
                let why = format!("if it is a phone, {}", hint.why());
                hint.because(why)
            };
            return Err(error.hint(number.map_or_else(link, phone)));
        }
        Ok(Box::new(OfUser { user: user.to_string(), phones, skipped, now: app.now() }))
    }

    async fn phone(&self, app: &App, target: Target) -> CommandResult {
        let snapshot = app.operations().await?.snapshot(&target.phone).await?;
        let users: Vec<LinkedUser> = snapshot.known.users.users.into_iter().map(LinkedUser::from).collect();
        if users.is_empty() {
            return Err(target.failed(app, Error::said(Exit::NotFound, "not linked to a user")));
        }
        let reference = app.reference(&target.phone).await;
        Ok(Box::new(OfPhone { phone: target.shown(app), reference, users, now: app.now() }))
    }
}

/// Whether a text is a number with its country, and so no user's id.
fn is_international(text: &str) -> bool {
    text.starts_with(['+', '＋']) || text.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("tel:"))
}

fn is_digits(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_digit() || matches!(c, ' ' | '-' | '.' | '(' | ')'))
}

impl Report for OfUser {
    const SCHEMA: &str = "otpctl.user/1";

    fn human(&self) -> Human {
        let mut table = Table::new(&["PHONE", "REF", "LINKED", "VERIFIED"], "").copied(&["REF"]).spare(&["LINKED"]);
        for linked in &self.phones {
            let reference = linked.reference.as_deref().unwrap_or("-");
            table.row([
                Cell::from(&linked.phone),
                reference.into(),
                Cell::time(linked.linked_at, self.now),
                Cell::time_or(linked.verified_at, self.now, "never"),
            ]);
        }
        Human::Rows(table)
    }

    fn warnings(&self) -> Vec<String> {
        skipped::warnings(&self.skipped)
    }

    fn exit(&self) -> Exit {
        skipped::exit(&self.skipped)
    }
}

impl Report for OfPhone {
    const SCHEMA: &str = "otpctl.phone/1";

    fn human(&self) -> Human {
        let mut table = Table::new(&["USER", "LINKED", "VERIFIED"], "").spare(&["LINKED"]);
        for user in &self.users {
            table.row([
                Cell::from(user.user.as_str()),
                Cell::time(user.linked_at, self.now),
                Cell::time_or(user.verified_at, self.now, "never"),
            ]);
        }
        Human::Rows(table)
    }
}
