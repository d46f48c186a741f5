//! What the sums of many half hours say: rows by one of their dimensions, and all together.

use std::collections::BTreeMap;

use super::counted::{Route, SPEND};
use super::half_hours::HALF_HOUR;
use super::latency::percentile;
use crate::otp::money::{Amount, Currency};

/// By what rows are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    Country,
    Provider,
    Channel,
    Range,
    Operator,
    Hour,
}

/// The sums of one country, half hour and route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    pub country: String,
    /// The second at which it begins.
    pub half_hour: i64,
    pub route: Route,
    pub fields: BTreeMap<String, i64>,
}

/// What became of codes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Messages that were asked for.
    pub requested: u64,
    /// Of these, those that a rule refused.
    pub refused: u64,
    /// Those that a rule would have refused, if it were enforced.
    pub would_refuse: u64,
    /// Those that a provider accepted.
    pub sent: u64,
    /// Those that a provider may have accepted.
    pub unknown: u64,
    pub delivered: u64,
    pub failed: u64,
    /// Codes that were typed right.
    pub verified: u64,
    pub refused_by: BTreeMap<String, u64>,
    pub failed_by: BTreeMap<String, u64>,
    /// What was spent, by currency: nothing is ever summed over several.
    pub spend: BTreeMap<Currency, Amount>,
    latency: BTreeMap<i32, u64>,
    /// What was sent in each hour, by the second at which it begins.
    pub sent_in: BTreeMap<i64, u64>,
}

impl Counts {
    /// Which part of the messages that went out ended with a right code; `None`: none went out.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "the counts of 40 days have far fewer than 15 digits")]
    pub fn conversion(&self) -> Option<f64> {
        let out = self.sent + self.unknown;
        (out > 0).then(|| self.verified as f64 / out as f64)
    }

    /// In how many seconds this part of the messages arrived, such as 0.95.
    #[must_use]
    pub fn delivered_within(&self, part: f64) -> Option<f64> {
        percentile(&self.latency, part)
    }

    /// Whether there is nothing in it.
    fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    fn add(&mut self, hour: i64, name: &str, sum: i64) {
        if let Some(currency) = name.strip_prefix(SPEND).and_then(Currency::named) {
            let spent = self.spend.entry(currency).or_default();
            *spent = Amount::of_millionths(spent.millionths().saturating_add(sum));
            return;
        }
        // What was given back in another half hour than it was added in may be less than zero.
        let sum = u64::try_from(sum).unwrap_or_default();
        match name {
            "requested" => self.requested += sum,
            "refused" => self.refused += sum,
            "would_refuse" => self.would_refuse += sum,
            "sent" => {
                self.sent += sum;
                *self.sent_in.entry(hour).or_default() += sum;
            }
            "unknown" => self.unknown += sum,
            "delivered" => self.delivered += sum,
            "failed" => self.failed += sum,
            "verified" => self.verified += sum,
            _ => {
                if let Some(rule) = name.strip_prefix("refused_by:") {
                    *self.refused_by.entry(rule.to_owned()).or_default() += sum;
                } else if let Some(reason) = name.strip_prefix("failed_by:") {
                    *self.failed_by.entry(reason.to_owned()).or_default() += sum;
                } else if let Some(bucket) = name.strip_prefix("latency:").and_then(|text| text.parse().ok()) {
                    *self.latency.entry(bucket).or_default() += sum;
                }
            }
        }
    }
}

/// The second at which the hour of a half hour begins.
fn hour(cell: &Cell) -> i64 {
    cell.half_hour.div_euclid(2 * HALF_HOUR) * 2 * HALF_HOUR
}

/// All together.
#[must_use]
pub fn total(cells: &[Cell]) -> Counts {
    let mut counts = Counts::default();
    for cell in cells {
        cell.fields.iter().for_each(|(name, sum)| counts.add(hour(cell), name, *sum));
    }
    counts
}

/// One row for each country, provider and so on, those with the most messages first; hours in their order. `None` as a
/// name: it is not known.
#[must_use]
pub fn rows(cells: &[Cell], by: By) -> Vec<(Option<String>, Counts)> {
    let mut rows: BTreeMap<Option<String>, Counts> = BTreeMap::new();
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    for cell in cells {
        let name = match by {
            By::Country => some(&cell.country),
            By::Provider => some(&cell.route.provider),
            By::Channel => some(&cell.route.channel),
            By::Hour => Some(hour(cell).to_string()),
            By::Range | By::Operator => {
                let mark = if by == By::Range { "range:" } else { "operator:" };
                for (field, sum) in &cell.fields {
                    let Some((name, what)) = field.strip_prefix(mark).and_then(|rest| rest.rsplit_once(':')) else {
                        continue;
                    };
                    rows.entry(Some(name.to_owned())).or_default().add(hour(cell), what, *sum);
                }
                continue;
            }
        };
        let counts = rows.entry(name).or_default();
        cell.fields.iter().for_each(|(name, sum)| counts.add(hour(cell), name, *sum));
    }
    if by == By::Provider {
        // A request has no provider before one answers, and then it is one that was asked for there.
        for (_, counts) in rows.iter_mut().filter(|(name, _)| name.is_some()) {
            let not_sent = counts.failed_by.get("not_sent").copied().unwrap_or_default();
            counts.requested = counts.sent + counts.unknown + not_sent;
        }
    }
    let mut rows: Vec<_> = rows.into_iter().filter(|(_, counts)| !counts.is_nothing()).collect();
    if by == By::Hour {
        rows.sort_by_key(|(hour, _)| hour.as_deref().and_then(|hour| hour.parse::<i64>().ok()));
    } else {
        rows.sort_by(|(one, this), (other, that)| {
            (that.sent, that.requested, one).cmp(&(this.sent, this.requested, other))
        });
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(country: &str, half_hour: i64, provider: &str, fields: &[(&str, i64)]) -> Cell {
        let route = Route { provider: provider.to_owned(), channel: "sms".to_owned() };
        let fields = fields.iter().map(|(name, sum)| ((*name).to_owned(), *sum)).collect();
        Cell { country: country.to_owned(), half_hour, route, fields }
    }

    fn cells() -> Vec<Cell> {
        vec![
            cell("IN", 0, "", &[("requested", 10), ("refused", 2), ("refused_by:cooldown", 2)]),
            cell("IN", 0, "msg91", &[("sent", 6), ("verified", 3), ("latency:24", 4), ("range:+9198:sent", 6)]),
            cell(
                "IN",
                1800,
                "msg91",
                &[("sent", 1), ("failed", 2), ("failed_by:not_sent", 1), ("range:other:sent", 1)],
            ),
            cell("US", 3600, "telnyx", &[("sent", 8), ("unknown", 2), ("verified", 4), ("what:else", 5)]),
        ]
    }

    #[test]
    fn rows_are_made_by_each_dimension_and_all_of_them_are_the_total() {
        let cells = cells();
        let names = |by| rows(&cells, by).into_iter().map(|(name, own)| (name, own.sent)).collect::<Vec<_>>();
        let some = |name: &str| Some(name.to_owned());
        assert_eq!(names(By::Country), [(some("US"), 8), (some("IN"), 7)]);
        assert_eq!(names(By::Provider), [(some("telnyx"), 8), (some("msg91"), 7), (None, 0)]);
        assert_eq!(names(By::Channel), [(some("sms"), 15)]);
        assert_eq!(names(By::Range), [(some("+9198"), 6), (some("other"), 1)]);
        assert_eq!(names(By::Operator), []);
        assert_eq!(names(By::Hour), [(some("0"), 7), (some("3600"), 8)]);
        let all = total(&cells);
        assert_eq!((all.requested, all.refused, all.sent, all.failed, all.verified), (10, 2, 15, 2, 7));
        assert_eq!(all.sent_in, BTreeMap::from([(0, 7), (3600, 8)]));
        let requested: Vec<u64> = rows(&cells, By::Provider).iter().map(|(_, own)| own.requested).collect();
        assert_eq!(requested, [10, 8, 10], "by provider it is what was handed over");
    }

    #[test]
    fn what_was_spent_is_summed_by_currency() {
        let spent = |fields: &[(&str, i64)], by| {
            let cells = [cell("IN", 0, "msg91", fields), cell("US", 3600, "telnyx", &[("spend_USD", 5_000)])];
            let rows = rows(&cells, by).into_iter();
            let words = |(currency, amount): (&Currency, &Amount)| format!("{amount} {currency}");
            rows.map(|(name, own)| (name, own.spend.iter().map(words).collect::<Vec<_>>())).collect::<Vec<_>>()
        };
        let fields =
            [("sent", 2), ("spend_EUR", 180_000), ("spend_USD", 1_000_000), ("range:+91987:spend_EUR", 180_000)];
        let some = |name: &str| Some(name.to_owned());
        assert_eq!(
            spent(&fields, By::Provider),
            [
                (some("msg91"), vec!["0.18 EUR".to_owned(), "1.00 USD".to_owned()]),
                (some("telnyx"), vec!["0.005 USD".to_owned()])
            ]
        );
        assert_eq!(spent(&fields, By::Range), [(some("+91987"), vec!["0.18 EUR".to_owned()])]);
    }

    #[test]
    fn conversion_is_of_what_went_out() {
        let all = rows(&cells(), By::Country);
        assert_eq!(all[0].1.conversion(), Some(0.4));
        assert_eq!(Counts::default().conversion(), None);
        assert_eq!(all[1].1.delivered_within(0.5).map(f64::round), Some(8.0));
        assert_eq!(all[0].1.delivered_within(0.5), None);
    }
}
