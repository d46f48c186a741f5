//! What was done, by whom and why: a file of records that nobody can change unseen without the pepper.
//!
//! * `record` is one record: a line of JSON whose MAC covers its own bytes, and with them the MAC of the record before.
//! * `log` adds records: under a lock beside the file, which holds the head of the chain (the number and the MAC of the
//!   newest record), so that a tail that was cut off is missed.
//! * `chain` checks files of records, and names the line and the kind of what is wrong with them (`finding`).
//! * `syslog` hands each record to a receiver as well.
//!
//! A record says before a change that it is meant (intent), and after it how it ended (outcome). An intent that cannot be
//! written stops the change.

mod chain;
mod finding;
mod log;
mod record;
mod syslog;

pub use chain::{check, lines_of};
pub use finding::{Anchor, Checked, FileSpan, Finding, Kind};
pub use log::{AuditError, Log, Written};
pub use record::{Entry, Head, Keys, Phase, Told};
pub use syslog::{Receiver, Syslog};
