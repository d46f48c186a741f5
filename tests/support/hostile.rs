//! Text from outside drives no terminal.
//! What its tests share.

use crate::support::cli::Ran;

/// What a terminal obeys: set the clipboard, clear the screen, an 8-bit CSI, turn the text around, overwrite the line.
pub const HOSTILE: [&str; 6] =
    ["\u{1b}]52;c;aGk=\u{7}", "\u{1b}[2J", "\u{9b}31m", "\u{202e}", "\r", "\u{7f}\u{200b}\u{8}"];

pub const FORMATS: [&[&str]; 4] = [&[], &["--json"], &["-o", "jsonl"], &["-vvv"]];

pub fn hostile() -> String {
    format!("evil{}live", HOSTILE.concat())
}

/// Nothing in the bytes but text and line feeds.
#[track_caller]
pub fn assert_inert(ran: &Ran) {
    let words = ran.words().replace(['\n', '\t'], "");
    assert!(!words.contains(otpctl::otp::escape::is_unsafe), "{ran:?}");
}
