//! Runs `contracts/<kind>/*.toml`: each says what is asked for and answered over a real socket, and what comes of it.
//!
//! `common.toml` of the folder holds what the cases share; a case adds to it and overrides it. `base_path`, `[settings]`,
//! `[message]` (text, phone), `[request]` (method, path, query, headers, json or form: the exact request),
//! `[response]` (status, headers, body, or fault = "hang", "reset", "refuse", "garbage"), `[outcome]` (accepted = id
//! and segments; refused = class, with code, message, hint, `retry_after_seconds`; unknown = true).
//!
//! A case with `call` asks something else than to send, and takes nothing of the common `[request]`:
//! `call = "status"` by the message id `id`: `[outcome]` state (`"(unknown)"` for a word that is not known), word,
//! reason, code, said, operator; `call = "balance"`: amount, currency; `call = "test"`: says (`""` for a yes without words). Each may be
//! refused. `call = "feedback"` tells how the code of the message `id` ended: `verified` unless that is false, and
//! `[outcome]` told = true; `call = "revoke"` takes the message `id` back, with the same outcome. `call = "report"` asks nobody: `[report]` body, and `[[outcome.reports]]` (id, phone, state, word, reason,
//! code, said, operator), `other_events`, or `malformed = "…"`, a part of the error.
//!
//! A signature covers the port of the gateway, so it is not written down but worked out again, by another signer.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use otpctl::otp::{DeliveryReason, DeliveryReport, DeliveryState, Phone};
use otpctl::provider::{Provider, ProviderReply, QueryError, QueryResult, Refusal, describe, kinds, open};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::signatures::assert_signed;
use crate::support::provider::{
    Gateway, Letter, PHONE, Reply, Seen, assert_clean, context, nobody, send, send_in_vain, settings, words,
};

/// Takes a field of `common.toml` out of the request that a case expects.
const ABSENT: &str = "(absent)";

/// The setting of a gateway that is told elsewhere how a code ended.
const ELSEWHERE: &str = "feedback_base_url";

/// What every gateway must show that it handles.
const ALL: [&str; 12] = [
    "accepted",
    "bad_credentials",
    "bad_number",
    "garbled",
    "hindi",
    "hostile",
    "refused_connection",
    "reset",
    "server_error",
    "throttled",
    "time_out",
    "unlisted",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Contract {
    says: String,
    #[serde(default)]
    call: Call,
    /// The gateway's id of the message, for `status`.
    id: Option<String>,
    /// What `feedback` tells.
    #[serde(default = "yes")]
    verified: bool,
    /// What the application was sent.
    report: Option<Body>,
    /// What the definition's own base URL has after its host.
    #[serde(default)]
    base_path: String,
    settings: Value,
    #[serde(default)]
    message: Text,
    request: Option<Request>,
    response: Option<Response>,
    outcome: Expected,
}

#[derive(Deserialize, Default, Clone, Copy, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Call {
    #[default]
    Send,
    Status,
    Balance,
    Test,
    Feedback,
    Revoke,
    Report,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    body: String,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Text {
    text: Option<String>,
    /// Where the gateway does not reach the usual number.
    phone: Option<String>,
    /// The language that was asked for.
    lang: Option<String>,
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
    state: Option<String>,
    word: Option<String>,
    reason: Option<String>,
    amount: Option<String>,
    currency: Option<String>,
    says: Option<String>,
    said: Option<String>,
    operator: Option<String>,
    #[serde(default)]
    reports: Vec<ExpectedReport>,
    malformed: Option<String>,
    /// The gateway took the feedback.
    #[serde(default)]
    told: bool,
    /// What else than reports it is.
    #[serde(default)]
    other_events: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectedReport {
    id: String,
    phone: Option<String>,
    state: String,
    word: Option<String>,
    reason: Option<String>,
    code: Option<String>,
    said: Option<String>,
    operator: Option<String>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fast/provider/contracts")
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

/// What the gateway does; `None`: it is not there.
fn reply(response: &Response) -> Option<Reply> {
    match response.fault.as_deref() {
        Some("hang") => Some(Reply::Hang),
        Some("reset") => Some(Reply::Reset),
        Some("garbage") => Some(Reply::Raw(b"\x00\xffthis is no HTTP\r\n\r\n".to_vec())),
        Some("refuse") => None,
        Some(other) => panic!("no such fault: {other}"),
        None => Some(Reply::Answer {
            status: response.status.expect("a response has a status or a fault"),
            headers: response.headers.clone().into_iter().collect(),
            body: response.body.clone(),
        }),
    }
}

impl Contract {
    /// Whether the gateway takes the request and never answers.
    fn hangs(&self) -> bool {
        self.response.as_ref().is_some_and(|response| response.fault.as_deref() == Some("hang"))
    }
}

async fn run(kind: &str, contract: &Contract) {
    if contract.call == Call::Report {
        return handed_in(kind, contract);
    }
    let gateway = match reply(contract.response.as_ref().expect("a response")) {
        Some(reply) => Some(Gateway::start(reply).await),
        None => None,
    };
    let base_url = match &gateway {
        Some(gateway) => gateway.base_url.clone(),
        None => nobody().await,
    };
    let mut own = contract.settings.clone();
    own["base_url"] = json!(format!("{base_url}{}", contract.base_path));
    if contract.call == Call::Feedback && describe(kind).unwrap().settings.iter().any(|spec| spec.name == ELSEWHERE) {
        own[ELSEWHERE] = json!(base_url);
    }
    let provider = open(kind, kind, settings(own), &context()).expect("the settings of the contract");
    let mut letter = Letter::new();
    if let Some(text) = &contract.message.text {
        letter.text.clone_from(text);
    }
    letter.lang.clone_from(&contract.message.lang);
    if let Some(phone) = &contract.message.phone {
        letter.phone = number(phone);
    }
    let said = ask(&*provider, contract, &letter, gateway.as_ref()).await;
    assert_clean(&said, &secrets(kind, &contract.settings));
    if let Some(gateway) = gateway {
        // A second request would have come by now, and is read before this one.
        gateway.settle().await;
        let seen = gateway.only();
        asked(&seen, contract.request.as_ref().expect("a request is expected"));
        assert_signed(kind, &seen, &contract.settings);
    }
}

/// Asks a gateway as the contract has it, and holds its answer; what it says is given back.
async fn ask(provider: &dyn Provider, contract: &Contract, letter: &Letter, gateway: Option<&Gateway>) -> String {
    let end = Instant::now() + Duration::from_secs(60);
    let expected = &contract.outcome;
    match contract.call {
        Call::Send => {
            let outcome = match gateway {
                Some(gateway) if contract.hangs() => send_in_vain(provider, letter, || gateway.was_asked()).await,
                _ => send(provider, letter).await,
            };
            hold(&outcome, expected);
            words(&outcome)
        }
        Call::Status => {
            let id = contract.id.as_deref().expect("`id`, the gateway's id of the message");
            told(provider.status(id, &letter.phone, end).await, expected, |report| hold_report(report, expected))
        }
        Call::Balance => told(provider.balance(end).await, expected, |amount| {
            assert_eq!(Some(&amount.amount), expected.amount.as_ref(), "{amount:?}");
            assert_eq!(amount.currency, expected.currency, "{amount:?}");
        }),
        Call::Test => told(provider.test(end).await, expected, |says| {
            assert_eq!(says.clone().unwrap_or_default(), expected.says.clone().expect("`says`"));
        }),
        Call::Revoke => {
            let id = contract.id.as_deref().expect("`id` of the message");
            told(provider.revoke(id, &letter.phone, end).await, expected, |()| {
                assert!(expected.told, "it took the message back");
            })
        }
        Call::Feedback => {
            let id = contract.id.as_deref().expect("`id`, the gateway's id of the message");
            told(provider.feedback(id, &letter.phone, contract.verified, end).await, expected, |()| {
                assert!(expected.told, "it took the feedback");
            })
        }
        Call::Report => unreachable!("it asks nobody"),
    }
}

/// Holds the answer to a question that sends nothing; what it says is given back.
fn told<T: std::fmt::Debug>(asked: QueryResult<T>, expected: &Expected, hold: impl Fn(&T)) -> String {
    let said = format!("{asked:?}");
    match asked {
        Ok(answer) => {
            assert_eq!(expected.refused, None, "{answer:?}");
            hold(&answer);
        }
        Err(QueryError::Refused(refusal)) => hold_refusal(&refusal, expected),
        Err(QueryError::NotOffered) => panic!("there is no such call"),
    }
    said
}

fn hold_report(report: &DeliveryReport, expected: &Expected) {
    let state = report.state.map_or("(unknown)", DeliveryState::as_str);
    assert_eq!(Some(state), expected.state.as_deref(), "{report:?}");
    assert_eq!(report.reason.map(DeliveryReason::as_str), expected.reason.as_deref(), "{report:?}");
    assert_eq!((&report.code, &report.said), (&expected.code, &expected.said), "{report:?}");
    if let Some(word) = &expected.word {
        assert_eq!(&report.word, word);
    }
    if expected.operator.is_some() {
        assert_eq!(report.operator, expected.operator);
    }
}

/// Reports that the application was sent.
fn handed_in(kind: &str, contract: &Contract) {
    let mut own = contract.settings.clone();
    own["base_url"] = json!("http://127.0.0.1:9");
    let provider = open(kind, kind, settings(own), &context()).expect("the settings of the contract");
    let body = &contract.report.as_ref().expect("`[report]` with its body").body;
    let (read, expected) = (provider.reports(body), &contract.outcome);
    if let Some(malformed) = &expected.malformed {
        let error = read.expect_err("an error").to_string();
        assert!(error.contains(malformed), "{error}");
        return;
    }
    let read = read.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(read.other_events, expected.other_events, "{read:?}");
    let read = read.reports;
    assert_eq!(read.len(), expected.reports.len(), "{read:?}");
    for (read, expected) in read.iter().zip(&expected.reports) {
        assert_eq!((&read.message_id, &read.phone), (&expected.id, &expected.phone));
        if expected.operator.is_some() {
            assert_eq!(read.report.operator, expected.operator);
        }
        let state = read.report.state.map_or("(unknown)", DeliveryState::as_str);
        assert_eq!(state, expected.state, "{read:?}");
        assert_eq!(read.report.reason.map(DeliveryReason::as_str), expected.reason.as_deref(), "{read:?}");
        assert_eq!((&read.report.code, &read.report.said), (&expected.code, &expected.said), "{read:?}");
        if let Some(word) = &expected.word {
            assert_eq!(&read.report.word, word);
        }
    }
    let said: Vec<_> = read.iter().map(|read| (&read.message_id, &read.report)).collect();
    assert_clean(&format!("{said:?}"), &secrets(kind, &contract.settings));
}

fn secrets(kind: &str, settings: &Value) -> Vec<String> {
    let specs = describe(kind).unwrap().settings.into_iter().filter(|spec| spec.secret);
    specs.filter_map(|spec| settings[&spec.name].as_str().map(str::to_owned)).collect()
}

fn hold(outcome: &ProviderReply, expected: &Expected) {
    match outcome {
        ProviderReply::Accepted(receipt) => {
            assert_eq!(receipt.id, expected.accepted, "{outcome:?}");
            assert_eq!(receipt.segments, expected.segments, "{outcome:?}");
        }
        ProviderReply::Refused(refusal) => hold_refusal(refusal, expected),
        ProviderReply::Unknown(_) => assert!(expected.unknown, "{outcome:?}"),
    }
}

fn hold_refusal(refusal: &Refusal, expected: &Expected) {
    assert_eq!(Some(refusal.class.as_str()), expected.refused.as_deref(), "{refusal:?}");
    assert_eq!(refusal.code, expected.code, "{refusal:?}");
    assert_eq!(refusal.retry_after.map(|after| after.as_secs()), expected.retry_after_seconds, "{refusal:?}");
    if let Some(message) = &expected.message {
        assert_eq!(&refusal.message, message);
    }
    if let Some(hint) = &expected.hint {
        assert!(refusal.hint().contains(hint), "{}", refusal.hint());
    }
}

fn asked(seen: &Seen, expected: &Request) {
    assert_eq!((&seen.method, &seen.path, &seen.query), (&expected.method, &expected.path, &expected.query));
    if expected.method == "GET" {
        assert_eq!(seen.body, "", "a GET has no body");
    }
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

/// What a gateway must show of its other calls, where it has them.
fn asked_for(kind: &str, names: &[String]) -> Vec<&'static str> {
    let can = describe(kind).unwrap().can;
    let has = |name: &str| names.iter().any(|other| other == name);
    let mut needed = Vec::new();
    if can.status {
        needed.extend(["delivered", "failed", "status_pending"]);
    }
    if can.balance {
        needed.extend(["balance", "balance_refused"]);
    }
    if can.test {
        needed.push("test");
        // Where there is no call of its own for it, it is the balance that is refused.
        needed.extend((!has("balance_refused.toml")).then_some("test_refused"));
    }
    if can.reports {
        needed.extend(["report", "other_event"]);
    }
    if describe(kind).unwrap().settings.iter().any(|spec| spec.name == "feedback") {
        needed.extend(["feedback", "feedback_refused", "feedback_abandoned"]);
    }
    if describe(kind).unwrap().can.revoke {
        needed.extend(["revoke", "revoke_refused"]);
    }
    needed
}

/// The settings that the contracts of a gateway share.
pub fn common_settings(kind: &str) -> Value {
    let common = read(&folder().join(kind).join("common.toml"));
    common["settings"].clone().try_into().unwrap()
}

/// A number that the gateway reaches.
pub fn common_phone(kind: &str) -> Phone {
    let common = read(&folder().join(kind).join("common.toml"));
    let own = common.get("message").and_then(|message| message.get("phone")).and_then(toml::Value::as_str);
    number(own.unwrap_or(PHONE))
}

fn number(text: &str) -> Phone {
    Phone::parse(text, None).unwrap()
}

/// The gateway with the settings that its contracts share.
pub fn with_its_settings(kind: &str) -> Box<dyn Provider> {
    let mut own = common_settings(kind);
    own["base_url"] = json!("http://127.0.0.1:9");
    open(kind, kind, settings(own), &context()).expect("the settings of the contracts")
}

fn cases(kind: &str) -> Vec<(String, Contract)> {
    let folder = folder().join(kind);
    let common = read(&folder.join("common.toml"));
    let names = names(&folder);
    for needed in ALL.into_iter().chain(asked_for(kind, &names)) {
        assert!(names.contains(&format!("{needed}.toml")), "{kind} has no contract {needed}.toml");
    }
    let case = |name: &String| {
        let case = read(&folder.join(name));
        let mut common = common.clone();
        if case.contains_key("call") {
            common.remove("request");
        }
        let whole = over(common, case);
        let contract: Contract = whole.try_into().unwrap_or_else(|error| panic!("{kind}/{name}: {error}"));
        (format!("{kind}/{name}: {}", contract.says), contract)
    };
    names.iter().filter(|name| *name != "common.toml").map(case).collect()
}

/// The gateways that come as definitions.
pub fn catalog() -> impl Iterator<Item = &'static str> {
    kinds().filter(|kind| !["console", "outbox", "command", "smpp"].contains(kind))
}

#[tokio::test]
async fn every_gateway_holds_its_contracts() {
    let mut failed = Vec::new();
    let start = |kind: &'static str, (name, contract): (String, Contract)| {
        (name, tokio::spawn(async move { run(kind, &contract).await }))
    };
    let (mut rounds, mut hanging) = (Vec::new(), Vec::new());
    for kind in catalog() {
        let (hangs, others): (Vec<_>, Vec<_>) = cases(kind).into_iter().partition(|(_, contract)| contract.hangs());
        rounds.push(others.into_iter().map(|case| (kind, case)).collect::<Vec<_>>());
        hanging.extend(hangs.into_iter().map(|case| (kind, case)));
    }
    // One gateway after the other, since each takes its time to answer all of its cases; then those that only let time
    // pass, together and with nothing beside them.
    rounds.push(hanging);
    for round in rounds {
        let running: Vec<_> = round.into_iter().map(|(kind, case)| start(kind, case)).collect();
        for (name, task) in running {
            if task.await.is_err() {
                failed.push(name);
            }
        }
    }
    assert!(failed.is_empty(), "these do not hold (the reasons are above): {failed:#?}");
}

#[test]
fn every_gateway_of_the_catalog_has_contracts() {
    assert_eq!(names(&folder()), catalog().map(str::to_owned).collect::<Vec<_>>());
}
