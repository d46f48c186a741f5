//! What can be wrong with a definition, and where.

use crate::otp::suggest::suggested;

/// What is wrong with a definition, and where: the line and the column count from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {problem}")]
pub struct DefinitionError {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
    /// What is wrong there.
    pub problem: Problem,
}

impl DefinitionError {
    /// The problem at this byte of the text.
    pub(super) fn at(text: &str, offset: usize, problem: Problem) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Self { line, column, problem }
    }
}

/// What is wrong with a definition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Not TOML.
    #[error("{0}")]
    Toml(String),
    /// A key that the language does not have.
    #[error("unknown key `{key}`{}", suggested(near.as_deref()))]
    UnknownKey {
        /// The key with its table.
        key: String,
        /// The key that it is closest to.
        near: Option<String>,
    },
    /// A key that must be there.
    #[error("`{0}` is missing")]
    MissingKey(String),
    /// A value of another type.
    #[error("`{key}` must be {expected}")]
    WrongType {
        /// The key with its table.
        key: String,
        /// What it must be, in words.
        expected: &'static str,
    },
    /// A word where only some words can stand.
    #[error("`{key}` cannot be `{word}`{}", one_of(near.as_deref(), known))]
    UnknownWord {
        /// The key with its table.
        key: String,
        /// What was written.
        word: String,
        /// The word that it is closest to.
        near: Option<String>,
        /// All that there are.
        known: String,
    },
    /// An expression or a template that does not parse.
    #[error("`{key}`: {why}")]
    Expression {
        /// The key with its table.
        key: String,
        /// The template engine's words.
        why: String,
    },
    /// A name that nothing declares.
    #[error("`{key}` uses `{name}`, which is not there{}", suggested(near.as_deref()))]
    Undeclared {
        /// The key with its table.
        key: String,
        /// The name.
        name: String,
        /// The name that it is closest to.
        near: Option<String>,
    },
    /// The name of a setting is taken, by a message or by the program.
    #[error("a setting cannot be called `{0}`")]
    ReservedSetting(String),
    /// Two of several keys that exclude each other.
    #[error("`{0}` has more than one body: one of json, form")]
    TwoBodies(String),
    /// Two of several ways to say who asks that write the same header.
    #[error("`{0}` has more than one of bearer, basic, aws: a request has one Authorization")]
    TwoAuthorizations(String),
    /// What is there cannot work, or not without something else.
    #[error("{0}")]
    Invalid(String),
    /// The same code or state in two lists.
    #[error("`{value}` stands under `{first}` and under `{second}`")]
    Twice {
        /// The code or state.
        value: String,
        /// The first list.
        first: String,
        /// The second list.
        second: String,
    },
}

/// The word that was meant, or all that there are.
fn one_of(near: Option<&str>, known: &str) -> String {
    near.map_or_else(|| format!("; it is one of: {known}"), |near| suggested(Some(near)))
}
