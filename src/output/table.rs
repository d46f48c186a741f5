//! Tables: drawn for a terminal, tab-separated without a header in a pipe.

use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table as Drawn};

use crate::otp::foreign::escaped;

/// Rows under a header. Every cell is made safe for a terminal here, wherever its text comes from.
#[derive(Debug, Clone, Default)]
pub struct Table {
    header: Vec<&'static str>,
    rows: Vec<Vec<String>>,
    empty: &'static str,
}

impl Table {
    /// A table with these columns. `empty` is what a person reads where there is no row.
    #[must_use]
    pub fn new(header: &[&'static str], empty: &'static str) -> Self {
        Self { header: header.to_vec(), rows: Vec::new(), empty }
    }

    /// One more row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = impl AsRef<str>>) {
        self.rows.push(cells.into_iter().map(|cell| escaped(cell.as_ref())).collect());
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// For a terminal of so many columns.
    pub(super) fn drawn(&self, width: u16) -> String {
        if self.rows.is_empty() {
            return self.empty.to_owned();
        }
        let mut drawn = Drawn::new();
        drawn.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
        if self.header.iter().any(|name| !name.is_empty()) {
            drawn.set_header(&self.header);
        }
        drawn.add_rows(&self.rows);
        let lines: Vec<String> = drawn.lines().map(|line| line.trim_end().to_owned()).collect();
        lines.join("\n")
    }

    /// For a pipe.
    pub(super) fn separated(&self) -> String {
        self.rows.iter().map(|row| row.join("\t")).collect::<Vec<_>>().join("\n")
    }
}
