//! A Cluster whose slots move, are split, or are nobody's; and lists and batches over all of its nodes.

use std::time::{Duration, Instant};

use otpctl::operations::OperationError;
use otpctl::otp::record::Verdict;
use otpctl::otp::{Role, Secret};
use otpctl::store::{Deadline, Deployment, Endpoint as At, Redis, Server as Address, StoreError, StoreKey, rules};

use crate::servers::certs::as_words;
use crate::servers::deployments::{Cluster, at};
use crate::servers::redis::{Make, RedisServer};
use crate::support::AT_ONCE;
use crate::support::client::{Client, RIGHT, fresh_id, phone, user};
use crate::support::fixtures::{laid_out, own_layout};
use crate::support::port::closed_port;
use crate::support::until::until;

const RECORD: &str = "otpctl:{+919876500001}:record";
const USERS: &str = "otpctl:{+919876500001}:users";
const TIMELINE: &str = "otpctl:{+919876500001}:timeline";
const SEEN: &str = "otpctl:{+919876500001}:seen";
const LINKS: &str = "otpctl:{+919876500001}:links";

fn client(server: &Address) -> Client {
    Client::over(Box::new(Redis::new(server)))
}

fn known_by(node: &RedisServer) -> Address {
    Address {
        deployment: Deployment::Cluster(vec![at(node)]),
        ..crate::support::fixtures::address("redis://127.0.0.1:1")
    }
}

fn within(address: Address, time: Duration) -> Address {
    let end = tokio::time::Instant::now() + time;
    Address { deadline: Deadline::new(move || end), ..address }
}

fn connections(node: &RedisServer) -> usize {
    let info = node.cli(&["INFO", "stats"]);
    let line = info.lines().find_map(|line| line.strip_prefix("total_connections_received:")).unwrap();
    line.trim().parse().unwrap()
}

#[test]
fn a_cluster_is_followed_wherever_its_slots_go() {
    let cluster = Cluster::start(Make::Redis);
    any_node_leads_to_the_others(&cluster);
    an_applications_keys_lie_beside_ours(&cluster);
    a_key_on_its_way_is_found(&cluster);
    a_slot_of_nobody_is_waited_for(&cluster);
    all_masters_are_listed_by_several_processes(&cluster);
    many_phones_cost_a_connection_to_each_node(&cluster);
    a_user_needs_what_the_rules_say(&cluster);
    nodes_that_are_down_are_passed_over(&cluster);
    each_node_is_asked_whether_it_evicts(&cluster);
    a_node_of_a_cluster_is_no_single_server(&cluster);
}

fn any_node_leads_to_the_others(cluster: &Cluster) {
    for node in &cluster.nodes {
        let client = client(&known_by(node));
        client.issue(&phone(1), RIGHT);
        assert_eq!(client.verify(&phone(1), RIGHT).verdict, Verdict::Ok);
    }
}

fn an_applications_keys_lie_beside_ours(cluster: &Cluster) {
    let layout = own_layout();
    let prefix = "laid-out".to_owned();
    let mut client = client(&laid_out(&layout, Address { prefix, ..known_by(&cluster.nodes[0]) }));
    client.layout = layout;
    let cli = |words: &[&str]| cluster.nodes[0].cli(&[&["-c"][..], words].concat());
    let key = |n| format!("otp:login:{{{}}}", phone(n).as_str());
    for n in 100..120 {
        client.issue(&phone(n), RIGHT);
        assert_eq!(cli(&["GET", &key(n)]), RIGHT);
    }
    for n in 120..130 {
        cli(&["SET", &key(n), RIGHT, "EX", "300"]);
    }
    let of_them = client.phones().into_iter().filter(|number| number.starts_with("+9198765001"));
    assert_eq!(of_them.count(), 30, "those that only the application knows, too");
    for n in 100..130 {
        assert_eq!(client.verify(&phone(n), RIGHT).verdict, Verdict::Ok);
        assert_eq!(cli(&["EXISTS", &key(n)]), "0");
    }
}

/// ASK, with one key here and the other there TRYAGAIN, and MOVED at the end: a `verify` in each state.
fn a_key_on_its_way_is_found(cluster: &Cluster) {
    let patient = client(&cluster.address());
    patient.link(&phone(1), &user("asha"));
    patient.issue(&phone(1), RIGHT);
    let (from, to) = cluster.of(RECORD);
    let (slot, id) = (cluster.slot(RECORD), |node: &RedisServer| node.cli(&["CLUSTER", "MYID"]));
    let state = |node: &RedisServer, words: &[&str]| {
        assert_eq!(node.cli(&[&["CLUSTER", "SETSLOT", &slot], words].concat()), "OK");
    };
    state(to, &["IMPORTING", &id(from)]);
    state(from, &["MIGRATING", &id(to)]);
    let migrate = |key: &str| {
        from.cli(&["MIGRATE", "127.0.0.1", &to.port().to_string(), key, "0", "5000"]);
    };
    assert_eq!(patient.verify(&phone(1), "000000").attempts_left, 4, "not moved yet");
    migrate(RECORD);
    let split = client(&within(cluster.address(), Duration::from_millis(300)));
    let refused = split.try_verify(&phone(1), RIGHT, &fresh_id());
    assert!(
        matches!(&refused, Err(OperationError::Store(StoreError::NotReady(text))) if text.contains("TRYAGAIN")),
        "{refused:?}"
    );
    let before = cluster.refusals("TRYAGAIN");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            until("it is refused", || cluster.refusals("TRYAGAIN") > before);
            migrate(USERS);
            migrate(TIMELINE);
            migrate(SEEN);
            migrate(LINKS);
        });
        assert_eq!(patient.verify(&phone(1), "000000").attempts_left, 3, "waited for, and counted once");
    });
    assert_eq!(patient.verify(&phone(1), "000000").attempts_left, 2, "asked for where it goes to");
    for node in &cluster.nodes {
        state(node, &["NODE", &id(to)]);
    }
    assert_eq!(patient.verify(&phone(1), RIGHT).verdict, Verdict::Ok, "moved");
    let timeline = client(&known_by(from)).look(&phone(1)).timeline;
    assert_eq!(timeline.iter().filter(|event| event.result == "wrong").count(), 3);
}

fn a_slot_of_nobody_is_waited_for(cluster: &Cluster) {
    let (own, _) = cluster.of(RECORD);
    let slot = cluster.slot(RECORD);
    client(&cluster.address()).issue(&phone(1), RIGHT);
    let end = |words: &str| {
        for node in &cluster.nodes {
            node.cli(&["CLUSTER", words, &slot]);
        }
    };
    end("DELSLOTS");
    let started = Instant::now();
    let refused =
        client(&within(cluster.address(), Duration::from_millis(500))).try_verify(&phone(1), RIGHT, &fresh_id());
    assert!(
        matches!(&refused, Err(OperationError::Store(StoreError::NotReady(text))) if text.contains("CLUSTERDOWN")),
        "{refused:?}"
    );
    assert!(started.elapsed() >= Duration::from_millis(400), "to its deadline: {:?}", started.elapsed());
    let before = cluster.refusals("CLUSTERDOWN");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            until("it is refused", || cluster.refusals("CLUSTERDOWN") > before);
            let id = own.cli(&["CLUSTER", "MYID"]);
            own.cli(&["CLUSTER", "ADDSLOTS", &slot]);
            for node in &cluster.nodes {
                node.cli(&["CLUSTER", "SETSLOT", &slot, "NODE", &id]);
            }
        });
        assert_eq!(client(&cluster.address()).verify(&phone(1), RIGHT).verdict, Verdict::Ok);
    });
}

fn all_masters_are_listed_by_several_processes(cluster: &Cluster) {
    let all: Vec<u32> = (1..=60).collect();
    let writer = client(&cluster.address());
    for n in &all {
        writer.issue(&phone(*n), RIGHT);
    }
    let (mut found, mut cursor, mut pages) = (Vec::new(), None, 0);
    loop {
        // Each page is asked for by another process, at another node.
        let client = client(&known_by(&cluster.nodes[pages % 3]));
        let page = client.page(cursor.as_deref(), 5);
        found.extend(page.found);
        pages += 1;
        match page.next {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    found.sort();
    found.dedup();
    assert_eq!(found, all.iter().map(|n| phone(*n).as_str().to_owned()).collect::<Vec<_>>());
    assert!(pages > 6, "{pages}");
    for wrong in ["1", "x-y-z", "99999999-abc-1", "0-a-1-1", "0-\u{1b}-1", ""] {
        assert_eq!(client(&cluster.address()).try_page(Some(wrong), 5).unwrap_err(), StoreError::Cursor, "{wrong}");
    }
}

fn many_phones_cost_a_connection_to_each_node(cluster: &Cluster) {
    let groups: Vec<Vec<StoreKey>> = (1..=60).map(|n| vec![StoreKey::Record(phone(n))]).collect();
    let before: Vec<usize> = cluster.nodes.iter().map(connections).collect();
    let client = client(&cluster.address());
    for _ in 0..3 {
        let loaded = client.load(&groups).unwrap();
        assert!(loaded.iter().all(|loaded| loaded.values[0].is_some()), "each its own, in order");
    }
    let after = cluster.nodes.iter().map(connections);
    // One of them is that of the question itself.
    let opened: Vec<usize> = after.zip(before).map(|(after, before)| after - before - 1).collect();
    assert_eq!(opened, [1, 1, 1]);
}

fn a_user_needs_what_the_rules_say(cluster: &Cluster) {
    let user = Address {
        username: Some("asha".to_owned()),
        password: Some(Secret::new("secret".to_owned())),
        ..cluster.address()
    };
    let rules = rules(&user, Role::Operator);
    for node in &cluster.nodes {
        assert_eq!(node.cli(&[&["ACL", "SETUSER", "asha", ">secret"], &as_words(&rules)[..]].concat()), "OK");
    }
    let asha = client(&user);
    let groups: Vec<Vec<StoreKey>> = (1..=20).map(|n| vec![StoreKey::Record(phone(n))]).collect();
    assert!(asha.load(&groups).unwrap().iter().all(|loaded| loaded.values[0].is_some()));
    assert_eq!(asha.phones().len(), 60);
    asha.issue(&phone(1), RIGHT);
    assert_eq!(asha.verify(&phone(1), RIGHT).verdict, Verdict::Ok);
    // Who may not ask for all slots is sent on, for each.
    for node in &cluster.nodes {
        assert_eq!(node.cli(&["ACL", "SETUSER", "asha", "-cluster|slots"]), "OK");
    }
    assert!(client(&user).load(&groups).unwrap().iter().all(|loaded| loaded.values[0].is_some()));
}

fn nodes_that_are_down_are_passed_over(cluster: &Cluster) {
    let nowhere = || At::Tcp("127.0.0.1".to_owned(), closed_port());
    let known_by = |nodes| Address { deployment: Deployment::Cluster(nodes), ..cluster.address() };
    let client = client(&known_by(vec![nowhere(), nowhere(), at(&cluster.nodes[1])]));
    client.issue(&phone(1), RIGHT);
    assert_eq!(client.verify(&phone(1), RIGHT).verdict, Verdict::Ok);
    let started = Instant::now();
    let none = self::client(&known_by(vec![nowhere(), nowhere()])).try_issue(&phone(1), RIGHT);
    assert!(matches!(none, Err(OperationError::Store(StoreError::Unreachable(_)))), "{none:?}");
    assert!(started.elapsed() < AT_ONCE, "nobody is left to ask: {:?}", started.elapsed());
}

fn each_node_is_asked_whether_it_evicts(cluster: &Cluster) {
    let (own, other) = cluster.of(RECORD);
    let strict = Address { refuse_eviction: true, ..known_by(other) };
    client(&strict).issue(&phone(1), RIGHT);
    own.cli(&["CONFIG", "SET", "maxmemory-policy", "volatile-lru"]);
    own.cli(&["CONFIG", "SET", "maxmemory", "100mb"]);
    let refused = client(&strict).try_verify(&phone(1), RIGHT, &fresh_id());
    assert!(
        matches!(&refused, Err(OperationError::Store(StoreError::NotReady(text))) if text.contains("volatile-lru")
            && text.contains(&own.port().to_string())),
        "{refused:?}"
    );
    assert_eq!(client(&known_by(other)).verify(&phone(1), RIGHT).verdict, Verdict::Ok);
}

fn a_node_of_a_cluster_is_no_single_server(cluster: &Cluster) {
    let (_, other) = cluster.of(RECORD);
    let refused = client(&crate::support::fixtures::address(&other.url())).try_issue(&phone(1), RIGHT);
    assert!(
        matches!(&refused, Err(OperationError::Store(StoreError::Config(text))) if text.contains("`nodes`")),
        "{refused:?}"
    );
}

#[test]
fn a_single_server_does_for_a_cluster_of_one_but_lists_nothing() {
    let server = RedisServer::start();
    let client = client(&known_by(&server));
    client.issue(&phone(1), RIGHT);
    assert_eq!(client.verify(&phone(1), RIGHT).verdict, Verdict::Ok);
    let refused = client.try_page(None, 5);
    assert!(matches!(&refused, Err(StoreError::Config(text)) if text.contains("cluster support")), "{refused:?}");
}
