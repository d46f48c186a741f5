//! What may be wrong with the keys in which applications keep codes. Other keys are not looked at, and values are never
//! given away.

use std::time::Duration;

use super::{FoundIssue, Issue};
use crate::layout::known_keys::{KeyContent, KeyRole, in_fields, in_text, role_of};
use crate::layout::privacyidea::{self, Challenge, Family};
use crate::layout::{AppKey, Content, UnexpectedKey};
use crate::operations::{OperationError, Operations};
use crate::otp::escape::escaped;
use crate::store::{Key, KeySnapshot, Owner, StoreError};

/// No code is to live so long, and no count: what does was given milliseconds for seconds, or forgotten.
const LONG: Duration = Duration::from_secs(24 * 60 * 60);
const ENDLESS: Duration = Duration::from_secs(366 * 24 * 60 * 60);

impl Operations<'_> {
    /// Which key of the layout that the settings name it is.
    fn app_key(&self, key: &Key) -> Option<AppKey> {
        self.layout.layout().app_key(std::str::from_utf8(&key.name).ok()?)
    }

    /// Whether it is a code's key of that layout.
    pub(super) fn is_app_code(&self, key: &Key) -> bool {
        self.app_key(key) == Some(AppKey::Code)
    }

    pub(super) async fn check_app_keys(&self, keys: Vec<Key>) -> Result<Vec<FoundIssue>, OperationError> {
        let role = |key: Key| {
            let own = self.app_key(&key);
            let role = role_of(std::str::from_utf8(&key.name).ok()?);
            let role = role.or_else(|| (own == Some(AppKey::Code)).then_some(KeyRole::Code));
            (role.is_some() || own.is_some()).then_some(((role, own), key))
        };
        let (roles, keys): (Vec<_>, Vec<Key>) = keys.into_iter().filter_map(role).unzip();
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let (mut found, mut tries) = (Vec::new(), Vec::new());
        for ((role, own), sight) in roles.into_iter().zip(self.store.read_keys(&keys).await?) {
            let Some(sight) = sight else { continue };
            if let Some(strange) = own.and_then(|own| self.strange(own, &sight)) {
                found.push(FoundIssue::new(Issue::StrangeCode, &sight).detail(strange.to_string()));
                continue;
            }
            match role {
                Some(KeyRole::Code) => found.extend(code(&sight)),
                Some(KeyRole::Challenges) => found.extend(challenges(&sight)),
                Some(KeyRole::Limit) if is_endless(&sight) => {
                    found.push(FoundIssue::new(Issue::LimitWithoutEnd, &sight));
                }
                Some(KeyRole::Tries(code)) if is_endless(&sight) => tries.push((code, sight)),
                Some(KeyRole::Limit | KeyRole::Tries(_)) | None => {}
            }
        }
        if tries.is_empty() {
            return Ok(found);
        }
        let codes: Vec<Key> =
            tries.iter().map(|(code, _)| Key { name: code.clone().into_bytes(), owner: Owner::Other }).collect();
        for ((_, sight), code) in tries.iter().zip(self.look_reachable(&codes).await?) {
            let Some(code) = code else { continue };
            let issue = if code.is_some() { Issue::LimitWithoutEnd } else { Issue::OrphanCount };
            found.push(FoundIssue::new(issue, sight));
        }
        Ok(found)
    }

    /// What each key is, where its node of a Cluster can be asked; the inner `None`: it is not there.
    async fn look_reachable(&self, keys: &[Key]) -> Result<Vec<Option<Option<KeySnapshot>>>, OperationError> {
        match self.store.read_keys(keys).await {
            Err(StoreError::Unreachable(_)) => {}
            seen => return Ok(seen?.into_iter().map(Some).collect()),
        }
        let mut each = Vec::with_capacity(keys.len());
        for key in keys {
            each.push(match self.store.read_keys(std::slice::from_ref(key)).await {
                Err(StoreError::Unreachable(_)) => None,
                seen => Some(seen?.into_iter().next().flatten()),
            });
        }
        Ok(each)
    }

    /// What commands on its phone will say of it.
    fn strange(&self, own: AppKey, sight: &KeySnapshot) -> Option<UnexpectedKey> {
        let content = match (sight.fields(), sight.text()) {
            (Some(fields), _) => {
                Content::Fields(fields.into_iter().map(|(field, value)| (field.to_vec(), value.to_vec())).collect())
            }
            (None, Some(text)) => Content::Text(text.to_vec()),
            (None, None) => return Some(UnexpectedKey::Type(escaped(&sight.kind))),
        };
        self.layout.check(own, content).err()
    }
}

fn is_endless(sight: &KeySnapshot) -> bool {
    sight.ttl.is_none_or(|ttl| ttl > ENDLESS)
}

/// privacyIDEA passes over what it cannot read, and so does its owner; `inspect` does not.
fn challenges(sight: &KeySnapshot) -> Vec<FoundIssue> {
    let part = std::str::from_utf8(&sight.key.name).ok().and_then(Family::part);
    let strange = match (part, sight.kind.as_str()) {
        (Some(privacyidea::KeyKind::Transaction(id)), "hash") => {
            // What is too large to be seen whole is empty here.
            let mut fields = sight.fields().into_iter().flatten().filter(|(_, json)| !json.is_empty());
            let read = |(serial, json)| Challenge::read(json, id, &String::from_utf8_lossy(serial)).err();
            fields.find_map(read).map(|strange| strange.to_string())
        }
        (Some(privacyidea::KeyKind::Transactions), "set") => None,
        (_, kind) => Some(format!("it is a {kind}")),
    };
    let strange = strange.map(|why| FoundIssue::new(Issue::StrangeChallenge, sight).detail(why));
    let endless = is_endless(sight).then(|| FoundIssue::new(Issue::ChallengeWithoutEnd, sight));
    strange.into_iter().chain(endless).collect()
}

fn code(sight: &KeySnapshot) -> Vec<FoundIssue> {
    let inside = match (sight.fields(), sight.text()) {
        (Some(fields), _) => in_fields(&fields),
        (None, Some(text)) => in_text(text),
        // A list, a set, or far too large: no code.
        (None, None) => return Vec::new(),
    };
    let mut found = Vec::new();
    match (inside, sight.ttl) {
        (KeyContent::Closed, None) => return vec![FoundIssue::new(Issue::GatewayOrphan, sight)],
        (KeyContent::Plain, _) => found.push(FoundIssue::new(Issue::PlainCode, sight)),
        (KeyContent::Hashed, _) => {}
        (KeyContent::Closed | KeyContent::Other, _) => return Vec::new(),
    }
    match sight.ttl {
        None => found.push(FoundIssue::new(Issue::CodeWithoutEnd, sight)),
        Some(ttl) if ttl > LONG => {
            found.push(FoundIssue::new(Issue::CodeOfLongLife, sight).detail(format!("{} s", ttl.as_secs())));
        }
        Some(_) => {}
    }
    found
}
