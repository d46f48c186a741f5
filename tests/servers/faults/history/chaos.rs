//! The stores that histories run on, and what breaks there.

use std::time::Duration;

use super::{Course, Dice};
use crate::faults::harness::{at, held, machine_with};
use crate::servers::deployments::Watched;
use crate::servers::proxy::{COMMIT, Fault, LOAD, On, Proxy, Toxic};
use crate::servers::redis::RedisServer;
use crate::support::cli::Machine;

/// A store, a machine on it, and the troubles there.
pub trait Scenario: Sync {
    fn machine(&self) -> &Machine;

    /// Breaks things until the end, and mends them.
    fn break_things(&self, _course: &Course, _dice: &mut Dice) {}

    /// Whether it does.
    fn breaks(&self) -> bool {
        true
    }

    /// Whether what is read there lasts.
    fn reads_last(&self) -> bool {
        true
    }

    /// Whether as much broke as the history is about.
    fn has_broken(&self) -> bool {
        true
    }

    /// What must hold of the keys at the end. Says what broke, where that is counted.
    fn look(&self) -> String {
        String::new()
    }
}

/// The guesses that a code stands, in a file that has a `[code]` already.
fn with_tries(machine: &Machine) {
    let text = std::fs::read_to_string(machine.config()).unwrap();
    let tries = format!("[code]\nmax_attempts = {}", super::TRIES);
    let text = if text.contains("[code]") { text.replace("[code]", &tries) } else { format!("{text}{tries}\n") };
    machine.write(".config/otpctl/otpctl.toml", &text);
}

pub fn over(store: &str) -> Machine {
    let machine = machine_with("", store);
    let text = std::fs::read_to_string(machine.config()).unwrap();
    let free = text.split("[code]").nth(1).unwrap();
    machine.write(".config/otpctl/otpctl.toml", &format!("{}[code]{free}", super::settings()));
    with_tries(&machine);
    machine
}

/// The embedded store: what breaks is the processes.
pub struct File(Machine);

impl File {
    pub fn start() -> Self {
        let machine = Machine::with(&super::settings());
        with_tries(&machine);
        Self(machine)
    }
}

impl Scenario for File {
    fn machine(&self) -> &Machine {
        &self.0
    }

    fn breaks(&self) -> bool {
        false
    }
}

/// Spoils the way at a moment of chance.
pub fn spoil(proxy: &Proxy, dice: &mut Dice) {
    let toxics = [
        Toxic::Reset,
        Toxic::Reset,
        Toxic::Down,
        Toxic::Limit(usize::try_from(dice.roll(30)).unwrap()),
        Toxic::Latency(Duration::from_millis(dice.roll(400))),
        Toxic::SlowClose(Duration::from_millis(5)),
        Toxic::Slices(Duration::from_micros(20)),
        Toxic::Bandwidth(5000),
        Toxic::Silence,
    ];
    let on = *dice.pick(&[On::Connecting, On::Request, On::Answer, On::Answer]).unwrap();
    let about = *dice.pick(&[COMMIT, COMMIT, LOAD, ""]).unwrap();
    let fault = Fault::new(on, *dice.pick(&toxics).unwrap());
    proxy.inject(if on == On::Connecting { fault } else { fault.about(about) });
}

/// One Redis that writes everything down, behind a way that can be spoiled. It is killed and comes again.
pub struct Alone {
    server: RedisServer,
    proxy: Proxy,
    machine: Machine,
}

impl Alone {
    pub fn start() -> Self {
        let server = RedisServer::start_with(&["--appendonly", "yes", "--appendfsync", "always"]);
        let proxy = Proxy::to(server.port());
        let machine = over(&at(proxy.port()));
        Self { server, proxy, machine }
    }
}

impl Scenario for Alone {
    fn machine(&self) -> &Machine {
        &self.machine
    }

    fn break_things(&self, course: &Course, dice: &mut Dice) {
        while !course.is_over() {
            std::thread::sleep(Duration::from_millis(20 + dice.roll(100)));
            if dice.roll(25) == 0 {
                self.server.crash();
                std::thread::sleep(Duration::from_millis(dice.roll(300)));
                self.server.again();
                held(&self.server, 2);
            } else {
                spoil(&self.proxy, dice);
            }
        }
        self.proxy.heal();
    }

    fn look(&self) -> String {
        held(&self.server, 2);
        String::new()
    }
}

/// A master and a replica that change places. A change counts when both have it.
pub struct OfSentinel {
    watched: Watched,
    machine: Machine,
}

impl OfSentinel {
    pub fn start() -> Self {
        let watched = Watched::start();
        let durability = "durability = { wait_replicas = 1, wait_ms = 1000, strict = true }";
        let store = format!(
            "sentinel = {{ master = \"otp\", nodes = [\"127.0.0.1:{}\"] }}\n{durability}",
            watched.sentinel.port()
        );
        let machine = over(&store);
        Self { watched, machine }
    }
}

impl Scenario for OfSentinel {
    fn machine(&self) -> &Machine {
        &self.machine
    }

    fn reads_last(&self) -> bool {
        false
    }

    fn break_things(&self, course: &Course, dice: &mut Dice) {
        while !course.is_over() {
            std::thread::sleep(Duration::from_millis(3000 + dice.roll(3000)));
            // It may be in the middle of the one before.
            self.watched.sentinel.cli(&["SENTINEL", "FAILOVER", "otp"]);
        }
    }

    fn look(&self) -> String {
        for server in [&self.watched.master, &self.watched.replica] {
            if server.cli(&["ROLE"]).starts_with("master") {
                held(server, 2);
            }
        }
        String::new()
    }
}
