//! Redis answers, and the answer is no.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread::{scope, sleep, spawn};
use std::time::{Duration, Instant};

use super::harness::{
    End, OUTBOX, at, codes, configure, ends, ends_in_vain, failures, holds, machine, one_is_taken, sent, wrong,
};
use super::{PHONE, RECORD};
use crate::servers::deployments::Cluster;
use crate::servers::proxy::{COMMIT, Proxy};
use crate::servers::redis::{Make, RedisServer};
use crate::support::cli::Machine;
use crate::support::until::until;

const YES: End = End::of(0, "", &[]);
const OTHER: &str = "+919876543211";

const fn not_ready(says: &'static [&'static str]) -> End {
    End::of(22, "STORE_NOT_READY", says)
}

/// A Redis with a machine on it and a code that went out.
fn with_a_code(words: &[&str]) -> (RedisServer, Machine, String) {
    on_a(Make::Redis, words)
}

/// The same on a server of another make.
fn on_a(make: Make, words: &[&str]) -> (RedisServer, Machine, String) {
    let server = RedisServer::make(make, words);
    let machine = machine(&at(server.port()));
    let code = sent(&machine, PHONE);
    (server, machine, code)
}

fn set(server: &RedisServer, name: &str, value: &str) {
    assert_eq!(server.cli(&["CONFIG", "SET", name, value]), "OK", "{name}");
}

/// The server reads its own snapshot for about so long.
fn loading(server: &Arc<RedisServer>, time: Duration) {
    server.cli(&["DEBUG", "POPULATE", "4000", "otpctl:{filler}"]);
    set(server, "key-load-delay", &(time.as_micros() / 4000).to_string());
    set(server, "loading-process-events-interval-bytes", "1024");
    let own = Arc::clone(server);
    spawn(move || own.cli(&["DEBUG", "RELOAD"]));
    until("it is loading", || server.cli(&["PING"]).contains("LOADING"));
}

#[test]
fn a_server_that_still_loads_is_waited_for() {
    let (server, machine, code) = with_a_code(&["--enable-debug-command", "yes"]);
    let server = Arc::new(server);
    loading(&server, Duration::from_secs(3));
    let started = Instant::now();
    ends(&machine, &["verify", PHONE, &code, "--timeout", "1s"], not_ready(&["LOADING"]));
    ends(&machine, &["verify", PHONE, &wrong(&code), "--timeout", "500ms"], not_ready(&["LOADING"]));
    ends(&machine, &["send", OTHER, "--timeout", "500ms"], not_ready(&["LOADING"]));
    assert!(server.cli(&["PING"]).contains("LOADING"), "too fast for this test: {:?}", started.elapsed());
    assert_eq!(machine.outbox().len(), 1);
    ends(&machine, &["send", OTHER, "--timeout", "20s"], YES);
    assert_eq!(machine.outbox().len(), 2, "it was waited for");
    until("it has loaded", || server.cli(&["PING"]) == "PONG");
    assert_eq!(failures(&server), 0, "not counted");
    one_is_taken(&machine, PHONE, 0);
    for filler in server.cli(&["--scan", "--pattern", "otpctl:{filler}*"]).lines().collect::<Vec<_>>().chunks(200) {
        server.cli(&[&["DEL"], filler].concat());
    }
    holds(&server);
}

#[test]
fn a_replica_is_not_ready() {
    let (server, _, code) = with_a_code(&[]);
    let replica = RedisServer::start_with(&["--replicaof", &format!("127.0.0.1 {}", server.port())]);
    until("the replica has it", || replica.cli(&["EXISTS", RECORD]) == "1");
    let proxy = Proxy::to(replica.port());
    let machine = machine(&at(proxy.port()));
    ends(&machine, &["send", OTHER], not_ready(&["is a replica"]));
    assert_eq!((machine.outbox().len(), proxy.passed_on(COMMIT)), (0, 2), "looked for the master once, then told");
    ends(&machine, &["verify", PHONE, &code], not_ready(&["is a replica"]));
    assert_eq!(failures(&server), 0);
    holds(&server);
}

#[test]
fn a_replica_whose_master_is_gone_is_not_ready() {
    let (server, _, _) = with_a_code(&[]);
    let of = format!("127.0.0.1 {}", server.port());
    let replica = RedisServer::start_with(&["--replicaof", &of, "--replica-serve-stale-data", "no"]);
    until("the replica has it", || replica.cli(&["EXISTS", RECORD]) == "1");
    server.crash();
    until("it knows", || replica.cli(&["GET", RECORD]).contains("MASTERDOWN"));
    let machine = machine(&at(replica.port()));
    ends_in_vain(&machine, &["inspect", PHONE], not_ready(&["MASTERDOWN"]));
    ends_in_vain(&machine, &["list"], not_ready(&["MASTERDOWN"]));
}

#[test]
fn full_memory_refuses_all_but_revoke_and_unlock() {
    memory_that_is_full(Make::Redis);
}

#[test]
fn full_memory_refuses_all_but_revoke_and_unlock_on_redis_6() {
    memory_that_is_full(Make::Redis6);
}

fn memory_that_is_full(make: Make) {
    let (server, machine, code) = on_a(make, &["--maxmemory-policy", "noeviction"]);
    set(&server, "maxmemory", "1");
    let full = not_ready(&["OOM"]);
    let before = server.cli(&["DBSIZE"]);
    ends(&machine, &["send", OTHER], full);
    ends(&machine, &["verify", PHONE, &code], full);
    ends(&machine, &["verify", PHONE, &wrong(&code)], full);
    assert_eq!((machine.outbox().len(), server.cli(&["DBSIZE"])), (1, before));
    assert_eq!(failures(&server), 0);
    set(&server, "maxmemory", "0");
    ends(&machine, &["verify", PHONE, &code], YES);
    sent(&machine, PHONE);
    set(&server, "maxmemory", "1");
    let revoked = ends(&machine, &["revoke", PHONE, "--must-exist"], YES).1;
    assert_eq!(revoked["revoked"], 1, "what makes it safer works even now");
    ends(&machine, &["unlock", PHONE], YES);
    holds(&server);
}

#[test]
fn a_failing_disk_refuses_sends_and_attempts() {
    a_disk_that_fails(Make::Redis);
}

#[test]
fn a_failing_disk_refuses_sends_and_attempts_on_redis_6() {
    a_disk_that_fails(Make::Redis6);
}

fn a_disk_that_fails(make: Make) {
    let (server, machine, code) = on_a(make, &[]);
    // A snapshot cannot take the place of a folder that is not empty.
    let folder = server.dir().join("dump.rdb");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("x"), "").unwrap();
    set(&server, "save", "3600 1");
    server.cli(&["BGSAVE"]);
    until("the snapshot fails", || server.cli(&["INFO", "persistence"]).contains("rdb_last_bgsave_status:err"));
    ends(&machine, &["send", OTHER], not_ready(&["MISCONF"]));
    ends(&machine, &["verify", PHONE, &code], not_ready(&["MISCONF"]));
    assert_eq!((machine.outbox().len(), failures(&server)), (1, 0));
    set(&server, "save", "");
    one_is_taken(&machine, PHONE, 0);
    holds(&server);
}

#[test]
fn too_few_replicas_refuse_sends_and_attempts() {
    too_few_replicas(Make::Redis);
}

#[test]
fn too_few_replicas_refuse_sends_and_attempts_on_redis_6() {
    too_few_replicas(Make::Redis6);
}

fn too_few_replicas(make: Make) {
    let (server, machine, code) = on_a(make, &[]);
    set(&server, "min-replicas-to-write", "1");
    for typed in [&code, &wrong(&code)] {
        ends(&machine, &["verify", PHONE, typed], not_ready(&["NOREPLICAS"]));
    }
    ends(&machine, &["send", OTHER], not_ready(&["NOREPLICAS"]));
    assert_eq!((machine.outbox().len(), failures(&server)), (1, 0));
    set(&server, "min-replicas-to-write", "0");
    one_is_taken(&machine, PHONE, 0);
    holds(&server);
}

/// `redis-cli` with a script that comes to no end.
struct Endless(Child);

impl Endless {
    fn start(server: &RedisServer) -> Self {
        let port = server.port().to_string();
        let mut command = Command::new("redis-cli");
        command.args(["-p", &port, "EVAL", "while true do end", "0"]).stdout(Stdio::null()).stderr(Stdio::null());
        let own = Self(command.spawn().unwrap());
        until("it is busy", || server.cli(&["PING"]).contains("BUSY"));
        own
    }
}

impl Drop for Endless {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = (self.0.kill(), self.0.wait());
    }
}

#[test]
fn an_endless_script_of_somebody_else_is_waited_for() {
    let (server, machine, code) = with_a_code(&["--busy-reply-threshold", "20"]);
    let endless = Endless::start(&server);
    let started = Instant::now();
    ends_in_vain(&machine, &["verify", PHONE, &code], not_ready(&["BUSY"]));
    assert!(started.elapsed() > Duration::from_millis(1000), "it is waited for: {:?}", started.elapsed());
    ends_in_vain(&machine, &["send", OTHER], not_ready(&["BUSY"]));
    assert!(server.cli(&["PING"]).contains("BUSY"), "the script is theirs: it is not ended");
    scope(|scope| {
        scope.spawn(|| {
            sleep(Duration::from_millis(300));
            server.cli(&["SCRIPT", "KILL"]);
        });
        ends(&machine, &["verify", PHONE, &wrong(&code)], End::of(10, "", &[]));
    });
    drop(endless);
    assert_eq!((machine.outbox().len(), failures(&server)), (1, 1));
    one_is_taken(&machine, PHONE, 0);
    holds(&server);
}

#[test]
fn a_server_that_forgot_all_scripts_counts_once() {
    let server = RedisServer::start_with(&["--appendonly", "yes", "--appendfsync", "always"]);
    let proxy = Proxy::to(server.port());
    let machine = machine(&at(proxy.port()));
    let code = sent(&machine, PHONE);
    let forget: [&dyn Fn(); 2] = [&|| assert_eq!(server.cli(&["SCRIPT", "FLUSH"]), "OK"), &|| {
        server.crash();
        server.again();
    }];
    for (index, forget) in forget.iter().enumerate() {
        let before = proxy.passed_on(COMMIT);
        forget();
        ends(&machine, &["verify", PHONE, &wrong(&code)], End::of(10, "", &[]));
        assert_eq!(proxy.passed_on(COMMIT) - before, 1, "exactly one EVAL");
        assert_eq!(failures(&server), 1 + index as u64, "counted once");
    }
    assert_eq!(proxy.passed_on("EVALSHA"), 0, "scripts are sent whole: there is nothing to forget");
    one_is_taken(&machine, PHONE, 0);
    holds(&server);
}

/// A cluster, and the phone's slot: the node that has it, another one, and a machine that knows but the other.
struct Moving<'a> {
    cluster: &'a Cluster,
    own: &'a RedisServer,
    other: &'a RedisServer,
    slot: String,
    machine: Machine,
}

#[test]
fn a_cluster_whose_slots_move_is_followed() {
    let cluster = &Cluster::start(Make::Redis);
    let (own, other) = cluster.of(RECORD);
    let machine = machine(&format!("nodes = [\"127.0.0.1:{}\"]", other.port()));
    let moving = Moving { cluster, own, other, slot: cluster.slot(RECORD), machine };
    moving.keys_move();
    moving.nobody_has_the_slot();
    cluster.nodes.iter().for_each(holds);
}

impl Moving<'_> {
    fn state(&self, node: &RedisServer, words: &[&str]) {
        assert_eq!(node.cli(&[&["CLUSTER", "SETSLOT", &self.slot], words].concat()), "OK");
    }

    fn keys_move(&self) {
        let Self { cluster, own, other, machine, .. } = self;
        ends(machine, &["user", "link", "asha", PHONE], YES);
        // A send also looks at the policy entry, and a key that is missing is one that may be on the other side.
        ends(machine, &["policy", "allow", PHONE], YES);
        sent(machine, PHONE);
        let id = |node: &RedisServer| node.cli(&["CLUSTER", "MYID"]);
        let migrate = |key: &str| {
            own.cli(&["MIGRATE", "127.0.0.1", &other.port().to_string(), key, "0", "5000"]);
        };
        self.state(other, &["IMPORTING", &id(own)]);
        self.state(own, &["MIGRATING", &id(other)]);
        // TRYAGAIN: of the keys of one command, one is here and one is there.
        migrate(RECORD);
        ends_in_vain(machine, &["send", PHONE], not_ready(&["TRYAGAIN"]));
        assert_eq!(codes(machine).len(), 1, "nothing was sent");
        let before = cluster.refusals("TRYAGAIN");
        scope(|scope| {
            scope.spawn(|| {
                until("it is refused", || cluster.refusals("TRYAGAIN") > before + 1);
                migrate("otpctl:{+919876543210}:users");
                migrate("otpctl:{+919876543210}:policy");
                migrate("otpctl:{+919876543210}:timeline");
            });
            ends(machine, &["send", PHONE], YES);
        });
        let code = codes(machine).pop().unwrap();
        // ASK: all of them are there, and the slot is not.
        ends(machine, &["verify", PHONE, &wrong(&code)], End::of(10, "", &[]));
        for node in &cluster.nodes {
            self.state(node, &["NODE", &id(other)]);
        }
        // MOVED, for one who knows but a node that has it not.
        let third = cluster.nodes.iter().find(|node| ![own.port(), other.port()].contains(&node.port())).unwrap();
        configure(machine, OUTBOX, &format!("nodes = [\"127.0.0.1:{}\"]", third.port()));
        let answer = ends(machine, &["verify", PHONE, &wrong(&code)], End::of(10, "", &[])).1;
        assert_eq!(answer["failures_consecutive"], 2, "each is counted once");
        one_is_taken(machine, PHONE, 1);
    }

    /// CLUSTERDOWN, for a while and to the end.
    fn nobody_has_the_slot(&self) {
        let Self { cluster, other, machine, slot, .. } = self;
        let used = codes(machine).len();
        for node in &cluster.nodes {
            node.cli(&["CLUSTER", "DELSLOTS", slot]);
        }
        let started = Instant::now();
        ends_in_vain(machine, &["send", PHONE], not_ready(&["CLUSTERDOWN"]));
        assert!(started.elapsed() > Duration::from_millis(600), "to the end of its time: {:?}", started.elapsed());
        assert_eq!(codes(machine).len(), used, "nothing was sent");
        let before = cluster.refusals("CLUSTERDOWN");
        scope(|scope| {
            scope.spawn(|| {
                until("it is refused", || cluster.refusals("CLUSTERDOWN") > before + 1);
                let id = other.cli(&["CLUSTER", "MYID"]);
                other.cli(&["CLUSTER", "ADDSLOTS", slot]);
                for node in &cluster.nodes {
                    node.cli(&["CLUSTER", "SETSLOT", slot, "NODE", &id]);
                }
            });
            ends(machine, &["send", PHONE], YES);
        });
        assert_eq!(codes(machine).len(), used + 1);
        one_is_taken(machine, PHONE, used);
    }
}

#[test]
fn values_that_are_not_ours_are_left_alone() {
    let (server, machine, code) = with_a_code(&[]);
    let record = server.cli(&["GET", RECORD]);
    let data = End::of(24, "STORE_DATA", &["cannot read the record"]);
    for value in ["042917", "{\"v\":99}", &record.replace("\"v\":1", "\"v\":2")] {
        server.cli(&["SET", RECORD, value, "EX", "60"]);
        ends(&machine, &["verify", PHONE, &code], data);
        assert_eq!(server.cli(&["GET", RECORD]), value, "not touched, not counted");
    }
    server.cli(&["SET", RECORD, &record.replace("\"key\":\"1\"", "\"key\":\"lost\""), "EX", "60"]);
    ends(&machine, &["verify", PHONE, &code], End::of(24, "STORE_DATA", &["lost"]));
    server.cli(&["DEL", RECORD]);
    server.cli(&["LPUSH", RECORD, "x"]);
    server.cli(&["EXPIRE", RECORD, "60"]);
    ends(&machine, &["verify", PHONE, &code], End::of(24, "STORE_DATA", &["WRONGTYPE"]));
    assert_eq!(server.cli(&["TYPE", RECORD]), "list");
    server.cli(&["DEL", RECORD]);
    server.cli(&["SET", RECORD, &record, "EX", "60"]);
    assert_eq!(failures(&server), 0);
    one_is_taken(&machine, PHONE, 0);
    holds(&server);
}

/// The checks of `doctor`, by their ids. It ends with one of these codes.
fn examined(machine: &Machine, codes: &[i32]) -> std::collections::BTreeMap<String, (String, String)> {
    let ran = machine.run(&["doctor", "--json"]);
    assert!(codes.contains(&ran.code), "{ran:?}");
    let document = ran.json();
    let all = document["checks"].as_array().unwrap();
    let text = |check: &serde_json::Value, name: &str| check[name].as_str().unwrap_or_default().to_owned();
    let one = |check: &serde_json::Value| (text(check, "id"), (text(check, "status"), text(check, "fix")));
    let checks: std::collections::BTreeMap<_, _> = all.iter().map(one).collect();
    assert_eq!(checks.len(), all.len(), "an id names one check: {document}");
    assert!(checks.values().all(|(_, fix)| !fix.contains("otpctl doctor")), "{checks:?}");
    checks
}

#[test]
fn doctor_names_each_server_and_what_to_do_at_that_very_one() {
    let cluster = Cluster::start(Make::Redis);
    let nodes: Vec<String> = cluster.nodes.iter().map(|node| format!("\"127.0.0.1:{}\"", node.port())).collect();
    let machine = machine(&format!("nodes = [{}]", nodes.join(", ")));
    let checks = examined(&machine, &[0]);
    for node in &cluster.nodes {
        let (status, fix) = &checks[&format!("store.persistence{{node=127.0.0.1:{}}}", node.port())];
        let right = format!("redis-cli -h 127.0.0.1 -p {} CONFIG SET appendonly yes", node.port());
        assert_eq!((status.as_str(), fix), ("warn", &right));
        // What is pasted helps.
        let pasted = Command::new("sh").args(["-c", fix]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&pasted.stdout).trim(), "OK");
    }
    assert!(examined(&machine, &[0]).values().all(|(status, _)| status == "ok"));

    // A node that is gone takes the cluster with it: which one it is, is told, and what to look at.
    cluster.nodes[2].crash();
    until("all know that the cluster is down", || {
        cluster.nodes[..2].iter().all(|node| node.cli(&["CLUSTER", "INFO"]).contains("cluster_state:fail"))
    });
    // Whoever is asked last is the one that is gone, or another that says that the cluster is down.
    let down = examined(&machine, &[22]);
    let ping = format!("-p {} PING", cluster.nodes[2].port());
    let fix = &down["store.reach"].1;
    assert!(fix.ends_with("CLUSTER NODES") || fix.ends_with(&ping), "{down:?}");
    let (status, fix) = &down[&format!("store.server{{node=127.0.0.1:{}}}", cluster.nodes[2].port())];
    assert!(status == "fail" && fix.ends_with(&ping), "{down:?}");
}
