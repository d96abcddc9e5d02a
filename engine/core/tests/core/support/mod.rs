//! A box with three models and two secrets, for tests of the configuration.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use viahe_core::config::{self, ConfigError, Lookup, PipelineSources, SecretRef};
use viahe_core::id::Name;
use viahe_core::model::ModelInfo;
use viahe_core::observe::Class;
use viahe_core::plan::Plan;

/// No message may hold any of these.
pub(crate) const SECRETS: [&str; 3] = ["s3cr3t", "hunter2", "ter2"];

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The `*.toml` in a folder of the repository, by name.
pub(crate) fn tomls(folder: &str) -> BTreeMap<String, String> {
    let dir = root().join(folder);
    let files = fs::read_dir(&dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display()));
    files
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, fs::read_to_string(&path).unwrap())
        })
        .collect()
}

/// What can be looked up, read once.
pub(crate) struct World {
    catalogue: BTreeMap<String, String>,
    catalogue_names: Vec<Name>,
    calendars: BTreeMap<String, String>,
    calendar_names: Vec<Name>,
    model_names: Vec<Name>,
}

pub(crate) fn name(text: &str) -> Name {
    Name::try_from(text).unwrap()
}

fn model(package: &Name) -> Result<ModelInfo, String> {
    let labels: &[&str] = match package.as_str() {
        "nanodet-g" | "ssdlite-coco" => &[
            "person",
            "vehicle.car",
            "vehicle.truck",
            "vehicle.bus",
            "vehicle.two_wheel.motorcycle",
            "vehicle.two_wheel.bicycle",
            "furniture.chair",
        ],
        "market-nano" => &["person", "vehicle.car", "goods.stall"],
        "people-only" => &["person"],
        "vehicles-only" => &["vehicle.car", "vehicle.two_wheel.motorcycle"],
        "helmets" => &["person.rider_bare", "person.rider_helmet"],
        "broken" => return Err("model.toml:3: no labels".into()),
        _ => return Err("no such folder".into()),
    };
    let refines: &[&str] = if package.as_str() == "helmets" { &["person"] } else { &[] };
    let [labels, refines] =
        [labels, refines].map(|of| of.iter().map(|l| Class::try_from(*l).unwrap()).collect());
    Ok(ModelInfo { labels, refines })
}

fn secret(reference: &SecretRef) -> Result<String, String> {
    match reference {
        SecretRef::Env(name) if name == "EMPTY" => Ok("\n".into()),
        SecretRef::Env(name) if name.starts_with("NO_SUCH") => Err("is not set".into()),
        SecretRef::Env(_) => Ok("s3cr3t/@:\n".into()),
        SecretRef::File(path) if path.starts_with("/run/credentials/viahe") => {
            Ok("rtsp://viewer:s3cr3t@10.0.3.18/s\n".into())
        }
        SecretRef::File(_) => Err("No such file".into()),
    }
}

/// A package of this repository.
pub(crate) fn installed(package: &Name) -> Result<ModelInfo, String> {
    let path = root().join(format!("models/{package}/model.toml"));
    let text = fs::read_to_string(&path).map_err(|e| e.to_string())?;
    let model = config::model::parse("model.toml", &text).map_err(|e| e.to_string())?;
    Ok(ModelInfo::from(&model))
}

/// The same, or one of the tests: of classifiers there are no weights here.
pub(crate) fn installed_or_made(package: &Name) -> Result<ModelInfo, String> {
    installed(package).or_else(|why| model(package).map_err(|_| why))
}

fn look_up(
    folder: &str,
    files: &BTreeMap<String, String>,
    name: &Name,
) -> Result<(String, String), String> {
    let file = format!("{name}.toml");
    match files.get(&file) {
        Some(text) => Ok((format!("{folder}/{file}"), text.clone())),
        None => Err("No such file".to_owned()),
    }
}

impl World {
    pub(crate) fn new() -> Self {
        // Good files, and bad ones that some of the fixtures use.
        let both = |kind: &str| {
            let mut files = tomls(&format!("pipelines/{kind}"));
            files.extend(tomls(&format!("fixtures/configs/{kind}")));
            files
        };
        let mut catalogue = both("catalogue");
        catalogue.extend(tomls("fixtures/scenarios/catalogue"));
        catalogue.extend(tomls("fixtures/formats/catalogue"));
        let stem = |file: &String| name(file.trim_end_matches(".toml"));
        Self {
            catalogue_names: tomls("pipelines/catalogue").keys().map(stem).collect(),
            calendar_names: tomls("pipelines/calendar").keys().map(stem).collect(),
            calendars: both("calendar"),
            model_names: [
                "broken",
                "helmets",
                "market-nano",
                "nanodet-g",
                "people-only",
                "ssdlite-coco",
            ]
            .map(name)
            .into(),
            catalogue,
        }
    }

    /// With one more entry of the catalogue.
    pub(crate) fn with_entry(mut self, name: &str, text: String) -> Self {
        self.catalogue.insert(format!("{name}.toml"), text);
        self
    }

    /// With the models of the tests, which do not change when a real one does.
    pub(crate) fn parse(&self, file: &str, text: &str) -> Result<Plan, ConfigError> {
        self.parse_with(file, text, &model)
    }

    pub(crate) fn parse_with(
        &self,
        file: &str,
        text: &str,
        models: Lookup<ModelInfo>,
    ) -> Result<Plan, ConfigError> {
        let catalogue = |name: &Name| look_up("catalogue", &self.catalogue, name);
        let calendar = |name: &Name| look_up("calendar", &self.calendars, name);
        config::parse(&PipelineSources {
            file,
            text,
            catalogue: &catalogue,
            catalogue_names: &self.catalogue_names,
            calendar: &calendar,
            calendar_names: &self.calendar_names,
            models,
            model_names: &self.model_names,
            secrets: &secret,
        })
    }
}

/// A zone of a camera: all of a picture but its upper fifth.
pub(crate) const KERB: &str =
    "[camera.zone.kerb]\npolygon = [[0.0, 0.2], [1.0, 0.2], [1.0, 1.0], [0.0, 1.0]]";

/// A site in UTC with one camera, in whose table `rest` goes on.
pub(crate) fn one_camera(camera: &str, rest: &str) -> Arc<Plan> {
    one_camera_of("timezone = \"UTC\"", camera, rest)
}

/// The same, of a site of which all but the id is said.
pub(crate) fn one_camera_of(site: &str, camera: &str, rest: &str) -> Arc<Plan> {
    let text = format!(
        r#"
        [site]
        id = "site"
        {site}
        [model.street]
        package = "ssdlite-coco"
        [[camera]]
        id = "{camera}"
        url = "pattern://1000x500@5"
        model = "street"
        {rest}
        "#
    );
    Arc::new(World::new().parse("test.toml", &text).unwrap_or_else(|e| panic!("{e}")))
}
