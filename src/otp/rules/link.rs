//! `link` and `unlink`: who a phone belongs to. Either changes the map's version, and with it kills the live codes.

use super::{Known, Step};
use crate::otp::user::{Link, USERS_PER_PHONE};
use crate::otp::{Event, EventKind, Moment, UserId, Users};

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Linked {
    /// The map changed, at this moment.
    Changed(Moment),
    /// It was so already, since this moment where it is a link.
    Already(Option<Moment>),
    /// No more users fit on one phone.
    Full,
}

/// Links a user to the phone.
#[must_use]
pub fn link(known: &Known, now: Moment, user: &UserId, reason: Option<&str>) -> Step<Linked> {
    if let Some(link) = known.users.users.iter().find(|link| link.user == *user) {
        return Step::none(Linked::Already(Some(link.linked_at)));
    }
    if known.users.users.len() >= USERS_PER_PHONE {
        return Step::none(Linked::Full);
    }
    let mut users = known.users.clone();
    users.users.push(Link { user: user.clone(), linked_at: now, verified_at: None });
    changed(users, now, "linked", user, reason)
}

/// Unlinks a user from the phone.
#[must_use]
pub fn unlink(known: &Known, now: Moment, user: &UserId, reason: Option<&str>) -> Step<Linked> {
    let mut users = known.users.clone();
    users.users.retain(|link| link.user != *user);
    if users.users.len() == known.users.users.len() {
        return Step::none(Linked::Already(None));
    }
    changed(users, now, "unlinked", user, reason)
}

/// The version is the time of the change, and always later than the one before, whatever the clock does.
fn changed(mut users: Users, now: Moment, result: &str, user: &UserId, reason: Option<&str>) -> Step<Linked> {
    let next = users.version.map_or(now, |version| now.max(Moment::from_millis(version.millis() + 1)));
    users.version = Some(next);
    let event = Event::new(now, EventKind::User, result).detail(user.as_str().to_owned()).because(reason);
    Step { record: None, users: Some(users), events: vec![event], outcome: Linked::Changed(now) }
}
