//! A worker that says anything: whatever its messages are, as long as they are messages, the plane goes on,
//! nothing is written outside its folder, no metric grows, and what honest workers see is told.

use super::super::refusals::Refusal;
use super::super::trust::{self, Given, Its};
use super::fakes::{BEGIN, World};
use super::street::{Street, look, name, picture, secs};
use crate::telemetry::series;
use crate::trouble::Trouble;
use crate::vision::supervise::WorkerEvent;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;
use viahe_contract::id::WorkerId;
use viahe_contract::time::LocalTime;
use viahe_core::engine::Capture;
use viahe_core::seam::{FromWorker, SEAM_VERSION};
use viahe_core::time::Timestamp;

/// The worker that lies, which has the camera `gate`, and the one that does not, with `market`.
const LIAR: WorkerId = WorkerId(0);
const HONEST: WorkerId = WorkerId(1);
/// A number that no worker has.
const NOBODY: WorkerId = WorkerId(77);
/// The liar is ended then, and another worker is in its place, which sees a vehicle.
const TRUTH: u64 = 61;
/// How many series there may be beside those of an honest street: refusals by worker and reason, drops by
/// reason, stages, numbers of a camera that are only shown once they are known.
const SERIES_MORE_MAX: usize = 60;

fn formats() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/formats")
}

/// One message of each sort, as fixtures have it.
fn examples() -> Vec<Value> {
    let file = formats().join(format!("seam-{SEAM_VERSION}.jsonl"));
    let text = std::fs::read_to_string(file).unwrap();
    let from = text.lines().filter_map(|line| line.strip_prefix("from "));
    let all: Vec<Value> = from.map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(all.len() > 7, "{}", all.len());
    all
}

/// Where the leaves of a value are, and the keys of its objects.
fn places(value: &Value, at: &str, leaves: &mut Vec<String>, keys: &mut Vec<(String, String)>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                keys.push((at.to_owned(), key.clone()));
                let key = key.replace('~', "~0").replace('/', "~1");
                places(value, &format!("{at}/{key}"), leaves, keys);
            }
        }
        Value::Array(items) => {
            leaves.push(at.to_owned());
            for (i, value) in items.iter().enumerate() {
                places(value, &format!("{at}/{i}"), leaves, keys);
            }
        }
        _ => leaves.push(at.to_owned()),
    }
}

fn hostile_text() -> impl Strategy<Value = String> {
    let ago = |mins: u64| Timestamp(BEGIN.0 - mins * 60_000_000_000).to_string();
    prop_oneof![
        4 => prop::sample::select(vec!["gate".to_owned(), "market".to_owned(), "another".to_owned()]),
        4 => (2u64..9).prop_map(ago),
        2 => prop::sample::select(vec![
            "1970-01-01T00:00:00Z".to_owned(), "2554-07-21T23:34:33.709551615Z".to_owned(),
            BEGIN.plus(Duration::from_hours(1)).to_string(), ago(11), ago(60 * 24 * 400),
            "9999-12-30T00:00:00Z".to_owned(),
        ]),
        2 => prop::sample::select(vec![
            String::new(), "../../../../tmp/x".to_owned(), "/etc/passwd".to_owned(), "\0".to_owned(),
            "a{b=\"c\"}\n# HELP".to_owned(), "+/#".to_owned(), "ữ".repeat(3000), "ssdlite-coco".to_owned(),
            "0".repeat(64), "online".to_owned(), "stalled".to_owned(), "offline".to_owned(),
            "vehicle.car".to_owned(), "recording".to_owned(), "overload".to_owned(), "view".to_owned(),
        ]),
        1 => "\\PC{0,12}",
    ]
}

fn hostile_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        6 => hostile_text().prop_map(Value::from),
        2 => (0u64..8).prop_map(Value::from),
        2 => prop::sample::select(vec![u64::MAX, 1 << 63, 1 << 53, 1 << 32, 16_385]).prop_map(Value::from),
        1 => prop::sample::select(vec![i64::MIN, i64::MIN + 1, -1]).prop_map(Value::from),
        1 => prop::sample::select(vec![1e308, -1e308, 5e-324, 0.5, -0.0]).prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
        1 => Just(json!([])),
        1 => prop::sample::select(vec![json!([0, 0]), json!([u32::MAX, u32::MAX]), json!([0, 0, 1, 1])]),
        1 => Just(json!((0..300).collect::<Vec<u64>>())),
    ]
}

/// A message of the seam's types with some places changed; what the types do not read is none.
fn message() -> impl Strategy<Value = Value> {
    let change = (
        any::<prop::sample::Index>(),
        hostile_value(),
        prop::option::weighted(0.2, hostile_text()),
    );
    // Half of them are about the time that it is, so that they are believed as often.
    let fresh = (any::<bool>(), 2u64..9);
    (prop::sample::select(examples()), prop::collection::vec(change, 0..4), fresh).prop_map(
        |(mut value, changes, (fresh, mins))| {
            if fresh {
                let at = Timestamp(BEGIN.0 - mins * 60_000_000_000);
                for place in [
                    "/observation/frame/captured",
                    "/observation/frame/arrived",
                    "/view/at",
                    "/captured/picture/Ok/captured",
                ] {
                    value.pointer_mut(place).into_iter().for_each(|time| *time = json!(at));
                }
                for place in ["/observation/camera", "/view/camera"] {
                    value.pointer_mut(place).into_iter().for_each(|camera| *camera = "gate".into());
                }
            }
            for (place, new, key) in changes {
                let (mut leaves, mut keys) = (Vec::new(), Vec::new());
                places(&value, "", &mut leaves, &mut keys);
                if let Some(new) = key {
                    let (at, old) = place.get(&keys[..]).clone();
                    let map = value.pointer_mut(&at).and_then(Value::as_object_mut).unwrap();
                    let held = map.remove(&old).unwrap();
                    map.insert(new, held);
                } else if !leaves.is_empty() {
                    let leaf: &String = place.get(&leaves[..]);
                    *value.pointer_mut(leaf).unwrap() = new;
                }
            }
            value
        },
    )
}

/// What a liar does, and when.
#[derive(Clone, Debug)]
enum Act {
    Say(Value),
    SayAsNobody(Value),
    /// It dies, and another begins.
    Restart,
}

fn act() -> impl Strategy<Value = (u64, Act)> {
    let act = prop_oneof![
        30 => message().prop_map(Act::Say),
        2 => message().prop_map(Act::SayAsNobody),
        1 => Just(Act::Restart),
    ];
    (0..TRUTH * 10 - 20, act)
}

impl Street {
    fn two_workers() -> Self {
        let street = Self::new();
        let mut state = street.world.state();
        state.workers.insert(LIAR, vec![name("gate")]);
        state.workers.insert(HONEST, vec![name("market")]);
        drop(state);
        let model = json!({ "name": "ssdlite-coco", "sha256": "07".repeat(32) });
        street.hears(0.0, HONEST, &json!({ "hello": { "version": SEAM_VERSION } }));
        let looks = json!({ "looks": { "camera": "market", "model": model } });
        street.hears(0.0, HONEST, &looks);
        for second in 1..40 {
            let mut seen = look("market", second, true);
            seen.objects[0].class = "person".try_into().unwrap();
            let said = WorkerEvent::Said(FromWorker::Observation(seen));
            street.world.worker(secs(second as f64), (HONEST, said));
        }
        let writer = street.writer();
        street.world.answers(move |world: &World, capture: &Capture| {
            if capture.camera == name("market") {
                let said = WorkerEvent::Said(picture(&writer, capture));
                world.worker(world.passed() + secs(0.7), (HONEST, said));
            }
        });
        street
    }

    /// A message as it comes through the pipe; what the types do not read is none.
    fn hears(&self, at: f64, worker: WorkerId, message: &Value) {
        if let Ok(said) = serde_json::from_str(&message.to_string()) {
            self.world.worker(secs(at), (worker, WorkerEvent::Said(said)));
        }
    }

    fn does(&self, at: f64, act: &Act) {
        match act {
            Act::Say(message) => self.hears(at, LIAR, message),
            Act::SayAsNobody(message) => self.hears(at, NOBODY, message),
            Act::Restart => {
                self.gone(at);
                self.up(at);
            }
        }
    }

    /// The truth about `gate`, from another worker; and the series that there are in the end.
    fn ends(&mut self) -> Vec<String> {
        self.gone(TRUTH as f64);
        self.up(TRUTH as f64);
        self.looks(TRUTH + 1, TRUTH + 50, true);
        self.run((TRUTH + 50) as f64);
        series(&self.metrics)
    }

    /// The revisions of each incident of a camera.
    fn of_camera(&self, camera: &str) -> Vec<Value> {
        let mut all = self.messages();
        all.retain(|message| message["data"]["camera"] == camera);
        all
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn whatever_a_worker_says_the_plane_goes_on(acts in prop::collection::vec(act(), 1..150)) {
        static HONEST_SERIES: LazyLock<usize> =
            LazyLock::new(|| Street::two_workers().ends().len());
        let honest = *HONEST_SERIES;
        let mut street = Street::two_workers();
        let bystander = street.dir().with_file_name("1.jpg");
        std::fs::write(&bystander, "mine").unwrap();
        for (tenths, act) in &acts {
            street.does(*tenths as f64 / 10.0, act);
        }
        let series = street.ends();

        let market = street.of_camera("market");
        let ids: BTreeSet<&str> =
            market.iter().map(|m| m["data"]["incident"].as_str().unwrap()).collect();
        prop_assert_eq!(ids.len(), 1, "one true incident, and none that was made up: {:?}", market);
        let opened = &market[0]["data"];
        prop_assert_eq!((&opened["rule"], &opened["state"]), (&json!("somebody"), &json!("open")));
        // They are late.
        let pictures = market.last().unwrap()["data"]["evidence"].as_array().unwrap();
        prop_assert_eq!(pictures.len(), 2, "nobody else answered: {:?}", pictures);
        for picture in pictures {
            prop_assert!(street.has_picture(picture["sha256"].as_str().unwrap()));
        }
        let gate = street.of_camera("gate");
        let truth = BEGIN.plus(Duration::from_secs(TRUTH));
        let is_true = |message: &Value| {
            let opened: LocalTime = message["data"]["opened"].as_str().unwrap().parse().unwrap();
            opened.at() > truth && message["data"]["state"] == "open"
        };
        let told = gate.iter().any(is_true);
        prop_assert!(told, "what another worker sees at the liar's place is told: {:?}", gate);

        prop_assert!(series.len() <= honest + SERIES_MORE_MAX, "{honest} series, then {}", series.len());
        for series in series.iter().filter(|series| series.contains("camera=\"")) {
            let known = ["gate", "market", ""].map(|camera| format!("camera=\"{camera}\""));
            prop_assert!(known.iter().any(|camera| series.contains(camera)), "{}", series);
        }
        let beside = std::fs::read_dir(street.dir().parent().unwrap()).unwrap();
        let beside: BTreeSet<PathBuf> = beside.map(|entry| entry.unwrap().path()).collect();
        prop_assert_eq!(beside, BTreeSet::from([bystander.clone(), street.dir().to_owned()]));
        prop_assert_eq!(std::fs::read_to_string(bystander).unwrap(), "mine");
    }
}

#[test]
fn what_is_refused_is_told_while_it_lasts() {
    let mut street = Street::two_workers();
    for second in 1..45 {
        let lie = WorkerEvent::Said(FromWorker::Observation(look("market", second, true)));
        street.world.worker(secs(second as f64), (LIAR, lie));
    }
    let troubles = street.troubles.clone();
    street.world.then(secs(44.5), move |_| {
        let lasting = troubles.lasting();
        let told = lasting.iter().find(|one| one.trouble == Trouble::WorkerRefused).unwrap();
        assert!(told.text.contains("worker 0 of cameras that it does not have"), "{}", told.text);
    });
    street.run(170.0);
    assert!(!street.lasts(Trouble::WorkerRefused), "over");
    let series = series(&street.metrics);
    let counted = "viahe_worker_refused_total{worker=\"0\",reason=\"camera\"}";
    assert!(series.iter().any(|series| series == counted), "{series:?}");
}

/// The messages of the property test are messages, and what is made of them is of every sort: believed, and
/// refused for the usual reasons.
#[test]
fn liars_say_all_that_can_be_said() {
    let mut runner = TestRunner::deterministic();
    let its = |fits: bool| Its::of(fits, || false);
    let given = Given {
        work: Its::Now,
        camera: &|camera| its(camera.as_str() == "gate"),
        model: &|model, _| its(model.as_str() == "ssdlite-coco"),
        its_files: true,
        picture: &|capture| its(capture.0 < 4),
        greeted: true,
        now: BEGIN,
    };
    let (mut read, mut believed, mut reasons) = (0, BTreeSet::new(), BTreeSet::new());
    for _ in 0..3000 {
        let made = message().new_tree(&mut runner).unwrap().current();
        let Ok(said) = serde_json::from_value::<FromWorker>(made.clone()) else { continue };
        read += 1;
        let mut refused = Vec::new();
        if trust::believed(said, &given, &mut refused).is_some() {
            believed.extend(made.as_object().unwrap().keys().cloned());
        }
        reasons.extend(refused);
    }
    assert!(read > 600, "only {read} are messages");
    assert_eq!(believed.len(), 9, "{believed:?}");
    // What else is refused takes two things at once; the tests of `trust` have it.
    let usual =
        [Refusal::Camera, Refusal::Picture, Refusal::Time, Refusal::Model, Refusal::Release];
    assert!(usual.iter().all(|why| reasons.contains(why)), "{reasons:?}");
}
