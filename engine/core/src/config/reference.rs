//! The key table for machines (JSON Schema) and for people (Markdown).

use super::model_keys::{MODEL_FILE, TAXONOMY_FILE};
use super::pipeline_keys::PIPELINE;
use super::rule_keys::CATALOGUE;
use super::schema::{Form, Key, Kind, Need};
use serde_json::{Value, json};

/// JSON Schema (draft 2020-12) of a pipeline file, for editors. A file that breaks it is refused;
/// one that keeps it may still be, since names must resolve and polygons be simple.
pub fn pipeline_schema() -> Value {
    file_schema("viahe pipeline", PIPELINE)
}

/// JSON Schema (draft 2020-12) of a model file, in the same sense.
pub fn model_schema() -> Value {
    file_schema("viahe model", MODEL_FILE)
}

/// JSON Schema (draft 2020-12) of a taxonomy file, in the same sense.
pub fn taxonomy_schema() -> Value {
    file_schema("viahe taxonomy", TAXONOMY_FILE)
}

fn file_schema(title: &str, keys: &[Key]) -> Value {
    let mut schema = table_schema(keys);
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!(title);
    schema
}

fn table_schema(keys: &[Key]) -> Value {
    let properties: serde_json::Map<String, Value> =
        keys.iter().map(|key| (key.name.to_owned(), key_schema(key))).collect();
    let required: Vec<&str> =
        keys.iter().filter(|k| matches!(k.need, Need::Required)).map(|k| k.name).collect();
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
        "required": required,
    })
}

fn key_schema(key: &Key) -> Value {
    let mut schema = match &key.kind {
        Kind::Text(form) => text_schema(form),
        Kind::OneOf(options) => json!({ "type": "string", "enum": options }),
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Whole { min, max } => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Kind::Number { min, max } => json!({ "type": "number", "minimum": min, "maximum": max }),
        Kind::Amount { min, max } => json!({
            "anyOf": [{ "type": "number", "minimum": min, "maximum": max }, { "type": "string" }],
        }),
        Kind::Pairs { count, min, max } => {
            let number = json!({ "type": "number", "minimum": min, "maximum": max });
            let pair = json!({ "type": "array", "items": number, "minItems": 2, "maxItems": 2 });
            json!({ "type": "array", "items": pair, "minItems": count, "maxItems": count })
        }
        Kind::Sizes { most, min, max } => {
            let px = json!({ "type": "integer", "minimum": min, "maximum": max });
            let size = json!({ "type": "array", "items": px, "minItems": 2, "maxItems": 2 });
            json!({ "type": "array", "items": size, "minItems": 1, "maxItems": most })
        }
        Kind::List(form) => json!({ "type": "array", "items": text_schema(form), "minItems": 1 }),
        Kind::Corners => {
            let number = json!({ "type": "number", "minimum": 0, "maximum": 1 });
            let corner = json!({ "type": "array", "items": number, "minItems": 2, "maxItems": 2 });
            json!({ "type": "array", "items": corner, "minItems": 3, "maxItems": 64 })
        }
        Kind::Numbers { count, min, max } => {
            let number = json!({ "type": "number", "minimum": min, "maximum": max });
            json!({ "type": "array", "items": number, "minItems": count, "maxItems": count })
        }
        Kind::Wholes { most, min, max } => {
            let whole = json!({ "type": "integer", "minimum": min, "maximum": max });
            json!({ "type": "array", "items": whole, "minItems": 1, "maxItems": most })
        }
        Kind::WholeOr { word, min, max } => json!({
            "anyOf": [{ "type": "integer", "minimum": min, "maximum": max }, { "const": word }],
        }),
        Kind::Entries { keys, values } => json!({
            "type": "object",
            "propertyNames": { "pattern": keys.pattern },
            "additionalProperties": text_schema(values),
            "minProperties": 1,
        }),
        Kind::Titled { keys, table } => json!({
            "type": "object",
            "propertyNames": { "pattern": keys.pattern },
            "additionalProperties": table_schema(table),
        }),
        Kind::Table(keys) => table_schema(keys),
        Kind::Tables(keys) => {
            json!({ "type": "array", "items": table_schema(keys), "minItems": 1 })
        }
        Kind::Named(keys) => json!({
            "type": "object",
            "propertyNames": { "pattern": "^[a-z0-9-]{3,40}$" },
            "additionalProperties": table_schema(keys),
        }),
    };
    schema["description"] = json!(key.doc);
    if let Ok(example) = toml::from_str::<Value>(&format!("example = {}", key.example)) {
        schema["examples"] = json!([example["example"]]);
    }
    match key.need {
        Need::Text(default) => schema["default"] = json!(default),
        Need::Number(default) => schema["default"] = number(default),
        Need::Required | Need::Optional => {}
    }
    schema
}

fn number(value: f64) -> Value {
    if value.fract() == 0.0 { json!(value as i64) } else { json!(value) }
}

fn text_schema(form: &Form) -> Value {
    json!({ "type": "string", "title": form.title, "pattern": form.pattern })
}

/// All keys of a catalogue entry as Markdown tables.
pub fn catalogue_reference() -> String {
    file_reference(CATALOGUE)
}

/// All keys of a model file as Markdown tables.
pub fn model_reference() -> String {
    file_reference(MODEL_FILE)
}

/// The keys at the head of a file, then its tables.
fn file_reference(keys: &[Key]) -> String {
    let rows: String = keys.iter().filter(|key| !key.example.is_empty()).map(row).collect();
    let inner: String = keys.iter().map(|key| section(key, key.name)).collect();
    let columns = "| key | value | default | meaning | example |\n|---|---|---|---|---|";
    format!("{columns}\n{rows}\n{inner}")
}

/// All keys of a pipeline file as Markdown tables.
pub fn pipeline_reference() -> String {
    PIPELINE.iter().map(|key| section(key, key.name)).collect()
}

/// The section of a table, then those of the tables in it.
fn section(key: &Key, path: &str) -> String {
    let (keys, head) = match key.kind {
        Kind::Table(keys) => (keys, format!("[{path}]")),
        Kind::Tables(keys) => (keys, format!("[[{path}]]")),
        Kind::Named(keys) => (keys, format!("[{path}.NAME]")),
        _ => return String::new(),
    };
    let need = if matches!(key.need, Need::Required) { "Required." } else { "Optional." };
    let rows: String = keys.iter().filter(|key| !key.example.is_empty()).map(row).collect();
    let inner: String =
        keys.iter().map(|key| section(key, &format!("{path}.{}", key.name))).collect();
    let columns = "| key | value | default | meaning | example |\n|---|---|---|---|---|";
    format!("### `{head}`\n\n{} {need}\n\n{columns}\n{rows}\n{inner}", key.doc)
}

fn row(key: &Key) -> String {
    let default = match key.need {
        Need::Required => "required".into(),
        Need::Optional => "–".into(),
        Need::Text(text) => format!("`\"{text}\"`"),
        Need::Number(value) => format!("`{}`", number(value)),
    };
    let Key { name, doc, example, .. } = key;
    format!("| `{name}` | {} | {default} | {doc} | `{example}` |\n", value(key))
}

fn value(key: &Key) -> String {
    match &key.kind {
        Kind::Text(form) => form.title.into(),
        Kind::OneOf(options) => {
            options.iter().map(|o| format!("`\"{o}\"`")).collect::<Vec<_>>().join(", ")
        }
        Kind::Flag => "`true` or `false`".into(),
        Kind::Whole { min, max } => format!("whole number, {min} to {max}"),
        Kind::Number { min, max } => format!("number, {min} to {max}"),
        Kind::List(form) => format!("list, each a {}", form.title),
        Kind::Amount { min, max } => format!("number, {min} to {max}, or a parameter"),
        Kind::Pairs { count, .. } => format!("list of {count} pairs"),
        Kind::Sizes { most, min, max } => {
            format!("list of 1 to {most} `[columns, rows]`, {min} to {max}")
        }
        Kind::Numbers { count, .. } => format!("list of {count} numbers"),
        Kind::Wholes { most, min, max } => {
            format!("list of 1 to {most} whole numbers, {min} to {max}")
        }
        Kind::WholeOr { word, min, max } => {
            format!("`\"{word}\"`, or whole number, {min} to {max}")
        }
        Kind::Entries { keys, values } => {
            format!("table, each a {} = a {}", keys.title, values.title)
        }
        Kind::Corners => "list of `[x, y]`".into(),
        Kind::Table(_) | Kind::Named(_) | Kind::Titled { .. } => "table".into(),
        Kind::Tables(_) => "list of tables".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::problem::{FileKind, Report, Source};
    use super::super::read::{Node, document};
    use super::*;

    /// Each example in the key table passes the checks of its key, each default too.
    fn check(keys: &'static [Key]) {
        for key in keys {
            let default = match key.need {
                Need::Text(text) => format!("\"{text}\""),
                Need::Number(value) => number(value).to_string(),
                Need::Required | Need::Optional => key.example.into(),
            };
            for value in [key.example, &default].into_iter().filter(|v| !v.is_empty()) {
                let (text, report) = (format!("{} = {value}", key.name), Report::default());
                let source = Source {
                    kind: FileKind::Pipeline,
                    name: "example",
                    text: &text,
                    rank: 0,
                    report: &report,
                };
                let table = document(&source).unwrap();
                // The other keys are missing; only this one is of interest.
                Node::root(&source, &table, keys).check();
                let told = report.finish(None::<()>, "example").unwrap_err().to_string();
                let own = |line: &&str| line.starts_with(&format!("example:1: {}", key.name));
                assert_eq!(told.lines().find(own), None, "{text}");
            }
            if let Kind::Table(keys) | Kind::Tables(keys) | Kind::Named(keys) = key.kind {
                check(keys);
            }
        }
    }

    #[test]
    fn examples_and_defaults_are_valid() {
        check(PIPELINE);
        check(CATALOGUE);
        check(MODEL_FILE);
        check(TAXONOMY_FILE);
    }

    #[test]
    fn the_schema_knows_types_ranges_and_defaults() {
        let schema = pipeline_schema();
        let threads = &schema["properties"]["engine"]["properties"]["threads"];
        assert_eq!(schema["properties"]["engine"]["properties"]["evidence_wait_ms"]["default"], 50);
        assert_eq!((&threads["minimum"], &threads["type"]), (&json!(1), &json!("integer")));
        let rule = &schema["properties"]["camera"]["items"]["properties"]["rule"]["items"];
        assert_eq!(rule["required"], json!(["use"]));
        assert_eq!(rule["additionalProperties"], false);
        assert_eq!(rule["properties"]["dwell_secs"]["examples"], json!([120]));
    }
}
