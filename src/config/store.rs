//! `[store]`: which store; and where the embedded one is.

use super::env::Env;
use super::keys;
use super::redis::read as read_redis;
use super::settings::StoreSettings;
use crate::otp::Country;
use crate::system::FilePath;
use crate::toml_tree::{ConfigError, Table};

pub(super) fn read(
    table: Option<&Table<'_>>,
    region: Option<Country>,
    env: &Env,
) -> Result<StoreSettings, ConfigError> {
    let Some(table) = table else { return own(env).map(|path| StoreSettings::Embedded { path }) };
    table.only(keys::of("store"))?;
    match (table.table("embedded")?, table.table("redis")?) {
        (Some(_), Some(redis)) => Err(redis
            .refuse("[store.embedded] is configured too; exactly one store is used")
            .hint("remove one of the two tables: no record is in both")),
        (None, Some(table)) => read_redis(&table, region).map(|redis| StoreSettings::Redis(Box::new(redis))),
        (Some(embedded), None) => {
            embedded.only(keys::of("store.embedded"))?;
            let path = match embedded.file("path")? {
                Some(path) => path,
                None => own(env)?,
            };
            Ok(StoreSettings::Embedded { path })
        }
        (None, None) => own(env).map(|path| StoreSettings::Embedded { path }),
    }
}

/// The database in the user's state folder.
fn own(env: &Env) -> Result<FilePath, ConfigError> {
    let folder = env.own_folder("XDG_STATE_HOME", ".local/state");
    folder.and_then(|folder| FilePath::absolute(folder.join("otpctl.db"))).ok_or_else(|| {
        ConfigError::new("no folder for the embedded store: neither HOME nor XDG_STATE_HOME is an absolute path")
            .hint("export HOME, or set `path` under [store.embedded]")
    })
}
