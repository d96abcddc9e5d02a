//! What drawings are made of.

use std::fmt::Display;

/// Width of all drawings, in their own units; browsers scale them to the page.
pub(super) const WIDTH: f64 = 760.0;

/// What can be drawn.
pub(crate) trait Drawing {
    fn drawn(&self) -> Drawn;
    /// The class of a mark, and what it stands for.
    fn legend(&self) -> Vec<(String, String)>;
}

/// The inside of an SVG element.
pub(crate) struct Drawn {
    pub(super) height: f64,
    pub(super) inside: String,
}

/// The class of the n-th of several models.
pub(super) fn series(n: usize) -> String {
    format!("s{}", n % 4)
}

pub(super) fn text(class: &str, [x, y]: [f64; 2], of: impl Display) -> String {
    format!(
        "\n<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>",
        escaped(&of.to_string())
    )
}

pub(super) fn line(class: &str, [x0, y0]: [f64; 2], [x1, y1]: [f64; 2]) -> String {
    format!(
        "\n<line class=\"{class}\" x1=\"{x0:.1}\" y1=\"{y0:.1}\" x2=\"{x1:.1}\" y2=\"{y1:.1}\"/>"
    )
}

/// A box that says more when somebody points at it.
pub(super) fn rect(class: &str, [x, y, w, h]: [f64; 4], says: &str) -> String {
    format!(
        "\n<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{w:.1}\" height=\"{h:.1}\"><title>{}</title></rect>",
        escaped(says)
    )
}

pub(super) fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut all, c| {
        match c {
            '&' => all += "&amp;",
            '<' => all += "&lt;",
            '>' => all += "&gt;",
            '"' => all += "&quot;",
            c => all.push(c),
        }
        all
    })
}
