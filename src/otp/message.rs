//! The SMS: what a provider is given to deliver.

use super::{Code, Phone};

/// One SMS to one phone, ready to go.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// The receiver.
    pub to: &'a Phone,
    /// The whole text, for providers that take a text.
    pub text: &'a str,
    /// The code alone, for providers that hold the text themselves and take variables.
    pub code: &'a Code,
    /// `ch_…`
    pub challenge_id: &'a str,
    /// The name of the application, as the person knows it.
    pub app: &'a str,
    /// The lifetime of the code in whole minutes, rounded up.
    pub ttl_minutes: u64,
    /// What the code is for, such as `login`.
    pub purpose: &'a str,
    /// The language of the text, where one was asked for.
    pub lang: Option<&'a str>,
    /// When the code was made, RFC 3339 UTC with milliseconds.
    pub at: &'a str,
}
