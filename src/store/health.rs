//! What a store says of itself: facts, without a judgement. What it does not say is `None`.

use std::path::PathBuf;

use super::error::StoreError;
use super::redis::Endpoint;

/// The state of a store at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// Whether a change could be committed now, as who we are. Nothing was written to find out.
    pub commits: Result<(), StoreError>,
    /// What this user may not call of what looking needs; none: the store has no users.
    pub rights: Option<Rights>,
    /// What this user may not call of what the feed, the statistics and the counters of policy need; `None`: the store has no
    /// users, or it is not known. The feed and the statistics are then left out, and nothing else.
    pub adding: Option<Vec<String>>,
    /// Whether an application's keys can be read, where they are only read.
    pub app_reads: Option<Result<(), StoreError>>,
    /// The servers behind it, or why they say nothing; none for a file.
    pub servers: Result<Vec<ServerFacts>, StoreError>,
    /// Where the others of them are, and what became of asking them.
    pub absent: Vec<(Endpoint, StoreError)>,
    /// The file, for a store that is one.
    pub file: Option<FileFacts>,
}

/// What a user of the store may not do, by the store's commands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rights {
    /// Of those that looking needs, these may not be called, or this is why it is not known.
    pub looking: Vec<String>,
    /// None of those that write may be called: this user is meant to look.
    pub only_looks: bool,
}

/// What one server says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServerFacts {
    /// What messages call it.
    pub name: String,
    /// Where it is, as far as that is known.
    pub endpoint: Option<Endpoint>,
    /// It is older than what can be used.
    pub too_old: bool,
    /// What it is, such as `Redis 7.4.1`.
    pub software: Option<String>,
    /// Whether it follows another server, and takes no changes itself.
    pub replica: Option<bool>,
    /// How many servers follow it.
    pub replicas: Option<u32>,
    /// What it does when its memory is full, such as `noeviction`.
    pub eviction: Option<String>,
    /// How much memory it may use, in bytes; 0: no limit.
    pub memory_limit: Option<u64>,
    /// Whether what it holds survives its restart.
    pub persistent: Option<bool>,
}

/// A store that is one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFacts {
    /// Where it is.
    pub path: PathBuf,
    /// How large it is, in bytes.
    pub size: Option<u64>,
    /// How many bytes are left on its disk for us.
    pub free: Option<u64>,
    /// The permission bits of its folder.
    pub folder_mode: Option<u32>,
}
