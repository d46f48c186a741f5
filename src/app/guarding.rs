//! What a `protected` file does not do, although it could: codes that are shown, limits that limit nothing, a pepper that
//! can be guessed.

use super::App;
use crate::config;
use crate::error::{Error, Exit};
use crate::otp::Hint;

impl App {
    /// Refuses to make or to check codes where the file is protected and something in it is too weak to protect them.
    /// What ends codes, and what only looks, still works.
    ///
    /// # Errors
    /// When something is too weak, or the file or its peppers cannot be read.
    pub async fn guard(&self) -> Result<(), Error> {
        let settings = self.settings()?;
        if !settings.protected {
            return Ok(());
        }
        if let Some(error) = config::weaknesses(settings).into_iter().next() {
            return Err(error.into());
        }
        let Ok(peppers) = self.peppers().await else { return Ok(()) };
        let weak = peppers.iter().find_map(|pepper| Some((pepper, config::weak_pepper(pepper.key.expose())?)));
        let Some((pepper, why)) = weak else { return Ok(()) };
        Err(Error::said(Exit::Config, format!("the pepper `{}` {why}, and this file is protected", pepper.id))
            .hint(config::fresh_pepper()))
    }

    /// Refuses a provider that shows codes, where the file is protected and does not allow that.
    pub(super) fn may_show_codes(&self, provider: &str) -> Result<(), Error> {
        let settings = self.settings()?;
        let shows = settings.providers.get(provider).is_some_and(|configured| configured.kind.shows_codes());
        if !settings.protected || settings.reveal || !shows {
            return Ok(());
        }
        Err(Error::said(Exit::Config, format!("`{provider}` shows codes, which this protected file does not allow"))
            .hint(Hint::words("send through a provider of SMS, or `reveal = true` in the file")))
    }
}
