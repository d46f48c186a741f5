//! Where an application keeps the codes: how, with which secret, and how long its own are.

use super::App;
use crate::config::{LayoutSettings, StoreSettings};
use crate::error::{Error, Exit};
use crate::otp::layout::{Application, Codes};
use crate::otp::{Code, CodeSpec, Peppers};
use crate::verifier::{Lodging, VerifierError};

impl App {
    /// How an application keeps the codes, with its secret and our own; none where they are kept in our own layout.
    pub(super) async fn lodging(&self) -> Result<Option<Lodging<'_>>, Error> {
        let settings = self.settings()?;
        let StoreSettings::Redis(redis) = &settings.store else { return Ok(None) };
        let Some(LayoutSettings { application, secret }) = &redis.layout else { return Ok(None) };
        let Some(layout) = application.layout() else { return Ok(Some(Lodging::PrivacyIdea)) };
        let secret = match secret {
            Some(source) => Some(
                self.app_secret.get_or_try_init(async || source.resolve(&self.env).await.map_err(Error::from)).await?,
            ),
            None => None,
        };
        let (peppers, max_tries) = (self.peppers().await?, settings.code.max_attempts);
        Ok(Some(Lodging::Codes(Codes { layout, peppers, secret, max_tries })))
    }

    /// The keys of codes that are to be made or checked. Where nobody here does either, none is asked for.
    ///
    /// # Errors
    /// As [`Self::peppers`], and where codes are only looked at.
    pub async fn peppers_for(&self, what: &str) -> Result<&Peppers, Error> {
        match self.application()? {
            Some(Application::PrivacyIdea) => Err(VerifierError::looked_at_only(what).into()),
            Some(Application::Codes(_)) | None => self.peppers().await,
        }
    }

    /// The application that keeps the codes.
    ///
    /// # Errors
    /// When the file is wrong.
    pub fn application(&self) -> Result<Option<&Application>, Error> {
        Ok(match &self.settings()?.store {
            StoreSettings::Redis(redis) => redis.layout.as_ref().map(|own| &own.application),
            StoreSettings::Embedded { .. } => None,
        })
    }

    /// Reads a typed code: of our own length, or of the application's where it makes codes too.
    ///
    /// # Errors
    /// When it cannot be a code.
    pub fn typed_code(&self, typed: &str) -> Result<Code, Error> {
        let own = &self.settings()?.code.spec;
        let theirs = self.application()?.and_then(Application::layout).and_then(|layout| layout.length);
        let read = own.read(typed);
        let read = match theirs {
            Some(length) => {
                read.or_else(|error| CodeSpec { alphabet: own.alphabet.clone(), length }.read(typed).map_err(|_| error))
            }
            None => read,
        };
        read.map_err(|error| Error::new(Exit::Usage, error))
    }
}
