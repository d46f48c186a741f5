//! The documentation is true: every command of every page runs and prints what the page shows, every configuration
//! loads, and the page on the layout names every field that is stored.
//!
//! A page is read by one reader on one machine: its ```` ```console ```` blocks run in order, in one shell, in a home of
//! their own. `[..]` stands for anything within a line, `...` alone on a line for any lines, `? 10` for an exit status.
//! A ```` ```toml ```` block whose first line is `# NAME.toml` is put into the folder of the configuration, and a
//! ```` ```python ```` block whose first line is `# NAME.py` into the working folder.

mod begin;
mod layout;
mod machine;
mod page;
mod shared;

use std::fmt::Write as _;
use std::path::Path;

use snapbox::{Assert, IntoData as _};

use self::machine::Machine;
use self::page::{Block, Step, blocks};
use crate::support::pages::{name, pages};

#[test]
fn every_example_prints_what_it_shows() {
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let running: Vec<_> =
            pages().into_iter().map(|(path, text)| scope.spawn(move || try_page(&path, &text))).collect();
        running.into_iter().flat_map(|page| page.join().expect("a page that can be run")).collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What stands before the number and the status of a step in the output of a script.
const MARK: &str = "@@ step ";

/// Runs a page, and says what is not as it shows.
fn try_page(path: &Path, text: &str) -> Vec<String> {
    read(&Machine::new(text), &name(path), text)
}

/// The same on a machine that is there.
fn read(machine: &Machine, page: &str, text: &str) -> Vec<String> {
    let (script, steps) = script(machine, text);
    let printed = machine.shown(&machine.run(&machine.keep("script", &script)));
    compared(page, &printed, &steps)
}

/// What was printed that is not as the steps show it.
fn compared(name: &str, printed: &str, steps: &[Step]) -> Vec<String> {
    let mut outcomes = printed.split(MARK);
    let mut output = outcomes.next().unwrap_or_default().to_owned();
    let mut wrong = Vec::new();
    for step in steps {
        let place = format!("{name}:{}: $ {}", step.line, step.command);
        let Some((status, next)) = outcomes.next().and_then(|rest| rest.split_once('\n')) else {
            wrong.push(format!("{place}\nthe shell stopped here: {output}"));
            break;
        };
        if status != step.status.to_string() {
            wrong.push(format!("{place}\nends with {status} and not with {}:\n{output}", step.status));
        } else if let Err(error) = as_shown(&place, &output, &step.output) {
            wrong.push(error);
        }
        next.clone_into(&mut output);
    }
    wrong
}

fn as_shown(place: &str, output: &str, shown: &str) -> Result<(), String> {
    let trimmed = |text: &str| text.trim_end().lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    let (output, shown) = (trimmed(output).into_data(), trimmed(shown).into_data());
    let compared = Assert::new().normalize_paths(false).try_eq(Some(&place), output, shown);
    compared.map_err(|error| error.to_string())
}

/// One script for the whole page, so that variables and folders last; and the steps that it is made of.
fn script(machine: &Machine, text: &str) -> (String, Vec<Step>) {
    let mut script = "exec 2>&1\n".to_owned();
    let mut steps = Vec::new();
    let mut add = |step: Step| {
        // The status is there for the next command too, as it is for a person at a terminal.
        script.push_str(&marked(&machine.here(&step.command)));
        steps.push(step);
    };
    let silent = |line, command| Step { line, command, output: String::new(), status: 0 };
    for (line, block) in blocks(text) {
        match block {
            Block::Console(shown) => shown.into_iter().for_each(&mut add),
            // A machine of its own is made for these: see `shared`.
            Block::Root(_) | Block::Kubernetes(_) => {}
            Block::File(name, toml) => {
                let kept = machine.keep(&format!("{line}.toml"), &toml).display().to_string();
                let target = format!("$HOME/.config/otpctl/{name}");
                add(silent(line, format!("mkdir -p ~/.config/otpctl && cp -p {kept} {target}")));
                let check =
                    format!("{}otpctl --config {target} config check > ~/.check || cat ~/.check", secrets(&toml));
                add(silent(line, check));
            }
            Block::Program(name, text) => {
                let kept = machine.keep(&format!("{line}.py"), &text).display().to_string();
                add(silent(line, format!("cp {kept} {name}")));
            }
            Block::Toml(toml) => {
                let kept = machine.keep(&format!("{line}.toml"), &toml).display().to_string();
                add(silent(line, format!("otpctl --config {kept} config show > /dev/null")));
            }
            Block::Definition(toml) => {
                otpctl::provider::Definition::parse(&toml).unwrap_or_else(|error| panic!("line {line}: {error}"));
            }
        }
    }
    (script, steps)
}

/// A command of a script, and behind what it prints a mark with its status.
fn marked(command: &str) -> String {
    format!("{command}\n_ended=$?; printf '\\n{MARK}%s\\n' $_ended; (exit $_ended)\n")
}

/// A value for each variable that a configuration takes a secret from, where the page has not set one.
fn secrets(toml: &str) -> String {
    let named = toml.split("env = \"").skip(1).filter_map(|rest| rest.split_once('"'));
    named.fold(String::new(), |mut set, (name, _)| {
        write!(set, "{name}=${{{name}:-0123456789abcdef0123456789abcdef}} ").expect("a text");
        set
    })
}
