//! What a definition's templates see of the machine and of a number, and what is never shown of what they work out.

use otpctl::provider::{Context, Definition, OpenError, ProviderReply, open_defined};
use serde_json::{Value, json};

use crate::support::provider::{Gateway, Letter, PHONE, Reply, Seen, context, json as answer, machine, send, settings};

const KEY: &str = "k3y-of-the-gateway-0123";

/// A definition with this in its `[send]`, and more after it.
fn definition(send: &str, more: &str) -> Definition {
    let text = format!(
        "name = \"X\"\nencoding = \"automatic\"\n[settings]\nkey = {{ secret = true }}\nnational = {{}}\nnow = {{}}\n\
         [send]\nrequest = \"POST /sms\"\naccepted = \"status == 200\"\n{send}\n[errors]\nmessage = \"body.message\"\n{more}\n"
    );
    Definition::parse(&text).unwrap()
}

async fn sent(definition: Definition, mut own: Value, reply: Reply) -> (ProviderReply, Seen) {
    let gateway = Gateway::start(reply).await;
    own["base_url"] = json!(gateway.base_url);
    let context = Context { machine: machine("2026-11-22T12:00:00.900Z"), ..context() };
    let provider = open_defined("x", definition, settings(own), &context).unwrap();
    let outcome = send(&*provider, &Letter::new()).await;
    (outcome, gateway.only())
}

fn body(seen: &Seen) -> Value {
    serde_json::from_str(&seen.body).unwrap()
}

#[tokio::test]
async fn a_request_sees_the_machine_and_the_parts_of_a_number() {
    let send = "headers = { X-Nonce = \"{{ nonce }}\" }\n[send.json]\nunix = \"{{ now }}\"\nmillis = \"{{ now * 1000 }}\"\n\
                iso = \"{{ now_iso }}\"\nday = \"{{ 1795348800 | utc('%d.%m.%Y') }}\"\nnonce = \"{{ nonce }}\"\n\
                uuid = \"{{ uuid }}\"\ncode = \"{{ calling_code }}\"\nrest = \"{{ national }}\"\nto = \"{{ phone }}\"";
    // These two are settings of the definition: what is theirs is not the machine's and the number's, also without a value.
    let hidden = send.replace("millis = \"{{ now * 1000 }}\"\n", "");
    let (_, seen) = sent(definition(&hidden, ""), json!({"key": KEY}), answer(200, "{}")).await;
    assert_eq!((body(&seen).get("unix"), body(&seen).get("rest")), (None, None));
    let own = json!({"key": KEY, "now": "5", "national": "own"});
    let (_, seen) = sent(definition(&hidden, ""), own, answer(200, "{}")).await;
    assert_eq!((&body(&seen)["unix"], &body(&seen)["rest"]), (&json!("5"), &json!("own")));

    let plain = "name = \"X\"\n[send]\nrequest = \"POST /sms\"\naccepted = \"status == 200\"\n";
    let (_, seen) = sent(Definition::parse(&format!("{plain}{send}")).unwrap(), json!({}), answer(200, "{}")).await;
    let nonce = "7".repeat(32);
    assert_eq!(seen.headers["x-nonce"], nonce);
    let expected = json!({
        "unix": 1_795_348_800, "millis": 1_795_348_800_000_u64, "iso": "2026-11-22T12:00:00Z", "day": "22.11.2026",
        // Version 4, and the variant of RFC 9562.
        "nonce": nonce, "uuid": "77777777-7777-4777-b777-777777777777",
        "code": "91", "rest": "9876543210", "to": PHONE,
    });
    assert_eq!(body(&seen), expected);
}

#[tokio::test]
async fn what_is_worked_out_with_a_key_is_never_shown() {
    let send = "[send.json]\nto = \"{{ phone }}\"\nsign = \"{{ (key ~ phone) | sha256 | hex }}\"\n\
                mac = \"{{ phone | hmac_sha256(key) | base64 }}\"\npair = \"{{ ('user:' ~ key) | base64 }}\"";
    let (_, seen) = sent(definition(send, ""), json!({"key": KEY}), answer(200, "{}")).await;
    let body = body(&seen);
    let (sign, mac, pair) = (&body["sign"], &body["mac"], &body["pair"]);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    assert_eq!((text(sign).len(), text(mac).len()), (64, 44));
    let echo = format!("wrong: {} and {} and {} of {KEY}", text(sign).to_uppercase(), text(mac), text(pair));
    let reply = answer(400, &json!({"message": echo}).to_string());
    let (outcome, _) = sent(definition(send, ""), json!({"key": KEY}), reply).await;
    let ProviderReply::Refused(refusal) = outcome else { panic!("{outcome:?}") };
    assert_eq!(refusal.message, "wrong: [redacted] and [redacted] and [redacted] of [redacted]");
}

#[tokio::test]
async fn a_signature_may_go_into_the_query_and_sees_the_request_as_it_is_sent() {
    let sign = "[auth.sign]\nbefore = { X-Digest = \"{{ body | sha256 | hex }}\" }\n[auth.sign.values]\n\
                text = \"{{ method }} {{ path }} {{ query }} {{ headers['x-digest'] }} {{ headers['content-type'] }}\"\n\
                [auth.sign.query]\nsignature = \"{{ text | base64 }}\"";
    let send = "query = { z = \"a b+c\", a = \"é\" }\njson = { to = \"{{ phone }}\" }";
    let (outcome, seen) = sent(definition(send, sign), json!({"key": KEY}), answer(200, "{}")).await;
    assert!(matches!(outcome, ProviderReply::Accepted(_)), "{outcome:?}");
    let (query, signature) = seen.query.split_once("&signature=").unwrap();
    assert_eq!(query, "a=%C3%A9&z=a%20b%2Bc");
    let signed = signature.replace("%3D", "=").replace("%2B", "+").replace("%2F", "/");
    let signed = String::from_utf8(data_encoding::BASE64.decode(signed.as_bytes()).unwrap()).unwrap();
    let digest = &seen.headers["x-digest"];
    assert_eq!(digest.len(), 64);
    assert_eq!(signed, format!("POST /sms {query} {digest} application/json"));
}

#[tokio::test]
async fn what_cannot_be_signed_is_not_sent() {
    let send = "[send.json]\nto = \"{{ phone }}\"\nmac = \"{{ phone | hmac_sha256(key) | hex }}\"";
    let gateway = Gateway::start(answer(200, "{}")).await;
    let own = settings(json!({"base_url": gateway.base_url}));
    let provider = open_defined("x", definition(send, ""), own, &context()).unwrap();
    let outcome = crate::support::provider::send(&*provider, &Letter::new()).await;
    let ProviderReply::Refused(refusal) = outcome else { panic!("{outcome:?}") };
    assert!(refusal.message.contains("a template failed"), "{}", refusal.message);
    gateway.settle().await;
    assert!(gateway.seen.lock().unwrap().is_empty());
}

#[test]
fn a_key_in_another_form_is_refused_before_anything_is_sent() {
    let wrong = |key: &str| -> OpenError {
        let own = settings(json!({"access_key": key, "from": "+18001110000", "base_url": "https://x.example.com"}));
        otpctl::provider::open("a", "azure", own, &context()).err().expect("an error")
    };
    for key in ["endpoint=https://x.communication.azure.com/;accesskey=abcd", "not base64!"] {
        assert!(wrong(key).to_string().starts_with("`access_key` is not base64"), "{key}");
    }
}
