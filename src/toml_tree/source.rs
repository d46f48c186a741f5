//! The text that a tree was parsed from: where in it a byte is.

use std::cell::Cell;
use std::path::Path;

use super::error::Position;

/// The text that a tree was parsed from.
pub(super) struct Source<'d> {
    pub(super) path: Option<&'d Path>,
    text: &'d str,
    line_starts: Vec<usize>,
    /// The table that a key belongs in, where it is known.
    pub(super) home_of: fn(&str) -> Option<&'static str>,
    /// The line of the first secret that is written in the text itself.
    pub(super) first_secret: Cell<Option<usize>>,
}

impl<'d> Source<'d> {
    pub(super) fn new(path: Option<&'d Path>, text: &'d str) -> Self {
        let line_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { path, text, line_starts, home_of: |_| None, first_secret: Cell::new(None) }
    }

    /// The line of a byte, from 1.
    pub(super) fn line(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= offset).max(1)
    }

    pub(super) fn position(&self, key: &str, offset: usize) -> Position {
        let line = self.line(offset);
        let start = self.line_starts.get(line - 1).copied().unwrap_or_default();
        let column = self.text.get(start..offset).unwrap_or_default().chars().count() + 1;
        Position { path: self.path.map(Path::to_owned), line, column, key: key.to_owned() }
    }
}
