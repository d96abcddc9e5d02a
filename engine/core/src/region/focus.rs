//! What is looked at of a camera's frames from look to look.

use super::layout::{Shown, WHOLE_EACH};
use super::merge::{Seen, merge};
use crate::detect::{Detection, Kinds};
use crate::geometry::{PxBox, PxRect, UnitBox, meet};
use crate::model::Model;
use crate::tensor::{InputSpec, Sheet};

/// One camera's regions with one model. A look asks for its images ([`Focus::look`]) and gives what was found
/// in each ([`Focus::conclude`]).
#[derive(Clone, Debug)]
pub struct Focus {
    input: InputSpec,
    /// Others that the model takes.
    sizes: Vec<[usize; 2]>,
    kinds: Kinds,
    areas: Vec<UnitBox>,
    frame: [usize; 2],
    shown: Option<Shown>,
    /// The look under way sees the whole frame as well.
    whole: bool,
    /// Looks since one did.
    since: u32,
    /// Something of an area is seen whole in nothing but the whole frame.
    reaches: bool,
    seen: Vec<Seen>,
}

/// An image of a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum View {
    /// The whole frame, maybe with regions beside it.
    Whole,
    /// Regions alone.
    Close,
}

impl Focus {
    /// For a camera whose rules are about these areas; none is the whole frame.
    pub fn new(model: &Model, areas: Vec<UnitBox>) -> Self {
        Self {
            input: model.input,
            sizes: model.sizes.clone(),
            kinds: Kinds::of(model),
            areas,
            frame: [0, 0],
            shown: None,
            whole: false,
            since: WHOLE_EACH,
            reaches: false,
            seen: Vec::new(),
        }
    }

    /// From the next look on its rules are about these. True when they were about others.
    pub fn turn_to(&mut self, areas: &[UnitBox]) -> bool {
        let others = self.areas != areas;
        if others {
            (self.areas, self.shown) = (areas.to_vec(), None);
        }
        others
    }

    /// A look at a frame of this size begins: how many images it takes. One that came to nothing, and so was not
    /// concluded, may begin again.
    pub fn look(&mut self, width: usize, height: usize) -> usize {
        if self.frame != [width, height] {
            (self.frame, self.shown) = ([width, height], None);
        }
        let shown = self
            .shown
            .get_or_insert_with(|| Shown::of(&self.areas, self.frame, &self.input, &self.sizes));
        match shown {
            Shown::Whole(_) | Shown::Together { .. } => 1,
            Shown::InTurn { .. } => {
                self.whole = self.reaches || self.since + 1 >= WHOLE_EACH;
                1 + usize::from(self.whole)
            }
        }
    }

    /// Image `i` of the look under way.
    pub fn image(&self, i: usize) -> Option<(View, &Sheet)> {
        match (self.shown.as_ref()?, i) {
            (Shown::Whole(sheet) | Shown::Together { sheet, .. }, 0) => Some((View::Whole, sheet)),
            (Shown::InTurn { close, .. }, 0) => Some((View::Close, close)),
            (Shown::InTurn { whole, .. }, 1) if self.whole => Some((View::Whole, whole)),
            _ => None,
        }
    }

    /// What was found in each image of the look: what there is in the frame, best first, goes to the first.
    pub fn conclude(&mut self, found: &mut [Vec<Detection>]) {
        if self.shown.as_ref().is_none_or(|shown| shown.parts().is_empty()) {
            return;
        }
        let frame = PxRect::of_size(self.frame[0], self.frame[1]);
        let in_turn = matches!(self.shown, Some(Shown::InTurn { .. }));
        if in_turn {
            self.since = if self.whole { 0 } else { self.since + 1 };
        }
        let mut seen = std::mem::take(&mut self.seen);
        seen.clear();
        for (i, found) in found.iter_mut().enumerate() {
            let Some((view, sheet)) = self.image(i) else { continue };
            // Else what is beside an area would be there, or larger, in each second look.
            let chosen = in_turn && view == View::Whole;
            let is_wanted = |d: &&Detection| !chosen || self.is_of_an_area(&d.bbox);
            let part = |d: &Detection| sheet.parts().get(usize::from(d.part));
            let wanted = found.iter().filter(is_wanted);
            seen.extend(wanted.filter_map(|d| Some(Seen::new(*d, *part(d)?, frame))));
            found.clear();
        }
        merge(&mut seen, frame, &self.kinds);
        let reaches = |seen: &Seen| seen.cut || seen.fit.crop == frame;
        self.reaches =
            seen.iter().any(|seen| reaches(seen) && self.is_of_an_area(&seen.detection.bbox));
        if let Some(first) = found.first_mut() {
            first.extend(seen.iter().map(|seen| Detection { part: 0, ..seen.detection }));
            first.sort_by(|a, b| b.confidence.get().total_cmp(&a.confidence.get()));
        }
        self.seen = seen;
    }

    fn is_of_an_area(&self, bbox: &PxBox) -> bool {
        let there = bbox.to_unit(self.frame[0] as f32, self.frame[1] as f32).corners();
        self.areas.iter().any(|area| meet(&there, &area.corners()))
    }
}
