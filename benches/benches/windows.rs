//! Readings of 10,000 sensors into a ten-minute sum every minute, on one core.
//!
//! Peer: the same job over the same readings in bytewax (`peers/windows.py`), in the same run; of
//! fewer readings, because it is slow, and with the same checksum for those.
#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../support/measure.rs"]
#[allow(dead_code)]
mod measure;

use std::path::Path;
use std::process::Command;
use std::time::Duration;
use viahe_contract::message::Certainty;
use viahe_core::sensor::window::{Function, Shape, WindowSpec, Windows};
use viahe_core::time::Timestamp;

const KEYS: u64 = 10_000;
/// One a millisecond: 40 minutes of all sensors at one reading in ten seconds.
const READINGS: u64 = 2_400_000;
const PEER_READINGS: u64 = 300_000;
/// 2026-01-01T00:00:00Z.
const START: Timestamp = Timestamp::from_secs(1_767_225_600);
const RUNS: usize = 5;

/// 0 to 999 thousandths; as in the peer.
fn readings(count: u64) -> Vec<(u32, Timestamp, f64)> {
    let mut seed: u64 = 42;
    (0..count)
        .map(|i| {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let value = (seed >> 40) % 1000;
            let at = START.plus(Duration::from_millis(i));
            ((i % KEYS) as u32, at, value as f64)
        })
        .collect()
}

struct Done {
    results: u64,
    checksum: u64,
    held_most: usize,
}

fn run(readings: &[(u32, Timestamp, f64)]) -> Done {
    let spec = WindowSpec {
        shape: Shape::Sliding { size: Duration::from_mins(10), slide: Duration::from_mins(1) },
        function: Function::Sum,
        lateness: Duration::ZERO,
        origin: START,
    };
    let mut windows = Windows::new(spec, KEYS as u32).unwrap();
    let mut done = Done { results: 0, checksum: 0, held_most: 0 };
    let mut count = |windows: &mut Windows, mark: Timestamp| {
        for result in windows.advance(mark).iter().filter(|r| r.state == Certainty::Final) {
            done.results += 1;
            done.checksum += result.value as u64;
        }
    };
    let mut held_most = 0;
    for (i, (key, at, value)) in readings.iter().enumerate() {
        windows.push(*key, *at, *value);
        // Once a second of event time, as an engine that is ticked.
        if i % 1_000 == 0 {
            count(&mut windows, *at);
            held_most = held_most.max(windows.held());
        }
    }
    count(&mut windows, START.plus(Duration::from_hours(10)));
    done.held_most = held_most;
    done
}

fn main() {
    // Cargo asks also for the tests of a bench.
    if std::env::args().any(|arg| arg == "--test") {
        return;
    }
    let all = readings(READINGS);
    let mut done = None;
    let mut times: Vec<f32> =
        (0..RUNS).map(|_| measure::timed(|| done = Some(run(&all)))).collect();
    let done = done.unwrap();
    let secs = measure::median(&mut times) / 1e3;
    let rate = READINGS as f32 / secs;
    println!(
        "windows: {:.2} million readings a second (median of {RUNS}); {} results, checksum {}, at \
         most {} panes held",
        rate / 1e6,
        done.results,
        done.checksum,
        done.held_most,
    );
    peer(rate);
}

fn peer(rate: f32) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let deps = std::env::var_os("VIAHE_DEPS").map_or_else(|| root.join("../.deps"), Into::into);
    let python = deps.join("venv-peers/bin/python");
    let output = Command::new(&python)
        .arg(root.join("peers/windows.py"))
        .args([PEER_READINGS.to_string(), KEYS.to_string()])
        .output();
    let Some(output) = output.ok().filter(|o| o.status.success()) else {
        println!("windows: NOT COMPARED: no peer; run benches/peers/setup.sh");
        return;
    };
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let ours = run(&readings(PEER_READINGS));
    let same = told["checksum"] == ours.checksum && told["results"] == ours.results;
    assert!(same, "bytewax got {told}, we got {} and {}", ours.results, ours.checksum);
    let theirs = PEER_READINGS as f64 / told["seconds"].as_f64().unwrap();
    println!(
        "windows: bytewax {:.3} million readings a second, same results; we are {:.0} times as fast",
        theirs / 1e6,
        f64::from(rate) / theirs
    );
}
