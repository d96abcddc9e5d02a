//! The CenterNet head: objects are peaks of a heatmap.
//!
//! Layout of "Objects as Points" (Zhou et al. 2019, section 4.2): a map for each class, in which a cell that none of its
//! eight neighbours surpasses is a candidate (of equal neighbours, each); two maps with its width and height, and two
//! with where in the cell its centre lies, all in cells. With `s` the stride and `gx, gy` the cell: centre
//! `(gx + ox) s, (gy + oy) s`, size `w s, h s`.

use super::candidate::{Scale, Scan, ScanCount, Scored, Wanted, any_reaches};
use super::head::{Outputs, Reads};
use super::shape::around;

#[derive(Debug)]
pub(super) struct Centernet {
    pub(super) scale: Scale,
    /// Columns and rows of the maps.
    pub(super) cells: [usize; 2],
    /// Input px per cell.
    pub(super) stride: f32,
}

impl Reads for Centernet {
    /// One place may be a peak of several classes, and is then a candidate of each.
    fn scan(&self, outputs: Outputs<'_>, wanted: Wanted<'_>, out: &mut Vec<Scored>) -> ScanCount {
        let ([columns, rows], heatmap) = (self.cells, outputs.values(0));
        let mut scan = Scan::new(wanted, self.scale, out);
        let least = scan.least();
        for &class in wanted.labelled {
            let map = &heatmap[usize::from(class) * columns * rows..][..columns * rows];
            for (y, row) in map.chunks_exact(columns).enumerate() {
                if !any_reaches(row, least) {
                    continue;
                }
                for (x, value) in row.iter().enumerate() {
                    // NaN is not less than anything: it goes on, and is counted.
                    if *value < least {
                        continue;
                    }
                    match self.scale.value(*value) {
                        None => scan.add_row(1, 1, false),
                        Some(value) if is_peak(map, self.cells, [x, y]) => {
                            scan.one(y * columns + x, class, value);
                        }
                        Some(_) => {}
                    }
                }
            }
        }
        scan.count()
    }

    fn corners(&self, outputs: Outputs<'_>, candidate: usize) -> [f32; 4] {
        let [columns, rows] = self.cells;
        let along =
            |tensor: usize, axis: usize| outputs.values(tensor)[axis * columns * rows + candidate];
        let (x, y) = ((candidate % columns) as f32, (candidate / columns) as f32);
        let centre = [(x + along(2, 0)) * self.stride, (y + along(2, 1)) * self.stride];
        around(centre, [along(1, 0) * self.stride, along(1, 1) * self.stride])
    }
}

/// Is no neighbour larger?
fn is_peak(map: &[f32], [columns, rows]: [usize; 2], [x, y]: [usize; 2]) -> bool {
    let here = map[y * columns + x];
    let xs = x.saturating_sub(1)..=(x + 1).min(columns - 1);
    (y.saturating_sub(1)..=(y + 1).min(rows - 1)).all(|y| {
        map[y * columns..][xs.clone()].iter().all(|other| *other <= here || other.is_nan())
    })
}
