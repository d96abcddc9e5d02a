//! What one run of a model costs by itself, by threads: settings in turns, so that whatever else the box does meets all alike.

use super::machine;
use super::measure::{MeasureError, Seat};
use crate::infer::{DetectorOptions, Network, Runtime};
use crate::models::Package;
use crate::{clock, load};
use serde::Serialize;
use std::sync::Arc;
use viahe_core::model::Batch;

/// Runs of a setting in a round.
const RUNS: usize = 5;

/// What an image costs with so many threads.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cost {
    /// Threads inside a run.
    pub threads: usize,
    /// Time from its beginning to its end, of the median run, ms.
    pub ms: f64,
    /// Of the slowest of twenty, ms.
    pub ms_p95: f64,
    /// Processor time, of the mean run, ms.
    pub cpu_ms: f64,
    /// How many runs that is of.
    pub runs: usize,
}

/// What a model costs on this box.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Costs {
    /// The processor.
    pub cpu: String,
    /// Cores that this process may use.
    pub cores: usize,
    /// Of the session that was opened first, with its weights and tensors, after its first run, bytes.
    pub memory_bytes: u64,
    /// By threads, as asked for.
    pub by_threads: Vec<Cost>,
}

/// One setting under way.
struct Turn {
    threads: usize,
    seat: Seat,
    ms: Vec<f64>,
    cpu_ms: f64,
}

/// Measures runs of one image (of a fixed batch, that batch; figures are of an image) in so many rounds of five; `progress` hears
/// how many rounds are done.
///
/// # Errors
/// When the model cannot be run.
pub fn costs(
    runtime: &Runtime,
    package: &Package,
    threads: &[usize],
    rounds: usize,
    progress: &mut dyn FnMut(usize),
) -> Result<Costs, MeasureError> {
    let own = || load::used(rustix::process::getpid()).unwrap_or_default();
    let images = match package.model.batch {
        Batch::Any => 1,
        Batch::Fixed(n) => n,
    };
    let (before, mut memory_bytes) = (own(), 0);
    let mut turns = Vec::new();
    for &threads in threads {
        let options = DetectorOptions { threads, ..DetectorOptions::default() };
        let network = Network::load(runtime, &package.model, &package.weights, options)?;
        let mut seat = Seat::open(&Arc::new(network))?;
        // The first run finds cold caches.
        seat.run(images)?;
        if turns.is_empty() {
            memory_bytes = own().saturating_sub(before);
        }
        turns.push(Turn { threads, seat, ms: Vec::new(), cpu_ms: 0.0 });
    }
    for round in 0..rounds {
        for turn in &mut turns {
            turn.go(images)?;
        }
        progress(round + 1);
    }
    let by_threads = turns.into_iter().map(Turn::cost).collect();
    Ok(Costs { cpu: machine::cpu(), cores: machine::cores(), memory_bytes, by_threads })
}

impl Turn {
    fn go(&mut self, images: usize) -> Result<(), MeasureError> {
        let used = clock::process_cpu();
        for _ in 0..RUNS {
            let began = clock::monotonic();
            self.seat.run(images)?;
            self.ms.push((clock::monotonic() - began).as_secs_f64() * 1e3 / images as f64);
        }
        let used = clock::process_cpu().saturating_sub(used);
        self.cpu_ms += used.as_secs_f64() * 1e3 / images as f64;
        Ok(())
    }

    fn cost(mut self) -> Cost {
        self.ms.sort_by(f64::total_cmp);
        let runs = self.ms.len();
        let at = |share: f64| {
            let last = runs.saturating_sub(1);
            self.ms.get((last as f64 * share).round() as usize).copied().unwrap_or_default()
        };
        let (ms, ms_p95) = (at(0.5), at(0.95));
        Cost { threads: self.threads, ms, ms_p95, cpu_ms: self.cpu_ms / runs.max(1) as f64, runs }
    }
}
