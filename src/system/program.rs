//! Programs that a setting names: where they are looked for, and how they are run and stopped.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use rustix::fs::{Access, access};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};

use super::path::FilePath;
use crate::otp::escape::escaped;

/// A program, by its file or by a name that is looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Program {
    /// Its file.
    At(FilePath),
    /// A name without a slash: looked for in the folders of `PATH`.
    Named(String),
}

impl Program {
    /// The file that would be run, if it is there and may be run. Only absolute folders of `PATH` are looked in: an
    /// empty or a relative one means the current folder, where anybody may have put a program of that name.
    #[must_use]
    pub fn found(&self, path: &OsStr) -> Option<PathBuf> {
        let runs = |file: &PathBuf| file.is_file() && access(file, Access::EXEC_OK).is_ok();
        match self {
            Self::At(file) => Some(file.to_path_buf()).filter(runs),
            Self::Named(name) => {
                let folders = path.as_bytes().split(|byte| *byte == b':').map(OsStr::from_bytes).map(Path::new);
                folders.filter(|folder| folder.is_absolute()).map(|folder| folder.join(name)).find(runs)
            }
        }
    }

    /// Starts it in its own process group, with its output in pipes, and returns the whole group.
    ///
    /// # Errors
    /// When it is not there, or cannot be started.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that starts programs")]
    pub fn start<'a>(
        &self,
        arguments: &[String],
        path: &OsStr,
        environment: Option<impl Iterator<Item = (&'a str, &'a OsStr)>>,
        pipes: [Stdio; 3],
    ) -> std::io::Result<Group> {
        let file = self.found(path).ok_or(std::io::ErrorKind::NotFound)?;
        let mut command = Command::new(file);
        if let Some(environment) = environment {
            command.env_clear().envs(environment.map(|(name, value)| (OsString::from(name), value)));
        }
        let [stdin, stdout, stderr] = pipes;
        command.args(arguments).stdin(stdin).stdout(stdout).stderr(stderr);
        let child = command.process_group(0).kill_on_drop(true).spawn()?;
        Ok(Group { child, ended: false })
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(file) => file.fmt(f),
            Self::Named(name) => f.write_str(&escaped(name)),
        }
    }
}

/// A running program with everything that it started. Dropping it before the program ended kills all of it.
#[derive(Debug)]
pub struct Group {
    /// The program itself.
    pub child: Child,
    ended: bool,
}

impl Group {
    /// Waits for the program to end. What it left in the background on purpose keeps running.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub async fn wait(&mut self) -> std::io::Result<ExitStatus> {
        let status = self.child.wait().await?;
        self.ended = true;
        Ok(status)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // While the child was not waited for, its number is still its own.
        let id = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let (Some(id), false) = (id, self.ended) {
            // Nothing can be done about a group that is gone already.
            let _ = kill_process_group(id, Signal::KILL);
        }
    }
}
