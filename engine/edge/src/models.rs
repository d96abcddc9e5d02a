//! Model packages and the parts of an installation on disk: where to look, what is there.
//!
//! A package is a folder `models/<name>/` with `model.toml`; its weights lie beside it or in
//! `.deps/models/<name>/`, where the set-up puts them. Nothing is written here but a whole new package ([`install`]).

mod install;
mod installed;
mod places;

use crate::bounded::read_text;
use sha2::Digest as _;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use viahe_contract::sha256::Sha256;
use viahe_core::config::model;
use viahe_core::config::{ConfigError, Taxonomy};
use viahe_core::id::Name;
use viahe_core::model::{Classifier, Described, Model, Precision};
use viahe_core::seam::ModelFiles;
use viahe_core::tune::Provider;

pub use self::install::{InstallError, NewPackage, install};
pub use self::installed::Installed;
pub use self::places::{LIBRARY_FILE, Locations, Looked, Surroundings, Variable};

/// Largest `model.toml` that is read.
const DESCRIPTION_BYTES_MAX: u64 = 256 * 1024;

/// File name of the description of a model.
pub const DESCRIPTION_FILE: &str = "model.toml";

/// File name of the clip that simulated cameras show.
const CLIP_FILE: &str = "vtest.mp4";

/// File name of the pipeline that `viahe demo` shows.
const DEMO_FILE: &str = "demo.toml";

/// A model that is installed: its description and where its weights are.
#[derive(Clone, Debug, PartialEq)]
pub struct Package {
    /// The validated description.
    pub model: Model,
    /// The weights; the file exists, its hash is checked when it is loaded.
    pub weights: PathBuf,
    /// The folder with `model.toml`.
    pub folder: PathBuf,
}

/// A classifier that is installed.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassifierPackage {
    /// The validated description.
    pub classifier: Classifier,
    /// The weights; the file exists, its hash is checked when it is loaded.
    pub weights: PathBuf,
}

/// A model or a library cannot be found or read.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// No folder of that name.
    #[error(
        "model {name:?} is not installed; installed: {}; looked in {}; set VIAHE_MODELS to look \
         elsewhere", list(.installed), .looked)]
    Unknown {
        /// Asked for.
        name: String,
        /// What there is.
        installed: Vec<String>,
        /// Places that were looked at.
        looked: Looked,
    },
    /// `model.toml` cannot be read.
    #[error("{path}: {source}; check the path and the permissions of the file", path = .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// `model.toml` or `taxonomy.toml` is wrong; one line for each problem.
    #[error(transparent)]
    Invalid(#[from] ConfigError),
    /// `model.toml` names another model than its folder.
    #[error("{path}: name is {name}, but the folder is {folder:?}; make them equal", path = .path.display())]
    Folder {
        /// The file.
        path: PathBuf,
        /// Its `name`.
        name: Name,
        /// The folder.
        folder: String,
    },
    /// A classifier where a detector is asked for, or the reverse.
    #[error("{path}: {what}", path = .path.display())]
    Kind {
        /// The file.
        path: PathBuf,
        /// What it is, and what to do.
        what: &'static str,
    },
    /// The description is there, the weights are not.
    #[error("model {name}: the weights {file:?} are missing; run: {recipe}; looked in {looked}")]
    Weights {
        /// The model.
        name: Name,
        /// File name.
        file: String,
        /// How to get them.
        recipe: String,
        /// Places that were looked at.
        looked: Looked,
    },
    /// No entry of the catalogue is anywhere.
    #[error("no entry of the catalogue was found; looked in {looked}")]
    Catalogue {
        /// Places that were looked at.
        looked: Looked,
    },
    /// The sample clip is nowhere.
    #[error(
        "the sample clip ({CLIP_FILE}) was not found; run: make setup; or name a clip of your own; \
         looked in {looked}"
    )]
    Clip {
        /// Places that were looked at.
        looked: Looked,
    },
    /// The demo's pipeline is nowhere.
    #[error(
        "the demo's pipeline ({DEMO_FILE}) was not found; name one with --pipeline; looked in {looked}"
    )]
    Demo {
        /// Places that were looked at.
        looked: Looked,
    },
    /// A variable of the environment that leads nowhere.
    #[error(transparent)]
    Variable(#[from] Variable),
    /// The library is nowhere.
    #[error(
        "ONNX Runtime ({LIBRARY_FILE}) was not found; run: make setup; or set ORT_DYLIB_PATH to \
         the library; looked in {looked}"
    )]
    Library {
        /// Places that were looked at.
        looked: Looked,
    },
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "none".into() } else { names.join(", ") }
}

impl Locations {
    /// Where this process finds things; `project` is the folder of the pipeline file.
    ///
    /// # Errors
    /// [`ModelError::Variable`] when a variable of the environment leads nowhere.
    pub fn discover(project: Option<&Path>) -> Result<Self, ModelError> {
        // The folder of a bare file name is the working directory.
        let project = project.map(|p| if p.as_os_str().is_empty() { Path::new(".") } else { p });
        Ok(Self::from_surroundings(&Surroundings::of_process(project))?)
    }

    /// The ONNX Runtime library: `ORT_DYLIB_PATH` when it is set, whatever lies there, else the
    /// first `libonnxruntime.so` of [`Locations::libraries`].
    ///
    /// # Errors
    /// [`ModelError::Library`] when there is none.
    pub fn onnxruntime(&self) -> Result<PathBuf, ModelError> {
        let found = || self.libraries.iter().map(|d| d.join(LIBRARY_FILE)).find(|p| p.exists());
        self.library
            .clone()
            .or_else(found)
            .ok_or_else(|| ModelError::Library { looked: self.looked.libraries.clone() })
    }

    /// The library for models that are to run on this: one that the set-up has put beside the usual one for it, or that one.
    ///
    /// # Errors
    /// [`ModelError::Library`] when there is none.
    pub fn onnxruntime_for(&self, provider: Provider) -> Result<PathBuf, ModelError> {
        let folder = format!("onnxruntime-{}/lib", provider.label());
        let special = self.deps.iter().map(|deps| deps.join(&folder).join(LIBRARY_FILE));
        let special = special.into_iter().find(|path| path.exists());
        match (&self.library, special) {
            (None, Some(special)) => Ok(special),
            _ => self.onnxruntime(),
        }
    }

    /// The street clip that the set-up makes, for demos.
    ///
    /// # Errors
    /// [`ModelError::Clip`] when it is nowhere.
    pub fn clip(&self) -> Result<PathBuf, ModelError> {
        let clips = self.clips_dirs.iter().map(|dir| dir.join(CLIP_FILE));
        clips
            .into_iter()
            .find(|clip| clip.is_file())
            .ok_or_else(|| ModelError::Clip { looked: self.looked.clips.clone() })
    }

    /// The pipeline that `viahe demo` shows.
    ///
    /// # Errors
    /// [`ModelError::Demo`] when it is nowhere.
    pub fn demo(&self) -> Result<PathBuf, ModelError> {
        let files = self.pipelines_dirs.iter().map(|dir| dir.join(DEMO_FILE));
        files
            .into_iter()
            .find(|file| file.is_file())
            .ok_or_else(|| ModelError::Demo { looked: self.looked.pipelines.clone() })
    }

    /// How many entries of the catalogue there are and where, in words.
    ///
    /// # Errors
    /// [`ModelError::Catalogue`] when there is none.
    pub fn catalogue(&self) -> Result<String, ModelError> {
        let entries = |dir: &PathBuf| {
            let files = fs::read_dir(dir).into_iter().flatten().flatten();
            files.filter(|f| f.path().extension().is_some_and(|e| e == "toml")).count()
        };
        let held = self.catalogue_dirs.iter().map(|dir| (entries(dir), dir));
        let held: Vec<String> = held
            .filter(|(count, _)| *count > 0)
            .map(|(count, dir)| format!("{count} entries in {}", dir.display()))
            .collect();
        if held.is_empty() {
            return Err(ModelError::Catalogue { looked: self.looked.catalogue.clone() });
        }
        Ok(held.join(", "))
    }

    /// Names of all model packages, sorted; a folder counts when it has a `model.toml`.
    pub fn installed(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .models_dirs
            .iter()
            .filter_map(|dir| fs::read_dir(dir).ok())
            .flatten()
            .filter_map(Result::ok)
            .filter(|entry| entry.path().join(DESCRIPTION_FILE).is_file())
            .filter_map(|entry| entry.file_name().into_string().ok())
            // What an installation that was cut off left behind.
            .filter(|name| !name.starts_with('.'))
            .collect();
        names.sort();
        names.dedup();
        names
    }

    /// Where all lies that a worker needs to look with `models`.
    ///
    /// # Errors
    /// [`ModelError`], of all that is missing or wrong; each model once.
    pub fn installed_for<'a>(
        &self,
        models: impl IntoIterator<Item = &'a Name>,
        provider: Provider,
    ) -> Result<Installed, Vec<ModelError>> {
        let names: BTreeSet<&Name> = models.into_iter().collect();
        if names.is_empty() {
            return Ok(Installed::default());
        }
        let (mut models, mut variants, mut missing) =
            (BTreeMap::new(), BTreeMap::new(), Vec::new());
        let library = self.onnxruntime_for(provider).map_err(|e| missing.push(e));
        for name in names {
            match self.files_of(name) {
                Ok((files, others)) => {
                    models.insert(name.clone(), files);
                    variants.insert(name.clone(), others);
                }
                Err(error) => missing.push(error),
            }
        }
        match library {
            Ok(library) if missing.is_empty() => {
                let taxonomies = self.taxonomies();
                Ok(Installed { library, taxonomies, models, variants, ..Installed::default() })
            }
            _ => Err(missing),
        }
    }

    /// Finds, reads and validates the model `name`, and finds its weights.
    ///
    /// # Errors
    /// [`ModelError`]; an unknown name lists what is installed, missing weights give the recipe.
    pub fn load_package(&self, name: &Name) -> Result<Package, ModelError> {
        Package::read(name, &self.files_of(name)?.0, &self.taxonomies())
    }

    /// The files of a model, and its weights in other precisions, of those that are there.
    fn files_of(
        &self,
        name: &Name,
    ) -> Result<(ModelFiles, BTreeMap<Precision, PathBuf>), ModelError> {
        let (described, folder) = self.find(name)?;
        let model = described.into_model();
        let in_deps = self.deps.iter().map(|deps| deps.join("models"));
        let others = in_deps.chain(self.models_dirs.iter().cloned());
        let mut folders = vec![folder.clone()];
        folders.extend(others.map(|dir| dir.join(name.as_str())));
        let found = |file: &String| folders.iter().map(|dir| dir.join(file)).find(|p| p.is_file());
        let others = model.variants.iter().filter_map(|of| Some((of.precision, found(&of.file)?)));
        let others = others.collect();
        match found(&model.file) {
            Some(weights) => {
                let description = folder.join(DESCRIPTION_FILE);
                let text = read_text(&description, DESCRIPTION_BYTES_MAX)
                    .map_err(|source| ModelError::Read { path: description.clone(), source })?;
                let sha256 = Sha256::from_bytes(sha2::Sha256::digest(text.as_bytes()).into());
                Ok((ModelFiles { description, weights, sha256 }, others))
            }
            None => Err(ModelError::Weights {
                name: model.name,
                file: model.file,
                recipe: model.recipe,
                looked: Looked::folders(&folders),
            }),
        }
    }

    /// Finds, reads and validates the classifier `name`, and finds its files.
    ///
    /// # Errors
    /// As [`load_package`](Self::load_package); also for a detector.
    pub fn load_classifier(
        &self,
        name: &Name,
    ) -> Result<(ClassifierPackage, ModelFiles), ModelError> {
        let files = self.files_of(name)?.0;
        Ok((ClassifierPackage::read(name, &files, &self.taxonomies())?, files))
    }

    /// The weights of a model, detector or classifier, where they are there.
    pub fn weights_of(&self, name: &Name) -> Option<PathBuf> {
        self.files_of(name).ok().map(|(files, _)| files.weights)
    }

    /// Finds, reads and validates the description of the detector `name`; its weights may be missing.
    ///
    /// # Errors
    /// [`ModelError`]; an unknown name lists what is installed. Also for a classifier.
    pub fn describe(&self, name: &Name) -> Result<Model, ModelError> {
        let (described, folder) = self.find(name)?;
        detector(described, &folder.join(DESCRIPTION_FILE))
    }

    /// The same of a detector or a classifier.
    ///
    /// # Errors
    /// [`ModelError`]; an unknown name lists what is installed.
    pub fn describe_any(&self, name: &Name) -> Result<Described, ModelError> {
        self.find(name).map(|(described, _)| described)
    }

    /// The classes of this release and those that sites add.
    ///
    /// # Errors
    /// [`ModelError`], when a file of them cannot be read or is wrong.
    pub fn taxonomy(&self) -> Result<Taxonomy, ModelError> {
        taxonomy(&self.taxonomies())
    }

    /// Files with classes that a site adds.
    fn taxonomies(&self) -> Vec<PathBuf> {
        let beside = self.models_dirs.iter().map(|dir| dir.join("taxonomy.toml"));
        beside.filter(|path| path.exists()).collect()
    }

    fn find(&self, name: &Name) -> Result<(Described, PathBuf), ModelError> {
        let folder = self
            .models_dirs
            .iter()
            .map(|dir| dir.join(name.as_str()))
            .find(|folder| folder.join(DESCRIPTION_FILE).exists())
            .ok_or_else(|| ModelError::Unknown {
                name: name.as_str().into(),
                installed: self.installed(),
                looked: self.looked.models.clone(),
            })?;
        let described = read_description(name, &folder.join(DESCRIPTION_FILE), &self.taxonomies())?;
        Ok((described, folder))
    }
}

impl Package {
    /// Reads and validates the model `name`, whose files were found before, in the precision of its weights.
    ///
    /// # Errors
    /// [`ModelError`] when its description cannot be read or is wrong.
    pub fn read(
        name: &Name,
        files: &ModelFiles,
        taxonomies: &[PathBuf],
    ) -> Result<Self, ModelError> {
        let described = read_description(name, &files.description, taxonomies)?;
        let model = detector(described, &files.description)?;
        let file = files.weights.file_name().unwrap_or_default();
        let variant = model.variants.iter().find(|variant| *variant.file == *file);
        let model = variant.and_then(|of| model.in_precision(of.precision)).unwrap_or(model);
        let folder = files.description.parent().unwrap_or(Path::new("")).to_owned();
        Ok(Self { model, weights: files.weights.clone(), folder })
    }
}

impl ClassifierPackage {
    /// Reads and validates the classifier `name`, whose files were found before.
    ///
    /// # Errors
    /// [`ModelError`] when its description cannot be read or is wrong, or when it is a detector.
    pub fn read(
        name: &Name,
        files: &ModelFiles,
        taxonomies: &[PathBuf],
    ) -> Result<Self, ModelError> {
        let path = &files.description;
        let Described::Classifier(classifier) = read_description(name, path, taxonomies)? else {
            let what = "it is a detector: it looks at whole pictures, and refines nothing";
            return Err(ModelError::Kind { path: path.clone(), what });
        };
        Ok(Self { classifier, weights: files.weights.clone() })
    }
}

/// What finds things in pictures; `path` is for messages.
fn detector(described: Described, path: &Path) -> Result<Model, ModelError> {
    match described {
        Described::Detector(model) => Ok(model),
        Described::Classifier(_) => {
            let what = "it is a classifier, which finds nothing in a picture: name it in `refine`";
            Err(ModelError::Kind { path: path.into(), what })
        }
    }
}

fn read_description(
    name: &Name,
    path: &Path,
    taxonomies: &[PathBuf],
) -> Result<Described, ModelError> {
    let text = read_text(path, DESCRIPTION_BYTES_MAX)
        .map_err(|source| ModelError::Read { path: path.into(), source })?;
    let file = path.display().to_string();
    let described = model::parse_any(&file, &text, &taxonomy(taxonomies)?)?;
    let model = described.model();
    if model.name != *name {
        let folder = path.parent().and_then(Path::file_name).unwrap_or_default();
        let folder = folder.to_string_lossy().into_owned();
        let name = model.name.clone();
        return Err(ModelError::Folder { path: path.into(), name, folder });
    }
    Ok(described)
}

/// The classes of this release, and those of `files`.
fn taxonomy(files: &[PathBuf]) -> Result<Taxonomy, ModelError> {
    let mut taxonomy = Taxonomy::builtin();
    for path in files {
        let failed = |source| ModelError::Read { path: path.clone(), source };
        let text = read_text(path, DESCRIPTION_BYTES_MAX).map_err(failed)?;
        taxonomy.extend(&path.display().to_string(), &text)?;
    }
    Ok(taxonomy)
}

#[cfg(test)]
mod tests;
