//! Weights of one model in several precisions.

use serde::{Deserialize, Serialize};
use viahe_contract::sha256::Sha256;

/// What a model's weights are numbers of. Outputs are 32-bit floats whatever they are.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// 32-bit floats, as nets are trained.
    #[default]
    Fp32,
    /// 16-bit floats.
    Fp16,
    /// 8-bit integers, between nodes that quantize and dequantize.
    Int8,
}

impl Precision {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::Fp32, Self::Fp16, Self::Int8];
    /// Those that a model may have beside its own, as `model.toml` names them.
    pub const NAMES: &'static [&'static str] = &["fp16", "int8"];

    /// In descriptions, messages and metrics.
    pub fn label(self) -> &'static str {
        match self {
            Self::Fp32 => "fp32",
            Self::Fp16 => "fp16",
            Self::Int8 => "int8",
        }
    }

    /// The one of this label.
    pub fn of_label(label: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|precision| precision.label() == label)
    }
}

/// The weights of a model in another precision than its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// Which.
    pub precision: Precision,
    /// File name.
    pub file: String,
    /// Of the file.
    pub sha256: Sha256,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_as_they_are_written() {
        for precision in Precision::ALL {
            assert_eq!(serde_json::to_value(precision).unwrap(), precision.label());
            assert_eq!(Precision::of_label(precision.label()), Some(precision));
        }
    }
}
