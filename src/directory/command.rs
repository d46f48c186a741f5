//! The directory that is any program: the question on its standard input, the answer on its standard output, both as one
//! JSON document. So LDAP is `ldapsearch` in a script.
//!
//! The question, in one line:
//!
//! ```json
//! {"schema":"otpctl.directory/1","ask":"by_phone","phone":"+919876543210","spellings":["+919876543210","09876543210"],"user":null}
//! {"schema":"otpctl.directory/1","ask":"by_user","phone":null,"spellings":[],"user":"asha@example.com"}
//! {"schema":"otpctl.directory/1","ask":"set_phone","phone":"+919876543210","spellings":[],"user":"asha@example.com"}
//! {"schema":"otpctl.directory/1","ask":"clear_phone","phone":"+919876543210","spellings":["+919876543210"],"user":"asha@example.com"}
//! ```
//!
//! The answer to the first two; nobody is an empty list. A phone is in any spelling, as it is stored:
//!
//! ```json
//! {"users":[{"user":"asha@example.com","phone":"098765 43210"}]}
//! ```
//!
//! Exit status 0 is an answer, 75 asks to come later, and any other means that it failed; then the first line of standard
//! error says why.

use std::ffi::{OsStr, OsString};
use std::process::Stdio;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use super::error::{DirectoryError, quoted};
use super::{Abilities, Directory, Hit};
use crate::http::{Setting, SettingSpec, SettingType, Settings};
use crate::otp::{Phone, UserId};
use crate::system::Program;

/// The kind's name.
pub(super) const KIND: &str = "command";

/// How long an answer may take, unless the settings say otherwise.
const TIMEOUT: Duration = Duration::from_secs(5);
/// No answer is longer, in bytes.
const LONGEST: u64 = 1024 * 1024;
/// The exit status for a temporary failure (`EX_TEMPFAIL` of BSD's sysexits.h).
const TEMPORARY: i32 = 75;

/// What a program can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
enum Ask {
    ByPhone,
    ByUser,
    SetPhone,
    ClearPhone,
}

const ASKS: [(&str, Ask); 4] = [
    ("by_phone", Ask::ByPhone),
    ("by_user", Ask::ByUser),
    ("set_phone", Ask::SetPhone),
    ("clear_phone", Ask::ClearPhone),
];

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Question<'a> {
    schema: &'static str,
    ask: Ask,
    phone: Option<&'a str>,
    spellings: &'a [String],
    user: Option<&'a str>,
}

#[derive(Deserialize)]
struct Answer {
    users: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    user: String,
    phone: String,
}

pub(super) fn settings() -> Vec<SettingSpec> {
    vec![
        SettingSpec {
            required: true,
            ..SettingSpec::new("argv", SettingType::Program, "program and arguments; the question comes on stdin")
        },
        SettingSpec {
            default: Some(serde_json::json!(["by_phone"])),
            ..SettingSpec::new("answers", SettingType::List, "by_phone, by_user, set_phone, clear_phone")
        },
        SettingSpec {
            default: Some("5s".into()),
            ..SettingSpec::new("timeout", SettingType::Text, "after that the program is killed")
        },
    ]
}

pub(super) struct Command {
    program: Program,
    arguments: Vec<String>,
    answers: Vec<Ask>,
    timeout: Duration,
    /// Where a program without a folder is searched.
    path: OsString,
}

pub(super) fn open(settings: &Settings, path: &OsStr) -> Result<Command, DirectoryError> {
    let config = |error: &dyn std::fmt::Display| DirectoryError::Config(error.to_string());
    let (program, arguments) = settings.program("argv").map_err(|error| config(&error))?;
    let timeout = settings.duration("timeout").map_err(|error| config(&error))?.unwrap_or(TIMEOUT);
    let answers = match settings.0.get("answers") {
        Some(Setting::Plain(list)) => {
            let words = list.as_array().into_iter().flatten().map(|word| word.as_str().unwrap_or_default());
            let asks = words.map(|word| ASKS.iter().find(|(name, _)| *name == word).map(|(_, ask)| *ask));
            let expected = "`answers`: expected by_phone, by_user, set_phone, clear_phone";
            asks.collect::<Option<Vec<_>>>().ok_or_else(|| config(&expected))?
        }
        _ => vec![Ask::ByPhone],
    };
    Ok(Command { program, arguments, answers, timeout, path: path.to_owned() })
}

impl Command {
    async fn ask(&self, question: &Question<'_>) -> Result<Vec<u8>, DirectoryError> {
        if question.ask != Ask::ByPhone && !self.answers.contains(&question.ask) {
            return Err(DirectoryError::Unable("its `answers` do not name this"));
        }
        let mut document = serde_json::to_vec(question).unwrap_or_default();
        document.push(b'\n');
        let late = |_| DirectoryError::Unreachable("the program did not end in time and was killed".to_owned());
        timeout(self.timeout, self.run(&document)).await.map_err(late)?
    }

    async fn run(&self, document: &[u8]) -> Result<Vec<u8>, DirectoryError> {
        let pipes = [Stdio::piped(), Stdio::piped(), Stdio::piped()];
        let started = self.program.start(&self.arguments, &self.path, None::<std::iter::Empty<(&str, &OsStr)>>, pipes);
        let mut group = started.map_err(|error| {
            DirectoryError::Config(format!("the program {} cannot be started: {}", self.program, error.kind()))
        })?;
        let child = &mut group.child;
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let feed = async {
            if let Some(mut stdin) = stdin {
                // A program that does not read its question may still answer.
                let _ = stdin.write_all(document).await;
            }
        };
        let ((), said, complained) = tokio::join!(feed, all(stdout), all(stderr));
        let status = group.wait().await;
        let status = status.map_err(|error| DirectoryError::Unreachable(quoted(&error.to_string())))?;
        let complained = String::from_utf8_lossy(&complained);
        let why = quoted(complained.lines().next().unwrap_or_default());
        let why = if why.is_empty() { format!("the program failed ({status})") } else { why };
        match status.code() {
            Some(0) if said.len() as u64 > LONGEST => {
                Err(DirectoryError::Data(format!("the program printed more than {LONGEST} bytes")))
            }
            Some(0) => Ok(said),
            Some(TEMPORARY) => Err(DirectoryError::NotReady(why)),
            _ => Err(DirectoryError::Unreachable(why)),
        }
    }

    async fn users(&self, question: &Question<'_>) -> Result<Vec<Hit>, DirectoryError> {
        let said = self.ask(question).await?;
        let answer: Answer = serde_json::from_slice(&said).map_err(|_| {
            DirectoryError::Data("the program printed no `{\"users\": [{\"user\": …, \"phone\": …}]}`".to_owned())
        })?;
        Ok(answer.users.into_iter().map(|Row { user, phone }| Hit { user, phone }).collect())
    }
}

async fn all(pipe: Option<impl AsyncRead + Unpin>) -> Vec<u8> {
    let mut read = Vec::new();
    if let Some(pipe) = pipe {
        // What could be read counts; how the program ended says the rest.
        let _ = pipe.take(LONGEST + 1).read_to_end(&mut read).await;
    }
    read
}

#[async_trait]
impl Directory for Command {
    fn abilities(&self) -> Abilities {
        let has = |ask| self.answers.contains(&ask);
        Abilities { by_user: has(Ask::ByUser), set_phone: has(Ask::SetPhone), clear_phone: has(Ask::ClearPhone) }
    }

    async fn by_phone(&self, phone: &Phone, spellings: &[String]) -> Result<Vec<Hit>, DirectoryError> {
        let phone = Some(phone.as_str());
        self.users(&Question { schema: SCHEMA, ask: Ask::ByPhone, phone, spellings, user: None }).await
    }

    async fn by_user(&self, user: &UserId) -> Result<Vec<Hit>, DirectoryError> {
        let user = Some(user.as_str());
        self.users(&Question { schema: SCHEMA, ask: Ask::ByUser, phone: None, spellings: &[], user }).await
    }

    async fn set_phone(&self, user: &UserId, written: &str) -> Result<(), DirectoryError> {
        let (phone, user) = (Some(written), Some(user.as_str()));
        self.ask(&Question { schema: SCHEMA, ask: Ask::SetPhone, phone, spellings: &[], user }).await.map(drop)
    }

    async fn clear_phone(&self, user: &UserId, spellings: &[String]) -> Result<(), DirectoryError> {
        let (phone, user) = (spellings.first().map(String::as_str), Some(user.as_str()));
        self.ask(&Question { schema: SCHEMA, ask: Ask::ClearPhone, phone, spellings, user }).await.map(drop)
    }
}

const SCHEMA: &str = "otpctl.directory/1";

crate::otp::schema::documents! { "otpctl.directory/1" => Question<'_> }
