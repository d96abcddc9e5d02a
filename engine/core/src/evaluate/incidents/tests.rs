use super::*;
use crate::id::Name;
use crate::random::SplitMix64;
use std::collections::BTreeSet;

fn name(text: &str) -> Name {
    Name::try_from(text).unwrap()
}

fn happened(zone: Option<&str>, begin_secs: f64, end_secs: f64) -> Happened {
    let (rule, camera) = (name("wrong-way"), Some(name("gate")));
    Happened { rule, camera, zone: zone.map(name), begin_secs, end_secs }
}

fn alert(zone: &str, told_secs: f64) -> Alert {
    Alert { rule: name("wrong-way"), camera: Some(name("gate")), zone: Some(name(zone)), told_secs }
}

#[test]
fn an_alert_counts_while_it_lasts_and_for_a_grace_afterwards() {
    let one = [happened(None, 10.0, 20.0)];
    for (told, want) in [
        (9.5, Verdict::FalseAlarm),
        (10.0, Verdict::Hit(0)),
        (25.0, Verdict::Hit(0)),
        (25.5, Verdict::FalseAlarm),
    ] {
        assert_eq!(matched(&one, &[alert("lane", told)], 5.0), [want], "{told}");
    }
}

#[test]
fn what_was_told_already_is_a_repeat_and_no_second_hit() {
    let one = [happened(None, 10.0, 20.0)];
    // In order of time, whatever the order in which they are given.
    let alerts = [alert("lane", 15.0), alert("lane", 12.0), alert("lane", 40.0)];
    let want = [Verdict::Repeat(0), Verdict::Hit(0), Verdict::FalseAlarm];
    assert_eq!(matched(&one, &alerts, 5.0), want);
}

#[test]
fn another_rule_camera_or_zone_tells_of_something_else() {
    let one = [happened(Some("lane"), 0.0, 20.0)];
    let right = alert("lane", 5.0);
    for wrong in [
        Alert { rule: name("crowding"), ..right.clone() },
        Alert { camera: Some(name("market")), ..right.clone() },
        Alert { camera: None, ..right.clone() },
        Alert { zone: Some(name("kerb")), ..right.clone() },
        Alert { zone: None, ..right.clone() },
    ] {
        assert_eq!(
            matched(&one, std::slice::from_ref(&wrong), 5.0),
            [Verdict::FalseAlarm],
            "{wrong:?}"
        );
    }
    assert_eq!(matched(&one, &[right], 5.0), [Verdict::Hit(0)]);
}

/// The most hits that any choice makes, by trying all.
fn most(happened: &[Happened], alerts: &[Alert], taken: &mut BTreeSet<usize>) -> usize {
    let Some((first, rest)) = alerts.split_first() else { return 0 };
    let mut best = most(happened, rest, taken);
    for i in 0..happened.len() {
        let of = &happened[i];
        if (of.begin_secs..=of.end_secs + 1.0).contains(&first.told_secs) && taken.insert(i) {
            best = best.max(1 + most(happened, rest, taken));
            taken.remove(&i);
        }
    }
    best
}

#[test]
fn no_other_choice_makes_more_hits() {
    for seed in 0..400 {
        let mut random = SplitMix64::new(seed);
        // On a coarse grid, so that times are equal often.
        let mut up_to = |n: u64| (random.draw() % n) as f64;
        let all: Vec<Happened> = (0..5)
            .map(|_| {
                let begin = up_to(10);
                happened(None, begin, begin + up_to(5))
            })
            .collect();
        let alerts: Vec<Alert> = (0..5).map(|_| alert("lane", up_to(12))).collect();
        let verdicts = matched(&all, &alerts, 1.0);
        let hits: Vec<usize> = verdicts
            .iter()
            .filter_map(|of| if let Verdict::Hit(i) = of { Some(*i) } else { None })
            .collect();
        let different: BTreeSet<&usize> = hits.iter().collect();
        assert_eq!(different.len(), hits.len(), "seed {seed}: one is hit twice");
        let want = most(&all, &alerts, &mut BTreeSet::new());
        assert_eq!(hits.len(), want, "seed {seed}: {all:?} {alerts:?}");
    }
}

#[test]
fn shares_have_wilsons_bounds() {
    // Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, method 3.
    for (hits, of, low, high) in [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ] {
        let share = Share::new(hits, of).unwrap();
        assert!((share.low - low).abs() < 6e-5 && (share.high - high).abs() < 6e-5, "{share:?}");
    }
    assert_eq!(Share::new(0, 0), None);
}

#[test]
fn figures_are_by_rule_and_together() {
    let rules = |ids: &[&str]| ids.iter().map(|id| name(id)).collect();
    let watcher = |ids: &[&str], hours| Watcher { rules: rules(ids), hours, is_camera: true };
    let crowding = |told_secs| Alert { rule: name("crowding"), ..alert("lane", told_secs) };
    let first = Watched {
        watchers: vec![watcher(&["wrong-way", "crowding"], 0.5), watcher(&["crowding"], 0.5)],
        happened: vec![happened(None, 10.0, 20.0), happened(None, 50.0, 60.0)],
        alerts: vec![alert("lane", 13.0), alert("lane", 14.0), crowding(30.0)],
    };
    let second = Watched {
        watchers: vec![
            watcher(&["wrong-way"], 1.5),
            Watcher { rules: rules(&["flood"]), hours: 1.5, is_camera: false },
        ],
        happened: vec![happened(None, 100.0, 120.0)],
        alerts: vec![alert("lane", 109.0)],
    };
    let report = Report::new(&[first, second], 5.0);
    let [crowding, flood, wrong_way] = &report.rules[..] else { panic!("{report:?}") };
    assert_eq!([&crowding.rule, &flood.rule, &wrong_way.rule], ["crowding", "flood", "wrong-way"]);
    assert_eq!((crowding.false_alarms, crowding.camera_hours, crowding.recall), (1, 1.0, None));
    assert_eq!((flood.told, flood.camera_hours), (0, 1.5));
    let counts = [wrong_way.happened, wrong_way.told, wrong_way.hits, wrong_way.repeats];
    assert_eq!((counts, wrong_way.camera_hours), ([3, 3, 2, 1], 2.0));
    assert_eq!(wrong_way.secs_to_detect, Some(Delays { median: 3.0, p90: 9.0, max: 9.0 }));
    assert_eq!(wrong_way.alerts_per_camera_hour, Some(1.5));
    let together = &report.together;
    assert_eq!(
        (together.told, together.hits, together.camera_hours),
        (4, 2, 2.5),
        "the site's time is none of a camera"
    );
}
