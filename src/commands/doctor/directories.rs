//! The checks of the directories: that each opens, and answers a question about a number that nobody has.

use futures_util::future::join_all;
use tokio::time::{Instant, timeout_at};

use super::check::Check;
use crate::app::App;
use crate::directory::{DirectoryError, DirectoryFailed, Place};
use crate::error::Error;
use crate::otp::Phone;

/// A number of those that are kept for stories (555-01XX), so that no customer is asked for.
const PROBE: &str = "+12025550100";

pub(super) async fn state(app: &App, end: Instant) -> Vec<Check> {
    let (Ok(directories), Ok(probe)) = (app.directories(), Phone::parse(PROBE, None)) else { return Vec::new() };
    join_all(directories.iter().map(|place| answers(place, &probe, end))).await
}

async fn answers(place: &Place, probe: &Phone, end: Instant) -> Check {
    let id = format!("directory.{}", place.name());
    let asked = async {
        place.by_phone(probe).await?;
        place.abilities().await
    };
    let answered = timeout_at(end, asked).await.unwrap_or_else(|_| {
        let error = DirectoryError::Unreachable("no answer came in time".to_owned());
        Err(DirectoryFailed { directory: place.name().to_owned(), error })
    });
    match answered {
        Ok(abilities) => {
            let also = if abilities.by_user { " and by id" } else { "" };
            let writes = if abilities.set_phone { ", and can be written" } else { "" };
            Check::ok(id, format!("it answers; users are found by phone{also}{writes}"))
        }
        Err(failed) => Check::fail(id, &Error::from(failed)),
    }
}
