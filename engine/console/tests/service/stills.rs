//! Pictures that people ask cameras for: asked once, shown where the site is open, forgotten after a day.

use super::boxes::{Site, heard_by};
use super::broker::hears;
use super::sample::{PICTURE, PICTURE_NAME, heard};
use super::support::{Console, Session};
use serde_json::{Value, json};
use std::thread::scope;
use std::time::Duration;
use viahe_contract::id::Name;
use viahe_contract::sha256::Sha256;
use viahe_contract::time::Timestamp;
use viahe_testing::wait::eventually;

const STILL: &str = "/v1/sites/hue/cameras/gate-east/still";

/// A camera of the site that was told of.
fn site() -> Site {
    let site = Site::start();
    let state = json!({
        "state": "online", "reason": "", "time": "2026-11-30T07:00:00.000+07:00", "fps": 25.0,
        "resolution": [1920, 1080], "clock_offset_ms": 0, "clock_step": null, "transport": "tcp",
        "rules_suspended": null, "suspensions": [], "disaster": null
    });
    site.says("cam/gate-east/state", &state.to_string());
    site
}

fn taken() -> Value {
    let picture =
        json!({ "sha256": PICTURE_NAME, "bytes": PICTURE.len(), "media_type": "image/jpeg" });
    json!({ "evidence": picture })
}

fn bring(console: &Console, token: &str) -> u16 {
    let headers = [("authorization", token), ("content-type", "image/jpeg")];
    console.send("PUT", &format!("/v1/evidence/{PICTURE_NAME}"), &headers, PICTURE).status
}

#[test]
fn several_who_ask_get_one_picture_and_who_may_look_there_sees_it() {
    let site = site();
    let ears = hears(&site.broker, "viahe/v1/hue/cmd/#");
    let machine = site.console.token("box-hue", "box", Some(&["hue"]));
    let asked_for = |ears: &viahe_testing::program::Program| {
        ears.lines().iter().filter(|line| line.text.contains("/cmd/snapshot")).count()
    };
    let lately = json!({ "max_age_secs": 3600 });
    let ask = || site.ask("POST", STILL, Some(lately.clone()));
    scope(|threads| {
        let asking = [0; 3].map(|_| threads.spawn(ask));
        let command = heard_by(&ears, 0, "snapshot");
        assert_eq!(command["camera"], "gate-east");
        site.answer("hue", &command, &taken());
        assert_eq!(bring(&site.console, &machine), 201);
        for asked in asking {
            let answer = asked.join().unwrap();
            assert_eq!((answer.status, &answer.json()["sha256"]), (200, &json!(PICTURE_NAME)));
        }
    });
    let lately = site.ask("POST", STILL, Some(json!({ "max_age_secs": 3600 })));
    assert_eq!((lately.status, &lately.json()["sha256"]), (200, &json!(PICTURE_NAME)));
    assert_eq!(asked_for(&ears), 1);
    let cameras = site.ask("GET", "/v1/cameras", None).json();
    assert_eq!(cameras["cameras"][0]["still"]["sha256"], PICTURE_NAME);

    let see = |session: &Session| {
        let path = format!("/v1/evidence/{PICTURE_NAME}");
        site.console.ask("GET", &path, &session.headers(), None).status
    };
    let of = |name: &str, at: &str| {
        let password = site.console.person(name, "viewer", Some(&[at]));
        Session::of(&site.console.log_in(name, &password))
    };
    assert_eq!((see(&of("xem", "hue")), see(&of("khach", "da-nang"))), (200, 404));
    let admin = site.console.admin();
    let audit = site.console.ask("GET", "/v1/audit", &admin.headers(), None).json();
    let did = |who: &str, what: &str| {
        let lines = audit["entries"].as_array().unwrap().iter();
        lines.filter(|line| line["who"] == who && line["what"] == what).count()
    };
    assert_eq!((did("kien", "still_asked"), did("xem", "evidence_seen")), (1, 1), "{audit}");
    for (path, body, status) in [
        (STILL, json!({ "max_age_secs": 3601 }), 422),
        ("/v1/sites/hue/cameras/no-such-camera/still", json!({}), 404),
        ("/v1/sites/da-nang/cameras/gate-east/still", json!({}), 404),
    ] {
        assert_eq!(site.ask("POST", path, Some(body)).status, status, "{path}");
    }
}

#[test]
fn a_picture_that_is_not_brought_in_time_is_shown_once_it_is() {
    let site = site();
    let ears = hears(&site.broker, "viahe/v1/hue/cmd/#");
    let machine = site.console.token("box-hue", "box", Some(&["hue"]));
    scope(|threads| {
        let asked = threads.spawn(|| site.ask("POST", STILL, Some(json!({}))));
        site.answer("hue", &heard_by(&ears, 0, "snapshot"), &taken());
        let kept = || {
            let db = rusqlite::Connection::open(site.console.folder.path().join("console.db"));
            let count = "SELECT COUNT(*) FROM still";
            db.unwrap().query_row(count, [], |row| row.get::<_, i64>(0)).unwrap() == 1
        };
        eventually("the answer is heard", kept);
        site.console.clock.forward(Duration::from_secs(40));
        let answer = asked.join().unwrap();
        assert_eq!((answer.status, answer.kind()), (504, "box_silent".into()));
    });
    let cameras = || site.ask("GET", "/v1/cameras", None).json();
    assert_eq!(cameras()["cameras"][0]["still"], Value::Null);
    assert_eq!(bring(&site.console, &machine), 201);
    assert_eq!(cameras()["cameras"][0]["still"]["sha256"], PICTURE_NAME);
    let lately = site.ask("POST", STILL, Some(json!({ "max_age_secs": 3600 })));
    assert_eq!((lately.status, &lately.json()["sha256"]), (200, &json!(PICTURE_NAME)));
}

#[test]
fn a_day_later_only_the_newest_of_a_camera_is_left_and_what_incidents_name() {
    let console = Console::start();
    let name = |text: &str| Name::try_from(text).unwrap();
    let picture = |n: u8| Sha256::from_bytes([n; 32]);
    let named = Sha256::try_from(PICTURE_NAME).unwrap();
    let hour = |n: u64| Timestamp::from_secs(1_796_000_000 + n * 3_600);
    let still = |site: &str, camera: &str, file, at| {
        let kept = console.store.keep_still((name(site), name(camera)), file, at);
        console.runtime.block_on(kept).unwrap();
    };
    let arrives = |site: &str, file| {
        console.runtime.block_on(console.store.arrived(name(site), file, 9, hour(0))).unwrap();
    };
    console.runtime.block_on(console.store.take(vec![heard("hue", 1, 1)])).unwrap();
    for (site, file) in
        [("hue", picture(1)), ("hue", picture(2)), ("hue", picture(4)), ("hue", named)]
    {
        arrives(site, file);
    }
    // Two sites have the same one.
    arrives("da-nang", picture(4));
    still("hue", "gate-east", picture(1), hour(0));
    still("hue", "gate-east", named, hour(1));
    still("hue", "gate-east", picture(4), hour(2));
    still("hue", "gate-east", picture(2), hour(3));
    still("da-nang", "gate-east", picture(4), hour(2));
    // It never came.
    still("hue", "gate-east", picture(3), hour(4));
    let forget = |before: Timestamp| {
        console.runtime.block_on(console.store.forget_stills(before, hour(5))).unwrap()
    };
    let on_the_way =
        || console.runtime.block_on(console.store.strays_due(hour(5), None)).unwrap().0;
    assert_eq!((forget(hour(0)), on_the_way()), (0, vec![]));
    assert_eq!(forget(hour(5)), 4);
    assert_eq!(
        on_the_way(),
        [picture(1)],
        "the others are the newest, an incident's, or of another site too"
    );
    let brought = |site: &str, file| {
        console.runtime.block_on(console.store.has_file(name(site), file)).unwrap()
    };
    assert!(brought("hue", picture(2)) && brought("hue", named) && brought("da-nang", picture(4)));
    assert!(!brought("hue", picture(1)) && !brought("hue", picture(4)));
    let newest = |site: &str| {
        let whose = (name(site), name("gate-east"));
        console
            .runtime
            .block_on(console.store.newest_still(whose, hour(0)))
            .unwrap()
            .unwrap()
            .sha256
    };
    assert_eq!(
        (newest("hue"), newest("da-nang")),
        (picture(2).to_string(), picture(4).to_string())
    );
    assert_eq!(forget(hour(9)), 0, "for good");
    // Nor does a picture of a camera go with those of nobody.
    let unnamed = console.runtime.block_on(console.store.unnamed(hour(9), None)).unwrap();
    assert_eq!(unnamed.0, []);
}
