//! Waits until a challenge reaches a state, cannot reach it any more, or the time is over. It polls the store and the
//! gateway.

use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use super::loading::no_answer;
use super::policies::opted_out_of;
use super::transact::TransactOptions;
use super::{OperationError, Operations};
use crate::layout::{Operation, PhoneOperation};
use crate::otp::record::{Challenge, Delivery, Reason, State};
use crate::otp::rules::{self, MessageRef, PhoneState, Recorded, Reported};
use crate::otp::{DeliveryReport, Moment, Phone, Purpose, WaitFor, WaitStatus};
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

/// What a person who waits should know. Each is told once, except news.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// There is no SMS that a gateway could be asked about.
    NoMessage,
    /// This provider cannot be asked.
    NoStatus(String),
    /// This provider gave no answer, or cannot be opened; it is asked again where it can be.
    NotAnswered(String, String),
    /// A report could not be recorded.
    NotKept(String),
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
    /// The gateway's last answer: it counts even where it could not be recorded.
    heard: Option<DeliveryReport>,
    provider: Option<Box<dyn Provider>>,
    /// It is known that no gateway can be asked.
    mute: bool,
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
            heard: None,
            provider: None,
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
            if matches!(standing, WaitStatus::Gone(_)) && (!asks || watch.was_asked) {
                return Ok(Some(watch.ended(seen, standing)));
            }
            if asks && Instant::now() >= watch.due {
                self.ask(&mut watch, &seen).await;
            } else {
                let next = if asks { watch.due.min(Instant::now() + POLL) } else { Instant::now() + POLL };
                sleep_until(next.min(asked.deadline)).await;
            }
            last = Some(seen);
        }
    }

    /// As [`Self::wait`], after an SMS was sent: whoever interrupts it is told that.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn wait_after_send(
        &self,
        asked: &WaitRequest<'_>,
        challenge_id: &str,
        open: impl AsyncFn(&str) -> Result<Box<dyn Provider>, String>,
        notice: impl Fn(Notice),
    ) -> Result<Option<WaitOutcome>, OperationError> {
        self.progress.waits_for(challenge_id);
        self.wait(asked, open, notice).await
    }

    /// What is known of the challenge now.
    async fn see<O, N>(&self, watch: &Wait<'_, O, N>) -> Result<Option<Progressed>, OperationError> {
        let groups = [self.keys(watch.asked.phone).await?];
        let loaded = self.store.load(&groups).await?;
        let loaded = loaded.first().ok_or_else(no_answer)?;
        let view = self.view(watch.asked.phone, &groups[0], loaded, PhoneOperation::Other)?;
        let (known, now) = (view.ok_or(OperationError::Contended)?.known, loaded.now);
        let Some((purpose, challenge)) = watch.chosen(&known, now) else { return Ok(None) };
        let heard = watch.heard.as_ref().map(|report| self.report(&known, now, &challenge, report));
        let challenge = match heard {
            Some(Recorded::News(challenge)) => challenge,
            _ => challenge,
        };
        let mapped = known.is_for_users(challenge.users_version);
        Ok(Some(Progressed { known, now, at: Instant::now(), challenge, purpose, mapped, is_gone: false }))
    }

    /// What a report makes of the challenge. Nothing is recorded.
    fn report(&self, known: &PhoneState, now: Moment, challenge: &Challenge, report: &DeliveryReport) -> Recorded {
        let message = MessageRef::Challenge(&challenge.id);
        let said = Reported { message, provider: None, report, reason: self.reason };
        rules::report(known, now, &said).outcome
    }

    /// Asks the gateway once, and records what is new.
    async fn ask<O, N: Fn(Notice)>(&self, watch: &mut Wait<'_, O, N>, seen: &Progressed) {
        let Some((provider, id)) = watch.provider.as_ref().zip(message_id(&seen.challenge)) else { return };
        let name = provider.name().to_owned();
        let answer = self.answer(watch, provider.as_ref(), id).await;
        tracing::info!(provider = name, answered = matches!(answer, Some(Ok(_))), "status");
        watch.was_asked = true;
        let Some(answer) = answer else { return };
        watch.due = Instant::now() + watch.pause;
        watch.pause = (watch.pause * 3 / 2).min(LONGEST_PAUSE);
        match answer {
            Ok(report) => {
                let is_news = matches!(self.report(&seen.known, seen.now, &seen.challenge, &report), Recorded::News(_));
                if is_news {
                    watch.tell(Notice::News(name, report.state_word().to_owned()));
                    if let Err(error) = self.record_report(watch.asked.phone, &seen.challenge, &report).await {
                        watch.tell(Notice::NotKept(error.to_string()));
                    }
                }
                watch.heard = Some(report);
            }
            Err(QueryError::NotOffered) => {
                watch.mute = true;
                watch.tell(Notice::NoStatus(name));
            }
            Err(QueryError::Refused(refusal)) => {
                watch.due = watch.due.max(Instant::now() + refusal.retry_after.unwrap_or_default());
                watch.tell(Notice::NotAnswered(name, refusal.message));
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

    async fn record_report(
        &self,
        phone: &Phone,
        challenge: &Challenge,
        report: &DeliveryReport,
    ) -> Result<(), OperationError> {
        let message = MessageRef::Challenge(&challenge.id);
        let said = Reported { message, provider: None, report, reason: self.reason };
        let rule = |known: &PhoneState, now| Ok(rules::report(known, now, &said));
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
    /// Whether the gateway can be asked about this SMS, and has not given its final answer.
    async fn can_ask(&mut self, seen: &Progressed, standing: WaitStatus) -> bool {
        let challenge = &seen.challenge;
        let delivery = challenge.delivery.as_ref();
        let is_final = |delivery: &Delivery| delivery.report.as_ref().is_some_and(DeliveryReport::is_final);
        if self.mute || delivery.is_some_and(is_final) {
            return false;
        }
        let Some((delivery, _)) = delivery.zip(message_id(challenge)) else {
            // A process that is still sending may yet get an id.
            if challenge.state != State::Pending && standing == WaitStatus::Waiting {
                self.mute = true;
                self.tell_of_sms(Notice::NoMessage);
            }
            return false;
        };
        if self.provider.is_some() {
            return true;
        }
        match (self.open)(&delivery.provider).await {
            Ok(provider) if provider.capabilities().status => self.provider = Some(provider),
            Ok(_) => self.tell_of_sms(Notice::NoStatus(delivery.provider.clone())),
            Err(why) => self.tell_of_sms(Notice::NotAnswered(delivery.provider.clone(), why)),
        }
        self.mute = self.provider.is_none();
        !self.mute
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

fn message_id(challenge: &Challenge) -> Option<&str> {
    challenge.delivery.as_ref()?.message_id.as_deref()
}
