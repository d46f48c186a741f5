//! Requests are signed as AWS publishes it: its vectors, through definitions and over a socket.

use otpctl::provider::{Context, Definition, Outcome, open_defined};
use serde::Deserialize;
use serde_json::json;

use crate::support::{Gateway, Letter, Seen, at, context, json as answer, send, settings};

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

async fn sent(definition: Definition, token: Option<&str>, status: u16, body: &str) -> (Outcome, Seen) {
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
        assert!(matches!(outcome, Outcome::Accepted(_)), "{}: {outcome:?}", vector.name);
        assert_eq!(seen.headers["authorization"], vector.authorization, "{}", vector.name);
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
    let Outcome::Refused(refusal) = outcome else { panic!("{outcome:?}") };
    assert_eq!(refusal.message, "no match: [redacted] of [redacted] with [redacted]");
}

#[test]
fn a_request_has_one_authorization() {
    let text = "name = \"X\"\n[auth]\nbearer = \"b\"\n[auth.aws]\nservice = \"s\"\nregion = \"r\"\naccess_key_id = \"i\"\nsecret_access_key = \"k\"\n";
    let error = Definition::parse(text).unwrap_err().to_string();
    assert_eq!(
        error,
        "line 2, column 1: `auth` has more than one of bearer, basic, aws: a request has one Authorization"
    );
    let error = Definition::parse("name = \"X\"\n[auth.aws]\nservice = \"s\"\n").unwrap_err().to_string();
    assert_eq!(error, "line 2, column 1: `auth.aws.region` is missing");
}
