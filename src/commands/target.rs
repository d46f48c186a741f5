//! What stands for a phone: a number in any spelling, `user:ID`, or an id. It is parsed once, before anything is opened,
//! and then resolved once, which may ask the store.

use std::str::FromStr;

use tokio::io::AsyncReadExt as _;

use crate::app::App;
use crate::error::{Error, Exit};
use crate::operations::OperationError;
use crate::otp::reference::{self, MalformedReference, Reference};
use crate::otp::{Hint, Moment, NameError, Phone, Purpose, UserId};
use crate::output::{Format, clock, when};

/// What was typed for a phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TargetArg {
    /// A number in any spelling. The file says to which country a national one belongs.
    Number(String),
    /// `user:ID`.
    User(UserId),
    /// `ch_…` or `ph_…`.
    Reference(String),
}

/// It is none of these.
#[derive(Debug, thiserror::Error)]
pub(super) enum TargetError {
    #[error(transparent)]
    User(#[from] NameError),
    #[error(transparent)]
    Reference(#[from] MalformedReference),
}

/// What was named, where the line must name one.
pub(super) fn required(target: Option<&TargetArg>) -> Result<&TargetArg, Error> {
    target.ok_or_else(|| Error::said(Exit::Usage, "no phone was named"))
}

impl FromStr for TargetArg {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        if let Some(id) = text.strip_prefix("user:") {
            return Ok(Self::User(UserId::new(id)?));
        }
        Ok(if reference::is_reference(text)? {
            Self::Reference(text.to_owned())
        } else {
            Self::Number(text.to_owned())
        })
    }
}

impl std::fmt::Display for TargetArg {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::User(user) => write!(f, "user:{user}"),
            Self::Number(text) | Self::Reference(text) => f.write_str(text),
        }
    }
}

impl From<TargetError> for Error {
    fn from(error: TargetError) -> Self {
        Self::new(Exit::Usage, error)
    }
}

/// What was typed, with its number read.
pub(super) enum ParsedTarget<'a> {
    Phone(Phone),
    User(&'a UserId),
    Reference(&'a str),
}

impl TargetArg {
    /// Reads the number, which needs the file and no store.
    ///
    /// # Errors
    /// When it is no valid number.
    pub(super) fn parsed(&self, app: &App) -> Result<ParsedTarget<'_>, Error> {
        Ok(match self {
            Self::Number(text) => {
                let parsed = phone(app, text).map_err(|error| meant_user(app, text, error));
                ParsedTarget::Phone(parsed?)
            }
            Self::User(user) => ParsedTarget::User(user),
            Self::Reference(text) => ParsedTarget::Reference(text),
        })
    }

    /// The phone that is meant.
    ///
    /// # Errors
    /// When it is no valid number, or leads to no phone, or to more than one.
    pub(super) async fn resolve(&self, app: &App) -> Result<Target, Error> {
        self.parsed(app)?.resolve(app).await
    }

    /// As [`Self::resolve`], where one code of a phone is not meant.
    ///
    /// # Errors
    /// As [`Self::resolve`], and for a `ch_…` id.
    pub(super) async fn resolve_phone(&self, app: &App) -> Result<Target, Error> {
        self.parsed(app)?.resolve_phone(app).await
    }
}

impl ParsedTarget<'_> {
    /// As [`TargetArg::resolve`].
    ///
    /// # Errors
    /// As there.
    pub(super) async fn resolve(self, app: &App) -> Result<Target, Error> {
        let text = match self {
            Self::Phone(phone) => return Ok(Target { typed: true, ..Target::of(phone) }),
            Self::User(user) => return of_user(app, user).await,
            Self::Reference(text) => text,
        };
        let opened = reference::open(app.peppers().await?, text).map_err(|error| Error::new(Exit::NotFound, error))?;
        let of = |number: &str| Ok::<_, Error>(Target::of(Phone::parse(number, None)?));
        Ok(match opened {
            Reference::Challenge { phone, id, made } => Target { challenge: Some(id), made, ..of(&phone)? },
            Reference::Phone(phone) => Target { reference: Some(text.to_owned()), ..of(&phone)? },
        })
    }

    /// As [`TargetArg::resolve_phone`].
    ///
    /// # Errors
    /// As there.
    pub(super) async fn resolve_phone(self, app: &App) -> Result<Target, Error> {
        let target = self.resolve(app).await?;
        target.is_a_phone(app).await?;
        Ok(target)
    }
}

/// A phone, and how the caller came to it.
#[derive(Debug, Clone)]
pub(super) struct Target {
    /// The phone.
    pub(super) phone: Phone,
    /// The caller typed the number, so it may be shown.
    pub(super) typed: bool,
    /// The user that was named instead.
    pub(super) user: Option<UserId>,
    /// The challenge that was named instead.
    pub(super) challenge: Option<String>,
    /// When that was made, by its id.
    pub(super) made: Option<Moment>,
    /// The `ph_…` reference that was named instead.
    pub(super) reference: Option<String>,
}

impl Target {
    /// A phone that nobody typed.
    fn of(phone: Phone) -> Self {
        Self { phone, typed: false, user: None, challenge: None, made: None, reference: None }
    }

    /// The number as it may be shown.
    pub(super) fn shown(&self, app: &App) -> String {
        app.display(&self.phone, self.typed)
    }

    /// Puts the number before what went wrong with it.
    pub(super) fn failed(&self, app: &App, error: impl Into<Error>) -> Error {
        let mut error = error.into();
        let now = app.now();
        let on_screen = |failed: &OperationError| failed.on_screen(&|at| when(at, now), &|at| clock(at, now));
        if app.printer.format == Format::Human
            && let Some(words) = error.source.downcast_ref().and_then(on_screen)
        {
            error.source = anyhow::Error::msg(words);
        }
        error.source = error.source.context(self.shown(app));
        if error.hint.is_none() && matches!(error.exit, Exit::RateLimited | Exit::Locked | Exit::StoreUnknown) {
            error.hint = Some(self.hint("inspect"));
        }
        error.hint = error.hint.map(|hint| hint.fill("PHONE", &self.argument()));
        error
    }

    /// Refuses a challenge where a whole phone is meant.
    ///
    /// # Errors
    /// For a `ch_…` id.
    pub(super) async fn is_a_phone(&self, app: &App) -> Result<(), Error> {
        if self.challenge.is_none() {
            return Ok(());
        }
        let hint = app.reference(&self.phone).await;
        let hint = hint.map(|reference| Hint::words(format!("its phone is {reference}")));
        Err(Error { hint, ..Error::said(Exit::Usage, "a `ch_…` id names one code; this command needs a phone") })
    }

    /// The user that is meant: the one that led here, or the one that an option names.
    ///
    /// # Errors
    /// When they are two.
    pub(super) fn user<'a>(&'a self, named: Option<&'a UserId>) -> Result<Option<&'a UserId>, Error> {
        match (&self.user, named) {
            (Some(user), Some(named)) if user != named => {
                let why = format!("user:{user} and --user {named} name two users");
                Err(Error::said(Exit::Usage, why).hint("name one of them"))
            }
            (own, named) => Ok(named.or(own.as_ref())),
        }
    }

    /// What to type for it again.
    pub(super) fn argument(&self) -> String {
        match (&self.user, &self.challenge, &self.reference) {
            (Some(user), ..) => format!("user:{user}"),
            (_, Some(named), _) | (.., Some(named)) => named.clone(),
            _ => self.phone.as_str().to_owned(),
        }
    }

    /// A command on it.
    pub(super) fn hint(&self, command: &str) -> Hint {
        Hint::run(&[command]).arg(self.argument())
    }

    /// A command on it and its purpose, which is named where it is not the usual one.
    pub(super) fn hint_for(&self, command: &str, purpose: &Purpose) -> Hint {
        let hint = self.hint(command);
        if *purpose == Purpose::default() { hint } else { hint.option("--purpose", purpose.as_str()) }
    }
}

/// Reads a number in any spelling.
///
/// # Errors
/// When it is no valid number.
pub(super) fn phone(app: &App, text: &str) -> Result<Phone, Error> {
    Ok(Phone::parse(text, app.settings()?.region)?)
}

/// Tells whoever typed a user's id alone how a user is named.
fn meant_user(app: &App, text: &str, error: Error) -> Error {
    let is_id = text.starts_with(char::is_alphabetic) && UserId::new(text).is_ok();
    // Elsewhere the user has a place of its own.
    let takes_user = ["send", "issue", "verify", "deliver", "outcome", "inspect", "revoke", "unlock", "wait"]
        .contains(&app.globals.command);
    if is_id && takes_user { error.hint(Hint::run(&[app.globals.command]).arg(format!("user:{text}"))) } else { error }
}

async fn of_user(app: &App, user: &UserId) -> Result<Target, Error> {
    let operations = app.operations().await?;
    let (links, mut unread) = operations.readable_phones_of(user).await?;
    let mut phones: Vec<Phone> =
        links.iter().map(|(phone, _)| phone).chain(unread.iter().map(|one| &one.phone)).cloned().collect();
    if phones.is_empty() {
        phones = operations.directory_phones_of(user).await?;
    }
    // Which of them is meant is not guessed, and not known where it cannot be read whose one of them is.
    let refused = if phones.len() > 1 && unread.is_empty() || links.len() > 1 {
        Some(Error::said(Exit::Conflict, format!("the user `{user}` has several phones")).hint("name one of them"))
    } else {
        unread.pop().map(|one| Error::from(one.error))
    };
    if let Some(mut error) = refused {
        for phone in &phones {
            let reference = app.reference(phone).await.unwrap_or_default();
            error.details.candidates.push(format!("{} {reference}", app.display(phone, false)));
        }
        return Err(error);
    }
    match phones.pop() {
        Some(phone) => Ok(Target { user: Some(user.clone()), ..Target::of(phone) }),
        None => Err(Error::said(Exit::NotFound, format!("the user `{user}` has no phone"))
            .hint(Hint::run(&["user", "link"]).arg(user.as_str()).arg("PHONE"))),
    }
}

/// Reads standard input up to a limit: what is longer is not what was asked for.
///
/// # Errors
/// When it is longer, is not text, or cannot be read.
pub(super) async fn standard_input(app: &App, most: u64) -> Result<String, Error> {
    let mut text = Vec::new();
    let mut input = tokio::io::stdin().take(most + 1);
    let read = app.progress.waiting_for("stdin", input.read_to_end(&mut text)).await;
    read.map_err(|error| Error::new(Exit::Usage, error))?;
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > most {
        return Err(Error::said(Exit::Usage, format!("stdin is longer than {most} bytes")));
    }
    String::from_utf8(text).map_err(|_| Error::said(Exit::Usage, "stdin is not UTF-8 text"))
}
