//! The directories of the file, each opened when it is first asked.

use async_trait::async_trait;
use tokio::time::Instant;

use super::{App, machine};
use crate::config::{DirectorySettings, Env, Fetch};
use crate::directory::{Context, Directories, Directory, DirectoryError, Place, Source};
use crate::error::Error;

/// A directory that is not open yet.
struct Unopened {
    settings: DirectorySettings,
    env: Env,
    /// No program that prints a secret is waited for any longer.
    end: Instant,
    context: Context,
}

#[async_trait]
impl Source for Unopened {
    async fn open(&self) -> Result<Box<dyn Directory>, DirectoryError> {
        let fetch = Fetch { env: &self.env, end: self.end };
        let resolved = self.settings.resolve(&fetch).await;
        let resolved = resolved.map_err(|error| DirectoryError::Config(error.to_string()))?;
        self.settings.kind.open(&resolved, &self.context)
    }
}

impl App {
    /// The directories that are asked whose phone it is, in their order. Nothing is opened yet.
    ///
    /// # Errors
    /// When the settings are wrong.
    pub fn directories(&self) -> Result<&Directories, Error> {
        if let Some(directories) = self.directories.get() {
            return Ok(directories);
        }
        let settings = self.settings()?;
        let named = settings.user.directories.iter().filter_map(|name| Some((name, settings.directories.get(name)?)));
        let places = named.map(|(name, directory)| self.unopened(name, directory));
        let directories = Directories::new(places.collect());
        Ok(self.directories.get_or_init(|| directories))
    }

    fn unopened(&self, name: &str, directory: &DirectorySettings) -> Place {
        let path = self.env.get("PATH").unwrap_or_default().to_owned();
        let source = Unopened {
            settings: directory.clone(),
            env: self.env.clone(),
            end: self.fetch().end,
            context: Context { machine: machine(), path },
        };
        Place::new(name, directory.stored(), Box::new(source))
    }
}
