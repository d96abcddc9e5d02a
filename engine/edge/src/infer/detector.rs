//! One model in one session, with its buffers.

use super::Runtime;
use super::error::{BoxError, InferError};
use super::onnx;
use crate::clock;
use ort::memory::Allocator;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::session::{IoBinding, Session};
use ort::value::{Outlet, Tensor, TensorElementType, ValueType};
use sha2::Digest;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::Instant;
use viahe_contract::sha256::Sha256;
use viahe_core::detect::{DecodeStats, Decoder, Detection, TensorView};
use viahe_core::id::Name;
use viahe_core::model::{Batch, Model};
use viahe_core::tensor::{InputSpec, Layout, Sheet};
use viahe_core::tune::Running;

/// Writes image `i`, a frame or parts of one, into its tensor and says how it was fitted.
pub type Fill<'a> = dyn FnMut(usize, &mut [f32]) -> Result<Sheet, BoxError> + 'a;

/// Largest weights that are read: far beyond what such a box can run.
const WEIGHTS_BYTES_MAX: u64 = 1 << 30;
/// Most threads of one session.
const THREADS_MAX: usize = 64;
/// Most images in one run.
const BATCH_MAX: usize = 16;

/// How a [`Detector`] runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DetectorOptions {
    /// Threads inside one run. 1 is best for throughput: several workers with a session each beat
    /// one session with several threads (measured: 67 against 59 images a second on two cores).
    pub threads: usize,
    /// Most images in one run, when the model takes any number. Rounded down to a power of two:
    /// ONNX Runtime keeps memory for each shape it has seen, so there must be few shapes.
    pub batch_max: usize,
}

impl Default for DetectorOptions {
    fn default() -> Self {
        Self { threads: 1, batch_max: 1 }
    }
}

impl From<Running> for DetectorOptions {
    fn from(run: Running) -> Self {
        Self { threads: run.threads, batch_max: run.batch }
    }
}

/// What one call of [`Detector::run`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RunStats {
    /// Frames.
    pub frames: usize,
    /// Runs of the session.
    pub runs: usize,
    /// Time in the filling function, in ms.
    pub fill_ms: f32,
    /// Time in ONNX Runtime, in ms.
    pub infer_ms: f32,
    /// Time from outputs to detections, in ms.
    pub decode_ms: f32,
    /// What became of the candidates, all frames together.
    pub decode: DecodeStats,
}

/// A model ready to run, owned by one worker thread.
///
/// For each batch size there is one input tensor, allocated by ONNX Runtime and bound to the
/// session once; the filling function writes right into it. Outputs are bound likewise and read
/// in place. All of it is allocated when the model is loaded.
#[derive(Debug)]
pub struct Detector {
    name: Name,
    input: InputSpec,
    session: Session,
    /// By batch size, smallest first; at least one.
    slots: Vec<Slot>,
    decoder: Decoder,
    sheets: Vec<Sheet>,
    /// Emptied lists of detections, for reuse.
    spare: Vec<Vec<Detection>>,
}

/// The buffers of one batch size.
#[derive(Debug)]
struct Slot {
    batch: usize,
    binding: IoBinding,
    input: Tensor<f32>,
    outputs: Vec<Tensor<f32>>,
    /// Of the outputs.
    shapes: Vec<Vec<usize>>,
}

impl Detector {
    /// Loads `weights`, checks that they are what `model` describes, and runs once on an empty
    /// input for each batch size.
    ///
    /// # Errors
    /// [`InferError`]; nothing outside is changed, so a model that was loaded before goes on.
    pub fn new(
        runtime: &Runtime,
        model: &Model,
        weights: &Path,
        options: DetectorOptions,
    ) -> Result<Self, InferError> {
        check_option("threads", options.threads, THREADS_MAX)?;
        check_option("batch_max", options.batch_max, BATCH_MAX)?;
        let bytes = read_weights(model, weights)?;
        let refused = |why: String| InferError::Session {
            model: model.name.clone(),
            version: runtime.version().into(),
            why,
        };
        let mut builder = session_builder(runtime, options).map_err(refused)?;
        // From the bytes that were hashed: the file may change meanwhile.
        let session = builder.commit_from_memory(&bytes).map_err(|e| refused(e.to_string()))?;
        drop(bytes);
        check_interface(model, &session)?;
        let slots = batch_sizes(model.batch, options.batch_max)
            .map(|batch| Slot::new(model, &session, batch))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|e| refused(e.to_string()))?;
        let mut detector = Self {
            name: model.name.clone(),
            input: model.input,
            session,
            slots,
            decoder: Decoder::new(model),
            sheets: Vec::new(),
            spare: Vec::new(),
        };
        detector.trial()?;
        Ok(detector)
    }

    /// What the model must be fed.
    pub fn input(&self) -> &InputSpec {
        &self.input
    }

    /// Most frames in one run of the session.
    pub fn batch_max(&self) -> usize {
        self.slots.last().map_or(1, |slot| slot.batch)
    }

    /// Finds objects in `frames` frames, in as few runs as the batch sizes allow.
    ///
    /// `fill(i, tensor)` writes frame `i` into the tensor that ONNX Runtime will read, of
    /// [`InputSpec::len`] values, and says how it was fitted; it is called once for each frame, in
    /// order. `out[i]` then holds the detections of frame `i`, best first; its buffers are
    /// reused. A model of a fixed batch runs that batch even when fewer frames are left.
    ///
    /// # Errors
    /// [`InferError::Fill`] names the frame that could not be prepared: leave it out and call
    /// again. After any error `out` is empty; the detector can go on being used.
    pub fn run(
        &mut self,
        frames: usize,
        fill: &mut Fill<'_>,
        out: &mut Vec<Vec<Detection>>,
    ) -> Result<RunStats, InferError> {
        while out.len() > frames {
            self.spare.extend(out.pop());
        }
        while out.len() < frames {
            out.push(self.spare.pop().unwrap_or_default());
        }
        let result = self.run_all(frames, fill, out);
        if result.is_err() {
            self.spare.append(out);
        }
        result
    }

    fn run_all(
        &mut self,
        frames: usize,
        fill: &mut Fill<'_>,
        out: &mut [Vec<Detection>],
    ) -> Result<RunStats, InferError> {
        let mut stats = RunStats { frames, ..RunStats::default() };
        let mut first = 0;
        while first < frames {
            let left = frames - first;
            // The largest that is filled; a fixed batch larger than what is left is the only one.
            let at = self.slots.iter().rposition(|slot| slot.batch <= left).unwrap_or(0);
            let count = self.slots[at].batch.min(left);
            self.run_slot(at, first, fill, &mut out[first..first + count], &mut stats)?;
            first += count;
        }
        Ok(stats)
    }

    /// One run: fills, infers and decodes `out.len()` frames from frame `first` on.
    fn run_slot(
        &mut self,
        at: usize,
        first: usize,
        fill: &mut Fill<'_>,
        out: &mut [Vec<Detection>],
        stats: &mut RunStats,
    ) -> Result<(), InferError> {
        let slot = &mut self.slots[at];
        let failed =
            |e: ort::Error| InferError::Run { model: self.name.clone(), why: e.to_string() };
        let started = clock::monotonic();
        self.sheets.clear();
        let (_, values) = slot.input.try_extract_tensor_mut::<f32>().map_err(failed)?;
        let images = values.chunks_exact_mut(self.input.len()).take(out.len());
        for (frame, image) in (first..).zip(images) {
            let sheet = fill(frame, image).map_err(|source| InferError::Fill { frame, source })?;
            self.sheets.push(sheet);
        }
        let filled = clock::monotonic();
        // The outputs come back in the tensors that were bound; these handles to them go at once.
        drop(self.session.run_binding(&slot.binding).map_err(failed)?);
        let inferred = clock::monotonic();
        for (image, (sheet, detections)) in self.sheets.iter().zip(out).enumerate() {
            let decoded = slot.decode(&mut self.decoder, image, sheet, detections)?;
            stats.decode.add(&decoded);
        }
        stats.runs += 1;
        stats.fill_ms += millis(started, filled);
        stats.infer_ms += millis(filled, inferred);
        stats.decode_ms += millis(inferred, clock::monotonic());
        Ok(())
    }

    /// Runs every batch size on zeros, so that all memory is there before the first frame, and a
    /// model that gives nonsense is found now.
    fn trial(&mut self) -> Result<(), InferError> {
        let failed = |why: String| InferError::Trial { model: self.name.clone(), why };
        for slot in &self.slots {
            let given =
                self.session.run_binding(&slot.binding).map_err(|e| failed(e.to_string()))?;
            for (tensor, value) in slot.outputs.iter().zip(given.values()) {
                let (_, values) =
                    value.try_extract_tensor::<f32>().map_err(|e| failed(e.to_string()))?;
                if values.as_ptr().cast() != tensor.data_ptr() {
                    return Err(failed("ONNX Runtime did not use the output tensors given".into()));
                }
                if let Some(at) = values.iter().position(|v| !v.is_finite()) {
                    return Err(failed(format!("output value {at} is {}", values[at])));
                }
            }
        }
        Ok(())
    }

    /// Address of the input tensor of `batch` images, as ONNX Runtime has it: proves that nothing
    /// is copied. `None` when there is no such batch size.
    pub fn input_address(&self, batch: usize) -> Option<usize> {
        let slot = self.slots.iter().find(|slot| slot.batch == batch)?;
        Some(slot.input.data_ptr().addr())
    }
}

impl Slot {
    fn new(model: &Model, session: &Session, batch: usize) -> ort::Result<Self> {
        let allocator = Allocator::default();
        let mut binding = session.create_binding()?;
        let input = Tensor::<f32>::new(&allocator, input_shape(&model.input, batch))?;
        binding.bind_input(model.input_name.as_str(), &input)?;
        let mut outputs = Vec::new();
        let mut shapes = Vec::new();
        for (name, shape) in model.head.tensors(batch) {
            let mut tensor = Tensor::<f32>::new(&allocator, shape.clone())?;
            binding.bind_output(name, &mut tensor)?;
            outputs.push(tensor);
            shapes.push(shape);
        }
        Ok(Self { batch, binding, input, outputs, shapes })
    }

    fn decode(
        &self,
        decoder: &mut Decoder,
        image: usize,
        sheet: &Sheet,
        out: &mut Vec<Detection>,
    ) -> Result<DecodeStats, InferError> {
        let view = |i: usize| -> TensorView<'_> {
            let data = self.outputs[i].try_extract_tensor::<f32>().map_or(&[][..], |(_, d)| d);
            TensorView { shape: &self.shapes[i], data }
        };
        // Heads read one tensor or two; no list is allocated for them.
        Ok(match self.outputs.len() {
            1 => decoder.decode(&[view(0)], image, sheet, out),
            _ => decoder.decode(&[view(0), view(1)], image, sheet, out),
        }?)
    }
}

fn millis(from: Instant, to: Instant) -> f32 {
    to.saturating_duration_since(from).as_secs_f32() * 1e3
}

fn check_option(option: &'static str, got: usize, max: usize) -> Result<(), InferError> {
    if (1..=max).contains(&got) { Ok(()) } else { Err(InferError::Option { option, got, max }) }
}

/// Powers of two up to `batch_max`, or the one fixed size.
fn batch_sizes(batch: Batch, batch_max: usize) -> impl Iterator<Item = usize> {
    let (first, last) = match batch {
        Batch::Any => (1, batch_max),
        Batch::Fixed(n) => (n, n),
    };
    std::iter::successors(Some(first), |n| Some(n * 2)).take_while(move |n| *n <= last)
}

fn input_shape(input: &InputSpec, batch: usize) -> [usize; 4] {
    match input.layout {
        Layout::Nchw => [batch, 3, input.height, input.width],
        Layout::Nhwc => [batch, input.height, input.width, 3],
    }
}

/// One thread unless told otherwise and no spinning: with several sessions, spinning took 98 % of
/// two cores for work that needs 53 %. Memory patterns and the arena stay on: shapes are fixed, so
/// both reach their size in the trial runs and stay there.
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
        .map_err(text)
}

/// The weights, of the right hash and without references to other files.
fn read_weights(model: &Model, path: &Path) -> Result<Vec<u8>, InferError> {
    let bytes = read_file(path).map_err(|source| InferError::Weights {
        model: model.name.clone(),
        path: path.into(),
        source,
        recipe: model.recipe.clone(),
    })?;
    let got = Sha256::from_bytes(sha2::Sha256::digest(&bytes).into());
    if got != model.sha256 {
        return Err(InferError::Hash {
            model: model.name.clone(),
            path: path.into(),
            want: Box::new(model.sha256),
            got: Box::new(got),
            recipe: model.recipe.clone(),
        });
    }
    onnx::check(&bytes).map_err(|why| InferError::File {
        model: model.name.clone(),
        path: path.into(),
        why,
    })?;
    Ok(bytes)
}

fn read_file(path: &Path) -> io::Result<Vec<u8>> {
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
    if problems.is_empty() {
        Ok(())
    } else {
        Err(InferError::Interface { model: model.name.clone(), problems })
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batch_sizes_are_few() {
        let sizes = |batch, max| batch_sizes(batch, max).collect::<Vec<_>>();
        assert_eq!(sizes(Batch::Any, 1), [1]);
        assert_eq!(sizes(Batch::Any, 7), [1, 2, 4]);
        assert_eq!(sizes(Batch::Any, 8), [1, 2, 4, 8]);
        assert_eq!(sizes(Batch::Fixed(1), 8), [1]);
        assert_eq!(sizes(Batch::Fixed(3), 1), [3]);
    }

    #[test]
    fn a_detector_may_move_to_its_worker() {
        fn sendable<T: Send>() {}
        sendable::<Detector>();
        sendable::<Runtime>();
        sendable::<InferError>();
    }
}
