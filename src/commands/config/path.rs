//! `config path`: which file is read, and where it was looked for.

use serde::Serialize;

use crate::app::App;
use crate::commands::CommandResult;
use crate::config::{self, Origin};
use crate::otp::Hint;
use crate::output::{Human, Report};

/// Print the path of the file that is read
#[derive(Debug, clap::Args)]
pub struct Args {}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Found {
    path: Option<String>,
    origin: &'static str,
    tried: Vec<String>,
}

impl Args {
    #[expect(clippy::unused_self, reason = "every command runs on its arguments")]
    pub(super) fn run(&self, app: &App) -> CommandResult {
        let located = config::locate(&app.globals.request, &app.env)?;
        Ok(Box::new(Found {
            path: located.path.map(|path| path.display().to_string()),
            origin: match located.origin {
                Origin::Flag => "flag",
                Origin::Environment(_) => "environment",
                Origin::File { .. } | Origin::Default => "default",
            },
            tried: located.tried.iter().map(|path| path.display().to_string()).collect(),
        }))
    }
}

impl Report for Found {
    const SCHEMA: &str = "otpctl.config_path/1";

    fn human(&self) -> Human {
        Human::Verbatim(self.path.clone().unwrap_or_default())
    }

    fn hints(&self) -> Vec<Hint> {
        if self.path.is_some() {
            return Vec::new();
        }
        let looked = self.tried.join(", ");
        let why = format!("no file found, so the defaults apply; looked for {looked}; create one");
        vec![Hint::run(&["config", "init"]).because(why)]
    }
}

crate::otp::schema::documents! { "otpctl.config_path/1" => Found }
