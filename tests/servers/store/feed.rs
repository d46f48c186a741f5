//! The feed where it cannot be written: a send goes on without it.

use std::process::Stdio;

use crate::servers::deployments::Cluster;
use crate::servers::redis::{Make, RedisServer};
use crate::support::cli::{FREE, Machine, PEPPER, PHONE};

const FEED: &str = "otpctl:{feed:0}:events";

fn machine(server: &RedisServer, user: &str) -> Machine {
    let machine = Machine::new();
    machine.write("pepper", PEPPER);
    let code = "[code]\npeppers = [{ id = \"1\", file = \"../../pepper\" }]";
    let url = format!("redis://{user}127.0.0.1:{}", server.port());
    machine.configure(&format!("{FREE}{code}\n[store.redis]\nurl = \"{url}\"\n"));
    machine
}

#[test]
fn a_user_who_may_not_write_the_feed_sends_all_the_same() {
    let server = RedisServer::start();
    let machine = machine(&server, "app:secret@");
    let set = |rules: &[&str]| server.cli(&[&["ACL", "SETUSER", "app", "reset", "on", ">secret"], rules].concat());
    // The whole of it is refused, or the keys of phones are all that this user may use.
    for rules in [
        &["~*", "+@all", "-xadd", "-hincrby"][..],
        &["~*", "+@all", "-xadd"],
        &["~otpctl:{+*", "~otpctl:{c*", "~otpctl:{p*", "~otpctl:{r*", "~otpctl:{u*", "+@all"],
    ] {
        server.cli(&["FLUSHALL"]);
        set(rules);
        let code = machine.send(PHONE);
        machine.verify(PHONE, &code).exits(0);
        assert_eq!(server.cli(&["EXISTS", FEED]), "0", "{rules:?}");
        let numbers = server.cli(&["KEYS", "otpctl:{stats:IN}:*"]);
        assert_eq!(numbers.is_empty(), rules != ["~*", "+@all", "-xadd"], "each by itself: {numbers}");
    }
    set(&["~*", "+@all"]);
    machine.send(PHONE);
    assert_eq!(server.cli(&["XLEN", FEED]), "2");
}

#[test]
fn a_feed_that_is_something_else_stops_no_send() {
    let server = RedisServer::start();
    server.cli(&["SET", FEED, "x"]);
    let machine = machine(&server, "");
    let code = machine.send(PHONE);
    machine.verify(PHONE, &code).exits(0);
    assert_eq!(server.cli(&["GET", FEED]), "x");
    let error = machine.run(&["events"]);
    error.exits(24);
    assert!(error.stderr.contains("WRONGTYPE"), "{}", error.stderr);
}

#[test]
fn the_feed_and_the_numbers_end_and_the_feed_is_no_longer_than_it_may_be() {
    let server = RedisServer::start();
    let machine = machine(&server, "");
    machine.send(PHONE);
    let ttl = |key: &str| server.cli(&["TTL", key]).parse::<u64>().unwrap();
    let week = 7 * 24 * 3600;
    assert!((week - 60..=week).contains(&ttl(FEED)), "{}", ttl(FEED));
    for key in server.cli(&["KEYS", "otpctl:{stats*"]).lines() {
        assert!((39 * 24 * 3600..=40 * 24 * 3600).contains(&ttl(key)), "{key}");
    }
    let fill = "for i = 1, 120000 do redis.call('XADD', KEYS[1], '*', 'a', 'b') end return 'full'";
    assert_eq!(server.cli(&["EVAL", fill, "1", FEED]), "full");
    machine.send(PHONE);
    let length = server.cli(&["XLEN", FEED]).parse::<u64>().unwrap();
    assert!((100_000..101_000).contains(&length), "{length}");
    // What is no event of ours is left out, and said.
    let ran = machine.run(&["events", "--limit", "5", "--json"]);
    let document = ran.exits(0).json();
    assert_eq!(document["events"].as_array().unwrap().len(), 2, "{document}");
    assert!(document["broken"].as_u64() > Some(1000), "{document}");
}

#[test]
fn who_follows_is_ended_by_ctrl_c_with_its_own_exit_code() {
    let server = RedisServer::start();
    let machine = machine(&server, "");
    machine.send(PHONE);
    let mut command = machine.command(&["events", "--follow"]);
    let mut following = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    let stdout = following.stdout.take().unwrap();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line).unwrap();
    assert!(line.starts_with("{\"schema\":\"otpctl.event/1\""), "{line}");
    let pid = rustix::process::Pid::from_child(&following);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert_eq!(following.wait().unwrap().code(), Some(130));
}

/// Each event is in the timeline, in the feed and in the numbers, or in none of them.
#[test]
fn of_processes_that_are_killed_no_event_is_counted_twice_or_not_at_all() {
    let server = RedisServer::start();
    let machine = machine(&server, "");
    // However busy the machine is, one comes to its end.
    machine.send("+919876543299");
    let sends: Vec<_> = (0..40)
        .map(|n| {
            let mut command = machine.command(&["send", &format!("+9198765432{n:02}")]);
            let mut sending = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            std::thread::spawn(move || {
                // From before the first round trip to after the last one.
                std::thread::sleep(std::time::Duration::from_millis(n * 5));
                sending.kill().unwrap();
                sending.wait().unwrap();
            })
        })
        .collect();
    for sending in sends {
        sending.join().unwrap();
    }
    let words = |key: &str| server.cli(&["LRANGE", key, "0", "-1"]);
    let timelines = server.cli(&["KEYS", "otpctl:{+*}:timeline"]);
    let lines: String = timelines.lines().map(|key| words(key) + "\n").collect();
    let told = |result: &str| lines.lines().filter(|line| line.contains(&format!("\"result\":\"{result}\""))).count();
    let feed = machine.run(&["events", "--limit", "1000", "--json"]);
    let feed = feed.exits(0).json();
    let listed =
        |result: &str| feed["events"].as_array().unwrap().iter().filter(|event| event["result"] == result).count();
    let stats = machine.run(&["stats", "--json"]);
    let total = stats.exits(0).json()["total"].clone();
    assert!(told("pending") > 0, "some came so far: {lines}");
    assert_eq!(
        (listed("pending"), total["requested"].as_u64()),
        (told("pending"), u64::try_from(told("pending")).ok())
    );
    assert_eq!((listed("sent"), total["sent"].as_u64()), (told("sent"), u64::try_from(told("sent")).ok()));
}

/// On a Cluster the feed and the numbers are written after the change: who is killed between them leaves out one of his.
#[test]
fn on_a_cluster_the_numbers_miss_no_more_than_was_killed() {
    const SENDS: u64 = 40;
    let cluster = Cluster::start(Make::Redis);
    let machine = Machine::new();
    machine.write("pepper", PEPPER);
    let code = "[code]\npeppers = [{ id = \"1\", file = \"../../pepper\" }]";
    let seed = cluster.nodes[0].port();
    machine.configure(&format!("{FREE}{code}\n[store.redis]\nnodes = [\"127.0.0.1:{seed}\"]\n"));
    let mut killed = 0;
    for n in 0..SENDS {
        let mut command = machine.command(&["send", &format!("+9198765432{n:02}")]);
        let mut sending = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        if n % 4 == 0 {
            std::thread::sleep(std::time::Duration::from_millis(n));
            sending.kill().unwrap();
        }
        killed += u64::from(!sending.wait().unwrap().success());
    }
    assert!((1..=SENDS / 4).contains(&killed), "{killed}");
    let lines: String = cluster
        .nodes
        .iter()
        .flat_map(|node| {
            let timelines = node.cli(&["KEYS", "otpctl:{+*}:timeline"]);
            timelines.lines().map(|key| node.cli(&["LRANGE", key, "0", "-1"]) + "\n").collect::<Vec<_>>()
        })
        .collect();
    let total = machine.run(&["stats", "--json"]).exits(0).json()["total"].clone();
    for (result, counted) in [("pending", "requested"), ("sent", "sent")] {
        let happened = lines.lines().filter(|line| line.contains(&format!("\"result\":\"{result}\""))).count();
        let (happened, counted) = (u64::try_from(happened).unwrap(), total[counted].as_u64().unwrap());
        assert!(happened >= SENDS - killed, "{happened} of {SENDS}, {killed} killed");
        assert!(
            (happened - killed..=happened).contains(&counted),
            "{result}: {counted} of {happened}, {killed} killed"
        );
    }
}
