//! How text is written to a stream: as wide as it is, and with nothing in it that a terminal obeys.

use std::borrow::Cow;
use std::io;

use rustix::fd::AsFd;
use rustix::termios::tcgetwinsize;
use serde_json::value::RawValue;

use crate::otp::escape::is_unsafe;

/// The width of a screen that cannot be measured.
const WIDTH: u16 = 80;

/// The width of a terminal; `None`: it is none, and what reads it reads lines.
pub(super) fn columns(stream: &(impl AsFd + io::IsTerminal)) -> Option<u16> {
    let measured = || tcgetwinsize(stream).ok().map(|size| size.ws_col).filter(|columns| *columns > 0);
    stream.is_terminal().then(|| measured().unwrap_or(WIDTH).max(20))
}

/// A document as it is written.
pub(super) fn line(document: &RawValue) -> String {
    json_safe(document.get()).into_owned() + "\n"
}

/// JSON with every character that a terminal could obey written as `\u…`. Such characters stand only inside strings, where
/// that means the same.
pub(super) fn json_safe(document: &str) -> Cow<'_, str> {
    if document.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Cow::Borrowed(document);
    }
    let mut safe = String::with_capacity(document.len());
    for character in document.chars() {
        if is_unsafe(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to a String does not fail.
                let _ = std::fmt::Write::write_fmt(&mut safe, format_args!("\\u{unit:04x}"));
            }
        } else {
            safe.push(character);
        }
    }
    Cow::Owned(safe)
}
