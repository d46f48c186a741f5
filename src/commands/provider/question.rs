//! Makes a free request to a configured provider; no answer is a failure.

use tokio::time::{Instant, timeout_at};

use crate::app::App;
use crate::commands::SEND_TIMEOUT;
use crate::config::ProviderSettings;
use crate::error::{Details, Error, Exit};
use crate::otp::Hint;
use crate::provider::{Provider, QueryError, QueryResult, Refusal};

/// Holds that a provider of that name is configured.
pub(super) fn configured<'a>(app: &'a App, name: &str) -> Result<&'a ProviderSettings, Error> {
    let configured = &app.settings()?.providers;
    configured.get(name).ok_or_else(|| {
        let known: Vec<&str> = configured.keys().map(String::as_str).collect();
        Error::said(Exit::Config, format!("no provider `{name}` is configured, only: {}", known.join(", ")))
            .hint(Hint::run(&["provider", "list"]))
    })
}

/// Opens a provider and asks it. Both together end before the command's time does, so that its end can be told.
pub(in crate::commands) async fn ask<T>(
    app: &App,
    name: &str,
    question: impl AsyncFnOnce(&dyn Provider, Instant) -> QueryResult<T>,
) -> Result<T, Error> {
    let deadline = app.provider_deadline(SEND_TIMEOUT);
    let whole = async {
        let provider = app.provider(name).await?;
        question(provider.as_ref(), deadline).await.map_err(|silence| failure(name, silence))
    };
    // A provider keeps to its deadline, and says what kept it: it comes first.
    let end = deadline + app.deadline().saturating_duration_since(deadline) / 2;
    app.progress.waiting_for(name, timeout_at(end, whole)).await.unwrap_or_else(|_| {
        let why = format!("{name} was not asked in time; one of its secrets takes too long to fetch");
        Err(Error::said(Exit::ProviderDown, why).hint(Hint::run(&["config", "check"])))
    })
}

fn failure(name: &str, silence: QueryError) -> Error {
    match silence {
        QueryError::NotOffered => not_offered(name),
        QueryError::Refused(refusal) => refused(name, &refusal),
    }
}

/// There is no free call. What only a send can show, a send has to.
pub(super) fn not_offered(name: &str) -> Error {
    Error::said(Exit::Usage, format!("{name} has no free request for this"))
        .hint(Hint::run(&["send"]).arg("PHONE").option("--provider", name).because("send a code to your own phone"))
}

fn refused(name: &str, refusal: &Refusal) -> Error {
    let exit = if refusal.class.is_down() { Exit::ProviderDown } else { Exit::ProviderRefused };
    let code = refusal.code.as_ref().map(|code| format!(", code {code}")).unwrap_or_default();
    Error::said(exit, format!("{name}: {} ({}{code})", refusal.message, refusal.class))
        .hint(refusal.hint())
        .details(Details { retry_after: refusal.retry_after, ..Details::default() })
}
