//! One `Tracker::update` a frame at 10, 50 and 100 objects that move, stop, hide each other and
//! are missed in one frame of ten. Peer: `peers/tracker.py`.
#![allow(missing_docs, clippy::unwrap_used)]

use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use std::time::Duration;
use viahe_core::detect::Detection;
use viahe_core::geometry::PxBox;
use viahe_core::id::ClassIx;
use viahe_core::time::Timestamp;
use viahe_core::track::{Tracker, TrackerOptions};

const FRAMES: u32 = 600;
const HZ: u32 = 5;

/// Milliseconds an update of the fastest Python peer (roboflow trackers, ByteTrack) on the same
/// kind of machine; see `peers/tracker.py` to measure it here.
const PEER_MS: [(usize, f64); 3] = [(10, 1.29), (50, 5.2), (100, 9.7)];

/// 32 bits by multiplication and mixing; enough for a scene, the same on every machine.
fn roll(seed: &mut u64) -> f32 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    ((*seed >> 40) as f32) / (1u64 << 24) as f32
}

fn scene(objects: usize) -> Vec<Vec<Detection>> {
    let mut seed = 42;
    let mut walkers: Vec<[f32; 4]> = (0..objects)
        .map(|_| {
            let (x, y) = (roll(&mut seed) * 1920.0, 300.0 + roll(&mut seed) * 700.0);
            let h = 0.2 * y;
            [x, y, h, (roll(&mut seed) - 0.5) * 2.0 * h]
        })
        .collect();
    let mut frame = || {
        let mut detections = Vec::with_capacity(objects);
        for [x, y, h, speed] in &mut walkers {
            *x = (*x + *speed / HZ as f32).rem_euclid(1920.0);
            if roll(&mut seed) < 0.1 {
                continue;
            }
            let mut shake = || (roll(&mut seed) - 0.5) * 0.1 * *h;
            let (x, y, w) = (*x + shake(), *y + shake(), 0.2 * *h + shake() * 0.5);
            detections.push(Detection {
                class: ClassIx(0),
                confidence: (0.4 + roll(&mut seed) * 0.6).try_into().unwrap(),
                bbox: PxBox::new(x - w, y - *h, x + w, y).unwrap(),
                part: 0,
            });
        }
        detections
    };
    (0..FRAMES).map(|_| frame()).collect()
}

fn tracker(c: &mut Criterion) {
    let mut group = c.benchmark_group("tracker_update");
    for (objects, peer_ms) in PEER_MS {
        let frames = scene(objects);
        let mut tracker = Tracker::new(TrackerOptions::default(), 0);
        let mut k = 0u32;
        let mut best_us = f64::INFINITY;
        group.bench_function(format!("{objects}_objects"), |b| {
            b.iter_custom(|runs| {
                let watch = criterion::measurement::WallTime;
                let start = criterion::measurement::Measurement::start(&watch);
                for _ in 0..runs {
                    let at = Duration::from_millis(u64::from(k) * 1000 / u64::from(HZ));
                    let detections = &frames[(k % FRAMES) as usize];
                    black_box(tracker.update(Timestamp::from_secs(1).plus(at), detections));
                    k += 1;
                }
                let took = criterion::measurement::Measurement::end(&watch, start);
                best_us = best_us.min(took.as_secs_f64() * 1e6 / runs as f64);
                took
            });
        });
        println!(
            "{objects} objects: best {best_us:.1} us an update, the Python peer's {:.0} is {:.0} times that",
            peer_ms * 1e3,
            peer_ms * 1e3 / best_us
        );
    }
    group.finish();
}

criterion_group!(benches, tracker);
criterion_main!(benches);
