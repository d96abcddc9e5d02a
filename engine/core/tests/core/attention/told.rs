//! What is told when, by the clock on the wall.

use super::VIETNAM;
use super::{Box, World, command, disaster, plan, plan_of, rule, suspend, ticking};
use crate::street::{
    Actor, CAR, Street,
    lens::{STRAIGHT, Shot},
};
use std::sync::Arc;
use std::time::Duration;
use viahe_contract::message::{CameraStatus, EndReason, Order, Rest, WhyRests};
use viahe_core::attention::Need;
use viahe_core::engine::{Effect, Engine, Event};
use viahe_core::plan::Plan;
use viahe_core::rule::explain::Applies;
use viahe_core::time::Timestamp;

const PARKING: &str = "use = \"illegal-parking\"";
/// Looks twice a second.
const DUMPING: &str = "use = \"dumping\"";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Wednesday, at this time in Vietnam.
fn wednesday(time: &str) -> Timestamp {
    at(&format!("2026-03-04T{time}+07:00"))
}

/// Each change of what the camera needs, with the local time of the tick that told it, while time goes
/// from one to the other.
fn changes(of: &mut Box, from: Timestamp, to: Timestamp) -> Vec<(String, f32)> {
    changes_with(of, Vec::new(), from, to)
}

fn changes_with(
    of: &mut Box,
    events: Vec<Event>,
    from: Timestamp,
    to: Timestamp,
) -> Vec<(String, f32)> {
    let zone = jiff::tz::TimeZone::get("Asia/Ho_Chi_Minh").unwrap();
    let mut changes = Vec::new();
    for event in ticking(events, from, to) {
        let (before, when) = (looks_hz(of), event.at().unwrap());
        of.apply(event);
        if looks_hz(of) != before {
            let time = when.rfc3339(&zone)[11..19].to_owned();
            changes.push((time, of.need.unwrap().looks_hz));
        }
    }
    changes
}

/// So many looks a second are wanted, as was told last.
fn looks_hz(of: &Box) -> Option<f32> {
    of.need.map(|need| need.looks_hz)
}

fn told(list: &[(&str, f32)]) -> Vec<(String, f32)> {
    list.iter().map(|(time, hz)| ((*time).to_owned(), *hz)).collect()
}

/// Why each resting rule does, as told last.
fn resting(of: &Box) -> Vec<(String, Rest)> {
    let last = of.attended.last().unwrap();
    last.resting.iter().map(|r| (r.rule.to_string(), r.why)).collect()
}

fn scheduled(hours: &str) -> Arc<Plan> {
    plan(&rule(&format!("{PARKING}\nschedule = [\"{hours}\"]")))
}

#[test]
fn a_rule_barred_by_its_hours_needs_looks_from_a_minute_before_they_begin_to_their_end() {
    let mut engine = Box::new(&scheduled("Work 09:00-11:00"));
    let day = changes(&mut engine, wednesday("06:00:00"), wednesday("12:00:00"));
    assert_eq!(day, told(&[("06:00:00", 0.0), ("08:59:00", 1.0), ("11:00:00", 0.0)]));
    assert_eq!(resting(&engine), [("illegal-parking".to_owned(), Rest::Schedule)]);
    // Past midnight; a tick may come at any moment of a second.
    let mut engine = Box::new(&scheduled("Mon-Sun 23:00-00:30"));
    let late = changes(&mut engine, wednesday("22:30:00.4"), wednesday("23:59:00"));
    assert_eq!(late, told(&[("22:30:00", 0.0), ("22:59:00", 1.0)]));
    let early =
        changes(&mut engine, at("2026-03-04T23:59:00+07:00"), at("2026-03-05T02:00:00+07:00"));
    assert_eq!(early, told(&[("00:30:00", 0.0)]));
    // Thursday, the 30th of April, is a holiday.
    let mut engine = Box::new(&scheduled("Work 09:00-11:00"));
    let holiday = changes(&mut engine, at("2026-04-30T00:00:00Z"), at("2026-04-30T06:00:00Z"));
    assert_eq!(holiday, told(&[("07:00:00", 0.0)]));
}

#[test]
fn the_most_demanding_rule_that_applies_counts_or_the_rate_that_was_set() {
    let rules = rule(&format!("{PARKING}\nschedule = [\"Mon-Sun 08:00-10:00\"]"))
        + &rule(&format!("{DUMPING}\nschedule = [\"Mon-Sun 09:00-09:30\"]"));
    let day = |plan: &Arc<Plan>| {
        changes(&mut Box::new(plan), wednesday("07:00:00"), wednesday("11:00:00"))
    };
    let asked = told(&[
        ("07:00:00", 0.0),
        ("07:59:00", 1.0),
        ("08:59:00", 2.0),
        ("09:30:00", 1.0),
        ("10:00:00", 0.0),
    ]);
    assert_eq!(day(&plan(&rules)), asked);
    let set = plan_of(&World::new(), VIETNAM, "analyse_hz = 3.0", &rules);
    assert_eq!(day(&set), told(&[("07:00:00", 0.0), ("07:59:00", 3.0), ("10:00:00", 0.0)]));
}

#[test]
fn a_camera_without_rules_that_look_is_not_looked_at_unless_a_rate_is_set() {
    let flooded = "[[sensor]]\nid = \"level\"\ntopic = \"level\"\nquantity = \"water_level\"\n";
    let flooded =
        format!("[[camera.rule]]\nuse = \"flooded-street\"\nsensor = \"level\"\n{flooded}");
    let watches = "[[camera.rule]]\nuse = \"camera-fault\"\n".to_owned();
    for rules in [String::new(), flooded, watches] {
        for (camera, hz) in [("", 0.0), ("analyse_hz = 0.5", 0.5)] {
            let plan = plan_of(&World::new(), VIETNAM, camera, &rules);
            let mut engine = Box::new(&plan);
            engine.apply(Event::Tick(wednesday("09:00:00")));
            assert_eq!(engine.attended.len(), 1);
            assert_eq!(looks_hz(&engine), Some(hz), "{rules}");
            assert!(engine.attended[0].resting.is_empty());
        }
    }
}

#[test]
fn permits_and_orders_count_and_so_does_when_they_end() {
    let permit = |more: &str| {
        format!(
            "[[permit]]\nid = \"fair\"\nreason = \"event\"\nuses = [\"illegal-parking\"]\ncameras = \
             [\"cam\"]\n{more}\nschedule = [\"Mon-Sun 09:00-10:00\"]\n"
        )
    };
    let mut engine = Box::new(&plan(&(rule(PARKING) + &permit(""))));
    let day = changes(&mut engine, wednesday("08:00:00"), wednesday("09:30:00"));
    assert_eq!(day, told(&[("08:00:00", 1.0), ("09:00:00", 0.0)]));
    assert_eq!(resting(&engine), [("illegal-parking".to_owned(), Rest::Permit)]);
    assert_eq!(
        changes(&mut engine, wednesday("09:30:01"), wednesday("11:00:00")),
        told(&[("09:59:00", 1.0)])
    );
    // A painted bay is not the whole zone.
    let bay = permit("polygon = [[0.5, 0.62], [1.0, 0.62], [1.0, 0.82], [0.5, 0.82]]");
    let mut engine = Box::new(&plan(&(rule(PARKING) + &bay)));
    let day = changes(&mut engine, wednesday("08:00:00"), wednesday("11:00:00"));
    assert_eq!(day, told(&[("08:00:00", 1.0)]));
    // An order: at once, and again a minute before it ends.
    let mut engine = Box::new(&plan(&rule(PARKING)));
    let order = suspend(wednesday("09:00:00.5"), None, wednesday("10:00:00"));
    let day = changes_with(&mut engine, vec![order], wednesday("09:00:00"), wednesday("09:30:00"));
    assert_eq!(day, told(&[("09:00:00", 1.0), ("09:00:00", 0.0)]));
    assert_eq!(resting(&engine), [("illegal-parking".to_owned(), Rest::Ordered)]);
    assert_eq!(
        changes(&mut engine, wednesday("09:30:01"), wednesday("10:30:00")),
        told(&[("09:59:00", 1.0)])
    );
    // Of two reasons one must be over before the other counts.
    let mut engine = Box::new(&scheduled("Mon-Sun 09:30-11:00"));
    let order = suspend(wednesday("09:00:00.5"), None, wednesday("10:00:00"));
    let day = changes_with(&mut engine, vec![order], wednesday("09:00:00"), wednesday("12:00:00"));
    assert_eq!(day, told(&[("09:00:00", 0.0), ("09:59:00", 1.0), ("11:00:00", 0.0)]));
    // Between the end of an order and that of the hours there are some seconds for it.
    let mut engine = Box::new(&scheduled("Mon-Sun 09:30-10:00"));
    let order = suspend(wednesday("09:59:10.5"), None, wednesday("09:59:36"));
    let day = changes_with(&mut engine, vec![order], wednesday("09:59:00"), wednesday("10:10:00"));
    assert_eq!(day, told(&[("09:59:00", 1.0), ("10:00:00", 0.0)]));
}

#[test]
fn a_disaster_lets_rest_what_it_silences() {
    let mut engine = Box::new(&plan(&rule(PARKING)));
    engine.apply(Event::Tick(wednesday("09:00:00")));
    // At the first level it is patient, and looks.
    engine.apply(disaster(wednesday("09:00:01"), 1, None));
    assert_eq!(looks_hz(&engine), Some(1.0));
    engine.apply(disaster(wednesday("09:00:02"), 2, None));
    assert_eq!(looks_hz(&engine), Some(0.0));
    assert_eq!(resting(&engine), [("illegal-parking".to_owned(), Rest::Disaster)]);
    engine.apply(disaster(wednesday("09:00:03"), 0, None));
    assert_eq!(looks_hz(&engine), Some(1.0), "lifted by word, at once");
}

/// A car that stands from 10 s on, looked at once a second.
fn parked(start: &str, secs: f32) -> Vec<Event> {
    let car = Actor::new(CAR).stops(0.5, 0.72, 10.0, 1e6);
    Street::new("cam", 1.0, secs).from(start).with(car).events()
}

#[test]
fn what_a_rule_has_begun_is_seen_to_end() {
    let plan =
        plan(&rule(&format!("{PARKING}\ndwell_secs = 20\nschedule = [\"Mon-Sun 09:00-10:00\"]")));
    let mut engine = Box::new(&plan);
    let (from, ends) = (wednesday("09:58:00"), wednesday("10:00:00"));
    let seen = parked("2026-03-04T02:58:00Z", 100.0);
    changes_with(&mut engine, seen, from, wednesday("09:59:59"));
    assert_eq!(engine.engine.open_incidents(), 1);
    // The camera is away when the hours end: whoever is told of an incident is told of its end.
    let away = changes(&mut engine, ends, wednesday("10:20:00"));
    assert_eq!((away, looks_hz(&engine)), (vec![], Some(1.0)));
    let back = parked("2026-03-04T03:20:00Z", 0.0);
    let after = changes_with(&mut engine, back, wednesday("10:20:00"), wednesday("10:21:00"));
    assert_eq!(after, told(&[("10:20:00", 0.0)]));
    let last = engine.said.last().unwrap();
    assert_eq!((last.ended_by, engine.engine.open_incidents()), (Some(EndReason::RuleInactive), 0));
    // As with one that had not come to an incident yet.
    let mut engine = Box::new(&plan);
    let seen = parked("2026-03-04T02:59:40Z", 19.0);
    changes_with(&mut engine, seen, wednesday("09:59:40"), wednesday("10:10:00"));
    assert_eq!((looks_hz(&engine), engine.engine.open_incidents()), (Some(1.0), 0));
}

#[test]
fn a_view_that_is_not_to_be_trusted_is_no_reason_to_look_away() {
    let plan = plan(&rule(PARKING));
    let mut engine = Box::new(&plan);
    let street = Street::new("cam", 1.0, 300.0).from("2026-03-04T02:00:00Z");
    let covered = Shot { covered: 1.0, ..STRAIGHT };
    let views = street.views(&[(0.0, STRAIGHT), (120.0, covered)]).events();
    let day = changes_with(&mut engine, views, wednesday("09:00:00"), wednesday("09:05:00"));
    assert_eq!((day, engine.suspended), (told(&[("09:00:00", 1.0)]), true));
}

#[test]
fn it_is_told_once_and_again_after_a_restart_and_a_reload() {
    let plan = scheduled("Mon-Sun 09:00-10:00");
    let mut engine = Box::new(&plan);
    changes(&mut engine, wednesday("08:00:00"), wednesday("09:10:00"));
    // Hours begin, and with them nothing is there.
    assert_eq!(engine.attended.len(), 3);
    let saved = engine.engine.save();
    engine.engine = Engine::restore(Arc::clone(&plan), &saved).unwrap().0;
    engine.apply(Event::Tick(wednesday("09:10:01")));
    engine.apply(Event::Tick(wednesday("09:10:02")));
    assert_eq!(engine.attended.len(), 4, "a vision plane that starts knows nothing");
    assert_eq!(engine.attended[3], engine.attended[2]);
    // Other hours.
    let effects = engine.engine.reload(scheduled("Mon-Sun 11:00-12:00"));
    engine.carry_out(effects);
    engine.apply(Event::Tick(wednesday("09:10:03")));
    assert_eq!((engine.attended.len(), looks_hz(&engine)), (5, Some(0.0)));
    // The state says nothing of it: the same bytes, however often it was told.
    let before = engine.engine.save();
    engine.apply(Event::WorkerStarted { models: std::collections::BTreeMap::new() });
    assert_eq!(engine.attended.len(), 5);
    assert_eq!(engine.engine.save(), before);
}

#[test]
fn a_reason_that_changes_is_told() {
    let mut engine = Box::new(&scheduled("Mon-Sun 09:00-10:00"));
    engine.apply(Event::Tick(wednesday("08:00:00")));
    engine.apply(suspend(wednesday("08:00:01"), None, wednesday("09:30:00")));
    assert_eq!(resting(&engine), [("illegal-parking".to_owned(), Rest::Ordered)]);
    assert_eq!(engine.attended.len(), 2);
}

#[test]
fn clocks_that_are_set_are_followed() {
    // By the network, minutes after a start in 1970.
    let mut engine = Box::new(&scheduled("Mon-Sun 09:00-10:00"));
    let boot = Timestamp::from_secs(100);
    engine.apply(Event::Tick(boot));
    assert_eq!(looks_hz(&engine), Some(0.0), "07:01 there");
    let by_ms = wednesday("09:30:00").offset_ms(boot);
    engine.apply(Event::ClockSet { by_ms });
    engine.apply(Event::Tick(wednesday("09:30:01")));
    assert_eq!(looks_hz(&engine), Some(1.0));
    engine.apply(Event::ClockSet { by_ms: -3_600_000 });
    engine.apply(Event::Tick(wednesday("08:30:02")));
    assert_eq!(looks_hz(&engine), Some(0.0));
    // Summer time: on the 29th of March 2026 at 02:00 it is 03:00 in Berlin.
    let spring = plan_of(
        &World::new(),
        "timezone = \"Europe/Berlin\"",
        "",
        &rule(&format!("{PARKING}\nschedule = [\"Sun 03:00-04:00\"]")),
    );
    let mut engine = Box::new(&spring);
    changes(&mut engine, at("2026-03-29T00:30:00Z"), at("2026-03-29T00:58:59Z"));
    assert_eq!(looks_hz(&engine), Some(0.0));
    engine.apply(Event::Tick(at("2026-03-29T00:59:00Z")));
    assert_eq!(looks_hz(&engine), Some(1.0), "03:00 comes in a minute");
    changes(&mut engine, at("2026-03-29T00:59:01Z"), at("2026-03-29T02:00:00Z"));
    assert_eq!(looks_hz(&engine), Some(0.0));
}

#[test]
fn events_that_wait_for_older_ones_do_not_delay_it() {
    let plan = plan_of(
        &World::new(),
        VIETNAM,
        "",
        &format!(
            "{}[engine]\nlateness_secs = 30\n",
            rule(&format!("{PARKING}\nschedule = [\"Mon-Sun 09:00-10:00\"]"))
        ),
    );
    let day = changes(&mut Box::new(&plan), wednesday("08:00:00"), wednesday("11:00:00"));
    assert_eq!(day, told(&[("08:00:00", 0.0), ("08:59:00", 1.0), ("10:00:00", 0.0)]));
}

/// When a rule of these hours applied, as `viahe explain` tells it: the camera looks from 08:59 to 10:00:01
/// in the last fifth of each second, and its pictures come after the second is over.
fn applied(hours: &str, lateness_secs: u64, order: Option<Event>) -> Vec<(String, String)> {
    let rules = rule(&format!("{PARKING}\nschedule = [\"{hours}\"]"));
    let waits = format!("{rules}[engine]\nlateness_secs = {lateness_secs}\n");
    let mut engine = Box::new(&plan_of(&World::new(), VIETNAM, "", &waits));
    engine.engine.trace(Some(super::name("cam")), super::name("illegal-parking"));
    let looks = Street::new("cam", 1.0, 3661.0).from("2026-03-04T01:59:00.8Z").events();
    let late = |look: &Event| look.at().unwrap().plus(Duration::from_millis(300));
    let mut arriving: Vec<_> = looks.into_iter().map(|look| (late(&look), look)).collect();
    let rest = ticking(order.into_iter().collect(), wednesday("08:58:00"), wednesday("10:02:00"));
    arriving.extend(rest.into_iter().map(|event| (event.at().unwrap(), event)));
    arriving.sort_by_key(|(at, _)| *at);
    for (_, event) in arriving {
        engine.apply(event);
    }
    let zone = jiff::tz::TimeZone::get("Asia/Ho_Chi_Minh").unwrap();
    let told = |(at, applies): &(Timestamp, Applies)| {
        let why = match applies {
            Applies::Yes { .. } => "yes".to_owned(),
            Applies::No(WhyRests::Schedule) => "its hours".to_owned(),
            Applies::No(WhyRests::Suspended { until }) => format!("suspended until {until}"),
            Applies::No(other) => format!("{other:?}"),
        };
        (at.rfc3339(&zone)[11..21].to_owned(), why)
    };
    engine.engine.traced().unwrap().applied().iter().map(told).collect()
}

#[test]
fn why_a_rule_rests_is_told_in_the_order_of_time() {
    let barred = "its hours";
    for lateness_secs in [30, 0] {
        let all = applied("Mon-Sun 09:00-10:00", lateness_secs, None);
        let all: Vec<_> = all.iter().map(|(at, why)| (at.as_str(), why.as_str())).collect();
        let hours = [("08:58:00.0", barred), ("09:00:00.8", "yes"), ("10:00:00.0", barred)];
        assert_eq!(all, hours, "{lateness_secs}");
        // An order counts from when it was given, however long it waits.
        let order = suspend(wednesday("09:59:50.5"), None, wednesday("12:00:00"));
        let all = applied("Mon-Sun 09:00-10:00", lateness_secs, Some(order));
        let suspended = "suspended until 2026-03-04T12:00:00.000+07:00";
        assert_eq!(all[1].1, "yes", "{lateness_secs}");
        assert_eq!(all[2..], [("09:59:50.5".to_owned(), suspended.to_owned())], "{lateness_secs}");
    }
}

#[test]
fn who_records_what_there_is_to_see_sees_all_of_it() {
    let rules = rule(&format!("{PARKING}\nschedule = [\"Mon-Sun 09:00-10:00\"]"));
    for (rules, hz) in [(rules.as_str(), 1.0), ("", 1.0)] {
        let mut engine = Box::new(&plan(rules));
        engine.engine.attend_fully();
        let day = changes(&mut engine, wednesday("08:00:00"), wednesday("11:00:00"));
        // And each look is one of its own.
        let need = Need { gap_max_ms: 0, ..Need::steady(hz) };
        assert_eq!(day, told(&[("08:00:00", hz)]));
        assert_eq!(engine.need, Some(need));
        assert!(engine.attended[0].resting.is_empty());
    }
}

#[test]
fn a_camera_that_is_not_looked_at_gives_pictures_all_the_same() {
    let mut engine = Engine::new(scheduled("Mon-Sun 09:00-10:00"));
    let (at, camera) = (wednesday("03:00:00"), super::name("cam"));
    engine.apply(Event::Tick(at));
    let ask = |id: &str| command(id, at, Order::Snapshot { camera: camera.clone() });
    assert!(matches!(engine.apply(ask("one"))[..], [Effect::Answer(_)]), "it shows nothing");
    engine.apply(Event::Camera { camera: camera.clone(), at, status: CameraStatus::Online });
    assert!(matches!(engine.apply(ask("two"))[..], [Effect::Capture(_)]));
}
