//! A service opened with a user's settings: makes requests, and asks once.

use std::sync::Arc;
use std::time::Duration;

use minijinja::Value as Jinja;
use minijinja::value::Serde;
use reqwest::Url;
use reqwest::header::AUTHORIZATION;
use tokio::time::Instant;

use super::address::address;
use super::answer::Answered;
use super::auth::Auth;
use super::build;
use super::exchange::{self, Answer, Exchange, NoToken};
use super::language::{Template, Tree};
use super::model::{AnswerFormat, Request};
use super::not_built::{NotBuilt, header};
use super::scope::{Machine, Scope};
use super::token::Tokens;
use crate::otp::redact::Redactor;

/// A service opened with a user's settings.
#[derive(Clone)]
pub struct Client {
    pub(super) base: Url,
    pub(super) auth: Auth,
    pub(super) format: AnswerFormat,
    /// The settings as templates see them, but for those that are templates themselves.
    pub(super) settings: Scope,
    /// The settings that are templates over the variables of a request.
    pub(super) templates: Vec<(String, Tree)>,
    pub(super) timeout: Duration,
    pub(super) machine: Machine,
    /// The names of all settings that the definition declares.
    pub(super) declared: Vec<String>,
    /// Where requests carry an access token.
    pub(super) tokens: Option<Arc<Tokens>>,
    /// Knows the secret settings.
    pub(super) redactor: Redactor,
}

/// A request that can be sent.
pub struct Prepared(reqwest::Request);

/// Why a question has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// The request could not be made. Nothing was sent.
    #[error(transparent)]
    NotBuilt(#[from] NotBuilt),
    /// The time was over before anybody was asked.
    #[error("no time was left")]
    Late,
    /// There is no access token.
    #[error("{0}")]
    NoToken(NoToken),
    /// No connection was made.
    #[error("{0}")]
    NotSent(String),
    /// The request may have arrived, and no answer came.
    #[error("{0}")]
    Doubtful(String),
}

impl Client {
    /// What hides the secret settings. A request adds its own to a clone of it.
    #[must_use]
    pub fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// The settings as templates see them, but for those that are templates themselves.
    #[must_use]
    pub fn settings(&self) -> &Scope {
        &self.settings
    }

    /// The format of its answers.
    #[must_use]
    pub fn format(&self) -> AnswerFormat {
        self.format
    }

    /// The same service at another address, for a call that is elsewhere.
    ///
    /// # Errors
    /// When the settings make no address of it that secrets may be sent to.
    pub fn at(&self, base: &Template) -> Result<Self, NotBuilt> {
        let text = base.text(&self.settings)?.unwrap_or_default();
        Ok(Self { base: address(&text).map_err(NotBuilt::Address)?, ..self.clone() })
    }

    /// The settings that are templates, filled with these variables.
    ///
    /// # Errors
    /// When the values of a template do not fit it.
    pub fn filled(&self, variables: &Scope) -> Result<Scope, NotBuilt> {
        let fill = |tree: &Tree| -> Result<Jinja, NotBuilt> {
            Ok(tree.render(variables)?.map(|value| Jinja::from(Serde(&value))).unwrap_or_default())
        };
        self.templates.iter().map(|(name, tree)| Ok((name.clone(), fill(tree)?))).collect()
    }

    /// Makes a request of these variables and the settings, and tells the redactor what must not be shown of it.
    ///
    /// # Errors
    /// Why it cannot be made; no value is quoted.
    pub fn prepare(&self, request: &Request, variables: Scope, redactor: &mut Redactor) -> Result<Prepared, NotBuilt> {
        build::build(&self.base, request, &self.auth, self.scope(variables)?, redactor).map(Prepared)
    }

    /// What templates see: the settings, then the variables of the request, then the machine. A setting hides a variable
    /// of its name, also while it has no value.
    fn scope(&self, variables: Scope) -> Result<Scope, NotBuilt> {
        let mut scope = self.machine.variables()?;
        scope.retain(|name, _| !self.declared.contains(name));
        scope.extend(variables);
        scope.extend(self.settings.clone());
        Ok(scope)
    }

    /// Sends a request once: no redirect is followed, nothing is sent again, and it ends by the deadline or after the
    /// `timeout` of the settings, whichever comes first. Where requests carry an access token and none is kept, it is
    /// asked for first.
    pub async fn send(&self, request: Prepared, deadline: Instant, redactor: &mut Redactor) -> Exchange {
        let end = deadline.min(Instant::now() + self.timeout);
        let Prepared(mut request) = request;
        let Some(tokens) = &self.tokens else { return exchange::run(request, end, redactor).await };
        let token = match self.scope(Scope::new()) {
            Ok(scope) => tokens.token(&scope, (self.machine.clock)(), end, redactor).await,
            Err(error) => Err(NoToken::Unavailable(error.to_string())),
        };
        let token = match token {
            Ok(token) => token,
            Err(why) => return Exchange::NoToken(why),
        };
        if header(&mut request, AUTHORIZATION.as_str(), &format!("Bearer {token}"), true).is_err() {
            return Exchange::NoToken(NoToken::Refused(
                "no access token: it has characters that no header takes".to_owned(),
            ));
        }
        let exchange = exchange::run(request, end, redactor).await;
        if matches!(&exchange, Exchange::Answered(answer) if answer.status == 401) {
            tokens.forget().await;
        }
        exchange
    }

    /// Reads an answer. `named`: what else expressions over it may name.
    #[must_use]
    pub fn read(&self, answer: Answer, named: Scope) -> Answered {
        Answered::read(answer, self.format, named)
    }

    /// Asks once and reads the answer, whatever its status is. `variables` are what the request's templates use beside
    /// the settings, and what expressions over the answer may name.
    ///
    /// # Errors
    /// When the request could not be made or sent, or no answer came. No error has a secret in it.
    pub async fn ask(
        &self,
        request: &Request,
        variables: Scope,
        deadline: Instant,
        redactor: &mut Redactor,
    ) -> Result<Answered, AskError> {
        let prepared = self.prepare(request, variables.clone(), redactor)?;
        match self.send(prepared, deadline, redactor).await {
            Exchange::Answered(answer) => Ok(self.read(answer, variables)),
            Exchange::Late => Err(AskError::Late),
            Exchange::NoToken(why) => Err(AskError::NoToken(why)),
            Exchange::NotSent(why) => Err(AskError::NotSent(why)),
            Exchange::Doubtful(why) => Err(AskError::Doubtful(why)),
        }
    }
}
