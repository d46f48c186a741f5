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
    /// Whom an application is to be told that it was accepted.
    pub assertion: Option<AssertionRequest<'a>>,
}

/// An assertion that is to be made of an acceptance. It needs a user, whether the request says so or not.
#[derive(Debug, Clone, Copy)]
pub struct AssertionRequest<'a> {
    /// For whom.
    pub audience: &'a str,
    /// Also of a code that was not sent to the phone.
    pub allow_issued: bool,
    /// The provider that sends nothing: its codes are in the file.
    pub test_number: &'a str,
}

impl AttemptRequest<'_> {
    /// Whether it must be some user.
    pub(super) fn needs_user(&self) -> bool {
        self.require_user || self.assertion.is_some()
    }
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
    /// Another server made the newest code, and checks it.
    CheckedElsewhere,
    /// The code was not sent to the phone, so it does not show who holds it.
    NotSent,
}
