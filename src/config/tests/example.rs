//! `otpctl.toml.example` says what the program does: every key of the one is in the other, with the same default.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::{Origin, Settings, keys, shown};
use super::{defaults, load_text};
use crate::provider;

const EXAMPLE: &str = include_str!("../../../otpctl.toml.example");

/// A Redis is one server, a Cluster, or known to Sentinels: each without the keys that belong to the others.
const ONE: [&str; 4] = ["store.embedded", "nodes", "sentinel", "database"];
const CLUSTER: [&str; 4] = ["store.embedded", "url", "sentinel", "database"];
const SENTINEL: [&str; 3] = ["store.embedded", "url", "nodes"];

/// The file with every key set, less the tables and keys that cannot stand next to others.
fn uncommented(without: &[&str]) -> String {
    let (mut skipping, mut is_redis) = (false, false);
    let mut text = String::new();
    for line in EXAMPLE.lines() {
        let line = match line.strip_prefix('#') {
            Some(rest) if !rest.is_empty() && !rest.starts_with([' ', '#']) => rest,
            _ => line,
        };
        if line.starts_with('[') {
            is_redis = line.starts_with("[store.redis");
            skipping = without.iter().any(|table| line.starts_with(&format!("[{table}]")));
        }
        let key = line.split_once(" = ").map(|(key, _)| key);
        if !skipping && !key.is_some_and(|key| is_redis && without.contains(&key)) {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

fn values(settings: &Settings) -> BTreeMap<String, (Value, Origin)> {
    shown(settings)
        .into_iter()
        .filter(|row| row.key != "config")
        .map(|row| (row.key, (row.value, row.origin)))
        .collect()
}

/// Every dotted key of a text, tables included.
fn dotted(text: &str) -> BTreeMap<String, toml::Value> {
    let mut all = BTreeMap::new();
    let mut open = vec![(String::new(), text.parse::<toml::Table>().expect("TOML"))];
    while let Some((prefix, table)) = open.pop() {
        for (key, value) in table {
            let key = if prefix.is_empty() { key } else { format!("{prefix}.{key}") };
            if let toml::Value::Table(table) = &value {
                open.push((key.clone(), table.clone()));
            }
            all.insert(key, value);
        }
    }
    all
}

#[test]
fn as_it_stands_it_changes_nothing() {
    let (written, usual) = (values(&load_text(EXAMPLE).expect("loads")), values(&defaults()));
    for (key, (value, _)) in &usual {
        assert_eq!(&written[key].0, value, "{key}");
    }
    assert_eq!(written.len(), usual.len());
}

#[test]
fn every_default_is_written_out() {
    let written = values(&load_text(EXAMPLE).expect("loads"));
    let all = dotted(&uncommented(&["store.redis"]));
    for (key, (value, _)) in values(&defaults()) {
        let empty = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
        // What is absent by default as a whole table is written behind `#`, with the default.
        let commented = matches!(key.as_str(), "store.embedded.path" | "routes.default" | "providers.console.kind");
        if commented {
            assert_eq!(serde_json::to_value(&all[&key]).expect("a value"), value, "{key}");
        } else if !empty {
            assert!(matches!(written[&key].1, Origin::File { .. }), "{key} is not in the example with its default");
        }
    }
}

#[test]
fn every_key_that_it_names_is_accepted() {
    for without in [&["store.redis"], &ONE[..], &CLUSTER, &SENTINEL] {
        load_text(&uncommented(without)).unwrap_or_else(|error| panic!("{error}"));
    }
}

#[test]
fn every_key_of_the_program_is_in_it() {
    let mut all = dotted(&uncommented(&["store.redis"]));
    for without in [&ONE[..], &CLUSTER, &SENTINEL] {
        all.extend(dotted(&uncommented(without)));
    }
    for (table, names) in keys::TABLES {
        for name in names {
            let key = if table.is_empty() { (*name).to_owned() } else { format!("{table}.{name}") };
            assert!(all.contains_key(&key), "{key} is not in otpctl.toml.example");
        }
    }
    for (table, names) in [("tls", &keys::TLS[..]), ("sentinel", &keys::SENTINEL), ("durability", &keys::DURABILITY)] {
        for name in names {
            assert!(all.contains_key(&format!("store.redis.{table}.{name}")), "{table}.{name}");
        }
    }
    for word in keys::LAYOUT.iter().chain(&keys::PEPPER).chain(&keys::SECRET).chain(&keys::TEST_NUMBER) {
        assert!(EXAMPLE.contains(&format!("{word} ")), "{word} is not explained");
    }
}

#[test]
fn redis_has_the_defaults_that_it_says() {
    let written = values(&load_text(&uncommented(&ONE)).expect("loads"));
    let usual = values(&load_text("[store.redis]\nurl = \"redis://h\"").expect("loads"));
    for key in ["prefix", "layout", "accept_eviction_risk"] {
        let key = format!("store.redis.{key}");
        assert_eq!(written[&key].0, usual[&key].0, "{key}");
    }
}

#[test]
fn every_setting_of_its_providers_is_in_it() {
    let all = dotted(&uncommented(&["store.redis"]));
    for kind in provider::kinds() {
        let description = provider::describe(kind).unwrap_or_else(|| panic!("{kind} is no kind"));
        for spec in description.settings {
            let key = format!("providers.{kind}.{}", spec.name);
            let value = all.get(&key).unwrap_or_else(|| panic!("{key} is not in otpctl.toml.example"));
            if let Some(default) = spec.default {
                assert_eq!(serde_json::to_value(value).expect("a value"), default, "{key}");
            }
            let secret =
                matches!(value, toml::Value::Table(table) if keys::SECRET.iter().any(|name| table.contains_key(*name)));
            assert_eq!(secret, spec.secret, "{key}");
        }
    }
}

#[test]
fn each_line_of_a_file_is_an_origin() {
    let rows = values(&load_text("region = \"IN\"\n[code]\nlength = 8\n[limits]\nlocks = {}").expect("loads"));
    assert_eq!(rows["region"], (Value::from("IN"), Origin::File { line: 1 }));
    assert_eq!(rows["code.length"], (Value::from(8), Origin::File { line: 3 }));
    assert_eq!(rows["limits.locks"].1, Origin::File { line: 5 });
    assert_eq!(rows["code.ttl"], (Value::from("5m"), Origin::Default));
}
