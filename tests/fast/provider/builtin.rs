//! The providers that are code: console, outbox, command.

use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};

use otpctl::otp::Secret;
use otpctl::provider::{
    Class, Context, OpenError, ProviderReply, QueryError, Setting, SettingError, Settings, describe, is_real, kinds,
    open,
};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::AT_ONCE;
use crate::support::provider::{CODE, Letter, PHONE, assert_clean, context, send, send_in_vain, settings, words};
use crate::support::until::{is_gone, until};

fn accepted(outcome: &ProviderReply) -> Option<&str> {
    match outcome {
        ProviderReply::Accepted(receipt) => receipt.id.as_deref(),
        other => panic!("not accepted: {other:?}"),
    }
}

#[track_caller]
fn refused(outcome: &ProviderReply) -> (Class, &str) {
    match outcome {
        ProviderReply::Refused(refusal) => (refusal.class, &refusal.message),
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn the_console_gives_the_sms_to_its_sink() {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let kept = lines.clone();
    let console = Arc::new(move |line: &str| {
        kept.lock().unwrap().push(line.to_owned());
        Ok(())
    });
    let context = Context { console, ..context() };
    let provider = open("console", "console", Settings::default(), &context).unwrap();
    let mut letter = Letter::new();
    letter.text = "042917 is\u{1b}[2J it\n\n@example.com #042917".to_owned();
    assert_eq!(accepted(&send(&*provider, &letter).await), Some("ch_test1"));
    let expected = format!("SMS to {PHONE}: 042917 is\\u{{1b}}[2J it\n\n@example.com #042917");
    assert_eq!(*lines.lock().unwrap(), [expected]);
}

#[tokio::test]
async fn the_outbox_appends_one_line_that_only_its_owner_can_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox.jsonl");
    let provider = open("ci", "outbox", settings(json!({"path": path})), &context()).unwrap();
    let letter = Letter::new();
    assert_eq!(accepted(&send(&*provider, &letter).await), Some("ch_test1"));
    send(&*provider, &letter).await;
    let text = std::fs::read_to_string(&path).unwrap();
    let line = format!(
        r#"{{"at":"2026-11-22T12:00:00.000Z","phone":"{PHONE}","text":"{CODE} is your Example code.","code":"{CODE}","challenge_id":"ch_test1","provider":"ci"}}"#
    );
    assert_eq!(text, format!("{line}\n{line}\n"));
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn an_outbox_that_cannot_be_written_has_surely_not_sent() {
    let provider = open("o", "outbox", settings(json!({"path": "/dev/null/outbox.jsonl"})), &context()).unwrap();
    let outcome = send(&*provider, &Letter::new()).await;
    assert_eq!(refused(&outcome).0, Class::Unreachable);
    assert_clean(&words(&outcome), &[]);
}

async fn command(script: &str) -> ProviderReply {
    let argv = json!(["/bin/sh", "-c", script]);
    let provider = open("c", "command", settings(json!({"argv": argv, "timeout": "2s"})), &context()).unwrap();
    send(&*provider, &Letter::new()).await
}

#[tokio::test]
async fn a_command_reads_one_document_and_answers_with_an_id() {
    let folder = tempfile::tempdir().unwrap();
    let seen = folder.path().join("seen");
    let outcome = command(&format!("cat > {}; echo ' id-1 '; echo more", seen.display())).await;
    assert_eq!(accepted(&outcome), Some("id-1"));
    let document: Value = serde_json::from_slice(&std::fs::read(seen).unwrap()).unwrap();
    let expected = json!({
        "schema": "otpctl.message/1", "at": "2026-11-22T12:00:00.000Z", "phone": PHONE, "code": CODE,
        "text": format!("{CODE} is your Example code."), "challenge_id": "ch_test1", "app": "Example",
        "purpose": "login", "lang": null,
    });
    assert_eq!(document, expected);
}

#[tokio::test]
async fn a_command_that_says_nothing_or_a_sentence_has_no_id() {
    assert_eq!(accepted(&command("exit 0").await), None);
    assert_eq!(accepted(&command("cat > /dev/null; echo sent it to someone").await), None);
    assert_eq!(accepted(&command("yes | head -c 200000").await), Some("y"));
}

#[tokio::test]
async fn the_exit_status_of_a_command_is_its_answer() {
    let outcome = command("cat >&2; exit 3").await;
    let (class, message) = refused(&outcome);
    assert_eq!(class, Class::Other);
    assert!(message.contains("[redacted]"), "{message}");
    assert_clean(&words(&outcome), &[]);
    assert_eq!(refused(&command("exit 3").await), (Class::Other, "the program ended with exit status 3"));
    assert_eq!(refused(&command("echo later >&2; exit 75").await), (Class::Unreachable, "later"));
    assert!(matches!(command("kill -9 $$").await, ProviderReply::Unknown(_)));
}

#[tokio::test]
async fn a_command_that_cannot_be_run_has_surely_not_sent() {
    let provider = open("c", "command", settings(json!({"argv": ["/nonexistent/sms"]})), &context()).unwrap();
    assert_eq!(refused(&send(&*provider, &Letter::new()).await).0, Class::Unreachable);
}

#[tokio::test]
async fn a_command_that_hangs_is_killed_with_its_children_and_leaves_a_doubt() {
    let folder = tempfile::tempdir().unwrap();
    let child = folder.path().join("child");
    let argv = json!(["/bin/sh", "-c", format!("sleep 60 & echo $! > {}; wait", child.display())]);
    let provider = open("c", "command", settings(json!({"argv": argv})), &context()).unwrap();
    let id = || std::fs::read_to_string(&child).unwrap_or_default();
    let outcome = send_in_vain(&*provider, &Letter::new(), || id().ends_with('\n')).await;
    assert!(matches!(outcome, ProviderReply::Unknown(_)), "{outcome:?}");
    let child = id();
    until("its child is killed", || is_gone(child.trim()));
}

/// What a provider says of itself, or its refusal.
async fn tested(kind: &str, value: Value) -> Result<String, (Class, String)> {
    let provider = open("x", kind, settings(value), &context()).unwrap();
    assert!(provider.capabilities().test && describe(kind).unwrap().can.test);
    match provider.test(Instant::now()).await {
        Ok(says) => Ok(says.unwrap()),
        Err(QueryError::Refused(refusal)) => Err((refusal.class, refusal.message)),
        Err(other) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_test_of_the_outbox_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox.jsonl");
    assert!(tested("outbox", json!({"path": path})).await.unwrap().contains("outbox.jsonl"));
    assert!(!path.exists());
    std::fs::write(&path, "a line\n").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    tested("outbox", json!({"path": path})).await.unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "a line\n");
    for closed in ["/dev/null/outbox.jsonl", "/nonexistent/outbox.jsonl"] {
        assert_eq!(tested("outbox", json!({"path": closed})).await.unwrap_err().0, Class::Unreachable, "{closed}");
    }
}

#[tokio::test]
async fn a_test_of_a_command_finds_it_and_does_not_run_it() {
    let folder = tempfile::tempdir().unwrap();
    let (program, ran) = (folder.path().join("sms"), folder.path().join("ran"));
    std::fs::write(&program, format!("#!/bin/sh\ntouch {}\n", ran.display())).unwrap();
    let refused = tested("command", json!({"argv": [program]})).await.unwrap_err();
    assert_eq!(refused.0, Class::Unreachable, "it may not be run: {}", refused.1);
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
    tested("command", json!({"argv": [program]})).await.unwrap();
    assert!(!ran.exists());
    assert!(tested("command", json!({"argv": ["sh", "-c", "exit 1"]})).await.unwrap().contains("/bin/sh"));
    for missing in ["otpctl-no-such-program", "/nonexistent/sms", "/tmp", ""] {
        tested("command", json!({"argv": [missing]})).await.unwrap_err();
    }
    tested("console", json!({})).await.unwrap();
}

#[tokio::test]
async fn what_a_command_leaves_behind_does_not_hold_it_up() {
    let started = Instant::now();
    assert_eq!(accepted(&command("echo id-2; sleep 600 & exit 0").await), Some("id-2"));
    assert!(started.elapsed() < AT_ONCE);
}

#[test]
fn settings_are_checked_by_name_and_never_quoted() {
    let wrong = |kind: &str, value: Value| open("x", kind, settings(value), &context()).err().unwrap().to_string();
    assert_eq!(wrong("outbox", json!({})), "`path` is missing");
    assert_eq!(wrong("outbox", json!({"path": 5})), "`path` must be a text in quotes");
    assert_eq!(wrong("outbox", json!({"pth": "v4lue"})), "there is no setting `pth`; did you mean `path`?");
    assert_eq!(wrong("command", json!({})), "`argv` is missing");
    assert!(wrong("command", json!({"argv": "sms --x"})).starts_with("`argv` must be a list of texts"));
    assert_eq!(wrong("telnyx", json!({"from": "x"})), "`api_key` is missing");
    assert!(wrong("telnyx", json!({"api_key": "v4lue"})).starts_with("set `from`, or `messaging_profile_id`"));
    assert!(wrong("telnyx", json!({"api_key": "v4lue\n", "from": "x"})).starts_with("`api_key` holds a line break"));
    let mut infobip = json!({"api_key": "v4lue", "sender": "x"});
    assert_eq!(wrong("infobip", infobip.clone()), "`base_url` is missing");
    infobip["validity"] = json!(5);
    assert_eq!(wrong("infobip", infobip), "`validity` and `validity_unit` go together");
    let plivo = json!({"auth_id": "x", "auth_token": "v4lue"});
    assert!(wrong("plivo", plivo.clone()).starts_with("set `src`, or `powerpack_uuid`"));
    let mut both = plivo;
    both["src"] = json!("13125550100");
    both["powerpack_uuid"] = json!("x");
    assert_eq!(wrong("plivo", both), "`src` and `powerpack_uuid` do not go together");
    assert_eq!(wrong("msg19", json!({})), "there is no provider kind `msg19`; did you mean `msg91`?");
    let full = |more: Value| {
        let mut all = json!({"authkey": "v4lue", "template_id": "64b1f0c2d6fc0551a1b2c3d4"});
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        wrong("msg91", all)
    };
    assert_eq!(
        full(json!({"base_url": "http://api.example.com"})),
        "`base_url` would send secrets over the internet unencrypted; use https://"
    );
    assert_eq!(
        full(json!({"base_url": "https://u:v4lue@example.com"})),
        "`base_url` holds a user or password; put them into the settings"
    );
    assert_eq!(full(json!({"timeout": "soon"})), "`timeout` must be a duration such as \"30s\" or \"1h30m\"");
    assert_eq!(
        full(json!({"variables": {"a": "{{ kode }}"}})),
        "`variables`: unknown name `kode`; did you mean `code`?"
    );
    assert!(full(json!({"variables": {"a": "{{ code"}})).starts_with("`variables`: "));
    assert_eq!(full(json!({"variables": "v4lue"})), "`variables` must be a table");
    assert!(full(json!({"template_id": "1207161234567890123"})).contains("DLT template id"));
}

#[test]
fn a_duration_is_written_as_everywhere_in_the_file() {
    let with = |timeout: &str| {
        let all = settings(json!({"api_key": "KEY", "from": "+13125550100", "timeout": timeout}));
        open("t", "telnyx", all, &context()).map(|_| ()).map_err(|error| error.to_string())
    };
    for right in ["1d", "1h30m", "90s", "500ms"] {
        assert_eq!(with(right), Ok(()), "{right}");
    }
    for wrong in ["0s", "1m 30s", "1.5h", "PT30S", "30", "30 seconds"] {
        assert!(with(wrong).unwrap_err().starts_with("`timeout` must be a duration"), "{wrong}");
    }
}

#[test]
fn a_secret_from_elsewhere_is_taken_where_a_text_is() {
    let mut all = settings(json!({"from": "+13125550100"}));
    all.0.insert("api_key".to_owned(), Setting::Secret(Secret::new("KEY".to_owned())));
    assert!(open("t", "telnyx", all, &context()).is_ok());
    let argv = Settings([("argv".to_owned(), Setting::Secret(Secret::new("x".to_owned())))].into());
    assert!(matches!(
        open("c", "command", argv, &context()).err().unwrap(),
        OpenError::Setting(SettingError::WrongType { .. })
    ));
}

#[cfg(not(feature = "smpp"))]
#[test]
fn a_kind_that_was_left_out_says_how_to_get_it() {
    let wrong = open("s", "smpp", Settings::default(), &context()).err().unwrap().to_string();
    assert_eq!(wrong, "this otpctl was built without `smpp`: build it with `cargo build --release --features smpp`");
}

#[test]
#[expect(clippy::too_many_lines, reason = "all kinds by their names")]
fn every_kind_describes_itself() {
    let known: Vec<_> = kinds().collect();
    assert_eq!(
        known,
        [
            "console",
            "outbox",
            "command",
            "smpp",
            "46elks",
            "africastalking",
            "alibaba",
            "alibaba_cn",
            "aws_sms",
            "aws_sns",
            "azure",
            "bird",
            "brevo",
            "bulksms",
            "clickatell",
            "clicksend",
            "esendex",
            "exotel",
            "fast2sms",
            "gupshup",
            "infobip",
            "kaleyra",
            "kavenegar",
            "messagebird",
            "msg91",
            "msg91_otp",
            "msg91_whatsapp",
            "netgsm",
            "plivo",
            "semaphore",
            "sinch",
            "smsapi",
            "smscru",
            "smsru",
            "telegram",
            "telnyx",
            "tencent",
            "termii",
            "textlocal",
            "twilio",
            "twilio_voice",
            "twofactor",
            "unifonic",
            "vonage",
            "vonage_messages",
            "whatsapp",
            "yunpian"
        ]
    );
    for kind in known {
        let held = [
            "alibaba_cn",
            "fast2sms",
            "msg91",
            "msg91_otp",
            "msg91_whatsapp",
            "telegram",
            "tencent",
            "twilio_voice",
            "twofactor",
            "whatsapp",
        ];
        let description = describe(kind).unwrap();
        assert_eq!(description.kind, kind);
        assert_eq!(description.real, is_real(kind));
        assert_eq!(description.template_sender, held.contains(&kind));
        assert!(
            description.settings.iter().all(|spec| spec.help.is_some() && !(spec.secret && spec.default.is_some())),
            "{kind}"
        );
    }
    assert!(describe("nothing").is_none());
    assert_eq!((describe("telnyx").unwrap().can.status, describe("msg91").unwrap().can.status), (true, false));
}

#[test]
fn classes_say_what_they_mean_for_the_caller() {
    let down: Vec<_> = Class::ALL.into_iter().filter(|class| class.is_down()).collect();
    assert_eq!(down, [Class::Throttled, Class::Unreachable, Class::ServerError]);
    assert!(
        Class::ALL.into_iter().all(|class| Class::named(class.as_str()) == Some(class) && !class.hint().is_empty())
    );
}
