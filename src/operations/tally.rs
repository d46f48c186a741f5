//! The sums that a send is counted in: to its country, and to strangers of its range and country for the brakes. Any crowd
//! of processes adds to them at once, so what an addition answers decides, and what was one too many is given back.

use std::collections::BTreeMap;

use super::loading::{no_answer, own_keys};
use super::{OperationError, Operations, SendRequest};
use crate::otp::brake::{BrakeMode, CELL_KEPT, Cell, KNOWN, brake};
use crate::otp::counter::SumCounter;
use crate::otp::record::{Challenge, SendOutcome, State};
use crate::otp::rules::{Decision, PhoneState, SendRefused, is_known};
use crate::otp::{Channel, Denied, Event, EventKind, Limits, Moment, Phone, Quota};
use crate::provider::TEST_NUMBER;
use crate::store::{Addition, StoreError, StoreKey, Sums};

/// Which sums a send looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Watched {
    /// The sends to its country are limited.
    pub(super) country: bool,
    /// The messages to all numbers are, on these channels.
    pub(super) channels: Vec<Channel>,
    /// Brakes look at it.
    pub(super) cells: bool,
    /// Whether its number verified before is of account.
    pub(super) seen: bool,
}

/// What they held.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// The sends to its country; `None`: they are not limited, or could not be read.
    pub country: Option<SumCounter>,
    /// The messages to all numbers, by those of the channels that have a cap.
    pub channels: BTreeMap<Channel, SumCounter>,
    /// Those to strangers of its range, and of its country.
    pub cells: Option<(Cell, Cell)>,
    /// The number verified a code in the last 90 days.
    pub seen: bool,
}

/// What was added for a send, to be given back where it is not sent.
#[derive(Debug, Clone, Default)]
pub(super) struct Added(Vec<(StoreKey, Vec<String>)>);

impl Watched {
    /// The keys, in the order in which [`Watched::tally`] reads them.
    pub(super) fn keys(&self, phone: &Phone) -> Vec<StoreKey> {
        let country = counted_country(phone);
        let range = StoreKey::RangeTrust(phone.range().to_owned());
        let mut keys = Vec::new();
        keys.extend(self.country.then(|| StoreKey::CountrySends(country.clone())));
        keys.extend(self.channels.iter().copied().map(channel_sends));
        if self.cells {
            keys.extend([range, StoreKey::CountryTrust(country)]);
        }
        keys.extend(self.seen.then(|| StoreKey::Seen(phone.clone())));
        keys
    }

    /// What was read of them. A limit that cannot be read lets nothing through; what is only watched stops nobody.
    pub(super) fn tally(&self, sums: Vec<Result<Sums, StoreError>>, mode: BrakeMode) -> Result<Tally, StoreError> {
        let mut sums = sums.into_iter();
        let mut next = || sums.next().unwrap_or_else(|| Err(StoreError::Unreachable("it gave no answer".to_owned())));
        let mut tally = Tally::default();
        if self.country {
            tally.country = Some(next()?.fields.into());
        }
        for channel in &self.channels {
            tally.channels.insert(*channel, next()?.fields.into());
        }
        if self.cells {
            let cells = next().and_then(|range| Ok((Cell::from(range.fields), Cell::from(next()?.fields))));
            tally.cells = if mode == BrakeMode::Enforce { Some(cells?) } else { cells.ok() };
        }
        if self.seen {
            // Who cannot be asked for is a stranger.
            tally.seen = next().is_ok_and(|seen| !seen.fields.is_empty());
        }
        Ok(tally)
    }
}

impl Operations<'_> {
    /// Which sums a send looks at.
    pub(super) fn watched(&self, asked: &SendRequest<'_>) -> Watched {
        let cells = asked.route.real && asked.policy.brakes != BrakeMode::Off && self.sees_who_verified();
        let asks = asked.policy.countries.as_ref().is_some_and(crate::otp::Countries::ask_who_verified);
        let looks = asked.route.real && asked.policy.brakes != BrakeMode::Off;
        let channels = asked.route.channels().into_iter().filter(|channel| self.limits.caps.contains_key(channel));
        let country = !self.limits.per_country.is_empty();
        Watched { country, channels: channels.collect(), cells, seen: looks || asks }
    }

    /// Whether this program checks the codes that it sends: an application that keeps them may check them itself.
    pub(super) fn sees_who_verified(&self) -> bool {
        !self.layout.layout().is_foreign()
    }

    /// Counts a send that goes out on this channel, and refuses it where it is one too many: what was added is given back
    /// then.
    pub(super) async fn tally(
        &self,
        asked: &SendRequest<'_>,
        channel: Option<Channel>,
        (known, is_lifted): (&PhoneState, bool),
        loaded: &Tally,
        now: Moment,
    ) -> Result<Result<Added, SendRefused>, OperationError> {
        let phone = asked.issue.phone;
        let country = loaded.country.as_ref().map(|counter| {
            sends(StoreKey::CountrySends(counted_country(phone)), counter, &self.limits.per_country, now)
        });
        let channel = channel.and_then(|channel| self.message(channel, loaded.channels.get(&channel)?, now));
        let is_stranger = !is_known(known, now, loaded.seen);
        let cells = loaded.cells.as_ref().filter(|_| is_stranger).map(|(range, country)| {
            let keys = [
                (StoreKey::RangeTrust(phone.range().to_owned()), range),
                (StoreKey::CountryTrust(counted_country(phone)), country),
            ];
            let addition = |(key, cell): (StoreKey, &Cell)| {
                let addition = Addition::to(key, CELL_KEPT).without(cell.stale(now)).kept_from_last();
                (addition, Cell::sends(now).to_vec())
            };
            keys.map(addition)
        });
        // What is only watched is added by itself: where that fails, nobody is stopped.
        let stops = asked.policy.brakes == BrakeMode::Enforce && !is_lifted;
        let (mut must, mut may) = (Vec::new(), Vec::new());
        must.extend(country.into_iter().chain(channel));
        if stops { &mut must } else { &mut may }.extend(cells.into_iter().flatten());
        let (counted, watched) = tokio::join!(self.add(&must), self.add(&may));
        let (added, answers) = counted?;
        let mut added = Added(added);
        match watched {
            Ok((watched, _)) => added.0.extend(watched),
            Err(error) => tracing::warn!(%error, "the brakes do not see this send"),
        }
        match over(&must, answers, self.limits) {
            Some(refused) => {
                self.give_back(&added).await;
                Ok(Err(refused))
            }
            None => Ok(Ok(added)),
        }
    }

    /// What one more message on a channel adds to.
    fn message(&self, channel: Channel, counter: &SumCounter, now: Moment) -> Option<(Addition, Vec<String>)> {
        let caps = self.limits.caps.get(&channel)?;
        Some(sends(channel_sends(channel), counter, caps, now))
    }

    /// Counts a message on another channel than the one that its send began with; `Err` with words: it has no room, or
    /// that is not known. A message that is not counted is not sent.
    pub(super) async fn tally_message(&self, phone: &Phone, channel: Channel) -> Result<(), String> {
        if self.dry_run || !self.limits.caps.contains_key(&channel) {
            return Ok(());
        }
        let counted = async {
            // The phone is read for the store's time.
            let (slots, sums) = self.read_slots(vec![own_keys(phone)], vec![channel_sends(channel)]).await?;
            let (slot, sums) = slots.into_iter().next().zip(sums.into_iter().next()).ok_or_else(no_answer)?;
            let counter = SumCounter::from(sums?.fields);
            let additions: Vec<_> = self.message(channel, &counter, slot.loaded.now).into_iter().collect();
            let (added, answers) = self.add(&additions).await?;
            let is_over = over(&additions, answers, self.limits).is_some();
            if is_over {
                self.give_back(&Added(added)).await;
            }
            Ok::<bool, OperationError>(is_over)
        };
        match counted.await {
            Ok(false) => Ok(()),
            Ok(true) => Err(no_room(channel)),
            Err(error) => Err(format!("how many {} went out is not known: {error}", channel.plural())),
        }
    }

    /// Adds one to each of these fields, and answers with the new sums.
    async fn add(
        &self,
        additions: &[(Addition, Vec<String>)],
    ) -> Result<(Vec<(StoreKey, Vec<String>)>, Vec<Sums>), StoreError> {
        if additions.is_empty() {
            return Ok((Vec::new(), Vec::new()));
        }
        let asked: Vec<Addition> = additions
            .iter()
            .map(|(addition, fields)| {
                fields.iter().fold(addition.clone().answering_all(), |addition, field| addition.plus(field, 1))
            })
            .collect();
        let sums = self.store.add(&asked).await?;
        let added = additions.iter().map(|(addition, fields)| (addition.key.clone(), fields.clone())).collect();
        Ok((added, sums))
    }

    /// Takes away what was added for a send that is not made. If that fails, one too many is counted, which is safe.
    pub(super) async fn give_back(&self, added: &Added) {
        let additions: Vec<Addition> = added
            .0
            .iter()
            .map(|(key, fields)| {
                // A hash that is gone meanwhile is not made again for long.
                let addition = Addition::to(key.clone(), std::time::Duration::from_secs(3600));
                fields.iter().fold(addition, |addition, field| addition.plus(field, -1))
            })
            .collect();
        if additions.is_empty() {
            return;
        }
        if let Err(error) = self.store.add(&additions).await {
            tracing::warn!(%error, "a send that was not made is counted");
        }
    }
}

impl Operations<'_> {
    /// What the brakes learn from a step in which a code was right: that the sends to a stranger were for somebody, and that
    /// he is none any more. `seen`: whether he was known without a user; `None`: that could not be read.
    pub(super) fn credits<T>(
        &self,
        phone: &Phone,
        known: &PhoneState,
        step: &Decision<T>,
        seen: Option<bool>,
        now: Moment,
    ) -> Vec<Addition> {
        let is_right = |event: &Event| event.event == EventKind::Verify && event.result == "ok";
        if self.brakes == BrakeMode::Off || !step.events.iter().any(is_right) {
            return Vec::new();
        }
        let mut additions = Vec::new();
        // Who is not known to be a stranger is not credited: his sends may not have been counted.
        if !is_known(known, now, seen.unwrap_or(true)) {
            let sends: Vec<Moment> = counted_sends(known).collect();
            let credits = Cell::credits(&sends, now);
            let keys = [StoreKey::RangeTrust(phone.range().to_owned()), StoreKey::CountryTrust(counted_country(phone))];
            additions.extend(keys.into_iter().filter(|_| !credits.is_empty()).map(|key| {
                let addition = Addition::to(key, CELL_KEPT).kept_from_last();
                credits.iter().fold(addition, |addition, (field, by)| addition.plus(field, *by))
            }));
        }
        // The map of users remembers it by itself.
        if step.users.is_none() {
            additions.push(Addition::to(StoreKey::Seen(phone.clone()), KNOWN).plus("n", 1).kept_from_last());
        }
        additions
    }
}

/// When the SMS went out that the brakes counted and that are still known.
fn counted_sends(known: &PhoneState) -> impl Iterator<Item = Moment> {
    let challenges = known.record.purposes.values().flat_map(|purpose| &purpose.challenges);
    let is_counted = |challenge: &&Challenge| match &challenge.delivery {
        None => challenge.state == State::Pending,
        Some(delivery) => delivery.provider != TEST_NUMBER && challenge.send_outcome() != SendOutcome::Refused,
    };
    challenges.filter(is_counted).map(|challenge| challenge.created_at)
}

/// The counter of the messages to all numbers.
fn channel_sends(channel: Channel) -> StoreKey {
    StoreKey::ChannelSends(channel.to_string())
}

/// Why a channel is left out.
pub(super) fn no_room(channel: Channel) -> String {
    format!("as many {} went out as may", channel.plural())
}

/// One more in the windows of a counter.
fn sends(key: StoreKey, counter: &SumCounter, quotas: &[Quota], now: Moment) -> (Addition, Vec<String>) {
    let addition = Addition::to(key, counter.kept(quotas)).without(counter.stale(now)).kept_from_last();
    (addition, counter.fields(now, quotas))
}

/// The name of a country's counter; a number of none has its calling code's.
pub(super) fn counted_country(phone: &Phone) -> String {
    phone.country().map_or_else(|| format!("+{}", phone.calling_code()), |country| country.to_string())
}

impl Added {
    /// Only what the brakes count: quotas protect money, and are not given back once a provider was asked.
    pub(super) fn of_brakes(&self) -> Self {
        let is_cell =
            |(key, _): &&(StoreKey, Vec<String>)| matches!(key, StoreKey::RangeTrust(_) | StoreKey::CountryTrust(_));
        Self(self.0.iter().filter(is_cell).cloned().collect())
    }
}

/// What refuses it, by what the sums were just before this send was added.
fn over(added: &[(Addition, Vec<String>)], answers: Vec<Sums>, limits: &Limits) -> Option<SendRefused> {
    let (mut range, mut now) = (Cell::default(), None);
    for ((addition, fields), answer) in added.iter().zip(answers) {
        now = answer.now.or(now);
        let Some(now) = now else { continue };
        let before: BTreeMap<String, i64> = answer.fields;
        match &addition.key {
            StoreKey::CountrySends(_) => {
                let before = SumCounter::from(before).plus(fields, -1);
                if let Some((quota, until)) = before.full(now, &limits.per_country) {
                    return Some(SendRefused::PerCountry(quota, until));
                }
            }
            StoreKey::ChannelSends(word) => {
                let Some((channel, caps)) = limits.caps.iter().find(|(channel, _)| channel.as_str() == word) else {
                    continue;
                };
                let before = SumCounter::from(before).plus(fields, -1);
                if let Some((quota, until)) = before.full(now, caps) {
                    return Some(SendRefused::Denied(Denied::Cap(*channel, quota, until)));
                }
            }
            StoreKey::RangeTrust(_) => range = Cell::from(before).plus(fields, -1),
            StoreKey::CountryTrust(_) => {
                let country = Cell::from(before).plus(fields, -1);
                if let Some(stop) = brake(&range, &country, now) {
                    return Some(SendRefused::Denied(Denied::Brake(stop)));
                }
            }
            _ => {}
        }
    }
    None
}
