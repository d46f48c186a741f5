//! Tables: drawn for a terminal, tab-separated without a header in a pipe.

use comfy_table::presets::NOTHING;
use comfy_table::{ColumnConstraint, ContentArrangement, Table as Drawn, Width};

use super::wrap;
use crate::otp::escape::escaped;

/// So many spaces stand between two columns.
const GAP: usize = 2;

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

    /// For a terminal of so many columns.
    pub(super) fn drawn(&self, width: u16) -> String {
        if self.rows.is_empty() {
            return self.empty.to_owned();
        }
        let words: Vec<usize> = (0..self.header.len()).map(|column| self.longest_word(column)).collect();
        if words.iter().map(|word| word + GAP).sum::<usize>() > usize::from(width) + GAP {
            return self.stacked(width);
        }
        let mut drawn = Drawn::new();
        drawn.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
        if self.header.iter().any(|name| !name.is_empty()) {
            drawn.set_header(&self.header);
        }
        drawn.add_rows(&self.rows);
        for (column, word) in drawn.column_iter_mut().zip(words) {
            column.set_padding((0, 2));
            // No word is broken: it may be an id to copy.
            let least = u16::try_from(word + GAP).unwrap_or(u16::MAX);
            column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(least)));
        }
        let lines: Vec<String> = drawn.lines().map(|line| line.trim_end().to_owned()).collect();
        lines.join("\n")
    }

    /// For a terminal that is too narrow for the columns: each cell that is not empty on a line of its own.
    fn stacked(&self, width: u16) -> String {
        let names = self.header.iter().map(|name| name.len()).max().unwrap_or_default();
        let indent = if names == 0 { 0 } else { names + GAP };
        let cell = |(name, cell): (&&str, &String)| {
            let cell = wrap::lines(cell, Some(width), indent).join("\n");
            if names == 0 { cell } else { format!("{name:names$}  {cell}") }
        };
        let row = |row: &Vec<String>| {
            let cells = self.header.iter().zip(row).filter(|(_, cell)| !cell.is_empty());
            cells.map(cell).collect::<Vec<_>>().join("\n")
        };
        let separator = if names == 0 { "\n" } else { "\n\n" };
        self.rows.iter().map(row).collect::<Vec<_>>().join(separator)
    }

    fn longest_word(&self, column: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(column)).map(String::as_str);
        let words = cells.chain(self.header.get(column).copied()).flat_map(str::split_whitespace);
        words.map(|word| word.chars().count()).max().unwrap_or_default()
    }

    /// For a pipe.
    pub(super) fn separated(&self) -> String {
        self.rows.iter().map(|row| row.join("\t")).collect::<Vec<_>>().join("\n")
    }
}
