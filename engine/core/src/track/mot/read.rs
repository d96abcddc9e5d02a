//! Reading and writing MOTChallenge lines.

use crate::geometry::PxBox;
use std::fmt::Write as _;

/// Lines of a file at most; more is no sequence (MOT20, the densest, has 2 million).
const LINES_MAX: usize = 8_000_000;
/// A frame number at most: ten days at 30 fps.
const FRAME_MAX: f64 = 26_000_000.0;
/// A coordinate at most, px: far outside any sensor, yet exact enough in `f32`.
const COORDINATE_MAX: f32 = 1e6;

/// One line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MotRow {
    /// Frame number as written.
    pub frame: u32,
    /// Identity; −1 in a file of detections.
    pub id: i64,
    /// Box in px.
    pub bbox: PxBox,
    /// Confidence on the file's own scale; 1 where the column is missing.
    pub confidence: f32,
}

/// One line as it is written: what is measured against a truth may not be rounded first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MotLine {
    /// Line number from 1.
    pub line: usize,
    /// How many columns it has; the formats of several years differ in it.
    pub columns: usize,
    /// What the engine makes of it.
    pub row: MotRow,
    /// Left, top, width and height in px.
    pub sides: [f64; 4],
    /// The eighth column where it is a whole number: the class, in a truth that has classes.
    pub class: Option<i64>,
}

/// Why a MOTChallenge text cannot be tracked.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum MotError {
    /// A line has too few columns.
    #[error(
        "line {line}: {columns} columns, want at least 6; write frame,-1,left,top,width,height,confidence"
    )]
    Columns {
        /// Line number from 1.
        line: usize,
        /// Columns found.
        columns: usize,
    },
    /// A column is not a number.
    #[error("line {line}: {column} is {text:?}, not a finite number; correct or remove the line")]
    Number {
        /// Line number from 1.
        line: usize,
        /// Name of the column.
        column: &'static str,
        /// What is written there.
        text: String,
    },
    /// A number makes no sense where it stands.
    #[error("line {line}: {column} is {value}; {remedy}")]
    Range {
        /// Line number from 1.
        line: usize,
        /// Name of the column.
        column: &'static str,
        /// What is written there.
        value: f64,
        /// What to do.
        remedy: &'static str,
    },
    /// The text is longer than any sequence.
    #[error("more than {LINES_MAX} lines; split the sequence")]
    TooLong,
    /// `fps` is not a frame rate.
    #[error("fps is {fps}; give the frames a second of the sequence, 0.01 to 1000")]
    Fps {
        /// What was given.
        fps: f64,
    },
}

/// Reads MOTChallenge lines in the order written. Empty lines and lines from `#` are skipped; a
/// byte-order mark, blanks around numbers, and blanks or `;` for commas are taken.
///
/// # Errors
/// The first line that is not `frame,id,x,y,w,h[,conf…]` with finite numbers, a whole frame number
/// from 0 on and sides that are not negative.
pub fn parse(text: &str) -> Result<Vec<MotRow>, MotError> {
    Ok(parse_lines(text)?.into_iter().map(|line| line.row).collect())
}

/// As [`parse`], with what lines say beyond that.
///
/// # Errors
/// As [`parse`].
pub fn parse_lines(text: &str) -> Result<Vec<MotLine>, MotError> {
    let mut rows = Vec::new();
    for (k, raw) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let content = raw.trim();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        if rows.len() >= LINES_MAX {
            return Err(MotError::TooLong);
        }
        rows.push(parse_line(k + 1, content)?);
    }
    Ok(rows)
}

fn parse_line(line: usize, content: &str) -> Result<MotLine, MotError> {
    let split_at: &[char] = if content.contains(',') {
        &[',']
    } else if content.contains(';') {
        &[';']
    } else {
        &[' ', '\t']
    };
    let blank = split_at.len() == 2;
    let mut fields = [""; 8];
    let mut columns = 0;
    for field in content.split(split_at).map(str::trim).filter(|f| !(blank && f.is_empty())) {
        if let Some(place) = fields.get_mut(columns) {
            *place = field;
        }
        columns += 1;
    }
    if columns < 6 {
        return Err(MotError::Columns { line, columns });
    }
    let number = |column: usize| -> Result<f64, MotError> {
        let name = ["frame", "id", "left", "top", "width", "height", "confidence"][column];
        let text = fields[column];
        let parsed = text.parse::<f64>().ok().filter(|v| v.is_finite());
        parsed.ok_or_else(|| MotError::Number { line, column: name, text: shorten(text) })
    };
    let range = |column, value, remedy| MotError::Range { line, column, value, remedy };
    let frame = number(0)?;
    if frame.fract() != 0.0 || !(0.0..=FRAME_MAX).contains(&frame) {
        return Err(range("frame", frame, "number the frames 1, 2, 3 …"));
    }
    let id = number(1)?;
    if id.fract() != 0.0 || id.abs() > 9e15 {
        return Err(range("id", id, "write -1 for a detection"));
    }
    let (w, h) = (number(4)?, number(5)?);
    for (name, side) in [("width", w), ("height", h)] {
        if side < 0.0 {
            return Err(range(name, side, "columns 3 to 6 are left, top, width, height in px"));
        }
    }
    let (x, y) = (number(2)?, number(3)?);
    let corners = [x as f32, y as f32, (x + w) as f32, (y + h) as f32];
    if corners.iter().any(|c| c.abs() > COORDINATE_MAX) {
        return Err(range("box", x, "columns 3 to 6 are left, top, width, height in px"));
    }
    let bbox = PxBox::new(corners[0], corners[1], corners[2], corners[3])
        .ok_or_else(|| range("box", x, "columns 3 to 6 are left, top, width, height in px"))?;
    let confidence = if columns > 6 { number(6)? as f32 } else { 1.0 };
    if !confidence.is_finite() {
        return Err(range("confidence", f64::from(confidence), "write a score such as 0.87"));
    }
    let row = MotRow { frame: frame as u32, id: id as i64, bbox, confidence };
    Ok(MotLine { line, columns, row, sides: [x, y, w, h], class: fields[7].parse().ok() })
}

fn shorten(text: &str) -> String {
    text.chars().take(40).collect()
}

/// Writes rows as `frame,id,x,y,w,h,conf,-1,-1,-1`, two decimals for px, four for confidence.
pub fn write(rows: &[MotRow]) -> String {
    let mut text = String::with_capacity(rows.len() * 56);
    for row in rows {
        let b = &row.bbox;
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{},{},{:.2},{:.2},{:.2},{:.2},{:.4},-1,-1,-1",
            row.frame,
            row.id,
            b.x0,
            b.y0,
            b.width(),
            b.height(),
            row.confidence
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_lines_are_named_with_a_remedy() {
        let cases = [
            ("few columns", "1,-1,2,3,4", "line 1: 5 columns, want at least 6; write frame"),
            ("nan", "1,-1,NaN,2,3,4,0.5", "line 1: left is \"NaN\", not a finite number"),
            ("inf", "1,-1,1,2,3,inf,0.5", "line 1: height is \"inf\""),
            ("text", "1,-1,1,2,3,4,high", "confidence is \"high\""),
            ("second line", "1,-1,1,2,3,4,1\n\n1,-1,1,2,x,4,1", "line 3: width is \"x\""),
            ("negative side", "1,-1,1,2,-3,4,1", "width is -3; columns 3 to 6"),
            ("half a frame", "1.5,-1,1,2,3,4,1", "frame is 1.5; number the frames"),
            ("negative frame", "-1,-1,1,2,3,4,1", "frame is -1"),
            ("huge frame", "1e12,-1,1,2,3,4,1", "frame is 1000000000000"),
            ("huge box", "1,-1,1e30,2,3,4,1", "box is 1"),
            ("huge confidence", "1,-1,1,2,3,4,1e300", "confidence is inf"),
        ];
        for (name, text, want) in cases {
            let err = parse(text).unwrap_err().to_string();
            assert!(err.contains(want), "{name}: {err}");
        }
    }

    #[test]
    fn other_spellings_are_read() {
        let text = "\u{feff}# made by hand\r\n1, -1, 10, 20, 30, 40\r\n2 -1  10 20 30 40 -0.5\n\
                    3;-1;10;20;30;40;97\n000004,-1,1e1,20,30,40,1,-1,-1,-1\n";
        let rows = parse(text).unwrap();
        let want = PxBox::new(10.0, 20.0, 40.0, 60.0).unwrap();
        assert!(rows.iter().all(|r| r.bbox == want && r.id == -1), "{rows:?}");
        let frames: Vec<u32> = rows.iter().map(|r| r.frame).collect();
        assert_eq!(frames, [1, 2, 3, 4]);
        let confidences: Vec<f32> = rows.iter().map(|r| r.confidence).collect();
        assert_eq!(confidences, [1.0, -0.5, 97.0, 1.0]);
        assert_eq!(parse("").unwrap(), []);
    }

    #[test]
    fn what_is_written_is_read_back() {
        let rows = [MotRow {
            frame: 7,
            id: 3,
            bbox: PxBox::new(1.25, 2.5, 11.25, 22.5).unwrap(),
            confidence: 0.5,
        }];
        let text = write(&rows);
        assert_eq!(text, "7,3,1.25,2.50,10.00,20.00,0.5000,-1,-1,-1\n");
        assert_eq!(parse(&text).unwrap(), rows);
    }
}
