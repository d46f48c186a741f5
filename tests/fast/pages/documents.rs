//! The page on documents names every schema of the program, and no other.

use std::collections::BTreeSet;
use std::fs;

use regex_lite::Regex;

use super::links::files;
use crate::support::pages::root;

#[test]
fn every_document_is_on_its_page() {
    let schema = Regex::new(r"otpctl\.[a-z_]+/[0-9]+").unwrap();
    let found = |text: &str| -> Vec<String> { schema.find_iter(text).map(|found| found.as_str().to_owned()).collect() };
    let sources = files(&root().join("src"), &["rs"]);
    let sources = sources.into_iter().flat_map(|path| found(&fs::read_to_string(path).unwrap_or_default()));
    let sources: BTreeSet<String> = sources.collect();
    let page: BTreeSet<String> =
        found(&fs::read_to_string(root().join("docs/documents.md")).unwrap()).into_iter().collect();
    assert!(sources.len() > 50, "{sources:?}");
    let (missing, unknown): (Vec<_>, Vec<_>) =
        (sources.difference(&page).collect(), page.difference(&sources).collect());
    assert!(missing.is_empty() && unknown.is_empty(), "not on the page: {missing:?}; not of the program: {unknown:?}");
}
