//! Codes that an application keeps: what applications write in their own way is checked here, and what is written here
//! is checked by them. The applications are the libraries that they use, on a real Redis.

mod at_once;
mod frappe;
mod odd_values;
mod others;
mod presets;
mod privacyidea;
mod slow_hashes;

use std::process::Command;

use crate::support::cli::{Machine, Ran};

/// An Indian mobile number.
const PHONE: &str = "+919876543210";
/// No limit on sends that a test could meet.
const FREE: &str = "[limits]\ncooldown = []\nper_phone = { \"1h\" = 100 }\nper_prefix = {}\nper_country = {}\n";
const INSTALL: &str = "`scripts/test` installs what tests/servers/layouts/requirements.txt names, or name a Python that has it \
                       in OTPCTL_PYTHON";

/// One of the applications of apps.py, beside a machine.
struct Application<'a>(&'a Machine, &'static str);

impl Application<'_> {
    /// Does one thing, and gives the word that it prints.
    fn does(&self, act: &str, code: &str) -> String {
        let Self(machine, name) = self;
        let python = crate::servers::python::python();
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/servers/layouts/apps.py");
        let port = machine.redis().port().to_string();
        let output = Command::new(python).args([script, &port, name, act, PHONE, code]).output();
        let output = output.unwrap_or_else(|error| panic!("Python does not run ({error}): {INSTALL}"));
        assert!(output.status.success(), "{INSTALL}\n{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn issues(&self, code: &str) {
        assert_eq!(self.does("issue", code), "done");
    }

    fn says(&self, code: &str) -> String {
        self.does("check", code)
    }
}

/// A machine whose codes an application keeps.
fn machine(layout: &str) -> Machine {
    Machine::laid_out(layout, FREE)
}

/// Makes a code here, and gives it.
fn issue(machine: &Machine) -> String {
    machine.run(&["issue", PHONE]).exits(0).stdout.trim().to_owned()
}

fn reason(ran: &Ran) -> String {
    ran.json()["reason"].as_str().unwrap_or_default().to_owned()
}
