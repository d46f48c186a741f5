//! `user show`: the phones of a user, or the users of a phone.

use serde::Serialize;

use super::directory::{self, Asked};
use super::history::{self, Change, FormerUser};
use super::{Linked, LinkedUser};
use crate::app::App;
use crate::commands::CommandResult;
use crate::commands::skipped::{self, Skipped};
use crate::commands::target::{Target, TargetArg};
use crate::error::{Error, Exit};
use crate::operations;
use crate::otp::{Hint, Moment, UserId, link_history};
use crate::output::{Cell, Format, Human, Report, Table, relative, when};

/// Show the phones of a user, or the users of a phone
///
/// Who linked and unlinked what is kept for a year, and told with --history: of a phone the newest 50 changes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A user's id, a phone number, or a `ph_…` reference
    ///
    /// `user:ID` is a user's id whatever it looks like.
    #[arg(value_name = "ID|PHONE")]
    whom: TargetArg,
    /// Who linked and unlinked what, when and why
    #[arg(long)]
    history: bool,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct OfUser {
    user: String,
    phones: Vec<Linked>,
    /// Phones of which it could not be read whether they are the user's.
    skipped: Vec<Skipped>,
    /// The directories that were asked.
    directories: Vec<Asked>,
    /// The changes, the newest first; `null`: not requested.
    history: Option<Vec<Change>>,
    #[serde(skip)]
    now: Moment,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct OfPhone {
    phone: String,
    #[serde(rename = "ref")]
    reference: Option<String>,
    users: Vec<LinkedUser>,
    /// The directories that were asked.
    directories: Vec<Asked>,
    /// Who had the phone and does not have it now, who had it last first.
    former_users: Vec<FormerUser>,
    /// The changes, the newest first; `null`: not requested.
    history: Option<Vec<Change>>,
    #[serde(skip)]
    unreadable: Option<String>,
    #[serde(skip)]
    argument: String,
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
        // Whether a directory has the phone, it is asked there.
        let is_linked = !operations.snapshot(&number.phone).await?.known.users.users.is_empty()
            || (!is_user && !app.directories()?.is_empty());
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
        let operations = app.operations().await?;
        let mut phones = Vec::new();
        let (links, mut unread) = operations.readable_phones_of(user).await?;
        for (phone, link) in links {
            phones.push(Linked::new(app, &phone, false, &link).await);
        }
        let answers = operations.directories_on_user(user, directory::PATIENCE).await;
        for (answer, owned) in answers.iter().filter_map(|answer| Some((answer, answer.owned.as_ref().ok()?))) {
            for one in owned {
                phones.push(Linked::kept(app, &one.phone, false, &answer.directory).await);
            }
        }
        let directories = directory::asked(&answers);
        let mut history = None;
        if self.history {
            let (changes, unreadable) = operations.links_of_user(user).await?;
            let mut told = Vec::with_capacity(changes.len());
            for (phone, event) in changes {
                told.push(Change::new(app, &phone, false, event).await);
            }
            let is_new = |one: &operations::Skipped| !unread.iter().any(|known| known.phone == one.phone);
            let unreadable: Vec<_> = unreadable.into_iter().filter(is_new).collect();
            unread.extend(unreadable);
            history = Some(told);
        }
        let mut skipped = Vec::with_capacity(unread.len());
        for one in unread {
            skipped.push(Skipped::phone(app, &one.phone, one.error).await);
        }
        if phones.is_empty() && skipped.is_empty() && history.as_ref().is_none_or(Vec::is_empty) {
            if let Some(failure) = directory::failure(answers) {
                return Err(failure);
            }
            let error = Error::said(Exit::NotFound, format!("the user `{user}` has no phone"));
            let link = || Hint::run(&["user", "link"]).arg(user.as_str()).arg("PHONE");
            let phone = |hint: Hint| {
                let why = format!("if it is a phone, {}", hint.why());
                hint.because(why)
            };
            return Err(error.hint(number.map_or_else(link, phone)));
        }
        Ok(Box::new(OfUser { user: user.to_string(), phones, skipped, directories, history, now: app.now() }))
    }

    async fn phone(&self, app: &App, target: Target) -> CommandResult {
        let operations = app.operations().await?;
        let known = operations.snapshot(&target.phone).await?.known.users;
        let links = operations.links_of_phone(&target.phone).await?;
        let former = links.former(&known);
        let mut users: Vec<LinkedUser> = known.users.into_iter().map(LinkedUser::from).collect();
        let answers = operations.directories_on(&target.phone, directory::PATIENCE).await;
        for (answer, owned) in answers.iter().filter_map(|answer| Some((answer, answer.owned.as_ref().ok()?))) {
            users.extend(owned.iter().map(|one| LinkedUser::kept(one.user.clone(), &answer.directory)));
        }
        let directories = directory::asked(&answers);
        if users.is_empty() && (!self.history || links.changes.is_empty()) {
            if let Some(failure) = directory::failure(answers) {
                return Err(target.failed(app, failure));
            }
            return Err(target.failed(app, nobody(app, &target, former.first())));
        }
        let mut history = None;
        if self.history {
            let mut told = Vec::with_capacity(links.changes.len());
            for event in links.changes {
                told.push(Change::new(app, &target.phone, target.typed, event).await);
            }
            history = Some(told);
        }
        let reference = app.reference(&target.phone).await;
        Ok(Box::new(OfPhone {
            phone: target.shown(app),
            reference,
            users,
            directories,
            former_users: former.into_iter().map(FormerUser::from).collect(),
            history,
            unreadable: links.unreadable,
            argument: target.argument(),
            now: app.now(),
        }))
    }
}

/// A phone without a user, and who had it last.
fn nobody(app: &App, target: &Target, last: Option<&link_history::FormerUser>) -> Error {
    let Some(last) = last else { return Error::said(Exit::NotFound, "not linked to a user") };
    let at = match app.printer.format {
        Format::Human => when(last.unlinked.at, app.now()),
        Format::Json | Format::Jsonl => format!("at {}", last.unlinked.at.to_the_second()),
    };
    let why = format!("not linked to a user; it was unlinked from `{}` {at}", last.user);
    Error::said(Exit::NotFound, why).hint(Hint::run(&["user", "show"]).arg(target.argument()).flag("--history"))
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
        if let Some(changes) = &self.history {
            return Human::Rows(history::table(changes, true, self.now));
        }
        let shows = !self.directories.is_empty();
        let heads = ["PHONE", "REF", "LINKED", "VERIFIED", "SOURCE"];
        let heads = if shows { &heads[..] } else { &heads[..4] };
        let mut table = Table::new(heads, "").copied(&["REF"]).spare(&["LINKED"]);
        for linked in &self.phones {
            let reference = linked.reference.as_deref().unwrap_or("-");
            let row = [
                Cell::from(&linked.phone),
                reference.into(),
                Cell::time_or(linked.linked_at, self.now, "-"),
                Cell::time_or(linked.verified_at, self.now, "never"),
            ];
            table.row(row.into_iter().chain(shows.then(|| Cell::from(&linked.source))));
        }
        Human::Rows(table)
    }

    fn warnings(&self) -> Vec<String> {
        skipped::warnings(&self.skipped).into_iter().chain(directory::warnings(&self.directories)).collect()
    }

    fn exit(&self) -> Exit {
        if self.skipped.is_empty() { directory::exit(&self.directories) } else { Exit::Partial }
    }
}

impl Report for OfPhone {
    const SCHEMA: &str = "otpctl.phone/1";

    fn human(&self) -> Human {
        if let Some(changes) = &self.history {
            return Human::Rows(history::table(changes, false, self.now));
        }
        let shows = !self.directories.is_empty();
        let heads = ["USER", "LINKED", "VERIFIED", "SOURCE"];
        let mut table = Table::new(if shows { &heads[..] } else { &heads[..3] }, "").spare(&["LINKED"]);
        for user in &self.users {
            let row = [
                Cell::from(user.user.as_str()),
                Cell::time_or(user.linked_at, self.now, "-"),
                Cell::time_or(user.verified_at, self.now, "never"),
            ];
            table.row(row.into_iter().chain(shows.then(|| Cell::from(&user.source))));
        }
        Human::Rows(table)
    }

    fn warnings(&self) -> Vec<String> {
        let unreadable = self.unreadable.iter();
        let unreadable = unreadable.map(|why| format!("the history of this phone cannot be read: {why}"));
        unreadable.chain(directory::warnings(&self.directories)).collect()
    }

    fn exit(&self) -> Exit {
        directory::exit(&self.directories)
    }

    fn hints(&self) -> Vec<Hint> {
        let last = self.former_users.first().filter(|_| self.history.is_none());
        let hint = last.map(|last| {
            let why = format!("`{}` had this phone until {}", last.user, relative(last.unlinked_at, self.now));
            Hint::run(&["user", "show"]).arg(&self.argument).flag("--history").because(why)
        });
        hint.into_iter().collect()
    }
}

crate::otp::schema::documents! {
    "otpctl.user/1" => crate::otp::schema::tests::Either<OfUser, super::link::Given>,
    "otpctl.phone/1" => OfPhone,
}
