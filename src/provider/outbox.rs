//! The provider that appends each message to a file, one JSON line each: for tests and CI.

use std::io::{self, Write as _};

use async_trait::async_trait;
use serde::Serialize;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::open_error::OpenError;
use super::reply::{Class, ProviderReply, QueryError, QueryResult, Receipt, Refusal};
use super::{Capabilities, Description, Features, Provider};
use crate::http::{SettingSpec, SettingType, Settings};
use crate::otp::hint::Chosen;
use crate::otp::{Channel, Message};
use crate::system::{FileError, FilePath, append, check_append, shown};

/// The kind's name.
pub(super) const KIND: &str = "outbox";

struct Outbox {
    name: String,
    path: FilePath,
}

/// One line of the file, in this order.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Line<'a> {
    at: &'a str,
    phone: &'a str,
    text: &'a str,
    code: &'a str,
    challenge_id: &'a str,
    provider: &'a str,
}

/// It gets no delivery reports.
const CAPABILITIES: Capabilities =
    Capabilities { status: false, balance: false, test: true, reports: false, revoke: false };

pub(super) fn description() -> Description {
    Description {
        kind: KIND.to_owned(),
        title: "Outbox file".to_owned(),
        docs: None,
        settings: vec![SettingSpec {
            required: true,
            ..SettingSpec::new("path", SettingType::File, "file that gets one JSON line per message, codes included")
        }],
        real: false,
        template_sender: false,
        can: CAPABILITIES,
        channel: Channel::Sms,
        features: Features::default(),
    }
}

pub(super) fn open(name: &str, settings: &Settings) -> Result<Box<dyn Provider>, OpenError> {
    settings.only(&["path"])?;
    let path = settings.file("path")?;
    // A folder that is not there yet is the next send's concern; a file that others can read is a leak now.
    match check_append(&path) {
        Err(error) if error.hint.is_some() && !error.missing => return Err(error.into()),
        _ => {}
    }
    Ok(Box::new(Outbox { name: name.to_owned(), path }))
}

#[async_trait]
impl Provider for Outbox {
    fn name(&self) -> &str {
        &self.name
    }

    fn capabilities(&self) -> Capabilities {
        CAPABILITIES
    }

    fn refuses(&self, _message: &Message<'_>) -> Option<Refusal> {
        check_append(&self.path).err().map(|error| refusal(&error))
    }

    async fn send(&self, message: &Message<'_>, _deadline: Instant) -> ProviderReply {
        match self.append(message) {
            Ok(()) => ProviderReply::Accepted(Receipt {
                id: Some(message.challenge_id.to_owned()),
                segments: None,
                report: None,
            }),
            Err(error) => ProviderReply::Refused(refusal(&error)),
        }
    }

    async fn test(&self, _deadline: Instant) -> QueryResult<Option<String>> {
        check_append(&self.path).map_err(|error| QueryError::Refused(refusal(&error)))?;
        Ok(Some(format!("it appends each SMS to {} and sends none", self.path)))
    }
}

impl Outbox {
    /// One write for one line, so that processes that append at the same time do not mix theirs.
    fn append(&self, message: &Message<'_>) -> Result<(), FileError> {
        let line = Line {
            at: message.at,
            phone: message.to.as_str(),
            text: message.text,
            code: message.code.expose(),
            challenge_id: message.challenge_id,
            provider: &self.name,
        };
        let failed = |why: String| FileError::new(&self.path, format!("cannot be written: {why}"));
        let mut bytes = Zeroizing::new(serde_json::to_vec(&line).map_err(|error| failed(error.to_string()))?);
        bytes.push(b'\n');
        let written = append(&self.path)?.write(&bytes).map_err(|error| failed(error.to_string()))?;
        if written == bytes.len() { Ok(()) } else { Err(failed(io::ErrorKind::WriteZero.to_string())) }
    }
}

fn refusal(error: &FileError) -> Refusal {
    let advice = error.hint.as_ref().map(|hint| hint.text(&Chosen::default()));
    let advice = advice.unwrap_or_else(|| "check `path`: its folder must be there and writable".to_owned());
    let why = format!("cannot append to {}: {}", shown(&error.path), error.message);
    Refusal { advice: Some(advice), ..Refusal::new(Class::Unreachable, why) }
}

crate::otp::schema::documents! { "otpctl.outbox" => Line<'_> }
