//! The lines of a file, whichever way they are written: a phone a line, CSV with a header, or JSON Lines. The first line
//! says which it is.

use std::collections::VecDeque;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use tokio::io::AsyncBufRead;
use zeroize::Zeroizing;

use super::digest::Digest;
use super::line::{Column, Columns, Line};
use crate::commands::lines::{BadLine, InputLines, RawLine, delimiter, fields, is_closed};
use crate::error::{Error, Exit};

/// No phone, user or id is longer.
const LONGEST: usize = 1024;
/// No record with options is longer, in bytes.
const LONGEST_RECORD: usize = 8192;

/// How lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::commands) enum Form {
    /// A phone, `user:ID` or id a line.
    Plain,
    /// CSV with a header.
    Csv,
    /// A JSON object a line.
    Jsonl,
}

#[derive(Debug)]
enum Shape {
    Plain,
    Jsonl,
    Csv { delimiter: u8, columns: Vec<Column> },
}

/// One of them.
pub(super) struct Record {
    /// Its first line, from 1.
    pub(super) number: u64,
    /// Whom it is about, as far as that is known.
    pub(super) name: String,
    /// What it says.
    pub(super) line: Result<Line, Error>,
    /// What stands for its content in a checkpoint.
    pub(super) digest: u64,
    /// Nothing more can be read.
    pub(super) is_last: bool,
}

/// Those that are still to be read.
pub(super) struct Records {
    lines: InputLines,
    shape: Shape,
    columns: Columns,
    digest: Option<Digest>,
    /// Lines that were read and are not used yet.
    pending: VecDeque<Result<RawLine, (u64, BadLine)>>,
    /// So many bytes are used.
    bytes: u64,
}

impl Records {
    /// Reads the first line, which says how the others are written, unless the caller does.
    ///
    /// # Errors
    /// When there is a header, and it is wrong.
    pub(super) async fn open(
        input: Box<dyn AsyncBufRead + Unpin>,
        columns: Columns,
        form: Option<Form>,
        digest: Option<Digest>,
    ) -> Result<Self, Error> {
        let lines = InputLines::new(input, u64::try_from(LONGEST_RECORD).unwrap_or(u64::MAX));
        let mut records = Self { lines, shape: Shape::Plain, columns, digest, pending: VecDeque::new(), bytes: 0 };
        let first = records.raw().await;
        let form = match (form, &first) {
            (Some(form), _) => form,
            (None, Some(Ok(line))) => recognized(&line.text)?,
            (None, _) => Form::Plain,
        };
        match (form, first) {
            (Form::Csv, Some(Ok(header))) => records.shape = csv(&header.text, columns)?,
            (Form::Csv, Some(Err((_, bad)))) => return Err(bad.error),
            (Form::Csv, None) => {}
            (Form::Plain, Some(_)) if !columns.needed.is_empty() => return Err(too_plain(columns)),
            (form, first) => {
                records.shape = if form == Form::Jsonl { Shape::Jsonl } else { Shape::Plain };
                records.pending.extend(first);
            }
        }
        Ok(records)
    }

    /// How many bytes of the input are used.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The next line that says something.
    async fn raw(&mut self) -> Option<Result<RawLine, (u64, BadLine)>> {
        loop {
            let line = match self.pending.pop_front() {
                Some(line) => line,
                None => self.lines.next_raw().await?.map_err(|bad| (self.lines.number(), bad)),
            };
            match line {
                Ok(line) if line.says_nothing() => {}
                line => return Some(line),
            }
        }
    }

    /// The next one.
    pub(super) async fn next(&mut self) -> Option<Record> {
        let record = match self.raw().await? {
            Ok(line) => match &self.shape {
                Shape::Csv { .. } => self.csv(line).await,
                Shape::Plain => self.plain(&line),
                Shape::Jsonl => self.object(&line),
            },
            Err((number, BadLine { name, error, is_last })) => {
                Record { number, digest: self.digest(&name), name, line: Err(error), is_last }
            }
        };
        self.bytes = self.lines.bytes();
        Some(record)
    }

    fn digest(&self, text: &str) -> u64 {
        self.digest.as_ref().map_or(0, |digest| digest.of(text.trim()))
    }

    fn record(&self, raw: &RawLine, text: &str, line: Result<Line, (Option<String>, Error)>) -> Record {
        let number = raw.number;
        let (name, line) = match line {
            Ok(line) => (line.target.clone(), Ok(line)),
            Err((name, error)) => (name.unwrap_or_else(|| format!("line {number}")), Err(error)),
        };
        Record { number, name, line, digest: self.digest(text), is_last: false }
    }

    fn plain(&self, raw: &RawLine) -> Record {
        let text = raw.text.trim();
        let line = if text.len() < LONGEST {
            Ok(Line::plain(text))
        } else {
            Err((None, Error::said(Exit::Usage, format!("a line is longer than {LONGEST} bytes"))))
        };
        self.record(raw, text, line)
    }

    fn object(&self, raw: &RawLine) -> Record {
        let line = match serde_json::from_str::<Object>(&raw.text) {
            Ok(object) => {
                let named = object.0.into_iter().map(|(name, text)| Ok((self.columns.column(&name)?, text)));
                match named.collect::<Result<Vec<_>, Error>>() {
                    Ok(fields) => {
                        no_twins(&fields).map_err(|error| (None, error)).and_then(|()| Line::of(fields, self.columns))
                    }
                    Err(error) => Err((None, error)),
                }
            }
            Err(_) => Err((None, Error::said(Exit::Usage, "this is no JSON object of texts and numbers"))),
        };
        self.record(raw, &raw.text, line)
    }

    /// A record may go on in the next lines, inside a quote. A quote that is never closed spoils its own line only.
    async fn csv(&mut self, raw: RawLine) -> Record {
        let mut text = raw.text.clone();
        let mut read: Vec<RawLine> = Vec::new();
        while !is_closed(&text) && text.len() < LONGEST_RECORD {
            let next = match self.pending.pop_front() {
                Some(next) => next,
                None => match self.lines.next_raw().await {
                    Some(next) => next.map_err(|bad| (self.lines.number(), bad)),
                    None => break,
                },
            };
            match next {
                Ok(line) => {
                    text.push('\n');
                    text.push_str(&line.text);
                    read.push(line);
                }
                bad => {
                    self.pending.push_front(bad);
                    break;
                }
            }
        }
        let line = self.of_csv(&text);
        if line.is_err() && !read.is_empty() {
            read.into_iter().rev().for_each(|line| self.pending.push_front(Ok(line)));
            let alone = self.of_csv(&raw.text);
            return self.record(&raw, &raw.text, alone);
        }
        self.record(&raw, &text, line)
    }

    fn of_csv(&self, text: &str) -> Result<Line, (Option<String>, Error)> {
        let Shape::Csv { delimiter, columns } = &self.shape else { return Ok(Line::plain(text)) };
        let wrong = |why: String| (None, Error::said(Exit::Usage, why));
        let fields = fields(text, *delimiter).ok_or_else(|| wrong("this is no line of CSV".to_owned()))?;
        if fields.len() != columns.len() {
            return Err(wrong(format!("this line has {} fields, and the header {}", fields.len(), columns.len())));
        }
        Line::of(columns.iter().copied().zip(fields), self.columns)
    }
}

/// How a file is written that begins so.
fn recognized(first: &str) -> Result<Form, Error> {
    let first = first.trim();
    if first.starts_with('{') {
        return Ok(Form::Jsonl);
    }
    if Column::named(first).is_some() {
        return Ok(Form::Csv);
    }
    let Some(delimiter) = delimiter(first) else { return Ok(Form::Plain) };
    let names = fields(first, delimiter).unwrap_or_default();
    let is_value = |name: &str| name.starts_with(|first: char| first == '+' || first.is_ascii_digit());
    if names.iter().any(|name| is_value(name)) && !names.iter().any(|name| Column::named(name).is_some()) {
        return Err(Error::said(Exit::Usage, "the first line is no header, and it has several fields")
            .hint("begin a CSV file with a header such as `phone,purpose`, or write one phone a line"));
    }
    Ok(Form::Csv)
}

fn csv(header: &str, columns: Columns) -> Result<Shape, Error> {
    let delimiter = delimiter(header).unwrap_or(b',');
    let header =
        fields(header, delimiter).ok_or_else(|| Error::said(Exit::Usage, "the first line is no header of CSV"))?;
    let named: Vec<Column> = header.iter().map(|name| columns.column(name)).collect::<Result<_, _>>()?;
    no_twins(&named.iter().map(|column| (*column, ())).collect::<Vec<_>>())?;
    let has = |column| named.contains(&column);
    if !(has(Column::Phone) || has(Column::User) && columns.may_be_a_user()) {
        return Err(no_column("phone"));
    }
    match columns.needed.iter().find(|column| !has(**column)) {
        Some(missing) => Err(no_column(missing.name())),
        None => Ok(Shape::Csv { delimiter, columns: named }),
    }
}

fn no_twins<T>(named: &[(Column, T)]) -> Result<(), Error> {
    let twin = (1..named.len()).find(|at| named[..*at].iter().any(|(before, _)| *before == named[*at].0));
    twin.map_or(Ok(()), |at| Err(Error::said(Exit::Usage, format!("`{}` is named twice", named[at].0.name()))))
}

fn no_column(name: &str) -> Error {
    Error::said(Exit::Usage, format!("the first line names no column `{name}`"))
        .hint("begin a CSV file with its column names, or write JSON Lines")
}

/// Lines of a command that needs more than a phone.
fn too_plain(columns: Columns) -> Error {
    let needed: Vec<&str> = columns.needed.iter().map(|column| column.name()).collect();
    let header = format!("phone,{}", needed.join(","));
    Error::said(Exit::Usage, format!("each line must name a phone and its {}", needed.join(", ")))
        .hint(format!("write CSV with the header `{header}`, or JSON Lines"))
}

/// The fields of an object, each as a text. Some programs write ids and numbers without quotes; `null` says nothing.
struct Object(Vec<(String, Zeroizing<String>)>);

struct Text(Zeroizing<String>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut fields = Vec::new();
                while let Some((name, text)) = map.next_entry::<String, Option<Text>>()? {
                    fields.extend(text.map(|text| (name, text.0)));
                }
                Ok(Object(fields))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Words;
        impl Visitor<'_> for Words {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a whole number")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Text, E> {
                Ok(Text(Zeroizing::new(text.to_owned())))
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Text, E> {
                Ok(Text(Zeroizing::new(number.to_string())))
            }

            fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<Text, E> {
                Err(E::custom("a number below zero"))
            }
        }
        deserializer.deserialize_any(Words).map_err(|error| D::Error::custom(error.to_string()))
    }
}

#[cfg(test)]
#[path = "records_tests.rs"]
mod tests;
