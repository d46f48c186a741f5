//! `[assertion]`.

use crate::config::secret::PlacedSecret;

/// `[assertion]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssertionSettings {
    /// The private key that signs.
    pub key: PlacedSecret,
    /// Its name; `None`: its thumbprint.
    pub kid: Option<String>,
    /// Who says so.
    pub issuer: String,
    /// For whom assertions may be.
    pub audiences: Vec<String>,
    /// Also a code that was not sent to the phone may lead to one.
    pub allow_issued: bool,
}
