//! The page on documents leads to every schema, and to no other.

use std::collections::BTreeSet;
use std::fs;

use super::links::links;
use crate::support::pages::root;

#[test]
fn every_schema_is_on_the_page_on_documents() {
    let folder = fs::read_dir(root().join("docs/schemas")).unwrap();
    let files: BTreeSet<String> = folder.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    let page = fs::read_to_string(root().join("docs/documents.md")).unwrap();
    let shown: BTreeSet<String> =
        links(&page).into_iter().filter_map(|link| Some(link.strip_prefix("schemas/")?.to_owned())).collect();
    let missing: Vec<_> = files.difference(&shown).collect();
    assert!(files.len() > 50 && missing.is_empty(), "docs/documents.md leaves out {missing:?} of {files:?}");
    for (name, file) in page.split("[`otpctl.").skip(1).filter_map(|rest| rest.split_once("`](schemas/")) {
        let file = file.split(')').next().unwrap();
        assert_eq!(file, format!("{}.json", name.replace('/', ".")), "a name leads to its own schema");
    }
}
