//! Fetches the secrets of one backend when it is opened; an error names the line of the file that asked for them.

use std::collections::BTreeMap;
use std::path::Path;

use super::files;
use super::guard::fresh_pepper;
use super::secret::{Fetch, PlacedSecret};
use super::settings::{MIN_PEPPER, PepperSource, ProviderSettings, SettingSource};
use crate::otp::Purpose;
use crate::otp::Secret;
use crate::provider;
use crate::system::{MAX_CERTIFICATES, Trust, read_text};
use crate::toml_tree::ConfigError;

impl PlacedSecret {
    /// Fetches the secret.
    ///
    /// # Errors
    /// As [`super::SecretSource::resolve`], with the file and line of the key.
    pub async fn resolve(&self, fetch: &Fetch<'_>) -> Result<Secret, ConfigError> {
        self.source.resolve(fetch).await.map_err(|error| error.asked_by(&self.position))
    }
}

impl PepperSource {
    /// Fetches the pepper.
    ///
    /// # Errors
    /// As [`super::SecretSource::resolve`], and when it is too short to be a key.
    pub async fn resolve(&self, fetch: &Fetch<'_>) -> Result<Secret, ConfigError> {
        let text = self.source.resolve(fetch).await.map_err(|error| error.asked_by(&self.position))?;
        let pepper = text.expose().trim();
        if pepper.chars().count() < MIN_PEPPER {
            return Err(ConfigError::new(format!(
                "a pepper needs at least {MIN_PEPPER} characters; this one is shorter"
            ))
            .at(&self.position)
            .hint(fresh_pepper()));
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

    /// Fetches the secrets of this provider, and no other's. `purpose`: what a message is for, if it is for one.
    ///
    /// # Errors
    /// As [`super::SecretSource::resolve`], with the file and line of the key; and as [`Self::broken`].
    pub async fn resolve(
        &self,
        purpose: Option<&Purpose>,
        fetch: &Fetch<'_>,
    ) -> Result<provider::Settings, ConfigError> {
        if let Some(error) = &self.broken {
            return Err(error.clone());
        }
        let own = purpose.and_then(|purpose| self.purposes.get(purpose));
        let mut settings = BTreeMap::new();
        for (name, source) in self.entries.iter().chain(own.into_iter().flatten()) {
            settings.insert(name.clone(), self.fetch(name, source, fetch).await?);
        }
        Ok(provider::Settings(settings))
    }

    /// One setting, fetched where it is a secret.
    pub(super) async fn fetch(
        &self,
        name: &str,
        source: &SettingSource,
        fetch: &Fetch<'_>,
    ) -> Result<provider::Setting, ConfigError> {
        match source {
            SettingSource::Plain(value) => Ok(provider::Setting::Plain(value.clone())),
            SettingSource::File(path) => Ok(provider::Setting::File(path.clone())),
            SettingSource::Authority(path) => Ok(provider::Setting::Authority(path.clone())),
            SettingSource::Program(program, arguments) => {
                Ok(provider::Setting::Program(program.clone(), arguments.clone()))
            }
            SettingSource::Secret(source) => match source.resolve(fetch).await {
                Ok(secret) => Ok(provider::Setting::Secret(secret)),
                Err(error) => Err(self.positions.get(name).map_or(error.clone(), |position| error.asked_by(position))),
            },
        }
    }
}

/// Reads a file that must be for its owner's eyes only, such as the key of a TLS certificate.
///
/// # Errors
/// When it is not there, not a regular file of ours or root's, or open to others.
pub fn read_private(path: &Path) -> Result<Secret, ConfigError> {
    files::read_secret(path).map(|file| Secret::new(file.text.as_str().to_owned()))
}

/// Reads certificates: whoever may write them says whom TLS trusts.
///
/// # Errors
/// When they are not there, not a regular file of ours or root's, or others may write them.
pub fn read_certificates(path: &Path) -> Result<Vec<u8>, ConfigError> {
    Ok(read_text(path, MAX_CERTIFICATES, Trust::Owned).map(|file| file.text.as_bytes().to_vec())?)
}
