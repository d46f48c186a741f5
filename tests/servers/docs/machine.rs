//! A machine of one page's own: a home, a working folder, `/etc/otpctl`, and a Redis where the page has one.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::servers::redis::RedisServer;
use crate::support::pages::root as repository;

/// Where the commands of one page run.
pub struct Machine {
    root: TempDir,
    redis: Option<RedisServer>,
}

impl Machine {
    /// A fresh one with what these pages ask for: the program, the recipes, a pepper, a Redis.
    pub fn new(pages: &str) -> Self {
        let machine = Self::bare(pages);
        Self::write(&machine.path("etc/pepper"), "a pepper of the tests, and of no other machine\n", 0o600);
        symlink(env!("CARGO_BIN_EXE_otpctl"), machine.path("bin/otpctl")).expect("a link");
        for recipe in fs::read_dir(repository().join("examples")).expect("examples/") {
            let recipe = recipe.expect("an entry");
            symlink(recipe.path(), machine.path("bin").join(recipe.file_name())).expect("a link");
        }
        machine
    }

    /// One on which nothing was installed yet; with a Redis if these pages use one, and the password that they log in with.
    pub fn bare(pages: &str) -> Self {
        let password = pages.split_once("REDISCLI_AUTH=").and_then(|(_, rest)| rest.lines().next());
        let words: Vec<&str> = password.map_or_else(Vec::new, |password| vec!["--requirepass", password]);
        let redis = pages.contains("127.0.0.1:6379").then(|| RedisServer::start_with(&words));
        let machine = Self { root: tempfile::tempdir().expect("a folder"), redis };
        for folder in ["you/work", "etc", "bin", "blocks"] {
            fs::create_dir_all(machine.path(folder)).expect("a folder");
        }
        if let Some(redis) = &machine.redis {
            let wrapper = machine.path("bin/redis-cli");
            let text = format!("#!/bin/sh\nPATH=${{PATH#*:}} exec redis-cli -p {} \"$@\"\n", redis.port());
            Self::write(&wrapper, &text, 0o755);
        }
        machine
    }

    /// What `cargo install` leaves behind: the program in a folder that rustup has put into the `PATH`.
    pub fn install(&self) {
        let folder = self.path("you/.cargo/bin");
        fs::create_dir_all(&folder).expect("a folder");
        symlink(env!("CARGO_BIN_EXE_otpctl"), folder.join("otpctl")).expect("a link");
    }

    /// Its Redis.
    pub fn redis(&self) -> &RedisServer {
        self.redis.as_ref().expect("a Redis")
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
        let path =
            format!("{}:{}:{}", self.path("bin").display(), self.path("you/.cargo/bin").display(), path.display());
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
