//! What a person reads of one report: prose and tables, drawn for a terminal and plain in a pipe.

use super::{Human, Table, listed, wrap};
use crate::otp::escape::escaped;

/// A report as it is written, for a terminal of this width; `paint_like` colors a word as it would color another.
pub(super) fn rendered(human: &Human, width: Option<u16>, paint_like: &dyn Fn(&str, &str) -> String) -> String {
    let paint: &dyn Fn(&str) -> String = &|word| paint_like(word, word);
    let table = |table: &Table| width.map_or_else(|| table.separated(), |width| table.drawn(width, paint));
    let prose = |line: &str| {
        let line = escaped(line);
        let (indent, words) = line.split_at(line.len() - line.trim_start().len());
        format!("{indent}{}", wrap::lines(words, width, indent.len()).join("\n"))
    };
    let mut text = match human {
        Human::Raw(text) => return text.clone(),
        Human::Text(text) => text.lines().map(prose).collect::<Vec<_>>().join("\n"),
        Human::Verbatim(text) => text.lines().map(escaped).collect::<Vec<_>>().join("\n"),
        Human::Rows(rows) => table(rows),
        Human::Listed(all, summary) => match width {
            None => listed::separated(all),
            Some(_) if all.is_empty() => escaped(summary),
            Some(width) => listed::drawn(all, width, paint) + "\n" + &escaped(summary),
        },
        Human::Screen(first, parts) => with_parts(prose(first), parts, width, paint),
        Human::Desk(desk, parts) => with_parts(desk.drawn(width, paint_like), parts, width, paint),
    };
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

/// A screen, and named parts below it.
fn with_parts(
    mut screen: String,
    parts: &[(&'static str, Table)],
    width: Option<u16>,
    paint: &dyn Fn(&str) -> String,
) -> String {
    for (name, part) in parts {
        screen.push_str("\n\n");
        screen.push_str(name);
        screen.push('\n');
        let drawn = part.drawn(width.map_or(u16::MAX, |width| width - 2), paint);
        screen.push_str(&drawn.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n"));
    }
    screen
}
