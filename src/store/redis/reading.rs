//! One read for everything: all parts in one pipeline, each with its own result.

use redis::{FromRedisValue, Value};

use super::dispatcher::Request;
use super::reply::{Access, classify};
use super::{Redis, info, to};
use crate::store::{ReadAnswer, ReadRequest, StoreError, Sums, Timeline};

impl Redis {
    pub(super) async fn read_all(&self, request: &ReadRequest) -> Result<ReadAnswer, StoreError> {
        let groups = request.groups.iter().map(|group| self.load_ask(group));
        let timelines = request.timelines.iter().map(|(phone, most)| {
            let key = self.keys.timeline(phone);
            let mut command = redis::cmd("LRANGE");
            command.arg(&key).arg(0).arg(i64::try_from(*most).unwrap_or(i64::MAX) - 1);
            Request { to: to(&[key]), command: command.into() }
        });
        let sums = request.sums.iter().map(|key| {
            let key = self.keys.store_key(key);
            let mut command = redis::cmd("HGETALL");
            command.arg(&key);
            Request { to: to(&[key]), command: command.into() }
        });
        // All of it: Redis 6 takes one section at a time.
        let began = request
            .began_empty
            .iter()
            .map(|phone| Request { to: to(&[self.keys.timeline(phone)]), command: redis::cmd("INFO").into() });
        let requests: Vec<Request> = groups.chain(timelines).chain(sums).chain(began).collect();
        let mut answers = match self.dispatcher.run_each(&requests, Access::Reading).await {
            Ok(answers) => answers.into_iter(),
            Err(error) => return Err(self.explain_version(error).await),
        };
        let mut answer = ReadAnswer::default();
        for _ in &request.groups {
            let loaded = self.part(answers.next()).and_then(|values| self.loaded(values));
            answer.groups.push(loaded);
        }
        for _ in &request.timelines {
            answer.timelines.push(self.part::<Vec<Vec<u8>>>(answers.next()).map(Timeline::of));
        }
        for key in &request.sums {
            let broken = || StoreError::Data(format!("`{}` does not hold numbers", self.keys.store_key(key)));
            let fields = self.part::<Vec<(String, String)>>(answers.next()).and_then(|fields| {
                let number = |(field, sum): (String, String)| Some((field, sum.parse::<i64>().ok()?));
                fields.into_iter().map(number).collect::<Option<_>>().ok_or_else(broken)
            });
            answer.sums.push(fields.map(|fields| Sums { fields, ..Sums::default() }));
        }
        // Managed servers may have no `INFO`, and users may not be allowed to ask.
        let info = request.began_empty.as_ref().and_then(|_| self.part::<String>(answers.next()).ok());
        answer.began_empty = info.as_deref().and_then(info::age_if_empty);
        match answer.failure() {
            Some(error) => Err(self.named(self.explain_version(error).await).await),
            None => Ok(answer),
        }
    }

    /// One part of the answer.
    fn part<T: FromRedisValue>(&self, answer: Option<Result<Value, StoreError>>) -> Result<T, StoreError> {
        let missing = || StoreError::Unreachable(format!("{} gave no answer", self.dispatcher.name()));
        let value = answer.unwrap_or_else(|| Err(missing()))?;
        redis::from_redis_value(value)
            .map_err(|error| classify(&error.into(), Access::Reading, &self.dispatcher.name()))
    }
}
