//! `doctor` on machines that are well, and on machines with one thing wrong.
//! These need no server.

use std::fs;
use std::io::Read as _;
use std::net::TcpListener;
use std::process::Stdio;
use std::time::Instant;

use serde_json::Value;

use crate::support::AT_ONCE;
use crate::support::cli::{FREE, Machine, PEPPER, PHONE, set_mode};
use crate::support::doctor::{checks, complaints, doctor, on, says};
use crate::support::gateway::Gateway;
use crate::support::port::closed_port;

const KEY: &str = "KEY0sEcReT99";

fn telnyx(base_url: &str) -> String {
    format!(
        "[policy]\ncountries = [\"IN\"]\n[message]\napp = \"Example\"\n[providers.main]\nkind = \"telnyx\"\n\
         api_key = \"{KEY}\"\nfrom = \"+13125550100\"\nbase_url = \"{base_url}\"\n"
    )
}

#[test]
fn a_new_machine_is_well() {
    let machine = Machine::new();
    let ran = doctor(&machine);
    ran.exits(0);
    assert_eq!(complaints(&ran), [""; 0]);
    says(&ran, "code.peppers", "ok", "created with the first code");
    assert!(!machine.path(".local/state/otpctl/pepper").exists(), "nothing is made by looking");
    machine.send(PHONE);
    let ran = doctor(&machine);
    assert_eq!(complaints(&ran), [""; 0]);
    for (id, words) in [
        ("config.file", "none"),
        ("message.text", "1 segment, "),
        ("code.peppers", "can be fetched"),
        ("store.reach", "answers in"),
        ("store.commit", "accepts changes"),
        ("store.file", "otpctl.db"),
        ("store.disk", "left on the disk"),
        ("routes.default", "console"),
        ("providers.console.test", "sends none"),
    ] {
        says(&ran, id, "ok", words);
    }
    let rows = machine.run(&["doctor"]);
    let widths: Vec<usize> = rows.exits(0).stdout.lines().map(|line| line.split('\t').count()).collect();
    assert!(widths.len() > 9 && widths.iter().all(|width| *width == 4), "{rows:?}");
}

#[test]
fn a_role_is_told_of_what_it_needs_and_of_nothing_else() {
    // The key of the gateway is not there, and its text is sent as Unicode.
    let file = telnyx("http://127.0.0.1:9").replace(&format!("\"{KEY}\""), "{ env = \"NOT_SET\" }");
    let file = file.replace("[message]\n", "[message]\ntext = \"{{ code }} \u{2713}\"\n");
    let ids = |role: &str| {
        let machine = Machine::with(&format!(
            "{role}{file}[routes]\ndefault = [\"main\"]\n[providers.outbox]\npath = \"outbox.jsonl\"\n"
        ));
        let ran = doctor(&machine);
        (ran.code, checks(&ran).into_keys().collect::<Vec<_>>())
    };
    let has = |ids: &[String], start: &str| ids.iter().any(|id| id.starts_with(start));
    let (code, all) = ids("");
    assert_eq!(code, 30);
    for id in ["message.text", "routes.", "store.commit", "store.keys", "providers.main.", "providers.outbox"] {
        assert!(has(&all, id), "{id}: {all:?}");
        assert!(has(&ids("role = \"operator\"\n").1, id), "{id}");
    }
    let (code, own) = ids("role = \"support\"\n");
    assert_eq!(code, 30, "it asks the gateway for states: {own:?}");
    assert!(!has(&own, "message.") && !has(&own, "routes.") && !has(&own, "store.commit"), "{own:?}");
    let (code, own) = ids("role = \"ci\"\n");
    assert_eq!(code, 0, "it uses no gateway: {own:?}");
    assert!(!has(&own, "providers.main") && !has(&own, "store.keys") && has(&own, "providers.outbox"), "{own:?}");
}

#[test]
fn a_store_that_is_not_there_hides_nothing_else() {
    let machine = on(&format!("redis://127.0.0.1:{}/0", closed_port()), &telnyx("http://127.0.0.1:9"));
    let began = Instant::now();
    let ran = doctor(&machine);
    assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
    says(ran.exits(20), "store.reach", "fail", "127.0.0.1");
    says(&ran, "providers.main", "ok", "opens");
    says(&ran, "code.peppers.1", "ok", "can be fetched");
    assert!(!ran.words().contains(KEY), "{ran:?}");

    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let machine = on(&format!("redis://{}/0", silent.local_addr().unwrap()), &telnyx("http://127.0.0.1:9"));
    let began = Instant::now();
    let ran = machine.run(&["doctor", "--json", "--timeout", "2s"]);
    assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
    says(ran.exits(20), "store.reach", "fail", "");
    says(&ran, "providers.main", "ok", "opens");
}

#[test]
fn files_that_others_may_read_or_write_are_told_with_what_to_type() {
    let machine = Machine::new();
    machine.send(PHONE);
    let (database, pepper) =
        (machine.path(".local/state/otpctl/otpctl.db"), machine.path(".local/state/otpctl/pepper"));
    set_mode(&database, 0o644);
    says(doctor(&machine).exits(30), "store.reach", "fail", "chmod 600");
    set_mode(&database, 0o600);
    set_mode(&pepper, 0o644);
    says(doctor(&machine).exits(30), "code.peppers", "fail", "chmod 600");
    set_mode(&pepper, 0o600);
    set_mode(&machine.path(".local/state/otpctl"), 0o777);
    says(doctor(&machine).exits(0), "store.file", "warn", "chmod go-w");
    set_mode(&machine.path(".local/state/otpctl"), 0o700);

    machine.configure("");
    set_mode(&machine.config(), 0o666);
    let ran = doctor(&machine);
    says(ran.exits(30), "config.file", "fail", "chmod 600");
    assert_eq!(checks(&ran).len(), 1, "nothing else is known");
    fs::remove_file(machine.config()).unwrap();
    machine.configure("lenght = 6\n");
    says(doctor(&machine).exits(30), "config.file", "fail", "lenght");
    let gone = machine.run(&["doctor", "--json", "--config", "/nonexistent.toml"]);
    says(gone.exits(30), "config.file", "fail", "no such file");
}

#[test]
fn providers_are_called_only_when_that_is_asked_for() {
    let gateway = Gateway::start(401, r#"{"errors":[{"code":"10009","detail":"no key KEY0sEcReT99"}]}"#);
    let machine = Machine::with(&telnyx(&gateway.base_url));
    doctor(&machine).exits(0);
    machine.run(&["doctor", "--providers", "--dry-run"]).exits(0);
    assert_eq!(gateway.requests(), [""; 0]);
    let ran = machine.run(&["doctor", "--providers", "--json", "-vv"]);
    says(ran.exits(25), "providers.main.test", "fail", "credentials, code 10009");
    assert!(!ran.words().contains(KEY), "{ran:?}");
    let works = Gateway::start(200, r#"{"data":{"available_credit":"12.50","currency":"EUR"}}"#);
    let machine = Machine::with(&telnyx(&works.base_url));
    let ran = machine.run(&["doctor", "--providers", "--json"]);
    says(ran.exits(0), "providers.main.test", "ok", "12.50 EUR");
    says(&ran, "providers.main.balance", "ok", "12.50 EUR left");
    assert_eq!(works.asked(), 1);
    let empty = Gateway::start(200, r#"{"data":{"available_credit":"0.00","currency":"EUR"}}"#);
    let machine = Machine::with(&telnyx(&empty.base_url));
    let ran = machine.run(&["doctor", "--providers", "--json"]);
    says(ran.exits(0), "providers.main.balance", "warn", "no credit is left: 0.00 EUR");
}

#[test]
fn who_is_passed_over_is_told() {
    let closed = format!("http://127.0.0.1:{}", closed_port());
    let machine = Machine::with(&format!("{FREE}[routes]\npass_over = {{ after = 1 }}\n{}", telnyx(&closed)));
    machine.run(&["send", PHONE]).exits(26);
    says(doctor(&machine).exits(0), "providers.main", "warn", "skipped until");
}

#[test]
fn secrets_that_cannot_be_fetched_are_told_and_stop_nobody_else() {
    let second = "[routes]\ndefault = [\"main\", \"other\"]\n[providers.other]\nkind = \"telnyx\"\nfrom = \"x\"\n";
    let settings = |secret: &str| format!("{}{second}api_key = {secret}\n", telnyx("http://127.0.0.1:9"));
    let machine = Machine::with(&settings("{ env = \"NO_SUCH_KEY\" }"));
    let ran = doctor(&machine);
    says(ran.exits(30), "providers.other.api_key", "fail", "NO_SUCH_KEY");
    says(&ran, "providers.main", "ok", "opens");
    assert!(!checks(&ran).contains_key("providers.other"), "it is told once");

    machine.configure(&settings("{ command = [\"sleep\", \"600\"] }"));
    let began = Instant::now();
    let ran = machine.run(&["doctor", "--json", "--timeout", "2s"]);
    assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
    says(ran.exits(30), "config.secrets", "fail", "too long");
    says(&ran, "providers.other", "fail", "too long");
    says(&ran, "store.commit", "ok", "accepts changes");
    says(&ran, "providers.main", "ok", "opens");
}

#[test]
fn slips_of_the_file_are_told_too() {
    let machine = Machine::with(
        "[policy]\ncountries = []\n[message]\ntext = \"no place for it\"\n\
         [[test_numbers]]\nphone = \"+12025550100\"\ncode = \"424242\"\nvalid_until = 2020-01-01\n",
    );
    let ran = doctor(&machine);
    says(ran.exits(30), "message.text", "fail", "");
    says(&ran, "policy.countries", "warn", "no country");
    says(&ran, "test_numbers.0", "warn", "past");
    let machine = Machine::with(
        "[[test_numbers]]\nphone = \"+12025550100\"\ncode = \"424242\"\nvalid_until = 2099-01-01\n\
         [policy]\ncountries = [\"IN\"]\n[providers.gupshup]\nuserid = \"2000\"\npassword = \"KEY0sEcReT99\"\n",
    );
    let ran = doctor(&machine);
    says(&ran, "test_numbers.0", "warn", "more than a year");
    says(&ran, "providers.gupshup.template_id", "warn", "carriers in India");
    says(&ran, "providers.gupshup.entity_id", "warn", "under [providers.gupshup]: entity_id = ");
}

#[test]
fn live_codes_whose_pepper_is_gone_are_told() {
    let settings = |id: &str| format!("{FREE}[code]\npeppers = [{{ id = \"{id}\", file = \"pepper\" }}]\n");
    let machine = Machine::with(&settings("old"));
    machine.write(".config/otpctl/pepper", PEPPER);
    machine.send(PHONE);
    says(doctor(&machine).exits(0), "store.peppers", "ok", "all live codes");
    machine.configure(&settings("new"));
    let ran = doctor(&machine);
    says(
        ran.exits(24),
        "store.peppers",
        "fail",
        "1 live code was made with a pepper that is not configured, such as `old`",
    );
    machine.verify(PHONE, "123456").exits(24);
    machine.run(&["revoke", PHONE]).exits(0);
    assert!(!checks(doctor(&machine).exits(0)).contains_key("store.peppers"), "there is no live code");
}

#[test]
fn a_closed_pipe_and_lines_of_json() {
    let machine = Machine::new();
    let mut child = machine.command(&["doctor"]).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!((child.wait().unwrap().code(), said.as_str()), (Some(0), ""));
    let lines = machine.run(&["doctor", "-o", "jsonl"]).exits(0).stdout.clone();
    for line in lines.lines() {
        let check: Value = serde_json::from_str(line).unwrap();
        assert_eq!(check["schema"], "otpctl.doctor_check/1");
    }
    machine.run(&["doctor", "what"]).exits(2);
}

#[test]
fn what_to_do_goes_over_tls_where_the_server_does_and_says_no_secret() {
    let machine = on(
        &format!("rediss://127.0.0.1:{}/0", closed_port()),
        "password = \"s3cret-0ne\"\ntls = { ca = \"ca.pem\" }\n",
    );
    machine.write(".config/otpctl/ca.pem", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n");
    let ran = doctor(&machine);
    assert_eq!(ran.code / 10, 2, "{ran:?}");
    let (_, _, text) = &checks(&ran)["store.reach"];
    assert!(text.contains(" --tls --cacert ") && !ran.words().contains("s3cret-0ne"), "{ran:?}");
}

#[test]
fn records_that_were_changed_or_cannot_be_written_are_told() {
    let machine = Machine::with(&format!("{FREE}[audit]\nfile = \"../../audit/audit.jsonl\"\n"));
    fs::create_dir(machine.path("audit")).unwrap();
    set_mode(&machine.path("audit"), 0o700);
    says(doctor(&machine).exits(0), "audit.chain", "ok", "no record yet");
    machine.send(PHONE);
    let ran = doctor(&machine);
    says(ran.exits(0), "audit.chain", "ok", "The audit holds: 2 records");
    says(&ran, "audit.file", "ok", "accepts records; the newest is 2");
    let records = machine.path("audit/audit.jsonl");
    let text = fs::read_to_string(&records).unwrap();
    fs::write(&records, text.replacen("send", "sent", 1)).unwrap();
    let ran = doctor(&machine);
    says(ran.exits(28), "audit.chain", "fail", "The audit does not hold: 1 problem");
    says(&ran, "audit.chain", "fail", "audit verify");
}
