//! The sums that a send is counted in: to its country, and to strangers of its range and country for the brakes. Any crowd
//! of processes adds to them at once, so what an addition answers decides, and what was one too many is given back.

mod spend;

use std::collections::BTreeMap;

use super::loading::{no_answer, own_keys};
use super::{OperationError, Operations, SendRequest};
use crate::otp::brake::{BrakeMode, CELL_KEPT, Cell, KNOWN, brake};
use crate::otp::counter::SumCounter;
use crate::otp::money::{Amount, Cost, Currency};
use crate::otp::record::{Challenge, SendOutcome, State};
use crate::otp::rules::{Decision, PhoneState, SendRefused, is_known};
use crate::otp::{Channel, Denied, Event, EventKind, Limits, Moment, Phone, Quota};
use crate::provider::TEST_NUMBER;
use crate::store::{Addition, StoreError, StoreKey, Sums};
use spend::spend;

/// Which sums a send looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Watched {
    /// The sends to its country are limited.
    pub(super) country: bool,
    /// The messages to all numbers are, on these channels.
    pub(super) channels: Vec<Channel>,
    /// What all messages cost is, in these currencies.
    pub(super) spend: Vec<Currency>,
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
    /// What all messages cost, by those of the currencies that have a cap.
    pub spent: BTreeMap<Currency, SumCounter>,
    /// Those to strangers of its range, and of its country.
    pub cells: Option<(Cell, Cell)>,
    /// The number verified a code in the last 90 days.
    pub seen: bool,
}

/// What was added for a send, to be given back where it is not sent.
#[derive(Debug, Clone, Default)]
pub(super) struct Added(Vec<Summand>);

/// What is added to each of these fields of a key.
#[derive(Debug, Clone)]
struct Summand {
    key: StoreKey,
    fields: Vec<String>,
    by: i64,
}

/// An addition that is decided on, its fields, and how much is added to each.
type Counting = (Addition, Vec<String>, i64);

impl Watched {
    /// The keys, in the order in which [`Watched::tally`] reads them.
    pub(super) fn keys(&self, phone: &Phone) -> Vec<StoreKey> {
        let country = counted_country(phone);
        let range = StoreKey::RangeTrust(phone.range().to_owned());
        let mut keys = Vec::new();
        keys.extend(self.country.then(|| StoreKey::CountrySends(country.clone())));
        keys.extend(self.channels.iter().copied().map(channel_sends));
        keys.extend(self.spend.iter().map(spend));
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
        for currency in &self.spend {
            tally.spent.insert(currency.clone(), next()?.fields.into());
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
        let spend = asked.route.currencies().into_iter().filter(|own| self.limits.spend.contains_key(own)).collect();
        Watched { country, channels: channels.collect(), spend, cells, seen: looks || asks }
    }

    /// Whether this program checks the codes that it sends: an application that keeps them may check them itself.
    pub(super) fn sees_who_verified(&self) -> bool {
        !self.layout.layout().is_foreign()
    }

    /// Counts a send that goes out on this channel at this cost, and refuses it where it is one too many: what was added is
    /// given back then.
    pub(super) async fn tally(
        &self,
        asked: &SendRequest<'_>,
        (channel, cost): (Option<Channel>, Option<&Cost>),
        (known, is_lifted): (&PhoneState, bool),
        loaded: &Tally,
        now: Moment,
    ) -> Result<Result<Added, SendRefused>, OperationError> {
        let phone = asked.issue.phone;
        let country = loaded.country.as_ref().map(|counter| {
            sends(StoreKey::CountrySends(counted_country(phone)), counter, &self.limits.per_country, now)
        });
        let channel = channel.and_then(|channel| self.message(channel, loaded.channels.get(&channel)?, now));
        let spending = cost.and_then(|cost| self.spending(cost, loaded.spent.get(&cost.currency)?, now));
        let is_stranger = !is_known(known, now, loaded.seen);
        let cells = loaded.cells.as_ref().filter(|_| is_stranger).map(|(range, country)| {
            let keys = [
                (StoreKey::RangeTrust(phone.range().to_owned()), range),
                (StoreKey::CountryTrust(counted_country(phone)), country),
            ];
            let addition = |(key, cell): (StoreKey, &Cell)| {
                let addition = Addition::to(key, CELL_KEPT).without(cell.stale(now)).kept_from_last();
                (addition, Cell::sends(now).to_vec(), 1)
            };
            keys.map(addition)
        });
        // What is only watched is added by itself: where that fails, nobody is stopped.
        let stops = asked.policy.brakes == BrakeMode::Enforce && !is_lifted;
        let (mut must, mut may) = (Vec::new(), Vec::new());
        must.extend(country.into_iter().chain(channel).chain(spending));
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
    fn message(&self, channel: Channel, counter: &SumCounter, now: Moment) -> Option<Counting> {
        let caps = self.limits.caps.get(&channel)?;
        Some(sends(channel_sends(channel), counter, caps, now))
    }

    /// Counts a message on another channel than the one that its send began with, or one more of this cost; `Err` with words:
    /// it has no room, or that is not known. A message that is not counted is not sent.
    pub(super) async fn tally_message(
        &self,
        phone: &Phone,
        channel: Channel,
        cost: Option<&Cost>,
    ) -> Result<(), String> {
        let cost = cost.filter(|cost| self.limits.spend.contains_key(&cost.currency));
        if self.dry_run || (cost.is_none() && !self.limits.caps.contains_key(&channel)) {
            return Ok(());
        }
        let counted = async {
            // The phone is read for the store's time.
            let keys = [Some(channel_sends(channel)), cost.map(|cost| spend(&cost.currency))];
            let (slots, sums) = self.read_slots(vec![own_keys(phone)], keys.into_iter().flatten().collect()).await?;
            let now = slots.first().ok_or_else(no_answer)?.loaded.now;
            let counters: Result<Vec<SumCounter>, StoreError> =
                sums.into_iter().map(|sums| Ok(sums?.fields.into())).collect();
            let counters = counters?;
            let message = counters.first().and_then(|counter| self.message(channel, counter, now));
            let spending = cost.zip(counters.get(1)).and_then(|(cost, counter)| self.spending(cost, counter, now));
            let additions: Vec<Counting> = message.into_iter().chain(spending).collect();
            let (added, answers) = self.add(&additions).await?;
            let refused = over(&additions, answers, self.limits);
            if refused.is_some() {
                self.give_back(&Added(added)).await;
            }
            Ok::<_, OperationError>(refused)
        };
        match counted.await {
            Ok(None) => Ok(()),
            Ok(Some(SendRefused::Denied(spent @ Denied::Spend(..)))) => Err(spent.to_string()),
            Ok(Some(_)) => Err(no_room(channel)),
            Err(error) => Err(format!("how many {} went out is not known: {error}", channel.plural())),
        }
    }

    /// Adds to each of these fields, and answers with the new sums.
    async fn add(&self, additions: &[Counting]) -> Result<(Vec<Summand>, Vec<Sums>), StoreError> {
        if additions.is_empty() {
            return Ok((Vec::new(), Vec::new()));
        }
        let asked: Vec<Addition> = additions
            .iter()
            .map(|(addition, fields, by)| {
                fields.iter().fold(addition.clone().answering_all(), |addition, field| addition.plus(field, *by))
            })
            .collect();
        let sums = self.store.add(&asked).await?;
        let summand = |(addition, fields, by): &Counting| {
            let (key, fields) = (addition.key.clone(), fields.clone());
            Summand { key, fields, by: *by }
        };
        Ok((additions.iter().map(summand).collect(), sums))
    }

    /// Takes away what was added for a send that is not made. If that fails, one too many is counted, which is safe.
    pub(super) async fn give_back(&self, added: &Added) {
        let additions: Vec<Addition> = added
            .0
            .iter()
            .map(|Summand { key, fields, by }| {
                // A hash that is gone meanwhile is not made again for long.
                let addition = Addition::to(key.clone(), std::time::Duration::from_secs(3600));
                fields.iter().fold(addition, |addition, field| addition.plus(field, -*by))
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
fn sends(key: StoreKey, counter: &SumCounter, quotas: &[Quota], now: Moment) -> Counting {
    let addition = Addition::to(key, counter.kept(quotas)).without(counter.stale(now)).kept_from_last();
    (addition, counter.fields(now, quotas), 1)
}

/// The name of a country's counter; a number of none has its calling code's.
pub(super) fn counted_country(phone: &Phone) -> String {
    phone.country().map_or_else(|| format!("+{}", phone.calling_code()), |country| country.to_string())
}

impl Added {
    /// Only what the brakes count: quotas protect money, and are not given back once a provider was asked.
    pub(super) fn of_brakes(&self) -> Self {
        self.those(|key| matches!(key, StoreKey::RangeTrust(_) | StoreKey::CountryTrust(_)))
    }

    /// Only what it cost: that is corrected once it is known who has the message.
    fn of_spend(&self) -> Self {
        self.those(|key| matches!(key, StoreKey::Spend(_)))
    }

    fn those(&self, is_one: impl Fn(&StoreKey) -> bool) -> Self {
        Self(self.0.iter().filter(|summand| is_one(&summand.key)).cloned().collect())
    }
}

/// What refuses it, by what the sums were just before this send was added.
fn over(added: &[Counting], answers: Vec<Sums>, limits: &Limits) -> Option<SendRefused> {
    let (mut range, mut now) = (Cell::default(), None);
    for ((addition, fields, by), answer) in added.iter().zip(answers) {
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
            StoreKey::Spend(code) => {
                let Some((currency, caps)) = limits.spend.iter().find(|(own, _)| own.as_str() == code) else {
                    continue;
                };
                let before = SumCounter::from(before).plus(fields, -by);
                if let Some((cap, until)) = before.overspent(now, caps, Amount::of_millionths(*by)) {
                    return Some(SendRefused::Denied(Denied::Spend(currency.clone(), cap, until)));
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
