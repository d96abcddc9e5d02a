//! A network on what was asked for, or on the processor with the reason.

use super::Runtime;
use super::error::InferError;
use super::network::{DetectorOptions, Network, Parity, RunsOn, weights_of};
use super::parity;
use std::path::Path;
use std::sync::Arc;
use viahe_core::model::Model;
use viahe_core::tune::Provider;

/// Loads `weights` for what `options` ask for. Where the model cannot run there, or sees something else there than
/// on the processor, it is loaded for the processor: [`Network::runs_on`] says why.
///
/// # Errors
/// [`InferError`], when it cannot run on the processor either; nothing outside is changed.
pub fn load(
    runtime: &Runtime,
    model: &Model,
    weights: &Path,
    options: DetectorOptions,
) -> Result<Arc<Network>, InferError> {
    let bytes = weights_of(model, weights)?;
    let on = |provider| {
        let options = DetectorOptions { provider, ..options };
        Network::of_bytes(runtime, model, (weights, &bytes), options).map(Arc::new)
    };
    let mut own = on(Provider::Cpu)?;
    let provider = options.provider;
    if provider.is_cpu() {
        return Ok(own);
    }
    let tried = runtime.lacks(provider).map_or(Ok(()), Err).and_then(|()| {
        let other = on(provider).map_err(|e| e.to_string())?;
        let parity = parity::compare(&own, &other)?;
        Ok((other, parity))
    });
    let (network, parity, why) = match tried {
        Ok((other, parity)) => {
            own = other;
            (&mut own, Some(parity), None)
        }
        Err(why) => (&mut own, None, Some(why)),
    };
    let name = &model.name;
    // Nobody else has it yet.
    if let Some(network) = Arc::get_mut(network) {
        let runs_on = network.runs_on().clone();
        let runs_on = RunsOn { asked: provider, why, parity, ..runs_on };
        tracing::info!(model = %name, "runs on {}", in_words(&runs_on));
        network.set_runs_on(runs_on);
    }
    Ok(own)
}

/// What a model runs on, and why, for people.
pub fn in_words(of: &RunsOn) -> String {
    let RunsOn { asked, used, why, parity, taken } = of;
    if let Some(why) = why {
        return format!("the CPU, though {} was asked for: {why}", asked.title());
    }
    let taken = match taken {
        Some([taken, all]) if !used.is_cpu() => format!(", {taken} of {all} operations"),
        _ => String::new(),
    };
    let compared = parity.map_or_else(String::new, |Parity { difference, run, own_run }| {
        let (ms, own_ms) = (run.as_secs_f64() * 1e3, own_run.as_secs_f64() * 1e3);
        format!(
            ", outputs within {:.4} % of the CPU's, {ms:.1} ms a run against {own_ms:.1} ms by the CPU",
            difference * 100.0
        )
    });
    format!("{}{taken}{compared}", used.title())
}
