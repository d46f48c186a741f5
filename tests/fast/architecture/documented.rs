//! Which public items of a file have no documentation. Fields and variants need none: a good name says enough. That is
//! why the compiler's `missing_docs`, which cannot leave them out, is off.

use syn::visit::{self, Visit};
use syn::{Attribute, ImplItemFn, Item, ItemMod, TraitItemFn, Visibility};

/// The names of the public items of a file that have none.
pub fn undocumented(source: &str) -> Vec<String> {
    let parsed = syn::parse_file(source).unwrap_or_else(|error| panic!("{error}"));
    let mut reader = Reader::default();
    reader.visit_file(&parsed);
    reader.found
}

#[derive(Default)]
struct Reader {
    found: Vec<String>,
}

impl Reader {
    fn needs(&mut self, name: &syn::Ident, attributes: &[Attribute]) {
        if !attributes.iter().any(|attribute| attribute.path().is_ident("doc")) {
            self.found.push(name.to_string());
        }
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast Item) {
        let (attributes, visibility, name) = match item {
            Item::Const(item) => (&item.attrs, &item.vis, &item.ident),
            Item::Enum(item) => (&item.attrs, &item.vis, &item.ident),
            Item::Fn(item) => (&item.attrs, &item.vis, &item.sig.ident),
            Item::Static(item) => (&item.attrs, &item.vis, &item.ident),
            Item::Struct(item) => (&item.attrs, &item.vis, &item.ident),
            Item::Trait(item) => (&item.attrs, &item.vis, &item.ident),
            Item::Type(item) => (&item.attrs, &item.vis, &item.ident),
            _ => return visit::visit_item(self, item),
        };
        if matches!(visibility, Visibility::Public(_)) {
            self.needs(name, attributes);
        }
        visit::visit_item(self, item);
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if !item.attrs.iter().any(super::circles::is_for_tests) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        if matches!(item.vis, Visibility::Public(_)) {
            self.needs(&item.sig.ident, &item.attrs);
        }
    }

    fn visit_trait_item_fn(&mut self, item: &'ast TraitItemFn) {
        self.needs(&item.sig.ident, &item.attrs);
    }
}

#[test]
fn a_public_item_needs_words_and_a_field_does_not() {
    let source = "/// Said.\npub struct A { pub field: u8 }\nimpl A { pub fn new() {} fn own() {} }\npub enum B { One }\n\
                  pub(crate) fn c() {}\npub trait T { fn t(); }\n#[cfg(test)]\nmod tests { pub fn helper() {} }";
    assert_eq!(undocumented(source), ["new", "B", "T", "t"]);
}
