//! `role`: what the people who use a file do. A file without one lets its users do everything.

use crate::otp::Role;
use crate::toml_tree::{ConfigError, Node};

pub(super) fn read(node: &Node<'_>) -> Result<Role, ConfigError> {
    node.one_of(&Role::ALL.map(|role| (role.as_str(), role)))
}
