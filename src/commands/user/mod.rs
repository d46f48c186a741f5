//! `user`: who a phone belongs to.

mod link;
mod list;
mod show;
mod unlink;

use clap::Subcommand;
use serde::Serialize;

use super::Done;
use crate::app::App;
use crate::otp::time::{rfc3339, rfc3339_or_null};
use crate::otp::user::Link;
use crate::otp::{Moment, Phone, UserId};

/// Map phones to users
///
/// Several users may share a phone, and a user may have several phones. A change kills the phone's live codes.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Link(link::Args),
    Unlink(unlink::Args),
    Show(show::Args),
    List(list::Args),
}

impl Args {
    pub(super) async fn run(&self, app: &App) -> Done {
        match &self.command {
            Command::Link(args) => args.run(app).await,
            Command::Unlink(args) => args.run(app).await,
            Command::Show(args) => args.run(app).await,
            Command::List(args) => args.run(app).await,
        }
    }
}

/// One phone of a user in a document.
#[derive(Serialize)]
struct Linked {
    phone: String,
    #[serde(rename = "ref")]
    reference: Option<String>,
    #[serde(serialize_with = "rfc3339")]
    linked_at: Moment,
    #[serde(serialize_with = "rfc3339_or_null")]
    verified_at: Option<Moment>,
}

impl Linked {
    async fn new(app: &App, phone: &Phone, typed: bool, link: &Link) -> Self {
        Self {
            phone: app.shown(phone, typed),
            reference: app.reference(phone).await,
            linked_at: link.linked_at,
            verified_at: link.verified_at,
        }
    }
}

/// One user of a phone in a document.
#[derive(Serialize)]
pub(super) struct LinkedUser {
    pub(super) user: UserId,
    #[serde(serialize_with = "rfc3339")]
    pub(super) linked_at: Moment,
    #[serde(serialize_with = "rfc3339_or_null")]
    pub(super) verified_at: Option<Moment>,
}

impl From<Link> for LinkedUser {
    fn from(link: Link) -> Self {
        Self { user: link.user, linked_at: link.linked_at, verified_at: link.verified_at }
    }
}
