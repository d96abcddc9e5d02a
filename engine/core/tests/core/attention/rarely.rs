//! What is told is the same, whether a camera is looked at all the time or as rarely as its rules bear.

use super::same::{Day, MINUTES, Story, day, stories, told_to_all_looks};
use crate::street::sparse::{self, Frames};
use crate::street::{Noise, ROUGH};
use std::fmt::Write as _;
use std::time::Duration;
use viahe_core::rule::Bears;
use viahe_core::time::Timestamp;

const STILL: Noise = Noise { jitter: 0.0, miss: 0.0 };
const DAYS: u64 = 24;

/// Key frames so far apart.
const KEYS: [Frames; 3] = [
    Frames::Keys(Duration::from_secs(1)),
    Frames::Keys(Duration::from_secs(2)),
    Frames::Keys(Duration::from_secs(4)),
];
/// Another camera, which looks as often as the rule asks, at other moments.
const OTHER: Frames = Frames::Later(Duration::from_millis(500));

/// Each by itself, so that its gap is that of the camera.
const PATIENT: [&str; 9] = [
    "use = \"illegal-parking\"\ndwell_secs = 20\nabsence_secs = 20",
    "use = \"illegal-parking\"\ndwell_secs = 60\nabsence_secs = 60",
    "use = \"sidewalk-obstruction\"",
    "use = \"crowding\"\ncount_min = 2\ndwell_secs = 30\ncooldown_secs = 20",
    "use = \"abandoned-object\"\naway_secs = 60",
    "use = \"motorbike-on-sidewalk\"\ndwell_secs = 50\nabsence_secs = 30",
    "use = \"blocked-junction\"\nshare_min = 0.1\ndwell_secs = 30",
    "use = \"shop-encroachment\"\ndwell_secs = 60",
    "use = \"dumping\"",
];
/// These look as often as they can, so key frames are never enough.
const IMPATIENT: [&str; 3] = [
    "use = \"pedestrian-in-carriageway\"",
    "use = \"riding-on-sidewalk\"",
    "use = \"wrong-way\"\nallowed_deg = 0",
];

/// How two accounts differ.
#[derive(Debug, Default)]
struct Differs {
    /// Incidents that both tell.
    both: u64,
    /// Those that one alone tells, or at another time.
    one: u64,
    /// The same of those that last no longer than times may differ.
    brief: u64,
    looks: u64,
    decoded: u64,
    text: String,
}

impl Differs {
    /// Adds those of a day of one rule.
    fn add(&mut self, of: &Day, all: &[Story], rare: &[Story]) {
        let rule = &of.plan.cameras[0].rules[0];
        let Bears { idle, busy, close, .. } = Bears::of(rule, of.plan.engine.lateness);
        let shift = idle.max(busy) + close;
        let end = of.start.plus(Duration::from_secs(MINUTES * 60));
        // What was not seen to leave is told to have left, as of when it was last seen, only so much later.
        let late = rule.absence + shift + close;
        let over = Timestamp(end.0 - u64::try_from(late.as_nanos()).unwrap());
        let closed = |s: &Story| s.2.unwrap_or(over).min(over);
        let near = |a: Timestamp, b: Timestamp| a.since(b).max(b.since(a)) <= shift;
        let just = |s: &Story| s.2.unwrap_or(end).since(s.1) <= shift;
        let mut left: Vec<&Story> = rare.iter().collect();
        let mut alone: Vec<&Story> = Vec::new();
        for a in all {
            match left.iter().position(|b| near(a.1, b.1) && near(closed(a), closed(b))) {
                Some(i) => drop(left.remove(i)),
                None => alone.push(a),
            }
        }
        self.both += (all.len() - alone.len()) as u64;
        for s in alone.into_iter().chain(left) {
            let secs = |at: Timestamp| at.since(of.start).as_secs_f32();
            let (opened, closed) = (secs(s.1), s.2.map(secs));
            let _ = write!(self.text, "\n{}: {opened} to {closed:?}", s.0);
            if just(s) { self.brief += 1 } else { self.one += 1 }
        }
    }

    /// What was told of random days with each of these rules, against a camera that looks all the time.
    fn of(rules: &[&str], noise: Noise, frames: &[Frames]) -> Vec<Self> {
        let mut all: Vec<Self> = frames.iter().map(|_| Self::default()).collect();
        for rule in rules {
            for seed in 0..DAYS {
                let day = day(seed, &[rule], noise);
                let always = stories(&told_to_all_looks(&day).0);
                for (frames, differs) in frames.iter().zip(&mut all) {
                    let told = sparse::told(&day.plan, &day.events, *frames);
                    differs.looks += told.looks;
                    differs.decoded += told.decoded;
                    let before = differs.text.len();
                    differs.add(&day, &always, &stories(&told.said));
                    if differs.text.len() > before {
                        let _ = write!(differs.text, " on day {seed}, {frames:?}");
                    }
                }
            }
        }
        for (frames, differs) in frames.iter().zip(&all) {
            println!("{frames:?}: {differs:?}");
        }
        all
    }
}

#[test]
fn patient_rules_tell_the_same_of_a_street_that_is_seen_well() {
    let all = Differs::of(&PATIENT, STILL, &[KEYS[0], KEYS[1], KEYS[2], Frames::Latest]);
    for differs in &all {
        assert!(differs.both > 80 && differs.one == 0, "{differs:?}");
    }
    // Key frames each second serve all of them always, those each two seconds most of the time.
    assert!(all[0].decoded < all[0].looks * 11 / 10, "{:?}", all[0]);
    assert!(all[1].decoded * 3 < all[3].decoded, "{:?}", all[1]);
}

/// A detector that misses each fifth thing decides by luck what comes about when: half as much differs between
/// two cameras that look equally often.
#[test]
fn patient_rules_tell_nearly_the_same_of_a_street_that_is_seen_badly() {
    let all = Differs::of(&PATIENT, ROUGH, &[KEYS[1], KEYS[2], Frames::Latest, OTHER]);
    let luck = all[3].one + all[3].brief;
    for differs in &all[..3] {
        assert!(differs.both > 80 && differs.one + differs.brief <= 2 * luck, "{differs:?}");
    }
}

#[test]
fn impatient_rules_are_shown_all_that_they_would_be() {
    for noise in [STILL, ROUGH] {
        for differs in Differs::of(&IMPATIENT, noise, &KEYS) {
            assert!(differs.both > 60 && differs.one + differs.brief == 0, "{differs:?}");
        }
    }
}
