//! Waits for what is seen from outside.

use std::time::{Duration, Instant};

use super::PATIENCE;

/// Waits until something is so.
#[track_caller]
pub fn until(what: &str, mut is: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is() {
        assert!(Instant::now() < end, "not so for too long: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Whether a process is over. One whose parent is gone may stay as a zombie.
pub fn is_gone(pid: &str) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).map_or(true, |stat| stat.contains(") Z "))
}
