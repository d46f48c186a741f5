//! `verify`: checks a code.

mod report;

use std::io::IsTerminal as _;

use super::CommandResult;
use super::target::{Target, TargetArg, standard_input};
use crate::app::{Act, App, AskedRoute, Confirm};
use crate::assertion::{Assertion, Signer, Subject};
use crate::error::{Error, Exit};
use crate::layout::Operation;
use crate::operations::{Applied, AttemptOutcome, Operations};
use crate::otp::escape::is_unsafe;
use crate::otp::record::{Answer, Delivery, PurposeState, Reason, Verdict};
use crate::otp::rules::{AssertionRequest, AttemptRequest};
use crate::otp::{Code, Hint, Purpose, UserId, reference};
use crate::provider::TEST_NUMBER;
use report::Checked;

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
    /// On success, print a signed statement of who it is
    ///
    /// It is a JWT for this audience, and can be used for 60 s. It needs a linked user, and a code that was sent; `[assertion]`
    /// of the file says who signs, and for whom.
    #[arg(long = "assert", value_name = "AUDIENCE")]
    audience: Option<String>,
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
        // A key that cannot sign is told while the code can still be used.
        let signer = match &self.audience {
            Some(audience) => {
                app.may_assert(&target.phone, audience).map_err(|error| target.failed(app, error))?;
                Some(app.signer().await?)
            }
            None => None,
        };
        app.may_change("use an attempt", Confirm::No).await?;
        app.guard().await?;
        let detail = self.audience.as_ref().map(|audience| format!("--assert {audience}"));
        let checked = app
            .audited(Act::on(&target.phone).detail(detail), async |operations| {
                self.check(app, operations, (&target, &code, &attempt_id), signer.as_ref()).await
            })
            .await;
        checked.map_err(|mut error| {
            error.details.attempt_id = Some(attempt_id.clone());
            if error.exit == Exit::StoreUnknown {
                let mut repeat = target.hint_for("verify", &self.purpose).option("--attempt-id", &attempt_id);
                if let Some(audience) = &self.audience {
                    repeat = repeat.option("--assert", audience);
                }
                error.hint = Some(repeat.because("the code may have been used; repeat with the same id"));
            }
            target.failed(app, error)
        })
    }

    async fn check(
        &self,
        app: &App,
        operations: Operations<'_>,
        (target, code, attempt_id): (&Target, &Code, &str),
        signer: Option<&Signer>,
    ) -> CommandResult {
        let allow_issued = app.settings()?.assertion.as_ref().is_some_and(|own| own.allow_issued);
        let asked = AttemptRequest {
            phone: &target.phone,
            purpose: &self.purpose,
            code,
            peppers: app.peppers_for(Operation::Verify).await?,
            attempt_id,
            user: target.user(self.user.as_ref())?,
            require_user: self.require_user,
            assertion: self.audience.as_deref().map(|audience| AssertionRequest {
                audience,
                allow_issued,
                test_number: TEST_NUMBER,
            }),
        };
        let applied = operations.verify(&asked).await?;
        let next = self.next(target, &applied);
        let assertion = match signer {
            Some(signer) => self.assertion(app, target, (&applied, attempt_id), signer)?,
            None => None,
        };
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
            assertion_expires_at: assertion.as_ref().map(|assertion| assertion.expires_at),
            assertion: assertion.map(|assertion| assertion.token),
            audience: self.audience.clone(),
            now: applied.now,
            next,
        }))
    }

    /// What is handed to the application, where the answer is yes. Of one that was given before it is the same, while that
    /// can be used.
    fn assertion(
        &self,
        app: &App,
        target: &Target,
        (applied, attempt_id): (&Applied<AttemptOutcome>, &str),
        signer: &Signer,
    ) -> Result<Option<Assertion>, Error> {
        let AttemptOutcome { answer, at, .. } = &applied.outcome;
        let (Verdict::Ok, Some(audience), Some(user), Some(id)) =
            (answer.verdict, &self.audience, &answer.user, &answer.challenge_id)
        else {
            return Ok(None);
        };
        let challenge = applied.known.record.challenge(id).map(|(_, challenge)| challenge);
        let channel = challenge.and_then(|challenge| challenge.delivery.as_ref()).map(Delivery::channel);
        let subject = Subject {
            user,
            // Nor is a number that the caller did not type shown in it.
            phone: (target.typed || app.globals.unmask).then(|| target.phone.as_str()),
            channel: channel.as_deref(),
            challenge_id: id,
            attempt_id,
            at: *at,
        };
        signer.assertion(&subject, audience, applied.now).map_err(|error| Error::new(Exit::Internal, error))
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
