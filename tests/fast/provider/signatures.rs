//! Requests are signed as AWS publishes it: its vectors, through definitions and over a socket.

use otpctl::provider::{Context, Definition, ProviderReply, open_defined};
use serde::Deserialize;
use serde_json::json;

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::support::provider::{Gateway, Letter, Seen, at, context, json as answer, send, settings};

const KEY: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

#[derive(Deserialize)]
struct Suite {
    vector: Vec<Vector>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    name: String,
    session_token: Option<String>,
    send: String,
    authorization: String,
}

/// Works a signature out again, step by step as AWS describes it
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>), for requests to `/`
/// without a query, and holds the request to it.
pub fn assert_signed(seen: &Seen, key: &str) {
    assert_eq!((seen.path.as_str(), seen.query.as_str()), ("/", ""));
    let given = seen.headers["authorization"].strip_prefix("AWS4-HMAC-SHA256 Credential=").unwrap();
    let (credential, given) = given.split_once(", SignedHeaders=").unwrap();
    let (names, signature) = given.split_once(", Signature=").unwrap();
    for needed in ["content-type", "host", "x-amz-date", "x-amz-security-token", "x-amz-target"] {
        assert_eq!(names.split(';').any(|name| name == needed), seen.headers.contains_key(needed), "{needed}: {names}");
    }
    let (_, scope) = credential.split_once('/').unwrap();
    let headers: Vec<_> = names.split(';').map(|name| format!("{name}:{}\n", seen.headers[name])).collect();
    let hash = |text: &str| HEXLOWER.encode(&Sha256::digest(text));
    let request = format!("{}\n/\n\n{}\n{names}\n{}", seen.method, headers.concat(), hash(&seen.body));
    let text = format!("AWS4-HMAC-SHA256\n{}\n{scope}\n{}", seen.headers["x-amz-date"], hash(&request));
    let mac = |key: &[u8], text: &str| {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().to_vec()
    };
    let key = scope.split('/').fold(format!("AWS4{key}").into_bytes(), |key, part| mac(&key, part));
    assert_eq!(signature, HEXLOWER.encode(&mac(&key, &text)));
}

/// A definition that signs, with this in its `[send]`.
fn signing(send: &str) -> Definition {
    let text = format!(
        r#"
name = "X"
[settings]
region = {{}}
key = {{ secret = true }}
token = {{ secret = true }}
[auth.aws]
service = "service"
region = "{{{{ region }}}}"
access_key_id = "AKIDEXAMPLE"
secret_access_key = "{{{{ key }}}}"
session_token = "{{{{ token }}}}"
[send]
accepted = "status == 200"
{send}
[errors]
message = "body.message"
"#
    );
    Definition::parse(&text).unwrap()
}

async fn sent(definition: Definition, token: Option<&str>, status: u16, body: &str) -> (ProviderReply, Seen) {
    let gateway = Gateway::start(answer(status, body)).await;
    let mut own = json!({"base_url": gateway.base_url, "region": "us-east-1", "key": KEY});
    if let Some(token) = token {
        own["token"] = token.into();
    }
    let context = Context { clock: at("2015-08-30T12:36:00Z"), ..context() };
    let provider = open_defined("x", definition, settings(own), &context).unwrap();
    let outcome = send(&*provider, &Letter::new()).await;
    (outcome, gateway.only())
}

#[tokio::test]
async fn the_vectors_of_aws_hold() {
    let suite: Suite = toml::from_str(include_str!("sigv4.toml")).unwrap();
    assert!(suite.vector.len() >= 18);
    for vector in suite.vector {
        // The vectors are of another host than the socket's.
        let host = "Host = \"example.amazonaws.com\"";
        let request = match vector.send.split_once("headers = {") {
            Some((before, after)) => format!("{before}headers = {{ {host}, {after}"),
            None => format!("{}\nheaders = {{ {host} }}", vector.send),
        };
        let (outcome, seen) = sent(signing(&request), vector.session_token.as_deref(), 200, "").await;
        assert!(matches!(outcome, ProviderReply::Accepted(_)), "{}: {outcome:?}", vector.name);
        assert_eq!(seen.headers["authorization"], vector.authorization, "{}", vector.name);
        if (seen.path.as_str(), seen.query.as_str()) == ("/", "") && !vector.name.ends_with("trim") {
            assert_signed(&seen, KEY);
        }
        assert_eq!(seen.headers["x-amz-date"], "20150830T123600Z", "{}", vector.name);
        assert_eq!(seen.headers.get("x-amz-security-token"), vector.session_token.as_ref(), "{}", vector.name);
    }
}

#[tokio::test]
async fn a_space_of_the_query_is_sent_as_it_is_signed() {
    let (_, seen) = sent(signing("request = \"GET /\"\nquery = { a = \"b c+d\" }"), None, 200, "").await;
    assert_eq!(seen.query, "a=b%20c%2Bd");
}

#[tokio::test]
async fn nothing_of_a_signature_is_shown() {
    // What AWS answers where a signature does not match holds all that it was made of.
    let token = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4";
    let definition = || {
        // With a fixed host, so that both requests are signed alike.
        signing("request = \"POST /\"\nheaders = { Host = \"example.com\" }\nform = { Message = \"{{ text }}\" }")
    };
    let (_, seen) = sent(definition(), Some(token), 200, "").await;
    let signature = seen.headers["authorization"].rsplit('=').next().unwrap().to_owned();
    assert_eq!(signature.len(), 64);
    let echo = json!({"message": format!("no match: {signature} of {token} with {KEY}")});
    let (outcome, _) = sent(definition(), Some(token), 403, &echo.to_string()).await;
    let ProviderReply::Refused(refusal) = outcome else { panic!("{outcome:?}") };
    assert_eq!(refusal.message, "no match: [redacted] of [redacted] with [redacted]");
}

#[test]
fn a_request_has_one_authorization() {
    let text = "name = \"X\"\n[auth]\nbearer = \"b\"\n[auth.aws]\nservice = \"s\"\nregion = \"r\"\naccess_key_id = \"i\"\nsecret_access_key = \"k\"\n";
    let error = Definition::parse(text).unwrap_err().to_string();
    assert_eq!(
        error,
        "line 2, column 2: auth: expected only one of bearer, basic, aws: a request has one Authorization"
    );
    let error = Definition::parse("name = \"X\"\n[auth.aws]\nservice = \"s\"\n").unwrap_err().to_string();
    assert_eq!(error, "line 2, column 7: auth.aws: `region` is missing");
}

/// The catalog's definition, for AWS's own host in place of the socket's.
async fn authorization(kind: &str, host: &str, token: Option<&str>) -> String {
    let text = std::fs::read_to_string(format!("{}/src/provider/catalog/{kind}.toml", env!("CARGO_MANIFEST_DIR")));
    let host = format!("Host = \"{host}\"");
    let text = match text.unwrap() {
        text if text.contains("headers  = { ") => text.replacen("headers  = { ", &format!("headers = {{ {host}, "), 1),
        text => text.replace("[send]\n", &format!("[send]\nheaders = {{ {host} }}\n")),
    };
    let gateway = Gateway::start(answer(200, "")).await;
    let mut own = json!({
        "base_url": gateway.base_url,
        "region": "eu-central-1",
        "access_key_id": "AKIDEXAMPLE",
        "secret_access_key": "aws0123456789secret/abcdef+key",
    });
    if let Some(token) = token {
        own["session_token"] = token.into();
    }
    let provider = open_defined("x", Definition::parse(&text).unwrap(), settings(own), &context()).unwrap();
    send(&*provider, &Letter::new()).await;
    gateway.only().headers["authorization"].clone()
}

#[tokio::test]
async fn the_gateways_of_aws_are_asked_as_its_own_client_asks() {
    // Computed once by botocore 1.44.5 (SigV4Auth) from the same method, URL, headers, body and time.
    assert_eq!(
        authorization("aws_sns", "sns.eu-central-1.amazonaws.com", None).await,
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261122/eu-central-1/sns/aws4_request, \
         SignedHeaders=content-type;host;x-amz-date, \
         Signature=61e5177bd90c125d31d01ce255b56fab9bde5b7794847d391ef42a2e888a1d66"
    );
    let token = Some("IQoJb3JpZ2luX2VjEXAMPLEtoken//0123456789abcdef");
    assert_eq!(
        authorization("aws_sms", "sms-voice.eu-central-1.amazonaws.com", token).await,
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261122/eu-central-1/sms-voice/aws4_request, \
         SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, \
         Signature=0cd2f65b25ddab4b8f11d6c6e3653d743822adb85796053f4af5aa67573d22e9"
    );
}
