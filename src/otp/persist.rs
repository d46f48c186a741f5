//! How values are written for the store, read back, and how long they are kept.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The version of the format. Another one is refused, never guessed at.
pub(super) const VERSION: u8 = 1;

/// The value in the store is not a record that this version understands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Not JSON of this shape. The value is not quoted: it may be anything.
    #[error("it is not a record of otpctl")]
    Shape,
    /// From another version.
    #[error("it has version {0}, and this otpctl reads version {VERSION}")]
    Version(u64),
}

/// A value as the store keeps it: JSON with its version in it.
pub trait Stored: Default + Serialize + DeserializeOwned {
    /// Reads it from the store; nothing there is an empty one.
    ///
    /// # Errors
    /// When what is there is not one of this version.
    fn read(bytes: Option<&[u8]>) -> Result<Self, Unreadable> {
        bytes.map_or_else(|| Ok(Self::default()), read)
    }

    /// The bytes for the store. Maps with text keys and plain fields always have a form in JSON.
    fn write(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Unreadable> {
    #[derive(Deserialize)]
    struct Versioned {
        v: u64,
    }
    let version: Versioned = serde_json::from_slice(bytes).map_err(|_| Unreadable::Shape)?;
    if version.v != u64::from(VERSION) {
        return Err(Unreadable::Version(version.v));
    }
    serde_json::from_slice(bytes).map_err(|_| Unreadable::Shape)
}

/// How long a value has to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ttl {
    /// Nothing in it matters any more.
    Expired,
    /// So long from now.
    For(Duration),
    /// Until someone ends it.
    Forever,
}
