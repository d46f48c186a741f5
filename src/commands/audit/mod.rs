//! `audit`: the records of what was done, checked.

mod anchor;
mod verify;

pub(super) use verify::chain;

use crate::app::App;
use crate::audit::Log;
use crate::error::{Error, Exit};

group! {
    /// Check the records of what was done
    ///
    /// With `[audit]` in the file, each change is recorded before and after it is made: who, what, which phone, why.
    pub struct Args;

    Verify "verify" verify.await ["audit verify", "audit verify --json"];
    Anchor "anchor" anchor.await ["audit anchor", "audit anchor --json"];
}

/// The audit of the file.
async fn configured(app: &App) -> Result<&Log, Error> {
    app.audit_log().await?.ok_or_else(|| {
        Error::said(Exit::Config, "this file keeps no audit")
            .hint("add it: [audit] file = \"/var/log/otpctl/audit.jsonl\"")
    })
}
