//! Holds every document that a test sees to its JSON Schema in docs/schemas. The schemas use few words; a word that this
//! does not know fails, and Python's `jsonschema` says the same of a walk over the commands in tests/servers.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use serde_json::Value;

/// Every schema, by the name of its document.
static SCHEMAS: LazyLock<BTreeMap<String, Value>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schemas");
    let read = |entry: std::io::Result<std::fs::DirEntry>| {
        let schema: Value = serde_json::from_str(&std::fs::read_to_string(entry.unwrap().path()).unwrap()).unwrap();
        (schema["title"].as_str().unwrap().to_owned(), schema)
    };
    std::fs::read_dir(folder).unwrap().map(read).collect()
});

/// The documents in what was printed, a line each.
pub fn documents(printed: &str) -> impl Iterator<Item = Value> {
    let lines = printed.lines().filter(|line| line.starts_with("{\"schema\":\"otpctl."));
    // A line that was cut off is no document.
    lines.filter_map(|line| serde_json::from_str(line).ok())
}

/// Fails where a document does not hold.
#[track_caller]
pub fn hold(printed: &str) {
    for document in documents(printed) {
        let name = document["schema"].as_str().unwrap_or_default();
        let schema = SCHEMAS.get(name).unwrap_or_else(|| panic!("{name} has no schema in docs/schemas"));
        if let Some(wrong) = wrong(schema, &document, "") {
            panic!("{name} does not hold: {wrong}\n{document}");
        }
    }
}

/// What is wrong with a value.
fn wrong(schema: &Value, value: &Value, at: &str) -> Option<String> {
    let Some(words) = schema.as_object() else {
        return (schema == false).then(|| format!("{at} is not allowed"));
    };
    words.iter().find_map(|(word, rule)| match word.as_str() {
        "type" => (!is_a(rule, value)).then(|| format!("{at} is not {rule}: {value}")),
        "const" => (rule != value).then(|| format!("{at} is not {rule}: {value}")),
        "enum" => (!rule.as_array()?.contains(value)).then(|| format!("{at} is none of {rule}: {value}")),
        "required" => {
            let missing =
                rule.as_array()?.iter().find(|name| value.get(name.as_str().unwrap_or_default()).is_none())?;
            value.is_object().then(|| format!("{at} has no {missing}"))
        }
        "properties" => each(rule, value, at),
        "items" => {
            value.as_array()?.iter().enumerate().find_map(|(index, item)| wrong(rule, item, &format!("{at}/{index}")))
        }
        "prefixItems" => {
            let pairs = rule.as_array()?.iter().zip(value.as_array()?);
            pairs.enumerate().find_map(|(index, (rule, item))| wrong(rule, item, &format!("{at}/{index}")))
        }
        "additionalProperties" if rule.is_object() => {
            let own = words.get("properties");
            let others = value.as_object()?.iter().filter(|(name, _)| own.and_then(|own| own.get(name)).is_none());
            others.into_iter().find_map(|(name, value)| wrong(rule, value, &format!("{at}/{name}")))
        }
        "anyOf" | "oneOf" => {
            let all: Vec<Option<String>> = rule.as_array()?.iter().map(|rule| wrong(rule, value, at)).collect();
            let fit = all.iter().filter(|wrong| wrong.is_none()).count();
            let is_wrong = if word == "oneOf" { fit != 1 } else { fit == 0 };
            is_wrong.then(|| format!("{at} fits {fit} of several: {all:?}"))
        }
        "minimum" => (value.as_f64()? < rule.as_f64()?).then(|| format!("{at} is under {rule}: {value}")),
        "format" if rule == "date-time" => (!is_time(value)).then(|| format!("{at} is no time in UTC: {value}")),
        "$schema" | "title" | "description" | "additionalProperties" => None,
        "minItems" | "maxItems" | "minLength" | "maxLength" | "default" => None,
        other => Some(format!("a word that no test knows: {other}")),
    })
}

fn each(properties: &Value, value: &Value, at: &str) -> Option<String> {
    let fields = value.as_object()?;
    let both = properties.as_object()?.iter().filter_map(|(name, rule)| Some((name, rule, fields.get(name)?)));
    both.into_iter().find_map(|(name, rule, value)| wrong(rule, value, &format!("{at}/{name}")))
}

fn is_a(types: &Value, value: &Value) -> bool {
    let is = |name: &str| match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("no type: {other}"),
    };
    match types {
        Value::Array(types) => types.iter().filter_map(Value::as_str).any(is),
        one => one.as_str().is_some_and(is),
    }
}

/// RFC 3339 in UTC with milliseconds; of an unknown time, `null` stands there.
fn is_time(value: &Value) -> bool {
    value.as_str().is_none_or(|time| time.len() == 24 && time.ends_with('Z') && time.as_bytes()[10] == b'T')
}
