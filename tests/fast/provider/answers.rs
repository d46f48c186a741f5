//! Answers of the shapes that gateways have: text, a status per recipient inside HTTP 200, codes that mean "not sent".

use otpctl::provider::{Class, Definition, ProviderReply, open_defined};
use serde_json::json;

use crate::support::provider::{Gateway, Letter, Reply, context, json as answer, send, settings};

async fn outcome(rest: &str, reply: Reply) -> ProviderReply {
    outcome_of("", rest, reply).await
}

async fn outcome_of(top: &str, rest: &str, reply: Reply) -> ProviderReply {
    let definition =
        format!("name = \"X\"\n{top}\n[send]\nrequest = \"POST /m\"\nform = {{ to = \"{{{{ phone }}}}\" }}\n{rest}");
    let gateway = Gateway::start(reply).await;
    let own = settings(json!({"base_url": gateway.base_url}));
    let provider = open_defined("x", Definition::parse(&definition).unwrap(), own, &context()).unwrap();
    let outcome = send(&*provider, &Letter::new()).await;
    gateway.only();
    outcome
}

#[track_caller]
fn refused(outcome: ProviderReply) -> (Class, Option<String>, String) {
    match outcome {
        ProviderReply::Refused(refusal) => (refusal.class, refusal.code, refusal.message),
        other => panic!("not refused: {other:?}"),
    }
}

#[track_caller]
fn id(outcome: ProviderReply) -> Option<String> {
    match outcome {
        ProviderReply::Accepted(receipt) => receipt.id,
        other => panic!("not accepted: {other:?}"),
    }
}

const TEXT: &str = r#"
accepted = "body is startingwith('success')"
refused = "body is startingwith('error')"
id = "(body | split('|'))[2] | trim"
[errors]
code = "(body | split('|'))[1] | trim"
message = "(body | split('|'))[2] | trim"
[errors.classes]
credentials = [102]
"#;

#[tokio::test]
async fn a_text_is_split() {
    assert_eq!(
        id(outcome(TEXT, answer(200, "success | 919876543210 | 728014710863298817-1")).await).unwrap(),
        "728014710863298817-1"
    );
    let said = refused(outcome(TEXT, answer(200, "error | 102 | Authentication failed")).await);
    assert_eq!(said, (Class::Credentials, Some("102".to_owned()), "Authentication failed".to_owned()));
    let said = refused(outcome(TEXT, answer(200, "error | 900 | Else")).await);
    assert_eq!(said, (Class::Other, Some("900".to_owned()), "Else".to_owned()));
    assert!(matches!(outcome(TEXT, answer(200, "maybe")).await, ProviderReply::Unknown(_)));
}

const PER_RECIPIENT: &str = r#"
accepted = "body.messages[0].status == '0'"
id = "body.messages[0]['message-id']"
segments = "body['message-count']"
[errors]
code = "body.messages[0].status"
message = "body.messages[0]['error-text']"
[errors.classes]
balance = ["9"]
"#;

#[tokio::test]
async fn the_status_of_the_recipient_decides_inside_of_http_200() {
    let yes = r#"{"message-count":"1","messages":[{"status":"0","message-id":"0A00"}]}"#;
    assert_eq!(id(outcome(PER_RECIPIENT, answer(200, yes)).await).unwrap(), "0A00");
    let no = r#"{"message-count":"1","messages":[{"status":"9","error-text":"Quota Exceeded"}]}"#;
    let said = refused(outcome(PER_RECIPIENT, answer(200, no)).await);
    assert_eq!(said, (Class::Balance, Some("9".to_owned()), "Quota Exceeded".to_owned()));
    let else_wrong = r#"{"message-count":"1","messages":[{"status":"5","error-text":"Internal"}]}"#;
    assert!(matches!(outcome(PER_RECIPIENT, answer(200, else_wrong)).await, ProviderReply::Unknown(_)));
}

const XML: &str = r#"
accepted = "body.Reply.Result.Id"
id = "body.Reply.Result.Id"
[errors]
code = "body.Reply.Error[0].Code"
message = "body.Reply.Error[0].Text"
[errors.classes]
balance = ["9"]
"#;

#[tokio::test]
async fn xml_is_read_where_the_definition_says_so() {
    let reads = |rest: &'static str, reply| outcome_of("body = \"xml\"", rest, reply);
    let yes = "<?xml version=\"1.0\"?><x:Reply xmlns:x=\"urn:x\"><x:Result><x:Id>m1</x:Id></x:Result></x:Reply>";
    assert_eq!(id(reads(XML, answer(200, yes)).await).unwrap(), "m1");
    let no = "<Reply><Error><Code>9</Code><Text>No &lt;credit&gt;</Text></Error><Error/></Reply>";
    let said = refused(reads(XML, answer(400, no)).await);
    assert_eq!(said, (Class::Balance, Some("9".to_owned()), "No <credit>".to_owned()));
    for garbled in ["", "m1", "<Reply><Result><Id>m1", "{\"Reply\":{\"Result\":{\"Id\":\"m1\"}}}"] {
        assert!(matches!(reads(XML, answer(200, garbled)).await, ProviderReply::Unknown(_)), "{garbled:?}");
    }
    // Without the word it is a text.
    assert!(matches!(outcome(XML, answer(200, yes)).await, ProviderReply::Unknown(_)));
}

const SERVER: &str = r#"
accepted = "status == 202"
[errors]
code = "body.code"
message = "body.message"
[errors.classes]
server_error = ["E1"]
[errors.phrases]
balance = ["No Credit"]
"#;

#[tokio::test]
async fn a_server_error_is_a_refusal_only_where_the_definition_says_so() {
    let said = refused(outcome(SERVER, answer(500, r#"{"code":"E1","message":"queue down, not taken"}"#)).await);
    assert_eq!(said, (Class::ServerError, Some("E1".to_owned()), "queue down, not taken".to_owned()));
    for status in [500, 502, 503, 504, 408] {
        assert!(
            matches!(outcome(SERVER, answer(status, r#"{"code":"E2"}"#)).await, ProviderReply::Unknown(_)),
            "{status}"
        );
    }
}

#[tokio::test]
async fn words_tell_the_class_where_code_and_status_do_not() {
    let body = r#"{"message":"There is no credit left"}"#;
    assert_eq!(refused(outcome(SERVER, answer(400, body)).await).0, Class::Balance);
    assert_eq!(refused(outcome(SERVER, answer(401, body)).await).0, Class::Credentials);
}

#[tokio::test]
async fn a_gateway_without_ids_accepts_without_one() {
    assert_eq!(id(outcome(SERVER, answer(202, "")).await), None);
}

#[tokio::test]
async fn an_unlisted_code_in_a_2xx_is_what_the_definition_says() {
    let rest =
        |unlisted: &str| PER_RECIPIENT.replacen("[errors]\n", &format!("[errors]\nunlisted = \"{unlisted}\"\n"), 1);
    let body = r#"{"messages":[{"status":"33","error-text":"Number de-activated"}]}"#;
    let said = refused(outcome(&rest("refused"), answer(200, body)).await);
    assert_eq!(said, (Class::Other, Some("33".to_owned()), "Number de-activated".to_owned()));
    assert!(matches!(outcome(&rest("unknown"), answer(200, body)).await, ProviderReply::Unknown(_)));
    let worded = format!("{}[errors.phrases]\nrecipient = [\"de-activated\"]\n", rest("refused"));
    assert_eq!(refused(outcome(&worded, answer(200, body)).await).0, Class::Recipient);
    for zero in ["0", "000"] {
        let body = format!(r#"{{"messages":[{{"status":"{zero}"}}]}}"#);
        let outcome = outcome(&rest("refused"), answer(202, &body)).await;
        assert!(matches!(outcome, ProviderReply::Unknown(_)), "a yes without an id is no refusal: {outcome:?}");
    }
    for (status, body) in [(200, "{}"), (200, "not now"), (200, ""), (500, body), (502, body), (408, body)] {
        let outcome = outcome(&rest("refused"), answer(status, body)).await;
        assert!(matches!(outcome, ProviderReply::Unknown(_)), "{status} {body}: {outcome:?}");
    }
    let doubtful = rest("refused").replacen("id =", "doubtful = \"body.messages[0].status == '5'\"\nid =", 1);
    let internal = r#"{"messages":[{"status":"5"}]}"#;
    assert!(matches!(outcome(&doubtful, answer(200, internal)).await, ProviderReply::Unknown(_)));
}

#[tokio::test]
async fn a_403_is_about_the_key_only_where_nothing_else_is_said() {
    let class = async |rest: &str, status, body: &str| refused(outcome(rest, answer(status, body)).await).0;
    let unlisted = r#"{"code":"E9","message":"not to this network"}"#;
    assert_eq!(class(SERVER, 403, unlisted).await, Class::Other);
    assert_eq!(class(SERVER, 401, unlisted).await, Class::Credentials);
    assert_eq!(class(SERVER, 403, r#"{"message":"forbidden"}"#).await, Class::Credentials);
    assert_eq!(class(SERVER, 403, r#"{"message":"no credit"}"#).await, Class::Balance);
    let by_status = format!("{SERVER}[errors.statuses]\nregion = [403]\nrecipient = [404]\n");
    assert_eq!(class(&by_status, 403, r#"{"message":"no credit"}"#).await, Class::Region);
    assert_eq!(class(&by_status, 403, r#"{"code":"E1"}"#).await, Class::ServerError, "a code says more than a status");
    assert_eq!(class(&by_status, 404, "").await, Class::Recipient);
    assert!(!Class::Region.about_gateway() && !Class::Other.about_gateway(), "neither has the gateway skipped");
}

#[tokio::test]
async fn no_segments_are_not_known_segments() {
    for (parts, expected) in
        [("0", None), ("\"0\"", None), ("2", Some(2)), ("\"3\"", Some(3)), ("-1", None), ("null", None)]
    {
        let rest = "accepted = \"status == 200\"\nid = \"body.id\"\nsegments = \"body.parts\"\n";
        let reply = answer(200, &format!("{{\"id\":\"m1\",\"parts\":{parts}}}"));
        let ProviderReply::Accepted(receipt) = outcome(rest, reply).await else { panic!("not accepted") };
        assert_eq!(receipt.segments, expected, "{parts}");
    }
}
