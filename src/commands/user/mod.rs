//! `user`: who a phone belongs to.

mod comparing;
mod directory;
mod export;
mod history;
mod import;
mod link;
mod list;
#[path = "move.rs"]
mod moving;
mod notice;
mod pairs;
mod show;
mod unlink;
mod walk;

use serde::Serialize;

pub(super) use self::history::FormerUser;

use super::target::{Target, TargetArg, phone};
use crate::app::App;
use crate::error::Error;
use crate::operations::Applied;
use crate::otp::time::rfc3339_or_null;
use crate::otp::user::{Link, Users};
use crate::otp::{Hint, Moment, Phone, UserId, rules};

group! {
    /// Link users to phones
    ///
    /// Several users may share a phone, and a user may have several phones. A change cancels the phone's live codes.
    pub struct Args;

    Link "link" link.await ["user link u_1 +919876543210", "user link u_2 '+91 98765 43210'"];
    Unlink "unlink" unlink.await ["user unlink u_2 +919876543210", "user unlink u_3"];
    Move "move" moving.await ["user move u_1 +919876543210", "user move u_1 +919876543211 --dry-run"];
    Show "show" show.await ["user show u_1", "user show +919876543210 --history"];
    List "list" list.await ["user list", "user list --limit 0 -o jsonl"];
    Import "import" import.await ["user import users.csv --dry-run", "user import - < users.csv"];
    Export "export" export.await ["user export --unmask > users.csv", "user export -o jsonl"];
}

/// The link that a change made or found, and whether it was there before.
fn link_of(linked: &Applied<rules::Linked>, user: &UserId) -> (Link, bool) {
    let linked_at = match linked.outcome {
        rules::Linked::Changed(at) | rules::Linked::Already(Some(at)) => at,
        rules::Linked::Already(None) | rules::Linked::Full | rules::Linked::Overtaken => linked.now,
    };
    let known = linked.known.users.link_of(user).cloned();
    let link = known.unwrap_or_else(|| Link::new(user, linked_at));
    (link, matches!(linked.outcome, rules::Linked::Already(_)))
}

impl Args {
    /// Whether it is about many users.
    pub(super) fn is_batch(&self) -> bool {
        match &self.command {
            Command::Import(_) | Command::Export(_) => true,
            Command::List(args) => args.is_endless(),
            Command::Link(args) => args.is_batch(),
            _ => false,
        }
    }
}

/// An application may use numbers as ids, and those that nobody typed are masked.
fn shown_user(app: &App, user: &UserId) -> String {
    match phone(app, user.as_str()) {
        Ok(number) => app.display(&number, false),
        Err(_) => user.to_string(),
    }
}

/// The other users of a phone, and a warning where there are some: whoever has the phone can log in as one of them.
fn shared(app: &App, target: &Target, users: &Users, user: &UserId) -> Vec<UserId> {
    let others: Vec<UserId> =
        users.users.iter().filter(|link| link.user != *user).map(|link| link.user.clone()).collect();
    if !others.is_empty() {
        let names = others.iter().map(|user| format!("`{}`", shown_user(app, user))).collect::<Vec<_>>().join(", ");
        app.printer.warning(&format!("{} is also linked to {names}", target.shown(app)));
    }
    others
}

/// Tells whoever typed the number first.
fn swapped(app: &App, id: &UserId, typed: &TargetArg, verb: &str, error: Error) -> Error {
    match phone(app, id.as_str()) {
        Ok(_) => {
            error.hint(Hint::run(&["user", verb]).arg(typed.to_string()).arg(id.as_str()).because("the id comes first"))
        }
        Err(_) => error,
    }
}

/// The phone that `link` and `move` are given.
///
/// # Errors
/// When there is none; the two arguments may have been swapped.
async fn given(app: &App, id: &UserId, phone: &TargetArg, verb: &str) -> Result<Target, Error> {
    phone.resolve_phone(app).await.map_err(|error| swapped(app, id, phone, verb, error))
}

/// These phones in a sentence.
fn named(phones: &[Linked]) -> String {
    phones.iter().map(|linked| linked.phone.as_str()).collect::<Vec<_>>().join(", ")
}

/// One phone of a user in a document.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Linked {
    phone: String,
    #[serde(rename = "ref")]
    reference: Option<String>,
    /// `null`: a directory keeps it, which does not say.
    #[serde(serialize_with = "rfc3339_or_null")]
    linked_at: Option<Moment>,
    #[serde(serialize_with = "rfc3339_or_null")]
    verified_at: Option<Moment>,
    /// `store`, or the name of a directory.
    source: String,
}

impl Linked {
    /// One that a directory keeps.
    async fn kept(app: &App, phone: &Phone, typed: bool, directory: &str) -> Self {
        let (shown, reference) = (app.display(phone, typed), app.reference(phone).await);
        Self { phone: shown, reference, linked_at: None, verified_at: None, source: directory.to_owned() }
    }

    async fn new(app: &App, phone: &Phone, typed: bool, link: &Link) -> Self {
        Self {
            phone: app.display(phone, typed),
            reference: app.reference(phone).await,
            linked_at: Some(link.linked_at),
            verified_at: link.verified_at,
            source: directory::STORE.to_owned(),
        }
    }
}

/// One user of a phone in a document.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct LinkedUser {
    pub(super) user: UserId,
    /// `null`: a directory has it, which does not say.
    #[serde(serialize_with = "rfc3339_or_null")]
    pub(super) linked_at: Option<Moment>,
    #[serde(serialize_with = "rfc3339_or_null")]
    pub(super) verified_at: Option<Moment>,
    /// `store`, or the name of a directory.
    pub(super) source: String,
}

impl LinkedUser {
    /// One that a directory has.
    fn kept(user: UserId, directory: &str) -> Self {
        Self { user, linked_at: None, verified_at: None, source: directory.to_owned() }
    }
}

impl From<Link> for LinkedUser {
    fn from(link: Link) -> Self {
        let (linked_at, source) = (Some(link.linked_at), directory::STORE.to_owned());
        Self { user: link.user, linked_at, verified_at: link.verified_at, source }
    }
}
