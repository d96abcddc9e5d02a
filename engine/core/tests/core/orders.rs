//! Commands: done once, ended within a day, and told as long as they stand.

use crate::support::{name, one_camera_of};
use std::sync::Arc;
use std::time::Duration;
use viahe_contract::message::{Moment, Order, WhyRests};
use viahe_core::engine::{
    Answer, Command, Effect, Engine, Event, Known, Orders, Silence, Standing,
};
use viahe_core::frame::FrameStamp;
use viahe_core::id::{CommandId, Name};
use viahe_core::observe::Observation;
use viahe_core::plan::Plan;
use viahe_core::rule::explain::Applies;
use viahe_core::time::{ClockSource, Timestamp};

/// 2026-11-22T08:14:00+07:00.
const NOW: Timestamp = Timestamp::from_secs(1_795_310_040);
const HOUR: Duration = Duration::from_hours(1);

fn plan_with(zone_top: f32) -> Arc<Plan> {
    let rest = format!(
        r#"
        [camera.zone.kerb]
        polygon = [[0.0, {zone_top}], [1.0, {zone_top}], [1.0, 1.0], [0.0, 1.0]]
        [[camera.rule]]
        use = "illegal-parking"
        zone = "kerb"
        [[camera.rule]]
        use = "crowding"
        zone = "kerb"
        [[sensor]]
        id = "river-1"
        topic = "river-1"
        quantity = "water_level"
        format = "plain"
        unit = "cm"
        [[rule]]
        use = "flooded-street"
        sensor = "river-1"
        "#
    );
    one_camera_of("timezone = \"Asia/Ho_Chi_Minh\"", "gate", &rest)
}

fn engine() -> Engine {
    Engine::new(plan_with(0.2))
}

fn id_of(text: &str) -> CommandId {
    CommandId::try_from(text).unwrap()
}

fn give(engine: &mut Engine, id: &str, at: Timestamp, order: Order) -> Result<String, String> {
    let by = Some("Hoa".to_owned());
    let effects = engine.apply(Event::Command(Command { id: id_of(id), at, order, by }));
    let answer = effects.into_iter().find_map(|effect| match effect {
        Effect::Answer(answer) => Some(answer.result),
        _ => None,
    });
    answer.unwrap()
}

fn suspend(camera: Option<&str>, rule: Option<&str>, until: Timestamp) -> Order {
    Order::Suspend { camera: camera.map(name), rule: rule.map(name), until }
}

fn silent(orders: &Orders) -> Vec<(Option<&str>, Vec<&str>, bool, Silence)> {
    let told = orders.silenced.iter().map(|s| {
        let rules = s.rules.iter().map(Name::as_str).collect();
        (s.camera.as_ref().map(Name::as_str), rules, s.all, s.why)
    });
    told.collect()
}

#[test]
fn what_silences_rules_ends_within_a_day() {
    let mut engine = engine();
    let day = NOW.plus(24 * HOUR);
    let far = give(&mut engine, "a", NOW, suspend(None, None, day.plus(Duration::from_nanos(1))));
    let words = far.unwrap_err();
    for want in ["2026-11-23T08:14:00.000+07:00 at most", "it is 2026-11-22T08:14:00.000+07:00"] {
        assert!(words.contains(want), "{words}");
    }
    let years = "2099-01-01T00:00:00Z".parse().unwrap();
    for order in [
        suspend(Some("gate"), None, years),
        Order::Disaster { level: 3, until: Some(years) },
        Order::Disaster { level: 1, until: Some(NOW) },
        Order::Disaster { level: 4, until: None },
    ] {
        give(&mut engine, "b", NOW, order).unwrap_err();
    }
    assert_eq!(engine.orders(NOW), Orders::default(), "refused whole");

    let told = give(&mut engine, "c", NOW, suspend(None, None, day)).unwrap();
    assert_eq!(told, "3 rules suspended until 2026-11-23T08:14:00.000+07:00");
    let told = give(&mut engine, "d", NOW, Order::Disaster { level: 3, until: None }).unwrap();
    assert!(told.starts_with("disaster level 3 until 2026-11-23T08:14:00.000+07:00"), "{told}");
    let last = Timestamp(day.0 - 1);
    assert_eq!(engine.orders(last).silenced.len(), 2);
    assert_eq!(engine.orders(last).disaster.unwrap().level, 3);
    assert_eq!(engine.orders(day), Orders::default());
    // Said again, it goes on from then.
    give(&mut engine, "e", last, Order::Disaster { level: 3, until: None }).unwrap();
    assert_eq!(engine.disaster_level(day), 3);
    give(&mut engine, "f", day, Order::Disaster { level: 0, until: None }).unwrap();
    assert_eq!(engine.disaster_level(day), 0);
}

#[test]
fn what_is_silent_is_told_with_who_said_so() {
    let mut engine = engine();
    let until = NOW.plus(HOUR);
    let standing = |command: &str, until| Standing {
        since: NOW,
        until,
        command: id_of(command),
        by: Some("Hoa".into()),
    };
    give(&mut engine, "one", NOW, suspend(Some("gate"), Some("crowding"), until)).unwrap();
    let orders = engine.orders(NOW);
    assert_eq!(silent(&orders), [(Some("gate"), vec!["crowding"], false, Silence::Ordered)]);
    assert_eq!(orders.silenced[0].standing, standing("one", until));
    // A disaster silences what it relaxes, and only that.
    give(&mut engine, "two", NOW, Order::Disaster { level: 2, until: None }).unwrap();
    let parking = (Some("gate"), vec!["illegal-parking"], false, Silence::Disaster);
    let orders = engine.orders(NOW);
    assert_eq!(silent(&orders)[0], parking);
    assert_eq!(silent(&orders).len(), 2);
    assert_eq!(orders.silenced[0].standing, standing("two", NOW.plus(24 * HOUR)));
    give(&mut engine, "three", NOW, Order::Disaster { level: 1, until: None }).unwrap();
    assert_eq!(silent(&engine.orders(NOW)).len(), 1, "patient, not silent");
    // All of it, and lifted.
    give(&mut engine, "four", NOW, suspend(None, None, until)).unwrap();
    let all = [
        (Some("gate"), vec!["illegal-parking", "crowding"], true, Silence::Ordered),
        (None, vec!["flooded-street"], true, Silence::Ordered),
    ];
    assert_eq!(silent(&engine.orders(NOW)), all);
    let told = give(&mut engine, "five", NOW, suspend(None, None, NOW)).unwrap();
    assert_eq!(told, "3 rules not suspended any more");
    assert_eq!(silent(&engine.orders(NOW)), []);
}

#[test]
fn orders_and_their_ids_outlive_a_restart_and_a_zone_that_is_drawn_anew() {
    let mut engine = engine();
    let order = suspend(Some("gate"), None, NOW.plus(HOUR));
    give(&mut engine, "kept", NOW, order.clone()).unwrap();
    let before = engine.orders(NOW);
    let (mut engine, _) = Engine::restore(plan_with(0.4), &engine.save()).unwrap();
    assert_eq!(engine.orders(NOW), before);
    let answer = Answer {
        id: id_of("kept"),
        result: Ok("2 rules suspended until 2026-11-22T09:14:00.000+07:00".into()),
        evidence: None,
    };
    assert_eq!(engine.known(&id_of("kept"), &order), Known::Done(&answer));
    let other = Order::Disaster { level: 3, until: None };
    assert_eq!(engine.known(&id_of("kept"), &other), Known::Otherwise(&order));
    let no = suspend(Some("gat"), None, NOW.plus(HOUR));
    give(&mut engine, "refused", NOW, no.clone()).unwrap_err();
    assert_eq!(engine.known(&id_of("refused"), &no), Known::New, "nothing was done");
}

/// A clock that was wrong when it was ordered must not make it last for years.
#[test]
fn an_order_of_a_wrong_clock_does_not_hold() {
    let mut engine = engine();
    let wrong: Timestamp = "2099-01-01T00:00:00Z".parse().unwrap();
    give(&mut engine, "w", wrong, suspend(None, None, wrong.plus(HOUR))).unwrap();
    give(&mut engine, "x", wrong, Order::Disaster { level: 3, until: None }).unwrap();
    assert_eq!(engine.orders(wrong).silenced.len(), 2);
    assert_eq!(engine.orders(NOW), Orders::default());
}

fn look(engine: &mut Engine, seq: u64, at: Timestamp) {
    let (clock, offset_ms) = (ClockSource::Arrival, 0);
    let frame = FrameStamp { seq, captured: at, arrived: at, clock, offset_ms };
    let camera = name("gate");
    let seen =
        Observation { camera, frame, size_px: [1000, 500], objects: vec![], undecided: Vec::new() };
    engine.apply(Event::Observed(seen));
}

/// As `viahe explain` tells it.
#[test]
fn why_a_suspended_rule_says_nothing_is_told_in_the_time_of_the_site() {
    let mut engine = engine();
    engine.trace(Some(name("gate")), name("crowding"));
    give(&mut engine, "s", NOW, suspend(None, None, NOW.plus(HOUR))).unwrap();
    look(&mut engine, 1, NOW);
    let until = "2026-11-22T09:14:00.000+07:00".parse().unwrap();
    let applied: Vec<_> = engine.traced().unwrap().applied().to_vec();
    assert_eq!(applied, [(NOW, Applies::No(WhyRests::Suspended { until }))]);
}

#[test]
fn a_camera_gives_one_picture_a_second() {
    let mut engine = engine();
    let snapshot = || Order::Snapshot { camera: name("gate") };
    give(&mut engine, "early", NOW, snapshot()).unwrap_err();
    look(&mut engine, 1, NOW);
    let mut asked = 0;
    for n in 0..100u64 {
        let at = NOW.plus(Duration::from_millis(50 * n));
        let command = Command { id: id_of(&format!("s-{n}")), at, order: snapshot(), by: None };
        match &engine.apply(Event::Command(command))[..] {
            [Effect::Capture(capture)] => {
                assert_eq!((capture.moment, n % 20), (Moment::Commanded, 0));
                asked += 1;
            }
            [Effect::Answer(answer)] => {
                let why = answer.result.as_ref().unwrap_err();
                assert!(why.contains("ask again in a second"), "{why}");
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(asked, 5);
    assert_eq!(engine.awaited().count(), 5, "a restart gives them up");
    // A clock that is set back does not lock the camera.
    let command = Command { id: id_of("back"), at: Timestamp(1), order: snapshot(), by: None };
    assert!(matches!(engine.apply(Event::Command(command))[..], [Effect::Capture(_)]));
}
