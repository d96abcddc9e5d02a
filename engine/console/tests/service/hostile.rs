//! What somebody sends who means harm: paths, words, names, pictures that are none.

use super::sample::{event, heard, id};
use super::support::{Answer, Console};
use serde_json::json;
use sha2::{Digest, Sha256};
use viahe_console::store::{Heard, Taken};
use viahe_contract::message::to_bytes;

/// What stands in files that nobody may read.
const SECRETS: [&str; 3] = ["SQLite format 3", "root:x:0", "mqtt://"];

#[test]
fn no_path_leads_to_a_file() {
    let console = Console::start();
    let admin = console.admin();
    let mut paths: Vec<String> = Vec::new();
    for up in
        ["../", "..%2f", "%2e%2e/", "%2e%2e%2f", "..\\", "..%5c", "..%252f", "..%c0%af", "....//"]
    {
        for target in ["console.db", "etc/passwd", "console.toml"] {
            for below in ["/", "/assets/", "/v1/evidence/", "/v1/incidents/", "/evidence/", "//"] {
                paths.push(format!("{below}{}{target}", up.repeat(6)));
            }
        }
    }
    let odd = [
        "/console.db",
        "/etc/passwd",
        "/%00",
        "/assets/%00.js",
        "/v1/evidence/console.db",
        "/.",
        "/..",
        "/%",
    ];
    paths.extend(odd.map(str::to_owned));
    for path in paths {
        for headers in [vec![], admin.headers()] {
            let answer = console.ask("GET", &path, &headers, None);
            let is_page = answer.status == 200
                && answer.header("content-type") == Some("text/html; charset=utf-8");
            assert!(
                is_page || [400, 401, 404].contains(&answer.status),
                "{path}: {}",
                answer.status
            );
            assert!(!SECRETS.iter().any(|secret| answer.body.contains(secret)), "{path}");
        }
    }
}

/// What boxes and people may be called by who means harm.
const NAMES: [&str; 7] = [
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "'; DROP TABLE incident; --",
    "\" OR 1=1 --",
    "a\u{202e}gnol\u{200b}\u{feff}",
    "a\u{0}b\r\nset-cookie: x=y",
    "{{constructor.constructor('alert(1)')()}}",
];

fn told(n: u32, name: &str) -> Heard {
    let mut event = event("hue", n, 1);
    for key in ["title", "camera_name", "place", "guidance"] {
        event["data"][key] = json!(name);
    }
    Heard {
        payload: event["data"].to_string(),
        event: serde_json::from_slice(&to_bytes(&event)).unwrap(),
        ..heard("hue", n, 1)
    }
}

#[test]
fn hostile_names_are_words_and_nothing_else() {
    let console = Console::start();
    let admin = console.admin();
    let long = "x".repeat(200_000);
    let names: Vec<&str> = NAMES.into_iter().chain([&*long]).collect();
    let batch = (1..).zip(&names).map(|(n, name)| told(n, name)).collect();
    let taken = console.runtime.block_on(console.store.take(batch)).unwrap();
    assert_eq!(taken, vec![Taken::New; names.len()]);
    for (n, name) in (1..).zip(&names) {
        let path = format!("/v1/incidents/{}", id(n));
        let detail = console.ask("GET", &path, &admin.headers(), None);
        // Lists hold the beginning, the case itself all of it.
        let told = detail.json();
        let beginning: String = name.chars().take(200).collect();
        assert_eq!((detail.status, &told["incident"]["title"]), (200, &json!(name)));
        assert_eq!(told["summary"]["title"], json!(beginning));
        assert!(is_plain_json(&detail) && detail.header("set-cookie").is_none(), "{name:?}");
        let note = json!({ "note": name.chars().take(500).collect::<String>() });
        let raised =
            console.ask("POST", &format!("{path}/escalation"), &admin.headers(), Some(note));
        assert!(raised.status == 201 && is_plain_json(&raised), "{name:?}: {}", raised.body);
    }
    let metrics = console.ask("GET", "/metrics", &[], None);
    assert!(!metrics.body.contains("alert"), "no name becomes a label");
}

fn is_plain_json(answer: &Answer) -> bool {
    answer.header("content-type") == Some("application/json")
        && answer.header("x-content-type-options") == Some("nosniff")
}

#[test]
fn what_is_searched_is_words_and_no_language() {
    let console = Console::start();
    let admin = console.admin();
    console.runtime.block_on(console.store.take(vec![heard("hue", 1, 1)])).unwrap();
    let many = "a%20".repeat(3_000);
    for (typed, found) in [
        ("%22", 1),
        ("%22%20OR%20%22", 0),
        ("words:xe", 0),
        ("NEAR(do%20xe)", 0),
        ("NEAR", 0),
        ("xe*%20AND%20zzz", 0),
        ("do%20NOT%20xe", 0),
        ("%5e%20do", 1),
        ("(((((", 1),
        ("%00", 1),
        ("x%00e", 0),
        ("%27%29%3B%20DROP%20TABLE%20incident%3B%20--", 0),
        ("%F0%9F%9A%97", 1),
        ("%E2%92%B6", 0),
        (&many, 0),
    ] {
        for path in ["/v1/queue", "/v1/incidents"] {
            let answer = console.ask("GET", &format!("{path}?q={typed}"), &admin.headers(), None);
            assert_eq!(answer.status, 200, "{path} {typed}: {}", answer.body);
            let answer = answer.json();
            let incidents = answer["lines"].as_array().or(answer["incidents"].as_array()).unwrap();
            assert_eq!(incidents.len(), found, "{path} {typed}");
        }
    }
}

#[test]
fn an_svg_is_no_picture_whatever_it_is_called() {
    let console = Console::start();
    let token = console.token("box-hue", "box", Some(&["hue"]));
    let admin = console.admin();
    let bring = |body: &[u8], kind: &str| {
        let digest = Sha256::digest(body);
        let name = digest.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
        let headers = [("authorization", &*token), ("content-type", kind)];
        (console.send("PUT", &format!("/v1/evidence/{name}"), &headers, body), name)
    };
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>";
    for kind in ["image/jpeg", "image/svg+xml", "image/jpeg, image/svg+xml", "text/html"] {
        let (refused, name) = bring(svg, kind);
        assert_eq!(refused.status, 422, "{kind}");
        let see = console.ask("GET", &format!("/v1/evidence/{name}"), &admin.headers(), None);
        assert_eq!(see.status, 404, "{kind}");
    }
    // What begins as a JPEG is shown as one, and no browser may guess or run anything.
    let both = [b"\xff\xd8\xff\xe0", &svg[..]].concat();
    let (brought, name) = bring(&both, "image/jpeg");
    assert_eq!(brought.status, 201, "{}", brought.body);
    let mut event = event("hue", 1, 1);
    event["data"]["evidence"][0]["sha256"] = json!(name);
    let heard =
        Heard { event: serde_json::from_slice(&to_bytes(&event)).unwrap(), ..heard("hue", 1, 1) };
    console.runtime.block_on(console.store.take(vec![heard])).unwrap();
    let see = console.ask("GET", &format!("/v1/evidence/{name}"), &admin.headers(), None);
    assert_eq!(see.status, 200, "{}", see.body);
    for (header, value) in [
        ("content-type", "image/jpeg"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "sandbox"),
    ] {
        assert_eq!(see.header(header), Some(value));
    }
}

/// A box that says ever more of one incident makes it longer on the disk, and not the answer.
#[test]
fn of_one_incident_so_much_is_told_and_no_more() {
    let console = Console::start();
    let admin = console.admin();
    let said = |revision: u32| {
        let mut event = event("hue", 1, 1);
        let name = |n: u32| json!(format!("{n:064x}"));
        event["data"]["revision"] = json!(revision);
        event["id"] = json!(format!("{}-r{revision}", id(1)));
        event["data"]["evidence"][0]["sha256"] = name(revision);
        if revision > 1 {
            event["type"] = json!("vn.viahe.incident.updated");
        }
        let event = serde_json::from_slice(&to_bytes(&event)).unwrap();
        Heard { event, ..heard("hue", 1, revision) }
    };
    let taken = console.store.take((1..=250).map(said).collect());
    assert_eq!(console.runtime.block_on(taken).unwrap().len(), 250);
    let path = format!("/v1/incidents/{}", id(1));
    let told = console.ask("GET", &path, &admin.headers(), None).json();
    let revisions = told["revisions"].as_array().unwrap();
    assert_eq!((revisions.len(), &revisions[0]["revision"]), (200, &json!(51)));
    assert_eq!(
        (&revisions[199]["revision"], &told["summary"]["revision"]),
        (&json!(250), &json!(250))
    );
    assert_eq!(told["evidence"].as_array().unwrap().len(), 200);
}

#[test]
fn what_is_too_long_or_ends_early_is_refused_and_the_next_is_answered() {
    let console = Console::start();
    let admin = console.admin();
    let long = |length: usize| {
        let path = format!("/v1/queue?q={}", "a".repeat(length));
        console.ask("GET", &path, &admin.headers(), None).status
    };
    assert_eq!((long(60_000), long(70_000)), (200, 414));
    let path = "/v1/incidents/x/escalation";
    let big = json!({ "note": "x".repeat(65_536) });
    let refused = console.ask("POST", path, &admin.headers(), Some(big));
    assert_eq!((refused.status, refused.kind()), (413, "too_large".into()));
    for body in [&b"{"[..], b"", b"\xff", b"[]", b"{\"note\": \"\\ud800\"}"] {
        let mut headers = admin.headers();
        headers.push(("content-type", "application/json"));
        let refused = console.send("POST", path, &headers, body);
        assert_eq!((refused.status, refused.kind()), (422, "invalid".into()), "{body:?}");
    }
    assert_eq!(long(10), 200);
}
