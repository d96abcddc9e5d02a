//! The service, over HTTP on loopback and a real broker: people and their rights, incidents and verdicts, events, evidence.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod boxes;
mod broker;
mod certificates;
mod document;
mod events;
mod evidence;
mod hostile;
mod incidents;
mod keeping;
mod map;
mod matrix;
#[path = "../pmtiles/mod.rs"]
mod pmtiles;
mod sample;
mod sites;
mod stills;
mod support;
mod words;
mod workload;

use serde_json::{Value, json};
use std::time::Duration;
use support::{Console, Session};

const HOUR: Duration = Duration::from_hours(1);

fn status(console: &Console, session: &Session) -> u16 {
    console.ask("GET", "/v1/me", &[("cookie", &session.cookie)], None).status
}

#[test]
fn the_first_start_gives_one_password_and_no_other_does() {
    let console = Console::start();
    assert_eq!(console.people.first(viahe_console::config::Language::En).unwrap(), None);
    let me = console.log_in("admin", &console.password).json();
    assert_eq!(
        (&me["name"], &me["role"], &me["sites"]),
        (&json!("admin"), &json!("admin"), &Value::Null)
    );
    let told = console.people.reset("admin".try_into().unwrap()).unwrap();
    assert_eq!(console.log_in("admin", &console.password).status, 401);
    assert_eq!(console.log_in("admin", &told).status, 200);
    assert!(console.people.reset("nobody-here".try_into().unwrap()).is_err());
}

#[test]
fn what_changes_something_must_come_from_our_own_page() {
    let console = Console::start();
    let admin = console.admin();
    let token = console.token("reports", "viewer", None);
    let change = |more: &[(&str, &str)]| {
        let headers = [&[("cookie", &*admin.cookie)], more].concat();
        console.ask("PATCH", "/v1/me", &headers, Some(json!({ "language": "en" })))
    };
    let csrf = ("x-viahe-csrf", &*admin.csrf);
    let others = console.admin().csrf;
    let longer = format!("{}0", admin.csrf);
    let refused: [&[(&str, &str)]; 8] = [
        &[],
        &[("x-viahe-csrf", "")],
        &[("x-viahe-csrf", &others)],
        &[("x-viahe-csrf", &longer)],
        &[csrf, ("origin", "http://evil.test")],
        &[csrf, ("origin", "null")],
        &[csrf, ("origin", "http://ioc.test"), ("sec-fetch-site", "cross-site")],
        &[csrf, ("sec-fetch-site", "same-site")],
    ];
    for headers in refused {
        let answer = change(headers);
        assert_eq!((answer.status, answer.kind()), (403, "csrf".to_owned()), "{headers:?}");
    }
    assert_eq!(change(&[csrf]).status, 200);
    assert_eq!(
        change(&[csrf, ("origin", "http://ioc.test"), ("sec-fetch-site", "same-origin")]).status,
        200
    );
    // Nor does another page log somebody in, or a form say anything.
    let body = json!({ "name": "admin", "password": console.password });
    let other = console.ask("POST", "/v1/session", &[("origin", "http://evil.test")], Some(body));
    assert_eq!(other.kind(), "csrf");
    let form = [csrf, ("cookie", &*admin.cookie), ("content-type", "text/plain")];
    assert_eq!(console.ask("PATCH", "/v1/me", &form, None).kind(), "invalid");
    // A token is no cookie: no browser sends it unasked. It hides no cookie's fault either.
    let headers = [("authorization", &*token), ("origin", "http://evil.test")];
    let answer = console.ask("GET", "/v1/me", &headers, None);
    assert_eq!((answer.status, &answer.json()["csrf"]), (200, &Value::Null));
    let both = [("authorization", "Bearer vht_none"), ("cookie", &*admin.cookie)];
    assert_eq!(console.ask("GET", "/v1/me", &both, None).status, 401);
}

#[test]
fn guessing_is_slow_and_tells_nothing_of_names() {
    let console = Console::start();
    for name in ["admin", "no-such-name", "../../etc/passwd"] {
        let answers: Vec<_> = (0..10).map(|_| console.log_in(name, "wrong")).collect();
        let told = |n: usize| (answers[n].status, answers[n].body.clone());
        assert_eq!(told(0).0, 401);
        assert!((0..10).all(|n| told(n) == told(0)), "{name}");
        let wrong = console.log_in("another-name", "wrong");
        assert_eq!((wrong.status, wrong.body), told(0), "{name}");
        let more = console.log_in(name, "wrong");
        assert_eq!((more.status, more.kind()), (429, "too_many_tries".to_owned()), "{name}");
        assert_eq!(more.header("retry-after"), Some("61"));
    }
    assert_eq!(console.log_in("admin", &console.password).status, 429, "also with the right one");
    console.clock.forward(Duration::from_secs(61));
    assert_eq!(console.log_in("admin", &console.password).status, 200);
    // Who holds a session guesses the password no faster.
    let admin = console.admin();
    let change = |old: &str| {
        let body = json!({ "password": { "old": old, "new": "một mật khẩu rất dài" } });
        console.ask("PATCH", "/v1/me", &admin.headers(), Some(body)).status
    };
    let tries: Vec<u16> = (0..11).map(|_| change("wrong")).collect();
    assert_eq!((&tries[..10], tries[10]), (&[403; 10][..], 429));
}

#[test]
fn a_session_ends_by_itself_and_with_what_it_stands_on() {
    let console = Console::start();
    let password = console.person("nguyen-an", "operator", None);
    let log_in = || Session::of(&console.log_in("nguyen-an", &password));
    let admin = console.admin();
    let manage = |body: Value| {
        let changed = console.ask("PATCH", "/v1/people/nguyen-an", &admin.headers(), Some(body));
        assert_eq!(changed.status, 200, "{}", changed.body);
        changed.json()
    };

    // What somebody else has chosen never becomes a session.
    let chosen = format!("viahe_session={}", "0".repeat(64));
    let body = json!({ "name": "nguyen-an", "password": password });
    let fixed = console.ask("POST", "/v1/session", &[("cookie", &chosen)], Some(body.clone()));
    assert_ne!(Session::of(&fixed).cookie, chosen);
    assert_eq!(console.ask("GET", "/v1/me", &[("cookie", &chosen)], None).status, 401);
    // A new login ends the session of that browser; of two cookies none counts.
    let first = Session::of(&fixed);
    let again = console.ask("POST", "/v1/session", &[("cookie", &first.cookie)], Some(body));
    let second = Session::of(&again);
    assert_eq!((status(&console, &first), status(&console, &second)), (401, 200));
    let both = format!("{}; {chosen}", second.cookie);
    assert_eq!(console.ask("GET", "/v1/me", &[("cookie", &both)], None).status, 401);

    assert_eq!(console.ask("DELETE", "/v1/session", &second.headers(), None).status, 204);
    assert_eq!(status(&console, &second), 401, "logged out");

    let session = log_in();
    manage(json!({ "role": "viewer" }));
    let me = console.ask("GET", "/v1/me", &session.headers(), None).json();
    assert_eq!(me["role"], "viewer", "at once");
    manage(json!({ "disabled": true }));
    assert_eq!(status(&console, &session), 401);
    assert_eq!(console.log_in("nguyen-an", &password).status, 401);
    manage(json!({ "disabled": false }));
    assert_eq!(status(&console, &session), 401, "it has ended for good");

    let (one, other) = (log_in(), log_in());
    let body = json!({ "password": { "old": password, "new": "một mật khẩu rất dài" } });
    let changed = console.ask("PATCH", "/v1/me", &one.headers(), Some(body));
    let anew = Session::of(&changed);
    assert_eq!([&one, &other, &anew].map(|s| status(&console, s)), [401, 401, 200]);
    assert_eq!(console.log_in("nguyen-an", &password).status, 401);
    let told = manage(json!({ "new_password": true }));
    assert_eq!(status(&console, &anew), 401, "somebody else gave a new password");
    assert_eq!(console.log_in("nguyen-an", told["password"].as_str().unwrap()).status, 200);
}

#[test]
fn a_session_ends_unused_after_a_shift_and_used_after_a_week() {
    let console = Console::start();
    let (used, unused) = (console.admin(), console.admin());
    console.clock.forward(7 * HOUR + Duration::from_secs(3599));
    assert_eq!(status(&console, &used), 200);
    console.clock.forward(Duration::from_secs(1));
    assert_eq!((status(&console, &used), status(&console, &unused)), (200, 401));
    for _ in 0..22 {
        console.clock.forward(7 * HOUR);
        assert_eq!(status(&console, &used), 200);
    }
    console.clock.forward(6 * HOUR);
    assert_eq!(status(&console, &used), 401, "a week has passed");
}

#[test]
fn names_are_names_and_words_are_words() {
    let console = Console::start();
    let admin = console.admin();
    for name in ["..%2f..%2fconsole.db", "%2e%2e", "admin%00", "admin'--", "%ff", "Admin", "x"] {
        let path = format!("/v1/people/{name}");
        let answer = console.ask("PATCH", &path, &admin.headers(), Some(json!({})));
        assert_eq!(answer.status, 404, "{name}: {}", answer.body);
    }
    let add = |name: &str, display_name: &str| {
        let body =
            json!({ "name": name, "display_name": display_name, "role": "viewer", "sites": null });
        console.ask("POST", "/v1/people", &admin.headers(), Some(body))
    };
    for (n, hostile) in
        ["<script>alert(1)</script>", "' OR 1=1 --", "Đỗ \"Văn\" \\u0041"].iter().enumerate()
    {
        let added = add(&format!("name-{n}"), hostile);
        assert_eq!((added.status, &added.json()["person"]["display_name"]), (201, &json!(hostile)));
        assert_eq!(added.header("content-type"), Some("application/json"));
        assert_eq!(added.header("x-content-type-options"), Some("nosniff"));
    }
    for unseen in ["", " ", "a\u{202e}b", "a\nb", "a\u{0}b", "a\u{200b}", &"x".repeat(81)] {
        let refused = add("name-9", unseen);
        assert_eq!(refused.json()["fields"][0]["field"], "display_name", "{unseen:?}");
    }
    for name in ["../x", "a", "CON", "console", "nobody", "Lê", &"x".repeat(41)] {
        let refused = add(name, "Somebody");
        assert_eq!(
            (refused.status, &refused.json()["fields"][0]["field"]),
            (422, &json!("name")),
            "{name}"
        );
    }
    // A name is one person's, or one token's, for ever.
    assert_eq!(add("admin", "Other").kind(), "conflict");
    console.token("gate-3", "box", Some(&["ward-7"]));
    assert_eq!(add("gate-3", "Other").kind(), "conflict");
}

#[test]
fn there_is_always_somebody_who_manages_people() {
    let console = Console::start();
    let admin = console.admin();
    let change = |name: &str, body: Value| {
        console.ask("PATCH", &format!("/v1/people/{name}"), &admin.headers(), Some(body))
    };
    for body in [json!({ "disabled": true }), json!({ "role": "operator" })] {
        assert_eq!(change("admin", body).kind(), "conflict");
    }
    assert_eq!(change("admin", json!({ "sites": ["ward-7"] })).kind(), "invalid");
    console.person("tran-binh", "admin", None);
    assert_eq!(change("tran-binh", json!({ "disabled": true })).status, 200);
    assert_eq!(
        change("admin", json!({ "disabled": true })).kind(),
        "conflict",
        "the other may not"
    );
    assert_eq!(change("tran-binh", json!({ "disabled": false })).status, 200);
    assert_eq!(change("admin", json!({ "disabled": true })).status, 200);
}

#[test]
fn tokens_are_narrow_shown_once_and_end() {
    let console = Console::start();
    let admin = console.admin();
    let add = |role: &str, sites: Value| {
        let body = json!({ "name": "gate-3", "role": role, "sites": sites });
        console.ask("POST", "/v1/tokens", &admin.headers(), Some(body))
    };
    for (role, sites, field) in [
        ("admin", Value::Null, "role"),
        ("box", Value::Null, "sites"),
        ("box", json!([]), "sites"),
        ("box", json!(["ward-7", "ward-8"]), "sites"),
        ("viewer", json!([]), "sites"),
        ("viewer", json!(["../x"]), "sites"),
    ] {
        let refused = add(role, sites.clone());
        assert_eq!(refused.json()["fields"][0]["field"], field, "{role} {sites}");
    }
    let added = add("box", json!(["ward-7"])).json();
    let secret = added["secret"].as_str().unwrap();
    assert!(secret.starts_with("vht_") && secret.len() == 68, "{secret}");
    let bearer = format!("bearer {secret}");
    let me = || console.ask("GET", "/v1/me", &[("authorization", &bearer)], None);
    assert_eq!(me().json()["sites"], json!(["ward-7"]));
    let listed = console.ask("GET", "/v1/tokens", &admin.headers(), None);
    assert!(!listed.body.contains(&secret[4..]), "shown once");
    assert_eq!(listed.json()["tokens"][0]["last_used"], "2026-11-30T00:00:00.000+00:00");
    let path = format!("/v1/tokens/{}", added["token"]["id"]);
    assert_eq!(console.ask("DELETE", &path, &admin.headers(), None).status, 204);
    assert_eq!(console.ask("DELETE", &path, &admin.headers(), None).status, 404);
    assert_eq!(me().status, 401);
    assert_eq!(add("box", json!(["ward-7"])).kind(), "conflict", "its name is spent");
}

#[test]
fn the_audit_tells_all_and_is_only_added_to() {
    let console = Console::start();
    console.log_in("admin", "a wrong one");
    console.log_in("hunter2-typed-here", "x");
    let password = console.person("nguyen-an", "operator", Some(&["ward-7"]));
    console.log_in("nguyen-an", &password);
    let token = console.token("reports", "viewer", None);
    let admin = console.admin();
    let read = |query: &str| {
        console.ask("GET", &format!("/v1/audit{query}"), &admin.headers(), None).json()
    };
    let entries = read("")["entries"].as_array().unwrap().clone();
    let told = |entry: &Value| {
        ["who", "what", "about"].map(|key| entry[key].as_str().unwrap().to_owned()).join(" | ")
    };
    let lines: Vec<String> = entries.iter().rev().map(told).collect();
    let expected = [
        "console | person_added | admin (Admin): admin, all sites",
        "admin | login_failed | admin",
        "nobody | login_failed | nobody",
        "admin | login | admin",
        "admin | person_added | nguyen-an (nguyen-an): operator, ward-7",
        "nguyen-an | login | nguyen-an",
        "admin | login | admin",
        "admin | token_added | reports: viewer, all sites",
        "admin | login | admin",
    ];
    assert_eq!(lines, expected);
    assert!(entries[..8].iter().all(|entry| entry["from"] == "127.0.0.1"));
    // By person, by time, page by page.
    assert_eq!(read("?who=nguyen-an")["entries"].as_array().unwrap().len(), 1);
    assert_eq!(read("?to=2026-11-30T07:00:00%2B07:00")["entries"], json!([]));
    let page = read("?limit=6");
    let rest = read(&format!("?limit=6&cursor={}", page["cursor"].as_str().unwrap()));
    let numbers = [&page, &rest].map(|page| page["entries"].as_array().unwrap().len());
    assert_eq!((numbers, &rest["cursor"]), ([6, 3], &Value::Null));

    let db = rusqlite::Connection::open(console.folder.path().join("console.db")).unwrap();
    for sql in ["UPDATE audit SET who = 'x'", "DELETE FROM audit WHERE no = 1"] {
        let refused = db.execute(sql, []).unwrap_err().to_string();
        assert!(refused.contains("append-only"), "{refused}");
    }
    // Whoever reads the files of the store can log in as nobody.
    let secrets = [
        console.password.clone(),
        password,
        admin.cookie["viahe_session=".len()..].to_owned(),
        admin.csrf,
        token["Bearer vht_".len()..].to_owned(),
        "hunter2-typed-here".to_owned(),
    ];
    for file in std::fs::read_dir(console.folder.path()).unwrap() {
        let path = file.unwrap().path();
        let bytes = if path.is_file() { std::fs::read(&path).unwrap() } else { Vec::new() };
        let text = String::from_utf8_lossy(&bytes);
        assert!(!secrets.iter().any(|secret| text.contains(&**secret)), "{}", path.display());
    }
}

#[test]
fn every_answer_says_what_a_browser_may_not() {
    let console = Console::start();
    for (path, status) in [("/healthz", 200), ("/v1/me", 401), ("/v1/nothing", 404)] {
        let answer = console.ask("GET", path, &[], None);
        assert_eq!(answer.status, status, "{path}");
        let policy = answer.header("content-security-policy").unwrap();
        for part in
            ["default-src 'self'", "object-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"]
        {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{path}");
        assert!(answer.header("permissions-policy").is_some(), "{path}");
    }
}
