//! What is known of the effects of a command, for the person who interrupts it. What was done stays done, and what was
//! begun stays in doubt until its end is known, even if the command is dropped.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

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
    /// Lines of a batch that had an effect, before the one in progress.
    pub lines: u64,
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
    awaited: Mutex<Option<String>>,
    noting: AtomicBool,
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
        let before = self.lock_awaited().replace(whom.to_owned());
        let done = work.await;
        *self.lock_awaited() = before;
        done
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
        self.lock_awaited().clone()
    }

    fn lock_awaited(&self) -> MutexGuard<'_, Option<String>> {
        self.awaited.lock().unwrap_or_else(PoisonError::into_inner)
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

    /// The next line of a batch begins. What is known of the lines before is that they had an effect, or had none.
    pub fn next_line(&self) {
        let mut log = self.log();
        let had_effect = log.doubts.pop().is_some() || log.known.done.is_some() || log.known.revoked > 0;
        let lines = log.known.lines + u64::from(had_effect);
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
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
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
}
