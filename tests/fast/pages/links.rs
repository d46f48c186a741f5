//! Links lead to a file and a heading, sources name pages that are there, and from the table of contents each page can be
//! reached and left.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use regex_lite::Regex;

use crate::support::pages::{name, pages, parted, root};

/// The pages of the documentation, and those for people who work on the program.
fn all_pages() -> Vec<(PathBuf, String)> {
    let beside = fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().path());
    let beside = beside.chain([root().join("tests/stored/README.md")]);
    let is_page = |path: &PathBuf| path.extension().is_some_and(|end| end == "md") && !path.ends_with("README.md");
    let beside = beside.filter(|path| is_page(path) || path.ends_with("stored/README.md"));
    pages().into_iter().chain(beside.map(|path| (path.clone(), fs::read_to_string(path).unwrap()))).collect()
}

/// The words of a heading as GitHub makes an anchor of them.
fn anchor(heading: &str) -> String {
    let link = Regex::new(r"\[([^\]]*)\]\([^)]*\)").unwrap();
    let text = link.replace_all(heading, "$1").trim().to_lowercase();
    let kept = text.chars().filter(|letter| letter.is_alphanumeric() || [' ', '-', '_'].contains(letter));
    kept.map(|letter| if letter == ' ' { '-' } else { letter }).collect()
}

fn anchors(page: &str) -> BTreeSet<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let headings = parted(page).1.into_iter().filter_map(|(_, line)| line.strip_prefix('#'));
    let numbered = headings.map(|heading| {
        let anchor = anchor(heading.trim_start_matches('#'));
        let count = seen.entry(anchor.clone()).or_default();
        *count += 1;
        if *count == 1 { anchor } else { format!("{anchor}-{}", *count - 1) }
    });
    numbered.collect()
}

/// The links outside of blocks, with their lines. A link may go on in the next line.
pub fn links(page: &str) -> Vec<String> {
    let text: String = parted(page).1.into_iter().flat_map(|(_, line)| [line, "\n"]).collect();
    text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link.to_owned()).collect()
}

#[test]
fn every_link_leads_to_a_file_and_a_heading() {
    for (path, text) in all_pages() {
        for link in links(&text).iter().filter(|link| !link.contains("://")) {
            let (file, heading) = link.split_once('#').map_or((link.as_str(), None), |(file, rest)| (file, Some(rest)));
            let there = if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
            assert!(there.exists(), "{}: {link} leads nowhere", name(&path));
            let Some(heading) = heading else { continue };
            let known = anchors(&fs::read_to_string(&there).unwrap());
            assert!(known.contains(heading), "{}: {link}: no such heading; there are {known:?}", name(&path));
        }
    }
}

#[test]
fn an_anchor_is_as_on_github() {
    let page = "# `otpctl` & you: it's [here](a.md)\n## More\n```text\n# none\n```\n## More\n### a-b_c (1)\n";
    assert_eq!(anchors(page), BTreeSet::from(["otpctl--you-its-here", "more", "more-1", "a-b_c-1"].map(str::to_owned)));
    assert_eq!(links("[a](b.md)\n```text\n[c](d.md)\n```\n[e\nf](#g)"), ["b.md", "#g"]);
}

/// The files of a folder and below whose names end so.
fn files(folder: &Path, ends: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            found.extend(files(&path, ends));
        } else if path.extension().is_none_or(|end| ends.iter().any(|known| end == *known)) {
            found.push(path);
        }
    }
    found
}

/// Hints, help and comments name pages too.
#[test]
fn every_page_that_a_source_names_is_there() {
    let ends = ["rs", "toml", "lua", "txt", "py", "mjs", "sh"];
    let mut sources = vec![root().join("otpctl.toml.example")];
    for folder in ["src", "tests", "scripts", "benches", "examples", "packaging"].map(|name| root().join(name)) {
        if folder.is_dir() {
            sources.extend(files(&folder, &ends));
        }
    }
    // An address of a vendor has such a folder too.
    let named = Regex::new(r"(^|[\s`\x22'(])docs/([a-z0-9-]+\.md)(#[a-z0-9_-]+)?").unwrap();
    let mut count = 0;
    for path in sources {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        for found in text.lines().filter(|line| line.contains("docs/")).flat_map(|line| named.captures_iter(line)) {
            let page = root().join("docs").join(&found[2]);
            let page_text = fs::read_to_string(&page);
            let page_text = page_text.unwrap_or_else(|_| panic!("{}: there is no docs/{}", name(&path), &found[2]));
            let heading = found.get(3).map(|heading| heading.as_str().trim_start_matches('#'));
            let is_there = heading.is_none_or(|heading| anchors(&page_text).contains(heading));
            assert!(is_there, "{}: docs/{} has no {heading:?}", name(&path), &found[2]);
            count += 1;
        }
    }
    assert!(count > 10, "the sources name pages: {count}");
}

#[test]
fn every_page_is_in_the_table_of_contents() {
    let contents = fs::read_to_string(root().join("docs/README.md")).unwrap();
    let listed: BTreeSet<String> =
        links(&contents).into_iter().map(|link| link.split('#').next().unwrap_or_default().to_owned()).collect();
    for (path, _) in pages().iter().filter(|(path, _)| !path.ends_with("README.md")) {
        let file = path.file_name().unwrap().to_str().unwrap();
        assert!(listed.contains(file), "docs/README.md does not list {file}");
    }
}

#[test]
fn every_page_says_what_one_can_do_after_it_and_where_to_go_next() {
    for (path, text) in pages().iter().filter(|(path, _)| !path.ends_with("README.md")) {
        let begins = text.split("\n## ").next().unwrap();
        assert!(begins.to_lowercase().contains("after this page"), "{}: what can one do after it?", name(path));
        let (heading, end) = text.rsplit_once("\n## ").unwrap().1.split_once('\n').unwrap();
        assert_eq!(heading, "Next", "{} ends with where to go next", name(path));
        assert!(!links(end).is_empty(), "{} says where", name(path));
    }
}
