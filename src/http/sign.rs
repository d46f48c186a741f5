//! Signs a request that is otherwise finished, as its definition says: `[auth.sign]`.

use std::collections::BTreeMap;

use minijinja::Value as Jinja;
use minijinja::value::Serde;
use percent_encoding::utf8_percent_encode;
use reqwest::header::{HOST, HeaderMap};
use reqwest::{Request, Url};

use super::filters::RESERVED;
use super::language::Template;
use super::not_built::{NotBuilt, header};
use super::read::pairs;
use super::scope::Scope;
use crate::toml_tree::{ConfigError, Table};

/// What the templates of a signature see of the request, beside the settings.
pub(super) const SIGNED: [&str; 6] = ["method", "path", "query", "host", "headers", "body"];

/// How a request is signed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sign {
    /// Headers that are added first, so that they can be signed.
    before: Vec<(String, Template)>,
    /// What is worked out, in this order; each sees those before it.
    values: Vec<(String, Template)>,
    /// Where the signature goes.
    header: Vec<(String, Template)>,
    query: Vec<(String, Template)>,
}

impl Sign {
    /// Reads `[auth.sign]`. `names`: what every request sees.
    pub(super) fn read(table: &Table<'_>, names: &[&str]) -> Result<Self, ConfigError> {
        table.only(&["before", "values", "header", "query"])?;
        if let Some(hidden) = names.iter().find(|name| SIGNED.contains(name)) {
            return Err(table.refuse(format!("the setting `{hidden}` hides what a signature is made of; rename it")));
        }
        let mut names: Vec<&str> = names.iter().chain(&SIGNED).copied().collect();
        let before = pairs(table, "before", &names)?;
        let mut values = Vec::new();
        for node in table.table("values")?.into_iter().flat_map(|table| table.nodes()) {
            if names.contains(&node.name) {
                return Err(node.refuse(format!("`{}` has a value already", node.name)));
            }
            values.push((node.name.to_owned(), super::read::template(&node, &names)?));
            names.push(node.name);
        }
        let (header, query) = (pairs(table, "header", &names)?, pairs(table, "query", &names)?);
        if header.is_empty() && query.is_empty() {
            return Err(table.refuse("needs `header` or `query`: where the signature goes"));
        }
        Ok(Self { before, values, header, query })
    }

    /// Signs the finished request. Of what the HTTP client adds later only `Host` is signed, which the URL tells.
    pub(super) fn sign(&self, request: &mut Request, mut scope: Scope) -> Result<(), NotBuilt> {
        canonical_query(request.url_mut());
        let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
        // A body is JSON or a form, so it is text.
        scope.insert("body".to_owned(), Jinja::from(String::from_utf8_lossy(body)));
        scope.insert("method".to_owned(), Jinja::from(request.method().as_str()));
        scope.insert("path".to_owned(), Jinja::from(request.url().path()));
        scope.insert("query".to_owned(), Jinja::from(request.url().query().unwrap_or_default()));
        see_headers(&mut scope, request);
        for (name, template) in &self.before {
            if let Some(value) = template.text(&scope)? {
                header(request, name, &value, true)?;
            }
        }
        see_headers(&mut scope, request);
        for (name, template) in &self.values {
            let value = template.value(&scope)?;
            scope.insert(name.clone(), value);
        }
        for (name, template) in &self.query {
            if let Some(value) = template.text(&scope)? {
                let pair = format!("{}={}", percent(name), percent(&value));
                let query = request.url().query().filter(|query| !query.is_empty());
                let query = query.map_or_else(|| pair.clone(), |query| format!("{query}&{pair}"));
                request.url_mut().set_query(Some(&query));
            }
        }
        for (name, template) in &self.header {
            if let Some(value) = template.text(&scope)? {
                header(request, name, &value, true)?;
            }
        }
        Ok(())
    }
}

fn percent(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// Sorts the query by its names, as they are encoded, and encodes it as RFC 3986 says: so it can be signed as it is sent,
/// and a strict reader takes no `+` of a form for a plus.
fn canonical_query(url: &mut Url) {
    if url.query().is_none() {
        return;
    }
    let mut pairs: Vec<_> = url.query_pairs().map(|(name, value)| (percent(&name), percent(&value))).collect();
    pairs.sort();
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    url.set_query(Some(&pairs.join("&")));
}

/// The headers by their names in lower case, and the host as it will be sent.
fn see_headers(scope: &mut Scope, request: &Request) {
    let sent = request.headers();
    let host = text(sent, HOST.as_str()).unwrap_or_else(|| {
        let host = request.url().host_str().unwrap_or_default();
        request.url().port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    });
    let mut headers: BTreeMap<String, String> =
        sent.keys().filter_map(|name| Some((name.as_str().to_owned(), text(sent, name.as_str())?))).collect();
    headers.insert(HOST.as_str().to_owned(), host.clone());
    scope.insert("headers".to_owned(), Jinja::from(Serde(&headers)));
    scope.insert("host".to_owned(), Jinja::from(host));
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

#[cfg(test)]
mod tests;
