//! Did the camera itself move? Found from boxes alone: many tracks off by the same way.
//!
//! Every pair of a predicted track and a detection of about its size votes for the shift between
//! them in a coarse grid; the fullest cell is believed only when it puts at least half of the
//! tracks, and markedly more than no shift does, on top of a detection. So a still camera, a
//! single car or two streams of walkers never move the world. (Voting as in Ballard 1981,
//! "Generalizing the Hough transform".)

/// Half the grid's width in cells.
const REACH: i32 = 12;
const SIDE: usize = (2 * REACH + 1) as usize;
/// Width of a cell in median sizes; the grid reaches 1.5 sizes.
const CELL: f32 = 0.125;
/// A detection within so many of the track's sizes is on top of it.
const NEAR: f32 = 0.15;
/// Sides may differ by this factor (as a logarithm).
const LOG_SIZE_NEAR: f32 = 0.25;
/// Fewer tracks prove nothing.
const TRACKS_MIN: usize = 3;

/// More tracks prove no more, and the work grows with tracks × detections.
pub(super) const TRACKS_MAX: usize = 32;

/// A track's prediction or a detection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) log_size: f32,
    pub(super) size: f32,
}

/// The estimator with its buffers; fill `tracks` and `seen`, then ask.
#[derive(Debug, Default)]
pub(super) struct CameraShift {
    pub(super) tracks: Vec<Mark>,
    pub(super) seen: Vec<Mark>,
    grid: Vec<u16>,
    sorted: Vec<f32>,
    off: [Vec<f32>; 2],
}

impl CameraShift {
    pub(super) fn clear(&mut self) {
        self.tracks.clear();
        self.seen.clear();
    }

    /// The camera's movement in px, as the things in the picture show it.
    pub(super) fn estimate(&mut self) -> Option<[f32; 2]> {
        let n = self.tracks.len();
        if n < TRACKS_MIN || self.seen.len() < TRACKS_MIN {
            return None;
        }
        let unmoved = self.support([0.0; 2]);
        if unmoved * 4 >= n * 3 {
            return None;
        }
        let coarse = self.fullest_cell()?;
        let supported = self.support(coarse);
        if supported < TRACKS_MIN || supported * 2 < n || supported < unmoved + 2.max(n / 4) {
            return None;
        }
        // `support` has left the residues of the supporting tracks in `off`.
        let mut middle = |k: usize| {
            let off = &mut self.off[k];
            off.sort_unstable_by(f32::total_cmp);
            off[off.len() / 2]
        };
        Some([coarse[0] + middle(0), coarse[1] + middle(1)])
    }

    fn fullest_cell(&mut self) -> Option<[f32; 2]> {
        self.sorted.clear();
        self.sorted.extend(self.tracks.iter().map(|t| t.size));
        self.sorted.sort_unstable_by(f32::total_cmp);
        let cell_px = self.sorted[self.sorted.len() / 2] * CELL;
        self.grid.clear();
        self.grid.resize(SIDE * SIDE, 0);
        for t in &self.tracks {
            for s in self.seen.iter().filter(|s| (s.log_size - t.log_size).abs() < LOG_SIZE_NEAR) {
                let column = ((s.x - t.x) / cell_px).round() as i32 + REACH;
                let row = ((s.y - t.y) / cell_px).round() as i32 + REACH;
                let inside = |v: i32| (0..=2 * REACH).contains(&v);
                if inside(column) && inside(row) {
                    let cell = &mut self.grid[row as usize * SIDE + column as usize];
                    *cell = cell.saturating_add(1);
                }
            }
        }
        // A shift on the border of cells is shared by its neighbours, so blocks of 3 × 3 compete.
        let block = |row: usize, column: usize| -> u32 {
            let rows = row - 1..=row + 1;
            rows.map(|r| {
                let from = r * SIDE + column - 1;
                self.grid[from..from + 3].iter().map(|v| u32::from(*v)).sum::<u32>()
            })
            .sum()
        };
        let cells = (1..SIDE - 1).flat_map(|r| (1..SIDE - 1).map(move |c| (r, c)));
        let best = cells.max_by_key(|&(r, c)| {
            let from_centre = r.abs_diff(SIDE / 2) + c.abs_diff(SIDE / 2);
            (block(r, c), self.grid[r * SIDE + c], usize::MAX - from_centre)
        })?;
        let px = |k: usize| (k as f32 - REACH as f32) * cell_px;
        Some([px(best.1), px(best.0)])
    }

    /// How many tracks lie on a detection once moved by `shift`; leaves their residues in `off`.
    fn support(&mut self, shift: [f32; 2]) -> usize {
        let [off_x, off_y] = &mut self.off;
        off_x.clear();
        off_y.clear();
        for t in &self.tracks {
            let near = self.seen.iter().filter(|s| (s.log_size - t.log_size).abs() < LOG_SIZE_NEAR);
            let offs = near.map(|s| (s.x - t.x - shift[0], s.y - t.y - shift[1]));
            let squared = |o: &(f32, f32)| o.0 * o.0 + o.1 * o.1;
            let best = offs.min_by(|a, b| squared(a).total_cmp(&squared(b)));
            let reach = NEAR * t.size;
            if let Some((dx, dy)) = best.filter(|o| squared(o) < reach * reach) {
                off_x.push(dx);
                off_y.push(dy);
            }
        }
        off_x.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(places: &[(f32, f32)], by: (f32, f32)) -> Vec<Mark> {
        let mark = |p: &(f32, f32)| Mark {
            x: p.0 + by.0,
            y: p.1 + by.1,
            log_size: 100f32.ln(),
            size: 100.0,
        };
        places.iter().map(mark).collect()
    }

    #[test]
    fn only_a_common_shift_is_believed() {
        let places = [(100.0, 300.0), (400.0, 320.0), (700.0, 280.0), (1000.0, 400.0)];
        let mut camera = CameraShift::default();
        let mut estimate = |seen: Vec<Mark>| {
            (camera.tracks, camera.seen) = (marks(&places, (0.0, 0.0)), seen);
            camera.estimate()
        };
        assert_eq!(estimate(marks(&places, (60.0, -30.0))), Some([60.0, -30.0]));
        assert_eq!(estimate(marks(&places, (5.0, 5.0))), None, "no need");
        assert_eq!(estimate(marks(&places, (400.0, 0.0))), None, "too far to tell");
        let mut apart = marks(&places[..2], (60.0, 0.0));
        apart.extend(marks(&places[2..], (-60.0, 0.0)));
        assert_eq!(estimate(apart), None, "two streams");
        assert_eq!(estimate(Vec::new()), None);
    }
}
