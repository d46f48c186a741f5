//! The cryptography of `jsonwebtoken`, on the same ring as TLS: the backends that the crate brings are a second library
//! with C++ to build, or a dozen crates with RSA among them. Nothing is verified here, and nothing shared is signed with.

use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{ErrorKind, Result};
use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, EllipticCurveKeyParameters, EllipticCurveKeyType, OctetKeyPairParameters,
    OctetKeyPairType, ThumbprintHash,
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use ring::digest::{SHA256, SHA384, SHA512, digest};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
use signature::Signer;

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: signer,
    verifier_factory: |_: &Algorithm, _: &DecodingKey| -> Result<Box<dyn JwtVerifier>> {
        Err(ErrorKind::InvalidAlgorithm.into())
    },
    key_utils: KeyUtils { compute_digest: hashed, ..KeyUtils::new_unimplemented() },
};

/// Makes it the one that is used. Once is enough, and more does no harm.
pub(super) fn install() {
    let _ = PROVIDER.install_default();
}

/// How a PKCS#8 key signs, and its public half; `None`: it cannot sign here.
pub(super) fn opened(der: &[u8]) -> Option<(Algorithm, AlgorithmParameters)> {
    match ed25519(der) {
        Some(own) => Some((Algorithm::EdDSA, ed25519_parameters(&own))),
        None => Some((Algorithm::ES256, p256_parameters(&p256(der)?)?)),
    }
}

/// OpenSSL writes the key without its public half, which ring then computes.
fn ed25519(der: &[u8]) -> Option<Ed25519KeyPair> {
    Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).ok()
}

fn p256(der: &[u8]) -> Option<EcdsaKeyPair> {
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der, &SystemRandom::new()).ok()
}

struct Ed25519Signer(Ed25519KeyPair);

impl Signer<Vec<u8>> for Ed25519Signer {
    fn try_sign(&self, message: &[u8]) -> std::result::Result<Vec<u8>, signature::Error> {
        Ok(self.0.sign(message).as_ref().to_vec())
    }
}

impl JwtSigner for Ed25519Signer {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

struct P256Signer(EcdsaKeyPair);

impl Signer<Vec<u8>> for P256Signer {
    fn try_sign(&self, message: &[u8]) -> std::result::Result<Vec<u8>, signature::Error> {
        let signed = self.0.sign(&SystemRandom::new(), message).map_err(|_| signature::Error::new())?;
        Ok(signed.as_ref().to_vec())
    }
}

impl JwtSigner for P256Signer {
    fn algorithm(&self) -> Algorithm {
        Algorithm::ES256
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the crate calls it so")]
fn signer(algorithm: &Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>> {
    match algorithm {
        Algorithm::EdDSA => {
            let own = ed25519(key.as_bytes()).ok_or(ErrorKind::InvalidEddsaKey)?;
            Ok(Box::new(Ed25519Signer(own)))
        }
        Algorithm::ES256 => {
            let own = p256(key.as_bytes()).ok_or(ErrorKind::InvalidEcdsaKey)?;
            Ok(Box::new(P256Signer(own)))
        }
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    }
}

/// The public half, as a JWK has it (RFC 7518 §6.2, RFC 8037 §2).
fn ed25519_parameters(own: &Ed25519KeyPair) -> AlgorithmParameters {
    AlgorithmParameters::OctetKeyPair(OctetKeyPairParameters {
        key_type: OctetKeyPairType::OctetKeyPair,
        curve: EllipticCurve::Ed25519,
        x: BASE64URL_NOPAD.encode(own.public_key().as_ref()),
    })
}

/// `None`: it is no uncompressed point, which is 4, x, y (SEC 1 §2.3.3).
fn p256_parameters(own: &EcdsaKeyPair) -> Option<AlgorithmParameters> {
    let point = own.public_key().as_ref().strip_prefix(&[4]).filter(|point| point.len() == 64)?;
    let (x, y) = point.split_at(32);
    Some(AlgorithmParameters::EllipticCurve(EllipticCurveKeyParameters {
        key_type: EllipticCurveKeyType::EC,
        curve: EllipticCurve::P256,
        x: BASE64URL_NOPAD.encode(x),
        y: BASE64URL_NOPAD.encode(y),
    }))
}

#[expect(clippy::needless_pass_by_value, reason = "the crate calls it so")]
fn hashed(data: &[u8], function: ThumbprintHash) -> Result<Vec<u8>> {
    let function = match function {
        ThumbprintHash::SHA256 => &SHA256,
        ThumbprintHash::SHA384 => &SHA384,
        ThumbprintHash::SHA512 => &SHA512,
        _ => return Err(ErrorKind::InvalidAlgorithm.into()),
    };
    Ok(digest(function, data).as_ref().to_vec())
}
