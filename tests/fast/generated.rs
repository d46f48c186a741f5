//! Files that are made from the program, held to it. `UPDATE=1 cargo test --test fast generated` writes them.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use otpctl::otp::hint::Chosen;

use crate::diagnosis::world::{World, examples};
use crate::support::pages::{name, pages, root};

fn otpctl(words: &[&str]) -> String {
    let ran = Command::new(env!("CARGO_BIN_EXE_otpctl")).args(words).env_clear().output().unwrap();
    assert!(ran.status.success(), "{words:?}: {}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap()
}

fn held(file: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == text, "{file} is stale: UPDATE=1 cargo test --test fast generated");
}

#[test]
fn completions() {
    for (shell, file) in [
        ("bash", "otpctl.bash"),
        ("zsh", "_otpctl"),
        ("fish", "otpctl.fish"),
        ("elvish", "otpctl.elv"),
        ("powershell", "_otpctl.ps1"),
    ] {
        held(&format!("completions/{file}"), &otpctl(&["completions", shell]));
    }
}

/// What each kind of provider can do is on the page on providers.
#[test]
fn catalog_of_the_page() {
    let yes = |can: bool| if can { "yes" } else { "" };
    let row = |kind: &str| {
        let described = otpctl::provider::describe(kind).unwrap();
        let (can, features) = (described.can, described.features);
        let senders: Vec<String> = features.senders.iter().map(|sender| sender.as_str().replace('_', " ")).collect();
        let longest = features.longest.map(|longest| longest.to_string()).unwrap_or_default();
        let abilities = [can.status, can.reports, can.balance, can.test, features.dlt].map(yes).join(" | ");
        format!("| `{kind}` | {abilities} | {longest} | {} |", senders.join(", "))
            .replace("|  |", "| |")
            .replace("|  |", "| |")
    };
    let rows: Vec<String> = otpctl::provider::kinds().map(row).collect();
    let head = "| kind | status | reports | balance | test | DLT | longest | senders |\n\
                | --- | --- | --- | --- | --- | --- | ---: | --- |\n";
    part_held(
        "docs/providers.md",
        "<!-- made from the catalog: UPDATE=1 cargo test --test fast generated -->\n",
        "<!-- end -->",
        &format!("\n{head}{}\n\n", rows.join("\n")),
    );
}

/// Why an SMS did not arrive, in the words of the program.
#[test]
fn reasons_of_the_page() {
    let rows = otpctl::otp::DeliveryReason::ALL.iter().map(|reason| {
        let (name, words, advice) = (reason.as_str(), reason.words(), reason.advice());
        format!("| `{name}` | {words} | {advice} |")
    });
    let head = "| `delivery_reason` | not delivered: | what to do |\n| --- | --- | --- |\n";
    part_held(
        "docs/delivery.md",
        "<!-- made from the program: UPDATE=1 cargo test --test fast generated -->\n",
        "<!-- end -->",
        &format!("\n{head}{}\n\n", rows.collect::<Vec<_>>().join("\n")),
    );
}

/// Every verdict of `inspect`, with what it says in an example.
#[test]
fn verdicts_of_the_page() {
    let section = |(name, world): (&'static str, World)| {
        let told = world.diagnosed();
        let entry = otpctl::otp::diagnosis::VERDICTS.iter().find(|entry| entry.name == name).unwrap();
        let next = told.next.iter().map(|step| {
            let command = step.hint.command(&Chosen::default()).unwrap();
            format!("* `{command}` ({})\n", step.hint.why())
        });
        let next = next.collect::<String>();
        let next = if next.is_empty() { String::new() } else { format!("\nNext:\n\n{next}") };
        format!("### {name}\n\n{}.\n\n> {}\n\nTell them: {}\n{next}", capitalized(entry.when), told.summary, told.tell)
    };
    part_held(
        "docs/support.md",
        "<!-- made from the table: UPDATE=1 cargo test --test fast generated -->\n",
        "<!-- end -->",
        &format!("\n{}\n", examples().into_iter().map(section).collect::<Vec<_>>().join("\n")),
    );
}

fn capitalized(text: &str) -> String {
    let (first, rest) = text.split_at(1);
    first.to_uppercase() + rest
}

/// Holds what stands between two marks of a page.
fn part_held(page: &str, start: &str, end: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    let whole = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = whole.split_once(start).unwrap_or_else(|| panic!("{page} has {start}"));
    let (part, after) = rest.split_once(end).unwrap_or_else(|| panic!("{page} has {end}"));
    if part == text {
        return;
    }
    assert!(std::env::var_os("UPDATE").is_some(), "{page} is stale: UPDATE=1 cargo test --test fast generated");
    std::fs::write(&path, format!("{before}{start}{text}{end}{after}")).unwrap();
}

/// A recipe is in its page as it is in its file.
#[test]
fn recipes_of_the_pages() {
    let folder = root().join("examples");
    let mut shown = BTreeSet::new();
    for (path, text) in pages() {
        for mark in text.lines().filter(|line| line.starts_with("<!-- examples/")) {
            let file = mark.trim_start_matches("<!-- examples/").split(':').next().unwrap();
            let script = std::fs::read_to_string(folder.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
            let language = file.rsplit_once('.').filter(|(_, end)| *end == "sh").map_or("js", |(_, end)| end);
            let start = format!("<!-- examples/{file}: UPDATE=1 cargo test --test fast generated -->\n");
            part_held(&name(&path), &start, "<!-- end -->", &format!("```{language}\n{script}```\n"));
            shown.insert(file.to_owned());
        }
    }
    for file in std::fs::read_dir(folder).unwrap() {
        let file = file.unwrap().file_name().into_string().unwrap();
        assert!(shown.contains(&file), "no page shows examples/{file}");
    }
}

/// The table of exit codes is in the README and on its own page as `help exit-codes` prints it.
#[test]
fn exit_codes_of_the_pages() {
    let rows: Vec<String> = otpctl(&["help", "exit-codes"])
        .lines()
        .map(|line| format!("| {} |", line.split('\t').collect::<Vec<_>>().join(" | ")).replace("|  |", "| |"))
        .collect();
    let start = "| exit | name | meaning | repeat as is? |\n| ---: | --- | --- | --- |\n";
    part_held("README.md", start, "\n\n", &rows.join("\n"));
    part_held(
        "docs/exit-codes.md",
        "<!-- made from the program: UPDATE=1 cargo test --test fast generated -->\n",
        "<!-- end -->",
        &format!("\n{start}{}\n\n", rows.join("\n")),
    );
}
