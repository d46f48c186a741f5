//! Which file of `src` names what another one defines, and the files that do so in a circle.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;

use syn::visit::{self, Visit};
use syn::{Attribute, File, Item, ItemMod, ItemUse, Macro, UseTree, Visibility};

use super::is_test;

/// The names that one file takes from another.
pub type Ties = BTreeMap<(String, String), BTreeSet<String>>;

/// A module, by its path from the root of the crate.
#[derive(Default)]
struct Module {
    file: String,
    /// What it defines.
    items: HashSet<String>,
    /// What it imports, by the name that it has here.
    imports: HashMap<String, Vec<String>>,
    /// What it imports all of.
    globs: Vec<Vec<String>>,
    /// Paths that it names: imports for itself, and those in its items. A re-export alone names nothing: `mod.rs` says
    /// what its room shows to others.
    named: Vec<Vec<String>>,
}

type Modules = HashMap<Vec<String>, Module>;

/// What each file of a crate takes from which other.
pub fn ties<'a>(files: impl Iterator<Item = (&'a str, &'a str)>) -> Ties {
    let mut modules = Modules::new();
    for (file, text) in files.filter(|(file, _)| !is_test(file)) {
        let parsed = syn::parse_file(text).unwrap_or_else(|error| panic!("{file}: {error}"));
        Reader { file, path: module_of(file), modules: &mut modules }.file(&parsed);
    }
    let mut ties = Ties::new();
    for (path, module) in &modules {
        for named in &module.named {
            let Some((file, name)) = definition(&modules, path, named, 0) else { continue };
            // A file may name what the `mod.rs` of its own folder defines: the two are one module, in parts.
            if file != module.file && !path.starts_with(&module_of(&file)) {
                ties.entry((module.file.clone(), file)).or_default().insert(name);
            }
        }
    }
    ties
}

/// Groups of files that name each other, directly or through others.
pub fn circles(ties: &Ties) -> Vec<BTreeSet<String>> {
    let mut next: HashMap<&str, Vec<&str>> = HashMap::new();
    for (from, to) in ties.keys() {
        next.entry(from).or_default().push(to);
    }
    let reached = |from: &str| {
        let mut seen = HashSet::new();
        let mut open: Vec<&str> = next.get(from).cloned().unwrap_or_default();
        while let Some(file) = open.pop() {
            if seen.insert(file) {
                open.extend(next.get(file).into_iter().flatten());
            }
        }
        seen
    };
    let reached: HashMap<&str, HashSet<&str>> = next.keys().map(|file| (*file, reached(file))).collect();
    let in_circle = |file: &&&str| reached[**file].contains(**file);
    let circle = |file: &&str| {
        let with = reached[*file].iter().filter(|other| reached.get(**other).is_some_and(|back| back.contains(*file)));
        with.map(|file| (*file).to_owned()).collect::<BTreeSet<_>>()
    };
    next.keys().filter(in_circle).map(circle).collect::<BTreeSet<_>>().into_iter().collect()
}

/// `store/redis/mod.rs` and `store/redis.rs` are `store::redis`.
fn module_of(file: &str) -> Vec<String> {
    let path = Path::new(file).with_extension("");
    let mut parts: Vec<String> = path.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if parts.last().is_some_and(|last| last == "mod" || last == "lib") {
        parts.pop();
    }
    parts
}

struct Reader<'a> {
    file: &'a str,
    path: Vec<String>,
    modules: &'a mut Modules,
}

impl Reader<'_> {
    fn file(&mut self, file: &File) {
        self.module().file = self.file.to_owned();
        self.visit_file(file);
    }

    fn module(&mut self) -> &mut Module {
        self.modules.entry(self.path.clone()).or_default()
    }

    fn import(&mut self, before: &[String], tree: &UseTree, is_shown: bool) {
        let with = |last: &syn::Ident| [before, &[last.to_string()]].concat();
        match tree {
            UseTree::Path(path) => self.import(&with(&path.ident), &path.tree, is_shown),
            UseTree::Group(group) => group.items.iter().for_each(|item| self.import(before, item, is_shown)),
            UseTree::Glob(_) => self.module().globs.push(before.to_vec()),
            UseTree::Name(name) if name.ident == "self" => {
                let alias = before.last().cloned().unwrap_or_default();
                self.imported(alias, before.to_vec(), is_shown);
            }
            UseTree::Name(name) => self.imported(name.ident.to_string(), with(&name.ident), is_shown),
            UseTree::Rename(name) => self.imported(name.rename.to_string(), with(&name.ident), is_shown),
        }
    }

    fn imported(&mut self, alias: String, path: Vec<String>, is_shown: bool) {
        let module = self.module();
        if !is_shown {
            module.named.push(path.clone());
        }
        module.imports.insert(alias, path);
    }

    /// The paths in the text of tokens, which are written with spaces between them.
    fn tokens(&mut self, text: &str) {
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        let is_name = |word: &str| word.starts_with(|start: char| start.is_alphabetic() || start == '_');
        let mut at = 0;
        while at < words.len() {
            let mut path = Vec::new();
            while at < words.len() && is_name(words[at]) {
                path.push(words[at].to_owned());
                if words.get(at + 1) != Some(&"::") {
                    break;
                }
                at += 2;
            }
            if !path.is_empty() {
                self.module().named.push(path);
            }
            at += 1;
        }
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        let (attributes, name) = match item {
            Item::Const(item) => (&item.attrs, Some(&item.ident)),
            Item::Enum(item) => (&item.attrs, Some(&item.ident)),
            Item::Fn(item) => (&item.attrs, Some(&item.sig.ident)),
            Item::Impl(item) => (&item.attrs, None),
            Item::Macro(item) => (&item.attrs, item.ident.as_ref()),
            Item::Mod(item) => (&item.attrs, None),
            Item::Static(item) => (&item.attrs, Some(&item.ident)),
            Item::Struct(item) => (&item.attrs, Some(&item.ident)),
            Item::Trait(item) => (&item.attrs, Some(&item.ident)),
            Item::Type(item) => (&item.attrs, Some(&item.ident)),
            Item::Use(item) => (&item.attrs, None),
            _ => return visit::visit_item(self, item),
        };
        if attributes.iter().any(is_for_tests) {
            return;
        }
        if let Some(name) = name {
            self.module().items.insert(name.to_string());
        }
        visit::visit_item(self, item);
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if item.content.is_some() {
            self.path.push(item.ident.to_string());
            self.module().file = self.file.to_owned();
            visit::visit_item_mod(self, item);
            self.path.pop();
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.import(&[], &item.tree, !matches!(item.vis, Visibility::Inherited));
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.module().named.push(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'ast Macro) {
        self.tokens(&item.tokens.to_string());
        visit::visit_macro(self, item);
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        // `serialize_with = "crate::…"`.
        if let syn::Meta::List(list) = &attribute.meta {
            self.tokens(&list.tokens.to_string().replace('"', " ").replace("::", " :: "));
        }
    }
}

pub fn is_for_tests(attribute: &Attribute) -> bool {
    let syn::Meta::List(list) = &attribute.meta else { return false };
    attribute.path().is_ident("cfg") && list.tokens.to_string() == "test"
}

/// The file that defines what a path in a module means, and its name there; `None` for what no file of the crate defines.
fn definition(modules: &Modules, from: &[String], path: &[String], depth: usize) -> Option<(String, String)> {
    let mut at = from.to_vec();
    let mut rest = path;
    let mut is_first = true;
    while let Some((word, behind)) = rest.split_first() {
        let inside = [at.as_slice(), std::slice::from_ref(word)].concat();
        let module = modules.get(&at);
        match word.as_str() {
            "crate" if is_first => at.clear(),
            "self" if is_first => {}
            "super" => {
                at.pop()?;
            }
            _ if modules.contains_key(&inside) => at = inside,
            _ => {
                let module = module?;
                if module.items.contains(word) {
                    return Some((module.file.clone(), word.clone()));
                }
                // Imports of imports end, but for those that name each other.
                if depth > 8 {
                    return None;
                }
                if let Some(import) = module.imports.get(word) {
                    return definition(modules, &at, &[import.as_slice(), behind].concat(), depth + 1);
                }
                return module
                    .globs
                    .iter()
                    .find_map(|glob| definition(modules, &at, &[glob.as_slice(), rest].concat(), depth + 1));
            }
        }
        is_first = false;
        rest = behind;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(files: &[(&str, &str)]) -> Vec<Vec<String>> {
        circles(&ties(files.iter().copied())).into_iter().map(|files| files.into_iter().collect()).collect()
    }

    #[test]
    fn two_files_that_name_each_other_are_a_circle() {
        let lib = ("lib.rs", "pub mod a; pub mod b; pub mod c;");
        let b = ("b.rs", "use crate::a::A; pub struct B(A); pub fn b() {}");
        for a in [
            "pub struct A; use super::b::B; fn a(b: &B) {}",
            "pub struct A; fn a() { crate::b::b() }",
            "pub struct A; use crate::b; fn a() { b::b() }",
            "pub struct A; fn a() { vec![crate::b::b()]; }",
            "pub struct A; use crate::c::Shown; fn a(b: Shown) {}",
        ] {
            assert_eq!(
                of(&[lib, ("a.rs", a), b, ("c.rs", "pub use crate::b::B as Shown;")]),
                [["a.rs", "b.rs"]],
                "{a}"
            );
        }
        let a = "pub struct A; #[cfg(test)] mod tests { use crate::b::B; }";
        assert!(of(&[lib, ("a.rs", a), b]).is_empty());
    }

    #[test]
    fn a_folder_and_its_own_files_are_none_and_a_circle_through_another_folder_is() {
        let lib = ("lib.rs", "pub mod a; pub mod b;");
        let room = ("a/mod.rs", "mod child; pub use child::Child; pub struct Own; fn needs(child: &Child) {}");
        assert!(of(&[lib, room, ("a/child.rs", "use super::Own; pub struct Child(Own);")]).is_empty());
        let child = ("a/child.rs", "use crate::b::B; pub struct Child(B);");
        assert_eq!(of(&[lib, room, child, ("b.rs", "use crate::a::Child; pub struct B;")]), [["a/child.rs", "b.rs"]]);
        assert!(of(&[lib, room, child, ("b.rs", "pub struct B;")]).is_empty());
    }
}
