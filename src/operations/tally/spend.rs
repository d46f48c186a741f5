//! What messages cost, counted against `spend` of the file: before a message is handed over by the price of the provider that
//! is asked first, and corrected by what it cost where it went.

use std::collections::BTreeMap;

use super::{Added, Counting, Summand, sends};
use crate::operations::Operations;
use crate::otp::Moment;
use crate::otp::counter::SumCounter;
use crate::otp::money::{Cost, Currency};
use crate::store::StoreKey;

impl Operations<'_> {
    /// What a message of this cost adds to.
    pub(super) fn spending(&self, cost: &Cost, counter: &SumCounter, now: Moment) -> Option<Counting> {
        let windows = SumCounter::windows(self.limits.spend.get(&cost.currency)?);
        let (addition, fields, _) = sends(spend(&cost.currency), counter, &windows, now);
        Some((addition, fields, cost.amount.millionths()))
    }

    /// Corrects what was counted of the cost of a send by what it cost at the provider that has it; `None`: nobody has it.
    /// `spent`: what was spent in each currency when it was counted, and when that was.
    pub(in crate::operations) async fn settle_spend(
        &self,
        added: &Added,
        spent: Option<&(BTreeMap<Currency, SumCounter>, Moment)>,
        cost: Option<&Cost>,
    ) {
        let before = added.of_spend();
        let same = |cost: &Cost| {
            let own = |own: &Summand| own.key == spend(&cost.currency) && own.by == cost.amount.millionths();
            before.0.iter().any(own)
        };
        if cost.is_some_and(same) {
            return;
        }
        self.give_back(&before).await;
        let more =
            cost.zip(spent).and_then(|(cost, (spent, now))| self.spending(cost, spent.get(&cost.currency)?, *now));
        let more: Vec<Counting> = more.into_iter().collect();
        if let Err(error) = self.add(&more).await {
            tracing::warn!(%error, "what a message cost is not counted");
        }
    }
}

/// The counter of what messages cost in a currency.
pub(super) fn spend(currency: &Currency) -> StoreKey {
    StoreKey::Spend(currency.to_string())
}
