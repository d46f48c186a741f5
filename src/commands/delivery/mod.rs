//! `delivery`: whether SMS were delivered.

mod incoming;
mod record;

group! {
    /// Record delivery reports
    pub struct Args;

    Record "record" record.await [
        "delivery record < reports.jsonl",
        "delivery record --phone +919876543210 < reports.jsonl"
    ];
}
