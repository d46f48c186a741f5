//! A gateway as data: what to ask for, how to ask, and how to read the answer. This is the language of `catalog/*.toml`.
//!
//! ```toml
//! name     = "Example"                  # as people know it
//! docs     = "https://…"                # where its API is documented
//! base_url = "https://api.example.com"  # may use settings: "https://{{ region }}.example.com"
//! phone    = "e164"                     # +919876543210; or "digits", 919876543210; or "national", 9876543210
//! countries = ["IN"]                    # reaches numbers of these only; absent: no such limit
//! body     = "json"                     # what its answers are; or "xml"
//! encoding = "automatic"                # the gateway detects which texts need Unicode; or "told": `send` announces it
//! channel  = "sms"                      # by which way its messages reach people; or whatsapp, telegram, voice, rcs
//! sender   = "text"                     # or "template": the text is stored at the gateway, which takes variables
//!
//! [settings]                            # a table for each key; every word in it is optional
//! key = { secret = true, required = true, help = "…", type = "text", default = "…", template = false }
//!                                       # type: text, number, flag, table, list; template: may use the message's variables
//! [[needs]]                             # a condition on several settings, and the error if it does not hold
//! that = "from or pool"
//! say  = "set `from` or `pool`"
//!
//! [[warnings]]                          # what `config check` says of a setting that is probably not what was meant
//! setting = "from"
//! when    = "from is digits(19)"        # `digits` and `hex` hold of a text of exactly so many digits
//! say     = "this looks like an id of a template"
//! hint    = "copy the sender from the portal"
//!
//! [auth]                                # one of bearer, basic, oauth2, sign, and any of header, query; for every request
//! bearer = "{{ key }}"
//! basic  = { user = "{{ user }}", password = "{{ key }}" }
//! header = { X-Key = "{{ key }}" }
//! query  = { key = "{{ key }}" }
//! [auth.oauth2]                         # an access token (RFC 6749), asked for once and kept while it is good
//! base_url = "https://login.example.com" # where it is not the gateway's own
//! request  = "POST /oauth2/token"
//! basic    = { user = "{{ id }}", password = "{{ key }}" }
//! form     = { grant_type = "client_credentials" }
//! token    = "body.access_token"        # these two are what is usual, and may be left out
//! expires  = "body.expires_in"          # in seconds
//! [auth.sign]                           # signs what is sent; see below for what it sees
//! before = { X-Time = "{{ now }}" }     # headers that are added first, so that they can be signed
//! values = { text = "{{ method }}\n{{ path }}\n{{ body | sha256 | hex }}" } # in this order; each sees those before it
//! header = { Authorization = "HMAC {{ text | hmac_sha256(key) | base64 }}" } # where the signature goes; or query
//!
//! [send]                                # templates see the message's variables and the settings
//! request  = "POST /v1/{{ user }}/sms"  # a template in the path fills a part of one segment
//! query    = { dlr = "1" }
//! headers  = { X-Purpose = "{{ purpose }}" }
//! json     = { to = "{{ phone }}" }     # or form = { … }
//! accepted = "status == 200 and body.id"
//! refused  = "body.type == 'error'"     # not sent, although the status is 2xx
//! doubtful = "body.code == 'BUSY'"      # may have been sent, although the status is 4xx
//! id       = "body.id"
//! id_optional = false                   # true: accepted without an id is accepted, not unknown
//! segments = "body.parts"
//! idempotent = false                    # true: the same challenge_id again is no second SMS, so it may be repeated
//! # encoding = "told": the variable `encoding` is "gsm7" or "ucs2", as the text of this very message needs it
//!
//! [status]                              # what became of a message, by the `id` that `send` gave
//! request  = "GET /v1/sms/{{ id }}"
//! state    = "body.status"
//! reason   = "body.error.code"
//! words    = "body.error.text"          # the reason in the gateway's words
//!
//! [report]                              # what the gateway sends to the application: JSON, a form or a query
//! each     = ["body.results"]           # the reports in it; one more for each list in a list; absent: it is one
//! event    = "item.type"                # what the gateway calls this event; no value: it is a report
//! events   = ["sms.status"]             # those that are reports; others come to the same URL and are skipped
//! country  = "IN"                       # a number without its country code is of this country
//! id       = "item.messageId"           # `item` is one report, `outer` what it is in, `outers` all that it is in,
//!                                       # from the inside out, `body` all
//! phone    = "item.to"
//! state    = "item.status"
//! reason   = "item.error.code"
//! words    = "item.error.text"
//!
//! [delivery.states]                     # accepted, sent, delivered, failed = the gateway's words
//! delivered = ["DELIVRD"]               # [] if the gateway never says so
//! [delivery.reasons]                    # why it did not arrive = the gateway's codes
//! handset_off = ["27"]
//! [delivery.phrases]                    # or parts of its words, in any case, where it has no codes
//! do_not_disturb = ["dnd"]
//!
//! [balance]
//! request  = "GET /v1/balance"
//! amount   = "body.amount"
//! currency = "body.currency"
//!
//! [test]                                # one call that costs nothing and shows that the settings work; absent: balance
//! request  = "GET /v1/account"
//! ok       = "status == 200 and body.active"
//! says     = "body.name"
//!
//! [feedback]                            # tells how the code of a message ended, where the setting `feedback` is true
//! request  = "POST /v1/sms/{{ id }}/feedback"
//! json     = { outcome = "{{ 'verified' if verified else 'abandoned' }}" }
//! base_url = "https://feedback.example.com"   # where the call is elsewhere; may use settings
//! abandoned = true                      # it can also be told of a code that nobody verified
//!
//! [revoke]                              # takes a message back whose code was revoked
//! request  = "DELETE /v1/sms/{{ id }}"
//! ok       = "body.ok"                  # absent: any 2xx
//!
//! [features]
//! senders  = ["number", "short_code", "alphanumeric", "pool", "template"]
//! dlt      = true                       # takes the ids of India's DLT registration
//! longest  = 1600                       # characters that one request may have; a longer text is refused without a request
//!
//! [errors]
//! code     = "body.code"
//! message  = "body.message"
//! unlisted = "refused"                  # what a code in no list means in a 2xx that is not accepted; or "unknown"
//! [errors.classes]                      # class = codes; what is in no list falls back on the HTTP status
//! throttled = ["17"]
//! [errors.statuses]                     # class = HTTP statuses, 400 to 499, where no code says more
//! region = [403]
//! [errors.phrases]                      # class = parts of the message, for gateways that give no code
//! balance = ["no credit"]
//! [errors.hints]                        # code = what to do
//! 17 = "…"
//! ```
//!
//! Templates of a request see the settings and what the machine knows: `now` (seconds since 1970), `now_iso`, `nonce` and
//! `uuid`, the same through all of one request. Those of `send` see the message: `phone`, `text`, `code`, `app`,
//! `ttl_minutes`, `purpose`, `lang`, `challenge_id`, `encoding`, `calling_code`, `national`. A signature also sees the
//! request as it is sent: `method`, `path`, `query` (sorted, and encoded as RFC 3986 says), `host`, `headers`, `body`. The
//! filters `sha256` and `hmac_sha256(key)` give bytes, which `hex` and `base64` write; `frombase64` reads a key, `percent`
//! encodes as in a URL, and `now | utc('%Y%m%d')` writes a moment.
//!
//! Templates and expressions are `MiniJinja`. Expressions over an answer see `status`, `body` (JSON where it parses as
//! JSON whatever its label says, else text), `headers` (lower-case names), `phone`, and in `[status]` the `id`. The
//! filters `fromjson` and `tojson` read and write JSON inside of a text. Where the answers are XML, `body` has the root
//! element, an element has its elements by their names without prefix, those of one name are a list, and an element
//! without elements is its text; attributes are not there. A path that is missing is undefined, never an error. A leaf
//! that is one `{{ expression }}` keeps its type, and is left out where it is
//! undefined; the engine escapes values for the place that they are put in.

mod calls;
mod model;
mod refusals;
mod sections;
mod validate;

use std::collections::BTreeMap;

use minijinja::value::Serde;

pub use model::{Definition, Features, SenderKind, SettingWarning};
pub(super) use model::{ENCODING, GatewayPhoneFormat, MESSAGE, Reports, StateFields, Unlisted};

use super::{Capabilities, Description};
use crate::http::{Scope, Service};
use crate::otp::Channel;
use crate::toml_tree::{ConfigError, Document, Table};
use model::{EncodingChoice, WarningRule};
use sections::Names;

/// The keys of a gateway at the top, beside those of every [`Service`].
const KEYS: [&str; 18] = [
    "name",
    "docs",
    "phone",
    "countries",
    "channel",
    "encoding",
    "sender",
    "warnings",
    "send",
    "status",
    "report",
    "delivery",
    "balance",
    "test",
    "feedback",
    "revoke",
    "features",
    "errors",
];

const PHONES: [(&str, GatewayPhoneFormat); 3] = [
    ("e164", GatewayPhoneFormat::E164),
    ("digits", GatewayPhoneFormat::Digits),
    ("national", GatewayPhoneFormat::National),
];

const ENCODINGS: [(&str, EncodingChoice); 2] =
    [("automatic", EncodingChoice::Automatic), ("told", EncodingChoice::Told)];

impl Definition {
    /// Reads and checks a definition: unknown keys, expressions that do not parse, names that nothing declares.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line and column.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let document = Document::parse(None, text)?;
        let top = document.root();
        top.only(&[&KEYS[..], &Service::KEYS].concat())?;
        let service = Service::read(&top, &sections::taken())?;
        let names = Names::new(service.settings());
        let delivery = top.table("delivery")?.map(|table| calls::delivery(&table)).transpose()?;
        let features = top.table("features")?.map(|table| calls::features(&table)).transpose()?;
        let errors = top.table("errors")?.map(|table| refusals::errors(&table)).transpose()?;
        Ok(Self {
            title: top.require("name")?.text()?.to_owned(),
            docs: top.text("docs")?.map(str::to_owned),
            phone: word(&top, "phone", &PHONES)?.unwrap_or(GatewayPhoneFormat::E164),
            encoding: word(&top, "encoding", &ENCODINGS)?,
            countries: top.get("countries").map(|node| sections::countries(&node)).transpose()?.unwrap_or_default(),
            channel: word(&top, "channel", &Channel::ALL.map(|channel| (channel.as_str(), channel)))?
                .unwrap_or_default(),
            template_sender: word(&top, "sender", &[("text", false), ("template", true)])?.unwrap_or(false),
            warnings: top
                .get("warnings")
                .map(|node| sections::warnings(&node, &names))
                .transpose()?
                .unwrap_or_default(),
            send: sections::send(&top.require("send")?.table()?, &names)?,
            status: top.table("status")?.map(|table| calls::status(&table, &names)).transpose()?,
            reports: top.table("report")?.map(|table| calls::reports(&table)).transpose()?,
            delivery: delivery.unwrap_or_default(),
            balance: top.table("balance")?.map(|table| calls::balance(&table, &names)).transpose()?,
            test: top.table("test")?.map(|table| calls::test(&table, &names)).transpose()?,
            revoke: top.table("revoke")?.map(|table| calls::revoke(&table, &names)).transpose()?,
            feedback: top.table("feedback")?.map(|table| calls::feedback(&table, &names)).transpose()?,
            features: features.unwrap_or_default(),
            errors: errors.unwrap_or_default(),
            service,
        })
    }

    /// What the gateway can do beside sending.
    pub(super) fn can(&self) -> Capabilities {
        Capabilities {
            status: self.status.is_some(),
            balance: self.balance.is_some(),
            test: self.test.is_some() || self.balance.is_some(),
            reports: self.reports.is_some(),
            revoke: self.revoke.is_some(),
        }
    }

    /// What of these settings is probably not what was meant: of each setting the first rule that holds.
    pub(super) fn warnings(&self, settings: &BTreeMap<&str, &serde_json::Value>) -> Vec<SettingWarning> {
        let value = |(name, value): (&&str, &&serde_json::Value)| ((*name).to_owned(), Serde(*value).into());
        let scope: Scope = settings.iter().map(value).collect();
        let mut found: Vec<SettingWarning> = Vec::new();
        for rule in self.warnings.iter().filter(|rule| settings.contains_key(rule.setting.as_str())) {
            if !found.iter().any(|known| known.setting == rule.setting) && rule.when.holds(&scope) {
                let WarningRule { setting, say, hint, .. } = rule.clone();
                found.push(SettingWarning { setting, text: say, hint });
            }
        }
        found
    }

    /// What is known of this kind before it is configured.
    #[must_use]
    pub fn describe(&self, kind: &str) -> Description {
        Description {
            kind: kind.to_owned(),
            title: self.title.clone(),
            docs: self.docs.clone(),
            settings: self.service.all_settings(),
            real: true,
            template_sender: self.template_sender,
            can: self.can(),
            channel: self.channel,
            features: self.features.clone(),
        }
    }
}

/// One of a few words, where the key is there.
fn word<T: Copy>(table: &Table<'_>, key: &str, words: &[(&str, T)]) -> Result<Option<T>, ConfigError> {
    table.get(key).map(|node| node.one_of(words)).transpose()
}
