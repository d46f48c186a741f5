//! What is done is recorded: an intent before it, an outcome after it. Only here does a command get a store that it can
//! change, so none forgets it.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use super::act::{Act, Ended};
use super::{App, now};
use crate::audit::{AuditError, Entry, Keys, Log, Phase, Receiver, Syslog, Told, Written};
use crate::config::{StoreSettings, SyslogTarget};
use crate::error::Error;
use crate::operations::{Operations, Progress};
use crate::otp::{AuditHead, Moved};
use crate::system::LOCK_PAUSE;

/// So much of the command's time is kept for saying that the lock was not to be had.
const MARGIN: Duration = Duration::from_millis(100);
/// So often a process that ends looks for the lock, to write how its command ended.
const LAST_LOOKS: usize = 500;

/// An intent whose outcome is still to come. Without an audit there is none to write, and it only lets the store be changed.
#[must_use = "an intent without an outcome is taken for a crash"]
pub struct Intent {
    seq: Option<u64>,
    anchor: Option<String>,
}

/// What the outcome of an intent repeats.
struct Open {
    seq: u64,
    command: String,
    phone: Option<String>,
    challenge: Option<String>,
    detail: Option<String>,
    /// Of the command, or of the line of a batch, that it belongs to.
    progress: Arc<Progress>,
    reason: Option<String>,
}

/// The file, and the receiver beside it.
pub(super) struct Auditing {
    log: Log,
    syslog: Option<Syslog>,
    redis: Option<String>,
    open: RefCell<Vec<Open>>,
}

/// What an outcome says.
struct Ending<'e> {
    result: &'static str,
    challenge: Option<&'e str>,
    count: Option<u64>,
}

impl Auditing {
    /// Writes a record, unless another process has the lock now.
    fn add(
        &self,
        app: &App,
        phase: Phase,
        open: &Open,
        ending: Option<&Ending<'_>>,
    ) -> Result<Option<Written>, AuditError> {
        self.log.add(&Entry {
            at: now(),
            phase,
            intent: (phase == Phase::Outcome).then_some(open.seq),
            command: &open.command,
            result: ending.map(|ending| ending.result),
            who: app.who(),
            redis: self.redis.as_deref(),
            phone: open.phone.as_deref(),
            challenge_id: ending.and_then(|ending| ending.challenge).or(open.challenge.as_deref()),
            reason: open.reason.as_deref(),
            detail: open.detail.as_deref(),
            count: ending.and_then(|ending| ending.count),
        })
    }

    /// Writes a record, and waits for the lock.
    async fn written(
        &self,
        app: &App,
        phase: Phase,
        open: &Open,
        ending: Option<&Ending<'_>>,
    ) -> Result<Written, AuditError> {
        loop {
            if let Some(written) = self.add(app, phase, open, ending)? {
                self.hand_over(app, &written).await;
                return Ok(written);
            }
            if tokio::time::Instant::now() + MARGIN >= app.deadline() {
                return Err(self.log.busy());
            }
            app.progress.waiting_for("the audit", tokio::time::sleep(LOCK_PAUSE)).await;
        }
    }

    /// The receiver beside the file: what it does not take is told, and stops nothing, since the file has it.
    async fn hand_over(&self, app: &App, written: &Written) {
        let Some(syslog) = &self.syslog else { return };
        if let Err(error) = syslog.hand_over(&now().rfc3339(), &written.line).await {
            let receiver = syslog.receiver();
            app.printer.warning(&format!("record {} of the audit was not handed to {receiver}: {error}", written.seq));
        }
    }
}

impl App {
    /// Records that something is to be done, does it with a store that it may change, and records how it ended. A rehearsal
    /// is not recorded.
    ///
    /// # Errors
    /// When it cannot be recorded, and then nothing is done; else those of the work.
    pub async fn audited<'a, T: Ended>(
        &'a self,
        act: Act<'_>,
        work: impl AsyncFnOnce(Operations<'a>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let intent = self.intend(act).await?;
        let done = match self.changing(&intent).await {
            Ok(operations) => work(operations).await,
            Err(error) => Err(error),
        };
        self.ended(intent, done.as_ref()).await;
        done
    }

    /// Records that something is to be done; [`Self::ended`] is to follow.
    ///
    /// # Errors
    /// When it cannot be recorded.
    pub async fn intend(&self, act: Act<'_>) -> Result<Intent, Error> {
        if self.globals.dry_run {
            return Ok(Intent { seq: None, anchor: None });
        }
        self.recorded(act).await
    }

    async fn recorded(&self, act: Act<'_>) -> Result<Intent, Error> {
        let Some(auditing) = self.auditing().await? else { return Ok(Intent { seq: None, anchor: None }) };
        let phone = match act.phone {
            Some(phone) => self.reference(phone).await,
            None => None,
        };
        let mut open = Open {
            seq: 0,
            command: self.globals.path.clone(),
            phone,
            challenge: act.challenge.map(str::to_owned),
            detail: act.detail,
            progress: Arc::clone(&self.progress),
            reason: self.reason().map(str::to_owned),
        };
        let written = auditing.written(self, Phase::Intent, &open, None).await?;
        open.seq = written.seq;
        auditing.open.borrow_mut().push(open);
        Ok(Intent { seq: Some(written.seq), anchor: Some(written.anchor) })
    }

    /// The operations on a store that may be changed.
    ///
    /// # Errors
    /// As [`Self::store`].
    pub async fn changing(&self, intent: &Intent) -> Result<Operations<'_>, Error> {
        let store = self.whole_store().await?;
        Ok(Operations { store, audit: intent.anchor.clone(), ..self.operations().await? })
    }

    /// Records how something ended. It is done, so that a record that cannot be written is told, and no more.
    pub async fn ended<T: Ended>(&self, intent: Intent, done: Result<&T, &Error>) {
        let (Some(seq), Ok(Some(auditing))) = (intent.seq, self.auditing().await) else { return };
        let Some(open) = auditing.taken(seq) else { return };
        let ending = match done {
            Ok(done) => Ending { result: done.exit().name(), challenge: done.challenge(), count: done.count() },
            Err(error) => Ending::of(error),
        };
        match auditing.written(self, Phase::Outcome, &open, Some(&ending)).await {
            Ok(Written { seq, anchor, tell_store: true, .. }) => {
                match self.anchored(&auditing.log, &Told { seq, anchor }).await {
                    Ok((store, true)) => self.printer.warning(&format!(
                        "the store knows of record {} of the audit, which the file does not; run `audit verify`",
                        store.seq
                    )),
                    Ok(_) => {}
                    // The events have anchors of their own, so what the store does not take is told the next time.
                    Err(error) => tracing::info!(error = error.message(), "the store was not told of the audit"),
                }
            }
            written => self.tell_of_outcome(written.map(drop)),
        }
    }

    /// Records that what is under way was stopped, without waiting for anything.
    pub fn stopped(&self, error: &Error) {
        let Some(Some(auditing)) = self.auditing.get() else { return };
        let open = std::mem::take(&mut *auditing.open.borrow_mut());
        self.recorded_as(auditing, open, error);
    }

    /// The same for the line of a batch that this is.
    pub fn line_stopped(&self, error: &Error) {
        let Some(Some(auditing)) = self.auditing.get() else { return };
        let is_own = |open: &mut Open| Arc::ptr_eq(&open.progress, &self.progress);
        let own: Vec<Open> = auditing.open.borrow_mut().extract_if(.., is_own).collect();
        self.recorded_as(auditing, own, error);
    }

    fn recorded_as(&self, auditing: &Auditing, open: Vec<Open>, error: &Error) {
        for open in open {
            let looks = (0..LAST_LOOKS).find_map(|look| {
                if look > 0 {
                    std::thread::sleep(LOCK_PAUSE);
                }
                auditing.add(self, Phase::Outcome, &open, Some(&Ending::of(error))).transpose()
            });
            self.tell_of_outcome(looks.unwrap_or_else(|| Err(auditing.log.busy())).map(drop));
        }
    }

    fn tell_of_outcome(&self, written: Result<(), AuditError>) {
        if let Err(error) = written {
            self.printer.warning(&format!("this is done, but not recorded: {error}"));
        }
    }

    /// Records that numbers are to be shown in full, before anything is read; also in a rehearsal, which shows them too.
    ///
    /// # Errors
    /// When it cannot be recorded.
    pub async fn unmasking(&self) -> Result<Intent, Error> {
        self.recorded(Act::on_many().detail("--unmask".to_owned())).await
    }

    /// The audit; `None`: the file has none.
    async fn auditing(&self) -> Result<Option<&Auditing>, Error> {
        let auditing = self.auditing.get_or_try_init(async || {
            let settings = self.settings()?;
            let Some(audit) = &settings.audit else { return Ok::<_, Error>(None) };
            let keys = Keys::of(self.peppers().await?);
            let receiver = audit.syslog.as_ref().map(|target| match target {
                SyslogTarget::Unix(path) => Receiver::Unix(path.to_path_buf()),
                SyslogTarget::Udp(address) => Receiver::Udp(address.host.clone(), address.port),
                SyslogTarget::Tcp(address) => Receiver::Tcp(address.host.clone(), address.port),
            });
            let redis = match &settings.store {
                StoreSettings::Redis(redis) => redis.username.clone(),
                StoreSettings::Embedded { .. } => None,
            };
            Ok(Some(Auditing {
                log: Log::new(&audit.file, keys),
                syslog: receiver.map(|receiver| Syslog::new(receiver, &self.who().host)),
                redis,
                open: RefCell::default(),
            }))
        });
        Ok(auditing.await?.as_ref())
    }

    /// Tells the store of a record, and returns what it knows then, and whether that is no record of the file: an older file
    /// was put in place of the one that had it.
    ///
    /// # Errors
    /// When the store fails, or the lock file cannot be written.
    pub async fn anchored(&self, log: &Log, record: &Told) -> Result<(AuditHead, bool), Error> {
        let operations = Operations { store: self.whole_store().await?, ..self.operations().await? };
        let (host, name) = (&self.who().host, log.name(&self.who().host));
        loop {
            let stored = operations.audit_head(&name).await?;
            // Read after the store: whoever told it of a record noted it here before.
            let told = log.head()?.map(|head| head.told().clone()).unwrap_or_default();
            let (new, known) = ((record.seq, record.anchor.as_str()), (told.seq, told.anchor.as_str()));
            let moved = match stored.head.moved(new, known, host, stored.now) {
                Moved::Other => return Ok((stored.head, true)),
                Moved::To(moved) if !self.globals.dry_run => moved,
                Moved::To(_) | Moved::Newer => return Ok((stored.head, false)),
            };
            while !log.tell(record)? {
                if self.is_late() {
                    return Err(log.busy().into());
                }
                tokio::time::sleep(LOCK_PAUSE).await;
            }
            if operations.put_audit_head(&name, stored, &moved).await? {
                return Ok((moved, false));
            }
        }
    }

    /// The file of the records and its head, for who checks them.
    ///
    /// # Errors
    /// When the settings are wrong, or no pepper is at hand.
    pub async fn audit_log(&self) -> Result<Option<&Log>, Error> {
        Ok(self.auditing().await?.map(|auditing| &auditing.log))
    }
}

impl Auditing {
    fn taken(&self, seq: u64) -> Option<Open> {
        let mut open = self.open.borrow_mut();
        let at = open.iter().position(|one| one.seq == seq)?;
        Some(open.swap_remove(at))
    }
}

impl<'e> Ending<'e> {
    fn of(error: &'e Error) -> Self {
        Self { result: error.exit.name(), challenge: error.details.challenge_id.as_deref(), count: None }
    }
}
