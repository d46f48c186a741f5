//! The provider that appends each message to a file, one JSON line each: for tests and CI.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use rustix::fs::{Access, access};
use serde::Serialize;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::definition::{SettingSpec, SettingType};
use super::outcome::{Asked, Class, Outcome, Receipt, Refusal, Silence};
use super::settings::{OpenError, Settings};
use super::{Abilities, Description, Features, Provider};
use crate::otp::Message;

/// The kind's name.
pub(super) const KIND: &str = "outbox";

struct Outbox {
    name: String,
    path: PathBuf,
}

/// One line of the file, in this order.
#[derive(Serialize)]
struct Line<'a> {
    at: &'a str,
    phone: &'a str,
    text: &'a str,
    code: &'a str,
    challenge_id: &'a str,
    provider: &'a str,
}

/// Nobody tells it more.
const CAN: Abilities = Abilities { status: false, balance: false, test: true, reports: false };

pub(super) fn description() -> Description {
    Description {
        kind: KIND.to_owned(),
        title: "Outbox file".to_owned(),
        docs: None,
        settings: vec![SettingSpec {
            required: true,
            ..SettingSpec::new("path", SettingType::Text, "file that gets one JSON line a message; codes stand in it")
        }],
        real: false,
        template_sender: false,
        can: CAN,
        features: Features::default(),
    }
}

pub(super) fn open(name: &str, settings: &Settings) -> Result<Box<dyn Provider>, OpenError> {
    settings.only(&["path"])?;
    let path = settings.text("path")?.filter(|path| !path.is_empty());
    let path = path.ok_or_else(|| OpenError::Missing("path".to_owned()))?;
    Ok(Box::new(Outbox { name: name.to_owned(), path: path.into() }))
}

#[async_trait]
impl Provider for Outbox {
    fn name(&self) -> &str {
        &self.name
    }

    fn can(&self) -> Abilities {
        CAN
    }

    fn refuses(&self, _message: &Message<'_>) -> Option<Refusal> {
        self.writable().err().map(|error| self.refusal(&error))
    }

    async fn send(&self, message: &Message<'_>, _deadline: Instant) -> Outcome {
        match self.append(message) {
            Ok(()) => {
                Outcome::Accepted(Receipt { id: Some(message.challenge_id.to_owned()), segments: None, report: None })
            }
            Err(error) => Outcome::Refused(self.refusal(&error)),
        }
    }

    async fn test(&self, _deadline: Instant) -> Asked<Option<String>> {
        self.writable().map_err(|error| Silence::Refused(self.refusal(&error)))?;
        Ok(Some(format!("it appends each SMS to {} and sends none", self.path.display())))
    }
}

impl Outbox {
    fn refusal(&self, error: &io::Error) -> Refusal {
        let why = format!("cannot append to {}: {error}", self.path.display());
        Refusal {
            advice: Some("check `path`: its folder must be there and writable".to_owned()),
            ..Refusal::new(Class::Unreachable, why)
        }
    }

    /// Whether a line could be appended. No file is made to find out.
    fn writable(&self) -> io::Result<()> {
        match OpenOptions::new().append(true).open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
                Ok(access(folder.unwrap_or(Path::new(".")), Access::WRITE_OK | Access::EXEC_OK)?)
            }
            opened => opened.map(drop),
        }
    }

    /// One write for one line, so that processes that append at the same time do not mix theirs.
    fn append(&self, message: &Message<'_>) -> io::Result<()> {
        let line = Line {
            at: message.at,
            phone: message.to.as_str(),
            text: message.text,
            code: message.code.expose(),
            challenge_id: message.challenge_id,
            provider: &self.name,
        };
        let mut bytes = Zeroizing::new(serde_json::to_vec(&line)?);
        bytes.push(b'\n');
        // The codes are readable in it, so nobody else may read it.
        let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(&self.path)?;
        let written = file.write(&bytes)?;
        if written == bytes.len() { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
    }
}
