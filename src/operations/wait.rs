//! Waits until a challenge reaches a state, cannot reach it any more, or the time is over. It polls the store and the
//! gateway.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use super::failure::NotSent;
use super::loading::no_answer;
use super::policies::opted_out_of;
use super::transact::TransactOptions;
use super::{OperationError, Operations};
use crate::layout::{Operation, PhoneOperation};
use crate::otp::record::{Challenge, Delivery, Reason, SendOutcome, State};
use crate::otp::rules::{self, MessageRef, PhoneState, Recorded, Reported};
use crate::otp::{Channel, DeliveryReport, Moment, Phone, Purpose, WaitFor, WaitStatus};
use crate::provider::{Provider, QueryError, QueryResult};

/// How often the store is polled: another process may record a report, or a code be used.
const POLL: Duration = Duration::from_millis(500);
/// The first pause between two requests to a gateway; each is half as long again as the one before.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What to wait for.
#[derive(Debug, Clone, Copy)]
pub struct WaitRequest<'a> {
    /// Of this phone.
    pub phone: &'a Phone,
    /// This challenge; `None`: the live code, else the newest.
    pub challenge: Option<&'a str>,
    /// Of this purpose; `None`: of any for a challenge, else of the default one.
    pub purpose: Option<&'a Purpose>,
    /// The state to wait for.
    pub goal: WaitFor,
    /// The end of the wait: the store is read for the last time then.
    pub deadline: Instant,
    /// Where the code itself is waited for, and it expires before this, the wait goes on until it does.
    pub grace: Instant,
}

/// Where a wait ended.
#[derive(Debug, Clone)]
pub struct WaitOutcome {
    /// The challenge, with the gateway's last answer.
    pub challenge: Challenge,
    /// What it is for.
    pub purpose: Purpose,
    /// The store's time.
    pub now: Moment,
    /// [`WaitStatus::Waiting`] when the time was over.
    pub standing: WaitStatus,
    /// Whether its code is valid now.
    pub valid: bool,
    /// Whether the gateway was asked.
    pub asked: bool,
    /// How long it took.
    pub waited: Duration,
}

impl WaitOutcome {
    /// That it is not known whether a code went out that was waited for.
    #[must_use]
    pub fn still_in_doubt(&self) -> OperationError {
        let delivery = self.challenge.delivery.as_ref();
        let said = delivery.map(|own| {
            let words = own.detail.as_deref().unwrap_or("no answer is known");
            if words.starts_with(&own.provider) { words.to_owned() } else { format!("{}: {words}", own.provider) }
        });
        let noun = delivery.map_or(Channel::default().noun(), Delivery::noun);
        NotSent::unknown(said.unwrap_or_default(), noun).about(Some((self.challenge.clone(), self.valid)), false)
    }

    /// Whether it is still not known that any message of the code went out.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        self.standing != WaitStatus::Reached && self.challenge.send_outcome() == SendOutcome::Unknown
    }
}

/// What a person who waits should know. Each is told once, except news.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// There is no message that a gateway could be asked about.
    NoMessage,
    /// This provider cannot be asked.
    NoStatus(String),
    /// This provider gave no answer, or cannot be opened; it is asked again where it can be. With what to call its message.
    NotAnswered(String, String, &'static str),
    /// A report could not be recorded.
    NotKept(String),
    /// This provider is asked to send the same code, and why.
    GoesOn(String, String),
    /// This provider did not send it, and why.
    NotSent(String, String),
    /// This provider said something new; the only notice that comes more than once.
    News(String, String),
}

/// The challenge at one moment.
struct Progressed {
    known: PhoneState,
    /// The store's time, and ours.
    now: Moment,
    at: Instant,
    challenge: Challenge,
    purpose: Purpose,
    mapped: bool,
    /// The store does not know it any more.
    is_gone: bool,
}

/// What a wait remembers between two polls.
struct Wait<'a, O, N> {
    asked: WaitRequest<'a>,
    open: O,
    notice: N,
    began: Instant,
    /// The id, as soon as it is chosen.
    id: Option<String>,
    /// The gateways' last answers, by the ids of their messages: they count even where they could not be recorded.
    heard: BTreeMap<String, DeliveryReport>,
    /// Those that were opened; `None`: it cannot be asked.
    providers: BTreeMap<String, Option<Box<dyn Provider>>>,
    /// It is known that no gateway can be asked.
    mute: bool,
    /// Of several messages, the next one that is asked about.
    turn: usize,
    was_asked: bool,
    due: Instant,
    pause: Duration,
    told: Vec<std::mem::Discriminant<Notice>>,
}

impl Operations<'_> {
    /// Waits. `None`: there is no such challenge. `open` opens a provider by its name; `notice` is told what a person
    /// should know.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn wait(
        &self,
        asked: &WaitRequest<'_>,
        open: impl AsyncFn(&str) -> Result<Box<dyn Provider>, String>,
        notice: impl Fn(Notice),
    ) -> Result<Option<WaitOutcome>, OperationError> {
        self.allowed_at_all(Operation::Wait)?;
        let began = Instant::now();
        let mut watch = Wait {
            asked: *asked,
            open,
            notice,
            began,
            id: asked.challenge.map(str::to_owned),
            heard: BTreeMap::new(),
            providers: BTreeMap::new(),
            turn: 0,
            mute: self.dry_run || asked.goal == WaitFor::Expired,
            was_asked: false,
            due: began,
            pause: FIRST_PAUSE,
            told: Vec::new(),
        };
        let mut last: Option<Progressed> = None;
        loop {
            let seen = match (self.see(&watch).await, last.take()) {
                (Ok(Some(seen)), _) => seen,
                // What has left the store is as it was last seen, only older.
                (Ok(None), Some(seen)) => {
                    let now = seen.now.after(seen.at.elapsed());
                    Progressed { now, at: Instant::now(), is_gone: true, ..seen }
                }
                // The last read may come too late for the store.
                (Err(_), Some(seen)) if Instant::now() >= asked.deadline => {
                    let now = seen.now.after(seen.at.elapsed());
                    Progressed { now, at: Instant::now(), ..seen }
                }
                (Ok(None), None) => return Ok(None),
                (Err(error), _) => return Err(error),
            };
            watch.id = Some(seen.challenge.id.clone());
            let standing = watch.status(&seen);
            let over = Instant::now() >= asked.deadline;
            if let Some(end) = watch.expiry(&seen).filter(|_| over && standing == WaitStatus::Waiting) {
                sleep_until(end).await;
                last = Some(seen);
                continue;
            }
            if over || matches!(standing, WaitStatus::Reached | WaitStatus::Undelivered) {
                return Ok(Some(watch.ended(seen, standing)));
            }
            let asks = watch.can_ask(&seen, standing).await;
            if matches!(standing, WaitStatus::Gone(_)) && (asks.is_none() || watch.was_asked) {
                return Ok(Some(watch.ended(seen, standing)));
            }
            if let Some(message) = asks.as_ref().filter(|_| Instant::now() >= watch.due) {
                self.ask(&mut watch, &seen, message).await;
            } else {
                let next = if asks.is_some() { watch.due.min(Instant::now() + POLL) } else { Instant::now() + POLL };
                sleep_until(next.min(asked.deadline)).await;
            }
            last = Some(seen);
        }
    }

    /// What is known of the challenge now.
    async fn see<O, N>(&self, watch: &Wait<'_, O, N>) -> Result<Option<Progressed>, OperationError> {
        let groups = [self.keys(watch.asked.phone).await?];
        let loaded = self.store.load(&groups).await?;
        let loaded = loaded.first().ok_or_else(no_answer)?;
        let view = self.view(watch.asked.phone, &groups[0], loaded, PhoneOperation::Other)?;
        let (known, now) = (view.ok_or(OperationError::Contended)?.known, loaded.now);
        let Some((purpose, challenge)) = watch.chosen(&known, now) else { return Ok(None) };
        let mut known = known;
        for (message, report) in &watch.heard {
            let step = rules::report(&known, now, &self.said(&challenge.id, message, report));
            known.record = step.record.unwrap_or(known.record);
        }
        let challenge = known.record.challenge(&challenge.id).map_or(challenge, |(_, own)| own.clone());
        let mapped = known.is_for_users(challenge.users_version);
        Ok(Some(Progressed { known, now, at: Instant::now(), challenge, purpose, mapped, is_gone: false }))
    }

    /// What a gateway says of one message of a code.
    fn said<'a>(&'a self, challenge: &'a str, message: &'a str, report: &'a DeliveryReport) -> Reported<'a> {
        Reported { message: MessageRef::Both { challenge, message }, provider: None, report, reason: self.reason }
    }

    /// Asks the gateway of this message once, and records what is new.
    async fn ask<O, N: Fn(Notice)>(&self, watch: &mut Wait<'_, O, N>, seen: &Progressed, message: &Delivery) {
        let Some(id) = message.message_id.as_deref() else { return };
        let Some(provider) = watch.providers.get(&message.provider).and_then(Option::as_deref) else { return };
        let name = provider.name().to_owned();
        let answer = self.answer(watch, provider, id).await;
        tracing::info!(provider = name, answered = matches!(answer, Some(Ok(_))), "status");
        watch.was_asked = true;
        watch.turn += 1;
        let Some(answer) = answer else { return };
        watch.due = Instant::now() + watch.pause;
        watch.pause = (watch.pause * 3 / 2).min(LONGEST_PAUSE);
        match answer {
            Ok(report) => {
                let said = self.said(&seen.challenge.id, id, &report);
                let is_news = matches!(rules::report(&seen.known, seen.now, &said).outcome, Recorded::News(_));
                if is_news {
                    watch.tell(Notice::News(name, report.state_word().to_owned()));
                    if let Err(error) = self.record_report(watch.asked.phone, &said).await {
                        watch.tell(Notice::NotKept(error.to_string()));
                    }
                }
                watch.heard.insert(id.to_owned(), report);
            }
            Err(QueryError::NotOffered) => {
                watch.providers.insert(name.clone(), None);
                watch.tell(Notice::NoStatus(name));
            }
            Err(QueryError::Refused(refusal)) => {
                watch.due = watch.due.max(Instant::now() + refusal.retry_after.unwrap_or_default());
                watch.tell(Notice::NotAnswered(name, refusal.message, message.noun()));
            }
        }
    }

    /// The gateway's answer. `None`: the store said before it that the wait is over.
    async fn answer<O, N>(
        &self,
        watch: &Wait<'_, O, N>,
        provider: &dyn Provider,
        id: &str,
    ) -> Option<QueryResult<DeliveryReport>> {
        let mut answer = provider.status(id, watch.asked.phone, watch.asked.deadline);
        loop {
            tokio::select! {
                answer = &mut answer => return Some(answer),
                () = sleep(POLL) => {}
            }
            // An error here comes again, and is told, as soon as the gateway has answered.
            if let Ok(Some(seen)) = self.see(watch).await
                && matches!(watch.status(&seen), WaitStatus::Reached | WaitStatus::Undelivered)
            {
                return None;
            }
        }
    }

    async fn record_report(&self, phone: &Phone, said: &Reported<'_>) -> Result<(), OperationError> {
        let rule = |known: &PhoneState, now| Ok(rules::report(known, now, said));
        let recorded = self.transact(phone, &TransactOptions::change().aside(), rule).await?;
        if let Some(provider) = opted_out_of(&recorded.outcome) {
            self.opt_out(phone, &provider).await;
        }
        Ok(())
    }
}

impl<O, N> Wait<'_, O, N> {
    fn chosen(&self, known: &PhoneState, now: Moment) -> Option<(Purpose, Challenge)> {
        if let Some(id) = &self.id {
            let (purpose, challenge) = known.record.challenge(id)?;
            let fits = self.asked.purpose.is_none_or(|asked| asked == purpose);
            return fits.then(|| (purpose.clone(), challenge.clone()));
        }
        let purpose = self.asked.purpose.cloned().unwrap_or_default();
        let slot = known.record.purposes.get(&purpose)?;
        let challenge = slot.live(now).next_back().or(slot.challenges.last())?.clone();
        Some((purpose, challenge))
    }

    fn status(&self, seen: &Progressed) -> WaitStatus {
        match self.asked.goal.standing(&seen.challenge, seen.now, seen.mapped) {
            WaitStatus::Waiting if seen.is_gone => WaitStatus::Gone(Reason::NeverIssued),
            standing => standing,
        }
    }

    /// When the code expires, where that is waited for and comes before the end of all.
    fn expiry(&self, seen: &Progressed) -> Option<Instant> {
        let end = seen.at + seen.challenge.expires_at.since(seen.now);
        (!self.asked.goal.is_of_sms() && end <= self.asked.grace).then_some(end)
    }

    fn ended(&self, seen: Progressed, standing: WaitStatus) -> WaitOutcome {
        let valid = !seen.is_gone
            && seen.challenge.state != State::Failed
            && seen.challenge.ending(seen.now, seen.mapped).is_none();
        let Progressed { challenge, purpose, now, .. } = seen;
        WaitOutcome { challenge, purpose, now, standing, valid, asked: self.was_asked, waited: self.began.elapsed() }
    }
}

impl<O, N> Wait<'_, O, N>
where
    O: AsyncFn(&str) -> Result<Box<dyn Provider>, String>,
    N: Fn(Notice),
{
    /// The message whose gateway can be asked about it, and has not given its final answer; of several, each in its turn.
    async fn can_ask(&mut self, seen: &Progressed, standing: WaitStatus) -> Option<Delivery> {
        let challenge = &seen.challenge;
        let is_final = |delivery: &Delivery| delivery.report.as_ref().is_some_and(DeliveryReport::is_final);
        if self.mute || challenge.delivery.as_ref().is_some_and(is_final) {
            return None;
        }
        let messages = challenge.messages().into_iter();
        let messages: Vec<Delivery> = messages.filter(|own| own.message_id.is_some() && !is_final(own)).collect();
        if messages.is_empty() {
            // A process that is still sending may yet get an id.
            if challenge.state != State::Pending && standing == WaitStatus::Waiting {
                self.mute = true;
                self.tell_of_sms(Notice::NoMessage);
            }
            return None;
        }
        let mut able = Vec::new();
        for message in messages {
            if self.can_be_asked(&message).await {
                able.push(message);
            }
        }
        self.mute = able.is_empty();
        let turn = self.turn.checked_rem(able.len())?;
        Some(able.swap_remove(turn))
    }

    /// Whether a provider says what became of a message. Each is opened once.
    async fn can_be_asked(&mut self, message: &Delivery) -> bool {
        let name = message.provider.as_str();
        if let Some(known) = self.providers.get(name) {
            return known.is_some();
        }
        let opened = match (self.open)(name).await {
            Ok(provider) if provider.capabilities().status => Some(provider),
            Ok(_) => {
                self.tell_of_sms(Notice::NoStatus(name.to_owned()));
                None
            }
            Err(why) => {
                self.tell_of_sms(Notice::NotAnswered(name.to_owned(), why, message.noun()));
                None
            }
        };
        let is_able = opened.is_some();
        self.providers.insert(name.to_owned(), opened);
        is_able
    }

    /// A wait for a code needs no gateway, so nothing is missing then.
    fn tell_of_sms(&mut self, notice: Notice) {
        if self.asked.goal.is_of_sms() {
            self.tell(notice);
        }
    }
}

impl<O, N: Fn(Notice)> Wait<'_, O, N> {
    fn tell(&mut self, notice: Notice) {
        let kind = std::mem::discriminant(&notice);
        if matches!(notice, Notice::News(..)) || !self.told.contains(&kind) {
            self.told.push(kind);
            (self.notice)(notice);
        }
    }
}
