//! What is stored is read by every later version, and not harmed by any earlier one. `tests/stored/README.md` says what
//! the fixtures are, and how one is added.

mod beside;
mod file;
mod newer;
mod today;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use otpctl::otp::Moment;
use serde_json::Value;

use crate::servers::clock;
use crate::servers::redis::{Make, RedisServer};
use crate::support::cli::{Machine, PHONE, Ran};

const RECORD: &str = "otpctl:{+919876543210}:record";
const OTHER: &str = "+919876543211";

/// What to do about what a newer version wrote.
const UPDATE: &str = "update otpctl on this machine";

/// Gateways that answer in every way, and the limits that a file has by itself.
const SETTINGS: &str = "[policy]\ncountries = [\"IN\"]\n\
    [providers.works]\nkind = \"command\"\nargv = [\"sh\", \"-c\", \"cat > /dev/null; echo message-1\"]\n\
    [providers.closed]\nkind = \"command\"\nargv = [\"sh\", \"-c\", \"echo account closed >&2; exit 1\"]\n\
    [providers.busy]\nkind = \"command\"\nargv = [\"sh\", \"-c\", \"exit 75\"]\n\
    [providers.breaks]\nkind = \"command\"\nargv = [\"sh\", \"-c\", \"kill -9 $$\"]\n\
    [providers.slow]\nkind = \"command\"\nargv = [\"sh\", \"-c\", \"cat > /dev/null; exec sleep 9\"]\n\
    [providers.outbox]\npath = \"outbox.jsonl\"\n";

fn settings(more: &str) -> String {
    format!("{SETTINGS}[routes]\ndefault = [\"works\"]\n{more}")
}

/// What one key holds.
#[derive(Debug, Clone)]
struct Held {
    key: String,
    /// In milliseconds; none: forever.
    ttl: Option<i64>,
    /// `string`, `list` or `hash`, as Redis calls it.
    kind: String,
    /// One line of a string, the items of a list, or the fields of a hash, each with its value.
    lines: Vec<String>,
}

/// A store as it was at one moment, and what only its maker knew.
#[derive(Debug)]
struct Fixture {
    name: String,
    at: Moment,
    facts: BTreeMap<String, String>,
    held: Vec<Held>,
}

impl Fixture {
    /// What a server holds now.
    fn of(name: &str, server: &RedisServer, facts: &[(&str, String)]) -> Self {
        let time = server.cli(&["TIME"]);
        let seconds: i64 = time.lines().next().unwrap().parse().unwrap();
        let mut keys: Vec<String> = server.cli(&["--scan"]).lines().map(str::to_owned).collect();
        keys.sort();
        // The feed and the statistics are only ever added to, and no rule looks at them.
        keys.retain(|key| !key.contains("{feed:") && !key.contains("{stats:"));
        let held = keys.into_iter().map(|key| {
            let kind = server.cli(&["TYPE", &key]);
            let ttl: i64 = server.cli(&["PTTL", &key]).parse().unwrap();
            let lines: Vec<String> = match kind.as_str() {
                "list" => server.cli(&["LRANGE", &key, "0", "-1"]).lines().map(str::to_owned).collect(),
                "hash" => {
                    let all = server.cli(&["HGETALL", &key]);
                    let words: Vec<&str> = all.lines().collect();
                    let mut fields: Vec<String> = words.chunks(2).map(|pair| pair.join(" ")).collect();
                    fields.sort();
                    fields
                }
                _ => server.cli(&["GET", &key]).lines().map(str::to_owned).collect(),
            };
            Held { key, ttl: (ttl >= 0).then_some(ttl), kind, lines }
        });
        let facts = facts.iter().map(|(name, fact)| ((*name).to_owned(), fact.clone())).collect();
        // Nothing in it is of the future.
        Self { name: name.to_owned(), at: Moment::from_millis((seconds + 1) * 1000), facts, held: held.collect() }
    }

    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let (mut facts, mut held) = (BTreeMap::new(), Vec::<Held>::new());
        for part in text.split("\n\n") {
            let mut lines = part.lines().filter(|line| !line.starts_with('#'));
            let Some(first) = lines.next() else { continue };
            let words: Vec<&str> = first.splitn(3, ' ').collect();
            if let [kind @ ("string" | "list" | "hash"), ttl, key] = words.as_slice() {
                let (key, lines) = ((*key).to_owned(), lines.map(str::to_owned).collect());
                held.push(Held { key, ttl: ttl.parse().ok(), kind: (*kind).to_owned(), lines });
            } else {
                let fact = |line: &str| line.split_once(' ').map(|(name, fact)| (name.to_owned(), fact.to_owned()));
                facts.extend([first].into_iter().chain(lines).filter_map(fact));
            }
        }
        let at = Moment::from_millis(facts["at"].parse().unwrap());
        Self { name: path.file_stem().unwrap().to_str().unwrap().to_owned(), at, facts, held }
    }

    fn text(&self) -> String {
        let mut text = format!("at {}\n", self.at.millis());
        for (name, fact) in &self.facts {
            writeln!(text, "{name} {fact}").unwrap();
        }
        for Held { key, ttl, kind, lines } in &self.held {
            let ttl = ttl.map_or("forever".to_owned(), |ttl| ttl.to_string());
            write!(text, "\n{kind} {ttl} {key}\n{}\n", lines.join("\n")).unwrap();
        }
        text
    }

    fn fact(&self, name: &str) -> &str {
        self.facts.get(name).unwrap_or_else(|| panic!("{} has no {name}", self.name))
    }

    /// A server at that moment that holds it.
    fn server(&self) -> Arc<RedisServer> {
        clock::sweep();
        // Debian's server does not run under faketime.
        let server = RedisServer::make(Make::Redis8, &[]);
        server.crash();
        let at = format!("@{}", self.at.to_the_second().replace('T', " ").replace('Z', ""));
        server.again_under(&["env", "TZ=UTC", "faketime", "-f", &at]);
        for Held { key, ttl, kind, lines } in &self.held {
            let words: Vec<&str> = match kind.as_str() {
                "list" => ["RPUSH", key].into_iter().chain(lines.iter().map(String::as_str)).collect(),
                "hash" => ["HSET", key].into_iter().chain(lines.iter().flat_map(|line| line.split(' '))).collect(),
                _ => vec!["SET", key, &lines[0]],
            };
            server.cli(&words);
            if let Some(ttl) = ttl {
                assert_eq!(server.cli(&["PEXPIRE", key, &ttl.to_string()]), "1", "{key}");
            }
        }
        Arc::new(server)
    }

    /// The names of all fields, and what kind of value each has.
    fn shape(&self) -> BTreeSet<String> {
        let mut shape = BTreeSet::new();
        for Held { key, ttl, kind, lines } in &self.held {
            let end = if ttl.is_some() { "with an end" } else { "for ever" };
            shape.insert(format!("{key}: a {kind} {end}"));
            for line in lines {
                if kind == "hash" {
                    // The windows that it counts are in the names of its fields.
                    let letters: String = line.chars().filter(|letter| !letter.is_ascii_digit()).collect();
                    shape.insert(format!("{key}.{letters}: a whole number"));
                    continue;
                }
                match serde_json::from_str(line) {
                    Ok(value @ (Value::Object(_) | Value::Array(_))) => describe(key, &value, &mut shape),
                    _ => drop(shape.insert(format!("{key}: {} characters", line.len()))),
                }
            }
        }
        shape
    }
}

/// Fields whose value is one of a few words.
const WORDS: [&str; 7] = [".state", ".outcome", ".event", ".result", ".verdict", ".reason", ".provider"];

fn describe(path: &str, value: &Value, shape: &mut BTreeSet<String>) {
    let kind = match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| describe(&format!("{path}.{name}"), value, shape));
            "an object".to_owned()
        }
        Value::Array(items) => {
            for item in items {
                describe(&format!("{path}[]"), item, shape);
            }
            "a list".to_owned()
        }
        Value::String(word) if WORDS.iter().any(|field| path.ends_with(field)) && !word.contains(' ') => {
            format!("the word {word}")
        }
        Value::String(_) => "a text".to_owned(),
        Value::Number(number) if number.is_i64() => "a whole number".to_owned(),
        Value::Number(_) => "a number".to_owned(),
        Value::Bool(_) | Value::Null => value.to_string(),
    };
    shape.insert(format!("{path}: {kind}"));
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stored")
}

/// The folders of the versions, the newest last.
fn versions() -> Vec<PathBuf> {
    let named = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    let mut versions: Vec<PathBuf> = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    versions.retain(|path| named(path).is_some());
    versions.sort_by_key(named);
    versions
}

/// Every fixture of this name, the oldest first. What is written today has the shape of the newest; where it has not, or
/// there is none yet, `NEW=1` writes one into the folder of the newest version, and never over another.
fn fixtures(
    name: &str,
    shape: &BTreeSet<String>,
    then: impl Fn(&Path) -> BTreeSet<String>,
    write: impl Fn(&Path),
) -> Vec<PathBuf> {
    let versions: Vec<PathBuf> = versions().into_iter().map(|version| version.join(name)).collect();
    let newest = versions.last().unwrap();
    let kept: Vec<PathBuf> = versions.iter().filter(|path| path.exists()).cloned().collect();
    let differ: Vec<String> =
        kept.last().map(|kept| shape.symmetric_difference(&then(kept)).cloned().collect()).unwrap_or_default();
    if (kept.is_empty() || !differ.is_empty()) && std::env::var_os("NEW").is_some() && !newest.exists() {
        write(newest);
        return vec![newest.clone()];
    }
    assert!(!kept.is_empty(), "there is no fixture `{name}`, see tests/stored/README.md");
    assert!(differ.is_empty(), "what is written is not what was, see tests/stored/README.md: {differ:#?}");
    kept
}

/// A machine on a server that holds a fixture.
fn reading(store: &str, fixture: &Fixture) -> Machine {
    let mut machine = Machine::on(&fixture.server(), "");
    machine.lay_out(store, &settings(""));
    machine
}

/// The kinds and results of a phone's timeline, the newest first.
fn timeline(machine: &Machine, phone: &str) -> Vec<String> {
    let screen = machine.inspect(phone);
    let line = |event: &Value| format!("{} {}", event["event"].as_str().unwrap(), event["result"].as_str().unwrap());
    screen["timeline"].as_array().unwrap().iter().map(line).collect()
}

fn issue(machine: &Machine, words: &[&str]) -> String {
    machine.run(&[&["issue", PHONE], words].concat()).exits(0).stdout.trim().to_owned()
}

fn attempt(machine: &Machine, code: &str, words: &[&str]) -> Ran {
    machine.run(&[&["verify", PHONE, code, "--json"], words].concat())
}
