//! A frame in little: the mean luma of blocks of 8×8 px, read once.

use crate::frame::FrameView;

/// Sides of a block in px: those of the codecs' smallest transforms, and a fifth of the smallest person that a
/// model finds in a frame of this size.
const BLOCK_PX: usize = 8;
/// Of larger frames blocks are larger, so that there are never more than fit into so many columns or rows.
const SIDE_BLOCKS_MAX: usize = 240;
/// Rows of a block that are read: half of 8. Noise averages out over 32 samples, and it takes half the time.
const ROWS_READ: usize = 4;

/// Mean luma of the blocks of one frame, row by row from the top left. What is left over at the right and at
/// the bottom belongs to no block.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Grid {
    /// Of the frame it was read from.
    size_px: [usize; 2],
    columns: usize,
    rows: usize,
    means: Vec<f32>,
    /// A row of blocks, added up by columns of px.
    sums: Vec<u16>,
}

impl Grid {
    /// Reads a frame; allocates only when its size is another than before.
    pub fn read(&mut self, frame: &FrameView<'_>) {
        let (width, height) = (frame.width(), frame.height());
        let block = block_px(width, height);
        self.size_px = [width, height];
        (self.columns, self.rows) = (width / block, height / block);
        self.means.clear();
        self.sums.resize(width, 0);
        let luma = frame.plane(0);
        let scale = 1.0 / (ROWS_READ * block) as f32;
        for down in 0..self.rows {
            self.sums.fill(0);
            for i in 0..ROWS_READ {
                let y = down * block + (2 * i + 1) * block / (2 * ROWS_READ);
                let row = &luma.data[y * luma.stride..y * luma.stride + width];
                for (sum, value) in self.sums.iter_mut().zip(row) {
                    *sum += u16::from(*value);
                }
            }
            // 4 rows of 40 px at most, of codes up to 255: within 16 bits.
            let blocks = self.sums.chunks_exact(block);
            self.means.extend(blocks.map(|b| f32::from(b.iter().sum::<u16>()) * scale));
        }
    }

    /// Luma bytes that are read of a frame of this size.
    pub fn samples(&self) -> usize {
        self.size_px[0] * self.rows * ROWS_READ
    }

    /// Blocks across and down.
    pub fn size(&self) -> [usize; 2] {
        [self.columns, self.rows]
    }

    /// Of the frame it was read from.
    pub(super) fn size_px(&self) -> [usize; 2] {
        self.size_px
    }

    /// Sides of a block.
    pub(super) fn block_px(&self) -> usize {
        block_px(self.size_px[0], self.size_px[1])
    }

    /// Of a frame of the same size as another, and of one that has blocks.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.size_px == other.size_px && !self.means.is_empty()
    }

    /// Mean luma codes, row by row.
    pub(super) fn means(&self) -> &[f32] {
        &self.means
    }

    /// Becomes another one, moved by so many blocks, between blocks in a straight line. What comes in at the edges
    /// is what was there.
    pub(super) fn shift_from(&mut self, from: &Self, [dx, dy]: [f32; 2]) {
        self.clone_from(from);
        let (columns, rows) = (self.columns.cast_signed(), self.rows.cast_signed());
        let ([x0, y0], [u, v]) = ([dx.floor(), dy.floor()], [dx - dx.floor(), dy - dy.floor()]);
        let weights = [(1.0 - u) * (1.0 - v), u * (1.0 - v), (1.0 - u) * v, u * v];
        let (x0, y0) = (x0 as isize, y0 as isize);
        for y in 0..rows {
            let row = |y: isize| {
                let start = (y.clamp(0, rows - 1) * columns) as usize;
                &from.means[start..start + self.columns]
            };
            let (upper, lower) = (row(y + y0), row(y + y0 + 1));
            let to = &mut self.means[(y * columns) as usize..((y + 1) * columns) as usize];
            for x in 0..columns {
                let left = (x + x0).clamp(0, columns - 1) as usize;
                let right = (x + x0 + 1).clamp(0, columns - 1) as usize;
                to[x as usize] = weights[0] * upper[left]
                    + weights[1] * upper[right]
                    + weights[2] * lower[left]
                    + weights[3] * lower[right];
            }
        }
    }

    /// How luma rises to the right and down at an inner block, in codes a block.
    pub(super) fn slope(&self, at: usize) -> [f32; 2] {
        let (m, c) = (&self.means, self.columns);
        [(m[at + 1] - m[at - 1]) / 2.0, (m[at + c] - m[at - c]) / 2.0]
    }

    /// How much an inner block differs from its neighbours across and down, in codes. A thin line has no slope,
    /// and is rough.
    pub(super) fn roughness(&self, at: usize) -> f32 {
        let (m, c) = (&self.means, self.columns);
        let most = |a: usize, b: usize| (m[at] - m[a]).abs().max((m[at] - m[b]).abs());
        most(at - 1, at + 1) + most(at - c, at + c)
    }
}

fn block_px(width: usize, height: usize) -> usize {
    BLOCK_PX * width.max(height).div_ceil(BLOCK_PX * SIDE_BLOCKS_MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{ColorMatrix, ColorRange, PixelFormat, Plane};

    fn read(width: usize, height: usize, stride: usize, luma: &[u8]) -> Grid {
        let chroma = vec![128; width.div_ceil(2) * 2 * height.div_ceil(2)];
        let plane = |data, stride| Plane { data, stride };
        let planes = [plane(luma, stride), plane(&chroma, width.div_ceil(2) * 2)];
        let (matrix, range) = (ColorMatrix::Bt709, ColorRange::Limited);
        let mut grid = Grid::default();
        grid.read(
            &FrameView::new(width, height, PixelFormat::Nv12, matrix, range, &planes).unwrap(),
        );
        grid
    }

    #[test]
    fn a_block_is_the_mean_of_every_other_row_of_it() {
        for (width, height, block) in [(640, 363, 8), (1920, 1080, 8), (3840, 2160, 16), (8, 8, 8)]
        {
            let stride = width + 5;
            let luma: Vec<u8> = (0..stride * height).map(|i| (i * 7919 % 251) as u8).collect();
            let grid = read(width, height, stride, &luma);
            assert_eq!(grid.size(), [width / block, height / block]);
            assert_eq!(grid.samples(), width * (height / block) * 4);
            for (i, mean) in grid.means().iter().enumerate() {
                let (x, y) = (i % grid.columns * block, i / grid.columns * block);
                let rows = (0..4).map(|r| y + (2 * r + 1) * block / 8);
                let px = rows.flat_map(|y| (x..x + block).map(move |x| y * stride + x));
                let sum: f32 = px.map(|at| f32::from(luma[at])).sum();
                let want = sum / (4 * block) as f32;
                assert!((mean - want).abs() < 0.01, "{width}x{height} block {i}: {mean}, {want}");
            }
        }
    }

    #[test]
    fn a_frame_smaller_than_a_block_has_none() {
        assert_eq!(read(6, 4, 6, &[9; 24]).size(), [0, 0]);
        let white = read(8192, 64, 8192, &vec![255; 8192 * 64]);
        assert!(white.means().iter().all(|m| (m - 255.0).abs() < 0.01), "sums do not overflow");
    }
}
