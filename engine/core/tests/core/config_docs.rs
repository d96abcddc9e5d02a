//! What is written about the configuration is true: examples parse, the reference is the key
//! table, and the JSON Schema agrees with the reader.

use crate::support::{World, installed_or_made, root, tomls};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use viahe_core::config::{
    Entry, Taxonomy, catalogue_reference, model, model_reference, model_schema, pipeline_reference,
    pipeline_schema, taxonomy_schema,
};

const GUIDE: &str = "docs/configuration.md";
const MODELS: &str = "models/README.md";
const MARKS: [&str; 2] = ["<!-- keys: begin -->\n", "<!-- keys: end -->\n"];
const CATALOGUE_MARKS: [&str; 2] = ["<!-- catalogue: begin -->\n", "<!-- catalogue: end -->\n"];

/// With `VIAHE_UPDATE_DOCS` set, writes the references into the documents instead.
#[test]
fn the_references_are_the_key_tables() {
    for (document, marks, reference) in [
        (GUIDE, MARKS, pipeline_reference()),
        (GUIDE, CATALOGUE_MARKS, catalogue_reference()),
        (MODELS, MARKS, model_reference()),
    ] {
        let text = fs::read_to_string(root().join(document)).unwrap();
        let (before, rest) = text.split_once(marks[0]).unwrap();
        let (written, after) = rest.split_once(marks[1]).unwrap();
        let want = format!("\n{reference}");
        if std::env::var_os("VIAHE_UPDATE_DOCS").is_some() {
            let text = format!("{before}{}{want}{}{after}", marks[0], marks[1]);
            fs::write(root().join(document), text).unwrap();
            continue;
        }
        let now = "run this test with VIAHE_UPDATE_DOCS=1";
        assert!(written == want, "{document} is out of date: {now}");
    }
}

/// A fragment of a pipeline with what it leaves out.
fn completed(block: &str) -> String {
    let mut text = String::new();
    for (mark, part) in [
        ("[site]", "[site]\nid = \"guide\"\ntimezone = \"UTC\"\n"),
        ("[model.", "[model.street]\npackage = \"ssdlite-coco\"\n"),
        (
            "[[camera]]",
            "[[camera]]\nid = \"cam\"\nurl = \"pattern://64x64@5\"\nmodel = \"street\"\n",
        ),
        ("[camera.zone.", "[camera.zone.kerb]\npolygon = [[0, 0], [1, 0], [1, 1]]\n"),
    ] {
        // A zone belongs to a camera; a block that brings a camera needs no other.
        let own = block.contains(mark) || mark == "[camera.zone." && block.contains("[[camera]]");
        if !own {
            text += part;
        }
    }
    text + block
}

/// Fenced blocks of a language in all documents, with the file that each is in.
fn blocks(language: &str) -> Vec<(String, String)> {
    let fence = format!("```{language}\n");
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> =
        ["docs", "models", "pipelines", "fixtures"].map(|folder| root().join(folder)).into();
    let mut files: Vec<PathBuf> =
        ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"].map(|file| root().join(file)).into();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let list = if path.is_dir() { &mut folders } else { &mut files };
            list.push(path);
        }
    }
    for file in files.iter().filter(|f| f.extension().is_some_and(|e| e == "md")) {
        let text = fs::read_to_string(file).unwrap();
        let blocks = text.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap());
        found.extend(blocks.map(|b| (file.display().to_string(), b.to_owned())));
    }
    found
}

/// Blocks of `toml` are pipelines, whole or in part; `toml catalogue` and `toml model` are what
/// they say.
#[test]
fn every_example_in_the_documents_is_valid() {
    let world = World::new();
    let pipelines = blocks("toml");
    assert!(pipelines.len() >= 8);
    for (file, block) in pipelines {
        let told = world.parse_with("example", &completed(&block), &installed_or_made);
        told.unwrap_or_else(|e| panic!("{file}:\n{block}\n{e}"));
    }
    for (file, block) in blocks("toml catalogue") {
        Entry::parse("example", &block).unwrap_or_else(|e| panic!("{file}:\n{block}\n{e}"));
    }
    for (file, block) in blocks("toml model") {
        let told = model::parse_any("example", &block, &Taxonomy::builtin());
        told.unwrap_or_else(|e| panic!("{file}:\n{block}\n{e}"));
    }
}

/// Who copies the example of the front page has a whole pipeline.
#[test]
fn the_first_example_needs_nothing_more() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let block = readme.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    assert_eq!(completed(block), block);
}

/// Does `value` keep the parts of JSON Schema that ours uses, `pattern` excepted?
fn keeps(schema: &Value, value: &Value) -> bool {
    if let Some(any) = schema["anyOf"].as_array() {
        return any.iter().any(|schema| keeps(schema, value));
    }
    if let Some(word) = schema.get("const") {
        return word == value;
    }
    let number = |v: &Value| v.as_f64();
    let right_type = match schema["type"].as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64(),
        Some("boolean") => value.is_boolean(),
        Some("number") => value.is_number(),
        other => panic!("type {other:?}"),
    };
    if !right_type {
        return false;
    }
    let count = value.as_array().map_or(0, Vec::len);
    let in_range = number(&schema["minimum"]).is_none_or(|m| number(value).is_some_and(|v| v >= m))
        && number(&schema["maximum"]).is_none_or(|m| number(value).is_some_and(|v| v <= m))
        && schema["minItems"].as_u64().is_none_or(|m| count >= m as usize)
        && schema["maxItems"].as_u64().is_none_or(|m| count <= m as usize);
    let listed = schema["enum"].as_array().is_none_or(|options| options.contains(value));
    let complete = schema["required"]
        .as_array()
        .is_none_or(|keys| keys.iter().all(|k| value.get(k.as_str().unwrap()).is_some()));
    let items = value.as_array().is_none_or(|v| v.iter().all(|v| keeps(&schema["items"], v)));
    let fields = value.as_object().is_none_or(|fields| {
        fields.iter().all(|(key, value)| match schema["properties"].get(key) {
            Some(schema) => keeps(schema, value),
            None => match &schema["additionalProperties"] {
                Value::Bool(allowed) => *allowed,
                schema => keeps(schema, value),
            },
        })
    });
    in_range && listed && complete && items && fields
}

#[test]
fn the_schema_agrees_with_the_reader() {
    let schema = pipeline_schema();
    let json = |text: &str| toml::from_str::<Value>(text).ok();
    for (file, text) in tomls("pipelines") {
        assert!(keeps(&schema, &json(&text).unwrap()), "{file} is valid, the schema refuses it");
    }
    let mut refused = 0;
    let world = World::new();
    for (file, text) in tomls("fixtures/configs") {
        let told = world.parse(&file, &text).unwrap_err().to_string();
        let Some(value) = json(&text) else { continue };
        let structural = ["not a known key", "is missing; add", "must be text", "must be a"];
        if structural.iter().any(|what| told.contains(&format!("{file}:")) && told.contains(what)) {
            assert!(!keeps(&schema, &value), "{file} is refused, the schema takes it:\n{told}");
            refused += 1;
        }
    }
    assert!(refused >= 10, "only {refused} hostile files were of use here");
}

#[test]
fn the_schema_of_models_agrees_with_the_reader() {
    let schema = model_schema();
    let text = fs::read_to_string(root().join("models/ssdlite-coco/model.toml")).unwrap();
    let taken = |text: &str| keeps(&schema, &toml::from_str::<Value>(text).unwrap());
    let other = fs::read_to_string(root().join("models/yolox-nano/model.toml")).unwrap();
    assert!(taken(&text) && taken(&other));
    for (from, to) in [
        ("version = 1", "version = 0"),
        ("recipe = \"make setup\"\n", ""),
        ("width = 300", "width = 300\ncolour = 1"),
        ("batch = \"any\"", "batch = \"some\""),
        ("batch = \"any\"", "batch = 0"),
        ("mean = [0.0, 0.0, 0.0]", "mean = [0.0, 0.0]"),
        ("head = \"ssd\"", "head = \"faster\""),
        ("[nms]", "[nmz]"),
        ("0 = \"person\"", "0 = 1"),
    ] {
        let text = text.replacen(from, to, 1);
        assert!(!taken(&text), "the schema takes {to:?}");
        let told = model::parse("model.toml", &text).unwrap_err();
        assert!(told.problems.iter().all(|p| !p.remedy.is_empty()), "{told}");
    }
}

#[test]
fn the_schema_of_taxonomies_agrees_with_the_reader() {
    let schema = taxonomy_schema();
    let text = fs::read_to_string(root().join("models/taxonomy.toml")).unwrap();
    let taken = |text: &str| keeps(&schema, &toml::from_str::<Value>(text).unwrap());
    assert!(taken(&text));
    for (from, to) in [
        ("version = 1", "version = 0"),
        ("version = 1", "versoin = 1"),
        ("[class]", "[klass]"),
        ("{ en = \"Person\", vi = \"Người\" }", "\"Person\""),
        ("en = \"Person\"", "fr = \"Personne\""),
    ] {
        let text = text.replacen(from, to, 1);
        assert!(!taken(&text), "the schema takes {to:?}");
        let told = Taxonomy::builtin().extend("taxonomy.toml", &text).unwrap_err();
        assert!(told.problems.iter().all(|p| !p.remedy.is_empty()), "{told}");
    }
}

/// Name, title, parameters and looks of each entry stand in the table as they are in its file.
#[test]
fn the_table_of_the_catalogue_is_true() {
    let table = fs::read_to_string(root().join("pipelines/README.md")).unwrap();
    for (file, text) in tomls("pipelines/catalogue") {
        let entry: toml::Table = text.parse().unwrap();
        let name = file.trim_end_matches(".toml");
        let row = table.lines().find(|line| line.starts_with(&format!("| `{name}` |")));
        let row = row.unwrap_or_else(|| panic!("{name} is not in the table"));
        let mut wanted = vec![entry["title"]["en"].as_str().unwrap().to_owned()];
        for (key, value) in entry.get("parameters").and_then(|p| p.as_table()).into_iter().flatten()
        {
            wanted.push(format!("`{key}` ({value})"));
        }
        wanted.extend(entry.get("look_hz").map(|hz| format!("| {hz} |")));
        for part in wanted {
            assert!(row.contains(&part), "{part} of {name} is not in its row: {row}");
        }
    }
}
