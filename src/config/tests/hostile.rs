//! Whatever the bytes of a file are, the answer is settings or a refusal, never a panic.

use proptest::prelude::*;

use super::super::read;
use super::{home, located};
use crate::toml_tree::Document;

const EXAMPLE: &str = include_str!("../../../otpctl.toml.example");

fn attempt(text: &str) {
    if let Ok(document) = Document::parse(Some("/etc/otpctl/otpctl.toml".as_ref()), text)
        && let Err(error) = read::settings(&located(None), &document, &home())
    {
        assert!(error.line().is_none_or(|line| line >= 1 && line <= text.lines().count().max(1)), "{error}");
    }
}

proptest! {
    #[test]
    fn any_text_is_taken_or_refused(text in ".{0,200}") {
        attempt(&text);
    }

    #[test]
    fn a_damaged_example_is_taken_or_refused(at in 0..EXAMPLE.len(), length in 0..40_usize, patch in "[\"#\\[\\]{}=.,a-z0-9\n-]{0,12}") {
        let whole = EXAMPLE.replace("\n#", "\n");
        let boundary = |at: usize| (0..=at.min(whole.len())).rev().find(|at| whole.is_char_boundary(*at)).unwrap_or(0);
        let (start, end) = (boundary(at), boundary(at + length));
        attempt(&format!("{}{patch}{}", &whole[..start], &whole[end..]));
    }
}
