//! `viahe doctor`: is this machine able?

use crate::exit::Exit;
use crate::ui::say;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use std::path::PathBuf;
use viahe_core::id::Name;
use viahe_core::tune::Provider;
use viahe_edge::doctor::{Examination, Loaded, ModelCheck, examine, exit_code, render};
use viahe_edge::infer::{Detector, DetectorOptions, Runtime, in_words, load};
use viahe_edge::models::Locations;

/// Says whether this machine is able: libraries, plug-ins, models, disk, clock.
///
/// Each finding comes with its remedy. Exit code 3 when a required part is missing.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Where outbox and evidence will be kept.
    #[arg(long, value_name = "DIR", default_value = "/var/lib/viahe")]
    state_dir: PathBuf,
    /// Also loads every plug-in and measures the disk; takes some seconds.
    #[arg(long)]
    deep: bool,
    /// What models are to run on: as `provider` of `[engine]`.
    #[arg(
        long,
        default_value = "cpu",
        value_parser = PossibleValuesParser::new(Provider::NAMES).map(|label| Provider::of_label(&label).unwrap_or_default())
    )]
    provider: Provider,
}

pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    let locations = Locations::discover(None).map_err(|e| e.to_string());
    let library = || -> Result<Runtime, String> {
        let locations = locations.as_ref().map_err(String::clone)?;
        let path = locations.onnxruntime_for(args.provider).map_err(|e| e.to_string())?;
        Runtime::load(&path).map_err(|e| e.to_string())
    };
    let runtime = || library().map(|runtime| about(&runtime));
    let models = || -> Vec<ModelCheck> {
        let Ok(locations) = &locations else { return Vec::new() };
        let runtime = library();
        let check = |name: String| {
            let result = match &runtime {
                Ok(runtime) => try_model(locations, runtime, &name, args.provider),
                Err(_) => Err("not tried without ONNX Runtime".to_owned()),
            };
            (name, result)
        };
        locations.installed().into_iter().map(check).collect()
    };
    let catalogue =
        || locations.as_ref().map_err(String::clone)?.catalogue().map_err(|e| e.to_string());
    let findings = examine(&Examination {
        deep: args.deep,
        state_dir: &args.state_dir,
        runtime: &runtime,
        models: &models,
        catalogue: &catalogue,
    });
    say(render(&findings).trim_end());
    match exit_code(&findings) {
        0 => Ok(()),
        _ => Err(Exit::Missing("a required part is missing; see above".into())),
    }
}

/// Which it is, and what it was built for.
fn about(runtime: &Runtime) -> String {
    let has: Vec<&str> = runtime.providers().into_iter().map(Provider::title).collect();
    format!("{} at {}, built for {}", runtime.version(), runtime.path().display(), has.join(", "))
}

/// Loads a model and runs it once.
fn try_model(
    locations: &Locations,
    runtime: &Runtime,
    name: &str,
    provider: Provider,
) -> Result<Loaded, String> {
    let name = Name::try_from(name)?;
    let package = locations.load_package(&name).map_err(|e| e.to_string())?;
    let options = DetectorOptions { provider, ..DetectorOptions::default() };
    let network = load(runtime, &package.model, &package.weights, options);
    let network = network.map_err(|e| e.to_string())?;
    Detector::on(&network).map_err(|e| e.to_string())?;
    let text =
        format!("{}, loads and runs on {}", package.model.title, in_words(network.runs_on()));
    Ok(Loaded { text, as_asked: network.runs_on().why.is_none() })
}
