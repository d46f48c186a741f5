//! The file of the records: processes that die, files that are rotated, a disk that is full, and who gets the records too.

use std::fs;
use std::io::Read as _;
use std::net::{TcpListener, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::audit::{AUDIT, added, findings, records};
use crate::support::cli::{FREE, Machine, PHONE};
use crate::support::until::until;

fn audited() -> Machine {
    Machine::with(&format!("{FREE}{AUDIT}"))
}

fn verified(machine: &Machine) -> Value {
    machine.run(&["audit", "verify", "--json"]).json()
}

#[test]
fn a_hundred_processes_at_once_make_one_chain() {
    let machine = audited();
    machine.run(&["unlock", PHONE]).exits(0);
    let runs: Vec<Vec<String>> = (0..100).map(|n| ["unlock".to_owned(), format!("+9198765{n:05}")].to_vec()).collect();
    for ran in machine.at_once(&runs) {
        ran.exits(0);
    }
    let document = verified(&machine);
    assert_eq!((&document["ok"], &document["records"]), (&true.into(), &202.into()), "{document}");
    assert_eq!(document["intents_without_outcome"], 0);
    let numbers: Vec<u64> = records(&machine).iter().map(|record| record["seq"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=202).collect::<Vec<_>>());
}

#[test]
fn a_process_that_is_killed_anywhere_breaks_no_chain() {
    let machine = audited();
    machine.run(&["unlock", PHONE]).exits(0);
    for step in 0..60_u64 {
        let mut child = machine.command(&["unlock", PHONE]).spawn().unwrap();
        sleep(Duration::from_micros(step * 250));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    machine.run(&["unlock", PHONE]).exits(0);
    let document = verified(&machine);
    assert_eq!(document["ok"], true, "{document}");
    let (intents, outcomes): (Vec<Value>, Vec<Value>) =
        records(&machine).into_iter().partition(|record| record["phase"] == "intent");
    assert_eq!(document["intents_without_outcome"], intents.len() - outcomes.len());
}

#[test]
fn a_send_that_is_killed_is_an_intent_without_an_outcome() {
    let machine = audited();
    let program = machine.program("slow", "echo > called; exec sleep 60");
    machine.configure(&format!(
        "{FREE}{AUDIT}[policy]\ncountries = [\"IN\"]\n[providers.slow]\nkind = \"command\"\nargv = [{program:?}]\n"
    ));
    let mut sending = machine.command(&["send", PHONE]).spawn().unwrap();
    until("the provider", || machine.path("called").exists());
    sending.kill().unwrap();
    sending.wait().unwrap();
    let document = verified(&machine);
    assert_eq!((&document["ok"], &document["open"]), (&true.into(), &serde_json::json!([1])), "{document}");
    let text = machine.run(&["audit", "verify"]).exits(0).stderr.clone();
    assert!(text.contains("1 intent has no outcome"), "{text}");

    // One that is only interrupted says so.
    fs::remove_file(machine.path("called")).unwrap();
    let sending = machine.command(&["send", "+919876543211"]).stderr(Stdio::null()).spawn().unwrap();
    until("the provider", || machine.path("called").exists());
    kill_process(Pid::from_child(&sending), Signal::INT).unwrap();
    assert_eq!(sending.wait_with_output().unwrap().status.code(), Some(130));
    let last = records(&machine).pop().unwrap();
    assert_eq!((&last["phase"], &last["result"], &last["intent"]), (&"outcome".into(), &"SIGINT".into(), &2.into()));
    assert_eq!(verified(&machine)["open"], serde_json::json!([1]));
}

#[test]
fn a_file_that_is_renamed_goes_on_in_the_next_one() {
    let machine = audited();
    machine.run(&["unlock", PHONE]).exits(0);
    fs::rename(machine.path("audit.jsonl"), machine.path("audit.jsonl.1")).unwrap();
    machine.run(&["unlock", PHONE]).exits(0);
    let document = verified(&machine);
    assert_eq!((&document["ok"], &document["records"]), (&true.into(), &4.into()), "{document}");
    assert_eq!(records(&machine)[0]["after"], "rotation");
    fs::rename(machine.path("audit.jsonl.1"), machine.path("old")).unwrap();
    let alone = machine.run(&["audit", "verify"]);
    assert!(alone.exits(0).stderr.contains("up to 2"), "{alone:?}");
    let both = machine.run(&["audit", "verify", "audit.jsonl", "old", "--json"]).exits(0).json();
    assert_eq!((&both["records"], &both["begins_after"]), (&4.into(), &Value::Null));
    // One line less in the older one.
    let text = fs::read_to_string(machine.path("old")).unwrap();
    fs::write(machine.path("old"), format!("{}\n", text.lines().next().unwrap())).unwrap();
    let less = machine.run(&["audit", "verify", "audit.jsonl", "old", "--json"]).exits(28).json();
    assert_eq!((&less["findings"][0]["kind"], &less["findings"][0]["first"]), (&"missing_numbers".into(), &2.into()));
}

#[test]
fn a_file_that_is_copied_and_emptied_loses_lines_and_says_which() {
    let machine = audited();
    machine.run(&["unlock", PHONE]).exits(0);
    fs::copy(machine.path("audit.jsonl"), machine.path("audit.jsonl.1")).unwrap();
    machine.run(&["unlock", PHONE]).exits(0);
    let empty = |name: &str| fs::OpenOptions::new().write(true).open(machine.path(name)).unwrap().set_len(0).unwrap();
    empty("audit.jsonl");
    machine.run(&["unlock", PHONE]).exits(0);
    let document = machine.run(&["audit", "verify", "--json"]).exits(28).json();
    let found = &document["findings"][0];
    assert_eq!(
        (&found["kind"], &found["first"], &found["last"]),
        (&"copytruncated".into(), &3.into(), &4.into()),
        "{document}"
    );
}

#[test]
fn a_torn_line_is_said_by_the_next_record() {
    let machine = audited();
    machine.run(&["unlock", PHONE]).exits(0);
    let text = fs::read_to_string(machine.path("audit.jsonl")).unwrap();
    fs::write(machine.path("audit.jsonl"), format!("{text}{{\"schema\":\"otpctl.audit/1\",\"se")).unwrap();
    machine.run(&["unlock", PHONE]).exits(0);
    let last = fs::read_to_string(machine.path("audit.jsonl")).unwrap();
    let next: Value = serde_json::from_str(last.lines().nth(3).unwrap()).unwrap();
    assert_eq!((&next["torn"], &next["seq"]), (&true.into(), &3.into()));
    assert_eq!(findings(&machine), [("torn".to_owned(), 3)]);
}

#[test]
fn t34_a_full_disk_stops_a_change_before_it_begins() {
    let machine = Machine::with(&format!("{FREE}[audit]\nfile = \"../../log/audit.jsonl\"\n"));
    fs::create_dir(machine.path("log")).unwrap();
    // Where nobody may mount a disk, there is none that could be full.
    let Some(ran) = machine.run_on_small_disk("log", "32k", &["send", PHONE, "--json"]) else { return };
    let error = ran.exits(28).error();
    assert!(error["message"].as_str().unwrap().contains("the disk is full"), "{error}");
    assert_eq!(machine.inspect(PHONE)["timeline"], serde_json::json!([]));
    machine.run_on_small_disk("log", "1m", &["send", PHONE]).unwrap().exits(0);
}

#[test]
fn an_outcome_that_cannot_be_written_is_a_warning() {
    let machine = audited();
    // The provider takes the file away while it is asked.
    let program = machine.program("taker", "mv audit.jsonl taken; mkdir audit.jsonl; echo '{\"id\":\"m\"}'");
    machine.configure(&format!(
        "{FREE}{AUDIT}[policy]\ncountries = [\"IN\"]\n[providers.taker]\nkind = \"command\"\nargv = [{program:?}]\n"
    ));
    let sent = machine.run(&["send", PHONE]);
    assert!(sent.exits(0).stderr.contains("done, but not recorded"), "{sent:?}");
}

#[test]
fn a_lock_that_somebody_keeps_ends_the_command_in_time() {
    let machine = audited();
    machine.run(&["unlock", PHONE]).exits(0);
    let lock = fs::File::open(machine.path("audit.jsonl.lock")).unwrap();
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let ran = machine.run(&["unlock", PHONE, "--timeout", "600ms"]);
    assert!(ran.exits(28).stderr.contains("stays locked"), "{ran:?}");
}

#[test]
fn records_go_to_a_receiver_too() {
    let machine = audited();
    let unix = UnixDatagram::bind(machine.path("log.sock")).unwrap();
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let targets = [
        machine.path("log.sock").display().to_string(),
        format!("udp://{}", udp.local_addr().unwrap()),
        format!("tcp://{}", tcp.local_addr().unwrap()),
    ];
    let mut messages = Vec::new();
    for (at, target) in targets.iter().enumerate() {
        machine.configure(&format!("{FREE}[audit]\nfile = \"../../audit.jsonl\"\nsyslog = {target:?}\n"));
        machine.run(&["unlock", PHONE]).exits(0);
        for _ in 0..2 {
            let mut bytes = vec![0; 8192];
            let length = match at {
                0 => unix.recv(&mut bytes).unwrap(),
                1 => udp.recv(&mut bytes).unwrap(),
                _ => {
                    bytes.clear();
                    tcp.accept().unwrap().0.read_to_end(&mut bytes).unwrap()
                }
            };
            bytes.truncate(length);
            messages.push(String::from_utf8(bytes).unwrap());
        }
    }
    let lines = crate::support::audit::lines(&machine);
    for (at, (message, line)) in messages.iter().zip(&lines).enumerate() {
        let (before, json) = message.split_once(" - {").unwrap();
        assert_eq!(&format!("{{{json}"), line);
        let framed = before.split_once('<').unwrap();
        assert!(framed.1.starts_with("109>1 20"), "{message}");
        assert_eq!(framed.0.is_empty(), at < 4, "a stream has the length before it");
        if at >= 4 {
            assert_eq!(framed.0.trim().parse::<usize>().unwrap(), message.len() - framed.0.len());
        }
    }
    assert_eq!(messages.len(), 6);
}

#[test]
fn a_receiver_that_takes_nothing_is_told_and_stops_nothing() {
    let machine = audited();
    // One that was stopped: its queue is full, and whoever sends to it waits.
    let stopped = UnixDatagram::bind(machine.path("log.sock")).unwrap();
    let filler = UnixDatagram::unbound().unwrap();
    filler.connect(machine.path("log.sock")).unwrap();
    filler.set_nonblocking(true).unwrap();
    while filler.send(b"full").is_ok() {}
    let socket = machine.path("log.sock");
    machine
        .configure(&format!("{FREE}[audit]\nfile = \"../../audit.jsonl\"\nsyslog = {:?}\n", socket.to_str().unwrap()));
    let ran = machine.run(&["unlock", PHONE]);
    assert!(ran.exits(0).stderr.contains("timed out"), "{ran:?}");
    drop(stopped);
    // And one that is not there.
    machine.configure(&format!("{FREE}[audit]\nfile = \"../../audit.jsonl\"\nsyslog = \"/nowhere/log\"\n"));
    let ran = machine.run(&["unlock", PHONE]);
    assert!(ran.exits(0).stderr.contains("was not handed to unix:///nowhere/log"), "{ran:?}");
    assert_eq!(findings(&machine), []);
}

#[test]
fn a_receiver_alone_is_refused() {
    let machine = Machine::with("[audit]\nsyslog = \"/dev/log\"\n");
    let ran = machine.run(&["send", PHONE]);
    assert!(ran.exits(30).stderr.contains("beside a file"), "{ran:?}");
    let wrong = Machine::with("[audit]\nfile = \"a\"\nsyslog = \"http://h\"\n");
    wrong.run(&["send", PHONE]).exits(30);
}

#[test]
fn a_pepper_that_is_changed_still_checks_older_records() {
    let pepper = |name: &str| format!("{{ id = {name:?}, value = {:?} }}", name.repeat(40));
    let file = |peppers: &str| format!("{FREE}{AUDIT}[code]\npeppers = [{peppers}]\n");
    let machine = Machine::with(&file(&pepper("a")));
    machine.run(&["unlock", PHONE]).exits(0);
    machine.configure(&file(&format!("{}, {}", pepper("b"), pepper("a"))));
    machine.run(&["unlock", PHONE]).exits(0);
    let peppers: Vec<Value> = records(&machine).into_iter().map(|record| record["pepper"].clone()).collect();
    assert_eq!(peppers, ["a", "a", "b", "b"]);
    assert_eq!(findings(&machine), []);
    machine.configure(&file(&pepper("b")));
    assert_eq!(findings(&machine), [("unknown_pepper".to_owned(), 1)]);
}

#[test]
fn a_file_that_can_only_be_added_to_is_enough() {
    use rustix::fs::{IFlags, ioctl_getflags, ioctl_setflags};

    let machine = audited();
    machine.run(&["unlock", PHONE]).exits(0);
    let file = fs::File::open(machine.path("audit.jsonl")).unwrap();
    // It takes root, and a file system that knows it.
    let Ok(flags) = ioctl_getflags(&file) else { return };
    if ioctl_setflags(&file, flags | IFlags::APPEND).is_err() {
        return;
    }
    let ran = machine.run(&["unlock", PHONE]);
    let rewritten = fs::write(machine.path("audit.jsonl"), "");
    let removed = fs::remove_file(machine.path("audit.jsonl"));
    ioctl_setflags(&file, flags).unwrap();
    ran.exits(0);
    assert!(rewritten.is_err() && removed.is_err());
    assert_eq!((records(&machine).len(), findings(&machine)), (4, Vec::new()));
}

#[test]
fn doctor_tells_whether_the_next_record_can_be_written() {
    let machine = audited();
    let check = |machine: &Machine| -> Value {
        let document = machine.run(&["doctor", "--json"]).json();
        document["checks"].as_array().unwrap().iter().find(|check| check["id"] == "audit.file").cloned().unwrap()
    };
    assert!(check(&machine)["detail"].as_str().unwrap().contains("first change"));
    assert!(!machine.path("audit.jsonl").exists(), "who looks makes no file");
    machine.run(&["unlock", PHONE]).exits(0);
    assert!(check(&machine)["detail"].as_str().unwrap().ends_with("the newest is 2"));
    let lines = crate::support::audit::lines(&machine);
    crate::support::audit::write_lines(&machine, &lines[..1]);
    let cut = check(&machine);
    assert_eq!((&cut["status"], &cut["exit"]), (&"fail".into(), &28.into()), "{cut}");
    fs::remove_file(machine.path("audit.jsonl")).unwrap();
    fs::create_dir(machine.path("audit.jsonl")).unwrap();
    assert_eq!(check(&machine)["exit"], 28);
}

#[test]
fn an_event_has_the_anchor_of_its_intent() {
    let machine = audited();
    machine.run(&["send", PHONE]).exits(0);
    let intent = &records(&machine)[0];
    let anchor = format!("\"audit\":\"1:{}\"", &intent["mac"].as_str().unwrap()[..12]);
    let stored = crate::each_store::stored::files(&machine.path(".local/state/otpctl"));
    assert!(stored.contains(&anchor), "{anchor} is in no event");
}

#[test]
fn an_operator_is_named_as_the_machine_knows_him() {
    let mut machine = audited();
    machine.variable("SUDO_USER", "ravi\u{1b}[2J");
    machine.variable("SSH_CONNECTION", "192.0.2.7 50000 192.0.2.1 22");
    let recorded = added(&machine, || {
        machine.run(&["unlock", PHONE]).exits(0);
    });
    let who = &recorded[0]["who"];
    assert_eq!(who["ssh"], "192.0.2.7");
    assert!(who["user"].is_string() && who["login"].is_string(), "{who}");
    assert!(!recorded[0]["host"].as_str().unwrap().is_empty());
    let text = fs::read_to_string(machine.path("audit.jsonl")).unwrap();
    assert!(!text.contains('\u{1b}'));
}
