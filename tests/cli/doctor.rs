//! `doctor` on machines that are well, and on machines with one thing wrong.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::net::TcpListener;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::support::cli::{Machine, PEPPER, Ran, set_mode};
use super::support::clock;
use super::support::gateway::Gateway;
use super::support::redis::{Make, RedisServer, free_port};
use super::{FREE, PHONE};

const KEY: &str = "KEY0sEcReT99";

/// (status, exit, detail and fix) of each check.
fn checks(ran: &Ran) -> BTreeMap<String, (String, Value, String)> {
    let document = ran.json();
    assert_eq!(document["schema"], "otpctl.doctor/1");
    assert_eq!(document["worst"], ran.code);
    assert_eq!(document["ok"], ran.code == 0);
    let one = |check: &Value| {
        let text = |name: &str| check[name].as_str().unwrap_or_default().to_owned();
        assert_eq!(check["exit"].is_null(), check["status"] != "fail", "{check}");
        assert!(check["status"] == "ok" || check["fix"].is_string(), "{check}");
        (text("id"), (text("status"), check["exit"].clone(), format!("{} | {}", text("detail"), text("fix"))))
    };
    document["checks"].as_array().unwrap().iter().map(one).collect()
}

fn doctor(machine: &Machine) -> Ran {
    machine.run(&["doctor", "--json", "-vv"])
}

/// Fails unless one check is so, and says these words.
#[track_caller]
fn says(ran: &Ran, id: &str, status: &str, words: &str) {
    let checks = checks(ran);
    let (found, _, text) = checks.get(id).unwrap_or_else(|| panic!("no {id}: {checks:?}"));
    assert!(found == status && text.contains(words), "{id}: {found}: {text}");
}

/// What is not as it should be.
fn complaints(ran: &Ran) -> Vec<String> {
    checks(ran).into_iter().filter(|(_, (status, ..))| status != "ok").map(|(id, _)| id).collect()
}

/// On a Redis, as somebody.
fn on(url: &str, more: &str) -> Machine {
    let machine = Machine::with(&format!(
        "{FREE}[code]\npeppers = [{{ id = \"1\", file = \"pepper\" }}]\n[store.redis]\nurl = \"{url}\"\n{more}"
    ));
    machine.write(".config/otpctl/pepper", PEPPER);
    machine
}

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
    says(&ran, "code.peppers", "ok", "made with the first code");
    assert!(!machine.path(".local/state/otpctl/pepper").exists(), "nothing is made by looking");
    machine.send(PHONE);
    let ran = doctor(&machine);
    assert_eq!(complaints(&ran), [""; 0]);
    for (id, words) in [
        ("config.file", "none"),
        ("message.text", "1 SMS"),
        ("code.peppers", "can be fetched"),
        ("store.reach", "answers in"),
        ("store.commit", "takes changes"),
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
fn a_redis_that_keeps_everything_is_well() {
    let machine = Machine::on_redis("");
    let ran = doctor(&machine);
    ran.exits(0);
    assert_eq!(complaints(&ran), ["store.persistence"]);
    machine.redis().cli(&["CONFIG", "SET", "appendonly", "yes"]);
    let ran = doctor(&machine);
    assert_eq!(complaints(&ran), [""; 0]);
    says(&ran, "store.server", "ok", "Redis ");
    says(&ran, "store.tls", "ok", "within this machine");
    assert_eq!(machine.redis().cli(&["DBSIZE"]), "0");
    assert!(!ran.words().contains(PEPPER), "{ran:?}");
}

#[test]
fn f36_a_redis_that_evicts_limits_is_told_and_refused_where_protected() {
    let machine = Machine::on_redis("");
    machine.redis().cli(&["CONFIG", "SET", "appendonly", "yes"]);
    machine.redis().cli(&["CONFIG", "SET", "maxmemory-policy", "volatile-lru"]);
    assert_eq!(complaints(&doctor(&machine)), [""; 0], "without a limit nothing is evicted");
    machine.redis().cli(&["CONFIG", "SET", "maxmemory", "100mb"]);
    let open = doctor(&machine);
    says(open.exits(0), "store.eviction", "warn", "volatile-lru");

    machine.configure("protected = true\nreveal = true\n");
    let config = machine.config();
    let named = |words: &[&str]| machine.run(&[&["--config", config.to_str().unwrap()], words].concat());
    let closed = named(&["doctor", "--json"]);
    says(closed.exits(22), "store.eviction", "fail", "noeviction");
    says(&closed, "store.reach", "ok", "answers");
    named(&["send", PHONE, "--yes"]).exits(22);
}

#[test]
fn what_a_redis_user_may_not_do_is_told() {
    let server = RedisServer::start();
    let may = |words: &[&str]| {
        let user = ["ACL", "SETUSER", "asha", "reset", "on", ">s3cret-of-asha"];
        assert_eq!(server.cli(&[&user[..], words].concat()), "OK");
        let machine = on(&server.url(), "username = \"asha\"\npassword = \"s3cret-of-asha\"\n");
        let ran = doctor(&machine);
        assert!(!ran.words().contains("s3cret-of-asha"), "{ran:?}");
        ran
    };
    let reader = may(&["%R~otpctl:*", "+eval_ro", "+get", "+time", "+info"]);
    says(reader.exits(21), "store.reach", "ok", "answers");
    says(&reader, "store.commit", "fail", "eval");
    let half = ["~otpctl:*", "+eval", "+eval_ro", "+get", "+time", "+info", "+lpush", "+ltrim", "+pexpire", "+del"];
    says(may(&half).exits(21), "store.commit", "fail", "SET");
    let whole = [&half[..], &["+set", "-info"]].concat();
    let blind = may(&whole);
    says(blind.exits(0), "store.server", "warn", "info");
    says(&blind, "store.commit", "ok", "takes changes");
    let wrong = on(&server.url(), "username = \"asha\"\npassword = \"wrong-0ne\"\n");
    let ran = doctor(&wrong);
    says(ran.exits(21), "store.reach", "fail", "authentication failed");
    assert!(!ran.words().contains("wrong-0ne"), "{ran:?}");
}

#[test]
fn a_store_that_is_not_there_hides_nothing_else() {
    let machine = on(&format!("redis://127.0.0.1:{}/0", free_port()), &telnyx("http://127.0.0.1:9"));
    let began = Instant::now();
    let ran = doctor(&machine);
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    says(ran.exits(20), "store.reach", "fail", "127.0.0.1");
    says(&ran, "providers.main", "ok", "opens");
    says(&ran, "code.peppers.1", "ok", "can be fetched");
    assert!(!ran.words().contains(KEY), "{ran:?}");

    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let machine = on(&format!("redis://{}/0", silent.local_addr().unwrap()), &telnyx("http://127.0.0.1:9"));
    let began = Instant::now();
    let ran = machine.run(&["doctor", "--json", "--timeout", "2s"]);
    assert!(began.elapsed() < Duration::from_millis(2500), "{:?}", began.elapsed());
    says(ran.exits(20), "store.reach", "fail", "");
    says(&ran, "providers.main", "ok", "opens");
}

#[test]
fn a_replica_and_a_full_memory_are_not_ready() {
    let master = RedisServer::start();
    let machine = Machine::on_redis("");
    machine.redis().cli(&["REPLICAOF", "127.0.0.1", &master.port().to_string()]);
    let ran = doctor(&machine);
    says(ran.exits(22), "store.role", "fail", "is a replica");
    says(&ran, "store.commit", "fail", "READONLY");
    machine.redis().cli(&["REPLICAOF", "NO", "ONE"]);
    machine.redis().cli(&["CONFIG", "SET", "maxmemory", "1"]);
    says(doctor(&machine).exits(22), "store.commit", "fail", "OOM");
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
fn f38_clocks_that_differ_are_told_and_change_nothing() {
    let machine = Machine::on_redis("");
    machine.redis().cli(&["CONFIG", "SET", "appendonly", "yes"]);
    let skewed = |offset: &str| {
        let output = clock::off(&machine, offset, &["doctor", "--json"]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        let checks = document["checks"].as_array().unwrap().clone();
        checks.into_iter().find(|check| check["id"] == "store.clock").unwrap()
    };
    for (offset, words) in [("-30s", "ahead of"), ("+1d", "behind")] {
        let clock = skewed(offset);
        assert_eq!(clock["status"], "warn", "{clock}");
        assert!(clock["detail"].as_str().unwrap().contains(words), "{clock}");
    }
    assert_eq!(skewed("-2s")["status"], "ok");
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
    assert_eq!(works.requests().len(), 1);
}

#[test]
fn who_is_passed_over_is_told() {
    let closed = format!("http://127.0.0.1:{}", free_port());
    let machine = Machine::with(&format!("{FREE}[routes]\npass_over = {{ after = 1 }}\n{}", telnyx(&closed)));
    machine.run(&["send", PHONE]).exits(26);
    says(doctor(&machine).exits(0), "providers.main", "warn", "passed over until");
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

    machine.configure(&settings("{ command = [\"sleep\", \"60\"] }"));
    let began = Instant::now();
    let ran = machine.run(&["doctor", "--json", "--timeout", "2s"]);
    assert!(began.elapsed() < Duration::from_millis(2500), "{:?}", began.elapsed());
    says(ran.exits(30), "config.secrets", "fail", "too long");
    says(&ran, "providers.other", "fail", "too long");
    says(&ran, "store.commit", "ok", "takes changes");
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
    let machine =
        on(&format!("rediss://127.0.0.1:{}/0", free_port()), "password = \"s3cret-0ne\"\ntls = { ca = \"ca.pem\" }\n");
    machine.write(".config/otpctl/ca.pem", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n");
    let ran = doctor(&machine);
    assert_eq!(ran.code / 10, 2, "{ran:?}");
    let (_, _, text) = &checks(&ran)["store.reach"];
    assert!(text.contains(" --tls --cacert ") && !ran.words().contains("s3cret-0ne"), "{ran:?}");
}

#[test]
fn who_only_looks_is_told_what_he_cannot_do_and_that_is_no_failure() {
    for make in [Make::Redis, Make::Redis6] {
        let server = RedisServer::make(make, &[]);
        let machine = on(&server.url(), "username = \"asha\"\npassword = \"s3cret-of-asha\"\n");
        let printed = machine.run(&["store", "acl", "--role", "support", "--user", "asha"]);
        let words: Vec<&str> = printed.exits(0).stdout.split_whitespace().collect();
        assert_eq!(server.cli(&words), "OK", "{printed:?}");
        assert_eq!(server.cli(&["ACL", "SETUSER", "asha", ">s3cret-of-asha"]), "OK");
        let ran = doctor(&machine);
        says(ran.exits(0), "store.commit", "warn", "send, issue, verify, revoke");
        says(&ran, "store.commit", "warn", "store acl --role operator");
        says(&ran, "store.persistence", "unknown", "redis-cli -h 127.0.0.1 -p");
        assert!(!ran.words().contains("the password is"), "{ran:?}");

        // A user who lacks one of the commands is broken, and not meant to be so.
        let printed = machine.run(&["store", "acl", "--role", "operator", "--user", "asha"]);
        let words: Vec<&str> = printed.exits(0).stdout.split_whitespace().collect();
        assert_eq!(server.cli(&[&words[..], &["-ltrim"]].concat()), "OK");
        says(doctor(&machine).exits(21), "store.commit", "fail", "LTRIM");
        assert_eq!(server.cli(&words), "OK");
        says(doctor(&machine).exits(0), "store.commit", "ok", "takes changes");
        assert_eq!(server.cli(&["DBSIZE"]), "0");

        // Who lacks what lists need is told what ends with 21.
        let printed = machine.run(&["store", "acl", "--role", "ci", "--user", "asha"]);
        let words: Vec<&str> = printed.exits(0).stdout.split_whitespace().collect();
        assert_eq!(server.cli(&words), "OK");
        says(doctor(&machine).exits(0), "store.rights", "warn", "inspect, list, user list, store check");
    }
}

#[test]
fn an_error_about_rights_says_nothing_of_passwords() {
    let server = RedisServer::start();
    server.cli(&["ACL", "SETUSER", "asha", "reset", "on", ">s3cret-of-asha", "~otpctl:*", "+get"]);
    let machine = on(&server.url(), "username = \"asha\"\npassword = \"s3cret-of-asha\"\n");
    let ran = machine.run(&["verify", PHONE, "123456"]);
    assert!(ran.exits(21).stderr.contains("store acl") && !ran.stderr.contains("password"), "{ran:?}");
    says(doctor(&machine).exits(21), "store.reach", "fail", "store acl --role operator");
}

#[test]
fn warnings_are_an_exit_code_where_that_is_asked_for_and_problems_stand_alone() {
    let machine = Machine::on_redis("");
    says(doctor(&machine).exits(0), "store.persistence", "warn", "");
    let strict = machine.run(&["doctor", "--strict", "--json"]);
    says(strict.exits(22), "store.persistence", "warn", "");
    let problems = machine.run(&["doctor", "--problems"]);
    assert_eq!(problems.exits(0).stdout.lines().count(), 1, "{problems:?}");
    assert!(problems.stdout.starts_with("warn\tstore.persistence\t"), "{problems:?}");
    machine.redis().cli(&["CONFIG", "SET", "appendonly", "yes"]);
    machine.run(&["doctor", "--strict", "--json"]).exits(0);
    let none = machine.run(&["doctor", "--problems", "--json"]);
    assert_eq!(none.exits(0).json()["checks"].as_array().unwrap().len(), 0);
    assert!(none.json()["summary"]["ok"].as_u64().unwrap() > 9, "{none:?}");
}

#[test]
fn a_redis_6_is_well() {
    let server = RedisServer::make(Make::Redis6, &["--appendonly", "yes"]);
    let machine = on(&server.url(), "");
    let ran = doctor(&machine);
    ran.exits(0);
    assert_eq!(complaints(&ran), [""; 0]);
    says(&ran, "store.server", "ok", "Redis 6.");
    assert_eq!(server.cli(&["DBSIZE"]), "0");
}

#[test]
fn on_a_terminal_each_check_is_a_line_where_it_fits_and_what_to_do_is_whole() {
    let machine = Machine::on_redis("");
    let lines = super::screens::screen(&machine, 80, &["doctor"]);
    assert!(lines.iter().all(|line| line.chars().count() <= 80), "{lines:#?}");
    let count = checks(&doctor(&machine)).len();
    assert!(lines.len() <= count + 4, "{lines:#?}");
    let port = machine.redis().port();
    let fix = format!("redis-cli -h 127.0.0.1 -p {port} CONFIG SET appendonly yes");
    assert!(lines.iter().any(|line| line.trim() == format!("-> {fix}")), "{lines:#?}");
    assert_eq!(*lines.last().unwrap(), format!("{} ok, 1 warning", count - 1));
    let narrow = super::screens::screen(&machine, 40, &["doctor", "--problems"]);
    assert!(narrow.iter().any(|line| line.ends_with(&fix)), "{narrow:#?}");
}
