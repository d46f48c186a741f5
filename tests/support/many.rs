//! What goes over many stops at none of them: each has its own end, and what could not be done is named.
//! What its tests share.

use std::process::Command;

use super::cli::Machine;

pub fn phone(number: usize) -> String {
    format!("+9198765432{number:02}")
}

/// The most memory that a command ever had, in kB, as the kernel tells it while it is not yet waited for. What it prints is
/// dropped, and so is how it ends.
pub fn memory(machine: &Machine, words: &str) -> u64 {
    let script = format!(
        "\"$0\" {words} >/dev/null 2>&1 & pid=$!; last=0; \
         while read=$(grep VmHWM /proc/$pid/status 2>/dev/null); do last=${{read#*:}}; sleep 0.01; done; echo $last"
    );
    let output = Command::new("sh")
        .args(["-c", &script, env!("CARGO_BIN_EXE_otpctl")])
        .env_clear()
        .env("HOME", machine.path(""))
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    said.split_whitespace().next().and_then(|kilobytes| kilobytes.parse::<u64>().ok()).expect("a figure")
}
