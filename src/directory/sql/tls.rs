//! TLS to `PostgreSQL`, on the rustls that is there; `MySQL`'s driver has its own.

use std::future::Future;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream as Stream;

use crate::system::{MAX_CERTIFICATES, Trust, read_text, tls};

/// TLS that trusts Mozilla's roots, or the file of a CA instead.
pub(super) fn config(authority: Option<&Path>) -> Result<Arc<ClientConfig>, String> {
    let Some(path) = authority else { return tls::usual() };
    let file = read_text(path, MAX_CERTIFICATES, Trust::Owned).map_err(|error| error.to_string())?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(file.text.as_bytes()) {
        let certificate = certificate.map_err(|_| "the file of the CA is not PEM".to_owned())?;
        roots.add(certificate).map_err(|_| "the file of the CA holds something else".to_owned())?;
    }
    if roots.is_empty() {
        return Err("the file of the CA holds no certificate".to_owned());
    }
    tls::trusting(roots)
}

/// Makes the TLS of one connection.
#[derive(Clone)]
pub(super) struct Connector(pub(super) Arc<ClientConfig>);

/// The TLS to one host.
pub(super) struct ToHost {
    connector: TlsConnector,
    /// None for a socket, which needs no TLS.
    host: Option<ServerName<'static>>,
}

/// A connection with TLS.
pub(super) struct Secured<S>(Box<Stream<S>>);

impl<S> MakeTlsConnect<S> for Connector
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Secured<S>;
    type TlsConnect = ToHost;
    type Error = io::Error;

    fn make_tls_connect(&mut self, host: &str) -> io::Result<ToHost> {
        let host = ServerName::try_from(host.to_owned()).ok();
        Ok(ToHost { connector: TlsConnector::from(Arc::clone(&self.0)), host })
    }
}

impl<S> TlsConnect<S> for ToHost
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Secured<S>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Secured<S>>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        Box::pin(async move {
            let host = self.host.ok_or_else(|| io::Error::other("no certificate can be for such a host"))?;
            Ok(Secured(Box::new(self.connector.connect(host, stream).await?)))
        })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Secured<S> {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Secured<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_read(cx, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Secured<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_shutdown(cx)
    }
}
