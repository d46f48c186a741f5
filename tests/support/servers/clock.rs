//! A clock that is off, for one process: by `faketime`.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::support::cli::Machine;

/// `faketime` names two files after its process. One that was killed leaves them behind, and no later one of the same
/// number would start.
pub fn sweep() {
    let left = |name: &str| {
        let of = ["faketime_shm_", "sem.faketime_sem_"].iter().find_map(|front| name.strip_prefix(front));
        of.is_some_and(|process| !Path::new("/proc").join(process).exists())
    };
    for file in fs::read_dir("/dev/shm").into_iter().flatten().flatten() {
        if file.file_name().to_str().is_some_and(left) {
            // Somebody else may have swept it.
            let _ = fs::remove_file(file.path());
        }
    }
}

/// Runs a command on a machine whose clock is so far off.
pub fn off(machine: &Machine, offset: &str, words: &[&str]) -> Output {
    sweep();
    let plain = machine.command(words);
    let mut command = Command::new("faketime");
    command.args(["-f", offset]).arg(plain.get_program()).args(plain.get_args()).env_clear();
    command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = command.current_dir(plain.get_current_dir().unwrap()).output();
    output.unwrap_or_else(|error| panic!("faketime does not run ({error}): scripts/test installs it"))
}
