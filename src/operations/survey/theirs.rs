//! What may be wrong with the keys in which applications keep codes. Other keys are not looked at, and values are never
//! given away.

use std::time::Duration;

use super::{Found, Oddity};
use crate::otp::foreign::escaped;
use crate::layout::privacyidea::{self, Challenge, Family};
use crate::layout::known_keys::{Inside, Part, in_fields, in_text, part_of};
use crate::layout::{Content, OwnKey, Strange};
use crate::store::{Key, Sight, StoreError, Whose};
use crate::operations::{Verifier, VerifierError};

/// No code is to live so long, and no count: what does was given milliseconds for seconds, or forgotten.
const LONG: Duration = Duration::from_secs(24 * 60 * 60);
const ENDLESS: Duration = Duration::from_secs(366 * 24 * 60 * 60);

impl Verifier<'_> {
    /// Which key of the layout that the settings name it is.
    fn lodged(&self, key: &Key) -> Option<OwnKey> {
        self.codes()?.layout.own_key(std::str::from_utf8(&key.name).ok()?)
    }

    /// Whether it is a code's key of that layout.
    pub(super) fn is_lodged(&self, key: &Key) -> bool {
        self.lodged(key) == Some(OwnKey::Code)
    }

    pub(super) async fn check_theirs(&self, keys: Vec<Key>) -> Result<Vec<Found>, VerifierError> {
        let part = |key: Key| {
            let lodged = self.lodged(&key);
            let known = part_of(std::str::from_utf8(&key.name).ok()?);
            let part = known.or_else(|| (lodged == Some(OwnKey::Code)).then_some(Part::Code));
            (part.is_some() || lodged.is_some()).then_some(((part, lodged), key))
        };
        let (parts, keys): (Vec<_>, Vec<Key>) = keys.into_iter().filter_map(part).unzip();
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let (mut found, mut tries) = (Vec::new(), Vec::new());
        for ((part, lodged), sight) in parts.into_iter().zip(self.store.look(&keys).await?) {
            let Some(sight) = sight else { continue };
            if let Some(strange) = lodged.and_then(|own| self.strange(own, &sight)) {
                found.push(Found::new(Oddity::StrangeCode, &sight).detail(strange.to_string()));
                continue;
            }
            match part {
                Some(Part::Code) => found.extend(code(&sight)),
                Some(Part::Challenges) => found.extend(challenges(&sight)),
                Some(Part::Limit) if is_endless(&sight) => found.push(Found::new(Oddity::LimitWithoutEnd, &sight)),
                Some(Part::Tries(code)) if is_endless(&sight) => tries.push((code, sight)),
                Some(Part::Limit | Part::Tries(_)) | None => {}
            }
        }
        if tries.is_empty() {
            return Ok(found);
        }
        let codes: Vec<Key> =
            tries.iter().map(|(code, _)| Key { name: code.clone().into_bytes(), whose: Whose::Theirs }).collect();
        for ((_, sight), code) in tries.iter().zip(self.look_reachable(&codes).await?) {
            let Some(code) = code else { continue };
            let oddity = if code.is_some() { Oddity::LimitWithoutEnd } else { Oddity::OrphanCount };
            found.push(Found::new(oddity, sight));
        }
        Ok(found)
    }

    /// What each key is, where its node of a Cluster can be asked; the inner `None`: it is not there.
    async fn look_reachable(&self, keys: &[Key]) -> Result<Vec<Option<Option<Sight>>>, VerifierError> {
        match self.store.look(keys).await {
            Err(StoreError::Unreachable(_)) => {}
            seen => return Ok(seen?.into_iter().map(Some).collect()),
        }
        let mut each = Vec::with_capacity(keys.len());
        for key in keys {
            each.push(match self.store.look(std::slice::from_ref(key)).await {
                Err(StoreError::Unreachable(_)) => None,
                seen => Some(seen?.into_iter().next().flatten()),
            });
        }
        Ok(each)
    }

    /// What commands on its phone will say of it.
    fn strange(&self, own: OwnKey, sight: &Sight) -> Option<Strange> {
        let content = match (sight.fields(), sight.text()) {
            (Some(fields), _) => {
                Content::Fields(fields.into_iter().map(|(field, value)| (field.to_vec(), value.to_vec())).collect())
            }
            (None, Some(text)) => Content::Text(text.to_vec()),
            (None, None) => return Some(Strange::Type(escaped(&sight.kind))),
        };
        let codes = self.codes()?;
        codes.layout.check(own, content, codes.ours).err()
    }
}

fn is_endless(sight: &Sight) -> bool {
    sight.life.is_none_or(|life| life > ENDLESS)
}

/// privacyIDEA passes over what it cannot read, and so does its owner; `inspect` does not.
fn challenges(sight: &Sight) -> Vec<Found> {
    let part = std::str::from_utf8(&sight.key.name).ok().and_then(Family::part);
    let strange = match (part, sight.kind.as_str()) {
        (Some(privacyidea::Part::Transaction(id)), "hash") => {
            // What is too large to be seen whole is empty here.
            let mut fields = sight.fields().into_iter().flatten().filter(|(_, json)| !json.is_empty());
            let read = |(serial, json)| Challenge::read(json, id, &String::from_utf8_lossy(serial)).err();
            fields.find_map(read).map(|strange| strange.to_string())
        }
        (Some(privacyidea::Part::Transactions), "set") => None,
        (_, kind) => Some(format!("it is a {kind}")),
    };
    let strange = strange.map(|why| Found::new(Oddity::StrangeChallenge, sight).detail(why));
    let endless = is_endless(sight).then(|| Found::new(Oddity::ChallengeWithoutEnd, sight));
    strange.into_iter().chain(endless).collect()
}

fn code(sight: &Sight) -> Vec<Found> {
    let inside = match (sight.fields(), sight.text()) {
        (Some(fields), _) => in_fields(&fields),
        (None, Some(text)) => in_text(text),
        // A list, a set, or far too large: no code.
        (None, None) => return Vec::new(),
    };
    let mut found = Vec::new();
    match (inside, sight.life) {
        (Inside::Closed, None) => return vec![Found::new(Oddity::GatewayOrphan, sight)],
        (Inside::Plain, _) => found.push(Found::new(Oddity::PlainCode, sight)),
        (Inside::Hashed, _) => {}
        (Inside::Closed | Inside::Other, _) => return Vec::new(),
    }
    match sight.life {
        None => found.push(Found::new(Oddity::CodeWithoutEnd, sight)),
        Some(life) if life > LONG => {
            found.push(Found::new(Oddity::CodeOfLongLife, sight).detail(format!("{} s", life.as_secs())));
        }
        Some(_) => {}
    }
    found
}
