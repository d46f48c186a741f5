//! The commands that the help lists.

use super::cli::Machine;

/// Every command and subcommand, as the help lists them.
pub fn all_commands(machine: &Machine) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for name in otpctl::commands::Command::NAMES {
        found.push(vec![(*name).to_owned()]);
        let help = machine.run(&[*name, "-h"]).exits(0).stdout.clone();
        let Some((_, rows)) = help.split_once("\nCommands:\n") else { continue };
        let rows = rows.lines().take_while(|row| !row.is_empty());
        let names = rows.filter_map(|row| row.strip_prefix("  ")?.split_whitespace().next().map(str::to_owned));
        found.extend(names.map(|own| vec![(*name).to_owned(), own]));
    }
    assert!(found.len() > 30, "{found:?}");
    found
}
