//! The challenges of privacyIDEA on the support screen: a row each, a sentence, and warnings.

use serde::Serialize;

use super::checks::Check;
use crate::commands::target::Target;
use crate::layout::privacyidea::{Challenge, ChallengeStatus};
use crate::operations::Tokens;
use crate::otp::time::{rfc3339, rfc3339_or_null};
use crate::otp::{Hint, Moment, UserId, Users};
use crate::output::{Cell, Table, plural};

/// One challenge, without anything that could answer it.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct TokenChallenge {
    pub(super) transaction_id: String,
    /// The token, by its serial.
    pub(super) user: UserId,
    pub(super) state: &'static str,
    pub(super) answerable: bool,
    answered: bool,
    tries: u32,
    #[serde(serialize_with = "rfc3339")]
    pub(super) created_at: Moment,
    #[serde(serialize_with = "rfc3339")]
    pub(super) expires_at: Moment,
    pub(super) expires_in_seconds: u64,
    /// The end of its key.
    #[serde(serialize_with = "rfc3339_or_null")]
    kept_until: Option<Moment>,
}

/// The newest first.
pub(super) fn list(tokens: &Tokens, now: Moment) -> Vec<TokenChallenge> {
    let row = |(user, challenge): &(UserId, Challenge)| {
        let standing = challenge.standing(now);
        TokenChallenge {
            transaction_id: challenge.transaction.clone(),
            user: user.clone(),
            state: standing.as_str(),
            answerable: standing == ChallengeStatus::Open,
            answered: challenge.is_answered,
            tries: challenge.tries,
            created_at: challenge.created_at,
            expires_at: challenge.expires_at,
            expires_in_seconds: challenge.expires_at.since(now).as_secs(),
            kept_until: challenge.kept_until,
        }
    };
    tokens.challenges.iter().map(row).collect()
}

/// What there is to answer.
pub(super) fn summary(
    phone: &str,
    users: &Users,
    challenges: &[TokenChallenge],
    time: &dyn Fn(Moment) -> String,
) -> String {
    let mut open = challenges.iter().filter(|challenge| challenge.answerable);
    let Some(newest) = open.next() else {
        return match challenges.first() {
            Some(last) => format!("{phone} has no challenge that can be answered; the last one is {}.", last.state),
            None if users.users.is_empty() => format!("{phone} is not linked to a privacyIDEA token."),
            None => format!("{phone} has no challenge in privacyIDEA."),
        };
    };
    let older = match u32::try_from(open.count()).unwrap_or(u32::MAX) {
        0 => String::new(),
        more => format!(" So can {}.", plural(more, "older one", "older ones")),
    };
    let (serial, until) = (&newest.user, time(newest.expires_at));
    let attempts = plural(newest.tries, "attempt", "attempts");
    format!("{phone} has a challenge of `{serial}` that can be answered: {attempts} so far; it expires {until}.{older}")
}

/// What a person should know about what is shown, and what is not.
pub(super) fn checks(tokens: &Tokens, target: &Target, users: &Users) -> Vec<Check> {
    let check = |id, detail| Check { id, status: "warn", detail, next: None };
    let mut checks = Vec::new();
    if users.users.is_empty() {
        let link = Hint::run(&["user", "link"]).arg("SERIAL").arg(target.argument());
        let why = "challenges are found by the serial of a token, and this phone is not linked to one";
        checks.push(Check { next: Some(link), ..check("no_token", why.to_owned()) });
    }
    checks.extend(tokens.cut.iter().map(|(user, count)| {
        let detail = format!("`{user}` has {count} transactions, and not all were read; others may be open");
        check("challenges_cut", detail)
    }));
    if tokens.is_mixed {
        let detail = "there are open challenges of two versions of privacyIDEA; each accepts answers to its own only";
        checks.push(check("mixed_versions", detail.to_owned()));
    }
    checks
}

pub(super) fn table(challenges: &[TokenChallenge], now: Moment) -> Table {
    let heads = ["TRANSACTION", "USER", "STATE", "ATTEMPTS", "ISSUED", "EXPIRES", "KEPT UNTIL"];
    let mut table = Table::new(&heads, "none").spare(&["KEPT UNTIL", "ISSUED"]).copied(&["TRANSACTION"]);
    for own in challenges {
        table.row([
            Cell::from(&own.transaction_id),
            own.user.as_str().into(),
            own.state.into(),
            own.tries.to_string().into(),
            Cell::time(own.created_at, now),
            Cell::time(own.expires_at, now),
            Cell::time_or(own.kept_until, now, "forever"),
        ]);
    }
    table
}
