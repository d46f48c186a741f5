//! No output ever shows a code, a key, or a number that the caller did not type.
//! What its tests share.

pub const KEY: &str = "KEY0185TheTelnyxKeyOfTheTests";

pub const FORMATS: [&[&str]; 5] =
    [&["-vv"], &["-vvv", "--json"], &["-vv", "-o", "jsonl"], &["--color", "always"], &["-q"]];
