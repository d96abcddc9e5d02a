//! What was seen, as a drawing beside the picture. The picture itself is never drawn on: it is the
//! proof, and its hash must stay that of what the camera gave.

use std::fmt::Write;
use viahe_core::geometry::{Polygon, UnitBox};

/// What the drawing is over, and what is written below it.
#[derive(Clone, Debug)]
pub struct OverlayOptions<'a> {
    /// File name of the picture in the same folder.
    pub picture: &'a str,
    /// Width and height of the picture in px.
    pub size_px: [u32; 2],
    /// A title for readers of the screen and for people who hover; the first line below.
    pub title: &'a str,
    /// More lines below the picture.
    pub lines: &'a [String],
    /// What the zone is called.
    pub zone: &'a str,
}

/// Letters in a line below the picture: its width is so many letters and a half of one.
const LETTERS: usize = 52;
/// A line's height is so many of 320ths of the picture's longer side.
const LETTER_SIZE: f64 = 10.0;
/// Families with all Vietnamese letters, on phones and desks.
const FONTS: &str =
    "Roboto, 'Noto Sans', 'Segoe UI', 'Helvetica Neue', 'DejaVu Sans', Arial, sans-serif";
const ZONE: &str = "#ffd400";
const SUBJECT: &str = "#ff3b30";

/// One box with what it says.
#[derive(Clone, Debug)]
pub struct Mark<'a> {
    /// In fractions of the frame.
    pub bbox: UnitBox,
    /// Any text; it is escaped.
    pub label: &'a str,
    /// Is it what the incident is about, or only there as well?
    pub subject: bool,
}

/// An SVG in frame coordinates that shows the picture, the zone and the boxes. The same arguments
/// give the same bytes.
pub fn overlay_svg(
    options: &OverlayOptions<'_>,
    zone: Option<&Polygon>,
    marks: &[Mark<'_>],
) -> String {
    let [width, height] = options.size_px;
    // Line and letter sizes follow the picture, so that it reads alike at 360 and 2160 lines.
    let unit = f64::from(width.max(height)).max(320.0) / 320.0;
    let (line, letters) = (unit, unit * 7.0);
    let texts = std::iter::once(options.title).chain(options.lines.iter().map(String::as_str));
    let texts: Vec<String> = texts.flat_map(wrapped).collect();
    let whole = f64::from(height) + (texts.len() as f64 + 1.6) * unit * LETTER_SIZE * 1.3;
    let mut svg = String::new();
    // Writing to a `String` cannot fail.
    let _ = writeln!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {whole:.0}\" \
         width=\"{width}\" height=\"{whole:.0}\" font-family=\"{FONTS}\">\n<title>{}</title>\n\
         <image href=\"{}\" width=\"{width}\" height=\"{height}\"/>",
        escaped(options.title),
        escaped(options.picture),
    );
    if let Some(zone) = zone {
        let points: Vec<String> = zone
            .corners()
            .iter()
            .map(|p| format!("{},{}", px(p.x, width), px(p.y, height)))
            .collect();
        let _ = writeln!(
            svg,
            "<polygon points=\"{}\" fill=\"{ZONE}\" fill-opacity=\"0.15\" stroke=\"{ZONE}\" \
             stroke-width=\"{line:.1}\"/>",
            points.join(" "),
        );
    }
    for mark in marks {
        let [x0, y0, x1, y1] = mark.bbox.corners();
        let colour = if mark.subject { SUBJECT } else { "#34c759" };
        let (left, top) = (px(x0, width), px(y0, height));
        let (w, h) = (px(x1 - x0, width), px(y1 - y0, height));
        // Above the box, or inside it where there is no room above.
        let above = f64::from(y0) * f64::from(height) - line * 2.0;
        let baseline = if above < letters { above + letters + line * 3.0 } else { above };
        // Towards the middle, so that the words stay in the picture.
        let (text_x, anchor) =
            if x0 < 0.6 { (px(x0, width), "start") } else { (px(x1, width), "end") };
        let _ = writeln!(
            svg,
            "<rect x=\"{left}\" y=\"{top}\" width=\"{w}\" height=\"{h}\" fill=\"none\" \
             stroke=\"{colour}\" stroke-width=\"{line:.1}\"/>\n\
             <text x=\"{text_x}\" y=\"{baseline:.1}\" text-anchor=\"{anchor}\" \
             font-size=\"{letters:.1}\" fill=\"{colour}\" stroke=\"#000\" \
             stroke-width=\"{:.2}\" paint-order=\"stroke\">{}</text>",
            line * 0.8,
            escaped(mark.label),
        );
    }
    let subject = marks.iter().any(|mark| mark.subject);
    below(&mut svg, options, unit * LETTER_SIZE, &texts, [zone.is_some(), subject]);
    svg.push_str("</svg>\n");
    svg
}

/// The lines below the picture and what the colours mean: beside the picture, so as to hide nothing.
fn below(
    svg: &mut String,
    options: &OverlayOptions<'_>,
    letters: f64,
    texts: &[String],
    [zone, subject]: [bool; 2],
) {
    let [width, height] = options.size_px;
    let (left, step, mut y) = (letters * 0.6, letters * 1.3, f64::from(height));
    let _ = writeln!(
        svg,
        "<rect x=\"0\" y=\"{height}\" width=\"{width}\" height=\"{:.1}\" fill=\"#111\"/>",
        (texts.len() as f64 + 1.6) * step,
    );
    let mut say = |x: f64, y: f64, text: &str| {
        let _ = writeln!(
            svg,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{letters:.1}\" fill=\"#fff\">{}</text>",
            escaped(text),
        );
    };
    for text in texts {
        y += step;
        say(left, y, text);
    }
    y += step * 1.1;
    let (middle, swatch) = (f64::from(width) / 2.0, letters * 0.8);
    let keys = [
        (zone, left, ZONE, format!("vùng: {}", options.zone)),
        (subject, if zone { middle } else { left }, SUBJECT, "đối tượng".to_owned()),
    ];
    let keys: Vec<_> = keys.into_iter().filter(|(there, ..)| *there).collect();
    for (_, x, _, text) in &keys {
        say(x + swatch * 1.5, y, text);
    }
    for (_, x, colour, _) in keys {
        let _ = writeln!(
            svg,
            "<rect x=\"{x:.1}\" y=\"{:.1}\" width=\"{swatch:.1}\" height=\"{swatch:.1}\" \
             fill=\"none\" stroke=\"{colour}\" stroke-width=\"{:.1}\"/>",
            y - swatch,
            letters * 0.15,
        );
    }
}

/// A text in lines that fit below the picture.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().filter(|line| {
            line.is_empty() || line.chars().count() + 1 + word.chars().count() <= LETTERS
        });
        match line {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) => {
                line.push(' ');
                line.push_str(word);
            }
            None => lines.push(word.to_owned()),
        }
    }
    lines
}

fn px(fraction: f32, side: u32) -> String {
    format!("{:.1}", f64::from(fraction) * f64::from(side))
}

/// Text for an element or an attribute; what XML does not allow at all is replaced.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\u{FFFE}' | '\u{FFFF}' => out.push('\u{FFFD}'),
            c if c.is_control() && !"\t\n\r".contains(c) => out.push('\u{FFFD}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_zone_and_boxes_and_escapes_texts() {
        let zone: Polygon = vec![[0.0, 0.5], [1.0, 0.5], [1.0, 1.0]].try_into().unwrap();
        let bbox = UnitBox::try_from([0.25, 0.0, 0.5, 0.5]).unwrap();
        let label = "<script>alert(\"1\")</script> & 'Đỗ xe' \u{1}";
        let marks = [Mark { bbox, label, subject: true }];
        let options = OverlayOptions {
            picture: "a\".jpg",
            size_px: [640, 360],
            title: "a < b",
            lines: &["Đỗ xe & dừng".to_owned()],
            zone: "kerb",
        };
        let svg = overlay_svg(&options, Some(&zone), &marks);
        for want in [
            "viewBox=\"0 0 640 454\"",
            "Đỗ xe &amp; dừng",
            "vùng: kerb",
            "đối tượng",
            "points=\"0.0,180.0 640.0,180.0 640.0,360.0\"",
            "x=\"160.0\" y=\"0.0\" width=\"160.0\" height=\"180.0\"",
            "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &apos;Đỗ xe&apos; \u{FFFD}",
            "href=\"a&quot;.jpg\"",
        ] {
            assert!(svg.contains(want), "{want} in\n{svg}");
        }
        assert!(!svg.contains("<script"));
        assert_eq!(svg, overlay_svg(&options, Some(&zone), &marks));
    }
}
