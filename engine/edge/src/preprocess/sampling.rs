//! Where each output sample reads, and with which weights. Tables only, no pixels.
//!
//! One grid per plane: output sample `i` of `n` lies at `start + (i + 0.5) * source / n - 0.5` luma px
//! (half-pixel centres), of a part of the frame that begins at `start`. Chroma is taken as centred
//! between its two luma samples, which makes its position the same formula with half the start and half
//! the source size. Positions are held inside the plane, so the frame's edges repeat; beyond those of a
//! part lies the rest of the picture.

/// Horizontal weights are integers over this: a pair of them sums to it exactly.
pub(super) const WEIGHT_ONE: i16 = 1 << 14;

/// Horizontal: two bytes of a row and the weight of the second one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ColumnTap {
    /// Byte offset of the left sample in its row.
    pub(super) left: u32,
    /// Byte offset of the right sample; `left` again where its weight is 0.
    pub(super) right: u32,
    /// Weight of the right sample, 0 to [`WEIGHT_ONE`]; the left one has the rest.
    pub(super) right_weight: i16,
}

/// Vertical: two rows of a plane and the weight of the second one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct RowTap {
    /// Upper row.
    pub(super) top: usize,
    /// Lower row; `top` again where its weight is 0.
    pub(super) bottom: usize,
    /// Weight of the lower row, 0 to 1.
    pub(super) bottom_weight: f32,
}

/// One axis of one plane.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    /// Samples that the plane has along this axis.
    pub(super) samples: usize,
    /// Where the part begins, in units of this plane's samples.
    pub(super) start: f64,
    /// Size of the part along this axis in units of this plane's samples: its px for luma, half of
    /// them (with a half left over for odd sizes) for chroma.
    pub(super) extent: f64,
    /// Output samples.
    pub(super) outputs: usize,
}

impl Axis {
    /// The axis of a luma plane: the part that begins at `start` and is `px` long.
    pub(super) fn luma(frame_px: usize, (start, px): (usize, usize), outputs: usize) -> Self {
        Self { samples: frame_px, start: start as f64, extent: px as f64, outputs }
    }

    /// The axis of a chroma plane that is halved, rounded up.
    pub(super) fn chroma(frame_px: usize, (start, px): (usize, usize), outputs: usize) -> Self {
        let samples = frame_px.div_ceil(2);
        Self { samples, start: start as f64 / 2.0, extent: px as f64 / 2.0, outputs }
    }

    /// First sample, second sample and the second one's weight, for each output.
    fn taps(self) -> impl Iterator<Item = (usize, usize, f64)> {
        let last = self.samples - 1;
        (0..self.outputs).map(move |i| {
            let at = self.start + ((i as f64 + 0.5) * self.extent / self.outputs as f64 - 0.5);
            let at = at.clamp(0.0, last as f64);
            let first = (at.floor() as usize).min(last);
            (first, (first + 1).min(last), at - first as f64)
        })
    }

    /// Rows to read for each output row.
    pub(super) fn rows(self) -> Vec<RowTap> {
        self.taps()
            .map(|(top, below, weight)| {
                let bottom_weight = weight as f32;
                let bottom = if bottom_weight > 0.0 { below } else { top };
                RowTap { top, bottom, bottom_weight }
            })
            .collect()
    }

    /// Bytes to read for each output column when samples are `step` bytes apart.
    pub(super) fn columns(self, step: usize) -> Vec<ColumnTap> {
        self.taps()
            .map(|(left, right, weight)| {
                let right_weight = (weight * f64::from(WEIGHT_ONE)).round() as i16;
                let right = if right_weight > 0 { right } else { left };
                ColumnTap { left: (left * step) as u32, right: (right * step) as u32, right_weight }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halving_reads_each_pair_in_equal_parts() {
        let half = WEIGHT_ONE / 2;
        let taps = Axis::luma(6, (0, 6), 3).columns(1);
        let want = [(0, 1), (2, 3), (4, 5)].map(|(left, right)| ColumnTap {
            left,
            right,
            right_weight: half,
        });
        assert_eq!(taps, want);
    }

    #[test]
    fn a_third_reads_one_sample_only() {
        let want = [1, 4].map(|top| RowTap { top, bottom: top, bottom_weight: 0.0 });
        assert_eq!(Axis::luma(6, (0, 6), 2).rows(), want);
    }

    #[test]
    fn edges_repeat_and_odd_chroma_keeps_its_place() {
        // 5 px have 3 chroma samples; at the same size, output i lies at chroma i / 2 - 0.25.
        let taps: Vec<_> = Axis::chroma(5, (0, 5), 5).taps().collect();
        let want = [(0, 1, 0.0), (0, 1, 0.25), (0, 1, 0.75), (1, 2, 0.25), (1, 2, 0.75)];
        assert_eq!(taps, want);
        // Doubling: the outer outputs lie outside the samples.
        let taps: Vec<_> = Axis::luma(2, (0, 2), 4).taps().collect();
        assert_eq!(taps, [(0, 1, 0.0), (0, 1, 0.25), (0, 1, 0.75), (1, 1, 0.0)]);
    }

    #[test]
    fn a_part_goes_on_beyond_its_edges_and_halves_an_odd_start() {
        // Px 3 and 4 of 8, doubled: the outer outputs read their neighbours.
        let taps: Vec<_> = Axis::luma(8, (3, 2), 4).taps().collect();
        assert_eq!(taps, [(2, 3, 0.75), (3, 4, 0.25), (3, 4, 0.75), (4, 5, 0.25)]);
        // The same of chroma: px 3 lies a quarter before chroma sample 1.5.
        let taps: Vec<_> = Axis::chroma(8, (3, 2), 2).taps().collect();
        assert_eq!(taps, [(1, 2, 0.25), (1, 2, 0.75)]);
    }
}
