//! The expressions and templates of a definition (`MiniJinja`): checked when they are read, evaluated when needed.

use std::collections::HashSet;
use std::fmt;

use minijinja::value::ValueKind;
use minijinja::{Environment, ErrorKind, UndefinedBehavior, Value as Jinja};
use serde_json::{Map, Value};

use super::filters;
use super::scope::Scope;
use crate::otp::suggest::{nearest, suggested};

/// Why a template or an expression is invalid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvalidTemplate {
    /// It does not parse, or calls a filter, a test or a function that there is not.
    Syntax(String),
    /// It uses a name that nothing declares; with the closest name that there is.
    Undeclared(String, Option<String>),
}

impl fmt::Display for InvalidTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(why) => f.write_str(why),
            Self::Undeclared(name, near) => {
                write!(f, "unknown name `{name}`{}", suggested(near.as_deref()))
            }
        }
    }
}

/// What digests and keys are until they are written.
const BYTES: &str = "its value is bytes, which `hex` or `base64` write";

/// Why a template could not be evaluated. It quotes neither the template nor a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a template failed ({0})")]
pub struct TemplateFailed(&'static str);

/// A path that is missing anywhere is undefined, never an error.
fn language<'source>() -> Environment<'source> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Chainable);
    // It would write everything that a template can see into a text.
    environment.remove_global("debug");
    filters::add(&mut environment);
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment
}

/// Whether the language has something of this name by itself, such as `range`. Where nothing else has it, the name means that.
pub fn is_own_name(name: &str) -> bool {
    language().globals().any(|(own, _)| own == name)
}

/// An expression over an answer, such as `body.data.id`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression(String);

impl Expression {
    /// Checks that it parses and uses nothing but `names`.
    ///
    /// # Errors
    /// What is wrong with it; it quotes names only.
    pub fn read(source: String, names: &[&str]) -> Result<Self, InvalidTemplate> {
        let environment = language();
        let expression = environment.compile_expression(&source).map_err(|error| syntax(&error))?;
        declared(&environment, expression.undeclared_variables(false), names)?;
        known(expression.eval(Scope::new()).err())?;
        Ok(Self(source))
    }

    /// Its value; undefined where it cannot be computed for this answer.
    #[must_use]
    pub fn value(&self, scope: &Scope) -> Jinja {
        let environment = language();
        let value = environment.compile_expression(&self.0).and_then(|expression| expression.eval(scope.clone()));
        value.unwrap_or_else(|error| {
            // The definition's own text and the kind of the failure: no value of an answer.
            tracing::debug!(expression = self.0, why = describe(error.kind()), "an expression has no value");
            Jinja::UNDEFINED
        })
    }

    /// Whether it holds.
    #[must_use]
    pub fn holds(&self, scope: &Scope) -> bool {
        self.value(scope).is_true()
    }

    /// Whether it uses this name.
    #[must_use]
    pub fn uses(&self, name: &str) -> bool {
        let environment = language();
        let used = environment.compile_expression(&self.0).map(|expression| expression.undeclared_variables(false));
        used.is_ok_and(|used| used.contains(name))
    }

    /// Its value as a text: a number as its digits; nothing, empty and composite values are `None`.
    #[must_use]
    pub fn text(&self, scope: &Scope) -> Option<String> {
        let value = self.value(scope);
        let plain = value.as_str().is_some() || value.is_number();
        plain.then(|| value.to_string()).filter(|text| !text.is_empty())
    }
}

/// A text with `{{ … }}` in it. Where it is nothing but one expression, the value keeps its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Template {
    /// One expression.
    Whole(String),
    /// Text around any number of expressions.
    Mixed(String),
}

impl Template {
    /// Checks that it parses and uses nothing but `names`.
    ///
    /// # Errors
    /// What is wrong with it; it quotes names only.
    pub fn read(source: String, names: &[&str]) -> Result<Self, InvalidTemplate> {
        let environment = language();
        let whole = source.trim().strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
        if let Some(expression) = whole.filter(|inner| environment.compile_expression(inner).is_ok()) {
            return Expression::read(expression.trim().to_owned(), names).map(|Expression(inner)| Self::Whole(inner));
        }
        let template = environment.template_from_str(&source).map_err(|error| syntax(&error))?;
        declared(&environment, template.undeclared_variables(false), names)?;
        known(template.render(Scope::new()).err())?;
        Ok(Self::Mixed(source))
    }

    /// Its value; undefined where the one expression is.
    ///
    /// # Errors
    /// When its values do not fit it.
    pub fn value(&self, scope: &Scope) -> Result<Jinja, TemplateFailed> {
        let environment = language();
        let value = match self {
            Self::Whole(source) => environment.compile_expression(source).and_then(|whole| whole.eval(scope.clone())),
            Self::Mixed(source) => environment.render_str(source, scope.clone()).map(Jinja::from),
        };
        value.map_err(|error| {
            let (Self::Whole(template) | Self::Mixed(template)) = self;
            tracing::debug!(template, why = describe(error.kind()), "a template failed");
            TemplateFailed(describe(error.kind()))
        })
    }

    /// Whether it uses this name.
    #[must_use]
    pub fn uses(&self, name: &str) -> bool {
        let environment = language();
        let used = match self {
            Self::Whole(source) => {
                environment.compile_expression(source).map(|whole| whole.undeclared_variables(false))
            }
            Self::Mixed(source) => {
                environment.template_from_str(source).map(|template| template.undeclared_variables(false))
            }
        };
        used.is_ok_and(|used| used.contains(name))
    }

    /// Its value as a text; `None` where it is undefined or none.
    ///
    /// # Errors
    /// When its values do not fit it.
    pub fn text(&self, scope: &Scope) -> Result<Option<String>, TemplateFailed> {
        let value = self.value(scope)?;
        match value.kind() {
            ValueKind::Undefined | ValueKind::None => Ok(None),
            ValueKind::Bytes => Err(TemplateFailed(BYTES)),
            _ => Ok(Some(value.to_string())),
        }
    }
}

/// A tree of JSON whose texts are templates.
#[derive(Debug, Clone, PartialEq)]
pub enum Tree {
    /// A number or a truth value, as it is written.
    Fixed(Value),
    /// A template.
    Leaf(Template),
    /// A list.
    List(Vec<Tree>),
    /// A table, in the order of the definition.
    Table(Vec<(String, Tree)>),
}

impl Tree {
    /// Whether it uses this name anywhere.
    #[must_use]
    pub fn uses(&self, name: &str) -> bool {
        match self {
            Self::Fixed(_) => false,
            Self::Leaf(template) => template.uses(name),
            Self::List(items) => items.iter().any(|item| item.uses(name)),
            Self::Table(fields) => fields.iter().any(|(_, tree)| tree.uses(name)),
        }
    }

    /// The JSON. A leaf without a value is left out, and so is a list or table that lost all that it had.
    ///
    /// # Errors
    /// When the values of a template do not fit it.
    pub fn render(&self, scope: &Scope) -> Result<Option<Value>, TemplateFailed> {
        match self {
            Self::Fixed(value) => Ok(Some(value.clone())),
            Self::Leaf(template) => {
                let value = template.value(scope)?;
                if value.is_undefined() || value.is_none() {
                    return Ok(None);
                }
                if value.kind() == ValueKind::Bytes {
                    return Err(TemplateFailed(BYTES));
                }
                serde_json::to_value(&value).map(Some).map_err(|_| TemplateFailed("its value is not JSON"))
            }
            Self::List(items) => {
                let rendered: Result<Vec<_>, _> =
                    items.iter().filter_map(|item| item.render(scope).transpose()).collect();
                let rendered = rendered?;
                Ok((items.is_empty() || !rendered.is_empty()).then_some(Value::Array(rendered)))
            }
            Self::Table(fields) => {
                let field = |(key, tree): &(String, Self)| Some((key.clone(), tree.render(scope).transpose()?));
                let rendered = fields.iter().filter_map(field).map(|(key, value)| Ok((key, value?)));
                let rendered = rendered.collect::<Result<Map<_, _>, TemplateFailed>>()?;
                Ok((fields.is_empty() || !rendered.is_empty()).then_some(Value::Object(rendered)))
            }
        }
    }
}

fn syntax(error: &minijinja::Error) -> InvalidTemplate {
    InvalidTemplate::Syntax(error.detail().map_or_else(|| error.kind().to_string(), str::to_owned))
}

fn describe(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::InvalidOperation => "an operation that its values do not support",
        ErrorKind::MissingArgument | ErrorKind::TooManyArguments => "a call with the wrong arguments",
        ErrorKind::UnknownFilter | ErrorKind::UnknownTest => "an unknown filter or test",
        ErrorKind::UnknownFunction | ErrorKind::UnknownMethod => "an unknown function or method",
        _ => "it has no value",
    }
}

/// Names that are neither declared nor the language's own (`dict`, `range` …).
fn declared(environment: &Environment<'_>, used: HashSet<String>, names: &[&str]) -> Result<(), InvalidTemplate> {
    let mut unknown: Vec<String> = used
        .into_iter()
        .filter(|name| !names.contains(&name.as_str()))
        .filter(|name| !environment.globals().any(|(own, _)| own == name))
        .collect();
    unknown.sort();
    match unknown.into_iter().next() {
        Some(name) => {
            let near = nearest(&name, names.iter().copied()).map(str::to_owned);
            Err(InvalidTemplate::Undeclared(name, near))
        }
        None => Ok(()),
    }
}

/// The parser takes unknown filters, tests and functions, so the first run finds them; that a value is missing in
/// that run says nothing.
fn known(error: Option<minijinja::Error>) -> Result<(), InvalidTemplate> {
    match error {
        Some(error)
            if matches!(
                error.kind(),
                ErrorKind::UnknownFilter | ErrorKind::UnknownTest | ErrorKind::UnknownFunction
            ) =>
        {
            Err(syntax(&error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_expression_keeps_its_type_and_text_around_it_makes_a_text() {
        let scope = Scope::from([("n".to_owned(), Jinja::from(5)), ("s".to_owned(), Jinja::from("x"))]);
        for (source, expected) in [
            ("{{ n }}", serde_json::json!(5)),
            ("{{n}} ", serde_json::json!(5)),
            ("n={{ n }}", serde_json::json!("n=5")),
            ("{{ n }}{{ s }}", serde_json::json!("5x")),
            ("{{ dict(a=n) }}", serde_json::json!({"a": 5})),
            ("{{ {'a': {'b': n}} }}", serde_json::json!({"a": {"b": 5}})),
            ("plain", serde_json::json!("plain")),
            ("<{{ '<' }}", serde_json::json!("<<")),
        ] {
            let template = Template::read(source.to_owned(), &["n", "s"]).unwrap();
            assert_eq!(Tree::Leaf(template).render(&scope).unwrap(), Some(expected), "{source}");
        }
    }

    #[test]
    fn a_name_that_has_no_value_is_never_a_function() {
        let functions: Vec<String> = language().globals().map(|(name, _)| name.to_owned()).collect();
        assert!(functions.iter().all(|name| is_own_name(name)) && !functions.is_empty(), "{functions:?}");
        for name in ["debug", "cycler", "joiner", "lipsum"] {
            assert!(!is_own_name(name), "{name}");
            let template = Template::read(format!("{{{{ {name} }}}}"), &[name]).unwrap();
            assert_eq!(Tree::Leaf(template).render(&Scope::new()).unwrap(), None, "{name}");
        }
    }

    #[test]
    fn what_lost_all_its_fields_is_left_out() {
        let leaf = || Tree::Leaf(Template::read("{{ gone }}".to_owned(), &["gone"]).unwrap());
        let tree = Tree::Table(vec![
            ("kept".to_owned(), Tree::Table(Vec::new())),
            (
                "lost".to_owned(),
                Tree::Table(vec![("a".to_owned(), leaf()), ("b".to_owned(), Tree::List(vec![leaf()]))]),
            ),
        ]);
        assert_eq!(tree.render(&Scope::new()).unwrap(), Some(serde_json::json!({"kept": {}})));
    }

    #[test]
    fn a_missing_path_is_undefined_and_a_false_one_does_not_hold() {
        let scope = Scope::from([("body".to_owned(), Jinja::from("no JSON"))]);
        let read = |source: &str| Expression::read(source.to_owned(), &["body"]).unwrap();
        assert_eq!(read("body.a.b[0].c").text(&scope), None);
        assert!(!read("body.a == 1 and body.b").holds(&scope));
        assert!(!read("body.a > 1").holds(&scope));
    }

    #[test]
    fn an_unknown_filter_is_found_when_it_is_read() {
        let fault = Expression::read("body | frist".to_owned(), &["body"]).unwrap_err();
        assert!(matches!(&fault, InvalidTemplate::Syntax(why) if why.contains("frist")), "{fault:?}");
    }
}
