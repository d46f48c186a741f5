//! The one file that is read: found, opened with care, checked whole, and turned into settings. Secrets stay where they
//! are until a backend is opened. Nothing here prints, and neither the environment nor a clock is read: both come in.
//!
//! * `locate` says which file; `files` opens it and judges whose it is.
//! * `keys` lists every key; `read`, `limits`, `store`, `redis`, `layout`, `providers`, `prices`, `routes`, `directories`,
//!   `test_numbers`, `audit`, `assertion` turn the tables of
//!   `toml_tree` into the types of `settings`.
//! * `secret` and `fetch` get what is secret when it is needed; `check` and `show` are what `config check` and
//!   `config show` print.
//!
//! No refusal quotes a value: the line number is enough to find it, and the value there may be a secret.

mod assertion;
mod audit;
mod check;
mod check_secrets;
mod country;
mod directories;
mod env;
mod fetch;
mod files;
mod finding;
mod guard;
mod keys;
mod layout;
mod limits;
mod lint;
mod locate;
mod prices;
mod providers;
mod read;
mod redis;
mod role;
mod routes;
mod secret;
mod senders;
mod settings;
mod show;
mod store;
mod test_numbers;
mod url;

#[cfg(test)]
mod tests;

pub use crate::system::pasteable;
pub use crate::toml_tree::ConfigError;
pub use check::{check_all, check_texts};
pub use check_secrets::check_secrets;
pub use env::Env;
pub use fetch::{read_certificates, read_private};
pub use finding::{Finding, Level};
pub use guard::{fresh_pepper, missing_pepper, weak_pepper, weaknesses};
pub use locate::{Chosen, Located, Origin, Request, default_path, locate, profile_names, profile_path};
pub use secret::{Fetch, PlacedSecret, SecretSource};
pub use settings::{
    AssertionSettings, AuditSettings, CodeSettings, Deployment, DirectorySettings, DurabilitySettings, LayoutSettings,
    MIN_PEPPER, MessageSettings, PepperSource, ProviderSettings, RedisSettings, RedisTarget, RouteEntry, RoutedBy,
    Routes, SentinelSettings, ServerAddress, SettingSource, Settings, StoreSettings, SyslogTarget, TestNumber,
    TimelineSettings, TlsFiles, UserSettings,
};
pub use show::{Shown, shown};

use crate::toml_tree::Document;

/// Reads and checks the file that [`locate()`] found; without one the defaults hold: the embedded store in the user's
/// state folder, provider `console`, no region.
///
/// # Errors
/// When the file is not ours to trust, is not TOML, has unknown keys or values, or contains a secret that others may read.
pub fn load(located: &Located, env: &Env) -> Result<Settings, ConfigError> {
    let Some(path) = located.path.as_deref() else {
        return read::settings(located, &Document::parse(None, "")?, env);
    };
    let file = files::read_config(path)?;
    let document = Document::parse(Some(path), &file.text).map_err(not_toml)?.with_homes(keys::home_of);
    let settings = read::settings(located, &document, env)?;
    if let Some(line) = document.first_secret() {
        files::held_private(path, &file, &format!("line {line} contains a secret, and others can read this file"))?;
    }
    Ok(settings)
}

fn not_toml(error: ConfigError) -> ConfigError {
    error.hint("put text in quotes, and write each key once; otpctl.toml.example shows every key")
}

/// A first file for `config init`: small, commented, and valid as it is.
#[must_use]
pub fn starter() -> &'static str {
    include_str!("starter.toml")
}
