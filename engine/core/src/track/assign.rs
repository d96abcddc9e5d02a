//! Optimal assignment of a sparse problem: the pairs that fit at all are few.
//!
//! The pairs are split into connected components first; a component is solved densely by the
//! Hungarian method with potentials (Kuhn 1955, shortest augmenting paths after Jonker and
//! Volgenant 1987). Street scenes fall into components of one to five tracks, so a frame costs
//! about as much as its number of pairs. All buffers are kept between calls.

/// A row and a column that may go together, and what it is worth; more than zero.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair {
    pub(super) row: u32,
    pub(super) col: u32,
    pub(super) gain: f32,
}

/// The solver with its buffers.
#[derive(Debug, Default)]
pub(super) struct Assigner {
    parent: Vec<u32>,
    order: Vec<(u32, u32)>,
    part: Vec<Pair>,
    rows: Vec<u32>,
    cols: Vec<u32>,
    dense: Dense,
    chosen: Vec<(u32, u32)>,
}

impl Assigner {
    /// The `(row, column)` pairs of the largest total gain; every row and column at most once.
    pub(super) fn solve(&mut self, rows: usize, cols: usize, pairs: &[Pair]) -> &[(u32, u32)] {
        self.chosen.clear();
        self.parent.clear();
        self.parent.extend(0..(rows + cols) as u32);
        for pair in pairs {
            let (a, b) = (self.root(pair.row), self.root(rows as u32 + pair.col));
            self.parent[a.max(b) as usize] = a.min(b);
        }
        self.order.clear();
        for (k, pair) in pairs.iter().enumerate() {
            let root = self.root(pair.row);
            self.order.push((root, k as u32));
        }
        self.order.sort_unstable();
        let mut start = 0;
        while start < self.order.len() {
            let root = self.order[start].0;
            let len = self.order[start..].iter().take_while(|o| o.0 == root).count();
            self.part.clear();
            self.part.extend(self.order[start..start + len].iter().map(|o| pairs[o.1 as usize]));
            self.solve_part();
            start += len;
        }
        &self.chosen
    }

    fn root(&mut self, mut node: u32) -> u32 {
        while self.parent[node as usize] != node {
            let up = self.parent[self.parent[node as usize] as usize];
            self.parent[node as usize] = up;
            node = up;
        }
        node
    }

    fn solve_part(&mut self) {
        if let [only] = self.part[..] {
            self.chosen.push((only.row, only.col));
            return;
        }
        let distinct = |into: &mut Vec<u32>, part: &[Pair], of: fn(&Pair) -> u32| {
            into.clear();
            into.extend(part.iter().map(of));
            into.sort_unstable();
            into.dedup();
        };
        distinct(&mut self.rows, &self.part, |p| p.row);
        distinct(&mut self.cols, &self.part, |p| p.col);
        // The dense solver wants no more rows than columns.
        let flip = self.rows.len() > self.cols.len();
        if flip {
            std::mem::swap(&mut self.rows, &mut self.cols);
        }
        self.dense.reset(self.rows.len(), self.cols.len());
        for pair in &self.part {
            let (row, col) = if flip { (pair.col, pair.row) } else { (pair.row, pair.col) };
            // Both were collected from these very pairs, so the searches succeed.
            let (Ok(r), Ok(c)) = (self.rows.binary_search(&row), self.cols.binary_search(&col))
            else {
                continue;
            };
            self.dense.set(r, c, -pair.gain);
        }
        self.dense.solve();
        for (c, &r) in self.dense.row_of_col.iter().enumerate().skip(1) {
            if r == 0 || self.dense.cost(r, c) >= 0.0 {
                continue;
            }
            let (row, col) = (self.rows[r - 1], self.cols[c - 1]);
            self.chosen.push(if flip { (col, row) } else { (row, col) });
        }
    }
}

/// Rows and columns count from 1 in here; 0 is the virtual start column.
#[derive(Debug, Default)]
struct Dense {
    rows: usize,
    cols: usize,
    costs: Vec<f32>,
    row_potential: Vec<f32>,
    col_potential: Vec<f32>,
    row_of_col: Vec<usize>,
    came_from: Vec<usize>,
    slack: Vec<f32>,
    done: Vec<bool>,
    settled: Vec<bool>,
}

fn refill<T: Clone>(buffer: &mut Vec<T>, len: usize, value: T) {
    buffer.clear();
    buffer.resize(len, value);
}

impl Dense {
    /// All costs zero: a pair that is not set means "both stay alone".
    fn reset(&mut self, rows: usize, cols: usize) {
        (self.rows, self.cols) = (rows, cols);
        refill(&mut self.costs, rows * cols, 0.0);
        refill(&mut self.row_potential, rows + 1, 0.0);
        refill(&mut self.col_potential, cols + 1, 0.0);
        refill(&mut self.row_of_col, cols + 1, 0);
    }

    fn set(&mut self, row: usize, col: usize, cost: f32) {
        self.costs[row * self.cols + col] = cost;
    }

    fn cost(&self, row: usize, col: usize) -> f32 {
        self.costs[(row - 1) * self.cols + col - 1]
    }

    fn solve(&mut self) {
        self.start_greedily();
        for row in 1..=self.rows {
            if self.settled[row] {
                continue;
            }
            let end = self.shortest_path(row);
            let mut col = end;
            while col != 0 {
                let before = self.came_from[col];
                self.row_of_col[col] = self.row_of_col[before];
                col = before;
            }
        }
    }

    /// Gives every row its cheapest column where that is free: the potentials (row minimum, zero)
    /// are feasible, so only the rows in conflict need a path. Most rows are in none.
    fn start_greedily(&mut self) {
        refill(&mut self.settled, self.rows + 1, false);
        for row in 1..=self.rows {
            let costs = &self.costs[(row - 1) * self.cols..row * self.cols];
            let (mut least, mut at) = (f32::INFINITY, 0);
            for (col, &cost) in (1..).zip(costs) {
                if cost < least {
                    (least, at) = (cost, col);
                }
            }
            self.row_potential[row] = least;
            if self.row_of_col[at] == 0 {
                self.row_of_col[at] = row;
                self.settled[row] = true;
            }
        }
    }

    /// Grows a shortest-path tree from `row` to the nearest free column and returns that column.
    fn shortest_path(&mut self, row: usize) -> usize {
        self.row_of_col[0] = row;
        refill(&mut self.slack, self.cols + 1, f32::INFINITY);
        refill(&mut self.done, self.cols + 1, false);
        refill(&mut self.came_from, self.cols + 1, 0);
        let mut at = 0;
        loop {
            self.done[at] = true;
            let row = self.row_of_col[at];
            let (mut step, mut next) = (f32::INFINITY, 0);
            for col in 1..=self.cols {
                if self.done[col] {
                    continue;
                }
                let reduced =
                    self.cost(row, col) - self.row_potential[row] - self.col_potential[col];
                if reduced < self.slack[col] {
                    self.slack[col] = reduced;
                    self.came_from[col] = at;
                }
                if self.slack[col] < step {
                    (step, next) = (self.slack[col], col);
                }
            }
            for col in 0..=self.cols {
                if self.done[col] {
                    self.row_potential[self.row_of_col[col]] += step;
                    self.col_potential[col] -= step;
                } else {
                    self.slack[col] -= step;
                }
            }
            at = next;
            if self.row_of_col[at] == 0 {
                return at;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn best_by_trying(rows: usize, used: u32, pairs: &[Pair]) -> f32 {
        let Some(row) = rows.checked_sub(1) else { return 0.0 };
        let alone = best_by_trying(row, used, pairs);
        pairs
            .iter()
            .filter(|p| p.row as usize == row && used & (1 << p.col) == 0)
            .map(|p| p.gain + best_by_trying(row, used | (1 << p.col), pairs))
            .fold(alone, f32::max)
    }

    proptest! {
        #[test]
        fn as_good_as_trying_everything(
            rows in 1usize..6,
            cols in 1usize..6,
            cells in prop::collection::vec(0u8..12, 36),
        ) {
            let pairs: Vec<Pair> = (0..rows * cols)
                .filter(|k| cells[*k] > 4)
                .map(|k| Pair {
                    row: (k / cols) as u32,
                    col: (k % cols) as u32,
                    gain: f32::from(cells[k] - 4),
                })
                .collect();
            let mut assigner = Assigner::default();
            let chosen = assigner.solve(rows, cols, &pairs).to_vec();
            let (mut seen_rows, mut seen_cols, mut total) = (0u32, 0u32, 0.0);
            for (row, col) in chosen {
                prop_assert!(seen_rows & (1 << row) == 0 && seen_cols & (1 << col) == 0);
                seen_rows |= 1 << row;
                seen_cols |= 1 << col;
                let pair = pairs.iter().find(|p| (p.row, p.col) == (row, col));
                prop_assert!(pair.is_some(), "a pair that was not offered");
                total += pair.map_or(0.0, |p| p.gain);
            }
            let best = best_by_trying(rows, 0, &pairs);
            prop_assert!((total - best).abs() < 0.5, "{total}, best {best}");
        }
    }
}
