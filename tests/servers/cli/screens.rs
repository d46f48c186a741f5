//! What a person sees on a terminal: sentences end at its width, between words; what is no terminal gets whole lines.

use std::process::{Command, Stdio};

use crate::support::cli::{FREE, Machine, PHONE};
use crate::support::gateway::Gateway;

/// Runs a program on a terminal of so many columns, and prints what it wrote there. Python's library has terminals.
const TERMINAL: &str = r#"
import fcntl, os, pty, struct, sys, termios
child, end = pty.fork()
if child == 0:
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 50, int(sys.argv[1]), 0, 0))
    os.execv(sys.argv[2], sys.argv[2:])
seen = b""
while True:
    try:
        more = os.read(end, 65536)
    except OSError:
        break
    if not more:
        break
    seen += more
os.waitpid(child, 0)
sys.stdout.buffer.write(seen.replace(b"\r\n", b"\n"))
"#;

/// The lines on a terminal. Colors take no column.
pub(super) fn screen(machine: &Machine, columns: u16, words: &[&str]) -> Vec<String> {
    let plain = machine.command(words);
    let mut python = Command::new("python3");
    python.args(["-c", TERMINAL, &columns.to_string(), env!("CARGO_BIN_EXE_otpctl")]).args(words);
    python.env_clear().envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    python.env("NO_COLOR", "1").current_dir(plain.get_current_dir().unwrap());
    let output = python.stdin(Stdio::null()).output().expect("python3: apt-get install python3");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// All of it in one line, as a program would be given it.
fn whole(lines: &[String]) -> String {
    lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ")
}

#[test]
fn sentences_end_at_the_width_of_the_terminal_and_between_words() {
    let gateway = Gateway::start(500, "");
    let settings = format!(
        "{FREE}[policy]\ncountries = [\"IN\"]\n[providers.telnyx]\napi_key = \"KEY0123\"\nfrom = \"+13125550100\"\n\
         base_url = \"{}\"\n",
        gateway.base_url
    );
    let machine = Machine::with(&settings);
    let error = machine.run(&["send", PHONE]).exits(27).stderr.clone();
    assert_eq!(error.lines().count(), 2, "no terminal, no breaks: {error}");
    let commands: [&[&str]; 5] = [
        &["send", PHONE],
        &["wait", PHONE, "--timeout", "300ms"],
        &["inspect", PHONE],
        &["doctor"],
        &["send", "+12025550125", "--dry-run"],
    ];
    for columns in [40, 60, 80, 120] {
        for words in commands {
            let lines = screen(&machine, columns, words);
            assert!(!lines.is_empty(), "{words:?}");
            for line in &lines {
                // What is longer is one word, one command or one id, which is copied.
                let id = line.split_whitespace().last().is_some_and(|last| last.starts_with("ch_"));
                let command = id || line.trim_start().starts_with("otpctl ");
                let fits = line.chars().count() <= usize::from(columns);
                assert!(fits || command || line.split_whitespace().count() <= 2, "{columns} {words:?}: {line:?}");
            }
        }
        let lines = screen(&machine, columns, &["wait", PHONE, "--timeout", "300ms"]);
        let said = whole(&lines);
        assert!(
            said.contains("warning: no provider gave an id for this message: only delivery reports that"),
            "{said}"
        );
        assert!(said.contains("is not known to be delivered after 0."), "{said}");
        let hint = lines.iter().position(|line| line.starts_with("hint: ")).unwrap();
        assert_eq!(lines[hint], format!("hint: otpctl inspect {PHONE}"));
    }
}

#[test]
fn what_is_copied_is_never_broken() {
    let machine = Machine::on_redis("");
    let rules = machine.run(&["store", "acl"]).exits(0).stdout.clone();
    let lines = screen(&machine, 60, &["store", "acl"]);
    for rule in rules.lines() {
        assert!(rule.len() > 60 && lines.iter().any(|line| line == rule), "{rule}: {lines:?}");
    }
}

#[test]
fn whoever_looks_on_is_told_whom_a_slow_command_waits_for() {
    let gateway = Gateway::replying(|_, _| {
        std::thread::sleep(std::time::Duration::from_secs(1));
        ("HTTP/1.1 500 Internal Server Error".to_owned(), String::new())
    });
    let machine = Machine::with(&format!(
        "{FREE}[policy]\ncountries = [\"IN\"]\n[providers.telnyx]\napi_key = \"KEY0123\"\nfrom = \"+13125550100\"\n\
         base_url = \"{}\"\n",
        gateway.base_url
    ));
    let said = whole(&screen(&machine, 80, &["send", PHONE]));
    assert!(said.contains("Waiting for telnyx …"), "{said}");
    assert!(!machine.run(&["send", "+919876543211"]).stderr.contains("Waiting"), "a pipe reads no progress");
}
