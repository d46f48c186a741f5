//! `config init`: starts a file.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::PathBuf;

use serde::Serialize;

use crate::app::App;
use crate::commands::Done;
use crate::config;
use crate::error::{Error, Exit};
use crate::otp::foreign::quoted;
use crate::output::{Human, Report};

/// Write a first file, for its owner alone; an existing one is never touched
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where; else where --config says, else the user's own place
    #[arg(value_name = "FILE")]
    path: Option<PathBuf>,
}

#[derive(Serialize)]
struct Started {
    schema: &'static str,
    path: String,
    dry_run: bool,
}

impl Args {
    pub(super) fn run(&self, app: &App) -> Done {
        let asked = app.globals.request.config.as_ref().map(|chosen| chosen.value.clone());
        let path = match self.path.clone().or(asked) {
            Some(path) => path,
            None => config::usual_path(&app.env).ok_or_else(|| {
                Error::said(Exit::Config, "there is no home folder to put it in").hint("otpctl config init FILE")
            })?,
        };
        let shown = path.display().to_string();
        let there =
            || Error::said(Exit::Config, format!("{shown} is there already, and stays as it is")).hint(next(&shown));
        if path.symlink_metadata().is_ok() {
            return Err(there());
        }
        if app.globals.dry_run {
            return Ok(Box::new(Started { schema: "otpctl.config_init/1", path: shown, dry_run: true }));
        }
        let failed = |error: std::io::Error| Error::new(Exit::Config, anyhow::Error::new(error).context(shown.clone()));
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        }
        let mut file = match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            // Somebody else made it in between.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(there()),
            opened => opened.map_err(failed)?,
        };
        file.write_all(config::starter().as_bytes()).map_err(failed)?;
        Ok(Box::new(Started { schema: "otpctl.config_init/1", path: shown, dry_run: false }))
    }
}

/// What to do with the file.
fn next(path: &str) -> String {
    format!("otpctl --config {} config check", quoted(path))
}

impl Report for Started {
    fn human(&self) -> Human {
        let done = if self.dry_run { "Would write" } else { "Wrote" };
        Human::Text(format!("{done} {}", self.path))
    }

    fn document(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }

    fn hints(&self) -> Vec<String> {
        vec![format!("edit it, then: {}", next(&self.path))]
    }
}
