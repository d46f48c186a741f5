//! One HTTP exchange, and the one question that matters when it fails: was anything sent?

use std::error::Error as _;
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Client, Request, Response};
use tokio::time::{Instant, timeout_at};

use super::super::outcome::{Class, Doubt, Refusal};
use super::super::redact::Redactor;
use super::super::tls;

/// The longest that a connection may take to be made: name, TCP and TLS.
const CONNECT: Duration = Duration::from_secs(10);

/// The connection must be given up this long before the end of the exchange: a time-out before the request was
/// written is "surely not sent", and only the connector's own clock can tell.
const MARGIN: Duration = Duration::from_millis(250);

/// How much of an answer is read, in bytes. An answer to one SMS has a few hundred.
const BODY: usize = 64 * 1024;

/// What came of an exchange.
pub(super) enum Exchange {
    /// The gateway answered.
    Answered(Answer),
    /// No connection was made, so no byte of the request was written.
    NotSent(Refusal),
    /// The request or a part of it may have arrived.
    Doubtful(Doubt),
}

/// An answer.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    /// Empty where the body could not be read to its end.
    pub(super) body: Vec<u8>,
}

/// Sends the request once, without redirects, retries, proxies or a second use of any connection.
pub(super) async fn run(request: Request, end: Instant, redactor: &Redactor) -> Exchange {
    let started = Instant::now();
    let left = end.saturating_duration_since(started);
    if left.is_zero() {
        return Exchange::NotSent(Refusal::late());
    }
    let client = match client(CONNECT.min(left.saturating_sub(MARGIN.min(left / 10)))) {
        Ok(client) => client,
        Err(why) => return not_sent(why),
    };
    let place = redactor.clean(&format!("{} {}{}", request.method(), host(&request), request.url().path()));
    tracing::debug!(request = %place, "asking the gateway");
    let exchange = match timeout_at(end, client.execute(request)).await {
        Ok(Ok(response)) => Exchange::Answered(answer(response, end).await),
        Ok(Err(error)) => failed(&error, redactor),
        Err(_) => doubtful("no answer came in time after the request was sent"),
    };
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    match &exchange {
        Exchange::Answered(answer) => {
            tracing::debug!(request = %place, status = answer.status, duration_ms, "answered");
        }
        Exchange::NotSent(refusal) => {
            tracing::debug!(request = %place, duration_ms, why = refusal.message, "not sent");
        }
        Exchange::Doubtful(doubt) => tracing::debug!(request = %place, duration_ms, why = doubt.why, "no answer"),
    }
    exchange
}

fn host(request: &Request) -> String {
    let host = request.url().host_str().unwrap_or_default();
    request.url().port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn not_sent(why: impl Into<String>) -> Exchange {
    Exchange::NotSent(Refusal::new(Class::Unreachable, why))
}

fn doubtful(why: &str) -> Exchange {
    Exchange::Doubtful(Doubt { why: why.to_owned() })
}

/// A client costs 0.06 ms, so each exchange has its own, with its own time to connect. The TLS configuration, with
/// the sessions that can be resumed, is shared.
fn client(connect: Duration) -> Result<Client, String> {
    Client::builder()
        .tls_backend_preconfigured(tls::usual()?.as_ref().clone())
        .user_agent(concat!("otpctl/", env!("CARGO_PKG_VERSION")))
        .http1_only()
        .no_proxy()
        .referer(false)
        .redirect(reqwest::redirect::Policy::none())
        // A request that met a closing connection is sent again by the client where a connection is used twice, or
        // where the policy allows it: a second SMS.
        .retry(reqwest::retry::never())
        .pool_max_idle_per_host(0)
        .connect_timeout(connect)
        .build()
        .map_err(|_| "the HTTP client could not be made".to_owned())
}

/// Everything before the connection stands is one error of the client, "connect"; after that bytes may be out.
fn failed(error: &reqwest::Error, redactor: &Redactor) -> Exchange {
    let why = cause(error);
    if error.is_connect() {
        let what = if error.is_dns() {
            "the name of the host could not be resolved".to_owned()
        } else if error.is_timeout() {
            "the connection was not made in time".to_owned()
        } else {
            redactor.clean(&format!("no connection: {why}"))
        };
        return not_sent(what);
    }
    if error.is_builder() {
        return not_sent("the request could not be made");
    }
    Exchange::Doubtful(Doubt { why: redactor.clean(&format!("the connection broke before an answer came: {why}")) })
}

/// The innermost reason. It never holds the URL, which may carry a key: only the outermost error knows it.
fn cause(error: &reqwest::Error) -> String {
    let mut inner: Option<&dyn std::error::Error> = error.source();
    let mut why = "unknown reason".to_owned();
    while let Some(source) = inner {
        why = source.to_string();
        inner = source.source();
    }
    why
}

async fn answer(mut response: Response, end: Instant) -> Answer {
    let (status, headers) = (response.status().as_u16(), std::mem::take(response.headers_mut()));
    let mut body = Vec::new();
    loop {
        match timeout_at(end, response.chunk()).await {
            Ok(Ok(Some(chunk))) if body.len() + chunk.len() <= BODY => body.extend_from_slice(&chunk),
            Ok(Ok(None)) => break,
            // Too long, broken off, or too slow: what was read of it may not be believed. The status still may.
            _ => {
                body.clear();
                break;
            }
        }
    }
    Answer { status, headers, body }
}
