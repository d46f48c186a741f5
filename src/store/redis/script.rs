//! Scripts, in the words of the server that is to run them. Redis 7 and Valkey say beforehand what a script may do, and
//! what a user may call; Redis 6 knows neither, nor `EVAL_RO`. Scripts are sent whole each time: one round trip,
//! whatever scripts the server has forgotten.

use redis::{Cmd, ToRedisArgs};

const REDIS6: &str = include_str!("redis6.lua");
const REDIS6_WRITE: &str = include_str!("redis6_write.lua");
const REDIS7_WRITE: &str = include_str!("redis7_write.lua");

/// What [`REDIS6`] answers on a server that is older still.
pub(super) const OLDREDIS: &str = "OLDREDIS";

/// What a server understands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Redis 7 and later, Valkey. It is tried first.
    #[default]
    Redis7,
    /// Redis 6.0 and 6.2, `KeyDB`.
    Redis6,
}

/// What a script does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It only reads: a user who may not write may call it.
    Reads,
    /// It writes, and is refused whole when memory is full.
    Writes,
    /// It writes, and works even then.
    Relieves,
}

/// A script with its keys and arguments.
#[derive(Debug, Clone)]
pub(super) struct Script {
    kind: Kind,
    body: String,
    words: Vec<Vec<u8>>,
}

impl Script {
    pub(super) fn new(kind: Kind, body: impl Into<String>, keys: &[impl AsRef<[u8]>]) -> Self {
        let mut words = keys.len().to_redis_args();
        words.extend(keys.iter().map(|key| key.as_ref().to_vec()));
        Self { kind, body: body.into(), words }
    }

    /// With one more argument, or several.
    pub(super) fn arg(&mut self, arg: impl ToRedisArgs) -> &mut Self {
        self.words.extend(arg.to_redis_args());
        self
    }

    /// The command for a server.
    pub(super) fn command(&self, dialect: Dialect) -> Cmd {
        let name = if (self.kind, dialect) == (Kind::Reads, Dialect::Redis7) { "EVAL_RO" } else { "EVAL" };
        let mut command = redis::cmd(name);
        command.arg(text(self.kind, &self.body, dialect)).arg(&self.words);
        command
    }
}

/// The whole text of a script for a server.
pub(super) fn text(kind: Kind, body: &str, dialect: Dialect) -> String {
    let first = match kind {
        Kind::Reads => "#!lua flags=no-writes\n",
        // Without such a line it could stop halfway.
        Kind::Writes => "#!lua\n",
        Kind::Relieves => "#!lua flags=allow-oom\n",
    };
    // The write that is tried first: one that needs memory is refused where there is none, and the other not.
    let opening = if kind == Kind::Relieves { "PEXPIRE" } else { "SET" };
    let body = &without_comments(body);
    match (dialect, kind) {
        (Dialect::Redis7, Kind::Reads) => format!("{first}local redis6 = false\n{body}"),
        (Dialect::Redis7, _) => {
            format!("{first}local redis6 = false\n{}{body}", without_comments(REDIS7_WRITE))
        }
        (Dialect::Redis6, Kind::Reads) => format!("local redis6 = true\n{REDIS6}{body}"),
        (Dialect::Redis6, _) => {
            format!("local redis6 = true\n{REDIS6}{REDIS6_WRITE}local opening = '{opening}'\n{body}")
        }
    }
}

/// What a server has no use for is not sent each time.
fn without_comments(script: &str) -> String {
    let mut bare = String::with_capacity(script.len());
    for line in script.lines().map(str::trim_start).filter(|line| !line.is_empty() && !line.starts_with("--")) {
        bare.push_str(line);
        bare.push('\n');
    }
    bare
}
