//! Shares that follow a size, a point for each that was measured.

use super::svg::{Drawing, Drawn, WIDTH, line, series, text};
use std::fmt::Write as _;

/// The points of one model.
pub(crate) struct Curve {
    pub(crate) name: String,
    /// What it follows, ascending, and the share, 0 to 1.
    pub(crate) points: Vec<[f64; 2]>,
}

/// Curves over one axis.
pub(crate) struct Curves {
    /// What lies along the axis, with its unit.
    pub(crate) along: String,
    pub(crate) curves: Vec<Curve>,
}

const LEFT: f64 = 56.0;
const RIGHT: f64 = WIDTH - 20.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 240.0;

impl Drawing for Curves {
    fn drawn(&self) -> Drawn {
        let all = || self.curves.iter().flat_map(|curve| &curve.points).map(|[at, _]| *at);
        let (least, most) = (all().fold(f64::INFINITY, f64::min), all().fold(1.0, f64::max));
        // Sizes double rather than grow.
        let least = least.clamp(1e-9, most);
        let x = |at: f64| LEFT + (at / least).ln() / (most / least).ln().max(1e-9) * (RIGHT - LEFT);
        let y = |share: f64| BOTTOM - share.clamp(0.0, 1.0) * (BOTTOM - TOP);
        let mut inside = String::new();
        for percent in [0, 25, 50, 75, 100] {
            let at = y(f64::from(percent) / 100.0);
            inside += &line("grid", [LEFT, at], [RIGHT, at]);
            inside += &text("end", [LEFT - 6.0, at + 4.0], format!("{percent} %"));
        }
        let mut marks: Vec<f64> = all().collect();
        marks.sort_by(f64::total_cmp);
        marks.dedup();
        let mut free_from = f64::NEG_INFINITY;
        for at in marks {
            if x(at) >= free_from {
                inside += &text("mid", [x(at), BOTTOM + 16.0], format!("{at:.0}"));
                free_from = x(at) + 30.0;
            }
        }
        inside += &text("mid", [f64::midpoint(LEFT, RIGHT), BOTTOM + 34.0], &self.along);
        for (n, curve) in self.curves.iter().enumerate() {
            let class = series(n);
            let points: Vec<String> = curve
                .points
                .iter()
                .map(|[at, share]| format!("{:.1},{:.1}", x(*at), y(*share)))
                .collect();
            // Writing to a string does not fail.
            let _ =
                write!(inside, "\n<polyline class=\"{class}\" points=\"{}\"/>", points.join(" "));
            for [at, share] in &curve.points {
                let _ = write!(
                    inside,
                    "\n<circle class=\"{class}\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"3.5\"><title>{at:.0}: {:.0} %</title></circle>",
                    x(*at),
                    y(*share),
                    100.0 * share
                );
            }
        }
        Drawn { height: BOTTOM + 44.0, inside }
    }

    fn legend(&self) -> Vec<(String, String)> {
        self.curves.iter().enumerate().map(|(n, curve)| (series(n), curve.name.clone())).collect()
    }
}
