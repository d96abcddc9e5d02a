//! What of a frame is kept to know its view again: a coarse picture of its luma.

use super::text;
use crate::frame::FrameView;
use serde::{Deserialize, Serialize};

/// Cells across a [`Signature`].
pub const COLUMNS: usize = 32;
/// Cells down a [`Signature`].
pub const ROWS: usize = 18;
/// Rows along the upper and the lower edge in which cameras write.
const EDGE_ROWS: usize = 2;
/// Samples along each side of a cell: enough that fine texture and sensor noise average out.
const SAMPLES_A_SIDE: usize = 6;

/// Mean luma codes of [`COLUMNS`] × [`ROWS`] cells, row by row from the top left.
///
/// As text 768 characters of Base64 (RFC 4648).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Signature(Box<[u8; COLUMNS * ROWS]>);

impl Signature {
    /// Luma bytes that [`of`](Self::of) reads, whatever the frame's size.
    pub const SAMPLES: usize = COLUMNS * ROWS * SAMPLES_A_SIDE * SAMPLES_A_SIDE;

    /// The signature of a frame, from [`SAMPLES`](Self::SAMPLES) bytes of its luma plane.
    pub fn of(frame: &FrameView<'_>) -> Self {
        let luma = frame.plane(0);
        let (width, height) = (frame.width(), frame.height());
        let mut sums = [0u32; COLUMNS * ROWS];
        for down in 0..ROWS * SAMPLES_A_SIDE {
            let start = middle(down, ROWS * SAMPLES_A_SIDE, height) * luma.stride;
            let row = &luma.data[start..start + width];
            let first = down / SAMPLES_A_SIDE * COLUMNS;
            for (column, sum) in sums[first..first + COLUMNS].iter_mut().enumerate() {
                let across = column * SAMPLES_A_SIDE..(column + 1) * SAMPLES_A_SIDE;
                let sample = |i| u32::from(row[middle(i, COLUMNS * SAMPLES_A_SIDE, width)]);
                *sum += across.map(sample).sum::<u32>();
            }
        }
        let samples = (SAMPLES_A_SIDE * SAMPLES_A_SIDE) as u32;
        Self(Box::new(sums.map(|sum| ((sum + samples / 2) / samples) as u8)))
    }

    /// From the mean luma code of each cell.
    pub fn from_cells(cells: [u8; COLUMNS * ROWS]) -> Self {
        Self(Box::new(cells))
    }

    /// The mean luma code of each cell.
    pub fn cells(&self) -> &[u8; COLUMNS * ROWS] {
        &self.0
    }

    /// The luma code that a twentieth of the picture exceeds, but for its upper and lower edge, where cameras write.
    pub fn bright(&self) -> u8 {
        let mut cells: Vec<u8> = self.0[EDGE_ROWS * COLUMNS..(ROWS - EDGE_ROWS) * COLUMNS].to_vec();
        let at = cells.len() - 1 - cells.len() / 20;
        *cells.select_nth_unstable(at).1
    }

    /// Mean luma code of the frame.
    pub fn mean(&self) -> f32 {
        self.0.iter().map(|v| f32::from(*v)).sum::<f32>() / self.0.len() as f32
    }
}

/// Where the middle of part `i` of `n` lies in `px` pixels.
fn middle(i: usize, n: usize, px: usize) -> usize {
    (2 * i + 1) * px / (2 * n)
}

impl std::fmt::Debug for Signature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signature(mean {:.1})", self.mean())
    }
}

impl From<Signature> for String {
    fn from(signature: Signature) -> Self {
        text::encode(&*signature.0)
    }
}

impl TryFrom<String> for Signature {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let bytes = text::decode(&text)?;
        let got = bytes.len();
        let cells = <[u8; COLUMNS * ROWS]>::try_from(bytes)
            .map_err(|_| format!("a signature has {} cells, not {got}", COLUMNS * ROWS))?;
        Ok(Self::from_cells(cells))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{ColorMatrix, ColorRange, PixelFormat, Plane};

    fn signature(width: usize, height: usize, luma: impl Fn(usize, usize) -> u8) -> Signature {
        let stride = width + 7;
        let mut data = vec![255; stride * height];
        for y in 0..height {
            for x in 0..width {
                data[y * stride + x] = luma(x, y);
            }
        }
        let (luma, chroma) =
            (Plane { data: &data, stride }, Plane { data: &data, stride: width.div_ceil(2) * 2 });
        let planes = [luma, chroma];
        let (matrix, range) = (ColorMatrix::Bt709, ColorRange::Limited);
        Signature::of(
            &FrameView::new(width, height, PixelFormat::Nv12, matrix, range, &planes).unwrap(),
        )
    }

    #[test]
    fn a_cell_is_the_mean_of_its_part_of_the_frame() {
        for (width, height) in [(1920, 1080), (1280, 720), (640, 363), (2, 2), (33, 19)] {
            let ramp = signature(width, height, |x, y| (x * 128 / width + y * 100 / height) as u8);
            for (i, cell) in ramp.cells().iter().enumerate() {
                let (x, y) = ((i % COLUMNS) as f32 + 0.5, (i / COLUMNS) as f32 + 0.5);
                let want = x * 128.0 / COLUMNS as f32 + y * 100.0 / ROWS as f32;
                // A few px a side are steps, no ramp.
                let near = 2.0 + 128.0 / width as f32 + 100.0 / height as f32;
                let off = (f32::from(*cell) - want).abs();
                assert!(off < near, "{width}x{height} cell {i}: {cell}, not {want}");
            }
        }
    }

    #[test]
    fn text_is_short_and_comes_back() {
        let signature = signature(1920, 1080, |x, y| (x * 31 + y * 17) as u8);
        let text = serde_json::to_string(&signature).unwrap();
        assert_eq!(text.len(), 770);
        assert_eq!(serde_json::from_str::<Signature>(&text).unwrap(), signature);
        for bad in ["\"\"", "\"AAAA\"", &text.replacen('A', "*", 1), &text.replace('"', "\"AAAA")] {
            assert!(bad == text || serde_json::from_str::<Signature>(bad).is_err(), "{bad}");
        }
    }
}
