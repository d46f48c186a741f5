//! What providers are asked beside sending: `provider test`, `provider balance`, `provider list`.
//! These need no server.

use std::io::Read as _;
use std::net::TcpListener;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use serde_json::{Value, json};

use crate::each_store::providers::{KEY, telnyx};
use crate::support::AT_ONCE;
use crate::support::cli::{Machine, PHONE, Ran};
use crate::support::gateway::Gateway;
use crate::support::port::closed_port;
use crate::support::until::until;

fn machine(providers: &[String]) -> Machine {
    let first = providers[0].split(['.', ']']).nth(1).unwrap();
    Machine::with(&format!("[policy]\ncountries = [\"IN\"]\n[routes]\ndefault = [\"{first}\"]\n{}", providers.concat()))
}

const BALANCE: &str = r#"{"data":{"available_credit":"12.50","balance":"0.00","currency":"EUR"}}"#;

const BAD_KEY: &str =
    r#"{"errors":[{"code":"10009","title":"Authentication failed","detail":"No key found matching KEY0sEcReT99"}]}"#;

/// Takes connections and never answers.
fn silent() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}

#[track_caller]
fn clean(ran: &Ran) -> &Ran {
    assert!(!ran.words().contains(KEY), "{ran:?}");
    ran
}

fn rows(ran: &Ran) -> Vec<(String, String, Value)> {
    let document = ran.json();
    let rows = document["balances"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    rows.iter().map(|row| (text(&row["provider"]), text(&row["status"]), row["amount"].clone())).collect()
}

#[test]
fn settings_that_work_are_told_with_what_the_gateway_says() {
    let gateway = Gateway::start(200, BALANCE);
    let machine = machine(&[telnyx("main", &gateway.base_url)]);
    let tested = machine.run(&["provider", "test", "main", "-vv"]);
    assert_eq!(clean(&tested).exits(0).stdout, "The settings of main work; balance: 12.50 EUR.\n");
    let document = machine.run(&["provider", "test", "main", "--json"]).exits(0).json();
    let expected = json!({
        "schema": "otpctl.provider_test/1", "provider": "main", "kind": "telnyx", "ok": true,
        "says": "balance: 12.50 EUR", "dry_run": false,
    });
    assert_eq!(document, expected);
    let requests = gateway.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests.iter().all(|request| request.starts_with("GET ")), "nothing is sent: {requests:?}");
}

#[test]
fn a_refusal_is_told_with_its_class_code_and_words() {
    let gateway = Gateway::start(401, BAD_KEY);
    let machine = machine(&[telnyx("main", &gateway.base_url)]);
    let refused = machine.run(&["provider", "test", "main", "--json", "-vv"]);
    let error = clean(&refused).exits(25).error();
    let message = error["message"].as_str().unwrap();
    assert_eq!((&error["code"], &error["outcome"]), (&"PROVIDER_REFUSED".into(), &"not_done".into()));
    assert!(message.contains("credentials") && message.contains("10009") && message.contains("No key"), "{message}");
    assert!(error["hint"].as_str().unwrap().contains("key"), "{error}");
    clean(&machine.run(&["provider", "balance", "main", "-vv"])).exits(25);
}

#[test]
fn no_answer_and_too_much_are_another_time() {
    let throttled = Gateway::start(429, r#"{"errors":[{"code":"10011","title":"Too many requests"}]}"#);
    let closed = format!("http://127.0.0.1:{}", closed_port());
    for url in [&throttled.base_url, &closed] {
        let machine = machine(&[telnyx("main", url)]);
        for command in ["test", "balance"] {
            let error = clean(&machine.run(&["provider", command, "main", "--json"])).exits(26).error();
            assert_eq!(error["code"], "PROVIDER_DOWN");
        }
    }
}

#[test]
fn a_gateway_that_hangs_ends_within_the_time() {
    let ((_kept, url), gateway) = (silent(), Gateway::start(200, BALANCE));
    let machine = machine(&[telnyx("hangs", &url), telnyx("works", &gateway.base_url)]);
    let began = Instant::now();
    clean(&machine.run(&["provider", "test", "hangs", "--timeout", "1s"])).exits(26);
    assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
    let began = Instant::now();
    let asked = machine.run(&["provider", "balance", "--timeout", "1s", "--json"]);
    assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
    clean(&asked).exits(19);
    let expected =
        [("hangs".into(), "failed".into(), Value::Null), ("works".into(), "ok".into(), Value::from("12.50"))];
    assert_eq!(rows(&asked), expected);
}

#[test]
fn all_accounts_are_asked_at_once() {
    let asked = Arc::new(AtomicUsize::new(0));
    let slow: Vec<Gateway> = (0..4)
        .map(|_| {
            let asked = Arc::clone(&asked);
            Gateway::answering(200, move |_| {
                asked.fetch_add(1, Ordering::SeqCst);
                // Whoever asks one after the other is never answered.
                until("all are asked", || asked.load(Ordering::SeqCst) >= 4);
                BALANCE.to_owned()
            })
        })
        .collect();
    let names = ["a", "b", "c", "d"];
    let providers: Vec<String> =
        names.iter().zip(&slow).map(|(name, gateway)| telnyx(name, &gateway.base_url)).collect();
    let machine = machine(&providers);
    let all = machine.run(&["provider", "balance"]);
    assert_eq!(clean(&all).exits(0).stdout, names.map(|name| format!("{name}\t12.50\tEUR\t-\n")).concat());
    let some = machine.run(&["provider", "balance", "c", "a", "c", "-o", "jsonl"]);
    let lines: Vec<Value> = some.exits(0).stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let said: Vec<_> = lines.iter().map(|line| (&line["schema"], &line["provider"])).collect();
    let schema = &Value::from("otpctl.provider_balance_row/1");
    assert_eq!(said, [(schema, &"c".into()), (schema, &"a".into())]);
}

#[test]
fn what_cannot_be_asked_says_so_and_is_no_failure() {
    let gateway = Gateway::start(200, BALANCE);
    let outbox = "[providers.ci]\nkind = \"outbox\"\npath = \"outbox.jsonl\"\n".to_owned();
    let machine = machine(&[telnyx("main", &gateway.base_url), outbox]);
    let all = machine.run(&["provider", "balance", "--json"]);
    all.exits(0);
    assert_eq!(rows(&all)[0], ("ci".into(), "not_offered".into(), Value::Null));
    let error = machine.run(&["provider", "balance", "ci", "--json"]).exits(2).error();
    assert!(error["hint"].as_str().unwrap().contains("otpctl send"), "{error}");
    // A kind without any free call, and one that is not there.
    let gupshup = "[providers.gupshup]\nuserid = \"2000\"\npassword = \"KEY0sEcReT99\"\n";
    let other = Machine::with(&format!("[policy]\ncountries = [\"IN\"]\n{gupshup}"));
    let error = clean(&other.run(&["provider", "test", "gupshup", "--json"])).exits(2).error();
    assert!(error["hint"].as_str().unwrap().contains("otpctl send PHONE --provider gupshup"), "{error}");
    other.run(&["provider", "test", "gupshup", "--dry-run"]).exits(2);
    for command in ["test", "balance"] {
        let error = machine.run(&["provider", command, "nosuch", "--json"]).exits(30).error();
        assert_eq!(error["code"], "CONFIG");
    }
    machine.run(&["provider", "test"]).exits(2);
    assert_eq!(gateway.asked(), 1);
}

#[test]
fn providers_that_call_nobody_say_whether_they_could_work() {
    let machine = Machine::new();
    let program = machine.program("sms", "touch ran");
    machine.configure(&format!(
        "[routes]\ndefault = [\"ci\"]\n[providers.ci]\nkind = \"outbox\"\npath = \"outbox.jsonl\"\n[providers.console]\n\
         [providers.lost]\nkind = \"outbox\"\npath = \"/nonexistent/outbox.jsonl\"\n\
         [providers.runs]\nkind = \"command\"\nargv = [{program:?}]\n\
         [providers.gone]\nkind = \"command\"\nargv = [\"/nonexistent/sms\"]\n"
    ));
    for works in ["ci", "console", "runs"] {
        machine.run(&["provider", "test", works]).exits(0);
    }
    assert!(!machine.path(".config/otpctl/outbox.jsonl").exists() && !machine.path("ran").exists());
    for broken in ["lost", "gone"] {
        let error = machine.run(&["provider", "test", broken, "--json"]).exits(26).error();
        assert!(error["message"].as_str().unwrap().contains("/nonexistent/"), "{error}");
    }
}

#[test]
fn a_dry_run_calls_nobody() {
    let gateway = Gateway::start(200, BALANCE);
    let machine = machine(&[telnyx("main", &gateway.base_url)]);
    let tested = machine.run(&["provider", "test", "main", "--dry-run", "--json"]).exits(0).json();
    assert_eq!((&tested["ok"], &tested["dry_run"]), (&Value::Null, &true.into()));
    let asked = machine.run(&["provider", "balance", "--dry-run", "--json"]);
    assert_eq!(rows(asked.exits(0)), [("main".into(), "not_asked".into(), Value::Null)]);
    assert_eq!(gateway.requests(), [""; 0]);
}

#[test]
fn a_secret_that_is_not_there_is_told_and_stops_no_other() {
    let gateway = Gateway::start(200, BALANCE);
    let lost = telnyx("lost", &gateway.base_url).replace(&format!("\"{KEY}\""), "{ env = \"NO_SUCH_KEY\" }");
    let slow = telnyx("slow", &gateway.base_url).replace(&format!("\"{KEY}\""), "{ command = [\"sleep\", \"60\"] }");
    let machine = machine(&[telnyx("main", &gateway.base_url), lost, slow]);
    let asked = machine.run(&["provider", "balance", "--timeout", "1s", "--json"]);
    let states: Vec<_> = rows(asked.exits(19)).into_iter().map(|(name, status, _)| (name, status)).collect();
    let failed = |name: &str| (name.to_owned(), "failed".to_owned());
    assert_eq!(states, [failed("lost"), ("main".to_owned(), "ok".to_owned()), failed("slow")]);
    let error = machine.run(&["provider", "test", "lost", "--json"]).exits(30).error();
    assert!(error["message"].as_str().unwrap().contains("NO_SUCH_KEY"), "{error}");
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let gateway = Gateway::start(200, BALANCE);
    let machine = machine(&[telnyx("main", &gateway.base_url)]);
    for words in [&["provider", "balance"] as &[&str], &["provider", "test", "main"], &["provider", "list", "--all"]] {
        let mut child = machine.command(words).stdout(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!((child.wait().unwrap().code(), said.as_str()), (Some(0), ""), "{words:?}");
    }
}

#[test]
fn the_list_says_what_each_can_do() {
    let machine = machine(&[telnyx("main", "http://127.0.0.1:9")]);
    let listed = machine.run(&["provider", "list", "--json"]).exits(0).json();
    let [main] = listed["providers"].as_array().unwrap().as_slice() else { panic!("{listed}") };
    let can = json!({"send": true, "status": true, "balance": true, "test": true, "reports": true, "dlt": false});
    assert_eq!((&main["can"], &main["kind"], &main["countries"]), (&can, &"telnyx".into(), &json!(["*"])));
    assert!(main["senders"].as_array().unwrap().contains(&"alphanumeric".into()), "{main}");
    let all = machine.run(&["provider", "list", "--all", "-o", "jsonl"]);
    let rows: Vec<Value> = all.exits(0).stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(rows.len() > 20 && rows.iter().all(|row| row["can"]["send"] == true), "{rows:?}");
    let twice = rows.iter().filter(|row| row["kind"] == "telnyx").count();
    assert_eq!(twice, 1, "what is configured is not listed again");
    machine.run(&["send", PHONE, "--provider", "main", "--dry-run"]).exits(0);
}
