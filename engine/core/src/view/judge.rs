//! Is a picture of the place, by how it agrees with what is known of it?

use super::structure::Comparison;

/// Agreement of a scene with other things in it, or in somewhat other light.
pub(super) const MATCH: f32 = 0.5;
/// Agreement that is no accident when it is the best of all places. See [`judge`].
const TRACE: f32 = 0.15;
/// The same of lines, and by how much it must be better than in other places.
const LINES: f32 = 0.15;
const LINES_MARGIN: f32 = 0.03;
/// A block is in place, or is elsewhere.
const BLOCK_IN_PLACE: f32 = 0.35;
const BLOCK_ELSEWHERE: f32 = 0.6;
const BLOCK_MARGIN: f32 = 0.25;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judgement {
    Match,
    Trace,
    Other,
}

/// The agreement in place and what it means. Whatever the light does to edges, those that it
/// leaves are in place; a turned camera has the same edges elsewhere, or others.
pub(super) fn judge(comparison: &Comparison) -> (f32, Judgement) {
    let Comparison { whole, blocks } = comparison;
    let blocks = || blocks.iter().flatten();
    let in_place =
        blocks().filter(|b| b.here >= BLOCK_IN_PLACE && b.here >= b.elsewhere - 0.1).count();
    let elsewhere = blocks()
        .filter(|b| b.elsewhere >= BLOCK_ELSEWHERE && b.elsewhere - b.here >= BLOCK_MARGIN)
        .count();
    let judgement = if in_place <= elsewhere {
        Judgement::Other
    } else if whole.here >= MATCH && whole.here >= whole.elsewhere {
        Judgement::Match
    } else if whole.here >= TRACE && whole.here >= whole.elsewhere + LINES_MARGIN && in_place >= 2 {
        Judgement::Trace
    } else {
        Judgement::Other
    };
    (whole.here, judgement)
}

/// Are the same lines in the same place, whichever side of them is brighter? Most lines of a street
/// are level or upright, so there is agreement everywhere; in place there must be more.
pub(super) fn same_lines(comparison: &Comparison) -> bool {
    let Comparison { whole, blocks } = comparison;
    let blocks = || blocks.iter().flatten();
    let in_place = blocks().filter(|b| b.here >= LINES && b.here >= b.elsewhere).count();
    let elsewhere = blocks().filter(|b| b.elsewhere - b.here >= BLOCK_MARGIN).count();
    whole.here >= LINES
        && whole.here >= whole.elsewhere + LINES_MARGIN
        && in_place >= 2
        && in_place > elsewhere
}
