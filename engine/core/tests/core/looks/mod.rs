//! Stories of the catalogue's entries with their own numbers, each looked at rarely and often: by
//! new ids, ids that are exchanged, misses and traffic that the suite's shorter ones have not.
//!
//! They are told and not kept: at 25 looks a second a recording would be megabytes.

mod moving;
mod parked;
mod things;

use crate::street::sparse::{self, Frames, ticking};
use crate::street::{Rate, Street};
use crate::support;
use crate::support::World;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;
use viahe_core::config;
use viahe_core::engine::Event;
use viahe_core::id::Name;
use viahe_core::model::ModelInfo;
use viahe_core::plan::Plan;
use viahe_core::rule::Bears;
use viahe_core::scenario;
use viahe_core::time::Timestamp;

/// Each story under so many seeds.
const SEEDS: [u64; 3] = [1, 2, 3];

/// The middle of the zone, from kerb to kerb.
const ZONE: &str = "[[0.0, 0.62], [1.0, 0.62], [1.0, 0.82], [0.0, 0.82]]";
const Y: f32 = 0.72;
const LANE: f32 = 0.92;

/// What must come of a story: when each incident opens, and how exactly.
type Opens = (Vec<f32>, f32);

struct Story {
    name: String,
    /// The entry, and what its rule sets.
    rule: &'static str,
    /// Its entry looks so often.
    hz: f32,
    street: Street,
    opens: Opens,
}

fn model(_: &Name) -> Result<ModelInfo, String> {
    let file = support::root().join("fixtures/scenarios/models/all-classes/model.toml");
    let text = std::fs::read_to_string(file).map_err(|e| e.to_string())?;
    let model = config::model::parse("model.toml", &text).map_err(|e| e.to_string())?;
    Ok(ModelInfo::from(&model))
}

/// One camera with the rule.
fn plan(world: &World, rule: &str) -> Arc<Plan> {
    let text = format!(
        "[site]\nid = \"looks\"\ntimezone = \"Asia/Ho_Chi_Minh\"\n[model.all]\npackage = \
         \"all-classes\"\n[[camera]]\nid = \"cam\"\nurl = \"pattern://1280x720@25\"\nmodel = \
         \"all\"\n[camera.zone.zone]\npolygon = {ZONE}\n[[camera.rule]]\nid = \"rule\"\nzone = \
         \"zone\"\n{rule}\n"
    );
    Arc::new(world.parse_with("looks.toml", &text, &model).unwrap_or_else(|e| panic!("{e}")))
}

/// Tells them, and says which do not come out as they must.
fn check(stories: &[Story]) {
    let world = World::new();
    let (mut runs, mut failures) = (0, String::new());
    for Story { name, rule, hz, street, opens: (opens, within) } in stories {
        let plan = plan(&world, rule);
        let mut rates = vec![Rate::Steady(*hz), Rate::Steady(5.0), Rate::Steady(25.0)];
        rates.push(Rate::Changing { least: hz.max(1.0), seed: 31 });
        for (rate, seed) in rates.into_iter().flat_map(|rate| SEEDS.map(|seed| (rate, seed))) {
            let street = street.clone().looked_at(rate).seed(seed);
            let events: Vec<Event> = street.events();
            let start = street.time(0.0);
            let told = scenario::run(&plan, events);
            let mut got: Vec<f32> =
                told.iter().map(|t| t.opened.since(start).as_secs_f32()).collect();
            got.sort_by(f32::total_cmp);
            let fits = got.len() == opens.len()
                && got.iter().zip(opens).all(|(a, b)| (a - b).abs() <= within + 1.0 / hz);
            runs += 1;
            if !fits {
                let _ = write!(
                    failures,
                    "\n{name} at {rate:?}, seed {seed}: opened {got:?}, must {opens:?}"
                );
            }
        }
    }
    println!(
        "{} stories, {runs} runs, {} differ",
        stories.len(),
        failures.lines().filter(|l| !l.is_empty()).count()
    );
    failures += &check_rarely(stories, &world);
    assert!(failures.is_empty(), "{failures}");
}

/// The same, looked at as rarely as the rule bears: then the opening may be late by the gap at which nothing is
/// there.
fn check_rarely(stories: &[Story], world: &World) -> String {
    let mut failures = String::new();
    for Story { name, rule, hz, street, opens: (opens, within) } in stories {
        let plan = plan(world, rule);
        let bears = Bears::of(&plan.cameras[0].rules[0], plan.engine.lateness);
        let late = bears.idle.as_secs_f32() + 1.0 / hz;
        let all = [1, 2, 4].map(|secs| Frames::Keys(Duration::from_secs(secs)));
        for (frames, seed) in all
            .into_iter()
            .chain([Frames::Latest])
            .flat_map(|frames| SEEDS.map(|seed| (frames, seed)))
        {
            let street = street.clone().looked_at(Rate::Steady(10.0)).seed(seed);
            let (start, events) = (street.time(0.0), street.events());
            let end = events.last().and_then(Event::at).unwrap();
            let from = Timestamp(start.0 - 1_000_000_000);
            let told = sparse::told(&plan, &ticking(events, from, end), frames);
            let first = told.said.iter().filter(|r| r.revision == 1);
            let mut got: Vec<f32> = first.map(|r| r.opened.since(start).as_secs_f32()).collect();
            got.sort_by(f32::total_cmp);
            let fits = got.len() == opens.len()
                && got.iter().zip(opens).all(|(a, b)| (a - b).abs() <= within + late);
            if !fits {
                let _ = write!(
                    failures,
                    "\n{name}, {frames:?}, seed {seed}: opened {got:?}, must {opens:?}"
                );
            }
        }
    }
    failures
}

fn street(secs: f32) -> Street {
    Street::new("cam", 1.0, secs)
}

fn story(name: &str, rule: &'static str, hz: f32, street: Street, opens: Opens) -> Story {
    Story { name: name.to_owned(), rule, hz, street, opens }
}
