//! Orders, and a pipeline to be read again, at the worst times.

use super::street::{Street, secs};
use serde_json::json;

fn suspend(street: &Street, at: f64) {
    let until = super::fakes::BEGIN.plus(secs(3600.0)).to_string();
    street.order(at, "suspend", json!({ "camera": "gate", "until": until }));
}

#[test]
fn orders_that_come_before_the_first_look_are_carried_out() {
    let mut street = Street::new();
    suspend(&street, 0.0);
    street.order(0.0, "reload", json!({}));
    street.vehicle(1, 40);
    street.run(100.0);
    assert_eq!(street.answers(), ["0 s: true suspend-0", "0 s: true reload-0"]);
    assert_eq!(street.told(), [""; 0], "its rules say nothing");
}

#[test]
fn orders_that_come_once_it_stops_are_refused_aloud() {
    // While it waits for the last pictures, and while it hands over.
    for waits in [true, false] {
        let mut street = Street::new();
        street.looks(8, 20, waits);
        if waits {
            street.no_pictures();
        }
        for at in [20.1, 21.0, 24.9] {
            suspend(&street, at);
            street.order(at, "reload", json!({}));
            street.order(at, "snapshot", json!({ "camera": "gate" }));
        }
        street.run(20.0);
        let answers = street.answers();
        assert_eq!(answers.len(), 9, "{answers:?}");
        assert!(answers.iter().all(|answer| answer.contains("false")), "{answers:?}");
    }
}

#[test]
fn who_asked_for_a_picture_that_does_not_come_before_the_stop_is_told() {
    let mut street = Street::new();
    street.no_pictures();
    street.looks(1, 20, false);
    street.order(19.5, "snapshot", json!({ "camera": "gate" }));
    street.run(20.0);
    assert_eq!(street.answers(), ["22 s: false snapshot-19_5"]);
}

#[test]
fn a_change_is_confirmed_once_it_is_on_disk() {
    let mut street = Street::new();
    street.looks(1, 20, false);
    suspend(&street, 5.0);
    street.world.then(secs(4.9), |world| world.state().commits = 0);
    street.run(20.0);
    assert_eq!(street.answers(), ["5 s: true suspend-5"]);
    assert_eq!(street.world.state().commits_when_said, [1]);
}

#[test]
fn a_full_disk_keeps_no_order_from_being_carried_out_and_answered() {
    let mut street = Street::new();
    street.vehicle(1, 40);
    street.world.state().disk_full = true;
    suspend(&street, 0.5);
    let answered = street.run(100.0);
    assert_eq!(street.answers(), ["0 s: true suspend-0_5"]);
    assert!(answered.opened.is_empty());
}

#[test]
fn a_pipeline_is_read_again_at_the_start_and_not_once_it_stops() {
    let mut street = Street::new();
    street.hang_up(0.0);
    street.vehicle(1, 40);
    street.hang_up(30.0);
    street.run(100.0);
    assert_eq!(street.told(), ["11 s: r1 open, 2 pictures", "60 s: r2 closed, 3 pictures"]);
}

#[test]
fn a_picture_that_was_asked_for_goes_to_the_console_or_it_is_said_that_it_does_not() {
    for disk_full in [false, true] {
        let mut street = Street::new();
        street.limits.uploads_max = 9;
        street.looks(1, 20, false);
        street.world.state().disk_full = disk_full;
        street.order(10.5, "snapshot", json!({ "camera": "gate" }));
        street.run(20.0);
        let reply = street.world.state().said.iter().find_map(|(_, said)| {
            let reply: serde_json::Value = serde_json::from_slice(&said.payload).unwrap();
            said.topic.contains("/reply/").then_some(reply)
        });
        let reply = reply.unwrap();
        let next = street.store().unsent().newest_gravest().unwrap();
        let text = reply["text"].as_str().unwrap();
        if disk_full {
            assert!(text.contains("picture taken; it is not sent to the console: "), "{text}");
            assert_eq!(next, None);
        } else {
            assert_eq!(text, "picture taken");
            assert_eq!(reply["evidence"]["sha256"], next.unwrap().sha256.to_string());
        }
    }
}
