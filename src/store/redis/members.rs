//! The members of an application's sets.

use redis::Value;

use super::dispatcher::Request;
use super::lua::MEMBERS;
use super::reply::{Access, classify};
use super::script::{Kind, Script};
use super::{Redis, to};
use crate::store::{Members, StoreError};

impl Redis {
    /// Each set is in its own slot.
    pub(super) async fn members_of(&self, sets: &[String], most: usize) -> Result<Vec<Option<Members>>, StoreError> {
        let requests = sets.iter().map(|set| {
            let mut script = Script::new(Kind::Reads, &MEMBERS, &[set]);
            script.arg(most);
            Request { to: to(&[set]), command: script.into() }
        });
        let answers: Vec<Vec<Value>> = self.run(requests.collect(), Access::Reading).await?;
        answers.into_iter().map(|answer| self.of_set(answer)).collect()
    }

    fn of_set(&self, answer: Vec<Value>) -> Result<Option<Members>, StoreError> {
        let unexpected = |error: redis::ParsingError| classify(&error.into(), Access::Reading, &self.dispatcher.name());
        let mut parts = answer.into_iter();
        let (kind, count, found) = (parts.next(), parts.next(), parts.next());
        let members = Members {
            kind: kind.map_or(Ok(String::new()), redis::from_redis_value).map_err(unexpected)?,
            count: count.map_or(Ok(0), redis::from_redis_value).map_err(unexpected)?,
            found: found.map_or(Ok(Vec::new()), redis::from_redis_value).map_err(unexpected)?,
        };
        Ok((members.kind != "none").then_some(members))
    }
}
