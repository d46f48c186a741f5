//! Commands that go over all nodes of a Cluster: what lies on any of them is found once, and a node that is down is told.

use std::collections::BTreeSet;

use serde_json::Value;

use super::harness::{End, ends, ends_in_vain, machine, sent, wrong};
use crate::servers::deployments::Cluster;
use crate::servers::proxy::{Fault, LOAD, On, Proxy, Toxic};
use crate::servers::redis::{Make, RedisServer};
use crate::support::cli::{Machine, Ran};
use crate::support::until::until;

/// So many phones, whose keys lie on all nodes.
const PHONES: usize = 24;
const YES: End = End::of(0, "", &[]);

/// A Cluster in use, by applications too, and a machine that knows all of its nodes.
struct Used {
    cluster: Cluster,
    machine: Machine,
}

fn number(n: usize) -> String {
    format!("+9198765432{n:02}")
}

impl Used {
    fn start() -> Self {
        let cluster = Cluster::start(Make::Redis);
        let nodes: Vec<String> = cluster.ports.iter().map(|port| format!("\"127.0.0.1:{port}\"")).collect();
        let machine = machine(&format!("nodes = [{}]", nodes.join(", ")));
        machine.write("phones", &(0..PHONES).map(number).collect::<Vec<_>>().join("\n"));
        machine.run(&["send", "--from", "phones", "--json", "--yes"]).exits(0);
        let used = Self { cluster, machine };
        for n in 0..PHONES {
            used.cli(&["SET", &format!("otp:{}", number(n)), "482113", "EX", "300"]);
            used.cli(&["HSET", &format!("OTP:app:{n}"), "closed", "1"]);
        }
        let each = |node: &RedisServer| node.cli(&["--scan"]).lines().filter(|key| key.contains("OTP:")).count();
        assert!(used.cluster.nodes.iter().all(|node| each(node) > 0), "something lies on each node");
        used
    }

    fn cli(&self, words: &[&str]) -> String {
        self.cluster.nodes[0].cli(&[&["-c"][..], words].concat())
    }

    fn run(&self, words: &[&str]) -> Ran {
        self.machine.run(&[words, &["--timeout", "60s"]].concat())
    }

    /// The keys of a finding, as rows tell them; none twice.
    fn rows(&self, words: &[&str], finding: &str) -> BTreeSet<String> {
        let ran = self.run(&[words, &["-o", "jsonl", "--unmask"]].concat());
        let rows = ran.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let keys: Vec<String> =
            rows.filter(|row| row["finding"] == finding).map(|row| row["key"].as_str().unwrap().to_owned()).collect();
        let once: BTreeSet<String> = keys.iter().cloned().collect();
        assert_eq!(once.len(), keys.len(), "each once: {keys:?}");
        once
    }

    /// How many keys of applications' there are on all nodes that are there.
    fn orphans(&self) -> usize {
        let of = |node: &RedisServer| node.cli(&["--scan", "--pattern", "OTP:*"]).lines().count();
        self.cluster.nodes.iter().map(of).sum()
    }
}

#[test]
fn every_node_is_gone_over_and_one_that_is_down_is_told() {
    let used = Used::start();
    used.each_finding_is_found_once();
    used.each_code_is_listed_once();
    used.doctor_tells_of_each_node();
    // The others would need some time to notice. They know that it is gone before they say that all is down.
    used.cluster.nodes[1].crash();
    used.a_node_that_is_gone_is_told();
    until("the others notice", || {
        let notices = |node: usize| used.cluster.nodes[node].cli(&["CLUSTER", "INFO"]).contains("cluster_state:fail");
        notices(0) && notices(2)
    });
    used.a_cluster_that_is_down_says_so();
    used.cluster.nodes[1].again();
    used.cluster.until_whole();
    // It kept nothing on its disk. What lies on the others is all there, and can be removed now.
    let left = used.orphans();
    let purged = used.run(&["store", "purge", "--yes", "--json"]);
    assert_eq!(purged.exits(0).json()["removed"], left);
    assert_eq!(used.orphans(), 0);
}

impl Used {
    fn each_finding_is_found_once(&self) {
        let expected: BTreeSet<String> = (0..PHONES).map(|n| format!("otp:{}", number(n))).collect();
        let orphans: BTreeSet<String> = (0..PHONES).map(|n| format!("OTP:app:{n}")).collect();
        assert_eq!(self.rows(&["store", "check"], "plaintext_code"), expected);
        assert_eq!(self.rows(&["store", "check"], "otpgateway_orphan"), orphans);
        let counted = self.run(&["store", "check", "--json"]).exits(0).json();
        let size: usize = self.cluster.nodes.iter().map(|node| node.cli(&["DBSIZE"]).parse::<usize>().unwrap()).sum();
        assert_eq!((&counted["keys"], counted["findings"][0]["count"].as_u64()), (&size.into(), Some(PHONES as u64)));
        let tried = self.run(&["store", "purge", "--dry-run", "--json"]).exits(0).json();
        assert_eq!((&tried["removed"], self.orphans()), (&PHONES.into(), PHONES));
        let named = ["store", "purge", "--only", "plaintext_code", "--yes"];
        assert_eq!(self.rows(&named, "plaintext_code"), expected);
        assert_eq!(self.rows(&["store", "check"], "plaintext_code"), BTreeSet::new(), "on every node");
        assert_eq!(self.orphans(), PHONES, "what was not named stays");
    }

    /// Page by page, as one process after the other asks for them.
    fn each_code_is_listed_once(&self) {
        let (mut listed, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let mut words = vec!["list", "--json", "--unmask", "--limit", "5"];
            words.extend(cursor.iter().flat_map(|cursor| ["--cursor", cursor]));
            let page = self.run(&words).exits(0).json();
            let codes = page["codes"].as_array().unwrap();
            listed.extend(codes.iter().map(|code| code["phone"].as_str().unwrap().to_owned()));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = Some(next.to_owned()),
                None => break,
            }
        }
        listed.sort();
        assert_eq!(listed, (0..PHONES).map(number).collect::<Vec<_>>());
        for n in 0..PHONES {
            let inspected = self.run(&["inspect", &number(n), "--json"]).exits(0).json();
            assert_eq!(inspected["live_code"]["attempts_left"], 5, "{inspected}");
        }
    }

    /// The details of a check of `doctor`, by its status.
    fn checks(&self, id: &str, status: &str, exit: i32) -> Vec<String> {
        let ran = self.machine.run(&["doctor", "--json"]);
        let document = ran.exits(exit).json();
        let checks = document["checks"].as_array().unwrap().iter();
        let of = |check: &Value| check["id"].as_str().unwrap().split('{').next() == Some(id);
        let fit = checks.filter(|check| of(check) && check["status"] == status);
        fit.map(|check| check["detail"].as_str().unwrap().to_owned()).collect()
    }

    fn is_named(&self, node: usize, details: &[String]) -> bool {
        details.iter().filter(|detail| detail.contains(&self.cluster.ports[node].to_string())).count() == 1
    }

    fn doctor_tells_of_each_node(&self) {
        let told = self.checks("store.server", "ok", 0);
        assert!(told.len() == 3 && (0..3).all(|node| self.is_named(node, &told)), "{told:?}");
    }

    fn a_node_that_is_gone_is_told(&self) {
        let port = self.cluster.ports[1].to_string();
        let before = self.orphans();
        let is_named = |skipped: &Value| {
            let [one] = skipped.as_array().unwrap().as_slice() else { panic!("one node is missing: {skipped}") };
            assert_eq!((&one["code"], &one["exit"]), (&"STORE_UNREACHABLE".into(), &20.into()), "{one}");
            let why = one["message"].as_str().unwrap();
            assert!(why.contains(&port) && why.contains("Connection refused"), "{one}");
        };
        for words in [&["store", "check", "--json"] as &[&str], &["store", "purge", "--dry-run", "--json"]] {
            let ran = self.run(words);
            is_named(&ran.exits(19).json()["skipped"]);
            assert!(ran.stderr.contains(&port), "{ran:?}");
        }
        assert_eq!(self.orphans(), before);
        let found = self.rows(&["store", "check"], "otpgateway_orphan").len();
        assert_eq!(found, before, "all that the others hold");
        let purged = self.run(&["store", "purge", "--yes", "--json"]).exits(19).json();
        is_named(&purged["skipped"]);
        assert_eq!((&purged["removed"], self.orphans()), (&before.into(), 0), "all that the others hold");
        // What others of the node hold is there again when it is.
        for n in 0..PHONES {
            self.on_those_left(&["HSET", &format!("OTP:app:{n}"), "closed", "1"]);
        }
    }

    /// Asks every node that is there; one that does not have the key says so.
    fn on_those_left(&self, words: &[&str]) {
        for node in [0, 2] {
            self.cluster.nodes[node].cli(words);
        }
    }

    fn a_cluster_that_is_down_says_so(&self) {
        let down = End::of(22, "STORE_NOT_READY", &["CLUSTERDOWN", "otpctl doctor"]);
        for words in [&["inspect", &number(0)] as &[&str], &["store", "check"], &["list"]] {
            ends_in_vain(&self.machine, words, down);
        }
        let there = self.checks("store.server", "ok", 22);
        let gone = self.checks("store.server", "fail", 22);
        assert!(there.len() == 2 && self.is_named(0, &there) && self.is_named(2, &there), "{there:?}");
        assert!(gone.len() == 1 && self.is_named(1, &gone), "which one it is: {gone:?}");
        assert_eq!(self.checks("store.reach", "fail", 22).len(), 1);
    }
}

#[test]
fn a_node_that_is_down_hides_nothing_of_what_the_others_hold() {
    let used = Used::start();
    assert_eq!(used.run(&["revoke", "--all", "--yes", "--json"]).exits(0).json()["revoked"], PHONES);
    for n in 0..PHONES {
        let whose = format!("u_{}", n % 6);
        used.run(&["user", "link", &whose, &number(n)]).exits(0);
    }
    used.run(&["send", "--from", "phones", "--purpose", "pay", "--yes", "--json"]).exits(0);
    for node in &used.cluster.nodes {
        node.cli(&["CONFIG", "SET", "cluster-require-full-coverage", "no"]);
    }
    let codes = |listed: &Value| listed["codes"].as_array().unwrap().len();
    let whole = used.run(&["list", "--json"]).exits(0).json();
    let lost = used.cluster.nodes[1].cli(&["--scan", "--pattern", "*:record"]).lines().count();
    let lost_users = used.cluster.nodes[1].cli(&["--scan", "--pattern", "*:phones"]).lines().count();
    assert!(lost > 0 && lost < PHONES);
    used.cluster.nodes[1].crash();
    let port = used.cluster.ports[1].to_string();

    let listed = used.run(&["list", "--json"]).exits(19).json();
    assert_eq!(codes(&listed), codes(&whole) - lost, "{listed}");
    assert!(listed["skipped"][0]["message"].as_str().unwrap().contains(&port), "{listed}");
    let mut paged = 0;
    let (mut ends, mut cursor) = (BTreeSet::new(), None::<String>);
    loop {
        let mut words = vec!["list", "--json", "--limit", "5"];
        words.extend(cursor.iter().flat_map(|cursor| ["--cursor", cursor]));
        let ran = used.run(&words);
        let page = ran.json();
        ends.insert(ran.code);
        paged += codes(&page);
        match page["next_cursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => break,
        }
    }
    assert_eq!((paged, ends.contains(&19)), (codes(&listed), true), "page by page, too: {ends:?}");

    // The node is what is wrong, and no record.
    for words in [&["list"] as &[&str], &["user", "list"]] {
        let ran = used.run(words);
        assert!(ran.exits(19).stderr.contains("hint: otpctl doctor"), "{ran:?}");
    }
    let users = used.run(&["user", "list", "--json", "--unmask"]).exits(19).json();
    assert_eq!(users["users"].as_array().unwrap().len(), 6 - lost_users, "{users}");
    let phones: usize =
        users["users"].as_array().unwrap().iter().map(|row| row["phones"].as_array().unwrap().len()).sum();
    let skipped = users["skipped"].as_array().unwrap().iter().filter(|one| !one["phone"].is_null()).count();
    assert_eq!(phones + skipped, (6 - lost_users) * 4, "each phone is shown or named: {users}");

    let revoked = used.run(&["revoke", "--all", "--yes", "--json"]).exits(19).json();
    assert_eq!(revoked["revoked"], codes(&listed), "{revoked}");
    assert!(revoked["failed"][0]["message"].as_str().unwrap().contains(&port), "{revoked}");
    assert_eq!(codes(&used.run(&["list", "--json"]).exits(19).json()), 0);
    let said = used.run(&["revoke", "--all", "--yes"]);
    assert!(said.exits(19).stdout.starts_with("Revoked 0 codes"), "{said:?}");
    assert!(said.stderr.contains("skipped a part of the store") && said.stderr.contains("otpctl doctor"), "{said:?}");
}

/// As a balancer does for a server that is gone: it takes the connection in, and drops it.
#[test]
fn a_node_that_takes_connections_and_drops_them_is_waited_for() {
    let proxies = [(); 3].map(|()| Proxy::nowhere());
    let cluster = Cluster::lasting(&proxies.each_ref().map(|proxy| Some(proxy.port())));
    for (proxy, node) in proxies.iter().zip(&cluster.nodes) {
        proxy.lead_to(node.port());
    }
    let own = cluster.of(super::RECORD).0.port();
    let owner = cluster.nodes.iter().position(|node| node.port() == own).unwrap();
    let machine = machine(&format!("nodes = [\"127.0.0.1:{}\"]", proxies[(owner + 1) % 3].port()));
    let code = sent(&machine, super::PHONE);
    let closed = Fault::new(On::Request, Toxic::Reset).about(LOAD).always();
    proxies[owner].inject(closed);
    ends_in_vain(&machine, &["verify", super::PHONE, &code], End::of(20, "STORE_UNREACHABLE", &[]));
    let before = proxies[owner].struck();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            until("it is tried again", || proxies[owner].struck() > before + 1);
            proxies[owner].heal();
        });
        let answer = ends(&machine, &["verify", super::PHONE, &wrong(&code)], End::of(10, "", &[])).1;
        assert_eq!(answer["failures_consecutive"], 1, "counted once, and not before");
    });
    ends(&machine, &["verify", super::PHONE, &code], YES);
}
