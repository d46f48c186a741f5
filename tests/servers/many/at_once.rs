//! Lines that run beside each other: so many at once as was asked for, never two about the same phone, and no faster than
//! was asked for.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{by_gateway, phones, rows};
use crate::servers::machine::embedded_and_redis;
use crate::servers::redis::RedisServer;
use crate::support::cli::{FREE, Machine};
use crate::support::gateway::Gateway;

/// A provider that notes how many of it run at once, and how many of them for the same phone.
fn counting(machine: &Machine, pause: &str) {
    let script = format!(
        "mkdir -p in\ntouch in/$$\nls in | wc -l >> peaks\nsleep {pause}\nrm in/$$\n\
         echo \"{{\\\"status\\\":\\\"accepted\\\"}}\" >/dev/null"
    );
    let script = machine.program("counting", &script);
    machine.configure(&format!(
        "{FREE}[policy]\ncountries = [\"IN\"]\n[providers.counting]\nkind = \"command\"\nargv = [\"{script}\"]\n"
    ));
}

fn peak(machine: &Machine) -> usize {
    let peaks = std::fs::read_to_string(machine.path("peaks")).unwrap();
    let most = peaks.lines().map(|line| line.trim().parse::<usize>().unwrap()).max().unwrap();
    std::fs::remove_file(machine.path("peaks")).unwrap();
    most
}

#[test]
fn so_many_lines_run_at_once_as_was_asked_for_and_never_two_of_a_phone() {
    embedded_and_redis(FREE, |machine| {
        counting(machine, "0.4");
        machine.write("phones", &phones(12).join("\n"));
        machine.run(&["send", "--from", "phones", "--yes", "--concurrency", "6"]).exits(0);
        assert_eq!(peak(machine), 6);
        machine.run(&["send", "--from", "phones", "--yes", "--concurrency", "1", "--purpose", "one"]).exits(0);
        assert_eq!(peak(machine), 1);
        machine.write("same", &format!("{0}\n{0}\n00{1}\n", phones(1)[0], &phones(1)[0][1..]));
        let same = machine.run(&["send", "--from", "same", "--yes", "-o", "jsonl"]);
        assert_eq!(peak(machine), 1, "they are one phone, however it is written");
        let order: Vec<u64> = rows(&same.stdout).iter().map(|row| row["line_number"].as_u64().unwrap()).collect();
        assert_eq!(order, [1, 2, 3]);
    });
}

/// Numbers in a row share a counter that is compared when it is written: whoever comes second has to begin again.
#[test]
fn numbers_in_a_row_do_not_get_in_each_others_way() {
    let redis = Arc::new(RedisServer::start());
    let (machine, gateway) = (Machine::on(&redis, ""), Gateway::start(200, r#"{"id": "x"}"#));
    by_gateway(&machine, &gateway);
    let settings = std::fs::read_to_string(machine.config()).unwrap();
    machine.write(".config/otpctl/otpctl.toml", &settings.replace("brakes = \"off\"", "brakes = \"observe\""));
    let in_a_row: Vec<String> = (0..300).map(|index| format!("+919876540{index:03}")).collect();
    machine.write("phones", &in_a_row.join("\n"));
    machine.run(&["send", "--from", "phones", "--yes", "--concurrency", "100"]).exits(0);
    let stats = redis.cli(&["INFO", "commandstats"]);
    let calls = stats.lines().filter(|line| line.starts_with("cmdstat_eval"));
    let calls: usize =
        calls.filter_map(|line| line.split_once("calls=")?.1.split_once(',')?.0.parse::<usize>().ok()).sum();
    assert!((600..3600).contains(&calls), "{calls} requests for 300 lines");
}

/// The counter is nobody's while a directory is asked, which takes as long as it takes.
#[test]
fn directories_are_asked_at_once_also_for_numbers_in_a_row() {
    let machine = Machine::on_redis("");
    let script = "mkdir -p in\ntouch in/$$\nls in | wc -l >> peaks\nsleep 0.4\nrm in/$$\necho '{\"users\": []}'";
    let script = machine.program("people", script);
    let gateway = Gateway::start(200, r#"{"id": "x"}"#);
    by_gateway(&machine, &gateway);
    let settings =
        std::fs::read_to_string(machine.config()).unwrap().replace("brakes = \"off\"", "brakes = \"observe\"");
    let directory =
        format!("[user]\ndirectories = [\"people\"]\n[directory.people]\nkind = \"command\"\nargv = [{script:?}]\n");
    machine.write(".config/otpctl/otpctl.toml", &format!("{settings}{directory}"));
    let in_a_row: Vec<String> = (0..6).map(|index| format!("+919876540{index:03}")).collect();
    machine.write("phones", &in_a_row.join("\n"));
    machine.run(&["send", "--from", "phones", "--yes", "--concurrency", "6"]).exits(0);
    assert_eq!(peak(&machine), 6);
}

#[test]
fn lines_begin_no_faster_than_the_rate() {
    let machine = Machine::with(FREE);
    machine.write("phones", &phones(20).join("\n"));
    let began = Instant::now();
    machine.run(&["send", "--from", "phones", "--rate", "10/s"]).exits(0);
    assert!(began.elapsed() >= Duration::from_millis(1850), "{:?}", began.elapsed());
    let began = Instant::now();
    machine.run(&["send", "--from", "phones", "--rate", "1000/s", "--purpose", "b"]).exits(0);
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
}

#[test]
fn every_command_takes_lines_of_every_form_on_both_stores() {
    embedded_and_redis(FREE, |machine| {
        let phones = phones(3);
        let typed = |words: &[&str], input: &str| {
            let ran = machine.stdin(&[words, &["--from", "-", "--json"]].concat(), input.as_bytes());
            let document = ran.json();
            assert_eq!((&document["failed"], &document["not_tried"]), (&0.into(), &0.into()), "{words:?}: {document}");
            document
        };
        let csv = format!("user,phone\nu_1,{}\n\"u_2\",{}\n", phones[0], phones[1]);
        assert_eq!(typed(&["user", "link"], &csv)["done"], 2);
        let lines =
            format!("{{\"phone\":\"{}\",\"purpose\":\"signup\",\"ttl\":\"1m\"}}\n{{\"user\":\"u_2\"}}\n", phones[0]);
        let issued = typed(&["issue"], &lines);
        let mut codes: Vec<(String, String, String)> = Vec::new();
        for row in issued["results"].as_array().unwrap() {
            let text = |name: &str| row["result"][name].as_str().unwrap().to_owned();
            codes.push((row["line"].as_str().unwrap().to_owned(), text("purpose"), text("code")));
        }
        codes.sort();
        assert_eq!((codes[0].1.as_str(), codes[1].0.as_str(), codes[1].1.as_str()), ("signup", "user:u_2", "login"));
        machine.run(&["verify", &phones[0], &codes[0].2, "--purpose", "signup"]).exits(0);
        machine.run(&["verify", "user:u_2", &codes[1].2]).exits(0);
        let sent = typed(&["send"], &format!("phone;purpose\n{};pay\nuser:u_2;pay\n", phones[0]));
        assert!(sent["results"].as_array().unwrap().iter().all(|row| row["result"]["purpose"] == "pay"), "{sent}");
        let revoked = typed(&["revoke", "--purpose", "pay"], &format!("{}\nuser:u_2\n", phones[0]));
        let revoked: u64 =
            revoked["results"].as_array().unwrap().iter().map(|row| row["result"]["revoked"].as_u64().unwrap()).sum();
        assert_eq!(revoked, 2);
        assert_eq!(typed(&["unlock"], &phones.join("\n"))["done"], 3);
        let code = "483920";
        let delivered = typed(&["deliver"], &format!("phone,code\r\n{},{code}\r\n", phones[2]));
        assert!(!delivered.to_string().contains(code), "{delivered}");
    });
}

#[test]
fn codes_that_nobody_reads_are_told_and_no_more_are_made() {
    use std::io::{BufRead as _, BufReader};
    let machine = Machine::with(FREE);
    let lines = phones(300);
    machine.write("phones", &lines.join("\n"));
    let mut child = machine.command(&["issue", "--from", "phones", "-o", "jsonl"]).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.contains("\"code\""), "{first}");
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("stdout was closed"), "{stderr}");
    let made = machine.run(&["list", "--limit", "1000", "--json"]).json()["codes"].as_array().unwrap().len();
    assert!(made < lines.len(), "{made} codes were made for nobody");
}

#[test]
fn a_protected_file_asks_once_and_names_the_lines() {
    embedded_and_redis(FREE, |machine| {
        machine.configure(&format!("protected = true\n{FREE}[providers.outbox]\npath = \"outbox.jsonl\"\n"));
        let config = machine.config();
        let words = ["send", "--from", "-", "--config", config.to_str().unwrap()];
        let refused = machine.stdin(&words, format!("{}\n", phones(1)[0]).as_bytes());
        assert!(refused.exits(32).stderr.contains("--yes"), "{}", refused.stderr);
        let refused = machine.stdin(&["send", "--from", "-", "--yes"], b"+919876543210\n");
        assert!(refused.exits(32).stderr.contains("--config"), "{}", refused.stderr);
    });
}
