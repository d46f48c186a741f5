//! The table of verdicts: what each is called, when it holds, what the desk reads, what the customer is told, and what
//! helps. The order is the order in which they are looked for. The screen, the document and docs/support.md are made
//! from it; a verdict is added by one entry, and a history that reaches it in `tests/each_store/diagnosis`.

use super::NextStep;
use super::case::{About, Case, Group, Tone};
use super::facts::Lost;
use super::last::{Tried, last_of};
use super::words::{
    BLOCKS, LIMITS, NOT_ON_CHANNEL, POLICY, Times, because, by, channel_of, is_of_provider, look_for, not_on, remedy,
    rule_words, why, wrong_codes,
};
use crate::otp::record::State;
use crate::otp::{EventKind, Hint};

/// One verdict.
pub struct Entry {
    /// Its name.
    pub name: &'static str,
    /// When it is the verdict, in words.
    pub when: &'static str,
    pub(super) tone: Tone,
    pub(super) about: About,
    pub(super) group: Group,
    pub(super) holds: fn(&Case<'_>) -> bool,
    /// When it is told beside the verdict; `None`: when it would be the verdict itself.
    pub(super) aside: Option<fn(&Case<'_>) -> bool>,
    pub(super) desk: fn(&Case<'_>, &dyn Times) -> String,
    pub(super) tell: fn(&Case<'_>, &dyn Times) -> String,
    pub(super) next: fn(&Case<'_>, &dyn Times) -> Vec<NextStep>,
}

impl Entry {
    /// Whether it holds of what was asked about.
    pub(super) fn is_verdict(&self, case: &Case<'_>) -> bool {
        case.is_about(self.about) && case.fits(self.group) && (self.holds)(case)
    }

    /// Whether it is told beside the verdict.
    pub(super) fn is_aside(&self, case: &Case<'_>) -> bool {
        self.aside.map_or_else(|| self.is_verdict(case), |aside| aside(case))
    }
}

/// All verdicts, in the order in which they are looked for.
pub static VERDICTS: &[Entry] = &[
    Entry {
        name: "STORE_RESET",
        when: "the id of the code is known, and the store has lost the code",
        tone: Tone::Trouble,
        about: About::Code,
        group: Group::Always,
        holds: |case| case.facts.lost.is_some_and(Lost::is_one_code),
        aside: None,
        desk: |case, times| match case.facts.lost {
            Some(Lost::Code(made)) => format!("A code was made {}, and the store has lost it since.", times.when(made)),
            _ => "The store has lost codes.".to_owned(),
        },
        tell: |_, _| "Your code was lost on our side. Ask for a new one.".to_owned(),
        next: |case, times| {
            let doctor = Hint::run(&["doctor"]).because("shows why the store lost it");
            case.send(times).into_iter().chain([doctor.into()]).collect()
        },
    },
    Entry {
        name: "LOCKED",
        when: "a lock after wrong codes holds, or the application has locked the phone",
        tone: Tone::Trouble,
        about: About::Phone,
        group: Group::Always,
        holds: |case| case.facts.keeper.locked || case.lock().is_some(),
        aside: Some(|case| case.facts.keeper.locked || case.lock().is_some()),
        desk: |case, times| {
            let Some(lock) = case.lock() else {
                return "The application itself has locked this phone.".to_owned();
            };
            let level = case.lock_level().map(|level| format!("; {level}")).unwrap_or_default();
            let (purpose, failures) = (case.for_purpose(), case.failures());
            let until = lock.until.map_or_else(
                || "until someone unlocks it".to_owned(),
                |until| format!("until {} ({})", times.clock(until), times.away(until)),
            );
            format!("Locked{purpose} {until}, after {}{level}.", wrong_codes(failures))
        },
        tell: |case, times| {
            let until = case.lock().and_then(|lock| lock.until);
            let wait = until.map(|until| format!("Wait until {}, or we", times.clock(until)));
            let wait = wait.unwrap_or_else(|| "We".to_owned());
            format!("Too many wrong codes were entered. {wait} unlock it once we know that it is you.")
        },
        next: |case, times| vec![case.unlock(times)],
    },
    Entry {
        name: "BLOCKED",
        when: "a policy entry for the phone, its prefix or its country refused the last request",
        tone: Tone::Trouble,
        about: About::Phone,
        group: Group::Always,
        holds: |case| case.refused_by(BLOCKS).is_some() && !case.facts.blocks.is_empty(),
        aside: Some(|case| !case.facts.blocks.is_empty()),
        desk: |case, times| {
            let Some(block) = case.facts.blocks.first() else { return "Sends are blocked.".to_owned() };
            let by = block.by.as_deref().map(|by| format!(" by {by}")).unwrap_or_default();
            let reason = block.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
            let until = block.until.map_or_else(
                || ", until someone removes it".to_owned(),
                |until| format!(", until {} ({})", times.clock(until), times.away(until)),
            );
            format!("Sends to {} were blocked{by} {}{until}{reason}.", block.words, times.when(block.at))
        },
        tell: |_, _| "We cannot send codes to this number.".to_owned(),
        next: |case, _| {
            let remove = case.facts.blocks.first().map(|block| {
                let hint = Hint::run(&["policy", "remove"]).arg(&block.subject).option("--reason", "customer verified");
                hint.because("removes the block, if it is wrong").into()
            });
            let show = case.run(&["policy", "show"]).because("shows the entry").into();
            std::iter::once(show).chain(remove).collect()
        },
    },
    Entry {
        name: "SUPERSEDED_CODE",
        when: "the last attempt was the code before the live one; or the code that was asked about was replaced",
        tone: Tone::Wait,
        about: About::Code,
        group: Group::Always,
        holds: |case| (case.live && case.older_typed()) || case.in_state(State::Superseded),
        aside: None,
        desk: |case, times| match (case.in_state(State::Superseded), case.newer(), case.older()) {
            (true, Some(newer), _) => {
                let (made, newer) = (case.made(times), times.clock(newer.created_at));
                format!("The code of {made} was replaced by the one of {newer}; only that one counts.")
            }
            (true, None, _) => format!("The code of {} was replaced by a newer one.", case.made(times)),
            (false, _, Some(older)) => {
                let (made, older) = (case.made(times), times.clock(older.created_at));
                // Two of one minute are not told apart by the clock.
                let older = if older == made { "before it".to_owned() } else { format!("of {older}") };
                format!("The last attempt was the code {older}; only the one of {made} counts.")
            }
            (false, _, None) => {
                format!("The last attempt was an older code; only the one of {} counts.", case.made(times))
            }
        },
        tell: |case, times| match (case.in_state(State::Superseded), case.newer()) {
            (false, _) => format!("Use the newest {}, of {}.", case.channel().bare(), case.made(times)),
            (true, Some(newer)) if newer.is_live(case.now) => {
                format!("Use the newest {}, of {}.", channel_of(newer).bare(), times.clock(newer.created_at))
            }
            (true, _) => "That code no longer works. Ask for a new one.".to_owned(),
        },
        next: |case, times| {
            let other_lives = case.newer().is_some_and(|newer| newer.is_live(case.now));
            if case.live || other_lives { Vec::new() } else { case.send(times) }
        },
    },
    Entry {
        name: "WRONG_CODE",
        when: "wrong codes were typed while the code is live",
        tone: Tone::Wait,
        about: About::Code,
        group: Group::Live,
        holds: |case| {
            let tries = case.code.as_ref().map_or(0, |code| code.tries);
            tries > 0 && !case.older_typed() && !case.wrong_user()
        },
        aside: None,
        desk: |case, times| {
            let (tries, most) = case.code.as_ref().map_or((0, 0), |code| (code.tries, code.max_tries.unwrap_or(0)));
            let left = most.saturating_sub(tries);
            let locks = case.next_lock().map(|step| format!(", and {step} lock the phone")).unwrap_or_default();
            let (made, wrong) = (case.made(times), wrong_codes(case.failures()));
            format!("{left} of {most} attempts left on the code of {made}; {wrong}{locks}.")
        },
        tell: |case, times| format!("Type the code again, from {} of {}.", case.channel().noun(), case.made(times)),
        next: |_, _| Vec::new(),
    },
    Entry {
        name: "WRONG_PURPOSE",
        when: "the last attempt was for a purpose without a live code, and another purpose has one",
        tone: Tone::Wait,
        about: About::Phone,
        group: Group::Always,
        holds: |case| case.wrong_purpose(),
        aside: None,
        desk: |case, times| {
            let other = case.elsewhere().map(|(purpose, _)| purpose.as_str()).unwrap_or_default();
            let at = case.tried.map(|(at, ..)| times.when(at)).unwrap_or_default();
            format!("A code for `{other}` is live, but a code for `{}` was typed {at}.", case.purpose)
        },
        tell: |case, _| {
            let other = case.elsewhere().map(|(purpose, _)| purpose.as_str()).unwrap_or_default();
            format!("Your newest code is for `{other}`, not for `{}`. Enter it there.", case.purpose)
        },
        next: |case, _| {
            let other = case.elsewhere().map(|(purpose, _)| case.run_for(&["verify"], purpose));
            other.map(|hint| hint.because("checks it for the right purpose").into()).into_iter().collect()
        },
    },
    Entry {
        name: "UNDELIVERED",
        when: "the gateway's final word is that the SMS was not delivered",
        tone: Tone::Trouble,
        about: About::Code,
        group: Group::Live,
        holds: |case| case.undelivered().is_some() && !case.opted_out(),
        aside: Some(|case| case.undelivered().is_some() && !case.opted_out()),
        desk: |case, times| {
            let reason = case.undelivered().map(why).unwrap_or_default();
            let (made, provider) = (case.made(times), case.by_provider());
            let ago = case.code.as_ref().map(|code| times.away(code.made)).unwrap_or_default();
            let (message, missed) = (case.channel().capital(), case.channel().missed());
            format!("{message} of {made} ({ago}, {provider}) {missed}: {reason}.")
        },
        tell: |case, _| match case.undelivered().and_then(|report| report.reason) {
            // Nobody here can make a code that its server would take.
            reason if case.is_relayed() && is_of_provider(reason) => {
                format!(
                    "{} could not be delivered. Ask for a new code, or sign in another way.",
                    case.channel().capital()
                )
            }
            reason => remedy(reason, case.channel(), case.sender()),
        },
        next: |case, times| {
            let reason = case.undelivered().and_then(|report| report.reason);
            let other = case.other_provider().filter(|_| is_of_provider(reason));
            let mut steps = case.send_by(other.map(|provider| provider.name.as_str()), times);
            let sends_again = other.is_some() || !is_of_provider(reason);
            if !sends_again || reason.is_some_and(|reason| !reason.is_of_handset()) {
                steps.extend(case.issue());
            }
            steps
        },
    },
    Entry {
        name: "PROVIDER_UNKNOWN",
        when: "the gateway gave no usable answer, so the SMS may have been sent",
        tone: Tone::Wait,
        about: About::Code,
        group: Group::Live,
        holds: |case| case.code.as_ref().is_some_and(|code| code.unknown) && case.is_untried(),
        aside: None,
        desk: |case, times| {
            let (provider, made, works) = (case.by_provider(), case.made_when(times), case.works_until(times));
            let message = case.channel().noun();
            format!("{provider} gave no usable answer {made}: whether {message} went out is not known. {works}.")
        },
        tell: |_, _| "Wait one minute. If nothing comes, we send it again.".to_owned(),
        next: |case, times| std::iter::once(case.wait()).chain(case.send(times)).collect(),
    },
    Entry {
        name: "PENDING_CRASHED",
        when: "the process that was sending the SMS is gone",
        tone: Tone::Trouble,
        about: About::Code,
        group: Group::Live,
        holds: |case| case.in_state(State::Pending) && !case.is_leased(),
        aside: None,
        desk: |case, times| {
            let (made, works) = (case.made_when(times), case.works_until(times));
            format!(
                "The process that was to send the SMS {made} died in the middle: whether it went out is not known. {works}."
            )
        },
        tell: |_, _| "Wait one minute. If nothing comes, we send it again.".to_owned(),
        next: |case, times| case.send(times),
    },
    Entry {
        name: "SENDING",
        when: "the SMS is being sent right now",
        tone: Tone::Wait,
        about: About::Code,
        group: Group::Live,
        holds: |case| case.in_state(State::Pending) && case.is_leased(),
        aside: None,
        desk: |case, times| format!("The SMS is being sent; it began {}.", case.made_when(times)),
        tell: |_, _| "It is on its way. One moment.".to_owned(),
        next: |case, _| vec![case.wait()],
    },
    Entry {
        name: "ISSUED_NOT_SENT",
        when: "the code was printed to be read out, and no SMS was sent",
        tone: Tone::Fine,
        about: About::Code,
        group: Group::Live,
        holds: |case| case.code.as_ref().is_some_and(|code| code.printed) && !case.is_of_app() && case.is_untried(),
        aside: None,
        desk: |case, times| {
            let event = case.event_of(EventKind::Send);
            format!("The code was printed{} {}, to be read out; no SMS was sent.", by(event), case.made_when(times))
        },
        tell: |case, times| {
            format!(
                "One of us told you the code at {}; there is no SMS. It works until {}.",
                case.made(times),
                case.ends(times)
            )
        },
        next: |_, _| Vec::new(),
    },
    Entry {
        name: "PROVIDER_INCIDENT",
        when: "nothing more is known of this SMS, and the gateway fails for many",
        tone: Tone::Trouble,
        about: About::Code,
        group: Group::Live,
        holds: |case| case.is_open_ended() && (case.skipped().is_some() || case.fallen().is_some()),
        aside: Some(|case| case.skipped().is_some() || case.fallen().is_some()),
        desk: |case, times| case.incident(times),
        tell: |case, _| format!("There is trouble with {} right now. We try another way.", case.channel().plural()),
        next: |case, times| {
            let other = case.other_provider().map(|provider| provider.name.as_str());
            let mut steps = case.send_by(other, times);
            steps.extend(case.issue().filter(|_| other.is_none()));
            steps.push(Hint::run(&["stats"]).option("--by", "provider").because("shows how each provider does").into());
            steps
        },
    },
    Entry {
        name: "DELIVERED_LATE",
        when: "the SMS was delivered, later than 95 of 100 others and after more than a minute",
        tone: Tone::Wait,
        about: About::Code,
        group: Group::Live,
        holds: |case| case.is_late() && case.is_untried(),
        aside: None,
        desk: |case, times| {
            let took = case.delivery_time().map(|took| times.length(took)).unwrap_or_default();
            let made = case.made(times);
            let works = if case.is_relayed() {
                "your application knows whether the code still works".to_owned()
            } else {
                format!("the code works for {} more", case.left(times))
            };
            let message = case.channel().capital();
            format!("{message} of {made} took {took} to be delivered; {works}.")
        },
        tell: |case, _| {
            let message = case.channel().capital();
            format!("{message} has just arrived. Type the code now, or ask for a new one.")
        },
        next: |case, times| case.send(times),
    },
    Entry {
        name: "DELIVERED_NOT_TRIED",
        when: "the SMS was delivered, and nothing was typed",
        tone: Tone::Wait,
        about: About::Code,
        group: Group::Live,
        holds: |case| case.delivered() && case.is_untried(),
        aside: None,
        desk: |case, times| {
            let at = case.code.as_ref().and_then(|code| code.reported_at);
            let at = at.map_or_else(|| case.made_when(times), |at| times.when(at));
            let share = case.facts.history.entered.map(|share| format!(", true for {:.0} % here", share * 100.0));
            let (provider, share) = (case.by_provider(), share.unwrap_or_default());
            let typed = if case.is_relayed() { "what is typed, your application checks" } else { "nothing was typed" };
            format!("Delivered {at}, by the word of {provider}{share}; {typed}.")
        },
        tell: |case, _| look_for(case.channel(), case.sender()),
        next: |case, times| case.send(times),
    },
    Entry {
        name: "IN_TRANSIT",
        when: "the gateway accepted the SMS a moment ago, and its end is not known yet",
        tone: Tone::Wait,
        about: About::Code,
        group: Group::Live,
        holds: |case| case.is_open_ended() && !case.is_silent(),
        aside: None,
        desk: |case, times| {
            let (provider, made) = (case.by_provider(), case.made_when(times));
            let usual =
                case.facts.history.usual.map(|usual| format!("usually delivered after {}, ", times.length(usual)));
            let (usual, most) = (usual.unwrap_or_default(), times.length(case.p95()));
            format!("Accepted by {provider} {made}; {usual}nearly always within {most}.")
        },
        tell: |_, _| "It is on its way. One moment, and check that your phone has a signal.".to_owned(),
        next: |case, _| vec![case.wait()],
    },
    Entry {
        name: "NO_REPORT",
        when: "the gateway accepted the SMS, and says nothing more, or never does",
        tone: Tone::Wait,
        about: About::Code,
        group: Group::Live,
        holds: |case| case.is_open_ended() && case.is_silent(),
        aside: None,
        desk: |case, times| {
            let (provider, made) = (case.by_provider(), case.made_when(times));
            let silence = if case.speaks() { "has said nothing since" } else { "never says whether one arrives" };
            format!(
                "{provider} accepted {} {made} and {silence}: whether it arrived is not known.",
                case.channel().noun()
            )
        },
        tell: |case, times| {
            let until = case.facts.send.until.filter(|until| *until > case.now);
            let again = until.map_or_else(
                || "ask for a new code".to_owned(),
                |until| format!("ask again {}", case.soon(until, times)),
            );
            format!("Check your signal, spam and blocked senders. If nothing came, {again}.")
        },
        next: |case, times| {
            let wait = case.speaks().then(|| case.wait());
            wait.into_iter().chain(case.send(times)).collect()
        },
    },
    Entry {
        name: "POLICY_REFUSED",
        when: "the policy refused the last request: its country, type, close numbers, a brake or a cap",
        tone: Tone::Trouble,
        about: About::Phone,
        group: Group::Over,
        holds: |case| case.refused_by(POLICY).is_some() || case.refused_by(BLOCKS).is_some(),
        aside: Some(|case| case.refused_by(POLICY).is_some()),
        desk: |case, times| {
            let Some(refused) = case.refused else { return "The policy refused the last request.".to_owned() };
            let rule = refused.rule.as_deref().unwrap_or_default();
            let until = refused.until.filter(|until| *until > case.now);
            let until = until.map(|until| format!("; until {}", times.clock(until))).unwrap_or_default();
            let words = match (rule, refused.detail.as_deref()) {
                // These say in full which country or type it is.
                ("country" | "type", Some(detail)) => detail.to_owned(),
                (_, Some(detail)) => format!("{} ({detail})", rule_words(rule)),
                (_, None) => rule_words(rule).to_owned(),
            };
            format!("The request {} was refused: {words}{until}.", case.refused_when(times))
        },
        tell: |case, _| {
            if case.facts.send.allowed {
                "We could not send to this number then; now we can. Ask for a new code.".to_owned()
            } else {
                "We cannot send an SMS to this number.".to_owned()
            }
        },
        next: |case, times| {
            let mut steps = case.send(times);
            let rule = case.refused.and_then(|refused| refused.rule.as_deref()).unwrap_or_default();
            let lifts = POLICY.contains(&rule) && rule != "cap" && !case.facts.send.allowed;
            steps.extend(lifts.then(|| case.allow()).into_iter().chain(case.issue()));
            steps
        },
    },
    Entry {
        name: "RATE_LIMITED",
        when: "a limit on sends refused the last request: the wait between two, or a quota of the phone, prefix or country",
        tone: Tone::Wait,
        about: About::Phone,
        group: Group::Over,
        holds: |case| case.refused_by(LIMITS).is_some(),
        aside: Some(|case| {
            let refused = case.refused_by(LIMITS);
            refused.is_some_and(|event| event.until.is_some_and(|until| until > case.now))
        }),
        desk: |case, times| {
            let Some(refused) = case.refused else { return "A limit refused the last request.".to_owned() };
            let rule = refused.rule.as_deref().unwrap_or_default();
            let again = match (case.facts.send.allowed, case.facts.send.until) {
                (true, _) => "; allowed again now".to_owned(),
                (false, Some(until)) => format!("; allowed again {}", times.when(until)),
                (false, None) => String::new(),
            };
            let (at, words, used) = (case.refused_when(times), rule_words(rule), case.used_up(rule, times));
            format!("The request {at} was refused: {words}{used}{again}.")
        },
        tell: |case, times| match case.facts.send.until.filter(|_| !case.facts.send.allowed) {
            Some(until) => format!("You can ask for a new code {}.", case.soon(until, times)),
            None if case.facts.send.allowed => "You can ask for a new code now.".to_owned(),
            None => "You cannot get a code by SMS right now. We read you one.".to_owned(),
        },
        next: |case, times| {
            let mut steps = case.send(times);
            let rule = case.facts.send.rule.map_or("", |rule| rule.as_str());
            steps.extend(case.lift(rule));
            steps
        },
    },
    Entry {
        name: "OPTED_OUT",
        when: "the gateway refused or failed the SMS because its receiver sent STOP",
        tone: Tone::Trouble,
        about: About::Code,
        group: Group::Always,
        holds: |case| case.opted_out(),
        aside: None,
        desk: |case, times| {
            let (made, provider) = (case.made_when(times), case.by_provider());
            format!(
                "{provider} did not deliver {} sent {made}: this customer texted STOP to the sender.",
                case.channel().noun()
            )
        },
        tell: |case, _| {
            format!("You once texted STOP to us. Text START to {}, then ask for a new code.", case.sender())
        },
        next: |case, times| {
            let lift = case.facts.blocks.first().map(|block| {
                let hint =
                    Hint::run(&["policy", "remove"]).arg(&block.subject).option("--reason", "customer texted START");
                hint.because("once they texted START").into()
            });
            let mut steps: Vec<NextStep> = lift.into_iter().chain(case.issue()).collect();
            steps.extend(case.send(times));
            steps
        },
    },
    Entry {
        name: "PROVIDER_REFUSED",
        when: "the newest SMS was not sent: a gateway refused it",
        tone: Tone::Trouble,
        about: About::Code,
        group: Group::Over,
        holds: |case| case.in_state(State::Failed) && !case.opted_out() && !case.was_down(),
        aside: None,
        desk: |case, times| {
            let whose = match case.failure_class() {
                Some("recipient") => "The gateway does not accept this number.",
                Some(NOT_ON_CHANNEL) => "The customer does not use it; the number itself may be right.",
                _ => "That is ours to fix, not the customer's.",
            };
            format!("{} was not sent {}: {}. {whose}", case.channel().capital(), case.made_when(times), case.said())
        },
        tell: |case, _| match case.failure_class() {
            Some("recipient") => "We cannot reach this number. Read me your number again.".to_owned(),
            Some(NOT_ON_CHANNEL) if !case.is_relayed() => not_on(case.channel()),
            _ if case.is_relayed() => "There is a problem on our side. Ask for a new code in a few minutes.".to_owned(),
            _ => "There is a problem on our side. We read you a code.".to_owned(),
        },
        next: |case, times| {
            if case.failure_class() == Some(NOT_ON_CHANNEL) {
                let other = case.other_provider().map(|provider| provider.name.as_str());
                return case.send_by(other, times).into_iter().chain(case.issue()).collect();
            }
            let name = case.code.as_ref().and_then(|code| code.provider.as_deref());
            let own = name.filter(|name| case.facts.route.iter().any(|provider| provider.name == *name));
            let test = own.map(|name| Hint::run(&["provider", "test"]).arg(name).because("shows what is wrong").into());
            let steps: Vec<NextStep> = test.into_iter().chain(case.issue()).collect();
            if steps.is_empty() { case.send(times) } else { steps }
        },
    },
    Entry {
        name: "PROVIDER_DOWN",
        when: "the newest SMS was not sent: the gateway could not be reached, or was overloaded",
        tone: Tone::Trouble,
        about: About::Code,
        group: Group::Over,
        holds: |case| case.in_state(State::Failed) && !case.opted_out() && case.was_down(),
        aside: None,
        desk: |case, times| {
            format!("{} was not sent {}: {}.", case.channel().capital(), case.made_when(times), case.said())
        },
        tell: |_, _| "There is a problem on our side. We send you a code another way.".to_owned(),
        next: |case, times| {
            let other = case.other_provider().map(|provider| provider.name.as_str());
            let mut steps = case.send_by(other, times);
            steps.extend(case.issue());
            steps
        },
    },
    Entry {
        name: "ALREADY_VERIFIED",
        when: "the newest code was used",
        tone: Tone::Fine,
        about: About::Code,
        group: Group::Over,
        holds: |case| case.in_state(State::Used),
        aside: None,
        desk: |case, times| {
            let (made, at) = (case.made(times), case.used_at());
            match at {
                Some(at) if case.is_relayed() => {
                    format!("The code of {made} was entered, as your application told {}.", times.when(at))
                }
                Some(at) => format!("The code of {made} was entered {}.", times.when(at)),
                None => format!("The code of {made} was used, or the application removed it."),
            }
        },
        tell: |_, _| "You are signed in. If that was not you, tell me.".to_owned(),
        next: |case, times| case.send(times),
    },
    Entry {
        name: "TRIES_EXHAUSTED",
        when: "all attempts on the newest code were used up, and no lock holds",
        tone: Tone::Trouble,
        about: About::Code,
        group: Group::Over,
        holds: |case| case.in_state(State::Exhausted),
        aside: None,
        desk: |case, times| {
            let most = case.code.as_ref().and_then(|code| code.max_tries);
            let attempts = match most {
                Some(1) => "the only attempt was wrong".to_owned(),
                Some(most) => format!("all {most} attempts were wrong"),
                None => "all attempts were wrong".to_owned(),
            };
            let (made, failures) = (case.made(times), wrong_codes(case.failures()));
            let locks = case.next_lock().map(|step| format!("; {failures}, and {step} lock it"));
            let locks = locks.unwrap_or_default();
            let locked = if case.lock().is_some() { "" } else { "; the phone is not locked" };
            format!("On the code of {made}, {attempts}{locked}{locks}.")
        },
        tell: |_, _| "That code no longer works. Ask for a new one.".to_owned(),
        next: |case, times| case.send(times),
    },
    Entry {
        name: "REVOKED",
        when: "the newest code was revoked",
        tone: Tone::Wait,
        about: About::Code,
        group: Group::Over,
        holds: |case| case.in_state(State::Revoked) && !case.is_abandoned(),
        aside: None,
        desk: |case, times| {
            let event = case.event_of(EventKind::Revoke);
            let at = event.map(|event| format!(" {}", times.when(event.at))).unwrap_or_default();
            format!("The code of {} was revoked{}{at}{}.", case.made(times), by(event), because(event))
        },
        tell: |_, _| "We canceled that code. Ask for a new one.".to_owned(),
        next: |case, times| case.send(times),
    },
    Entry {
        name: "REMAPPED",
        when: "the users of the phone changed while the newest code was live",
        tone: Tone::Wait,
        about: About::Code,
        group: Group::Over,
        holds: |case| case.remapped(),
        aside: None,
        desk: |case, times| {
            let event = case.facts.timeline.iter().find(|event| event.event == EventKind::User);
            let made = case.made(times);
            let Some(event) = event else {
                return format!("The users of this phone changed while the code of {made} was live, which ended it.");
            };
            let user = event.detail.as_deref().map(|user| format!(" `{user}`")).unwrap_or_default();
            let (verb, link) = if event.result == "unlinked" { ("unlinked", "from") } else { ("linked", "to") };
            let (at, by) = (times.when(event.at), by(Some(event)));
            format!(
                "The phone was {verb} {link}{user}{by} {at}, while the code of {made} was live: that ended the code."
            )
        },
        tell: |_, _| "Your account changed after that code was sent. Ask for a new one.".to_owned(),
        next: |case, times| {
            let show = case.run(&["user", "show"]).because("shows the users of this phone").into();
            std::iter::once(show).chain(case.send(times)).collect()
        },
    },
    Entry {
        name: "EXPIRED_BEFORE_ENTRY",
        when: "the newest code expired before the right code was typed; or its server told that nobody typed it",
        tone: Tone::Wait,
        about: About::Code,
        group: Group::Over,
        holds: |case| {
            let ends = case.code.as_ref().map(|code| code.ends.is_none_or(|ends| ends <= case.now));
            let is_open = case.code.as_ref().is_some_and(|code| code.state.is_open());
            (ends == Some(true) && is_open && !case.remapped() && !case.is_relayed()) || case.is_abandoned()
        },
        aside: None,
        desk: |case, times| {
            if case.is_abandoned() {
                let at = case.event_of(EventKind::Verify).map(|event| format!(" {}", times.when(event.at)));
                let (made, at) = (case.made(times), at.unwrap_or_default());
                return format!("Nobody typed the code of {made} in time, as your application told{at}.");
            }
            let ends = case.code.as_ref().and_then(|code| code.ends).map(|ends| format!(" {}", times.when(ends)));
            let (made, ends) = (case.made(times), ends.unwrap_or_default());
            format!("The code of {made} expired{ends}; {}.", case.how_it_ended(times))
        },
        tell: |case, times| {
            if case.is_abandoned() {
                return "That code was not typed in time. Ask for a new one.".to_owned();
            }
            format!("A code works for {}. Ask for a new one.", case.lifetime(times))
        },
        next: |case, times| case.send(times),
    },
    Entry {
        name: "WRONG_NUMBER_LIKELY",
        when: "nothing was requested here, but a code was requested for a number that is nearly the same, or for another phone of the same user",
        tone: Tone::Wait,
        about: About::Phone,
        group: Group::Nothing,
        holds: |case| !case.facts.near.is_empty(),
        aside: None,
        desk: |case, times| {
            let near = case.facts.near.first();
            let near = near.map(|near| format!("{}, {}, {}", near.shown, near.how.words(), times.when(near.at)));
            format!("Nothing was requested for this number, but a code was for {}.", near.unwrap_or_default())
        },
        tell: |_, _| "Read me your number again, digit by digit.".to_owned(),
        next: |case, _| {
            let near = case
                .facts
                .near
                .iter()
                .map(|near| Hint::run(&["inspect"]).arg(&near.argument).because("shows that number").into());
            near.take(2).collect()
        },
    },
    Entry {
        name: "NOT_SEEN_HERE",
        when: "the application sends and checks codes by itself, and nothing of it is known here; or it checks a code that `deliver` sent, and has not told how it ended",
        tone: Tone::Wait,
        about: About::Code,
        group: Group::Always,
        holds: |case| {
            let app = case.facts.keeper.app.is_some();
            (app && (case.is_empty() || (case.live && case.is_of_app() && case.is_untried()))) || case.is_untold()
        },
        aside: None,
        desk: |case, times| {
            let app = case.facts.keeper.app.unwrap_or_default();
            if case.is_untold() {
                let (made, provider, went) = (case.made_when(times), case.by_provider(), case.how_it_went(times));
                return format!(
                    "A code went out {made} by {provider}{went}; your application checks it, and has not told how it ended."
                );
            }
            if case.live {
                let (made, ends) = (case.made(times), case.ends(times));
                return format!(
                    "The application (`{app}`) made a code at {made} that works until {ends}; how it was sent is not known here."
                );
            }
            format!(
                "The application (`{app}`) keeps the codes: what it sends and checks by itself leaves nothing here."
            )
        },
        tell: |case, _| {
            if case.is_untold() {
                "That code is too old by now. Ask for a new one."
            } else if case.live {
                "A code was made for you. Check your signal, spam and blocked senders; I look into the application."
            } else {
                "I look into the application. Meanwhile, press \u{201c}send code\u{201d} again."
            }
            .to_owned()
        },
        next: |_, _| Vec::new(),
    },
    Entry {
        name: "NOT_MAPPED",
        when: "the last attempt or request needed a user that the phone does not have",
        tone: Tone::Trouble,
        about: About::Code,
        group: Group::Always,
        holds: |case| case.wrong_user() || case.wrong_user_asked().is_some(),
        aside: None,
        desk: |case, times| {
            let asked = case.wrong_user_asked().map(last_of);
            let at = case.tried.map(|(at, ..)| at).filter(|_| case.wrong_user()).or(asked);
            let at = at.map(|at| times.when(at)).unwrap_or_default();
            let users = case.facts.known.user_ids();
            let users: Vec<String> = users.into_iter().map(|user| format!("`{user}`")).collect();
            let linked = if users.is_empty() { "no user".to_owned() } else { users.join(", ") };
            let wanted = case.wanted_user();
            let wanted =
                wanted.map_or_else(|| "a user was required".to_owned(), |user| format!("`{user}` was asked for"));
            format!("The phone is linked to {linked}; {wanted} {at}.")
        },
        tell: |_, _| "This number is not linked to that account. Which number did you register?".to_owned(),
        next: |case, _| {
            let user = case.wanted_user().unwrap_or("ID");
            let link = Hint::run(&["user", "link"]).arg(user).arg(case.facts.phone_argument);
            vec![link.because("links it, once you know that it is theirs").into()]
        },
    },
    Entry {
        name: "CHANGED_HANDS",
        when: "the phone was unlinked from its user in the last 30 days, it has no user now, and nothing was requested",
        tone: Tone::Wait,
        about: About::Phone,
        group: Group::Nothing,
        holds: |case| case.had_lately().is_some() && case.facts.known.users.users.is_empty(),
        aside: Some(|case| case.had_lately().is_some()),
        desk: |case, times| {
            let Some(former) = case.had_lately() else { return "The users of this phone changed.".to_owned() };
            let (user, at) = (&former.user, times.when(former.unlinked.at));
            let (by, because) = (by(Some(&former.unlinked)), because(Some(&former.unlinked)));
            format!("The phone was unlinked from `{user}`{by} {at}{because}.")
        },
        tell: |_, _| "This number is not linked to your account any more. Which number did you register?".to_owned(),
        next: |case, times| {
            let show = case.run(&["user", "show"]).flag("--history");
            let show = show.because("shows who had this phone, and since when").into();
            std::iter::once(show).chain(case.send(times)).collect()
        },
    },
    Entry {
        name: "NEVER_REQUESTED",
        when: "nothing was requested in the time that the timeline is kept",
        tone: Tone::Wait,
        about: About::Phone,
        group: Group::Nothing,
        holds: |_| true,
        aside: Some(|_| false),
        desk: |case, times| {
            let shown = case.facts.shown;
            let purpose = case.for_purpose();
            let since = match case.facts.lost {
                Some(Lost::Everything(began)) => format!("since this server started empty {}", times.when(began)),
                _ => format!("in the last {}", times.length(case.facts.timeline_kept)),
            };
            let typed = case.tried.filter(|(_, tried, _)| *tried == Tried::NoCode);
            let typed = typed.map(|(at, ..)| format!("; one was typed all the same {}", times.when(at)));
            format!("No code{purpose} was requested for {shown} {since}{}.", typed.unwrap_or_default())
        },
        tell: |_, _| "Press \u{201c}send code\u{201d} again, and read me the number that you entered.".to_owned(),
        next: |case, times| case.send(times),
    },
];
