//! Origin-bound one-time codes: the last line of a message, by which a browser gives a code to the right site only
//! (<https://wicg.github.io/sms-one-time-codes/>).

/// Parses an origin-bound one-time code message: the host and the code of its last line, if it is one.
///
/// This is the algorithm of the specification (§3.2), which takes any text without white space as a host, and ignores
/// what follows the code.
#[must_use]
pub fn parse_origin_bound(text: &str) -> Option<(String, String)> {
    // "Normalize newlines", then "strictly split on LF": a CR ends a line too, and a trailing newline makes the last
    // line empty.
    let line = text.rsplit(['\n', '\r']).next()?;
    let (host, rest) = marked_token(line, '@')?;
    let (code, _) = marked_token(rest.strip_prefix(' ')?, '#')?;
    Some((host.to_owned(), code.to_owned()))
}

/// A marker, then everything up to ASCII white space, which may not be nothing; and what follows.
fn marked_token(text: &str, marker: char) -> Option<(&str, &str)> {
    let text = text.strip_prefix(marker)?;
    let (token, rest) = text.split_at(text.find(|c: char| c.is_ascii_whitespace()).unwrap_or(text.len()));
    (!token.is_empty()).then_some((token, rest))
}

/// Whether a name is a host of the domain name system (RFC 1123 §2.1), as an origin has it: no scheme, port or path,
/// and no address, which a last label of digits alone would be read as (URL standard, "ends in a number").
pub(super) fn is_host(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    name.len() <= 253
        && name.split('.').all(is_label)
        && !name.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::{is_host, parse_origin_bound};

    #[test]
    fn the_examples_of_the_specification_parse() {
        let found = |text| parse_origin_bound(text).map(|(host, code)| format!("{host} {code}"));
        let example = Some("example.com 747723".to_owned());
        for message in [
            "747723 is your ExampleCo authentication code.\n\n@example.com #747723",
            "747723 is your ExampleCo authentication code.\r\n\r\n@example.com #747723",
            "747723 is your ExampleCo authentication code.\r@example.com #747723",
            "747723 is your ExampleCo authentication code.\n\n@example.com #747723 %ecommerce.example",
            "@example.com #747723 %ecommerce.example $future",
            "@example.com #747723",
        ] {
            assert_eq!(found(message), example, "{message:?}");
        }
        for message in [
            "",
            "something @example.com #747723",
            "#747723 %ecommerce.example @example.com",
            "@example.com code #747723",
            "@example.com  #747723",
            "@example.com\t#747723",
            "@example.com #747723\n",
            "@example.com #747723\r\n",
            "@ #747723",
            "@example.com #",
            "@example.com",
            "@example.com ",
        ] {
            assert_eq!(found(message), None, "{message:?}");
        }
    }

    #[test]
    fn a_host_is_a_name_and_nothing_else() {
        for host in ["example.com", "localhost", "xn--bcher-kva.example", "4chan.org", "a-b.example", "EXAMPLE.com"] {
            assert!(is_host(host), "{host}");
        }
        let long = format!("{}.com", "a".repeat(64));
        for no_host in [
            "",
            ".",
            "example.com.",
            ".example.com",
            "https://example.com",
            "example.com:443",
            "example.com/login",
            "user@example.com",
            "exa mple.com",
            "bücher.example",
            "-a.example",
            "a-.example",
            "a_b.example",
            "10.0.0.1",
            "[::1]",
            "example.com\n",
            &long,
        ] {
            assert!(!is_host(no_host), "{no_host:?}");
        }
    }
}
