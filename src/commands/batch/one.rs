//! One line of a batch, from its turn to its end.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use super::checkpoint::{Before, Checkpoint};
use super::each::Each;
use super::line::{Column, Line};
use super::records::Record;
use crate::app::App;
use crate::commands::CommandResult;
use crate::commands::line::reason;
use crate::commands::target::{Target, TargetArg};
use crate::error::{Completion, Error, Exit};
use crate::operations::OperationError;
use crate::otp::rules::{REQUEST_KEPT, SendRule};
use crate::otp::{Hint, UserId};

/// So much earlier than it is forgotten, an idempotency key is not relied on any more.
const MARGIN: Duration = Duration::from_secs(3600);

/// What all lines of a batch share.
pub(super) struct Shared<'a> {
    pub(super) each: &'a dyn Each,
    pub(super) checkpoint: Option<Checkpoint>,
    /// No more lines are begun.
    pub(super) closing: Cell<bool>,
}

/// What is known of a line that is under way.
#[derive(Clone)]
pub(super) struct Begun {
    pub(super) name: String,
    pub(super) digest: u64,
    pub(super) app: Rc<App>,
    /// It had its turn, and may have an effect.
    pub(super) is_begun: Rc<Cell<bool>>,
}

/// How a line ended.
pub(super) struct Ended {
    pub(super) number: u64,
    pub(super) name: String,
    pub(super) outcome: Outcome,
}

pub(super) enum Outcome {
    Result(CommandResult),
    /// The batch was stopped before its turn.
    NotTried,
    /// The checkpoint did not take it, so it was not begun.
    NotNoted(Error),
}

impl Begun {
    pub(super) fn new(app: &App, record: &Record) -> Self {
        let own = record.line.as_ref().ok().and_then(|line| line.text(Column::Reason)).map(str::to_owned);
        let app = Rc::new(app.for_line(own));
        Self { name: record.name.clone(), digest: record.digest, app, is_begun: Rc::default() }
    }
}

/// Does what is to be done with a line.
pub(super) async fn run(shared: Rc<Shared<'_>>, begun: Begun, record: Record) -> Ended {
    let (number, name) = (record.number, record.name.clone());
    let outcome = match record.line {
        Err(error) => Outcome::Result(Err(error)),
        Ok(line) => done(&shared, &begun, number, line).await,
    };
    Ended { number, name, outcome }
}

async fn done(shared: &Shared<'_>, begun: &Begun, number: u64, mut line: Line) -> Outcome {
    let app = &*begun.app;
    if let Err(error) = line.read(Column::Reason, reason) {
        return Outcome::Result(Err(error));
    }
    // Whoever is named by something else than a number is looked for first, in the order of the lines.
    let named = match names(shared, &line) {
        Some(name) => Some(app.turns.turn(name).await),
        None => None,
    };
    if shared.closing.get() {
        return Outcome::NotTried;
    }
    let before = shared.checkpoint.as_ref().map_or(Before::Nothing, |known| known.before(number));
    if let Some(checkpoint) = &shared.checkpoint
        && shared.each.sends()
    {
        line.own_key = Some(checkpoint.key(number));
    }
    if let Before::UnderWay(at) = before {
        let is_known = app.now().since(at) + MARGIN < REQUEST_KEPT;
        if !shared.each.sends() || !is_known {
            return Outcome::Result(Err(in_doubt(shared, &line)));
        }
    }
    let target = match target(app, &line).await {
        Ok(target) => target,
        Err(error) => return Outcome::Result(Err(error)),
    };
    let _phone = app.turns.turn(target.phone.as_str().to_owned()).await;
    if shared.closing.get() {
        return Outcome::NotTried;
    }
    if let Some(checkpoint) = &shared.checkpoint
        && let Err(error) = checkpoint.begin(number, begun.digest, app.now()).await
    {
        return Outcome::NotNoted(error);
    }
    begun.is_begun.set(true);
    let result = shared.each.each(app, &target, &line).await;
    drop(named);
    Outcome::Result(match result {
        Err(error) if before != Before::Nothing && is_under_way(&error) => Err(in_doubt(shared, &line)),
        result => result.map_err(|error| error.knowing(&app.progress.of_line())),
    })
}

/// The user that a line is about, or the text that leads to its phone.
fn names(shared: &Shared<'_>, line: &Line) -> Option<String> {
    match line.text(Column::User) {
        Some(user) if !shared.each.columns().may_be_a_user() => Some(format!("user:{user}")),
        _ => line.target.starts_with("user:").then(|| line.target.clone()),
    }
}

async fn target(app: &App, line: &Line) -> Result<Target, Error> {
    line.target.parse::<TargetArg>()?.resolve(app).await
}

/// Whether the send of a run that was killed is still taken for one that is under way.
fn is_under_way(error: &Error) -> bool {
    matches!(error.source.downcast_ref(), Some(OperationError::Limited { rule: SendRule::UnderWay, .. }))
}

/// A line that was under way when the batch was killed.
fn in_doubt(shared: &Shared<'_>, line: &Line) -> Error {
    let sends = shared.each.sends();
    let (exit, may) = if sends { (Exit::ProviderUnknown, "sent") } else { (Exit::StoreUnknown, "made") };
    let what = if sends { "the message" } else { "the change" };
    let why =
        format!("{}: this line was under way when the batch was stopped; {what} may have been {may}", line.target);
    let argument = match line.text(Column::User).map(UserId::new) {
        Some(Ok(user)) if line.target.is_empty() => format!("user:{user}"),
        _ => line.target.clone(),
    };
    Error { outcome: Completion::Unknown, ..Error::said(exit, why).hint(Hint::run(&["inspect"]).arg(argument)) }
}
