//! What a tensor holds.

/// Element types of ONNX that edges of a detector have; others by their number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// 32-bit floats.
    F32,
    /// Whole numbers from 0 to 255.
    U8,
    /// 32-bit whole numbers.
    I32,
    /// 64-bit whole numbers.
    I64,
    /// 16-bit floats.
    F16,
    /// 64-bit floats.
    F64,
    /// Any other, as `TensorProto.DataType` numbers it.
    Other(u64),
}

impl Element {
    pub(super) fn of(number: u64) -> Self {
        match number {
            1 => Self::F32,
            2 => Self::U8,
            6 => Self::I32,
            7 => Self::I64,
            10 => Self::F16,
            11 => Self::F64,
            other => Self::Other(other),
        }
    }

    /// As `TensorProto.DataType` numbers it.
    pub(super) fn number(self) -> u64 {
        match self {
            Self::F32 => 1,
            Self::U8 => 2,
            Self::I32 => 6,
            Self::I64 => 7,
            Self::F16 => 10,
            Self::F64 => 11,
            Self::Other(number) => number,
        }
    }

    /// Do 32-bit floats hold, or round to, all that a detector says with it?
    pub fn casts_to_floats(self) -> bool {
        !matches!(self, Self::Other(_))
    }
}

impl std::fmt::Display for Element {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::F32 => "float32",
            Self::U8 => "uint8",
            Self::I32 => "int32",
            Self::I64 => "int64",
            Self::F16 => "float16",
            Self::F64 => "float64",
            Self::Other(number) => return write!(f, "element type {number}"),
        })
    }
}
