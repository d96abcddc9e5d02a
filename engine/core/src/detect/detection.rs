//! What a detector says of one object.

use crate::geometry::PxBox;
use crate::id::ClassIx;
use serde::{Deserialize, Serialize};

/// A probability: finite, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f32")]
pub struct Confidence(f32);

impl Confidence {
    /// Certainty.
    pub const ONE: Self = Self(1.0);

    /// The value.
    pub fn get(self) -> f32 {
        self.0
    }
}

impl TryFrom<f32> for Confidence {
    type Error = String;

    fn try_from(value: f32) -> Result<Self, String> {
        // NaN fails `contains`, so it is rejected too.
        if (0.0..=1.0).contains(&value) {
            Ok(Self(value))
        } else {
            Err(format!("confidence must be in 0..=1, got {value}"))
        }
    }
}

/// One object that a detector found in one frame. Says nothing about identity over time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Detection {
    /// The model's class.
    pub class: ClassIx,
    /// The model's score.
    pub confidence: Confidence,
    /// Where, in frame px.
    pub bbox: PxBox,
    /// In which part of its [`Sheet`](crate::tensor::Sheet) it was seen; 0 where a frame was seen whole.
    pub part: u8,
}
