//! The body of an answer as expressions see it: nested values where it parses, text where it does not.

use minijinja::Value as Jinja;
use minijinja::value::Serde;
use reqwest::Url;
use roxmltree::{Document, Node};
use serde_json::{Map, Value};

use super::model::AnswerFormat;

/// Answers are a few elements deep. What is deeper is no answer, and is not walked.
const DEPTH: usize = 64;

/// A body: JSON where it parses as JSON whatever its label says, XML where the definition says so.
pub enum Body {
    /// It parsed.
    Tree(Value),
    /// It did not.
    Text(String),
}

impl Body {
    /// Reads a body; what does not parse is a text.
    #[must_use]
    pub fn read(bytes: &[u8], format: AnswerFormat) -> Self {
        let tree = match format {
            AnswerFormat::Json => serde_json::from_slice(bytes).ok(),
            AnswerFormat::Xml => xml(bytes),
        };
        tree.map_or_else(|| Self::Text(String::from_utf8_lossy(bytes).trim().to_owned()), Self::Tree)
    }

    /// As expressions see it.
    #[must_use]
    pub fn value(&self) -> Jinja {
        match self {
            Self::Tree(tree) => Jinja::from(Serde(tree)),
            Self::Text(text) => Jinja::from(text.as_str()),
        }
    }
}

/// The fields of a form or a query.
pub fn form_fields(text: &str) -> impl Iterator<Item = (String, String)> {
    let mut form = Url::parse("http://form").ok();
    if let Some(form) = &mut form {
        form.set_query(Some(text.trim_start_matches('?')));
    }
    let fields: Vec<_> = form.iter().flat_map(|form| form.query_pairs().into_owned()).collect();
    fields.into_iter()
}

/// The document as `{ root: … }`.
fn xml(bytes: &[u8]) -> Option<Value> {
    let text = std::str::from_utf8(bytes).ok()?.trim();
    // A document type is refused by the parser's own default, and with it every entity of the document's own.
    let document = Document::parse(text).ok()?;
    let root = document.root_element();
    Some(Value::Object(Map::from_iter([(root.tag_name().name().to_owned(), element(root, DEPTH)?)])))
}

/// An element that holds elements is a table of them, and those of one name are a list; any other is its text.
/// Attributes and namespaces are ignored. `None` if it is too deep.
fn element(node: Node<'_, '_>, depth: usize) -> Option<Value> {
    let depth = depth.checked_sub(1)?;
    let mut fields = Map::new();
    for child in node.children().filter(Node::is_element) {
        let (name, value) = (child.tag_name().name(), element(child, depth)?);
        match fields.get_mut(name) {
            None => {
                fields.insert(name.to_owned(), value);
            }
            Some(Value::Array(list)) => list.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
        }
    }
    if fields.is_empty() {
        let text: String = node.children().filter(Node::is_text).filter_map(|text| text.text()).collect();
        return Some(Value::from(text.trim()));
    }
    Some(Value::Object(fields))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tree(text: &str) -> Option<Value> {
        match Body::read(text.as_bytes(), AnswerFormat::Xml) {
            Body::Tree(tree) => Some(tree),
            Body::Text(_) => None,
        }
    }

    #[test]
    fn elements_become_tables_lists_and_texts() {
        let text = "\n<?xml version=\"1.0\"?>\n<a:R xmlns:a=\"urn:a\" xmlns=\"urn:b\"><!-- no --><Id n=\"1\"> 5 &amp; 6 </Id><M><C>1</C></M><M/>\
                    <M><![CDATA[<x>]]></M> stray <?p i?></a:R>";
        assert_eq!(tree(text).unwrap(), json!({"R": {"Id": "5 & 6", "M": [{"C": "1"}, "", "<x>"]}}));
        assert_eq!(tree("<R>a<!-- b -->c</R>").unwrap(), json!({"R": "ac"}));
    }

    #[test]
    fn what_is_no_xml_is_text() {
        for text in ["", "OK", "{\"a\":1}", "<a>", "<a></b>", "<a/><b/>", "<a>&b;</a>", "<br>"] {
            assert_eq!(tree(text), None, "{text:?}");
        }
        let Body::Text(text) = Body::read(b" <a>\xff</a> ", AnswerFormat::Xml) else { panic!("not a text") };
        assert_eq!(text, "<a>\u{fffd}</a>");
    }

    #[test]
    fn entities_are_not_expanded() {
        let bomb = "<!DOCTYPE a [<!ENTITY b \"bbbbbbbbbb\"><!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;\">]><a>&c;</a>";
        assert_eq!(tree(bomb), None);
        assert_eq!(tree("<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>"), None);
    }

    #[test]
    fn a_well_without_a_bottom_is_text() {
        let deep = |levels: usize| format!("{}{}", "<a>".repeat(levels), "</a>".repeat(levels));
        assert!(tree(&deep(DEPTH)).is_some());
        assert_eq!(tree(&deep(DEPTH + 1)), None);
        // As deep as the longest answer that is read.
        assert_eq!(tree(&deep(64 * 1024 / 7)), None);
    }

    proptest::proptest! {
        #[test]
        fn every_body_is_read(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
            for format in [AnswerFormat::Json, AnswerFormat::Xml] {
                let _ = Body::read(&bytes, format).value();
            }
        }

        #[test]
        fn every_text_that_looks_like_xml_is_read(text in "(<[?!/]?[ab:]{0,2}( [ab]=\"[a&;]{0,3}\")?[/?-]?>|[ab &;#x0-9\\]]{0,4}|<!\\[CDATA\\[|-->){0,40}") {
            let _ = Body::read(text.as_bytes(), AnswerFormat::Xml).value();
        }

        #[test]
        fn a_text_comes_back_as_it_was(text in "[ -~\u{a0}-\u{ffff}]{0,60}") {
            let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            if let Some(read) = tree(&format!("<a>{escaped}</a>")) {
                proptest::prop_assert_eq!(read, json!({"a": text.trim()}));
            }
        }
    }
}
