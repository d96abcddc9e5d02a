//! A pipeline file and all that it refers to, read from disk.

use crate::bounded::read_text;
use crate::models::{Locations, Looked, ModelError};
use crate::telemetry::{redact, redact_in_path, redact_source};
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use viahe_core::config::{ConfigError, Entry, PipelineSources, SecretRef, parse};
use viahe_core::id::Name;
use viahe_core::model::ModelInfo;
use viahe_core::plan::Plan;

/// A pipeline cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// The file cannot be read.
    #[error("{}: {source}; give the path of a pipeline file, such as pipelines/demo.toml", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A variable of the environment leads nowhere.
    #[error(transparent)]
    Location(#[from] ModelError),
    /// The file is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

/// Largest pipeline, catalogue entry or calendar; those of large sites have some ten kilobytes.
pub(crate) const TEXT_BYTES_MAX: u64 = 4 << 20;

/// Largest secret in a file; a wrong path to a large file must not fill the memory.
const SECRET_BYTES_MAX: u64 = 64 * 1024;

/// Stands for a secret where none is needed: an address and a password alike.
const NO_SECRET: &str = "rtsp://127.0.0.1/secret";

/// Reads and validates the pipeline at `path`.
///
/// # Errors
/// [`ProjectError`], whose text is meant for the person who edits the file.
pub fn load(path: &Path) -> Result<Plan, ProjectError> {
    load_as(path, &text(path)?)
}

/// As [`load`], as if the file at `path` held this text.
///
/// # Errors
/// As [`load`].
pub fn load_as(path: &Path, text: &str) -> Result<Plan, ProjectError> {
    let kept_apart = RefCell::new(Vec::new());
    let fetch = |reference: &SecretRef| {
        let secret = read_secret(reference)?;
        kept_apart.borrow_mut().push(secret.trim_end_matches(['\r', '\n']).to_owned());
        Ok(secret)
    };
    let plan = read(path, text, &fetch)?;
    hide_secrets(&plan, &kept_apart.into_inner());
    Ok(plan)
}

/// As [`load`], for looking at recordings where the secrets of the cameras are not: none is read.
///
/// # Errors
/// As [`load`].
pub fn load_without_secrets(path: &Path) -> Result<Plan, ProjectError> {
    load_as_without_secrets(path, &text(path)?)
}

/// As [`load_without_secrets`], with another text than the file has.
///
/// # Errors
/// As [`load`].
pub fn load_as_without_secrets(path: &Path, text: &str) -> Result<Plan, ProjectError> {
    read(path, text, &|_| Ok(NO_SECRET.to_owned()))
}

/// The entries of the catalogue that a pipeline at `path` may use, but for those that cannot be read.
///
/// # Errors
/// [`ModelError`] when a variable of the environment leads nowhere.
pub fn catalogue(path: &Path) -> Result<Vec<(Name, Entry)>, ModelError> {
    let locations = Locations::discover(path.parent())?;
    let entry = |name: Name| {
        let looked = &locations.looked.catalogue;
        let (file, text) = read_named(&locations.catalogue_dirs, &name, looked).ok()?;
        Some((name, Entry::parse(&file, &text).ok()?))
    };
    Ok(names_in(&locations.catalogue_dirs).into_iter().filter_map(entry).collect())
}

fn text(path: &Path) -> Result<String, ProjectError> {
    read_text(path, TEXT_BYTES_MAX)
        .map_err(|source| ProjectError::Read { path: path.to_owned(), source })
}

fn read(
    path: &Path,
    text: &str,
    secrets: &dyn Fn(&SecretRef) -> Result<String, String>,
) -> Result<Plan, ProjectError> {
    let locations = Locations::discover(path.parent())?;
    let looked = &locations.looked;
    let catalogue = |name: &Name| read_named(&locations.catalogue_dirs, name, &looked.catalogue);
    let calendar = |name: &Name| read_named(&locations.calendar_dirs, name, &looked.calendar);
    let models = |name: &Name| {
        let described = locations.describe_any(name).map_err(|e| e.to_string())?;
        Ok(ModelInfo::from(&described))
    };
    Ok(parse(&PipelineSources {
        file: &path.display().to_string(),
        text,
        catalogue: &catalogue,
        catalogue_names: &names_in(&locations.catalogue_dirs),
        calendar: &calendar,
        calendar_names: &names_in(&locations.calendar_dirs),
        models: &models,
        model_names: &names(locations.installed()),
        secrets,
    })?)
}

/// Whatever is logged from now on, by us or by a library, shows none of them.
fn hide_secrets(plan: &Plan, kept_apart: &[String]) {
    for camera in &plan.cameras {
        for source in [&camera.source].into_iter().chain(&camera.substream) {
            redact_source(source);
            for secret in kept_apart {
                redact_in_path(secret, source);
            }
        }
    }
    for (_, password) in plan.mqtt.iter().filter_map(|m| m.login.as_ref()) {
        if !redact(password.reveal()) {
            tracing::warn!("the MQTT password is too short to be hidden in logs");
        }
    }
    if plan
        .console
        .as_ref()
        .and_then(|console| console.token.as_ref())
        .is_some_and(|token| !redact(token.reveal()))
    {
        tracing::warn!("the token for the console is too short to be hidden in logs");
    }
}

fn names(texts: Vec<String>) -> Vec<Name> {
    texts.into_iter().filter_map(|t| Name::try_from(t).ok()).collect()
}

/// Path and text of `NAME.toml` in the nearest folder that has it.
fn read_named(dirs: &[PathBuf], name: &Name, looked: &Looked) -> Result<(String, String), String> {
    let missing = || format!("there is no {name}.toml; looked in {looked}");
    let found = dirs
        .iter()
        .map(|dir| dir.join(format!("{name}.toml")))
        .find(|path| path.exists())
        .ok_or_else(missing)?;
    let text =
        read_text(&found, TEXT_BYTES_MAX).map_err(|e| format!("{}: {e}", found.display()))?;
    Ok((found.display().to_string(), text))
}

fn names_in(dirs: &[PathBuf]) -> Vec<Name> {
    let mut found: Vec<Name> = dirs
        .iter()
        .filter_map(|dir| std::fs::read_dir(dir).ok())
        .flatten()
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let is_entry = path.extension()? == "toml";
            Name::try_from(path.file_stem()?.to_str()?).ok().filter(|_| is_entry)
        })
        .collect();
    found.sort();
    found.dedup();
    found
}

fn read_secret(reference: &SecretRef) -> Result<String, String> {
    match reference {
        SecretRef::Env(name) => {
            std::env::var(name).map_err(|_| "it is not set, or is no text".to_owned())
        }
        SecretRef::File(path) => read_text(path, SECRET_BYTES_MAX).map_err(|e| e.to_string()),
    }
}
