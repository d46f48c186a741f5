//! A machine of one page's own: a home, a working folder, `/etc/otpctl`, and a Redis where the page has one.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::servers::redis::RedisServer;

/// Where the commands of one page run.
pub struct Machine {
    root: TempDir,
    redis: Option<RedisServer>,
}

impl Machine {
    /// A fresh one, with a Redis if asked for.
    pub fn new(redis: bool) -> Self {
        let machine = Self { root: tempfile::tempdir().expect("a folder"), redis: redis.then(RedisServer::start) };
        for folder in ["you/work", "etc", "bin", "blocks"] {
            fs::create_dir_all(machine.path(folder)).expect("a folder");
        }
        Self::write(&machine.path("etc/pepper"), "a pepper of the tests, and of no other machine\n", 0o600);
        symlink(env!("CARGO_BIN_EXE_otpctl"), machine.path("bin/otpctl")).expect("a link");
        if let Some(redis) = &machine.redis {
            let wrapper = machine.path("bin/redis-cli");
            let text = format!("#!/bin/sh\nPATH=${{PATH#*:}} exec redis-cli -p {} \"$@\"\n", redis.port());
            Self::write(&wrapper, &text, 0o755);
        }
        machine
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// What a page says, and what it is here. The order is that of replacing.
    fn names(&self) -> Vec<(&'static str, String)> {
        let folder = |name| self.path(name).display().to_string();
        let mut names = vec![("/home/you", folder("you")), ("/etc/otpctl", folder("etc"))];
        names.extend(self.redis.as_ref().map(|redis| ("127.0.0.1:6379", format!("127.0.0.1:{}", redis.port()))));
        names
    }

    /// The text of a page as it is here.
    pub fn here(&self, text: &str) -> String {
        self.names().iter().fold(text.to_owned(), |text, (shown, here)| text.replace(shown, here))
    }

    /// What was printed here as a page says it.
    pub fn shown(&self, text: &str) -> String {
        self.names().iter().fold(text.to_owned(), |text, (shown, here)| text.replace(here, shown))
    }

    /// Keeps a block as a file for its owner alone.
    pub fn keep(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path("blocks").join(name);
        Self::write(&path, &self.here(text), 0o600);
        path
    }

    fn write(path: &Path, text: &str, mode: u32) {
        fs::write(path, text).expect("a file");
        fs::set_permissions(path, Permissions::from_mode(mode)).expect("a mode");
    }

    /// Runs a script with nothing in its environment but a home and the programs; gives all that it printed.
    pub fn run(&self, script: &Path) -> String {
        let path = std::env::var_os("PATH").expect("a PATH");
        let path = format!("{}:{}", self.path("bin").display(), path.display());
        let output = Command::new("sh")
            .arg(script)
            .env_clear()
            .envs([("HOME", self.path("you").into_os_string()), ("PATH", path.into())])
            // A busy machine is to end none of them.
            .env("OTPCTL_TIMEOUT", "5m")
            .current_dir(self.path("you/work"))
            .stdin(Stdio::null())
            .output()
            .expect("sh");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}
