//! The numbers in the text format of Prometheus:
//! <https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>. They are of a window that moves, so
//! they go up and down.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Stats;
use super::row::StatsRow;
use crate::otp::stats::Counts;

/// Why messages were refused or failed, and how often.
type Parts = BTreeMap<String, u64>;
/// A number of each row: its name, what it is, and where it is.
type Metric = (&'static str, &'static str, fn(&Counts) -> Option<f64>);

#[expect(clippy::cast_precision_loss, reason = "the counts of 40 days have far fewer than 15 digits")]
fn float(number: u64) -> f64 {
    number as f64
}

const METRICS: [Metric; 11] = [
    ("requested", "Messages that were asked for.", |own| Some(float(own.requested))),
    ("refused", "Messages that a rule refused.", |own| Some(float(own.refused))),
    ("would_refuse", "Messages that a rule would have refused, if it were enforced.", |own| {
        Some(float(own.would_refuse))
    }),
    ("sent", "Messages that a provider accepted.", |own| Some(float(own.sent))),
    ("unknown", "Messages that a provider may have accepted.", |own| Some(float(own.unknown))),
    ("delivered", "Messages that arrived.", |own| Some(float(own.delivered))),
    ("failed", "Messages that did not arrive.", |own| Some(float(own.failed))),
    ("verified", "Codes that were typed right.", |own| Some(float(own.verified))),
    ("conversion_ratio", "Codes that were typed right, of those that went out.", Counts::conversion),
    ("delivery_p50_seconds", "The time to delivery of half of the messages.", |own| own.delivered_within(0.5)),
    ("delivery_p95_seconds", "The time to delivery of 95 % of the messages.", |own| own.delivered_within(0.95)),
];

pub(super) fn text(stats: &Stats) -> String {
    let mut text = String::new();
    // Writing to a String does not fail.
    let _ = window(&mut text, stats);
    for (name, help, number) in METRICS {
        let _ = metric(&mut text, stats, name, help, |row| number(row.counts()));
    }
    let _ = parts(&mut text, stats, "refused_by", "Messages that a rule refused.", "rule", |own| &own.refused_by);
    let _ = spend(&mut text, stats);
    let _ = parts(&mut text, stats, "failed_by", "Messages that did not arrive.", "reason", |own| &own.failed_by);
    text
}

fn window(text: &mut String, stats: &Stats) -> std::fmt::Result {
    let span = stats.to.since(stats.from).as_secs();
    begin(text, "window_seconds", "The time over which the other numbers were counted.")?;
    writeln!(text, "otpctl_window_seconds {span}")
}

fn begin(text: &mut String, name: &str, help: &str) -> std::fmt::Result {
    writeln!(text, "# HELP otpctl_{name} {help}\n# TYPE otpctl_{name} gauge")
}

fn metric(
    text: &mut String,
    stats: &Stats,
    name: &str,
    help: &str,
    number: impl Fn(&StatsRow) -> Option<f64>,
) -> std::fmt::Result {
    begin(text, name, help)?;
    for row in &stats.rows {
        if let Some(number) = number(row) {
            writeln!(text, "otpctl_{name}{{{}}} {number}", labels(stats, row))?;
        }
    }
    Ok(())
}

fn parts(
    text: &mut String,
    stats: &Stats,
    name: &str,
    help: &str,
    label: &str,
    parts: fn(&Counts) -> &Parts,
) -> std::fmt::Result {
    begin(text, name, help)?;
    for row in &stats.rows {
        for (part, number) in parts(row.counts()) {
            writeln!(text, "otpctl_{name}{{{},{label}=\"{}\"}} {number}", labels(stats, row), quoted(part))?;
        }
    }
    Ok(())
}

/// Never summed over currencies: each is a series of its own.
fn spend(text: &mut String, stats: &Stats) -> std::fmt::Result {
    begin(text, "spend", "What the messages cost whose price was known, by currency.")?;
    for row in &stats.rows {
        for (currency, amount) in &row.counts().spend {
            writeln!(text, "otpctl_spend{{{},currency=\"{currency}\"}} {}", labels(stats, row), amount.units())?;
        }
    }
    Ok(())
}

fn labels(stats: &Stats, row: &StatsRow) -> String {
    format!("{}=\"{}\"", stats.by, quoted(&row.name().unwrap_or_default()))
}

/// A value of a label: names come from the file, and words from a store.
fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
