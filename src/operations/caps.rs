//! How much of the caps on all messages together is used up.

use std::time::Duration;

use super::{OperationError, Operations};
use crate::otp::counter::SumCounter;
use crate::otp::{Moment, Quota};
use crate::store::{ReadRequest, StoreKey};

/// One cap, and how much of it is used up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapUse {
    /// Where it is in the file.
    pub key: String,
    /// What it limits, in words.
    pub what: String,
    /// In the last so long.
    pub window: Duration,
    /// How much is used, as people write it.
    pub used: String,
    /// How much there is, likewise.
    pub most: String,
    /// In hundredths of it.
    pub percent: i64,
}

impl CapUse {
    /// Whether it is time to look at it: four fifths are used up.
    #[must_use]
    pub fn is_nearly_full(&self) -> bool {
        self.percent >= 80
    }
}

impl Operations<'_> {
    /// How much of each cap of the file is used up now.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn caps_used(&self) -> Result<Vec<CapUse>, OperationError> {
        let limits = self.limits;
        let channels = limits.caps.keys().map(|channel| StoreKey::ChannelSends(channel.to_string()));
        let spend = limits.spend.keys().map(|currency| StoreKey::Spend(currency.to_string()));
        let request = ReadRequest { sums: channels.chain(spend).collect(), ..ReadRequest::default() };
        let (now, answer) = tokio::join!(self.store_time(), self.store.read(&request));
        let (now, mut sums) = (now?, answer?.sums.into_iter());
        let mut all = Vec::new();
        for (channel, caps) in &limits.caps {
            let Some(counter) = sums.next() else { break };
            let counter = SumCounter::from(counter?.fields);
            all.extend(caps.iter().map(|quota| {
                let used = used(&counter, now, quota);
                CapUse {
                    key: format!("limits.caps.{channel}"),
                    what: channel.to_everybody().to_owned(),
                    window: quota.window,
                    used: used.to_string(),
                    most: quota.limit.to_string(),
                    percent: percent(used.into(), quota.limit.into()),
                }
            }));
        }
        for (currency, caps) in &limits.spend {
            let Some(counter) = sums.next() else { break };
            let counter = SumCounter::from(counter?.fields);
            all.extend(caps.iter().map(|cap| {
                let used = counter.spent(now, cap.window);
                CapUse {
                    key: format!("limits.spend.{currency}"),
                    what: "spent on messages".to_owned(),
                    window: cap.window,
                    used: used.to_string(),
                    most: format!("{} {currency}", cap.most),
                    percent: percent(used.millionths(), cap.most.millionths()),
                }
            }));
        }
        Ok(all)
    }
}

fn used(counter: &SumCounter, now: Moment, quota: &Quota) -> u32 {
    counter.left(now, std::slice::from_ref(quota)).map_or(0, |left| quota.limit - left)
}

fn percent(used: i64, most: i64) -> i64 {
    if most == 0 { 100 } else { used.saturating_mul(100) / most }
}
