//! Why a store did not do what it was asked, and whether it may have had an effect all the same.

/// Why a store did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// No answer, and nothing was executed.
    #[error("the store is not reachable: {0}")]
    Unreachable(String),
    /// The login or a permission was refused.
    #[error("the store refused access: {0}")]
    Denied(String),
    /// It answers, but cannot do it now; nothing was executed.
    #[error("the store is not ready: {0}")]
    NotReady(String),
    /// The server follows another one, and takes no changes itself; nothing was executed.
    #[error("the store is not ready: {0}")]
    Replica(String),
    /// The file or its disk takes no changes from this user; nothing was executed.
    #[error("the store is not ready: {0}")]
    ReadOnly(String),
    /// It may have done it: the answer was lost.
    #[error("the answer of the store was lost: {0}")]
    Unknown(String),
    /// It was executed, but may not last: too few replicas have it. Reading it again does not help.
    #[error("the change may not last: {0}")]
    Unreplicated(String),
    /// A value is not what this version writes.
    #[error("cannot read a record in the store: {0}")]
    Data(String),
    /// The whole of it is of a newer version; nothing done.
    #[error("{0}")]
    Newer(String),
    /// Not a place in a list that this store gave.
    #[error("this cursor is not from this list")]
    Cursor,
    /// The configuration of the store is wrong.
    #[error("the store cannot be opened: {0}")]
    Config(String),
    /// The server is older than what can be used.
    #[error("the store cannot be opened: {0}")]
    TooOld(String),
}

impl StoreError {
    /// What happened, without the words for its kind.
    #[must_use]
    pub fn what(&self) -> &str {
        match self {
            Self::Unreachable(text)
            | Self::Denied(text)
            | Self::NotReady(text)
            | Self::Replica(text)
            | Self::ReadOnly(text)
            | Self::Unknown(text)
            | Self::Unreplicated(text)
            | Self::Data(text)
            | Self::Newer(text)
            | Self::Config(text)
            | Self::TooOld(text) => text,
            Self::Cursor => "this cursor is not from this list",
        }
    }

    /// Whether it is about what a user may do, and not about who it is.
    #[must_use]
    pub fn lacks_rights(&self) -> bool {
        let Self::Denied(text) = self else { return false };
        ["NOPERM", "does not let this user call", "executing the script can't", "can't run this command"]
            .iter()
            .any(|words| text.contains(words))
    }

    /// Whether the command may have been executed all the same.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        matches!(self, Self::Unknown(_) | Self::Unreplicated(_))
    }
}
