//! Runs `contracts/<kind>/*.toml`: each says what is asked for and answered over a real socket, and what comes of it.
//!
//! `common.toml` of the folder holds what the cases share; a case adds to it and overrides it. `base_path`, `[settings]`,
//! `[message]` (text), `[request]` (method, path, query, headers, json or form: the exact request),
//! `[response]` (status, headers, body, or fault = "hang", "reset", "refuse", "garbage"), `[outcome]` (accepted = id
//! and segments; refused = class, with code, message, hint, `retry_after_seconds`; unknown = true).

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use otpctl::provider::{Outcome, describe, kinds, open};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::support::{Gateway, Letter, Reply, Seen, assert_clean, context, nobody, settings, words};

/// Takes a field of `common.toml` out of the request that a case expects.
const ABSENT: &str = "(absent)";

/// What every gateway must show that it handles.
const ALL: [&str; 10] = [
    "accepted",
    "bad_credentials",
    "bad_number",
    "garbled",
    "hostile",
    "refused_connection",
    "reset",
    "server_error",
    "throttled",
    "time_out",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Contract {
    says: String,
    /// What the definition's own base URL has after its host.
    #[serde(default)]
    base_path: String,
    settings: Value,
    #[serde(default)]
    message: Text,
    request: Option<Request>,
    response: Response,
    outcome: Expected,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Text {
    text: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    method: String,
    path: String,
    #[serde(default)]
    query: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    json: Option<Value>,
    form: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Response {
    status: Option<u16>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: String,
    fault: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    accepted: Option<String>,
    segments: Option<u32>,
    refused: Option<String>,
    code: Option<String>,
    message: Option<String>,
    hint: Option<String>,
    retry_after_seconds: Option<u64>,
    #[serde(default)]
    unknown: bool,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/provider/contracts")
}

fn read(path: &Path) -> toml::Table {
    fs::read_to_string(path).unwrap().parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = entries.collect();
    names.sort();
    names
}

/// What a case says, over what all cases of its folder say.
fn over(common: toml::Table, case: toml::Table) -> toml::Table {
    case.into_iter().fold(common, |mut all, (key, value)| {
        let value = match (all.remove(&key), value) {
            (Some(toml::Value::Table(under)), toml::Value::Table(value)) => over(under, value).into(),
            (_, value) => value,
        };
        all.insert(key, value);
        all
    })
}

async fn run(kind: &str, contract: &Contract) {
    let reply = match contract.response.fault.as_deref() {
        Some("hang") => Some(Reply::Hang),
        Some("reset") => Some(Reply::Reset),
        Some("garbage") => Some(Reply::Raw(b"\x00\xffthis is no HTTP\r\n\r\n".to_vec())),
        Some("refuse") => None,
        Some(other) => panic!("no such fault: {other}"),
        None => Some(Reply::Answer {
            status: contract.response.status.expect("a response has a status or a fault"),
            headers: contract.response.headers.clone().into_iter().collect(),
            body: contract.response.body.clone(),
        }),
    };
    let gateway = match reply {
        Some(reply) => Some(Gateway::start(reply).await),
        None => None,
    };
    let base_url = match &gateway {
        Some(gateway) => gateway.base_url.clone(),
        None => nobody().await,
    };
    let mut own = contract.settings.clone();
    own["base_url"] = json!(format!("{base_url}{}", contract.base_path));
    let provider = open(kind, kind, settings(own), &context()).expect("the settings of the contract");
    let mut letter = Letter::new();
    if let Some(text) = &contract.message.text {
        letter.text.clone_from(text);
    }
    let outcome = provider.send(&letter.message(), Instant::now() + Duration::from_millis(1500)).await;
    hold(&outcome, &contract.outcome);
    assert_clean(&words(&outcome), &secrets(kind, &contract.settings));
    if let Some(gateway) = gateway {
        // A second request would come at once.
        sleep(Duration::from_millis(20)).await;
        asked(&gateway.only(), contract.request.as_ref().expect("a request is expected"));
    }
}

fn secrets(kind: &str, settings: &Value) -> Vec<String> {
    let specs = describe(kind).unwrap().settings.into_iter().filter(|spec| spec.secret);
    specs.filter_map(|spec| settings[&spec.name].as_str().map(str::to_owned)).collect()
}

fn hold(outcome: &Outcome, expected: &Expected) {
    match outcome {
        Outcome::Accepted(receipt) => {
            assert_eq!(receipt.id, expected.accepted, "{outcome:?}");
            assert_eq!(receipt.segments, expected.segments, "{outcome:?}");
        }
        Outcome::Refused(refusal) => {
            assert_eq!(Some(refusal.class.as_str()), expected.refused.as_deref(), "{outcome:?}");
            assert_eq!(refusal.code, expected.code, "{outcome:?}");
            assert_eq!(refusal.retry_after.map(|after| after.as_secs()), expected.retry_after_seconds, "{outcome:?}");
            if let Some(message) = &expected.message {
                assert_eq!(&refusal.message, message);
            }
            if let Some(hint) = &expected.hint {
                assert!(refusal.hint().contains(hint), "{}", refusal.hint());
            }
        }
        Outcome::Unknown(_) => assert!(expected.unknown, "{outcome:?}"),
    }
}

fn asked(seen: &Seen, expected: &Request) {
    assert_eq!((&seen.method, &seen.path, &seen.query), (&expected.method, &expected.path, &expected.query));
    for (name, value) in &expected.headers {
        assert_eq!(seen.headers.get(name), Some(value), "header {name}");
    }
    if let Some(mut json) = expected.json.clone() {
        json.as_object_mut().unwrap().retain(|_, value| value != ABSENT);
        assert_eq!(serde_json::from_str::<Value>(&seen.body).unwrap(), json);
    }
    if let Some(mut form) = expected.form.clone() {
        form.retain(|_, value| value != ABSENT);
        let url = reqwest::Url::parse(&format!("http://form?{}", seen.body)).unwrap();
        assert_eq!(url.query_pairs().into_owned().collect::<BTreeMap<_, _>>(), form);
    }
}

fn cases(kind: &str) -> Vec<(String, Contract)> {
    let folder = folder().join(kind);
    let common = read(&folder.join("common.toml"));
    let names = names(&folder);
    for needed in ALL {
        assert!(names.contains(&format!("{needed}.toml")), "{kind} has no contract {needed}.toml");
    }
    let case = |name: &String| {
        let whole = over(common.clone(), read(&folder.join(name)));
        let contract: Contract = whole.try_into().unwrap_or_else(|error| panic!("{kind}/{name}: {error}"));
        (format!("{kind}/{name}: {}", contract.says), contract)
    };
    names.iter().filter(|name| *name != "common.toml").map(case).collect()
}

fn catalogue() -> impl Iterator<Item = &'static str> {
    kinds().filter(|kind| !["console", "outbox", "command"].contains(kind))
}

#[tokio::test]
async fn every_gateway_holds_its_contracts() {
    let mut failed = Vec::new();
    // One gateway after the other: all cases at once would be too slow for the short time-outs of some.
    for kind in catalogue() {
        let run = |contract| tokio::spawn(async move { run(kind, &contract).await });
        let running: Vec<_> = cases(kind).into_iter().map(|(name, contract)| (name, run(contract))).collect();
        for (name, task) in running {
            if task.await.is_err() {
                failed.push(name);
            }
        }
    }
    assert!(failed.is_empty(), "these do not hold (the reasons are above): {failed:#?}");
}

#[test]
fn every_gateway_of_the_catalogue_has_contracts() {
    assert_eq!(names(&folder()), catalogue().map(str::to_owned).collect::<Vec<_>>());
}
