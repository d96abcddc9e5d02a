//! The `OpenAPI` document: how one is let in, what is asked and what is answered are as they are.

use super::support::Console;
use serde_json::{Value, json};
use viahe_console::people::{Need, need_of};

fn operations(document: &Value) -> Vec<(String, String, &Value)> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            all.push((method.to_uppercase(), path.clone(), operation));
        }
    }
    all
}

#[test]
fn the_document_tells_how_one_is_let_in_and_what_errors_are() {
    let console = Console::start();
    let document = console.ask("GET", "/v1/openapi.json", &[], None).json();
    let operations = operations(&document);
    assert!(operations.len() > 20, "{} operations", operations.len());
    for (method, path, operation) in operations {
        let open = need_of(&method, &path) == Some(Need::Nothing);
        let security = operation["security"].as_array().unwrap();
        assert_eq!(security.is_empty(), open, "{method} {path}: {security:?}");
        let by_session = security.iter().find(|way| !way["session"].is_null());
        let proves = by_session.is_some_and(|way| !way["csrf"].is_null());
        assert_eq!(proves, !open && !["GET", "HEAD"].contains(&&*method), "{method} {path}");
        for (status, answer) in operation["responses"].as_object().unwrap() {
            let kinds = answer["content"].as_object().into_iter().flatten();
            for (kind, _) in kinds.filter(|_| status.starts_with(['4', '5'])) {
                assert_eq!(kind, "application/problem+json", "{method} {path}: {status}");
            }
        }
    }
    let missing = console.ask("GET", "/v1/incidents/nothing", &console.admin().headers(), None);
    assert_eq!(missing.header("content-type"), Some("application/problem+json"));
}

/// What a schema allows is taken, and what it does not is not.
#[test]
fn words_that_the_document_names_are_those_that_are_read() {
    let console = Console::start();
    let admin = console.admin();
    let document = console.ask("GET", "/v1/openapi.json", &[], None).json();
    for path in ["/v1/queue", "/v1/incidents"] {
        let parameters = document["paths"][path]["get"]["parameters"].as_array().unwrap();
        let mut tried = 0;
        for parameter in parameters {
            let name = parameter["name"].as_str().unwrap();
            let Some(named) = parameter["schema"]["enum"].as_array() else { continue };
            for word in named.iter().filter_map(Value::as_str).chain(["none-of-them"]) {
                let answer =
                    console.ask("GET", &format!("{path}?{name}={word}"), &admin.headers(), None);
                let expected = if named.contains(&json!(word)) { 200 } else { 422 };
                assert_eq!(answer.status, expected, "{path}?{name}={word}");
                tried += 1;
            }
        }
        assert!(tried > 15, "{path}: {tried}");
    }
}
