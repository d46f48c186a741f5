//! Values stay where they are put: in JSON, form, path, query and header.

use std::collections::BTreeMap;

use otpctl::provider::{Class, Definition, ProviderReply, open_defined};
use serde_json::{Value, json};

use crate::support::provider::{Gateway, Letter, Seen, context, json as answer, send, settings};

const ODD: &str = "a\"b&c=d\n{{ code }}/../é%2f+ ;#?";

async fn sent(request: &str, app: &str) -> (ProviderReply, Vec<Seen>) {
    let definition = format!(
        "name = \"X\"\n[settings]\nkey = {{ secret = true }}\n[auth]\nquery = {{ key = \"{{{{ key }}}}\" }}\n[send]\n{request}\naccepted = \"status == 200\"\nid = \"body.id\"\n"
    );
    let gateway = Gateway::start(answer(200, r#"{"id":"m1"}"#)).await;
    let own = settings(json!({"base_url": format!("{}/base", gateway.base_url), "key": "k&y=1"}));
    let provider = open_defined("x", Definition::parse(&definition).unwrap(), own, &context()).unwrap();
    let mut letter = Letter::new();
    letter.app = app.to_owned();
    let outcome = send(&*provider, &letter).await;
    let seen = gateway.seen.lock().unwrap().clone();
    (outcome, seen)
}

fn pairs(text: &str) -> BTreeMap<String, String> {
    let url = reqwest::Url::parse(&format!("http://x?{text}")).unwrap();
    url.query_pairs().into_owned().collect()
}

#[tokio::test]
async fn a_text_stays_one_value_of_the_json() {
    let (_, seen) = sent("request = \"POST /m\"\njson = { a = \"{{ app }}\", b = \"<{{ app }}>\" }", ODD).await;
    let body: Value = serde_json::from_str(&seen[0].body).unwrap();
    assert_eq!(body, json!({"a": ODD, "b": format!("<{ODD}>")}));
}

#[tokio::test]
async fn a_text_stays_one_value_of_the_form() {
    let (_, seen) = sent("request = \"POST /m\"\nform = { a = \"{{ app }}\" }", ODD).await;
    assert_eq!(pairs(&seen[0].body), BTreeMap::from([("a".to_owned(), ODD.to_owned())]));
}

#[tokio::test]
async fn a_text_stays_one_value_of_the_query() {
    let (_, seen) = sent("request = \"GET /m\"\nquery = { a = \"{{ app }}\", gone = \"{{ lang }}\" }", ODD).await;
    let expected = [("a".to_owned(), ODD.to_owned()), ("key".to_owned(), "k&y=1".to_owned())];
    assert_eq!(pairs(&seen[0].query), BTreeMap::from(expected));
}

#[tokio::test]
async fn a_text_stays_one_segment_of_the_path() {
    let (_, seen) = sent("request = \"GET /m/{{ app }}/x-{{ app }}/\"", "a/../b?c#d%2e&é").await;
    assert_eq!(seen[0].path, "/base/m/a%2F..%2Fb%3Fc%23d%252e&%C3%A9/x-a%2F..%2Fb%3Fc%23d%252e&%C3%A9/");
    for climbs in ["..", ".", ""] {
        let (outcome, seen) = sent("request = \"GET /m/{{ app }}/x\"", climbs).await;
        assert!(matches!(outcome, ProviderReply::Refused(refusal) if refusal.class == Class::Other), "{climbs:?}");
        assert!(seen.is_empty(), "{climbs:?}");
    }
}

#[tokio::test]
async fn a_line_break_never_gets_into_a_header() {
    let request = "request = \"GET /m\"\nheaders = { X-App = \"{{ app }}\" }";
    let (_, seen) = sent(request, "plain; text").await;
    assert_eq!(seen[0].headers["x-app"], "plain; text");
    for broken in ["a\r\nX-Evil: 1", "a\nb", "a\0b"] {
        let (outcome, seen) = sent(request, broken).await;
        let ProviderReply::Refused(refusal) = outcome else { panic!("{outcome:?}") };
        assert_eq!(refusal.message, "the request could not be made: the header `X-App` cannot hold its value");
        assert!(seen.is_empty());
    }
}
