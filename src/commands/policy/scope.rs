//! What an entry is about, as it is typed: a phone in any form, the first digits of numbers, or a country.

use std::str::FromStr;

use crate::app::{Act, App};
use crate::commands::target::{Target, TargetArg, TargetError};
use crate::error::{Error, Exit};
use crate::otp::policy_entry::Scope;
use crate::otp::{Country, CountryError, Hint, Prefix, PrefixError};

/// What was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ScopeArg {
    Country(Country),
    /// A phone, or a prefix: the file says how a national number is read.
    Other(TargetArg),
}

/// It is none of these.
#[derive(Debug, thiserror::Error)]
pub(super) enum ScopeError {
    #[error(transparent)]
    Country(#[from] CountryError),
    #[error(transparent)]
    Target(#[from] TargetError),
}

impl FromStr for ScopeArg {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, ScopeError> {
        if text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            return Ok(Self::Country(text.parse()?));
        }
        Ok(Self::Other(text.parse()?))
    }
}

/// What was meant.
pub(super) struct Resolved {
    pub(super) scope: Scope,
    /// Where it is a phone's.
    target: Option<Target>,
}

impl Resolved {
    /// As it may be shown.
    pub(super) fn shown(&self, app: &App) -> String {
        match (&self.scope, &self.target) {
            (_, Some(target)) => target.shown(app),
            (Scope::Prefix(prefix), None) => prefix.to_string(),
            (Scope::Country(country), None) => country.to_string(),
            (Scope::Phone(phone), None) => app.display(phone, false),
        }
    }

    /// What to type for it again.
    pub(super) fn argument(&self) -> String {
        match (&self.scope, &self.target) {
            (_, Some(target)) => target.argument(),
            (Scope::Prefix(prefix), None) => prefix.to_string(),
            (Scope::Country(country), None) => country.to_string(),
            (Scope::Phone(phone), None) => phone.as_str().to_owned(),
        }
    }

    /// What is to be recorded of a change of it.
    pub(super) fn act(&self, what: &str) -> Act<'_> {
        match &self.scope {
            Scope::Phone(phone) => Act::on(phone).detail(what.to_owned()),
            Scope::Prefix(_) | Scope::Country(_) => Act::on_many().detail(format!("{what} {}", self.argument())),
        }
    }

    /// Whether the caller typed the number of a phone.
    pub(super) fn typed(&self) -> bool {
        self.target.as_ref().is_some_and(|target| target.typed)
    }

    /// Puts what it is before what went wrong with it.
    pub(super) fn failed(&self, app: &App, error: impl Into<Error>) -> Error {
        match &self.target {
            Some(target) => target.failed(app, error),
            None => error.into(),
        }
    }
}

impl ScopeArg {
    /// What is meant.
    ///
    /// # Errors
    /// When it is neither a number nor a prefix, or leads to no phone, or to more than one.
    pub(super) async fn resolve(&self, app: &App) -> Result<Resolved, Error> {
        let argument = match self {
            Self::Country(country) => return Ok(Resolved { scope: Scope::Country(*country), target: None }),
            Self::Other(argument) => argument,
        };
        let wrong = match argument.resolve_phone(app).await {
            Ok(target) => return Ok(Resolved { scope: Scope::Phone(target.phone.clone()), target: Some(target) }),
            Err(error) => error,
        };
        // What reads as a number is one, so that `+1 415 555 0100` is never the first digits of others.
        let TargetArg::Number(text) = argument else { return Err(wrong) };
        match text.parse::<Prefix>() {
            Ok(prefix) => Ok(Resolved { scope: Scope::Prefix(prefix), target: None }),
            Err(long @ PrefixError::Long { .. }) if wrong.exit == Exit::Usage => {
                let why = format!("neither a valid number nor a prefix: {}; {}", wrong.message(), long);
                Err(Error::said(Exit::Usage, why))
            }
            Err(_) if wrong.exit == Exit::Usage && wrong.hint.is_none() => {
                Err(wrong.hint(Hint::words("pass a phone, a prefix such as +9198, or a country such as IN")))
            }
            Err(_) => Err(wrong),
        }
    }
}
