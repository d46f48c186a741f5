//! Over TLS a Cluster and Sentinels send clients on to other servers: each of them is believed by the certificate that it
//! shows for the very name or address at which it was said to be.

use otpctl::operations::OperationError;
use otpctl::otp::record::Verdict;
use otpctl::store::{Deployment, Redis, Server as Address, StoreError, Tls};

use crate::servers::certs::Certs;
use crate::servers::deployments::{Cluster, Watched};
use crate::servers::redis::RedisServer;
use crate::support::client::{Client, RIGHT, phone, user};
use crate::support::until::until;

fn client(server: &Address) -> Client {
    Client::over(Box::new(Redis::new(server)))
}

/// Whether codes of some phones, which lie on all nodes of a Cluster, can be made and used; or why not.
fn works(server: &Address) -> Result<(), OperationError> {
    let client = client(server);
    for n in 1..=12 {
        client.try_issue(&phone(n), RIGHT)?;
        assert_eq!(client.verify(&phone(n), RIGHT).verdict, Verdict::Ok);
    }
    Ok(())
}

#[track_caller]
fn refused(server: &Address, says: &[&str]) {
    let refused = works(server);
    let Err(OperationError::Store(StoreError::Unreachable(text))) = &refused else { panic!("{refused:?}") };
    assert!(says.iter().all(|word| text.contains(word)), "{text}");
}

/// With this TLS to everybody.
fn with(tls: Option<Tls>, address: &Address) -> Address {
    let mut address = Address { tls: tls.clone(), ..address.clone() };
    if let Deployment::Sentinel(sentinels) = &mut address.deployment {
        sentinels.tls = tls;
    }
    address
}

/// The stranger's authority, no authority of ours, no certificate, no TLS.
fn nobody_else_gets_in(certs: &Certs, address: &Address) {
    works(address).unwrap();
    let client = certs.ours().client;
    for ca in [Some(certs.read("other.pem")), None] {
        refused(&with(Some(Tls { ca, client: client.clone() }), address), &["certificate"]);
    }
    refused(&with(Some(Tls { ca: Some(certs.read("ca.pem")), client: None }), address), &[]);
    refused(&with(None, address), &[]);
}

fn told(nodes: &[RedisServer], name: &str, value: &str) {
    for node in nodes {
        assert_eq!(node.cli(&["CONFIG", "SET", name, value]), "OK");
    }
}

#[test]
fn the_nodes_of_a_cluster_are_believed_by_their_certificates() {
    let certs = Certs::new();
    nobody_else_gets_in(&certs, &Cluster::over_tls(&certs).steady().address());
}

#[test]
fn a_node_must_be_announced_as_its_certificate_calls_it() {
    let certs = Certs::of("DNS:localhost");
    let cluster = Cluster::over_tls(&certs).steady();
    refused(&cluster.address(), &["certificate", "127.0.0.1"]);
    // It is reached by its name, and sends us on to an address.
    refused(&cluster.known_as("localhost"), &["certificate", "127.0.0.1"]);
    told(&cluster.nodes, "cluster-announce-hostname", "localhost");
    told(&cluster.nodes, "cluster-preferred-endpoint-type", "hostname");
    let named = |node: &RedisServer| node.cli(&["CLUSTER", "SLOTS"]).matches("localhost").count() == 3;
    until("each knows the names of all", || cluster.nodes.iter().all(named));
    works(&cluster.known_as("localhost")).unwrap();
    assert_eq!(client(&cluster.known_as("localhost")).phones().len(), 12, "all nodes are asked for a list");
    // A node that says no name means that by which it was reached.
    told(&cluster.nodes, "cluster-preferred-endpoint-type", "unknown-endpoint");
    works(&cluster.known_as("localhost")).unwrap();
    refused(&cluster.address(), &["certificate", "127.0.0.1"]);
}

#[test]
fn a_slot_on_its_way_is_followed_over_tls() {
    let certs = Certs::new();
    let cluster = Cluster::over_tls(&certs).steady();
    let client = client(&cluster.address());
    client.link(&phone(1), &user("asha"));
    client.issue(&phone(1), RIGHT);
    let record = "otpctl:{+919876500001}:record";
    let (from, to) = cluster.of(record);
    let (slot, id) = (cluster.slot(record), |node: &RedisServer| node.cli(&["CLUSTER", "MYID"]));
    assert_eq!(to.cli(&["CLUSTER", "SETSLOT", &slot, "IMPORTING", &id(from)]), "OK");
    assert_eq!(from.cli(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", &id(to)]), "OK");
    let port = cluster.port_of(to).to_string();
    for key in [record, "otpctl:{+919876500001}:timeline", "otpctl:{+919876500001}:users"] {
        assert_eq!(from.cli(&["MIGRATE", "127.0.0.1", &port, key, "0", "5000"]), "OK");
    }
    assert_eq!(client.verify(&phone(1), "000000").attempts_left, 4, "asked for where it goes to");
    for node in [to, from] {
        assert_eq!(node.cli(&["CLUSTER", "SETSLOT", &slot, "NODE", &id(to)]), "OK");
    }
    assert_eq!(client.verify(&phone(1), RIGHT).verdict, Verdict::Ok);
}

#[test]
fn sentinels_and_the_master_that_they_name_are_believed_by_their_certificates() {
    let certs = Certs::new();
    let watched = Watched::over_tls(&certs).steady();
    let address = watched.address();
    nobody_else_gets_in(&certs, &address);
    // What holds for the servers does not hold for the Sentinels, nor the other way round.
    let stranger = Some(Tls { ca: Some(certs.read("other.pem")), client: certs.ours().client });
    let mut strange = address.clone();
    if let Deployment::Sentinel(sentinels) = &mut strange.deployment {
        sentinels.tls.clone_from(&stranger);
    }
    refused(&strange, &["certificate", &watched.ports[2].to_string()]);
    refused(&Address { tls: stranger, ..address }, &["certificate", &watched.ports[0].to_string()]);
}

#[test]
fn sentinels_that_announce_names_lead_to_certificates_for_names() {
    let certs = Certs::of("DNS:localhost");
    let watched = Watched::over_tls(&certs).steady();
    let mut address = watched.address();
    let Deployment::Sentinel(sentinels) = &mut address.deployment else { panic!("it has Sentinels") };
    sentinels.nodes = vec![otpctl::store::Endpoint::Tcp("localhost".to_owned(), watched.ports[2])];
    refused(&address, &["certificate", "127.0.0.1"]);
    let sentinel = |words: &[&str]| watched.sentinel.cli(&[&["SENTINEL"], words].concat());
    for name in ["resolve-hostnames", "announce-hostnames"] {
        assert_eq!(sentinel(&["CONFIG", "SET", name, "yes"]), "OK");
    }
    assert_eq!(sentinel(&["REMOVE", "otp"]), "OK");
    assert_eq!(sentinel(&["MONITOR", "otp", "localhost", &watched.ports[0].to_string(), "1"]), "OK");
    works(&address).unwrap();
}

#[test]
fn a_failover_is_followed_over_tls() {
    let certs = Certs::new();
    let watched = Watched::over_tls(&certs).steady();
    let known = client(&watched.address());
    known.issue(&phone(1), RIGHT);
    watched.in_step();
    watched.hand_over();
    assert_eq!(known.verify(&phone(1), RIGHT).verdict, Verdict::Ok, "it had a connection to the old one");
}
