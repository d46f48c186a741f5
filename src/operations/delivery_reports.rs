//! Records delivery reports: many phones in two round trips, each phone atomically by itself.

use super::loading::{known, no_answer, own_keys};
use super::policies::opted_out_of;
use super::transact::TransactOptions;
use super::{Effect, OperationError, Operations};
use crate::layout::Operation;
use crate::otp::Phone;
use crate::otp::rules::{self, PhoneState, Recorded, Reported};
use crate::store::{Change, Committed, Loaded, StoreError, StoreKey};

/// So many phones are loaded and committed at a time.
const PAGE: usize = 200;

/// Reports on SMS to one phone, in the order in which they count.
#[derive(Debug, Clone)]
pub struct PhoneReports<'a> {
    /// The phone.
    pub phone: Phone,
    /// The reports.
    pub reports: Vec<Reported<'a>>,
}

impl Operations<'_> {
    /// Records what is new in these reports. The outcomes are in the order of the phones, and of the reports of each.
    ///
    /// # Errors
    /// When the store fails. What was recorded before stays: the same reports may be recorded again.
    pub async fn record(&self, phones: &[PhoneReports<'_>]) -> Result<Vec<Vec<Recorded>>, OperationError> {
        self.allowed_at_all(Operation::RecordDelivery)?;
        let mut outcomes = Vec::with_capacity(phones.len());
        if phones.len() > 1 {
            self.progress.is_one_of_many();
        }
        for page in phones.chunks(PAGE) {
            let recorded = self.record_page(page).await?;
            if !self.dry_run {
                for (own, recorded) in page.iter().zip(&recorded) {
                    if let Some(provider) = recorded.iter().find_map(opted_out_of) {
                        self.opt_out(&own.phone, &provider).await;
                    }
                }
            }
            outcomes.extend(recorded);
        }
        Ok(outcomes)
    }

    fn clamped(&self, keys: &[StoreKey], loaded: &Loaded) -> Result<PhoneState, OperationError> {
        let mut known = known(keys, loaded)?;
        known.record.clamp(loaded.now, self.limits);
        Ok(known)
    }

    async fn record_page(&self, page: &[PhoneReports<'_>]) -> Result<Vec<Vec<Recorded>>, OperationError> {
        let groups: Vec<_> = page.iter().map(|own| own_keys(&own.phone)).collect();
        let loaded = self.store.load(&groups).await?;
        if loaded.len() != page.len() {
            return Err(no_answer());
        }
        let mut outcomes = Vec::with_capacity(page.len());
        let (mut changes, mut indexes) = (Vec::<Change>::new(), Vec::new());
        for (index, ((own, keys), loaded)) in page.iter().zip(&groups).zip(&loaded).enumerate() {
            let known = self.clamped(keys, loaded)?;
            let step = rules::reports(&known, loaded.now, &own.reports);
            outcomes.push(step.outcome.clone());
            if step.record.is_some() && !self.dry_run {
                let beside = Self::beside(&own.phone, &known.record, &step, loaded.now);
                changes.push(self.change(&own.phone, (keys, loaded), step, beside, false));
                indexes.push(index);
            }
        }
        let options = TransactOptions::change();
        let committed = if changes.is_empty() {
            Vec::new()
        } else {
            // Each change is atomic by itself: where the call fails, some of them may have been made.
            let begun = self.progress.begin(Effect::Change);
            match self.store.commit(&changes).await {
                // Which of them took effect is found out phone by phone.
                Err(StoreError::Unknown(_)) => vec![Committed::Conflict; indexes.len()],
                committed => {
                    let committed = committed?;
                    if committed.contains(&Committed::Conflict)
                        && committed.iter().all(|one| *one == Committed::Conflict)
                    {
                        begun.was_not_done();
                    } else {
                        begun.was_done();
                    }
                    committed
                }
            }
        };
        for (index, committed) in indexes.into_iter().zip(committed) {
            if let (Committed::Conflict, Some(own)) = (committed, page.get(index)) {
                let again = |known: &PhoneState, now| Ok(rules::reports(known, now, &own.reports));
                let stepped = self.transact(&own.phone, &options, again).await?;
                if let Some(outcome) = outcomes.get_mut(index) {
                    *outcome = stepped.outcome;
                }
            }
        }
        Ok(outcomes)
    }
}
