//! What is known of the effects of a command, for the person who interrupts it. What was done stays done, and what was
//! begun stays in doubt until its end is known, even if the command is dropped.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Something that a command does, and that is not undone by not waiting for its answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Any other change.
    Change,
    /// Codes are revoked.
    Revocation,
    /// Keys are removed.
    Removal,
    /// A code is stored, with the id of its challenge.
    Code(String),
    /// The code of a message that no provider sent is canceled, with the id of its challenge and what to call the message.
    Cancellation(String, &'static str),
    /// An attempt is counted, with its id.
    Attempt(String),
    /// A message is given to a provider, with the id of its challenge and what to call it: "the SMS".
    Message(String, &'static str),
}

/// What is known so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownEffects {
    /// The most important of what may have been done.
    pub doubt: Option<Effect>,
    /// The most important of what was done.
    pub done: Option<Effect>,
    /// Whether what was done is only a part of what was asked for.
    pub is_part: bool,
    /// Codes that were revoked.
    pub revoked: u64,
    /// Keys that were removed.
    pub removed: u64,
    /// Lines of a batch that had an effect, before those in progress.
    pub lines: u64,
    /// Lines of a batch that were stopped, and may have had one.
    pub lines_in_doubt: u64,
    /// The challenge whose message was sent and is waited for.
    pub waits: Option<String>,
    /// The idempotency key of a send.
    pub idempotency_key: Option<String>,
}

impl KnownEffects {
    /// Whether it is sure that nothing was done.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.doubt.is_none() && self.done.is_none() && self.lines == 0 && self.revoked == 0 && self.removed == 0
    }
}

#[derive(Debug, Default)]
struct Log {
    doubts: Vec<(u64, Effect)>,
    next: u64,
    known: KnownEffects,
}

/// Shared between the command and whoever watches its time.
#[derive(Debug, Default)]
pub struct Progress {
    log: Mutex<Log>,
    /// Shared by all lines of a batch.
    awaited: Arc<Mutex<Awaited>>,
    noting: AtomicBool,
}

/// Who is waited for, in the order in which the waits began.
#[derive(Debug, Default)]
struct Awaited {
    next: u64,
    waits: Vec<(u64, String)>,
}

/// A wait that is over when this is dropped.
struct Waiting<'a>(&'a Mutex<Awaited>, u64);

impl<'a> Waiting<'a> {
    fn begin(awaited: &'a Mutex<Awaited>, whom: &str) -> Self {
        let mut all = locked(awaited);
        let id = all.next;
        all.next += 1;
        all.waits.push((id, whom.to_owned()));
        Self(awaited, id)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        locked(self.0).waits.retain(|(id, _)| *id != self.1);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Something that was begun. Dropped, it stays in doubt.
#[must_use = "what is begun stays in doubt until its end is known"]
pub(super) struct Begun<'a> {
    progress: &'a Progress,
    id: u64,
}

impl Progress {
    /// From now on it may be done.
    pub(super) fn begin(&self, effect: Effect) -> Begun<'_> {
        let mut log = self.log();
        let id = log.next;
        log.next += 1;
        log.doubts.push((id, effect));
        Begun { progress: self, id }
    }

    /// Runs something that waits for somebody other than the store, and names it to whoever asks meanwhile. Of several at
    /// once, the last one that began is named.
    pub async fn waiting_for<T>(&self, whom: &str, work: impl Future<Output = T>) -> T {
        let _waiting = Waiting::begin(&self.awaited, whom);
        work.await
    }

    /// Runs something short that follows an answer which is settled: the end of the command's time must not take the answer
    /// away.
    pub(super) async fn noting<T>(&self, work: impl Future<Output = T>) -> T {
        self.noting.store(true, Ordering::Relaxed);
        let done = work.await;
        self.noting.store(false, Ordering::Relaxed);
        done
    }

    /// Whether the answer is settled and only a note of it is being written.
    #[must_use]
    pub fn is_noting(&self) -> bool {
        self.noting.load(Ordering::Relaxed)
    }

    /// Who is being waited for, where it is not the store.
    #[must_use]
    pub fn awaited(&self) -> Option<String> {
        locked(&self.awaited).waits.last().map(|(_, whom)| whom.clone())
    }

    /// Codes of one phone were revoked.
    pub(super) fn revoked(&self, codes: usize) {
        let mut log = self.log();
        log.known.revoked = log.known.revoked.saturating_add(u64::try_from(codes).unwrap_or(u64::MAX));
    }

    /// Keys were removed.
    pub(super) fn removed(&self, keys: u64) {
        let mut log = self.log();
        log.known.removed = log.known.removed.saturating_add(keys);
    }

    /// No provider sent the message: the send had no effect.
    pub(super) fn nothing_sent(&self) {
        let mut log = self.log();
        log.doubts.clear();
        log.known.done = None;
    }

    /// A message was sent, and now it is waited for.
    pub(super) fn waits_for(&self, challenge_id: &str) {
        self.log().known.waits = Some(challenge_id.to_owned());
    }

    /// The key under which a send may be asked for again.
    pub(super) fn carries(&self, idempotency_key: Option<&str>) {
        self.log().known.idempotency_key = idempotency_key.map(str::to_owned);
    }

    /// Whatever is done from now on is only a part of what was asked for.
    pub fn is_one_of_many(&self) {
        self.log().known.is_part = true;
    }

    /// That of a line of a batch: what it does is known alone, and whom it waits for is known to all.
    #[must_use]
    pub fn line(&self) -> Self {
        Self { awaited: Arc::clone(&self.awaited), ..Self::default() }
    }

    /// A line of a batch ended. What is known of it here is that it had an effect, or had none.
    pub fn line_ended(&self, line: &KnownEffects) {
        let mut log = self.log();
        log.known.lines += u64::from(!line.is_nothing());
    }

    /// A line of a batch was stopped: what it may have done is in doubt for the whole command.
    pub fn line_stopped(&self, line: &KnownEffects) {
        let Some(doubt) = &line.doubt else { return self.line_ended(line) };
        let mut log = self.log();
        log.known.lines_in_doubt += 1;
        let id = log.next;
        log.next += 1;
        log.doubts.push((id, doubt.clone()));
    }

    /// The next of many begins, which are done one after the other. What is known of those before is that they had an
    /// effect, or had none.
    pub fn next_line(&self) {
        let known = self.of_line();
        let mut log = self.log();
        let lines = log.known.lines + u64::from(!known.is_nothing());
        log.doubts.clear();
        log.known = KnownEffects { lines, ..KnownEffects::default() };
    }

    /// What is known of the whole command.
    #[must_use]
    pub fn known(&self) -> KnownEffects {
        let log = self.log();
        let doubt = log.doubts.iter().map(|(_, effect)| effect).max().cloned();
        KnownEffects { doubt, is_part: log.known.is_part || log.known.lines > 0, ..log.known.clone() }
    }

    /// What is known of the line of a batch that is in progress.
    #[must_use]
    pub fn of_line(&self) -> KnownEffects {
        KnownEffects { lines: 0, is_part: false, ..self.known() }
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        locked(&self.log)
    }
}

impl Begun<'_> {
    /// It was done.
    pub(super) fn was_done(self) {
        let mut log = self.progress.log();
        let effect = log.take(self.id);
        log.known.done = log.known.done.take().max(effect);
    }

    /// It was not done, and will not be.
    pub(super) fn was_not_done(self) {
        self.progress.log().take(self.id);
    }
}

impl Log {
    fn take(&mut self, id: u64) -> Option<Effect> {
        let at = self.doubts.iter().position(|(own, _)| *own == id)?;
        Some(self.doubts.remove(at).1)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn what_is_begun_stays_in_doubt_until_its_end_is_known() {
        let sms = || Effect::Message("ch_1".to_owned(), "the SMS");
        let progress = Progress::default();
        assert!(progress.known().is_nothing());
        drop(progress.begin(Effect::Change));
        assert_eq!(progress.known().doubt, Some(Effect::Change), "also where nobody waits any more");
        progress.begin(Effect::Code("ch_1".to_owned())).was_not_done();
        assert_eq!((progress.known().doubt, progress.known().done), (Some(Effect::Change), None));
        progress.begin(Effect::Code("ch_1".to_owned())).was_done();
        progress.begin(sms()).was_done();
        progress.begin(Effect::Change).was_done();
        assert_eq!(progress.known().done, Some(sms()), "the message is what matters");
    }

    #[test]
    fn a_line_of_a_batch_is_known_alone_and_with_those_before() {
        let progress = Progress::default();
        progress.next_line();
        progress.begin(Effect::Change).was_done();
        progress.next_line();
        assert!(progress.of_line().is_nothing());
        assert!(!progress.known().is_nothing() && progress.known().is_part);
        progress.next_line();
        assert_eq!(progress.known().lines, 1, "a line without an effect is none of them");
    }

    #[test]
    fn lines_at_once_are_known_alone_and_counted_together() {
        let (whole, sms) = (Progress::default(), || Effect::Message("ch_1".to_owned(), "the SMS"));
        let (sent, stopped, refused) = (whole.line(), whole.line(), whole.line());
        sent.begin(sms()).was_done();
        drop(stopped.begin(sms()));
        assert!(whole.known().is_nothing() && refused.known().is_nothing());
        whole.line_ended(&sent.known());
        whole.line_ended(&refused.known());
        whole.line_stopped(&stopped.known());
        let known = whole.known();
        assert_eq!((known.lines, known.lines_in_doubt, known.doubt), (1, 1, Some(sms())));
    }

    #[tokio::test]
    async fn of_several_waits_the_last_one_that_is_not_over_is_named() {
        let whole = Progress::default();
        let (first, second) = (whole.line(), whole.line());
        let mut early = Box::pin(first.waiting_for("a", std::future::pending::<()>()));
        let mut late = Box::pin(second.waiting_for("b", std::future::pending::<()>()));
        assert!((&mut early).now_or_never().is_none() && (&mut late).now_or_never().is_none());
        assert_eq!(whole.awaited().as_deref(), Some("b"));
        drop(early);
        assert_eq!(whole.awaited().as_deref(), Some("b"));
        drop(late);
        assert_eq!(whole.awaited(), None);
    }
}
