//! `provider check`: what is wrong with a custom definition.

use std::path::PathBuf;

use serde::Serialize;

use super::list::{Can, or_dash, senders};
use crate::app::App;
use crate::commands::CommandResult;
use crate::error::{Error, Exit};
use crate::output::{Human, Report, Table};
use crate::provider::Kind;
use crate::system::{MAX_CONFIG, Trust, read_text};

/// Check your own definition of a provider; makes no request
///
/// Then configure it: `[providers.NAME]` with `definition = "FILE"`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file
    file: PathBuf,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Setting {
    name: String,
    secret: bool,
    required: bool,
    help: String,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Checked {
    title: String,
    can_tell_delivery: bool,
    can_tell_balance: bool,
    can: Can,
    senders: Vec<&'static str>,
    longest: Option<u32>,
    settings: Vec<Setting>,
}

impl Args {
    pub(super) fn run(&self, _app: &App) -> CommandResult {
        let path = self.file.display().to_string();
        let text = read_text(&self.file, MAX_CONFIG, Trust::Any).map_err(|error| Error::new(Exit::Config, error))?.text;
        let wrong = |error| Error::new(Exit::Config, anyhow::Error::new(error).context(path.clone()));
        let described = Kind::own(&path, &text).map_err(wrong)?.describe();
        let described = described.ok_or_else(|| Error::said(Exit::Internal, "a checked definition does not parse"))?;
        let (can, senders) = (Can::of(&described), senders(&described));
        let settings = described.settings.into_iter().map(|spec| Setting {
            name: spec.name,
            secret: spec.secret,
            required: spec.required,
            help: spec.help.unwrap_or_default(),
        });
        Ok(Box::new(Checked {
            title: described.title,
            can_tell_delivery: described.can.status,
            can_tell_balance: described.can.balance,
            can,
            senders,
            longest: described.features.longest,
            settings: settings.collect(),
        }))
    }
}

impl Report for Checked {
    const SCHEMA: &str = "otpctl.provider_check/1";

    fn human(&self) -> Human {
        let mut settings = Table::new(&["SETTING", "SECRET", "REQUIRED", "HELP"], "none").wrapped(&["HELP"]);
        let yes = |is| if is { "yes" } else { "no" };
        for setting in &self.settings {
            settings.row([setting.name.as_str(), yes(setting.secret), yes(setting.required), &setting.help]);
        }
        let mut can = Table::pairs();
        can.row(["besides sending", &self.can.words()]);
        can.row(["from", &or_dash(self.senders.join(" "))]);
        can.row(["longest", &self.longest.map_or_else(|| "-".to_owned(), |longest| longest.to_string())]);
        let first = format!("The definition of {} is valid.", self.title);
        Human::Screen(first, vec![("it can", can), ("settings", settings)])
    }
}

crate::otp::schema::documents! { "otpctl.provider_check/1" => Checked }
