//! One page of accepted output: the runs of one command, in the order in which a person would type them.

use std::fmt::Write as _;

use super::masks::Masks;
use crate::support::cli::{Machine, Ran, wrong_codes};

pub struct Page {
    command: String,
    text: String,
    masks: Masks,
}

/// Runs on one machine.
pub struct Scene<'a> {
    page: &'a mut Page,
    pub machine: Machine,
}

impl Page {
    /// Starts with the command's help.
    pub fn new(command: &str) -> Self {
        let mut page = Self { command: command.to_owned(), text: String::new(), masks: Masks::default() };
        let words: Vec<&str> = command.split_whitespace().chain(["-h"]).collect();
        page.scene("Its help.", "").run(&words);
        page
    }

    /// A new machine with this file, or with none where it is empty.
    pub fn scene(&mut self, what: &str, settings: &str) -> Scene<'_> {
        let machine = if settings.is_empty() { Machine::new() } else { Machine::with(settings) };
        self.scene_on(what, machine)
    }

    /// A machine that was made before.
    pub fn scene_on(&mut self, what: &str, mut machine: Machine) -> Scene<'_> {
        writeln!(self.text, "{}# {what}", if self.text.is_empty() { "" } else { "\n" }).unwrap();
        // The help is folded at the width of a terminal, and times are local.
        machine.variable("COLUMNS", "80");
        machine.variable("TZ", "UTC");
        Scene { page: self, machine }
    }

    pub fn finish(self) -> String {
        self.text
    }

    /// Writes down what was typed and what came of it.
    fn record(&mut self, machine: &Machine, words: &[&str], input: Option<&str>, ran: &Ran) {
        let typed: Vec<String> = words.iter().map(|word| quoted(word)).collect();
        let mut block = format!("\n$ otpctl {}", typed.join(" ")).trim_end().to_owned() + "\n";
        for (mark, text) in [("< ", input.unwrap_or_default()), ("", &ran.stdout), ("2> ", &ran.stderr)] {
            for line in text.lines().flat_map(fields) {
                block.push_str(format!("{mark}{line}").trim_end());
                block.push('\n');
            }
        }
        if ran.code != 0 {
            writeln!(block, "? {}", ran.code).unwrap();
        }
        let home = machine.path("").display().to_string();
        self.text.push_str(&self.masks.apply(&block, home.trim_end_matches('/')));
    }
}

impl Scene<'_> {
    /// Runs it, and writes it down.
    pub fn run(&mut self, words: &[&str]) -> Ran {
        let ran = self.machine.run(words);
        self.page.record(&self.machine, words, None, &ran);
        ran
    }

    /// The same for what prints more than anybody would read here.
    pub fn run_shortened(&mut self, words: &[&str], lines: usize) -> Ran {
        let mut ran = self.machine.run(words);
        ran.stdout = ran.stdout.lines().take(lines).chain(["…"]).collect::<Vec<_>>().join("\n");
        self.page.record(&self.machine, words, None, &ran);
        ran
    }

    /// The same with something on standard input.
    pub fn typed(&mut self, words: &[&str], input: &str) -> Ran {
        let ran = self.machine.stdin(words, input.as_bytes());
        self.page.record(&self.machine, words, Some(input), &ran);
        ran
    }

    /// A code that is not the right one.
    pub fn wrong(&mut self, right: &str) -> String {
        let wrong = wrong_codes(right).next().unwrap();
        self.page.masks.hide(&wrong, "<wrong code>");
        wrong
    }

    /// Makes a live code without writing it down, and gives it.
    pub fn code(&mut self, phone: &str) -> String {
        self.machine.send(phone)
    }
}

/// A group does nothing by itself.
pub fn group(page: &mut Page) {
    let group = page.command.clone();
    let mut scene = page.scene("Without a command, and with one that there is not.", "");
    scene.run(&[&group]);
    scene.run(&[&group, "nosuch"]);
    scene.run(&[&group, "nosuch", "--json"]);
}

/// A word as a shell reads it.
fn quoted(word: &str) -> String {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "+-_./:=@,".contains(character);
    if !word.is_empty() && word.chars().all(is_plain) { word.to_owned() } else { format!("'{word}'") }
}

/// A document on lines of its own: one for each field, and for each value of a list that a field is.
fn fields(line: &str) -> Vec<String> {
    if !line.starts_with("{\"schema\":") {
        return vec![line.to_owned()];
    }
    let mut lines = vec![String::new()];
    let (mut depth, mut in_text, mut is_escaped) = (0_usize, false, false);
    let mut lists = Vec::new();
    let mut before = ' ';
    for character in line.chars() {
        let closes = !in_text && matches!(character, '}' | ']');
        if closes {
            depth -= 1;
            let breaks = depth == 0 || depth == 1 && lists.last() == Some(&true) && before != '[';
            lists.pop();
            if breaks {
                lines.push("  ".repeat(depth));
            }
        }
        // The first value of a list is on a line of its own, unless there is none.
        if before == '[' && depth == 2 && lists == [false, true] && !closes {
            lines.push("    ".to_owned());
        }
        lines.last_mut().unwrap().push(character);
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' if in_text => is_escaped = true,
            '"' => in_text = !in_text,
            '{' | '[' if !in_text => {
                depth += 1;
                lists.push(character == '[');
                if depth == 1 {
                    lines.push("  ".to_owned());
                }
            }
            ',' if !in_text && depth == 1 => lines.push("  ".to_owned()),
            ',' if !in_text && depth == 2 && lists == [false, true] => lines.push("    ".to_owned()),
            _ => {}
        }
        before = if in_text { '"' } else { character };
    }
    lines
}

#[test]
fn a_document_has_a_line_for_each_field() {
    let document = r#"{"schema":"a/1","none":[],"text":"a,[{\"","rows":[{"a":1,"b":[2]},3],"one":{"a":[1,2]}}"#;
    let lines = [
        "{",
        r#"  "schema":"a/1","#,
        r#"  "none":[],"#,
        r#"  "text":"a,[{\"","#,
        r#"  "rows":["#,
        r#"    {"a":1,"b":[2]},"#,
        "    3",
        "  ],",
        r#"  "one":{"a":[1,2]}"#,
        "}",
    ];
    assert_eq!(fields(document), lines);
    assert_eq!(fields("{{ code }}, [a]"), ["{{ code }}, [a]"]);
}
