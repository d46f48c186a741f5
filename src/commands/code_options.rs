//! The options of a new code, which `send` and `issue` share.

use std::time::Duration;

use super::batch::{Column, Line};
use super::target::Target;
use crate::app::App;
use crate::error::Error;
use crate::layout::Operation;
use crate::operations::IssueRequest;
use crate::otp::duration::{duration, spelled};
use crate::otp::{Code, MAX_TTL, Purpose, UserId};

#[derive(Debug, Clone, clap::Args)]
pub(super) struct CodeOptions {
    /// Lifetime of the code, such as 5m; at most 10m
    #[arg(long, value_name = "DURATION", value_parser = ttl)]
    ttl: Option<Duration>,
    /// What the code is for
    #[arg(long, default_value_t)]
    pub(super) purpose: Purpose,
    /// The user that the code is for
    #[arg(long, value_name = "ID")]
    pub(super) user: Option<UserId>,
}

impl CodeOptions {
    /// With what a line of a batch says of its own.
    ///
    /// # Errors
    /// When a value of it is none.
    pub(super) fn of_line(&self, line: &Line) -> Result<Self, Error> {
        Ok(Self {
            ttl: line.read(Column::Ttl, ttl)?.or(self.ttl),
            purpose: line.read(Column::Purpose, str::parse::<Purpose>)?.unwrap_or_else(|| self.purpose.clone()),
            user: line.read(Column::User, UserId::new)?.or_else(|| self.user.clone()),
        })
    }

    /// The options that must be the same where a batch is continued.
    pub(super) fn listed(&self) -> Vec<(&'static str, Option<String>)> {
        vec![
            ("ttl", self.ttl.map(spelled)),
            ("purpose", Some(self.purpose.to_string())),
            ("user", self.user.as_ref().map(ToString::to_string)),
        ]
    }

    /// A fresh code, or the fixed one of a test number.
    ///
    /// # Errors
    /// When the settings are wrong, or the generator fails.
    pub(super) async fn code(&self, app: &App, target: &Target) -> Result<Code, Error> {
        match app.test_number(&target.phone)? {
            Some(number) => Ok(number.code.clone()),
            None => Ok(app.settings()?.code.spec.draw(app.operations().await?.randomness)?),
        }
    }

    /// The request for it.
    ///
    /// # Errors
    /// When the settings are wrong, or there is no pepper.
    pub(super) async fn issue<'a>(
        &'a self,
        app: &'a App,
        target: &'a Target,
        code: &'a Code,
    ) -> Result<IssueRequest<'a>, Error> {
        self.request(app, target, code, Operation::Issue).await
    }

    async fn request<'a>(
        &'a self,
        app: &'a App,
        target: &'a Target,
        code: &'a Code,
        operation: Operation,
    ) -> Result<IssueRequest<'a>, Error> {
        let settings = &app.settings()?.code;
        Ok(IssueRequest {
            phone: &target.phone,
            purpose: &self.purpose,
            user: target.user(self.user.as_ref())?,
            code,
            peppers: app.peppers_for(operation).await?,
            ttl: self.ttl.unwrap_or(settings.ttl),
            max_tries: settings.max_attempts,
            elsewhere: false,
        })
    }

    /// The request for a code that another server made: how long it lives there is not known here.
    ///
    /// # Errors
    /// As [`Self::issue`].
    pub(super) async fn relay<'a>(
        &'a self,
        app: &'a App,
        target: &'a Target,
        code: &'a Code,
    ) -> Result<IssueRequest<'a>, Error> {
        let ttl = self.ttl.unwrap_or(MAX_TTL);
        Ok(IssueRequest { ttl, elsewhere: true, ..self.request(app, target, code, Operation::Deliver).await? })
    }
}

fn ttl(text: &str) -> Result<Duration, String> {
    let ttl = duration(text).ok_or_else(|| "write a duration such as 90s or 5m".to_owned())?;
    if ttl > MAX_TTL || ttl < Duration::from_secs(1) {
        return Err("the lifetime of a code is 1s to 10m".to_owned());
    }
    Ok(ttl)
}
