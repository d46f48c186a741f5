//! Where an application keeps the codes: how, with which secret, and how long its own are.

use super::App;
use crate::config::{LayoutSettings, StoreSettings};
use crate::error::{Error, Exit};
use crate::layout::{Application, CodeShapes, LayoutContext};
use crate::operations::{AppLayout, OperationError};
use crate::otp::{Code, Peppers};

impl App {
    /// How an application keeps the codes, with its secret and our own; none where they are kept in our own layout.
    pub(super) async fn lodging(&self) -> Result<Option<AppLayout<'_>>, Error> {
        let settings = self.settings()?;
        let StoreSettings::Redis(redis) = &settings.store else { return Ok(None) };
        let Some(LayoutSettings { application, secret }) = &redis.layout else { return Ok(None) };
        let Some(layout) = application.layout() else { return Ok(Some(AppLayout::PrivacyIdea)) };
        let secret = match secret {
            Some(source) => Some(
                self.app_secret
                    .get_or_try_init(async || source.resolve(&self.fetch()).await.map_err(Error::from))
                    .await?,
            ),
            None => None,
        };
        let (peppers, max_tries) = (self.peppers().await?, settings.code.max_attempts);
        Ok(Some(AppLayout::Codes(LayoutContext { layout, peppers, secret, max_tries, ours: &settings.code.spec })))
    }

    /// The keys of codes that are to be made or checked. Where nobody here does either, none is asked for.
    ///
    /// # Errors
    /// As [`Self::peppers`], and where codes are only looked at.
    pub async fn peppers_for(&self, what: &str) -> Result<&Peppers, Error> {
        match self.application()? {
            Some(Application::PrivacyIdea) => Err(OperationError::looked_at_only(what).into()),
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

    /// Reads a typed code: one as they are made here, or as the application makes them. Where none is checked, none is read.
    ///
    /// # Errors
    /// When it cannot be a code, and where the layout lets none be checked.
    pub fn typed_code(&self, typed: &str) -> Result<Code, Error> {
        let own = &self.settings()?.code.spec;
        let shapes = match self.application()? {
            None => CodeShapes::of(own),
            Some(Application::Codes(layout)) if layout.allows.verify => layout.shapes(own),
            Some(Application::Codes(layout)) => return Err(OperationError::not_allowed(layout, "checked").into()),
            Some(Application::PrivacyIdea) => return Err(OperationError::looked_at_only("checked").into()),
        };
        shapes.read(typed).map_err(|error| Error::new(Exit::Usage, error))
    }
}
