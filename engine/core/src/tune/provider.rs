//! What a model's sessions run on.

use serde::{Deserialize, Serialize};

/// What a session runs on: ONNX Runtime's execution providers, as far as viahe knows them.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// The processor, by ONNX Runtime's own kernels. Each build has it.
    #[default]
    Cpu,
    /// An NVIDIA GPU.
    Cuda,
    /// An NVIDIA GPU, with an engine made of the model for it.
    Tensorrt,
    /// The processor, by Intel's kernels.
    Openvino,
}

impl Provider {
    /// All there are.
    pub const ALL: [Self; 4] = [Self::Cpu, Self::Cuda, Self::Tensorrt, Self::Openvino];
    /// Their labels, as a pipeline names them.
    pub const NAMES: &'static [&'static str] = &["cpu", "cuda", "tensorrt", "openvino"];

    /// In pipelines, messages and metrics.
    pub fn label(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// The one of this label.
    pub fn of_label(label: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|provider| provider.label() == label)
    }

    /// As it calls itself.
    pub fn title(self) -> &'static str {
        match self {
            Self::Cpu => "CPU",
            Self::Cuda => "CUDA",
            Self::Tensorrt => "TensorRT",
            Self::Openvino => "OpenVINO",
        }
    }

    /// As ONNX Runtime calls it.
    pub fn runtime_name(self) -> &'static str {
        match self {
            Self::Cpu => "CPUExecutionProvider",
            Self::Cuda => "CUDAExecutionProvider",
            Self::Tensorrt => "TensorrtExecutionProvider",
            Self::Openvino => "OpenVINOExecutionProvider",
        }
    }

    /// Is it the one that every build has?
    pub fn is_cpu(&self) -> bool {
        *self == Self::Cpu
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_as_they_are_written() {
        for (at, provider) in Provider::ALL.into_iter().enumerate() {
            assert_eq!(serde_json::to_value(provider).unwrap(), provider.label());
            assert_eq!(Provider::of_label(Provider::NAMES[at]), Some(provider));
        }
    }
}
