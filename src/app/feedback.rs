//! Tells gateways how the codes that they delivered ended, or that they were revoked, after the answer, in a process that
//! nobody waits for.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Act, App};
use crate::config::SettingSource;
use crate::error::{Error, Exit};
use crate::otp::Phone;
use crate::otp::record::Record;
use crate::provider::{Kind, QueryError};
use crate::system;

/// The word by which the program is started again for this. It is no command: people tell an outcome with `outcome`.
pub const WORD: &str = "__feedback";
/// The setting that turns it on.
const SWITCH: &str = "feedback";
/// The gateway's answer is waited for so long, with nobody looking on.
const MOST: Duration = Duration::from_secs(5);
/// What is handed to the process is never longer.
pub const LONGEST: u64 = 16 * 1024;
/// And it is about so many messages at most.
const MOST_OWED: usize = 50;

/// What a gateway is to be told: the message, and whether its code was verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwedFeedback {
    provider: String,
    message_id: String,
    phone: String,
    verified: bool,
    /// The code was revoked: the gateway is asked to take the message back.
    #[serde(default)]
    revoked: bool,
}

impl App {
    /// Notes that the gateway which delivered a code is to be told how it ended, if its settings want that. It is told
    /// once the answer is printed, by [`Self::start_feedback`].
    pub fn owe_feedback(&self, phone: &Phone, record: &Record, challenge: &str, verified: bool) {
        let Ok(settings) = self.settings() else { return };
        let delivery = record.challenge(challenge).and_then(|(_, challenge)| challenge.delivery.as_ref());
        let Some(delivery) = delivery else { return };
        let wanted = settings.providers.get(&delivery.provider).is_some_and(|provider| {
            matches!(provider.entries.get(SWITCH), Some(SettingSource::Plain(serde_json::Value::Bool(true))))
        });
        if let (true, Some(message_id)) = (wanted, &delivery.message_id) {
            self.owed.borrow_mut().push(OwedFeedback {
                provider: delivery.provider.clone(),
                message_id: message_id.clone(),
                phone: phone.as_str().to_owned(),
                verified,
                revoked: false,
            });
        }
    }

    /// Notes that the messages of revoked codes are to be taken back, by the gateways that can. They are asked once the answer
    /// is printed, as above.
    pub fn owe_revocation(&self, phone: &Phone, record: &Record, challenges: &[String]) {
        let Ok(settings) = self.settings() else { return };
        let messages = challenges.iter().filter_map(|id| record.challenge(id)).flat_map(|(_, own)| own.messages());
        for message in messages {
            let kind = settings.providers.get(&message.provider).map(|provider| &provider.kind);
            let can = kind.and_then(Kind::describe).is_some_and(|description| description.can.revoke);
            // What is handed to the process has an end.
            let fits = self.owed.borrow().len() < MOST_OWED;
            if let (true, Some(message_id)) = (can && fits, message.message_id) {
                let (provider, phone) = (message.provider, phone.as_str().to_owned());
                self.owed.borrow_mut().push(OwedFeedback {
                    provider,
                    message_id,
                    phone,
                    verified: false,
                    revoked: true,
                });
            }
        }
    }

    /// Starts what tells the gateways. It never fails and waits for nothing: the answer is printed already. `program`: finds
    /// the file of this program.
    pub fn start_feedback(&self, program: impl FnOnce() -> std::io::Result<PathBuf>) {
        let owed = std::mem::take(&mut *self.owed.borrow_mut());
        if owed.is_empty() || self.globals.dry_run {
            return;
        }
        let mut words = vec![OsString::from(WORD)];
        let request = &self.globals.request;
        // What is in the environment is inherited.
        if let Some(config) = request.config.as_ref().filter(|config| config.by_flag) {
            words.extend([OsString::from("--config"), config.value.clone().into_os_string()]);
        }
        if let Some(profile) = request.profile.as_ref().filter(|profile| profile.by_flag) {
            words.extend([OsString::from("--profile"), OsString::from(&profile.value)]);
        }
        let started = serde_json::to_vec(&owed).map_err(std::io::Error::from);
        let started = started.and_then(|input| system::start_again(&program()?, &words, &input));
        if let Err(error) = started {
            tracing::warn!(%error, "the gateway could not be told how the code ended");
        }
    }

    /// Tells one gateway, and remembers it if it did not work.
    pub async fn give_feedback(&self, owed: &OwedFeedback) {
        let failure = self.told(owed).await.err();
        if let Err(error) = self.remember_feedback(&owed.provider, failure.as_deref()).await {
            tracing::warn!(error = error.message(), "what came of the feedback could not be remembered");
        }
    }

    /// Tells it; else why not, in words that hold no secret and no number.
    async fn told(&self, owed: &OwedFeedback) -> Result<(), String> {
        let phone = Phone::parse(&owed.phone, None).map_err(|error| error.to_string())?;
        let provider = self.provider(&owed.provider).await.map_err(|error| error.message())?;
        let deadline = self.provider_deadline(MOST);
        let told = if owed.revoked {
            provider.revoke(&owed.message_id, &phone, deadline).await
        } else {
            provider.feedback(&owed.message_id, &phone, owed.verified, deadline).await
        };
        match told {
            Ok(()) => Ok(()),
            Err(QueryError::NotOffered) => Err("it has no call for this".to_owned()),
            Err(QueryError::Refused(refusal)) => Err(refusal.words()),
        }
    }

    async fn remember_feedback(&self, provider: &str, failure: Option<&str>) -> Result<(), Error> {
        if failure.is_none() {
            let known = self.operations().await?.feedback_troubles(&[provider]).await?;
            if known.iter().all(|(_, trouble)| trouble.failures == 0) {
                return Ok(());
            }
        }
        let act = Act::default().detail(format!("feedback to {provider}"));
        let remembered = self.audited(act, async |operations| {
            operations.remember_feedback(provider, failure).await?;
            Ok(Exit::Ok)
        });
        remembered.await.map(drop)
    }
}
