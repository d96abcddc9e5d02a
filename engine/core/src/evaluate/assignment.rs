//! Who goes with whom, so that the costs of all pairs together are least.
//!
//! The tracker has an assignment of its own, for sparse pairs in 32 bits. This one decides ties as SciPy's
//! `linear_sum_assignment` does, because TrackEval's figures depend on it: equal boxes are common in made-up and in
//! hand-drawn truth.

/// Shortest augmenting paths (Jonker and Volgenant 1987; Crouse 2016, "On implementing 2D rectangular assignment
/// algorithms"), with the order of trial of SciPy 1.17. `costs` is row-major and finite; gives pairs of row and column by
/// row, as many as the shorter side has.
pub(super) fn cheapest(rows: usize, cols: usize, costs: &[f64]) -> Vec<(usize, usize)> {
    if rows == 0 || cols == 0 {
        return Vec::new();
    }
    if cols >= rows {
        return Paths::new(rows, cols, costs).solve();
    }
    let turned: Vec<f64> =
        (0..cols).flat_map(|col| (0..rows).map(move |row| costs[row * cols + col])).collect();
    let mut pairs: Vec<(usize, usize)> =
        Paths::new(cols, rows, &turned).solve().into_iter().map(|(col, row)| (row, col)).collect();
    pairs.sort_unstable();
    pairs
}

/// No more rows than columns.
struct Paths<'c> {
    costs: &'c [f64],
    cols: usize,
    /// Prices of rows and columns: a pair costs its cost less both.
    row_price: Vec<f64>,
    col_price: Vec<f64>,
    col_of_row: Vec<Option<usize>>,
    row_of_col: Vec<Option<usize>>,
    /// Of the search under way.
    from: Vec<usize>,
    least: Vec<f64>,
    row_seen: Vec<bool>,
    col_seen: Vec<bool>,
}

impl<'c> Paths<'c> {
    fn new(rows: usize, cols: usize, costs: &'c [f64]) -> Self {
        Self {
            costs,
            cols,
            row_price: vec![0.0; rows],
            col_price: vec![0.0; cols],
            col_of_row: vec![None; rows],
            row_of_col: vec![None; cols],
            from: vec![0; cols],
            least: vec![0.0; cols],
            row_seen: vec![false; rows],
            col_seen: vec![false; cols],
        }
    }

    fn solve(mut self) -> Vec<(usize, usize)> {
        for row in 0..self.row_price.len() {
            let (end, length) = self.search(row);
            self.reprice(row, length);
            self.augment(row, end);
        }
        let pairs = self.col_of_row.iter().enumerate();
        pairs.filter_map(|(row, col)| Some((row, (*col)?))).collect()
    }

    /// The cheapest path from `start` to a column that is free, and what it costs.
    fn search(&mut self, start: usize) -> (usize, f64) {
        self.row_seen.fill(false);
        self.col_seen.fill(false);
        self.least.fill(f64::INFINITY);
        // Backwards, so that equal costs everywhere give the first column to the first row.
        let mut left: Vec<usize> = (0..self.cols).rev().collect();
        let (mut row, mut length) = (start, 0.0);
        loop {
            self.row_seen[row] = true;
            let (mut lowest, mut at) = (f64::INFINITY, 0);
            for (k, &col) in left.iter().enumerate() {
                let cost = self.costs[row * self.cols + col];
                let through = length + cost - self.row_price[row] - self.col_price[col];
                if through < self.least[col] {
                    self.from[col] = row;
                    self.least[col] = through;
                }
                let least = self.least[col];
                // Of columns that cost the same, a free one ends the search.
                #[expect(
                    clippy::float_cmp,
                    reason = "equal costs are the ties that are decided here"
                )]
                if least < lowest || (least == lowest && self.row_of_col[col].is_none()) {
                    (lowest, at) = (least, k);
                }
            }
            length = lowest;
            let col = left.swap_remove(at);
            self.col_seen[col] = true;
            match self.row_of_col[col] {
                None => return (col, length),
                Some(taken_by) => row = taken_by,
            }
        }
    }

    fn reprice(&mut self, start: usize, length: f64) {
        self.row_price[start] += length;
        for row in 0..self.row_price.len() {
            if let (true, Some(col)) = (self.row_seen[row] && row != start, self.col_of_row[row]) {
                self.row_price[row] += length - self.least[col];
            }
        }
        for col in 0..self.cols {
            if self.col_seen[col] {
                self.col_price[col] -= length - self.least[col];
            }
        }
    }

    /// Turns the pairs along the path round.
    fn augment(&mut self, start: usize, end: usize) {
        let mut col = end;
        loop {
            let row = self.from[col];
            self.row_of_col[col] = Some(row);
            let before = self.col_of_row[row].replace(col);
            match before {
                Some(before) if row != start => col = before,
                _ => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// All ways to give each row of the shorter side a column.
    fn by_trying(rows: usize, cols: usize, costs: &[f64], used: u32, row: usize) -> f64 {
        if row == rows {
            return 0.0;
        }
        (0..cols)
            .filter(|col| used & (1 << col) == 0)
            .map(|col| {
                costs[row * cols + col] + by_trying(rows, cols, costs, used | (1 << col), row + 1)
            })
            .fold(f64::INFINITY, f64::min)
    }

    proptest! {
        #[test]
        fn nothing_is_cheaper(
            rows in 1usize..6,
            more in 0usize..3,
            cells in prop::collection::vec(-3i8..9, 64),
        ) {
            let cols = rows + more;
            let costs: Vec<f64> = cells[..rows * cols].iter().map(|c| f64::from(*c)).collect();
            let turned: Vec<f64> = (0..cols)
                .flat_map(|col| (0..rows).map(move |row| (row, col)))
                .map(|(row, col)| costs[row * cols + col])
                .collect();
            let best = by_trying(rows, cols, &costs, 0, 0);
            for (pairs, wide) in [(cheapest(rows, cols, &costs), true), (cheapest(cols, rows, &turned), false)] {
                prop_assert_eq!(pairs.len(), rows);
                let total: f64 = pairs
                    .iter()
                    .map(|(a, b)| if wide { costs[a * cols + b] } else { costs[b * cols + a] })
                    .sum();
                prop_assert!((total - best).abs() < 1e-9, "{} instead of {}", total, best);
                for side in [0, 1] {
                    let mut taken: Vec<usize> =
                        pairs.iter().map(|pair| if side == 0 { pair.0 } else { pair.1 }).collect();
                    taken.sort_unstable();
                    taken.dedup();
                    prop_assert_eq!(taken.len(), rows);
                }
            }
        }
    }

    /// What SciPy 1.17.1 gives.
    #[test]
    fn ties_are_decided_as_scipy_does() {
        assert_eq!(cheapest(3, 3, &[0.0; 9]), [(0, 0), (1, 1), (2, 2)]);
        assert_eq!(cheapest(2, 4, &[0.0; 8]), [(0, 0), (1, 1)]);
        assert_eq!(cheapest(4, 2, &[0.0; 8]), [(0, 0), (1, 1)]);
        let costs = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0];
        assert_eq!(cheapest(3, 3, &costs), [(0, 1), (1, 2), (2, 0)]);
        assert_eq!(cheapest(0, 3, &[]), []);
    }
}
