//! The access token that requests carry: asked for once, and kept as long as it is good.

use std::time::Duration;

use reqwest::Url;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::answer::Answered;
use super::auth::{Auth, OAuth2};
use super::build;
use super::exchange::{self, Exchange, NoToken};
use super::language::Expression;
use super::model::AnswerFormat;
use super::scope::Scope;
use crate::otp::Moment;
use crate::otp::redact::Redactor;

/// A token is not used in the last seconds that it is good for: a request takes a while.
const MARGIN: Duration = Duration::from_secs(30);

/// The token of a service, shared by all its requests.
pub(super) struct Tokens {
    oauth2: OAuth2,
    base: Url,
    kept: Mutex<Option<Token>>,
}

struct Token {
    text: String,
    /// `None`: until it is refused.
    good_until: Option<Moment>,
}

impl Tokens {
    pub(super) fn new(oauth2: OAuth2, base: Url) -> Self {
        Self { oauth2, base, kept: Mutex::default() }
    }

    /// The token, asked for where none is kept. `scope`: what the templates of that request see.
    pub(super) async fn token(
        &self,
        scope: &Scope,
        now: Moment,
        end: Instant,
        redactor: &mut Redactor,
    ) -> Result<String, NoToken> {
        // Whoever comes meanwhile waits for the same token.
        let mut kept = self.kept.lock().await;
        if let Some(token) = kept.as_ref().filter(|token| token.good_until.is_none_or(|until| now < until)) {
            redactor.secret(&token.text);
            return Ok(token.text.clone());
        }
        let token = self.ask(scope, now, end, redactor).await?;
        redactor.secret(&token.text);
        Ok(kept.insert(token).text.clone())
    }

    /// The token was refused: the next request asks for another.
    pub(super) async fn forget(&self) {
        self.kept.lock().await.take();
    }

    async fn ask(&self, scope: &Scope, now: Moment, end: Instant, redactor: &mut Redactor) -> Result<Token, NoToken> {
        let auth = Auth { basic: self.oauth2.basic.clone(), ..Auth::default() };
        let built = build::build(&self.base, &self.oauth2.request, &auth, scope.clone(), redactor);
        let request = built.map_err(|error| NoToken::Refused(error.to_string()))?;
        let answer = match exchange::run(request, end, redactor).await {
            Exchange::Answered(answer) => Answered::read(answer, AnswerFormat::Json, Scope::new()),
            Exchange::Late => {
                return Err(NoToken::Unavailable("no time was left to ask for an access token".to_owned()));
            }
            Exchange::NoToken(why) => return Err(why),
            Exchange::NotSent(why) | Exchange::Doubtful(why) => {
                return Err(NoToken::Unavailable(format!("no access token: {why}")));
            }
        };
        let token = answer.is_success().then(|| self.oauth2.token.text(answer.scope())).flatten();
        let Some(text) = token else {
            let why = format!("no access token: {}", redactor.clean(&words(&answer)));
            let refused = (400..500).contains(&answer.status()) && answer.status() != 429;
            return Err(if refused { NoToken::Refused(why) } else { NoToken::Unavailable(why) });
        };
        let seconds = self.oauth2.expires.text(answer.scope()).and_then(|seconds| seconds.parse().ok());
        let good_until = seconds.map(|seconds| {
            let span = Duration::from_secs(seconds);
            now.after(span.saturating_sub(MARGIN.min(span / 2)))
        });
        Ok(Token { text, good_until })
    }
}

/// What the one who gives tokens says of an error: RFC 6749 §5.2.
fn words(answer: &Answered) -> String {
    let said = Expression::read("body.error_description or body.error".to_owned(), &["body"]);
    said.ok().and_then(|said| said.text(answer.scope())).unwrap_or_else(|| answer.wordless())
}
