//! `viahe doctor`: is this machine able?

use crate::exit::Exit;
use crate::ui::say;
use std::path::PathBuf;
use viahe_core::id::Name;
use viahe_edge::doctor::{Examination, ModelCheck, examine, exit_code, render};
use viahe_edge::infer::{Detector, DetectorOptions, Runtime};
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
}

pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    let locations = Locations::discover(None).map_err(|e| e.to_string());
    let load = || -> Result<Runtime, String> {
        let path =
            locations.as_ref().map_err(String::clone)?.onnxruntime().map_err(|e| e.to_string())?;
        Runtime::load(&path).map_err(|e| e.to_string())
    };
    let runtime = || load().map(|r| format!("{} at {}", r.version(), r.path().display()));
    let models = || -> Vec<ModelCheck> {
        let Ok(locations) = &locations else { return Vec::new() };
        let runtime = load();
        let check = |name: String| {
            let result = match &runtime {
                Ok(runtime) => try_model(locations, runtime, &name),
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

/// Loads a model and runs it once.
fn try_model(locations: &Locations, runtime: &Runtime, name: &str) -> Result<String, String> {
    let name = Name::try_from(name)?;
    let package = locations.load_package(&name).map_err(|e| e.to_string())?;
    Detector::new(runtime, &package.model, &package.weights, DetectorOptions::default())
        .map_err(|e| e.to_string())?;
    Ok(format!("{}, loads and runs", package.model.title))
}
