//! The URL that requests begin with: what it may be.

use reqwest::Url;

use crate::system::tls::stays_inside;

/// The URL of this text; or why it cannot be one to begin requests with.
pub(super) fn address(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "is not a URL such as \"https://api.example.com\"")?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err("must begin with https:// and a host");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("holds a user or password; put them into the settings");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("ends before ? and #");
    }
    if url.scheme() == "http" && !stays_inside(url.host_str().unwrap_or_default()) {
        return Err("would send secrets over the internet unencrypted; use https://");
    }
    Ok(url)
}
