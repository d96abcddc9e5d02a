//! The `OpenAPI` document: how one is let in, what is asked and what is answered are as they are.

use super::boxes::Site;
use super::sample::{heard, id};
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
            let picture = &answer["content"]["image/jpeg"]["schema"];
            assert!(
                picture.is_null() || picture["format"] == "binary",
                "{method} {path}: {picture}"
            );
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

/// What is refused is excluded by the document, so that whoever writes a client knows it beforehand.
#[test]
fn what_no_query_may_say_is_told_in_the_document() {
    let console = Console::start();
    let admin = console.admin();
    let document = console.ask("GET", "/v1/openapi.json", &[], None).json();
    let mut refused = 0;
    for (method, path, operation) in operations(&document) {
        let is_plain = method == "GET" && !path.contains('{') && path != "/v1/events";
        let parameters = operation["parameters"].as_array().filter(|_| is_plain);
        for parameter in parameters.into_iter().flatten() {
            let (name, schema) = (parameter["name"].as_str().unwrap(), &parameter["schema"]);
            let ask = |value: &str| {
                let path = format!("{path}?{name}={value}");
                console.ask("GET", &path, &admin.headers(), None).status
            };
            let is_bound = ["enum", "pattern", "format", "anyOf", "minimum"]
                .iter()
                .any(|key| !schema[key].is_null());
            if ask("%C2%9CD") == 422 {
                refused += 1;
                assert!(is_bound, "{path}?{name}= refuses what the document allows: {schema}");
            } else {
                assert!(!is_bound, "{path}?{name}= takes what the document forbids: {schema}");
            }
            if schema["anyOf"][0]["format"] == "date-time" {
                for far in ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", ""] {
                    // A period that is none is refused, in words of its own.
                    let expected: &[u16] =
                        if path == "/v1/workload" { &[200, 422] } else { &[200] };
                    assert!(expected.contains(&ask(far)), "{path}?{name}={far}");
                }
            }
        }
    }
    assert!(refused > 20, "{refused}");
    assert_eq!(console.ask("GET", "/v1/audit?cursor=-1", &admin.headers(), None).status, 422);
}

#[test]
fn a_whole_number_is_one_however_it_is_written() {
    let console = Console::start();
    let admin = console.admin();
    console.runtime.block_on(console.store.take(vec![heard("hue", 1, 1)])).unwrap();
    let path = format!("/v1/incidents/{}/verdict", id(1));
    for (revision, status) in
        [("1.5", 422), ("1e300", 422), ("-1.0", 422), ("1.0", 201), ("1e0", 200)]
    {
        let body = format!("{{\"revision\": {revision}, \"judgement\": \"confirmed\"}}");
        let headers = [&admin.headers()[..], &[("content-type", "application/json")]].concat();
        let answer = console.send("POST", &path, &headers, body.as_bytes());
        assert_eq!(answer.status, status, "{revision}: {}", answer.body);
    }
}

/// Rules between the fields of a body: what the document forbids is refused, and what it allows is not.
#[test]
fn what_fields_ask_of_each_other_is_told_in_the_document() {
    // Whose box is known, and does not listen.
    let site = Site::start();
    let console = &site.console;
    let admin = console.admin();
    console.runtime.block_on(console.store.take(vec![heard("hue", 1, 1)])).unwrap();
    let mut document = console.ask("GET", "/v1/openapi.json", &[], None).json();
    let verdict = |more: Value| {
        let mut body = json!({ "revision": 1 });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        ("Judging", format!("/v1/incidents/{}/verdict", id(1)), body)
    };
    let base = "9f".repeat(32);
    let revert = "/v1/sites/hue/pipeline/revert".to_owned();
    let mut next = 0;
    let mut person = |role: &str, sites: Value| {
        next += 1;
        json!({ "name": format!("somebody-{next}"), "display_name": "x", "role": role, "sites": sites })
    };
    let mut cases = vec![
        verdict(json!({ "judgement": "confirmed" })),
        verdict(json!({ "judgement": "confirmed", "reason": null, "note": "x" })),
        verdict(json!({ "judgement": "confirmed", "reason": "poor_view" })),
        verdict(json!({ "judgement": "dismissed" })),
        verdict(json!({ "judgement": "dismissed", "reason": null, "note": "x" })),
        verdict(json!({ "judgement": "dismissed", "reason": "poor_view" })),
        verdict(json!({ "judgement": "dismissed", "reason": "other" })),
        verdict(json!({ "judgement": "dismissed", "reason": "other", "note": " \t" })),
        verdict(json!({ "judgement": "dismissed", "reason": "other", "note": "a wedding" })),
        ("Reverting", revert.clone(), json!({ "base": base, "to": base })),
        ("Reverting", revert.clone(), json!({ "base": base, "to": base, "check": false })),
        ("Reverting", revert.clone(), json!({ "base": base, "to": base, "check": true })),
        ("Reverting", revert, json!({ "base": base, "to": base, "why": "x" })),
    ];
    for (role, sites) in [
        ("admin", Value::Null),
        ("admin", json!(["hue"])),
        ("operator", Value::Null),
        ("operator", json!(["hue", "da-nang"])),
    ] {
        cases.push(("AddPerson", "/v1/people".into(), person(role, sites)));
    }
    for (role, sites) in [
        ("box", Value::Null),
        ("box", json!(["hue", "da-nang"])),
        ("box", json!(["hue"])),
        ("viewer", Value::Null),
        ("viewer", json!(["hue", "da-nang"])),
    ] {
        let mut token = person(role, sites);
        token.as_object_mut().unwrap().remove("display_name");
        cases.push(("AddToken", "/v1/tokens".into(), token));
    }
    let (mut allowed, mut forbidden) = (0, 0);
    for (schema, path, body) in cases {
        document["allOf"] = json!([{ "$ref": format!("#/components/schemas/{schema}") }]);
        let fits = jsonschema::draft202012::new(&document).unwrap().is_valid(&body);
        let answer = console.ask("POST", &path, &admin.headers(), Some(body.clone()));
        let taken = answer.status != 422;
        assert_eq!(fits, taken, "{schema}: {} to {body}: {}", answer.status, answer.body);
        allowed += usize::from(fits);
        forbidden += usize::from(!fits);
    }
    assert_eq!((allowed, forbidden), (12, 10));
}
