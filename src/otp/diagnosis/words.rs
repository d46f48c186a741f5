//! The parts that the sentences and the commands of the table have in common.

use std::time::Duration;

use super::NextStep;
use super::case::Case;
use super::code::Code;
use super::facts::{Nearness, QuotaUse};
use super::last::{Tried, last_of};
use crate::otp::record::{Challenge, Lock, State};
use crate::otp::rules::{SendRule, budget};
use crate::otp::{Channel, DeliveryReason, DeliveryReport, Event, EventKind, Hint, Moment, Purpose};

/// How times are told: on a screen by the clock on the wall, in a document in UTC.
pub trait Times {
    /// A moment alone: `20:53`.
    fn clock(&self, at: Moment) -> String;
    /// A moment and its distance: `at 20:53 (2 min ago)`.
    fn when(&self, at: Moment) -> String;
    /// Its distance alone: `2 min ago`, `in 15 min`.
    fn away(&self, at: Moment) -> String;
    /// A length of time: `4 min`.
    fn length(&self, span: Duration) -> String;
}

/// The rules that refuse a send of their own accord, not for what the customer did.
pub(super) const POLICY: &[&str] = &["country", "type", "neighbors", "brake", "cap"];
/// Those that refuse it for a policy entry.
pub(super) const BLOCKS: &[&str] = &["blocked", "opted_out"];
/// Those that end by themselves.
pub(super) const LIMITS: &[&str] =
    &["cooldown", "per_phone", "per_prefix", "per_country", "lock", "under_way", "purposes", "requests"];

/// Who did it, where it is known.
pub(super) fn by(event: Option<&Event>) -> String {
    let who = event.and_then(|event| event.by.as_deref());
    who.map(|who| format!(" by {who}")).unwrap_or_default()
}

/// Why it was done, where somebody said so.
pub(super) fn because(event: Option<&Event>) -> String {
    let reason = event.and_then(|event| event.reason.as_deref());
    reason.map(|reason| format!(": {reason}")).unwrap_or_default()
}

/// What a rule refuses a send for.
pub(super) fn rule_words(rule: &str) -> &str {
    match rule {
        "cooldown" => "too soon after the one before",
        "per_phone" => "too many sends to this phone",
        "per_prefix" => "too many sends to numbers close to this one",
        "per_country" => "too many sends to this country",
        "lock" => "the phone was locked after wrong codes",
        "under_way" => "another code was just being sent",
        "purposes" => "too many purposes are in use for this phone",
        "requests" => "too many idempotency keys are in use for this phone",
        "country" => "sends to this country are not allowed",
        "type" => "sends to this type of number are not allowed",
        "neighbors" => "too many close numbers were asked for, as in SMS pumping",
        "brake" => "too many sends here that nobody verified, as in SMS pumping",
        "cap" => "the cap on messages or spend is reached",
        "blocked" => "a policy entry blocked it, which is gone now",
        "opted_out" => "the receiver had sent STOP, which is lifted now",
        other => other,
    }
}

/// The class of a refusal that blames nobody.
pub(super) const NOT_ON_CHANNEL: &str = DeliveryReason::NotOnChannel.as_str();

/// By which way a code went out.
pub(super) fn channel_of(code: &Challenge) -> Channel {
    code.delivery.as_ref().and_then(|delivery| Channel::named(&delivery.channel())).unwrap_or_default()
}

/// Where a customer finds a message that was delivered.
pub(super) fn look_for(channel: Channel, sender: &str) -> String {
    match channel {
        Channel::WhatsApp | Channel::Telegram => {
            format!("Open {} and look for a message with a code.", channel.app().unwrap_or_default())
        }
        Channel::Voice => "We called you and read the code out. Ask for a new one if you did not hear it.".to_owned(),
        Channel::Sms | Channel::Rcs => format!(
            "Look for an {} from {sender}: also among unknown senders, spam and blocked senders, and on your other SIM.",
            channel.bare()
        ),
    }
}

/// What a customer can do who does not use the channel.
pub(super) fn not_on(channel: Channel) -> String {
    let app = channel.app().map_or_else(
        || "We cannot reach this number that way.".to_owned(),
        |app| format!("You do not use {app} with this number."),
    );
    format!("{app} We send it another way, or read you a code.")
}

/// What a customer can do about a message that was not delivered.
pub(super) fn remedy(reason: Option<DeliveryReason>, channel: Channel, sender: &str) -> String {
    use DeliveryReason as R;
    let Some(reason) = reason else {
        return match channel {
            Channel::Sms => "Your operator did not deliver the SMS. Ask for a new code.".to_owned(),
            other => format!("{} {}. Ask for a new code.", other.capital(), other.missed()),
        };
    };
    match reason {
        R::HandsetOff => "Switch the phone on, check that it has a signal, then ask for a new code.".to_owned(),
        R::HandsetFull => "Delete some messages, then ask for a new code.".to_owned(),
        R::UnknownNumber => "Your operator does not know this number. Read me your number again.".to_owned(),
        R::Landline => "This number cannot receive SMS. Give us a mobile number, or we read you a code.".to_owned(),
        R::NotOnChannel => not_on(channel),
        R::OptedOut => format!("You once sent STOP to us. Text START to {sender}, then ask for a new code."),
        R::Expired | R::Cancelled | R::Throttled => {
            format!("{} did not get through in time. Ask for a new code.", channel.capital())
        }
        R::Blocked | R::DoNotDisturb | R::Filtered => {
            format!("Your operator stops our {}. We send it another way, or read you a code.", channel.plural())
        }
        R::TemplateMismatch | R::Sender | R::Content | R::Region | R::NoRoute | R::Balance => {
            "There is a problem on our side. We send it another way, or read you a code.".to_owned()
        }
        R::Carrier | R::Gateway => match channel {
            Channel::Sms => "Your operator could not deliver the SMS. Ask for a new code.".to_owned(),
            other => format!("{} did not get through. Ask for a new code.", other.capital()),
        },
    }
}

/// Whether another provider may do better with the same number.
pub(super) fn is_of_provider(reason: Option<DeliveryReason>) -> bool {
    use DeliveryReason as R;
    !matches!(
        reason,
        Some(R::HandsetOff | R::HandsetFull | R::UnknownNumber | R::Landline | R::OptedOut | R::Expired | R::Cancelled)
    )
}

/// So many wrong codes, one after the other.
pub(super) fn wrong_codes(count: u32) -> String {
    format!("{count} consecutive wrong {}", if count == 1 { "code" } else { "codes" })
}

/// Why an SMS will not arrive, with the gateway's own code and words.
pub(super) fn why(report: &DeliveryReport) -> String {
    report.why().unwrap_or_else(|| "no reason was given".to_owned())
}

impl<'a> Case<'a> {
    /// When something will be, for somebody who listens: within a minute the clock says too little.
    pub(super) fn soon(&self, at: Moment, times: &dyn Times) -> String {
        if at.since(self.now) < Duration::from_secs(60) { times.away(at) } else { format!("at {}", times.clock(at)) }
    }

    /// The lock that holds.
    pub(super) fn lock(&self) -> Option<Lock> {
        self.state.and_then(|state| state.lock(self.now))
    }

    /// The process that sends it still has its time.
    pub(super) fn is_leased(&self) -> bool {
        self.code.as_ref().is_some_and(|code| code.lease_until.is_some_and(|until| until > self.now))
    }

    /// The code that replaced this one.
    pub(super) fn newer(&self) -> Option<&'a Challenge> {
        let code = self.code.as_ref()?;
        let all = self.state?.challenges.iter().filter(|other| other.id != code.id && other.created_at >= code.made);
        all.filter(|other| other.state != State::Superseded && other.state != State::Failed)
            .max_by_key(|other| other.created_at)
    }

    /// The only code that this one replaced and that may still be typed.
    pub(super) fn older(&self) -> Option<&'a Challenge> {
        let is_older = |other: &&Challenge| other.state == State::Superseded && other.expires_at > self.now;
        let mut older = self.state?.challenges.iter().filter(is_older);
        older.next().filter(|_| older.next().is_none())
    }

    /// The last send failed because the gateway was not there.
    pub(super) fn was_down(&self) -> bool {
        matches!(self.failure_class(), Some("unreachable" | "throttled" | "server_error"))
    }

    /// What the gateways said of a send that failed.
    pub(super) fn said(&self) -> String {
        let detail = self.code.as_ref().and_then(|code| code.detail.clone());
        let detail = detail.unwrap_or_else(|| "no reason was given".to_owned());
        detail.trim_end_matches('.').to_owned()
    }

    /// When the last request was refused, and how often.
    pub(super) fn refused_when(&self, times: &dyn Times) -> String {
        let Some(event) = self.refused else { return String::new() };
        let count = event.count.filter(|count| *count > 1).map(|count| format!(" (the last of {count})"));
        format!("{}{}", times.when(last_of(event)), count.unwrap_or_default())
    }

    /// The user that the last attempt asked for.
    pub(super) fn wanted_user(&self) -> Option<&'a str> {
        let tried = self.tried.filter(|_| self.wrong_user()).and_then(|(_, _, event)| event);
        tried.or(self.wrong_user_asked()).and_then(|event| event.detail.as_deref())
    }

    /// How the gateway fails for many.
    pub(super) fn incident(&self, times: &dyn Times) -> String {
        if let Some(share) = self.fallen() {
            let percent = |good: u64, all: u64| format!("{} %", good.saturating_mul(100) / all.max(1));
            let (now, before) = (share.now, share.before);
            let (verb, now_good, before_good) = if share.fewer(now.entered, before.entered) {
                ("entered", now.entered, before.entered)
            } else {
                ("delivered", now.delivered, before.delivered)
            };
            let (now, before) = (percent(now_good, now.sent), percent(before_good, before.sent));
            let (provider, place) = (&share.provider, &share.place);
            return format!(
                "{provider} to {place}: {now} of the codes of the last hour were {verb}, usually {before}."
            );
        }
        let Some(provider) = self.skipped() else { return "The gateway fails for many.".to_owned() };
        let until = provider.skipped_until.map(|until| times.clock(until)).unwrap_or_default();
        let (name, failures, why) = (&provider.name, provider.failures, provider.why.trim_end_matches('.'));
        let why = if why.is_empty() { String::new() } else { format!(" ({why})") };
        format!("{name} fails for everybody: skipped until {until} after {failures} consecutive failures{why}.")
    }

    /// When the code was made.
    pub(super) fn made(&self, times: &dyn Times) -> String {
        self.code.as_ref().map_or_else(|| "an unknown time".to_owned(), |code| times.clock(code.made))
    }

    /// When it was made, with its distance.
    pub(super) fn made_when(&self, times: &dyn Times) -> String {
        self.code.as_ref().map_or_else(|| "at an unknown time".to_owned(), |code| times.when(code.made))
    }

    /// When it ends.
    pub(super) fn ends(&self, times: &dyn Times) -> String {
        let ends = self.code.as_ref().and_then(|code| code.ends);
        ends.map_or_else(|| "an unknown time".to_owned(), |ends| times.clock(ends))
    }

    /// Until when it works, as the rest of a sentence: what another server does with its code is not known here.
    pub(super) fn works_until(&self, times: &dyn Times) -> String {
        if self.is_relayed() {
            return "Whether the code still works, your application knows".to_owned();
        }
        format!("The code works until {} if it did", self.ends(times))
    }

    /// How long it still works.
    pub(super) fn left(&self, times: &dyn Times) -> String {
        let ends = self.code.as_ref().and_then(|code| code.ends);
        times.length(ends.map_or(Duration::ZERO, |ends| ends.since(self.now)))
    }

    /// For how long codes work.
    pub(super) fn lifetime(&self, times: &dyn Times) -> String {
        let span = |code: &Code| Some(code.ends?.since(code.made));
        let span = self.code.as_ref().and_then(span).filter(|span| !span.is_zero());
        span.map_or_else(|| "a few minutes".to_owned(), |span| times.length(span))
    }

    /// The provider of the code by its name.
    pub(super) fn by_provider(&self) -> &str {
        self.code.as_ref().and_then(|code| code.provider.as_deref()).unwrap_or("the gateway")
    }

    /// From whom its SMS come.
    pub(super) fn sender(&self) -> &str {
        let own = self.provider().or(self.facts.route.first());
        own.and_then(|provider| provider.sender.as_deref()).unwrap_or("our sender")
    }

    /// The purpose, where it is not the usual one.
    pub(super) fn for_purpose(&self) -> String {
        if *self.purpose == Purpose::default() { String::new() } else { format!(" for `{}`", self.purpose) }
    }

    /// Consecutive wrong codes.
    pub(super) fn failures(&self) -> u32 {
        self.state.map_or(0, |state| state.failures(self.now, self.facts.limits))
    }

    /// The count of wrong codes that brings the next lock.
    pub(super) fn next_lock(&self) -> Option<u32> {
        let failures = self.failures();
        self.facts.limits.locks.iter().map(|step| step.failures).find(|step| *step > failures)
    }

    /// Which of the locks holds, such as `level 1 of 4`.
    pub(super) fn lock_level(&self) -> Option<String> {
        let steps = &self.facts.limits.locks;
        let level = steps.iter().filter(|step| step.failures <= self.failures()).count();
        (level > 0).then(|| format!("level {level} of {}", steps.len()))
    }

    /// How far a quota is used up, such as `3 of 3 in 10 min`.
    pub(super) fn used_up(&self, rule: &str, times: &dyn Times) -> String {
        let full = |quota: &&QuotaUse| quota.rule == rule && quota.used.is_some_and(|used| used >= quota.most);
        let full: Vec<String> = self.facts.quotas.iter().filter(full).map(|quota| quota_words(quota, times)).collect();
        if full.is_empty() { String::new() } else { format!(" ({})", full.join(", ")) }
    }

    /// What was typed after the code ended, or what became of its SMS.
    pub(super) fn how_it_ended(&self, times: &dyn Times) -> String {
        let ends = self.code.as_ref().and_then(|code| code.ends);
        if let Some(at) = self.typed_too_late() {
            let late = ends.map(|ends| at.since(ends)).filter(|late| !late.is_zero());
            let late = late.map_or_else(|| "too late".to_owned(), |late| format!("{} too late", times.length(late)));
            return format!("a code was typed at {}, {late}", times.clock(at));
        }
        if let Some(report) = self.undelivered() {
            return format!("its {} was not delivered: {}", self.channel().bare(), why(report));
        }
        let at = self.code.as_ref().and_then(|code| code.reported_at).filter(|_| self.delivered());
        match (at, &self.code) {
            (Some(at), _) if self.is_late() => {
                let took = self.delivery_time().map(|took| times.length(took)).unwrap_or_default();
                format!("its {} was delivered only at {}, after {took}", self.channel().bare(), times.clock(at))
            }
            (Some(at), _) => {
                let message = self.channel().bare();
                format!("its {message} was delivered at {}, and nothing was typed in time", times.clock(at))
            }
            (None, Some(code)) if code.state == State::Pending => "the process that was sending it died".to_owned(),
            (None, Some(code)) if code.unknown => format!("whether its {} went out is not known", code.channel.bare()),
            (None, Some(code)) if code.tries > 0 => "only wrong codes were typed".to_owned(),
            _ => "nothing was typed in time".to_owned(),
        }
    }

    /// What became of the SMS of a code, as far as its provider said, as the rest of a sentence.
    pub(super) fn how_it_went(&self, times: &dyn Times) -> String {
        let at = self.code.as_ref().and_then(|code| code.reported_at).filter(|_| self.delivered());
        match (at, self.undelivered()) {
            (Some(at), _) => format!(" and was delivered at {}", times.clock(at)),
            (None, Some(report)) => format!(" and was not delivered ({})", why(report)),
            (None, None) => String::new(),
        }
    }

    /// When somebody typed something although the code had ended.
    pub(super) fn typed_too_late(&self) -> Option<Moment> {
        let ends = self.code.as_ref().and_then(|code| code.ends);
        let (at, tried, _) = self.tried?;
        let made = self.code.as_ref()?.made;
        (tried == Tried::NoCode && at >= ends.unwrap_or(made)).then_some(at)
    }

    /// When a code was used.
    pub(super) fn used_at(&self) -> Option<Moment> {
        let code = self.code.as_ref()?;
        // Whoever tries it once more leaves a newer attempt.
        let is_use =
            |event: &&Event| event.event == EventKind::Verify && ["ok", "used"].contains(&event.result.as_str());
        let own = self.facts.timeline.iter().filter(|event| event.challenge_id.as_ref() == Some(&code.id)).find(is_use);
        let users = self.facts.known.users.users.iter().filter_map(|link| link.verified_at);
        let made = code.made;
        own.map(last_of).or_else(|| users.filter(|at| *at >= made).max())
    }

    /// A command on the phone, for this purpose.
    pub(super) fn run(&self, command: &[&str]) -> Hint {
        Hint::run(command).arg(self.facts.phone_argument)
    }

    /// The same with the purpose, where it is not the usual one.
    pub(super) fn run_for(&self, command: &[&str], purpose: &Purpose) -> Hint {
        let hint = self.run(command);
        if *purpose == Purpose::default() { hint } else { hint.option("--purpose", purpose.as_str()) }
    }

    /// Waits for the SMS.
    pub(super) fn wait(&self) -> NextStep {
        let id = self.facts.challenge.or(self.code.as_ref().map(|code| code.id.as_str()));
        // Whoever asked about the phone may not have its id at hand, and need not copy it.
        let hint = match self.facts.challenge {
            Some(_) => Hint::run(&["wait"]).arg(id.unwrap_or(self.facts.argument)),
            None => self.run_for(&["wait"], self.purpose),
        };
        hint.because("asks the gateway until it knows").into()
    }

    /// Another code, as soon as one may be sent; else what makes one possible.
    pub(super) fn send(&self, times: &dyn Times) -> Vec<NextStep> {
        self.send_by(None, times)
    }

    /// The same by another provider, where there is one.
    pub(super) fn send_by(&self, provider: Option<&str>, times: &dyn Times) -> Vec<NextStep> {
        let allowance = self.facts.send;
        if self.is_relayed() {
            let hint = self.run(&["policy", "show"]);
            return vec![hint.because("shows whether the next code of its server may go out").into()];
        }
        let send = || {
            let hint = self.run_for(&["send"], self.purpose);
            match provider {
                Some(provider) => hint.option("--provider", provider),
                None => hint,
            }
        };
        if !self.facts.keeper.sends {
            return self.instead();
        }
        if allowance.allowed {
            return vec![send().because("allowed now").into()];
        }
        let rule = allowance.rule.map_or("", SendRule::as_str);
        match (rule, allowance.until) {
            ("lock", _) => vec![self.unlock(times)],
            ("blocked" | "opted_out", _) => vec![self.run(&["policy", "show"]).because("shows what blocks it").into()],
            (_, Some(until)) => {
                let from = send().because(format!("allowed {}", times.when(until)));
                let mut steps = vec![NextStep { hint: from, from: Some(until) }];
                let is_long = until.since(self.now) > Duration::from_secs(120);
                steps.extend(self.lift(rule).filter(|_| is_long));
                steps
            }
            (rule, None) if POLICY.contains(&rule) && rule != "cap" => {
                std::iter::once(self.allow()).chain(self.issue()).collect()
            }
            _ => self.instead(),
        }
    }

    /// Clears the limits of the phone, where it is those that refuse a send.
    pub(super) fn lift(&self, rule: &str) -> Option<NextStep> {
        let helps = ["cooldown", "per_phone"].contains(&rule) && self.facts.keeper.unlocks;
        let hint = self.run(&["unlock"]).flag("--limits").option("--reason", "customer called");
        helps.then(|| hint.because("clears the limits of this phone, if it is its owner who calls").into())
    }

    /// Clears the lock.
    pub(super) fn unlock(&self, times: &dyn Times) -> NextStep {
        if !self.facts.keeper.unlocks {
            return self.details();
        }
        let free = budget(&self.facts.known.record, self.now, self.facts.limits).allowed_at;
        let then = if free > self.now {
            format!("a new code can be sent from {}", times.clock(free))
        } else {
            "a new code can be sent at once".to_owned()
        };
        let hint = self.run_for(&["unlock"], self.purpose).option("--reason", "customer verified");
        hint.because(format!("once you know who is calling; after it {then}")).into()
    }

    /// Lets one number through.
    pub(super) fn allow(&self) -> NextStep {
        let hint = self.run(&["policy", "allow"]).option("--until", "1h").option("--reason", "customer verified");
        hint.because("lets this number through for an hour").into()
    }

    /// Prints a code to read out.
    pub(super) fn issue(&self) -> Option<NextStep> {
        let locked = self.state.is_some_and(|state| state.lock(self.now).is_some());
        let hint = self.run_for(&["issue"], self.purpose).option("--reason", "read out on the phone");
        (self.facts.keeper.prints && !locked && !self.is_relayed())
            .then(|| hint.because("prints a code to read out").into())
    }

    /// Where no send can be advised.
    fn instead(&self) -> Vec<NextStep> {
        vec![self.issue().unwrap_or_else(|| self.details())]
    }

    /// Everything that is known.
    pub(super) fn details(&self) -> NextStep {
        let hint = Hint::run(&["inspect"]).arg(self.facts.argument).flag("--full");
        hint.because("shows every event").into()
    }
}

/// How far one quota is used, such as `3 of 3 in 10 min`.
fn quota_words(quota: &QuotaUse, times: &dyn Times) -> String {
    let used = quota.used.map_or_else(|| "an unknown number".to_owned(), |used| used.to_string());
    format!("{used} of {} in {}", quota.most, times.length(quota.window))
}

impl Nearness {
    /// How it is near, as the rest of a sentence about that number.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Digit => "which differs in one digit".to_owned(),
            Self::Swap => "which has two digits swapped".to_owned(),
            Self::User(user) => format!("another phone of `{user}`"),
        }
    }
}
