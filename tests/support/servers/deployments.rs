//! Servers that belong together: a Cluster of three masters, and a master with its replica and its Sentinel; over TLS
//! too, among each other as well.

use otpctl::store::{Deployment, Endpoint as At, Sentinels, Server as Address, Tls};

use crate::servers::certs::Certs;
use crate::servers::redis::{Make, RedisServer};
use crate::support::fixtures::address;
use crate::support::port::free_port;
use crate::support::until::until;

/// Three masters, each with a third of the slots; behind them the replica of each, where there are any.
pub struct Cluster {
    pub nodes: Vec<RedisServer>,
    /// Where clients speak to each of them.
    pub ports: Vec<u16>,
    tls: Option<Tls>,
}

/// A node before it knows the others.
struct Alone {
    server: RedisServer,
    port: u16,
    bus: String,
}

impl Alone {
    /// With these further words. It tells clients this port, where that is not the one of the server.
    fn start(make: Make, words: &[String], port: Option<u16>) -> Self {
        let bus = free_port().to_string();
        let mut own = vec!["--cluster-enabled", "yes", "--cluster-node-timeout", "2000"];
        if make != Make::Redis6 {
            own.extend(["--cluster-port", &bus]);
        }
        let words: Vec<&str> = own.into_iter().chain(words.iter().map(String::as_str)).collect();
        let server = RedisServer::make(make, &words);
        let port = port.unwrap_or(server.port());
        let bus = if make == Make::Redis6 { (server.port() + 10_000).to_string() } else { bus };
        Self { server, port, bus }
    }
}

impl Cluster {
    pub fn start(make: Make) -> Self {
        Self::joined((0..3).map(|_| Alone::start(make, &[], None)).collect(), None)
    }

    /// Over TLS alone, as far as clients and the nodes themselves are concerned. Who asks must show a certificate.
    pub fn over_tls(certs: &Certs) -> Self {
        let node = |_| {
            let port = free_port();
            let words = [certs.words(port, "yes"), ["--tls-cluster", "yes"].map(str::to_owned).to_vec()].concat();
            Alone::start(Make::Redis, &words, Some(port))
        };
        Self::joined((0..3).map(node).collect(), Some(certs.ours()))
    }

    /// What is acknowledged is on the disk. A node tells clients another port than its own where one is given; of six
    /// nodes three are replicas.
    pub fn lasting(ports: &[Option<u16>]) -> Self {
        let node = |port: &Option<u16>| {
            let words = ["--appendonly", "yes", "--appendfsync", "always", "--repl-diskless-sync-delay", "0"];
            let mut words: Vec<String> = words.map(str::to_owned).to_vec();
            words.extend(port.iter().flat_map(|port| ["--cluster-announce-port".to_owned(), port.to_string()]));
            Alone::start(Make::Redis, &words, *port)
        };
        Self::joined(ports.iter().map(node).collect(), None)
    }

    fn joined(nodes: Vec<Alone>, tls: Option<Tls>) -> Self {
        for (index, Alone { server, .. }) in nodes.iter().take(3).enumerate() {
            let (first, last) = (index * 16384 / 3, (index + 1) * 16384 / 3 - 1);
            assert_eq!(server.cli(&["CLUSTER", "SET-CONFIG-EPOCH", &(index + 1).to_string()]), "OK");
            // Redis 6 has no `ADDSLOTSRANGE`.
            let slots: Vec<String> = (first..=last).map(|slot| slot.to_string()).collect();
            let words = ["CLUSTER", "ADDSLOTS"].into_iter().chain(slots.iter().map(String::as_str));
            assert_eq!(server.cli(&words.collect::<Vec<_>>()), "OK");
        }
        // Each meets each: rumours would take a second more.
        for node in &nodes {
            for other in nodes.iter().filter(|other| other.bus != node.bus) {
                node.server.cli(&["CLUSTER", "MEET", "127.0.0.1", &other.port.to_string(), &other.bus]);
            }
        }
        let ports = nodes.iter().map(|node| node.port).collect();
        let cluster = Self { nodes: nodes.into_iter().map(|node| node.server).collect(), ports, tls };
        cluster.until_whole();
        for (master, replica) in cluster.nodes.iter().zip(&cluster.nodes[3..]) {
            assert_eq!(replica.cli(&["CLUSTER", "REPLICATE", &master.cli(&["CLUSTER", "MYID"])]), "OK");
        }
        until("the replicas are in step", || {
            let up = |node: &RedisServer| node.cli(&["INFO", "replication"]).contains("master_link_status:up");
            cluster.nodes[3..].iter().all(up)
        });
        cluster
    }

    /// No node is taken for dead because the machine is busy: for tests in which none dies.
    pub fn steady(self) -> Self {
        for node in &self.nodes {
            assert_eq!(node.cli(&["CONFIG", "SET", "cluster-node-timeout", "600000"]), "OK");
        }
        self
    }

    /// Waits until each node knows the others and says that all is well.
    pub fn until_whole(&self) {
        let known = format!("cluster_known_nodes:{}", self.nodes.len());
        until("the cluster is whole", || {
            self.nodes.iter().all(|node| {
                let info = node.cli(&["CLUSTER", "INFO"]);
                info.contains("cluster_state:ok") && info.contains(&known)
            })
        });
    }

    /// Known by one of its nodes.
    pub fn address(&self) -> Address {
        self.known_as("127.0.0.1")
    }

    /// Known by one of its nodes, under this name.
    pub fn known_as(&self, host: &str) -> Address {
        let seed = At::Tcp(host.to_owned(), self.ports[0]);
        let deployment = Deployment::Cluster(vec![seed]);
        Address { deployment, tls: self.tls.clone(), ..address("redis://127.0.0.1:1") }
    }

    /// The node that has a key, and one that has not.
    pub fn of(&self, key: &str) -> (&RedisServer, &RedisServer) {
        let has = |node: &&RedisServer| !node.cli(&["EXISTS", key]).contains("MOVED");
        let own = self.nodes.iter().find(has).unwrap();
        (own, self.nodes.iter().find(|node| node.port() != own.port()).unwrap())
    }

    /// Where clients speak to a node.
    pub fn port_of(&self, node: &RedisServer) -> u16 {
        self.ports[self.nodes.iter().position(|own| own.port() == node.port()).unwrap()]
    }

    /// How often its nodes refused something in this word.
    pub fn refusals(&self, word: &str) -> u64 {
        let front = format!("errorstat_{word}:count=");
        let count = |node: &RedisServer| {
            let stats = node.cli(&["INFO", "errorstats"]);
            stats.lines().find_map(|line| line.strip_prefix(&front)?.trim().parse::<u64>().ok()).unwrap_or_default()
        };
        self.nodes.iter().map(count).sum()
    }

    /// The node that a slot is given to at first.
    pub fn first_owner(slot: usize) -> usize {
        (0..3).rfind(|index| index * 16384 / 3 <= slot).unwrap()
    }

    /// The slot of a key.
    pub fn slot(&self, key: &str) -> String {
        self.nodes[0].cli(&["CLUSTER", "KEYSLOT", key])
    }
}

/// Three nodes that were started elsewhere, each with the port where clients speak to it and that of its bus.
pub fn as_nodes(nodes: [(u16, (RedisServer, u16)); 3]) -> Cluster {
    let alone = |(port, (server, bus)): (u16, (RedisServer, u16))| Alone { server, port, bus: bus.to_string() };
    Cluster::joined(nodes.into_iter().map(alone).collect(), None)
}

/// A master with one replica, and a Sentinel that knows it as `otp`.
pub struct Watched {
    pub master: RedisServer,
    pub replica: RedisServer,
    pub sentinel: RedisServer,
    /// Where clients speak to each of them, in this order.
    pub ports: [u16; 3],
    tls: Option<Tls>,
    _conf: tempfile::TempDir,
}

impl Watched {
    pub fn start() -> Self {
        Self::spoken_to(Make::Redis, None)
    }

    /// Servers of another make.
    pub fn make(make: Make) -> Self {
        Self::spoken_to(make, None)
    }

    /// Over TLS, each with each; who asks must show a certificate, be it another of them.
    pub fn over_tls(certs: &Certs) -> Self {
        Self::spoken_to(Make::Redis, Some(certs))
    }

    fn spoken_to(make: Make, certs: Option<&Certs>) -> Self {
        let server = |words: &[&str]| {
            let (port, tls) = certs.map_or((None, Vec::new()), |certs| {
                let port = free_port();
                (
                    Some(port),
                    [certs.words(port, "yes"), ["--tls-replication", "yes"].map(str::to_owned).to_vec()].concat(),
                )
            });
            let words: Vec<&str> = words.iter().copied().chain(tls.iter().map(String::as_str)).collect();
            let server = RedisServer::make(make, &words);
            let port = port.unwrap_or(server.port());
            (server, port)
        };
        // Both, since they change places: the other would wait for five seconds.
        let soon = ["--repl-diskless-sync-delay", "0"];
        let (master, first) = server(&soon);
        let first_port = first.to_string();
        let of = ["--replicaof", "127.0.0.1", &first_port, "--repl-ping-replica-period", "1"];
        let (replica, second) = server(&[&soon[..], &of].concat());
        until("the replica is in step", || replica.cli(&["INFO", "replication"]).contains("master_link_status:up"));
        let conf = tempfile::tempdir().unwrap();
        let file = conf.path().join("sentinel.conf");
        let text = format!(
            "sentinel monitor otp 127.0.0.1 {first} 1\nsentinel down-after-milliseconds otp 500\n\
             sentinel failover-timeout otp 3000\nsentinel resolve-hostnames no\n"
        );
        std::fs::write(&file, text).unwrap();
        let (sentinel, third) = server(&[file.to_str().unwrap(), "--sentinel"]);
        until("the Sentinel knows the replica", || {
            let known = sentinel.cli(&["SENTINEL", "REPLICAS", "otp"]);
            known.contains(&second.to_string()) && known.contains("slave-priority")
        });
        let tls = certs.map(Certs::ours);
        Self { master, replica, sentinel, ports: [first, second, third], tls, _conf: conf }
    }

    pub fn address(&self) -> Address {
        let mut address = by(vec![At::Tcp("127.0.0.1".to_owned(), self.ports[2])]);
        if let Deployment::Sentinel(sentinels) = &mut address.deployment {
            sentinels.tls.clone_from(&self.tls);
        }
        Address { tls: self.tls.clone(), ..address }
    }
}

impl Watched {
    /// The master is not taken for dead because the machine is busy: for tests in which it does not die.
    pub fn steady(self) -> Self {
        let words = ["SENTINEL", "SET", "otp", "down-after-milliseconds", "600000"];
        assert_eq!(self.sentinel.cli(&words), "OK");
        self
    }

    /// Waits until the replica has all that the master has.
    pub fn in_step(&self) {
        until("the replica has it all", || {
            let offset = |server: &RedisServer, name: &str| {
                let info = server.cli(&["INFO", "replication"]);
                info.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned()
            };
            offset(&self.master, "master_repl_offset:") == offset(&self.replica, "slave_repl_offset:")
        });
    }

    /// The master becomes a replica of its replica.
    pub fn hand_over(&self) {
        // It promotes only what it has heard of lately.
        until("the Sentinel agrees", || self.sentinel.cli(&["SENTINEL", "FAILOVER", "otp"]) == "OK");
        until("the replica is master", || self.is_promoted());
        until("the master is a replica", || self.master.cli(&["ROLE"]).starts_with("slave"));
    }

    /// Whether the replica was promoted, and the Sentinel names it.
    pub fn is_promoted(&self) -> bool {
        let named = self.sentinel.cli(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", "otp"]);
        named.contains(&self.ports[1].to_string()) && self.replica.cli(&["ROLE"]).starts_with("master")
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
