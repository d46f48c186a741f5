//! A real SMSC for one test: npm's `smpp` in a process of its own, which answers as it is told.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use otpctl::otp::Secret;
use otpctl::provider::{Provider, Setting, Settings, open};

use crate::support::provider::{context, settings};

pub const PASSWORD: &str = "s3cr3tpw";

/// The server. It is killed when this is dropped.
pub struct Smsc {
    child: Child,
    events: BufReader<ChildStdout>,
    pub port: u16,
}

impl Drop for Smsc {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Smsc {
    /// Starts with a plan: see `smsc.js`. Without a plan it takes everything.
    pub fn start(mut plan: Value) -> Self {
        let fields = plan.as_object_mut().unwrap();
        fields.entry("password").or_insert(json!(PASSWORD));
        fields.entry("submit").or_insert(json!([{}]));
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let modules = std::env::var_os("OTPCTL_NODE_MODULES")
            .map_or_else(|| root.join("target/smpp/node_modules"), PathBuf::from);
        assert!(modules.join("smpp").is_dir(), "npm's smpp is not in {}: scripts/test installs it", modules.display());
        let mut child = Command::new("node")
            .arg(root.join("tests/servers/smpp/smsc.js"))
            .arg(plan.to_string())
            .env("NODE_PATH", modules)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("node does not run ({error}): scripts/test installs it"));
        let mut events = BufReader::new(child.stdout.take().unwrap());
        let mut port = String::new();
        events.read_line(&mut port).unwrap();
        let port = port.trim().parse().unwrap_or_else(|_| panic!("the SMSC did not start: {port:?}"));
        Self { child, events, port }
    }

    /// A provider for this server, with further settings.
    pub fn provider(&self, more: &Value) -> Box<dyn Provider> {
        open("smpp", "smpp", self.settings(more), &context()).unwrap()
    }

    fn settings(&self, more: &Value) -> Settings {
        let mut all = json!({"host": "127.0.0.1", "port": self.port, "system_id": "example"});
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let mut all = settings(all);
        all.0.entry("password".to_owned()).or_insert(Setting::Secret(Secret::new(PASSWORD.to_owned())));
        all
    }

    /// The next event of this name. What comes before it is skipped.
    pub fn event(&mut self, name: &str) -> Value {
        loop {
            let mut line = String::new();
            assert!(self.events.read_line(&mut line).unwrap() > 0, "the SMSC ended before {name}");
            let event: Value = serde_json::from_str(&line).unwrap();
            if event["event"] == name {
                return event;
            }
        }
    }

    /// All that happened until the session ended.
    pub fn events(&mut self) -> Vec<Value> {
        let mut events = Vec::new();
        loop {
            let mut line = String::new();
            assert!(self.events.read_line(&mut line).unwrap() > 0, "the SMSC ended");
            let event: Value = serde_json::from_str(&line).unwrap();
            let last = event["event"] == "unbind";
            events.push(event);
            if last {
                return events;
            }
        }
    }
}
