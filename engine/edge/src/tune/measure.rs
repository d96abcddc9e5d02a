//! What runs of a model cost on this box: all settings in turns, round by round, so that whatever else
//! the box does meets all of them alike.

use crate::infer::{self, Detector, DetectorOptions, InferError, Network, Runtime};
use crate::models::Package;
use crate::{clock, load};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use viahe_core::detect::Detection;
use viahe_core::model::Model;
use viahe_core::random::SplitMix64;
use viahe_core::tensor::Sheet;
use viahe_core::tune::{Measured, Provider, ROUNDS_MIN, Running, Setting, settings};

/// A setting runs so long at a stretch: some ten looks of a usual model, so that how it begins and ends
/// counts little.
pub(super) const STRETCH: Duration = Duration::from_millis(120);
/// Of a slow model, so many runs instead.
const STRETCH_RUNS: u32 = 4;
/// More tell nothing new.
const ROUNDS_MAX: usize = 12;
/// Opening sessions takes at most this part of the time.
const OPENING_PART: u32 = 3;
/// Sessions are opened for a try while the box has so many times as much memory left as one of them takes
/// by a high estimate, so that trying starves nobody.
const MEMORY_TIMES: u64 = 4;
const MEMORY_MIN: u64 = 64 << 20;

/// A model cannot be measured.
#[derive(Debug, thiserror::Error)]
pub enum MeasureError {
    /// It cannot even be run.
    #[error(transparent)]
    Infer(#[from] InferError),
    /// Even few settings take too long.
    #[error("one run takes {run_ms} ms: nothing can be compared within {within_secs} s")]
    Slow {
        /// By default.
        run_ms: u128,
        /// Allowed.
        within_secs: u64,
    },
    /// No thread is to be had.
    #[error("no thread could be started: {0}")]
    Thread(#[from] std::io::Error),
    /// The box has no room for a second session.
    #[error("there is not enough memory to try anything else than the default")]
    Memory,
}

/// Is there memory for a first session, beside a box at work?
pub fn has_room() -> bool {
    has_room_for(MEMORY_MIN)
}

fn has_room_for(each: u64) -> bool {
    load::available().is_none_or(|left| left >= each * MEMORY_TIMES)
}

/// Measures a model within a time; `progress` hears how many rounds of how many are done.
pub(super) fn measure(
    runtime: &Runtime,
    (package, provider): (&Package, Provider),
    cores: usize,
    within: Duration,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Vec<Measured>, MeasureError> {
    let began = clock::monotonic();
    let wanted = settings(cores, package.model.batch);
    let until = began + within / OPENING_PART;
    let mut bench = Bench::open(runtime, (package, provider), &wanted, until)?;
    let mut there: Vec<Setting> = wanted.iter().copied().filter(|s| bench.has(*s)).collect();
    if there.len() < 2 && wanted.len() > 1 {
        return Err(MeasureError::Memory);
    }
    let run = bench.run_time(there[0])?;
    let stretch = STRETCH.max(run * STRETCH_RUNS);
    // Runs that are not done when a stretch ends are done yet.
    let each = stretch + run * 2;
    let left = (began + within).saturating_duration_since(clock::monotonic());
    let fit = (left.as_secs_f64() / each.as_secs_f64() / ROUNDS_MIN as f64) as usize;
    if fit < there.len().min(2) {
        let (run_ms, within_secs) = (run.as_millis(), within.as_secs());
        return Err(MeasureError::Slow { run_ms, within_secs });
    }
    if fit < there.len() {
        // First what promises most.
        there.sort_by_key(|s| {
            (*s != Setting::plain(1), s.batch, s.sessions * s.threads != cores, s.threads)
        });
        there.truncate(fit);
    }
    if there.len() < wanted.len() {
        let (model, tried, of) = (&package.model.name, there.len(), wanted.len());
        tracing::warn!(%model, tried, of, "not all ways to run it could be tried, for want of memory or time; `viahe tune --again` tries them");
    }
    let rounds = (left.as_secs_f64() / each.as_secs_f64() / there.len() as f64) as usize;
    let rounds = rounds.clamp(ROUNDS_MIN, ROUNDS_MAX);
    let empty = |setting: &Setting| Measured {
        setting: *setting,
        looks_hz: Vec::new(),
        cpu_ms: Vec::new(),
    };
    let mut measured: Vec<Measured> = there.iter().map(empty).collect();
    let mut random = SplitMix64::new(1);
    let mut turns: Vec<usize> = (0..measured.len()).collect();
    for round in 0..rounds {
        // Who comes after a setting that took all cores gets less of them on a busy box: never the same one.
        for last in (1..turns.len()).rev() {
            let other = (random.unit() * (last + 1) as f64) as usize;
            turns.swap(last, other);
        }
        for turn in &turns {
            let of = &mut measured[*turn];
            let used = clock::process_cpu();
            let (looks, hz) = bench.look(of.setting, stretch)?;
            let cpu = clock::process_cpu().saturating_sub(used);
            of.looks_hz.push(hz);
            of.cpu_ms.push(cpu.as_secs_f64() * 1000.0 / looks as f64);
        }
        progress(round + 1, rounds);
    }
    Ok(measured)
}

/// Sessions to try settings with, by their threads.
struct Bench {
    seats: BTreeMap<usize, Vec<Seat>>,
    images_max: usize,
}

/// A session, and what it is shown: noise, since what a run takes does not depend on the picture.
pub(super) struct Seat {
    detector: Detector,
    image: Vec<f32>,
    sheet: Sheet,
    found: Vec<Vec<Detection>>,
}

impl Bench {
    fn open(
        runtime: &Runtime,
        (package, provider): (&Package, Provider),
        wanted: &[Setting],
        until: Instant,
    ) -> Result<Self, MeasureError> {
        let images_max = wanted.iter().map(|s| s.batch).max().unwrap_or(1);
        let mut bench = Self { seats: BTreeMap::new(), images_max };
        let mut most: BTreeMap<usize, usize> = BTreeMap::new();
        for setting in wanted {
            let sessions = most.entry(setting.threads).or_default();
            *sessions = (*sessions).max(setting.sessions);
        }
        let before = load::available();
        let mut each = MEMORY_MIN;
        for (threads, sessions) in most {
            // Batches are tried with one thread.
            let batch = if threads == 1 { images_max } else { 1 };
            let run = DetectorOptions::from(Running { sessions, batch, threads });
            let options = DetectorOptions { provider, ..run };
            let mut network = None;
            for _ in 0..sessions {
                let first = bench.seats.is_empty();
                if !first && (!has_room_for(each) || clock::monotonic() >= until) {
                    return Ok(bench);
                }
                // They share it, as those of the worker do.
                let shared = match network.take() {
                    Some(network) => network,
                    None => infer::load(runtime, &package.model, &package.weights, options)?,
                };
                bench.seats.entry(threads).or_default().push(Seat::open(&shared)?);
                network = Some(shared);
                if first && let (Some(before), Some(now)) = (before, load::available()) {
                    each = before.saturating_sub(now).max(MEMORY_MIN);
                }
            }
        }
        Ok(bench)
    }

    fn has(&self, setting: Setting) -> bool {
        let sessions = self.seats.get(&setting.threads).map_or(0, Vec::len);
        sessions >= setting.sessions && setting.batch <= self.images_max
    }

    /// How long a run by itself takes; the second one, since the first finds cold caches.
    fn run_time(&mut self, setting: Setting) -> Result<Duration, InferError> {
        let Some(seat) = self.seats.get_mut(&setting.threads).and_then(|all| all.first_mut())
        else {
            return Ok(Duration::ZERO);
        };
        seat.run(1)?;
        let began = clock::monotonic();
        seat.run(1)?;
        Ok(clock::monotonic() - began)
    }

    /// All sessions of a setting look for so long, at once: how many looks, and how many a second.
    fn look(&mut self, setting: Setting, stretch: Duration) -> Result<(usize, f64), MeasureError> {
        let seats = self.seats.get_mut(&setting.threads).map_or(&mut [][..], Vec::as_mut_slice);
        let seats = seats.iter_mut().take(setting.sessions);
        let until = clock::monotonic() + stretch;
        std::thread::scope(|scope| {
            let look = |seat| {
                let thread = std::thread::Builder::new();
                thread.spawn_scoped(scope, move || Seat::look_until(seat, setting.batch, until))
            };
            // All begin before one is waited for.
            let looking = seats.map(look).collect::<Result<Vec<_>, _>>()?;
            let (mut looks, mut all_hz) = (0, 0.0);
            for looking in looking {
                let looked =
                    looking.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                let (count, hz) = looked?;
                (looks, all_hz) = (looks + count, all_hz + hz);
            }
            Ok((looks, all_hz))
        })
    }
}

impl Seat {
    pub(super) fn open(network: &Arc<Network>) -> Result<Self, InferError> {
        let Model { input, .. } = network.model();
        let detector = Detector::on(network)?;
        let mut random = SplitMix64::new(1);
        let sheet = Sheet::whole(input, input.size());
        let image = (0..input.len()).map(|at| {
            let channel = at % 3;
            (255.0 * random.unit_f32() - input.mean[channel]) / input.std[channel]
        });
        Ok(Self { detector, image: image.collect(), sheet, found: Vec::new() })
    }

    pub(super) fn run(&mut self, images: usize) -> Result<(), InferError> {
        let Self { detector, image, sheet, found } = self;
        let mut fill = |_: usize, tensor: &mut [f32]| {
            tensor.copy_from_slice(image);
            Ok(sheet.clone())
        };
        detector.run(images, &mut fill, found).map(drop)
    }

    /// How many looks, and how many a second.
    pub(super) fn look_until(
        &mut self,
        images: usize,
        until: Instant,
    ) -> Result<(usize, f64), InferError> {
        let (began, mut looks) = (clock::monotonic(), 0);
        loop {
            self.run(images)?;
            looks += images;
            let now = clock::monotonic();
            if now >= until {
                return Ok((looks, looks as f64 / (now - began).as_secs_f64()));
            }
        }
    }
}
