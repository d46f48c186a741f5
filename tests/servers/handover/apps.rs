//! Frappe, Django and Node take an assertion that `verify --assert` printed, once, and nothing that looks like one.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use super::Programs;
use crate::servers::redis::RedisServer;
use crate::support::cli::{FREE, Machine, PHONE, set_mode};

const USER: &str = "asha@example.com";
const AUDIENCE: &str = "erp.example.com";
const ISSUER: &str = "https://otp.example.com";
const INSTALL: &str = "`scripts/test` installs what tests/servers/handover needs";

const ED25519: &[&str] = &["-algorithm", "ed25519"];

/// A machine that signs with a new key of this kind, and the public half in a file. `more`: of its own file.
fn signing(kind: &[&str], more: &str) -> (Machine, Programs) {
    let machine = Machine::with(&format!(
        "region = \"IN\"\n{FREE}{more}[providers.outbox]\npath = \"outbox.jsonl\"\n[assertion]\nkey = {{ file = \"assertion.pem\" }}\n\
         issuer = \"{ISSUER}\"\naudiences = [\"{AUDIENCE}\", \"other\"]\n"
    ));
    let key = machine.path(".config/otpctl/assertion.pem");
    let made = Command::new("openssl").arg("genpkey").args(kind).arg("-out").arg(&key).stderr(Stdio::null()).status();
    assert!(made.unwrap().success());
    set_mode(&key, 0o600);
    let programs = Programs::of_page();
    fs::write(programs.path("jwks.json"), &machine.run(&["config", "jwks"]).exits(0).stdout).unwrap();
    (machine, programs)
}

fn asserted(machine: &Machine, audience: &str) -> String {
    machine.run(&["send", PHONE]).exits(0);
    let code = machine.outbox().last().unwrap()["code"].as_str().unwrap().to_owned();
    machine.run(&["verify", PHONE, &code, "--assert", audience]).exits(0).stdout.trim().to_owned()
}

/// What an application makes of these, one after the other.
fn taken(mut app: Command, programs: &Programs, assertions: &[&str]) -> Vec<String> {
    app.current_dir(programs.0.path()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = app.spawn().unwrap_or_else(|error| panic!("{app:?} does not run ({error}): {INSTALL}"));
    let list = serde_json::to_vec(assertions).unwrap();
    child.stdin.take().unwrap().write_all(&list).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{INSTALL}\n{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn python(script: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(crate::servers::python::python());
    command.arg(Programs::own(script)).args(arguments);
    command
}

/// Each application, ready to be started: its own folder of programs, and a Redis.
fn applications(programs: &Programs, redis: &RedisServer) -> Vec<(&'static str, Command)> {
    let port = redis.port().to_string();
    let file = |name: &str| programs.path(name).display().to_string();
    let site = |script, method: &str| python(script, &[&file(method), &file("jwks.json"), &port]);
    let mut node = Command::new("node");
    // ESM looks for libraries beside the file, and not where the program was started.
    fs::copy(Programs::own("node_site.mjs"), programs.path("node_site.mjs")).unwrap();
    node.args(["node_site.mjs", &port]);
    vec![
        ("Frappe", site("frappe_site.py", "frappe_login.py")),
        ("Django", site("django_site.py", "django_login.py")),
        ("Node", node),
    ]
}

#[test]
fn each_application_takes_an_assertion_once_and_no_forgery() {
    let (machine, programs) = signing(ED25519, "");
    machine.run(&["user", "link", USER, PHONE]).exits(0);
    let key = machine.path(".config/otpctl/assertion.pem").display().to_string();
    let jwks = programs.path("jwks.json").display().to_string();
    let forged = python("forge.py", &[&key, &jwks, AUDIENCE, ISSUER, USER]).output().unwrap();
    assert!(forged.status.success(), "{INSTALL}\n{}", String::from_utf8_lossy(&forged.stderr));
    let mut forged: BTreeMap<String, String> = serde_json::from_slice(&forged.stdout).unwrap();
    // One that otpctl itself signed, for another application.
    forged.insert("for another application".to_owned(), asserted(&machine, "other"));
    assert!(forged.len() > 20);
    let redis = RedisServer::start();
    for (name, app) in applications(&programs, &redis) {
        let (first, second) = (asserted(&machine, AUDIENCE), asserted(&machine, AUDIENCE));
        let mut list = vec![first.as_str(), first.as_str()];
        list.extend(forged.values().map(String::as_str));
        list.extend([second.as_str(), second.as_str()]);
        let answers = taken(app, &programs, &list);
        let (signed_in, refused) = (USER.to_owned(), "refused".to_owned());
        assert_eq!(answers.len(), list.len());
        assert_eq!(answers[..2], [signed_in.clone(), refused.clone()], "{name}: the right one, and a replay");
        for ((what, _), answer) in forged.iter().zip(&answers[2..]) {
            assert_eq!(*answer, refused, "{name}: {what}");
        }
        assert_eq!(answers[answers.len() - 2..], [signed_in, refused], "{name}: another right one");
    }
    // A code that was printed leads to no assertion that anybody could take.
    let code = machine.run(&["issue", PHONE]).exits(0).stdout.trim().to_owned();
    let ran = machine.run(&["verify", PHONE, &code, "--assert", AUDIENCE]);
    assert_eq!((ran.code, ran.stdout.as_str()), (16, ""));
}

#[test]
fn a_key_of_the_other_kind_is_taken_too() {
    let (machine, programs) = signing(&["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], "");
    machine.run(&["user", "link", USER, PHONE]).exits(0);
    let redis = RedisServer::start();
    for (name, app) in applications(&programs, &redis) {
        let assertion = asserted(&machine, AUDIENCE);
        assert_eq!(taken(app, &programs, &[&assertion, &assertion]), [USER, "refused"], "{name}");
    }
}

#[cfg(feature = "sql")]
#[test]
fn who_has_the_phone_in_frappes_mariadb_is_signed_in_to_frappe() {
    use crate::servers::databases::{DatabaseServer, Product};

    let server = DatabaseServer::start(Product::MariaDb, &[]);
    server.ask(
        "create table `tabUser` (`name` varchar(140) primary key, `enabled` tinyint not null, `mobile_no` varchar(140));
         insert into `tabUser` values ('asha@example.com', 1, '098765 43210'), ('gone@example.com', 0, '9876543210')",
    );
    let url = server.url("");
    let directory = format!(
        "[user]\ndirectories = [\"accounts\"]\n[directory.accounts]\nkind = \"sql\"\nurl = \"{url}\"\n\
         by_phone = \"select name, mobile_no from `tabUser` where enabled = 1 and mobile_no in (:spellings)\"\n"
    );
    let (machine, programs) = signing(ED25519, &directory);
    let redis = RedisServer::start();
    let assertion = asserted(&machine, AUDIENCE);
    let (_, frappe) = applications(&programs, &redis).swap_remove(0);
    assert_eq!(taken(frappe, &programs, &[&assertion, &assertion]), [USER, "refused"]);
    // The phone changes hands between the code and its use: nobody is signed in.
    machine.run(&["send", PHONE]).exits(0);
    let code = machine.outbox().last().unwrap()["code"].as_str().unwrap().to_owned();
    server.ask("update `tabUser` set mobile_no = null where enabled = 1");
    let ran = machine.run(&["verify", PHONE, &code, "--assert", AUDIENCE]);
    assert!(matches!(ran.code, 11 | 14) && !ran.stdout.contains("eyJ"), "{ran:?}");
}
