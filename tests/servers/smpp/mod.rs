//! SMPP, against a real SMSC: what is submitted, what its answers become, and how a session breaks.

mod smsc;
mod status;

use std::time::Instant as Clock;

use otpctl::provider::{Class, ProviderReply, Receipt, Refusal, open};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::support::AT_ONCE;
use crate::support::provider::{CODE, Letter, PHONE, assert_clean, context, send, settings, words};
use smsc::{PASSWORD, Smsc};

fn letter(text: &str) -> Letter {
    Letter { text: text.to_owned(), ..Letter::new() }
}

#[track_caller]
fn accepted(outcome: &ProviderReply) -> Receipt {
    match outcome {
        ProviderReply::Accepted(receipt) => receipt.clone(),
        other => panic!("not accepted: {other:?}"),
    }
}

#[track_caller]
fn refused(outcome: &ProviderReply) -> Refusal {
    assert_clean(&words(outcome), &[PASSWORD.to_owned()]);
    match outcome {
        ProviderReply::Refused(refusal) => refusal.clone(),
        other => panic!("not refused: {other:?}"),
    }
}

#[track_caller]
fn unknown(outcome: &ProviderReply) -> &str {
    assert_clean(&words(outcome), &[PASSWORD.to_owned()]);
    match outcome {
        ProviderReply::Unknown(doubt) => &doubt.why,
        other => panic!("not unknown: {other:?}"),
    }
}

/// Sends a text with further settings; the receipt, what was submitted first, and the message as it was put together.
async fn sent(text: &str, more: Value) -> (Receipt, Value, Value) {
    let mut smsc = Smsc::start(json!({}));
    let receipt = accepted(&send(&*smsc.provider(&more), &letter(text)).await);
    let events = smsc.events();
    let first = |name: &str| events.iter().find(|event| event["event"] == name).cloned().unwrap_or_default();
    (receipt, first("submit"), first("message"))
}

#[tokio::test]
async fn a_message_is_bound_for_submitted_and_the_session_ended() {
    let mut smsc = Smsc::start(json!({}));
    let more = json!({
        "system_type": "OTP", "service_type": "CMT", "source": "IOTRDY", "validity_period": "5m",
        "entity_id": "1201160000000000000", "template_id": "1207160000000000000", "telemarketer_id": "1202",
        "telemarketer_tag": 0x1410,
    });
    let receipt = accepted(&send(&*smsc.provider(&more), &Letter::new()).await);
    assert_eq!(receipt, Receipt { id: Some("m1".to_owned()), segments: Some(1), report: None });
    let bind = smsc.event("bind");
    let expected = json!(["bind_transceiver", "example", PASSWORD, "OTP", 0x34]);
    assert_eq!(
        json!([bind["command"], bind["system_id"], bind["password"], bind["system_type"], bind["interface_version"]]),
        expected
    );
    let submit = smsc.event("submit");
    let addresses =
        ["source_addr_ton", "source_addr_npi", "source_addr", "dest_addr_ton", "dest_addr_npi", "destination_addr"];
    assert_eq!(json!(addresses.map(|name| &submit[name])), json!([5, 0, "IOTRDY", 1, 1, &PHONE[1..]]));
    let rest = ["service_type", "esm_class", "registered_delivery", "data_coding", "validity_period", "protocol_id"];
    assert_eq!(json!(rest.map(|name| &submit[name])), json!(["CMT", 0, 1, 0, "set", 0]));
    // The DLT ids, as octets without an end mark: 0x1400, 0x1401, and the tag that was chosen.
    let ids = ["5120", "5121", "5136"].map(|tag| &submit[tag]);
    assert_eq!(json!(ids), json!(["1201160000000000000", "1207160000000000000", "1202"]));
    assert_eq!(smsc.event("message")["text"], format!("{CODE} is your Example code."));
    smsc.event("unbind");
}

#[tokio::test]
async fn senders_are_addressed_as_they_look_or_as_they_are_told() {
    let plain = ["source_addr_ton", "source_addr_npi", "source_addr"];
    for (more, seen) in [
        (json!({"source": "+13125550100"}), json!([1, 1, "13125550100"])),
        (json!({"source": "56767"}), json!([3, 0, "56767"])),
        (json!({}), json!([0, 0, ""])),
        (json!({"source": "56767", "source_ton": 6, "source_npi": 9}), json!([6, 9, "56767"])),
    ] {
        let (_, submit, _) = sent("x 042917", more).await;
        assert_eq!(json!(plain.map(|name| &submit[name])), seen);
    }
    let mut smsc = Smsc::start(json!({}));
    accepted(&send(&*smsc.provider(&json!({"bind": "transmitter"})), &Letter::new()).await);
    assert_eq!(smsc.event("bind")["command"], "bind_transmitter");
    let more = json!({"destination_ton": 2, "destination_npi": 0, "registered_delivery": false, "data_coding": 241});
    let (_, submit, _) = sent("x 042917", more).await;
    let names = ["dest_addr_ton", "dest_addr_npi", "registered_delivery", "data_coding"];
    assert_eq!(json!(names.map(|name| &submit[name])), json!([2, 0, 0, 241]));
}

#[tokio::test]
async fn every_letter_arrives() {
    for (text, coding) in
        [("042917 é à Ç Ω § ¿ @ _", 0), ("042917 [€] {~} ^\\|", 0), ("042917 आपका कोड है।", 8), ("042917 😀 don’t", 8)]
    {
        let (receipt, submit, message) = sent(text, json!({})).await;
        // The library's table of extended letters has the backslash twice, and so it reads it twice.
        let read = message["text"].as_str().unwrap().replace("\\\\", "\\");
        assert_eq!((read.as_str(), &submit["data_coding"]), (text, &json!(coding)));
        assert_eq!(receipt.segments, Some(1));
    }
}

#[tokio::test]
async fn a_long_text_is_put_together_again() {
    let latin = format!("042917 {}", "[€] lorem ipsum ".repeat(25));
    let hindi = format!("042917 {}", "आपका कोड 😀 ".repeat(15));
    for (text, parts) in [(latin.as_str(), 4), (hindi.as_str(), 3)] {
        for more in [json!({}), json!({"reference_bits": 16}), json!({"long": "sar"})] {
            let (receipt, submit, message) = sent(text, more.clone()).await;
            assert_eq!((message["text"].as_str(), &message["parts"]), (Some(text), &json!(parts)), "{more}");
            assert_eq!(receipt, Receipt { id: Some("m1".to_owned()), segments: Some(parts), report: None });
            assert_eq!(submit["esm_class"], if more["long"] == "sar" { 0 } else { 0x40 });
            assert_eq!(message["reference"].as_u64().unwrap() > 255, more != json!({}), "{more}");
        }
        let (receipt, submit, message) = sent(text, json!({"long": "payload"})).await;
        assert_eq!((message["text"].as_str(), &submit["esm_class"]), (Some(text), &json!(0)));
        assert_eq!(receipt, Receipt { id: Some("m1".to_owned()), segments: None, report: None });
    }
}

async fn answered(step: Value) -> ProviderReply {
    let smsc = Smsc::start(json!({"submit": [step]}));
    send(&*smsc.provider(&json!({"errors": {"0x411": "balance", "1042": "sender"}})), &Letter::new()).await
}

#[tokio::test]
async fn each_status_has_its_class() {
    for (status, class, code) in [
        (0x01, Class::Content, "ESME_RINVMSGLEN"),
        (0x08, Class::ServerError, "ESME_RSYSERR"),
        (0x0A, Class::Sender, "ESME_RINVSRCADR"),
        (0x0B, Class::Recipient, "ESME_RINVDSTADR"),
        (0x14, Class::Throttled, "ESME_RMSGQFUL"),
        (0x45, Class::Other, "ESME_RSUBMITFAIL"),
        (0x58, Class::Throttled, "ESME_RTHROTTLED"),
        (0x411, Class::Balance, "0x00000411"),
        (0x412, Class::Sender, "0x00000412"),
        (0x413, Class::Other, "0x00000413"),
    ] {
        let refusal = refused(&answered(json!({"status": status})).await);
        assert_eq!((refusal.class, refusal.code.as_deref()), (class, Some(code)), "{status:#x}");
    }
    let refusal = refused(&answered(json!({"do": "nack"})).await);
    assert_eq!((refusal.class, refusal.code.as_deref()), (Class::Other, Some("ESME_RINVCMDID")));
}

#[tokio::test]
async fn a_bind_that_fails_has_not_sent() {
    for (status, class) in [
        (0x05, Class::Throttled),
        (0x0D, Class::Credentials),
        (0x0E, Class::Credentials),
        (0x0F, Class::Credentials),
        (0x58, Class::Throttled),
    ] {
        let smsc = Smsc::start(json!({"bind": status}));
        assert_eq!(refused(&send(&*smsc.provider(&json!({})), &Letter::new()).await).class, class);
    }
    let smsc = Smsc::start(json!({"password": "an0ther"}));
    let refusal = refused(&send(&*smsc.provider(&json!({})), &Letter::new()).await);
    assert_eq!((refusal.class, refusal.code.as_deref()), (Class::Credentials, Some("ESME_RINVPASWD")));
}

#[tokio::test]
async fn a_session_that_does_not_stand_has_not_sent() {
    for plan in [json!({"bind_do": "hang"}), json!({"bind_do": "garbage"})] {
        let smsc = Smsc::start(plan);
        let provider = smsc.provider(&json!({"timeout": "700ms"}));
        assert_eq!(refused(&send(&*provider, &Letter::new()).await).class, Class::Unreachable);
    }
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    for (host, port) in [("127.0.0.1", closed), ("smsc.invalid", 2775)] {
        let all =
            settings(json!({"host": host, "port": port, "system_id": "example", "password": PASSWORD, "tls": false}));
        let refusal = refused(&send(&*open("s", "smpp", all, &context()).unwrap(), &Letter::new()).await);
        assert_eq!(refusal.class, Class::Unreachable);
        assert!(refusal.hint().contains("host"), "{}", refusal.hint());
    }
}

#[tokio::test]
async fn what_breaks_after_the_message_was_written_is_unknown() {
    for step in ["die", "unbind", "garbage", "garbled"] {
        let outcome = answered(json!({"do": step})).await;
        unknown(&outcome);
    }
    let started = Clock::now();
    let smsc = Smsc::start(json!({"submit": [{"do": "hang"}], "keeps": true}));
    let outcome = send(&*smsc.provider(&json!({"timeout": "600ms"})), &Letter::new()).await;
    assert_eq!(unknown(&outcome), "the SMSC did not answer in time");
    assert!(started.elapsed() < AT_ONCE);
}

#[tokio::test]
async fn without_time_nothing_is_sent() {
    let smsc = Smsc::start(json!({}));
    let outcome = smsc.provider(&json!({})).send(&Letter::new().message(), Instant::now()).await;
    assert_eq!(refused(&outcome).class, Class::Unreachable);
}

#[tokio::test]
async fn parts_that_were_taken_before_one_that_was_not_leave_a_doubt() {
    let text = "042917 lorem ipsum ".repeat(20);
    let smsc = Smsc::start(json!({"submit": [{}, {"status": 0x58}]}));
    let outcome = send(&*smsc.provider(&json!({})), &letter(&text)).await;
    let expected = "1 of 3 segments were accepted; the next was not: too many messages at once (ESME_RTHROTTLED)";
    assert_eq!(unknown(&outcome), expected);
    let smsc = Smsc::start(json!({"submit": [{"status": 0x58}]}));
    assert_eq!(refused(&send(&*smsc.provider(&json!({})), &letter(&text)).await).class, Class::Throttled);
}

#[tokio::test]
async fn what_the_smsc_asks_meanwhile_is_answered() {
    let mut smsc = Smsc::start(json!({"submit": [{"do": "enquire"}]}));
    accepted(&send(&*smsc.provider(&json!({})), &Letter::new()).await);
    assert_eq!(smsc.event("alive")["status"], 0);
    // A receipt of another message stays for the application that waits for it.
    let other = json!({"short_message": "id:other stat:DELIVRD err:000"});
    let mut smsc = Smsc::start(json!({"submit": [{"do": "deliver", "message": other}]}));
    accepted(&send(&*smsc.provider(&json!({})), &Letter::new()).await);
    assert_eq!(smsc.event("delivered")["status"], 0x64);
}

#[tokio::test]
async fn an_answer_in_pieces_is_read_and_one_without_an_id_counts() {
    assert_eq!(accepted(&answered(json!({"do": "slowly"})).await).id.as_deref(), Some("slow"));
    for id in ["", "no id but a sentence", CODE] {
        assert_eq!(accepted(&answered(json!({"id": id})).await).id, None);
    }
}

#[tokio::test]
async fn an_smsc_that_does_not_say_goodbye_is_not_waited_for() {
    let smsc = Smsc::start(json!({"keeps": true}));
    let started = Clock::now();
    accepted(&send(&*smsc.provider(&json!({})), &Letter::new()).await);
    assert!(started.elapsed() < AT_ONCE);
}

#[tokio::test]
async fn a_web_server_is_no_smsc() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        std::future::pending::<()>().await;
    });
    let all = settings(json!({"host": "127.0.0.1", "port": port, "system_id": "example", "password": PASSWORD}));
    let refusal = refused(&send(&*open("s", "smpp", all, &context()).unwrap(), &Letter::new()).await);
    assert_eq!((refusal.class, refusal.message.as_str()), (Class::Unreachable, "the answer is not SMPP"));
}

/// A CA, and a certificate of it for localhost.
fn certificates() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let openssl = |words: &[&str]| {
        let output = std::process::Command::new("openssl").args(words).current_dir(folder.path()).output();
        let output = output.unwrap_or_else(|error| panic!("openssl does not run ({error}): scripts/test installs it"));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    let ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    openssl(&[&["req", "-x509"], &ec[..], &["-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Tests"]].concat());
    openssl(&[&["req"], &ec[..], &["-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost"]].concat());
    std::fs::write(folder.path().join("names"), "subjectAltName = DNS:localhost").unwrap();
    let signed = ["x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"];
    openssl(&[&signed[..], &["-out", "server.pem", "-days", "2", "-extfile", "names"]].concat());
    folder
}

#[tokio::test]
async fn tls_is_by_a_ca_of_ones_own_or_not_at_all() {
    let folder = certificates();
    let file = |name: &str| folder.path().join(name);
    let smsc = Smsc::start(json!({"tls": {"key": file("server.key"), "cert": file("server.pem")}}));
    let trusted = json!({"host": "localhost", "tls": {"ca": file("ca.pem")}});
    accepted(&send(&*smsc.provider(&trusted), &Letter::new()).await);
    for more in [
        json!({"host": "localhost", "tls": true}),
        json!({"host": "127.0.0.1", "tls": {"ca": file("ca.pem")}}),
        json!({"host": "localhost", "timeout": "1s"}),
    ] {
        let refusal = refused(&send(&*smsc.provider(&more), &Letter::new()).await);
        assert_eq!(refusal.class, Class::Unreachable);
    }
}

#[test]
fn settings_are_held_to_what_a_pdu_can_carry() {
    let wrong = |more: Value| {
        let mut all = json!({"host": "smsc.internal", "system_id": "example", "password": "v4lue"});
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        open("s", "smpp", settings(all), &context()).err().map(|error| error.to_string()).unwrap_or_default()
    };
    assert_eq!(wrong(json!({})), "");
    assert_eq!(wrong(json!({"host": ""})), "`host` is missing");
    assert_eq!(wrong(json!({"password": "v4lue-is-long".repeat(5)})), "`password` must be at most 64 ASCII characters");
    assert_eq!(wrong(json!({"system_id": "x".repeat(16)})), "`system_id` must be at most 15 ASCII characters");
    assert_eq!(wrong(json!({"source": "x".repeat(21)})), "`source` must be at most 20 ASCII characters");
    assert_eq!(wrong(json!({"prot": 1})), "there is no setting `prot`; did you mean `port`?");
    assert_eq!(wrong(json!({"long": "both"})), "`long` is one of \"udh\", \"sar\", \"payload\"");
    assert_eq!(wrong(json!({"bind": "receiver"})), "`bind` is one of \"transceiver\", \"transmitter\"");
    assert_eq!(wrong(json!({"reference_bits": 12})), "`reference_bits` must be 8 or 16");
    assert_eq!(wrong(json!({"source_ton": 256})), "`source_ton` must be a number from 0 to 255");
    assert_eq!(wrong(json!({"port": -1})), "`port` must be a number from 0 to 65535");
    assert!(wrong(json!({"errors": {"0x411": "no class"}})).starts_with("`errors` must be a table"));
    assert!(wrong(json!({"tls": {"ca": "/nonexistent"}})).starts_with("`tls.ca` must be a file"));
    assert!(wrong(json!({"tls": "yes"})).starts_with("`tls` must be true, false, or a table"));
    assert!(wrong(json!({"validity_period": "721h"})).starts_with("`validity_period` must be a duration"));
    assert!(wrong(json!({"host": "smsc.example.com"})).contains("unencrypted: set `tls = true`"));
    assert_eq!(wrong(json!({"host": "smsc.example.com", "tls": false})), "");
}

/// SMPP 3.4 has 8 characters, and SMSCs give longer ones all the same.
#[tokio::test]
async fn a_password_that_smpp_does_not_know_is_sent_whole() {
    let long = "twenty-characters-ok";
    for (password, warned) in [(PASSWORD, false), (long, true)] {
        for bind in ["transceiver", "transmitter"] {
            let mut smsc = Smsc::start(json!({"password": password}));
            let provider = smsc.provider(&json!({"password": password, "bind": bind}));
            assert_eq!(provider.warning().is_some(), warned);
            accepted(&send(&*provider, &Letter::new()).await);
            let told = smsc.event("bind");
            assert_eq!(json!([told["command"], told["password"]]), json!([format!("bind_{bind}"), password]));
        }
    }
    let smsc = Smsc::start(json!({}));
    let refusal = refused(&send(&*smsc.provider(&json!({"password": long})), &Letter::new()).await);
    assert!(refusal.advice.unwrap().contains("at most 8 characters"));
}
