//! What can go wrong around ONNX Runtime, and what to do about it.

use std::io;
use std::path::PathBuf;
use viahe_contract::sha256::Sha256;
use viahe_core::detect::DecodeError;
use viahe_core::id::Name;

/// Why a frame could not be made into a tensor; whatever the preprocessing says.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The file is not an ONNX Runtime that this program can use.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    /// It cannot be opened.
    #[error("{source}")]
    Open {
        /// Why.
        source: io::Error,
    },
    /// A folder, a device or a pipe.
    #[error("it is not a regular file")]
    NotAFile,
    /// Not a shared library, or cut off.
    #[error("it is not a usable shared library: {why}")]
    NotALibrary {
        /// Why.
        why: String,
    },
    /// The system's loader refuses it.
    #[error("the system cannot load it: {why}")]
    Loader {
        /// The loader's message.
        why: String,
    },
    /// Another library.
    #[error("it is a library, but not ONNX Runtime: it does not export OrtGetApiBase")]
    NotOnnxRuntime,
    /// Too old, or no version at all.
    #[error("it is ONNX Runtime {found}; at least 1.{minor_min} is needed")]
    Version {
        /// Its version.
        found: String,
        /// Smallest minor version.
        minor_min: u32,
    },
}

/// A library, a model or a run failed.
#[derive(Debug, thiserror::Error)]
pub enum InferError {
    /// The library cannot be used.
    #[error(
        "ONNX Runtime cannot be used: {path}: {source}; run: make setup; or set ORT_DYLIB_PATH to \
         libonnxruntime.so", path = .path.display())]
    Library {
        /// The file.
        path: PathBuf,
        /// Why.
        source: LibraryError,
    },
    /// A process takes one library.
    #[error(
        "ONNX Runtime is already loaded from {loaded}; restart to load {wanted}",
        loaded = .loaded.display(), wanted = .wanted.display())]
    AlreadyLoaded {
        /// In use.
        loaded: PathBuf,
        /// Asked for.
        wanted: PathBuf,
    },
    /// The library was loaded and then failed to start.
    #[error("ONNX Runtime {path} does not start: {why}; run: make setup", path = .path.display())]
    Start {
        /// The file.
        path: PathBuf,
        /// Its message.
        why: String,
    },
    /// Thread or batch count out of range.
    #[error("{option} = {got} is not in 1 to {max}")]
    Option {
        /// Which.
        option: &'static str,
        /// Value given.
        got: usize,
        /// Largest value.
        max: usize,
    },
    /// The weights cannot be read.
    #[error("model {model}: {path}: {source}; check the file and its permissions, or run: {recipe}", path = .path.display())]
    Weights {
        /// The model.
        model: Name,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
        /// How to get them.
        recipe: String,
    },
    /// The weights are not those that `model.toml` describes.
    #[error(
        "model {model}: {path} has SHA-256 {got}, model.toml says {want}; run: {recipe}; or, when \
         you changed the model, correct sha256 and raise version", path = .path.display())]
    Hash {
        /// The model.
        model: Name,
        /// The file.
        path: PathBuf,
        /// Promised.
        want: Box<Sha256>,
        /// Found.
        got: Box<Sha256>,
        /// How to get the right ones.
        recipe: String,
    },
    /// The weights are no ONNX file, or one that refers to other files.
    #[error("model {model}: {path}: {why}", path = .path.display())]
    File {
        /// The model.
        model: Name,
        /// The file.
        path: PathBuf,
        /// What is wrong, and what to do.
        why: String,
    },
    /// ONNX Runtime refuses the model.
    #[error(
        "model {model}: ONNX Runtime cannot load it: {why}; export it again for an opset that \
         ONNX Runtime {version} knows"
    )]
    Session {
        /// The model.
        model: Name,
        /// Version of the library.
        version: String,
        /// Its message.
        why: String,
    },
    /// It cannot run on what was asked for.
    #[error("model {model}: it cannot run on {provider}: {why}")]
    Provider {
        /// The model.
        model: Name,
        /// On what.
        provider: &'static str,
        /// Why.
        why: String,
    },
    /// Inputs and outputs are not as `model.toml` says; one line for each difference.
    #[error("model {model}: the weights do not match model.toml:\n  {}", .problems.join("\n  "))]
    Interface {
        /// The model.
        model: Name,
        /// Each with what to do.
        problems: Vec<String>,
    },
    /// The first run, on a black picture, failed.
    #[error("model {model}: the trial run on an empty input failed: {why}; export the model again")]
    Trial {
        /// The model.
        model: Name,
        /// What was wrong.
        why: String,
    },
    /// A run failed.
    #[error("model {model}: ONNX Runtime failed: {why}; when it repeats, load the model again")]
    Run {
        /// The model.
        model: Name,
        /// Its message.
        why: String,
    },
    /// A frame could not be made into a tensor. Nothing was run on its batch.
    #[error("frame {frame} of the batch could not be prepared: {source}; leave it out")]
    Fill {
        /// Index as given to the filling function.
        frame: usize,
        /// Why.
        source: BoxError,
    },
    /// Outputs of the wrong shape.
    #[error(transparent)]
    Decode(#[from] DecodeError),
}
