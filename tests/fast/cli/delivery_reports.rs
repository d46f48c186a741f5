//! `delivery record`: what a vendor told the application, in its own form or in ours.
//! These need no server.

use serde_json::{Value, json};

use crate::each_store::delivery_reports::{counts, gateways, send, told};
use crate::support::cli::{FREE, Machine, PHONE};

#[test]
fn our_own_form_is_a_document_lines_or_an_array() {
    let (_gateway, settings) = gateways();
    let machine = Machine::with(&settings);
    let (challenge, _) = send(&machine, &[PHONE]);
    let record = |text: &str| counts(&machine.stdin(&["delivery", "record", "--json"], text.as_bytes()));
    assert_eq!(record(&format!("{{\n  \"challenge_id\": \"{challenge}\",\n  \"state\": \"accepted\"\n}}")), [1, 0, 0]);
    assert_eq!(record(&format!("[{{\"challenge_id\":\"{challenge}\",\"state\":\"sent\"}}]")), [1, 0, 0]);
    let line = format!("{{\"phone\":\"98765 43210\",\"challenge_id\":\"{challenge}\",\"state\":\"delivered\"}}\n");
    machine.configure(&format!("region = \"IN\"\n{settings}"));
    assert_eq!(record(&(line.clone() + "\n" + &line)), [1, 1, 0]);
    let rows = machine.stdin(&["delivery", "record", "-o", "jsonl"], (line.clone() + &line).as_bytes());
    for row in rows.exits(0).stdout.lines() {
        let row: Value = serde_json::from_str(row).unwrap();
        assert_eq!((&row["schema"], &row["phone"]), (&"otpctl.delivery_record_row/1".into(), &PHONE.into()));
    }
    assert_eq!(rows.stdout.lines().count(), 2);
    let said = machine.stdin(&["delivery", "record"], line.as_bytes());
    assert_eq!(said.exits(0).stdout, format!("Nothing new for {PHONE}: it stays delivered.\n"));
}

#[test]
fn what_is_malformed_is_refused_whole() {
    let (_gateway, settings) = gateways();
    let machine = Machine::with(&settings);
    let (challenge, id) = send(&machine, &[PHONE]);
    let good = json!({"phone": PHONE, "message_id": id, "state": "delivered"}).to_string();
    for (bad, said) in [
        (format!("{good}\n{{\"phone\":\"{PHONE}\",\"message_id\":\"x\",\"state\":\"sent\",\"extra\":1}}"), "line 2"),
        (format!("{good}\n\n{{\"phone\":\"12\",\"message_id\":\"x\",\"state\":\"sent\"}}"), "line 3"),
        (format!("[{good},{{\"phone\":\"{PHONE}\",\"state\":\"sent\"}}]"), "report 2"),
        (format!("{good}\n{{\"message_id\":\"x\",\"state\":\"sent\"}}"), "line 2: a report with a `message_id`"),
        (format!("{good}\n{{\"challenge_id\":\"{challenge}\",\"state\":\"read\"}}"), "unknown variant `read`"),
        (format!("{good}\n{{\"challenge_id\":\"{challenge}\",\"state\":\"failed\",\"reason\":\"?\"}}"), "handset_off"),
        (format!("{good}\n{{\"challenge_id\":\"a b\",\"state\":\"sent\"}}"), "without spaces"),
        (
            format!("{good}\n{{\"challenge_id\":\"{challenge}\",\"state\":\"sent\",\"code\":\"\\u001b[2J\"}}"),
            "one line",
        ),
        (format!("{good}\n{{\"challenge_id\""), "this is not JSON"),
        (format!("{good}\nnonsense"), "line 2"),
        (String::new(), "there is no delivery report"),
        ("[]".to_owned(), "there is no delivery report"),
        (" ".repeat(1024 * 1024 + 1), "longer than 1048576 bytes"),
    ] {
        let error = machine.stdin(&["delivery", "record", "--json"], bad.as_bytes()).exits(2).error();
        assert!(error["message"].as_str().unwrap().contains(said), "{said}: {error}");
    }
    let vendor = |provider: &str, body: &str| {
        machine.stdin(&["delivery", "record", "--json", "--provider", provider], body.as_bytes())
    };
    for body in ["", "nonsense", "{}", "MessageStatus=sent", "MessageSid=SM1&To=%2B919876543210"] {
        vendor("twilio", body).exits(2);
    }
    let error = vendor("twilio", &format!("MessageSid={id}&MessageStatus=delivered")).exits(2).error();
    assert!(error["message"].as_str().unwrap().contains("--phone"), "{error}");
    let error = vendor("console", "x=1").exits(30).error();
    assert!(error["message"].as_str().unwrap().contains("no provider `console`"), "{error}");
    machine.stdin(&["delivery", "record"], b"\xff\xfe").exits(2);
    assert_eq!(told(&machine, PHONE), [""; 0]);
}

#[test]
fn a_vendors_report_without_a_number_is_of_the_one_that_is_named() {
    let (_gateway, settings) = gateways();
    let machine = Machine::with(&settings);
    let (challenge, id) = send(&machine, &[PHONE]);
    let record = |phone: &str, body: &str| {
        let words = ["delivery", "record", "--provider", "twilio", "--phone", phone, "--json"];
        machine.stdin(&words, body.as_bytes()).exits(0).json()
    };
    let recorded = record(PHONE, &format!("MessageSid={id}&MessageStatus=sent"));
    assert_eq!((&recorded["recorded"], &recorded["reports"][0]["phone"]), (&1.into(), &PHONE.into()));
    let recorded = record(&challenge, &format!("MessageSid={id}&MessageStatus=delivered&To=919876543210"));
    assert_eq!((&recorded["recorded"], &recorded["reports"][0]["phone"]), (&1.into(), &"+91*******210".into()));
    // The vendor's word on the number counts more.
    let recorded = record(PHONE, &format!("MessageSid={id}&MessageStatus=delivered&To=%2B919876543211"));
    assert_eq!(recorded["refused"], 1);
}

#[test]
fn a_protected_file_must_be_named_and_asks_nothing() {
    let (_gateway, settings) = gateways();
    let machine = Machine::with(&settings);
    let (challenge, _) = send(&machine, &[PHONE]);
    machine.configure(&format!("protected = true\n{settings}"));
    let report = json!({"challenge_id": challenge, "state": "delivered"}).to_string();
    machine.stdin(&["delivery", "record"], report.as_bytes()).exits(32);
    machine.run(&["wait", PHONE]).exits(32);
    let config = machine.config().display().to_string();
    let words = ["--config", &config, "delivery", "record", "--json", "--reason", "webhook"];
    let rehearsed = machine.stdin(&[&words[..], &["--dry-run"]].concat(), report.as_bytes()).exits(0).json();
    assert_eq!((&rehearsed["recorded"], &rehearsed["dry_run"]), (&1.into(), &true.into()));
    assert_eq!(told(&machine, PHONE), [""; 0]);
    assert_eq!(counts(&machine.stdin(&words, report.as_bytes())), [1, 0, 0]);
    let event = &machine.inspect(PHONE)["timeline"][0];
    assert_eq!((&event["result"], &event["reason"]), (&"delivered".into(), &"webhook".into()));
    machine.run(&["--config", &config, "wait", PHONE]).exits(0);
}

#[test]
fn another_event_needs_neither_a_store_nor_a_file_that_is_named() {
    let (_gateway, settings) = gateways();
    let dead = "[store.redis]\nurl = \"redis://127.0.0.1:1\"\n";
    let machine = Machine::with(&format!("protected = true\n{settings}{dead}"));
    let click = "event_type=click&sms_sid=SM1&to=%2B919876543210&link=https%3A%2F%2Fexample.com";
    let words = ["delivery", "record", "--provider", "twilio", "--json"];
    let document = machine.stdin(&words, click.as_bytes()).exits(0).json();
    assert_eq!((&document["not_reports"], &document["reports"][0]["event"]), (&1.into(), &"click".into()));
}

/// An SMSC writes the id in a receipt with other zeros, in other capitals, or in other digits than when it took the message.
#[test]
fn a_receipt_of_an_smsc_finds_its_message_however_it_writes_the_id() {
    for (accepted, ids, receipt, found) in [
        ("0001AF", "same", "1af", true),
        ("1af", "same", "00000001AF", true),
        ("1AF", "decimal", "431", true),
        ("431", "hex", "000001AF", true),
        ("f9168c5eca644f0dbbb3d0e5a1b2c3d4", "decimal", "331094848528760844021741085588035126228", true),
        ("1AF", "same", "431", false),
        ("431", "decimal", "431", false),
    ] {
        let policy = format!("{FREE}[policy]\ncountries = [\"IN\"]\n[providers.sms]\n");
        let program = format!("cat > /dev/null; echo {accepted}");
        let machine = Machine::with(&format!("{policy}kind = \"command\"\nargv = [\"sh\", \"-c\", {program:?}]\n"));
        send(&machine, &[PHONE]);
        machine.configure(&format!(
            "{policy}kind = \"smpp\"\nhost = \"127.0.0.1\"\nsystem_id = \"a\"\npassword = \"b\"\nreceipt_ids = \"{ids}\"\n"
        ));
        let line = format!(
            "id:{receipt} sub:001 dlvrd:001 submit date:2611221200 done date:2611221201 stat:DELIVERED err:000 text:x\n"
        );
        let words = ["delivery", "record", "--provider", "sms", "--phone", PHONE, "--json"];
        let counted = counts(&machine.stdin(&words, line.as_bytes()));
        assert_eq!(counted, if found { [1, 0, 0] } else { [0, 0, 1] }, "{accepted} {ids} {receipt}");
        assert_eq!(told(&machine, PHONE), if found { ["delivered"] } else { ["refused"] });
    }
}
