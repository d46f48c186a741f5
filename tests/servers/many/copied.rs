//! `store copy`: all that a store keeps, in another one, with its lifetimes: each way between the file and Redis, and to a
//! Cluster.

use serde_json::Value;

use super::phones;
use crate::servers::deployments::Cluster;
use crate::servers::redis::Make;
use crate::support::cli::{FREE, Machine};

/// The file of a store for `--to`, with the pepper of the machine. An embedded store makes its own pepper, which is named by
/// its file.
fn file(machine: &Machine, name: &str, store: &str, pepper: &str) {
    let text = format!("{FREE}[code]\npeppers = [{{ id = \"local\", file = \"{pepper}\" }}]\n{store}\n");
    machine.write(name, &text);
}

fn ttl(machine: &Machine, file: &str, phone: &str) -> String {
    machine.run(&["inspect", phone, "--config", file, "--json"]).exits(0).json()["live_code"]["expires_at"].to_string()
}

/// Fills the store of one file, copies it to that of another, and looks at what is there.
fn is_copied(machine: &Machine, from: &str, to: &str) {
    let phones = phones(40);
    machine.write("phones", &phones.join("\n"));
    let at = |words: &[&str], file: &str| machine.run(&[words, &["--config", file]].concat());
    at(&["user", "link", "u_1", &phones[0]], from).exits(0);
    at(&["policy", "block", "+919900", "--until", "1h"], from).exits(0);
    let issued = at(&["issue", "--from", "phones", "--json"], from).exits(0).json();
    let codes: Vec<(String, String)> = issued["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["line"].as_str().unwrap().to_owned(), row["result"]["code"].as_str().unwrap().to_owned()))
        .collect();
    at(&["verify", &phones[1], "000000"], from);
    let rehearsed = at(&["store", "copy", "--to", to, "--dry-run", "--json"], from).exits(0).json();
    assert!(rehearsed["copied"].as_u64().unwrap() >= 80, "{rehearsed}");
    assert_eq!(at(&["list", "--json"], to).exits(0).json()["codes"], Value::Array(Vec::new()), "nothing is there yet");
    let copied = at(&["store", "copy", "--to", to, "--json"], from).exits(0).json();
    assert_eq!(copied["copied"], rehearsed["copied"], "{copied}");
    assert_eq!(copied["conflicts"], 0);
    // The same again: nothing is left to do.
    let again = at(&["store", "copy", "--to", to, "--json"], from).exits(0).json();
    assert_eq!((&again["copied"], &again["unchanged"], &again["conflicts"]), (&0.into(), &copied["copied"], &0.into()));
    // Lifetimes are what was left of them.
    let until = |file: &str| ttl(machine, file, &phones[2])[..18].to_owned();
    assert_eq!(until(from), until(to));
    let user = at(&["user", "show", "u_1", "--json", "--unmask"], to).exits(0).json();
    assert_eq!(user["phones"][0]["phone"], phones[0].as_str());
    let events = |file: &str| {
        let inspected = at(&["inspect", &phones[1], "--json"], file).exits(0).json();
        let timeline = inspected["timeline"].as_array().unwrap().iter();
        timeline.map(|event| (event["at"].clone(), event["event"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(events(from), events(to));
    assert_eq!(
        at(&["policy", "list", "--json"], from).json()["entries"],
        at(&["policy", "list", "--json"], to).json()["entries"]
    );
    for (phone, code) in codes.iter().take(5) {
        at(&["verify", phone, code], to).exits(0);
    }
    // What was used there is another record now, and stays.
    let third = at(&["store", "copy", "--to", to, "--json"], from).exits(19).json();
    assert!(third["conflicts"].as_u64().unwrap() >= 5 && third["copied"] == 0, "{third}");
    at(&["verify", &codes[0].0, &codes[0].1], to).exits(11);
    at(&["store", "check"], to).exits(0);
}

fn embedded(name: &str) -> String {
    format!("[store.embedded]\npath = \"{name}/otpctl.db\"")
}

#[test]
fn a_file_is_copied_to_redis_and_back() {
    let machine = Machine::on_redis(FREE);
    let url = machine.server.as_ref().unwrap().url.clone();
    machine.write("pepper", crate::support::cli::PEPPER);
    let pepper = machine.path("pepper");
    let pepper = pepper.to_str().unwrap();
    let home = machine.path("");
    let path = |name: &str| embedded(home.join(name).to_str().unwrap());
    file(&machine, "first.toml", &path("first"), pepper);
    file(&machine, "redis.toml", &format!("[store.redis]\nurl = \"{url}\"\nprefix = \"copied\""), pepper);
    is_copied(&machine, "first.toml", "redis.toml");
    file(&machine, "second.toml", &path("second"), pepper);
    file(&machine, "other.toml", &format!("[store.redis]\nurl = \"{url}\"\nprefix = \"other\""), pepper);
    is_copied(&machine, "other.toml", "second.toml");
}

#[test]
fn redis_is_copied_to_a_cluster() {
    let machine = Machine::on_redis(FREE);
    let url = machine.server.as_ref().unwrap().url.clone();
    let cluster = Cluster::start(Make::Redis);
    machine.write("pepper", crate::support::cli::PEPPER);
    let pepper = machine.path("pepper");
    let pepper = pepper.to_str().unwrap();
    file(&machine, "one.toml", &format!("[store.redis]\nurl = \"{url}\"\nprefix = \"one\""), pepper);
    let nodes: Vec<String> = cluster.ports.iter().map(|port| format!("\"127.0.0.1:{port}\"")).collect();
    file(&machine, "cluster.toml", &format!("[store.redis]\nnodes = [{}]", nodes.join(", ")), pepper);
    is_copied(&machine, "one.toml", "cluster.toml");
}

#[test]
fn stores_of_other_peppers_and_the_same_store_are_refused() {
    let machine = Machine::with(FREE);
    machine.run(&["send", "+919876543210"]).exits(0);
    let home = machine.path("");
    let pepper = machine.write("other-pepper", "an0therPepper+that/is+long+enough+0123456789=");
    file(&machine, "to.toml", &embedded(home.join("to").to_str().unwrap()), pepper.to_str().unwrap());
    let refused = machine.run(&["store", "copy", "--to", "to.toml"]);
    assert!(refused.exits(30).stderr.contains("the pepper `"), "{}", refused.stderr);
    let same = machine.run(&["store", "copy", "--to", machine.config().to_str().unwrap()]);
    assert!(same.exits(2).stderr.contains("both files name the store"), "{}", same.stderr);
}
