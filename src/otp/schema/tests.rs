//! Makes the schema of a document, and holds its file to it.

#![expect(clippy::disallowed_methods, reason = "a test reads and writes files of the project")]

use std::path::Path;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

/// One of two documents under one name: each command has its own fields.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) enum Either<A, B> {
    One(A),
    Other(B),
}

/// Compares the schema of a document with its file.
pub(crate) fn hold<T: JsonSchema>(name: &str) {
    let file = format!("docs/schemas/{}.json", name.replace("otpctl.", "").replace('/', "."));
    let made = serde_json::to_string_pretty(&schema::<T>(name)).unwrap() + "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(&file);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == made, "{file} is stale: UPDATE=1 cargo test --lib schema");
}

fn schema<T: JsonSchema>(name: &str) -> Value {
    let mut settings = SchemaSettings::draft2020_12().for_serialize();
    // Whoever reads one sees all of it in one place.
    settings.inline_subschemas = true;
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    plain(&mut schema);
    schema["title"] = name.into();
    for variant in ["anyOf", "oneOf"] {
        let variants = schema.get_mut(variant).and_then(Value::as_array_mut);
        variants.into_iter().flatten().filter_map(Value::as_object_mut).for_each(|fields| named(name, fields));
    }
    let fields = schema.as_object_mut().unwrap();
    if fields.contains_key("properties") {
        named(name, fields);
    }
    every_field_is_there(name, &schema);
    schema
}

/// Takes away the widths of our integers: JSON has none, and no draft has words for them.
fn plain(schema: &mut Value) {
    match schema {
        Value::Array(parts) => parts.iter_mut().for_each(plain),
        Value::Object(fields) => {
            if fields.get("format").is_some_and(|format| format != "date-time" && format.is_string()) {
                fields.remove("format");
            }
            if fields.get("type").is_some_and(|kind| kind.to_string().contains("\"integer\"")) {
                fields.remove("maximum");
            }
            fields.values_mut().for_each(plain);
        }
        _ => {}
    }
}

/// The name of a document is its first field. What no program of ours reads by its name, such as the line of an
/// outbox, has none.
fn named(name: &str, fields: &mut Map<String, Value>) {
    if !name.contains('/') {
        return;
    }
    let properties = fields["properties"].as_object_mut().unwrap();
    properties.insert("schema".to_owned(), json!({ "const": name, "description": "The name of this document." }));
    let required = fields.entry("required").or_insert_with(|| json!([])).as_array_mut().unwrap();
    if !required.contains(&json!("schema")) {
        required.insert(0, "schema".into());
    }
}

/// Unknown is `null`, and never missing. Of a key, RFC 7517 says which members it has.
fn every_field_is_there(name: &str, schema: &Value) {
    let Some(schema) = schema.as_object() else {
        schema.as_array().into_iter().flatten().for_each(|part| every_field_is_there(name, part));
        return;
    };
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        let required = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
        for property in properties.keys() {
            assert!(required.contains(&json!(property)), "{name}: {property} may be missing");
        }
    }
    schema.values().for_each(|part| every_field_is_there(name, part));
}
