//! One HTTP exchange, and the one question that matters when it fails: was anything sent?

use std::error::Error as _;
use std::io::Read as _;
use std::time::Duration;

use flate2::bufread::MultiGzDecoder;
use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING, HeaderMap, HeaderValue};
use reqwest::{Client, Request, Response};
use tokio::time::{Instant, timeout_at};

use crate::otp::redact::Redactor;
use crate::system::tls;

/// The longest that a connection may take to be made: name, TCP and TLS.
const CONNECT: Duration = Duration::from_secs(10);

/// The connection must be given up this long before the end of the exchange: a time-out before the request was
/// written means "not sent", and only the connector's own clock can distinguish that.
const MARGIN: Duration = Duration::from_millis(250);

/// How much of an answer is read, in bytes. Most answers have a few hundred.
const BODY: usize = 64 * 1024;

/// What came of an exchange.
pub enum Exchange {
    /// The service answered.
    Answered(Answer),
    /// The time was over before anybody was asked.
    Late,
    /// There is no access token, so nothing was sent.
    NoToken(NoToken),
    /// No connection was made, so no byte of the request was written; why.
    NotSent(String),
    /// The request or a part of it may have arrived; what happened, in our words, never the answer's body.
    Doubtful(String),
}

/// Why there is no access token, in words that can be shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoToken {
    /// The server that gives them says no.
    #[error("{0}")]
    Refused(String),
    /// The server that gives them was not reached, or its answer is not understood.
    #[error("{0}")]
    Unavailable(String),
}

/// An answer, before anything of it is understood.
pub struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    /// The body, uncompressed.
    pub(super) body: Result<Vec<u8>, Unreadable>,
}

/// Why nothing of a body can be believed. The status still can.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Broken off, or too slow.
    #[error("it ended early")]
    Cut,
    /// More than is read of any answer.
    #[error("it is too long")]
    Long,
    /// Compressed although it was asked not to be, and not as gzip, or not well.
    #[error("it is compressed, which was not requested")]
    Compressed,
}

/// Sends the request once, without redirects, retries, proxies or a second use of any connection.
pub(super) async fn run(request: Request, end: Instant, redactor: &Redactor) -> Exchange {
    let started = Instant::now();
    let left = end.saturating_duration_since(started);
    if left.is_zero() {
        return Exchange::Late;
    }
    let client = match client(CONNECT.min(left.saturating_sub(MARGIN.min(left / 10)))) {
        Ok(client) => client,
        Err(why) => return not_sent(why),
    };
    let place = redactor.clean(&format!("{} {}{}", request.method(), host(&request), request.url().path()));
    tracing::debug!(request = %place, "asking");
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
        Exchange::Late | Exchange::NoToken(_) => tracing::debug!(request = %place, duration_ms, "not sent"),
        Exchange::NotSent(why) => tracing::debug!(request = %place, duration_ms, why, "not sent"),
        Exchange::Doubtful(why) => tracing::debug!(request = %place, duration_ms, why, "no answer"),
    }
    exchange
}

fn host(request: &Request) -> String {
    let host = request.url().host_str().unwrap_or_default();
    request.url().port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn not_sent(why: impl Into<String>) -> Exchange {
    Exchange::NotSent(why.into())
}

fn doubtful(why: &str) -> Exchange {
    Exchange::Doubtful(why.to_owned())
}

/// Answers are to come as they are: without this header any compression would do (RFC 9110 §12.5.3). Some come compressed
/// all the same.
fn uncompressed() -> HeaderMap {
    HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static("identity"))])
}

/// A client costs 0.06 ms, so each exchange has its own, with its own time to connect. The TLS configuration, with
/// the sessions that can be resumed, is shared.
fn client(connect: Duration) -> Result<Client, String> {
    Client::builder()
        .tls_backend_preconfigured(tls::usual()?.as_ref().clone())
        .user_agent(concat!("otpctl/", env!("CARGO_PKG_VERSION")))
        .default_headers(uncompressed())
        .http1_only()
        .no_proxy()
        .referer(false)
        .redirect(reqwest::redirect::Policy::none())
        // A request that met a closing connection is sent again by the client where a connection is used twice, or
        // where the policy allows it: what was asked for would be done twice.
        .retry(reqwest::retry::never())
        .pool_max_idle_per_host(0)
        .connect_timeout(connect)
        .build()
        .map_err(|_| "the HTTP client could not be made".to_owned())
}

/// Everything before the connection is open is one error of the client, "connect"; after that, bytes may have been sent.
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
    let what = if why.starts_with("connection closed") {
        "the server closed the connection before an answer came".to_owned()
    } else {
        redactor.clean(&format!("the connection broke before an answer came: {why}"))
    };
    Exchange::Doubtful(what)
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
    let mut bytes = Vec::new();
    let read = loop {
        match timeout_at(end, response.chunk()).await {
            Ok(Ok(Some(chunk))) if bytes.len() + chunk.len() <= BODY => bytes.extend_from_slice(&chunk),
            Ok(Ok(Some(_))) => break Err(Unreadable::Long),
            Ok(Ok(None)) => break Ok(()),
            Ok(Err(_)) | Err(_) => break Err(Unreadable::Cut),
        }
    };
    let body = read.and_then(|()| decoded(bytes, &headers));
    Answer { status, headers, body }
}

/// The body as it was before `Content-Encoding`.
fn decoded(bytes: Vec<u8>, headers: &HeaderMap) -> Result<Vec<u8>, Unreadable> {
    let codings = headers.get_all(CONTENT_ENCODING).iter().map(|value| value.to_str().unwrap_or("?"));
    let codings: Vec<_> =
        codings.flat_map(|value| value.split(',')).map(|coding| coding.trim().to_lowercase()).collect();
    let codings: Vec<_> = codings.iter().filter(|coding| !matches!(coding.as_str(), "" | "identity")).collect();
    match codings.as_slice() {
        [] => Ok(bytes),
        _ if bytes.is_empty() => Ok(bytes),
        [coding] if matches!(coding.as_str(), "gzip" | "x-gzip") => unzipped(&bytes),
        _ => Err(Unreadable::Compressed),
    }
}

fn unzipped(bytes: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let (mut body, most) = (Vec::new(), u64::try_from(BODY).unwrap_or(u64::MAX));
    let read = MultiGzDecoder::new(bytes).take(most + 1).read_to_end(&mut body);
    match read {
        Ok(length) if length > BODY => Err(Unreadable::Long),
        Ok(_) => Ok(body),
        Err(_) => Err(Unreadable::Compressed),
    }
}
