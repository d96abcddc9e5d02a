//! One model, loaded: its weights once, for all threads that look with it.

use super::Runtime;
use super::error::InferError;
use super::heap::GivesBack;
use super::provider::{self, Arena};
use ort::AsPointer as _;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::session::{IoBinding, NoSelectedOutputs, RunOptions, Session};
use ort::value::{Outlet, TensorElementType, ValueType};
use sha2::Digest;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;
use viahe_contract::sha256::Sha256;
use viahe_core::model::{Batch, Model};
use viahe_core::onnx;
use viahe_core::tensor::{InputSpec, Layout};
use viahe_core::tune::{Provider, Running, THREADS_MAX};

/// Largest weights that are read: far beyond what such a box can run.
const WEIGHTS_BYTES_MAX: u64 = 1 << 30;
/// Most images in one run.
const BATCH_MAX: usize = 16;

/// How a network runs in its detectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DetectorOptions {
    /// Threads inside one run. 1 is best for throughput: several runs at once beat one run with
    /// several threads (measured: 67 against 59 images a second on two cores).
    pub threads: usize,
    /// Most images in one run, when the model takes any number. Rounded down to a power of two:
    /// ONNX Runtime keeps memory for each shape it has seen, so there must be few shapes.
    pub batch_max: usize,
    /// What it runs on.
    pub provider: Provider,
}

impl Default for DetectorOptions {
    fn default() -> Self {
        Self { threads: 1, batch_max: 1, provider: Provider::Cpu }
    }
}

impl From<Running> for DetectorOptions {
    fn from(run: Running) -> Self {
        Self { threads: run.threads, batch_max: run.batch, ..Self::default() }
    }
}

/// How a model runs somewhere else, beside the processor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parity {
    /// The largest difference of two values, as a share of the span of all in their output.
    pub difference: f32,
    /// A run there.
    pub run: Duration,
    /// A run on the processor, with as many threads.
    pub own_run: Duration,
}

/// What a network runs on.
#[derive(Clone, Debug, PartialEq)]
pub struct RunsOn {
    /// What it was to run on.
    pub asked: Provider,
    /// What it runs on.
    pub used: Provider,
    /// Why that is another one; none where it is not.
    pub why: Option<String>,
    /// Operations of its graph that run there, and all; none where ONNX Runtime does not say.
    pub taken: Option<[usize; 2]>,
    /// How it runs there beside the processor; none on the processor.
    pub parity: Option<Parity>,
}

/// A model in ONNX Runtime, checked. Detectors share it: another session would have the weights
/// again, as ONNX Runtime lays them out for this processor.
#[derive(Debug)]
pub struct Network {
    model: Model,
    options: DetectorOptions,
    /// Of ONNX Runtime.
    version: String,
    session: Session,
    runs_on: RunsOn,
    /// After the session.
    _gives_back: GivesBack,
}

impl Network {
    /// Loads `weights` and checks that they are what `model` describes. It runs on what `options` ask for, or not at
    /// all: see [`load`](super::load).
    ///
    /// # Errors
    /// [`InferError`]; nothing outside is changed, so a model that was loaded before goes on.
    pub fn load(
        runtime: &Runtime,
        model: &Model,
        weights: &Path,
        options: DetectorOptions,
    ) -> Result<Self, InferError> {
        check_options(options)?;
        let bytes = weights_of(model, weights)?;
        Self::of_bytes(runtime, model, (weights, &bytes), options)
    }

    /// The same of weights that are read already, called by a path; their hash is the caller's matter.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn of_bytes(
        runtime: &Runtime,
        model: &Model,
        (path, bytes): (&Path, &[u8]),
        options: DetectorOptions,
    ) -> Result<Self, InferError> {
        check_options(options)?;
        guard(runtime, bytes).map_err(|why| InferError::File {
            model: model.name.clone(),
            path: path.into(),
            why: why.to_string(),
        })?;
        let version = runtime.version().to_owned();
        let failed = |why: String| refused(model, &version, why);
        let mut builder = session_builder(runtime, options).map_err(failed)?;
        // From the bytes that were looked at: the file may change meanwhile.
        let session = builder.commit_from_memory(bytes).map_err(|e| failed(e.to_string()))?;
        check_interface(model, &session)?;
        let (asked, taken) = (options.provider, provider::taken(&session, options.provider));
        if !asked.is_cpu() && matches!(taken, Some([0, _])) {
            let why = "it takes no operation of the model".to_owned();
            return Err(InferError::Provider {
                model: model.name.clone(),
                provider: asked.title(),
                why,
            });
        }
        let runs_on = RunsOn { asked, used: asked, why: None, taken, parity: None };
        let model = model.clone();
        Ok(Self { model, options, version, session, runs_on, _gives_back: GivesBack })
    }

    /// What it runs on.
    pub fn runs_on(&self) -> &RunsOn {
        &self.runs_on
    }

    pub(super) fn set_runs_on(&mut self, runs_on: RunsOn) {
        self.runs_on = runs_on;
    }

    /// Memory that ONNX Runtime holds for its runs; none where it does not say.
    pub fn arena(&self) -> Option<Arena> {
        provider::arena(&self.session)
    }

    /// What it is.
    pub fn model(&self) -> &Model {
        &self.model
    }

    pub(super) fn options(&self) -> DetectorOptions {
        self.options
    }

    /// A place to bind tensors to.
    pub(super) fn binding(&self) -> ort::Result<IoBinding> {
        self.session.create_binding()
    }

    /// It was loaded, and is refused all the same.
    pub(super) fn refused(&self, why: String) -> InferError {
        refused(&self.model, &self.version, why)
    }

    /// Reads the inputs and writes the outputs that are bound. `binding` must be of this network.
    #[expect(
        unsafe_code,
        reason = "the binding to ONNX Runtime lets one thread at a time run a session"
    )]
    pub(super) fn run(
        &self,
        binding: &mut IoBinding,
        options: Option<&RunOptions<NoSelectedOutputs>>,
    ) -> ort::Result<()> {
        let options = options.map_or(std::ptr::null(), ort::AsPointer::ptr);
        // SAFETY: all three live until the call returns, and the binding is this thread's alone. ONNX
        // Runtime lets any number of threads run a session at once, which `ort` forbids for the sake
        // of its providers of other hardware. The processor's arena and memory patterns are behind locks, and
        // runs on a provider that does not bear several at once are taken one after the other by ONNX
        // Runtime itself.
        unsafe {
            ort::Error::result_from_status((ort::api().RunWithBinding)(
                self.session.ptr().cast_mut(),
                options,
                binding.ptr(),
            ))
        }
    }
}

fn refused(model: &Model, version: &str, why: String) -> InferError {
    InferError::Session { model: model.name.clone(), version: version.into(), why }
}

fn check_option(option: &'static str, got: usize, max: usize) -> Result<(), InferError> {
    if (1..=max).contains(&got) { Ok(()) } else { Err(InferError::Option { option, got, max }) }
}

/// Shape of the input tensor of so many images.
pub(super) fn input_shape(input: &InputSpec, batch: usize) -> [usize; 4] {
    match input.layout {
        Layout::Nchw => [batch, 3, input.height, input.width],
        Layout::Nhwc => [batch, input.height, input.width, 3],
    }
}

/// One thread unless told otherwise and no spinning: with several sessions, spinning took 98 % of
/// two cores for work that needs 53 %. Memory patterns and the arena stay on: shapes are fixed, so
/// both reach their size in the trial runs and stay there. Without the arena a run takes half as
/// much time again: what it works in would be new memory each time.
fn session_builder(runtime: &Runtime, options: DetectorOptions) -> Result<SessionBuilder, String> {
    let text = |e: ort::Error<SessionBuilder>| e.to_string();
    Session::builder(&runtime.environment)
        .map_err(|e| e.to_string())?
        .with_optimization_level(GraphOptimizationLevel::All)
        .map_err(text)?
        .with_intra_threads(options.threads)
        .map_err(text)?
        .with_inter_threads(1)
        .map_err(text)?
        .with_parallel_execution(false)
        .map_err(text)?
        .with_intra_op_spinning(false)
        .map_err(text)?
        .with_inter_op_spinning(false)
        .map_err(text)?
        .with_memory_pattern(true)
        .map_err(text)?
        .with_log_level(ort::logging::LogLevel::Warning)
        .map_err(text)?
        .with_config_entry("session.load_model_format", "ONNX")
        .map_err(text)?
        .with_config_entry(provider::RECORD.0, provider::RECORD.1)
        .map_err(text)?
        .with_execution_providers(provider::asked(options.provider, options.threads))
        .map_err(text)
}

fn check_options(options: DetectorOptions) -> Result<(), InferError> {
    check_option("threads", options.threads, THREADS_MAX)?;
    check_option("batch_max", options.batch_max, BATCH_MAX)
}

/// What no session is made of: bytes that are no whole model, or one that this runtime cannot take.
fn guard(runtime: &Runtime, bytes: &[u8]) -> Result<(), onnx::Refused> {
    onnx::check(&onnx::read(bytes)?, runtime.limits().as_ref())
}

fn check_hash(model: &Model, path: &Path, bytes: &[u8]) -> Result<(), InferError> {
    let got = Sha256::from_bytes(sha2::Sha256::digest(bytes).into());
    if got == model.sha256 {
        return Ok(());
    }
    Err(InferError::Hash {
        model: model.name.clone(),
        path: path.into(),
        want: Box::new(model.sha256),
        got: Box::new(got),
        recipe: model.recipe.clone(),
    })
}

/// All bytes of a model's weights, if they are those that it describes.
pub(super) fn weights_of(model: &Model, path: &Path) -> Result<Vec<u8>, InferError> {
    let bytes = read_weights(path).map_err(|source| InferError::Weights {
        model: model.name.clone(),
        path: path.into(),
        source,
        recipe: model.recipe.clone(),
    })?;
    check_hash(model, path, &bytes)?;
    Ok(bytes)
}

/// All bytes of a model file.
///
/// # Errors
/// What the system says; also for a device, a pipe or a folder, and for a file that is larger than any model that such a box can run.
pub fn read_weights(path: &Path) -> io::Result<Vec<u8>> {
    // A device or a pipe would block or never end.
    let meta = std::fs::metadata(path)?;
    if !meta.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    if meta.len() > WEIGHTS_BYTES_MAX {
        let what = format!("{} bytes, more than {WEIGHTS_BYTES_MAX}", meta.len());
        return Err(io::Error::new(io::ErrorKind::InvalidData, what));
    }
    let mut bytes = Vec::with_capacity(meta.len() as usize);
    File::open(path)?.take(WEIGHTS_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Names, types and shapes in the file against the description; all differences at once.
fn check_interface(model: &Model, session: &Session) -> Result<(), InferError> {
    let mut problems = check_size(model, session);
    // What is wrong with all sizes is told once.
    if problems.is_empty() {
        let others = model.sizes.iter().map(|size| check_size(&model.at(*size), session));
        problems = others.flatten().collect();
        if !problems.is_empty() {
            problems
                .push("to take `sizes`, it must leave columns, rows and candidates open".into());
        }
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(InferError::Interface { model: model.name.clone(), problems })
    }
}

/// The same for the model's own size alone.
fn check_size(model: &Model, session: &Session) -> Vec<String> {
    let mut problems = Vec::new();
    let batch = match model.batch {
        Batch::Any => None,
        Batch::Fixed(n) => Some(n),
    };
    let one = batch.unwrap_or(1);
    let inputs = session.inputs();
    let shape = input_shape(&model.input, one);
    check_outlet("input", inputs, &model.input_name, &shape, batch, &mut problems);
    if inputs.len() > 1 {
        problems.push(format!(
            "the model has {} inputs ({}); export it with the image as its only input",
            inputs.len(),
            names(inputs)
        ));
    }
    for (name, shape) in model.head.tensors(one) {
        check_outlet("output", session.outputs(), name, &shape, batch, &mut problems);
    }
    problems
}

/// `want`: the shape described, with any first axis when `batch` is `None`.
fn check_outlet(
    kind: &str,
    outlets: &[Outlet],
    name: &str,
    want: &[usize],
    batch: Option<usize>,
    problems: &mut Vec<String>,
) {
    let Some(outlet) = outlets.iter().find(|o| o.name() == name) else {
        let there = names(outlets);
        problems
            .push(format!("no {kind} is named {name:?}; the model has {there}; correct [{kind}]"));
        return;
    };
    let ValueType::Tensor { ty, shape, .. } = outlet.dtype() else {
        problems.push(format!("{kind} {name:?} is no tensor; export the model with tensors only"));
        return;
    };
    if *ty != TensorElementType::Float32 {
        problems.push(format!("{kind} {name:?} holds {ty}, not f32; export it with f32 {kind}s"));
    }
    // A negative size is one that the file leaves open.
    let fits = |(got, want): (&i64, &usize)| *got < 0 || usize::try_from(*got) == Ok(*want);
    if shape.len() != want.len() || !shape.iter().zip(want).skip(1).all(fits) {
        problems.push(format!(
            "{kind} {name:?} has shape {shape}, model.toml says {want:?}; correct [{kind}] or \
             export the model again"
        ));
        return;
    }
    match (shape.first().copied().unwrap_or(-1), batch) {
        (fixed, None) if fixed >= 0 => problems
            .push(format!("{kind} {name:?} takes exactly {fixed} images; write batch = {fixed}")),
        (fixed, Some(n)) if fixed >= 0 && usize::try_from(fixed) != Ok(n) => problems.push(
            format!("{kind} {name:?} takes exactly {fixed} images; write batch = {fixed}, not {n}"),
        ),
        _ => {}
    }
}

fn names(outlets: &[Outlet]) -> String {
    let names: Vec<String> = outlets.iter().map(|o| format!("\"{}\"", o.name())).collect();
    names.join(", ")
}
