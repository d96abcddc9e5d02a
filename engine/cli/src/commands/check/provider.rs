//! What the models of a pipeline run on here, where it asks for other hardware than the processor.

use crate::ui::say;
use viahe_core::plan::Plan;
use viahe_core::tune::Provider;
use viahe_edge::infer::{DetectorOptions, Runtime, in_words, load};
use viahe_edge::models::{Installed, Package};

/// Loads each model as `viahe run` would, and says what it runs on; what is not as asked comes back, a line each.
pub(super) fn tried(plan: &Plan, installed: &Installed) -> Vec<String> {
    let provider = plan.engine.provider;
    if provider.is_cpu() {
        return Vec::new();
    }
    let runtime = match Runtime::load(&installed.library) {
        Ok(runtime) => runtime,
        Err(error) => return vec![error.to_string()],
    };
    let has: Vec<&str> = runtime.providers().into_iter().map(Provider::title).collect();
    say(&format!(
        "models run on {}, if they can; ONNX Runtime {} at {} was built for {}",
        provider.title(),
        runtime.version(),
        runtime.path().display(),
        has.join(", ")
    ));
    let mut otherwise = Vec::new();
    for (name, files) in &installed.models {
        let options = DetectorOptions { provider, ..DetectorOptions::default() };
        let package = Package::read(name, files, &installed.taxonomies).map_err(|e| e.to_string());
        let network = package.and_then(|package| {
            load(&runtime, &package.model, &package.weights, options).map_err(|e| e.to_string())
        });
        match network {
            Ok(network) if network.runs_on().why.is_none() => {
                say(&format!("model {name} runs on {}", in_words(network.runs_on())));
            }
            Ok(network) => {
                otherwise.push(format!("model {name} runs on {}", in_words(network.runs_on())));
            }
            Err(why) => otherwise.push(why),
        }
    }
    otherwise
}
