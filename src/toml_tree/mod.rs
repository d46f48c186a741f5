//! TOML as a tree of values that know their line: the configuration and the definitions of gateways are read with it.
//!
//! The tree is walked by hand and not through serde, whose message of a wrong type quotes the value
//! (`invalid type: string "…"`): that value may be a secret. Every refusal of a key or a type is worded here, once, and
//! none quotes a value.

mod document;
mod error;
mod source;
mod tree;

pub use document::Document;
pub use error::{ConfigError, Position};
pub use tree::{Node, Table, expected_one_of};
