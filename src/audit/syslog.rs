//! A receiver that gets each record too, as a message of RFC 5424. "Taken" is not "stored", and a receiver that was stopped
//! takes nothing: so it never stands in place of the file, and is given a moment and no more.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpStream, UdpSocket, UnixDatagram, UnixStream};

use crate::system::shown;

/// So long it may take, with its name looked up and its connection made.
const PATIENCE: Duration = Duration::from_secs(1);
/// Facility 13 (log audit), severity 5 (notice).
const PRIORITY: u8 = 13 * 8 + 5;

/// Where it listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Receiver {
    /// A socket of this machine, such as `/dev/log`.
    Unix(PathBuf),
    /// A host and a port: one datagram a record.
    Udp(String, u16),
    /// A host and a port: one connection a record, each with its length before it (RFC 6587).
    Tcp(String, u16),
}

impl fmt::Display for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix://{}", shown(path)),
            Self::Udp(host, port) => write!(f, "udp://{host}:{port}"),
            Self::Tcp(host, port) => write!(f, "tcp://{host}:{port}"),
        }
    }
}

/// What hands records over.
#[derive(Debug, Clone)]
pub struct Syslog {
    receiver: Receiver,
    host: String,
}

impl Syslog {
    /// `host`: the name of this machine, which each message begins with.
    #[must_use]
    pub fn new(receiver: Receiver, host: &str) -> Self {
        Self { receiver, host: host.to_owned() }
    }

    /// Where it listens.
    #[must_use]
    pub fn receiver(&self) -> &Receiver {
        &self.receiver
    }

    /// Hands a record over.
    ///
    /// # Errors
    /// When it was not taken in time.
    pub async fn hand_over(&self, at: &str, line: &str) -> io::Result<()> {
        let text = message(&self.host, at, line);
        match tokio::time::timeout(PATIENCE, self.sent(text.as_bytes())).await {
            Ok(sent) => sent,
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }

    async fn sent(&self, text: &[u8]) -> io::Result<()> {
        match &self.receiver {
            Receiver::Unix(path) => {
                let socket = UnixDatagram::unbound()?;
                match socket.connect(path) {
                    Ok(()) => socket.send(text).await.map(drop),
                    // The socket takes streams: each message ends with a zero byte, as glibc writes it.
                    Err(_) => UnixStream::connect(path).await?.write_all(&[text, b"\0"].concat()).await,
                }
            }
            Receiver::Udp(host, port) => {
                let mut failed = io::Error::from(io::ErrorKind::NotFound);
                for address in tokio::net::lookup_host((host.as_str(), *port)).await? {
                    let own = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
                    let socket = UdpSocket::bind(own).await?;
                    match socket.send_to(text, address).await {
                        Ok(_) => return Ok(()),
                        Err(error) => failed = error,
                    }
                }
                Err(failed)
            }
            Receiver::Tcp(host, port) => {
                let mut stream = TcpStream::connect((host.as_str(), *port)).await?;
                stream.write_all(&[format!("{} ", text.len()).as_bytes(), text].concat()).await?;
                stream.shutdown().await
            }
        }
    }
}

/// RFC 5424: the header, no structured data, and the record as it is in the file, which has no control characters.
fn message(host: &str, at: &str, line: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_graphic();
    let host: String = host.bytes().filter(|byte| plain(*byte)).map(char::from).collect();
    let host = if host.is_empty() { "-" } else { &host };
    format!("<{PRIORITY}>1 {at} {host} otpctl {} audit - {line}", std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_the_form_of_rfc_5424() {
        let text = message("h 1", "2026-11-27T06:00:00.000Z", "{\"seq\":1}");
        let process = std::process::id();
        assert_eq!(text, format!("<109>1 2026-11-27T06:00:00.000Z h1 otpctl {process} audit - {{\"seq\":1}}"));
    }
}
