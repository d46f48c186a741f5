//! Servers that belong together: a Cluster of three masters, and a master with its replica and its Sentinel.

use std::time::{Duration, Instant};

use otpctl::store::{Deployment, Place as At, Sentinels, Server as Address};

use crate::places::address;
use crate::redis::{Make, RedisServer, free_port};

/// Three masters, each with a third of the slots.
pub struct Cluster {
    pub nodes: Vec<RedisServer>,
}

impl Cluster {
    pub fn start(make: Make) -> Self {
        let node = || {
            let bus = free_port().to_string();
            let words = ["--cluster-enabled", "yes", "--cluster-node-timeout", "2000", "--cluster-port", &bus];
            (RedisServer::make(make, &words), bus)
        };
        let nodes: Vec<(RedisServer, String)> = (0..3).map(|_| node()).collect();
        for (index, (node, _)) in nodes.iter().enumerate() {
            let (first, last) = (index * 16384 / 3, (index + 1) * 16384 / 3 - 1);
            assert_eq!(node.cli(&["CLUSTER", "SET-CONFIG-EPOCH", &(index + 1).to_string()]), "OK");
            assert_eq!(node.cli(&["CLUSTER", "ADDSLOTSRANGE", &first.to_string(), &last.to_string()]), "OK");
        }
        // Each meets each: rumours would take a second more.
        for (node, _) in &nodes {
            for (other, bus) in nodes.iter().filter(|(other, _)| other.port() != node.port()) {
                node.cli(&["CLUSTER", "MEET", "127.0.0.1", &other.port().to_string(), bus]);
            }
        }
        let cluster = Self { nodes: nodes.into_iter().map(|(node, _)| node).collect() };
        until("the cluster is whole", || {
            cluster.nodes.iter().all(|node| {
                let info = node.cli(&["CLUSTER", "INFO"]);
                info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:3")
            })
        });
        cluster
    }

    /// Known by one of its nodes.
    pub fn address(&self) -> Address {
        Address { deployment: Deployment::Cluster(vec![at(&self.nodes[0])]), ..address("redis://127.0.0.1:1") }
    }

    /// The node that has a key, and one that has not.
    pub fn of(&self, key: &str) -> (&RedisServer, &RedisServer) {
        let has = |node: &&RedisServer| !node.cli(&["EXISTS", key]).contains("MOVED");
        let own = self.nodes.iter().find(has).unwrap();
        (own, self.nodes.iter().find(|node| node.port() != own.port()).unwrap())
    }

    /// The slot of a key.
    pub fn slot(&self, key: &str) -> String {
        self.nodes[0].cli(&["CLUSTER", "KEYSLOT", key])
    }
}

/// A master with one replica, and a Sentinel that knows it as `otp`.
pub struct Watched {
    pub master: RedisServer,
    pub replica: RedisServer,
    pub sentinel: RedisServer,
    _conf: tempfile::TempDir,
}

impl Watched {
    pub fn start() -> Self {
        let master = RedisServer::start_with(&["--repl-diskless-sync-delay", "0"]);
        let of = ["--replicaof", &format!("127.0.0.1 {}", master.port()), "--repl-ping-replica-period", "1"];
        let replica = RedisServer::start_with(&of);
        until("the replica is in step", || replica.cli(&["INFO", "replication"]).contains("master_link_status:up"));
        let conf = tempfile::tempdir().unwrap();
        let file = conf.path().join("sentinel.conf");
        let text = format!(
            "sentinel monitor otp 127.0.0.1 {} 1\nsentinel down-after-milliseconds otp 500\n\
             sentinel failover-timeout otp 3000\nsentinel resolve-hostnames no\n",
            master.port()
        );
        std::fs::write(&file, text).unwrap();
        let sentinel = RedisServer::start_with(&[file.to_str().unwrap(), "--sentinel"]);
        until("the Sentinel knows the replica", || {
            let known = sentinel.cli(&["SENTINEL", "REPLICAS", "otp"]);
            known.contains(&replica.port().to_string()) && known.contains("slave-priority")
        });
        Self { master, replica, sentinel, _conf: conf }
    }

    pub fn address(&self) -> Address {
        by(vec![at(&self.sentinel)])
    }
}

/// The master that these Sentinels know as `otp`.
pub fn by(nodes: Vec<At>) -> Address {
    let sentinels = Sentinels { master: "otp".to_owned(), nodes, username: None, password: None, tls: None };
    Address { deployment: Deployment::Sentinel(sentinels), ..address("redis://127.0.0.1:1") }
}

pub fn at(server: &RedisServer) -> At {
    At::Tcp("127.0.0.1".to_owned(), server.port())
}

/// Waits until something is so.
pub fn until(what: &str, is: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !is() {
        assert!(Instant::now() < end, "not so after 20 s: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
