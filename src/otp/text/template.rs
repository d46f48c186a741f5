//! The template of a message: checked when it is loaded, filled in when a code is sent.

use std::collections::BTreeMap;

use minijinja::{Environment, UndefinedBehavior, Value};
use zeroize::Zeroizing;

use super::origin;
use crate::otp::suggest::{nearest, suggested};

/// The variables of a template, besides what the template sets itself.
const VARIABLES: [&str; 5] = ["code", "app", "ttl_minutes", "purpose", "lang"];

/// Stands for the code while the template is rendered, so that the template engine never holds a code: private-use
/// characters, which no text has, around letters of both cases, which a filter on the code would change.
const STAND_IN: &str = "\u{F8F0}cOdE\u{F8F1}";

/// The name of the one template; without an extension, so that nothing would be escaped for HTML.
const NAME: &str = "message";

/// What a template is filled with.
#[derive(Clone, Copy)]
pub struct Vars<'a> {
    /// The code as it is typed.
    pub code: &'a str,
    /// The name of the application.
    pub app: &'a str,
    /// The lifetime of the code in whole minutes.
    pub ttl_minutes: u64,
    /// What the code is for.
    pub purpose: &'a str,
    /// The language that was asked for.
    pub lang: Option<&'a str>,
}

/// A checked template.
#[derive(Debug)]
pub struct MessageTemplate {
    environment: Environment<'static>,
    host: Option<String>,
}

/// Why a template makes no message. No variant ever holds a code: the engine is never given one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// It does not parse.
    #[error("the template does not parse{}: {detail}", in_line(*.line))]
    Syntax {
        /// Counted from 1.
        line: Option<usize>,
        /// What the engine says.
        detail: String,
    },
    /// It uses a name that is not a variable.
    #[error("the template uses `{name}`, which is not one of {}{}", known.join(", "), suggested(*.suggestion))]
    Unknown {
        name: String,
        /// Its variables.
        known: &'static [&'static str],
        /// The variable that is spelled nearly so.
        suggestion: Option<&'static str>,
    },
    /// Without the code, or with it twice.
    #[error("the template must hold the code exactly once and unchanged, as {{{{ code }}}}; it holds it {0} times")]
    Code(usize),
    /// Of a text without a code.
    #[error("the text says nothing")]
    Empty,
    /// People would read the neighboring digit as part of the code.
    #[error("the template puts a digit right next to the code")]
    Glued,
    /// A tab, a carriage return, an escape.
    #[error("the message would have the control character U+{:04X}; only line feeds are allowed", u32::from(*.0))]
    Control(char),
    /// The engine stops, for instance at an operation on something undefined.
    #[error("the template cannot be filled in{}: {detail}", in_line(*.line))]
    Render {
        /// Counted from 1.
        line: Option<usize>,
        /// What the engine says.
        detail: String,
    },
    /// A variable as DLT writes it: our engine would take it for a comment, and drop it.
    #[error(
        "`{0}` is a variable of a DLT template; write {{{{ code }}}} for the code, and register the text with the tag"
    )]
    Dlt(String),
    /// The host that codes are bound to is no DNS name.
    #[error("the host that codes are bound to is a DNS name such as example.com, without scheme, port or path")]
    Host,
}

/// A variable as templates of India's DLT have it, such as `{#var#}` or, since 2026, `{#numeric#}`.
fn dlt_tag(source: &str) -> Option<&str> {
    let begin = source.find("{#")?;
    let tag = source.get(begin..begin + 2 + source.get(begin + 2..)?.find("#}")? + 2)?;
    let name = tag.trim_start_matches("{#").trim_end_matches("#}");
    (!name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric())).then_some(tag)
}

fn in_line(line: Option<usize>) -> String {
    line.map(|line| format!(" (line {line})")).unwrap_or_default()
}

impl MessageTemplate {
    /// Reads a template and renders it once. With a `host`, messages end with the line that binds the code to it
    /// (<https://wicg.github.io/sms-one-time-codes/>); the template itself then says the code once, for people.
    /// White space at its end is dropped.
    ///
    /// # Errors
    /// When it does not parse, uses what it is not given, or does not hold the code exactly once.
    pub fn new(source: &str, host: Option<&str>) -> Result<Self, TemplateError> {
        if host.is_some_and(|host| !origin::is_host(host)) {
            return Err(TemplateError::Host);
        }
        if let Some(tag) = dlt_tag(source) {
            return Err(TemplateError::Dlt(tag.to_owned()));
        }
        let environment = environment(source, &VARIABLES)?;
        // An origin's host is in lower case (URL standard, "domain to ASCII").
        let template = Self { environment, host: host.map(str::to_ascii_lowercase) };
        template.around_the_code(&Vars { code: "", app: "App", ttl_minutes: 5, purpose: "login", lang: None })?;
        Ok(template)
    }

    /// The message. The code is put in after the engine is done, into the returned text only, which is wiped when
    /// dropped.
    ///
    /// # Errors
    /// When, with these values, a branch is taken that was not tried before and breaks the rules of [`MessageTemplate::new`].
    pub fn render(&self, vars: &Vars<'_>) -> Result<Zeroizing<String>, TemplateError> {
        let (before, after) = self.around_the_code(vars)?;
        let bound = self.host.as_deref().map(|host| ["\n\n@", host, " #", vars.code]);
        let parts = [&*before, vars.code, &*after].into_iter().chain(bound.into_iter().flatten());
        // Of its full size from the start: growing would leave a copy of the code behind.
        let mut text = Zeroizing::new(String::with_capacity(parts.clone().map(str::len).sum()));
        parts.for_each(|part| text.push_str(part));
        Ok(text)
    }

    /// The text before and after the code. What the code is makes no difference to it.
    fn around_the_code(&self, vars: &Vars<'_>) -> Result<(String, String), TemplateError> {
        let values = BTreeMap::from([
            ("code", Value::from(STAND_IN)),
            ("app", Value::from(vars.app)),
            ("ttl_minutes", Value::from(vars.ttl_minutes)),
            ("purpose", Value::from(vars.purpose)),
            ("lang", Value::from(vars.lang)),
        ]);
        let text = filled(&self.environment, values)?;
        let parts: Vec<&str> = text.trim_end().split(STAND_IN).collect();
        let [before, after] = parts[..] else {
            return Err(TemplateError::Code(parts.len() - 1));
        };
        no_controls(&text)?;
        if before.ends_with(|c: char| c.is_ascii_digit()) || after.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(TemplateError::Glued);
        }
        Ok((before.to_owned(), after.to_owned()))
    }
}

/// A template that uses these variables alone, and is read once for all.
pub(super) fn environment(source: &str, known: &'static [&'static str]) -> Result<Environment<'static>, TemplateError> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment
        .add_template_owned(NAME, source.trim_end().to_owned())
        .map_err(|error| TemplateError::Syntax { line: error.line(), detail: said(&error) })?;
    let template = environment.get_template(NAME).map_err(|error| not_rendered(&error))?;
    let unknown = template
        .undeclared_variables(false)
        .into_iter()
        .filter(|name| !known.contains(&&**name))
        .filter(|name| !environment.globals().any(|(global, _)| global == name));
    match unknown.min() {
        Some(name) => {
            let suggestion = nearest(&name, known.iter().copied());
            Err(TemplateError::Unknown { name, known, suggestion })
        }
        None => Ok(environment),
    }
}

/// The text of a template with these values.
pub(super) fn filled(
    environment: &Environment<'_>,
    values: BTreeMap<&'static str, Value>,
) -> Result<String, TemplateError> {
    let template = environment.get_template(NAME).map_err(|error| not_rendered(&error))?;
    template.render(values).map_err(|error| not_rendered(&error))
}

/// Refuses a text that a phone would not show as it is.
pub(super) fn no_controls(text: &str) -> Result<(), TemplateError> {
    text.chars().find(|c| c.is_control() && *c != '\n').map_or(Ok(()), |control| Err(TemplateError::Control(control)))
}

fn not_rendered(error: &minijinja::Error) -> TemplateError {
    TemplateError::Render { line: error.line(), detail: said(error) }
}

/// The engine's sentence without the name of the template, which is ours.
fn said(error: &minijinja::Error) -> String {
    match error.detail() {
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.kind().to_string(),
    }
}

#[cfg(test)]
#[path = "template_tests.rs"]
mod tests;
