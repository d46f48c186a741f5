//! What commands do with codes: one file an operation. Each loads, lets a rule decide, and commits or starts again
//! (`transact`); a send has the provider in the middle.

mod anchoring;
mod caps;
mod copying;
mod data_loss;
mod deliver;
mod delivery_reports;
mod escalation;
mod events;
mod failure;
mod feedback;
mod hashing;
mod health;
mod known_slot;
mod listing;
mod loading;
mod near;
mod notice;
mod outcome;
mod owners;
mod phones;
mod policies;
mod progress;
mod quotas;
mod refused;
mod revoke;
mod route;
mod scan;
mod send;
mod send_request;
mod snapshot;
mod stats;
mod tally;
mod token_challenges;
mod transact;
mod turns;
mod unlock;
mod users;
mod verify;
mod wait;
mod walking;

use std::sync::Arc;
use std::time::Duration;

pub use anchoring::KnownHead;
pub use caps::CapUse;
pub use copying::{CopiedKey, CopiedPage, CopyEnd};
pub use data_loss::DataLoss;
pub use delivery_reports::PhoneReports;
pub use events::{EventFilter, FeedCursor, FeedEvents, FeedLine};
pub use failure::{OperationError, SendFailure};
pub use health::{HealthCheck, HealthStatus, Remedy, examine};
pub use listing::{ListFilter, ListWanted, Listed, ListedPage, Skipped};
pub use near::Nearby;
pub use notice::{Notice as SentNotice, NoticeEnd};
pub use owners::{DirectoryAnswer, owners_by};
pub use policies::{ListedEntry, PolicyChanged, PolicyEnd, PolicyPage, PolicyRequest};
pub use progress::{Effect, KnownEffects, Progress};
pub use quotas::Counters;
pub use route::{Route, RouteStep};
pub use scan::{Fix, FoundIssue, Issue, Removal, Scan, Severity};
pub use send_request::{DryRun, IssueRequest, SendRequest, Sent};
pub use snapshot::{PhoneSnapshot, WholeSnapshot};
pub use stats::StatsWindow;
pub use tally::Tally;
pub use token_challenges::Tokens;
pub use transact::{Applied, AttemptOutcome};
pub use turns::{Turn, Turns};
pub use users::{ImportPair, ImportPlan, Imported, KeptIn, Moved, PhoneLinks};
pub use wait::{Notice, WaitOutcome, WaitRequest};
pub use walking::ListWalk;

use crate::directory::Directories;
use crate::layout::{BoundLayout, Operation};
use crate::otp::brake::BrakeMode;
use crate::otp::{Limits, Moment, Phone, Purpose, Randomness};
use crate::store::Store;

/// The operations on one store, with the limits, secrets and clocks that they need.
pub struct Operations<'a> {
    /// Where the records are.
    pub store: &'a dyn Store,
    /// The limits that hold.
    pub limits: &'a Limits,
    /// How long a timeline is kept after its last event.
    pub timeline_kept: Duration,
    /// Where codes and ids come from.
    pub randomness: &'a dyn Randomness,
    /// The machine's clock, which only names codes: rules go by the store's.
    pub clock: &'a (dyn Fn() -> Moment + Sync),
    /// What is under way, for the message of an interrupted command.
    pub progress: &'a Progress,
    /// What waits for each other in this process.
    pub turns: &'a Arc<Turns>,
    /// Decide, but write nothing and call no provider.
    pub dry_run: bool,
    /// Why the operator does it.
    pub reason: Option<&'a str>,
    /// The operator, in a few words: he is named in the events of what he does.
    pub by: Option<&'a str>,
    /// The anchor of what was recorded before it was done, for the same events.
    pub audit: Option<String>,
    /// What the brakes do; off where nothing real is sent, or an application checks the codes.
    pub brakes: BrakeMode,
    /// Where whose phone it is is asked, beside the store's own map.
    pub directories: &'a Directories,
    /// Whose codes they are.
    pub layout: Box<dyn BoundLayout + 'a>,
}

impl Operations<'_> {
    /// Refuses what the layout does not allow, before anything is read or counted.
    fn allowed(&self, operation: Operation, phone: &Phone, purpose: Option<&Purpose>) -> Result<(), OperationError> {
        Ok(self.layout.allows_for(operation, phone, purpose)?)
    }

    /// The same for operations that are not about one phone.
    fn allowed_at_all(&self, operation: Operation) -> Result<(), OperationError> {
        Ok(self.layout.layout().allows(operation)?)
    }
}
