//! `[limits]`: cooldowns, quotas by window, and locks by consecutive failures.

use std::time::Duration;

use super::{keys, prices};
use crate::otp::{
    Channel, Limits, LockLength, LockStep, MAX_COOLDOWN, MAX_LOCK, MAX_PER_PHONE, MAX_WINDOW, Quota, SpendCap, duration,
};
use crate::toml_tree::{ConfigError, Node, Table};

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// The longest list of any of them: every send goes through each entry.
const MAX_ENTRIES: usize = 16;

pub(super) fn read(table: Option<&Table<'_>>) -> Result<Limits, ConfigError> {
    let mut limits = Limits::default();
    let Some(table) = table else { return Ok(limits) };
    table.only(keys::of("limits"))?;
    if let Some(node) = table.get("cooldown") {
        let waits = node.list("durations such as [\"30s\", \"60s\"]")?.map(|item| item.duration(SECOND..=MAX_COOLDOWN));
        limits.cooldown = few(&node, waits.collect::<Result<_, _>>()?)?;
    }
    if let Some(node) = table.get("per_phone") {
        limits.per_phone = quotas(&node, MAX_PER_PHONE)?;
    }
    if let Some(node) = table.get("per_prefix") {
        limits.per_prefix = quotas(&node, 1_000_000_000)?;
    }
    if let Some(node) = table.get("per_country") {
        limits.per_country = quotas(&node, 1_000_000_000)?;
    }
    if let Some(node) = table.get("caps") {
        let channels = node.table()?;
        channels.only(&Channel::ALL.map(Channel::as_str))?;
        for channel in Channel::ALL {
            let caps = channels.get(channel.as_str()).map(|node| quotas(&node, 1_000_000_000)).transpose()?;
            limits.caps.extend(caps.filter(|caps| !caps.is_empty()).map(|caps| (channel, caps)));
        }
    }
    if let Some(node) = table.get("spend") {
        for currency in node.table()?.nodes() {
            let caps = spend(&currency)?;
            if !caps.is_empty() {
                limits.spend.insert(prices::currency(&currency, currency.name)?, caps);
            }
        }
    }
    if let Some(node) = table.get("locks") {
        limits.locks = locks(&node)?;
    }
    if let Some(node) = table.get("failures_kept") {
        limits.failures_kept = node.duration(DAY..=MAX_LOCK)?;
    }
    Ok(limits)
}

/// The length of a window, from the key of its entry.
fn window(entry: &Node<'_>) -> Result<Duration, ConfigError> {
    duration::duration(entry.name)
        .filter(|window| (SECOND..=MAX_WINDOW).contains(window))
        .ok_or_else(|| entry.refuse("expected a window from 1s to 31d as the key, such as { \"10m\" = 3 }"))
}

fn few<T>(node: &Node<'_>, items: Vec<T>) -> Result<Vec<T>, ConfigError> {
    if items.len() > MAX_ENTRIES {
        Err(node.refuse(format!("expected at most {MAX_ENTRIES} entries")))
    } else {
        Ok(items)
    }
}

/// `{ "10m" = 3, "1h" = 5 }`, shortest window first whatever the order in the file.
fn quotas(node: &Node<'_>, most: u32) -> Result<Vec<Quota>, ConfigError> {
    let mut quotas: Vec<Quota> = Vec::new();
    for entry in node.table()?.nodes() {
        let window = window(&entry)?;
        if quotas.iter().any(|known| known.window == window) {
            return Err(entry.refuse("duplicate window"));
        }
        quotas.push(Quota { window, limit: entry.number(1..=most)? });
    }
    quotas.sort_unstable_by_key(|quota| quota.window);
    few(node, quotas)
}

/// `{ "1d" = "50.00" }`, shortest window first whatever the order in the file.
fn spend(node: &Node<'_>) -> Result<Vec<SpendCap>, ConfigError> {
    let mut caps: Vec<SpendCap> = Vec::new();
    for entry in node.table()?.nodes() {
        let window = window(&entry)?;
        if caps.iter().any(|known| known.window == window) {
            return Err(entry.refuse("duplicate window"));
        }
        caps.push(SpendCap { window, most: prices::amount(&entry)? });
    }
    caps.sort_unstable_by_key(|cap| cap.window);
    few(node, caps)
}

/// `{ 10 = "15m", 100 = "hard" }`, in rising order.
fn locks(node: &Node<'_>) -> Result<Vec<LockStep>, ConfigError> {
    let mut steps: Vec<(LockStep, Node<'_>)> = Vec::new();
    for entry in node.table()?.nodes() {
        let failures = entry.name.parse().ok().filter(|count| (1..=1_000_000).contains(count));
        let failures = failures
            .ok_or_else(|| entry.refuse("expected a count of failures as the key, such as { 10 = \"15m\" }"))?;
        if steps.iter().any(|(known, _)| known.failures == failures) {
            return Err(entry.refuse("duplicate count"));
        }
        let length = if entry.text()? == "hard" {
            LockLength::Hard
        } else {
            let span = entry.duration(SECOND..=MAX_LOCK);
            LockLength::For(
                span.map_err(|_| entry.refuse("expected \"hard\" or a duration from 1s to 366d, such as \"15m\""))?,
            )
        };
        steps.push((LockStep { failures, length }, entry));
    }
    steps.sort_unstable_by_key(|(step, _)| step.failures);
    let after_hard = steps.iter().skip_while(|(step, _)| step.length != LockLength::Hard).nth(1);
    if let Some((_, entry)) = after_hard {
        return Err(entry.refuse("a lock after the hard one is never reached"));
    }
    few(node, steps.into_iter().map(|(step, _)| step).collect())
}
