//! The names of our keys in Redis, and the way back from a name to what it stands for.

use crate::layout::{KeyedLayout, literal};
use crate::otp::{Phone, UserId};
use crate::store::key::{decoded, timeline_name};
use crate::store::{OwnKey, Owner, StoreKey};

/// Names under one prefix, so that many tools and environments can share a Redis.
#[derive(Debug, Clone)]
pub(super) struct Keys {
    prefix: String,
    /// Where an application keeps the codes.
    pub(super) layout: Option<KeyedLayout>,
}

impl Keys {
    pub(super) fn new(prefix: &str, layout: Option<KeyedLayout>) -> Self {
        Self { prefix: format!("{prefix}:"), layout }
    }

    pub(super) fn cell(&self, cell: &StoreKey) -> String {
        match (cell, &self.layout) {
            (StoreKey::App(key), _) => key.clone(),
            (StoreKey::Record(phone), Some(layout)) => self.tagged(&layout.tag(phone), "record"),
            (StoreKey::Users(phone), Some(layout)) => self.tagged(&layout.tag(phone), "users"),
            _ => self.named(&cell.name()),
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
    pub(super) fn whose(&self, key: &[u8]) -> Owner {
        let Some(name) = key.strip_prefix(self.prefix.as_bytes()) else { return Owner::Other };
        let own = std::str::from_utf8(name).ok().and_then(|name| self.own(name));
        own.map_or(Owner::Unknown, Owner::Ours)
    }

    fn own(&self, name: &str) -> Option<OwnKey> {
        let Some(layout) = &self.layout else { return OwnKey::read(name) };
        // Those of a phone lie beside the application's.
        let end = [":record", ":users", ":timeline"].into_iter().find(|end| name.ends_with(end));
        let Some(end) = end else { return OwnKey::read(name) };
        let tag = name.strip_suffix(end)?.strip_prefix('{')?.strip_suffix('}')?;
        OwnKey::read(&format!("{{{}}}{end}", layout.phone_of_tag(tag)?.as_str()))
    }

    pub(super) fn timeline(&self, phone: &Phone) -> String {
        match &self.layout {
            Some(layout) => self.tagged(&layout.tag(phone), "timeline"),
            None => self.named(&timeline_name(phone)),
        }
    }

    /// The keys of a phone that nobody has, all in one slot: record, timeline, and the application's where there is one.
    pub(super) fn nobodys(&self) -> Vec<String> {
        let Some(layout) = &self.layout else {
            return ["{+0}:record", "{+0}:timeline"].map(|name| self.named(name)).into();
        };
        let (tag, keys) = layout.probe_keys();
        let own = ["record", "timeline"].map(|name| self.tagged(&tag, name));
        own.into_iter().chain(keys).collect()
    }

    /// A `SCAN` pattern for all records.
    pub(super) fn records(&self) -> String {
        let tag = if self.layout.is_some() { "*" } else { "+*" };
        format!("{}{{{tag}}}:record", literal(&self.prefix))
    }

    /// A `SCAN` pattern for all users.
    pub(super) fn users(&self) -> String {
        format!("{}{{user:*}}:phones", literal(&self.prefix))
    }

    pub(super) fn phone_of(&self, key: &str) -> Option<String> {
        let inside = self.inside(key, ":record")?;
        match &self.layout {
            Some(layout) => layout.phone_of_tag(&inside).map(|phone| phone.as_str().to_owned()),
            None => Some(inside),
        }
    }

    pub(super) fn user_of(&self, key: &str) -> Option<UserId> {
        let inside = self.inside(key, ":phones")?;
        UserId::new(&decoded(inside.strip_prefix("user:")?)?).ok()
    }

    fn inside(&self, key: &str, end: &str) -> Option<String> {
        Some(key.strip_prefix(&self.prefix)?.strip_suffix(end)?.strip_prefix('{')?.strip_suffix('}')?.to_owned())
    }
}
