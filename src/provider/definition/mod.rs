//! A gateway as data: what to ask for, how to ask, and how to read the answer. This is the language of `catalog/*.toml`.
//!
//! ```toml
//! name     = "Example"                  # as people know it
//! docs     = "https://…"                # where its API is documented
//! base_url = "https://api.example.com"  # may use settings: "https://{{ region }}.example.com"
//! phone    = "e164"                     # +919876543210; or "digits", 919876543210; or "national", 9876543210
//! countries = ["IN"]                    # reaches numbers of these only; absent: no such limit
//! body     = "json"                     # what its answers are; or "xml"
//! encoding = "automatic"                # the gateway finds out which texts need Unicode; or "told": `send` says it
//! sender   = "text"                     # or "template": the text lives at the gateway, which takes variables
//!
//! [settings]                            # a key each; all of its words may be left out
//! key = { secret = true, required = true, help = "…", type = "text", default = "…", template = false }
//!                                       # type: text, number, flag, table; template: may use the message's variables
//! [[needs]]                             # what must hold of the settings together, and what to say where it does not
//! that = "from or pool"
//! say  = "set `from` or `pool`"
//!
//! [auth]                                # one of bearer, basic, aws, and any of header, query; for every request
//! bearer = "{{ key }}"
//! basic  = { user = "{{ user }}", password = "{{ key }}" }
//! header = { X-Key = "{{ key }}" }
//! query  = { key = "{{ key }}" }
//! [auth.aws]                            # AWS Signature Version 4; session_token may have no value
//! service = "sns"
//! region = "{{ region }}"
//! access_key_id = "{{ id }}"
//! secret_access_key = "{{ key }}"
//! session_token = "{{ token }}"
//!
//! [send]                                # templates see the message's variables and the settings
//! request  = "POST /v1/{{ user }}/sms"  # a template in the path fills a part of one segment
//! query    = { dlr = "1" }
//! headers  = { X-Purpose = "{{ purpose }}" }
//! json     = { to = "{{ phone }}" }     # or form = { … }
//! accepted = "status == 200 and body.id"
//! refused  = "body.type == 'error'"     # surely not sent, although the status is 2xx
//! doubtful = "body.code == 'BUSY'"      # may have been sent, although the status is 4xx
//! id       = "body.id"
//! id_optional = false                   # true: a yes without an id is a yes too, and not a doubt
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
//! [report]                              # what the gateway tells the application: JSON, a form or a query
//! each     = ["body.results"]           # the reports in it; a second list for lists in lists; absent: it is one
//! event    = "item.type"                # what the gateway calls this event; no value: it is a report
//! events   = ["sms.status"]             # those that are reports; others come to the same URL and are skipped
//! country  = "IN"                       # a number without its country code is of this country
//! id       = "item.messageId"           # `item` is one report, `outer` what it lies in, `body` all
//! phone    = "item.to"
//! state    = "item.status"
//! reason   = "item.error.code"
//! words    = "item.error.text"
//!
//! [delivery.states]                     # accepted, sent, delivered, failed = the gateway's words
//! delivered = ["DELIVRD"]
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
//! [features]
//! senders  = ["number", "short_code", "alphanumeric", "pool", "template"]
//! dlt      = true                       # takes the ids of India's DLT registration
//! longest  = 1600                       # characters that one request may hold; a longer text is refused unasked
//!
//! [errors]
//! code     = "body.code"
//! message  = "body.message"
//! unlisted = "refused"                  # what a code in no list means in a 2xx that is no yes; or "unknown"
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
//! Templates and expressions are `MiniJinja`. Expressions over an answer see `status`, `body` (JSON where it parses as
//! JSON whatever its label says, else text), `headers` (lower-case names), `phone`, and in `[status]` the `id`. The
//! filter `fromjson` reads JSON that is written inside of a text. Where the answers are XML, `body` has the root
//! element, an element has its elements by their names without prefix, those of one name are a list, and an element
//! without elements is its text; attributes are not there. A path that is missing is undefined, never an error. A leaf
//! that is one `{{ expression }}` keeps its type, and is left out where it is
//! undefined; the engine escapes values for the place that they are put in.

mod calls;
mod error;
mod language;
mod reader;
mod refusals;
mod sections;
mod validate;

use std::collections::BTreeMap;

pub(super) use calls::{Balance, Reports, Says, Status, Test, Words};
pub use error::{DefinitionError, Problem};
pub(super) use language::{Expression, Failed, Scope, Template, Tree};

use super::reply::Class;
use super::{Capabilities, Description};
use crate::otp::Country;
use reader::Reader;
use sections::Names;

/// What a message gives to templates.
pub(super) const MESSAGE: [&str; 9] =
    ["phone", "text", "code", "app", "ttl_minutes", "purpose", "lang", "challenge_id", ENCODING];

/// The variable that says what the text needs. A setting may have this name, and then stands in its place.
pub(super) const ENCODING: &str = "encoding";

/// A checked definition of one gateway.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    pub(super) title: String,
    pub(super) docs: Option<String>,
    pub(super) base_url: Option<Template>,
    /// `base_url` as written, to be shown.
    pub(super) base_url_source: Option<String>,
    pub(super) phone: GatewayPhoneFormat,
    pub(super) body: AnswerFormat,
    /// `None`: the definition does not say, which [`Self::checked`] refuses.
    pub(super) encoding: Option<EncodingChoice>,
    /// The only countries that it reaches; empty: no such limit is known.
    pub(super) countries: Vec<Country>,
    pub(super) template_sender: bool,
    pub(super) settings: Vec<SettingSpec>,
    pub(super) needs: Vec<Need>,
    pub(super) auth: Auth,
    pub(super) send: Send,
    pub(super) status: Option<Status>,
    pub(super) reports: Option<Reports>,
    /// What the words of both mean.
    pub(super) delivery: Words,
    pub(super) balance: Option<Balance>,
    pub(super) test: Option<Test>,
    pub(super) errors: Errors,
    pub(super) features: Features,
}

/// What messages through a gateway can be like.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Features {
    /// What a message can come from; empty: nothing is known.
    pub senders: Vec<SenderKind>,
    /// Whether it takes the ids of India's DLT registration: entity, header, template.
    pub dlt: bool,
    /// How many characters one request may hold, where the vendor says so.
    pub longest: Option<u32>,
}

/// What a message can come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SenderKind {
    /// A full phone number.
    Number,
    /// A short code.
    ShortCode,
    /// A name, or an Indian header.
    Alphanumeric,
    /// Whichever number of a pool the gateway chooses.
    Pool,
    /// What is registered with the template.
    Template,
}

impl SenderKind {
    /// All kinds.
    pub const ALL: [Self; 5] = [Self::Number, Self::ShortCode, Self::Alphanumeric, Self::Pool, Self::Template];

    /// The word in definitions and documents.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::ShortCode => "short_code",
            Self::Alphanumeric => "alphanumeric",
            Self::Pool => "pool",
            Self::Template => "template",
        }
    }
}

/// How a gateway writes phone numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GatewayPhoneFormat {
    E164,
    Digits,
    National,
}

/// Who decides that a text needs Unicode (UCS-2). A gateway that takes it for GSM-7 sends question marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EncodingChoice {
    /// The gateway, by the text or by its own template.
    Automatic,
    /// We, by the text: the request uses the variable `encoding`.
    Told,
}

/// What a code in no list means in a 2xx that is no yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unlisted {
    /// The gateway documents that whatever is not its yes was not taken.
    Refused,
    /// Nobody can say.
    Unknown,
}

/// What a gateway answers in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AnswerFormat {
    Json,
    Xml,
}

/// What a setting holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingType {
    /// A text.
    Text,
    /// A whole number.
    Number,
    /// `true` or `false`.
    Flag,
    /// A table of the user's own keys.
    Table,
    /// A list of texts.
    List,
    /// How a connection is made secure: `true`, `false`, or a table with the file of a CA, `{ ca = "ca.pem" }`.
    Tls,
    /// A file, relative to the folder of the configuration.
    File,
    /// A program and its arguments: a path as of a file, or a name that is looked for in `PATH`.
    Program,
}

/// One setting that a kind of provider takes.
#[derive(Debug, Clone, PartialEq)]
pub struct SettingSpec {
    /// Its key.
    pub name: String,
    /// What it holds.
    pub holds: SettingType,
    /// Never shown.
    pub secret: bool,
    /// Must be there.
    pub required: bool,
    /// Its texts are templates over the message's variables.
    pub template: bool,
    /// What it is for, in a few words.
    pub help: Option<String>,
    /// What it is when it is absent.
    pub default: Option<serde_json::Value>,
}

impl SettingSpec {
    /// An optional setting.
    pub(super) fn new(name: &str, holds: SettingType, help: &str) -> Self {
        let (secret, required, template) = (false, false, false);
        let help = Some(help.to_owned());
        Self { name: name.to_owned(), holds, secret, required, template, help, default: None }
    }
}

/// What must hold of the settings together.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Need {
    pub(super) that: Expression,
    pub(super) say: String,
}

/// How every request says who asks.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Auth {
    pub(super) bearer: Option<Template>,
    pub(super) basic: Option<(Template, Template)>,
    pub(super) header: Vec<(String, Template)>,
    pub(super) query: Vec<(String, Template)>,
    pub(super) aws: Option<Aws>,
}

/// What signs a request for AWS.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Aws {
    pub(super) service: Template,
    pub(super) region: Template,
    pub(super) access_key_id: Template,
    pub(super) secret_access_key: Template,
    pub(super) session_token: Option<Template>,
}

/// One request.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) path: Vec<Template>,
    pub(super) query: Vec<(String, Template)>,
    pub(super) headers: Vec<(String, Template)>,
    pub(super) body: Body,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Get,
    Post,
    Put,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Body {
    None,
    Json(Tree),
    Form(Vec<(String, Template)>),
}

/// How to send, and how to read whether it was taken.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Send {
    pub(super) request: Request,
    pub(super) accepted: Expression,
    pub(super) refused: Option<Expression>,
    pub(super) doubtful: Option<Expression>,
    pub(super) id: Option<Expression>,
    pub(super) id_optional: bool,
    pub(super) segments: Option<Expression>,
    pub(super) idempotent: bool,
}

/// How to read a refusal.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Errors {
    pub(super) code: Option<Expression>,
    pub(super) message: Option<Expression>,
    /// `None`: the definition does not say, which [`Definition::checked`] refuses.
    pub(super) unlisted: Option<Unlisted>,
    pub(super) classes: BTreeMap<String, Class>,
    /// By HTTP status, where no code says more.
    pub(super) statuses: BTreeMap<u16, Class>,
    /// In lower case, in the order of the definition: the first that is found decides.
    pub(super) phrases: Vec<(String, Class)>,
    pub(super) hints: BTreeMap<String, String>,
}

impl Definition {
    /// Reads and checks a definition: unknown keys, expressions that do not parse, names that nothing declares.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line and column.
    pub fn parse(text: &str) -> Result<Self, DefinitionError> {
        let mut top = Reader::document(text)?;
        let title = top.require("name")?.into_text()?;
        let docs = top.text("docs")?;
        let phone = match top.take("phone") {
            Some(entry) => entry.into_word(&[
                ("e164", GatewayPhoneFormat::E164),
                ("digits", GatewayPhoneFormat::Digits),
                ("national", GatewayPhoneFormat::National),
            ])?,
            None => GatewayPhoneFormat::E164,
        };
        let body = match top.take("body") {
            Some(entry) => entry.into_word(&[("json", AnswerFormat::Json), ("xml", AnswerFormat::Xml)])?,
            None => AnswerFormat::Json,
        };
        let encoding = top.take("encoding").map(sections::encoding).transpose()?;
        let countries = top.take("countries").map(sections::countries).transpose()?.unwrap_or_default();
        let template_sender = match top.take("sender") {
            Some(entry) => entry.into_word(&[("text", false), ("template", true)])?,
            None => false,
        };
        let settings = top.table("settings")?.map(sections::settings).transpose()?.unwrap_or_default();
        let names = Names::new(&settings);
        let base_url = top.take("base_url");
        let base_url_source = base_url.as_ref().and_then(|entry| match &entry.value {
            toml::de::DeValue::String(text) => Some(text.to_string()),
            _ => None,
        });
        let definition = Self {
            title,
            docs,
            base_url: base_url.map(|entry| sections::template(entry, &names.settings)).transpose()?,
            base_url_source,
            phone,
            body,
            encoding,
            countries,
            template_sender,
            needs: top.take("needs").map(|entry| sections::needs(entry, &names)).transpose()?.unwrap_or_default(),
            auth: top.table("auth")?.map(|table| sections::auth(table, &names)).transpose()?.unwrap_or_default(),
            send: sections::send(top.require("send")?.into_table()?, &names)?,
            status: top.table("status")?.map(|table| calls::status(table, &names)).transpose()?,
            reports: top.table("report")?.map(calls::reports).transpose()?,
            delivery: top.table("delivery")?.map(calls::words).transpose()?.unwrap_or_default(),
            balance: top.table("balance")?.map(|table| calls::balance(table, &names)).transpose()?,
            test: top.table("test")?.map(|table| calls::test(table, &names)).transpose()?,
            features: top.table("features")?.map(calls::features).transpose()?.unwrap_or_default(),
            errors: top.table("errors")?.map(refusals::errors).transpose()?.unwrap_or_default(),
            settings: Vec::new(),
        };
        top.finish()?;
        Ok(Self { settings, ..definition })
    }

    /// What the gateway can do beside sending.
    pub(super) fn can(&self) -> Capabilities {
        Capabilities {
            status: self.status.is_some(),
            balance: self.balance.is_some(),
            test: self.test.is_some() || self.balance.is_some(),
            reports: self.reports.is_some(),
        }
    }

    /// What is known of this kind before it is configured.
    #[must_use]
    pub fn describe(&self, kind: &str) -> Description {
        let mut settings = self.settings.clone();
        settings.push(SettingSpec {
            required: self.base_url.is_none(),
            default: self.base_url_source.clone().map(Into::into),
            ..SettingSpec::new("base_url", SettingType::Text, "another region, a sandbox, a test server")
        });
        settings.push(SettingSpec {
            default: Some("30s".into()),
            ..SettingSpec::new("timeout", SettingType::Text, "how long the gateway may take")
        });
        Description {
            kind: kind.to_owned(),
            title: self.title.clone(),
            docs: self.docs.clone(),
            settings,
            real: true,
            template_sender: self.template_sender,
            can: self.can(),
            features: self.features.clone(),
        }
    }
}
