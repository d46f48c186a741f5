//! AWS Signature Version 4: the last that is done to a request, with a time that is given.

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign as signed};
use aws_sigv4::sign::v4::SigningParams;
use reqwest::Request;

use super::language::Scope;
use super::model::Aws;
use super::not_built::{NotBuilt, header};
use crate::otp::Moment;
use crate::otp::redact::Redactor;

/// Signs the finished request, and registers with the redactor what must not be shown of it.
///
/// Of what the HTTP client adds later only `Host` is signed, which is known from the URL.
pub(super) fn sign(
    request: &mut Request,
    aws: &Aws,
    scope: &Scope,
    now: Moment,
    redactor: &mut Redactor,
) -> Result<(), NotBuilt> {
    let key = aws.secret_access_key.text(scope)?.unwrap_or_default();
    let token = aws.session_token.as_ref().map(|token| token.text(scope)).transpose()?.flatten();
    let token = token.filter(|token| !token.is_empty());
    redactor.secret(&key);
    if let Some(token) = &token {
        redactor.secret(token);
    }
    let id = aws.access_key_id.text(scope)?.unwrap_or_default();
    let identity = Credentials::new(id, key, token, None, "settings").into();
    let (region, service) = (aws.region.text(scope)?.unwrap_or_default(), aws.service.text(scope)?.unwrap_or_default());
    let time = jiff::Timestamp::from_millisecond(now.millis()).map_err(|_| NotBuilt::Unsigned)?;
    let parameters = SigningParams::builder()
        .identity(&identity)
        .region(&region)
        .name(&service)
        .time(time.into())
        .settings(SigningSettings::default())
        .build()
        .map_err(|_| NotBuilt::Unsigned)?
        .into();
    spaces(request);
    let (instructions, signature) = {
        let headers = request.headers().iter().map(|(name, value)| Ok((name.as_str(), value.to_str()?)));
        let headers: Result<Vec<_>, reqwest::header::ToStrError> = headers.collect();
        let headers = headers.map_err(|_| NotBuilt::Unsigned)?;
        let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
        let (method, url) = (request.method().as_str(), request.url().as_str());
        let signable = SignableRequest::new(method, url, headers.into_iter(), SignableBody::Bytes(body));
        let output = signable.and_then(|signable| signed(signable, &parameters)).map_err(|_| NotBuilt::Unsigned)?;
        output.into_parts()
    };
    redactor.secret(&signature);
    for (name, value) in instructions.headers() {
        header(request, name, value, true)?;
    }
    Ok(())
}

/// Writes a space of the query as `%20`. AWS signs it so, and a form's `+` would be signed as a plus by a strict reader.
fn spaces(request: &mut Request) {
    if let Some(query) = request.url().query().filter(|query| query.contains('+')) {
        let query = query.replace('+', "%20");
        request.url_mut().set_query(Some(&query));
    }
}
