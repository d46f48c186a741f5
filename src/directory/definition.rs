//! A directory as data: an application's API, what to ask it, and how to read its answer. This is the language of
//! `catalog/*.toml`, on the engine that reads gateways too.
//!
//! ```toml
//! name     = "Example"                  # as people know it
//! docs     = "https://…"                # where its API is documented
//! base_url = "https://app.example.com"  # absent: the user sets it
//! phones   = "typed"                    # how it keeps phones: as people typed them; or "e164", or "digits" of E.164
//! most     = 100                        # the most spellings that one request may have; absent: all
//!
//! [settings]                            # as for gateways
//! key = { secret = true, required = true, help = "…" }
//! [auth]                                # as for gateways, also [auth.oauth2]
//!
//! [by_phone]                            # the users of a phone
//! request = "GET /users"                # its templates see the settings and `spellings`, a list; or `spelling`: then
//! query   = { phone = "{{ spelling }}" }  # it is sent once for each spelling
//! nobody  = "status == 404"             # an answer that says that there is none; absent: only an empty list is one
//! each    = ["body.users"]              # the users in an answer, as in reports of gateways
//! user    = "item.id"                   # these three see `item`, one user, `body`, all, and the settings
//! phone   = "item.phone"              # one text, or a list of them
//! enabled = "item.active"               # a user of whom this does not hold is none; absent: all are
//!
//! [by_user]                             # the phone of a user: the same keys; templates see the settings and `user`
//! [set_phone]                           # writes: templates see the settings, `user` and `phone`
//! [clear_phone]                         # removes: likewise
//! request = "PUT /users/{{ user }}"
//! json    = { phone = "" }
//!
//! [errors]
//! message = "body.error.text"           # the words of an answer that is an error
//! denied  = [403]                       # HTTP statuses that mean that the settings give no access; 401 always does
//! ```
//!
//! An answer with a status other than 2xx, and one in which `each` is no list, is an error, and never means that nobody
//! has the phone.

use super::description::{Description, Phones};
use crate::http::{ANSWER, Each, Expression, ITEM, REQUEST, Request, Service, expression, request};
use crate::toml_tree::{ConfigError, Document, Table};

const KEYS: [&str; 9] = ["name", "docs", "phones", "most", "by_phone", "by_user", "set_phone", "clear_phone", "errors"];

/// What requests have beside the settings.
pub(super) const SPELLINGS: &str = "spellings";
pub(super) const SPELLING: &str = "spelling";
pub(super) const USER: &str = "user";
pub(super) const PHONE: &str = "phone";

/// A definition that was read and checked.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Definition {
    title: String,
    phones: Phones,
    pub(super) most: Option<usize>,
    pub(super) service: Service,
    pub(super) by_phone: Question,
    pub(super) by_user: Option<Question>,
    pub(super) set_phone: Option<Request>,
    pub(super) clear_phone: Option<Request>,
    pub(super) message: Option<Expression>,
    pub(super) denied: Vec<u32>,
}

/// A request for users, and how its answer is read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Question {
    pub(super) request: Request,
    pub(super) nobody: Option<Expression>,
    pub(super) each: Each,
    pub(super) user: Expression,
    pub(super) phone: Expression,
    pub(super) enabled: Option<Expression>,
}

impl Definition {
    /// Reads and checks a definition: unknown keys, expressions that do not parse, names that nothing declares.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line and column.
    pub(super) fn parse(text: &str) -> Result<Self, ConfigError> {
        let document = Document::parse(None, text)?;
        let top = document.root();
        top.only(&[&KEYS[..], &Service::KEYS].concat())?;
        let service = Service::read(&top, &[SPELLINGS, SPELLING, USER, PHONE, "phones", "region"])?;
        let settings: Vec<&str> = service.settings().iter().map(|spec| spec.name.as_str()).collect();
        let with = |names: &[&'static str]| [settings.as_slice(), names].concat();
        let items = with(&ITEM);
        let question = |key: &str, names: &[&'static str]| {
            top.table(key)?.map(|table| question(&table, &with(names), &items)).transpose()
        };
        let write = |key: &str| {
            let read = |table: Table<'_>| {
                table.only(&REQUEST)?;
                request(&table, &with(&[USER, PHONE]))
            };
            top.table(key)?.map(read).transpose()
        };
        let errors = top.table("errors")?;
        if let Some(errors) = &errors {
            errors.only(&["message", "denied"])?;
        }
        Ok(Self {
            title: top.require("name")?.text()?.to_owned(),
            phones: top.get("phones").map(|node| node.one_of(&Phones::WORDS)).transpose()?.unwrap_or_default(),
            most: top.get("most").map(|node| node.number(1..=1000)).transpose()?.map(|most| most as usize),
            by_phone: question("by_phone", &[SPELLINGS, SPELLING])?
                .ok_or_else(|| top.refuse("`by_phone` is missing"))?,
            by_user: question("by_user", &[USER])?,
            set_phone: write("set_phone")?,
            clear_phone: write("clear_phone")?,
            message: match errors.as_ref().and_then(|errors| errors.get("message")) {
                Some(node) => Some(expression(&node, &ANSWER)?),
                None => None,
            },
            denied: match errors.as_ref().and_then(|errors| errors.get("denied")) {
                Some(node) => {
                    let statuses = node.list("HTTP statuses")?.map(|node| node.number(400..=499));
                    statuses.collect::<Result<Vec<u32>, _>>()?
                }
                None => Vec::new(),
            },
            service,
        })
    }

    /// What is known of this kind before it is configured.
    pub(super) fn describe(&self) -> Description {
        let mut settings = self.service.all_settings();
        for timeout in settings.iter_mut().filter(|setting| setting.name == "timeout") {
            timeout.default = Some("5s".into());
        }
        Description { title: self.title.clone(), settings, phones: self.phones }
    }
}

fn question(table: &Table<'_>, names: &[&str], items: &[&str]) -> Result<Question, ConfigError> {
    table.only(&[&REQUEST[..], &["nobody", "each", "user", "phone", "enabled"]].concat())?;
    Ok(Question {
        request: request(table, names)?,
        nobody: table.get("nobody").map(|node| expression(&node, &ANSWER)).transpose()?,
        each: Each::read(table)?,
        user: expression(&table.require("user")?, items)?,
        phone: expression(&table.require("phone")?, items)?,
        enabled: table.get("enabled").map(|node| expression(&node, items)).transpose()?,
    })
}
