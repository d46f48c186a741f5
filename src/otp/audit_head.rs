//! The head of an audit as the store keeps it: who cuts the file of the records has to change the store as well.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Moment;
use super::persist::{More, Stored, Version};

/// The version of its format.
const VERSION: u64 = 1;

/// The newest record of one file that the store was told of. It moves forward only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditHead {
    v: Version<VERSION>,
    /// Its number.
    #[serde(default)]
    pub seq: u64,
    /// Its number and short MAC, as an event has them.
    #[serde(default)]
    pub anchor: String,
    /// The machine that the file is on.
    #[serde(default)]
    pub host: String,
    /// When the store was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Moment>,
    /// What newer versions added to it.
    #[serde(default, skip_serializing_if = "More::is_empty")]
    pub more: More,
}

impl Stored for AuditHead {
    const VERSION: u64 = VERSION;
}

impl Default for AuditHead {
    fn default() -> Self {
        let (v, anchor, host, more) = (Version, String::new(), String::new(), More::default());
        Self { v, seq: 0, anchor, host, at: None, more }
    }
}

impl AuditHead {
    /// How long the store keeps it after it was told of a record.
    pub const KEPT: Duration = Duration::from_secs(400 * 24 * 60 * 60);

    /// What becomes of it when the store is told of a record. `known`: the record that the file says the store knows.
    #[must_use]
    pub fn moved(&self, (seq, anchor): (u64, &str), known: (u64, &str), host: &str, now: Moment) -> Moved {
        let is_other = (seq == self.seq && anchor != self.anchor)
            || (known.0 == self.seq && known.1 != self.anchor)
            || (known.0 < self.seq && self.seq < seq);
        if self.seq > 0 && is_other {
            return Moved::Other;
        }
        if seq <= self.seq {
            return Moved::Newer;
        }
        let (anchor, host, more) = (anchor.to_owned(), host.to_owned(), self.more.clone());
        Moved::To(Self { v: Version, seq, anchor, host, at: Some(now), more })
    }
}

/// What comes of telling the store of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moved {
    /// It knows of this one now.
    To(AuditHead),
    /// It knows of a newer one.
    Newer,
    /// It knows of a record that the file has never told it of: the file, and its lock, are older ones that were put back.
    /// What it knows stays, as evidence.
    Other,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_moves_forward_only_and_keeps_what_the_file_does_not_know() {
        let now = Moment::from_millis(5);
        let moved = |head: &AuditHead, record, known| head.moved(record, known, "h", now);
        let Moved::To(head) = moved(&AuditHead::default(), (7, "7:a"), (0, "")) else { panic!("it was not told") };
        assert_eq!((head.seq, head.anchor.as_str()), (7, "7:a"));
        assert_eq!(AuditHead::read(Some(&head.write())), Ok(head.clone()));
        assert_eq!(moved(&head, (7, "7:a"), (0, "")), Moved::Newer);
        assert_eq!(moved(&head, (6, "6:a"), (5, "5:a")), Moved::Newer, "two processes overtook each other");
        assert!(matches!(moved(&head, (9, "9:a"), (7, "7:a")), Moved::To(_)));
        assert!(matches!(moved(&head, (9, "9:a"), (8, "8:a")), Moved::To(_)), "the store was not there for 8");
        for (record, known) in [((7, "7:b"), (5, "5:a")), ((9, "9:b"), (5, "5:a")), ((9, "9:b"), (7, "7:b"))] {
            assert_eq!(moved(&head, record, known), Moved::Other, "{record:?} after {known:?}");
        }
    }
}
