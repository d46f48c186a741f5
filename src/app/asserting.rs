//! Whom the file lets assertions be made for, and the key that signs them.

use super::App;
use crate::assertion::Signer;
use crate::config::AssertionSettings;
use crate::error::{Error, Exit};
use crate::otp::{Hint, Phone};

impl App {
    /// `[assertion]` of the file.
    ///
    /// # Errors
    /// When there is none.
    pub fn assertions(&self) -> Result<&AssertionSettings, Error> {
        self.settings()?.assertion.as_ref().ok_or_else(|| {
            Error::said(Exit::Config, "the file has no [assertion]: who signs, and for whom")
                .hint("add [assertion] with key, issuer and audiences; docs/sign-in.md shows one")
        })
    }

    /// The key that signs.
    ///
    /// # Errors
    /// When it cannot be read, or cannot sign.
    pub async fn signer(&self) -> Result<Signer, Error> {
        Ok(self.assertions()?.signer(&self.fetch()).await?)
    }

    /// Refuses an assertion that the file does not let be made, before anything is spent: for an audience that it does not
    /// list, or about a number whose code is in the file.
    ///
    /// # Errors
    /// When it does not.
    pub fn may_assert(&self, phone: &Phone, audience: &str) -> Result<(), Error> {
        let settings = self.assertions()?;
        if !settings.audiences.iter().any(|own| own == audience) {
            let own = settings.audiences.join(", ");
            return Err(Error::said(Exit::Policy, format!("`{audience}` is not an audience of this file"))
                .hint(Hint::words(format!("its audiences under [assertion]: {own}"))));
        }
        if !settings.allow_issued && self.test_number(phone)?.is_some() {
            let why = "no assertion is made for a test number: its code is in the file";
            return Err(
                Error::said(Exit::Policy, why).hint("where that is harmless: allow_issued = true under [assertion]")
            );
        }
        Ok(())
    }
}
