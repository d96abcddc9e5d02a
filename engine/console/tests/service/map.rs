//! Maps: cameras and incidents as `GeoJSON`, and the file of the map below them.

use super::pmtiles::tiny_map;
use super::sample::{event, id};
use super::support::{Answer, Console, Session};
use serde_json::{Value, json};
use std::fs;
use viahe_console::basemap::BaseMap;
use viahe_console::store::{Heard, State, StateHeard};
use viahe_contract::id::Name;
use viahe_contract::message::to_bytes;
use viahe_contract::time::Timestamp;

const HUE: [f64; 2] = [107.59, 16.46];
const DA_NANG: [f64; 2] = [108.22, 16.07];

/// The `n`-th incident of a site, with these words about it.
fn heard(site: &str, n: u32, revision: u32, words: &Value) -> Heard {
    let mut told = event(site, n, revision);
    for (key, value) in words.as_object().unwrap() {
        told["data"][key] = value.clone();
    }
    Heard {
        payload: told["data"].to_string(),
        event: serde_json::from_slice(&to_bytes(&told)).unwrap(),
        received: Timestamp::from_secs(1_796_000_000),
    }
}

fn at([lon, lat]: [f64; 2]) -> Value {
    json!({ "position": { "lat": lat, "lon": lon } })
}

fn camera(
    site: &str,
    camera: &str,
    state: &str,
    position: &Value,
    name: Option<&str>,
) -> StateHeard {
    let told = json!({
        "state": state, "reason": "", "time": "2026-11-30T07:00:00.000+07:00", "fps": null, "resolution": null,
        "clock_offset_ms": null, "clock_step": null, "transport": null, "rules_suspended": null, "suspensions": [],
        "disaster": null, "name": name, "position": position
    });
    let [site, camera] = [site, camera].map(|name| Name::try_from(name).unwrap());
    let state = State::Camera(site, camera, Box::new(serde_json::from_value(told).unwrap()));
    StateHeard { state, retained: false }
}

/// Its box is there: else all its cameras are offline.
fn online(site: &str) -> StateHeard {
    let status = json!({
        "state": "online", "version": "1", "mqtt": "5", "models": [], "outbox_depth": 0, "unsaved": 0,
        "quarantined": 0, "troubles": [], "suspensions": [], "disaster": null,
        "time": "2026-11-30T07:00:00.000+07:00"
    });
    let status = Box::new(serde_json::from_value(status).unwrap());
    StateHeard { state: State::Box(Name::try_from(site).unwrap(), status), retained: false }
}

fn console() -> (Console, Session) {
    let console = Console::start();
    let batch = vec![
        heard("hue", 1, 1, &at(HUE)),
        heard("hue", 2, 3, &at([107.6, 16.5])),
        heard("hue", 3, 1, &json!({})),
        heard("hue", 4, 1, &json!({ "position": { "lat": 91.0, "lon": 107.6 } })),
        heard(
            "hue",
            5,
            2,
            &json!({ "position": { "lat": 16.46, "lon": 107.59 }, "severity": "high" }),
        ),
        heard("da-nang", 6, 1, &at(DA_NANG)),
    ];
    console.runtime.block_on(console.store.take(batch)).unwrap();
    let place = |[lon, lat]: [f64; 2]| json!({ "lat": lat, "lon": lon });
    let states = vec![
        online("hue"),
        camera("hue", "gate-east", "online", &place(HUE), Some("Cổng Đông")),
        camera("hue", "gate-west", "stalled", &place([107.5, 16.4]), None),
        camera("hue", "nowhere", "online", &Value::Null, None),
        camera("hue", "off-earth", "online", &place([500.0, 16.0]), None),
        camera("da-nang", "bridge", "online", &place(DA_NANG), None),
    ];
    let now = Timestamp::from_secs(1_796_000_000);
    console.runtime.block_on(console.store.keep_states(states, now)).unwrap();
    let lan = console.log_in("lan", &console.person("lan", "viewer", Some(&["hue"])));
    (console, Session::of(&lan))
}

impl Console {
    fn look(&self, who: &Session, path: &str) -> Answer {
        self.ask("GET", path, &who.headers(), None)
    }
}

/// The ids of a collection, which is one by the standard.
fn ids(answer: &Answer) -> Vec<String> {
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/geo+json")));
    let told = answer.json();
    assert_eq!(told["type"], "FeatureCollection", "{told}");
    let features = told["features"].as_array().unwrap().iter().map(|feature| {
        let [lon, lat] = [0, 1].map(|n| feature["geometry"]["coordinates"][n].as_f64().unwrap());
        assert!((-180.0..=180.0).contains(&lon) && (-90.0..=90.0).contains(&lat), "{feature}");
        assert_eq!(
            (&feature["type"], &feature["geometry"]["type"]),
            (&json!("Feature"), &json!("Point"))
        );
        assert!(feature["properties"].is_object() && feature.as_object().unwrap().len() == 4);
        feature["id"].as_str().unwrap().to_owned()
    });
    features.collect()
}

#[test]
fn incidents_are_where_their_cameras_stand_and_only_of_open_sites() {
    let (console, lan) = console();
    let all = console.look(&lan, "/v1/map/incidents.geojson");
    assert_eq!(ids(&all), [id(5), id(2), id(1)], "the newest first, and none without a place");
    let told = all.json();
    assert_eq!(told["features"][2]["geometry"]["coordinates"], json!(HUE));
    assert_eq!(told["truncated"], false);
    let first = &told["features"][0]["properties"];
    assert_eq!((&first["severity"], &first["camera_name"]), (&json!("high"), &json!("Cổng Đông")));
    assert_eq!(first["opened"], "2026-11-30T07:00:05.000+07:00");
    for (query, want) in [
        ("state=open", vec![id(5), id(1)]),
        ("state=closed", vec![id(2)]),
        ("severity=high", vec![id(5)]),
        ("violation=illegal-parking&judgement=open", vec![id(5), id(2), id(1)]),
        ("violation=wrong-way", vec![]),
        ("judgement=confirmed", vec![]),
        ("bbox=107.595,16,108,17", vec![id(2)]),
        ("bbox=170,-20,-170,0", vec![]),
        ("bbox=108,16,107.595,17", vec![id(5), id(1)]),
        ("from=2026-11-30T07:00:02%2B07:00&to=2026-11-30T07:00:05%2B07:00", vec![id(2)]),
        ("camera=gate-west", vec![]),
        ("site=da-nang", vec![]),
        (&*format!("id={},{},{}", id(1), id(3), id(6)), vec![id(1)]),
        (&*format!("id={}&state=closed", id(1)), vec![]),
    ] {
        let found = console.look(&lan, &format!("/v1/map/incidents.geojson?{query}"));
        assert_eq!(ids(&found), want, "{query}");
    }
    let two = console.look(&lan, "/v1/map/incidents.geojson?limit=2");
    assert_eq!((ids(&two), &two.json()["truncated"]), (vec![id(5), id(2)], &json!(true)));
    let three = console.look(&lan, "/v1/map/incidents.geojson?limit=3");
    assert_eq!((ids(&three).len(), &three.json()["truncated"]), (3, &json!(false)));
    let many = vec!["x"; 101].join(",");
    for query in [
        "bbox=1,2,3",
        "bbox=0,10,1,9",
        "limit=0",
        "limit=10001",
        "state=maybe",
        "from=now",
        "q=x",
        &format!("id={many}"),
    ] {
        let refused = console.look(&lan, &format!("/v1/map/incidents.geojson?{query}"));
        assert_eq!((refused.status, refused.kind()), (422, "invalid".into()), "{query}");
    }
    let judged = json!({ "revision": 1, "judgement": "confirmed" });
    let path = format!("/v1/incidents/{}/verdict", id(1));
    assert_eq!(console.ask("POST", &path, &console.admin().headers(), Some(judged)).status, 201);
    let confirmed = console.look(&lan, "/v1/map/incidents.geojson?judgement=confirmed");
    assert_eq!(ids(&confirmed), [id(1)]);
    assert_eq!(confirmed.json()["features"][0]["properties"]["judgement"], "confirmed");
}

#[test]
fn cameras_are_on_the_map_whose_box_has_said_where_they_stand() {
    let (console, lan) = console();
    let all = console.look(&lan, "/v1/map/cameras.geojson");
    assert_eq!(ids(&all), ["hue/gate-east", "hue/gate-west"]);
    let told = all.json();
    let first = &told["features"][0];
    assert_eq!(first["geometry"]["coordinates"], json!(HUE));
    assert_eq!(
        (&first["properties"]["name"], &first["properties"]["state"]),
        (&json!("Cổng Đông"), &json!("online"))
    );
    for (query, want) in [
        ("state=stalled", vec!["hue/gate-west"]),
        ("state=all&bbox=107.55,16,108,17", vec!["hue/gate-east"]),
        ("site=da-nang", vec![]),
        ("limit=1", vec!["hue/gate-east"]),
    ] {
        let found = console.look(&lan, &format!("/v1/map/cameras.geojson?{query}"));
        assert_eq!(ids(&found), want, "{query}");
        assert_eq!(found.json()["truncated"], query == "limit=1", "{query}");
    }
    let refused = console.look(&lan, "/v1/map/cameras.geojson?state=on");
    assert_eq!((refused.status, refused.kind()), (422, "invalid".into()));
    // The same of all cameras; and the city's platform comes with a token.
    let known = console.look(&lan, "/v1/cameras").json();
    assert_eq!(known["cameras"][0]["state"]["position"], json!({ "lat": HUE[1], "lon": HUE[0] }));
    let platform = console.token("city-map", "viewer", None);
    let answer =
        console.ask("GET", "/v1/map/cameras.geojson", &[("authorization", &platform)], None);
    // Nobody has heard of the box of Da Nang.
    assert_eq!(ids(&answer), ["da-nang/bridge", "hue/gate-east", "hue/gate-west"]);
    assert_eq!(answer.json()["features"][0]["properties"]["state"], "offline");
}

#[test]
fn the_map_comes_in_spans() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.pmtiles");
    // Longer than what is read at once, and plain text there.
    let mut bytes = tiny_map();
    bytes.resize(700_000, b'x');
    fs::write(&path, &bytes).unwrap();
    let console = Console::start_with(Some(BaseMap::open(&path).unwrap()));
    let admin = console.admin();
    assert_eq!(console.look(&admin, "/v1/map").json(), json!({ "base": "vector" }));
    let ask = |method: &str, more: &[(&str, &str)]| {
        let headers = [&admin.headers()[..], more].concat();
        console.ask(method, "/map/base.pmtiles", &headers, None)
    };
    let whole = ask("HEAD", &[]);
    assert_eq!((whole.status, whole.header("content-length")), (200, Some("700000")));
    assert_eq!(whole.header("content-type"), Some("application/vnd.pmtiles"));
    let tag = whole.header("etag").unwrap().to_owned();
    let part = ask("GET", &[("range", "bytes=0-6")]);
    assert_eq!((part.status, &*part.body), (206, "PMTiles"));
    assert_eq!(part.header("content-range"), Some("bytes 0-6/700000"));
    let long = ask("GET", &[("range", "bytes=-600000"), ("if-range", &tag)]);
    assert_eq!((long.status, long.header("content-length")), (206, Some("600000")));
    assert!(long.body.len() == 600_000 && long.body.bytes().all(|byte| byte == b'x'));
    let beyond = ask("GET", &[("range", "bytes=700000-")]);
    assert_eq!((beyond.status, beyond.kind()), (416, "out_of_range".into()));
    assert_eq!(beyond.header("content-range"), Some("bytes */700000"));
    for odd in ["bytes=0-1,5-6", "bytes=9-1", "pages=1-2"] {
        assert_eq!(ask("HEAD", &[("range", odd)]).status, 200, "{odd}");
    }
    assert_eq!(ask("HEAD", &[("range", "bytes=0-1"), ("if-range", "\"another\"")]).status, 200);
    assert_eq!(ask("HEAD", &[("if-none-match", &tag)]).status, 304);
    assert_eq!(console.ask("GET", "/map/base.pmtiles", &[], None).status, 401);
    assert_eq!(console.ask("GET", "/map/../console.db", &admin.headers(), None).status, 404);
    // What is there at the start may be gone later: that is told, and ends.
    fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(100).unwrap();
    let lost = ask("GET", &[("range", "bytes=200-300")]);
    assert_eq!((lost.status, lost.kind()), (503, "unavailable".into()));
    assert!(console.ask("GET", "/healthz", &[], None).body.contains("base_map"));
    fs::write(&path, &bytes).unwrap();
    assert_eq!(ask("GET", &[("range", "bytes=200-300")]).status, 206);
    assert!(!console.ask("GET", "/healthz", &[], None).body.contains("base_map"));
}

#[test]
fn without_a_map_there_is_none() {
    let console = Console::start();
    let admin = console.admin();
    assert_eq!(console.look(&admin, "/v1/map").json(), json!({ "base": null }));
    assert_eq!(console.look(&admin, "/map/base.pmtiles").status, 404);
}
