//! The engine under everything that is a definition of an HTTP service: gateways, directories. It names neither: it
//! reads what a definition says of the service and its requests, makes one exchange, and gives the answer as values.
//!
//! A definition is a TOML document. What every one of them has at its top, [`Service`] reads: `base_url`, `body`,
//! `[settings]`, `[[needs]]`, `[auth]`. What else is in it belongs to whoever reads it; a table with a request is read by
//! [`request`], and its other keys are expressions over the answer, read by [`expression`].
//!
//! ```ignore
//! // Once, from the text of the definition:
//! let document = Document::parse(None, text)?;
//! let top = document.root();
//! top.only(&[&Service::KEYS[..], &["name", "by_user"]].concat())?;
//! let service = Service::read(&top, &["user"])?;             // no setting can be called `user`
//! let table = top.require("by_user")?.table()?;
//! table.only(&[&REQUEST[..], &["each", "phone"]].concat())?;
//! let settings = service.settings().iter().map(|spec| spec.name.as_str());
//! let request = request(&table, &settings.chain(["user"]).collect::<Vec<_>>())?;
//! let (each, phone) = (Each::read(&table)?, expression(&table.require("phone")?, &ITEM)?);
//!
//! // Once, with what the user wrote; `service.all_settings()` says what that can be:
//! let client = service.open(&settings, &[], &machine)?;
//!
//! // For each question; what must not be shown goes into a clone of the client's redactor:
//! let mut redactor = client.redactor().clone();
//! let variables = Scope::from([("user".to_owned(), "u_1".into())]);
//! let answered = client.ask(&request, variables, deadline, &mut redactor).await?;
//! if !answered.is_success() {
//!     return Err(redactor.clean(&answered.wordless()));      // whatever is shown of an answer is cleaned
//! }
//! let phones = each.items(&answered.scope()["body"]).iter().filter_map(|item| phone.text(item));
//! ```
//!
//! No redirect is followed, nothing is sent twice, an answer is read up to 64 KiB and until the deadline or the setting
//! `timeout`. Whether something was sent when there is no answer is known: [`Exchange`], [`AskError`]. Secret settings
//! and what the credentials look like in a request are hidden by the redactor.

mod address;
mod answer;
mod auth;
mod body;
mod build;
mod client;
mod each;
mod exchange;
mod filters;
mod language;
mod model;
mod not_built;
mod read;
mod scope;
mod service;
mod settings;
mod sign;
mod spec;
mod token;

pub use answer::{ANSWER, Answered};
pub use body::{Body, form_fields};
pub use client::{AskError, Client, Prepared};
pub use each::{Each, ITEM};
pub use exchange::{Answer, Exchange, NoToken, Unreadable};
pub use language::{Expression, Template, TemplateFailed, Tree};
pub use model::{AnswerFormat, Request};
pub use not_built::NotBuilt;
pub use read::{REQUEST, expression, request, template};
pub use scope::{MACHINE, Machine, MachineFailed, Scope};
pub use service::Service;
pub use settings::{Setting, SettingError, Settings, wrong};
pub use spec::{SettingSpec, SettingType};
