//! Why a provider cannot be opened.

use crate::http::SettingError;
use crate::otp::Hint;
use crate::otp::suggest::suggested;
use crate::system::FileError;
use crate::toml_tree::ConfigError;

/// Why a provider cannot be opened. It names the setting and never quotes a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// No such kind of provider.
    #[error("there is no provider kind `{kind}`{}", suggested(near.as_deref()))]
    UnknownKind {
        /// What was asked for.
        kind: String,
        /// The kind that it is closest to.
        near: Option<String>,
    },
    /// A setting that is missing, unknown, or of another type, or settings that are wrong together.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// A kind that this program was built without.
    #[error("this otpctl was built without `{kind}`: build it with `cargo build --release --features {kind}`")]
    NotBuilt {
        /// The kind, and the feature of the same name.
        kind: &'static str,
    },
    /// The definition of the gateway is not there, or is wrong.
    #[error("its definition `{0}` could not be read")]
    Unread(String),
    /// A file that it needs is not safe to use.
    #[error("{0}")]
    Unsafe(#[from] FileError),
    /// The definition of the gateway itself is wrong.
    #[error("the definition of this provider: {0}")]
    Definition(#[from] ConfigError),
}

impl OpenError {
    /// The command that fixes it, where one does.
    #[must_use]
    pub fn fix(&self) -> Option<Hint> {
        match self {
            Self::Unsafe(error) => error.hint.clone(),
            _ => None,
        }
    }
}
