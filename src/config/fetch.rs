//! Fetching the secrets of one backend when it is opened, and saying which line of the file asked for them.

use std::collections::BTreeMap;
use std::path::Path;

use super::env::Env;
use super::error::ConfigError;
use super::files;
use super::settings::{Entry, MIN_PEPPER, PepperSource, PlacedSecret, ProviderSettings};
use crate::otp::{Hint, Secret};
use crate::provider;

impl PlacedSecret {
    /// Fetches the secret.
    ///
    /// # Errors
    /// As [`super::SecretSource::resolve`], with the file and line of the key.
    pub async fn resolve(&self, env: &Env) -> Result<Secret, ConfigError> {
        self.source.resolve(env).await.map_err(|error| error.named(&self.place))
    }
}

impl PepperSource {
    /// Fetches the pepper.
    ///
    /// # Errors
    /// As [`super::SecretSource::resolve`], and when it is too short to be a key.
    pub async fn resolve(&self, env: &Env) -> Result<Secret, ConfigError> {
        let text = self.source.resolve(env).await.map_err(|error| error.named(&self.place))?;
        let pepper = text.expose().trim();
        if pepper.chars().count() < MIN_PEPPER {
            return Err(ConfigError::new(format!(
                "a pepper has at least {MIN_PEPPER} characters, and this one is shorter"
            ))
            .at(&self.place)
            .hint(Hint::shell("head -c 32 /dev/urandom | base64").because("make one")));
        }
        Ok(Secret::new(pepper.to_owned()))
    }
}

impl ProviderSettings {
    /// Why this provider cannot be used, whatever its settings are: its definition is not there, or is wrong.
    #[must_use]
    pub fn broken(&self) -> Option<&ConfigError> {
        self.broken.as_ref()
    }

    /// Fetches the secrets of this provider, and no other's.
    ///
    /// # Errors
    /// As [`super::SecretSource::resolve`], with the file and line of the key; and as [`Self::broken`].
    pub async fn resolve(&self, env: &Env) -> Result<provider::Settings, ConfigError> {
        if let Some(error) = &self.broken {
            return Err(error.clone());
        }
        let mut settings = BTreeMap::new();
        for name in self.entries.keys() {
            settings.extend(self.fetch(name, env).await?.map(|setting| (name.clone(), setting)));
        }
        Ok(provider::Settings(settings))
    }

    /// One setting, fetched where it is a secret.
    pub(super) async fn fetch(&self, name: &str, env: &Env) -> Result<Option<provider::Setting>, ConfigError> {
        match self.entries.get(name) {
            None => Ok(None),
            Some(Entry::Plain(value)) => Ok(Some(provider::Setting::Plain(value.clone()))),
            Some(Entry::Secret(source)) => match source.resolve(env).await {
                Ok(secret) => Ok(Some(provider::Setting::Secret(secret))),
                Err(error) => Err(self.places.get(name).map_or(error.clone(), |place| error.named(place))),
            },
        }
    }
}

/// Reads a file that must be for its owner's eyes only, such as the key of a TLS certificate.
///
/// # Errors
/// When it is not there, not a regular file of ours or root's, or open to others.
pub fn read_private(path: &Path) -> Result<Secret, ConfigError> {
    files::read_secret(path).map(|text| Secret::new(text.as_str().to_owned()))
}
