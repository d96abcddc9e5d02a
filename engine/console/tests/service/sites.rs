//! Every route about one thing × every role × two sites: what is of another site is not there.

use super::sample::{PICTURE, PICTURE_NAME, heard, id};
use super::support::{Console, Session};
use serde_json::{Value, json};
use viahe_console::people::RIGHTS;

/// The place of a site in this test: its box alone has brought the picture, and its incident names it.
const OWN: (&str, u32) = ("hue", 1);
const OTHER: (&str, u32) = ("da-nang", 2);

/// What a route is asked that is about one thing.
fn call(method: &str, route: &str, (_, n): (&str, u32)) -> (String, Option<Value>) {
    let path = route.replace("{id}", &id(n)).replace("{no}", "1");
    let body = match (method, route.rsplit('/').next()) {
        ("POST", Some("verdict")) => Some(json!({ "revision": 1, "judgement": "confirmed" })),
        ("POST", Some("escalation")) => Some(json!({ "note": "xem giúp" })),
        _ => None,
    };
    (path.replace("{sha256}", PICTURE_NAME), body)
}

#[test]
fn what_is_of_another_site_is_not_there() {
    let console = Console::start();
    let batch = [OTHER, OWN].map(|(site, n)| heard(site, n, 1)).to_vec();
    console.runtime.block_on(console.store.take(batch)).unwrap();
    let machine = console.token("box-da-nang", "box", Some(&[OTHER.0]));
    let jpeg = [("authorization", &*machine), ("content-type", "image/jpeg")];
    let picture = format!("/v1/evidence/{PICTURE_NAME}");
    assert_eq!(console.send("PUT", &picture, &jpeg, PICTURE).status, 201);

    let about_one = |route: &str| route.contains("/incidents/{id}") || route.contains("{sha256}");
    let routes = RIGHTS.iter().filter(|(_, route, _)| about_one(route));
    let mut refused = 0;
    for role in ["viewer", "operator", "installer", "ward", "ml"] {
        let name = format!("of-{role}");
        let password = console.person(&name, role, Some(&[OWN.0]));
        let session = Session::of(&console.log_in(&name, &password));
        let ask = |method: &str, path: &str, body: Option<Value>| {
            console.ask(method, path, &session.headers(), body)
        };
        for (method, route, need) in routes.clone() {
            if !need.is_met_by(role.parse().unwrap()) {
                continue;
            }
            let (path, body) = call(method, route, OTHER);
            let answer = ask(method, &path, body);
            let told = (answer.status, answer.kind());
            assert_eq!(told, (404, "not_found".to_owned()), "{role}: {method} {route}");
            let (path, body) = call(method, route, OWN);
            let own = ask(method, &path, body).status;
            // Nobody there has brought the picture, and nobody has judged yet what is to be undone.
            let nothing = route.contains("{sha256}") || route.contains("{no}");
            assert!(nothing || (200..300).contains(&own), "{role}: {method} {route}: {own}");
            refused += 1;
        }
        for query in [
            "",
            "?site=da-nang",
            "?place=da-nang/gate-east/kerb",
            "?q=L%C3%AA",
            "?camera=gate-east",
        ] {
            for list in ["/v1/queue", "/v1/incidents"] {
                let path = format!(
                    "{list}{query}{}judgement=all",
                    if query.is_empty() { '?' } else { '&' }
                );
                let answer = ask("GET", &path, None);
                assert_eq!(answer.status, 200, "{path}: {}", answer.body);
                let leaks = answer.body.contains(OTHER.0) || answer.body.contains(&id(OTHER.1));
                assert!(!leaks, "{role}: {path}: {}", answer.body);
                assert_eq!(answer.body.contains(OWN.0), !query.contains(OTHER.0), "{role}: {path}");
            }
        }
        let queue = ask("GET", "/v1/queue?judgement=all", None).json();
        assert_eq!(queue["total_incidents"], 1, "{role}: not even counted");
    }
    assert!(refused > 15, "{refused}");
    // A box of the other site, which could as well ask for what is not its own.
    let machine = console.token("box-hue", "box", Some(&[OWN.0]));
    let status = |method: &str, path: &str| {
        console.ask(method, path, &[("authorization", &machine)], None).status
    };
    assert_eq!(status("HEAD", &picture), 404, "not even that it is there");
    assert_eq!((status("GET", &picture), status("GET", "/v1/queue")), (403, 403));
    let audit = console.ask("GET", "/v1/audit?limit=500", &console.admin().headers(), None);
    assert!(!audit.body.contains("evidence_seen"), "what was refused was not seen");
}
