//! What there is in pictures, and what a detector says there is.

/// How an object of the truth counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It must be found, once.
    Object,
    /// It need not be found, and may be: hard to see (`difficult` of Pascal VOC).
    Ignored,
    /// Many in one box (`iscrowd` of COCO): nothing that lies in it counts.
    Crowd,
}

/// An object of the truth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Truth {
    /// Number of its picture.
    pub image: usize,
    /// Number of its class.
    pub class: usize,
    /// Left, top, width and height in px.
    pub sides: [f64; 4],
    /// Area in px², as the data set says: of its outline, where it has one.
    pub area: f64,
    /// How it counts.
    pub kind: Kind,
}

/// A detection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found {
    /// Number of its picture.
    pub image: usize,
    /// Number of its class.
    pub class: usize,
    /// Left, top, width and height in px.
    pub sides: [f64; 4],
    /// How sure the detector is.
    pub score: f64,
}

/// A data set and what was found in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pictures {
    /// How many pictures; where scores are equal, the earlier ones count first.
    pub images: usize,
    /// How many classes.
    pub classes: usize,
    /// Objects, in any order.
    pub truths: Vec<Truth>,
    /// Detections, in any order.
    pub found: Vec<Found>,
}

/// One class in one picture.
#[derive(Clone, Debug, Default)]
pub(super) struct Cell<'p> {
    /// With their numbers in [`Pictures::truths`].
    pub(super) truths: Vec<(usize, &'p Truth)>,
    /// Best first, in the order given where equal.
    pub(super) found: Vec<&'p Found>,
}

impl Pictures {
    /// For each class the pictures, in their order.
    pub(super) fn cells(&self, found_max: usize) -> Vec<Vec<Cell<'_>>> {
        let mut cells = vec![vec![Cell::default(); self.images]; self.classes];
        for (at, truth) in self.truths.iter().enumerate() {
            if let Some(cell) = cells.get_mut(truth.class).and_then(|c| c.get_mut(truth.image)) {
                cell.truths.push((at, truth));
            }
        }
        for found in &self.found {
            if let Some(cell) = cells.get_mut(found.class).and_then(|c| c.get_mut(found.image)) {
                cell.found.push(found);
            }
        }
        for cell in cells.iter_mut().flatten() {
            cell.found.sort_by(|a, b| b.score.total_cmp(&a.score));
            cell.found.truncate(found_max);
        }
        cells
    }
}
