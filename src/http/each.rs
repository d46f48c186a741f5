//! The items that lists in a body hold, down to lists in lists.

use minijinja::Value as Jinja;
use minijinja::value::ValueKind;

use super::language::Expression;
use super::read::expression;
use super::scope::Scope;
use crate::toml_tree::{ConfigError, Table};

/// What expressions over one item see: the whole body, the item, what it is in, and all that it is in, from the inside
/// out.
pub const ITEM: [&str; 4] = ["body", "item", "outer", "outers"];

/// Nobody sends more items at once; more are not looked at.
const MOST: usize = 10_000;

/// From a body to the items in it, a list a step; none: the body is the one item.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Each(Vec<Expression>);

impl Each {
    /// Reads the key `each`.
    ///
    /// # Errors
    /// When it is there and is no list of expressions over [`ITEM`].
    pub fn read(table: &Table<'_>) -> Result<Self, ConfigError> {
        match table.get("each") {
            None => Ok(Self::default()),
            Some(node) => {
                node.list("expressions")?.map(|node| expression(&node, &ITEM)).collect::<Result<_, _>>().map(Self)
            }
        }
    }

    /// Whether the first list is there: an answer without it says nothing of its items.
    #[must_use]
    pub fn is_there(&self, body: &Jinja) -> bool {
        let whole = Found { item: body.clone(), outers: Vec::new() };
        let is_list =
            |each: &Expression| matches!(each.value(&whole.scope(body)).kind(), ValueKind::Seq | ValueKind::Iterable);
        self.0.first().is_none_or(is_list)
    }

    /// What expressions see of each item.
    #[must_use]
    pub fn items(&self, body: &Jinja) -> Vec<Scope> {
        let mut found = vec![Found { item: body.clone(), outers: Vec::new() }];
        for each in &self.0 {
            found = found.iter().flat_map(|found| found.members(&each.value(&found.scope(body)))).take(MOST).collect();
        }
        found.iter().map(|found| found.scope(body)).collect()
    }
}

struct Found {
    item: Jinja,
    /// What it is in, from the inside out.
    outers: Vec<Jinja>,
}

impl Found {
    fn scope(&self, body: &Jinja) -> Scope {
        Scope::from([
            ("body".to_owned(), body.clone()),
            ("item".to_owned(), self.item.clone()),
            ("outer".to_owned(), self.outers.first().cloned().unwrap_or_default()),
            ("outers".to_owned(), self.outers.iter().cloned().collect()),
        ])
    }

    /// The items of a list that this one has; what is no list has none.
    fn members(&self, list: &Jinja) -> Vec<Self> {
        let items: Vec<Jinja> = match list.kind() {
            ValueKind::Seq | ValueKind::Iterable => list.try_iter().map(Iterator::collect).unwrap_or_default(),
            _ => Vec::new(),
        };
        let outers: Vec<Jinja> = std::iter::once(&self.item).chain(&self.outers).cloned().collect();
        items.into_iter().map(|item| Self { item, outers: outers.clone() }).collect()
    }
}

#[cfg(test)]
mod tests {
    use minijinja::value::Serde;
    use serde_json::json;

    use super::*;

    /// What an expression says of each item.
    fn said(each: &[&str], of: &str) -> Vec<String> {
        let read = |source: &&str| Expression::read((*source).to_owned(), &ITEM).unwrap();
        let body = json!({"entry": [
            {"id": "1", "changes": [{"field": "a", "value": {"statuses": [{"id": "x"}, {"id": "y"}]}}]},
            {"id": "2", "changes": [{"field": "b", "value": {}}, {"field": "c", "value": {"statuses": [{"id": "z"}]}}]},
        ]});
        let items = Each(each.iter().map(read).collect()).items(&Jinja::from(Serde(&body)));
        items.iter().map(|scope| read(&of).text(scope).unwrap_or_default()).collect()
    }

    #[test]
    fn lists_in_lists_are_followed_to_any_depth() {
        let deep = ["body.entry", "item.changes", "item.value.statuses"];
        assert_eq!(said(&deep, "item.id"), ["x", "y", "z"]);
        assert_eq!(said(&deep, "outer.field"), ["a", "a", "c"]);
        // What is further out is not lost.
        assert_eq!(said(&deep, "outers[1].id ~ outers[2].entry | length"), ["12", "12", "22"]);
        assert_eq!(said(&["body.entry"], "item.id"), ["1", "2"]);
        assert_eq!(said(&[], "body.entry | length"), ["2"]);
        assert_eq!(said(&["body.gone", "item.changes"], "item.id"), [""; 0]);
    }
}
