//! The source of a secret, which is fetched when it is first needed.

use std::fmt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::time::{Instant, timeout, timeout_at};
use toml::de::DeValue;
use zeroize::Zeroizing;

use super::env::Env;
use super::{files, keys};
use crate::otp::Secret;
use crate::system::{FilePath, Group, MAX_SECRET, Program};
use crate::toml_tree::{ConfigError, Node, Position, Table};

/// What a secret is fetched with.
#[derive(Debug, Clone, Copy)]
pub struct Fetch<'a> {
    /// The environment.
    pub env: &'a Env,
    /// No program is waited for any longer.
    pub end: Instant,
}

/// Where a secret comes from. Nothing is fetched before it is needed: a wrong SMS key must not stop `verify`.
#[derive(Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// It is written in the file, which is for its owner's eyes only.
    Literal(Secret),
    /// An environment variable.
    Env(String),
    /// Its own file.
    File(FilePath),
    /// A program that prints it, and its arguments; no shell.
    Command(Program, Vec<String>),
}

/// A secret, and the key that asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedSecret {
    /// Where the text is.
    pub source: SecretSource,
    pub(super) position: Position,
}

impl SecretSource {
    /// Fetches the secret. A program is killed with all that it started at the deadline, or when the future is dropped.
    ///
    /// # Errors
    /// When it is not there, empty, not text, or open to others. The error names the source and never what it gave.
    pub async fn resolve(&self, fetch: &Fetch<'_>) -> Result<Secret, ConfigError> {
        match self {
            Self::Literal(secret) => Ok(secret.clone()),
            Self::Env(name) => from_env(name, fetch.env),
            Self::File(path) => from_file(path),
            Self::Command(program, arguments) => from_command(program, arguments, fetch).await,
        }
    }

    /// The source as `config show` may print it: its kind and name.
    #[must_use]
    pub fn shown(&self) -> serde_json::Value {
        match self {
            Self::Literal(_) => serde_json::json!("[redacted]"),
            Self::Env(name) => serde_json::json!({ "env": name }),
            Self::File(path) => serde_json::json!({ "file": path.to_string() }),
            // Only the program: an argument may be a secret in itself.
            Self::Command(program, arguments) => {
                let arguments = arguments.iter().map(|_| "[redacted]".to_owned());
                let words: Vec<String> = std::iter::once(program.to_string()).chain(arguments).collect();
                serde_json::json!({ "command": words })
            }
        }
    }

    /// Reads one of the four forms.
    pub(super) fn read(node: &Node<'_>) -> Result<Self, ConfigError> {
        match node.value {
            DeValue::String(_) => Ok(Self::Literal(literal(node)?)),
            DeValue::Table(_) => {
                let table = node.table()?;
                table.only(&keys::SECRET)?;
                Self::from_table(&table)
            }
            _ => Err(node.wrong_type("a secret: text, { env = … }, { file = … } or { command = [ … ] }")),
        }
    }

    /// Reads the one of `env`, `file` and `command` that a table has.
    pub(super) fn from_table(table: &Table<'_>) -> Result<Self, ConfigError> {
        let given: Vec<Node<'_>> = ["env", "file", "command"].iter().filter_map(|name| table.get(name)).collect();
        match given.as_slice() {
            [node] if node.name == "env" => Ok(Self::Env(variable(node)?)),
            [node] if node.name == "file" => Ok(Self::File(node.file()?)),
            [node] => {
                let (program, arguments) = node.command("[\"pass\", \"show\", \"sms\"]")?;
                Ok(Self::Command(program, arguments))
            }
            _ => Err(table.refuse("a secret has exactly one source: env, file or command")),
        }
    }
}

impl fmt::Debug for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.shown())
    }
}

/// A secret that is written in the file.
pub(super) fn literal(node: &Node<'_>) -> Result<Secret, ConfigError> {
    let text = node.text()?;
    if text.trim().is_empty() {
        return Err(node.refuse("a secret cannot be empty"));
    }
    node.is_literal_secret();
    Ok(Secret::new(text.to_owned()))
}

fn variable(node: &Node<'_>) -> Result<String, ConfigError> {
    let name = node.text()?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if name.bytes().next().is_none_or(|first| first.is_ascii_digit()) || name.len() > 128 || !name.bytes().all(plain) {
        return Err(node.refuse("expected the name of an environment variable: letters, digits and `_`"));
    }
    Ok(name.to_owned())
}

fn from_env(name: &str, env: &Env) -> Result<Secret, ConfigError> {
    let missing = |what: &str| {
        ConfigError::new(format!("the environment variable {name} {what}"))
            .hint(format!("set {name} for this command, or use {{ file = \"…\" }} in the file"))
    };
    let value = env.get(name).ok_or_else(|| missing("is not set"))?;
    let value = value.to_str().ok_or_else(|| missing("is not UTF-8 text"))?;
    if value.trim().is_empty() { Err(missing("is empty")) } else { Ok(Secret::new(value.to_owned())) }
}

fn from_file(path: &Path) -> Result<Secret, ConfigError> {
    trimmed(&files::read_secret(path)?.text).ok_or_else(|| ConfigError::new("this file is empty").in_file(path))
}

/// An editor and `echo` end a file with a line feed, which is no part of the secret.
fn trimmed(text: &str) -> Option<Secret> {
    let text = text.trim_end_matches(['\r', '\n']);
    (!text.trim().is_empty()).then(|| Secret::new(text.to_owned()))
}

/// How long output is waited for after the program ended: something that it left behind may hold the pipe open.
const GRACE: Duration = Duration::from_millis(300);

async fn from_command(program: &Program, arguments: &[String], fetch: &Fetch<'_>) -> Result<Secret, ConfigError> {
    let failed = |what: String| {
        ConfigError::new(format!("the program {program} {what}"))
            .hint("run it by hand: it must print only the secret, and not prompt")
    };
    let path = fetch.env.get("PATH").unwrap_or_default();
    // Its error messages may contain the secret.
    let pipes = [Stdio::null(), Stdio::piped(), Stdio::null()];
    let mut group = program
        .start(arguments, path, Some(fetch.env.iter()), pipes)
        .map_err(|error| failed(format!("cannot be started: {}", error.kind())))?;
    let mut printed = Zeroizing::new(Vec::new());
    let ended = timeout_at(fetch.end, printing(&mut group, &mut printed)).await;
    // Dropping the group kills it, with everything that it started.
    let status = ended
        .map_err(|_| failed("printed nothing in time and was stopped".to_owned()))?
        .map_err(|error| failed(format!("cannot be read: {}", error.kind())))?;
    if printed.len() as u64 > MAX_SECRET {
        return Err(failed(format!("printed more than {MAX_SECRET} bytes")));
    }
    if !status.success() {
        return Err(failed(format!("failed ({status})")));
    }
    let text = std::str::from_utf8(&printed).map_err(|_| failed("printed no UTF-8 text".to_owned()))?;
    trimmed(text).ok_or_else(|| failed("printed nothing".to_owned()))
}

/// Reads what a program prints, up to a limit, until it ends.
async fn printing(group: &mut Group, printed: &mut Zeroizing<Vec<u8>>) -> std::io::Result<ExitStatus> {
    let output = group.child.stdout.take();
    let read = async {
        match output {
            Some(output) => output.take(MAX_SECRET + 1).read_to_end(printed).await.map(drop),
            None => Ok(()),
        }
    };
    tokio::pin!(read);
    tokio::select! {
        // It closed its output, or printed too much: then it ends by the broken pipe.
        ended = &mut read => {
            ended?;
            group.wait().await
        }
        status = group.wait() => {
            // All that it printed is in the pipe already.
            let _ = timeout(GRACE, read).await;
            status
        }
    }
}
