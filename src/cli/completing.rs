//! What a shell is offered while a line is typed. The scripts of `completions` start the program with a variable, and give
//! it the line after `--`. Nothing here fails aloud: a person is in the middle of a line.

use std::ffi::OsString;
use std::path::Path;

use clap_complete::env::Shells;

use crate::commands::offering;
use crate::config::Env;
use crate::error::Exit;
use crate::output::Printer;

/// The shell that asks.
pub(super) fn shell(env: &Env) -> Option<&str> {
    env.get(crate::commands::COMPLETING)?.to_str().filter(|name| !name.is_empty())
}

/// Prints what could come next.
pub(super) fn run(shell: &str, words: &[OsString], env: &Env, folder: Option<&Path>) -> Exit {
    let line = words.iter().position(|word| word == "--").map_or(&[][..], |at| &words[at + 1..]);
    let shells = Shells::builtins();
    let (Some(shell), false) = (shells.completer(shell), line.is_empty()) else { return Exit::Usage };
    let mut command = offering(line, env);
    let mut offered = Vec::new();
    if shell.write_complete(&mut command, line.to_vec(), folder, &mut offered).is_err() {
        return Exit::Usage;
    }
    let text = String::from_utf8_lossy(&offered);
    Printer::silent().help(&text, &text)
}
