//! The binary as a person runs it: a home of its own, a cleared environment, at most one configuration file.

use std::any::Any;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;

use serde_json::Value;
use tempfile::TempDir;

use super::schemas;

/// An Indian mobile number.
pub const PHONE: &str = "+919876543210";
/// No limit on sends that a test could meet.
pub const FREE: &str = "[limits]\ncooldown = []\nper_phone = { \"1h\" = 100 }\nper_prefix = {}\nper_country = {}\n";
/// The pepper of every machine on a Redis. Nothing else in a test looks like it.
pub const PEPPER: &str = "5uRelyN0t1nAnyOutput+pepper/of+the+tests+0xy=";

/// A home folder, an environment and a configuration, and nothing else of the world around the tests.
pub struct Machine {
    home: TempDir,
    /// The server under it, if it has one.
    pub server: Option<Server>,
    /// Further lines of `[store.redis]`.
    pub store: String,
    environment: Vec<(String, String)>,
}

/// A server that lives as long as the machines on it. What it is, only targets know that start servers.
#[derive(Clone)]
pub struct Server {
    pub url: String,
    pub process: Arc<dyn Any + Send + Sync>,
}

/// What came of one run.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
    command: String,
}

impl Machine {
    /// The embedded store, the `console` provider, and no file.
    pub fn new() -> Self {
        Self { home: TempDir::new().unwrap(), server: None, store: String::new(), environment: Vec::new() }
    }

    /// A server that other machines may use too, and no file.
    pub fn over(server: Server) -> Self {
        Self { server: Some(server), ..Self::new() }
    }

    /// The embedded store, and this file.
    pub fn with(settings: &str) -> Self {
        let machine = Self::new();
        machine.configure(settings);
        machine
    }

    /// Another host: another home, with the same Redis, file and pepper.
    pub fn elsewhere(&self) -> Self {
        let other = Self { server: self.server.clone(), store: self.store.clone(), ..Self::new() };
        for name in [".config/otpctl/otpctl.toml", "pepper"] {
            if let Ok(text) = fs::read_to_string(self.path(name)) {
                other.write(name, &text);
            }
        }
        other
    }

    /// Writes the file anew. The store and the pepper are added where the machine is on a Redis.
    pub fn configure(&self, settings: &str) {
        let Some(server) = &self.server else {
            self.write(".config/otpctl/otpctl.toml", settings);
            return;
        };
        let pepper = "[code]\npeppers = [{ id = \"1\", file = \"../../pepper\" }]";
        let settings = if settings.lines().any(|line| line.trim() == "[code]") {
            settings.replacen("[code]", pepper, 1)
        } else {
            format!("{settings}\n{pepper}\n")
        };
        let store = &self.store;
        let text = format!("{settings}\n[store.redis]\nurl = \"{}\"\n{store}\n", server.url);
        self.write(".config/otpctl/otpctl.toml", &text);
    }

    /// The configuration file.
    pub fn config(&self) -> PathBuf {
        self.path(".config/otpctl/otpctl.toml")
    }

    /// A path in the home folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Writes a file in the home folder, 0600, and gives its path.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path);
        file.unwrap().write_all(text.as_bytes()).unwrap();
        path
    }

    /// Writes a program in the home folder, and gives its path as it is in a file.
    pub fn program(&self, name: &str, script: &str) -> String {
        let path = self.write(name, &format!("#!/bin/sh\n{script}\n"));
        set_mode(&path, 0o700);
        path.to_str().unwrap().to_owned()
    }

    /// Sets a variable for all later runs.
    pub fn variable(&mut self, name: &str, value: &str) {
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// The command, not yet started.
    pub fn command<A: AsRef<str>>(&self, arguments: &[A]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_otpctl"));
        command.args(arguments.iter().map(AsRef::as_ref)).env_clear().current_dir(self.home.path());
        command.env("HOME", self.home.path()).env("PATH", "/usr/local/bin:/usr/bin:/bin");
        // What is quick on a quiet machine may take longer than its ten seconds on a busy one. A send has more, and its time
        // is also how long others wait for it.
        if !arguments.iter().any(|word| ["send", "deliver", "wait"].contains(&word.as_ref())) {
            command.env("OTPCTL_TIMEOUT", "5m");
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs it to its end.
    pub fn run<A: AsRef<str>>(&self, arguments: &[A]) -> Ran {
        Ran::new(arguments, self.command(arguments).output().unwrap())
    }

    /// Runs it with something on standard input.
    pub fn stdin<A: AsRef<str>>(&self, arguments: &[A], input: &[u8]) -> Ran {
        let mut child = self.command(arguments).stdin(Stdio::piped()).spawn().unwrap();
        // A command that does not read its input closes it.
        let _ = child.stdin.take().unwrap().write_all(input);
        Ran::new(arguments, child.wait_with_output().unwrap())
    }

    /// Runs it as somebody who may not write where the modes say so: where tests run as root, to whom no mode says
    /// anything, as the user `nobody`, to whom the home folder belongs from then on.
    pub fn run_without_power<A: AsRef<str>>(&self, arguments: &[A]) -> Ran {
        if !rustix::process::geteuid().is_root() {
            return self.run(arguments);
        }
        let own = Command::new("chown").args(["-R", "65534:65534"]).arg(self.home.path()).status().unwrap();
        assert!(own.success());
        let power = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
        Ran::new(arguments, self.through(&power, &self.reachable(), arguments))
    }

    /// Runs it where a folder of the home is mounted read-only; `None` where that may not be done: it takes root, and a
    /// container may not let even root do it.
    pub fn run_read_only<A: AsRef<str>>(&self, folder: &str, arguments: &[A]) -> Option<Ran> {
        let tried = Command::new("unshare").args(["-m", "true"]).stderr(Stdio::null()).status();
        if !tried.is_ok_and(|status| status.success()) {
            return None;
        }
        let mount = "mount --bind \"$0\" \"$0\" && mount -o remount,bind,ro \"$0\" && exec \"$@\"";
        let folder = self.path(folder);
        let mounts = ["unshare", "-m", "sh", "-c", mount, folder.to_str().unwrap()];
        Some(Ran::new(arguments, self.through(&mounts, Path::new(env!("CARGO_BIN_EXE_otpctl")), arguments)))
    }

    /// Runs it where a folder of the home is a disk of its own, of this size; `None` where that may not be done.
    pub fn run_on_small_disk<A: AsRef<str>>(&self, folder: &str, size: &str, arguments: &[A]) -> Option<Ran> {
        let tried = Command::new("unshare").args(["-m", "true"]).stderr(Stdio::null()).status();
        if !tried.is_ok_and(|status| status.success()) {
            return None;
        }
        let mount = format!("mount -t tmpfs -o size={size} disk \"$0\" && exec \"$@\"");
        let folder = self.path(folder);
        let mounts = ["unshare", "-m", "sh", "-c", &mount, folder.to_str().unwrap()];
        Some(Ran::new(arguments, self.through(&mounts, Path::new(env!("CARGO_BIN_EXE_otpctl")), arguments)))
    }

    /// The program where anybody may run it.
    fn reachable(&self) -> PathBuf {
        let program = self.path("bin/otpctl");
        if !program.exists() {
            fs::create_dir_all(self.path("bin")).unwrap();
            // Another process writes it: one that is started meanwhile would hold it open, and it could not be run.
            let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_otpctl")).arg(&program).status().unwrap();
            assert!(copied.success());
        }
        program
    }

    /// Runs it through another program that starts the program that it is given.
    fn through<A: AsRef<str>>(&self, starter: &[&str], program: &Path, arguments: &[A]) -> Output {
        let usual = self.command(arguments);
        let mut command = Command::new(starter[0]);
        command.args(&starter[1..]).arg(program).args(usual.get_args()).current_dir(self.home.path()).env_clear();
        command.envs(usual.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.stdin(Stdio::null()).output().unwrap()
    }

    /// Starts all of them before it waits for any.
    pub fn at_once<A: AsRef<str>>(&self, runs: &[Vec<A>]) -> Vec<Ran> {
        let children: Vec<Child> = runs.iter().map(|arguments| self.command(arguments).spawn().unwrap()).collect();
        let ended = runs.iter().zip(children);
        ended.map(|(arguments, child)| Ran::new(arguments, child.wait_with_output().unwrap())).collect()
    }

    /// Sends a code by the `console` provider, and gives the code.
    pub fn send(&self, phone: &str) -> String {
        self.run(&["send", phone]).exits(0).sms_code()
    }

    /// `verify --json` of a code.
    pub fn verify(&self, phone: &str, code: &str) -> Ran {
        self.run(&["verify", phone, code, "--json"])
    }

    /// What `inspect` knows of a phone.
    pub fn inspect(&self, phone: &str) -> Value {
        self.run(&["inspect", phone, "--json"]).exits(0).json()
    }

    /// What an `outbox` provider with `path = "outbox.jsonl"` has written.
    pub fn outbox(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.path(".config/otpctl/outbox.jsonl")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Ran {
    fn new<A: AsRef<str>>(arguments: &[A], output: Output) -> Self {
        let arguments: Vec<&str> = arguments.iter().map(AsRef::as_ref).collect();
        let ran = Self {
            // A process that a signal ended has no code of its own.
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).expect("stdout is UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("stderr is UTF-8"),
            command: arguments.join(" "),
        };
        schemas::hold(&ran.stdout);
        schemas::hold(&ran.stderr);
        ran
    }

    /// Fails unless it ended so.
    #[track_caller]
    pub fn exits(&self, code: i32) -> &Self {
        assert_eq!(self.code, code, "otpctl {}\n{}{}", self.command, self.stdout, self.stderr);
        self
    }

    /// The one document on stdout.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The error document: the last line of stderr.
    #[track_caller]
    pub fn error(&self) -> Value {
        assert_eq!(self.stdout, "", "a failure has nothing on stdout");
        let last = self.stderr.lines().last().unwrap_or_default();
        serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The code in the line of the `console` provider.
    #[track_caller]
    pub fn sms_code(&self) -> String {
        let line = self.stderr.lines().find_map(|line| line.strip_prefix("SMS to ")).expect("an SMS on stderr");
        let text = line.split_once(": ").unwrap().1;
        text.split_once(" is your").expect("the default text").0.to_owned()
    }

    /// Everything that it said.
    pub fn words(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}

/// Codes that are not this one, all different.
pub fn wrong_codes(right: &str) -> impl Iterator<Item = String> {
    let right: u32 = right.parse().unwrap();
    (1..).map(move |step| format!("{:06}", (right + step * 7) % 1_000_000))
}

/// Sets the permission bits of a file.
pub fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}
