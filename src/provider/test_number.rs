//! The provider of test numbers: it reaches nobody, and ends as the configuration says.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::{Instant, sleep_until};

use super::reply::{Indeterminate, ProviderReply, Receipt};
use super::{Capabilities, Provider};
use crate::otp::{DeliveryReason, DeliveryReport, DeliveryState, Message};

/// The name in records and documents.
pub const NAME: &str = "test number";

/// What becomes of an SMS to a test number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TestOutcome {
    /// It is accepted, and nothing more is reported.
    Accepted,
    /// It is delivered at once.
    Delivered,
    /// It is accepted, and fails at once for this reason: one of [`DeliveryReason`], or custom words.
    Undelivered(String),
    /// It is unknown whether it was sent.
    Unknown,
    /// It is accepted after this long.
    Slow(Duration),
}

impl fmt::Display for TestOutcome {
    /// As in the configuration; the time of a slow one in seconds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted => f.write_str("accepted"),
            Self::Delivered => f.write_str("delivered"),
            Self::Undelivered(reason) => write!(f, "undelivered:{reason}"),
            Self::Unknown => f.write_str("unknown"),
            Self::Slow(wait) => write!(f, "slow:{}s", wait.as_secs_f64()),
        }
    }
}

struct TestNumber(TestOutcome);

/// A provider that ends each send the same.
#[must_use]
pub fn open(outcome: TestOutcome) -> Box<dyn Provider> {
    Box::new(TestNumber(outcome))
}

#[async_trait]
impl Provider for TestNumber {
    fn name(&self) -> &'static str {
        NAME
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::default()
    }

    async fn send(&self, message: &Message<'_>, deadline: Instant) -> ProviderReply {
        let report = match &self.0 {
            TestOutcome::Accepted => None,
            TestOutcome::Delivered => Some(DeliveryReport::of(DeliveryState::Delivered)),
            TestOutcome::Undelivered(reason) => {
                let known = DeliveryReason::named(reason);
                let said = known.is_none().then(|| reason.clone());
                Some(DeliveryReport { reason: known, said, ..DeliveryReport::of(DeliveryState::Failed) })
            }
            TestOutcome::Unknown => {
                return ProviderReply::Unknown(Indeterminate { why: "this test number never answers".to_owned() });
            }
            TestOutcome::Slow(wait) => {
                let end = Instant::now() + *wait;
                sleep_until(end.min(deadline)).await;
                if end > deadline {
                    return ProviderReply::Unknown(Indeterminate { why: "no answer came in time".to_owned() });
                }
                None
            }
        };
        ProviderReply::Accepted(Receipt { id: Some(message.challenge_id.to_owned()), segments: None, report })
    }
}
