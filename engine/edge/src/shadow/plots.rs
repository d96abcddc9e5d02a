//! Plots of a comparison as SVG, for a page of any width. Colours are the page's variables; what a colour says, a word or a place
//! says too.

use super::report::Bounded;
use std::fmt::Write as _;

/// Width of all plots in their own unit; a letter is 13 high.
const WIDTH: f64 = 640.0;
const ROW: f64 = 30.0;

/// Text that is safe within HTML and SVG.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

/// What follows the name of a plot for those who cannot see it.
fn svg(title: &str, height: f64, body: &str) -> String {
    let title = escaped(title);
    format!(
        "<svg role=\"img\" aria-label=\"{title}\" viewBox=\"0 0 {WIDTH} {height:.0}\" \
         xmlns=\"http://www.w3.org/2000/svg\"><title>{title}</title>{body}</svg>"
    )
}

fn text(out: &mut String, [x, y]: [f64; 2], anchor: &str, words: &str) {
    let words = escaped(words);
    // Writing to a string does not fail.
    let _ = write!(out, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{words}</text>");
}

fn bar(out: &mut String, [x, y]: [f64; 2], width: f64, class: &str) {
    let height = ROW * 0.6;
    let _ = write!(
        out,
        "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{height:.1}\"/>",
        width.max(0.0)
    );
}

/// A bar for each row, in parts: so many by both, missing at the candidate, by it alone.
pub(super) fn agreement(title: &str, rows: &[(String, [u64; 3])]) -> String {
    let mut body = String::new();
    let most = rows.iter().map(|(_, parts)| parts.iter().sum::<u64>()).max().unwrap_or(0).max(1);
    let (left, wide) = (210.0, WIDTH - 210.0 - 90.0);
    for (n, (name, parts)) in rows.iter().enumerate() {
        let y = n as f64 * ROW + 4.0;
        text(&mut body, [left - 8.0, y + 14.0], "end", &shortened(name, 30));
        let mut x = left;
        for (count, class) in parts.iter().zip(["both", "missing", "extra"]) {
            let width = *count as f64 / most as f64 * wide;
            bar(&mut body, [x, y], width, class);
            x += width;
        }
        let counts = parts.map(|n| n.to_string()).join(" + ");
        text(&mut body, [x + 6.0, y + 14.0], "start", &counts);
    }
    svg(title, rows.len() as f64 * ROW + 6.0, &body)
}

/// Bars of two values with their unit.
pub(super) fn pair(title: &str, rows: [(&str, f64); 2], unit: &str) -> String {
    let mut body = String::new();
    let most = rows[0].1.max(rows[1].1).max(f64::EPSILON);
    let (left, wide) = (210.0, WIDTH - 210.0 - 110.0);
    for ((n, (name, value)), class) in rows.iter().enumerate().zip(["both", "extra"]) {
        let y = n as f64 * ROW + 4.0;
        text(&mut body, [left - 8.0, y + 14.0], "end", &shortened(name, 30));
        bar(&mut body, [left, y], value / most * wide, class);
        let words = format!("{value:.1} {unit}");
        text(&mut body, [left + value / most * wide + 6.0, y + 14.0], "start", &words);
    }
    svg(title, 2.0 * ROW + 6.0, &body)
}

/// Proportions with their bounds, from 0 to 100 %; a line where the least is.
pub(super) fn proportions(title: &str, rows: &[(String, Bounded)], least: Option<f64>) -> String {
    let mut body = String::new();
    let (left, wide) = (210.0, WIDTH - 210.0 - 110.0);
    let at = |part: f64| left + part * wide;
    let bottom = rows.len() as f64 * ROW;
    for tick in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let x = at(tick);
        let _ = write!(
            body,
            "<line class=\"grid\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"0\" y2=\"{bottom:.1}\"/>"
        );
        text(&mut body, [x, bottom + 16.0], "middle", &format!("{:.0} %", tick * 100.0));
    }
    for (n, (name, of)) in rows.iter().enumerate() {
        let y = n as f64 * ROW + ROW / 2.0;
        text(&mut body, [left - 8.0, y + 4.0], "end", &shortened(name, 30));
        let Some(part) = of.of.part() else {
            text(&mut body, [left + 6.0, y + 4.0], "start", "–");
            continue;
        };
        let (low, high) = (at(of.bounds.low), at(of.bounds.high));
        let _ = write!(
            body,
            "<line class=\"whisker\" x1=\"{low:.1}\" x2=\"{high:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
             <circle class=\"dot\" cx=\"{:.1}\" cy=\"{y:.1}\" r=\"5\"/>",
            at(part)
        );
        let words = format!("{} / {}", of.of.hits, of.of.of);
        text(&mut body, [WIDTH - 4.0, y + 4.0], "end", &words);
    }
    if let Some(least) = least {
        let x = at(least.clamp(0.0, 1.0));
        let _ = write!(
            body,
            "<line class=\"least\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"0\" y2=\"{bottom:.1}\"/>"
        );
    }
    svg(title, bottom + 22.0, &body)
}

/// How many fall into each span of seconds; what is beyond the ends is counted in them.
pub(super) fn delays(title: &str, later_secs: &[f64]) -> String {
    const ENDS: f64 = 10.0;
    const BINS: usize = 21;
    let mut counts = [0_u64; BINS];
    for secs in later_secs {
        let at = (secs.clamp(-ENDS, ENDS) + ENDS).round() as usize;
        counts[at.min(BINS - 1)] += 1;
    }
    let mut body = String::new();
    let most = counts.iter().max().copied().unwrap_or(0).max(1) as f64;
    let (height, step) = (120.0, (WIDTH - 40.0) / BINS as f64);
    for (n, count) in counts.iter().enumerate() {
        let (x, tall) = (20.0 + n as f64 * step, *count as f64 / most * (height - 20.0));
        let _ = write!(
            body,
            "<rect class=\"extra\" x=\"{x:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{tall:.1}\"/>",
            height - tall,
            step - 3.0
        );
        let middle = x + (step - 3.0) / 2.0;
        if *count > 0 {
            text(&mut body, [middle, height - tall - 4.0], "middle", &count.to_string());
        }
        let secs = n as f64 - ENDS;
        if n % 5 == 0 {
            let end = ["≤ ", "", "≥ "][usize::from(n > 0) + usize::from(n + 1 == BINS)];
            text(&mut body, [middle, height + 16.0], "middle", &format!("{end}{secs:+.0} s"));
        }
    }
    svg(title, height + 22.0, &body)
}

fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most - 1).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_long_as_what_they_stand_for() {
        let rows = [("parking <b>".to_owned(), [30, 10, 0]), ("jam".to_owned(), [0, 0, 20])];
        let plot = agreement("who tells", &rows);
        let widths: Vec<f64> = plot
            .split("width=\"")
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap().parse().unwrap())
            .collect();
        assert_eq!(widths, [255.0, 85.0, 0.0, 0.0, 0.0, 170.0]);
        assert!(plot.contains("parking &lt;b&gt;") && plot.contains("30 + 10 + 0"), "{plot}");
        let plot = delays("later", &[-40.0, 0.2, 0.4, 3.0]);
        let tall = |plot: &str| plot.matches("height=\"100.0\"").count();
        assert_eq!(tall(&plot), 1, "two of four: {plot}");
    }
}
