//! Why a login does not work: the present obstacle, what else holds, what to tell the customer, and what to do next.
//! One table has all verdicts; what it is made from is read before.

mod case;
mod code;
mod facts;
mod last;
mod near;
mod table;
mod words;

#[cfg(test)]
mod tests;

use super::{Hint, Moment, Purpose};
use case::Case;
pub use case::{Tone, needs_near_numbers, purpose_of};
pub use facts::{
    Block, Facts, History, Keeper, Lost, MADE_BY_APP, NearNumber, Nearness, QuotaUse, RouteProvider, Share, Sums,
};
pub use near::{candidates, waits_since};
pub use table::{Entry, VERDICTS};
pub use words::Times;

/// What stops a customer, and what helps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// The name of the present obstacle.
    pub verdict: &'static str,
    /// Whether it is trouble.
    pub tone: Tone,
    /// Names of what else holds, each with its sentence for the desk.
    pub also: Vec<(&'static str, String)>,
    /// The sentence for the desk.
    pub summary: String,
    /// The sentence for the customer.
    pub tell: String,
    /// Commands that help, the best one first.
    pub next: Vec<NextStep>,
}

/// A command that helps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextStep {
    /// Why, and the command.
    pub hint: Hint,
    /// Not before this; `None`: at once.
    pub from: Option<Moment>,
}

impl From<Hint> for NextStep {
    fn from(hint: Hint) -> Self {
        Self { hint, from: None }
    }
}

/// Finds the present obstacle: the first verdict of the table that holds. `times` tells times in the sentences.
#[must_use]
pub fn diagnose(facts: &Facts<'_>, now: Moment, purpose: &Purpose, times: &dyn Times) -> Diagnosis {
    let case = Case::of(facts, now, purpose);
    // Every phone is in the table: a code that ended has an end, and a phone without any has none.
    let never = VERDICTS.len() - 1;
    let found = VERDICTS.iter().position(|entry| entry.is_verdict(&case)).unwrap_or(never);
    let entry = &VERDICTS[found];
    let others = VERDICTS.iter().enumerate().filter(|(at, entry)| *at != found && entry.is_aside(&case));
    let mut next: Vec<NextStep> = Vec::new();
    for step in (entry.next)(&case, times) {
        if !next.contains(&step) {
            next.push(step);
        }
    }
    Diagnosis {
        verdict: entry.name,
        tone: entry.tone,
        also: others.map(|(_, entry)| (entry.name, (entry.desk)(&case, times))).collect(),
        summary: (entry.desk)(&case, times),
        tell: (entry.tell)(&case, times),
        next,
    }
}
