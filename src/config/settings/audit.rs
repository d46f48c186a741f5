//! `[audit]`.

use std::fmt;

use super::ServerAddress;
use crate::system::FilePath;

/// `[audit]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditSettings {
    /// Where the records are.
    pub file: FilePath,
    /// Who gets each of them too.
    pub syslog: Option<SyslogTarget>,
}

/// A receiver of records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SyslogTarget {
    /// A socket of this machine.
    Unix(FilePath),
    /// One datagram a record.
    Udp(ServerAddress),
    /// One connection a record.
    Tcp(ServerAddress),
}

impl fmt::Display for SyslogTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => path.fmt(f),
            Self::Udp(address) => write!(f, "udp://{address}"),
            Self::Tcp(address) => write!(f, "tcp://{address}"),
        }
    }
}
