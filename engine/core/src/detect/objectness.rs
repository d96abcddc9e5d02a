//! Rows that first say whether there is anything.

use super::candidate::{Scale, Scan, ScanCount, Scored, Wanted, probability};

/// Of rows `?, ?, ?, ?, objectness, class scores …`, the last two as probabilities: by the best labelled class times
/// objectness.
pub(super) fn scan_objectness<'r>(
    rows: impl Iterator<Item = &'r [f32]>,
    wanted: Wanted<'_>,
    out: &mut Vec<Scored>,
) -> ScanCount {
    let mut scan = Scan::new(wanted, Scale::Probabilities, out);
    for (candidate, row) in rows.enumerate() {
        // A class score is at most 1, so objectness alone rules out nearly all rows. NaN is not
        // less than anything: it goes on, and is counted.
        if row[4] < wanted.score_min {
            continue;
        }
        match probability(row[4]) {
            Some(objectness) => scan.classes(candidate, objectness, |class| row[5 + class]),
            None => scan.add_row(1, 1, false),
        }
    }
    scan.count()
}
