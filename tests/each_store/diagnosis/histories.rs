//! A history for each verdict, as commands of the program bring it about.

use std::process::Child;
use std::time::Duration;

use super::stored::{earlier, lose};
use crate::each_store::delivery::{MSG91_TOOK, Silent, TELNYX_TOOK, msg91, policy, telnyx};
use crate::each_store::wait::Twilio;
use crate::support::cli::{FREE, Machine, PHONE, wrong_codes};
use crate::support::gateway::Gateway;
use crate::support::port::closed_port;
use crate::support::until::until;

/// One digit is another one.
const NEXT: &str = "+919876543211";

/// What happened, and what leads to the verdict.
pub struct History {
    pub verdict: &'static str,
    settings: String,
    /// Further lines of `[store.redis]`: only on a Redis.
    pub layout: Option<&'static str>,
    act: Box<dyn Fn(&Machine) -> Scene>,
    /// Asked about by its number it comes to the verdict.
    pub by_number: bool,
    /// What must stay for as long as it is looked at.
    kept: Vec<Box<dyn std::any::Any>>,
}

/// A phone after its history.
#[derive(Default)]
pub struct Scene {
    /// The code that it is about, where its id alone leads to the verdict.
    pub id: Option<String>,
    /// The user that the phone belongs to.
    pub user: Option<&'static str>,
    /// What is under way until the test is over.
    #[expect(dead_code, reason = "it ends when it is dropped")]
    running: Option<Running>,
}

/// A process that ends with its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl History {
    fn new(verdict: &'static str, settings: &str, act: impl Fn(&Machine) -> Scene + 'static) -> Self {
        let settings = settings.to_owned();
        Self { verdict, settings, layout: None, act: Box::new(act), by_number: true, kept: Vec::new() }
    }

    fn keeping(mut self, kept: impl std::any::Any) -> Self {
        self.kept.push(Box::new(kept));
        self
    }

    /// The file, on whatever store the machine has.
    pub fn settings(&self) -> &str {
        &self.settings
    }

    pub fn happens(&self, machine: &Machine) -> Scene {
        (self.act)(machine)
    }
}

fn scene() -> Scene {
    Scene::default()
}

/// Its id alone leads to the verdict, too.
fn of(id: String) -> Scene {
    Scene { id: Some(id), ..scene() }
}

/// Sends a code, and gives its id and the code.
fn sent(machine: &Machine, words: &[&str]) -> (String, String) {
    let ran = machine.run(&[&["send", PHONE, "--json"], words].concat());
    let id = ran.exits(0).json()["challenge_id"].as_str().unwrap().to_owned();
    let has_code = ran.stderr.contains(" is your");
    (id, if has_code { ran.sms_code() } else { String::new() })
}

fn wrong(code: &str) -> String {
    wrong_codes(code).next().unwrap()
}

/// No SMS goes to the number, and this becomes of it.
fn test_number(outcome: &str) -> String {
    format!(
        "{FREE}[[test_numbers]]\nphone = \"{PHONE}\"\ncode = \"424242\"\nvalid_until = 2099-01-01\noutcome = \"{outcome}\"\n"
    )
}

/// A send that is in the hands of a gateway that never answers.
fn hanging(machine: &Machine) -> Running {
    let child = machine.command(&["send", PHONE, "--timeout", "60s"]).spawn().unwrap();
    until("the code is stored", || machine.inspect(PHONE)["live_code"]["state"] == "pending");
    Running(child)
}

/// One for each verdict, in the order of the table.
#[expect(clippy::too_many_lines, reason = "a table: one entry a verdict")]
pub fn all() -> Vec<History> {
    let twilio = |word: &str| Twilio::saying(&[word]);
    let (off, queued) = (twilio("undelivered 30003"), twilio("queued"));
    let (off_file, queued_file) = (off.settings(), queued.settings());
    let (silent, silent_too) = (Silent::start(), Silent::start());
    let hangs = |silent: &Silent| format!("{}{}", policy(), telnyx(&silent.base_url));
    let (first_file, second_file) = (hangs(&silent), hangs(&silent_too));
    let failing = Gateway::in_turn(&[("200 OK", TELNYX_TOOK), ("401 Unauthorized", "{}")]);
    let failing_file =
        format!("{}{}[routes]\npass_over = {{ after = 2, for = \"10m\" }}\n", policy(), telnyx(&failing.base_url));
    let refusing = Gateway::start(200, r#"{"message":"The template ID is invalid.","type":"error"}"#);
    let refusing_file = format!("{}{}", policy(), msg91(&refusing.base_url));
    let closed_file = format!("{}{}", policy(), msg91(&format!("http://127.0.0.1:{}", closed_port())));
    let took = Gateway::start(200, MSG91_TOOK);
    let abroad_file = format!("{FREE}[policy]\ncountries = [\"AE\"]\n{}", msg91(&took.base_url));
    vec![
        History {
            by_number: false,
            ..History::new("STORE_RESET", FREE, |machine| {
                let id = sent(machine, &[]).0;
                lose(machine);
                of(id)
            })
        },
        History::new("LOCKED", &format!("{FREE}locks = {{ 1 = \"15m\" }}\n"), |machine| {
            machine.run(&["user", "link", "asha", PHONE]).exits(0);
            let code = sent(machine, &[]).1;
            machine.verify(PHONE, &wrong(&code)).exits(12);
            Scene { user: Some("asha"), ..scene() }
        }),
        History::new("BLOCKED", FREE, |machine| {
            machine.run(&["policy", "block", PHONE, "--reason", "fraud"]).exits(0);
            machine.run(&["send", PHONE]).exits(16);
            scene()
        }),
        History::new("SUPERSEDED_CODE", FREE, |machine| {
            let older = sent(machine, &[]).1;
            let id = sent(machine, &[]).0;
            machine.verify(PHONE, &older).exits(10);
            of(id)
        }),
        History::new("WRONG_CODE", FREE, |machine| {
            machine.run(&["user", "link", "asha", PHONE]).exits(0);
            let (id, code) = sent(machine, &[]);
            machine.verify(PHONE, &wrong(&code)).exits(10);
            Scene { user: Some("asha"), ..of(id) }
        }),
        History::new("WRONG_PURPOSE", FREE, |machine| {
            let code = sent(machine, &["--purpose", "signup"]).1;
            machine.verify(PHONE, &code).exits(11);
            scene()
        }),
        History::new("UNDELIVERED", &off_file, |machine| of(sent(machine, &[]).0)).keeping(off),
        History::new("PROVIDER_UNKNOWN", &test_number("unknown"), |machine| {
            let error = machine.run(&["send", PHONE, "--json"]).exits(27).error();
            of(error["challenge_id"].as_str().unwrap().to_owned())
        }),
        History::new("PENDING_CRASHED", &first_file, |machine| {
            drop(hanging(machine));
            earlier(machine, PHONE, &["lease_until"], Duration::from_secs(120));
            of(machine.inspect(PHONE)["live_code"]["challenge_id"].as_str().unwrap().to_owned())
        })
        .keeping(silent),
        History::new("SENDING", &second_file, |machine| {
            let running = Some(hanging(machine));
            let id = machine.inspect(PHONE)["live_code"]["challenge_id"].as_str().unwrap().to_owned();
            Scene { running, ..of(id) }
        })
        .keeping(silent_too),
        History::new("ISSUED_NOT_SENT", FREE, |machine| {
            let issued = machine.run(&["issue", PHONE, "--json"]).exits(0).json();
            of(issued["challenge_id"].as_str().unwrap().to_owned())
        }),
        History::new("PROVIDER_INCIDENT", &failing_file, |machine| {
            let id = sent(machine, &[]).0;
            for other in ["+919876500001", "+919876500002"] {
                machine.run(&["send", other]).exits(25);
            }
            of(id)
        })
        .keeping(failing),
        History::new("DELIVERED_LATE", &test_number("delivered"), |machine| {
            let id = sent(machine, &[]).0;
            earlier(machine, PHONE, &["created_at", "expires_at"], Duration::from_secs(240));
            of(id)
        }),
        History::new("DELIVERED_NOT_TRIED", &test_number("delivered"), |machine| of(sent(machine, &[]).0)),
        History::new("IN_TRANSIT", &queued_file, |machine| of(sent(machine, &[]).0)).keeping(queued),
        History::new("NO_REPORT", FREE, |machine| of(sent(machine, &[]).0)),
        History::new("POLICY_REFUSED", &abroad_file, |machine| {
            machine.run(&["send", PHONE]).exits(16);
            scene()
        })
        .keeping(took),
        History::new("RATE_LIMITED", &FREE.replace("\"1h\" = 100", "\"1h\" = 1"), |machine| {
            sent(machine, &["--ttl", "1s"]);
            std::thread::sleep(Duration::from_millis(1100));
            machine.run(&["send", PHONE]).exits(13);
            scene()
        }),
        History::new("OPTED_OUT", &test_number("undelivered:opted_out"), |machine| of(sent(machine, &[]).0)),
        History::new("PROVIDER_REFUSED", &refusing_file, |machine| {
            let error = machine.run(&["send", PHONE, "--json"]).exits(25).error();
            of(error["challenge_id"].as_str().unwrap().to_owned())
        })
        .keeping(refusing),
        History::new("PROVIDER_DOWN", &closed_file, |machine| {
            let error = machine.run(&["send", PHONE, "--json"]).exits(26).error();
            of(error["challenge_id"].as_str().unwrap().to_owned())
        }),
        History::new("ALREADY_VERIFIED", FREE, |machine| {
            machine.run(&["user", "link", "asha", PHONE]).exits(0);
            let (id, code) = sent(machine, &[]);
            machine.verify(PHONE, &code).exits(0);
            machine.verify(PHONE, &code).exits(11);
            Scene { user: Some("asha"), ..of(id) }
        }),
        History::new("TRIES_EXHAUSTED", &format!("{FREE}[code]\nmax_attempts = 1\n"), |machine| {
            let (id, code) = sent(machine, &[]);
            machine.verify(PHONE, &wrong(&code)).exits(12);
            of(id)
        }),
        History::new("REVOKED", FREE, |machine| {
            let id = sent(machine, &[]).0;
            machine.run(&["revoke", PHONE, "--reason", "wrong number"]).exits(0);
            of(id)
        }),
        History::new("REMAPPED", FREE, |machine| {
            machine.run(&["user", "link", "asha", PHONE]).exits(0);
            let id = sent(machine, &[]).0;
            machine.run(&["user", "link", "ravi", PHONE]).exits(0);
            Scene { user: Some("ravi"), ..of(id) }
        }),
        History::new("EXPIRED_BEFORE_ENTRY", FREE, |machine| {
            let (id, code) = sent(machine, &["--ttl", "1s"]);
            std::thread::sleep(Duration::from_millis(1200));
            machine.verify(PHONE, &code).exits(11);
            of(id)
        }),
        History::new("WRONG_NUMBER_LIKELY", FREE, |machine| {
            machine.send(NEXT);
            scene()
        }),
        History { layout: Some("layout = \"frappe\"\n"), ..History::new("NOT_SEEN_HERE", FREE, |_| scene()) },
        History::new("NOT_MAPPED", FREE, |machine| {
            let (id, code) = sent(machine, &[]);
            machine.run(&["verify", PHONE, &code, "--require-user"]).exits(14);
            of(id)
        }),
        History::new("CHANGED_HANDS", FREE, |machine| {
            machine.run(&["user", "link", "asha", PHONE]).exits(0);
            machine.run(&["user", "unlink", "asha", PHONE, "--reason", "lost phone"]).exits(0);
            scene()
        }),
        History::new("NEVER_REQUESTED", FREE, |_| scene()),
    ]
}
