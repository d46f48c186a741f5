//! What is wrong with files of records, and what they have.

use std::path::PathBuf;

use serde::Serialize;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A line was changed, and its MAC was left.
    Edited,
    /// Records are not where they were, and those around them are.
    Deleted,
    /// The newest records are not there any more.
    CutTail,
    /// Records are in another order.
    Reordered,
    /// Lines have a MAC that was not made with the pepper.
    Restamped,
    /// A line ends in the middle.
    Torn,
    /// The file was emptied where it is, and lines may be lost with that.
    Copytruncated,
    /// Numbers between one file and the next are in neither.
    MissingNumbers,
    /// The lock file, which knows the newest record, was lost.
    LostLock,
    /// The pepper of a record is not configured, so that nobody can tell.
    UnknownPepper,
}

impl Kind {
    /// In words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Edited => "edited",
            Self::Deleted => "deleted",
            Self::CutTail => "cut tail",
            Self::Reordered => "reordered",
            Self::Restamped => "restamped",
            Self::Torn => "torn",
            Self::Copytruncated => "copytruncated",
            Self::MissingNumbers => "missing numbers",
            Self::LostLock => "lost lock",
            Self::UnknownPepper => "unknown pepper",
        }
    }
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub file: PathBuf,
    /// The line, from 1; where the file ends too early, the one that would come next.
    pub line: usize,
    pub kind: Kind,
    /// The first and the last number of the records that it is about, where they are known.
    pub numbers: Option<(u64, u64)>,
}

/// What a file has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSpan {
    pub file: PathBuf,
    pub records: usize,
    /// Its first and its last number.
    pub numbers: Option<(u64, u64)>,
}

/// A record that is known from elsewhere: its number and its short MAC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    pub seq: u64,
    /// As the head of a chain writes it.
    pub short: String,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checked {
    /// In the order of their records.
    pub files: Vec<FileSpan>,
    pub findings: Vec<Finding>,
    /// The numbers of intents whose command never said how it ended.
    pub open: Vec<u64>,
    /// The records before this number are in none of these files.
    pub begins_after: Option<u64>,
    /// When the newest record was written.
    pub newest_at: Option<String>,
}
