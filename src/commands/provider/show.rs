//! `provider show`: the definition of a provider.

use serde::Serialize;

use crate::app::App;
use crate::commands::CommandResult;
use crate::config::ProviderSettings;
use crate::error::{Error, Exit};
use crate::otp::Hint;
use crate::output::{Human, Report};
use crate::provider::Kind;

/// Print the definition of a provider, to start your own from
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The name of a configured provider, or a kind
    name: String,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Shown {
    name: String,
    kind: String,
    definition: String,
}

impl Args {
    pub(super) fn run(&self, app: &App) -> CommandResult {
        let configured = app.settings()?.providers.get(&self.name);
        if let Some(error) = configured.and_then(ProviderSettings::broken) {
            return Err(error.clone().into());
        }
        let kind = configured.map(|configured| configured.kind.clone());
        let kind = kind.or_else(|| Kind::known(&self.name)).ok_or_else(|| {
            Error::said(Exit::NotFound, format!("there is no provider `{}`", self.name))
                .hint(Hint::run(&["provider", "list", "--all"]))
        })?;
        let definition = kind.definition().ok_or_else(|| {
            let name = kind.as_str();
            Error::said(Exit::NotFound, format!("`{name}` is built in and has no definition"))
                .hint(Hint::run(&["provider", "show", "telnyx"]))
        })?;
        let kind_name = kind.as_str().to_owned();
        let (name, definition) = (self.name.clone(), definition.to_owned());
        Ok(Box::new(Shown { name, kind: kind_name, definition }))
    }
}

impl Report for Shown {
    const SCHEMA: &str = "otpctl.provider_show/1";

    fn human(&self) -> Human {
        Human::Raw(self.definition.clone())
    }
}

crate::otp::schema::documents! { "otpctl.provider_show/1" => Shown }
