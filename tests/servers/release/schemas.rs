//! The JSON Schemas, and real documents under them, as Python's `jsonschema` judges both. What the suite itself holds every
//! document to is written by us (tests/support/schemas.rs), so others say the same here.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::servers::python::python;
use crate::support::cli::{Machine, PHONE};
use crate::support::schemas::documents;

/// Takes documents, a line each, and names what is wrong with a schema or a document.
const JUDGE: &str = r#"
import json, pathlib, sys
from jsonschema import Draft202012Validator, FormatChecker
schemas = {}
for path in pathlib.Path("docs/schemas").glob("*.json"):
    schema = json.loads(path.read_text())
    Draft202012Validator.check_schema(schema)
    schemas[schema["title"]] = Draft202012Validator(schema, format_checker=FormatChecker())
seen = set()
for line in sys.stdin:
    document = json.loads(line)
    seen.add(document["schema"])
    for error in schemas[document["schema"]].iter_errors(document):
        print(document["schema"], error.message, file=sys.stderr)
print(json.dumps(sorted(seen)))
# A document that lacks a field is one of no schema.
for name, schema in schemas.items():
    if "/" in name and not list(schema.iter_errors({"schema": name})):
        print(name, "takes a document without fields", file=sys.stderr)
"#;

/// Commands that do something in this order, on a machine with a store of its own.
const WALK: &[&[&str]] = &[
    &["user", "link", "u_1", PHONE],
    &["user", "show", "u_1"],
    &["user", "show", PHONE, "--history"],
    &["user", "list"],
    &["user", "export"],
    &["send", PHONE],
    &["send", PHONE, "--dry-run"],
    &["send", "--from", "phones.txt"],
    &["issue", "+919876543213"],
    &["inspect", PHONE],
    &["verify", PHONE, "000000"],
    &["verify", "+919876543214", "000000"],
    &["wait", PHONE, "--for", "accepted"],
    &["list"],
    &["events"],
    &["stats", "--by", "provider"],
    &["policy", "block", "+919876543215", "--until", "1h"],
    &["policy", "show", "+919876543215"],
    &["policy", "list"],
    &["policy", "remove", "+919876543215"],
    &["user", "move", "u_1", "+919876543216"],
    &["user", "unlink", "u_1"],
    &["user", "import", "users.csv"],
    &["revoke", PHONE],
    &["unlock", PHONE],
    &["provider", "list"],
    &["provider", "show", "telnyx"],
    &["provider", "check", "gateway.toml"],
    &["provider", "test", "console"],
    &["provider", "balance"],
    &["store", "check"],
    &["store", "purge", "--yes"],
    &["audit", "verify"],
    &["audit", "anchor"],
    &["doctor"],
    &["config", "path"],
    &["config", "show"],
    &["config", "check"],
    &["config", "init", "other.toml"],
    &["man", "send"],
    &["man", "--dir", "pages"],
    &["completions", "bash"],
    &["version"],
    &["help"],
    &["help", "exit-codes"],
    &["help", "json"],
    &["help", "json", "verify"],
    &["nosuch"],
];

#[test]
fn another_validator_takes_the_schemas_and_the_documents() {
    let mut all = String::new();
    for format in ["json", "jsonl"] {
        let machine = Machine::with("[audit]\nfile = \"audit.jsonl\"\n[limits]\ncooldown = []\n");
        machine.write("phones.txt", "+919876543217\n12\n");
        machine.write("users.csv", "user,phone\nu_4,+919876543214\n");
        machine.write("gateway.toml", &machine.run(&["provider", "show", "telnyx"]).exits(0).stdout);
        for words in WALK {
            let ran = machine.run(&[&words[..], &["-o", format]].concat());
            let found: Vec<_> = documents(&ran.stdout).chain(documents(&ran.stderr)).collect();
            // In JSON Lines an empty list is no line.
            assert!(format == "jsonl" || !found.is_empty(), "{words:?}: {ran:?}");
            all.extend(found.iter().map(|document| format!("{document}\n")));
        }
    }
    let mut judge = Command::new(python());
    judge.arg("-c").arg(JUDGE).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut judge = judge.current_dir(env!("CARGO_MANIFEST_DIR")).spawn().unwrap();
    judge.stdin.take().unwrap().write_all(all.as_bytes()).unwrap();
    let ran = judge.wait_with_output().unwrap();
    let wrong = String::from_utf8(ran.stderr).unwrap();
    assert!(ran.status.success() && wrong.is_empty(), "{wrong}");
    let seen: Vec<String> = serde_json::from_slice(&ran.stdout).unwrap();
    assert!(seen.len() > 55, "{} documents: {seen:?}", seen.len());
}
