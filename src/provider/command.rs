//! The provider that is any program: the message on its standard input, its exit status as the answer.

use std::ffi::{OsStr, OsString};
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use async_trait::async_trait;
use serde::Serialize;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout, timeout_at};
use zeroize::Zeroizing;

use super::open_error::OpenError;
use super::reply::{Class, Indeterminate, ProviderReply, QueryError, QueryResult, Receipt, Refusal, is_id};
use super::{Capabilities, Context, Description, Features, Provider};
use crate::http::{SettingSpec, SettingType, Settings};
use crate::otp::redact::Redactor;
use crate::otp::{Channel, Message};
use crate::system::{Group, Program, shown};

/// The kind's name.
pub(super) const KIND: &str = "command";

/// How long the program may take, unless the settings say otherwise.
const TIMEOUT: Duration = Duration::from_secs(30);

/// How long output is waited for after the program ended: something that it left behind may hold the pipe open.
const GRACE: Duration = Duration::from_millis(300);

/// How much of each output is kept, in bytes. The rest is read and dropped, so that the program is not blocked.
const KEPT: usize = 16 * 1024;

/// The exit status for a temporary failure (`EX_TEMPFAIL` of BSD's sysexits.h).
const TEMPORARY: i32 = 75;

struct Command {
    name: String,
    program: Program,
    arguments: Vec<String>,
    timeout: Duration,
    /// Where a program without a folder is searched.
    path: OsString,
}

/// What the program reads, in this order.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Document<'a> {
    schema: &'static str,
    at: &'a str,
    phone: &'a str,
    text: &'a str,
    code: &'a str,
    challenge_id: &'a str,
    app: &'a str,
    purpose: &'a str,
    lang: Option<&'a str>,
}

/// What the program said.
#[derive(Default)]
struct Output {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

/// It is not known what else the program could be asked.
const CAPABILITIES: Capabilities =
    Capabilities { status: false, balance: false, test: true, reports: false, revoke: false };

pub(super) fn description() -> Description {
    Description {
        kind: KIND.to_owned(),
        title: "Command".to_owned(),
        docs: None,
        settings: vec![
            SettingSpec {
                required: true,
                ..SettingSpec::new(
                    "argv",
                    SettingType::Program,
                    "program and arguments; the message comes on standard input",
                )
            },
            SettingSpec {
                default: Some("30s".into()),
                ..SettingSpec::new("timeout", SettingType::Text, "after that the program is killed")
            },
        ],
        real: true,
        template_sender: false,
        can: CAPABILITIES,
        channel: Channel::Sms,
        features: Features::default(),
    }
}

pub(super) fn open(name: &str, settings: &Settings, context: &Context) -> Result<Box<dyn Provider>, OpenError> {
    settings.only(&["argv", "timeout"])?;
    let timeout = settings.duration("timeout")?.unwrap_or(TIMEOUT);
    let (name, path) = (name.to_owned(), context.path.clone());
    let (program, arguments) = settings.program("argv")?;
    Ok(Box::new(Command { name, program, arguments, timeout, path }))
}

#[async_trait]
impl Provider for Command {
    fn name(&self) -> &str {
        &self.name
    }

    fn capabilities(&self) -> Capabilities {
        CAPABILITIES
    }

    fn refuses(&self, _message: &Message<'_>) -> Option<Refusal> {
        self.program.found(&self.path).is_none().then(|| self.absent())
    }

    async fn send(&self, message: &Message<'_>, deadline: Instant) -> ProviderReply {
        let mut redactor = Redactor::default();
        redactor.secret(message.code.expose());
        redactor.phone(message.to);
        let end = deadline.min(Instant::now() + self.timeout);
        if end <= Instant::now() {
            return ProviderReply::Refused(Refusal::late());
        }
        let (document, mut group) = match (document(message), self.start()) {
            (Ok(document), Ok(group)) => (document, group),
            (Err(_), _) => return refused(Class::Other, "the message is not JSON"),
            (_, Err(_)) if self.program.found(&self.path).is_none() => return ProviderReply::Refused(self.absent()),
            (_, Err(error)) => {
                let why = format!("cannot run {}: {error}", self.program);
                return refused(Class::Unreachable, &redactor.clean(&why));
            }
        };
        let mut output = Output::default();
        match timeout_at(end, talk(&mut group, &document, &mut output)).await {
            Ok(Ok(status)) => judge(status, &output, message, &redactor),
            Ok(Err(error)) => doubt(&redactor.clean(&format!("the program could not be waited for: {error}"))),
            Err(_) => doubt("the program did not end in time and was killed"),
        }
    }

    /// The program is not run: what it would do without a message is not known.
    async fn test(&self, _deadline: Instant) -> QueryResult<Option<String>> {
        let found = self.program.found(&self.path).ok_or_else(|| QueryError::Refused(self.absent()))?;
        Ok(Some(format!("it runs {} for each SMS; it was not run now", shown(&found))))
    }
}

impl Command {
    fn absent(&self) -> Refusal {
        Refusal {
            advice: Some("check `argv`: its first word is a program that is there and may be run".to_owned()),
            ..Refusal::new(Class::Unreachable, format!("there is no executable program {}", self.program))
        }
    }

    fn start(&self) -> std::io::Result<Group> {
        let pipes = [Stdio::piped(), Stdio::piped(), Stdio::piped()];
        self.program.start(&self.arguments, &self.path, None::<std::iter::Empty<(&str, &OsStr)>>, pipes)
    }
}

fn document(message: &Message<'_>) -> serde_json::Result<Zeroizing<Vec<u8>>> {
    let document = Document {
        schema: "otpctl.message/1",
        at: message.at,
        phone: message.to.as_str(),
        text: message.text,
        code: message.code.expose(),
        challenge_id: message.challenge_id,
        app: message.app,
        purpose: message.purpose,
        lang: message.lang,
    };
    let mut bytes = Zeroizing::new(serde_json::to_vec(&document)?);
    bytes.push(b'\n');
    Ok(bytes)
}

/// Writes the message, reads both outputs, and waits for the end, all at once: a program may answer before it read.
async fn talk(group: &mut Group, document: &[u8], output: &mut Output) -> std::io::Result<ExitStatus> {
    let child = &mut group.child;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let feed = async {
        if let Some(mut stdin) = stdin {
            // A program that does not read its input may still succeed.
            let _ = stdin.write_all(document).await;
        }
    };
    let pipes = async { tokio::join!(feed, keep(stdout, &mut output.stdout), keep(stderr, &mut output.stderr)) };
    tokio::pin!(pipes);
    let status = tokio::select! {
        status = group.wait() => status?,
        _ = &mut pipes => return group.wait().await,
    };
    // Not all output in time is no failure: the exit status is what counts.
    let _ = timeout(GRACE, pipes).await;
    Ok(status)
}

async fn keep(pipe: Option<impl AsyncRead + Unpin>, kept: &mut Vec<u8>) {
    let Some(mut pipe) = pipe else { return };
    let mut chunk = [0_u8; 4096];
    while let Ok(length @ 1..) = pipe.read(&mut chunk).await {
        let room = KEPT.saturating_sub(kept.len());
        kept.extend_from_slice(&chunk[..length.min(room)]);
    }
}

fn judge(status: ExitStatus, output: &Output, message: &Message<'_>, redactor: &Redactor) -> ProviderReply {
    if let Some(signal) = status.signal() {
        return doubt(&format!("the program was ended by signal {signal}"));
    }
    let said =
        |or: String| Some(redactor.clean(&first_line(&output.stderr))).filter(|said| !said.is_empty()).unwrap_or(or);
    match status.code() {
        Some(0) => {
            let id = first_line(&output.stdout);
            let id = Some(id).filter(|id| is_id(id) && id != message.code.expose());
            ProviderReply::Accepted(Receipt { id, segments: None, report: None })
        }
        Some(TEMPORARY) => ProviderReply::Refused(Refusal {
            advice: Some("send again later".to_owned()),
            ..Refusal::new(Class::Unreachable, said("the program asks to try again later (exit status 75)".to_owned()))
        }),
        Some(code) => ProviderReply::Refused(Refusal {
            code: Some(code.to_string()),
            advice: Some("run the program by hand; its exit status was not 0".to_owned()),
            ..Refusal::new(Class::Other, said(format!("the program ended with exit status {code}")))
        }),
        None => doubt("the program ended in an unknown way"),
    }
}

fn first_line(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).lines().next().unwrap_or_default().trim().to_owned()
}

fn refused(class: Class, message: &str) -> ProviderReply {
    ProviderReply::Refused(Refusal::new(class, message))
}

fn doubt(why: &str) -> ProviderReply {
    ProviderReply::Unknown(Indeterminate { why: why.to_owned() })
}

crate::otp::schema::documents! { "otpctl.message/1" => Document<'_> }
