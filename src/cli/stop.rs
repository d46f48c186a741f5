//! The message of a command that was stopped: what is known of its effects, and no more.

use std::time::Duration;

use async_trait::async_trait;
use tokio::signal::unix::Signal;
use tokio::time::sleep;

use crate::app::App;
use crate::error::{Completion, Details, Error, Exit, Told};
use crate::operations::{Effect, KnownEffects};
use crate::otp::Hint;
use crate::output::{Stopped, plural};

/// So long the lines of a batch that are under way are waited for when it is stopped.
const PATIENCE: Duration = Duration::from_secs(2);

/// Why a command did not come to its end, and how the process ends then; `None`: as what is known of it says.
pub(super) type Stop = (&'static str, Option<Exit>);

/// The signals that stop a command.
pub(super) struct Signals {
    pub(super) interrupt: Signal,
    pub(super) terminate: Signal,
}

impl Signals {
    /// The next one, and how the process ends for it.
    pub(super) async fn next(&mut self) -> Stop {
        tokio::select! {
            _ = self.interrupt.recv() => ("interrupted", Some(Exit::Interrupted)),
            _ = self.terminate.recv() => ("terminated", Some(Exit::Terminated)),
        }
    }
}

/// A command that was stopped, and that may still have results under way.
pub(super) struct Stopping<'a> {
    app: &'a App,
    pub(super) why: Stop,
    signals: Signals,
    of_one: Box<Told<'a>>,
}

impl<'a> Stopping<'a> {
    pub(super) fn new(app: &'a App, why: Stop, signals: Signals) -> Self {
        // One of many ends as what is known of it says, however the process ends.
        Self { app, why, signals, of_one: Box::new(move |known| cut_short(known, (why.0, None))) }
    }
}

#[async_trait(?Send)]
impl Stopped for Stopping<'_> {
    async fn patience(&mut self) {
        tokio::select! {
            () = sleep(PATIENCE) => {}
            _ = self.signals.next() => {}
        }
    }

    fn of_one(&self) -> &Told<'_> {
        &*self.of_one
    }

    fn of_all(&self) -> Error {
        let error = cut_short(&self.app.progress.known(), self.why);
        self.app.stopped(&error);
        self.app.explained(error)
    }
}

/// What is known of a command that did not come to its end.
pub(super) fn cut_short(known: &KnownEffects, (why, exit): Stop) -> Error {
    let ended = |outcome, usual, words: &str| Error {
        outcome,
        ..Error::said(exit.unwrap_or(usual), if words.is_empty() { why.to_owned() } else { format!("{why}: {words}") })
    };
    let mut error = match (&known.doubt, &known.done) {
        (Some(effect), _) => {
            let (usual, words) = in_doubt(known, effect);
            about(ended(Completion::Unknown, usual, &words), effect)
        }
        (None, _) if known.waits.is_some() => {
            let id = known.waits.clone().unwrap_or_default();
            let details = Details { challenge_id: Some(id.clone()), ..Details::default() };
            ended(Completion::Done, Exit::StoreUnreachable, "the code was sent; only the wait ended")
                .hint(Hint::run(&["wait"]).arg(&id))
                .details(details)
        }
        (None, _) if known.is_part && !known.is_nothing() => {
            ended(Completion::Unknown, Exit::Partial, &format!("{}; the rest was not done", parts(known)))
        }
        (None, Some(effect)) => about(ended(Completion::Done, Exit::StoreUnknown, &done(effect)), effect),
        (None, None) => ended(Completion::NotDone, Exit::StoreUnreachable, ""),
    };
    error.details.idempotency_key.clone_from(&known.idempotency_key);
    error
}

/// What may have been done, and how the process ends unless a signal says otherwise.
fn in_doubt(known: &KnownEffects, effect: &Effect) -> (Exit, String) {
    let unknown = |words: &str| (Exit::StoreUnknown, words.to_owned());
    let (exit, words) = match effect {
        Effect::Message(..) if known.lines_in_doubt > 1 => (Exit::ProviderUnknown, lines_in_doubt(known)),
        _ if known.lines_in_doubt > 1 => unknown(&lines_in_doubt(known)),
        Effect::Message(_, noun) => {
            (Exit::ProviderUnknown, format!("{noun} may have been sent, and the code is valid"))
        }
        Effect::Attempt(_) => unknown("the code may have been used"),
        Effect::Code(_) => unknown("the code may have been stored, but was not sent"),
        Effect::Cancellation(_, noun) => {
            unknown(&format!("{noun} was not sent, and its code may not have been canceled"))
        }
        Effect::Removal => {
            let removed = plural(known.removed, "key was", "keys were");
            return unknown(&format!("{removed} removed, and the next few may have been"));
        }
        Effect::Revocation if known.revoked > 0 => {
            let revoked = plural(known.revoked, "code was", "codes were");
            return unknown(&format!("{revoked} revoked, and more may have been"));
        }
        Effect::Revocation => unknown("codes may have been revoked"),
        Effect::Change => unknown("the change may have been made"),
    };
    let before = if known.lines > 0 { format!("; before it, {}", parts(known)) } else { String::new() };
    (exit, words + &before)
}

/// Each of them is told by its own result.
fn lines_in_doubt(known: &KnownEffects) -> String {
    format!("{} may have been done", plural(known.lines_in_doubt, "line", "lines"))
}

/// What was done, and only its result is missing.
fn done(effect: &Effect) -> String {
    match effect {
        Effect::Message(_, noun) => return format!("{noun} was sent, and the code is valid"),
        Effect::Attempt(_) => "the code was checked, but the answer was not printed",
        Effect::Code(_) | Effect::Cancellation(..) => "the code was stored, but was not sent",
        Effect::Revocation => "the codes were revoked",
        Effect::Removal | Effect::Change => "the change was made",
    }
    .to_owned()
}

/// What to go on with.
fn about(error: Error, effect: &Effect) -> Error {
    match effect {
        Effect::Message(id, _) | Effect::Code(id) | Effect::Cancellation(id, _) => error
            .hint(Hint::run(&["inspect"]).arg(id))
            .details(Details { challenge_id: Some(id.clone()), ..Details::default() }),
        Effect::Attempt(id) => error
            .hint(Hint::run(&["verify"]).arg("PHONE").option("--attempt-id", id).because("repeat with the same id"))
            .details(Details { attempt_id: Some(id.clone()), ..Details::default() }),
        Effect::Removal => error.hint(Hint::run(&["store", "purge", "--dry-run"])),
        Effect::Revocation | Effect::Change => error,
    }
}

/// What was done of much that was asked for.
fn parts(known: &KnownEffects) -> String {
    let counted = [
        (known.lines, "line was done", "lines were done"),
        (known.revoked, "code was revoked", "codes were revoked"),
        (known.removed, "key was removed", "keys were removed"),
    ];
    let words: Vec<String> =
        counted.iter().filter(|(count, ..)| *count > 0).map(|(count, one, more)| plural(*count, one, more)).collect();
    if words.is_empty() { "part of it was done".to_owned() } else { words.join(", ") }
}
