//! Reads a private key, and says what is wrong with one that cannot sign here.

use jsonwebtoken::jwk::{CommonParameters, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, EncodingKey};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;

use super::crypto;
use crate::otp::Secret;

/// Why a key cannot sign. It holds nothing of the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// A public key, a certificate, or no PEM at all.
    #[error("this is no private key in PEM (PKCS#8)")]
    NotPrivate,
    /// A key behind a pass phrase.
    #[error("this private key is encrypted, and nobody could type its pass phrase")]
    Encrypted,
    /// `BEGIN EC PRIVATE KEY`.
    #[error("this private key is in the older SEC1 form, and PKCS#8 is needed")]
    Sec1,
    /// RSA, or another curve.
    #[error("this private key is of another kind; Ed25519 and P-256 can sign assertions")]
    Kind,
    /// The system gave no randomness.
    #[error("the key did not sign")]
    Signing,
}

impl KeyError {
    /// The command that makes what was meant.
    #[must_use]
    pub fn fix(self) -> &'static str {
        match self {
            Self::Encrypted => "openssl pkcs8 -topk8 -nocrypt -in ENCRYPTED.pem -out assertion.pem",
            Self::Sec1 => "openssl pkcs8 -topk8 -nocrypt -in SEC1.pem -out assertion.pem",
            Self::NotPrivate | Self::Kind | Self::Signing => "openssl genpkey -algorithm ed25519 -out assertion.pem",
        }
    }
}

/// The key, how it signs, and its public half without a name.
///
/// # Errors
/// When it is no PKCS#8 key of Ed25519 or P-256.
pub(super) fn read(pem: &Secret) -> Result<(EncodingKey, Algorithm, Jwk), KeyError> {
    let text = pem.expose();
    if text.contains("ENCRYPTED") {
        return Err(KeyError::Encrypted);
    }
    let key = PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|_| KeyError::NotPrivate)?;
    let der = match &key {
        PrivateKeyDer::Pkcs8(der) => der.secret_pkcs8_der(),
        PrivateKeyDer::Sec1(_) => return Err(KeyError::Sec1),
        _ => return Err(KeyError::Kind),
    };
    crypto::install();
    let (algorithm, public) = crypto::opened(der).ok_or(KeyError::Kind)?;
    let key = if algorithm == Algorithm::EdDSA { EncodingKey::from_ed_der(der) } else { EncodingKey::from_ec_der(der) };
    let common = CommonParameters {
        public_key_use: Some(PublicKeyUse::Signature),
        key_algorithm: Some(algorithm.into()),
        ..CommonParameters::default()
    };
    Ok((key, algorithm, Jwk { common, algorithm: public }))
}
