//! Where a view has edges and which way they go; brightness and contrast are left out.
//!
//! Each inner cell of a signature has the gradient of its luma, with its length pressed into 0 to
//! 1 by `m / (m + SOFT)`: a strong edge counts as much at dusk as at noon. What noise makes is cut
//! off below. Two structures are compared by normalised cross-correlation.

use super::signature::{COLUMNS as SIGNATURE_COLUMNS, ROWS as SIGNATURE_ROWS, Signature};
use super::text;
use serde::{Deserialize, Serialize};

/// Inner cells across.
pub(super) const COLUMNS: usize = SIGNATURE_COLUMNS - 2;
/// Inner cells down.
pub(super) const ROWS: usize = SIGNATURE_ROWS - 2;
pub(super) const CELLS: usize = COLUMNS * ROWS;

/// A gradient of so many luma codes has half of the full length.
const SOFT: f32 = 12.0;
/// Gradients up to so many luma codes are noise: pixels with a deviation of 10 give cells one of
/// 1.7 and gradients one of 2.4.
const NOISE: f32 = 3.0;
/// A cell that differs from the mean of its neighbours by so many luma codes has detail. A cover
/// before the lens makes smooth ramps, which have none.
const DETAIL: i32 = 6;

/// Gradients of the inner cells, 127 for a length of 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct Structure(Box<[[i8; 2]; CELLS]>);

impl Structure {
    pub(super) fn of(signature: &Signature) -> Self {
        let luma = signature.cells();
        Self(Box::new(std::array::from_fn(|i| {
            let at = (i / COLUMNS + 1) * SIGNATURE_COLUMNS + i % COLUMNS + 1;
            let off =
                |after: usize, before: usize| f32::from(luma[after]) - f32::from(luma[before]);
            let across = off(at + 1, at - 1);
            let down = off(at + SIGNATURE_COLUMNS, at - SIGNATURE_COLUMNS);
            let length = (across * across + down * down).sqrt();
            if length <= NOISE {
                return [0, 0];
            }
            let over = length - NOISE;
            let scale = over / (over + SOFT) / length * 127.0;
            [(across * scale).round() as i8, (down * scale).round() as i8]
        })))
    }

    pub(super) fn cells(&self) -> &[[i8; 2]; CELLS] {
        &self.0
    }

    pub(super) fn from_cells(cells: Box<[[i8; 2]; CELLS]>) -> Self {
        Self(cells)
    }

    /// One step of each component towards `other`: repeated, this is a running median, which a
    /// thing that passes leaves as it was. (`McFarlane` & Schofield 1995, "Segmentation and tracking
    /// of piglets in images".)
    pub(super) fn approach(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0.iter()) {
            for (m, t) in mine.iter_mut().zip(theirs) {
                *m += (i16::from(*t) - i16::from(*m)).signum() as i8;
            }
        }
    }

    /// The same with the angles doubled, so that it does not count which side of an edge is the
    /// brighter one: infrared makes dark leaves white, and at night the sky is darker than a roof.
    pub(super) fn lines(&self) -> Self {
        Self(Box::new(self.0.map(|[across, down]| {
            let (x, y) = (f32::from(across), f32::from(down));
            let length = (x * x + y * y).sqrt().max(1.0);
            [(x * x - y * y) / length, 2.0 * x * y / length].map(|v| v.round() as i8)
        })))
    }

    /// Correlation, -1 to 1, of what lies in the same place; 0 when one has no edges.
    pub(super) fn correlation(&self, other: &Self) -> f32 {
        let mut sums = Sums::default();
        for (a, b) in self.0.iter().zip(other.0.iter()) {
            sums.add(*a, *b);
        }
        sums.correlation()
    }
}

impl From<Structure> for String {
    fn from(structure: Structure) -> Self {
        let bytes: Vec<u8> = structure.0.iter().flatten().map(|v| v.cast_unsigned()).collect();
        text::encode(&bytes)
    }
}

impl TryFrom<String> for Structure {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let bytes = text::decode(&text)?;
        let (pairs, rest) = bytes.as_chunks::<2>();
        let cells: Vec<[i8; 2]> = pairs.iter().map(|p| p.map(u8::cast_signed)).collect();
        match <Box<[[i8; 2]; CELLS]>>::try_from(cells.into_boxed_slice()) {
            Ok(cells) if rest.is_empty() => Ok(Self(cells)),
            _ => Err(format!("a structure has {} bytes, not {}", CELLS * 2, bytes.len())),
        }
    }
}

/// How many inner cells of a signature differ from what is around them.
pub(super) fn detail(signature: &Signature) -> u32 {
    let luma = signature.cells();
    let has_detail = |i: usize| {
        let at = (i / COLUMNS + 1) * SIGNATURE_COLUMNS + i % COLUMNS + 1;
        let around = [at - 1, at + 1, at - SIGNATURE_COLUMNS, at + SIGNATURE_COLUMNS];
        let around: i32 = around.iter().map(|a| i32::from(luma[*a])).sum();
        (i32::from(luma[at]) * 4 - around).abs() >= DETAIL * 4
    };
    (0..CELLS).filter(|i| has_detail(*i)).count() as u32
}

/// Sums of a correlation.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    product: i32,
    squares: [i32; 2],
    cells: u32,
}

impl Sums {
    fn add(&mut self, a: [i8; 2], b: [i8; 2]) {
        let dot = |u: [i8; 2], v: [i8; 2]| {
            i32::from(u[0]) * i32::from(v[0]) + i32::from(u[1]) * i32::from(v[1])
        };
        self.product += dot(a, b);
        self.squares[0] += dot(a, a);
        self.squares[1] += dot(b, b);
        self.cells += 1;
    }

    fn plus(mut self, other: &Self) -> Self {
        self.product += other.product;
        self.squares[0] += other.squares[0];
        self.squares[1] += other.squares[1];
        self.cells += other.cells;
        self
    }

    fn correlation(&self) -> f32 {
        let [a, b] = self.squares;
        if a == 0 || b == 0 {
            return 0.0;
        }
        self.product as f32 / (a as f32 * b as f32).sqrt()
    }
}

/// Parts of the picture that are judged each for itself.
const BLOCKS_ACROSS: usize = 3;
const BLOCKS_DOWN: usize = 2;
pub(super) const BLOCKS: usize = BLOCKS_ACROSS * BLOCKS_DOWN;
/// Cells by which a view is thought to have been turned, at most.
const REACH: [isize; 2] = [8, 5];
/// Shifts of fewer cells are the camera's shaking. One cell is 3 % of the frame's width.
const FAR: isize = 2;
/// A correlation of less than this share of a block's or view's cells proves nothing.
const OVERLAP_MIN: f32 = 0.5;
/// Edges of so many full cells are needed to judge a block.
const EDGES_MIN: i32 = 3 * 127 * 127;

/// How well two structures agree in place, and how well elsewhere.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Fit {
    /// In the same place.
    pub(super) here: f32,
    /// In the best of the places too far away for shaking.
    pub(super) elsewhere: f32,
}

/// [`Fit`] of the whole view, and of each block where both have edges.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Comparison {
    pub(super) whole: Fit,
    pub(super) blocks: [Option<Fit>; BLOCKS],
}

impl Comparison {
    /// Tries all shifts: the same structure elsewhere tells a turned camera from a changed scene.
    pub(super) fn of(reference: &Structure, now: &Structure) -> Self {
        let at_zero = sums(reference, now, [0, 0]);
        let has_edges = at_zero.map(|s| s.squares.iter().all(|e| *e >= EDGES_MIN));
        let here = |s: &Sums| Fit { here: s.correlation(), elsewhere: -1.0 };
        let mut whole = here(&total(&at_zero));
        let mut blocks = at_zero.map(|s| here(&s));
        for dy in -REACH[1]..=REACH[1] {
            for dx in -REACH[0]..=REACH[0] {
                if dx.abs() < FAR && dy.abs() < FAR {
                    continue;
                }
                let shifted = sums(reference, now, [dx, dy]);
                let all = total(&shifted);
                better(&mut whole, &all, CELLS);
                for (fit, sums) in blocks.iter_mut().zip(&shifted) {
                    better(fit, sums, CELLS / BLOCKS);
                }
            }
        }
        let blocks = std::array::from_fn(|b| has_edges[b].then_some(blocks[b]));
        Self { whole, blocks }
    }
}

fn better(fit: &mut Fit, sums: &Sums, cells: usize) {
    if sums.cells as f32 >= cells as f32 * OVERLAP_MIN {
        fit.elsewhere = fit.elsewhere.max(sums.correlation());
    }
}

fn total(blocks: &[Sums; BLOCKS]) -> Sums {
    blocks.iter().fold(Sums::default(), Sums::plus)
}

/// By block of the reference: each of its cells against the cell that lies `shift` further now.
fn sums(reference: &Structure, now: &Structure, [dx, dy]: [isize; 2]) -> [Sums; BLOCKS] {
    let mut blocks = [Sums::default(); BLOCKS];
    let range = |d: isize, n: usize| d.min(0).unsigned_abs()..n - d.max(0).unsigned_abs();
    for y in range(dy, ROWS) {
        let there = y.wrapping_add_signed(dy) * COLUMNS;
        let first = y * BLOCKS_DOWN / ROWS * BLOCKS_ACROSS;
        for x in range(dx, COLUMNS) {
            let block = first + x * BLOCKS_ACROSS / COLUMNS;
            let theirs = now.0[there + x.wrapping_add_signed(dx)];
            blocks[block].add(reference.0[y * COLUMNS + x], theirs);
        }
    }
    blocks
}
