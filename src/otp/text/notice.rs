//! The text that tells the holder of a phone that a mapping changed. It never holds a code, nor anybody's id or number.

use std::collections::BTreeMap;

use minijinja::{Environment, Value};

use super::template::{TemplateError, environment, filled, no_controls};

/// The variables of the template.
const VARIABLES: [&str; 2] = ["app", "change"];

/// What changed for the holder of the phone that is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PhoneChange {
    /// The user got another phone more.
    Linked,
    /// The user was moved to another phone.
    Moved,
    /// The phone is not the user's any more.
    Unlinked,
}

impl PhoneChange {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Linked, Self::Moved, Self::Unlinked];

    /// The word for it in templates and documents.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Linked => "linked",
            Self::Moved => "moved",
            Self::Unlinked => "unlinked",
        }
    }
}

/// A template that was read, and filled in once for each change.
#[derive(Debug)]
pub struct NoticeTemplate {
    environment: Environment<'static>,
}

impl NoticeTemplate {
    /// Reads it.
    ///
    /// # Errors
    /// When it does not parse, uses what it is not given, or says nothing.
    pub fn new(source: &str) -> Result<Self, TemplateError> {
        let template = Self { environment: environment(source, &VARIABLES)? };
        for change in PhoneChange::ALL {
            template.render("App", change)?;
        }
        Ok(template)
    }

    /// The text.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn render(&self, app: &str, change: PhoneChange) -> Result<String, TemplateError> {
        let values = BTreeMap::from([("app", Value::from(app)), ("change", Value::from(change.as_str()))]);
        let text = filled(&self.environment, values)?.trim().to_owned();
        no_controls(&text)?;
        if text.is_empty() { Err(TemplateError::Empty) } else { Ok(text) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_says_what_changed_and_has_no_code() {
        let source = "{{ app }}: {{ 'your number was replaced' if change == 'moved' else 'your numbers changed' }}.\n";
        let template = NoticeTemplate::new(source).unwrap();
        assert_eq!(template.render("Shop", PhoneChange::Moved).unwrap(), "Shop: your number was replaced.");
        assert_eq!(template.render("Shop", PhoneChange::Linked).unwrap(), "Shop: your numbers changed.");
        for (source, wrong) in [
            ("{{ code }} of {{ app }}", "`code`, which is not one of app, change"),
            ("{{ ap }}", "did you mean `app`?"),
            ("{{ app", "does not parse"),
            ("  {# nothing #} ", "says nothing"),
            ("{{ app }} if {% if change == 'moved' %}\t{% endif %}.", "control character"),
        ] {
            let error = NoticeTemplate::new(source).unwrap_err().to_string();
            assert!(error.contains(wrong), "{source}: {error}");
        }
    }
}
