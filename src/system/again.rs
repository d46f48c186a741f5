//! Starts this program again, for work that nobody waits for.

use std::ffi::OsString;
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// Starts this program, from its file, again with these words and this input, on its own: in its own process group, so that a signal of
/// the terminal is not for it, and with no output, so that a shell that reads ours does not wait for it.
///
/// # Errors
/// When it cannot be started, or does not take its input.
#[expect(clippy::disallowed_methods, reason = "`system` is the one place that starts programs")]
pub fn start_again(program: &Path, words: &[OsString], input: &[u8]) -> std::io::Result<()> {
    let mut command = Command::new(program);
    command.args(words).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    let mut child = command.spawn()?;
    // A pipe has room for more than this, so nothing is waited for.
    child.stdin.take().map_or(Ok(()), |mut stdin| stdin.write_all(input))
}
