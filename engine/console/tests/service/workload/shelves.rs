//! Rules that are kept out of the queue for a time.

use super::*;

#[test]
fn what_is_shelved_is_kept_and_comes_back_when_it_still_goes_on() {
    let console = Console::start();
    let lan = console.operator("lan", &["hue"]);
    let minh = console.operator("minh", &["da-nang"]);
    let mut tend = Tend::new(console.store.clone(), Vitals::default());
    let now = console.clock.now();
    let east = |n| told("hue", n, ("gate-east", "no-parking"), now);
    let west = told("hue", 4, ("gate-west", "no-parking"), now);
    console.takes(vec![east(1), east(2), east(3), west]);
    let shelve = |who: &Session, hours: u64, camera: Option<&str>, reason: &str| {
        let until = now.plus(Duration::from_hours(hours)).at_offset(25_200).to_string();
        let body = json!({ "site": "hue", "rule": "no-parking", "camera": camera, "until": until, "reason": reason });
        console.post(who, "/v1/shelves", body)
    };
    let shelf = shelve(&lan, 168, Some("gate-east"), "hội chợ hoa");
    assert_eq!(shelf.status, 201, "{}", shelf.body);
    let no = shelf.json()["no"].clone();
    assert_eq!(
        (&shelf.json()["incidents"], &shelf.json()["display_name"]),
        (&json!(3), &json!("lan"))
    );
    let again = shelve(&lan, 8, Some("gate-east"), "nữa");
    assert_eq!((again.status, &again.json()["theirs"]["no"]), (409, &no));
    assert_eq!(console.waiting(&lan), 1);
    console.takes(vec![
        told("hue", 5, ("gate-east", "no-parking"), now),
        told("hue", 6, ("gate-east", "other-rule"), now),
    ]);
    assert_eq!(console.waiting(&lan), 2, "another rule of the camera is not shelved");
    let found = |judgement: &str| {
        let page = console.look_at(&lan, &format!("/v1/incidents?judgement={judgement}"));
        page["incidents"].as_array().unwrap().len()
    };
    assert_eq!((found("shelved"), found("all")), (4, 6), "kept and found");
    let detail = console.look_at(&lan, &format!("/v1/incidents/{}", id(1)));
    assert_eq!(
        (&detail["summary"]["shelf"], &detail["shelf"]["reason"]),
        (&no, &json!("hội chợ hoa"))
    );
    let counts = console.look_at(&lan, "/v1/shelves");
    assert_eq!(
        (&counts["shelves"][0]["incidents"], counts["shelves"].as_array().unwrap().len()),
        (&json!(4), 1)
    );
    assert_eq!(console.look_at(&minh, "/v1/shelves")["shelves"], json!([]));

    // It may be judged where it lies; and taken back it lies there again.
    let verdict = console.dismiss(&lan, 2, "permitted");
    assert_eq!(found("shelved"), 3);
    let path = format!("/v1/incidents/{}/verdict/{verdict}", id(2));
    assert_eq!(console.ask("DELETE", &path, &lan.headers(), None).status, 200);
    assert_eq!((found("shelved"), console.waiting(&lan)), (4, json!(2)));

    let over = event("hue", 1, 3);
    console.takes(vec![heard(&over, now)]);
    console.clock.forward(MINUTE * (168 * 60 - 1));
    console.tends(&mut tend);
    let lan = console.log_in("lan", &console.people.reset("lan".try_into().unwrap()).unwrap());
    let lan = Session::of(&lan);
    assert_eq!(console.waiting(&lan), 2);
    console.clock.forward(MINUTE);
    console.tends(&mut tend);
    assert_eq!(console.waiting(&lan), 5, "what goes on is back, and what is over stays");
    let shelf = console.look_at(&lan, "/v1/shelves")["shelves"][0].clone();
    assert_eq!((&shelf["ended_by"], shelf["ended"] == shelf["until"]), (&Value::Null, true));
    let acts = console.acts();
    assert_eq!(acts.iter().filter(|what| *what == "shelved").count(), 1, "{acts:?}");
    let changes = console.runtime.block_on(console.store.changes(0, 1_000)).unwrap();
    assert_eq!(changes.iter().filter(|change| change.event == "shelf").count(), 2);
}

#[test]
fn a_shelf_needs_an_end_within_a_week_and_a_reason() {
    let console = Console::start();
    let lan = console.operator("lan", &["hue"]);
    let minh = console.operator("minh", &["da-nang"]);
    let now = console.clock.now();
    console.takes(vec![told("hue", 1, ("gate-east", "no-parking"), now)]);
    let shelve = |who: &Session, rule: &str, hours: u64, reason: &str| {
        let until = now.plus(Duration::from_hours(hours)).at_offset(25_200).to_string();
        let body = json!({ "site": "hue", "rule": rule, "until": until, "reason": reason });
        let answer = console.post(who, "/v1/shelves", body);
        (answer.status, answer.json()["fields"][0]["field"].as_str().unwrap_or_default().to_owned())
    };
    let refused = |field: &str| (422, field.to_owned());
    assert_eq!(
        shelve(&lan, "no-parking", 169, "hội chợ"),
        refused("until"),
        "more than seven days"
    );
    assert_eq!(shelve(&lan, "no-parking", 0, "hội chợ"), refused("until"), "no end to come");
    assert_eq!(shelve(&lan, "no-parking", 8, "  "), refused("reason"));
    assert_eq!(shelve(&lan, "no-parking", 8, &"x".repeat(501)), refused("reason"));
    assert_eq!(shelve(&lan, "no-such-rule", 8, "hội chợ"), refused("rule"));
    assert_eq!(shelve(&minh, "no-parking", 8, "hội chợ").0, 404, "another's site is not there");
    assert_eq!(console.waiting(&lan), 1);
}

#[test]
fn a_shelf_is_ended_before_its_time() {
    let console = Console::start();
    let lan = console.operator("lan", &["hue"]);
    let minh = console.operator("minh", &["da-nang"]);
    let now = console.clock.now();
    console.takes((1..=3).map(|n| told("hue", n, ("gate-east", "no-parking"), now)).collect());
    console.clock.forward(MINUTE);
    let until = now.plus(Duration::from_hours(8)).at_offset(0).to_string();
    let body =
        json!({ "site": "hue", "rule": "no-parking", "until": until, "reason": "sửa đường" });
    let shelf = console.post(&lan, "/v1/shelves", body);
    assert_eq!(shelf.status, 201, "{}", shelf.body);
    assert_eq!(console.waiting(&lan), 0, "of all cameras");
    let path = format!("/v1/shelves/{}", shelf.json()["no"]);
    assert_eq!(console.ask("DELETE", &path, &minh.headers(), None).status, 404);
    let ended = console.ask("DELETE", &path, &lan.headers(), None);
    assert_eq!((ended.status, &ended.json()["ended_by"]), (200, &json!("lan")));
    assert_eq!(console.waiting(&lan), 3);
    // They had shown themselves before: they are no alerts once more.
    let load = console.look_at(&lan, "/v1/workload?site=hue");
    assert_eq!((&load["told"], &load["alerts"]), (&json!(3), &json!(3)));
    assert!(console.acts().contains(&"unshelved".to_owned()));
}
