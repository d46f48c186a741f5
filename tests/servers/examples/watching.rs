//! Recipes that watch: they are silent or say OK while all is well, and tell what is wrong when it is.

use std::fs;
use std::process::Command;
use std::sync::Arc;

use super::{Ended, SHELLS, ended, recipe};
use crate::servers::redis::RedisServer;
use crate::support::cli::Machine;
use crate::support::pages::{parted, root};

const OUTBOX: &str = "[providers.outbox]\npath = \"outbox.jsonl\"\n";
/// Nothing of such a Redis is worth a warning.
const KEEPS: [&str; 2] = ["--appendonly", "yes"];

fn on(words: &[&str]) -> (Arc<RedisServer>, Machine) {
    let redis = Arc::new(RedisServer::start_with(words));
    let machine = Machine::on(&redis, OUTBOX);
    (redis, machine)
}

/// The line for cron of the page, without its times.
fn cron_line() -> String {
    let page = fs::read_to_string(root().join("docs/monitoring.md")).unwrap();
    let (blocks, _) = parted(&page);
    let lines: Vec<&str> = blocks
        .iter()
        .filter(|block| block.language == "cron")
        .flat_map(|block| &block.inside)
        .map(|line| line.1)
        .collect();
    let [line] = lines[..] else { panic!("one line: {lines:?}") };
    // Cron takes a percent sign for the end of the line.
    assert!(!line.contains('%'));
    let times: Vec<&str> = line.split_whitespace().take(5).collect();
    assert!(times.iter().all(|time| time.bytes().all(|byte| byte.is_ascii_digit() || byte == b'*')), "{times:?}");
    line.splitn(6, ' ').last().unwrap().trim().to_owned()
}

/// Both ways of the page to a mail on trouble.
fn nightly(machine: &Machine, shell: &str) -> [Ended; 2] {
    let line = ended(machine, Command::new(shell).args(["-c", &cron_line()]), &[("OTPCTL_TIMEOUT", "20s")]);
    [recipe(machine, shell, &["nightly-doctor.sh"], &[("OTPCTL_TIMEOUT", "20s")]), line]
}

#[test]
fn a_night_without_trouble_is_silent_and_trouble_is_told() {
    for shell in SHELLS {
        let (redis, machine) = on(&KEEPS);
        for night in nightly(&machine, shell) {
            let night = night.exits(0);
            assert_eq!((night.stdout.as_str(), night.stderr.as_str()), ("", ""));
        }
        redis.crash();
        let [script, line] = nightly(&machine, shell);
        let script = script.exits(20);
        assert!(script.stdout.contains("trouble with the store or a gateway (exit code 20)"), "{script:?}");
        for night in [script, line] {
            assert!(night.stdout.contains("store.reach"), "cron mails what is on stdout: {night:?}");
            assert_eq!(night.stderr, "");
        }
        machine.write(".config/otpctl/otpctl.toml", "lenght = 8\n");
        let wrong = recipe(&machine, shell, &["nightly-doctor.sh"], &[]).exits(30);
        assert!(wrong.stdout.contains("trouble with the configuration"), "{wrong:?}");
    }
}

#[test]
fn a_plugin_ends_as_nagios_reads_it() {
    for shell in SHELLS {
        let check = |machine: &Machine, code, begin: &str| {
            let checked = recipe(machine, shell, &["check-otpctl.sh"], &[]).exits(code);
            let first = checked.stdout.lines().next().unwrap_or_default().to_owned();
            assert!(first.starts_with(begin) && first.matches('|').count() == 1, "{first}");
        };
        let (redis, machine) = on(&KEEPS);
        check(&machine, 0, "OTPCTL OK - everything that send and verify need is there | fail=0 warn=0");
        redis.crash();
        check(&machine, 2, "OTPCTL CRITICAL - store.reach: ");
        // Without persistence.
        check(&on(&[]).1, 1, "OTPCTL WARNING - store.persistence: ");
        let unknown = recipe(&machine, shell, &["check-otpctl.sh", "--no-such-option"], &[]).exits(3);
        assert_eq!(unknown.stdout, "OTPCTL UNKNOWN - doctor ended with 2\n");
    }
}

#[test]
fn numbers_for_prometheus_are_whole_and_go_on_while_the_store_is_down() {
    for shell in SHELLS {
        let (redis, machine) = on(&KEEPS);
        machine.run(&["send", "+919876543210"]).exits(0);
        let metrics = || {
            recipe(&machine, shell, &["otpctl-metrics.sh", "otpctl.prom"], &[("OTPCTL_TIMEOUT", "20s")]).exits(0);
            fs::read_to_string(machine.path("otpctl.prom")).unwrap()
        };
        let well = metrics();
        for line in [
            "otpctl_sent{country=\"IN\"} 1",
            "otpctl_doctor_exit 0",
            "otpctl_check{id=\"store.reach\",status=\"ok\"} 1",
        ] {
            assert!(well.lines().any(|found| found == line), "{line} in:\n{well}");
        }
        redis.crash();
        let down = metrics();
        for line in ["otpctl_doctor_exit 20", "otpctl_check{id=\"store.reach\",status=\"fail\"} 0"] {
            assert!(down.lines().any(|found| found == line), "{line} in:\n{down}");
        }
        assert!(!down.contains("otpctl_sent{"), "nothing is known of the last hour:\n{down}");
        let is_number = |line: &&str| line.rsplit_once(' ').is_some_and(|(_, number)| number.parse::<f64>().is_ok());
        for text in [&well, &down] {
            assert!(text.lines().filter(|line| !line.starts_with('#')).all(|line| is_number(&line)), "{text}");
        }
        let left = fs::read_dir(machine.path("")).unwrap().map(|file| file.unwrap().file_name());
        assert!(!left.into_iter().any(|name| name.to_string_lossy().contains(".prom.")), "no half file is left");
    }
}
