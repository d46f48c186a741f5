//! What each failure is for whoever called the program: its exit code, and what to do about it.

use super::{Completion, Details, Error, Exit};
use crate::audit::AuditError;
use crate::config::ConfigError;
use crate::directory::{DirectoryError, DirectoryFailed};
use crate::operations::{OperationError, SendFailure};
use crate::otp::policy_entry::Scope;
use crate::otp::{Denied, Hint, NameError, PhoneError, RandomnessFailed, Unreadable};
use crate::store::StoreError;

/// What to do about a record that is not understood.
fn look() -> Hint {
    Hint::run(&["store", "check"])
}

/// What to do about what a newer version wrote.
fn update() -> Hint {
    Hint::words("update otpctl on this machine")
}

/// What to do about the connection to a store.
fn way() -> Hint {
    Hint::run(&["config", "show", "--origin"])
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        let (exit, hint) = match &error {
            StoreError::Unreachable(_) => (Exit::StoreUnreachable, Some(way())),
            StoreError::Denied(_) => (Exit::StoreDenied, Some(way())),
            StoreError::NotReady(_) | StoreError::Replica(_) | StoreError::ReadOnly(_) => {
                (Exit::StoreNotReady, Some(Hint::run(&["doctor"])))
            }
            StoreError::Unknown(_) | StoreError::Unreplicated(_) => (Exit::StoreUnknown, None),
            StoreError::Data(_) => (Exit::StoreData, Some(look())),
            StoreError::Newer(_) => (Exit::StoreData, Some(update())),
            StoreError::Cursor => (Exit::Usage, Some("start again without --cursor".into())),
            StoreError::Config(_) => (Exit::Config, Some(Hint::run(&["config", "check"]))),
            StoreError::TooOld(_) => (Exit::Config, Some(way().because("upgrade that server, or name another one"))),
        };
        let outcome = if exit == Exit::StoreUnknown { Completion::Unknown } else { Completion::NotDone };
        Self { hint, outcome, ..Self::new(exit, error) }
    }
}

impl From<DirectoryFailed> for Error {
    fn from(failed: DirectoryFailed) -> Self {
        let (exit, hint) = match &failed.error {
            DirectoryError::Unreachable(_) => (Exit::StoreUnreachable, Hint::run(&["doctor"])),
            DirectoryError::Denied(_) => (Exit::StoreDenied, Hint::run(&["config", "check"])),
            DirectoryError::NotReady(_) => (Exit::StoreNotReady, Hint::run(&["doctor"])),
            DirectoryError::Unknown(_) => (Exit::StoreUnknown, Hint::run(&["doctor"])),
            DirectoryError::Data(_) => (Exit::StoreData, Hint::run(&["doctor"])),
            DirectoryError::Unable(_) => (Exit::Policy, Hint::words("change it in the application")),
            DirectoryError::Config(_) => (Exit::Config, Hint::run(&["config", "check"])),
        };
        let outcome = if exit == Exit::StoreUnknown { Completion::Unknown } else { Completion::NotDone };
        Self { hint: Some(hint), outcome, ..Self::new(exit, failed) }
    }
}

impl From<AuditError> for Error {
    fn from(error: AuditError) -> Self {
        let hint = match &error {
            AuditError::File(file) => file.hint.clone(),
            AuditError::Full(_) => {
                Some("free space on this disk; until then nothing is done that must be recorded".into())
            }
            AuditError::Busy(path) => Some(
                Hint::shell(format!("fuser -v {}", crate::otp::escape::quoted(path)))
                    .because("see which process has the lock"),
            ),
            AuditError::Io { .. } | AuditError::Record => None,
        };
        Self { hint, ..Self::new(Exit::AuditFailed, error) }
    }
}

impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Self {
        Self { hint: error.next().cloned(), ..Self::new(Exit::Config, error) }
    }
}

impl From<PhoneError> for Error {
    fn from(error: PhoneError) -> Self {
        Self { hint: error.hint().map(Hint::words), ..Self::new(Exit::Usage, error) }
    }
}

impl From<NameError> for Error {
    fn from(error: NameError) -> Self {
        Self::new(Exit::Usage, error)
    }
}

impl From<RandomnessFailed> for Error {
    fn from(error: RandomnessFailed) -> Self {
        Self::new(Exit::Internal, error)
    }
}

/// What allows a number that the policy refuses.
fn allow(denied: &Denied) -> Option<Hint> {
    let lift = |what: &str| Hint::run(&["policy", "remove"]).arg(what);
    match denied {
        Denied::Blocked(Scope::Phone(_), _) => Some(lift("PHONE")),
        Denied::Blocked(Scope::Prefix(prefix), _) => Some(lift(prefix.as_str())),
        Denied::Blocked(Scope::Country(country), _) => Some(lift(country.as_str())),
        Denied::OptedOut(_) => Some(lift("PHONE").because("after the receiver sent START to the sender")),
        Denied::Country(country) => Some(format!("allow it: [policy] countries = [\"{country}\", …]").into()),
        Denied::Type(kind) => Some(format!("allow it: [policy] types = [\"{}\", …]", kind.as_str()).into()),
        Denied::VerifiedOnly(_) | Denied::Neighbors | Denied::Brake(_) => {
            let allow = Hint::run(&["policy", "allow"]).arg("PHONE").option("--until", "1h");
            Some(allow.because("if you know the customer"))
        }
        Denied::Cap(..) => Some(Hint::words("wait, or raise `caps` under [limits] in the file")),
        Denied::Spend(..) => Some(Hint::words("wait, or raise `spend` under [limits] in the file")),
        Denied::NoCountry => None,
    }
}

/// A send that a provider refused, or that may have been sent.
fn not_sent(error: OperationError) -> Error {
    let OperationError::Send { failure, ref challenge, retry_after, replayed, .. } = error else {
        return Error::new(Exit::Internal, error);
    };
    let challenge = challenge.as_deref();
    let delivery = challenge.and_then(|challenge| challenge.delivery.as_ref());
    let details = Details {
        retry_after,
        challenge_id: challenge.map(|challenge| challenge.id.clone()),
        state: challenge.map(|challenge| challenge.state),
        expires_at: challenge.map(|challenge| challenge.expires_at),
        provider: delivery.map(|delivery| delivery.provider.clone()).filter(|name| !name.is_empty()),
        replayed,
        ..Details::default()
    };
    let (exit, outcome) = match failure {
        SendFailure::Refused => (Exit::ProviderRefused, Completion::NotDone),
        SendFailure::Down => (Exit::ProviderDown, Completion::NotDone),
        SendFailure::Unknown => (Exit::ProviderUnknown, Completion::Unknown),
    };
    let hint = error.provider_hint();
    Error { hint, outcome, ..Error::new(exit, error).details(details) }
}

impl From<OperationError> for Error {
    fn from(error: OperationError) -> Self {
        let send = error.allowance();
        let mut shown = shown(error);
        shown.details.send = send;
        shown
    }
}

/// A failure of an operation, with what to do about it.
fn shown(error: OperationError) -> Error {
    match error {
        OperationError::Store(error) => error.into(),
        OperationError::Unreadable(Unreadable::Newer(_)) => Error::new(Exit::StoreData, error).hint(update()),
        OperationError::Unreadable(Unreadable::Shape) => Error::new(Exit::StoreData, error).hint(look()),
        OperationError::UnknownKey(error) => Error::new(Exit::StoreData, error).hint(way()),
        OperationError::Randomness(error) => error.into(),
        OperationError::NotHashed(error) => Error::new(Exit::Internal, error),
        OperationError::Contended => Error::new(Exit::StoreNotReady, error),
        OperationError::AttemptReused => {
            Error::new(Exit::Conflict, error).hint("use a new --attempt-id for another code")
        }
        OperationError::NothingDelivered => {
            Error::new(Exit::NotFound, error).hint(Hint::run(&["inspect"]).arg("PHONE"))
        }
        OperationError::CheckedHere => Error::new(Exit::Policy, error),
        OperationError::OutcomeTold(_) => Error::new(Exit::Conflict, error),
        OperationError::CheckedElsewhere => Error::new(Exit::Policy, error)
            .hint(Hint::run(&["outcome"]).arg("PHONE").arg("verified").because("record how it ended there")),
        OperationError::NotAsserted => {
            Error::new(Exit::Policy, error).hint(Hint::run(&["send"]).arg("PHONE").because("send one instead"))
        }
        OperationError::NoSuchUser(ref user) => {
            let link = Hint::run(&["user", "link"]).arg(user.as_str()).arg("PHONE");
            Error::new(Exit::NotFound, error).hint(link)
        }
        OperationError::NoUser => {
            Error::new(Exit::NotFound, error).hint(Hint::run(&["user", "link"]).arg("ID").arg("PHONE"))
        }
        OperationError::Ambiguous(ref users) => {
            let candidates = users.iter().map(|user| format!("user:{user}")).collect();
            let details = Details { candidates, ..Details::default() };
            Error::new(Exit::Conflict, error).hint("pass one of them with --user").details(details)
        }
        OperationError::Directory(error) => error.into(),
        OperationError::Unasked => Error::new(Exit::Internal, error),
        OperationError::Taken(ref users) => {
            let candidates = users.iter().map(|user| format!("user:{user}")).collect();
            Error::new(Exit::Conflict, error).details(Details { candidates, ..Details::default() })
        }
        OperationError::Full => {
            Error::new(Exit::Conflict, error).hint(Hint::run(&["user", "unlink"]).arg("ID").arg("PHONE"))
        }
        OperationError::PolicyFull(_) => Error::new(Exit::Conflict, error).hint(Hint::run(&["policy", "list"])),
        OperationError::HalfDone(_) => Error { outcome: Completion::Unknown, ..Error::new(Exit::StoreUnknown, error) },
        OperationError::Locked(_) => Error::new(Exit::Locked, error),
        OperationError::Limited { wait, .. } => {
            Error::new(Exit::RateLimited, error).details(Details { retry_after: Some(wait), ..Details::default() })
        }
        OperationError::KeyReused => {
            Error::new(Exit::Conflict, error).hint("use a new --idempotency-key for another send")
        }
        OperationError::Layout(_) => Error::new(Exit::Policy, error),
        OperationError::Denied(ref denied, wait) => {
            let details = Details { retry_after: wait, ..Details::default() };
            Error { hint: allow(denied), ..Error::new(Exit::Policy, error).details(details) }
        }
        OperationError::Send { .. } => not_sent(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::otp::hint::Chosen;

    #[test]
    fn what_a_person_can_mend_comes_with_what_to_do() {
        let why = || "why".to_owned();
        for error in [
            StoreError::Unreachable(why()),
            StoreError::Denied(why()),
            StoreError::NotReady(why()),
            StoreError::Replica(why()),
            StoreError::ReadOnly(why()),
            StoreError::Data(why()),
            StoreError::Newer(why()),
            StoreError::Cursor,
            StoreError::Config(why()),
            StoreError::TooOld(why()),
        ] {
            assert!(Error::from(error.clone()).hint.is_some(), "{error}");
        }
        let user = "u 1".parse().unwrap();
        for (error, hint) in [
            (OperationError::NoSuchUser(user), "otpctl -p x user link 'u 1' PHONE"),
            (OperationError::NoUser, "otpctl -p x user link ID PHONE"),
            (OperationError::Full, "otpctl -p x user unlink ID PHONE"),
            (OperationError::KeyReused, "use a new --idempotency-key for another send"),
            (OperationError::AttemptReused, "use a new --attempt-id for another code"),
        ] {
            let said = Error::from(error.clone()).hint.map(|hint| hint.text(&Chosen::profile("x")));
            assert_eq!(said.as_deref(), Some(hint), "{error}");
        }
    }
}
