//! The gateways that come with the program: the definition files of `catalog/`, each read only when it is asked for.

use super::definition::Definition;
use crate::toml_tree::ConfigError;

/// (kind, text of the file), sorted by kind; the build script lists the folder.
static FILES: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/catalog.rs"));

/// The names of all definitions that come with the program, sorted.
pub(super) fn kinds() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(kind, _)| *kind)
}

/// Reads and checks one definition. `None`: there is none of that name.
pub(super) fn definition(kind: &str) -> Option<Result<Definition, ConfigError>> {
    text(kind).map(Definition::parse)
}

/// The text of one definition.
pub(super) fn text(kind: &str) -> Option<&'static str> {
    FILES.iter().find(|(name, _)| *name == kind).map(|(_, text)| *text)
}
