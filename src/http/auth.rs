//! Reads `[auth]`: how every request of a service authenticates.

use super::language::Template;
use super::model::{Auth, Aws};
use super::read::{pairs, template};
use crate::toml_tree::{ConfigError, Table};

pub(super) fn read(table: &Table<'_>, names: &[&str]) -> Result<Auth, ConfigError> {
    table.only(&["bearer", "basic", "header", "query", "aws"])?;
    // Each of them writes the header `Authorization`: the last would win, and the others be lost unseen.
    if ["bearer", "basic", "aws"].iter().filter(|key| table.has(key)).count() > 1 {
        return Err(table.refuse("expected only one of bearer, basic, aws: a request has one Authorization"));
    }
    let basic = match table.table("basic")? {
        Some(basic) => {
            basic.only(&["user", "password"])?;
            Some((template(&basic.require("user")?, names)?, template(&basic.require("password")?, names)?))
        }
        None => None,
    };
    Ok(Auth {
        bearer: optional_template(table, "bearer", names)?,
        basic,
        header: pairs(table, "header", names)?,
        query: pairs(table, "query", names)?,
        aws: table.table("aws")?.map(|table| aws(&table, names)).transpose()?,
    })
}

fn aws(table: &Table<'_>, names: &[&str]) -> Result<Aws, ConfigError> {
    table.only(&["service", "region", "access_key_id", "secret_access_key", "session_token"])?;
    let required = |key: &str| template(&table.require(key)?, names);
    Ok(Aws {
        service: required("service")?,
        region: required("region")?,
        access_key_id: required("access_key_id")?,
        secret_access_key: required("secret_access_key")?,
        session_token: optional_template(table, "session_token", names)?,
    })
}

fn optional_template(table: &Table<'_>, key: &str, names: &[&str]) -> Result<Option<Template>, ConfigError> {
    table.get(key).map(|node| template(&node, names)).transpose()
}
