//! One check: what was looked at, how it is, and what to do.

use serde::Serialize;

use super::fixes::{Fixes, way};
use crate::config::{Finding, Level};
use crate::error::{Error, Exit};
use crate::operations::{HealthCheck, HealthStatus};
use crate::otp::Hint;

/// How it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    /// As it should be.
    Ok,
    /// It works, and not as it should.
    Warn,
    /// Commands fail of it.
    Fail,
    /// It could not be found out.
    Unknown,
}

impl Status {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Unknown => "unknown",
        }
    }
}

/// One row.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Check {
    pub(super) id: String,
    pub(super) status: Status,
    pub(super) detail: String,
    /// What to do, as it is printed.
    pub(super) fix: Option<String>,
    /// What to do.
    #[serde(skip)]
    pub(super) next: Option<Hint>,
    /// The command in it, which is never broken.
    #[serde(skip)]
    pub(super) command: Option<String>,
    /// What a command ends with that fails of it.
    pub(super) exit: Option<u8>,
}

impl Check {
    /// What `--strict` makes of a warning: the code of what it is a warning of.
    pub(super) fn strict(&self) -> Option<u8> {
        let exit = match self.id.split('.').next() {
            _ if self.status != Status::Warn => return self.exit,
            Some("store" | "directory") => Exit::StoreNotReady,
            Some("audit") => Exit::AuditFailed,
            Some("providers") => Exit::ProviderDown,
            _ => Exit::Config,
        };
        Some(exit.number())
    }

    fn new(id: impl Into<String>, status: Status, detail: impl Into<String>) -> Self {
        Self { id: id.into(), status, detail: detail.into(), fix: None, next: None, command: None, exit: None }
    }

    pub(super) fn ok(id: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(id, Status::Ok, detail)
    }

    pub(super) fn warn(id: impl Into<String>, detail: impl Into<String>, fix: impl Into<Hint>) -> Self {
        Self { next: Some(fix.into()), ..Self::new(id, Status::Warn, detail) }
    }

    pub(super) fn unknown(id: impl Into<String>, detail: impl Into<String>, fix: impl Into<Hint>) -> Self {
        Self { next: Some(fix.into()), ..Self::new(id, Status::Unknown, detail) }
    }

    pub(super) fn fail(id: impl Into<String>, error: &Error) -> Self {
        let exit = Some(error.exit.number());
        let next = error.hint.clone().or_else(|| Some(Hint::run(&["config", "check"])));
        Self { next, exit, ..Self::new(id, Status::Fail, error.message()) }
    }
}

impl From<Finding> for Check {
    fn from(finding: Finding) -> Self {
        let status = match finding.level {
            Level::Note => Status::Ok,
            Level::Warning => Status::Warn,
            Level::Error => Status::Fail,
        };
        let exit = (status == Status::Fail).then(|| Exit::Config.number());
        let next = finding.hint.or_else(|| (status != Status::Ok).then(way));
        Self { next, exit, ..Self::new(finding.key, status, finding.text) }
    }
}

impl Check {
    /// What was found about the store. What to do names the server and the file that are meant.
    pub(super) fn of(symptom: HealthCheck, fixes: &Fixes<'_>) -> Self {
        let HealthCheck { id, status: severity, detail, fix } = symptom;
        let fix = fix.map(|fix| fixes.hint(fix));
        match severity {
            HealthStatus::Ok => Self { next: fix, ..Self::new(id, Status::Ok, detail) },
            HealthStatus::Warning => Self { next: fix, ..Self::new(id, Status::Warn, detail) },
            HealthStatus::Unknown => Self { next: fix, ..Self::new(id, Status::Unknown, detail) },
            HealthStatus::Failed(error) => {
                let error = fixes.app.explained(Error::from(error));
                let exit = Some(error.exit.number());
                let next = fix.or(error.hint).or_else(|| Some(way()));
                Self { next, exit, ..Self::new(id, Status::Fail, detail) }
            }
        }
    }
}
