//! The kinds of providers: what each is called, what is known of it, and how one is opened.

use super::definition::Definition;
use super::open_error::OpenError;
use super::{Context, Description, Provider, catalog, command, console, gateway, outbox, smpp};
use crate::http::Settings;
use crate::otp::suggest::nearest;

/// All kinds that `kind = "…"` can name: those in code, then the catalog, sorted.
pub fn kinds() -> impl Iterator<Item = &'static str> {
    [console::KIND, outbox::KIND, command::KIND, smpp::KIND].into_iter().chain(catalog::kinds())
}

/// What is known of a kind; `None` where there is no such kind. The catalog's own definitions are tested to parse,
/// so one that does not is no kind.
#[must_use]
pub fn describe(kind: &str) -> Option<Description> {
    match kind {
        console::KIND => Some(console::description()),
        outbox::KIND => Some(outbox::description()),
        command::KIND => Some(command::description()),
        smpp::KIND => Some(smpp::description()),
        _ => catalog::definition(kind)?.ok().map(|definition| definition.describe(kind)),
    }
}

/// Whether messages of this kind leave the machine and may cost money; it reads no definition.
#[must_use]
pub fn is_real(kind: &str) -> bool {
    !matches!(kind, console::KIND | outbox::KIND)
}

/// Whether a code is shown on this machine, instead of being sent to its receiver.
#[must_use]
pub fn shows_codes(kind: &str) -> bool {
    matches!(kind, console::KIND | outbox::KIND)
}

/// Opens a provider. Nothing is connected to and nothing is sent.
///
/// # Errors
/// An unknown kind, and the first setting that is wrong. No error quotes a value.
pub fn open(name: &str, kind: &str, settings: Settings, context: &Context) -> Result<Box<dyn Provider>, OpenError> {
    match kind {
        console::KIND => console::open(name, &settings, context),
        outbox::KIND => outbox::open(name, &settings),
        command::KIND => command::open(name, &settings, context),
        smpp::KIND => smpp::open(name, &settings),
        _ => match catalog::definition(kind) {
            Some(definition) => open_defined(name, definition?, settings, context),
            None => {
                Err(OpenError::UnknownKind { kind: kind.to_owned(), near: nearest(kind, kinds()).map(str::to_owned) })
            }
        },
    }
}

/// Opens a provider by a definition that is not in the catalog.
///
/// # Errors
/// The first setting that is wrong. No error quotes a value.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the settings hold secrets, and are wiped when this is done with them"
)]
pub fn open_defined(
    name: &str,
    definition: Definition,
    settings: Settings,
    context: &Context,
) -> Result<Box<dyn Provider>, OpenError> {
    gateway::open(name, definition, &settings, context)
}
