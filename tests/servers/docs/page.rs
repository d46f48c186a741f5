//! A page of documentation, taken apart: the commands that it shows, with what they print, and its TOML.

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
    let mut lines = text.lines().enumerate();
    let mut found = Vec::new();
    while let Some((fence, line)) = lines.next() {
        let Some(language) = line.strip_prefix("```") else { continue };
        let inside: Vec<(usize, &str)> = lines.by_ref().take_while(|(_, line)| *line != "```").collect();
        let whole: String = inside.iter().flat_map(|(_, line)| [*line, "\n"]).collect();
        let named = whole.lines().next().and_then(|first| first.strip_prefix("# "));
        found.push(match (language, named) {
            ("console", _) => (fence + 1, Block::Console(steps(&inside))),
            ("console root", _) => (fence + 1, Block::Root(steps(&inside))),
            ("yaml", _) => (fence + 1, Block::Kubernetes(whole)),
            ("toml", Some(name)) if name.starts_with("src/provider/catalog/") => (fence + 1, Block::Definition(whole)),
            ("toml", Some(name)) if is_file(name) => (fence + 1, Block::File(name.to_owned(), whole)),
            ("python", Some(name)) => (fence + 1, Block::Program(name.to_owned(), whole)),
            ("toml", _) => (fence + 1, Block::Toml(whole)),
            _ => continue,
        });
    }
    found
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
    steps
}
