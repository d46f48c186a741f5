//! Sentences at the width of a terminal: broken between words, and a command that is to be pasted never.

use textwrap::core::display_width;
use textwrap::{Options, WordSplitter};

/// The lines of a text. All but the first begin with so many spaces, which the first one leaves room for. Without a
/// width it is one line: what is no terminal is read by a program.
pub(super) fn lines(text: &str, width: Option<u16>, indent: usize) -> Vec<String> {
    let Some(width) = width else { return vec![text.to_owned()] };
    let margin = " ".repeat(indent);
    let options = Options::new(usize::from(width))
        .initial_indent(&margin)
        .subsequent_indent(&margin)
        .break_words(false)
        .word_splitter(WordSplitter::NoHyphenation);
    let joined = with_units(text);
    let lines = textwrap::wrap(&joined, options).into_iter();
    let mut lines: Vec<String> = lines.map(|line| line.replace(JOINED, " ")).collect();
    if let Some(first) = lines.first_mut() {
        *first = first.get(indent..).unwrap_or_default().to_owned();
    }
    lines
}

/// Stands for a space that no line ends with, while a text is broken; of one column, as a space is.
const JOINED: char = '\u{a0}';

/// With a number and its seconds in one word.
fn with_units(text: &str) -> String {
    let (mut joined, mut from) = (String::with_capacity(text.len()), 0);
    for (at, _) in text.match_indices(" s") {
        let ends = !text[at + 2..].starts_with(char::is_alphanumeric);
        if ends && text[..at].ends_with(|last: char| last.is_ascii_digit()) {
            joined.push_str(&text[from..at]);
            joined.push(JOINED);
            from = at + 1;
        }
    }
    joined + &text[from..]
}

/// The lines of a hint. The command in it stands whole, on a line of its own where the words leave no room for it; a
/// terminal breaks what is longer by itself, and copies it as one line.
pub(super) fn hint(why: &str, command: Option<&str>, width: Option<u16>, indent: usize) -> Vec<String> {
    let Some(command) = command else { return lines(why, width, indent) };
    let words = if why.is_empty() { String::new() } else { format!("{why}:") };
    let Some(most) = width else {
        return vec![if words.is_empty() { command.to_owned() } else { format!("{words} {command}") }];
    };
    let mut lines = lines(&words, width, indent);
    let room = usize::from(most).saturating_sub(display_width(command));
    match lines.as_mut_slice() {
        [only] if only.is_empty() => command.clone_into(only),
        // The first line is short of its indent.
        [first] if indent + display_width(first) < room => *first = format!("{first} {command}"),
        [.., last] if indent == 0 || last.starts_with(' ') => {
            if display_width(last) < room {
                *last = format!("{last} {command}");
            } else {
                lines.push(format!("{}{command}", " ".repeat(indent)));
            }
        }
        _ => lines.push(format!("{}{command}", " ".repeat(indent))),
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: &str = "the store is reached, and it may not be written to by this user of it";

    #[test]
    fn without_a_terminal_a_text_is_one_line() {
        assert_eq!((lines(LONG, None, 9), hint(LONG, None, None, 6)), (vec![LONG.to_owned()], vec![LONG.to_owned()]));
    }

    #[test]
    fn a_text_is_broken_between_words_and_nowhere_else() {
        let id = "ch_0123456789abcdefghijklmnopqrstuvwxyz";
        for width in 20..120 {
            let text = format!("{LONG} {id} --for=delivered");
            let lines = lines(&text, Some(width), 9);
            assert_eq!(lines.iter().map(|line| line.trim_start()).collect::<Vec<_>>().join(" "), text, "{width}");
            for (at, line) in lines.iter().enumerate() {
                let length = display_width(line) + if at == 0 { 9 } else { 0 };
                assert!(length <= usize::from(width) || !line.trim().contains(' '), "{width}: {line}");
                assert!(at == 0 || line.starts_with("         "), "{line}");
            }
        }
        assert_eq!(lines("It ends in 300 s. Now", Some(16), 0), ["It ends in", "300 s. Now"]);
        // Two columns a letter.
        assert_eq!(lines("\u{30b3}\u{30fc}\u{30c9} \u{30b3}\u{30fc}\u{30c9}", Some(10), 0).len(), 2);
    }

    #[test]
    fn a_command_stays_whole() {
        let run = "otpctl --config /etc/otpctl/otpctl.toml wait ch_0123456789 --for delivered";
        for width in [20, 40, 60, 80, 120, 200] {
            for (why, text) in
                [("", run.to_owned()), (LONG, format!("{LONG}: {run}")), ("look", format!("look: {run}"))]
            {
                let lines = hint(why, Some(run), Some(width), 6);
                assert!(lines.iter().any(|line| line.ends_with(run)), "{width}: {lines:?}");
                assert_eq!(lines.iter().map(|line| line.trim_start()).collect::<Vec<_>>().join(" "), text, "{width}");
            }
        }
        assert_eq!(hint("look", Some("otpctl list"), Some(60), 6), ["look: otpctl list"]);
        assert_eq!(hint("look at it", Some("otpctl list"), Some(28), 6), ["look at it:", "      otpctl list"]);
    }
}
