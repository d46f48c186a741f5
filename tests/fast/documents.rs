//! Every document that the sources name has a schema that is made from its type, and every schema is of such a document.

use std::collections::BTreeSet;
use std::path::Path;

use regex_lite::Regex;

fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text.lines().map(|line| line.split("//").next().unwrap_or_default());
            found.push(code.collect::<Vec<_>>().join("\n"));
        }
    }
}

#[test]
fn every_document_has_a_schema_that_is_made_from_its_type() {
    let mut all = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    sources(&root.join("src"), &mut all);
    let named = Regex::new(r#""(otpctl\.[a-z_]+/[0-9]+)"(\s*=>)?"#).unwrap();
    let (mut written, mut made) = (BTreeSet::new(), BTreeSet::new());
    for text in &all {
        for found in named.captures_iter(text) {
            let name = found[1].to_owned();
            if found.get(2).is_some() {
                made.insert(name)
            } else {
                written.insert(name)
            };
        }
    }
    let missing: Vec<_> = written.difference(&made).collect();
    assert!(missing.is_empty(), "these are in no `documents!`: {missing:?}");
    assert!(made.len() > 60, "{}", made.len());

    let file = |name: &String| format!("{}.json", name.trim_start_matches("otpctl.").replace('/', "."));
    let files: BTreeSet<String> = made.iter().map(file).chain(["outbox.json".to_owned()]).collect();
    let there: BTreeSet<String> = std::fs::read_dir(root.join("docs/schemas"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(there, files, "UPDATE=1 cargo test --lib schema, and no file of what is gone");
}
