//! Whole keys of the servers, and those of another store that are put there. No command is called that a user of
//! `store check` and `store purge` may not call.

use std::time::Duration;

use super::call::millis;
use super::dispatcher::Request;
use super::lua::{COPY, PUT};
use super::reply::Access;
use super::script::{Kind, Script};
use super::{Redis, to};
use crate::store::{Content, KeyCopy, OwnKey, StoreError};

impl Redis {
    /// The name of a key; `None`: it is not copied.
    fn name_of(&self, key: &OwnKey) -> Option<String> {
        match key {
            OwnKey::Value(key) => Some(self.keys.store_key(key)),
            OwnKey::Timeline(phone) => Some(self.keys.timeline(phone)),
            OwnKey::Feed(_) => None,
        }
    }

    pub(super) async fn read_copies(&self, keys: &[OwnKey]) -> Result<Vec<Option<KeyCopy>>, StoreError> {
        let named: Vec<Option<String>> = keys.iter().map(|key| self.name_of(key)).collect();
        let requests = named.iter().flatten().map(|name| Request {
            to: to(&[name.as_bytes()]),
            command: Script::new(Kind::Reads, &COPY, &[name]).into(),
        });
        let answers: Vec<Vec<Vec<u8>>> = self.run(requests.collect(), Access::Reading).await?;
        let mut answers = answers.into_iter();
        keys.iter()
            .zip(&named)
            .map(|(key, name)| match (name, name.as_ref().and_then(|_| answers.next())) {
                (Some(name), Some(answer)) => read(key, name, answer),
                _ => Ok(None),
            })
            .collect()
    }

    pub(super) async fn put_all(&self, copies: &[KeyCopy]) -> Result<Vec<bool>, StoreError> {
        let named: Vec<Option<String>> = copies.iter().map(|one| self.name_of(&one.key)).collect();
        let requests = copies.iter().zip(&named).filter_map(|(one, name)| {
            let name = name.as_ref()?;
            let mut script = Script::new(Kind::Writes, &PUT, &[name]);
            script.arg(one.ttl.map_or_else(|| "-1".to_owned(), |ttl| millis(ttl).to_string()));
            match &one.content {
                Content::Bytes(value) => {
                    script.arg("string").arg(value.as_slice());
                }
                Content::Lines(lines) => {
                    script.arg("list");
                    for line in lines.iter().rev() {
                        script.arg(line.as_slice());
                    }
                }
                Content::Sums(sums) => {
                    script.arg("hash");
                    for (field, sum) in sums {
                        script.arg(field).arg(*sum);
                    }
                }
            }
            Some(Request { to: to(&[name.as_bytes()]), command: script.into() })
        });
        let answers: Vec<(i64,)> = self.run(requests.collect(), Access::Writing).await?;
        let mut answers = answers.into_iter();
        Ok(named.iter().map(|name| name.is_some() && answers.next().is_some_and(|(done,)| done == 1)).collect())
    }
}

fn read(key: &OwnKey, name: &str, answer: Vec<Vec<u8>>) -> Result<Option<KeyCopy>, StoreError> {
    let strange = || StoreError::Data(format!("`{name}` is not what otpctl writes"));
    let mut parts = answer.into_iter();
    let (Some(kind), Some(ttl)) = (parts.next(), parts.next()) else { return Err(strange()) };
    let number = |bytes: &[u8]| std::str::from_utf8(bytes).ok().and_then(|text| text.parse::<i64>().ok());
    let ttl = u64::try_from(number(&ttl).ok_or_else(strange)?).ok().map(Duration::from_millis);
    let content = match (kind.as_slice(), key.kind()) {
        (b"none", _) => return Ok(None),
        (b"string", "string") => Content::Bytes(parts.next().ok_or_else(strange)?),
        (b"list", "list") => Content::Lines(parts.collect()),
        (b"hash", "hash") => {
            let all: Vec<Vec<u8>> = parts.collect();
            let pair = |pair: &[Vec<u8>]| {
                let field = String::from_utf8(pair.first()?.clone()).ok()?;
                Some((field, number(pair.get(1)?)?))
            };
            Content::Sums(all.chunks(2).map(pair).collect::<Option<_>>().ok_or_else(strange)?)
        }
        _ => return Err(strange()),
    };
    Ok(Some(KeyCopy { key: key.clone(), ttl, content }))
}
