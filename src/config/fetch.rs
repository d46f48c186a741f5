//! Fetches the secrets of one backend when it is opened; an error names the line of the file that asked for them.

use std::collections::BTreeMap;
use std::path::Path;

use super::files;
use super::guard::fresh_pepper;
use super::secret::{Fetch, PlacedSecret};
use super::settings::{DirectorySettings, MIN_PEPPER, PepperSource, ProviderSettings, SettingSource};
use crate::http::{Setting, Settings};
use crate::otp::Purpose;
use crate::otp::Secret;
use crate::system::{MAX_CERTIFICATES, Trust, read_text};
use crate::toml_tree::{ConfigError, Position};

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

    /// What is set, and what is set for codes of a purpose, with the names of their tables.
    pub(super) fn tables<'a>(
        &'a self,
        name: &'a str,
    ) -> impl Iterator<Item = (String, &'a BTreeMap<String, SettingSource>)> {
        let purposes = self.purposes.iter();
        let purposes = purposes.map(move |(purpose, own)| (format!("providers.{name}.purpose.{purpose}"), own));
        std::iter::once((format!("providers.{name}"), &self.entries)).chain(purposes)
    }

    /// Fetches the secrets of this provider, and no other's. `purpose`: what a message is for, if it is for one.
    ///
    /// # Errors
    /// As [`super::SecretSource::resolve`], with the file and line of the key; and as [`Self::broken`].
    pub async fn resolve(&self, purpose: Option<&Purpose>, fetch: &Fetch<'_>) -> Result<Settings, ConfigError> {
        if let Some(error) = &self.broken {
            return Err(error.clone());
        }
        let own = purpose.and_then(|purpose| self.purposes.get(purpose));
        resolved(self.entries.iter().chain(own.into_iter().flatten()), &self.positions, fetch).await
    }
}

impl DirectorySettings {
    /// Why this directory cannot be used, whatever its settings are: its definition is not there, or is wrong.
    #[must_use]
    pub fn broken(&self) -> Option<&ConfigError> {
        self.broken.as_ref()
    }

    /// The settings that are written in the file, and are no secret.
    pub(super) fn plain(&self) -> BTreeMap<&str, &str> {
        let plain = self.entries.iter().filter_map(|(name, entry)| match entry {
            SettingSource::Plain(value) => Some((name.as_str(), value.as_str()?)),
            _ => None,
        });
        plain.collect()
    }

    /// Fetches the secrets of this directory, and no other's.
    ///
    /// # Errors
    /// As [`super::SecretSource::resolve`], with the file and line of the key; and as [`Self::broken`].
    pub async fn resolve(&self, fetch: &Fetch<'_>) -> Result<Settings, ConfigError> {
        match &self.broken {
            Some(error) => Err(error.clone()),
            None => resolved(self.entries.iter(), &self.positions, fetch).await,
        }
    }
}

async fn resolved<'s>(
    entries: impl Iterator<Item = (&'s String, &'s SettingSource)>,
    positions: &BTreeMap<String, Position>,
    fetch: &Fetch<'_>,
) -> Result<Settings, ConfigError> {
    let mut settings = BTreeMap::new();
    for (name, entry) in entries {
        settings.insert(name.clone(), entry.fetch(positions.get(name), fetch).await?);
    }
    Ok(Settings(settings))
}

impl SettingSource {
    /// The setting, fetched where it is a secret. `position`: that of its key.
    pub(super) async fn fetch(&self, position: Option<&Position>, fetch: &Fetch<'_>) -> Result<Setting, ConfigError> {
        Ok(match self {
            Self::Plain(value) => Setting::Plain(value.clone()),
            Self::File(path) => Setting::File(path.clone()),
            Self::Authority(path) => Setting::Authority(path.clone()),
            Self::Program(program, arguments) => Setting::Program(program.clone(), arguments.clone()),
            Self::Secret(source) => match source.resolve(fetch).await {
                Ok(secret) => Setting::Secret(secret),
                Err(error) => return Err(position.map_or(error.clone(), |position| error.asked_by(position))),
            },
        })
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
