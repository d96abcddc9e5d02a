//! Small pictures, for who compares.

use crate::evidence::{JpegEncoder, JpegError};
use crate::ledger::Ledger;
use viahe_core::frame::{FrameView, PixelFormat, Plane};

/// Width that a small picture does not exceed, in px.
const WIDTH_MAX: usize = 480;
/// Of the JPEG. Judgement: one sees what is there, and no plate can be read.
const QUALITY: u8 = 70;

/// A frame as a JPEG of at most 480 px: means of squares of pixels.
///
/// # Errors
/// [`JpegError`].
pub fn small_jpeg(
    view: &FrameView<'_>,
    encoder: &mut JpegEncoder,
    ledger: &Ledger,
) -> Result<Vec<u8>, JpegError> {
    let by = view.width().div_ceil(WIDTH_MAX).max(1);
    let size = [view.width(), view.height()].map(|side| side / by / 2 * 2);
    if by == 1 || size.iter().any(|side| *side < 2) {
        return Ok(encoder.encode(view, QUALITY, ledger)?.to_vec());
    }
    let [width, height] = size;
    let half = [width / 2, height / 2];
    let luma = shrunk(view.plane(0), [width, height], by, [1, 0]);
    let (u, v) = match view.format() {
        PixelFormat::I420 => {
            (shrunk(view.plane(1), half, by, [1, 0]), shrunk(view.plane(2), half, by, [1, 0]))
        }
        PixelFormat::Nv12 => {
            let plane = view.plane(1);
            (shrunk(plane, half, by, [2, 0]), shrunk(plane, half, by, [2, 1]))
        }
    };
    let plane = |data, stride| Plane { data, stride };
    let planes = [plane(luma.as_slice(), width), plane(&u, half[0]), plane(&v, half[0])];
    let small =
        FrameView::new(width, height, PixelFormat::I420, view.matrix(), view.range(), &planes);
    match small {
        Ok(small) => Ok(encoder.encode(&small, QUALITY, ledger)?.to_vec()),
        // Cannot be: the planes are of this size.
        Err(_) => Ok(encoder.encode(view, QUALITY, ledger)?.to_vec()),
    }
}

/// Means of squares of `by` pixels; those of a row lie `step` bytes apart, from `first` on.
fn shrunk(of: Plane<'_>, size: [usize; 2], by: usize, [step, first]: [usize; 2]) -> Vec<u8> {
    let [width, height] = size;
    let mut out = Vec::with_capacity(width * height);
    let count = (by * by) as u32;
    for y in 0..height {
        for x in 0..width {
            let mut sum = count / 2;
            for row in 0..by {
                let start = (y * by + row) * of.stride + x * by * step + first;
                let pixels = of.data[start..].iter().step_by(step).take(by);
                sum += pixels.map(|pixel| u32::from(*pixel)).sum::<u32>();
            }
            out.push((sum / count) as u8);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_become_their_means() {
        let data: Vec<u8> = (0..24).collect();
        let plane = Plane { data: &data, stride: 6 };
        assert_eq!(shrunk(plane, [3, 2], 2, [1, 0]), [4, 6, 8, 16, 18, 20]);
        assert_eq!(shrunk(plane, [1, 1], 2, [2, 1]), [5]);
    }
}
