//! Why a request could not be made, and the header that may be the reason.

use reqwest::Request;
use reqwest::header::{HeaderName, HeaderValue};

use super::language::TemplateFailed;
use super::scope::MachineFailed;

/// Why a request could not be made. Nothing was sent, and no value is quoted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotBuilt {
    /// A template had no value.
    #[error("the request could not be made: {0}")]
    Template(#[from] TemplateFailed),
    /// A value in the path is empty, or would climb out of its place.
    #[error("the request could not be made: a value cannot be part of a path")]
    Path,
    /// A line break, or another character that no header takes.
    #[error("the request could not be made: the header `{0}` cannot hold its value")]
    Header(String),
    /// The machine lacks what every request may use.
    #[error("the request could not be made: {0}")]
    Machine(#[from] MachineFailed),
    /// The address of the call is no URL that secrets may be sent to.
    #[error("the request could not be made: its address {0}")]
    Address(&'static str),
    /// The body is not JSON.
    #[error("the request could not be made: its body is not JSON")]
    Json,
}

pub(super) fn header(request: &mut Request, name: &str, value: &str, sensitive: bool) -> Result<(), NotBuilt> {
    let refused = || NotBuilt::Header(name.to_owned());
    let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| refused())?;
    let mut value = HeaderValue::from_str(value).map_err(|_| refused())?;
    value.set_sensitive(sensitive);
    request.headers_mut().insert(key, value);
    Ok(())
}
