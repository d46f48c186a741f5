//! `[directory.NAME]` and `[user] directories`: where whose phone it is is asked, and in which order.

use std::collections::BTreeMap;

use super::providers::{entries, plain_name};
use super::settings::{DirectorySettings, UserSettings};
use super::{country, files, keys};
use crate::directory::Kind;
use crate::directory::spellings::Stored;
use crate::directory::{Phones, Usage};
use crate::otp::{Country, suggest};
use crate::system::FilePath;
use crate::toml_tree::{ConfigError, Node, Table};

/// The keys that every directory has beside its settings.
const COMMON: [&str; 4] = ["kind", "definition", "phones", "region"];

/// `region`: that of the file, which is the one of a directory that names none.
pub(super) fn read(
    root: &Table<'_>,
    region: Option<Country>,
) -> Result<(BTreeMap<String, DirectorySettings>, UserSettings), ConfigError> {
    let mut directories = BTreeMap::new();
    for node in root.table("directory")?.iter().flat_map(Table::nodes) {
        plain_name(&node, "directory")?;
        directories.insert(node.name.to_owned(), one(&node, region)?);
    }
    let user = user(root.table("user")?.as_ref(), &directories)?;
    Ok((directories, user))
}

fn user(
    table: Option<&Table<'_>>,
    directories: &BTreeMap<String, DirectorySettings>,
) -> Result<UserSettings, ConfigError> {
    let mut user = UserSettings::default();
    let Some(table) = table else { return Ok(user) };
    table.only(keys::of("user"))?;
    user.notify_on_change = table.flag("notify_on_change")?;
    for item in table
        .get("directories")
        .map(|node| node.list("directories such as [\"frappe\"]"))
        .transpose()?
        .into_iter()
        .flatten()
    {
        let name = item.text()?;
        if !directories.contains_key(name) {
            let known: Vec<&str> = directories.keys().map(String::as_str).collect();
            let meant = suggest::meant(name, known.iter().copied());
            return Err(item
                .refuse(format!("no directory of this name is configured{meant}"))
                .hint("a directory has its own table, [directory.NAME]"));
        }
        if user.directories.iter().any(|known| known == name) {
            return Err(item.refuse("this directory is named twice"));
        }
        user.directories.push(name.to_owned());
    }
    Ok(user)
}

fn one(node: &Node<'_>, region: Option<Country>) -> Result<DirectorySettings, ConfigError> {
    let table = node.table()?;
    let mut directory = kind(&table, node.name)?;
    if directory.broken.is_some() {
        // Without its definition nobody knows what its settings mean, nor which of them are secret.
        return Ok(directory);
    }
    let kind = &directory.kind;
    let description = kind.describe().ok_or_else(|| unknown_kind(&table, kind.as_str()))?;
    (directory.entries, directory.positions) = entries(&table, &description.settings, &description.title, &COMMON)?;
    let phones = table.get("phones").map(|node| node.one_of(&Phones::WORDS)).transpose()?;
    directory.phones = phones.unwrap_or(description.phones);
    directory.region = table.get("region").map(|node| country::country(&node)).transpose()?.or(region);
    if let Usage::Wrong(setting, why) = kind.check(&directory.plain()) {
        return Err(match table.get(setting) {
            Some(node) => node.refuse(why),
            None => table.refuse(why),
        });
    }
    Ok(directory)
}

impl DirectorySettings {
    /// A directory of which nothing is set.
    fn unset(kind: Kind) -> Self {
        Self {
            kind,
            definition: None,
            phones: Phones::default(),
            region: None,
            entries: BTreeMap::new(),
            positions: BTreeMap::new(),
            broken: None,
        }
    }

    /// How it writes phones.
    #[must_use]
    pub fn stored(&self) -> Stored {
        match self.phones {
            Phones::Typed => Stored::Typed(self.region),
            Phones::E164 => Stored::E164,
            Phones::Digits => Stored::Digits,
        }
    }
}

/// The kind that the table names, or its own name, or the one that a file defines. That file says where keys are sent,
/// so it is opened with as much care as the configuration itself.
fn kind(table: &Table<'_>, name: &str) -> Result<DirectorySettings, ConfigError> {
    let Some(node) = table.get("definition") else {
        let name = table.text("kind")?.unwrap_or(name);
        return Kind::known(name).map(DirectorySettings::unset).ok_or_else(|| unknown_kind(table, name));
    };
    if table.has("kind") {
        return Err(node.refuse("expected either `kind` or `definition`, not both"));
    }
    let path = node.file()?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let (kind, broken) = match defined(&path, &name) {
        Ok(kind) => (kind, None),
        Err(error) => {
            let refused = node.refuse(error.to_string());
            (Kind::Unread { name }, Some(error.next().cloned().map_or(refused.clone(), |hint| refused.hint(hint))))
        }
    };
    Ok(DirectorySettings { definition: Some(path), broken, ..DirectorySettings::unset(kind) })
}

fn defined(path: &FilePath, name: &str) -> Result<Kind, ConfigError> {
    let text = files::read_config(path)?.text;
    Kind::own(name, &text).map_err(|error| ConfigError::new(error.to_string()).in_file(path))
}

fn unknown_kind(table: &Table<'_>, kind: &str) -> ConfigError {
    let kinds: Vec<&str> = Kind::names().collect();
    let meant = suggest::meant(kind, kinds.iter().copied());
    let error = match table.get("kind") {
        Some(node) => node.refuse(format!("unknown kind of directory{meant}")),
        None => table.refuse(format!("`kind` is missing, and the name is no kind of directory{meant}")),
    };
    error.hint(format!("kinds: {}", kinds.join(", ")))
}
