//! A Cluster and Sentinels over TLS, set up as `docs/store.md` says: the page's own files, with the names, ports and
//! certificates of this machine.

use serde_json::Value;

use super::harness::{End, OUTBOX, configure, ends, machine, sent};
use crate::servers::certs::Certs;
use crate::servers::deployments::as_nodes;
use crate::servers::redis::RedisServer;
use crate::support::cli::Machine;
use crate::support::port::free_port;
use crate::support::until::until;

const YES: End = End::of(0, "", &[]);
/// It has no address: whoever is sent to one is refused.
const NAMES: &str = "DNS:localhost";

/// The blocks of the section, by their language, in their order.
fn blocks(language: &str) -> Vec<String> {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/store.md")).unwrap();
    let section = page.split("\n## Over TLS\n").nth(1).unwrap().to_owned();
    let fenced = section.split("```").skip(1).step_by(2);
    fenced.filter_map(|block| block.strip_prefix(language)?.strip_prefix('\n').map(str::to_owned)).collect()
}

/// A file of the page for a server here: at this port, with what else is to be said otherwise.
fn server(certs: &Certs, file: &str, port: u16, changes: &[(&str, &str)], words: &[&str]) -> RedisServer {
    let folder = certs.path("").display().to_string();
    let mut text = file.replace("/etc/redis/", &folder).replace("redis-1.internal", "localhost");
    for (from, to) in changes {
        assert!(text.contains(from), "no `{from}` in {text}");
        text = text.replace(from, to);
    }
    let lines = text.lines().map(|line| match line.split_once(' ') {
        Some(("tls-port", _)) => format!("tls-port {port}\n"),
        _ => format!("{line}\n"),
    });
    let file = certs.path(&format!("{port}.conf"));
    std::fs::write(&file, lines.collect::<String>()).unwrap();
    // Where `localhost` is `::1` first, the servers look for each other there.
    let both = ["--bind", "127.0.0.1", "-::1"];
    RedisServer::start_with(&[&[file.to_str().unwrap()], words, &both].concat())
}

/// The page's own words for us, with the certificates and ports of this machine.
fn told(certs: &Certs, machine: &Machine, block: &str, ports: &[(&str, u16)]) {
    let mut text = block.trim_start_matches("[store.redis]\n").to_owned();
    for (named, port) in ports {
        assert!(text.contains(named), "no `{named}` in {text}");
        text = text.replace(named, &format!("localhost:{port}"));
    }
    for (file, name) in [("ca.pem", "ca.pem"), ("client.pem", "client.pem"), ("client.key", "client.key")] {
        let here = machine.write(name, &String::from_utf8(certs.read(file)).unwrap());
        text = text.replace(&format!("/etc/otpctl/{file}"), here.to_str().unwrap());
    }
    configure(machine, OUTBOX, &text);
}

/// Codes of several phones, which lie on all nodes of a Cluster, and what goes over all nodes.
fn works(machine: &Machine, servers: usize) {
    for n in 0..8 {
        let phone = format!("+9198765432{n:02}");
        let code = sent(machine, &phone);
        ends(machine, &["verify", &phone, &code], YES);
    }
    let (_, checked) = ends(machine, &["store", "check"], YES);
    assert_eq!(
        (&checked["findings"], checked["keys"].as_u64() > Some(8)),
        (&Value::Array(Vec::new()), true),
        "{checked}"
    );
    let (_, examined) = ends(machine, &["doctor"], YES);
    let ids = || examined["checks"].as_array().unwrap().iter().map(|check| check["id"].as_str().unwrap());
    // Of several servers each has its own.
    let of = |id: &str| ids().filter(|own| own.split('{').next() == Some(id)).count();
    assert_eq!((of("store.server"), of("store.tls")), (servers, 1), "{examined}");
    assert!(examined.to_string().contains("certificates are verified"), "{examined}");
}

#[test]
fn a_cluster_over_tls_as_the_page_says() {
    let certs = Certs::of(NAMES);
    let ports = [(); 3].map(|()| free_port());
    let start = |port: u16| {
        let bus = free_port();
        let words = ["--cluster-node-timeout", "2000", "--cluster-port", &bus.to_string()];
        (server(&certs, &blocks("conf")[0], port, &[], &words), bus)
    };
    let cluster = as_nodes(ports.map(|port| (port, start(port))));
    until("each knows the names of all", || {
        cluster.nodes.iter().all(|node| node.cli(&["CLUSTER", "SLOTS"]).matches("localhost").count() == 3)
    });
    let machine = machine("url = \"redis://127.0.0.1:1\"");
    let named = [1, 2, 3].map(|n| format!("redis-{n}.internal:6379"));
    let named: Vec<(&str, u16)> = named.iter().map(String::as_str).zip(ports).collect();
    told(&certs, &machine, &blocks("toml")[0], &named);
    works(&machine, 3);
    // Without what the page says nodes announce addresses, which no certificate here has.
    for node in &cluster.nodes {
        assert_eq!(node.cli(&["CONFIG", "SET", "cluster-preferred-endpoint-type", "ip"]), "OK");
    }
    let refused = End::of(20, "STORE_UNREACHABLE", &["certificate", "127.0.0.1", "localhost"]);
    ends(&machine, &["store", "check"], refused);
}

#[test]
fn sentinels_over_tls_as_the_page_says() {
    let certs = Certs::of(NAMES);
    let (conf, [first, second, watch]) = (blocks("conf"), [(); 3].map(|()| free_port()));
    let master = server(&certs, &conf[1], first, &[], &["--repl-diskless-sync-delay", "0"]);
    let of = format!("localhost {first}");
    let replica = server(&certs, &conf[1], second, &[], &["--replicaof", &of]);
    until("the replica is in step", || replica.cli(&["INFO", "replication"]).contains("master_link_status:up"));
    let monitor = format!("monitor otp localhost {first} 1\nsentinel failover-timeout otp 3000");
    // One Sentinel has to agree with nobody.
    let changes = [("monitor otp localhost 6379 2", monitor.as_str())];
    let sentinel = server(&certs, &conf[2], watch, &changes, &["--sentinel"]);
    until("the Sentinel knows the replica", || {
        let known = sentinel.cli(&["SENTINEL", "REPLICAS", "otp"]);
        known.contains(&second.to_string()) && known.contains("slave-priority")
    });
    let machine = machine("url = \"redis://127.0.0.1:1\"");
    // The first of them is down.
    let named = [("redis-1.internal:26379", free_port()), ("redis-2.internal:26379", watch)];
    told(&certs, &machine, &blocks("toml")[1], &named);
    works(&machine, 1);
    until("the Sentinel agrees", || sentinel.cli(&["SENTINEL", "FAILOVER", "otp"]) == "OK");
    until("the replica is master", || replica.cli(&["ROLE"]).starts_with("master"));
    until("it is named", || {
        let named = sentinel.cli(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", "otp"]);
        named.contains("localhost") && named.contains(&second.to_string())
    });
    works(&machine, 1);
    drop(master);
}
