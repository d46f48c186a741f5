//! Requests are signed as AWS publishes it: its vectors, through definitions and over a socket.

use otpctl::provider::{Context, Definition, ProviderReply, open_defined};
use serde::Deserialize;
use serde_json::{Value, json};

use data_encoding::{BASE64, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::support::provider::{Gateway, Letter, Seen, context, json as answer, machine, send, settings};

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

/// Holds a request to its signature, worked out again by another signer, where its gateway wants one.
pub fn assert_signed(kind: &str, seen: &Seen, settings: &Value) {
    let text = |name: &str| settings[name].as_str().unwrap_or_default();
    match kind {
        "aws_sms" | "aws_sns" => assert_signed_for_aws(seen, text("secret_access_key")),
        "azure" => assert_signed_for_azure(seen, text("access_key")),
        "tencent" => assert_signed_for_tencent(seen, text("secret_id"), text("secret_key")),
        "alibaba" | "alibaba_cn" => assert_signed_for_alibaba(seen, text("access_key_id"), text("access_key_secret")),
        _ => {}
    }
}

fn hash(text: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(text))
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mac = Hmac::<Sha256>::new_from_slice(key).unwrap().chain_update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// The headers with these names, a line each.
fn lines(seen: &Seen, names: &str) -> String {
    names.split(';').map(|name| format!("{name}:{}\n", seen.headers[name])).collect::<Vec<_>>().concat()
}

/// Step by step as AWS describes it
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>), for requests to `/`
/// without a query.
fn assert_signed_for_aws(seen: &Seen, key: &str) {
    assert_eq!((seen.path.as_str(), seen.query.as_str()), ("/", ""));
    let given = seen.headers["authorization"].strip_prefix("AWS4-HMAC-SHA256 Credential=").unwrap();
    let (credential, given) = given.split_once(", SignedHeaders=").unwrap();
    let (names, signature) = given.split_once(", Signature=").unwrap();
    for needed in ["content-type", "host", "x-amz-date", "x-amz-security-token", "x-amz-target"] {
        assert_eq!(names.split(';').any(|name| name == needed), seen.headers.contains_key(needed), "{needed}: {names}");
    }
    let (_, scope) = credential.split_once('/').unwrap();
    let request = format!("{}\n/\n\n{}\n{names}\n{}", seen.method, lines(seen, names), hash(&seen.body));
    let text = format!("AWS4-HMAC-SHA256\n{}\n{scope}\n{}", seen.headers["x-amz-date"], hash(&request));
    let key = scope.split('/').fold(format!("AWS4{key}").into_bytes(), |key, part| mac(&key, part));
    assert_eq!(signature, HEXLOWER.encode(&mac(&key, &text)));
}

/// <https://learn.microsoft.com/azure/communication-services/tutorials/hmac-header-tutorial>
fn assert_signed_for_azure(seen: &Seen, key: &str) {
    assert_eq!(seen.headers["x-ms-content-sha256"], BASE64.encode(&Sha256::digest(&seen.body)));
    let (date, host, content) =
        (&seen.headers["x-ms-date"], &seen.headers["host"], &seen.headers["x-ms-content-sha256"]);
    let text = format!("{}\n{}?{}\n{date};{host};{content}", seen.method, seen.path, seen.query);
    let signature = BASE64.encode(&mac(&BASE64.decode(key.as_bytes()).unwrap(), &text));
    let expected = format!("HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature={signature}");
    assert_eq!(seen.headers["authorization"], expected);
}

/// <https://cloud.tencent.com/document/api/213/30654>
fn assert_signed_for_tencent(seen: &Seen, id: &str, key: &str) {
    let names = "content-type;host;x-tc-action";
    let headers = lines(seen, names).to_lowercase();
    let request = format!("POST\n/\n\n{headers}\n{names}\n{}", hash(&seen.body));
    let scope = "2026-11-22/sms/tc3_request";
    let text = format!("TC3-HMAC-SHA256\n{}\n{scope}\n{}", seen.headers["x-tc-timestamp"], hash(&request));
    let key = scope.split('/').fold(format!("TC3{key}").into_bytes(), |key, part| mac(&key, part));
    let signature = HEXLOWER.encode(&mac(&key, &text));
    let expected = format!("TC3-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders={names}, Signature={signature}");
    assert_eq!(seen.headers["authorization"], expected);
}

/// <https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature>
fn assert_signed_for_alibaba(seen: &Seen, id: &str, key: &str) {
    let signed = |name: &&str| *name == "host" || *name == "content-type" || name.starts_with("x-acs-");
    // The map is in the order of the names.
    let names = seen.headers.keys().map(String::as_str).filter(signed).collect::<Vec<_>>().join(";");
    let request = format!("POST\n/\n{}\n{}\n{names}\n{}", seen.query, lines(seen, &names), hash(&seen.body));
    let signature = HEXLOWER.encode(&mac(key.as_bytes(), &format!("ACS3-HMAC-SHA256\n{}", hash(&request))));
    let expected = format!("ACS3-HMAC-SHA256 Credential={id},SignedHeaders={names},Signature={signature}");
    assert_eq!(seen.headers["authorization"], expected);
}

/// How the catalog signs for AWS, as another service.
fn sign(kind: &str, service: &str, other: &str) -> String {
    let path = format!("{}/src/provider/catalog/{kind}.toml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let (_, sign) = text.split_once("[auth.sign]").unwrap();
    let (sign, _) = sign.split_once("[send]").unwrap();
    format!("[auth.sign]{sign}")
        .replace(&format!("/{service}/"), &format!("/{other}/"))
        .replace(&format!("'{service}'"), &format!("'{other}'"))
}

/// A definition that signs, with this in its `[send]`.
fn signing(send: &str) -> Definition {
    let sign = sign("aws_sns", "sns", "service");
    let text = format!(
        r#"
name = "X"
[settings]
region = {{}}
access_key_id = {{ default = "AKIDEXAMPLE" }}
secret_access_key = {{ secret = true }}
session_token = {{ secret = true }}
{sign}
[send]
accepted = "status == 200"
{send}
[errors]
message = "body.message"
"#
    );
    Definition::parse(&text).unwrap()
}

#[test]
fn both_services_of_a_vendor_sign_alike() {
    assert_eq!(sign("aws_sns", "sns", "x"), sign("aws_sms", "sms-voice", "x"));
    assert_eq!(sign("alibaba", "x", "x"), sign("alibaba_cn", "x", "x"));
}

async fn sent(definition: Definition, token: Option<&str>, status: u16, body: &str) -> (ProviderReply, Seen) {
    let gateway = Gateway::start(answer(status, body)).await;
    let mut own = json!({"base_url": gateway.base_url, "region": "us-east-1", "secret_access_key": KEY});
    if let Some(token) = token {
        own["session_token"] = token.into();
    }
    let context = Context { machine: machine("2015-08-30T12:36:00Z"), ..context() };
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
            assert_signed_for_aws(&seen, KEY);
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
    let refused = |text: &str| Definition::parse(&format!("name = \"X\"\n{text}")).unwrap_err().to_string();
    assert_eq!(
        refused("[auth]\nbearer = \"b\"\n[auth.sign]\nheader = { A = \"b\" }\n"),
        "line 2, column 2: auth: expected only one of bearer, basic, oauth2, sign: a request has one Authorization"
    );
    assert_eq!(
        refused("[auth.sign]\nvalues = { a = \"b\" }\n"),
        "line 2, column 7: auth.sign: needs `header` or `query`: where the signature goes"
    );
    assert_eq!(
        refused("[settings]\nhost = {}\n[auth.sign]\nheader = { A = \"b\" }\n"),
        "line 4, column 7: auth.sign: the setting `host` hides what a signature is made of; rename it"
    );
    assert_eq!(
        refused("[auth.sign]\nvalues = { body = \"b\" }\nheader = { A = \"b\" }\n"),
        "line 3, column 19: auth.sign.values.body: `body` has a value already"
    );
    assert_eq!(
        refused("[auth.sign]\nvalues = { a = \"{{ b }}\", b = \"c\" }\nheader = { A = \"b\" }\n"),
        "line 3, column 16: auth.sign.values.a: unknown name `b`"
    );
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
