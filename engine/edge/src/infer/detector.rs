//! What one thread looks with: a network, with buffers of its own.

use super::Runtime;
use super::error::{BoxError, InferError};
use super::heap::{GivesBack, give_back};
use super::network::{DetectorOptions, Network};
use super::slot::{Slot, giving_back};
use crate::clock;
use ort::value::Tensor;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use viahe_core::detect::{DecodeStats, Decoder, Detection};
use viahe_core::model::{Batch, Model};
use viahe_core::tensor::{InputSpec, Sheet};

/// Writes image `i`, a frame or parts of one, into its tensor and says how it was fitted.
pub type Fill<'a> = dyn FnMut(usize, &mut [f32]) -> Result<Sheet, BoxError> + 'a;

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

impl RunStats {
    /// What it cost by the clock, for each of so many looks.
    pub fn cost(&self, looks: usize) -> Duration {
        let ms = (self.fill_ms + self.infer_ms + self.decode_ms) / looks.max(1) as f32;
        Duration::from_secs_f32(ms.max(0.0) / 1e3)
    }
}

/// A model ready to run, owned by one worker thread; the network may be others' too.
///
/// For each size of the images and each batch size there is one input tensor, allocated by ONNX Runtime
/// and bound once; the filling function writes right into it. Outputs are bound likewise and read in
/// place. All of it is allocated when the detector is made.
#[derive(Debug)]
pub struct Detector {
    network: Arc<Network>,
    /// The model's own size first.
    sizes: Vec<OfSize>,
    /// The model's own size, for each frame of a call.
    own: Vec<[usize; 2]>,
    /// Frames of one size, of the call under way.
    frames: Vec<usize>,
    sheets: Vec<Sheet>,
    /// Emptied lists of detections, for reuse.
    spare: Vec<Vec<Detection>>,
    /// After its tensors, which hold the session too.
    _gives_back: GivesBack,
}

/// What images of one size need.
#[derive(Debug)]
struct OfSize {
    input: InputSpec,
    decoder: Decoder,
    /// By batch size, smallest first; at least one.
    slots: Vec<Slot>,
}

impl Detector {
    /// Loads `weights` for one detector alone: [`Network::load`] and [`Detector::on`].
    ///
    /// # Errors
    /// [`InferError`]; nothing outside is changed, so a model that was loaded before goes on.
    pub fn new(
        runtime: &Runtime,
        model: &Model,
        weights: &Path,
        options: DetectorOptions,
    ) -> Result<Self, InferError> {
        Self::on(&Arc::new(Network::load(runtime, model, weights, options)?))
    }

    /// Buffers for a network that is loaded; runs on an empty input of each size and batch size.
    ///
    /// # Errors
    /// [`InferError`]; other detectors of the network go on.
    pub fn on(network: &Arc<Network>) -> Result<Self, InferError> {
        let model = network.model();
        let sizes = std::iter::once(model.input.size()).chain(model.sizes.iter().copied());
        let sizes = sizes
            .map(|size| OfSize::new(network, &model.at(size)))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|e| network.refused(e.to_string()))?;
        let mut detector = Self {
            network: Arc::clone(network),
            sizes,
            own: Vec::new(),
            frames: Vec::new(),
            sheets: Vec::new(),
            spare: Vec::new(),
            _gives_back: GivesBack,
        };
        detector.trial()?;
        Ok(detector)
    }

    /// What the model must be fed, at its own size.
    pub fn input(&self) -> &InputSpec {
        &self.network.model().input
    }

    /// Most frames in one run of the session.
    pub fn batch_max(&self) -> usize {
        self.sizes.first().and_then(|of| of.slots.last()).map_or(1, |slot| slot.batch)
    }

    /// As [`run_sizes`](Self::run_sizes), for so many frames on images of the model's own size.
    ///
    /// # Errors
    /// As [`run_sizes`](Self::run_sizes).
    pub fn run(
        &mut self,
        frames: usize,
        fill: &mut Fill<'_>,
        out: &mut Vec<Vec<Detection>>,
    ) -> Result<RunStats, InferError> {
        let mut own = std::mem::take(&mut self.own);
        own.resize(frames, self.input().size());
        let result = self.run_sizes(&own, fill, out);
        self.own = own;
        result
    }

    /// Finds objects in frames that each lie on an image of one of the model's sizes, in as few runs
    /// as the batch sizes allow; images of different sizes are never in one run.
    ///
    /// `fill(i, tensor)` writes frame `i` into the tensor that ONNX Runtime will read, of
    /// [`InputSpec::len`] values at its size, and says how it was fitted; it is called once for each
    /// frame, in the order of the model's sizes and of the frames. `out[i]` then holds the detections of
    /// frame `i`, best first; its buffers are reused. A model of a fixed batch runs that batch even when
    /// fewer frames are left.
    ///
    /// # Errors
    /// [`InferError::Fill`] names the frame that could not be prepared: leave it out and call
    /// again. After any error `out` is empty; the detector can go on being used.
    pub fn run_sizes(
        &mut self,
        sizes: &[[usize; 2]],
        fill: &mut Fill<'_>,
        out: &mut Vec<Vec<Detection>>,
    ) -> Result<RunStats, InferError> {
        let frames = sizes.len();
        while out.len() > frames {
            self.spare.extend(out.pop());
        }
        while out.len() < frames {
            out.push(self.spare.pop().unwrap_or_default());
        }
        let result = self.run_all(sizes, fill, out);
        if result.is_err() {
            self.spare.append(out);
        }
        result
    }

    fn run_all(
        &mut self,
        sizes: &[[usize; 2]],
        fill: &mut Fill<'_>,
        out: &mut [Vec<Detection>],
    ) -> Result<RunStats, InferError> {
        let mut stats = RunStats { frames: sizes.len(), ..RunStats::default() };
        let is_known = |size| self.sizes.iter().any(|of| of.input.size() == size);
        if let Some(frame) = sizes.iter().position(|size| !is_known(*size)) {
            return Err(InferError::Fill { frame, source: "the model takes no such size".into() });
        }
        for at in 0..self.sizes.len() {
            let size = self.sizes[at].input.size();
            self.frames.clear();
            self.frames.extend((0..sizes.len()).filter(|i| sizes[*i] == size));
            let mut first = 0;
            while first < self.frames.len() {
                let slots = &self.sizes[at].slots;
                let left = self.frames.len() - first;
                // The largest that is filled; a fixed batch larger than what is left is the only one.
                let slot = slots.iter().rposition(|slot| slot.batch <= left).unwrap_or(0);
                let end = first + slots[slot].batch.min(left);
                self.run_slot((at, slot), first..end, fill, out, &mut stats)?;
                first = end;
            }
        }
        Ok(stats)
    }

    /// One run: fills, infers and decodes these of `self.frames`.
    fn run_slot(
        &mut self,
        (size, slot): (usize, usize),
        frames: Range<usize>,
        fill: &mut Fill<'_>,
        out: &mut [Vec<Detection>],
        stats: &mut RunStats,
    ) -> Result<(), InferError> {
        let OfSize { input, decoder, slots } = &mut self.sizes[size];
        let (slot, frames) = (&mut slots[slot], &self.frames[frames]);
        let model = self.network.model();
        let failed =
            |e: ort::Error| InferError::Run { model: model.name.clone(), why: e.to_string() };
        let started = clock::monotonic();
        self.sheets.clear();
        let (_, values) = slot.input.try_extract_tensor_mut::<f32>().map_err(failed)?;
        for (&frame, image) in frames.iter().zip(values.chunks_exact_mut(input.len())) {
            let sheet = fill(frame, image)
                .and_then(|sheet| of_size(sheet, input))
                .map_err(|source| InferError::Fill { frame, source })?;
            self.sheets.push(sheet);
        }
        let filled = clock::monotonic();
        slot.run(&self.network, None).map_err(failed)?;
        let inferred = clock::monotonic();
        for (image, (sheet, &frame)) in self.sheets.iter().zip(frames).enumerate() {
            let decoded = decode(slot, decoder, image, sheet, &mut out[frame])?;
            stats.decode.add(&decoded);
        }
        stats.runs += 1;
        stats.fill_ms += millis(started, filled);
        stats.infer_ms += millis(filled, inferred);
        stats.decode_ms += millis(inferred, clock::monotonic());
        Ok(())
    }

    /// Runs every size and batch size on zeros, so that all memory is there before the first frame, and a
    /// model that gives nonsense is found now.
    ///
    /// Twice: in its first run of a shape ONNX Runtime asks for the memory of each layer alone and
    /// learns how much all need together; from then on it asks for one piece of that. What the
    /// first took is of no use after it, and given back. The second time the largest comes first: what it
    /// takes is enough for the others.
    fn trial(&mut self) -> Result<(), InferError> {
        let model = &self.network.model().name;
        let failed = |why: String| InferError::Trial { model: model.clone(), why };
        let giving_back = giving_back().map_err(|e| failed(e.to_string()))?;
        for options in [Some(&giving_back), None] {
            for OfSize { input, slots, .. } in &mut self.sizes {
                let [width, height] = input.size();
                let of_size = |why| failed(format!("with {width}x{height} px, {why}"));
                for slot in slots.iter_mut().rev() {
                    slot.trial(&self.network, options).map_err(of_size)?;
                }
            }
        }
        give_back();
        Ok(())
    }

    /// All values of each output, of one image of the model's own size.
    pub(super) fn outputs_of(&mut self, image: &[f32]) -> Result<Vec<Vec<f32>>, InferError> {
        let Self { network, sizes, .. } = self;
        let model = network.model();
        let failed =
            |e: ort::Error| InferError::Run { model: model.name.clone(), why: e.to_string() };
        let slot = sizes.first_mut().and_then(|of| of.slots.first_mut());
        let Some(slot) = slot else { return Ok(Vec::new()) };
        let (_, values) = slot.input.try_extract_tensor_mut::<f32>().map_err(failed)?;
        values.chunks_exact_mut(image.len()).for_each(|of| of.copy_from_slice(image));
        slot.run(network, None).map_err(failed)?;
        let values = |output: &Tensor<f32>| {
            output.try_extract_tensor::<f32>().map(|(_, values)| values.to_vec())
        };
        slot.outputs.iter().map(values).collect::<ort::Result<_>>().map_err(failed)
    }

    /// Address of the input tensor of `batch` images of the model's own size, as ONNX Runtime has it: proves that nothing
    /// is copied. `None` when there is no such batch size.
    pub fn input_address(&self, batch: usize) -> Option<usize> {
        let slot = self.sizes.first()?.slots.iter().find(|slot| slot.batch == batch)?;
        Some(slot.input.data_ptr().addr())
    }
}

impl OfSize {
    /// `model` is the network's at this size.
    fn new(network: &Network, model: &Model) -> ort::Result<Self> {
        let slots = batch_sizes(model.batch, network.options().batch_max)
            .map(|batch| Slot::new(network, model, batch))
            .collect::<Result<_, _>>()?;
        Ok(Self { input: model.input, decoder: Decoder::new(model), slots })
    }
}

fn decode(
    slot: &Slot,
    decoder: &mut Decoder,
    image: usize,
    sheet: &Sheet,
    out: &mut Vec<Detection>,
) -> Result<DecodeStats, InferError> {
    let view = |i: usize| slot.output(i);
    // Heads read three tensors at most; no list is allocated for them.
    Ok(match slot.outputs.len() {
        1 => decoder.decode(&[view(0)], image, sheet, out),
        2 => decoder.decode(&[view(0), view(1)], image, sheet, out),
        _ => decoder.decode(&[view(0), view(1), view(2)], image, sheet, out),
    }?)
}

/// A sheet of another size would give boxes in wrong places.
fn of_size(sheet: Sheet, input: &InputSpec) -> Result<Sheet, BoxError> {
    if sheet.size() == input.size() {
        return Ok(sheet);
    }
    Err("its image was filled as if it had another size".into())
}

fn millis(from: Instant, to: Instant) -> f32 {
    to.saturating_duration_since(from).as_secs_f32() * 1e3
}

/// Powers of two up to `batch_max`, or the one fixed size.
fn batch_sizes(batch: Batch, batch_max: usize) -> impl Iterator<Item = usize> {
    let (first, last) = match batch {
        Batch::Any => (1, batch_max),
        Batch::Fixed(n) => (n, n),
    };
    std::iter::successors(Some(first), |n| Some(n * 2)).take_while(move |n| *n <= last)
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
        sendable::<Arc<Network>>();
        sendable::<Runtime>();
        sendable::<InferError>();
    }
}
