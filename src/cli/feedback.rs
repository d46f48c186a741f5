//! The process that `verify` leaves behind to tell a gateway how a code ended. It reads what to tell from standard input,
//! and prints nothing.

use std::ffi::OsString;
use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use crate::app::feedback::{LONGEST, OwedFeedback};
use crate::app::{App, Globals};
use crate::config::{Chosen, Env, Request};
use crate::error::Exit;
use crate::operations::Progress;
use crate::output::Printer;

/// It ends after this, whatever hangs.
const MOST: Duration = Duration::from_secs(10);

/// `words`: which file, as `verify` was told.
pub(super) fn run(words: &[OsString], env: Env) -> Exit {
    let Some(owed) = read() else { return Exit::Usage };
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return Exit::Internal };
    let globals = Globals {
        request: request(words, &env),
        yes: false,
        no_input: true,
        unmask: false,
        dry_run: false,
        reason: None,
        timeout: MOST,
        usual_timeout: true,
        command: "feedback",
        path: "feedback".to_owned(),
    };
    runtime.block_on(async {
        let app = App::new(globals, env, Printer::silent(), Arc::new(Progress::default()));
        let told = async {
            for owed in &owed {
                app.give_feedback(owed).await;
            }
        };
        // Whoever is not told by then is not: nobody waits for the answer.
        let _ = tokio::time::timeout(MOST, told).await;
    });
    runtime.shutdown_background();
    Exit::Ok
}

fn read() -> Option<Vec<OwedFeedback>> {
    let mut text = Vec::new();
    std::io::stdin().take(LONGEST).read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

fn request(words: &[OsString], env: &Env) -> Request {
    let named = |flag: &str, variable: &str| {
        let by_flag = words.iter().position(|word| word == flag).and_then(|at| words.get(at + 1)).cloned();
        let by_env = || env.get(variable).filter(|value| !value.is_empty()).map(std::ffi::OsStr::to_owned);
        match by_flag {
            Some(value) => Some((value, true)),
            None => by_env().map(|value| (value, false)),
        }
    };
    Request {
        config: named("--config", "OTPCTL_CONFIG").map(|(value, by_flag)| Chosen { value: value.into(), by_flag }),
        profile: named("--profile", "OTPCTL_PROFILE")
            .and_then(|(value, by_flag)| Some(Chosen { value: value.into_string().ok()?, by_flag })),
    }
}
