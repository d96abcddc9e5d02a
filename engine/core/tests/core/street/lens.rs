//! What a camera's picture is like in little, as the watch of views is told.

use super::Random;
use viahe_core::view::{COLUMNS, ROWS, Signature};

/// Cells of the place beyond each edge of the view: a camera can be turned so far.
const MARGIN: usize = 16;
const WIDE: usize = COLUMNS + 2 * MARGIN;
/// Houses, kerbs, trees, signs.
const THINGS: usize = 90;

/// A place full of edges, by day and by infrared.
pub(crate) struct Place {
    day: Cells,
    infrared: Cells,
}

type Cells = [[f32; WIDE]; ROWS];

/// How a camera looks at it.
#[derive(Clone, Copy)]
pub(crate) struct Shot {
    /// Turned to the right by so many cells.
    pub(crate) turned: usize,
    /// Of the light at noon.
    pub(crate) light: f32,
    /// Share of the view, from the left, that something dark is before.
    pub(crate) covered: f32,
    /// By the camera's own lamp, without colours.
    pub(crate) infrared: bool,
}

pub(crate) const STRAIGHT: Shot = Shot { turned: 0, light: 1.0, covered: 0.0, infrared: false };

impl Place {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        // Walls and paint are about the same in infrared; of leaves, cloth and the sky, of which this
        // place is full, the dark is light and the light dark.
        let mut other = Random::new(seed ^ 0x1F);
        let (mut day, mut infrared) = ([[110.0; WIDE]; ROWS], [[60.0; WIDE]; ROWS]);
        for _ in 0..THINGS {
            let mut below = |most: usize| (random.unit() * most as f32) as usize;
            let (x, y, w, h) = (below(WIDE), below(ROWS), 1 + below(7), 1 + below(5));
            let luma = 30.0 + below(190) as f32;
            let as_by_day = other.unit() < 0.4;
            let unlike = 250.0 - luma;
            let glow = if as_by_day { luma * 0.8 + other.around(30.0) } else { unlike };
            for (cells, luma) in [(&mut day, luma), (&mut infrared, glow)] {
                let rows = cells.iter_mut().skip(y).take(h);
                rows.for_each(|row| row.iter_mut().skip(x).take(w).for_each(|cell| *cell = luma));
            }
        }
        Self { day, infrared }
    }

    /// As a camera with a little noise sees it.
    pub(crate) fn seen(&self, shot: Shot, random: &mut Random) -> Signature {
        let hidden = (shot.covered * COLUMNS as f32) as usize;
        Signature::from_cells(std::array::from_fn(|i| {
            let (x, y) = (i % COLUMNS, i / COLUMNS);
            let cells = if shot.infrared { &self.infrared } else { &self.day };
            let luma = if x < hidden { 60.0 } else { cells[y][x + MARGIN + shot.turned] };
            (luma * shot.light + random.around(2.0)).clamp(0.0, 255.0) as u8
        }))
    }
}
