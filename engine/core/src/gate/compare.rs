//! Do two grids show the same? What light, noise and a shaken camera make of one picture is no change.

use super::concern::Concern;
use super::grid::Grid;

/// Codes by which a block may always differ: rounding, compression, and what noise leaves of a mean.
const FLOOR: f32 = 2.5;
/// A block may differ by so many times the median of how it differed while nothing else did: 5 medians
/// are 3.4 standard deviations of noise.
const NOISES: f32 = 5.0;
/// What is learned of a block is at most this, so that one before which something moves most of the time does not
/// go blind: a car of 18 codes more or less than the road is still seen.
const NOISE_MAX: f32 = 3.0;
/// What it begins with, until it is learned.
const NOISE_FIRST: f32 = 1.0;
/// Share of the difference to its neighbours that a block may differ by: edges that move by a part of a px.
const ROUGH: f32 = 0.2;
/// And for each block of shift so much more: edges are no ramps, so moving the picture back leaves something.
const ROUGH_SHIFTED: f32 = 0.6;
/// Blocks in a square of 3×3 that have to differ: less is a streak of rain, an insect, a block of bad luck.
const BLOCKS_MIN: u8 = 4;
/// A camera that has moved by more than so many blocks shows something else.
const SHIFT_MAX: f32 = 1.5;
/// Light that changes by more than this is something that happens.
const GAIN: std::ops::RangeInclusive<f32> = 0.6..=1.6;
/// Of the blocks so many have to agree on what light and shake did.
const AGREE_MIN: f32 = 0.5;
/// Every so many-th block across and down takes part in the fit.
const FIT_STEP: usize = 2;
/// Rounds of the fit.
const ROUNDS: usize = 4;
/// What light and shake made of the older picture: `gain · luma + offset`, moved by so many blocks.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Fit {
    gain: f32,
    offset: f32,
    shift: [f32; 2],
}

/// Compares grids of one camera, and learns how noisy its blocks are.
#[derive(Debug, Default)]
pub(super) struct Comparer {
    noise: Vec<f32>,
    differs: Vec<bool>,
    left: Vec<f32>,
    /// The older picture, moved as it was fitted.
    moved: Grid,
}

impl Comparer {
    /// Whether `now` shows what `before` does, where it concerns anybody. Both are of one size. What light and shake
    /// did is seen in all of it.
    pub(super) fn same(&mut self, before: &Grid, now: &Grid, concern: &Concern) -> bool {
        let [columns, rows] = now.size();
        if columns < 3 || rows < 3 {
            return false;
        }
        self.noise.resize(columns * rows, NOISE_FIRST);
        let Some(fit) = self.fit(before, now) else { return false };
        self.differs.clear();
        let shift = fit.shift[0].abs().max(fit.shift[1].abs()).min(1.0);
        let share = ROUGH + ROUGH_SHIFTED * shift;
        let (old, new) = (self.moved.means(), now.means());
        for y in 0..rows {
            // A block at the frame's edge is as rough as its inner neighbour.
            let inner_y = y.clamp(1, rows - 2);
            for x in 0..columns {
                let at = y * columns + x;
                let inner = inner_y * columns + x.clamp(1, columns - 2);
                // An edge that only one of them has came or went.
                let rough = self.moved.roughness(inner).min(now.roughness(inner));
                let left = (new[at] - fit.of(old[at])).abs();
                let noise = &mut self.noise[at];
                let may = FLOOR + NOISES * *noise + share * rough;
                self.differs.push(left > may && concern.compares(at));
                learn(noise, left);
            }
        }
        !self.is_together(columns, rows)
    }

    /// Robustly: from the median difference on, what does not fit is left out. In each round the older picture
    /// is moved by what was found, so that what is left to find is small.
    fn fit(&mut self, before: &Grid, now: &Grid) -> Option<Fit> {
        let [columns, rows] = now.size();
        let of: Vec<usize> = (1..rows - 1)
            .step_by(FIT_STEP)
            .flat_map(|y| (1..columns - 1).step_by(FIT_STEP).map(move |x| y * columns + x))
            .collect();
        let new = now.means();
        self.moved.clone_from(before);
        self.left.clear();
        self.left.extend(of.iter().map(|at| new[*at] - before.means()[*at]));
        let mut fit = Fit { gain: 1.0, offset: median(&mut self.left)?, shift: [0.0; 2] };
        let mut within = 0;
        for _ in 0..ROUNDS {
            let (old, moved) = (self.moved.means(), &self.moved);
            let off = |at: usize| (new[at] - fit.of(old[at])).abs();
            self.left.clear();
            self.left.extend(of.iter().map(|at| off(*at)));
            let bound = FLOOR + 3.0 * median(&mut self.left)?;
            let mut sums = Sums::default();
            for at in of.iter().copied().filter(|at| off(*at) <= bound) {
                let [x, y] = moved.slope(at);
                sums.add([old[at], 1.0, x, y], new[at]);
            }
            within = sums.count;
            let [gain, offset, x, y] = sums.solve()?;
            fit = Fit { gain, offset, shift: [fit.shift[0] + x / gain, fit.shift[1] + y / gain] };
            if fit.shift.iter().any(|shift| shift.abs() > SHIFT_MAX) || !GAIN.contains(&gain) {
                return None;
            }
            self.moved.shift_from(before, fit.shift);
        }
        (within as f32 >= AGREE_MIN * of.len() as f32).then_some(fit)
    }

    /// Do some that differ lie together?
    fn is_together(&self, columns: usize, rows: usize) -> bool {
        let differs = |x: usize, y: usize| u8::from(self.differs[y * columns + x]);
        (1..rows - 1).any(|y| {
            let column = |x: usize| differs(x, y - 1) + differs(x, y) + differs(x, y + 1);
            (1..columns - 1).any(|x| column(x - 1) + column(x) + column(x + 1) >= BLOCKS_MIN)
        })
    }
}

impl Fit {
    /// Of a picture that is moved already.
    fn of(&self, luma: f32) -> f32 {
        self.gain * luma + self.offset
    }
}

/// Follows the median of how much a block differs: up as often as down.
fn learn(noise: &mut f32, left: f32) {
    let step = 0.03 * (0.5 + *noise);
    *noise = (*noise + step.copysign(left - *noise)).clamp(0.0, NOISE_MAX);
}

fn median(values: &mut [f32]) -> Option<f32> {
    let middle = values.len() / 2;
    (middle > 0).then(|| *values.select_nth_unstable_by(middle, f32::total_cmp).1)
}

/// The normal equations of a least-squares fit of four parameters.
#[derive(Default)]
struct Sums {
    count: usize,
    products: [[f64; 4]; 4],
    values: [f64; 4],
}

impl Sums {
    fn add(&mut self, row: [f32; 4], value: f32) {
        self.count += 1;
        let row = row.map(f64::from);
        for (i, a) in row.iter().enumerate() {
            self.values[i] += a * f64::from(value);
            for (j, b) in row.iter().enumerate() {
                self.products[i][j] += a * b;
            }
        }
    }

    /// By elimination with pivots. A picture without slopes does not say how it moved, one of a single grey not by
    /// what its light changed: as if it did not.
    fn solve(mut self) -> Option<[f32; 4]> {
        if self.count == 0 {
            return None;
        }
        // A prior: gain 1, no shift. It weighs as much as a few blocks do.
        let n = self.count as f64;
        for (i, (weight, mean)) in
            [(0.5, 1.0), (0.0, 0.0), (0.05, 0.0), (0.05, 0.0)].iter().enumerate()
        {
            self.products[i][i] += weight * n;
            self.values[i] += weight * n * mean;
        }
        for i in 0..4 {
            let pivot = (i..4)
                .max_by(|a, b| self.products[*a][i].abs().total_cmp(&self.products[*b][i].abs()))?;
            self.products.swap(i, pivot);
            self.values.swap(i, pivot);
            if self.products[i][i].abs() < 1e-9 {
                return None;
            }
            for below in i + 1..4 {
                let factor = self.products[below][i] / self.products[i][i];
                for j in i..4 {
                    self.products[below][j] -= factor * self.products[i][j];
                }
                self.values[below] -= factor * self.values[i];
            }
        }
        let mut solved = [0.0; 4];
        for i in (0..4).rev() {
            let known: f64 = (i + 1..4).map(|j| self.products[i][j] * solved[j]).sum();
            solved[i] = (self.values[i] - known) / self.products[i][i];
        }
        Some(solved.map(|v| v as f32))
    }
}
