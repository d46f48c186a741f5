//! The recipe that changes the pepper of several hosts: of two hosts on one Redis, which are folders here.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use super::{Ended, SHELLS, recipe};
use crate::support::cli::{Machine, PHONE};

/// Two hosts, and a way to them that takes `/etc/otpctl` for the folder of each.
struct Hosts {
    machine: Machine,
    shell: &'static str,
    remote: String,
}

impl Hosts {
    fn new(shell: &'static str) -> Self {
        let machine = Machine::on_redis("");
        let remote = r#"exec sh -c "$(printf %s "$2" | sed "s|/etc/otpctl|$HOME/$1|g")""#;
        let remote = machine.program("remote", remote);
        let url = machine.server.clone().unwrap().url;
        for host in ["a", "b"] {
            let pepper =
                machine.write(&format!("{host}/pepper-2026a"), "a pepper that both of the hosts know of old\n");
            let line = format!("peppers = [{{ id = \"2026a\", file = \"{}\" }}]", pepper.display());
            machine.write(&format!("{host}/otpctl.toml"), &format!("[store.redis]\nurl = \"{url}\"\n[code]\n{line}\n"));
        }
        Self { machine, shell, remote }
    }

    fn rotate(&self, words: &[&str]) -> Ended {
        let words = [&["rotate-pepper.sh"], words].concat();
        recipe(&self.machine, self.shell, &words, &[("REMOTE", &self.remote)])
    }

    fn file(&self, host: &str) -> PathBuf {
        self.machine.path(&format!("{host}/otpctl.toml"))
    }

    /// The ids of the peppers of a host, in their order.
    fn ids(&self, host: &str) -> Vec<String> {
        let text = fs::read_to_string(self.file(host)).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("peppers = ")).unwrap();
        line.split("id = \"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
    }

    /// A code that a host makes and signs.
    fn issue(&self, host: &str, phone: &str) -> String {
        let file = self.file(host);
        let ran = self.machine.run(&["-qc", file.to_str().unwrap(), "issue", phone]);
        ran.exits(0).stdout.trim().to_owned()
    }

    fn accepts(&self, host: &str, phone: &str, code: &str) {
        let file = self.file(host);
        self.machine.run(&["-c", file.to_str().unwrap(), "verify", phone, code]).exits(0);
    }

    fn age(&self, age: Duration) {
        for host in ["a", "b"] {
            let file = fs::File::options().append(true).open(self.file(host)).unwrap();
            file.set_modified(SystemTime::now() - age).unwrap();
        }
    }
}

#[test]
fn a_new_pepper_on_two_hosts_ends_no_code() {
    for shell in SHELLS {
        let hosts = Hosts::new(shell);
        let old = hosts.issue("a", PHONE);
        hosts.rotate(&["begin", "2026a", "2026b", "a", "b"]).exits(0);
        for host in ["a", "b"] {
            assert_eq!(hosts.ids(host), ["2026b", "2026a"]);
        }
        let new = hosts.issue("a", "+919876543211");
        hosts.accepts("b", PHONE, &old);
        hosts.accepts("b", "+919876543211", &new);
        let fresh = fs::read(hosts.machine.path("a/pepper-2026b")).unwrap();
        assert!(fresh.len() > 40 && fresh == fs::read(hosts.machine.path("b/pepper-2026b")).unwrap());

        // Codes that the old one signed may be live.
        hosts.rotate(&["finish", "2026a", "2026b", "a", "b"]).exits(1);
        assert_eq!(hosts.ids("a"), ["2026b", "2026a"]);
        hosts.age(Duration::from_mins(11));
        let last = hosts.issue("b", PHONE);
        hosts.rotate(&["finish", "2026a", "2026b", "a", "b"]).exits(0);
        for host in ["a", "b"] {
            assert_eq!(hosts.ids(host), ["2026b"]);
            assert!(!hosts.machine.path(&format!("{host}/pepper-2026a")).exists());
        }
        hosts.accepts("a", PHONE, &last);
    }
}

#[test]
fn a_pepper_that_cannot_be_changed_everywhere_is_changed_nowhere() {
    for shell in SHELLS {
        let hosts = Hosts::new(shell);
        // The file of one host is written in another way, so the line is not found.
        let own = fs::read_to_string(hosts.file("b")).unwrap().replace("peppers = [", "peppers=[");
        hosts.machine.write("b/otpctl.toml", &own);
        let stopped = hosts.rotate(&["begin", "2026a", "2026b", "a", "b"]).exits(1);
        assert!(stopped.stderr.contains("b: stopped here"), "{stopped:?}");
        assert_eq!(fs::read_to_string(hosts.file("b")).unwrap(), own);
        assert!(!hosts.machine.path("b/otpctl.toml.new").exists());
        // Nobody signs with it yet, and the id is not used for another one.
        assert_eq!(hosts.ids("a"), ["2026a", "2026b"]);
        let known = fs::read(hosts.machine.path("a/pepper-2026b")).unwrap();
        hosts.rotate(&["begin", "2026a", "2026b", "a", "b"]).exits(1);
        assert_eq!(fs::read(hosts.machine.path("a/pepper-2026b")).unwrap(), known);
        hosts.rotate(&["end", "2026a", "2026b", "a"]).exits(2);
    }
}
