//! The `AsyncAPI` document as data: its schemas, and what they ask for.

use jsonschema::Validator;
use serde_json::{Map, Value, json};
use yaml_rust2::{Yaml, YamlLoader};

const TEXT: &str = include_str!("../../../../docs/mqtt.asyncapi.yaml");

/// The whole document.
pub(crate) fn document() -> Value {
    let [yaml] = &YamlLoader::load_from_str(TEXT).unwrap()[..] else { panic!("one document") };
    json_of(yaml)
}

fn json_of(yaml: &Yaml) -> Value {
    match yaml {
        Yaml::Null => Value::Null,
        Yaml::Boolean(value) => json!(value),
        Yaml::Integer(value) => json!(value),
        Yaml::Real(text) => json!(text.parse::<f64>().unwrap()),
        Yaml::String(text) => json!(text),
        Yaml::Array(items) => items.iter().map(json_of).collect(),
        Yaml::Hash(map) => {
            let pair = |(key, value): (&Yaml, &Yaml)| {
                (key.as_str().expect("keys are text").to_owned(), json_of(value))
            };
            Value::Object(map.iter().map(pair).collect::<Map<_, _>>())
        }
        Yaml::Alias(_) | Yaml::BadValue => panic!("{yaml:?}"),
    }
}

/// Where each object schema of the document stands.
pub(crate) fn objects(document: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for (name, schema) in schemas {
        collect(schema, &format!("/components/schemas/{name}"), &mut |place, schema| {
            if schema.get("properties").is_some() {
                found.push(place.to_owned());
            }
        });
    }
    found
}

/// Where each list of allowed values of the document's schemas stands.
pub(crate) fn enums(document: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        collect(schema, &format!("/components/schemas/{name}"), &mut |place, schema| {
            if schema.get("enum").is_some() {
                found.push(format!("{place}/enum"));
            }
        });
    }
    found
}

/// Every schema below `schema`.
fn collect(schema: &Value, place: &str, found: &mut impl FnMut(&str, &Value)) {
    found(place, schema);
    for (key, value) in schema.as_object().into_iter().flatten() {
        match key.as_str() {
            "properties" => {
                for (name, schema) in value.as_object().unwrap() {
                    collect(schema, &format!("{place}/properties/{name}"), found);
                }
            }
            "items" => collect(value, &format!("{place}/items"), found),
            "oneOf" => {
                for (n, schema) in value.as_array().unwrap().iter().enumerate() {
                    collect(schema, &format!("{place}/oneOf/{n}"), found);
                }
            }
            _ => {}
        }
    }
}

/// Decides whether a text is a message of this schema and has nothing in it that the schema lacks: readers
/// pass over what they do not know, but we write nothing that is not described.
pub(crate) fn validator(document: &Value, schema: &str) -> Validator {
    let mut root = document.clone();
    for place in objects(document) {
        root.pointer_mut(&place).unwrap()["additionalProperties"] = json!(false);
    }
    // AsyncAPI 3 schemas are those of draft 7.
    root["allOf"] = json!([{ "$ref": format!("#/components/schemas/{schema}") }]);
    jsonschema::draft7::options().should_validate_formats(true).build(&root).unwrap()
}

/// What is wrong with a message.
pub(crate) fn faults(validator: &Validator, message: &Value) -> Vec<String> {
    let all = validator.iter_errors(message);
    all.map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// How a message is made from a schema.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fill {
    /// All that there can be.
    Full,
    /// As [`Fill::Full`], but null where that is allowed.
    Nulls,
    /// What must be, and no more.
    Required,
}

/// A message that the schema allows: of its choices the `n`-th each.
pub(crate) fn instance(document: &Value, schema: &Value, fill: Fill, n: usize) -> Value {
    if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
        let place = target.strip_prefix('#').expect("within the document");
        let schema = document.pointer(place).unwrap_or_else(|| panic!("no {target}"));
        return instance(document, schema, fill, n);
    }
    if let Some(value) = schema.get("const") {
        return value.clone();
    }
    let nulls = matches!(fill, Fill::Nulls);
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        let there: Vec<&Value> = values.iter().filter(|value| !value.is_null()).collect();
        return if nulls && there.len() < values.len() {
            Value::Null
        } else {
            there[n % there.len()].clone()
        };
    }
    if let Some(ways) = schema.get("oneOf").and_then(Value::as_array) {
        let is_null = |way: &&Value| way.get("type") == Some(&json!("null"));
        let there: Vec<&Value> = ways.iter().filter(|way| !is_null(way)).collect();
        return if nulls && there.len() < ways.len() {
            Value::Null
        } else {
            instance(document, there[n % there.len()], fill, n)
        };
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(all) => all.iter().map(|one| one.as_str().unwrap()).collect(),
        other => panic!("what type is {schema}? ({other})"),
    };
    if nulls && types.contains(&"null") {
        return Value::Null;
    }
    let integer = |key: &str, usual: i64| schema.get(key).map_or(usual, |v| v.as_i64().unwrap());
    match types[0] {
        "boolean" => json!(n.is_multiple_of(2)),
        "string" => json!(text(schema, n)),
        "integer" => {
            let (least, most) = (integer("minimum", -7), integer("maximum", i64::from(u32::MAX)));
            json!([least, most][n % 2])
        }
        "number" => {
            let (least, most) = (integer("minimum", -1), integer("maximum", 1000));
            json!(least as f64 + (most - least) as f64 * 0.25)
        }
        "array" => {
            let count = integer("minItems", 2) as usize;
            (0..count).map(|i| instance(document, &schema["items"], fill, n + i)).collect()
        }
        "object" => {
            let required = schema["required"].as_array();
            let must = |name: &String| required.is_some_and(|all| all.contains(&json!(name)));
            let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
                return json!({ "dwell_secs": instance(document, &schema["additionalProperties"], fill, n) });
            };
            let properties = properties.iter();
            let there =
                properties.filter(|(name, _)| !matches!(fill, Fill::Required) || must(name));
            let of = |(name, schema): (&String, &Value)| {
                (name.clone(), instance(document, schema, fill, n))
            };
            Value::Object(there.map(of).collect())
        }
        other => panic!("no {other} is made here: {schema}"),
    }
}

/// A text that a schema allows. The patterns of the document are few: each has its examples here.
fn text(schema: &Value, n: usize) -> String {
    if schema.get("format") == Some(&json!("date-time")) {
        return ["2026-11-22T08:14:03.120+07:00", "2031-01-01T00:00:00.000+00:00"][n % 2].into();
    }
    let Some(pattern) = schema.get("pattern").and_then(Value::as_str) else {
        return ["Vỉa hè trước chợ", "x"][n % 2].into();
    };
    let examples = [
        ("^[a-z0-9-]{3,40}$", ["le-loi-03".to_owned(), "a".repeat(40)]),
        ("^[0-9A-HJKMNP-TV-Z]{26}$", ["01KANWBRKGQ4H5ZD0ZJ3M7V8XC".into(), "7".repeat(26)]),
        ("^[0-9A-HJKMNP-TV-Z]{26}-r[0-9]+$", ["derived".into(), "derived".into()]),
        ("^[0-9a-f]{64}$", ["9f".repeat(32), "00".repeat(32)]),
        ("^[a-z_]+(\\.[a-z_]+)*$", ["furniture.table".into(), "person".into()]),
        ("^[A-Za-z0-9_-]{1,80}$", ["op-7".into(), "_".repeat(80)]),
    ];
    let known = examples.iter().find(|(known, _)| *known == pattern);
    known.unwrap_or_else(|| panic!("no example of {pattern}")).1[n % 2].clone()
}
