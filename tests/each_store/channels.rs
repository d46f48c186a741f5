//! Codes by several channels: a receiver who is not on one, a message that is not delivered in time, caps, routes of a purpose.
//! These hold on every store.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::on_each_store;
use super::wait::{ACCOUNT, end, start};
use crate::support::AT_ONCE;
use crate::support::cli::{FREE, Machine, PHONE};
use crate::support::gateway::Gateway;
use crate::support::until::until;

/// How the vendors behave.
#[derive(Clone)]
pub struct Behavior {
    /// What WhatsApp answers: `accepts`, `not on it`, `hangs up`.
    pub whatsapp: &'static str,
    /// The state of an SMS, whenever it is asked for.
    pub sms: &'static str,
    /// The state of a call.
    pub call: &'static str,
}

pub const ALL_SILENT: Behavior = Behavior { whatsapp: "accepts", sms: "sent", call: "ringing" };

/// WhatsApp, SMS and calls behind one socket.
pub struct Vendors {
    gateway: Gateway,
    behavior: Arc<Mutex<Behavior>>,
    /// An SMS is taken, and not answered as long as this is so.
    holds: Arc<AtomicBool>,
}

impl Vendors {
    pub fn new(behavior: Behavior) -> Self {
        let (behavior, holds) = (Arc::new(Mutex::new(behavior)), Arc::new(AtomicBool::new(false)));
        let (own, held) = (Arc::clone(&behavior), Arc::clone(&holds));
        let gateway = Gateway::replying(move |turn, request| {
            let Behavior { whatsapp, sms, call } = own.lock().unwrap().clone();
            let json = |status: &str, body: String| (status.to_owned(), body);
            let path = request.split(' ').nth(1).unwrap_or_default();
            let is_new = request.starts_with("POST ");
            match (path, is_new) {
                ("/106/messages", _) => match whatsapp {
                    "accepts" => json("200 OK", format!(r#"{{"messages":[{{"id":"wamid.{turn}"}}]}}"#)),
                    "hangs up" => (String::new(), String::new()),
                    _ => json("400 No", r#"{"error":{"code":131026,"message":"Message undeliverable"}}"#.to_owned()),
                },
                (path, true) if path.ends_with("/Messages.json") => {
                    while held.load(Ordering::SeqCst) {
                        std::thread::sleep(Duration::from_millis(10));
                    }
                    json("201 Created", format!(r#"{{"sid":"SM{turn}","status":"queued"}}"#))
                }
                (path, true) if path.ends_with("/Calls.json") => {
                    json("201 Created", format!(r#"{{"sid":"CA{turn}","status":"queued"}}"#))
                }
                (path, _) if path.contains("/Calls/") => json("200 OK", format!(r#"{{"status":"{call}"}}"#)),
                _ => json("200 OK", format!(r#"{{"status":"{sms}","error_code":null}}"#)),
            }
        });
        Self { gateway, behavior, holds }
    }

    /// The file, with these routes and limits.
    pub fn settings(&self, rest: &str) -> String {
        let url = &self.gateway.base_url;
        let twilio = format!(
            "account_sid = \"{ACCOUNT}\"\nauth_token = \"0a1b2c3dsecret4e5f\"\nfrom = \"+15005550006\"\nbase_url = \"{url}\"\n"
        );
        format!(
            "[policy]\ncountries = [\"IN\"]\nbrakes = \"off\"\n{rest}\n[providers.whatsapp]\naccess_token = \"EAAsecret9f8e7d\"\n\
             phone_number_id = \"106\"\ntemplate = \"otp\"\nbase_url = \"{url}\"\n[providers.twilio]\n{twilio}\
             [providers.call]\nkind = \"twilio_voice\"\n{twilio}"
        )
    }

    /// Which vendors were asked to send, in their order: `whatsapp`, `sms` and `call`.
    fn asked(&self) -> Vec<&'static str> {
        let requests = self.gateway.requests();
        let sends = requests.iter().filter(|request| request.starts_with("POST "));
        let name = |request: &String| {
            let path = request.split(' ').nth(1).unwrap();
            if path.ends_with("/Messages.json") {
                "sms"
            } else if path.ends_with("/Calls.json") {
                "call"
            } else {
                "whatsapp"
            }
        };
        sends.map(name).collect()
    }

    /// Those that were asked since there were so many.
    fn since(&self, before: usize) -> Vec<&'static str> {
        self.asked().split_off(before)
    }

    /// The codes in all messages, in their order. A call spells its code.
    pub fn codes(&self) -> Vec<String> {
        let requests = self.gateway.requests();
        let sends = requests.iter().filter(|request| request.starts_with("POST "));
        let digits = |text: &str| text.replace("%2C", "").chars().filter(char::is_ascii_digit).take(6).collect();
        let code = |request: &String| {
            let body = request.split_once("\r\n\r\n").unwrap().1;
            let marks = ["Body=", "code+is+", "\"text\":\""];
            digits(marks.iter().find_map(|mark| body.split_once(mark)).unwrap_or_else(|| panic!("{body}")).1)
        };
        sends.map(code).collect()
    }
}

/// A route that goes on after so long, with all three.
pub fn route(wait: &str) -> String {
    let step = |name: &str| format!("{{ provider = \"{name}\", unless_delivered = \"{wait}\" }}");
    format!("[routes]\ndefault = [\"whatsapp\", {}, {}]\n", step("twilio"), step("call"))
}

/// A webhook of WhatsApp about the newest message.
fn webhook(machine: &Machine, id: &str, status: &str, code: Option<u32>) {
    let errors = code.map(|code| format!(r#","errors":[{{"code":{code},"title":"Message undeliverable"}}]"#));
    let body = format!(
        r#"{{"entry":[{{"changes":[{{"field":"messages","value":{{"statuses":[{{"id":"{id}","status":"{status}","recipient_id":"919876543210"{}}}]}}}}]}}]}}"#,
        errors.unwrap_or_default()
    );
    machine.stdin(&["delivery", "record", "--provider", "whatsapp"], body.as_bytes()).exits(0);
}

fn deliveries(machine: &Machine) -> Vec<Value> {
    machine.inspect(PHONE)["deliveries"].as_array().unwrap().clone()
}

/// What happened, the oldest first: event, result and channel.
fn timeline(machine: &Machine) -> Vec<String> {
    let lines = machine.inspect(PHONE)["timeline"].as_array().unwrap().clone();
    let words = |line: &Value| {
        let text = |name: &str| line[name].as_str().unwrap_or("-").to_owned();
        format!("{} {} {}", text("event"), text("result"), text("channel"))
    };
    lines.iter().rev().map(words).collect()
}

#[test]
fn who_is_not_on_whatsapp_gets_the_same_code_by_sms_and_nobody_is_blamed() {
    let vendors = Vendors::new(Behavior { whatsapp: "not on it", ..ALL_SILENT });
    on_each_store(&vendors.settings(&format!("{FREE}{}", route("5m"))), |machine| {
        for turn in 0..6 {
            let before = vendors.asked().len();
            let sent = machine.run(&["send", PHONE, "--json"]).exits(0).json();
            assert_eq!((&sent["provider"], &sent["channel"]), (&"twilio".into(), &"sms".into()), "{sent}");
            // A gateway that fails so often in a row would be left out by now.
            assert_eq!(vendors.since(before), ["whatsapp", "sms"], "turn {turn}");
        }
        let codes = vendors.codes();
        let [.., whatsapp, sms] = codes.as_slice() else { panic!("{codes:?}") };
        assert_eq!(whatsapp, sms);
        machine.verify(PHONE, sms).exits(0);
        let only = machine.run(&["send", PHONE, "--channel", "whatsapp", "--json"]).exits(25).error();
        let (message, hint) = (only["message"].as_str().unwrap(), only["hint"].as_str().unwrap());
        assert!(
            message.contains("the WhatsApp message was not sent: whatsapp: ") && message.contains("131026"),
            "{only}"
        );
        assert!(hint.contains("another way"), "{only}");
        let inspected = machine.inspect(PHONE);
        assert_eq!(inspected["verdict"], "PROVIDER_REFUSED");
        assert!(
            inspected["tell"].as_str().unwrap().starts_with("You do not use WhatsApp with this number."),
            "{inspected}"
        );
    });
}

#[test]
fn what_is_not_delivered_in_time_goes_out_again_by_itself_with_the_same_code() {
    let vendors = Vendors::new(Behavior { sms: "delivered", ..ALL_SILENT });
    let limits = "[limits]\ncooldown = []\nper_phone = { \"1h\" = 2 }\n";
    on_each_store(&vendors.settings(&format!("{limits}{}", route("1s"))), |machine| {
        let before = vendors.asked().len();
        // Nobody waits, so nobody goes on.
        machine.run(&["send", PHONE, "--purpose", "other", "--json"]).exits(0);
        assert_eq!(vendors.since(before), ["whatsapp"]);
        let before = before + 1;
        let began = Instant::now();
        let sent = machine.run(&["send", PHONE, "--wait", "--json"]).exits(0).json();
        assert!(began.elapsed() >= Duration::from_secs(1), "{:?}", began.elapsed());
        assert_eq!(vendors.since(before), ["whatsapp", "sms"], "and no call");
        assert_eq!((&sent["provider"], &sent["channel"]), (&"twilio".into(), &"sms".into()), "{sent}");
        assert_eq!((&sent["delivery_state"], &sent["wait_result"]), (&"delivered".into(), &"reached".into()));
        assert_eq!((&sent["sends_left_today"], &sent["state"]), (&0.into(), &"sent".into()), "one send of two: {sent}");
        let told: Vec<String> = deliveries(machine)
            .iter()
            .filter(|own| own["purpose"] == "login")
            .map(|own| format!("{} {} {}", own["provider"], own["channel"], own["send_outcome"]).replace('"', ""))
            .collect();
        assert_eq!(told, ["twilio sms accepted", "whatsapp whatsapp accepted"]);
        let happened = timeline(machine);
        let own = &happened[happened.len() - 6..];
        let expected = [
            "send pending whatsapp",
            "send sent whatsapp",
            "send escalated sms",
            "send sent sms",
            "delivery delivered sms",
        ];
        assert_eq!(&own[1..], expected, "{happened:?}");
        let codes = vendors.codes();
        let [.., whatsapp, sms] = codes.as_slice() else { panic!("{codes:?}") };
        assert_eq!(whatsapp, sms);
        machine.verify(PHONE, sms).exits(0);
        let told = machine.run(&["stats", "--by", "channel", "--json"]).exits(0).json();
        let of = |channel: &str, field: &str| {
            told["rows"].as_array().unwrap().iter().find(|row| row["channel"] == channel).unwrap()[field].clone()
        };
        assert_eq!((of("whatsapp", "requested"), of("whatsapp", "sent")), (2.into(), 2.into()), "{told}");
        assert_eq!((of("sms", "sent"), of("sms", "delivered"), of("sms", "verified")), (1.into(), 1.into(), 1.into()));
        // Its limit counts the code, however many messages it took.
        machine.run(&["send", PHONE, "--json"]).exits(13);
    });
}

#[test]
fn a_report_that_it_cannot_arrive_goes_on_at_once_and_a_late_arrival_ends_the_wait() {
    let vendors = Vendors::new(ALL_SILENT);
    on_each_store(&vendors.settings(&format!("{FREE}{}", route("4m"))), |machine| {
        let before = vendors.asked().len();
        let began = Instant::now();
        let waiting = start(machine, &["send", PHONE, "--wait", "--json"]);
        until("WhatsApp has it", || !deliveries(machine).is_empty());
        let id = deliveries(machine)[0]["provider_message_id"].as_str().unwrap().to_owned();
        webhook(machine, &id, "failed", Some(131_026));
        until("the SMS is out", || vendors.since(before) == ["whatsapp", "sms"]);
        until("that is recorded", || {
            deliveries(machine).iter().any(|own| own["send_outcome"] == "accepted" && own["channel"] == "sms")
        });
        let failed = deliveries(machine).into_iter().find(|own| own["channel"] == "whatsapp").unwrap();
        assert_eq!(
            (&failed["delivery_state"], &failed["delivery_reason"]),
            (&"failed".into(), &"not_on_channel".into())
        );
        vendors.behavior.lock().unwrap().sms = "delivered";
        let (exit, sent) = end(waiting);
        assert_eq!((exit, &sent["provider"]), (0, &"twilio".into()), "{sent}");
        assert!(began.elapsed() < Duration::from_secs(200), "nobody waited for four minutes");
        vendors.behavior.lock().unwrap().sms = "sent";
    });
    let vendors = Vendors::new(ALL_SILENT);
    on_each_store(&vendors.settings(&format!("{FREE}{}", route("1s"))), |machine| {
        let waiting = start(machine, &["send", PHONE, "--wait", "--json", "--timeout", "5m"]);
        until("all three are out", || {
            let out = deliveries(machine);
            out.len() == 3 && out.iter().all(|own| own["send_outcome"] == "accepted")
        });
        let first = deliveries(machine).into_iter().find(|own| own["channel"] == "whatsapp").unwrap();
        webhook(machine, first["provider_message_id"].as_str().unwrap(), "delivered", None);
        let (exit, sent) = end(waiting);
        assert_eq!(
            (exit, &sent["channel"], &sent["delivery_state"]),
            (0, &"whatsapp".into(), &"delivered".into()),
            "{sent}"
        );
        let codes = vendors.codes();
        assert!(codes.windows(2).all(|pair| pair[0] == pair[1]), "one code: {codes:?}");
        machine.verify(PHONE, &codes[0]).exits(0);
    });
}

#[test]
fn whoever_dies_while_it_goes_on_leaves_the_truth() {
    let vendors = Vendors::new(ALL_SILENT);
    on_each_store(&vendors.settings(&format!("{FREE}{}", route("1s"))), |machine| {
        vendors.holds.store(true, Ordering::SeqCst);
        let before = vendors.asked().len();
        let words = ["send", PHONE, "--json", "--idempotency-key", "k1"];
        let mut waiting = start(machine, &[&words[..], &["--wait"]].concat());
        until("the SMS is being sent", || vendors.since(before) == ["whatsapp", "sms"]);
        waiting.kill().unwrap();
        waiting.wait().unwrap();
        vendors.holds.store(false, Ordering::SeqCst);
        let told = deliveries(machine);
        let of = |channel: &str| told.iter().find(|own| own["channel"] == channel).unwrap()["send_outcome"].clone();
        assert_eq!((of("whatsapp"), of("sms")), ("accepted".into(), "unknown".into()), "{told:?}");
        assert_eq!(timeline(machine).last().unwrap(), "send escalated sms");
        // The first message is out, so the same request is answered with it, and sends nothing.
        let again = machine.run(&words).exits(0).json();
        assert_eq!((&again["replayed"], &again["provider"]), (&true.into(), &"whatsapp".into()), "{again}");
        assert_eq!(vendors.since(before), ["whatsapp", "sms"]);
        machine.verify(PHONE, vendors.codes().last().unwrap()).exits(0);
    });
}

#[test]
fn where_only_a_doubt_is_left_the_end_of_the_wait_is_a_doubt() {
    let vendors = Vendors::new(ALL_SILENT);
    on_each_store(&vendors.settings(&format!("{FREE}{}", route("4m"))), |machine| {
        vendors.holds.store(true, Ordering::SeqCst);
        let before = vendors.asked().len();
        let waiting = start(machine, &["send", PHONE, "--wait", "--json", "--timeout", "12s"]);
        until("WhatsApp has it", || !deliveries(machine).is_empty());
        let id = deliveries(machine)[0]["provider_message_id"].as_str().unwrap().to_owned();
        webhook(machine, &id, "failed", Some(131_026));
        until("the SMS is being sent", || vendors.since(before) == ["whatsapp", "sms"]);
        let ran = waiting.wait_with_output().unwrap();
        vendors.holds.store(false, Ordering::SeqCst);
        let stderr = String::from_utf8(ran.stderr).unwrap();
        let last = stderr.lines().last().unwrap_or_default();
        let error: Value = serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {stderr}"));
        assert_eq!((ran.status.code(), &error["outcome"]), (Some(27), &"unknown".into()), "{error}");
        assert!(error["message"].as_str().unwrap().contains("the SMS may have been sent"), "{error}");
        machine.verify(PHONE, vendors.codes().last().unwrap()).exits(0);
    });
}

#[test]
fn a_first_message_in_doubt_is_followed_by_one_that_is_sure() {
    let vendors = Vendors::new(Behavior { whatsapp: "hangs up", sms: "delivered", ..ALL_SILENT });
    on_each_store(&vendors.settings(&format!("{FREE}{}", route("1s"))), |machine| {
        let before = vendors.asked().len();
        machine.run(&["send", PHONE, "--json"]).exits(27);
        assert_eq!(vendors.since(before), ["whatsapp"], "without a wait, a doubt is where it ends");
        let before = before + 1;
        let sent = machine.run(&["send", PHONE, "--wait", "--json"]).exits(0).json();
        assert_eq!((&sent["provider"], &sent["state"]), (&"twilio".into(), &"sent".into()), "{sent}");
        assert_eq!(vendors.since(before), ["whatsapp", "sms"]);
        machine.verify(PHONE, vendors.codes().last().unwrap()).exits(0);
    });
}

#[test]
fn a_full_channel_is_left_out_of_the_route_and_the_last_one_refuses() {
    let vendors = Vendors::new(ALL_SILENT);
    let caps = "[limits]\ncooldown = []\nper_prefix = {}\ncaps = { whatsapp = { \"1d\" = 1 }, sms = { \"1d\" = 1 }, voice = { \"1d\" = 1 } }\n";
    on_each_store(&vendors.settings(&format!("{caps}{}", route("4m"))), |machine| {
        let before = vendors.asked().len();
        for (number, channel) in ["whatsapp", "sms", "voice"].into_iter().enumerate() {
            let phone = format!("+9198765{number}1000");
            let planned = machine.run(&["send", &phone, "--dry-run", "--json"]).exits(0).json();
            assert_eq!(planned["plan"]["full_channels"].as_array().unwrap().len(), number, "{planned}");
            let sent = machine.run(&["send", &phone, "--json"]).exits(0).json();
            assert_eq!(sent["channel"], channel, "{sent}");
        }
        let refused = machine.run(&["send", PHONE, "--json"]).exits(16).error();
        assert!(refused["message"].as_str().unwrap().contains("limit of 1 code"), "{refused}");
        machine.run(&["send", PHONE, "--dry-run", "--json"]).exits(16);
        assert_eq!(vendors.since(before), ["whatsapp", "sms", "call"], "a refusal asks nobody");
        let inspected = machine.inspect(PHONE);
        assert_eq!((&inspected["send"]["allowed"], &inspected["send"]["rule"]), (&false.into(), &"cap".into()));
        let caps = inspected["limits"].as_array().unwrap().iter().filter(|limit| limit["limit"] == "cap");
        let caps: Vec<String> =
            caps.map(|limit| format!("{} {}/{}", limit["channel"], limit["used"], limit["most"])).collect();
        assert_eq!(caps, ["\"sms\" 1/1", "\"whatsapp\" 1/1", "\"voice\" 1/1"]);
    });
}

#[test]
fn each_message_of_a_send_counts_in_the_cap_of_its_channel() {
    let vendors = Vendors::new(Behavior { whatsapp: "not on it", call: "completed", ..ALL_SILENT });
    let caps = "[limits]\ncooldown = []\nper_prefix = {}\ncaps = { sms = { \"1d\" = 1 } }\n";
    on_each_store(&vendors.settings(&format!("{caps}{}", route("1s"))), |machine| {
        let before = vendors.asked().len();
        let sent = machine.run(&["send", "+919876501000", "--json"]).exits(0).json();
        assert_eq!(sent["channel"], "sms", "the SMS after the WhatsApp message is counted: {sent}");
        let sent = machine.run(&["send", PHONE, "--json"]).exits(0).json();
        assert_eq!(
            (&sent["channel"], vendors.since(before)),
            (&"voice".into(), vec!["whatsapp", "sms", "whatsapp", "call"])
        );
        assert!(sent["detail"].is_null() || sent["state"] == "sent", "{sent}");
    });
    let vendors = Vendors::new(Behavior { call: "completed", ..ALL_SILENT });
    on_each_store(&vendors.settings(&format!("{caps}{}", route("1s"))), |machine| {
        let before = vendors.asked().len();
        for (phone, asked) in [("+919876501000", vec!["whatsapp", "sms", "call"]), (PHONE, vec!["whatsapp", "call"])] {
            let own = vendors.asked().len();
            machine.run(&["send", phone, "--wait", "--json"]).exits(0);
            assert_eq!(vendors.since(own), asked, "{phone}");
        }
        assert_eq!(vendors.since(before).len(), 5);
    });
}

#[test]
fn a_channel_can_be_asked_for_and_a_purpose_has_its_own_route_and_sender() {
    let vendors = Vendors::new(ALL_SILENT);
    let routes = "[routes]\ndefault = [\"whatsapp\", \"twilio\"]\n\"purpose:signup\" = [\"twilio\", \"call\"]\n\
                  [providers.twilio.purpose.signup]\nfrom = \"+15005550007\"\n";
    on_each_store(&vendors.settings(&format!("{FREE}{routes}")), |machine| {
        let before = vendors.asked().len();
        let sent = machine.run(&["send", PHONE, "--channel", "sms", "--json"]).exits(0).json();
        assert_eq!((&sent["provider"], vendors.since(before)), (&"twilio".into(), vec!["sms"]));
        let none = machine.run(&["send", PHONE, "--channel", "voice", "--json"]).exits(30).error();
        assert!(
            none["message"].as_str().unwrap().contains("no provider of the channel `voice` is in this route (default)"),
            "{none}"
        );
        assert!(none["hint"].as_str().unwrap().contains("--provider call"), "{none}");
        let none = machine.run(&["send", PHONE, "--channel", "rcs", "--json"]).exits(30).error();
        assert!(none["hint"].as_str().unwrap().contains("provider list --all"), "{none}");
        machine.run(&["send", PHONE, "--channel", "pigeon"]).exits(2);
        let plan =
            machine.run(&["send", PHONE, "--purpose", "signup", "--dry-run", "--json"]).exits(0).json()["plan"].clone();
        assert_eq!((&plan["route_by"], &plan["route"][0]), (&"purpose signup".into(), &"twilio".into()), "{plan}");
        let from = |purpose: &str| {
            machine.run(&["send", PHONE, "--purpose", purpose, "--channel", "sms", "--json"]).exits(0);
            let request =
                vendors.gateway.requests().into_iter().rfind(|request| request.contains("/Messages.json")).unwrap();
            request.split("From=%2B").nth(1).unwrap().chars().take(11).collect::<String>()
        };
        assert_eq!((from("signup"), from("login")), ("15005550007".to_owned(), "15005550006".to_owned()));
        let began = Instant::now();
        machine.run(&["config", "check"]).exits(0);
        assert!(began.elapsed() < AT_ONCE);
    });
}
