//! Pictures: brought by a box's token in parts, shown to whom the site is open.

use super::sample::{PICTURE, PICTURE_NAME, heard};
use super::support::{Answer, Console, Session};
use serde_json::{Value, json};
use std::time::Duration;
use viahe_console::evidence::Files;
use viahe_console::people::Shown;
use viahe_contract::sha256::Sha256;

fn put(console: &Console, token: &str, name: &str, range: Option<&str>, body: &[u8]) -> Answer {
    let mut headers = vec![("authorization", token), ("content-type", "image/jpeg")];
    headers.extend(range.map(|range| ("content-range", range)));
    console.send("PUT", &format!("/v1/evidence/{name}"), &headers, body)
}

fn head(console: &Console, token: &str) -> (u16, Option<String>, Option<String>) {
    let path = format!("/v1/evidence/{PICTURE_NAME}");
    let answer = console.send("HEAD", &path, &[("authorization", token)], &[]);
    let header = |name: &str| answer.header(name).map(str::to_owned);
    (answer.status, header("content-length"), header("upload-offset"))
}

#[test]
fn a_picture_comes_in_parts_and_is_shown_where_its_site_is_open() {
    let console = Console::start();
    let batch = vec![heard("hue", 1, 1), heard("da-nang", 2, 1)];
    console.runtime.block_on(console.store.take(batch)).unwrap();
    let hue = console.token("box-hue", "box", Some(&["hue"]));
    let da_nang = console.token("box-da-nang", "box", Some(&["da-nang"]));
    let of = |name: &str, site: &str| {
        let password = console.person(name, "viewer", Some(&[site]));
        Session::of(&console.log_in(name, &password))
    };
    let (lan, minh) = (of("lan", "hue"), of("minh", "da-nang"));
    let see = |who: &Session| {
        console.ask("GET", &format!("/v1/evidence/{PICTURE_NAME}"), &who.headers(), None)
    };
    let total = PICTURE.len();
    let last = total - 1;
    let none = Some("0".to_owned());
    assert_eq!(head(&console, &hue).2, none);
    let part =
        put(&console, &hue, PICTURE_NAME, Some(&format!("bytes 0-3/{total}")), &PICTURE[..4]);
    assert_eq!((part.status, part.header("upload-offset")), (202, Some("4")), "{}", part.body);
    assert_eq!((head(&console, &hue).2, head(&console, &da_nang).2), (Some("4".into()), none));
    let gap =
        put(&console, &hue, PICTURE_NAME, Some(&format!("bytes 9-{last}/{total}")), &PICTURE[9..]);
    assert_eq!((gap.status, gap.header("upload-offset")), (409, Some("4")));
    assert_eq!(see(&lan).status, 404, "not there yet");
    let rest =
        put(&console, &hue, PICTURE_NAME, Some(&format!("bytes 4-{last}/{total}")), &PICTURE[4..]);
    assert_eq!(rest.status, 201, "{}", rest.body);
    let whole = total.to_string();
    assert_eq!(rest.header("upload-offset"), Some(&*whole));
    let again = put(&console, &hue, PICTURE_NAME, None, PICTURE);
    assert_eq!((again.status, again.header("upload-offset")), (200, Some(&*whole)));
    assert_eq!(head(&console, &hue), (200, Some(total.to_string()), None));
    let seen = see(&lan);
    assert_eq!(seen.status, 200, "{}", seen.body);
    for (name, value) in [
        ("content-type", "image/jpeg"),
        ("content-security-policy", "sandbox"),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "private, no-cache"),
    ] {
        assert_eq!(seen.header(name), Some(value));
    }
    // Another site's incident names it too, but nobody there has it.
    assert_eq!(see(&minh).status, 404);
    let admin = console.admin();
    let queue = console.ask("GET", "/v1/queue", &lan.headers(), None).json();
    assert_eq!(queue["lines"][0]["newest"]["picture"], PICTURE_NAME);
    // A browser that has it asks each time: who may see it still, and the audit knows of each view.
    let tag = seen.header("etag").unwrap().to_owned();
    let again = |who: &Session| {
        let mut headers = who.headers();
        headers.push(("if-none-match", &tag));
        console.ask("GET", &format!("/v1/evidence/{PICTURE_NAME}"), &headers, None)
    };
    assert_eq!((again(&lan).status, again(&lan).body), (304, String::new()));
    assert_eq!(again(&minh).status, 404);
    assert_eq!(views(&console, "lan"), [format!("evidence_seen {PICTURE_NAME}")]);
    console.clock.forward(Duration::from_mins(10));
    console.runtime.block_on(console.people.tell_looks(false)).unwrap();
    assert_eq!(views(&console, "lan")[1], format!("evidence_seen_again {PICTURE_NAME} ×2"));
    let gone = json!({ "disabled": true });
    assert_eq!(console.ask("PATCH", "/v1/people/lan", &admin.headers(), Some(gone)).status, 200);
    assert_eq!(again(&lan).status, 401);
}

/// What the audit tells of somebody's looks at pictures, the oldest first.
fn views(console: &Console, who: &str) -> Vec<String> {
    let path = format!("/v1/audit?who={who}");
    let audit = console.ask("GET", &path, &console.admin().headers(), None).json();
    let told = |entry: &Value| {
        format!("{} {}", entry["what"].as_str().unwrap(), entry["about"].as_str().unwrap())
    };
    let lines = audit["entries"].as_array().unwrap().iter().rev().map(told);
    lines.filter(|line| line.starts_with("evidence_")).collect()
}

/// A console with a picture of a site, and who may look at it.
fn shown() -> (Console, String) {
    let console = Console::start();
    console.runtime.block_on(console.store.take(vec![heard("hue", 1, 1)])).unwrap();
    let hue = console.token("box-hue", "box", Some(&["hue"]));
    assert_eq!(put(&console, &hue, PICTURE_NAME, None, PICTURE).status, 201);
    let token = console.token("reports", "viewer", None);
    (console, token)
}

fn look(console: &Console, token: &str) -> Answer {
    let path = format!("/v1/evidence/{PICTURE_NAME}");
    console.ask("GET", &path, &[("authorization", token)], None)
}

#[test]
fn who_looks_again_and_again_adds_few_lines_and_none_of_it_is_lost() {
    let (console, token) = shown();
    for _ in 0..200 {
        assert_eq!(look(&console, &token).status, 200);
    }
    assert_eq!(views(&console, "reports").len(), 1);
    console.clock.forward(Duration::from_mins(10));
    // Before anybody told of those before.
    look(&console, &token);
    look(&console, &token);
    let one = format!("evidence_seen {PICTURE_NAME}");
    let more = |times: u32| format!("evidence_seen_again {PICTURE_NAME} ×{times}");
    assert_eq!(views(&console, "reports"), [&*one, &*one, &*more(199)]);
    // The console stops.
    console.runtime.block_on(console.people.tell_looks(true)).unwrap();
    assert_eq!(views(&console, "reports")[3], more(1));
}

#[test]
fn what_is_not_in_the_audit_is_not_shown() {
    let (console, token) = shown();
    let db = rusqlite::Connection::open(console.folder.path().join("console.db")).unwrap();
    let refuse =
        "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE (ABORT, 'full'); END";
    db.execute_batch(refuse).unwrap();
    for _ in 0..2 {
        assert_eq!(look(&console, &token).status, 503);
    }
    db.execute_batch("DROP TRIGGER full").unwrap();
    assert_eq!(look(&console, &token).status, 200);
    assert_eq!(views(&console, "reports").len(), 1);
}

#[test]
fn who_does_too_much_in_a_short_time_waits_and_nobody_else_does() {
    let (console, token) = shown();
    let admin = console.admin();
    let secret = Shown::Token(token.strip_prefix("Bearer ").unwrap());
    let who = console.people.who(secret, [127, 0, 0, 1].into());
    let caller = console.runtime.block_on(who).unwrap().unwrap();
    while console.people.acts(&caller).is_ok() {}
    let refused = look(&console, &token);
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("1")));
    assert_eq!(refused.kind(), "too_many_tries");
    let path = format!("/v1/evidence/{PICTURE_NAME}");
    assert_eq!(console.ask("GET", &path, &admin.headers(), None).status, 200);
    let metrics = console.ask("GET", "/metrics", &[], None).body;
    assert!(metrics.contains("viahe_console_requests_total{kind=\"too_many\"} 1\n"), "{metrics}");
    console.clock.forward(Duration::from_secs(1));
    assert_eq!(look(&console, &token).status, 200);
}

#[test]
fn a_picture_that_was_lost_from_the_disk_is_taken_again() {
    let console = Console::start();
    let hue = console.token("box-hue", "box", Some(&["hue"]));
    assert_eq!(put(&console, &hue, PICTURE_NAME, None, PICTURE).status, 201);
    let name = Sha256::try_from(PICTURE_NAME).unwrap();
    let files = Files::open(console.folder.path()).unwrap();
    files.remove(&name).unwrap();
    assert_eq!(head(&console, &hue).0, 404);
    assert_eq!(put(&console, &hue, PICTURE_NAME, None, PICTURE).status, 201);
    assert_eq!((head(&console, &hue).0, files.read(&name).unwrap()), (200, PICTURE.to_vec()));
}

#[test]
fn what_is_no_picture_or_another_is_refused() {
    let console = Console::start();
    let hue = console.token("box-hue", "box", Some(&["hue"]));
    let wrong = put(&console, &hue, PICTURE_NAME, None, b"\xff\xd8\xff another");
    assert_eq!((wrong.status, wrong.kind()), (422, "invalid".into()));
    assert_eq!(head(&console, &hue), (404, Some("0".into()), Some("0".into())));
    let svg = b"<svg onload='alert(1)'/>";
    let svg_name = "9f0e4b9c6d0a1e2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708192a3";
    assert_eq!(put(&console, &hue, svg_name, None, svg).status, 422);
    for (range, body) in [
        ("bytes 0-3/2", &PICTURE[..4]),
        ("bytes 0-9/20", &PICTURE[..4]),
        ("bytes 5-4/20", &PICTURE[..4]),
        ("bytes */20", &PICTURE[..4]),
        ("bytes 0-18446744073709551615/20", &PICTURE[..4]),
    ] {
        assert_eq!(put(&console, &hue, PICTURE_NAME, Some(range), body).status, 422, "{range}");
    }
    let large = format!("bytes 0-3/{}", (16 << 20) + 1);
    assert_eq!(put(&console, &hue, PICTURE_NAME, Some(&large), &PICTURE[..4]).status, 413);
    for name in ["..%2F..%2Fconsole.db", "%2e%2e", &PICTURE_NAME.to_uppercase(), "0"] {
        assert_eq!(put(&console, &hue, name, None, PICTURE).status, 404, "{name}");
    }
    let path = format!("/v1/evidence/{PICTURE_NAME}");
    let headers = [("authorization", &*hue), ("content-type", "image/svg+xml")];
    assert_eq!(console.send("PUT", &path, &headers, PICTURE).status, 422);
}

#[test]
fn a_picture_that_cannot_be_kept_is_told_until_one_is() {
    let console = Console::start();
    let hue = console.token("box-hue", "box", Some(&["hue"]));
    let troubles = || console.ask("GET", "/healthz", &[], None).json()["reasons"].clone();
    let parts = console.folder.path().join("evidence/pending");
    std::fs::remove_dir(&parts).unwrap();
    std::fs::write(&parts, "").unwrap();
    assert_eq!(put(&console, &hue, PICTURE_NAME, None, PICTURE).status, 503);
    assert_eq!(troubles()[0]["trouble"], "disk_evidence");
    std::fs::remove_file(&parts).unwrap();
    std::fs::create_dir(&parts).unwrap();
    assert_eq!(put(&console, &hue, PICTURE_NAME, None, PICTURE).status, 201);
    assert_eq!(troubles(), json!([]));
}

#[test]
fn what_is_free_is_told_as_long_as_it_is_known() {
    let console = Console::start();
    let tells = || {
        let metrics = console.ask("GET", "/metrics", &[], None).body;
        metrics.lines().any(|line| line.starts_with("viahe_console_evidence_free_bytes "))
    };
    assert!(tells());
    std::fs::remove_dir_all(console.folder.path().join("evidence")).unwrap();
    assert!(!tells(), "an old number would say that all is well");
}
