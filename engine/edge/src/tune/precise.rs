//! What looks cost with weights of each precision that is installed: in turns, round by round.

use super::measure::{STRETCH, Seat, has_room};
use crate::clock;
use crate::infer::{self, DetectorOptions, Runtime};
use crate::models::{Installed, Package};
use viahe_contract::id::Name;
use viahe_core::model::Precision;
use viahe_core::seam::ModelFiles;
use viahe_core::tune::{Precise, Provider};

/// Enough for the median: what is chosen wins by far, or not at all.
const ROUNDS: usize = 8;

/// Measures the precisions of a model; none where it has one only. Of weights that cannot be loaded, which is told,
/// there are no rounds, so they are never chosen.
pub(super) fn measure(
    runtime: &Runtime,
    installed: &Installed,
    (name, files): (&Name, &ModelFiles),
    provider: Provider,
) -> Vec<Precise> {
    let others = installed.variants.get(name).into_iter().flatten();
    let others = others.map(|(precision, path)| (*precision, path));
    let all: Vec<_> = std::iter::once((Precision::Fp32, &files.weights)).chain(others).collect();
    if all.len() < 2 {
        return Vec::new();
    }
    let mut turns = Vec::new();
    for (precision, weights) in all {
        let files = ModelFiles { weights: weights.clone(), ..files.clone() };
        let seat = seat(runtime, installed, (name, &files), provider);
        let refused = |why| tracing::warn!(model = %name, precision = precision.label(), why, "its weights in this precision are not used");
        turns.push((precision, seat.map_err(refused).ok(), Vec::new()));
    }
    for _ in 0..ROUNDS {
        for (_, seat, cpu_ms) in &mut turns {
            let Some(seat) = seat else { continue };
            let used = clock::process_cpu();
            let until = clock::monotonic() + STRETCH;
            if let Ok((looks, _)) = seat.look_until(1, until) {
                let used = clock::process_cpu().saturating_sub(used);
                cpu_ms.push(used.as_secs_f64() * 1e3 / looks as f64);
            }
        }
    }
    turns.into_iter().map(|(precision, _, cpu_ms)| Precise { precision, cpu_ms }).collect()
}

fn seat(
    runtime: &Runtime,
    installed: &Installed,
    (name, files): (&Name, &ModelFiles),
    provider: Provider,
) -> Result<Seat, String> {
    if !has_room() {
        return Err("there is too little memory to try them".to_owned());
    }
    let package = Package::read(name, files, &installed.taxonomies).map_err(|e| e.to_string())?;
    let options = DetectorOptions { provider, ..DetectorOptions::default() };
    let network = infer::load(runtime, &package.model, &package.weights, options);
    let network = network.map_err(|e| e.to_string())?;
    Seat::open(&network).map_err(|e| e.to_string())
}
