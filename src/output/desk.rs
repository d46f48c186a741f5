//! The screen of the support desk: the answer at the top, what it rests on below, and what happened at the end.

use textwrap::core::display_width;

use super::table::{CUT, cut};
use super::wrap;
use crate::otp::escape::escaped;

/// The names of the rows are so wide, with the space behind them.
const LABEL: usize = 13;
/// So many lines fit a terminal with its prompt.
const LINES: usize = 23;
/// At least so many events are shown, however much is above them.
const EVENTS: usize = 3;

/// One screen.
#[derive(Debug, Clone, Default)]
pub struct Desk {
    /// Who it is about, in parts that are separated by space.
    pub head: Vec<String>,
    /// The name of the answer, and the word by whose color it is painted.
    pub answer: (&'static str, &'static str),
    /// Sentences behind their names, the first one behind that of the answer.
    pub sentences: Vec<(&'static str, String)>,
    /// Commands, each with the reason for it.
    pub next: Vec<(String, String)>,
    /// What it rests on.
    pub rows: Vec<(&'static str, String)>,
    /// What the times of the events are in.
    pub zone: String,
    /// What happened, the newest first: when, what kind, how it ended, and a part of an id.
    pub events: Vec<[String; 4]>,
    /// How many lines of a terminal are taken by what is told elsewhere.
    pub taken: usize,
}

impl Desk {
    /// For a terminal of so many columns; without a width each row is one line.
    pub(super) fn drawn(&self, width: Option<u16>, paint: &dyn Fn(&str, &str) -> String) -> String {
        let mut lines = Vec::new();
        let head: Vec<String> = self.head.iter().map(|part| escaped(part)).collect();
        lines.extend(parts(&head, width));
        lines.push(String::new());
        for (at, (name, sentence)) in self.sentences.iter().enumerate() {
            let painted = (at == 0).then(|| paint(self.answer.1, name));
            lines.extend(row(name, painted.as_deref(), &escaped(sentence), width));
        }
        for (at, (command, why)) in self.next.iter().enumerate() {
            lines.extend(step(if at == 0 { "Next" } else { "" }, &escaped(command), &escaped(why), width));
        }
        if !self.rows.is_empty() {
            lines.push(String::new());
            lines.extend(self.rows.iter().flat_map(|(name, text)| row(name, None, &escaped(text), width)));
        }
        if !self.events.is_empty() {
            let room = LINES.saturating_sub(lines.len() + 2 + self.taken).max(EVENTS);
            lines.push(String::new());
            lines.push(escaped(&self.zone));
            lines.extend(self.drawn_events(width, room));
        }
        lines.join("\n")
    }

    fn drawn_events(&self, width: Option<u16>, room: usize) -> Vec<String> {
        let shown = if self.events.len() > room { room.saturating_sub(1) } else { room };
        let events: Vec<[String; 4]> =
            self.events.iter().take(shown).map(|own| own.each_ref().map(|cell| escaped(cell))).collect();
        let wide = |column: usize| events.iter().map(|own| display_width(&own[column])).max().unwrap_or_default();
        let (first, second, last) = (wide(0), wide(1), wide(3));
        let before = first + 2 + second + 2;
        let behind = if last == 0 { 0 } else { last + 2 };
        let most = width.map_or(usize::MAX, |width| usize::from(width).saturating_sub(before + behind).max(10));
        let third = wide(2).min(most);
        let line = |[at, kind, text, id]: &[String; 4]| {
            let text = cut(text, third);
            let [at, kind, text] =
                [(at, first), (kind, second), (&text, third)].map(|(cell, width)| padded(cell, width));
            format!("{at}  {kind}  {text}  {id}").trim_end().to_owned()
        };
        let mut lines: Vec<String> = events.iter().map(line).collect();
        let more = self.events.len() - events.len();
        if more > 0 {
            lines.push(format!("{CUT} and {}", super::plural(more, "older one: --full", "older ones: --full")));
        }
        lines
    }
}

/// Parts on one line where they fit, else as many as fit on each.
fn parts(all: &[String], width: Option<u16>) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for part in all {
        match lines.last_mut() {
            Some(line)
                if width.is_none_or(|width| display_width(line) + 3 + display_width(part) <= usize::from(width)) =>
            {
                line.push_str("   ");
                line.push_str(part);
            }
            _ => lines.extend(wrap::lines(part, width, 0)),
        }
    }
    lines
}

/// A name and its text, which is broken under itself.
fn row(name: &str, painted: Option<&str>, text: &str, width: Option<u16>) -> Vec<String> {
    let gap = LABEL.saturating_sub(display_width(name)).max(2);
    let head = format!("{}{}", painted.unwrap_or(name), " ".repeat(gap));
    let Some(columns) = width else { return vec![head + text] };
    // A long name leaves less room in the first line only.
    let pushed = display_width(name) + gap - LABEL;
    let blank = "\u{a0}".repeat(pushed);
    let mut lines = wrap::lines(&format!("{blank}{text}"), Some(columns), LABEL);
    if let Some(first) = lines.first_mut() {
        *first = format!("{head}{}", first.trim_start());
    }
    lines
}

/// A command, and the reason for it beside it where there is room. A command is never broken.
fn step(name: &str, command: &str, why: &str, width: Option<u16>) -> Vec<String> {
    let head = padded(name, LABEL);
    let whole = LABEL + display_width(command);
    let fits = |more: usize| width.is_none_or(|width| whole + more <= usize::from(width));
    if fits(2 + display_width(why)) {
        let line = format!("{head}{command}  {why}");
        return vec![line.trim_end().to_owned()];
    }
    let mut lines = if why.is_empty() { Vec::new() } else { wrap::lines(&format!("{why}:"), width, LABEL) };
    if let Some(first) = lines.first_mut() {
        *first = format!("{head}{first}");
    }
    let indent = if fits(0) { LABEL } else { 2 };
    lines.push(format!("{}{command}", " ".repeat(indent)));
    lines
}

fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(display_width(text))))
}
