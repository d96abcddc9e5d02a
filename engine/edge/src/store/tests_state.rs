//! What a commit of the engine's state writes.

use super::tests::small;
use super::*;
use std::fs;
use std::sync::Arc;
use viahe_core::config::{self, PipelineSources};
use viahe_core::engine::{Changes, Engine, Event, Saved};
use viahe_core::frame::FrameStamp;
use viahe_core::id::Name;
use viahe_core::id::TrackId;
use viahe_core::model::ModelInfo;
use viahe_core::observe::{Class, Object, Observation};
use viahe_core::plan::Plan;
use viahe_core::time::ClockSource;
use viahe_core::time::Timestamp;

const CAMERAS: u64 = 128;

/// So many cameras, each over a kerb and a yard.
fn plan() -> Arc<Plan> {
    let mut text = String::from(
        "[site]\nid = \"site\"\ntimezone = \"UTC\"\n[model.all]\npackage = \"ssdlite-coco\"\n",
    );
    for n in 0..CAMERAS {
        let camera = format!(
            "[[camera]]\nid = \"cam-{n}\"\nurl = \"pattern://1280x720@5\"\nmodel = \"all\"\n\
             [camera.zone.kerb]\npolygon = [[0.0, 0.2], [1.0, 0.2], [1.0, 1.0], [0.0, 1.0]]\n\
             [[camera.rule]]\nuse = \"standing\"\nzone = \"kerb\"\n\
             [[camera.rule]]\nuse = \"somebody\"\nzone = \"kerb\"\n"
        );
        text.push_str(&camera);
    }
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/formats/catalogue");
    let entry = |name: &Name| {
        let text = fs::read_to_string(dir.join(format!("{name}.toml")));
        text.map(|text| (name.to_string(), text)).map_err(|e| e.to_string())
    };
    let labels = ["person", "vehicle.car"].map(|class| Class::try_from(class).unwrap());
    let plan = config::parse(&PipelineSources {
        file: "test.toml",
        text: &text,
        catalogue: &entry,
        catalogue_names: &[],
        calendar: &|_| Err("none".into()),
        calendar_names: &[],
        models: &|_| Ok(ModelInfo { labels: labels.to_vec(), refines: Vec::new() }),
        model_names: &[],
        secrets: &|_| Err("none".into()),
    });
    Arc::new(plan.unwrap_or_else(|e| panic!("{e}")))
}

/// Two cars that stand and a person, `secs` after the beginning.
fn look(camera: u64, secs: u64) -> Event {
    let object = |track, class: &str, bbox: [f32; 4]| Object {
        track: TrackId(track),
        class: Class::try_from(class).unwrap(),
        confidence: 0.8.try_into().unwrap(),
        bbox: bbox.try_into().unwrap(),
    };
    let captured = Timestamp::from_secs(1_795_000_000 + secs);
    let clock = ClockSource::Arrival;
    Event::Observed(Observation {
        camera: Name::try_from(format!("cam-{camera}")).unwrap(),
        frame: FrameStamp { seq: secs, captured, arrived: captured, offset_ms: 0, clock },
        size_px: [1280, 720],
        objects: vec![
            object(1, "vehicle.car", [0.10, 0.40, 0.30, 0.60]),
            object(2, "vehicle.car", [0.60, 0.40, 0.80, 0.60]),
            object(3, "person", [0.45, 0.35, 0.50, 0.65]),
        ],
        undecided: Vec::new(),
    })
}

/// Bytes that a commit writes: all of them go to the log first.
fn written(store: &mut Store, changes: &Changes) -> u64 {
    store.db().query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    store.commit(&[], Some(changes)).unwrap();
    fs::metadata(store.dir.join(format!("{FILE_NAME}-wal"))).unwrap().len()
}

#[test]
fn a_commit_of_one_camera_among_many_writes_what_changed() {
    let mut engine = Engine::new(plan());
    for secs in 0..30 {
        (0..CAMERAS).for_each(|camera| drop(engine.apply(look(camera, secs))));
    }
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open_with(dir.path(), small(1_000, 1 << 20)).unwrap();
    // As it was before: one row for all.
    let whole = written(&mut store, &Saved::whole(engine.save().to_text()).into());
    let all = engine.changes(store.saves());
    let all = written(&mut store, &all);

    drop(engine.apply(look(7, 30)));
    let changes = engine.changes(store.saves());
    let one = written(&mut store, &changes);
    println!(
        "{CAMERAS} cameras: {whole} bytes in one row, {all} in parts; one camera changed: {one} \
         ({} of state), 1/{}",
        changes.bytes(),
        whole / one
    );
    assert!(one * 20 <= whole, "{one} of {whole}");
    // And what is there is all of it.
    assert_eq!(store.state().unwrap().saved, engine.save());
    assert_eq!(engine.changes(store.saves()).parts, []);
}

#[test]
fn another_file_gets_all_parts_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open_with(dir.path(), small(1_000, 1 << 20)).unwrap();
    let mut engine = Engine::new(plan());
    let changes = engine.changes(store.saves());
    store.commit(&[], Some(&changes)).unwrap();
    drop(engine.apply(look(0, 1)));
    store.begin_anew().unwrap();
    let changes = engine.changes(store.saves());
    store.commit(&[], Some(&changes)).unwrap();
    assert_eq!(store.state().unwrap().saved, engine.save());
}
