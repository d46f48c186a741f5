//! TLS of what is called over a network besides stores: whose certificates are trusted, and which connections may go without it.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use rustls::{ClientConfig, RootCertStore};

/// Why a connection cannot be made secure, in words.
const NOT_SET_UP: &str = "TLS could not be set up";

/// TLS that trusts Mozilla's roots. It is shared, with the sessions that can be resumed.
///
/// # Errors
/// In words, when it cannot be set up.
pub fn usual() -> Result<Arc<ClientConfig>, String> {
    static CONFIG: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    if let Some(config) = CONFIG.get() {
        return Ok(config.clone());
    }
    let config = trusting(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() })?;
    Ok(CONFIG.get_or_init(|| config).clone())
}

/// TLS that trusts these roots and no others.
///
/// # Errors
/// In words, when it cannot be set up.
pub fn trusting(roots: RootCertStore) -> Result<Arc<ClientConfig>, String> {
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|_| NOT_SET_UP.to_owned())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// Whether an unencrypted request to this host stays on this machine or in a private network: tests, sandboxes, own
/// gateways.
#[must_use]
pub fn stays_inside(host: &str) -> bool {
    match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => address.is_loopback() || address.is_private() || address.is_link_local(),
        Ok(IpAddr::V6(address)) => {
            address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
        }
        Err(_) => {
            let private = ["localhost", "local", "internal", "test"];
            !host.contains('.') || host.rsplit('.').next().is_some_and(|last| private.contains(&last))
        }
    }
}
