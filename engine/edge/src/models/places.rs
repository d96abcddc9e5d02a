//! Where the parts of an installation lie: what is set, what lies near, what is installed.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// File name of the library, as the set-up installs it.
pub const LIBRARY_FILE: &str = "libonnxruntime.so";

/// Prefixes of installations that every user of a machine shares.
const SYSTEM_PREFIXES: [&str; 2] = ["/usr/local", "/usr"];

/// A kind of thing that is searched for.
///
/// Looked at in this order, and the first that has it wins: the folders that the variable names;
/// `beside` the pipeline file; `near` (the project's folder, the working directory and the
/// program's folder, each with all folders above it, as in a checkout); `beside_program` in its
/// folder; `installed` (in the program's folder, the one above it, `/usr/local` and `/usr`).
struct Kind {
    variable: Option<&'static str>,
    beside: Option<&'static str>,
    near: &'static [&'static str],
    beside_program: &'static [&'static str],
    installed: &'static [&'static str],
    /// It holds code, so that a folder which anybody may write to (`/tmp`) is passed over.
    code: bool,
}

const DEPS: Kind = Kind {
    variable: Some("VIAHE_DEPS"),
    beside: None,
    near: &[".deps", "lib/viahe"],
    beside_program: &[],
    installed: &["lib/viahe"],
    code: true,
};

const MODELS: Kind = Kind {
    variable: Some("VIAHE_MODELS"),
    beside: None,
    near: &["models", "share/viahe/models"],
    beside_program: &["models"],
    installed: &["share/viahe/models"],
    code: false,
};

const CATALOGUE: Kind = Kind {
    variable: Some("VIAHE_CATALOGUE"),
    beside: Some("catalogue"),
    near: &["pipelines/catalogue", "share/viahe/catalogue"],
    beside_program: &["catalogue"],
    installed: &["share/viahe/catalogue", "share/viahe/pipelines/catalogue"],
    code: false,
};

const CALENDAR: Kind = Kind {
    variable: Some("VIAHE_CALENDAR"),
    beside: Some("calendar"),
    near: &["pipelines/calendar", "share/viahe/calendar"],
    beside_program: &["calendar"],
    installed: &["share/viahe/calendar", "share/viahe/pipelines/calendar"],
    code: false,
};

const CLIPS: Kind = Kind {
    variable: None,
    beside: None,
    near: &[".deps/clips", "share/viahe/clips"],
    beside_program: &["clips"],
    installed: &["share/viahe/clips"],
    code: false,
};

const PIPELINES: Kind = Kind {
    variable: None,
    beside: None,
    near: &["pipelines", "share/viahe/pipelines"],
    beside_program: &["pipelines"],
    installed: &["share/viahe/pipelines"],
    code: false,
};

/// Only beside the program and in its prefix: the library of another program, in a folder above
/// the working directory, is not ours. The triplet is that of Debian's packages.
const LIBRARIES: Kind = Kind {
    variable: None,
    beside: None,
    near: &[],
    beside_program: &[""],
    installed: &["lib", "lib/x86_64-linux-gnu", "lib/aarch64-linux-gnu"],
    code: true,
};

/// Where the parts of an installation may lie, nearest first. Only folders that exist.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Locations {
    /// Value of `ORT_DYLIB_PATH`, when set.
    pub library: Option<PathBuf>,
    /// Folders that may hold the library.
    pub libraries: Vec<PathBuf>,
    /// Folders laid out like `.deps`.
    pub deps: Vec<PathBuf>,
    /// Folders of model packages.
    pub models_dirs: Vec<PathBuf>,
    /// Folders of catalogue entries.
    pub catalogue_dirs: Vec<PathBuf>,
    /// Folders of calendars.
    pub calendar_dirs: Vec<PathBuf>,
    /// Folders of clips.
    pub clips_dirs: Vec<PathBuf>,
    /// Folders of pipelines.
    pub pipelines_dirs: Vec<PathBuf>,
    /// What was looked at, for messages.
    pub(crate) looked: LookedAt,
}

/// [`Looked`] of each kind of thing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LookedAt {
    pub(crate) libraries: Looked,
    pub(crate) models: Looked,
    pub(crate) catalogue: Looked,
    pub(crate) calendar: Looked,
    pub(crate) clips: Looked,
    pub(crate) pipelines: Looked,
}

/// The places where something was looked for, in words, also those that do not exist.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Looked(Vec<String>);

impl Looked {
    /// These folders.
    pub(super) fn folders(folders: &[PathBuf]) -> Self {
        let mut looked = Self::default();
        for folder in folders {
            looked.add(folder.display().to_string());
        }
        looked
    }

    fn add(&mut self, place: String) {
        if !self.0.contains(&place) {
            self.0.push(place);
        }
    }

    fn and(mut self, other: &Self) -> Self {
        other.0.iter().for_each(|place| self.add(place.clone()));
        self
    }
}

impl fmt::Display for Looked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { f.write_str("no folder") } else { f.write_str(&self.0.join(", ")) }
    }
}

/// A variable of the environment leads nowhere. It is not passed over: who sets one means it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name} is set to {path}: {what}; correct it, or unset it", path = .path.display())]
pub struct Variable {
    name: &'static str,
    path: PathBuf,
    what: &'static str,
}

/// What the search starts from; separate so that tests need not change the process.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// Environment variables.
    pub variables: Vec<(String, OsString)>,
    /// Folder of the pipeline file: entries and calendars of a site's own may lie beside it.
    pub project: Option<PathBuf>,
    /// The working directory.
    pub here: Option<PathBuf>,
    /// The program's folder.
    pub program: Option<PathBuf>,
    /// Prefixes that every user of the machine shares.
    pub prefixes: Vec<PathBuf>,
}

impl Surroundings {
    /// Those of this process; `project` is the folder of the pipeline file.
    pub fn of_process(project: Option<&Path>) -> Self {
        let kinds = [DEPS, MODELS, CATALOGUE, CALENDAR];
        let names = kinds.iter().filter_map(|kind| kind.variable).chain(["ORT_DYLIB_PATH"]);
        let variables = names
            .filter_map(|name| Some((name.to_owned(), env::var_os(name)?)))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        Self {
            variables,
            project: project.and_then(|p| fs::canonicalize(p).ok()),
            here: env::current_dir().ok(),
            program: env::current_exe().ok().and_then(|p| Some(p.parent()?.to_owned())),
            prefixes: SYSTEM_PREFIXES.map(PathBuf::from).into(),
        }
    }

    /// The folders that a variable names.
    fn set(&self, name: &str) -> Vec<PathBuf> {
        let value = self.variables.iter().find(|(n, _)| n == name).map(|(_, value)| value);
        let paths = value.map(env::split_paths).into_iter().flatten();
        paths.filter(|p| !p.as_os_str().is_empty()).collect()
    }

    /// Folders that hold a kind of thing, and all that were looked at.
    fn search(&self, kind: &Kind) -> (Vec<PathBuf>, Looked) {
        let mut search = Search { found: Vec::new(), looked: Looked::default(), code: kind.code };
        if let Some(variable) = kind.variable {
            let set = self.set(variable);
            if set.is_empty() {
                search.looked.add(format!("{variable} (not set)"));
            }
            // What was named is trusted, and looked at by `verify`.
            for folder in set {
                search.looked.add(folder.display().to_string());
                search.found.push(folder);
            }
        }
        if let Some(folder) = self.project.as_ref().zip(kind.beside).map(|(p, name)| p.join(name)) {
            search.try_folder(&folder);
        }
        for start in [&self.project, &self.here, &self.program].into_iter().flatten() {
            search.try_above(start, kind.near);
        }
        let program = self.program.as_deref();
        if let Some(folder) = program {
            for inside in kind.beside_program {
                search.try_inside(folder, inside);
            }
        }
        let own = program.into_iter().chain(program.and_then(Path::parent));
        for prefix in own.chain(self.prefixes.iter().map(PathBuf::as_path)) {
            for inside in kind.installed {
                search.try_inside(prefix, inside);
            }
        }
        (search.found, search.looked)
    }
}

struct Search {
    found: Vec<PathBuf>,
    looked: Looked,
    code: bool,
}

impl Search {
    fn try_folder(&mut self, folder: &Path) {
        self.looked.add(folder.display().to_string());
        self.keep(folder);
    }

    fn try_inside(&mut self, prefix: &Path, inside: &str) {
        let folder = if inside.is_empty() { prefix.to_owned() } else { prefix.join(inside) };
        if self.code && anybody_may_write(prefix) {
            self.looked.add(format!("not in {}: anybody may write there", folder.display()));
            return;
        }
        self.try_folder(&folder);
    }

    /// In `start` and all folders above it.
    fn try_above(&mut self, start: &Path, names: &[&str]) {
        if !names.is_empty() {
            let shown = start.display();
            self.looked.add(format!("{} in {shown} and the folders above it", names.join(" or ")));
        }
        for folder in start.ancestors() {
            for inside in names.iter().map(|name| folder.join(name)).filter(|p| p.is_dir()) {
                if self.code && anybody_may_write(folder) {
                    self.looked
                        .add(format!("not in {}: anybody may write there", inside.display()));
                } else {
                    self.keep(&inside);
                }
            }
        }
    }

    fn keep(&mut self, folder: &Path) {
        if folder.is_dir() && !self.found.iter().any(|known| known == folder) {
            self.found.push(folder.to_owned());
        }
    }
}

fn anybody_may_write(folder: &Path) -> bool {
    fs::metadata(folder).is_ok_and(|m| m.permissions().mode() & 0o002 != 0)
}

impl Locations {
    /// Where a process in these surroundings finds things.
    ///
    /// # Errors
    /// [`Variable`] when one of the environment leads nowhere.
    pub fn from_surroundings(around: &Surroundings) -> Result<Self, Variable> {
        verify(around)?;
        let (deps, looked_deps) = around.search(&DEPS);
        let (models_dirs, models) = around.search(&MODELS);
        let (catalogue_dirs, catalogue) = around.search(&CATALOGUE);
        let (calendar_dirs, calendar) = around.search(&CALENDAR);
        let (mut clips_dirs, clips) = around.search(&CLIPS);
        let (pipelines_dirs, pipelines) = around.search(&PIPELINES);
        let (own_libraries, libraries) = around.search(&LIBRARIES);
        clips_dirs.extend(deps.iter().map(|d| d.join("clips")));
        let in_deps = deps.iter().flat_map(|d| [d.join("onnxruntime/lib"), d.clone()]);
        let looked = LookedAt {
            libraries: looked_deps.clone().and(&libraries),
            models,
            catalogue,
            calendar,
            clips: looked_deps.and(&clips),
            pipelines,
        };
        Ok(Self {
            library: around.set("ORT_DYLIB_PATH").into_iter().next(),
            libraries: in_deps.chain(own_libraries).collect(),
            deps,
            models_dirs,
            catalogue_dirs,
            calendar_dirs,
            clips_dirs,
            pipelines_dirs,
            looked,
        })
    }
}

/// Is an entry of a folder what the folder is for?
type Judge<'a> = &'a dyn Fn(&Path) -> bool;

/// Each folder that is named by a variable must hold what the variable is for.
fn verify(around: &Surroundings) -> Result<(), Variable> {
    let any = |folder: &Path, good: Judge| {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.into_iter().any(|entry| good(&entry.path()))
    };
    let toml = |path: &Path| path.extension().is_some_and(|e| e == "toml") && path.is_file();
    let package = |path: &Path| path.join("model.toml").exists();
    let part = |path: &Path| {
        let parts = ["onnxruntime", "models", "clips", LIBRARY_FILE];
        path.file_name().is_some_and(|name| parts.iter().any(|part| name == *part))
    };
    let held: [(&Kind, Judge, &str); 4] = [
        (&DEPS, &part, "it holds neither onnxruntime/, models/ nor libonnxruntime.so"),
        (&MODELS, &package, "it holds no folder with a model.toml"),
        (&CATALOGUE, &toml, "it holds no entry (NAME.toml)"),
        (&CALENDAR, &toml, "it holds no calendar (NAME.toml)"),
    ];
    for (kind, good, empty) in held {
        let Some(name) = kind.variable else { continue };
        for path in around.set(name) {
            let what = if !path.exists() {
                "there is no such folder"
            } else if !path.is_dir() {
                "it is not a folder"
            } else if !any(&path, good) {
                empty
            } else {
                continue;
            };
            return Err(Variable { name, path, what });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
