//! What a recording tells.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use viahe_core::engine::{Capture, Effect, Engine, Event};
use viahe_core::gate::Proof;
use viahe_core::id::Name;
use viahe_core::observe::Object;
use viahe_core::time::Timestamp;
use viahe_edge::ledger::Ledger;
use viahe_edge::models::Locations;
use viahe_edge::project;
use viahe_edge::vision::replay::{Replay, ReplayCamera, ReplayGate};
use viahe_testing::machine::root;

const START: Timestamp = Timestamp::from_secs(1_800_000_000);

/// Seconds of a clip in which nothing moves, and the gate has shown that it sees so.
const QUIET: Range<f64> = 20.0..40.0;

#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) looks: usize,
    pub(crate) inferred: usize,
    /// When, in s of the clip.
    pub(crate) inferred_at: Vec<f64>,
    pub(crate) incidents: Vec<Incident>,
    /// When somebody was in the lane, in s of the clip.
    pub(crate) in_the_lane: Vec<f64>,
}

#[derive(Debug)]
pub(crate) struct Incident {
    pub(crate) rule: String,
    pub(crate) opened_secs: f64,
}

const PARKED: &str = r#"
[[camera.rule]]
use = "illegal-parking"
zone = "kerb"
dwell_secs = 20
"#;
const CROWDS: &str = r#"
[[camera.rule]]
use = "crowding"
id = "some"
zone = "all"
count_min = 2
dwell_secs = 15
[[camera.rule]]
use = "crowding"
id = "many"
zone = "all"
count_min = 4
dwell_secs = 12
"#;
const IN_THE_LANE: &str = r#"
[[camera.rule]]
use = "pedestrian-in-carriageway"
zone = "lane"
"#;
const ANYWHERE: &str = r#"
[[camera.rule]]
use = "pedestrian-in-carriageway"
zone = "all"
"#;

/// Rules about what stands.
pub(crate) const STANDING: Watched = Watched::rarely(&[PARKED, CROWDS]);
/// About places of the picture alone.
pub(crate) const PLACES: Watched = Watched::rarely(&[PARKED, IN_THE_LANE]);
/// About a place where nobody is for a while, alone.
pub(crate) const EMPTY: Watched = Watched::rarely(&[IN_THE_LANE]);
/// And about who walks.
pub(crate) const MOVING: Watched =
    Watched { hz: 5.0, gap_max: Duration::from_millis(200), rules: &[ANYWHERE] };

/// How a camera is looked at, and what for.
pub(crate) struct Watched {
    hz: f32,
    gap_max: Duration,
    rules: &'static [&'static str],
}

impl Watched {
    /// Once a second, and 5 s are borne where nothing is.
    const fn rarely(rules: &'static [&'static str]) -> Self {
        Self { hz: 1.0, gap_max: Duration::from_secs(5), rules }
    }
}

const PIPELINE: &str = r#"
[site]
id = "test"
timezone = "Asia/Ho_Chi_Minh"
[model.street]
package = "as-they-are"
[[camera]]
id = "gate"
url = "pattern://768x576@2"
model = "street"
[camera.zone.kerb]
polygon = [[0.80, 0.14], [1.00, 0.12], [1.00, 0.21], [0.80, 0.24]]
[camera.zone.lane]
polygon = [[0.80, 0.22], [0.95, 0.22], [0.95, 0.35], [0.80, 0.35]]
[camera.zone.all]
polygon = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]
"#;

/// The light model, shown dark pictures as they are. Stretched, what it sees by night wavers from look to look, which a
/// gate with its own proof of 300 looks is never believed on, and one that has to show as little as here is.
fn unstretched(models: &Path) {
    let folder = models.join("as-they-are");
    std::fs::create_dir_all(&folder).unwrap();
    let package = Locations::discover(None).unwrap();
    let package = package.load_package(&Name::try_from("ssdlite-coco").unwrap()).unwrap();
    std::os::unix::fs::symlink(package.weights, folder.join("ssdlite-coco.onnx")).unwrap();
    let text = std::fs::read_to_string(root().join("models/ssdlite-coco/model.toml")).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with("contrast_gain_max"));
    let text = lines.collect::<Vec<_>>().join("\n");
    let text = text.replacen("\"ssdlite-coco\"", "\"as-they-are\"", 1);
    std::fs::write(folder.join("model.toml"), text).unwrap();
}

/// Looks at the clip; with a gate that has proved itself after so many looks.
pub(crate) fn watch(clip: &Path, watched: &Watched, proof: Option<u32>) -> Told {
    let dir = tempfile::tempdir().unwrap();
    unstretched(&dir.path().join("models"));
    let file = dir.path().join("pipeline.toml");
    std::fs::write(&file, format!("{PIPELINE}{}", watched.rules.concat())).unwrap();
    let plan = Arc::new(project::load_without_secrets(&file).unwrap());
    let name = |text: &str| Name::try_from(text).unwrap();
    let camera = ReplayCamera {
        id: name("gate"),
        model: name("as-they-are"),
        file: clip.to_owned(),
        start: START,
        analyse_hz: watched.hz,
        areas: viahe_core::region::areas(&plan.cameras[0]),
        closely: false,
        confidence_min: plan.cameras[0].confidence_min(),
        refine: Vec::new(),
        gate: proof.map(|looks| ReplayGate { proof: Proof { looks }, gap_max: watched.gap_max }),
    };
    let locations = Locations::discover(Some(dir.path())).unwrap();
    let replay = Replay::start(vec![camera], &locations, &Arc::new(Ledger::default())).unwrap();
    let lane = plan.cameras[0].zones.iter().find(|zone| zone.id.as_str() == "lane").cloned();
    let lane = lane.unwrap();
    let mut engine = Engine::new(plan);
    let models = replay.models().iter().cloned().collect();
    let mut told = Told::default();
    told.apply(&mut engine, Event::WorkerStarted { models });
    for seen in replay {
        let seen = seen.unwrap();
        told.looks += 1;
        let secs = seen.observation.frame.captured.since(START).as_secs_f64();
        let is_in_the_lane = |object: &Object| {
            object.class.as_str() == "person" && lane.polygon.contains(object.bbox.ground())
        };
        if seen.observation.objects.iter().any(is_in_the_lane) {
            told.in_the_lane.push(secs);
        }
        if seen.inferred {
            told.inferred += 1;
            told.inferred_at.push(secs);
        }
        told.apply(&mut engine, Event::Observed(seen.observation));
    }
    told
}

impl Told {
    /// When incidents were opened, by rule, in s of the clip.
    pub(crate) fn by_rule(&self) -> BTreeMap<String, Vec<f64>> {
        let mut by_rule: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for Incident { rule, opened_secs } in &self.incidents {
            by_rule.entry(rule.clone()).or_default().push(*opened_secs);
        }
        by_rule
    }

    /// Inferences a minute once the gate has shown that it sees that nothing moves.
    pub(crate) fn a_minute(&self) -> f64 {
        let real = self.inferred_at.iter().filter(|secs| QUIET.contains(*secs)).count();
        real as f64 * 60.0 / (QUIET.end - QUIET.start)
    }

    /// No picture is kept: each that is asked for is gone.
    fn apply(&mut self, engine: &mut Engine, event: Event) {
        let mut todo = VecDeque::from([event]);
        while let Some(event) = todo.pop_front() {
            for effect in engine.apply(event) {
                match effect {
                    Effect::Capture(Capture { id, .. }) => {
                        todo.push_back(Event::Captured { capture: id, evidence: None });
                    }
                    Effect::Publish(revision) if revision.revision == 1 => {
                        let opened_secs = revision.opened.since(START).as_secs_f64();
                        let rule = revision.rule.to_string();
                        self.incidents.push(Incident { rule, opened_secs });
                    }
                    _ => {}
                }
            }
        }
    }
}
