//! `link` and `unlink`: who a phone belongs to. Either changes the map's version, which ends the live codes.
//!
//! [`crate::otp::user`] explains how the version and the index belong together.

use std::time::Duration;

use super::{Decision, PhoneState};
use crate::otp::link_history::{LINKED, UNLINKED};
use crate::otp::user::{Link, USERS_PER_PHONE};
use crate::otp::{Event, EventKind, Moment, UserId, Users};

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Linked {
    /// The map changed, at this moment.
    Changed(Moment),
    /// It was so already, since this moment where it is a link.
    Already(Option<Moment>),
    /// The phone has as many users as it can have.
    Full,
    /// The map changed since its version was read: the index has to be written again first.
    Overtaken,
}

/// Which version the phone's map has to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    Any,
    /// The one that was read before.
    Version(Option<Moment>),
}

/// What is known of a link from another store. Nothing in it is later than the link itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Carried {
    /// Since when the pair is linked; `None`: since now.
    pub linked_at: Option<Moment>,
    /// When the phone was last shown to be in the user's hands.
    pub verified_at: Option<Moment>,
}

/// A change of the users of a phone, one of the steps of a command.
#[derive(Debug, Clone, Copy)]
pub struct Remap<'a> {
    /// Whose phone it is, or was.
    pub user: &'a UserId,
    /// Why the operator does it.
    pub reason: Option<&'a str>,
    /// The map as the command knows it.
    pub expected: Expected,
    /// The map gets a new version even if its users stay the same, so that another command between its steps starts
    /// again.
    pub disturb: bool,
    /// What a new link brings along.
    pub carried: Carried,
    /// The version that this command tried to write before, where it did not hear whether it was written.
    pub tried: Option<Moment>,
}

impl<'a> Remap<'a> {
    /// A change of whatever map there is.
    #[must_use]
    pub fn of(user: &'a UserId, reason: Option<&'a str>) -> Self {
        Self { user, reason, expected: Expected::Any, disturb: false, carried: Carried::default(), tried: None }
    }
}

/// Links a user to the phone.
#[must_use]
pub fn link(known: &PhoneState, now: Moment, asked: &Remap<'_>) -> Decision<Linked> {
    let own = asked.tried.is_some() && asked.tried == known.users.version;
    if let Some(link) = known.users.link_of(asked.user).filter(|_| own) {
        return Decision::none(Linked::Changed(link.linked_at));
    }
    if let Some(overtaken) = overtaken(known, asked) {
        return overtaken;
    }
    let mut users = known.users.clone();
    match known.users.link_of(asked.user) {
        Some(link) if asked.disturb => {
            let outcome = Linked::Already(Some(link.linked_at));
            Decision { outcome, ..changed(users, now, "relinked", asked) }
        }
        Some(link) => Decision::none(Linked::Already(Some(link.linked_at))),
        None if known.users.users.len() >= USERS_PER_PHONE => Decision::none(Linked::Full),
        None => {
            let Carried { linked_at, verified_at } = asked.carried;
            let link = Link::new(asked.user, linked_at.map_or(now, |at| at.min(now)));
            users.users.push(Link { verified_at: verified_at.map(|at| at.min(now)), ..link });
            changed(users, now, LINKED, asked)
        }
    }
}

/// Unlinks a user from the phone.
#[must_use]
pub fn unlink(known: &PhoneState, now: Moment, asked: &Remap<'_>) -> Decision<Linked> {
    let own = asked.tried.is_some() && asked.tried == known.users.version;
    if own && !known.users.has(asked.user) {
        return Decision::none(Linked::Changed(now));
    }
    if let Some(overtaken) = overtaken(known, asked) {
        return overtaken;
    }
    let mut users = known.users.clone();
    users.users.retain(|link| link.user != *asked.user);
    if users.users.len() < known.users.users.len() {
        changed(users, now, UNLINKED, asked)
    } else if asked.disturb {
        Decision { outcome: Linked::Already(None), ..changed(users, now, "link_canceled", asked) }
    } else {
        Decision::none(Linked::Already(None))
    }
}

/// Makes a link of this user that is between its steps start again; one that is there already stays.
#[must_use]
pub fn cancel_link(known: &PhoneState, now: Moment, asked: &Remap<'_>) -> Decision<Linked> {
    match known.users.link_of(asked.user) {
        Some(link) => Decision::none(Linked::Already(Some(link.linked_at))),
        None => {
            Decision { outcome: Linked::Already(None), ..changed(known.users.clone(), now, "link_canceled", asked) }
        }
    }
}

fn overtaken(known: &PhoneState, asked: &Remap<'_>) -> Option<Decision<Linked>> {
    let fits = match asked.expected {
        Expected::Any => true,
        Expected::Version(version) => version == known.users.version,
    };
    (!fits).then(|| Decision::none(Linked::Overtaken))
}

/// The version is the time of the change, and always later than the one before, whatever the clock does.
fn changed(mut users: Users, now: Moment, result: &str, asked: &Remap<'_>) -> Decision<Linked> {
    let next = users.version.map_or(now, |version| now.max(version.after(Duration::from_millis(1))));
    users.version = Some(next);
    let event = Event::new(now, EventKind::User, result);
    let event = event.detail(asked.user.as_str().to_owned()).because(asked.reason);
    Decision { record: None, users: Some(users), events: vec![event], outcome: Linked::Changed(now) }
}
