//! The numbers as one page that needs nothing else: no other file, no server, no network.

use super::Stats;
use super::drawing;
use super::row::StatsRow;
use minijinja::{AutoEscape, Environment, Value, context};

const PAGE: &str = include_str!("page.html");
/// So many bars show the time, each of so many pixels with what is between them, and so high.
const BARS: usize = 24;
const STEP: u64 = 5;
const HEIGHT: u64 = 24;

const COLUMNS: [&str; 9] =
    ["Requested", "Refused", "Sent", "Delivered", "Failed", "Used", "Used of sent", "p50", "p95"];

/// The page. Names are of the file and words of the store, so each is escaped.
pub(super) fn page(stats: &Stats) -> String {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    let rows: Vec<Value> = stats.rows.iter().map(|own| row(own, stats)).collect();
    let all = &stats.total;
    let mut totals = vec![
        ("Sent", all.sent().to_string()),
        ("Delivered", all.counts().delivered.to_string()),
        ("Used", all.counts().verified.to_string()),
        ("Used of sent", all.percent().unwrap_or_else(|| "-".to_owned())),
        ("Refused", all.counts().refused.to_string()),
    ];
    let mut columns = vec![stats.by];
    columns.extend(COLUMNS);
    if let Some(spent) = all.spent() {
        totals.push(("Spent", spent));
        columns.push("Spent");
    }
    let context = context! {
        by => stats.by,
        from => stats.from.to_the_second(),
        to => stats.to.to_the_second(),
        totals => totals.into_iter().map(|(name, value)| Value::from(vec![name.to_owned(), value])).collect::<Vec<_>>(),
        columns => columns,
        rows => rows,
    };
    // The template is ours, and a test fills it.
    environment.render_str(PAGE, context).unwrap_or_default()
}

/// A cell: what it shows, what it is sorted by, and a bar of so many percent where there is one.
fn cell(text: String, value: String, part: Option<f64>) -> Value {
    context! { text => text, value => value, part => part }
}

fn row(row: &StatsRow, stats: &Stats) -> Value {
    let counts = row.counts();
    let nothing = || cell("-".to_owned(), String::new(), None);
    let number = |number: u64| cell(number.to_string(), number.to_string(), None);
    let seconds = |part| {
        let within = counts.delivered_within(part);
        within.map_or_else(nothing, |seconds| cell(drawing::seconds(seconds), seconds.to_string(), None))
    };
    let used = match (counts.conversion(), row.percent()) {
        (Some(part), Some(text)) => cell(text, part.to_string(), Some((part.min(1.0) * 1000.0).round() / 10.0)),
        _ => nothing(),
    };
    let numbers = [counts.requested, counts.refused, counts.sent, counts.delivered, counts.failed, counts.verified];
    let spent = stats.total.spent().map(|_| match (row.spent(), counts.spend.values().next()) {
        (Some(text), Some(first)) => cell(text, first.millionths().to_string(), None),
        _ => nothing(),
    });
    let cells = numbers.into_iter().map(number).chain([used, seconds(0.5), seconds(0.95)]).chain(spent);
    let cells: Vec<Value> = cells.collect();
    let by_time = row.by_time(stats.from, stats.to, BARS);
    let most = by_time.iter().copied().max().unwrap_or_default().max(1);
    let bars = by_time.iter().zip(0..).filter(|(sent, _)| **sent > 0).map(|(sent, at)| {
        let height = (sent * HEIGHT).div_ceil(most);
        context! { x => at * STEP, y => HEIGHT - height, height => height }
    });
    context! {
        name => row.name().unwrap_or_else(|| "-".to_owned()),
        cells => cells,
        bars => bars.collect::<Vec<Value>>(),
        label => by_time.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    }
}
