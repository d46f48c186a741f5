//! One request and how it authenticates, as a definition says it.

use super::language::{Template, Tree};

/// What a service answers in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AnswerFormat {
    /// JSON where it parses as JSON, whatever its label says.
    #[default]
    Json,
    /// XML.
    Xml,
}

/// One request.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    pub(super) method: Method,
    pub(super) path: Vec<Template>,
    pub(super) query: Vec<(String, Template)>,
    pub(super) headers: Vec<(String, Template)>,
    pub(super) body: RequestBody,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum RequestBody {
    None,
    Json(Tree),
    Form(Vec<(String, Template)>),
}

impl Request {
    /// Whether any part of it uses this name.
    #[must_use]
    pub fn uses(&self, name: &str) -> bool {
        let named = |fields: &[(String, Template)]| fields.iter().any(|(_, template)| template.uses(name));
        let body = match &self.body {
            RequestBody::None => false,
            RequestBody::Json(tree) => tree.uses(name),
            RequestBody::Form(fields) => named(fields),
        };
        body || self.path.iter().any(|segment| segment.uses(name)) || named(&self.query) || named(&self.headers)
    }
}
