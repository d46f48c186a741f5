//! Problems with a phone's codes, which support should know about.

use serde::Serialize;

use crate::layout::{Finding, Layout};
use crate::operations::DataLoss;
use crate::otp::Hint;

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Check {
    pub(super) id: &'static str,
    pub(super) status: &'static str,
    pub(super) detail: String,
    /// What to do about it.
    #[serde(skip)]
    pub(super) next: Option<Hint>,
}

pub(super) fn of(
    layout: &dyn Layout,
    lost: Option<DataLoss>,
    unreadable: Option<&str>,
    findings: &[Finding],
) -> Vec<Check> {
    let check = |id, status, detail| Check { id, status, detail, next: None };
    let mut checks = Vec::new();
    checks.extend(lost.map(|lost| match lost {
        DataLoss::Code(made) => {
            let at = made.to_the_second();
            check("store_reset", "fail", format!("this code was made at {at}, and the store lost it"))
        }
        DataLoss::Everything(began) => {
            let at = began.to_the_second();
            let detail = format!("this Redis started empty at {at}; older codes are lost");
            check("store_reset", "warn", detail)
        }
    }));
    checks.extend(unreadable.map(|why| check("timeline", "fail", format!("the timeline cannot be read: {why}"))));
    if layout.is_foreign() {
        let detail = format!("the application keeps its codes in the layout `{}`", layout.name());
        checks.push(check("layout", "ok", detail));
        if layout.is_plain() {
            let detail =
                "your application stores codes in plain text; anyone who can read this Redis can use them".to_owned();
            checks.push(check("plaintext_codes", "warn", detail));
        }
    }
    checks.extend(findings.iter().map(|finding| match finding {
        Finding::Endless(purpose) => {
            let detail = format!(
                "the code for `{purpose}` never expires: the application accepts it forever, and otpctl refuses it"
            );
            check("code_without_lifetime", "fail", detail)
        }
        Finding::Orphan(purpose) => {
            let detail = format!("a used code for `{purpose}` left a key that never expires");
            check("orphan", "warn", detail)
        }
        Finding::Locked => check("application_lock", "warn", "the application itself has locked this phone".to_owned()),
    }));
    checks
}
