//! A page of documentation, taken apart: the commands that it shows, with what they print, and its TOML.

use crate::support::pages::{Fence, is_not_run, parted};

/// A block of a page that can be tried.
pub enum Block {
    /// Commands, each with what it prints.
    Console(Vec<Step>),
    /// The same, as root.
    Root(Vec<Step>),
    /// What Kubernetes is told.
    Kubernetes(String),
    /// A file that the reader is told to write, by its name, into the folder of the configuration.
    File(String, String),
    /// A program that the reader is told to write, by its name, into the working folder.
    Program(String, String),
    /// Part of a configuration.
    Toml(String),
    /// A definition of a gateway.
    Definition(String),
}

/// One command.
pub struct Step {
    /// Its line in the page.
    pub line: usize,
    /// What is typed; several lines where the page goes on with `> `.
    pub command: String,
    /// What is printed, stdout and stderr as a terminal shows them.
    pub output: String,
    /// The exit status: a line `? 10` behind the command or behind its output; without one, 0.
    pub status: i32,
}

/// The blocks of a page, each with the line that it begins in.
pub fn blocks(text: &str) -> Vec<(usize, Block)> {
    let block = |fence: Fence<'_>| {
        let whole: String = fence.inside.iter().flat_map(|(_, line)| [*line, "\n"]).collect();
        let named = whole.lines().next().and_then(|first| first.strip_prefix("# "));
        let block = match (fence.language, named) {
            ("console", _) => Block::Console(steps(&fence.inside)),
            ("console root", _) => Block::Root(steps(&fence.inside)),
            ("yaml", _) => Block::Kubernetes(whole),
            ("toml", Some(name)) if name.starts_with("src/provider/catalog/") => Block::Definition(whole),
            ("toml", Some(name)) if is_file(name) => Block::File(name.to_owned(), whole),
            ("python", Some(name)) => Block::Program(name.to_owned(), whole),
            ("toml", _) => Block::Toml(whole),
            // `tests/fast/pages` knows what else there is, and who runs it.
            _ => return None,
        };
        Some((fence.line, block))
    };
    parted(text).0.into_iter().filter_map(block).collect()
}

fn is_file(name: &str) -> bool {
    name.strip_suffix(".toml").is_some_and(|stem| stem.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'))
}

fn steps(lines: &[(usize, &str)]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for (index, line) in lines {
        if let Some(command) = line.strip_prefix("$ ") {
            let (command, output) = (command.to_owned(), String::new());
            steps.push(Step { line: index + 1, command, output, status: 0 });
            continue;
        }
        let step = steps.last_mut().unwrap_or_else(|| panic!("line {}: output before any command", index + 1));
        if let (Some(more), true) = (line.strip_prefix("> "), step.output.is_empty()) {
            step.command.push('\n');
            step.command.push_str(more);
        } else if let Some(status) = line.strip_prefix("? ").and_then(|status| status.parse().ok()) {
            step.status = status;
        } else {
            step.output.push_str(line);
            step.output.push('\n');
        }
    }
    steps.retain(|step| !is_not_run(&step.command));
    steps
}
