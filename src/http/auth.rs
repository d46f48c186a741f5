//! How every request of a service authenticates: `[auth]`.

use super::language::{Expression, Template};
use super::model::Request;
use super::read::{REQUEST, expression, pairs, request, template};
use super::sign::Sign;
use crate::toml_tree::{ConfigError, Table};

/// What answers to a request for a token have: RFC 6749 §5.1.
const TOKEN: (&str, &str) = ("body.access_token", "body.expires_in");

/// How every request authenticates.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Auth {
    pub(super) bearer: Option<Template>,
    pub(super) basic: Option<Basic>,
    pub(super) header: Vec<(String, Template)>,
    pub(super) query: Vec<(String, Template)>,
    pub(super) oauth2: Option<OAuth2>,
    pub(super) sign: Option<Sign>,
}

/// A user and a password.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Basic {
    pub(super) user: Template,
    pub(super) password: Template,
}

/// Where the access token comes from that every request carries.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct OAuth2 {
    /// Where it is not the service's own.
    pub(super) base_url: Option<Template>,
    pub(super) request: Request,
    pub(super) basic: Option<Basic>,
    pub(super) token: Expression,
    /// For how many seconds it is good.
    pub(super) expires: Expression,
}

impl Auth {
    /// Reads `[auth]`. `names`: what every request sees.
    pub(super) fn read(table: &Table<'_>, names: &[&str]) -> Result<Self, ConfigError> {
        table.only(&["bearer", "basic", "header", "query", "oauth2", "sign"])?;
        // Each of them writes the header `Authorization`: the last would win, and the others be lost unseen.
        if ["bearer", "basic", "oauth2", "sign"].iter().filter(|key| table.has(key)).count() > 1 {
            return Err(
                table.refuse("expected only one of bearer, basic, oauth2, sign: a request has one Authorization")
            );
        }
        Ok(Self {
            bearer: optional_template(table, "bearer", names)?,
            basic: basic(table, names)?,
            header: pairs(table, "header", names)?,
            query: pairs(table, "query", names)?,
            oauth2: table.table("oauth2")?.map(|table| oauth2(&table, names)).transpose()?,
            sign: table.table("sign")?.map(|table| Sign::read(&table, names)).transpose()?,
        })
    }
}

fn basic(table: &Table<'_>, names: &[&str]) -> Result<Option<Basic>, ConfigError> {
    let Some(basic) = table.table("basic")? else { return Ok(None) };
    basic.only(&["user", "password"])?;
    let required = |key: &str| template(&basic.require(key)?, names);
    Ok(Some(Basic { user: required("user")?, password: required("password")? }))
}

fn oauth2(table: &Table<'_>, names: &[&str]) -> Result<OAuth2, ConfigError> {
    table.only(&[&REQUEST[..], &["base_url", "basic", "token", "expires"]].concat())?;
    let answer = |key: &str, usual: &str| match table.get(key) {
        Some(node) => expression(&node, &["status", "body", "headers"]),
        None => Expression::read(usual.to_owned(), &["body"]).map_err(|fault| table.refuse(fault.to_string())),
    };
    Ok(OAuth2 {
        base_url: optional_template(table, "base_url", names)?,
        request: request(table, names)?,
        basic: basic(table, names)?,
        token: answer("token", TOKEN.0)?,
        expires: answer("expires", TOKEN.1)?,
    })
}

fn optional_template(table: &Table<'_>, key: &str, names: &[&str]) -> Result<Option<Template>, ConfigError> {
    table.get(key).map(|node| template(&node, names)).transpose()
}
