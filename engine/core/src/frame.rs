//! A decoded frame as the engine sees it: borrowed planes and what their bytes mean.

use crate::time::{ClockSource, Timestamp};
use serde::{Deserialize, Serialize};

/// How the planes are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PixelFormat {
    /// Y, U, V planes; chroma halved in both directions, rounded up.
    I420,
    /// Y plane and one interleaved UV plane; chroma halved in both directions, rounded up.
    Nv12,
}

/// Which matrix turns luma and chroma into red, green and blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColorMatrix {
    /// ITU-R BT.601, standard definition.
    Bt601,
    /// ITU-R BT.709, high definition.
    Bt709,
}

/// Which codes stand for black and white.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColorRange {
    /// Luma 16–235, chroma 16–240.
    Limited,
    /// 0–255.
    Full,
}

/// One plane: rows of `stride` bytes, the last row may be shorter than `stride`.
#[derive(Clone, Copy, Debug)]
pub struct Plane<'a> {
    /// The bytes, first row first.
    pub data: &'a [u8],
    /// Bytes from one row to the next.
    pub stride: usize,
}

/// Borrowed planes of one frame. Building one checks every length, so readers need not.
#[derive(Clone, Copy, Debug)]
pub struct FrameView<'a> {
    width: usize,
    height: usize,
    format: PixelFormat,
    matrix: ColorMatrix,
    range: ColorRange,
    planes: [Plane<'a>; 3],
}

/// The planes do not hold what the caps promise.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Width or height is zero or beyond [`FrameView::SIZE_PX_MAX`].
    #[error("frame of {width}x{height} px; the engine takes 2 to {max} px a side", max = FrameView::SIZE_PX_MAX)]
    Size {
        /// Width in px.
        width: usize,
        /// Height in px.
        height: usize,
    },
    /// A plane is too short for its rows.
    #[error("plane {plane} holds {got} bytes, its {rows} rows of stride {stride} need {want}")]
    Plane {
        /// Plane number.
        plane: usize,
        /// Rows it must hold.
        rows: usize,
        /// Bytes from row to row.
        stride: usize,
        /// Bytes needed.
        want: usize,
        /// Bytes there.
        got: usize,
    },
}

impl<'a> FrameView<'a> {
    /// Largest side that the engine takes, in px.
    pub const SIZE_PX_MAX: usize = 8192;

    /// Checks that `planes` (3 for I420, 2 for NV12) hold a frame of this size.
    ///
    /// # Errors
    /// [`FrameError`] when a size is out of range or a plane too short.
    pub fn new(
        width: usize,
        height: usize,
        format: PixelFormat,
        matrix: ColorMatrix,
        range: ColorRange,
        planes: &[Plane<'a>],
    ) -> Result<Self, FrameError> {
        if !(2..=Self::SIZE_PX_MAX).contains(&width) || !(2..=Self::SIZE_PX_MAX).contains(&height) {
            return Err(FrameError::Size { width, height });
        }
        let (cw, ch) = (width.div_ceil(2), height.div_ceil(2));
        let want_px: &[(usize, usize)] = match format {
            PixelFormat::I420 => &[(width, height), (cw, ch), (cw, ch)],
            PixelFormat::Nv12 => &[(width, height), (cw * 2, ch)],
        };
        let mut checked = [Plane { data: &[], stride: 0 }; 3];
        for (i, &(row, rows)) in want_px.iter().enumerate() {
            let plane = planes.get(i).copied().unwrap_or(Plane { data: &[], stride: row });
            let want = (rows - 1) * plane.stride + row;
            if plane.stride < row || plane.data.len() < want {
                return Err(FrameError::Plane {
                    plane: i,
                    rows,
                    stride: plane.stride,
                    want: want.max(row * rows),
                    got: plane.data.len(),
                });
            }
            checked[i] = plane;
        }
        Ok(Self { width, height, format, matrix, range, planes: checked })
    }

    /// Width in px.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Height in px.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Layout.
    pub fn format(&self) -> PixelFormat {
        self.format
    }

    /// Matrix.
    pub fn matrix(&self) -> ColorMatrix {
        self.matrix
    }

    /// Range.
    pub fn range(&self) -> ColorRange {
        self.range
    }

    /// Plane `i`: luma, then U and V (I420) or interleaved UV (NV12). Each holds its rows.
    ///
    /// # Panics
    /// When the format has no plane `i`.
    pub fn plane(&self, i: usize) -> Plane<'a> {
        assert!(i < if self.format == PixelFormat::I420 { 3 } else { 2 }, "no plane {i}");
        self.planes[i]
    }
}

/// Which frame something was seen in, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameStamp {
    /// Counts the frames that came out of one camera's decoder since the worker started.
    pub seq: u64,
    /// The event time: when it reached the box, or its place in a recording.
    pub captured: Timestamp,
    /// When it reached the box.
    pub arrived: Timestamp,
    /// The box's clock less the camera's own, in ms; 0 where the camera does not tell its own.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub offset_ms: i64,
    /// By which clock its own time is known.
    pub clock: ClockSource,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(ms: &i64) -> bool {
    *ms == 0
}

/// Two sizes of one shape differ by no more than this many hundredths: coded sizes are rounded.
const SHAPE_TOLERANCE: u64 = 3;

/// Have pictures of these sizes the same shape?
pub fn same_shape(one: [u32; 2], other: [u32; 2]) -> bool {
    let [one, other] = [one, other].map(|size| size.map(u64::from));
    let (a, b) = (one[0] * other[1], one[1] * other[0]);
    a.abs_diff(b) * 100 <= a.max(b) * SHAPE_TOLERANCE
}

/// A decoded frame that can be held and read from any thread; pixels stay where the decoder put
/// them.
pub trait Frame: Send + Sync {
    /// Which frame this is.
    fn stamp(&self) -> FrameStamp;
    /// When the camera says that it was taken, by its own clock; none while it does not.
    fn reported(&self) -> Option<Timestamp> {
        None
    }
    /// Its pixels.
    fn view(&self) -> FrameView<'_>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_of_pictures() {
        for size in [[640, 360], [640, 352], [3840, 2160], [1920, 1088]] {
            assert!(same_shape([1920, 1080], size) && same_shape(size, [1920, 1080]), "{size:?}");
        }
        for size in [[704, 576], [640, 480], [360, 640]] {
            assert!(!same_shape([1920, 1080], size) && !same_shape(size, [1920, 1080]), "{size:?}");
        }
    }

    #[test]
    fn short_planes_are_refused() {
        let bytes = vec![0u8; 642 * 10];
        let plane = |len: usize, stride| Plane { data: &bytes[..len], stride };
        let view = |planes: &[Plane<'_>]| {
            FrameView::new(5, 3, PixelFormat::I420, ColorMatrix::Bt601, ColorRange::Limited, planes)
                .map(|_| ())
        };
        // 5x3 luma in stride 8: 2 * 8 + 5 bytes are enough; chroma is 3x2.
        assert_eq!(view(&[plane(21, 8), plane(7, 4), plane(7, 4)]), Ok(()));
        assert!(view(&[plane(20, 8), plane(7, 4), plane(7, 4)]).is_err());
        assert!(view(&[plane(21, 8), plane(7, 4)]).is_err());
        assert!(view(&[plane(21, 4), plane(7, 4), plane(7, 4)]).is_err());
    }
}
