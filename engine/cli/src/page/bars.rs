//! Shares as bars, side by side where there are several models.

use super::svg::{Drawing, Drawn, WIDTH, line, rect, series, text};

/// How long a bar is, and how sure that is.
#[derive(Clone, Debug)]
pub(crate) struct Bar {
    /// 0 to 1.
    pub(crate) value: f64,
    /// Between which the true share lies, where that is known.
    pub(crate) bounds: Option<[f64; 2]>,
    /// For who points at it.
    pub(crate) says: String,
}

/// A group of bars for each name.
pub(crate) struct Bars {
    /// What the bars of a group are, in their order.
    pub(crate) series: Vec<String>,
    /// None where there is nothing to be said.
    pub(crate) groups: Vec<(String, Vec<Option<Bar>>)>,
}

const LEFT: f64 = 190.0;
const RIGHT: f64 = WIDTH - 50.0;
const BAR: f64 = 14.0;
const TOP: f64 = 8.0;

impl Drawing for Bars {
    fn drawn(&self) -> Drawn {
        let x = |share: f64| LEFT + share.clamp(0.0, 1.0) * (RIGHT - LEFT);
        let group = self.series.len() as f64 * BAR + 12.0;
        let bottom = TOP + self.groups.len() as f64 * group;
        let mut inside = String::new();
        for percent in [0, 25, 50, 75, 100] {
            let at = x(f64::from(percent) / 100.0);
            inside += &line("grid", [at, TOP], [at, bottom]);
            inside += &text("mid", [at, bottom + 16.0], format!("{percent} %"));
        }
        for (i, (name, bars)) in self.groups.iter().enumerate() {
            let top = TOP + i as f64 * group + 4.0;
            let middle = top + (group - 8.0) / 2.0;
            inside += &text("end", [LEFT - 8.0, middle + 4.0], name);
            for (n, bar) in bars.iter().enumerate() {
                let y = top + n as f64 * BAR;
                let Some(bar) = bar else {
                    inside += &text("soft", [LEFT + 4.0, y + 10.0], "–");
                    continue;
                };
                let class = series(n);
                inside += &rect(&class, [LEFT, y + 1.0, x(bar.value) - LEFT, BAR - 3.0], &bar.says);
                let end = bar.bounds.map_or(bar.value, |[_, high]| high.max(bar.value));
                if let Some([low, high]) = bar.bounds {
                    let y = y + BAR / 2.0 - 0.5;
                    inside += &line("bound", [x(low), y], [x(high), y]);
                }
                let percent = format!("{:.0} %", 100.0 * bar.value);
                inside += &text("soft", [x(end) + 5.0, y + 11.0], percent);
            }
        }
        Drawn { height: bottom + 24.0, inside }
    }

    fn legend(&self) -> Vec<(String, String)> {
        if self.series.len() < 2 {
            return Vec::new();
        }
        self.series.iter().enumerate().map(|(n, name)| (series(n), name.clone())).collect()
    }
}
