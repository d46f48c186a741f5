//! What a gateway's answer makes of a send, from the request on the wire to the exit code.
//! These hold on every store.

use std::io::Read as _;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::on_each_store;
use crate::support::AT_ONCE;
use crate::support::cli::{FREE, PHONE};
use crate::support::gateway::Gateway;
use crate::support::port::closed_port;

pub const MSG91_TOOK: &str = r#"{"message":"3763646c3058373530393938","type":"success"}"#;

const MSG91_REFUSED: &str = r#"{"message":"The provided flow ID or template ID is invalid.","type":"error"}"#;

pub const TELNYX_TOOK: &str =
    r#"{"data":{"id":"40385f64-5717-4562-b3fc-2c963f66afa6","to":[{"status":"queued"}],"parts":1,"errors":[]}}"#;

pub fn policy() -> String {
    format!("{FREE}[policy]\ncountries = [\"IN\"]\n")
}

pub fn msg91(base_url: &str) -> String {
    format!(
        "[providers.msg91]\nauthkey = \"387421A\"\ntemplate_id = \"64b1f0c2d6fc0551a1b2c3d4\"\n\
         variables = {{ var1 = \"{{{{ code }}}}\" }}\nbase_url = \"{base_url}\"\n"
    )
}

pub fn telnyx(base_url: &str) -> String {
    format!("[providers.telnyx]\napi_key = \"KEY0123\"\nfrom = \"+13125550100\"\nbase_url = \"{base_url}\"\n")
}

pub fn route(names: &str) -> String {
    format!("[routes]\ndefault = [{names}]\n")
}

/// The JSON body of a request.
fn body(request: &str) -> Value {
    serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap()
}

fn closed() -> String {
    format!("http://127.0.0.1:{}", closed_port())
}

/// A gateway that takes requests and never answers.
pub struct Silent {
    pub base_url: String,
    pub requests: Arc<AtomicUsize>,
}

impl Silent {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&requests);
        std::thread::spawn(move || {
            let mut held = Vec::new();
            for mut socket in listener.incoming().map_while(Result::ok) {
                if socket.read(&mut [0; 8192]).is_ok_and(|length| length > 0) {
                    seen.fetch_add(1, Ordering::SeqCst);
                }
                held.push(socket);
            }
        });
        Self { base_url, requests }
    }

    pub fn count(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

#[test]
fn msg91_takes_a_message_and_its_code_verifies() {
    let gateway = Gateway::start(200, MSG91_TOOK);
    on_each_store(&format!("{}{}", policy(), msg91(&gateway.base_url)), |machine| {
        let sent = machine.run(&["send", PHONE, "--json"]).exits(0).json();
        assert_eq!((&sent["state"], &sent["provider"]), (&"sent".into(), &"msg91".into()));
        assert_eq!(sent["provider_message_id"], "3763646c3058373530393938");
        let shown = machine.inspect(PHONE);
        assert_eq!(shown["live_code"]["challenge_id"], sent["challenge_id"], "{shown}");
        assert!(shown["deliveries"].to_string().contains("3763646c3058373530393938"), "the id is kept: {shown}");
        let request = gateway.requests().pop().unwrap();
        let code = body(&request)["recipients"][0]["var1"].as_str().unwrap().to_owned();
        machine.verify(PHONE, &code).exits(0);
    });
    assert_eq!(gateway.asked(), 1);
}

#[test]
fn telnyx_takes_a_message_and_its_code_verifies() {
    let gateway = Gateway::start(200, TELNYX_TOOK);
    on_each_store(&format!("{}{}", policy(), telnyx(&gateway.base_url)), |machine| {
        let sent = machine.run(&["send", PHONE, "--json"]).exits(0).json();
        assert_eq!(sent["provider_message_id"], "40385f64-5717-4562-b3fc-2c963f66afa6");
        let text = body(&gateway.requests().pop().unwrap())["text"].as_str().unwrap().to_owned();
        machine.verify(PHONE, text.split_once(' ').unwrap().0).exits(0);
    });
}

#[test]
fn an_error_inside_a_good_status_is_a_refusal() {
    let gateway = Gateway::start(200, MSG91_REFUSED);
    on_each_store(&format!("{}{}", policy(), msg91(&gateway.base_url)), |machine| {
        let error = machine.run(&["send", PHONE, "--json"]).exits(25).error();
        assert_eq!((&error["code"], &error["outcome"]), (&"PROVIDER_REFUSED".into(), &"not_done".into()));
        let code = body(&gateway.requests().pop().unwrap())["recipients"][0]["var1"].as_str().unwrap().to_owned();
        machine.verify(PHONE, &code).exits(11);
    });
    assert_eq!(gateway.asked(), 1);
}

#[test]
fn a_refusal_leaves_the_older_code_and_the_next_send_free() {
    let (good, bad) = (Gateway::start(200, TELNYX_TOOK), Gateway::start(200, MSG91_REFUSED));
    let settings = format!("[policy]\ncountries = [\"IN\"]\n{}{}", msg91(&bad.base_url), telnyx(&good.base_url))
        + &route("\"telnyx\"");
    on_each_store(&settings.replace("[policy]", "[limits]\ncooldown = [\"1s\", \"1h\"]\n[policy]"), |machine| {
        machine.run(&["send", PHONE]).exits(0);
        let older = body(&good.requests().pop().unwrap())["text"].as_str().unwrap()[..6].to_owned();
        std::thread::sleep(Duration::from_millis(1100));
        machine.run(&["send", PHONE, "--provider", "msg91"]).exits(25);
        machine.run(&["send", PHONE, "--provider", "msg91"]).exits(25);
        machine.verify(PHONE, &older).exits(0);
    });
}

#[test]
fn a_gateway_that_hangs_is_unknown_and_not_asked_again() {
    let gateway = Silent::start();
    on_each_store(&format!("{}{}", policy(), telnyx(&gateway.base_url)), |machine| {
        let before = gateway.count();
        let send = || machine.run(&["send", PHONE, "--json", "--timeout", "2s", "--idempotency-key", "order-17"]);
        let started = Instant::now();
        let error = send().exits(27).error();
        assert!(started.elapsed() < AT_ONCE, "{:?}", started.elapsed());
        assert_eq!((&error["code"], &error["outcome"]), (&"PROVIDER_UNKNOWN".into(), &"unknown".into()));
        assert!(error["hint"].as_str().unwrap().contains("otpctl inspect"), "{error}");
        assert_eq!((&error["state"], &error["provider"]), (&"unknown".into(), &"telnyx".into()));
        assert_eq!((&error["replayed"], &error["idempotency_key"]), (&false.into(), &"order-17".into()));
        // A script can go on with what is known of the first.
        let again = send().exits(27).error();
        assert_eq!((&again["outcome"], &again["replayed"]), (&"unknown".into(), &true.into()));
        for field in ["code", "challenge_id", "state", "provider", "expires_at", "hint"] {
            assert!(again[field].is_string() && again[field] == error[field], "{field}: {again} {error}");
        }
        machine.run(&["wait", again["challenge_id"].as_str().unwrap(), "--timeout", "1s"]).exits(18);
        assert_eq!(gateway.count() - before, 1, "the same key sends nothing again");
        assert_eq!(machine.inspect(PHONE)["live_code"]["state"], "unknown");
    });
}

#[test]
fn an_unknown_end_is_told_again_after_its_code_and_does_not_call_that_valid() {
    let gateway = Silent::start();
    on_each_store(&format!("{}{}", policy(), telnyx(&gateway.base_url)), |machine| {
        let words = ["send", PHONE, "--json", "--timeout", "2s", "--ttl", "4s", "--idempotency-key", "order-18"];
        let error = machine.run(&words).exits(27).error();
        assert!(error["hint"].as_str().unwrap().starts_with("the code is valid; "), "{error}");
        std::thread::sleep(Duration::from_millis(3000));
        let again = machine.run(&words).exits(27).error();
        assert_eq!((&again["challenge_id"], &again["state"]), (&error["challenge_id"], &"unknown".into()));
        assert!(again["hint"].as_str().unwrap().starts_with("look before"), "{again}");
        // A report settles it, and then the same key says what is known now.
        let report = format!("{{\"challenge_id\":{},\"state\":\"delivered\"}}", again["challenge_id"]);
        machine.stdin(&["delivery", "record"], report.as_bytes()).exits(0);
        let settled = machine.run(&words).exits(0).json();
        assert_eq!((&settled["challenge_id"], &settled["replayed"]), (&error["challenge_id"], &true.into()));
    });
}

#[test]
fn the_next_gateway_is_asked_when_nobody_was_there() {
    let gateway = Gateway::start(200, TELNYX_TOOK);
    let settings =
        format!("{}{}{}{}", policy(), msg91(&closed()), telnyx(&gateway.base_url), route("\"msg91\", \"telnyx\""));
    on_each_store(&settings, |machine| {
        let sent = machine.run(&["send", PHONE, "--json"]).exits(0).json();
        assert_eq!((&sent["provider"], &sent["state"]), (&"telnyx".into(), &"sent".into()));
        let text = body(&gateway.requests().pop().unwrap())["text"].as_str().unwrap().to_owned();
        machine.verify(PHONE, &text[..6]).exits(0);
    });
}

#[test]
fn when_nobody_is_there_the_send_can_be_repeated() {
    let settings = format!("{}{}{}{}", policy(), msg91(&closed()), telnyx(&closed()), route("\"msg91\", \"telnyx\""));
    on_each_store(&settings, |machine| {
        for _ in 0..2 {
            let error = machine.run(&["send", PHONE, "--json"]).exits(26).error();
            assert_eq!((&error["code"], &error["outcome"]), (&"PROVIDER_DOWN".into(), &"not_done".into()));
        }
        machine.verify(PHONE, "123456").exits(11);
    });
}
