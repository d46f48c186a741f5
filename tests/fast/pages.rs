//! What the documentation names is there: files and headings behind links, commands, and the tests that show what is
//! promised.

mod commands;
mod documents;
mod links;

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::pages::root;

#[test]
fn every_test_that_a_page_names_exists() {
    fn sources(folder: &Path) -> String {
        let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
        let read = |path: PathBuf| match path.extension() {
            None if path.is_dir() => sources(&path),
            Some(end) if end == "rs" => fs::read_to_string(path).expect("a source"),
            _ => String::new(),
        };
        entries.map(read).collect()
    }
    let sources = sources(&root().join("tests"));
    let page = fs::read_to_string(root().join("docs/guarantees.md")).expect("the page");
    let quoted = |text: &str| text.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    let is_script = |name: &str| name.starts_with("scripts/") && root().join(name).exists();
    let is_test = |name: &str| {
        let clause = sources.lines().any(|line| line.trim() == name);
        let test = format!("fn {name}()");
        let after = |line: &&str| line.trim().starts_with("#[") || line.trim().starts_with("///");
        clause
            || sources.match_indices(&test).any(|(at, _)| {
                let above = sources[..at].trim_end_matches(|end| end != '\n');
                above
                    .lines()
                    .rev()
                    .take_while(after)
                    .any(|line| line.trim() == "#[test]" || line.trim() == "#[tokio::test]")
            })
    };

    // Each promise names what shows it, and nothing that is not there.
    let promises = page.split_once("## Promised").expect("the promises").1;
    let promises = promises.split("\n## ").next().unwrap_or_default();
    let rows: Vec<&str> = promises.lines().filter(|line| line.starts_with("| ")).skip(2).collect();
    assert!(rows.len() > 20, "the page has its table: {rows:?}");
    for row in rows {
        let shown_by = quoted(row.trim_end_matches('|').rsplit(" | ").next().unwrap_or_default());
        assert!(!shown_by.is_empty(), "no test shows this promise: {row}");
        for name in shown_by {
            assert!(is_test(&name) || is_script(&name), "there is no test `{name}`");
        }
    }

    // Elsewhere on the page a word of several parts is a test.
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let named = quoted(&page);
    let named = named.iter().filter(|word| word.bytes().all(plain) && word.matches('_').count() > 2);
    for name in named {
        assert!(is_test(name), "there is no test `{name}`");
    }
}
