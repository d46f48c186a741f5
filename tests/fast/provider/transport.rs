//! Whether anything was sent, told from how the connection fails; and what is written about it.

use std::cell::RefCell;
use std::io::Write as _;
use std::sync::Once;
use std::time::Duration;

use otpctl::otp::{Phone, Secret};
use otpctl::provider::{Class, Provider, ProviderReply, Setting, open, open_defined};
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::support::AT_ONCE;
use crate::support::provider::{
    Gateway, Letter, Reply, assert_clean, context, json as answer, send, send_in_vain, settings, words,
};

const KEY: &str = "KEY0123secretABCDEF";

fn telnyx(base_url: &str) -> Box<dyn Provider> {
    let mut own = settings(json!({"base_url": base_url, "from": "+13125550100"}));
    own.0.insert("api_key".to_owned(), Setting::Secret(Secret::new(KEY.to_owned())));
    open("telnyx", "telnyx", own, &context()).unwrap()
}

#[track_caller]
fn assert_not_sent(outcome: &ProviderReply) {
    assert!(matches!(outcome, ProviderReply::Refused(refusal) if refusal.class == Class::Unreachable), "{outcome:?}");
    assert_clean(&words(outcome), &[KEY.to_owned()]);
}

#[tokio::test]
async fn a_name_that_does_not_resolve_was_not_sent_to() {
    let outcome = send(&*telnyx("https://gateway.invalid"), &Letter::new()).await;
    assert_not_sent(&outcome);
}

#[tokio::test]
async fn a_tls_handshake_that_fails_or_stalls_was_not_sent_to() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("https://{}", listener.local_addr().unwrap());
    let provider = telnyx(&base_url);
    let server = tokio::spawn(async move {
        let (mut first, _) = listener.accept().await.unwrap();
        first.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        drop(first);
        let _second = listener.accept().await.unwrap();
        std::future::pending::<()>().await;
    });
    let letter = Letter::new();
    assert_not_sent(&send(&*provider, &letter).await);
    let started = Instant::now();
    let outcome = provider.send(&letter.message(), Instant::now() + Duration::from_millis(500)).await;
    assert_not_sent(&outcome);
    assert_eq!(words(&outcome).split(" check").next(), Some(" the connection was not made in time"));
    assert!(started.elapsed() < AT_ONCE);
    server.abort();
}

#[tokio::test]
async fn a_number_out_of_reach_is_not_asked_for() {
    let gateway = Gateway::start(answer(200, "{}")).await;
    let definition = "name = \"X\"\nphone = \"national\"\ncountries = [\"AE\", \"US\"]\n[send]\nrequest = \"POST /m\"\naccepted = \"status == 200\"";
    let definition = otpctl::provider::Definition::parse(definition).unwrap();
    let own = || settings(json!({"base_url": gateway.base_url}));
    let provider = open_defined("x", definition, own(), &context()).unwrap();
    let mut letter = Letter::new();
    let ProviderReply::Refused(refusal) = send(&*provider, &letter).await else { panic!("not refused") };
    assert_eq!(refusal.class, Class::Region);
    assert_eq!(refusal.message, "X accepts only numbers of AE, US, so no request was made");
    assert!(gateway.seen.lock().unwrap().is_empty());
    letter.phone = Phone::parse("+12025550123", None).unwrap();
    assert!(matches!(send(&*provider, &letter).await, ProviderReply::Accepted(_)));
}

#[tokio::test]
async fn a_deadline_that_is_over_sends_nothing() {
    let gateway = Gateway::start(answer(200, "{}")).await;
    let letter = Letter::new();
    let outcome = telnyx(&gateway.base_url).send(&letter.message(), Instant::now()).await;
    assert_not_sent(&outcome);
    assert!(gateway.seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_deadline_is_kept_and_leaves_a_doubt() {
    let gateway = Gateway::start(Reply::Hang).await;
    let outcome = send_in_vain(&*telnyx(&gateway.base_url), &Letter::new(), || gateway.was_asked()).await;
    assert!(matches!(outcome, ProviderReply::Unknown(_)), "{outcome:?}");
    gateway.only();
}

#[tokio::test]
async fn a_body_that_stalls_or_breaks_off_leaves_a_doubt_but_a_refusing_status_is_believed() {
    for (status, doubt) in [(200, true), (400, false)] {
        let head = format!("HTTP/1.1 {status} X\r\ncontent-length: 500\r\n\r\n{{\"data\":");
        let gateway = Gateway::start(Reply::Raw(head.into_bytes())).await;
        let outcome = send(&*telnyx(&gateway.base_url), &Letter::new()).await;
        assert_eq!(matches!(outcome, ProviderReply::Unknown(_)), doubt, "{outcome:?}");
        gateway.only();
    }
}

#[tokio::test]
async fn a_body_without_end_is_not_read_to_its_end() {
    let huge = format!("{{\"data\":{{\"id\":\"m1\",\"pad\":\"{}\"}}}}", "x".repeat(200_000));
    let gateway = Gateway::start(answer(200, &huge)).await;
    let outcome = send(&*telnyx(&gateway.base_url), &Letter::new()).await;
    assert!(matches!(outcome, ProviderReply::Unknown(_)), "{outcome:?}");
}

#[tokio::test]
async fn who_asks_is_said() {
    let gateway = Gateway::start(answer(200, r#"{"data":{"id":"m1"}}"#)).await;
    send(&*telnyx(&gateway.base_url), &Letter::new()).await;
    assert_eq!(gateway.only().headers["user-agent"], format!("otpctl/{}", env!("CARGO_PKG_VERSION")));
}

thread_local! {
    /// What was logged by this thread.
    static LOGGED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// All that is logged, at every level, while a message is sent. One subscriber serves the whole process, and each thread
/// keeps its own lines: one for each test would now and then miss an event that another test meets first.
fn logged(run: impl AsyncFnOnce()) -> String {
    static SUBSCRIBED: Once = Once::new();
    SUBSCRIBED.call_once(|| tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(|| Log).init());
    LOGGED.take();
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(run());
    String::from_utf8(LOGGED.take()).unwrap()
}

#[track_caller]
fn assert_clean_lines(text: &str) {
    for line in text.lines() {
        assert_clean(&line.replace('\u{1b}', ""), &[KEY.to_owned()]);
    }
}

#[test]
fn the_log_names_the_place_and_nothing_else() {
    let text = logged(async || {
        let echo = answer(400, &format!("{{\"errors\":[{{\"code\":\"1\",\"detail\":\"{KEY}\"}}]}}"));
        let gateway = Gateway::start(echo).await;
        send(&*telnyx(&gateway.base_url), &Letter::new()).await;
    });
    assert!(text.contains("POST 127.0.0.1") && text.contains("/messages") && text.contains("status=400"), "{text}");
    assert_clean_lines(&text);
}

#[test]
fn a_path_that_holds_key_and_code_is_logged_without_them() {
    for reply in [answer(200, "{}"), Reply::Reset, Reply::Raw(b"no HTTP".to_vec())] {
        let text = logged(async || {
            let gateway = Gateway::start(reply).await;
            let own = settings(json!({"base_url": gateway.base_url, "api_key": KEY, "template": "OTPLOGIN"}));
            let outcome = send(&*open("t", "twofactor", own, &context()).unwrap(), &Letter::new()).await;
            assert_clean(&words(&outcome), &[KEY.to_owned()]);
            assert_eq!(gateway.only().path, format!("/API/V1/{KEY}/SMS/919876543210/042917/OTPLOGIN"));
        });
        assert!(text.contains("/API/V1/[redacted]/SMS/91*******210/[redacted]/OTPLOGIN"), "{text}");
        assert_clean_lines(&text);
    }
}

struct Log;

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOGGED.with_borrow_mut(|logged| logged.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// An answer that is compressed, whatever was asked for.
fn compressed(status: u16, coding: &str, body: &[u8]) -> Reply {
    let head = format!("HTTP/1.1 {status} X\r\ncontent-encoding: {coding}\r\ncontent-length: {}\r\n\r\n", body.len());
    Reply::Raw([head.as_bytes(), body].concat())
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn answers_are_asked_for_as_they_are() {
    let gateway = Gateway::start(answer(200, r#"{"data":{"id":"m1","available_credit":"5"}}"#)).await;
    let provider = telnyx(&gateway.base_url);
    send(&*provider, &Letter::new()).await;
    provider.balance(Instant::now() + Duration::from_secs(60)).await.unwrap();
    let seen = gateway.seen.lock().unwrap().clone();
    assert_eq!(seen.len(), 2);
    assert!(seen.iter().all(|request| request.headers["accept-encoding"] == "identity"), "{seen:?}");
}

#[tokio::test]
async fn an_answer_that_is_compressed_all_the_same_is_read() {
    let (yes, no) = (r#"{"data":{"id":"m1","parts":1}}"#, r#"{"errors":[{"code":"40300","title":"STOP"}]}"#);
    for coding in ["gzip", "x-gzip", "GZip", "identity, gzip", " gzip "] {
        let gateway = Gateway::start(compressed(200, coding, &gzip(yes))).await;
        let outcome = send(&*telnyx(&gateway.base_url), &Letter::new()).await;
        assert!(
            matches!(&outcome, ProviderReply::Accepted(receipt) if receipt.id.as_deref() == Some("m1")),
            "{outcome:?}"
        );
        let gateway = Gateway::start(compressed(403, coding, &gzip(no))).await;
        let outcome = send(&*telnyx(&gateway.base_url), &Letter::new()).await;
        assert!(matches!(&outcome, ProviderReply::Refused(refusal) if refusal.class == Class::OptedOut), "{outcome:?}");
    }
    // A label alone, and what does not have to be unpacked.
    for (coding, body) in [("identity", yes), ("", yes)] {
        let gateway = Gateway::start(compressed(200, coding, body.as_bytes())).await;
        assert!(
            matches!(send(&*telnyx(&gateway.base_url), &Letter::new()).await, ProviderReply::Accepted(_)),
            "{coding:?}"
        );
    }
}

#[tokio::test]
async fn a_body_that_cannot_be_read_has_no_class_and_leaves_a_doubt_where_only_it_could_tell() {
    let yes = r#"{"data":{"id":"m1"}}"#;
    let bomb = gzip(&format!("{{\"data\":{{\"id\":\"m1\",\"pad\":\"{}\"}}}}", "x".repeat(50_000_000)));
    assert!(bomb.len() < 64 * 1024, "it is short on the wire");
    let cut = gzip(yes)[..12].to_vec();
    let unreadable = [
        ("br", yes.as_bytes().to_vec()),
        ("gzip", yes.as_bytes().to_vec()),
        ("gzip", cut),
        ("gzip", bomb),
        ("gzip, gzip", gzip(yes)),
    ];
    for (coding, body) in &unreadable {
        let reply = |status| compressed(status, coding, body);
        let gateway = Gateway::start(reply(200)).await;
        let outcome = send(&*telnyx(&gateway.base_url), &Letter::new()).await;
        assert!(
            matches!(&outcome, ProviderReply::Unknown(doubt) if doubt.why.contains("could not be read")),
            "{outcome:?}"
        );
        // That nothing was sent is what the status says; of what kind the reason is, it does not.
        let gateway = Gateway::start(reply(403)).await;
        let outcome = send(&*telnyx(&gateway.base_url), &Letter::new()).await;
        assert!(matches!(&outcome, ProviderReply::Refused(refusal) if refusal.class == Class::Other), "{outcome:?}");
        // Bird's 409 may say that the message is out, so a 409 that cannot be read is no refusal.
        let gateway = Gateway::start(reply(409)).await;
        let own = settings(json!({"base_url": gateway.base_url, "api_key": "bk_eu1_x", "region": "eu1", "from": "X"}));
        let outcome = send(&*open("b", "bird", own, &context()).unwrap(), &Letter::new()).await;
        assert!(matches!(outcome, ProviderReply::Unknown(_)), "{outcome:?}");
        // A definition that looks for a no inside of a 2xx cannot take one that it cannot read for a yes.
        let gateway = Gateway::start(reply(200)).await;
        let definition =
            "name = \"X\"\n[send]\nrequest = \"POST /m\"\naccepted = \"status == 200\"\nrefused = \"body.error\"";
        let definition = otpctl::provider::Definition::parse(definition).unwrap();
        let own = settings(json!({"base_url": gateway.base_url}));
        let outcome = send(&*open_defined("x", definition, own, &context()).unwrap(), &Letter::new()).await;
        assert!(matches!(outcome, ProviderReply::Unknown(_)), "{outcome:?}");
    }
}
