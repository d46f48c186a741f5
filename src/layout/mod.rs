//! How an application keeps its codes in Redis: the only room that knows it. It is pure: it gets values and gives values.
//!
//! * `keyed` reads and writes codes in keys that are made from the phone, as a preset or a table of the file describes.
//! * `privacyidea` reads challenges by token, not codes by phone; nothing of it is written.
//! * `known_keys` knows what many applications have in common: enough to find codes that no layout names.

mod application;
mod keyed;
pub mod known_keys;
pub mod privacyidea;

pub use application::Application;
pub use keyed::*;
