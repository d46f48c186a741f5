//! What to do, as it is pasted: with the server and the file that are meant, and without secrets.

use std::os::unix::ffi::OsStrExt as _;

use crate::app::{App, Endpoint};
use crate::config::{Deployment, RedisSettings, RedisTarget, ServerAddress, Settings, StoreSettings, TlsFiles};
use crate::operations::Remedy;
use crate::otp::escape::quoted;
use crate::otp::{Hint, hint};

/// What commands are made of.
pub(super) struct Fixes<'a> {
    pub(super) app: &'a App,
    settings: &'a Settings,
}

impl<'a> Fixes<'a> {
    pub(super) fn new(app: &'a App, settings: &'a Settings) -> Self {
        Self { app, settings }
    }

    /// What for, and what to type.
    pub(super) fn hint(&self, fix: Remedy) -> Hint {
        match fix {
            Remedy::Redis { at, why, words } => {
                let line = at.or_else(|| self.named()).and_then(|place| self.redis_cli(&place, words));
                let hint = line.map_or_else(way, Hint::shell);
                why.map_or(hint.clone(), |why| hint.because(why))
            }
            Remedy::Hint(hint) => hint,
        }
    }

    /// `redis-cli` at a server. `…` stands for what only the reader knows.
    fn redis_cli(&self, place: &Endpoint, words: &[&str]) -> Option<String> {
        let StoreSettings::Redis(redis) = &self.settings.store else { return None };
        let mut line = vec!["redis-cli".to_owned()];
        match place {
            Endpoint::Tcp(host, port) => {
                line.extend(["-h".to_owned(), quoted(host), "-p".to_owned(), port.to_string()]);
            }
            Endpoint::Unix(path) => line.extend(["-s".to_owned(), hint::word(path.as_os_str().as_bytes())]),
        }
        if let (Endpoint::Tcp(..), Some(files)) = (place, &redis.tls) {
            line.extend(tls(files));
        }
        line.extend(words.iter().map(|word| if *word == "…" { (*word).to_owned() } else { quoted(word) }));
        Some(line.join(" "))
    }

    fn named(&self) -> Option<Endpoint> {
        let StoreSettings::Redis(redis) = &self.settings.store else { return None };
        named(redis)
    }
}

/// What shows the way to the servers.
pub(super) fn way() -> Hint {
    Hint::run(&["config", "show", "--origin"])
}

/// A server that the file names. Sentinels name theirs.
fn named(redis: &RedisSettings) -> Option<Endpoint> {
    let tcp = |node: &ServerAddress| Endpoint::Tcp(node.host.clone(), node.port);
    match &redis.deployment {
        Deployment::Alone(RedisTarget::Tcp { node, .. }) => Some(tcp(node)),
        Deployment::Alone(RedisTarget::Unix { path, .. }) => Some(Endpoint::Unix(path.to_path_buf())),
        Deployment::Cluster(nodes) => nodes.first().map(tcp),
        Deployment::Sentinel(_) => None,
    }
}

fn tls(files: &TlsFiles) -> Vec<String> {
    let mut words = vec!["--tls".to_owned()];
    for (name, file) in [("--cacert", &files.ca), ("--cert", &files.cert), ("--key", &files.key)] {
        if let Some(file) = file {
            words.extend([name.to_owned(), hint::word(file.as_os_str().as_bytes())]);
        }
    }
    words
}
