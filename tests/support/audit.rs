//! The records of what a machine did.

use std::fs;

use serde_json::Value;

use super::cli::Machine;

/// `[audit]` beside the file of a machine.
pub const AUDIT: &str = "[audit]\nfile = \"../../audit.jsonl\"\n";

/// The records of a machine whose file has [`AUDIT`].
pub fn records(machine: &Machine) -> Vec<Value> {
    let text = fs::read_to_string(machine.path("audit.jsonl")).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

/// The records that this run adds.
pub fn added(machine: &Machine, run: impl FnOnce()) -> Vec<Value> {
    let before = records(machine).len();
    run();
    records(machine).split_off(before)
}

/// The text of the file, line by line.
pub fn lines(machine: &Machine) -> Vec<String> {
    fs::read_to_string(machine.path("audit.jsonl")).unwrap().lines().map(str::to_owned).collect()
}

/// Writes the file anew.
pub fn write_lines(machine: &Machine, lines: &[String]) {
    let end = if lines.is_empty() { "" } else { "\n" };
    fs::write(machine.path("audit.jsonl"), lines.join("\n") + end).unwrap();
}

/// The kinds and lines of what `audit verify` finds.
pub fn findings(machine: &Machine) -> Vec<(String, u64)> {
    let ran = machine.run(&["audit", "verify", "--json"]);
    let document = ran.json();
    let found = document["findings"].as_array().unwrap().iter();
    let found: Vec<_> =
        found.map(|one| (one["kind"].as_str().unwrap().to_owned(), one["line"].as_u64().unwrap())).collect();
    ran.exits(if found.is_empty() { 0 } else { 28 });
    found
}
