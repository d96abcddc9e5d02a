//! The event plane on one core: looks of a busy street through ten rules of the catalogue.
//!
//! An observation is one object seen in one frame. The street holds parked cars, traffic, people
//! and motorbikes; a tenth of the sightings is missed, so that the rules have gaps to bridge.
#![allow(missing_docs, clippy::unwrap_used)]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use viahe_core::config::{PipelineSources, parse};
use viahe_core::engine::{Engine, Event};
use viahe_core::frame::FrameStamp;
use viahe_core::id::{Name, TrackId};
use viahe_core::model::ModelInfo;
use viahe_core::observe::{Class, Object, Observation};
use viahe_core::plan::Plan;
use viahe_core::time::{ClockSource, Timestamp};

const FRAMES: usize = 2_000;
const HZ: u64 = 5;

const RULES: [(&str, &str); 10] = [
    ("illegal-parking", ""),
    ("sidewalk-obstruction", ""),
    ("motorbike-on-sidewalk", ""),
    ("crowding", ""),
    ("wrong-way", "allowed_deg = 0"),
    ("riding-on-sidewalk", ""),
    ("overloaded-motorbike", ""),
    ("blocked-junction", ""),
    ("pedestrian-in-carriageway", ""),
    ("abandoned-object", ""),
];

fn plan() -> Arc<Plan> {
    let mut text = String::from(
        "[site]\nid = \"bench\"\ntimezone = \"Asia/Ho_Chi_Minh\"\n[model.street]\n\
         package = \"all-classes\"\n[[camera]]\nid = \"cam\"\nurl = \"pattern://1280x720@5\"\n\
         model = \"street\"\n[camera.zone.kerb]\n\
         polygon = [[0.0, 0.4], [0.5, 0.4], [0.5, 1.0], [0.0, 1.0]]\n",
    );
    for (rule, more) in RULES {
        let _ = writeln!(text, "[[camera.rule]]\nuse = \"{rule}\"\nzone = \"kerb\"\n{more}");
    }
    let catalogue = |name: &Name| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../pipelines/catalogue");
        let path = folder.join(format!("{name}.toml"));
        std::fs::read_to_string(path)
            .map(|text| (name.to_string(), text))
            .map_err(|e| e.to_string())
    };
    let class = |text: &str| Class::try_from(text).unwrap();
    let labels: Vec<Class> = [
        "person",
        "vehicle.car",
        "vehicle.truck",
        "vehicle.bus",
        "vehicle.two_wheel.motorcycle",
        "goods.bag",
    ]
    .map(class)
    .into();
    let plan = parse(&PipelineSources {
        file: "bench.toml",
        text: &text,
        catalogue: &catalogue,
        catalogue_names: &[],
        calendar: &|_| Err("none".into()),
        calendar_names: &[],
        models: &|_| Ok(ModelInfo { labels: labels.clone(), refines: Vec::new() }),
        model_names: &[],
        secrets: &|_| Err("none".into()),
    });
    Arc::new(plan.unwrap_or_else(|e| panic!("{e}")))
}

/// 32 bits by multiplication and mixing; enough for a street, the same on every machine.
fn roll(seed: &mut u64) -> f32 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    ((*seed >> 40) as f32) / (1u64 << 24) as f32
}

/// A third stands, the others cross the picture in about ten seconds.
fn street(objects: usize) -> Vec<Event> {
    let mut seed = 7;
    let kinds =
        ["vehicle.car", "person", "vehicle.two_wheel.motorcycle", "person", "vehicle.truck"];
    let classes = kinds.map(|text| Class::try_from(text).unwrap());
    let places: Vec<(f32, f32, f32)> = (0..objects)
        .map(|i| {
            let pace = if i % 3 == 0 { 0.0 } else { 0.02 * (0.5 + roll(&mut seed)) };
            (roll(&mut seed) * 0.9, 0.3 + 0.6 * roll(&mut seed), pace)
        })
        .collect();
    let camera = Name::try_from("cam").unwrap();
    (0..FRAMES)
        .map(|f| {
            let captured = Timestamp(1_790_000_000_000_000_000 + f as u64 * 1_000_000_000 / HZ);
            let mut found = Vec::with_capacity(objects);
            for (i, (x, y, pace)) in places.iter().enumerate() {
                let travelled = x + pace * f as f32;
                let (lap, x) = (travelled.floor(), travelled.fract() * 0.9);
                if roll(&mut seed) < 0.1 {
                    continue;
                }
                let shake = (roll(&mut seed) - 0.5) * 0.004;
                let (x, y) = (x + 0.002 + shake, y - 0.05);
                found.push(Object {
                    track: TrackId(i as u64 + 1000 * lap as u64),
                    class: classes[i % classes.len()].clone(),
                    confidence: (0.4 + roll(&mut seed) * 0.6).try_into().unwrap(),
                    bbox: [x.max(0.0), y, x.max(0.0) + 0.06, y + 0.1].try_into().unwrap(),
                });
            }
            found.sort_by_key(|o| o.track);
            let clock = ClockSource::Recording;
            let frame =
                FrameStamp { seq: f as u64, captured, arrived: captured, offset_ms: 0, clock };
            Event::Observed(Observation {
                camera: camera.clone(),
                frame,
                size_px: [1280, 720],
                objects: found,
                undecided: Vec::new(),
            })
        })
        .collect()
}

fn rules(c: &mut Criterion) {
    let plan = plan();
    let mut group = c.benchmark_group("observations_through_ten_rules");
    for objects in [1, 10, 30] {
        let events = street(objects);
        let seen: usize = events
            .iter()
            .map(|e| if let Event::Observed(o) = e { o.objects.len() } else { 0 })
            .sum();
        group.throughput(Throughput::Elements(seen as u64));
        group.bench_function(format!("{objects}_objects_a_frame"), |b| {
            b.iter_batched(
                || (Engine::new(Arc::clone(&plan)), events.clone()),
                |(mut engine, events)| {
                    for event in events {
                        std::hint::black_box(engine.apply(event));
                    }
                    engine
                },
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

criterion_group! { name = benches; config = Criterion::default().sample_size(10); targets = rules }
criterion_main!(benches);
