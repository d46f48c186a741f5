//! The map of the crate. `ARCHITECTURE.md` tells the same with the way of one `verify` through the files.
//!
//! * [`otp`] says what a phone, a code, a challenge and a policy are, and holds the rules as pure functions.
//! * [`store`] and [`provider`] are two families of backends, each behind one trait, that do not know each other.
//! * [`directory`] asks an application whose phone it is.
//! * [`layout`] says whose codes they are: our own layout, or how an application keeps its codes in Redis.
//! * [`assertion`] signs what an application is handed instead of a user.
//! * [`operations`] has one file for each thing that is done with codes: load, let a rule decide, commit or start again.
//! * [`audit`] keeps a chain of records of what was done, by whom and why.
//! * [`system`] is where files are opened and programs started, and where it is decided what of it is trusted.
//! * [`http`] is the engine under every definition of an HTTP service.
//! * `toml_tree` is TOML with the line of every value, for the file and for the definitions of gateways.
//! * [`config`] reads the one file; [`app`] opens what a command needs, when it is first asked for.
//! * [`commands`] has one file for each subcommand; [`output`] is the only writer; [`error`] turns failures into exit
//!   codes; [`cli`] parses, runs, and ends the process.

pub mod app;
pub mod assertion;
pub mod audit;
pub mod cli;
pub mod commands;
pub mod config;
pub mod directory;
pub mod error;
pub mod http;
pub mod layout;
pub mod operations;
pub mod otp;
pub mod output;
pub mod provider;
pub mod store;
pub mod system;
mod toml_tree;
