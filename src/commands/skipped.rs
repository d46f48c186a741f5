//! What was skipped among many: each is named, so that it can be handled alone, and stops none of the others.

use serde::Serialize;

use crate::app::App;
use crate::error::{Error, Exit};
use crate::otp::schema::Described;
use crate::otp::{Hint, Phone, UserId};
use crate::output::{Lines, lines_of, plural};

/// So many are told one by one to a person.
pub(super) const TOLD: usize = 20;

/// One that could not be done.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Skipped {
    phone: Option<String>,
    /// Accepted wherever a phone is.
    #[serde(rename = "ref")]
    reference: Option<String>,
    user: Option<UserId>,
    code: &'static str,
    exit: u8,
    message: String,
}

impl Skipped {
    fn new(error: &Error) -> Self {
        let (code, exit, message) = (error.exit.name(), error.exit.number(), error.message());
        Self { phone: None, reference: None, user: None, code, exit, message }
    }

    /// A phone that nobody typed.
    pub(super) async fn phone(app: &App, phone: &Phone, error: impl Into<Error>) -> Self {
        Self::phone_of(app, phone, &error.into()).await
    }

    /// As [`Self::phone`], where the error is needed for more.
    pub(super) async fn phone_of(app: &App, phone: &Phone, error: &Error) -> Self {
        let shown = Some(app.display(phone, false));
        Self { phone: shown, reference: app.reference(phone).await, ..Self::new(error) }
    }

    /// Whether it is the store that failed, and not one record.
    pub(super) fn is_of_store(&self) -> bool {
        (Exit::StoreUnreachable.number()..=Exit::StoreUnknown.number()).contains(&self.exit)
    }

    /// A user.
    pub(super) fn user(user: UserId, error: impl Into<Error>) -> Self {
        Self { user: Some(user), ..Self::new(&error.into()) }
    }

    /// A part of the store, such as a node of a Cluster: what it holds is not known.
    pub(super) fn part(error: impl Into<Error>) -> Self {
        Self::new(&error.into())
    }

    /// What was typed for it.
    pub(super) fn typed(typed: String, error: &Error) -> Self {
        Self { phone: Some(typed), ..Self::new(error) }
    }

    /// What stderr says of it.
    pub(super) fn sentence(&self) -> String {
        let name = match (&self.user, &self.reference, &self.phone) {
            (Some(user), ..) => format!("user:{user}"),
            (_, Some(reference), _) => reference.clone(),
            (.., Some(phone)) => phone.clone(),
            (.., None) => "a part of the store".to_owned(),
        };
        format!("skipped {name}: {}", self.message)
    }
}

/// How a list with them ends.
pub(super) fn exit(skipped: &[Skipped]) -> Exit {
    if skipped.is_empty() { Exit::Ok } else { Exit::Partial }
}

/// The lines of a list: its rows, and what was skipped.
pub(super) fn lines<T: Serialize + Described>(schema: &str, rows: &[T], skipped: &[Skipped]) -> Lines {
    let mut lines = lines_of(schema, rows)?;
    lines.extend(lines_of("otpctl.skipped/1", skipped)?);
    Ok(lines)
}

/// What to do after one page of a list: about what was skipped, and to go on.
pub(super) fn hints(skipped: &[Skipped], again: &Hint, next_cursor: Option<&String>) -> Vec<Hint> {
    let next = next_cursor.map(|cursor| again.clone().option("--cursor", cursor));
    hint(skipped).into_iter().chain(next).collect()
}

/// What to do about them.
pub(super) fn hint(skipped: &[Skipped]) -> Option<Hint> {
    let command = if skipped.iter().any(|one| one.exit == Exit::StoreUnreachable.number()) {
        &["doctor"][..]
    } else {
        &["store", "check"]
    };
    (!skipped.is_empty()).then(|| Hint::run(command))
}

/// What stderr says of them.
pub(super) fn warnings(skipped: &[Skipped]) -> Vec<String> {
    let warnings = skipped.iter().take(TOLD).map(Skipped::sentence);
    warnings.chain(left_untold(skipped.len())).collect()
}

/// That there are more than are told one by one.
pub(super) fn left_untold(skipped: usize) -> Vec<String> {
    let more = skipped.saturating_sub(TOLD);
    let told = (more > 0).then(|| format!("{} skipped", plural(more, "more was", "more were")));
    told.into_iter().collect()
}

crate::otp::schema::documents! { "otpctl.skipped/1" => Skipped }
