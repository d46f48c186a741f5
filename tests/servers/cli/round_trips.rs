//! How often each command waits for one Redis: what it needs is asked for at once, and what it knows is not asked for again.

use crate::servers::proxy::Proxy;
use crate::servers::redis::RedisServer;
use crate::support::cli::{FREE, Machine, PEPPER, PHONE};
use crate::support::gateway::Gateway;

/// A Redis, a connection to it whose round trips are counted, and a machine at the other end.
struct Line {
    server: RedisServer,
    proxy: Proxy,
    machine: Machine,
}

const OUTBOX: &str = "[providers.outbox]\npath = \"outbox.jsonl\"\n";
/// Each of these counters has a slot of its own.
const QUOTAS: &str = "[limits]\ncooldown = []\nper_prefix = { \"1h\" = 100 }\nper_country = { \"1h\" = 100 }\nper_phone = { \"1h\" = 100 }\n";

const ACCEPTED: &str = r#"{"data":{"id":"40385f64-5717-4562-b3fc-2c963f66afa6","to":[{"status":"queued"}],"parts":1}}"#;

impl Line {
    fn with(settings: &str) -> Self {
        let server = RedisServer::start();
        let proxy = Proxy::to(server.port());
        let machine = Machine::new();
        machine.write("pepper", PEPPER);
        let line = Self { server, proxy, machine };
        line.configure(settings, "", "0");
        line.proxy.gather();
        line
    }

    /// Writes the file anew, with this user of the Redis and this database.
    fn configure(&self, settings: &str, user: &str, database: &str) {
        let code = "[code]\npeppers = [{ id = \"1\", file = \"../../pepper\" }]";
        let url = format!("redis://{user}127.0.0.1:{}/{database}", self.proxy.port());
        self.machine.configure(&format!("{settings}{code}\n[store.redis]\nurl = \"{url}\"\n"));
    }

    /// The round trips of a command that ends well.
    #[track_caller]
    fn of(&self, words: &[&str]) -> usize {
        self.ending(words, 0)
    }

    /// The round trips of a command that ends so.
    #[track_caller]
    fn ending(&self, words: &[&str], exit: i32) -> usize {
        let before = self.proxy.round_trips();
        self.machine.run(words).exits(exit);
        self.proxy.round_trips() - before
    }
}

#[test]
fn a_send_waits_three_times_for_the_store_and_once_more_for_its_counters() {
    let line = Line::with(&format!("{QUOTAS}{OUTBOX}"));
    assert_eq!(line.of(&["send", PHONE, "--idempotency-key", "order-1"]), 4);
    assert_eq!(line.of(&["send", PHONE, "--idempotency-key", "order-2"]), 4, "with an older code");
    assert_eq!(line.of(&["send", PHONE, "--idempotency-key", "order-2"]), 1, "it was sent before");
    assert_eq!(line.of(&["send", PHONE, "--dry-run"]), 1);
    line.configure(&format!("{FREE}{OUTBOX}"), "", "0");
    assert_eq!(line.of(&["send", PHONE]), 3);
    assert_eq!(line.machine.outbox().len(), 3);
}

/// Whose phone it is is asked between two round trips, and costs none: what was loaded before is decided on anew.
#[test]
fn a_directory_costs_the_store_no_round_trip() {
    let directory = |answer: &str| {
        let program = format!("cat > /dev/null; echo '{answer}'");
        format!(
            "[user]\ndirectories = [\"people\"]\n[directory.people]\nkind = \"command\"\nargv = [\"/bin/sh\", \"-c\", {program:?}]\n"
        )
    };
    let one = format!(r#"{{"users":[{{"user":"u_1","phone":"{PHONE}"}}]}}"#);
    for (answer, user) in [(one.as_str(), Some("u_1")), (r#"{"users":[]}"#, None)] {
        let line = Line::with(&format!("{QUOTAS}{OUTBOX}{}", directory(answer)));
        assert_eq!(line.of(&["send", PHONE, "--idempotency-key", "order-1"]), 4, "{answer}");
        assert_eq!(line.of(&["send", PHONE, "--idempotency-key", "order-1"]), 1, "it was sent before");
        assert_eq!(line.of(&["send", PHONE, "--dry-run"]), 1);
        line.configure(&format!("{FREE}{OUTBOX}{}", directory(answer)), "", "0");
        let sent = line.machine.run(&["send", PHONE, "--json"]).exits(0).json();
        assert_eq!(sent["user"].as_str(), user, "{sent}");
        assert_eq!(line.of(&["send", PHONE]), 3, "{answer}");
        let code = line.machine.outbox().last().unwrap()["code"].as_str().unwrap().to_owned();
        assert_eq!(line.of(&["verify", PHONE, &code]), 2, "{answer}");
    }
}

#[test]
fn what_is_remembered_of_a_gateway_that_fails_costs_no_round_trip() {
    let (down, works) = (Gateway::start(401, "{}"), Gateway::start(200, ACCEPTED));
    let provider = |name: &str, gateway: &Gateway| {
        let settings = "kind = \"telnyx\"\napi_key = \"KEY0123\"\nfrom = \"+13125550100\"";
        format!("[providers.{name}]\n{settings}\nbase_url = \"{}\"\n", gateway.base_url)
    };
    let policy = "[policy]\ncountries = [\"IN\"]\n";
    let failover = "[routes]\ndefault = [\"first\", \"second\"]\n";
    let (first, second) = (provider("first", &down), provider("second", &works));
    let line = Line::with(&format!("{QUOTAS}{policy}{failover}{first}{second}"));
    for failures in 1..=2 {
        assert_eq!(line.of(&["send", PHONE, "--idempotency-key", &format!("order-{failures}")]), 4);
        let circuit = line.server.cli(&["GET", "otpctl:{provider:first}:circuit"]);
        assert!(circuit.contains(&format!("\"failures\":{failures}")), "{circuit}");
    }
}

#[test]
fn the_other_commands_wait_twice_and_a_login_is_one_more() {
    let line = Line::with(&format!("{FREE}{OUTBOX}"));
    line.machine.run(&["send", PHONE]).exits(0);
    let last = || line.machine.outbox().last().unwrap()["code"].as_str().unwrap().to_owned();
    let code = last();
    let wrong = if code == "000000" { "000001" } else { "000000" };
    line.machine.run(&["verify", PHONE, wrong]).exits(10);
    for (words, most) in
        [(&["unlock", PHONE][..], 2), (&["verify", PHONE, &code], 2), (&["issue", PHONE], 2), (&["revoke", PHONE], 2)]
    {
        assert_eq!(line.of(words), most, "{words:?}");
    }
    line.server.cli(&["ACL", "SETUSER", "app", "on", ">secret", "~*", "&*", "+@all"]);
    line.configure(&format!("{QUOTAS}{OUTBOX}"), "app:secret@", "1");
    // Who we are and the database are told in one message, before anything is asked.
    assert_eq!(line.of(&["send", PHONE, "--idempotency-key", "order-1"]), 5);
    assert_eq!(line.of(&["verify", PHONE, &last()]), 3);
}

#[test]
fn what_is_refused_waits_twice_more_to_write_it_down() {
    let line = Line::with(&format!("[limits]\ncooldown = [\"1h\"]\n{OUTBOX}"));
    line.machine.run(&["send", PHONE]).exits(0);
    for time in ["the first", "the same again"] {
        assert_eq!(line.ending(&["send", PHONE], 13), 3, "{time}");
        assert_eq!(line.ending(&["verify", "+919876543211", "123456"], 11), 3, "{time}");
    }
    assert_eq!(line.ending(&["send", PHONE, "--dry-run"], 13), 1);
}

/// What is counted and told beside a send and a verify costs them nothing, and looking takes one round trip.
#[test]
fn inspect_events_and_stats_wait_once_for_all_that_they_show() {
    let line = Line::with(&format!("{QUOTAS}{OUTBOX}"));
    line.machine.run(&["send", PHONE]).exits(0);
    assert_eq!(line.server.cli(&["XLEN", "otpctl:{feed:0}:events"]), "2", "the feed is written");
    let counted = line.server.cli(&["KEYS", "otpctl:{stats:IN}:*"]);
    assert_eq!(counted.lines().count(), 2, "and the numbers: {counted}");
    // The time comes first, since what is asked for depends on it.
    assert_eq!(line.of(&["events"]), 2);
    assert_eq!(line.of(&["events", PHONE]), 2);
    assert_eq!(line.of(&["stats"]), 3);
}

#[test]
fn what_asks_for_several_things_at_once_makes_one_connection() {
    let line = Line::with(&format!("{QUOTAS}{OUTBOX}"));
    line.machine.run(&["send", PHONE]).exits(0);
    let made = || {
        let info = line.server.cli(&["INFO", "stats"]);
        let all =
            info.lines().find_map(|line| line.strip_prefix("total_connections_received:")).unwrap().trim().parse();
        all.unwrap()
    };
    let before: u64 = made();
    line.machine.run(&["inspect", PHONE]).exits(0);
    // The one that asks is a connection too.
    assert_eq!(made() - before, 2);
}

#[test]
fn the_support_screen_waits_once_and_once_more_for_numbers_that_may_have_been_meant() {
    let line = Line::with(&format!("{QUOTAS}{OUTBOX}"));
    line.machine.run(&["send", PHONE]).exits(0);
    assert_eq!(line.of(&["inspect", PHONE]), 1);
    let id = line.machine.inspect(PHONE)["live_code"]["challenge_id"].as_str().unwrap().to_owned();
    assert_eq!(line.of(&["inspect", &id]), 1);
    // Nothing was requested for this one: about a hundred others are looked at, all at once.
    assert_eq!(line.of(&["inspect", "+919876543211"]), 2);
    assert_eq!(line.of(&["inspect", "+442071838750"]), 2);
}
