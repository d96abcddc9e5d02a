//! The gate of one camera: each frame that is due is shown to it, and what inference found in those that were
//! looked at is told to it.

use super::agree::agree;
use super::compare::Comparer;
use super::concern::Concern;
use super::grid::Grid;
use super::sizes::{Compared, Sizes};
use super::trust::{Proof, Trust};
use crate::frame::FrameView;
use crate::geometry::UnitBox;
use crate::observe::{Object, Observation};
use crate::time::Timestamp;
use std::time::Duration;

/// However long a picture stays the same, real looks at things are no further apart: what the gate cannot see, a car
/// of the road's grey that drives off, is seen so late at most. The longest gap that any rule bears, too.
const INTERVAL_MAX: Duration = Duration::from_secs(5);
/// While nothing is where rules look, they are no further apart than this: three looks of who bears the longest gap.
/// Each look between them is a look at the picture all the same.
const EMPTY_MAX: Duration = Duration::from_secs(15);
/// A picture that is not decoded is told to show the same by the sizes of coded ones alone; those that are decoded are no
/// further apart than this, the longest gap that any rule bears: whatever sizes do not show, no rule sees it too late. Where
/// it is known that they show what happens, these may be as far apart as real looks are.
const PICTURE_MAX: Duration = Duration::from_secs(5);
/// Real looks are no further apart than so many times the gap that the camera's rules bear: three looks tell one that was
/// missed from a thing that is gone.
const GAPS_MAX: u32 = 3;
/// And by so much further where sizes and pictures both say that nothing has happened since the last one: what the one does
/// not see, a grey car before grey, is news to the other.
const TWO_SAY_SO: u32 = 3;

/// Pictures come a little sooner or later: by this part of their distance.
const SLACK: u32 = 10;

/// Looks in a row at one picture that have to find the same before one is left out. Who is seen in seven looks of
/// ten is in all of five, or in none, once in six; and who comes and is not recognised at once, soon is.
const SETTLED_LOOKS: u32 = 5;

/// What is to be done with a frame that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is to be looked at, and [`Gate::looked`] told what was found.
    Look,
    /// It shows what the last one that was looked at did.
    Unchanged,
}

/// The frame that "unchanged" compares with.
#[derive(Debug)]
struct Held {
    grid: Grid,
    at: Timestamp,
    /// When a picture last showed the same.
    shown: Timestamp,
    objects: Vec<Object>,
    /// Nothing is where rules look.
    empty: bool,
    /// So many looks at this picture have found the same: nothing comes, goes or is in question.
    agreed: u32,
}

impl Held {
    /// The longest time between it and the next real look, where rules bear this gap, and nothing was larger after `quiet`.
    fn lasts(&self, gap_max: Duration, quiet: Option<Timestamp>) -> Duration {
        if quiet.is_some_and(|since| since < self.at) {
            return (gap_max * GAPS_MAX * TWO_SAY_SO).min(EMPTY_MAX);
        }
        (gap_max * GAPS_MAX).min(if self.empty { EMPTY_MAX } else { INTERVAL_MAX })
    }
}

/// Why a frame is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    /// It differs, or nothing is known yet, or what is seen is not settled.
    News,
    /// Its picture is unchanged, but nothing real was seen for so long.
    Forced,
    /// Its picture is unchanged; that is not believed yet.
    Shadow,
}

/// The gate of one camera.
#[derive(Debug)]
pub struct Gate {
    concern: Concern,
    comparer: Comparer,
    trust: Trust,
    held: Option<Held>,
    now: Grid,
    why: Why,
    /// The frame that was asked for last shows what the held one does.
    same: bool,
    /// The frame shown before this one.
    shown: Option<Timestamp>,
    /// What the newest comparison has shown, until it is taken.
    compared: Option<Compared>,
}

impl Gate {
    /// One that has proved nothing yet; all of the picture concerns it.
    pub fn new(proof: Proof) -> Self {
        Self {
            concern: Concern::default(),
            comparer: Comparer::default(),
            trust: Trust::new(proof),
            held: None,
            now: Grid::default(),
            why: Why::News,
            same: false,
            shown: None,
            compared: None,
        }
    }

    /// From now on the camera's rules are about these areas of its picture; all of it when there is none.
    pub fn turn_to(&mut self, areas: &[UnitBox]) {
        if self.concern.turn_to(areas) {
            // What was shown is of other areas, and what was found tells nothing of these.
            self.held = None;
            self.trust.forget();
        }
    }

    /// Does a thing in this box belong to what "unchanged" speaks of?
    pub fn concerns(&self, bbox: &UnitBox) -> bool {
        self.concern.has(bbox)
    }

    /// A frame is due, and rules bear this gap between two looks. `quiet`: what [`Sizes::quiet_since`] says.
    pub fn ask(
        &mut self,
        frame: &FrameView<'_>,
        at: Timestamp,
        gap_max: Duration,
        quiet: Option<Timestamp>,
    ) -> Answer {
        let size = self.now.size();
        self.now.read(frame);
        if size != [0; 2] && size != self.now.size() {
            // What was learned and shown is of other blocks.
            (self.held, self.comparer) = (None, Comparer::default());
            self.trust.forget();
        }
        self.concern.fit(&self.now);
        let step = self.shown.replace(at).map_or(Duration::ZERO, |shown| at.since(shown));
        self.why = self.why(at, step, gap_max, quiet);
        if self.why == Why::Shadow && self.trust.believes(at) {
            Answer::Unchanged
        } else {
            Answer::Look
        }
    }

    /// A look is due, and nothing has been decoded for it. Is it unchanged by what `sizes` say of the coded pictures
    /// since the last decoded one? That is believed no longer than an unchanged frame is, and pictures are seen in between.
    pub fn ask_sizes(&mut self, at: Timestamp, gap_max: Duration, sizes: &mut Sizes) -> Answer {
        let Some(held) = &self.held else { return Answer::Look };
        let step = self.shown.map_or(Duration::ZERO, |shown| at.since(shown));
        let quiet = sizes.quiet_since(at);
        let lasts = held.lasts(gap_max, quiet);
        let picture_max = if sizes.show_changes(at) { lasts } else { lasts.min(PICTURE_MAX) };
        let within =
            |since: Timestamp, most| at > since && at.since(since) + step <= most + step / SLACK;
        let fresh = within(held.at, lasts) && within(held.shown, picture_max);
        let known = held.agreed >= SETTLED_LOOKS && self.trust.believes(at);
        if !(fresh && known && quiet.is_some_and(|since| since < held.shown)) {
            return Answer::Look;
        }
        self.shown = Some(at);
        sizes.rely();
        Answer::Unchanged
    }

    /// What comparing the newest frame has shown; once.
    pub fn take_compared(&mut self) -> Option<Compared> {
        self.compared.take()
    }

    /// What inference found in the frame that was asked for last. While something in it that concerns it is not
    /// believed yet, the next frame is looked at as well.
    pub fn looked(&mut self, seen: &Observation) {
        let undecided = seen.undecided.iter().any(|object| self.concern.has(&object.bbox));
        let is_as = |held: &Held| agree(&held.objects, &seen.objects, |b| self.concern.has(b));
        let same = self.held.as_ref().is_some_and(is_as);
        if self.why != Why::News {
            self.trust.checked(seen.frame.captured, same);
        }
        if self.why == Why::Shadow && same && !undecided {
            // It would not have been looked at: the frame before it stays the one to compare with.
            return;
        }
        let (grid, agreed) =
            self.held.take().map(|held| (held.grid, held.agreed)).unwrap_or_default();
        let agreed = if same && self.same && !undecided { agreed.saturating_add(1) } else { 1 };
        let grid = std::mem::replace(&mut self.now, grid);
        let (at, objects) = (seen.frame.captured, seen.objects.clone());
        let empty = !objects.iter().any(|object| self.concern.is_about(&object.bbox));
        self.held = Some(Held { grid, at, shown: at, objects, empty, agreed });
    }

    /// The frame that was asked for last could not be looked at.
    pub fn failed(&mut self) {
        self.held = None;
    }

    /// Luma bytes that were read of the last frame.
    pub fn samples(&self) -> usize {
        self.now.samples()
    }

    fn why(
        &mut self,
        at: Timestamp,
        step: Duration,
        gap_max: Duration,
        quiet: Option<Timestamp>,
    ) -> Why {
        self.same = false;
        let Some(held) = &mut self.held else { return Why::News };
        let before = held.at;
        // Asked in any case: it learns from what it compares.
        self.same = held.grid.is_like(&self.now)
            && self.comparer.same(&held.grid, &self.now, &self.concern);
        self.compared = Some(Compared { with: held.shown, at, same: self.same });
        if self.same {
            held.shown = at;
        }
        if !self.same || held.agreed < SETTLED_LOOKS || at < before {
            Why::News
        } else if at.since(before) + step > held.lasts(gap_max, quiet) + step / SLACK {
            // The next one would be too late.
            Why::Forced
        } else {
            Why::Shadow
        }
    }
}
