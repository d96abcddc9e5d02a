//! The library, once a process.

use super::error::InferError;
use super::{library, provider};
use ort::environment::Environment;
use ort::logging::LogLevel;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use viahe_core::onnx::Limits;
use viahe_core::tune::Provider;

/// A loaded ONNX Runtime; cheap to clone.
#[derive(Clone)]
pub struct Runtime {
    pub(super) environment: Environment,
    version: Arc<str>,
    path: Arc<Path>,
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runtime")
            .field("path", &self.path)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// ONNX Runtime takes one library and one environment a process, and keeps both to its end.
static LOADED: Mutex<State> = Mutex::new(State::None);

enum State {
    None,
    /// The library is in, its environment did not start.
    Library(PathBuf),
    Ready(Runtime),
}

impl Runtime {
    /// Loads the library at `path`, or returns the one that is already loaded from there.
    ///
    /// Telemetry is off; the library's warnings and errors go to the log under the target
    /// `onnxruntime`.
    ///
    /// # Errors
    /// [`InferError::Library`] when the file is missing, is no ONNX Runtime, or is too old; another
    /// path may then be tried. [`InferError::AlreadyLoaded`] when another library is in use.
    pub fn load(path: &Path) -> Result<Self, InferError> {
        let failed = |source| InferError::Library { path: path.into(), source };
        // Whoever panicked under the lock left a state that is true: it is written last.
        let mut state = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        let real = std::fs::canonicalize(path)
            .map_err(|source| failed(super::LibraryError::Open { source }))?;
        match &*state {
            State::Ready(runtime) if *runtime.path == real => return Ok(runtime.clone()),
            State::Ready(Self { path: loaded, .. }) => {
                return Err(InferError::AlreadyLoaded {
                    loaded: loaded.to_path_buf(),
                    wanted: real,
                });
            }
            State::Library(loaded) if *loaded != real => {
                return Err(InferError::AlreadyLoaded { loaded: loaded.clone(), wanted: real });
            }
            State::None | State::Library(_) => {}
        }
        let version = library::check(&real).map_err(failed)?;
        let start = |why: String| InferError::Start { path: path.into(), why };
        let builder = ort::init_from(&real).map_err(|e| start(e.to_string()))?;
        *state = State::Library(real.clone());
        let environment = builder
            .with_name("viahe")
            .with_telemetry(false)
            .with_logger(Arc::new(log))
            .build()
            .map_err(|e| start(e.to_string()))?;
        // With a logger of our own the level starts at verbose; each message costs a call.
        environment.set_log_level(LogLevel::Warning);
        let runtime = Self { environment, version: version.into(), path: real.into() };
        *state = State::Ready(runtime.clone());
        Ok(runtime)
    }

    /// Version of the library, such as `1.31.1`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The newest models that it takes, as far as that is known.
    pub fn limits(&self) -> Option<Limits> {
        Limits::of_runtime(&self.version)
    }

    /// What it can run models on, as it was built.
    pub fn providers(&self) -> Vec<Provider> {
        Provider::ALL.into_iter().filter(|of| provider::has(*of)).collect()
    }

    /// Why it cannot run models on this, for people; none where it may.
    pub(super) fn lacks(&self, of: Provider) -> Option<String> {
        if provider::has(of) {
            return None;
        }
        let there: Vec<&str> = self.providers().into_iter().map(Provider::title).collect();
        Some(format!(
            "ONNX Runtime {} at {} was built for {} only; put one that has {} there, or set ORT_DYLIB_PATH to it",
            self.version,
            self.path.display(),
            there.join(", "),
            of.title()
        ))
    }

    /// Where it was loaded from.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Called by ONNX Runtime on whatever thread has something to say.
fn log(level: LogLevel, _category: &str, id: &str, location: &str, message: &str) {
    match level {
        LogLevel::Verbose | LogLevel::Info => {
            tracing::debug!(target: "onnxruntime", id, location, "{message}");
        }
        // Older exports of torch list their weights among the inputs, and each would be told.
        LogLevel::Warning if message.contains("appears in graph inputs") => {
            tracing::debug!(target: "onnxruntime", id, location, "{message}");
        }
        LogLevel::Warning => tracing::warn!(target: "onnxruntime", id, location, "{message}"),
        LogLevel::Error | LogLevel::Fatal => {
            tracing::error!(target: "onnxruntime", id, location, "{message}");
        }
    }
}
