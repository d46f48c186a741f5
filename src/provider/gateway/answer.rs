//! Reads an answer: accepted, refused and why, or not understood.

use minijinja::Value as Jinja;

use super::super::definition::Unlisted;
use super::super::reply::{Class, Indeterminate, ProviderReply, Receipt, Refusal, is_id};
use super::Gateway;
use crate::http::{Answer, Answered, Scope};
use crate::otp::Message;
use crate::otp::redact::Redactor;

impl Gateway {
    /// What an answer means.
    ///
    /// A refusal is believed where the definition knows its code, where it says that any other code is a no too, or where
    /// the status says that the request was not carried out (3xx, 4xx, 503 with `Retry-After`), and the definition does
    /// not call it doubtful. Everything else that is no acceptance leaves a doubt: a 5xx may come from a proxy whose
    /// gateway went on to send.
    pub(super) fn judge(&self, answer: Answer, message: &Message<'_>, redactor: &Redactor) -> ProviderReply {
        let send = &self.definition.send;
        let phone = Scope::from([("phone".to_owned(), Jinja::from(self.written(message.to)))]);
        let answered = self.client.read(answer, phone);
        let (scope, success) = (answered.scope(), answered.is_success());
        // In a body that cannot be read nobody sees a no, or a doubt.
        let unseen = (success && send.refused.is_some()) || send.doubtful.is_some();
        if unseen && answered.unreadable().is_some() {
            return ProviderReply::Unknown(Indeterminate { why: not_understood(&answered) });
        }
        let refused = success && send.refused.as_ref().is_some_and(|refused| refused.holds(scope));
        if success && !refused && send.accepted.holds(scope) {
            return self.receipt(scope, message);
        }
        if send.doubtful.as_ref().is_some_and(|doubtful| doubtful.holds(scope)) {
            return ProviderReply::Unknown(Indeterminate { why: not_understood(&answered) });
        }
        match self.class(&answered, refused) {
            Some(class) => ProviderReply::Refused(self.refusal(class, &answered, redactor)),
            None => ProviderReply::Unknown(Indeterminate { why: not_understood(&answered) }),
        }
    }

    /// The class of a refusal; `None` where the answer leaves a doubt. `refused`: the gateway says no with a 2xx.
    pub(super) fn class(&self, answered: &Answered, refused: bool) -> Option<Class> {
        let errors = &self.definition.errors;
        let code = errors.code.as_ref().and_then(|code| code.text(answered.scope()));
        let known = code.as_ref().and_then(|code| errors.classes.get(code)).copied();
        // Zeros are a yes in every list of codes; where the answer is otherwise no yes, nobody can say.
        let is_no = |code: &String| !code.trim_matches('0').is_empty();
        let unlisted = code.as_ref().is_some_and(is_no) && errors.unlisted == Some(Unlisted::Refused);
        let by_status = if answered.is_success() && (refused || unlisted) {
            Some(Class::Other)
        } else {
            errors.statuses.get(&answered.status()).copied().or_else(|| by_status(answered))
        };
        // A 403 is as often about one message, such as one to a country that is not allowed, as about the key. It is
        // taken for the key, which has the gateway skipped for a while, only where nothing else is given.
        let silent = answered.status() == 403 && code.is_none() && answered.unreadable().is_none();
        known.or_else(|| match by_status {
            Some(Class::Other) => {
                let worded = self.by_phrase(self.words(answered.scope()).as_deref());
                worded.or(silent.then_some(Class::Credentials)).or(by_status)
            }
            told => told,
        })
    }

    /// A refusal in the gateway's own words.
    pub(super) fn refusal(&self, class: Class, answered: &Answered, redactor: &Redactor) -> Refusal {
        let scope = answered.scope();
        let errors = &self.definition.errors;
        let code = errors.code.as_ref().and_then(|code| code.text(scope));
        Refusal {
            class,
            message: redactor.clean(&self.words(scope).unwrap_or_else(|| answered.wordless())),
            retry_after: answered.retry_after(),
            advice: code.as_ref().and_then(|code| errors.hints.get(code)).cloned(),
            code: code.map(|code| redactor.clean(&code)),
        }
    }

    pub(super) fn words(&self, scope: &Scope) -> Option<String> {
        self.definition.errors.message.as_ref().and_then(|words| words.text(scope))
    }

    fn receipt(&self, scope: &Scope, message: &Message<'_>) -> ProviderReply {
        let send = &self.definition.send;
        let segments = send.segments.as_ref().and_then(|segments| segments.text(scope));
        // 0 is what some say while they do not know it.
        let segments = segments.and_then(|segments| segments.parse().ok()).filter(|segments| *segments > 0);
        let Some(id) = &send.id else {
            return ProviderReply::Accepted(Receipt { id: None, segments, report: None });
        };
        // Digits of the code may be part of an id by chance, so the code is only refused as the whole of it.
        let fit = |id: &String| is_id(id) && id != message.code.expose() && !self.client.redactor().finds_in(id);
        match id.text(scope).filter(fit) {
            Some(id) => ProviderReply::Accepted(Receipt { id: Some(id), segments, report: None }),
            None if send.id_optional => ProviderReply::Accepted(Receipt { id: None, segments, report: None }),
            None => ProviderReply::Unknown(Indeterminate {
                why: "the gateway accepted the message but gave no message id".to_owned(),
            }),
        }
    }

    fn by_phrase(&self, words: Option<&str>) -> Option<Class> {
        let words = words?.to_lowercase();
        let found = self.definition.errors.phrases.iter().find(|(phrase, _)| words.contains(phrase.as_str()));
        found.map(|(_, class)| *class)
    }
}

/// The class by the HTTP status alone; `None` where the status leaves a doubt.
fn by_status(answered: &Answered) -> Option<Class> {
    match answered.status() {
        401 => Some(Class::Credentials),
        402 => Some(Class::Balance),
        429 => Some(Class::Throttled),
        503 if answered.has_retry_after() => Some(Class::Throttled),
        413 => Some(Class::Content),
        451 => Some(Class::Region),
        // 408: a proxy may say it of the gateway behind it, which had the whole request.
        300..=399 | 400..=407 | 409..=499 => Some(Class::Other),
        _ => None,
    }
}

/// Why nobody can say what this answer means.
fn not_understood(answered: &Answered) -> String {
    let status = answered.named();
    if let Some(unreadable) = answered.unreadable() {
        format!("the gateway's answer could not be read: {unreadable} ({status})")
    } else if answered.is_success() {
        format!("the gateway's answer was not understood ({status})")
    } else {
        format!("{status} after the request was sent")
    }
}
