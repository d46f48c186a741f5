//! The lists of deny.toml, held to the libraries that cargo builds: their licenses, where they come from, and which there
//! are. `scripts/deny` has cargo-deny do the same, and ask for advisories.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// What `deny.toml` says.
fn rules() -> toml::Table {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deny.toml");
    std::fs::read_to_string(path).unwrap().parse().unwrap()
}

/// Every package of a build for this machine, those of tests among them.
fn packages() -> Vec<Value> {
    let ran = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--offline", "--format-version=1", "--features=sql"])
        .args(["--filter-platform", &format!("{}-unknown-linux-gnu", std::env::consts::ARCH)])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let found: Value = serde_json::from_slice(&ran.stdout).unwrap();
    let nodes = found["resolve"]["nodes"].as_array().unwrap();
    let built: BTreeSet<&str> = nodes.iter().map(|node| node["id"].as_str().unwrap()).collect();
    let all = found["packages"].as_array().unwrap();
    all.iter().filter(|package| built.contains(package["id"].as_str().unwrap())).cloned().collect()
}

/// Whether a license expression (SPDX) can be met with what is allowed. What was met with is noted.
fn is_met(expression: &str, allowed: &BTreeSet<&str>, used: &mut BTreeSet<String>) -> bool {
    // An older way to write it.
    let expression = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut words = expression.split_whitespace().peekable();
    let met = any(&mut words, allowed, used);
    assert_eq!(words.next(), None, "{expression}");
    met
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn any(words: &mut Words<'_>, allowed: &BTreeSet<&str>, used: &mut BTreeSet<String>) -> bool {
    let mut met = all(words, allowed, used);
    while words.next_if_eq(&"OR").is_some() {
        met |= all(words, allowed, used);
    }
    met
}

fn all(words: &mut Words<'_>, allowed: &BTreeSet<&str>, used: &mut BTreeSet<String>) -> bool {
    let mut met = one(words, allowed, used);
    while words.next_if_eq(&"AND").is_some() {
        met &= one(words, allowed, used);
    }
    met
}

fn one(words: &mut Words<'_>, allowed: &BTreeSet<&str>, used: &mut BTreeSet<String>) -> bool {
    if words.next_if_eq(&"(").is_some() {
        let met = any(words, allowed, used);
        assert_eq!(words.next(), Some(")"));
        return met;
    }
    let mut license = words.next().unwrap().to_owned();
    if words.next_if_eq(&"WITH").is_some() {
        license = format!("{license} WITH {}", words.next().unwrap());
    }
    let met = allowed.contains(license.as_str());
    used.insert(license);
    met
}

#[test]
fn an_expression_is_met_as_spdx_says() {
    let allowed = BTreeSet::from(["MIT", "ISC"]);
    let met = |expression| is_met(expression, &allowed, &mut BTreeSet::new());
    assert!(met("MIT") && met("GPL-3.0 OR MIT") && met("MIT/Apache-2.0") && met("(MIT OR GPL-3.0) AND ISC"));
    assert!(!met("GPL-3.0") && !met("MIT AND GPL-3.0") && !met("MIT WITH X") && !met("(GPL-3.0 OR Y) AND ISC"));
}

#[test]
fn every_library_has_a_license_that_is_allowed() {
    let rules = rules();
    let list = rules["licenses"]["allow"].as_array().unwrap();
    let allowed: BTreeSet<&str> = list.iter().map(|license| license.as_str().unwrap()).collect();
    let (mut wrong, mut used) = (Vec::new(), BTreeSet::new());
    for package in packages() {
        let license = package["license"].as_str().unwrap_or("none");
        if !is_met(license, &allowed, &mut used) {
            wrong.push(format!("{} {}: {license}", package["name"], package["version"]));
        }
    }
    assert!(wrong.is_empty(), "not in [licenses] of deny.toml:\n{}", wrong.join("\n"));
    let unused: Vec<_> = allowed.iter().filter(|license| !used.contains(**license)).collect();
    assert!(unused.is_empty(), "nothing has these any more: {unused:?}");
}

#[test]
fn every_library_comes_from_the_usual_registry_and_none_is_banned() {
    let rules = rules();
    let banned: BTreeSet<&str> =
        rules["bans"]["deny"].as_array().unwrap().iter().map(|ban| ban["name"].as_str().unwrap()).collect();
    let packages = packages();
    assert!(packages.len() > 200, "{}", packages.len());
    // The one registry that cargo knows without being told: what comes from elsewhere names another, or a git repository.
    let sources: BTreeSet<&str> = packages.iter().filter_map(|package| package["source"].as_str()).collect();
    assert!(sources.len() == 1 && sources.iter().all(|source| source.starts_with("registry+")), "{sources:?}");
    for package in &packages {
        let (name, source) = (package["name"].as_str().unwrap(), &package["source"]);
        assert_eq!(source.is_null(), name == "otpctl", "{name} is from a folder");
        assert!(!banned.contains(name), "{name} is banned in deny.toml");
    }
}
