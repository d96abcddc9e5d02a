//! Every route about one thing × every role × two sites: what is of another site is not there.

use super::sample::{PICTURE, PICTURE_NAME, heard, id};
use super::support::{Answer, Console, Session};
use serde_json::{Value, json};
use viahe_console::people::RIGHTS;
use viahe_console::store::{State, StateHeard};
use viahe_contract::id::Name;
use viahe_contract::time::Timestamp;

/// The place of a site in this test: its box alone has brought the picture, and its incident names it.
const OWN: (&str, u32) = ("hue", 1);
const OTHER: (&str, u32) = ("da-nang", 2);

const MORNING: Timestamp = Timestamp::from_secs(1_795_996_800);

/// What a route is asked that is about one thing.
fn call(method: &str, route: &str, (site, n): (&str, u32)) -> (String, Option<Value>) {
    let path = route.replace("{id}", &id(n)).replace("{no}", "1").replace("{site}", site);
    let path = path.replace("{camera}", "gate-east");
    let base = PICTURE_NAME;
    let body = match (method, route.rsplit('/').next()) {
        ("POST", Some("verdict")) => Some(json!({ "revision": 1, "judgement": "confirmed" })),
        ("POST", Some("escalation")) => Some(json!({ "note": "xem giúp" })),
        ("POST", Some("still")) => Some(json!({})),
        ("POST", Some("check")) => Some(json!({ "base": base, "edits": [] })),
        ("POST", Some("edit")) => Some(json!({ "base": base, "edits": [], "why": "thử" })),
        ("POST", Some("revert")) => Some(json!({ "base": base, "to": base, "why": "thử" })),
        ("POST", Some("preview")) => {
            Some(json!({ "base": base, "edits": [], "camera": "gate-east", "minutes": 5 }))
        }
        _ => None,
    };
    (path.replace("{sha256}", PICTURE_NAME), body)
}

/// A box and a camera of a site, as they were told of.
fn states(site: &str) -> Vec<StateHeard> {
    let time = "2026-11-30T07:00:00.000+07:00";
    let status = json!({
        "state": "online", "version": "1", "mqtt": "5", "models": [], "outbox_depth": 0, "unsaved": 0,
        "quarantined": 0, "troubles": [], "suspensions": [], "disaster": null, "time": time
    });
    let camera = json!({
        "state": "online", "reason": "", "time": time, "fps": null, "resolution": null, "clock_offset_ms": null,
        "clock_step": null, "transport": null, "rules_suspended": null, "suspensions": [], "disaster": null
    });
    let name = |text: &str| Name::try_from(text).unwrap();
    let status = Box::new(serde_json::from_value(status).unwrap());
    let camera = Box::new(serde_json::from_value(camera).unwrap());
    let both =
        [State::Box(name(site), status), State::Camera(name(site), name("gate-east"), camera)];
    both.map(|state| StateHeard { state, retained: false }).into()
}

/// Whatever is looked for, lists have what is of the own site alone.
fn nothing_of_another_is_listed(role: &str, get: &dyn Fn(&str) -> Answer) {
    let place = "place=da-nang/gate-east/kerb&";
    for query in ["", "site=da-nang&", place, "q=L%C3%AA&", "camera=gate-east&"] {
        for list in ["/v1/queue", "/v1/incidents"] {
            let path = format!("{list}?{query}judgement=all");
            let answer = get(&path);
            assert_eq!(answer.status, 200, "{path}: {}", answer.body);
            let leaks = answer.body.contains(OTHER.0) || answer.body.contains(&id(OTHER.1));
            assert!(!leaks, "{role}: {path}: {}", answer.body);
            assert_eq!(answer.body.contains(OWN.0), !query.contains(OTHER.0), "{role}: {path}");
        }
    }
}

#[test]
fn what_is_of_another_site_is_not_there() {
    let console = Console::start();
    let batch = [OTHER, OWN].map(|(site, n)| heard(site, n, 1)).to_vec();
    console.runtime.block_on(console.store.take(batch)).unwrap();
    for (site, _) in [OTHER, OWN] {
        console.runtime.block_on(console.store.keep_states(states(site), MORNING)).unwrap();
    }
    let machine = console.token("box-da-nang", "box", Some(&[OTHER.0]));
    let jpeg = [("authorization", &*machine), ("content-type", "image/jpeg")];
    let picture = format!("/v1/evidence/{PICTURE_NAME}");
    assert_eq!(console.send("PUT", &picture, &jpeg, PICTURE).status, 201);

    let parts = ["/incidents/{id}", "{sha256}", "/sites/{site}"];
    let about_one = |route: &str| parts.iter().any(|part| route.contains(part));
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
            // No box answers in this test.
            let asks = route.contains("/sites/{site}") || route.ends_with("/explanation");
            assert!(!asks || own == 503, "{role}: {method} {route}: {own}");
            assert!(
                nothing || asks || (200..300).contains(&own),
                "{role}: {method} {route}: {own}"
            );
            refused += 1;
        }
        nothing_of_another_is_listed(role, &|path| ask("GET", path, None));
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
