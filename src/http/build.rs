//! Fills in one request; values are escaped for the place that they are put in, so no text can break out of it.

use data_encoding::BASE64;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Method as HttpMethod, Request, Url};

use super::auth::Auth;
use super::language::Template;
use super::model::{self, Method, RequestBody};
use super::not_built::{NotBuilt, header};
use super::scope::{Made, Scope};
use crate::otp::redact::Redactor;

/// Builds the request, and registers with the redactor what the credentials look like in it.
pub(super) fn build(
    base: &Url,
    request: &model::Request,
    auth: &Auth,
    mut scope: Scope,
    redactor: &mut Redactor,
) -> Result<Request, NotBuilt> {
    let made = Made::watch(&mut scope);
    let built = finished(base, request, auth, scope, redactor);
    for text in made.take() {
        redactor.secret(&text);
    }
    built
}

fn finished(
    base: &Url,
    request: &model::Request,
    auth: &Auth,
    scope: Scope,
    redactor: &mut Redactor,
) -> Result<Request, NotBuilt> {
    let method = match request.method {
        Method::Get => HttpMethod::GET,
        Method::Post => HttpMethod::POST,
        Method::Put => HttpMethod::PUT,
        Method::Patch => HttpMethod::PATCH,
        Method::Delete => HttpMethod::DELETE,
    };
    let mut url = base.clone();
    path(&mut url, &request.path, &scope)?;
    let mut query = fields(&request.query, &scope)?;
    let secret_query = fields(&auth.query, &scope)?;
    for (_, value) in &secret_query {
        redactor.secret(value);
    }
    query.extend(secret_query);
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(&query);
    }
    let mut built = Request::new(method, url);
    for (name, value) in fields(&request.headers, &scope)? {
        header(&mut built, &name, &value, false)?;
    }
    body(&mut built, &request.body, &scope)?;
    authorize(&mut built, auth, &scope, redactor)?;
    // Last, since it covers everything before.
    if let Some(sign) = &auth.sign {
        sign.sign(&mut built, scope)?;
    }
    Ok(built)
}

fn path(url: &mut Url, segments: &[Template], scope: &Scope) -> Result<(), NotBuilt> {
    let mut path = url.path_segments_mut().map_err(|()| NotBuilt::Path)?;
    path.pop_if_empty();
    for segment in segments {
        let value = segment.text(scope)?.ok_or(NotBuilt::Path)?;
        // `push` escapes slashes and the rest, but a segment of dots would climb, also in its escaped spellings.
        let written_empty = matches!(segment, Template::Mixed(source) if source.is_empty());
        if matches!(value.as_str(), "." | "..") || value.is_empty() && !written_empty {
            return Err(NotBuilt::Path);
        }
        path.push(&value);
    }
    Ok(())
}

/// Names and values; what has no value is left out.
fn fields(templates: &[(String, Template)], scope: &Scope) -> Result<Vec<(String, String)>, NotBuilt> {
    let field = |(name, template): &(String, Template)| {
        let value = template.text(scope).transpose()?;
        Some(value.map(|value| (name.clone(), value)))
    };
    Ok(templates.iter().filter_map(field).collect::<Result<_, _>>()?)
}

fn authorize(request: &mut Request, auth: &Auth, scope: &Scope, redactor: &mut Redactor) -> Result<(), NotBuilt> {
    if let Some(bearer) = &auth.bearer {
        let token = bearer.text(scope)?.unwrap_or_default();
        redactor.secret(&token);
        header(request, AUTHORIZATION.as_str(), &format!("Bearer {token}"), true)?;
    }
    if let Some(basic) = &auth.basic {
        let part = |template: &Template| template.text(scope).map(Option::unwrap_or_default);
        let pair = format!("{}:{}", part(&basic.user)?, part(&basic.password)?);
        redactor.secret(&pair);
        header(request, AUTHORIZATION.as_str(), &format!("Basic {}", BASE64.encode(pair.as_bytes())), true)?;
    }
    for (name, value) in fields(&auth.header, scope)? {
        redactor.secret(&value);
        header(request, &name, &value, true)?;
    }
    Ok(())
}

fn body(request: &mut Request, body: &RequestBody, scope: &Scope) -> Result<(), NotBuilt> {
    let (content_type, bytes) = match body {
        RequestBody::None => return Ok(()),
        RequestBody::Json(tree) => {
            let value = tree.render(scope)?.unwrap_or_else(|| serde_json::Value::Object(serde_json::Map::new()));
            ("application/json", serde_json::to_vec(&value).map_err(|_| NotBuilt::Json)?)
        }
        RequestBody::Form(templates) => {
            // The query of a URL and a form are encoded the same way (WHATWG URL §5, application/x-www-form-urlencoded).
            let mut form = Url::parse("http://form").map_err(|_| NotBuilt::Json)?;
            form.query_pairs_mut().extend_pairs(fields(templates, scope)?);
            ("application/x-www-form-urlencoded", form.query().unwrap_or_default().as_bytes().to_vec())
        }
    };
    request.headers_mut().entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(content_type));
    *request.body_mut() = Some(bytes.into());
    Ok(())
}
