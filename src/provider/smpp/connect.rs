//! The connection to an SMSC: its name, TCP, and TLS if requested. If this fails, nothing was sent.

use std::io;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

/// Where an SMSC is.
pub(super) struct SmscAddress {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
}

/// What a session runs over.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Connects until the given moment, or says why not.
pub(super) async fn connect(place: &SmscAddress, end: Instant) -> Result<Box<dyn Stream>, String> {
    match timeout_at(end, connected(place)).await {
        Ok(result) => result,
        Err(_) => Err("the connection was not made in time".to_owned()),
    }
}

async fn connected(place: &SmscAddress) -> Result<Box<dyn Stream>, String> {
    let unnamed = |_: io::Error| "the name of the host could not be resolved".to_owned();
    let addresses = lookup_host((place.host.as_str(), place.port)).await.map_err(unnamed)?;
    let mut why = "the name of the host has no address".to_owned();
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return secured(stream, place).await,
            Err(error) => why = format!("no connection: {error}"),
        }
    }
    Err(why)
}

async fn secured(stream: TcpStream, place: &SmscAddress) -> Result<Box<dyn Stream>, String> {
    // Requests and responses are small and wait for each other. Without it they are late, not wrong.
    let _ = stream.set_nodelay(true);
    let Some((config, name)) = &place.tls else { return Ok(Box::new(stream)) };
    match TlsConnector::from(config.clone()).connect(name.clone(), stream).await {
        Ok(stream) => Ok(Box::new(stream)),
        Err(error) => Err(format!("no connection: {error}")),
    }
}
