//! The items that lists in a body hold, down to lists in lists.

use minijinja::Value as Jinja;
use minijinja::value::ValueKind;

use super::language::{Expression, Scope};
use super::read::expression;
use crate::toml_tree::{ConfigError, Table};

/// What expressions over one item see: the whole body, the item, and what it is in.
pub const ITEM: [&str; 3] = ["body", "item", "outer"];

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
        let is_list = |each: &Expression| {
            matches!(each.value(&scope(body, body, &Jinja::UNDEFINED)).kind(), ValueKind::Seq | ValueKind::Iterable)
        };
        self.0.first().is_none_or(is_list)
    }

    /// What expressions see of each item.
    #[must_use]
    pub fn items(&self, body: &Jinja) -> Vec<Scope> {
        let mut items = vec![(body.clone(), Jinja::UNDEFINED)];
        for each in &self.0 {
            let lists = items.into_iter().map(|(item, outer)| (each.value(&scope(body, &item, &outer)), item));
            items = lists.flat_map(|(list, outer)| members(&list).map(move |item| (item, outer.clone()))).collect();
        }
        items.truncate(MOST);
        items.iter().map(|(item, outer)| scope(body, item, outer)).collect()
    }
}

fn scope(body: &Jinja, item: &Jinja, outer: &Jinja) -> Scope {
    let seen = [("body", body), ("item", item), ("outer", outer)];
    seen.into_iter().map(|(name, value)| (name.to_owned(), value.clone())).collect()
}

fn members(list: &Jinja) -> impl Iterator<Item = Jinja> + use<> {
    let items: Vec<Jinja> = match list.kind() {
        ValueKind::Seq | ValueKind::Iterable => list.try_iter().map(Iterator::collect).unwrap_or_default(),
        _ => Vec::new(),
    };
    items.into_iter()
}
