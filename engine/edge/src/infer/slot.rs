//! The tensors of one run: allocated by ONNX Runtime, bound once, filled and read in place.

use super::network::{Network, input_shape};
use ort::memory::Allocator;
use ort::session::{IoBinding, RunOptions};
use ort::value::Tensor;
use viahe_core::detect::TensorView;
use viahe_core::model::Model;

/// The buffers of one batch size.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) batch: usize,
    binding: IoBinding,
    pub(super) input: Tensor<f32>,
    pub(super) outputs: Vec<Tensor<f32>>,
    /// Of the outputs.
    shapes: Vec<Vec<usize>>,
}

impl Slot {
    /// For so many images of the model, which is the network's at one size.
    pub(super) fn new(network: &Network, model: &Model, batch: usize) -> ort::Result<Self> {
        let allocator = Allocator::default();
        let mut binding = network.binding()?;
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

    /// Reads the input and writes the outputs. What lies in another memory than the processor's is copied there when it is bound, so for
    /// other hardware that is done each time.
    pub(super) fn run(
        &mut self,
        network: &Network,
        options: Option<&RunOptions>,
    ) -> ort::Result<()> {
        if !network.runs_on().used.is_cpu() {
            self.binding.bind_input(network.model().input_name.as_str(), &self.input)?;
        }
        network.run(&mut self.binding, options)
    }

    /// A run on what is there; are all outputs numbers, in the tensors that were bound?
    pub(super) fn trial(
        &mut self,
        network: &Network,
        options: Option<&RunOptions>,
    ) -> Result<(), String> {
        self.spoil().map_err(|e| e.to_string())?;
        self.run(network, options).map_err(|e| e.to_string())?;
        self.check()
    }

    /// Outputs that nobody wrote are no numbers.
    fn spoil(&mut self) -> ort::Result<()> {
        for output in &mut self.outputs {
            output.try_extract_tensor_mut::<f32>()?.1.fill(f32::NAN);
        }
        Ok(())
    }

    /// Are all outputs numbers, in the tensors that were bound?
    fn check(&self) -> Result<(), String> {
        for output in &self.outputs {
            let (_, values) = output.try_extract_tensor::<f32>().map_err(|e| e.to_string())?;
            if let Some(at) = values.iter().position(|v| !v.is_finite()) {
                return Err(format!("output value {at} is {}", values[at]));
            }
        }
        Ok(())
    }

    /// An output, where ONNX Runtime wrote it.
    pub(super) fn output(&self, i: usize) -> TensorView<'_> {
        let data = self.outputs[i].try_extract_tensor::<f32>().map_or(&[][..], |(_, d)| d);
        TensorView { shape: &self.shapes[i], data }
    }
}

/// A run after which memory that is not needed any more goes back to the system.
pub(super) fn giving_back() -> ort::Result<RunOptions> {
    let mut options = RunOptions::new()?;
    options.set("memory.enable_memory_arena_shrinkage", "cpu:0")?;
    Ok(options)
}
