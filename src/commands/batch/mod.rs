//! Many at once: one command over the lines of a file, each with its own result. `records` reads the lines, `running` does
//! them, so many at once as may be, and `checkpoint` remembers which were done.

mod args;
mod checkpoint;
mod digest;
mod each;
mod input;
mod line;
mod one;
mod pace;
mod records;
mod row;
mod running;
mod summary;

pub(super) use self::args::BatchArgs;
pub(super) use self::each::Each;
pub(super) use self::line::{Column, Columns, Line};

use self::checkpoint::Checkpoint;
use self::input::Input;
use self::records::Records;
use self::running::Batch;
use crate::app::{App, Confirm};
use crate::error::{Error, Exit};
use crate::output::{Output, plural};

/// So many lines are under way at once where a gateway is waited for.
const SENDS: usize = 8;
/// So many where only a server is; a file has one writer anyway.
const CHANGES: usize = 16;

impl BatchArgs {
    /// Whether many are meant.
    pub(super) fn is_batch(&self) -> bool {
        self.from.is_some()
    }

    /// Refuses the options of many where one is meant.
    ///
    /// # Errors
    /// When there is one of them.
    fn alone(&self) -> Result<(), Error> {
        let given = [
            ("--format", self.format.is_some()),
            ("--concurrency", self.concurrency.is_some()),
            ("--rate", self.rate.is_some()),
            ("--max-errors", self.max_errors.is_some()),
            ("--checkpoint", self.checkpoint.is_some()),
        ];
        match given.iter().find(|(_, is_given)| *is_given && self.from.is_none()) {
            Some((name, _)) => Err(Error::said(Exit::Usage, format!("{name} is for many lines; pass --from FILE"))),
            None => Ok(()),
        }
    }

    /// Opens the file, and asks where that is needed. Nothing is done yet. `None`: one is meant.
    ///
    /// # Errors
    /// When the file cannot be read or is not written as it should be, or the answer is no.
    pub(super) async fn many<'a>(&'a self, app: &'a App, each: &'a dyn Each) -> Result<Option<Output<'a>>, Error> {
        let Some(from) = &self.from else { return self.alone().map(|()| None) };
        each.allowed(app).await?;
        let mut input = Input::of(from);
        let checkpoint = match &self.checkpoint {
            Some(path) => {
                if !input.is_kept() && each.columns().needed.contains(&Column::Code) {
                    return Err(Error::said(Exit::Usage, "with --checkpoint, codes are read from a file")
                        .hint("write the lines to a file that only you can read"));
                }
                input = input.kept(app).await?;
                let options: Vec<String> = each
                    .options()
                    .into_iter()
                    .chain([("place", Some(app.place()?))])
                    .filter_map(|(name, value)| Some(format!("{name}={}", value?)))
                    .collect();
                Some(Checkpoint::open(app, path, &options.join("\n")).await?)
            }
            None => None,
        };
        if let Some(checkpoint) = &checkpoint {
            self.compare(each, &input, checkpoint).await?;
        }
        self.ask(app, each, &input).await?;
        let digest = checkpoint.as_ref().map(Checkpoint::digest);
        let records = Records::open(input.open().await?, each.columns(), self.format, digest).await?;
        let concurrency = match self.concurrency {
            Some(concurrency) => usize::from(concurrency),
            None if each.sends() => SENDS,
            None if app.is_embedded()? => 1,
            None => CHANGES,
        };
        Ok(Some(Output::Many(Box::new(Batch::new(app, each, self, (input, records), (concurrency, checkpoint))))))
    }

    /// Refuses a file that is not the one of the checkpoint any more.
    async fn compare(&self, each: &dyn Each, input: &Input, checkpoint: &Checkpoint) -> Result<(), Error> {
        let (last, digest) = (checkpoint.last(), Some(checkpoint.digest()));
        if last == 0 {
            return Ok(());
        }
        let mut records = Records::open(input.open().await?, each.columns(), self.format, digest).await?;
        while let Some(record) = records.next().await.filter(|record| record.number <= last) {
            checkpoint.is_same(input.from(), record.number, record.digest)?;
            if record.number == last {
                return Ok(());
            }
        }
        Err(checkpoint.is_longer(input.from()))
    }

    /// Asks once for all lines, where the file is protected, and says how many they are.
    async fn ask(&self, app: &App, each: &dyn Each, input: &Input) -> Result<(), Error> {
        let lines = if app.settings()?.protected && app.will_ask() && input.is_kept() {
            let mut records = Records::open(input.open().await?, each.columns(), self.format, None).await?;
            let mut count = 0_u64;
            while let Some(record) = records.next().await.filter(|record| !record.is_last) {
                drop(record);
                count += 1;
            }
            format!("each of the {} of {}", plural(count, "line", "lines"), input.name())
        } else {
            format!("each of the lines of {}", input.name())
        };
        let what = format!("{} ({})", each.question(&lines), app.store_place()?);
        app.may_change(&what, Confirm::Yes).await
    }
}
