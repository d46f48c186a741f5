//! What became of an SMS after a gateway accepted it: its state, and why it did not arrive, in words for people.

use serde::{Deserialize, Serialize};

/// The state of an SMS. Gateways have dozens of words for it; a definition maps them to these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// The gateway has it.
    Accepted,
    /// The carrier has it.
    Sent,
    /// The handset has it. Final.
    Delivered,
    /// It will not arrive. Final.
    Failed,
}

impl DeliveryState {
    /// All states, in the order in which an SMS goes through them.
    pub const ALL: [Self; 4] = [Self::Accepted, Self::Sent, Self::Delivered, Self::Failed];

    /// The word in definitions and documents.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }

    /// Whether nothing comes after it.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Delivered | Self::Failed)
    }
}

/// How the id of a message in a report follows from the id that the gateway gave when it accepted the message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ReportIds {
    /// It is the same text.
    #[default]
    Exact,
    /// It is the same but for leading zeros and capitals.
    Alike,
    /// It is written in decimal digits, and the other in hexadecimal ones.
    Decimal,
    /// It is written in hexadecimal digits, and the other in decimal ones.
    Hex,
}

impl ReportIds {
    /// Whether a report with this id is about the message with that one.
    #[must_use]
    pub fn fit(self, reported: &str, message: &str) -> bool {
        let translated = match self {
            Self::Exact => return reported == message,
            Self::Alike => Some(message.to_owned()),
            Self::Decimal => u128::from_str_radix(message, 16).ok().map(|number| number.to_string()),
            Self::Hex => message.parse().ok().map(|number: u128| format!("{number:x}")),
        };
        let bare = |id: &str| id.trim_start_matches('0').to_ascii_lowercase();
        translated.is_some_and(|id| bare(&id) == bare(reported))
    }
}

macro_rules! reasons {
    ($($(#[$attribute:meta])* $variant:ident = $name:literal, $words:literal, $advice:literal;)*) => {
        /// Why an SMS did not arrive, the same for all gateways.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(test, derive(schemars::JsonSchema))]
        #[serde(rename_all = "snake_case")]
        pub enum DeliveryReason {
            $($(#[$attribute])* #[doc = $words] $variant,)*
        }

        impl DeliveryReason {
            /// All reasons.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The word in definitions and documents: `handset_off`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The reason in plain words, as in "not delivered: …".
            #[must_use]
            pub fn words(self) -> &'static str {
                match self { $(Self::$variant => $words,)* }
            }

            /// What to do about it.
            #[must_use]
            pub fn advice(self) -> &'static str {
                match self { $(Self::$variant => $advice,)* }
            }
        }
    };
}

reasons! {
    HandsetOff = "handset_off", "the handset is switched off or out of reach",
        "have the customer switch the phone on, then send again";
    HandsetFull = "handset_full", "the message storage of the handset is full",
        "have the customer delete some messages, then send again";
    UnknownNumber = "unknown_number", "the carrier does not know the number",
        "ask the customer for the number again";
    Landline = "landline", "the number is a landline, or its carrier takes no SMS",
        "ask for a mobile number, or read a code to the customer";
    // Older versions do not read it, so it is kept where they read nothing: see `kept_delivery`.
    #[serde(skip_deserializing)]
    NotOnChannel = "not_on_channel", "the receiver does not use this channel",
        "send it another way";
    OptedOut = "opted_out", "the receiver asked for no more messages (STOP)",
        "only the receiver can undo that, with START to the sender";
    DoNotDisturb = "do_not_disturb", "the number is on a do-not-disturb register",
        "send it as a transactional message, with a registered header and template";
    Blocked = "blocked", "the gateway or the carrier blocks this number",
        "ask the gateway why the number is blocked";
    Filtered = "filtered", "the carrier or the gateway filtered it as spam",
        "change the text, or register the sender";
    TemplateMismatch = "template_mismatch", "the text does not match its registered (DLT) template",
        "compare the text with the template word by word";
    Sender = "sender", "the sender is not registered, or not allowed to send there",
        "register the sender for this country at the gateway";
    Content = "content", "the text cannot be sent as it is",
        "shorten the text, or remove unusual characters";
    Region = "region", "the account may not send to this country or network",
        "allow the country at the gateway, or route it to another provider";
    NoRoute = "no_route", "the gateway has no route to this network",
        "route this country or prefix to another provider";
    Expired = "expired", "it expired before it could be delivered",
        "send again";
    Throttled = "throttled", "too many messages at once",
        "wait, then send again";
    Balance = "balance", "the account has no credit",
        "top up the account at the gateway";
    Carrier = "carrier", "the carrier failed or refused it without a reason",
        "send again, or by another provider";
    Gateway = "gateway", "the gateway failed",
        "send again, or by another provider";
    Cancelled = "cancelled", "it was canceled at the gateway",
        "send again";
}

impl DeliveryReason {
    /// Whether the customer can remove it by what is done with the phone in hand.
    #[must_use]
    pub fn is_of_handset(self) -> bool {
        matches!(self, Self::HandsetOff | Self::HandsetFull)
    }

    /// The reason of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| reason.as_str() == name)
    }
}

/// What a gateway says of one SMS at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeliveryReport {
    /// Its state; `None` if the gateway's word for it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<DeliveryState>,
    /// The gateway's own word for it, cleaned.
    pub word: String,
    /// Why it did not arrive, where the gateway's code is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<DeliveryReason>,
    /// The gateway's own code for the reason, cleaned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The gateway's own words for the reason, cleaned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
    /// The network of the receiver, where the gateway names it. Older versions read nothing of it here, so it is kept
    /// beside the report.
    #[serde(skip)]
    pub operator: Option<String>,
}

impl DeliveryReport {
    /// A report with nothing but its state, in our own word.
    #[must_use]
    pub fn of(state: DeliveryState) -> Self {
        Self {
            state: Some(state),
            word: state.as_str().to_owned(),
            reason: None,
            code: None,
            said: None,
            operator: None,
        }
    }

    /// How far along it says that the SMS is: a report never takes the place of one that is farther along.
    #[must_use]
    pub fn rank(&self) -> u8 {
        match self.state {
            None => 0,
            Some(DeliveryState::Accepted) => 1,
            Some(DeliveryState::Sent) => 2,
            Some(DeliveryState::Delivered | DeliveryState::Failed) => 3,
        }
    }

    /// Whether nothing comes after it.
    #[must_use]
    pub fn is_final(&self) -> bool {
        self.state.is_some_and(DeliveryState::is_final)
    }

    /// The state in one word: ours where it is known, else the gateway's.
    #[must_use]
    pub fn state_word(&self) -> &str {
        match self.state {
            Some(state) => state.as_str(),
            None => &self.word,
        }
    }

    /// Why it did not arrive, in plain words and with the gateway's code and words; `None` if nothing is known about
    /// it.
    #[must_use]
    pub fn why(&self) -> Option<String> {
        let own: Vec<&str> = [&self.code, &self.said].into_iter().flatten().map(String::as_str).collect();
        match (self.reason, own.join(": ")) {
            (Some(reason), own) if own.is_empty() => Some(reason.words().to_owned()),
            (Some(reason), own) => Some(format!("{} ({own})", reason.words())),
            (None, own) => Some(own).filter(|own| !own.is_empty()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_back_to_what_it_names() {
        for state in DeliveryState::ALL {
            assert_eq!(serde_json::from_value::<DeliveryState>(state.as_str().into()).unwrap(), state);
            assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
        }
        for reason in DeliveryReason::ALL {
            assert_eq!(DeliveryReason::named(reason.as_str()), Some(*reason));
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.as_str());
        }
        assert!(serde_json::from_value::<DeliveryState>("read".into()).is_err());
        assert_eq!(DeliveryReason::named(""), None);
    }

    #[test]
    fn what_is_not_known_is_shown_as_it_is() {
        let report = DeliveryReport {
            state: None,
            word: "PARKED".to_owned(),
            reason: None,
            code: Some("77".to_owned()),
            said: None,
            operator: None,
        };
        assert_eq!((report.state_word(), report.why().as_deref()), ("PARKED", Some("77")));
        let report = DeliveryReport { reason: Some(DeliveryReason::HandsetOff), ..report };
        assert_eq!(report.why().unwrap(), "the handset is switched off or out of reach (77)");
        let report = DeliveryReport { said: Some("Absent subscriber".to_owned()), ..report };
        assert_eq!(report.why().unwrap(), "the handset is switched off or out of reach (77: Absent subscriber)");
        let report = DeliveryReport { reason: None, code: None, ..report };
        assert_eq!(report.why().unwrap(), "Absent subscriber");
    }
}
