//! Where the numbering plan of each country is in the text of all of them.

/// Where a plan is in the file, and whose it is. It holds no pointers, so that nothing is relocated at start.
pub(super) struct Entry {
    pub(super) calling_code: u16,
    /// The country; `00` for the plans that span the world, such as +800.
    pub(super) letters: [u8; 2],
    /// The offset of its first line.
    pub(super) at: usize,
}

// `build.rs` makes TEXT and INDEX of plans.txt, whose head says what it is.
include!(concat!(env!("OUT_DIR"), "/plans.rs"));

/// Whether a country has a plan.
pub(super) fn is_known(letters: [u8; 2]) -> bool {
    INDEX.iter().any(|entry| entry.letters == letters)
}
