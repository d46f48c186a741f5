//! Where a secret comes from, and fetching it when it is first needed.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::AsyncReadExt as _;
use toml::de::DeValue;
use zeroize::Zeroizing;

use super::env::Env;
use super::error::{ConfigError, shown};
use super::tree::{Node, Table};
use super::{files, keys};
use crate::otp::Secret;
use crate::otp::foreign::escaped;

/// What a program may print as a secret; more is not one.
const MAX_PRINTED: u64 = 64 << 10;

/// Where a secret comes from. Nothing is fetched before it is needed: a wrong SMS key must not stop `verify`.
#[derive(Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// It stands in the file, which is for its owner's eyes only.
    Literal(Secret),
    /// An environment variable.
    Env(String),
    /// A file of its own.
    File(PathBuf),
    /// A program that prints it, and its arguments; no shell.
    Command(Vec<String>),
}

impl SecretSource {
    /// Fetches the secret. A program is killed when the future is dropped, so that the caller's deadline holds.
    ///
    /// # Errors
    /// When it is not there, empty, not text, or open to others. The error names the source and never what it gave.
    pub async fn resolve(&self, env: &Env) -> Result<Secret, ConfigError> {
        match self {
            Self::Literal(secret) => Ok(secret.clone()),
            Self::Env(name) => from_env(name, env),
            Self::File(path) => from_file(path),
            Self::Command(words) => from_command(words, env).await,
        }
    }

    /// The source as `config show` may print it: its kind and name.
    #[must_use]
    pub fn shown(&self) -> serde_json::Value {
        match self {
            Self::Literal(_) => serde_json::json!("[redacted]"),
            Self::Env(name) => serde_json::json!({ "env": name }),
            Self::File(path) => serde_json::json!({ "file": shown(path) }),
            // Only the program: an argument may be a secret in itself.
            Self::Command(words) => {
                let arguments = words.iter().skip(1).map(|_| "[redacted]");
                let words: Vec<&str> = words.iter().take(1).map(String::as_str).chain(arguments).collect();
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
            _ => Err(node.wrong_type("a secret: text, { env = … }, { file = … } or { command = [ … ] },")),
        }
    }

    /// Reads the one of `env`, `file` and `command` that a table has.
    pub(super) fn from_table(table: &Table<'_>) -> Result<Self, ConfigError> {
        let given: Vec<Node<'_>> = ["env", "file", "command"].iter().filter_map(|name| table.get(name)).collect();
        match given.as_slice() {
            [node] if node.name == "env" => Ok(Self::Env(variable(node)?)),
            [node] if node.name == "file" => Ok(Self::File(node.file()?)),
            [node] => Ok(Self::Command(command(node)?)),
            _ => Err(table.refuse("a secret comes from one place: env, file or command")),
        }
    }
}

impl fmt::Debug for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.shown())
    }
}

/// A secret that stands in the file.
pub(super) fn literal(node: &Node<'_>) -> Result<Secret, ConfigError> {
    let text = node.text()?;
    if text.trim().is_empty() {
        return Err(node.refuse("a secret is not empty"));
    }
    node.is_literal_secret();
    Ok(Secret::new(text.to_owned()))
}

fn variable(node: &Node<'_>) -> Result<String, ConfigError> {
    let name = node.text()?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if name.bytes().next().is_none_or(|first| first.is_ascii_digit()) || name.len() > 128 || !name.bytes().all(plain) {
        return Err(node.refuse("the name of an environment variable is wanted: letters, digits and `_`"));
    }
    Ok(name.to_owned())
}

fn command(node: &Node<'_>) -> Result<Vec<String>, ConfigError> {
    let mut words = Vec::new();
    for word in node.list("a program and its arguments")? {
        words.push(word.text()?.to_owned());
    }
    let wanted = "a program and its arguments are wanted, such as [\"pass\", \"show\", \"sms\"]";
    let Some(program) = words.first_mut().filter(|program| !program.is_empty()) else {
        return Err(node.refuse(wanted));
    };
    if program.contains('/')
        && let Some(first) = node.list("")?.next()
    {
        *program = first.file()?.to_string_lossy().into_owned();
    }
    Ok(words)
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
    trimmed(&files::read_secret(path)?).ok_or_else(|| ConfigError::new("this file is empty").in_file(path))
}

/// An editor and `echo` end a file with a line feed, which is no part of the secret.
fn trimmed(text: &str) -> Option<Secret> {
    let text = text.trim_end_matches(['\r', '\n']);
    (!text.trim().is_empty()).then(|| Secret::new(text.to_owned()))
}

async fn from_command(words: &[String], env: &Env) -> Result<Secret, ConfigError> {
    let Some((program, arguments)) = words.split_first() else { return Err(ConfigError::new("no program is named")) };
    let failed = |what: String| {
        ConfigError::new(format!("the program {} {what}", escaped(program)))
            .hint("run it by hand: it is to print the secret and nothing else, and to ask for nothing")
    };
    let mut child = tokio::process::Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(env.iter().map(|(name, value)| (OsStr::new(name), value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        // What it complains of may hold what it knows.
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| failed(format!("cannot be started: {}", error.kind())))?;
    let mut printed = Zeroizing::new(Vec::new());
    if let Some(output) = child.stdout.take() {
        let read = output.take(MAX_PRINTED + 1).read_to_end(&mut printed).await;
        read.map_err(|error| failed(format!("cannot be heard: {}", error.kind())))?;
    }
    if printed.len() as u64 > MAX_PRINTED {
        return Err(failed(format!("printed more than {MAX_PRINTED} bytes")));
    }
    let status = child.wait().await.map_err(|error| failed(format!("cannot be waited for: {}", error.kind())))?;
    if !status.success() {
        return Err(failed(format!("failed ({status})")));
    }
    let text = std::str::from_utf8(&printed).map_err(|_| failed("printed no UTF-8 text".to_owned()))?;
    trimmed(text).ok_or_else(|| failed("printed nothing".to_owned()))
}
