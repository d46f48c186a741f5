//! Which checks matter to whoever uses a file: those of what its role does. What a role never does cannot fail for it.

use crate::config::Settings;
use crate::otp::Role;

/// What only matters where codes go out: texts, limits, and who may be sent to.
const SENDING: [&str; 5] = ["limits", "message", "policy", "routes", "test_numbers"];
/// What only matters where something is changed.
const CHANGING: [&str; 2] = ["store.commit", "store.feed"];
/// What only matters where many are listed.
const LISTING: [&str; 2] = ["store.keys", "store.rights"];

/// Whether the role of the file needs what this check is about.
pub(super) fn needs(settings: &Settings, id: &str) -> bool {
    let is_of = |names: &[&str]| {
        names
            .iter()
            .any(|name| id.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '{'])))
    };
    match settings.role {
        None | Some(Role::Admin | Role::Operator) => true,
        Some(Role::Support) => !is_of(&SENDING) && !is_of(&CHANGING),
        Some(Role::Ci) => {
            let mut real = settings.providers.iter().filter(|(_, provider)| provider.kind.is_real());
            !is_of(&LISTING) && !real.any(|(name, _)| is_of(&[&format!("providers.{name}")]))
        }
    }
}
