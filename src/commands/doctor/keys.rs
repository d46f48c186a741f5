//! The checks of what is in the store: keys that something is wrong with, and live codes whose pepper is gone. A large store
//! is looked at in part; `store check` goes over all of it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::check::Check;
use crate::app::App;
use crate::error::{Error, Exit};
use crate::operations::{Issue, ListFilter, OperationError, Operations, Removal, Scan, Severity};
use crate::otp::Hint;
use crate::otp::record::Challenge;
use crate::output::plural;

/// No more keys than this are looked at, and no more live codes.
const MOST: u64 = 20_000;
/// Nor are they for longer than this.
const LOOK: Duration = Duration::from_secs(2);

pub(super) async fn state(app: &App, end: Instant) -> Vec<Check> {
    // What keeps the store from being used at all has checks of its own.
    let Ok(operations) = app.operations().await else { return Vec::new() };
    let now = Instant::now();
    let look = LOOK.min(end.saturating_duration_since(now) / 4);
    let mut checks = keys(&operations, now + look).await;
    checks.extend(peppers(app, &operations, Instant::now() + look).await);
    checks
}

/// Keys that are wrong, ours and those in which applications keep codes.
async fn keys(operations: &Operations<'_>, end: Instant) -> Vec<Check> {
    let (mut scan, mut found) = (Scan::new(None), BTreeMap::<Issue, u64>::new());
    while !scan.is_over() && scan.keys < MOST {
        let Ok(page) = timeout_at(end, operations.scan(&mut scan)).await else { break };
        match page {
            Ok(page) => page.iter().for_each(|one| *found.entry(one.issue).or_default() += 1),
            // Who may not look over all keys is told so already.
            Err(error) if error.is_denied() => return Vec::new(),
            Err(error) => return vec![unknown("store.keys", &error)],
        }
    }
    let part = if scan.is_over() { "" } else { "the first " };
    let seen = format!("{part}{}", plural(scan.keys, "key", "keys"));
    let issues = found.iter().filter(|(issue, _)| issue.severity() != Severity::Note);
    let mut checks: Vec<Check> = issues.map(|(issue, count)| wrong(*issue, *count)).collect();
    if checks.is_empty() {
        checks.push(Check::ok("store.keys", format!("nothing is wrong with {seen}")));
    }
    checks
}

/// Some keys with the same thing wrong.
fn wrong(issue: Issue, count: u64) -> Check {
    let id = format!("store.keys.{}", issue.id());
    let text = format!("{}: {}", plural(count, "key", "keys"), issue.what());
    let fix = match issue.removal() {
        Removal::Safe => Hint::run(&["store", "purge"]).flag("--dry-run"),
        Removal::Named => Hint::run(&["store", "purge"]).option("--only", issue.id()).flag("--dry-run"),
        Removal::Never => Hint::run(&["store", "check"]),
    };
    if issue.severity() == Severity::Failure {
        return Check::fail(id, &Error::said(Exit::StoreData, text).hint(fix));
    }
    Check::warn(id, text, fix)
}

/// Codes that nobody can verify any more, since the pepper that they were made with is not configured.
async fn peppers(app: &App, operations: &Operations<'_>, end: Instant) -> Option<Check> {
    let (mut place, mut codes, mut keys) = (None, 0_u64, BTreeMap::<String, u64>::new());
    loop {
        let page = operations.page(ListFilter::Live.into(), |_| true, place.as_deref());
        // What cannot be read, or not in time, is told by other checks.
        let page = timeout_at(end, page).await.ok()?.ok()?;
        for challenge in page.found.iter().filter_map(|line| line.challenge.as_ref()) {
            codes += 1;
            if let Some(key) = key_of(challenge) {
                *keys.entry(key.to_owned()).or_default() += 1;
            }
        }
        place = page.next;
        if place.is_none() || codes >= MOST {
            break;
        }
    }
    if keys.is_empty() {
        return None;
    }
    // Where it cannot be fetched, that is told.
    let known: BTreeSet<String> = app.peppers().await.ok()?.iter().map(|pepper| pepper.id.clone()).collect();
    let gone: Vec<(&String, &u64)> = keys.iter().filter(|(key, _)| !known.contains(*key)).collect();
    let Some((key, _)) = gone.first() else {
        return Some(Check::ok("store.peppers", "the peppers of all live codes are configured"));
    };
    let count: u64 = gone.iter().map(|(_, count)| **count).sum();
    let of = plural(count, "live code was", "live codes were");
    let text = format!("{of} made with a pepper that is not configured, such as `{key}`: verify ends with 24");
    let fix =
        Hint::words(format!("add the pepper `{key}` behind the first under [code] peppers, until its codes expire"));
    Some(Check::fail("store.peppers", &Error::said(Exit::StoreData, text).hint(fix)))
}

/// The pepper of a code that is kept here.
fn key_of(challenge: &Challenge) -> Option<&str> {
    challenge.mac.as_ref().map(crate::otp::Mac::key)
}

fn unknown(id: &str, error: &OperationError) -> Check {
    Check::unknown(id, format!("the keys cannot be looked at: {error}"), Hint::run(&["store", "check"]))
}
