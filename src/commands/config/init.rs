//! `config init`: starts a file.

use std::fs::DirBuilder;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::app::App;
use crate::commands::CommandResult;
use crate::config;
use crate::error::{Error, Exit};
use crate::otp::Hint;
use crate::otp::hint::Chosen;
use crate::output::{Human, Report};
use crate::system::create_private;

/// Create a configuration file; never changes an existing one
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Output file (default: --config, else ~/.config/otpctl/otpctl.toml)
    #[arg(value_name = "FILE")]
    path: Option<PathBuf>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Started {
    path: String,
    dry_run: bool,
    #[serde(skip)]
    file: PathBuf,
}

impl Args {
    pub(super) fn run(&self, app: &App) -> CommandResult {
        let asked = app.globals.request.config.as_ref().map(|chosen| chosen.value.clone());
        let path = match self.path.clone().or(asked) {
            Some(path) => path,
            None => own_path(app)?.ok_or_else(|| {
                Error::said(Exit::Config, "there is no home folder to create it in")
                    .hint(Hint::run(&["config", "init"]).arg("FILE"))
            })?,
        };
        let shown = path.display().to_string();
        let there =
            || Error::said(Exit::Config, format!("{shown} exists already, and was not changed")).hint(next(&path));
        if path.symlink_metadata().is_ok() {
            return Err(there());
        }
        if app.globals.dry_run {
            return Ok(Box::new(Started { path: shown, dry_run: true, file: path }));
        }
        let failed = |error: std::io::Error| Error::new(Exit::Config, anyhow::Error::new(error).context(shown.clone()));
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        }
        let mut file = match create_private(&path) {
            // Somebody else made it in between.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(there()),
            opened => opened.map_err(failed)?,
        };
        file.write_all(config::starter().as_bytes()).map_err(failed)?;
        Ok(Box::new(Started { path: shown, dry_run: false, file: path }))
    }
}

/// The user's own place for the file, or for the profile that was named.
fn own_path(app: &App) -> Result<Option<PathBuf>, Error> {
    let profile = app.globals.request.profile.as_ref().map(|chosen| &chosen.value).filter(|name| !name.is_empty());
    match profile {
        Some(profile) => Ok(config::profile_path(profile, &app.env)?),
        None => Ok(config::default_path(&app.env)),
    }
}

/// What to do with the file.
fn next(path: &Path) -> Hint {
    Hint::run(&["config", "check"]).with_file(Chosen::config(path.as_os_str()))
}

impl Report for Started {
    const SCHEMA: &str = "otpctl.config_init/1";

    fn human(&self) -> Human {
        let done = if self.dry_run { "Would write" } else { "Wrote" };
        Human::Text(format!("{done} {}", self.path))
    }

    fn hints(&self) -> Vec<Hint> {
        // A rehearsal leaves no file that could be checked.
        if self.dry_run { Vec::new() } else { vec![next(&self.file).because("edit it, then check it")] }
    }
}

crate::otp::schema::documents! { "otpctl.config_init/1" => Started }
