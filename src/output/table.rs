//! Tables: for a terminal a header and a line for each row; tab-separated without a header in a pipe.

use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table as Drawn};
use textwrap::core::display_width;

use super::time::{relative, when};
use super::wrap;
use crate::otp::Moment;
use crate::otp::escape::escaped;

/// So many spaces stand between two columns.
const GAP: u16 = 2;
/// A value is not shortened to less.
const LEAST: usize = 6;
/// So wide is a column in which a sentence reads well.
const SENTENCE: usize = 24;
/// Stands for the rest of a value that was shortened.
pub(super) const CUT: char = '…';

/// One value of a row. It is made safe for a terminal here, wherever its text comes from.
#[derive(Debug, Clone)]
pub struct Cell {
    /// On a screen.
    shown: String,
    /// On a screen where there is no room for all of it.
    short: Option<String>,
    /// In a pipe, which a program reads.
    plain: String,
}

impl Cell {
    /// A moment, as it is read at `now`.
    #[must_use]
    pub fn time(at: Moment, now: Moment) -> Self {
        Self { shown: when(at, now), short: None, plain: at.to_the_second() }
    }

    /// A moment that tells only how far away it is where there is no room for the time of day.
    #[must_use]
    pub fn near(at: Moment, now: Moment) -> Self {
        Self { short: Some(relative(at, now)), ..Self::time(at, now) }
    }

    /// A moment, or this text where there is none.
    #[must_use]
    pub fn time_or(at: Option<Moment>, now: Moment, none: &str) -> Self {
        at.map_or_else(|| none.into(), |at| Self::time(at, now))
    }

    /// A picture of letters for a screen, and what a program reads instead of it.
    #[must_use]
    pub fn picture(shown: &str, plain: &str) -> Self {
        Self { shown: escaped(shown), short: None, plain: escaped(plain) }
    }

    /// A word, and since when it is so.
    #[must_use]
    pub fn since(word: &str, at: Moment, now: Moment) -> Self {
        let time = Self::time(at, now);
        let word = escaped(word);
        Self { shown: format!("{word} {}", time.shown), short: None, plain: format!("{word} {}", time.plain) }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        let text = escaped(text);
        Self { shown: text.clone(), short: None, plain: text }
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl From<&String> for Cell {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

/// What is done with a column that has no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Narrow {
    /// Its values are shortened.
    Cut,
    /// Its values are broken between words.
    Wrap,
    /// Nothing: its values are copied.
    Keep,
}

#[derive(Debug, Clone)]
struct Column {
    name: &'static str,
    narrow: Narrow,
}

/// Rows under a header.
#[derive(Debug, Clone, Default)]
pub struct Table {
    columns: Vec<Column>,
    /// The least useful columns, which go first where there is no room for all.
    spare: &'static [&'static str],
    rows: Vec<Vec<Cell>>,
    empty: &'static str,
    /// What stands above it on a screen.
    caption: String,
}

impl Table {
    /// A table with these columns. `empty` is what a person reads where there is no row.
    #[must_use]
    pub fn new(header: &[&'static str], empty: &'static str) -> Self {
        let columns = header.iter().map(|name| Column { name, narrow: Narrow::Cut }).collect();
        Self { columns, spare: &[], rows: Vec::new(), empty, caption: String::new() }
    }

    /// Names and their values, without a header.
    #[must_use]
    pub fn pairs() -> Self {
        Self::new(&["", ""], "").narrow(&[""], Narrow::Wrap)
    }

    /// The columns that go first where there is no room, the least useful one first.
    #[must_use]
    pub fn spare(self, names: &'static [&'static str]) -> Self {
        Self { spare: names, ..self }
    }

    /// With a line above it on a screen, also where there is no row.
    #[must_use]
    pub fn captioned(self, caption: impl Into<String>) -> Self {
        Self { caption: escaped(&caption.into()), ..self }
    }

    /// Columns whose values are copied, and so never shortened.
    #[must_use]
    pub fn copied(self, names: &[&str]) -> Self {
        self.narrow(names, Narrow::Keep)
    }

    /// Columns of sentences, which are broken between words.
    #[must_use]
    pub fn wrapped(self, names: &[&str]) -> Self {
        self.narrow(names, Narrow::Wrap)
    }

    fn narrow(mut self, names: &[&str], narrow: Narrow) -> Self {
        let chosen = self.columns.iter_mut().filter(|column| names.contains(&column.name));
        chosen.for_each(|column| column.narrow = narrow);
        self
    }

    /// One more row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = impl Into<Cell>>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    /// For a terminal of so many columns. `paint` colors the word for a status.
    pub(super) fn drawn(&self, width: u16, paint: &dyn Fn(&str) -> String) -> String {
        let above = if self.caption.is_empty() { String::new() } else { format!("{}\n\n", self.caption) };
        if self.rows.is_empty() {
            return above + self.empty;
        }
        if self.is_wide(usize::from(width)) {
            return self.shortened().drawn(width, paint);
        }
        let widths = self.widths(usize::from(width));
        let has_header = self.columns.iter().any(|column| !column.name.is_empty());
        let mut drawn = Drawn::new();
        // Which columns there are and what of each value is shown is decided here, so nothing is left to arrange.
        drawn.load_style(NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        if has_header {
            drawn.set_header(widths.iter().map(|(at, _)| self.columns[*at].name));
        }
        for row in &self.rows {
            drawn.add_row(widths.iter().map(|(at, width)| self.fitted(row, *at, *width).join("\n")));
        }
        for column in drawn.column_iter_mut() {
            column.set_padding((0, GAP));
        }
        let is_status = |(at, _): &&(usize, usize)| ["STATUS", "STATE"].contains(&self.columns[*at].name);
        let status = widths.iter().position(|own| is_status(&own)).map(|nth| {
            let shown = drawn.column_max_content_widths();
            shown.iter().take(nth).map(|width| usize::from(*width) + usize::from(GAP)).sum::<usize>()
        });
        let lines = drawn.lines().enumerate().map(|(nth, line)| match status {
            Some(offset) if nth > 0 || !has_header => painted(line.trim_end(), offset, paint),
            _ => line.trim_end().to_owned(),
        });
        above + &lines.collect::<Vec<_>>().join("\n")
    }

    /// Whether there is no room for all columns, and values that are shorter than they are shown.
    fn is_wide(&self, room: usize) -> bool {
        let is_long = |cell: &Cell| cell.short.is_some();
        self.rows.iter().flatten().any(is_long) && {
            let wanted = (0..self.columns.len()).map(|at| {
                let own = self.natural(at);
                usize::from(GAP) + if self.columns[at].narrow == Narrow::Wrap { own.min(SENTENCE) } else { own }
            });
            wanted.sum::<usize>() > room + usize::from(GAP)
        }
    }

    /// The same with the short forms of its values.
    fn shortened(&self) -> Self {
        let short = |cell: &Cell| {
            let shown = cell.short.clone().unwrap_or_else(|| cell.shown.clone());
            Cell { shown, short: None, plain: cell.plain.clone() }
        };
        Self { rows: self.rows.iter().map(|row| row.iter().map(short).collect()).collect(), ..self.clone() }
    }

    /// How wide a column is where nothing is left out of it.
    fn natural(&self, at: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(at)).map(|cell| display_width(&cell.shown));
        cells.chain([display_width(self.columns[at].name)]).max().unwrap_or_default()
    }

    /// The columns that are shown, and how wide each is.
    fn widths(&self, room: usize) -> Vec<(usize, usize)> {
        let mut widths: Vec<(usize, usize)> = (0..self.columns.len()).map(|at| (at, self.natural(at))).collect();
        let over = |widths: &[(usize, usize)], most: usize| {
            let wanted = |(at, width): &(usize, usize)| match self.columns[*at].narrow {
                Narrow::Wrap => (*width).min(most),
                Narrow::Cut | Narrow::Keep => *width,
            };
            let gap = usize::from(GAP);
            let all = widths.iter().map(|own| wanted(own) + gap).sum::<usize>().saturating_sub(gap);
            all.saturating_sub(room)
        };
        for name in self.spare {
            // A sentence takes several lines before a column goes for it.
            if over(&widths, SENTENCE) > 0 {
                widths.retain(|(at, _)| self.columns[*at].name != *name);
            }
        }
        // The widest gives way until all fit, or all are as narrow as they may be.
        while over(&widths, usize::MAX) > 0 {
            let narrow = |at: usize| self.columns[at].narrow != Narrow::Keep;
            let least = |at: usize| LEAST.max(display_width(self.columns[at].name));
            let able = widths.iter_mut().filter(|(at, width)| narrow(*at) && *width > least(*at));
            let Some((_, widest)) = able.max_by_key(|(_, width)| *width) else { break };
            *widest -= 1;
        }
        widths
    }

    /// The lines of one value.
    fn fitted(&self, row: &[Cell], at: usize, width: usize) -> Vec<String> {
        let text = row.get(at).map_or("", |cell| cell.shown.as_str());
        match self.columns[at].narrow {
            _ if display_width(text) <= width => vec![text.to_owned()],
            Narrow::Keep => vec![text.to_owned()],
            Narrow::Wrap => wrap::lines(text, u16::try_from(width).ok(), 0),
            Narrow::Cut => vec![cut(text, width)],
        }
    }

    /// For a pipe.
    pub(super) fn separated(&self) -> String {
        let row = |row: &Vec<Cell>| row.iter().map(|cell| cell.plain.as_str()).collect::<Vec<_>>().join("\t");
        self.rows.iter().map(row).collect::<Vec<_>>().join("\n")
    }
}

/// A line whose word at so many columns has its color. A color has no width, so it is put in when all is laid out.
fn painted(line: &str, offset: usize, paint: &dyn Fn(&str) -> String) -> String {
    let mut width = 0;
    let at = line.char_indices().find_map(|(at, character)| {
        let here = width;
        width += display_width(character.encode_utf8(&mut [0; 4]));
        (here >= offset).then_some(at)
    });
    let Some((before, rest)) = at.and_then(|at| line.split_at_checked(at)) else { return line.to_owned() };
    let (word, after) = rest.split_at(rest.find(' ').unwrap_or(rest.len()));
    format!("{before}{}{after}", if word.is_empty() { String::new() } else { paint(word) })
}

/// A text, or where it is wider than this its beginning and a sign that there is more.
pub(super) fn cut(text: &str, width: usize) -> String {
    if display_width(text) <= width {
        return text.to_owned();
    }
    let mut short = String::new();
    for character in text.chars() {
        if display_width(&short) + display_width(character.encode_utf8(&mut [0; 4])) + 1 > width {
            break;
        }
        short.push(character);
    }
    format!("{}{CUT}", short.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(&["PHONE", "REF", "STATE", "DELIVERY", "WHY"], "none");
        table = table.spare(&["DELIVERY"]).copied(&["REF"]);
        let why = "the gateway did not say why it gave up on this message";
        table.row(["+91*******210", "ph_abcdefghijklmnopqrstuvwxyz", "sent", "delivered", why]);
        table.row(["+91*******211", "ph_bcdefghijklmnopqrstuvwxyza", "sent", "-", ""]);
        table
    }

    #[test]
    fn a_row_stays_a_row_at_every_width() {
        for width in [40, 60, 80, 120, 200] {
            let drawn = table().drawn(width, &str::to_owned);
            let lines: Vec<&str> = drawn.lines().collect();
            assert_eq!(lines.len(), 3, "{drawn}");
            assert!(lines[1].contains("ph_abcdefghijklmnopqrstuvwxyz"), "what is copied is whole: {drawn}");
            assert!(
                width < 60 || lines.iter().all(|line| display_width(line) <= usize::from(width)),
                "{width}: {drawn}"
            );
            assert_eq!(lines[0].contains("DELIVERY"), width >= 120, "{width}: {drawn}");
            assert_eq!(lines[1].ends_with(CUT), width < 120, "{width}: {drawn}");
        }
    }

    #[test]
    fn a_sentence_is_broken_under_itself() {
        let mut pairs = Table::pairs();
        pairs.row(["text", "042917 is your code. It expires in 5 minutes."]);
        assert_eq!(pairs.drawn(30, &str::to_owned), "text  042917 is your code. It\n      expires in 5 minutes.");
    }

    #[test]
    fn a_program_reads_times_in_utc() {
        let mut table = Table::new(&["AT"], "");
        let at = Moment::from_millis(1_795_000_000_000);
        table.row([Cell::time(at, at)]);
        assert_eq!((table.separated(), table.drawn(80, &str::to_owned)), (at.to_the_second(), "AT\nnow".to_owned()));
    }
}
