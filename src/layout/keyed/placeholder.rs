//! Text with places to fill in: `otp:{phone}`. A literal brace is written twice.

/// A part of such a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    /// Literal text, its braces written once; never empty.
    Text(String),
    /// The name of a place.
    Place(&'t str),
}

/// A brace that neither is doubled nor belongs to a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StrayBrace;

/// Takes a text apart. Which places there are is not decided here.
pub(super) fn pieces(text: &str) -> Result<Vec<Piece<'_>>, StrayBrace> {
    let (mut pieces, mut literal, mut rest) = (Vec::new(), String::new(), text);
    while let Some(at) = rest.find(['{', '}']) {
        let (before, brace) = rest.split_at(at);
        literal.push_str(before);
        if brace.starts_with("{{") || brace.starts_with("}}") {
            literal.push_str(&brace[..1]);
            rest = &brace[2..];
        } else {
            let (name, after) = brace.strip_prefix('{').and_then(|inner| inner.split_once('}')).ok_or(StrayBrace)?;
            if !literal.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut literal)));
            }
            pieces.push(Piece::Place(name));
            rest = after;
        }
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        pieces.push(Piece::Text(literal));
    }
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubled_braces_are_literal_and_single_ones_hold_a_name() {
        let text = |text: &str| Piece::Text(text.to_owned());
        assert_eq!(pieces(""), Ok(Vec::new()));
        assert_eq!(pieces("a{{b}}c"), Ok(vec![text("a{b}c")]));
        assert_eq!(pieces("{{o:{phone}}}"), Ok(vec![text("{o:"), Piece::Place("phone"), text("}")]));
        assert_eq!(pieces("{a}{b}"), Ok(vec![Piece::Place("a"), Piece::Place("b")]));
        for stray in ["{", "}", "a{b", "a}b", "{a}}", "{{a}"] {
            assert_eq!(pieces(stray), Err(StrayBrace), "{stray}");
        }
    }
}
