//! Scripts, in the words of the server that is to run them. Redis 7 and Valkey say beforehand what a script may do, and
//! what a user may call; Redis 6 knows neither, nor `EVAL_RO`. Scripts are sent whole: one round trip, whatever scripts the
//! server has forgotten. Only a process that runs the same one often sends its hash instead.

use std::sync::OnceLock;

use redis::{Cmd, ToRedisArgs};

const REDIS6: &str = include_str!(concat!(env!("OUT_DIR"), "/lua/redis6.lua"));
const REDIS6_WRITE: &str = include_str!(concat!(env!("OUT_DIR"), "/lua/redis6_write.lua"));
const REDIS7_WRITE: &str = include_str!(concat!(env!("OUT_DIR"), "/lua/redis7_write.lua"));

const KINDS: usize = 3;
const DIALECTS: usize = 2;

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// It only reads: a user who may not write may call it.
    Reads,
    /// It writes, and is refused whole when memory is full.
    Writes,
    /// It writes, and works even then.
    Relieves,
}

/// The text of a script, in its parts, and what is sent of it: made once, when it is first needed.
pub(super) struct Body {
    parts: &'static [&'static str],
    texts: [OnceLock<Text>; KINDS * DIALECTS],
}

/// A whole text, and the hash that a server knows it by once it has run it.
struct Text {
    whole: String,
    hash: OnceLock<String>,
}

impl Body {
    pub(super) const fn of(parts: &'static [&'static str]) -> Self {
        Self { parts, texts: [const { OnceLock::new() }; KINDS * DIALECTS] }
    }

    fn text(&self, kind: Kind, dialect: Dialect) -> &Text {
        let place = kind as usize * DIALECTS + dialect as usize;
        self.texts[place].get_or_init(|| Text { whole: self.whole(kind, dialect), hash: OnceLock::new() })
    }

    /// The whole text for a server.
    pub(super) fn whole(&self, kind: Kind, dialect: Dialect) -> String {
        text(kind, &self.parts.concat(), dialect)
    }
}

impl Text {
    /// SHA-1 is what Redis names scripts by, and nothing depends on it but which text is run again.
    fn hash(&self) -> &str {
        self.hash.get_or_init(|| {
            let hash = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, self.whole.as_bytes());
            data_encoding::HEXLOWER.encode(hash.as_ref())
        })
    }
}

/// A script with its keys and arguments.
#[derive(Clone)]
pub(super) struct Script {
    kind: Kind,
    body: &'static Body,
    words: Vec<Vec<u8>>,
}

impl Script {
    pub(super) fn new(kind: Kind, body: &'static Body, keys: &[impl AsRef<[u8]>]) -> Self {
        let mut words = keys.len().to_redis_args();
        words.extend(keys.iter().map(|key| key.as_ref().to_vec()));
        Self { kind, body, words }
    }

    /// With one more argument, or several.
    pub(super) fn arg(&mut self, arg: impl ToRedisArgs) -> &mut Self {
        self.words.extend(arg.to_redis_args());
        self
    }

    /// The command for a server: with the whole text, or with its hash for one that has run it.
    pub(super) fn command(&self, dialect: Dialect, by_hash: bool) -> Cmd {
        let text = self.body.text(self.kind, dialect);
        let reads = (self.kind, dialect) == (Kind::Reads, Dialect::Redis7);
        let (name, text) = match (reads, by_hash) {
            (true, false) => ("EVAL_RO", text.whole.as_str()),
            (true, true) => ("EVALSHA_RO", text.hash()),
            (false, false) => ("EVAL", text.whole.as_str()),
            (false, true) => ("EVALSHA", text.hash()),
        };
        let mut command = redis::cmd(name);
        command.arg(text).arg(&self.words);
        command
    }

    /// What distinguishes its text from others of the same dialect.
    pub(super) fn identity(&self) -> (usize, Kind) {
        (std::ptr::from_ref(self.body).addr(), self.kind)
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
    match (dialect, kind) {
        (Dialect::Redis7, Kind::Reads) => format!("{first}local redis6 = false\n{body}"),
        (Dialect::Redis7, _) => {
            format!("{first}local redis6 = false\n{REDIS7_WRITE}{body}")
        }
        (Dialect::Redis6, Kind::Reads) => format!("local redis6 = true\n{REDIS6}{body}"),
        (Dialect::Redis6, _) => {
            format!("local redis6 = true\n{REDIS6}{REDIS6_WRITE}local opening = '{opening}'\n{body}")
        }
    }
}
