//! What happened in recordings, and what was told of it, along their time.

use super::svg::{Drawing, Drawn, WIDTH, escaped, line, rect, text};
use std::fmt::Write as _;

/// Recordings, each from its beginning on.
pub(crate) struct Timeline {
    /// How long the longest is, s.
    pub(crate) secs: f64,
    pub(crate) rows: Vec<Row>,
}

/// A recording under the eyes of a model, or a rule of it.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) spans: Vec<Span>,
    pub(crate) marks: Vec<Mark>,
}

/// Something that happened.
pub(crate) struct Span {
    pub(crate) begin_secs: f64,
    pub(crate) end_secs: f64,
    pub(crate) was_told: bool,
    pub(crate) says: String,
}

/// Something that was told.
pub(crate) struct Mark {
    pub(crate) at_secs: f64,
    pub(crate) kind: MarkKind,
    pub(crate) says: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MarkKind {
    Hit,
    Repeat,
    FalseAlarm,
}

impl MarkKind {
    fn class(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Repeat => "repeat",
            Self::FalseAlarm => "false",
        }
    }

    /// Shapes differ, for who does not tell the colours apart.
    fn points(self, x: f64, y: f64) -> Vec<[f64; 2]> {
        let around = |of: &[[f64; 2]]| of.iter().map(|[dx, dy]| [x + dx, y + dy]).collect();
        match self {
            Self::Hit => around(&[[-4.5, -4.5], [4.5, -4.5], [0.0, 5.0]]),
            Self::Repeat => around(&[[-4.0, -4.0], [4.0, -4.0], [4.0, 4.0], [-4.0, 4.0]]),
            Self::FalseAlarm => around(&[[0.0, -6.0], [6.0, 0.0], [0.0, 6.0], [-6.0, 0.0]]),
        }
    }
}

const LEFT: f64 = 220.0;
const RIGHT: f64 = WIDTH - 20.0;
const ROW: f64 = 30.0;

impl Drawing for Timeline {
    fn drawn(&self) -> Drawn {
        let x = |secs: f64| LEFT + (secs / self.secs.max(1e-9)).clamp(0.0, 1.0) * (RIGHT - LEFT);
        let bottom = self.rows.len() as f64 * ROW;
        let mut inside = String::new();
        for part in 0..=4 {
            let secs = self.secs * f64::from(part) / 4.0;
            inside += &line("grid", [x(secs), 0.0], [x(secs), bottom]);
            inside += &text("mid", [x(secs), bottom + 16.0], minutes(secs));
        }
        for (i, row) in self.rows.iter().enumerate() {
            let top = i as f64 * ROW;
            inside += &text("end", [LEFT - 8.0, top + ROW / 2.0 + 4.0], &row.name);
            for span in &row.spans {
                let class = if span.was_told { "span" } else { "missed" };
                let (from, to) = (x(span.begin_secs), x(span.end_secs));
                inside +=
                    &rect(class, [from, top + 5.0, (to - from).max(2.0), ROW - 10.0], &span.says);
            }
            for mark in &row.marks {
                let points = mark.kind.points(x(mark.at_secs), top + ROW / 2.0);
                let points: Vec<String> =
                    points.iter().map(|[x, y]| format!("{x:.1},{y:.1}")).collect();
                // Writing to a string does not fail.
                let _ = write!(
                    inside,
                    "\n<polygon class=\"{}\" points=\"{}\"><title>{}</title></polygon>",
                    mark.kind.class(),
                    points.join(" "),
                    escaped(&mark.says)
                );
            }
        }
        Drawn { height: bottom + 24.0, inside }
    }

    fn legend(&self) -> Vec<(String, String)> {
        [
            ("span", "happened, and was told"),
            ("missed", "happened, and was missed"),
            ("hit", "told (triangle)"),
            ("repeat", "told again (square)"),
            ("false", "false alarm (diamond)"),
        ]
        .map(|(class, says)| (class.to_owned(), says.to_owned()))
        .to_vec()
    }
}

/// As `1:05`.
pub(super) fn minutes(secs: f64) -> String {
    let secs = secs.round().max(0.0) as u64;
    format!("{}:{:02}", secs / 60, secs % 60)
}
