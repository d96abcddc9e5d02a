//! What of the picture has to be unchanged: what the camera's rules are about, and what belongs to it. What happens
//! elsewhere is no news.

use super::grid::Grid;
use crate::geometry::{UnitBox, meet};
use crate::region::{Span, contexts};

/// Blocks are compared so far beyond the context: of who reaches into it by a px, three blocks are seen to move.
const BEYOND: f32 = 3.0;

/// Areas of one camera's picture; without any all of it.
#[derive(Debug, Default)]
pub(super) struct Concern {
    areas: Vec<UnitBox>,
    /// Of the frames it is laid out for, in px.
    size_px: [usize; 2],
    /// With their context, in px.
    spans: Vec<Span>,
    /// Which blocks are compared; none are told when all are.
    blocks: Vec<bool>,
}

impl Concern {
    /// From now on rules are about these areas. True when they were about others.
    pub(super) fn turn_to(&mut self, areas: &[UnitBox]) -> bool {
        let others = self.areas != areas;
        if others {
            *self = Self { areas: areas.to_vec(), ..Self::default() };
        }
        others
    }

    /// For frames as large as this one's.
    pub(super) fn fit(&mut self, grid: &Grid) {
        if self.size_px == grid.size_px() {
            return;
        }
        self.size_px = grid.size_px();
        self.spans = contexts(&self.areas, self.size_px);
        self.blocks.clear();
        let [columns, rows] = grid.size();
        let side = grid.block_px() as f32;
        let compared = |x: usize, y: usize| {
            let from = |at: usize| (at as f32 - BEYOND) * side;
            let to = |at: usize| (at as f32 + 1.0 + BEYOND) * side;
            let around = [from(x), from(y), to(x), to(y)];
            self.spans.iter().any(|span| meet(&around, span))
        };
        if !self.spans.is_empty() {
            let all = (0..rows).flat_map(|y| (0..columns).map(move |x| (x, y)));
            self.blocks.extend(all.map(|(x, y)| compared(x, y)));
        }
    }

    /// Is this block compared?
    pub(super) fn compares(&self, block: usize) -> bool {
        self.blocks.get(block).is_none_or(|compared| *compared)
    }

    /// Is a thing in this box where rules look, and not only beside it?
    pub(super) fn is_about(&self, bbox: &UnitBox) -> bool {
        let [x0, y0, x1, y1] = bbox.corners();
        let meets = |area: &UnitBox| {
            let [left, top, right, bottom] = area.corners();
            x0 <= right && left <= x1 && y0 <= bottom && top <= y1
        };
        self.areas.is_empty() || self.areas.iter().any(meets)
    }

    /// Is a thing in this box one that rules may ask about?
    pub(super) fn has(&self, bbox: &UnitBox) -> bool {
        let [w, h] = self.size_px.map(|px| px as f32);
        let [x0, y0, x1, y1] = bbox.corners();
        let there = [x0 * w, y0 * h, x1 * w, y1 * h];
        self.spans.is_empty() || self.spans.iter().any(|span| meet(&there, span))
    }
}
