//! Names that others choose, and texts that nobody should: they meet nothing but themselves.
//! These need no server.

use std::ffi::OsStr;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::support::cli::{Machine, PHONE};

#[test]
fn what_is_no_name_is_refused() {
    let machine = Machine::new();
    let long = "x".repeat(10_240);
    for name in ["", " a", "a ", "a\r\nb", "a\tb", "\u{1b}[2J", "a\u{202e}b", "\u{200b}", &long] {
        machine.run(&["user", "link", "--", name, PHONE]).exits(2);
        machine.run(&["send", PHONE, &format!("--user={name}")]).exits(2);
        machine.run(&["verify", PHONE, "123456", &format!("--user={name}")]).exits(2);
    }
    let odd = ["", "a:b", "A", "*", "a{b", "a b", "a\r\nb", "1a", "ä", &long];
    for purpose in odd {
        machine.run(&["send", PHONE, &format!("--purpose={purpose}")]).exits(2);
        machine.run(&["verify", PHONE, "123456", &format!("--purpose={purpose}")]).exits(2);
    }
    assert_eq!(machine.inspect(PHONE)["timeline"], serde_json::json!([]));
}

/// As long as one argument can be, less a little.
const LONG: usize = 120_000;

/// No run takes longer, however busy the machine.
const SOON: Duration = crate::support::AT_ONCE;

/// And the fastest of several takes no longer than this.
const AT_ONCE: Duration = Duration::from_millis(50);

#[test]
fn endless_arguments_are_refused_at_once() {
    let machine = Machine::new();
    machine.send(PHONE);
    let endless = ["9".repeat(LONG), format!("+{}", "9".repeat(LONG)), " ".repeat(LONG), "٠".repeat(LONG / 2)];
    for text in &endless {
        let started = Instant::now();
        for words in [vec!["send", text], vec!["verify", text, "123456"], vec!["verify", PHONE, text]] {
            let ran = machine.run(&words);
            assert!(ran.exits(2).words().len() < 2000, "it is not said back");
        }
        for flag in ["--user", "--attempt-id", "--purpose"] {
            machine.run(&["verify", PHONE, "123456", &format!("{flag}={text}")]).exits(2);
        }
        assert!(started.elapsed() < SOON * 6, "{:?}", started.elapsed());
    }
    assert_eq!(machine.inspect(PHONE)["live_code"]["tries"].as_u64().unwrap_or(0), 0);
}

#[test]
fn a_code_from_standard_input_is_short_text() {
    let machine = Machine::new();
    let code = machine.send(PHONE);
    let megabyte = vec![b'1'; 1 << 20];
    for input in [&megabyte[..], b"12\x003456", b"\xff\xfe123456", "１２３４５６".as_bytes(), b"", b"\n"] {
        let started = Instant::now();
        let ran = machine.stdin(&["verify", PHONE, "--json"], input);
        assert_eq!(ran.exits(2).error()["code"], "USAGE");
        assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
    }
    assert_eq!(machine.stdin(&["verify", PHONE, "-"], format!("{code}\n").as_bytes()).code, 0, "no try was spent");
}

#[test]
fn a_megabyte_is_refused_within_fifty_milliseconds() {
    let machine = Machine::new();
    let (number, megabyte) = ("9".repeat(LONG), vec![b'1'; 1 << 20]);
    let fastest = |run: &dyn Fn() -> i32| {
        let timed = || {
            let started = Instant::now();
            assert_eq!(run(), 2);
            started.elapsed()
        };
        (0..20).map(|_| timed()).min().unwrap()
    };
    let phone = fastest(&|| machine.run(&["verify", &number, "123456"]).code);
    let code = fastest(&|| machine.stdin(&["verify", PHONE], &megabyte).code);
    assert!(phone < AT_ONCE && code < AT_ONCE, "{phone:?}, {code:?}");
}

#[test]
fn a_stream_without_end_is_not_read() {
    let machine = Machine::new();
    machine.send(PHONE);
    let mut child = machine.command(&["verify", PHONE]).stdin(Stdio::piped()).spawn().unwrap();
    let (mut input, started, mut written) = (child.stdin.take().unwrap(), Instant::now(), 0);
    while input.write_all(&[b'1'; 8192]).is_ok() {
        written += 8192;
        assert!(written < 64 << 20, "it reads on and on");
    }
    assert_eq!(child.wait().unwrap().code(), Some(2));
    assert!(started.elapsed() < SOON && written < 1 << 20, "{written} bytes in {:?}", started.elapsed());
}

#[test]
fn what_is_no_text_is_no_argument() {
    let machine = Machine::new();
    for before in [vec!["send"], vec!["verify"], vec!["verify", PHONE], vec!["send", PHONE, "--user"], vec!["inspect"]]
    {
        let mut command = machine.command(&before);
        command.arg(OsStr::from_bytes(b"+9198765\xff43210"));
        if before == ["verify"] {
            command.arg("123456");
        }
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{before:?}: {output:?}");
    }
}
