//! `config jwks`: the public key of assertions, for whoever checks them.

use serde::Serialize;

use crate::app::App;
use crate::assertion::PublicKeys;
use crate::commands::CommandResult;
use crate::output::{Human, Report};

/// Print the public key of assertions, as a JWK Set
///
/// An application checks with it what `verify --assert` gave. It is no secret.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// A JWK Set may have members of others beside its keys (RFC 7517 §5), so the document is one.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Keys {
    #[serde(flatten)]
    #[cfg_attr(test, schemars(with = "tests::JwkSet"))]
    set: PublicKeys,
}

impl Args {
    pub(super) async fn run(&self, app: &App) -> CommandResult {
        Ok(Box::new(Keys { set: app.signer().await?.public_keys() }))
    }
}

impl Report for Keys {
    const SCHEMA: &str = "otpctl.jwks/1";

    fn human(&self) -> Human {
        // A key is text and has a form in JSON.
        Human::Verbatim(serde_json::to_string_pretty(&self.set).unwrap_or_default())
    }
}

crate::otp::schema::documents! { "otpctl.jwks/1" => Keys }

#[cfg(test)]
mod tests {
    /// A JWK Set (RFC 7517 §5).
    #[derive(schemars::JsonSchema)]
    #[expect(dead_code, reason = "only its schema is used")]
    pub(super) struct JwkSet {
        /// Each is a JWK (RFC 7517 §4).
        keys: Vec<serde_json::Map<String, serde_json::Value>>,
    }
}
