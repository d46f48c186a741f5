//! Pairs of a user and a phone as lines of a file: CSV with a header, or JSON Lines. `user export` writes what
//! `user import` reads.

use serde::{Deserialize, Serialize};
use tokio::io::AsyncBufRead;

use crate::app::App;
use crate::commands::lines::{BadLine, InputLines, delimiter, fields};
use crate::commands::target::phone;
use crate::error::{Error, Exit};
use crate::operations::ImportPair;
use crate::otp::reference::{self, Reference};
use crate::otp::rules::Carried;
use crate::otp::time::{rfc3339, rfc3339_or_null};
use crate::otp::{Moment, Phone, UserId};
use crate::output::read_moment;

/// No line is longer, in bytes.
const LONGEST: u64 = 8192;
/// The columns, in the order in which they are written.
const COLUMNS: [&str; 5] = ["user", "phone", "ref", "linked_at", "verified_at"];

/// A pair as it is written.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct PairRow {
    pub(super) user: UserId,
    pub(super) phone: String,
    #[serde(rename = "ref")]
    pub(super) reference: Option<String>,
    #[serde(serialize_with = "rfc3339")]
    pub(super) linked_at: Moment,
    #[serde(serialize_with = "rfc3339_or_null")]
    pub(super) verified_at: Option<Moment>,
}

impl PairRow {
    /// The line of a CSV file, without its end.
    pub(super) fn csv(&self) -> String {
        let verified_at = self.verified_at.map(Moment::rfc3339).unwrap_or_default();
        let reference = self.reference.as_deref().unwrap_or_default();
        csv_line(&[self.user.as_str(), &self.phone, reference, &self.linked_at.rfc3339(), &verified_at])
    }
}

/// The first line of a CSV file.
pub(super) fn csv_header() -> String {
    csv_line(&COLUMNS)
}

/// A line that begins with `#` would be a comment where it is read.
fn csv_line(fields: &[&str]) -> String {
    let mut writer = csv::WriterBuilder::new().comment(Some(b'#')).from_writer(Vec::new());
    // Writing to memory does not fail.
    let _ = writer.write_record(fields);
    let line = writer.into_inner().unwrap_or_default();
    String::from_utf8_lossy(&line).trim_end().to_owned()
}

/// A pair as it was read, each part as a text.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
struct RawPair {
    user: Option<Text>,
    phone: Option<Text>,
    #[serde(rename = "ref")]
    reference: Option<Text>,
    linked_at: Option<Text>,
    verified_at: Option<Text>,
}

/// Some programs write ids and numbers without quotes.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
enum Text {
    Text(String),
    Number(serde_json::Number),
}

impl Text {
    fn as_text(&self) -> String {
        match self {
            Self::Text(text) => text.trim().to_owned(),
            Self::Number(number) => number.to_string(),
        }
    }
}

/// How the lines are written.
enum Shape {
    JsonLines,
    Csv {
        delimiter: u8,
        /// Which field a column is, in the order of [`COLUMNS`].
        places: [Option<usize>; 5],
    },
}

/// A pair of a line, with what may be shown of it.
pub(super) struct ReadPair {
    pub(super) pair: ImportPair,
    /// The number is in the file, so it may be shown.
    pub(super) typed: bool,
}

/// Lines of pairs, read one after the other.
pub(super) struct PairLines {
    lines: InputLines,
    shape: Shape,
    /// The first line, where it is already a pair.
    first: Option<String>,
}

impl PairLines {
    /// Reads the first line, which says how the others are written.
    ///
    /// # Errors
    /// When it does not say that.
    pub(super) async fn open(input: Box<dyn AsyncBufRead + Unpin>) -> Result<Self, Error> {
        let mut lines = InputLines::new(input, LONGEST);
        let first = match lines.next().await {
            None => return Ok(Self { lines, shape: Shape::JsonLines, first: None }),
            Some(Err(bad)) => return Err(bad.error),
            Some(Ok(first)) => first,
        };
        if first.starts_with('{') {
            return Ok(Self { lines, shape: Shape::JsonLines, first: Some(first) });
        }
        let delimiter = delimiter(&first).unwrap_or(b',');
        let names = fields(&first, delimiter).unwrap_or_default();
        let names: Vec<String> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
        let places = COLUMNS.map(|column| names.iter().position(|name| name == column));
        match places {
            [None, ..] => Err(no_column("user")),
            [_, None, None, ..] => Err(no_column("phone")),
            places => Ok(Self { lines, shape: Shape::Csv { delimiter, places }, first: None }),
        }
    }

    /// The next line with its number, and the pair in it.
    pub(super) async fn next(&mut self, app: &App) -> Option<(u64, Result<ReadPair, Error>)> {
        let line = match self.first.take() {
            Some(first) => Ok(first),
            None => app.progress.waiting_for("the next line", self.lines.next()).await?,
        };
        let pair = match line.map_err(|BadLine { error, .. }| error).and_then(|line| self.raw(&line)) {
            Ok(raw) => raw.pair(app).await,
            Err(error) => Err(error),
        };
        Some((self.lines.number(), pair))
    }

    fn raw(&self, line: &str) -> Result<RawPair, Error> {
        let (delimiter, places) = match &self.shape {
            Shape::JsonLines => {
                return serde_json::from_str(line)
                    .map_err(|_| Error::said(Exit::Usage, "this is no JSON object with `user` and `phone`"));
            }
            Shape::Csv { delimiter, places } => (*delimiter, places),
        };
        let fields = fields(line, delimiter).ok_or_else(|| Error::said(Exit::Usage, "this is no line of CSV"))?;
        let [user, phone, reference, linked_at, verified_at] =
            places.map(|place| Some(Text::Text(fields.get(place?)?.to_string())));
        Ok(RawPair { user, phone, reference, linked_at, verified_at })
    }
}

fn no_column(name: &str) -> Error {
    Error::said(Exit::Usage, format!("the first line names no column `{name}`"))
        .hint("begin a CSV file with the line `user,phone`, or write JSON Lines")
}

impl RawPair {
    async fn pair(&self, app: &App) -> Result<ReadPair, Error> {
        let text = |field: &Option<Text>| field.as_ref().map(Text::as_text).filter(|text| !text.is_empty());
        let user = text(&self.user).ok_or_else(|| Error::said(Exit::Usage, "this line has no user"))?;
        let user: UserId = user.parse()?;
        let number = text(&self.phone);
        // A number that was masked when it was written has its reference beside it.
        let masked = number.as_ref().is_none_or(|number| number.contains('*'));
        let reference = text(&self.reference).filter(|_| masked);
        let (phone, typed) = match (reference, number) {
            (Some(reference), _) => (referred(app, &reference).await?, false),
            (None, Some(number)) if masked => {
                let why = format!("the number {number} is masked, and this line has no `ref`; export with --unmask");
                return Err(Error::said(Exit::Usage, why));
            }
            (None, Some(number)) if reference::is_reference(&number).unwrap_or(true) => {
                (referred(app, &number).await?, false)
            }
            (None, Some(number)) => (phone(app, &number)?, true),
            (None, None) => return Err(Error::said(Exit::Usage, "this line has no phone")),
        };
        let time = |name: &str, field: &Option<Text>| match text(field) {
            None => Ok(None),
            Some(time) => read_moment(&time)
                .map(Some)
                .ok_or_else(|| Error::said(Exit::Usage, format!("`{name}` is no time such as 2026-12-01T18:00:00Z"))),
        };
        let carried = Carried {
            linked_at: time("linked_at", &self.linked_at)?,
            verified_at: time("verified_at", &self.verified_at)?,
        };
        Ok(ReadPair { pair: ImportPair { user, phone, carried }, typed })
    }
}

/// The phone that a `ph_…` reference stands for.
async fn referred(app: &App, text: &str) -> Result<Phone, Error> {
    let opened = reference::open(app.peppers().await?, text).map_err(|error| Error::new(Exit::NotFound, error))?;
    match opened {
        Reference::Phone(phone) => Ok(Phone::parse(&phone, None)?),
        Reference::Challenge { .. } => Err(Error::said(Exit::Usage, "a `ch_…` id names one code, not a phone")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_csv_is_read_back_as_it_was_written() {
        let fields = |line: &str, delimiter| {
            fields(line, delimiter).map(|all| all.iter().map(|field| field.to_string()).collect::<Vec<_>>())
        };
        for user in ["u_1", "a, b", "a \"b\" c", "#1", "ä;b", "'", "a\"", "\"", "=1+1"] {
            let line = csv_line(&[user, "+919876543210", "", "x"]);
            assert!(!line.starts_with('#') && !line.contains('\n'), "{line}");
            assert_eq!(fields(&line, b','), Some(vec![user.into(), "+919876543210".into(), String::new(), "x".into()]));
        }
        assert_eq!(fields(" u_1 ;\t+91 98765 43210 ", b';'), Some(vec!["u_1".into(), "+91 98765 43210".into()]));
        assert_eq!(fields("\"u_1,+919876543210", b','), None, "a quote that is not closed");
    }

    #[test]
    fn ids_and_numbers_without_quotes_are_read() {
        let raw: RawPair =
            serde_json::from_str(r#"{"user":17,"phone":"+919876543210","x":[1],"linked_at":null}"#).unwrap();
        assert_eq!(raw.user.map(|user| user.as_text()).as_deref(), Some("17"));
        assert_eq!((raw.reference, raw.linked_at), (None, None));
        assert!(serde_json::from_str::<RawPair>(r#"{"user":["a"]}"#).is_err());
    }
}
