//! What a person sees: the answer in the first lines, then what it rests on, then what happened.

use std::time::Duration;

use super::document::Inspected;
use super::{challenges, deliveries, limits, timeline};
use crate::commands::allowance;
use crate::otp::Purpose;
use crate::otp::diagnosis::{QuotaUse, Tone};
use crate::output::{Desk, Human, clock, length, relative, zone_name};

pub(super) fn human(own: &Inspected) -> Human {
    let screen = &own.screen;
    let (told, now) = (&screen.told, screen.now);
    let color = match told.tone {
        Tone::Fine => "ok",
        Tone::Wait => "warn",
        Tone::Trouble => "fail",
    };
    let mut sentences = vec![(told.verdict, told.summary.clone()), ("Tell them", told.tell.clone())];
    sentences.extend(told.also.iter().map(|(name, sentence)| ("Also", format!("{name}: {sentence}"))));
    let mut parts = Vec::new();
    // They are what the codes are elsewhere, and so never left out.
    parts.extend(own.challenges.iter().map(|all| ("challenges", challenges::table(all, now))));
    if screen.full {
        parts.extend([
            ("limits", limits::table(&own.limits, now)),
            ("deliveries", deliveries::table(&own.deliveries, now)),
            ("timeline", timeline::table(&own.timeline, now)),
        ]);
    }
    let segments = |id: &str| own.deliveries.iter().find_map(|delivery| delivery.parts_of(id));
    let events = if screen.full { Vec::new() } else { timeline::brief(&own.timeline, &segments, now) };
    let warned = own.checks.iter().filter(|check| check.status != "ok");
    let desk = Desk {
        head: head(own),
        answer: (told.verdict, color),
        sentences,
        next: screen.next.clone(),
        rows: rows(own),
        zone: format!("Times are in {}.", zone_name(now)),
        events,
        taken: warned.map(|check| 1 + check.detail.chars().count() / 70).sum(),
    };
    Human::Desk(Box::new(desk), parts)
}

/// Who it is about.
fn head(own: &Inspected) -> Vec<String> {
    let now = own.screen.now;
    let country = own.phone.country.as_deref().unwrap_or("no country");
    let kind = own.phone.kind.replace('_', " ");
    let user = |user: &crate::commands::user::LinkedUser| {
        let verified = user
            .verified_at
            .map_or_else(|| "never verified".to_owned(), |at| format!("verified {}", relative(at, now)));
        format!("{} ({verified})", user.user)
    };
    let mut users: Vec<String> = own.users.iter().map(user).collect();
    if users.is_empty() {
        // The first that has the phone, unless one before it did not say.
        let said = own.directories.iter().take_while(|answered| !answered.is_down());
        users.extend(
            said.map(|answered| answered.users().collect::<Vec<_>>())
                .find(|users| !users.is_empty())
                .into_iter()
                .flatten(),
        );
    }
    let is_known = !own.directories.iter().any(super::directories::Answered::is_down);
    let users = match users.as_slice() {
        [] if is_known => "no user".to_owned(),
        [] => "user not known".to_owned(),
        [only] => format!("user {only}"),
        several => format!("users {}", several.join(", ")),
    };
    vec![own.phone.number.clone(), format!("{country}, {kind}"), users]
}

/// What the answer rests on.
fn rows(own: &Inspected) -> Vec<(&'static str, String)> {
    let screen = &own.screen;
    let now = screen.now;
    let mut rows = Vec::new();
    // Of privacyIDEA there is a table of its own.
    if own.challenges.is_none() {
        let code = own.live_code.as_ref().filter(|code| code.purpose.as_ref() == Some(&own.purpose));
        let code = code.map_or_else(
            || "none is live".to_owned(),
            |code| {
                let purpose =
                    if own.purpose == Purpose::default() { String::new() } else { format!("for `{}`, ", own.purpose) };
                let (made, ends) = (clock(code.created_at, now), clock(code.expires_at, now));
                let left = length(code.expires_at.since(now));
                let attempts = code.attempts_left.zip(code.most);
                let attempts = attempts.map(|(left, most)| format!("; {left} of {most} attempts left"));
                if code.checked_by.is_some() {
                    return format!("{purpose}of {made}; checked by your application");
                }
                format!("{purpose}of {made}, works until {ends} ({left}){}", attempts.unwrap_or_default())
            },
        );
        rows.push(("Code", code));
        rows.extend(screen.others.iter().map(|(purpose, made, ends)| {
            ("Other code", format!("for `{purpose}`, of {}, works until {}", clock(*made, now), clock(*ends, now)))
        }));
    }
    rows.push(("Sends", sends(&screen.quotas)));
    if !own.send.allowed {
        rows.push(("Next send", allowance::words(&own.send, now)));
    }
    let failures = screen.failures;
    let locks = screen.next_lock.map(|step| format!(" (locks at {step})")).unwrap_or_default();
    rows.push(("Wrong codes", format!("{failures} consecutive{locks}")));
    rows.push(("Route", route(own)));
    rows
}

/// How far the quotas of the phone are used up, and those of others where they are full.
fn sends(quotas: &[QuotaUse]) -> String {
    let told =
        quotas.iter().filter(|quota| quota.rule == "per_phone" || quota.used.is_some_and(|used| used >= quota.most));
    let told = told.map(|quota| {
        let used = quota.used.map_or_else(|| "?".to_owned(), |used| used.to_string());
        let whose = match quota.rule {
            "per_prefix" => " to close numbers",
            "per_country" => " to this country",
            _ => "",
        };
        format!("{used} of {} in {}{whose}", quota.most, window(quota.window))
    });
    let told = told.collect::<Vec<_>>().join(", ");
    if told.is_empty() { "no limit".to_owned() } else { told }
}

/// The window of a quota, in hours where it is whole ones.
fn window(span: Duration) -> String {
    let seconds = span.as_secs();
    if seconds > 0 && seconds.is_multiple_of(3600) { format!("{} h", seconds / 3600) } else { length(span) }
}

/// The providers of the phone, and how they do.
fn route(own: &Inspected) -> String {
    let screen = &own.screen;
    let now = screen.now;
    let provider = |provider: &crate::otp::diagnosis::RouteProvider| {
        let skipped = provider.skipped_until.map(|until| format!(" (skipped until {})", clock(until, now)));
        let share = screen.history.shares.iter().find(|share| share.provider == provider.name && share.now.sent > 0);
        let share = share.map(|share| match (share.now.sent, share.now.delivered, share.before.delivered) {
            // One that never says what became of an SMS is not one that delivers none.
            (sent, 0, 0) => format!(": {sent} sent in the last hour"),
            (sent @ ..20, delivered, _) => format!(": {delivered} of {sent} delivered in the last hour"),
            (sent, delivered, _) => format!(": {} % delivered in the last hour", delivered.saturating_mul(100) / sent),
        });
        format!("{}{}{}", provider.name, share.unwrap_or_default(), skipped.unwrap_or_default())
    };
    let names = screen.route.iter().map(provider).collect::<Vec<_>>().join(", then ");
    let usual = screen.history.p95.map(|p95| format!("; 95 of 100 delivered within {}", length(p95)));
    if names.is_empty() { "none".to_owned() } else { format!("{names}{}", usual.unwrap_or_default()) }
}
