//! `help json`: the JSON Schemas of the documents that commands print, as tests hold them to the types.

use serde::Serialize;
use serde_json::Value;

use super::man::unknown;
use super::{CommandResult, whole};
use crate::error::{Error, Exit};
use crate::otp::{Hint, suggest};
use crate::output::{Human, Lines, Report, Table, lines_of};

/// Every schema, by the name of its document.
const SCHEMAS: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/schemas.rs"));

/// The documents of each command: of one thing, of many, of a line. Under `json` every command may print `error` on stderr.
const DOCUMENTS: &[(&str, &[&str])] = &[
    ("send", &["send", "many", "result"]),
    ("issue", &["issue", "many", "result"]),
    ("verify", &["verify"]),
    ("revoke", &["revoke", "many", "result"]),
    ("deliver", &["deliver", "many", "result"]),
    ("outcome", &["outcome"]),
    ("wait", &["wait"]),
    ("inspect", &["inspect"]),
    ("unlock", &["unlock", "many", "result"]),
    ("events", &["events", "event"]),
    ("stats", &["stats", "stats_row"]),
    ("list", &["list", "list_row", "skipped"]),
    ("policy show", &["policy"]),
    ("policy block", &["policy_entry"]),
    ("policy allow", &["policy_entry"]),
    ("policy remove", &["policy_remove"]),
    ("policy list", &["policy_list", "policy_list_row", "skipped"]),
    ("user link", &["user", "many", "result"]),
    ("user unlink", &["user_unlink"]),
    ("user move", &["user_move"]),
    ("user show", &["user", "phone"]),
    ("user list", &["user_list", "user_list_row", "skipped"]),
    ("user import", &["user_import", "user_import_row", "user_import_totals"]),
    ("user export", &["user_export", "user_export_row"]),
    ("provider list", &["provider_list", "provider_list_row"]),
    ("provider show", &["provider_show"]),
    ("provider check", &["provider_check"]),
    ("provider test", &["provider_test"]),
    ("provider balance", &["provider_balance", "provider_balance_row"]),
    ("delivery record", &["delivery_record", "delivery_record_row"]),
    ("store check", &["store_check", "store_check_row"]),
    ("store purge", &["store_purge", "store_purge_row"]),
    ("store copy", &["store_copy"]),
    ("store acl", &["store_acl", "store_acl_row"]),
    ("audit verify", &["audit_verify", "audit_finding"]),
    ("audit anchor", &["audit_anchor"]),
    ("doctor", &["doctor", "doctor_check"]),
    ("config path", &["config_path"]),
    ("config show", &["config", "config_row"]),
    ("config check", &["config_check", "config_check_row"]),
    ("config jwks", &["jwks"]),
    ("config init", &["config_init"]),
    ("completions", &["completions"]),
    ("man", &["man", "man_dir"]),
    ("version", &["version"]),
    ("help", &["help", "exit_codes", "exit_codes_row", "schemas", "schemas_row", "schema"]),
];

/// What is no command's: an error, the lines of files, and what programs of yours are given.
const OTHERS: &[(&str, &[&str])] = &[
    ("error", &["error"]),
    ("outbox", &["outbox"]),
    ("audit-log", &["audit"]),
    ("provider-command", &["message"]),
    ("directory-command", &["directory"]),
];

/// Which documents each command prints.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Catalog {
    commands: Vec<Row>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Row {
    /// What `help json` takes.
    topic: &'static str,
    documents: Vec<&'static str>,
}

/// The schemas of one command's documents.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Schemas {
    topic: String,
    schemas: Vec<Named>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Named {
    /// The name of the document.
    document: &'static str,
    /// Its JSON Schema, draft 2020-12.
    #[serde(rename = "json_schema")]
    text: Value,
}

/// The list of all, or the schemas of what was named: a command, or a document.
pub(super) fn help(words: &[String]) -> CommandResult {
    if words.is_empty() {
        let row = |(topic, names): &(&'static str, &[&str])| Row {
            topic,
            documents: names.iter().copied().map(name).collect(),
        };
        return Ok(Box::new(Catalog { commands: DOCUMENTS.iter().chain(OTHERS).map(row).collect() }));
    }
    let topic = words.join(" ");
    let of_topic = DOCUMENTS.iter().chain(OTHERS).find(|(own, _)| *own == topic);
    let documents = match of_topic {
        Some((_, names)) => names.iter().copied().map(name).collect(),
        None => vec![document(&topic)?],
    };
    let read = |document| SCHEMAS.iter().find(|(own, _)| *own == document).map(|(_, text)| serde_json::from_str(text));
    let mut schemas = Vec::new();
    for document in documents {
        let text = read(document).transpose().map_err(|error| Error::new(Exit::Internal, error))?;
        schemas.push(Named { document, text: text.unwrap_or_default() });
    }
    Ok(Box::new(Schemas { topic, schemas }))
}

/// The whole name of a document.
fn name(short: &str) -> &'static str {
    let is_it = |name: &&str| {
        let own = name.trim_start_matches("otpctl.");
        own == short || own.rsplit_once('/').is_some_and(|(own, _)| own == short)
    };
    SCHEMAS.iter().map(|(name, _)| *name).find(is_it).unwrap_or_default()
}

/// A document by its own name.
fn document(typed: &str) -> Result<&'static str, Error> {
    if let Some((name, _)) = SCHEMAS.iter().find(|(name, _)| *name == typed) {
        return Ok(name);
    }
    let groups =
        DOCUMENTS.iter().chain(OTHERS).map(|(topic, _)| *topic).filter(|topic| topic.starts_with(&format!("{typed} ")));
    let below: Vec<&str> = groups.collect();
    if let Some(first) = below.first() {
        let words: Vec<&str> = ["help", "json"].into_iter().chain(first.split(' ')).collect();
        return Err(Error::said(
            Exit::Usage,
            format!("`{typed}` is a group; name one of its commands: {}", below.join(", ")),
        )
        .hint(Hint::run(&words)));
    }
    let topics = DOCUMENTS.iter().chain(OTHERS).map(|(topic, _)| *topic);
    let Some(near) = suggest::nearest(typed, topics.chain(SCHEMAS.iter().map(|(name, _)| *name))) else {
        return Err(unknown(typed, &whole()).hint(Hint::run(&["help", "json"])));
    };
    let words: Vec<&str> = ["help", "json"].into_iter().chain(near.split(' ')).collect();
    Err(Error::said(
        Exit::Usage,
        format!("there is no command or document `{typed}`{}", suggest::suggested(Some(near))),
    )
    .hint(Hint::run(&words)))
}

impl Report for Catalog {
    const SCHEMA: &str = "otpctl.schemas/1";

    fn human(&self) -> Human {
        let mut table = Table::new(&["COMMAND", "DOCUMENTS"], "").wrapped(&["DOCUMENTS"]);
        for row in &self.commands {
            table.row([row.topic, &row.documents.join(" ")]);
        }
        Human::Rows(table)
    }

    fn lines(&self) -> Lines {
        lines_of("otpctl.schemas_row/1", &self.commands)
    }

    fn hints(&self) -> Vec<Hint> {
        vec![Hint::run(&["help", "json", "send"]).because("see the schemas of a command")]
    }
}

impl Report for Schemas {
    const SCHEMA: &str = "otpctl.schema/1";

    fn human(&self) -> Human {
        // A schema that is alone can be given to a validator as it is; of several each is one in a list.
        let text = match self.schemas.as_slice() {
            [only] => serde_json::to_string_pretty(&only.text),
            all => serde_json::to_string_pretty(&all.iter().map(|named| &named.text).collect::<Vec<_>>()),
        };
        Human::Raw(text.unwrap_or_default() + "\n")
    }
}

crate::otp::schema::documents! {
    "otpctl.schemas/1" => Catalog,
    "otpctl.schemas_row/1" => Row,
    "otpctl.schema/1" => Schemas,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::man::paths;

    #[test]
    fn every_command_names_its_documents_and_every_document_its_command() {
        let line = whole();
        let is_group = |path: &str| paths(&line).iter().any(|other| other.starts_with(&format!("{path} ")));
        let commands: Vec<String> = paths(&line).into_iter().filter(|path| !is_group(path)).collect();
        let named: Vec<&str> = DOCUMENTS.iter().map(|(command, _)| *command).collect();
        assert_eq!(named, commands.iter().map(String::as_str).collect::<Vec<_>>());
        let all: Vec<&str> = DOCUMENTS.iter().chain(OTHERS).flat_map(|(_, names)| *names).copied().map(name).collect();
        for (name, _) in SCHEMAS {
            assert!(all.contains(name), "{name} is no command's");
        }
        for (command, names) in DOCUMENTS {
            let own = command.split(' ').try_fold(&line, |line, word| line.find_subcommand(word)).unwrap();
            let takes_many = own.get_arguments().any(|arg| arg.get_id() == "checkpoint");
            assert_eq!(takes_many, names.contains(&"many") && names.contains(&"result"), "{command}");
        }
        assert!(!all.contains(&""), "a document has no schema: UPDATE=1 cargo test --lib schema");
    }
}
