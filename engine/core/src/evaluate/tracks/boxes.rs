//! A MOTChallenge text, by frames.

use crate::evaluate::rect::Rect;
use crate::track::mot::{MotError, MotLine, parse_lines};
use std::collections::{BTreeMap, BTreeSet};

/// The formats with classes have this many columns at most; that of 2015 has ten, and none.
const COLUMNS_WITH_CLASS_MAX: usize = 9;

/// Why a text is neither a truth nor tracks.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum BoxesError {
    /// A line is wrong.
    #[error(transparent)]
    Mot(#[from] MotError),
    /// One thing is in two places at once.
    #[error(
        "line {line}: id {id} is in frame {frame} already (line {before}); give each object one line a frame{}",
        if *.id < 0 { ", and an id: these are detections, which `viahe track` makes tracks of" } else { "" }
    )]
    Twice {
        /// Line number from 1.
        line: usize,
        /// The line that has it first.
        before: usize,
        /// Its frame.
        frame: u32,
        /// Its id.
        id: i64,
    },
}

/// A box of a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Boxed {
    pub(super) id: i64,
    pub(super) rect: Rect,
    /// 0 in a truth: not an object that must be found.
    pub(super) flag: i64,
    pub(super) class: Option<i64>,
}

/// The boxes of a text by frame, each id once in a frame, in the order written.
#[derive(Clone, Debug, Default)]
pub struct Boxes {
    pub(super) frames: BTreeMap<u32, Vec<Boxed>>,
    pub(super) has_classes: bool,
}

impl Boxes {
    /// Reads a text.
    ///
    /// # Errors
    /// The first line that is wrong, or has an id for the second time in its frame.
    pub fn parse(text: &str) -> Result<Self, BoxesError> {
        let lines = parse_lines(text)?;
        let has_class =
            |line: &MotLine| line.columns <= COLUMNS_WITH_CLASS_MAX && line.class.is_some();
        let mut boxes = Self { frames: BTreeMap::new(), has_classes: lines.iter().all(has_class) };
        let mut seen: BTreeMap<(u32, i64), usize> = BTreeMap::new();
        for MotLine { line, row, sides, class, .. } in lines {
            let (frame, id) = (row.frame, row.id);
            if let Some(before) = seen.insert((frame, id), line) {
                return Err(BoxesError::Twice { line, before, frame, id });
            }
            let one =
                Boxed { id, rect: Rect::of_corners(sides), flag: row.confidence as i64, class };
            boxes.frames.entry(frame).or_default().push(one);
        }
        Ok(boxes)
    }

    /// The last frame that has a box.
    pub fn last_frame(&self) -> Option<u32> {
        self.frames.keys().next_back().copied()
    }

    /// Its classes, in a truth that has some.
    pub fn classes(&self) -> BTreeSet<i64> {
        let boxes = self.frames.values().flatten().filter(|_| self.has_classes);
        boxes.filter_map(|boxed| boxed.class).collect()
    }
}
