//! The names of our keys in Redis, and what such a name means.

use std::sync::Arc;

use super::server::{AppKeys, PhoneTags};
use crate::otp::escape::pattern_literal;
use crate::otp::{Phone, UserId};
use crate::store::key::{decoded, feed_name};
use crate::store::{OwnKey, Owner, StoreKey};

/// Names under one prefix, so that many tools and environments can share a Redis.
#[derive(Debug, Clone)]
pub(super) struct Keys {
    prefix: String,
    tags: Arc<dyn PhoneTags>,
}

impl Keys {
    pub(super) fn new(prefix: &str, tags: Arc<dyn PhoneTags>) -> Self {
        Self { prefix: format!("{prefix}:"), tags }
    }

    pub(super) fn store_key(&self, store_key: &StoreKey) -> String {
        match store_key {
            StoreKey::App(key) => key.clone(),
            StoreKey::Record(phone) => self.tagged(&self.tags.tag(phone), "record"),
            StoreKey::Policy(phone) => self.tagged(&self.tags.tag(phone), "policy"),
            StoreKey::Seen(phone) => self.tagged(&self.tags.tag(phone), "seen"),
            StoreKey::Users(phone) => self.tagged(&self.tags.tag(phone), "users"),
            StoreKey::LinkHistory(phone) => self.tagged(&self.tags.tag(phone), "links"),
            _ => self.named(&store_key.name()),
        }
    }

    fn tagged(&self, tag: &str, name: &str) -> String {
        format!("{}{{{tag}}}:{name}", self.prefix)
    }

    /// Any name under the prefix.
    pub(super) fn named(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// Whose a key is, by its name.
    pub(super) fn owner(&self, key: &[u8]) -> Owner {
        let Some(name) = key.strip_prefix(self.prefix.as_bytes()) else { return Owner::Other };
        let own = std::str::from_utf8(name).ok().and_then(|name| self.own(name));
        own.map_or(Owner::Unknown, Owner::Ours)
    }

    fn own(&self, name: &str) -> Option<OwnKey> {
        let end = [":record", ":users", ":policy", ":links", ":seen", ":timeline"]
            .into_iter()
            .find(|end| name.ends_with(end));
        let Some(end) = end.filter(|_| !name.starts_with("{calling:")) else { return OwnKey::read(name) };
        let tag = name.strip_suffix(end)?.strip_prefix('{')?.strip_suffix('}')?;
        OwnKey::read(&format!("{{{}}}{end}", self.tags.phone_of(tag)?))
    }

    pub(super) fn timeline(&self, phone: &Phone) -> String {
        self.tagged(&self.tags.tag(phone), "timeline")
    }

    /// The name of a shard of the feed.
    pub(super) fn feed(&self, shard: usize) -> String {
        self.named(&feed_name(shard))
    }

    /// The keys of a phone that nobody has, all in one slot: record, timeline, and the application's that are written.
    pub(super) fn probes(&self, app: Option<&AppKeys>) -> Vec<String> {
        let app = app.filter(|app| app.writes);
        let tag = app.and_then(|app| app.probe_tag.as_deref()).unwrap_or("+0");
        let own = ["record", "timeline"].map(|name| self.tagged(tag, name));
        own.into_iter().chain(app.into_iter().flat_map(|app| app.probe_keys.iter().cloned())).collect()
    }

    /// A `SCAN` pattern for all records.
    pub(super) fn records(&self) -> String {
        format!("{}{{{}}}:record", pattern_literal(&self.prefix), self.tags.pattern())
    }

    /// A `SCAN` pattern for all users.
    pub(super) fn users(&self) -> String {
        format!("{}{{user:*}}:phones", pattern_literal(&self.prefix))
    }

    pub(super) fn phone_of(&self, key: &str) -> Option<String> {
        self.tags.phone_of(&self.inside(key, ":record")?)
    }

    pub(super) fn user_of(&self, key: &str) -> Option<UserId> {
        let inside = self.inside(key, ":phones")?;
        UserId::new(&decoded(inside.strip_prefix("user:")?)?).ok()
    }

    fn inside(&self, key: &str, end: &str) -> Option<String> {
        Some(key.strip_prefix(&self.prefix)?.strip_suffix(end)?.strip_prefix('{')?.strip_suffix('}')?.to_owned())
    }
}
