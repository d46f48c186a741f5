//! A list of things that were looked at: on a terminal one line each where it fits, and what to do about it below.

use super::wrap;
use crate::otp::escape::escaped;

/// So many spaces stand between two columns.
const GAP: usize = 2;
/// A longer name has a line of its own.
const NAME: usize = 24;
/// Stands before what to do.
const ARROW: &str = "-> ";

/// One of them.
#[derive(Debug, Clone, Default)]
pub struct Listed {
    /// How it is, what it is, and what was found.
    pub cells: [String; 3],
    /// What to do, or what the command is for.
    pub why: String,
    /// A command, which is never broken.
    pub command: Option<String>,
}

/// For a terminal of so many columns.
pub(super) fn drawn(all: &[Listed], width: u16, paint: &dyn Fn(&str) -> String) -> String {
    let all: Vec<Listed> = all.iter().map(Listed::safe).collect();
    let wide = |column: usize| all.iter().map(move |own| own.cells[column].chars().count());
    let first = wide(0).max().unwrap_or_default();
    let second = wide(1).filter(|length| *length <= NAME).max().unwrap_or_default();
    let (beside, below) = (first + GAP + second + GAP, first + GAP);
    let mut lines = Vec::new();
    for Listed { cells: [state, name, text], why, command } in &all {
        let state = paint(state) + &" ".repeat(first - state.chars().count());
        let head = format!("{state}{:GAP$}{name:second$}", "");
        let longest = text.split_whitespace().map(|word| word.chars().count()).max().unwrap_or_default();
        // A long name has the line to itself, and so has one whose text has no room beside it.
        if name.chars().count() <= second && beside + longest <= usize::from(width) {
            let text = wrap::lines(text, Some(width), beside).join("\n");
            lines.push(format!("{head}{:GAP$}{text}", "").trim_end().to_owned());
        } else {
            let text = wrap::lines(text, Some(width), below).join("\n");
            lines.extend([head.trim_end().to_owned(), format!("{:below$}{text}", "")]);
        }
        if !why.is_empty() || command.is_some() {
            let fix = wrap::hint(why, command.as_deref(), Some(width), below + ARROW.len());
            let begins = fix.first().map_or("", String::as_str);
            let fits = below + ARROW.len() + begins.chars().count() <= usize::from(width);
            lines.push(format!("{:below$}{}{begins}", "", if fits { ARROW } else { "" }));
            lines.extend(fix.into_iter().skip(1));
        }
    }
    lines.join("\n")
}

/// For a pipe.
pub(super) fn separated(all: &[Listed]) -> String {
    let line = |own: &Listed| {
        let Listed { cells: [state, name, text], why, command } = own.safe();
        let fix = match (why.as_str(), command) {
            (_, None) => why,
            ("", Some(command)) => command,
            (_, Some(command)) => format!("{why}: {command}"),
        };
        [state, name, text, fix].join("\t")
    };
    all.iter().map(line).collect::<Vec<_>>().join("\n")
}

impl Listed {
    fn safe(&self) -> Self {
        let [state, name, text] = &self.cells;
        Self {
            cells: [escaped(state), escaped(name), escaped(text)],
            why: escaped(&self.why),
            command: self.command.as_deref().map(escaped),
        }
    }
}
