//! `list` of everything: how often it asks, how much memory it has, and what one broken record does to it.
//! These need a Redis.

use serde_json::Value;

use crate::servers::proxy::{Fault, On, Proxy, Toxic};
use crate::servers::redis::RedisServer;
use crate::support::cli::{FREE, Machine, PEPPER, PHONE};
use crate::support::many::memory;

/// Gives so many phones what is kept of one, its code included.
fn copied(server: &RedisServer, phones: std::ops::Range<usize>) {
    let copy = |nth| format!("COPY otpctl:{{{PHONE}}}:record otpctl:{{+9198{nth:08}}}:record");
    server.each(&phones.map(copy).collect::<Vec<_>>());
}

#[test]
fn twenty_thousand_codes_take_as_little_memory_as_a_few() {
    let machine = Machine::on_redis(FREE);
    machine.run(&["issue", PHONE]).exits(0);
    let most = |format: &str| memory(&machine, &format!("list --limit 0 -o {format}"));
    copied(machine.redis(), 0..1_500);
    let few = [most("json"), most("jsonl"), most("human")];
    copied(machine.redis(), 1_500..20_000);
    let many = [most("json"), most("jsonl"), most("human")];
    for (few, many) in few.into_iter().zip(many) {
        // The rows of all of them are 10 MB.
        assert!(many < few + 3_000, "{few} kB for 1 500 codes, {many} kB for 20 000");
    }
    let rows = machine.run(&["list", "--limit", "0", "-o", "jsonl"]).exits(0).stdout.lines().count();
    assert_eq!(rows, 20_001);
}

#[test]
fn a_page_of_phones_is_one_question_and_a_broken_record_one_row() {
    let server = RedisServer::start();
    let proxy = Proxy::to(server.port());
    let machine = Machine::new();
    machine.write("pepper", PEPPER);
    let code = "[code]\npeppers = [{ id = \"1\", file = \"../../pepper\" }]";
    machine.configure(&format!("{FREE}{code}\n[store.redis]\nurl = \"redis://127.0.0.1:{}/0\"\n", proxy.port()));
    machine.run(&["issue", PHONE]).exits(0);
    copied(&server, 0..5_000);
    let before = proxy.passed_on("EVAL_RO");
    assert_eq!(machine.run(&["list", "--limit", "0", "-o", "jsonl"]).exits(0).stdout.lines().count(), 5_001);
    let asked = proxy.passed_on("EVAL_RO") - before;
    assert!(asked <= 20, "{asked} questions for 5,001 phones");

    server.cli(&["LPUSH", "otpctl:{+919900000001}:record", "not", "a", "record"]);
    server.cli(&["SET", "otpctl:{+919900000002}:record", "{\"v\":1,\"purposes\":7}"]);
    let listed = machine.run(&["list", "--limit", "0", "--json", "--unmask"]).exits(19).json();
    assert_eq!(listed["codes"].as_array().unwrap().len(), 5_001, "they cost the others nothing");
    let mut skipped: Vec<&str> =
        listed["skipped"].as_array().unwrap().iter().map(|one| one["phone"].as_str().unwrap()).collect();
    skipped.sort_unstable();
    assert_eq!(skipped, ["+919900000001", "+919900000002"]);
    let before = proxy.passed_on("EVAL_RO");
    let lines = machine.run(&["list", "--limit", "0", "-o", "jsonl"]).exits(19).stdout.clone();
    let asked = proxy.passed_on("EVAL_RO") - before;
    let schema = |line: &str| serde_json::from_str::<Value>(line).unwrap()["schema"].as_str().unwrap().to_owned();
    assert_eq!(lines.lines().filter(|line| schema(line) == "otpctl.skipped/1").count(), 2);
    // One page as well.
    assert_eq!(
        machine.run(&["list", "--limit", "10000", "--json"]).exits(19).json()["codes"].as_array().unwrap().len(),
        5_001
    );

    // A store that goes away is an error, and what was listed before it a whole document that says so. It goes with the last
    // question: in which page the broken ones are, which cost questions of their own, the server decides.
    proxy.inject(Fault::new(On::Request, Toxic::Down).about("EVAL_RO").after(asked - 1).always());
    let cut = machine.run(&["list", "--limit", "0", "--json"]).exits(20).json();
    let rows = cut["codes"].as_array().unwrap().len();
    assert!(cut["interrupted"] == true && (1..5_001).contains(&rows), "{rows} rows");
}
