//! The directory that is an API of an application, by its definition: makes the requests, and reads the answers.

use std::fmt::Write as _;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::try_join_all;
use minijinja::Value;
use minijinja::value::ValueKind;
use tokio::time::Instant;

use super::definition::{Definition, PHONE, Question, SPELLING, SPELLINGS, USER};
use super::error::{DirectoryError, quoted};
use super::{Abilities, Directory, Hit};
use crate::http::{Answered, AskError, Client, Machine, NoToken, Request, Scope, SettingError, Settings};
use crate::otp::redact::Redactor;
use crate::otp::{Phone, UserId};

pub(super) struct Api {
    definition: Definition,
    client: Client,
    timeout: Duration,
}

/// How long an answer may take, unless the settings say otherwise: somebody waits for a login.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Opens the API of a definition with a user's settings.
pub(super) fn open(definition: Definition, settings: &Settings, machine: &Machine) -> Result<Api, DirectoryError> {
    let wrong = |error: SettingError| DirectoryError::Config(error.to_string());
    let client = definition.service.open(settings, &[], machine).map_err(wrong)?;
    let timeout = settings.duration("timeout").map_err(wrong)?.unwrap_or(TIMEOUT);
    Ok(Api { definition, client, timeout })
}

impl Api {
    /// One exchange; `Err` inside: it answered with another status than 2xx.
    async fn exchange(
        &self,
        request: &Request,
        variables: Scope,
        redactor: &mut Redactor,
    ) -> Result<Result<Answered, Answered>, DirectoryError> {
        let answered = self.client.ask(request, variables, Instant::now() + self.timeout, redactor).await;
        let answered = answered.map_err(|error| match error {
            AskError::NotBuilt(error) => DirectoryError::Config(error.to_string()),
            AskError::NoToken(NoToken::Refused(why)) => DirectoryError::Denied(quoted(&why)),
            AskError::NoToken(NoToken::Unavailable(why)) => DirectoryError::Unreachable(quoted(&why)),
            AskError::Late => DirectoryError::Unreachable("no time was left".to_owned()),
            AskError::NotSent(why) => DirectoryError::Unreachable(quoted(&redactor.clean(&why))),
            AskError::Doubtful(why) => DirectoryError::Unknown(quoted(&redactor.clean(&why))),
        })?;
        Ok(if answered.is_success() { Ok(answered) } else { Err(answered) })
    }

    /// What an answer that is an error means.
    fn refused(&self, answered: &Answered, redactor: &Redactor) -> DirectoryError {
        let words = self.definition.message.as_ref().and_then(|message| message.text(answered.scope()));
        let mut why = answered.named();
        match words {
            Some(words) => {
                let _ = write!(why, ": {words}");
            }
            None => why = answered.wordless(),
        }
        let why = quoted(&redactor.clean(&why));
        let status = answered.status();
        match status {
            401 => DirectoryError::Denied(why),
            denied if self.definition.denied.contains(&u32::from(denied)) => DirectoryError::Denied(why),
            408 | 425 | 429 | 502 | 503 | 504 => DirectoryError::NotReady(why),
            500.. => DirectoryError::Unreachable(why),
            _ => DirectoryError::Data(why),
        }
    }

    /// The users that an answer names.
    async fn users(
        &self,
        question: &Question,
        variables: Scope,
        mut redactor: Redactor,
    ) -> Result<Vec<Hit>, DirectoryError> {
        let answered = match self.exchange(&question.request, variables, &mut redactor).await {
            // Nothing is written by a question.
            Err(DirectoryError::Unknown(why)) => return Err(DirectoryError::Unreachable(why)),
            answered => answered?,
        };
        let (Ok(ref answer) | Err(ref answer)) = answered;
        if question.nobody.as_ref().is_some_and(|nobody| nobody.holds(answer.scope())) {
            return Ok(Vec::new());
        }
        let answered = answered.map_err(|answered| self.refused(&answered, &redactor))?;
        if let Some(unreadable) = answered.unreadable() {
            return Err(DirectoryError::Data(format!("its answer could not be read: {unreadable}")));
        }
        let body = &answered.scope()["body"];
        if !question.each.is_there(body) {
            return Err(DirectoryError::Data("its answer has no list of users where one was expected".to_owned()));
        }
        let mut hits = Vec::new();
        for mut item in question.each.items(body) {
            item.extend(self.client.settings().clone());
            if question.enabled.as_ref().is_some_and(|enabled| !enabled.holds(&item)) {
                continue;
            }
            // A user without an id is no answer: nobody knows who it is.
            let user = question.user.text(&item);
            let user = user.ok_or_else(|| DirectoryError::Data("its answer has a user without an id".to_owned()))?;
            let phones = texts(&question.phone.value(&item));
            hits.extend(phones.into_iter().map(|phone| Hit { user: user.clone(), phone }));
        }
        Ok(hits)
    }

    async fn write(&self, request: Option<&Request>, user: &UserId, phone: &str) -> Result<(), DirectoryError> {
        let request = request.ok_or(DirectoryError::Unable("its definition has no request for this"))?;
        let (mut variables, mut redactor) = (Scope::new(), self.client.redactor().clone());
        variables.insert(USER.to_owned(), user.as_str().into());
        variables.insert(PHONE.to_owned(), phone.into());
        let answered = self.exchange(request, variables, &mut redactor).await?;
        answered.map(drop).map_err(|answered| self.refused(&answered, &redactor))
    }
}

/// A phone, or several; what is neither a text nor a number is none.
fn texts(value: &Value) -> Vec<String> {
    let text = |value: &Value| (value.as_str().is_some() || value.is_number()).then(|| value.to_string());
    match value.kind() {
        ValueKind::Seq | ValueKind::Iterable => {
            value.try_iter().into_iter().flatten().filter_map(|value| text(&value)).collect()
        }
        _ => text(value).into_iter().collect(),
    }
}

#[async_trait]
impl Directory for Api {
    fn abilities(&self) -> Abilities {
        let Definition { by_user, set_phone, clear_phone, .. } = &self.definition;
        Abilities { by_user: by_user.is_some(), set_phone: set_phone.is_some(), clear_phone: clear_phone.is_some() }
    }

    async fn by_phone(&self, _phone: &Phone, spellings: &[String]) -> Result<Vec<Hit>, DirectoryError> {
        let question = &self.definition.by_phone;
        let redactor = self.client.redactor().clone();
        let spellings = &spellings[..spellings.len().min(self.definition.most.unwrap_or(usize::MAX))];
        let with = |name: &str, value: Value| Scope::from([(name.to_owned(), value)]);
        if !question.request.uses(SPELLING) {
            return self.users(question, with(SPELLINGS, spellings.to_vec().into()), redactor).await;
        }
        let each = spellings.iter();
        let asked = each.map(|one| self.users(question, with(SPELLING, one.as_str().into()), redactor.clone()));
        let mut found: Vec<Hit> = Vec::new();
        for hit in try_join_all(asked).await?.into_iter().flatten() {
            if !found.contains(&hit) {
                found.push(hit);
            }
        }
        Ok(found)
    }

    async fn by_user(&self, user: &UserId) -> Result<Vec<Hit>, DirectoryError> {
        let question = self.definition.by_user.as_ref();
        let question = question.ok_or(DirectoryError::Unable("its definition has no `by_user`"))?;
        let redactor = self.client.redactor().clone();
        let variables = Scope::from([(USER.to_owned(), user.as_str().into())]);
        self.users(question, variables, redactor).await
    }

    async fn set_phone(&self, user: &UserId, written: &str) -> Result<(), DirectoryError> {
        self.write(self.definition.set_phone.as_ref(), user, written).await
    }

    async fn clear_phone(&self, user: &UserId, _spellings: &[String]) -> Result<(), DirectoryError> {
        self.write(self.definition.clear_phone.as_ref(), user, "").await
    }
}
