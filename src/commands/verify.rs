//! `verify`: checks a code.

use std::io::IsTerminal as _;

use serde::Serialize;

use super::CommandResult;
use super::target::{Target, TargetArg, standard_input};
use crate::app::{Act, App, AskedRoute, Confirm};
use crate::error::{Error, Exit};
use crate::layout::Operation;
use crate::operations::{Applied, AttemptOutcome, Operations};
use crate::otp::escape::is_unsafe;
use crate::otp::record::{Answer, PurposeState, Reason, Verdict};
use crate::otp::rules::AttemptRequest;
use crate::otp::time::rfc3339_or_null;
use crate::otp::{Code, Hint, Moment, Purpose, UserId, reference};
use crate::output::{Human, Ids, Report, plural, when};

/// No code, however spaced, is longer.
const LONGEST: u64 = 256;
/// No attempt id is longer.
const LONGEST_ID: usize = 64;

/// Check a code, which uses one attempt
///
/// Prints the user that the phone is linked to. Exits with 0 if the code is accepted, 10 if it is wrong, 11 if there is no
/// code, 12 if the phone is locked or no attempts are left.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A phone number, `user:ID`, or a `ph_…` reference
    #[arg(value_name = "PHONE|USER")]
    target: TargetArg,
    /// The code; omit to be prompted, or to read stdin
    #[arg(value_name = "CODE")]
    code: Option<String>,
    /// What the code is for
    #[arg(long, default_value_t)]
    purpose: Purpose,
    /// The user that the code must be for
    #[arg(long, value_name = "ID")]
    user: Option<UserId>,
    /// Fail unless the phone is linked to one user
    #[arg(long)]
    require_user: bool,
    /// Repeating with the same id uses no second attempt
    ///
    /// It prints the first answer again.
    #[arg(long, value_name = "ID")]
    attempt_id: Option<String>,
}

impl Args {
    pub(super) async fn run(&self, app: &App) -> CommandResult {
        if app.globals.dry_run {
            // It would tell a right code from a wrong one as often as anyone likes.
            return Err(Error::said(Exit::Usage, "verify has no dry run; it would be a free guess").hint(
                Hint::run(&["inspect"]).arg(self.target.to_string()).because("see whether there is a live code"),
            ));
        }
        let attempt_id = match &self.attempt_id {
            Some(id) => checked(id)?.to_owned(),
            None => reference::attempt_id(&crate::app::OsRandom)?,
        };
        // A phone or code that cannot be one is told before the store is touched.
        let target = self.target.parsed(app)?;
        let code = app.typed_code(&self.typed(app).await?)?;
        let target = target.resolve_phone(app).await?;
        app.may_concern(&target.phone, &AskedRoute::of(&self.purpose))?;
        app.may_change("use an attempt", Confirm::No).await?;
        app.guard().await?;
        let checked = app
            .audited(Act::on(&target.phone), async |operations| {
                self.check(app, operations, &target, &code, &attempt_id).await
            })
            .await;
        checked.map_err(|mut error| {
            error.details.attempt_id = Some(attempt_id.clone());
            if error.exit == Exit::StoreUnknown {
                let repeat = target.hint_for("verify", &self.purpose).option("--attempt-id", &attempt_id);
                error.hint = Some(repeat.because("the code may have been used; repeat with the same id"));
            }
            target.failed(app, error)
        })
    }

    async fn check(
        &self,
        app: &App,
        operations: Operations<'_>,
        target: &Target,
        code: &Code,
        attempt_id: &str,
    ) -> CommandResult {
        let asked = AttemptRequest {
            phone: &target.phone,
            purpose: &self.purpose,
            code,
            peppers: app.peppers_for(Operation::Verify).await?,
            attempt_id,
            user: target.user(self.user.as_ref())?,
            require_user: self.require_user,
        };
        let applied = operations.verify(&asked).await?;
        let next = self.next(target, &applied);
        let AttemptOutcome { answer, replayed, .. } = applied.outcome;
        if let (Verdict::Ok, false, Some(challenge)) = (answer.verdict, replayed, &answer.challenge_id) {
            app.owe_feedback(&target.phone, &applied.known.record, challenge, true);
        }
        Ok(Box::new(Checked {
            result: answer.verdict,
            reason: answer.reason,
            phone: target.shown(app),
            purpose: self.purpose.clone(),
            user: answer.user,
            challenge_id: answer.challenge_id,
            attempts_left: answer.attempts_left,
            failures_consecutive: answer.failures,
            locked_until: answer.locked_until,
            expires_at: answer.expires_at,
            attempt_id: attempt_id.to_owned(),
            replayed,
            now: applied.now,
            next,
        }))
    }

    /// What to do next. If a code for another purpose is live, it is usually the one that was meant.
    fn next(&self, target: &Target, applied: &Applied<AttemptOutcome>) -> Option<Hint> {
        let answer = &applied.outcome.answer;
        let mut others = applied.known.record.purposes.iter().filter(|(purpose, _)| **purpose != self.purpose);
        let live =
            |(purpose, state): (&Purpose, &PurposeState)| state.live(applied.now).next().map(|_| purpose.clone());
        let other = others.find_map(live).filter(|_| answer.verdict == Verdict::NoCode);
        match other {
            Some(other) => {
                let why = format!("a code for purpose `{other}` is live");
                Some(target.hint_for("verify", &other).because(why))
            }
            None => next(answer).map(|command| target.hint_for(command, &self.purpose)),
        }
    }

    /// The code as typed: from the command line, a terminal, or standard input.
    async fn typed(&self, app: &App) -> Result<zeroize::Zeroizing<String>, Error> {
        if let Some(code) = self.code.as_deref().filter(|code| *code != "-") {
            return Ok(code.to_owned().into());
        }
        let mut text = match std::io::stdin().is_terminal() {
            true if app.globals.no_input => {
                return Err(Error::said(Exit::Usage, "no code was given, and prompts are off")
                    .hint(Hint::run(&["verify"]).arg(self.target.to_string()).arg("CODE")));
            }
            true => app.ask("Code: ").await?,
            false => standard_input(app, LONGEST).await?.into(),
        };
        // The end of the line is not part of what was typed.
        let length = text.trim_end_matches(['\n', '\r']).len();
        text.truncate(length);
        Ok(text)
    }
}

/// An attempt id that a caller chose.
fn checked(id: &str) -> Result<&str, Error> {
    let fits = (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    if fits && !id.chars().any(is_unsafe) {
        return Ok(id);
    }
    Err(Error::said(Exit::Usage, format!("an attempt id is 1 to {LONGEST_ID} printable characters without spaces")))
}

/// The command to go on with.
fn next(answer: &Answer) -> Option<&'static str> {
    match (answer.verdict, answer.reason) {
        (Verdict::NoCode, _) | (_, Some(Reason::AttemptsExhausted)) => Some("send"),
        (Verdict::Locked, _) => Some("unlock"),
        _ => None,
    }
}

#[derive(Serialize)]
struct Checked {
    result: Verdict,
    reason: Option<Reason>,
    phone: String,
    purpose: Purpose,
    user: Option<UserId>,
    challenge_id: Option<String>,
    attempts_left: u32,
    failures_consecutive: u32,
    #[serde(serialize_with = "rfc3339_or_null")]
    locked_until: Option<Moment>,
    #[serde(serialize_with = "rfc3339_or_null")]
    expires_at: Option<Moment>,
    attempt_id: String,
    replayed: bool,
    #[serde(skip)]
    now: Moment,
    #[serde(skip)]
    next: Option<Hint>,
}

impl Report for Checked {
    const SCHEMA: &str = "otpctl.verify/1";

    fn human(&self) -> Human {
        let phone = &self.phone;
        let left = plural(self.attempts_left, "attempt", "attempts");
        Human::Text(match (self.result, self.reason) {
            (Verdict::Ok, _) => match &self.user {
                Some(user) => format!("Code accepted for {phone}. User: {user}"),
                None => format!("Code accepted for {phone}."),
            },
            (Verdict::Wrong, Some(Reason::SupersededCode)) => {
                format!("Wrong code for {phone}: a newer code was sent since. {left} left.")
            }
            (Verdict::Wrong, _) => format!("Wrong code for {phone}. {left} left."),
            (_, Some(Reason::AttemptsExhausted)) => {
                format!("Too many wrong attempts for {phone}; this code no longer works.")
            }
            (Verdict::Locked, _) => {
                let after = plural(self.failures_consecutive, "consecutive wrong code", "consecutive wrong codes");
                match self.locked_until {
                    Some(until) => format!("{phone} is locked after {after}. Try again {}.", when(until, self.now)),
                    None => format!("{phone} is locked after {after}, until someone unlocks it."),
                }
            }
            (Verdict::NoCode, reason) => {
                let why = match reason {
                    Some(Reason::Expired) => "it has expired",
                    Some(Reason::Used) => "it was used",
                    Some(Reason::Revoked) => "it was revoked",
                    Some(Reason::Superseded) => "it was replaced by a newer code, or the phone has other users now",
                    _ => "none was requested",
                };
                format!("There is no code for {phone}: {why}.")
            }
        })
    }

    fn exit(&self) -> Exit {
        match self.result {
            Verdict::Ok => Exit::Ok,
            Verdict::Wrong => Exit::WrongCode,
            Verdict::NoCode => Exit::NoCode,
            Verdict::Locked => Exit::Locked,
        }
    }

    fn ids(&self) -> Ids<'_> {
        Ids { challenge: self.challenge_id.as_deref(), attempt: Some(&self.attempt_id) }
    }

    fn hints(&self) -> Vec<Hint> {
        self.next.iter().cloned().collect()
    }
}
