//! `viahe model list`: which models there are, and whose.

use crate::exit::Exit;
use crate::files::{has_folder, write_json};
use crate::ui::say;
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::PathBuf;
use viahe_contract::sha256::Sha256;
use viahe_core::id::Name;
use viahe_core::model::ModelInfo;
use viahe_core::observe::Class;
use viahe_edge::models::Locations;

/// Lists the models that are there: licence, weights, and what each sees.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Writes the list into this file; replaced when there.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[derive(Serialize)]
struct Listed {
    name: Name,
    version: u32,
    title: String,
    /// As SPDX writes it.
    licence: String,
    sha256: Sha256,
    /// None where they are missing.
    weights: Option<PathBuf>,
    /// The command that brings them.
    recipe: String,
    sees: BTreeSet<Class>,
    /// Of a classifier: what it narrows down.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    refines: Vec<Class>,
}

pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    if let Some(json) = &args.json {
        has_folder(json)?;
    }
    let locations = Locations::discover(None).map_err(Exit::missing)?;
    let (mut listed, mut bad) = (Vec::new(), Vec::new());
    for name in locations.installed() {
        match list(&locations, &name) {
            Ok(one) => listed.push(one),
            Err(why) => bad.push(why),
        }
    }
    for one in &listed {
        say(&in_words(one));
    }
    if let Some(json) = &args.json {
        write_json(json, &listed)?;
    }
    if bad.is_empty() { Ok(()) } else { Err(Exit::Usage(bad.join("\n"))) }
}

fn list(locations: &Locations, name: &str) -> Result<Listed, String> {
    let name = Name::try_from(name).map_err(|why| format!("models/{name}: {why}"))?;
    let described = locations.describe_any(&name).map_err(|error| error.to_string())?;
    let refines = ModelInfo::from(&described).refines;
    let model = described.into_model();
    Ok(Listed {
        weights: locations.weights_of(&name),
        refines,
        version: model.version,
        sha256: model.sha256,
        sees: model.labels.into_iter().flatten().collect(),
        title: model.title,
        licence: model.licence,
        recipe: model.recipe,
        name,
    })
}

fn in_words(of: &Listed) -> String {
    let Listed { name, version, title, licence, recipe, .. } = of;
    let weights = match &of.weights {
        Some(_) => String::new(),
        None => format!("\n  its weights are missing; run: {recipe}"),
    };
    let sees: Vec<&str> = of.sees.iter().map(Class::as_str).collect();
    let refines: Vec<&str> = of.refines.iter().map(Class::as_str).collect();
    let what = match refines.as_slice() {
        [] => "sees".to_owned(),
        of => format!("refines {} to", of.join(", ")),
    };
    format!(
        "{name}, version {version}: {title}; licence {licence}{weights}\n  {what} {}",
        sees.join(", ")
    )
}
