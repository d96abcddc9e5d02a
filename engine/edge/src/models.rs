//! Model packages and the parts of an installation on disk: where to look, what is there.
//!
//! A package is a folder `models/<name>/` with `model.toml`; its weights lie beside it or in
//! `.deps/models/<name>/`, where the set-up puts them. Nothing is written here.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use viahe_core::config::model::{self, Model, ModelFileError};
use viahe_core::id::Name;

/// Largest `model.toml` that is read.
const DESCRIPTION_BYTES_MAX: u64 = 256 * 1024;

/// File name of the library, as the set-up installs it.
pub const LIBRARY_FILE: &str = "libonnxruntime.so";

/// File name of the clip that simulated cameras show.
const CLIP_FILE: &str = "vtest.mp4";

/// Where the parts of an installation may lie, nearest first.
///
/// Looked at, in this order: the environment (`VIAHE_DEPS`, `VIAHE_MODELS`, `VIAHE_CATALOGUE`,
/// `VIAHE_CALENDAR`: paths separated by `:`), then `catalogue` and `calendar` beside the pipeline
/// file, then the project's folder, the working directory and the executable's folder, each with
/// its ancestors: `.deps`, `models`, `pipelines/catalogue`, `pipelines/calendar`, and `lib/viahe`,
/// `share/viahe/models`, `share/viahe/catalogue`, `share/viahe/calendar` of an installed prefix.
/// `.deps` and `lib/viahe` hold code, so one in a folder that anybody may write to (`/tmp`) is
/// passed over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Locations {
    /// Value of `ORT_DYLIB_PATH`, when set.
    pub library: Option<PathBuf>,
    /// Folders laid out like `.deps`.
    pub deps: Vec<PathBuf>,
    /// Folders of model packages.
    pub models_dirs: Vec<PathBuf>,
    /// Folders of catalogue entries.
    pub catalogue_dirs: Vec<PathBuf>,
    /// Folders of calendars.
    pub calendar_dirs: Vec<PathBuf>,
}

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

/// A model or a library cannot be found or read.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// No folder of that name.
    #[error(
        "model {name:?} is not installed; installed: {}; looked in {}; set VIAHE_MODELS to look \
         elsewhere", list(.installed), paths(.looked))]
    Unknown {
        /// Asked for.
        name: String,
        /// What there is.
        installed: Vec<String>,
        /// Folders that were looked at.
        looked: Vec<PathBuf>,
    },
    /// `model.toml` cannot be read.
    #[error("{path}: {source}; check the file's permissions and that it is UTF-8 text", path = .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// `model.toml` is wrong; one line for each problem.
    #[error(transparent)]
    Invalid(#[from] ModelFileError),
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
    /// The description is there, the weights are not.
    #[error("model {name}: the weights {file:?} are missing; run: {recipe}; looked in {}", paths(.looked))]
    Weights {
        /// The model.
        name: Name,
        /// File name.
        file: String,
        /// How to get them.
        recipe: String,
        /// Folders that were looked at.
        looked: Vec<PathBuf>,
    },
    /// The sample clip is nowhere.
    #[error(
        "the sample clip ({CLIP_FILE}) was not found; run: make setup; or name a clip of your own; \
         looked at {}", paths(.looked))]
    Clip {
        /// Paths that were looked at.
        looked: Vec<PathBuf>,
    },
    /// The library is nowhere.
    #[error(
        "ONNX Runtime ({LIBRARY_FILE}) was not found; run: make setup; or set ORT_DYLIB_PATH to \
         the library; looked at {}", paths(.looked))]
    Library {
        /// Paths that were looked at.
        looked: Vec<PathBuf>,
    },
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "none".into() } else { names.join(", ") }
}

fn paths(paths: &[PathBuf]) -> String {
    let shown: Vec<String> = paths.iter().map(|p| p.display().to_string()).collect();
    if shown.is_empty() { "no folder".into() } else { shown.join(", ") }
}

/// What the search starts from; separate so that tests need not change the process.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// Reads an environment variable.
    pub variables: Vec<(String, OsString)>,
    /// Folder of the pipeline file: entries and calendars of a site's own may lie beside it.
    pub project: Option<PathBuf>,
    /// Folders whose ancestors are searched, in order.
    pub starts: Vec<PathBuf>,
}

impl Surroundings {
    /// Those of this process; `project` is the folder of the pipeline file.
    pub fn of_process(project: Option<&Path>) -> Self {
        let names =
            ["ORT_DYLIB_PATH", "VIAHE_DEPS", "VIAHE_MODELS", "VIAHE_CATALOGUE", "VIAHE_CALENDAR"];
        let variables = names
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), env::var_os(name)?)))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        let project = project.and_then(|p| fs::canonicalize(p).ok());
        let executable = env::current_exe().ok().and_then(|p| Some(p.parent()?.to_owned()));
        let starts = project.clone().into_iter().chain(env::current_dir().ok()).chain(executable);
        Self { variables, starts: starts.collect(), project }
    }

    fn variable(&self, name: &str) -> Option<&OsString> {
        self.variables.iter().find(|(n, _)| n == name).map(|(_, value)| value)
    }

    /// The folders of a variable, then `beside` the pipeline file, then `inside` each ancestor of
    /// each start, where it exists.
    fn folders(
        &self,
        variable: &str,
        beside: Option<&str>,
        inside: &[&str],
        code: bool,
    ) -> Vec<PathBuf> {
        let set = self.variable(variable).map(env::split_paths).into_iter().flatten();
        let mut found: Vec<PathBuf> = set.filter(|p| !p.as_os_str().is_empty()).collect();
        let own = self.project.as_ref().zip(beside).map(|(project, name)| project.join(name));
        found.extend(own.filter(|p| p.is_dir()));
        for start in &self.starts {
            for ancestor in start.ancestors() {
                if code && anybody_may_write(ancestor) {
                    continue;
                }
                let here = inside.iter().map(|i| ancestor.join(i)).filter(|p| p.is_dir());
                found.extend(here);
            }
        }
        let mut seen = Vec::new();
        found.retain(|p| {
            !seen.contains(p) && {
                seen.push(p.clone());
                true
            }
        });
        found
    }
}

fn anybody_may_write(folder: &Path) -> bool {
    fs::metadata(folder).is_ok_and(|m| m.permissions().mode() & 0o002 != 0)
}

impl Locations {
    /// Where this process finds things; `project` is the folder of the pipeline file.
    pub fn discover(project: Option<&Path>) -> Self {
        // The folder of a bare file name is the working directory.
        let project = project.map(|p| if p.as_os_str().is_empty() { Path::new(".") } else { p });
        Self::from_surroundings(&Surroundings::of_process(project))
    }

    /// As [`Locations::discover`], from given surroundings.
    pub fn from_surroundings(around: &Surroundings) -> Self {
        let catalogue = ["pipelines/catalogue", "share/viahe/catalogue"];
        let calendar = ["pipelines/calendar", "share/viahe/calendar"];
        Self {
            library: around.variable("ORT_DYLIB_PATH").map(PathBuf::from),
            deps: around.folders("VIAHE_DEPS", None, &[".deps", "lib/viahe"], true),
            models_dirs: around.folders(
                "VIAHE_MODELS",
                None,
                &["models", "share/viahe/models"],
                false,
            ),
            catalogue_dirs: around.folders("VIAHE_CATALOGUE", Some("catalogue"), &catalogue, false),
            calendar_dirs: around.folders("VIAHE_CALENDAR", Some("calendar"), &calendar, false),
        }
    }

    /// The ONNX Runtime library: `ORT_DYLIB_PATH` when it is set, whatever lies there, else the
    /// first `onnxruntime/lib/libonnxruntime.so` under [`Locations::deps`].
    ///
    /// # Errors
    /// [`ModelError::Library`] when there is none.
    pub fn onnxruntime(&self) -> Result<PathBuf, ModelError> {
        if let Some(path) = &self.library {
            return Ok(path.clone());
        }
        let looked: Vec<PathBuf> =
            self.deps.iter().map(|d| d.join("onnxruntime/lib").join(LIBRARY_FILE)).collect();
        match looked.iter().find(|p| p.exists()) {
            Some(path) => Ok(path.clone()),
            None => Err(ModelError::Library { looked }),
        }
    }

    /// The street clip that the set-up makes, for demos.
    ///
    /// # Errors
    /// [`ModelError::Clip`] when it is nowhere.
    pub fn clip(&self) -> Result<PathBuf, ModelError> {
        let looked: Vec<PathBuf> =
            self.deps.iter().map(|deps| deps.join("clips").join(CLIP_FILE)).collect();
        match looked.iter().find(|clip| clip.is_file()) {
            Some(clip) => Ok(clip.clone()),
            None => Err(ModelError::Clip { looked }),
        }
    }

    /// Names of all model packages, sorted; a folder counts when it has a `model.toml`.
    pub fn installed(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .models_dirs
            .iter()
            .filter_map(|dir| fs::read_dir(dir).ok())
            .flatten()
            .filter_map(Result::ok)
            .filter(|entry| entry.path().join("model.toml").is_file())
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect();
        names.sort();
        names.dedup();
        names
    }

    /// Finds, reads and validates the model `name`, and finds its weights.
    ///
    /// # Errors
    /// [`ModelError`]; an unknown name lists what is installed, missing weights give the recipe.
    pub fn load_package(&self, name: &Name) -> Result<Package, ModelError> {
        let (model, folder) = self.find(name)?;
        let in_deps = self.deps.iter().map(|d| d.join("models").join(name.as_str()));
        let looked: Vec<PathBuf> = std::iter::once(folder.clone()).chain(in_deps).collect();
        match looked.iter().map(|dir| dir.join(&model.file)).find(|p| p.is_file()) {
            Some(weights) => Ok(Package { model, weights, folder }),
            None => Err(ModelError::Weights {
                name: model.name,
                file: model.file,
                recipe: model.recipe,
                looked,
            }),
        }
    }

    /// Finds, reads and validates the description of the model `name`; its weights may be missing.
    ///
    /// # Errors
    /// [`ModelError`]; an unknown name lists what is installed.
    pub fn describe(&self, name: &Name) -> Result<Model, ModelError> {
        self.find(name).map(|(model, _)| model)
    }

    fn find(&self, name: &Name) -> Result<(Model, PathBuf), ModelError> {
        let folder = self
            .models_dirs
            .iter()
            .map(|dir| dir.join(name.as_str()))
            .find(|folder| folder.join("model.toml").exists())
            .ok_or_else(|| ModelError::Unknown {
                name: name.as_str().into(),
                installed: self.installed(),
                looked: self.models_dirs.clone(),
            })?;
        let model = read_description(&folder.join("model.toml"))?;
        if model.name != *name {
            let (path, name) = (folder.join("model.toml"), model.name);
            let folder = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            return Err(ModelError::Folder { path, name, folder });
        }
        Ok((model, folder))
    }
}

fn read_description(path: &Path) -> Result<Model, ModelError> {
    let text = read_text(path).map_err(|source| ModelError::Read { path: path.into(), source })?;
    Ok(model::parse(&path.display().to_string(), &text)?)
}

fn read_text(path: &Path) -> io::Result<String> {
    // A device or a pipe would block or never end.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    let mut text = String::new();
    fs::File::open(path)?.take(DESCRIPTION_BYTES_MAX + 1).read_to_string(&mut text)?;
    if text.len() as u64 > DESCRIPTION_BYTES_MAX {
        let what = format!("larger than {DESCRIPTION_BYTES_MAX} bytes");
        return Err(io::Error::new(io::ErrorKind::InvalidData, what));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOML: &str = r#"name = "tiny"
version = 1
title = "t"
licence = "l"
file = "tiny.onnx"
sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
recipe = "make tiny"
[input]
name = "image"
width = 8
height = 8
batch = 1
layout = "nhwc"
channels = "rgb"
fit = "stretch"
mean = [0, 0, 0]
std = [1, 1, 1]
[output]
head = "ssd"
scores = "s"
boxes = "b"
candidates = 1
classes = 1
[nms]
iou = 0.5
confidence_min = 0.5
[labels]
0 = "person"
"#;

    fn write(path: &Path, text: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn at(start: &Path) -> Locations {
        let starts = vec![start.to_owned()];
        Locations::from_surroundings(&Surroundings { starts, ..Surroundings::default() })
    }

    fn name(text: &str) -> Name {
        Name::try_from(text).unwrap()
    }

    #[test]
    fn a_package_from_unknown_to_complete() {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join("site/pipelines");
        fs::create_dir_all(&deep).unwrap();
        let err = at(&deep).load_package(&name("tiny")).unwrap_err().to_string();
        assert!(err.contains("\"tiny\" is not installed; installed: none"), "{err}");

        write(&dir.path().join("models/tiny/model.toml"), TOML);
        write(&dir.path().join("models/README.md"), "no package");
        let err = at(&deep).load_package(&name("other")).unwrap_err().to_string();
        assert!(err.contains("installed: tiny"), "{err}");
        let err = at(&deep).load_package(&name("tiny")).unwrap_err().to_string();
        assert!(err.contains("\"tiny.onnx\" are missing; run: make tiny"), "{err}");

        let in_deps = dir.path().join(".deps/models/tiny/tiny.onnx");
        write(&in_deps, "weights");
        assert_eq!(at(&deep).load_package(&name("tiny")).unwrap().weights, in_deps);
        let beside = dir.path().join("models/tiny/tiny.onnx");
        write(&beside, "weights");
        assert_eq!(at(&deep).load_package(&name("tiny")).unwrap().weights, beside);
    }

    #[test]
    fn a_bad_description_names_file_and_line() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("models/tiny/model.toml");
        write(&file, &TOML.replace("iou = 0.5", "iou = 2"));
        let err = at(dir.path()).load_package(&name("tiny")).unwrap_err().to_string();
        assert!(err.starts_with(&format!("{}:25: nms.iou", file.display())), "{err}");

        write(&file, &TOML.replace("\"tiny\"", "\"tinier\""));
        let err = at(dir.path()).load_package(&name("tiny")).unwrap_err().to_string();
        assert!(err.contains("name is tinier, but the folder is \"tiny\""), "{err}");

        fs::write(&file, [0xff, 0xfe]).unwrap();
        let err = at(dir.path()).load_package(&name("tiny")).unwrap_err().to_string();
        assert!(err.contains("UTF-8"), "{err}");
        fs::remove_file(&file).unwrap();
        fs::create_dir(&file).unwrap();
        let err = at(dir.path()).load_package(&name("tiny")).unwrap_err().to_string();
        assert!(err.contains("not a regular file"), "{err}");
    }

    #[test]
    fn the_environment_comes_first() {
        let dir = tempfile::tempdir().unwrap();
        let near = dir.path().join("near");
        for place in [&near, dir.path()] {
            write(&place.join(".deps/onnxruntime/lib").join(LIBRARY_FILE), "");
        }
        let far = dir.path().join(".deps/onnxruntime/lib").join(LIBRARY_FILE);
        assert_eq!(
            at(&near).onnxruntime().unwrap(),
            near.join(".deps/onnxruntime/lib").join(LIBRARY_FILE)
        );

        let set = |name: &str, value: PathBuf| {
            let variables = vec![(name.to_owned(), value.into_os_string())];
            let starts = vec![near.clone()];
            Locations::from_surroundings(&Surroundings { variables, starts, project: None })
                .onnxruntime()
                .unwrap()
        };
        assert_eq!(set("VIAHE_DEPS", dir.path().join(".deps")), far);
        // What was set is taken at its word, so that a wrong path is an error and not passed over.
        assert_eq!(set("ORT_DYLIB_PATH", "/no/such".into()), Path::new("/no/such"));
    }

    #[test]
    fn code_from_a_folder_that_anybody_may_write_to_is_passed_over() {
        let dir = tempfile::tempdir().unwrap();
        write(&dir.path().join(".deps/onnxruntime/lib").join(LIBRARY_FILE), "");
        let inside = dir.path().join("work");
        fs::create_dir(&inside).unwrap();
        assert!(at(&inside).deps.contains(&dir.path().join(".deps")));
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o1777)).unwrap();
        assert!(!at(&inside).deps.contains(&dir.path().join(".deps")));
    }

    #[test]
    fn nothing_found_says_what_to_run() {
        let err = Locations::default().onnxruntime().unwrap_err().to_string();
        assert!(err.contains("make setup") && err.contains("ORT_DYLIB_PATH"), "{err}");
    }
}
