//! The Clusters that histories run on: slots that move key by key, nodes that are killed and come back, and replicas that
//! take the place of their masters.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::chaos::{Scenario, over, spoil};
use super::{Course, Dice, phone};
use crate::faults::harness::held;
use crate::servers::deployments::Cluster;
use crate::servers::proxy::Proxy;
use crate::servers::redis::RedisServer;
use crate::support::PATIENCE;
use crate::support::cli::Machine;
use crate::support::until::until;

/// Nodes, the ways to them, and a machine that knows two of them.
struct Nodes {
    cluster: Cluster,
    proxies: Vec<Proxy>,
    machine: Machine,
}

impl Nodes {
    /// The ways that are spoiled lead to each of three masters, which announce the ports of the proxies; with replicas,
    /// which would go the same way as clients, to the two nodes that are named.
    fn start(replicas: bool, more: &str) -> Self {
        let proxies: Vec<Proxy> = (0..if replicas { 2 } else { 3 }).map(|_| Proxy::nowhere()).collect();
        let announced = |index: usize| proxies.get(index).map(Proxy::port).filter(|_| !replicas);
        let cluster = Cluster::lasting(&(0..if replicas { 6 } else { 3 }).map(announced).collect::<Vec<_>>());
        for (proxy, node) in proxies.iter().zip(&cluster.nodes) {
            proxy.lead_to(node.port());
        }
        let seeds = format!("\"127.0.0.1:{}\", \"127.0.0.1:{}\"", proxies[0].port(), proxies[1].port());
        let machine = over(&format!("nodes = [{seeds}]\n{more}"));
        Self { cluster, proxies, machine }
    }

    /// Spoils one way after the other until the end.
    fn spoil(&self, course: &Course, dice: &mut Dice) {
        while !course.is_over() {
            std::thread::sleep(Duration::from_millis(20 + dice.roll(100)));
            spoil(dice.pick(&self.proxies).unwrap(), dice);
        }
        self.proxies.iter().for_each(Proxy::heal);
    }

    /// What must hold at the end of all masters.
    fn look(&self) {
        self.cluster.until_whole();
        for node in self.cluster.nodes.iter().filter(|node| node.cli(&["ROLE"]).starts_with("master")) {
            held(node, 2);
        }
    }
}

/// Three masters that write everything down. The slots of the phones wander, and nodes are killed meanwhile: nothing that
/// was acknowledged may be lost.
pub struct Wandering {
    nodes: Nodes,
    moved: AtomicUsize,
    killed: AtomicUsize,
}

impl Wandering {
    pub fn start() -> Self {
        Self { nodes: Nodes::start(false, ""), moved: AtomicUsize::default(), killed: AtomicUsize::default() }
    }

    /// Kills one node after the other. It comes back before or after the others took notice.
    fn kill(&self, course: &Course, dice: &mut Dice) {
        loop {
            std::thread::sleep(Duration::from_millis(3000 + dice.roll(3000)));
            if course.is_over() {
                break;
            }
            let node = dice.pick(&self.nodes.cluster.nodes).unwrap();
            node.crash();
            let away = if dice.roll(4) == 0 { 3500 } else { dice.roll(1000) };
            std::thread::sleep(Duration::from_millis(away));
            node.again();
            self.killed.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Moves the slots of the phones from node to node.
    fn wander(&self, course: &Course, dice: &mut Dice) {
        let cluster = &self.nodes.cluster;
        let ids: Vec<String> = cluster.nodes.iter().map(|node| node.cli(&["CLUSTER", "MYID"])).collect();
        let mut owners: HashMap<usize, usize> = HashMap::new();
        while !course.is_over() {
            std::thread::sleep(Duration::from_millis(dice.roll(300)));
            let key = format!("otpctl:{{{}}}:record", phone(course.phone(dice)));
            // One of them may be down.
            let told = cluster.nodes.iter().find_map(|node| node.cli(&["CLUSTER", "KEYSLOT", &key]).parse().ok());
            let slot = told.unwrap();
            let owner = *owners.entry(slot).or_insert_with(|| Cluster::first_owner(slot));
            let to = (owner + 1 + usize::try_from(dice.roll(2)).unwrap()) % cluster.nodes.len();
            Move { cluster, ids: &ids, slot: &slot.to_string(), owner, to }.make(dice);
            owners.insert(slot, to);
            self.moved.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// One slot, who has it, and who is to have it.
struct Move<'a> {
    cluster: &'a Cluster,
    ids: &'a [String],
    slot: &'a str,
    owner: usize,
    to: usize,
}

impl Move<'_> {
    /// As `redis-cli --cluster reshard` moves a slot, but slowly. A node that is down is waited for at each step; each may
    /// be done twice.
    fn make(&self, dice: &mut Dice) {
        let [from, target] = [self.owner, self.to].map(|index| &self.cluster.nodes[index]);
        let (slot, new) = (self.slot, &self.ids[self.to]);
        self.set(target, &["IMPORTING", &self.ids[self.owner]]);
        self.set(from, &["MIGRATING", new]);
        let port = target.port().to_string();
        let end = Instant::now() + PATIENCE;
        loop {
            let left = from.cli(&["CLUSTER", "COUNTKEYSINSLOT", slot]);
            if left == "0" {
                break;
            }
            assert!(Instant::now() < end, "{left} keys of the slot {slot} do not move");
            std::thread::sleep(Duration::from_millis(dice.roll(60)));
            let keys = from.cli(&["CLUSTER", "GETKEYSINSLOT", slot, "10"]);
            let keys: Vec<&str> = keys.lines().collect();
            // What the target may have of it is from a try whose end was not seen: it was never served there.
            if let Some(key) = dice.pick(&keys) {
                from.cli(&["MIGRATE", "127.0.0.1", &port, key, "0", "1000", "REPLACE"]);
            }
        }
        // The target first, so that the slot is never nobody's.
        self.set(target, &["NODE", new]);
        self.set(from, &["NODE", new]);
        self.cluster.nodes.iter().for_each(|node| self.set(node, &["NODE", new]));
    }

    fn set(&self, node: &RedisServer, words: &[&str]) {
        let words = [&["CLUSTER", "SETSLOT", self.slot], words].concat();
        until(&format!("OK to {words:?}"), || node.cli(&words) == "OK");
    }
}

impl Scenario for Wandering {
    fn machine(&self) -> &Machine {
        &self.nodes.machine
    }

    fn break_things(&self, course: &Course, dice: &mut Dice) {
        let mut seeds = [(); 3].map(|()| Dice(dice.roll(u64::MAX)));
        let [spoils, kills, wanders] = &mut seeds;
        std::thread::scope(|scope| {
            scope.spawn(|| self.nodes.spoil(course, spoils));
            scope.spawn(|| self.kill(course, kills));
            scope.spawn(|| self.wander(course, wanders));
        });
    }

    fn has_broken(&self) -> bool {
        self.moved.load(Ordering::SeqCst) >= 3 && self.killed.load(Ordering::SeqCst) >= 1
    }

    fn look(&self) -> String {
        self.nodes.look();
        let (moved, killed) = (self.moved.load(Ordering::SeqCst), self.killed.load(Ordering::SeqCst));
        assert!(self.has_broken(), "{moved} moves, {killed} killed");
        format!("; {moved} moves of a slot, {killed} nodes killed")
    }
}

/// Three masters with a replica each, which take turns: asked to, and by force when the master is killed. A change counts
/// when both have it.
pub struct Relayed {
    nodes: Nodes,
    took_over: Mutex<[usize; 2]>,
}

impl Relayed {
    pub fn start() -> Self {
        let durability = "durability = { wait_replicas = 1, wait_ms = 1000, strict = true }";
        Self { nodes: Nodes::start(true, durability), took_over: Mutex::default() }
    }

    fn relay(&self, course: &Course, dice: &mut Dice) {
        let cluster = &self.nodes.cluster;
        let mut pairs: Vec<[usize; 2]> = (0..3).map(|index| [index, index + 3]).collect();
        let mut by_force = true;
        while !course.is_over() {
            std::thread::sleep(Duration::from_millis(500 + dice.roll(1500)));
            let pair = usize::try_from(dice.roll(3)).unwrap();
            let [master, replica] = pairs[pair].map(|index| &cluster.nodes[index]);
            by_force = !by_force;
            let mut asked = None;
            if by_force {
                master.crash();
            }
            until("the replica has taken over", || {
                // What a replica agreed to it gives up after five seconds, as it does on a busy machine.
                if !by_force && asked.is_none_or(|asked: Instant| asked.elapsed() > Duration::from_secs(6)) {
                    asked = (replica.cli(&["CLUSTER", "FAILOVER"]) == "OK").then(Instant::now);
                }
                replica.cli(&["ROLE"]).starts_with("master")
            });
            if by_force {
                std::thread::sleep(Duration::from_millis(dice.roll(500)));
                master.again();
            }
            // Without its replica a master would be all alone when it is its turn.
            until("the master follows", || {
                master.cli(&["INFO", "replication"]).contains("master_link_status:up")
                    && replica.cli(&["INFO", "replication"]).contains("connected_slaves:1")
            });
            pairs[pair].reverse();
            self.took_over.lock().unwrap()[usize::from(by_force)] += 1;
        }
    }
}

impl Scenario for Relayed {
    fn machine(&self) -> &Machine {
        &self.nodes.machine
    }

    fn reads_last(&self) -> bool {
        false
    }

    fn break_things(&self, course: &Course, dice: &mut Dice) {
        let (mut spoils, mut relays) = (Dice(dice.roll(u64::MAX)), Dice(dice.roll(u64::MAX)));
        std::thread::scope(|scope| {
            scope.spawn(|| self.nodes.spoil(course, &mut spoils));
            scope.spawn(|| self.relay(course, &mut relays));
        });
    }

    fn has_broken(&self) -> bool {
        self.took_over.lock().unwrap().iter().all(|count| *count >= 1)
    }

    fn look(&self) -> String {
        self.nodes.look();
        let [asked, forced] = *self.took_over.lock().unwrap();
        assert!(self.has_broken(), "{asked} and {forced}");
        format!("; {asked} failovers that were asked for, {forced} of a master that was killed")
    }
}
