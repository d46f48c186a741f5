//! A typed code, and why it cannot be answered at all.

use crate::otp::{Code, Peppers, Phone, Purpose, UnknownKey, UserId};

/// A typed code.
#[derive(Debug, Clone, Copy)]
pub struct AttemptRequest<'a> {
    pub phone: &'a Phone,
    pub purpose: &'a Purpose,
    /// What was typed.
    pub code: &'a Code,
    /// The keys to compare with.
    pub peppers: &'a Peppers,
    /// `at_…`: the same id is the same attempt.
    pub attempt_id: &'a str,
    /// The user that it must be.
    pub user: Option<&'a UserId>,
    /// It must be some user, and only one.
    pub require_user: bool,
}

/// Why the code was not looked at. Nothing is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttemptError {
    /// The pepper of this code is not configured.
    UnknownKey(UnknownKey),
    /// The attempt id was used with another code, or for another user.
    AttemptReused,
    /// The phone has no such user, or no longer.
    NoSuchUser(UserId),
    /// The phone has no user.
    NoUser,
    /// The phone has several users, and none was named.
    Ambiguous(Vec<UserId>),
    /// The directories have to be asked whose phone it is.
    Unasked,
}
