//! One camera's view over time: what it should be, and whether it still is.
//!
//! Several references are kept, one for each kind of light that the place has been seen in. A
//! reference follows small changes; light that changes many edges (dusk, street lamps, infrared) but
//! leaves enough of them in place becomes a reference of its own after some minutes. A
//! view counts as moved when nothing agrees in place, or when its parts agree better elsewhere.

use super::darkness::Darkness;
use super::judge::{Judgement, MATCH, judge, same_lines};
use super::run::Run;
use super::signature::Signature;
use super::structure::{CELLS, Comparison, Structure, detail};
use crate::geometry::Polygon;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Signatures that a first reference is made of, and how long that takes at least.
const LEARN_CHECKS: u32 = 15;
const LEARN_FOR: Duration = Duration::from_secs(20);
/// The same for a reference of another light.
const LIGHT_CHECKS: u32 = 30;
const LIGHT_FOR: Duration = Duration::from_mins(5);
/// Kinds of light remembered; the one not seen for longest makes room.
const REFERENCES_MAX: usize = 4;
/// How often a reference takes a step towards what is seen; 127 of them undo an edge, in an hour.
const ADAPT_EVERY: Duration = Duration::from_secs(30);

/// A lasting mismatch is a moved view. A bus that fills the picture is gone before.
const MOVED_CHECKS: u32 = 10;
const MOVED_FOR: Duration = Duration::from_secs(30);
/// No detail for so long is a blinded camera; longer in the dark, where a lull in traffic is all
/// it takes.
const BLINDED_CHECKS: u32 = 3;
const BLINDED_FOR: Duration = Duration::from_secs(10);
const BLINDED_FOR_IN_THE_DARK: Duration = Duration::from_mins(1);
/// A doubt that so many signatures neither confirm nor clear is given up: too little is seen to judge. More
/// than any judgement takes.
const DOUBT_CHECKS_MAX: u32 = 40;
/// Agreement for so long is a view that is back.
const BACK_CHECKS: u32 = 3;
const BACK_FOR: Duration = Duration::from_secs(4);
/// After a silence of so long, or a clock that was set back by so much, counting begins anew.
const GAP_MAX: Duration = Duration::from_mins(1);
const CLOCK_STEP_MIN: Duration = Duration::from_secs(5);

/// Agreement beyond doubt; nothing else is looked at.
const SURE: f32 = 0.65;
/// Fewer cells with detail are as good as none.
const DETAIL_MIN: u32 = 6;
/// A view with fewer is not learned: nobody could tell bare asphalt from other asphalt, or from a
/// cover. Streets have some two hundred of the 480.
const DETAIL_TO_LEARN: u32 = 30;
/// A few lights in the dark have at least so many.
const DETAIL_LIGHTS: u32 = 12;
/// So many cells with detail are enough to say that a view is another one.
const DETAIL_OF_A_SCENE: u32 = 60;
/// A place at night that usually has so many cells with detail is lit.
const DETAIL_LIT: f32 = 18.0;
/// A mean luma code of less is dark.
const DARK: f32 = 36.0;
/// What is usual follows what is seen within about this time, what is recent within that.
const USUAL_OVER: Duration = Duration::from_mins(3);
const RECENT_OVER: Duration = Duration::from_secs(30);

/// What is known of a camera's view.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ViewState {
    /// Not enough was seen to know the view; for good where there is nothing but bare ground.
    #[default]
    Unknown,
    /// As learned.
    Good,
    /// The camera looks elsewhere, or what it looks at was changed from the ground up.
    Moved,
    /// Covered, sprayed, fogged, black or white: there is a picture with nothing in it.
    Blinded,
    /// As learned, or not known, and so dark that nobody could be seen there.
    TooDark,
}

/// The view has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewChange {
    /// What it is now.
    pub state: ViewState,
    /// Since when: the first signature that showed it, earlier than the one that proved it.
    pub since: Timestamp,
}

/// A number for the places drawn on a view: another one when any corner is another. Feed the
/// polygons in a fixed order.
pub fn fingerprint<'a>(polygons: impl IntoIterator<Item = &'a Polygon>) -> u64 {
    // FNV-1a, which stays the same from release to release.
    let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    polygons.into_iter().fold(0xcbf2_9ce4_8422_2325, |hash, polygon| {
        let corners = polygon.corners();
        let numbers = corners.iter().flat_map(|c| [c.x.to_bits(), c.y.to_bits()]);
        let count = corners.len() as u32;
        std::iter::once(count).chain(numbers).flat_map(u32::to_le_bytes).fold(hash, mix)
    })
}

/// Watches one camera's view. Serialisable: a saved one goes on where it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ViewWatch {
    fingerprint: u64,
    state: ViewState,
    since: Timestamp,
    last: Timestamp,
    /// By kind of light; empty while learning.
    references: Vec<Reference>,
    /// What may become a reference.
    candidate: Option<Candidate>,
    usual: Option<Usual>,
    empty: Run,
    mismatched: Run,
    matched: Run,
    /// From the first signature that speaks against the view to the one that clears it, or the judgement.
    #[serde(default, skip_serializing_if = "Run::is_empty")]
    doubt: Run,
    #[serde(default, skip_serializing_if = "Darkness::is_nothing")]
    darkness: Darkness,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Reference {
    structure: Structure,
    detail: u32,
    /// When it was last the best.
    used: Timestamp,
    adapted: Timestamp,
}

/// The mean of signatures so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Candidate {
    mean: Structure,
    detail: u32,
    checks: u32,
    since: Timestamp,
}

/// What the picture is mostly like, over minutes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Usual {
    luma: f32,
    detail: f32,
    detail_recent: f32,
}

/// What one signature says of the view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Judged {
    /// It is that of this reference.
    Match(usize),
    /// It is that of this reference in a light that drifts away from it, or with much before it.
    Resembles(usize),
    /// It is the place, in a light that no reference has.
    Trace,
    /// It is another one.
    Mismatch,
    /// Too little is seen.
    Undecided,
}

impl ViewWatch {
    /// Begins to learn; `fingerprint` stands for what is drawn on the view, see [`fingerprint`].
    pub fn new(fingerprint: u64) -> Self {
        Self {
            fingerprint,
            state: ViewState::Unknown,
            since: Timestamp::default(),
            last: Timestamp::default(),
            references: Vec::new(),
            candidate: None,
            usual: None,
            empty: Run::default(),
            mismatched: Run::default(),
            matched: Run::default(),
            doubt: Run::default(),
            darkness: Darkness::default(),
        }
    }

    /// Goes on with a saved watch, or learns anew when something else is drawn on the view now.
    #[must_use]
    pub fn resume(self, fingerprint: u64) -> Self {
        if self.fingerprint == fingerprint { self } else { Self::new(fingerprint) }
    }

    /// Of what was turned away or covered nobody knows how dark it is.
    fn may_be_dark(&self) -> bool {
        matches!(self.state, ViewState::Good | ViewState::Unknown)
    }

    /// What is drawn on the view that is watched.
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// How the view is, and since when.
    pub fn state(&self) -> ViewChange {
        let Self { state, since, .. } = *self;
        match self.darkness.since().filter(|_| self.may_be_dark()) {
            Some(since) => ViewChange { state: ViewState::TooDark, since },
            None => ViewChange { state, since },
        }
    }

    /// Is something seen that speaks against the view, and not judged yet? What is seen meanwhile may be of
    /// another place. That nothing is told any more, or too little is seen for long, is no doubt.
    pub fn is_in_doubt(&self, at: Timestamp) -> bool {
        let doubt = (1..=DOUBT_CHECKS_MAX).contains(&self.doubt.checks);
        (doubt || self.darkness.is_in_doubt()) && at.since(self.last) <= GAP_MAX
    }

    /// Takes the next signature; tells a change of the state. One that is not newer than the last
    /// is ignored, unless the camera's clock was set back.
    pub fn step(&mut self, at: Timestamp, signature: &Signature) -> Option<ViewChange> {
        let back = self.last.since(at);
        if at == self.last || (!back.is_zero() && back <= CLOCK_STEP_MIN) {
            return None;
        }
        if !back.is_zero() || at.since(self.last) > GAP_MAX {
            self.count_anew();
        }
        let passed = at.since(self.last);
        self.last = at;
        let before = self.state().state;
        if self.may_be_dark() {
            self.darkness.step(at, signature);
        } else {
            self.darkness = Darkness::default();
        }
        self.watch(at, passed, signature);
        Some(self.state()).filter(|now| now.state != before)
    }

    /// Holds it against what the view is to be.
    fn watch(&mut self, at: Timestamp, passed: Duration, signature: &Signature) {
        let (luma, detail) = (signature.mean(), detail(signature));
        let known = !self.references.is_empty();
        if known && detail < DETAIL_MIN && self.expects_detail(luma) {
            return self.see_nothing(at, luma);
        }
        self.empty = Run::default();
        self.get_used_to(luma, detail, passed);
        let structure = Structure::of(signature);
        if !known {
            return self.learn(at, &structure, detail);
        }
        let likeness = self.likeness(&structure, detail);
        self.follow(at, likeness, &structure, detail);
        self.conclude(at, likeness);
    }

    fn count_anew(&mut self) {
        self.empty = Run::default();
        self.mismatched = Run::default();
        self.matched = Run::default();
        self.doubt = Run::default();
        self.darkness.count_anew();
        self.candidate = None;
        if self.last > Timestamp::default() {
            // Times from before mean nothing on a clock that was set.
            self.references.iter_mut().for_each(|r| r.adapted = Timestamp::default());
        }
    }

    /// A dark picture without detail is news only where there was light until now: a street that
    /// fades into a moonless night is not covered.
    fn expects_detail(&self, luma: f32) -> bool {
        match self.usual {
            // Passing cars alone do not make a lit street, and detail that fades was not cut off.
            Some(usual) => {
                let lit = usual.detail.min(usual.detail_recent) >= DETAIL_LIT;
                luma >= DARK || usual.luma >= DARK || lit
            }
            None => luma >= DARK,
        }
    }

    fn get_used_to(&mut self, luma: f32, detail: u32, passed: Duration) {
        let now = Usual { luma, detail: detail as f32, detail_recent: detail as f32 };
        let weight = |over: Duration| (passed.as_secs_f32() / over.as_secs_f32()).min(0.1);
        let usual = self.usual.get_or_insert(now);
        usual.luma += (now.luma - usual.luma) * weight(USUAL_OVER);
        usual.detail += (now.detail - usual.detail) * weight(USUAL_OVER);
        usual.detail_recent += (now.detail - usual.detail_recent) * weight(RECENT_OVER);
    }

    /// Something speaks against the view. A doubt that was given up begins anew: this may have another cause.
    fn doubt(&mut self, at: Timestamp) {
        if self.doubt.checks > DOUBT_CHECKS_MAX {
            self.doubt = Run::default();
        }
        self.doubt.add(at);
    }

    fn see_nothing(&mut self, at: Timestamp, luma: f32) {
        self.mismatched = Run::default();
        self.matched = Run::default();
        self.doubt(at);
        self.empty.add(at);
        let night = luma < DARK && self.usual.is_some_and(|u| u.luma < DARK);
        let time = if night { BLINDED_FOR_IN_THE_DARK } else { BLINDED_FOR };
        if self.empty.lasts(at, BLINDED_CHECKS, time) {
            self.turn(ViewState::Blinded, self.empty.since);
        }
    }

    fn learn(&mut self, at: Timestamp, structure: &Structure, detail: u32) {
        if detail < DETAIL_TO_LEARN {
            self.candidate = None;
        } else if let Some(since) = self.collect(at, structure, detail, LEARN_CHECKS, LEARN_FOR) {
            self.turn(ViewState::Good, since);
        }
    }

    /// Adds to the candidate, or begins another when this is something else. The start of one that
    /// has become a reference.
    fn collect(
        &mut self,
        at: Timestamp,
        structure: &Structure,
        detail: u32,
        checks: u32,
        time: Duration,
    ) -> Option<Timestamp> {
        self.add_to_candidate(at, structure, detail);
        let ready = |c: &&Candidate| c.checks >= checks && at.since(c.since) >= time;
        self.candidate.as_ref().filter(ready)?;
        self.promote(at)
    }

    fn add_to_candidate(&mut self, at: Timestamp, structure: &Structure, detail: u32) {
        let fits = |c: &&mut Candidate| c.mean.correlation(structure) >= MATCH;
        if let Some(candidate) = self.candidate.as_mut().filter(fits) {
            candidate.add(structure, detail);
        } else {
            let mean = structure.clone();
            self.candidate = Some(Candidate { mean, detail, checks: 1, since: at });
        }
    }

    /// Makes the candidate a reference; its start.
    fn promote(&mut self, at: Timestamp) -> Option<Timestamp> {
        let Candidate { mean, detail, since, .. } = self.candidate.take()?;
        let oldest = (0..self.references.len()).min_by_key(|&i| self.references[i].used);
        if let Some(oldest) = oldest.filter(|_| self.references.len() >= REFERENCES_MAX) {
            self.references.remove(oldest);
        }
        self.references.push(Reference { structure: mean, detail, used: at, adapted: at });
        Some(since)
    }

    fn likeness(&self, structure: &Structure, detail: u32) -> Judged {
        let agreement = |r: &Reference| r.structure.correlation(structure);
        let best = (0..self.references.len())
            .map(|i| (agreement(&self.references[i]), i))
            .max_by(|a, b| a.0.total_cmp(&b.0));
        if let Some((_, i)) = best.filter(|(agreement, _)| *agreement >= SURE) {
            return Judged::Match(i);
        }
        let judged: Vec<(f32, Judgement)> = self
            .references
            .iter()
            .map(|r| judge(&Comparison::of(&r.structure, structure)))
            .collect();
        let matching = (0..judged.len()).filter(|i| judged[*i].1 == Judgement::Match);
        if let Some(i) = matching.max_by(|a, b| judged[*a].0.total_cmp(&judged[*b].0)) {
            return Judged::Resembles(i);
        }
        let lines = structure.lines();
        let in_other_light =
            |r: &Reference| same_lines(&Comparison::of(&r.structure.lines(), &lines));
        if judged.iter().any(|j| j.1 == Judgement::Trace)
            || self.references.iter().any(in_other_light)
        {
            return Judged::Trace;
        }
        let newest = self.references.iter().max_by_key(|r| r.used);
        let as_rich =
            newest.is_some_and(|r| detail.min(r.detail) >= DETAIL_LIGHTS && detail * 2 >= r.detail);
        if detail >= DETAIL_OF_A_SCENE || as_rich { Judged::Mismatch } else { Judged::Undecided }
    }

    /// Keeps the references up to date.
    fn follow(&mut self, at: Timestamp, likeness: Judged, structure: &Structure, detail: u32) {
        match likeness {
            Judged::Match(i) => {
                self.candidate = None;
                let reference = &mut self.references[i];
                reference.used = at;
                if at.since(reference.adapted) >= ADAPT_EVERY {
                    reference.adapted = at;
                    reference.structure.approach(structure);
                    // Towards what is seen by an eighth, and by 1 at least.
                    let (was, is) = (i64::from(reference.detail), i64::from(detail));
                    let step = (is - was) / 8 + (is - was).signum();
                    reference.detail = (was + step).max(0) as u32;
                }
            }
            Judged::Resembles(i) => {
                // Left as it is: one that followed the light into the dusk would be gone when
                // lamps or infrared put an end to the dusk.
                self.references[i].used = at;
                self.collect(at, structure, detail, LIGHT_CHECKS, LIGHT_FOR);
            }
            Judged::Trace => {
                self.collect(at, structure, detail, LIGHT_CHECKS, LIGHT_FOR);
            }
            Judged::Mismatch => self.add_to_candidate(at, structure, detail),
            Judged::Undecided => {}
        }
    }

    fn conclude(&mut self, at: Timestamp, likeness: Judged) {
        match likeness {
            Judged::Match(_) | Judged::Resembles(_) | Judged::Trace => {
                self.mismatched = Run::default();
                self.doubt = Run::default();
                self.matched.add(at);
                // A trace of the old view in another one is rare, but may last for a moment.
                let times = if likeness == Judged::Trace { 4 } else { 1 };
                if self.matched.lasts(at, BACK_CHECKS * times, BACK_FOR * times) {
                    self.turn(ViewState::Good, self.matched.since);
                }
            }
            Judged::Mismatch => {
                self.matched = Run::default();
                self.doubt(at);
                self.mismatched.add(at);
                if !self.mismatched.lasts(at, MOVED_CHECKS, MOVED_FOR) {
                    return;
                }
                let since = self.mismatched.since;
                if self.state != ViewState::Moved && self.mean_is_of_the_place() {
                    self.mismatched = Run::default();
                    self.doubt = Run::default();
                    self.promote(at);
                    return;
                }
                self.turn(ViewState::Moved, since);
            }
            Judged::Undecided => {
                if !self.doubt.is_empty() {
                    self.doubt.add(at);
                }
            }
        }
    }

    /// The last word before a view counts as moved: what passes is gone from the mean, and what
    /// stands there shows more clearly.
    fn mean_is_of_the_place(&self) -> bool {
        let Some(candidate) = &self.candidate else { return false };
        let enough = candidate.checks >= MOVED_CHECKS;
        enough && self.likeness(&candidate.mean, candidate.detail) == Judged::Trace
    }

    fn turn(&mut self, state: ViewState, since: Timestamp) {
        if self.state != state {
            (self.state, self.since) = (state, since);
        }
    }
}

impl Candidate {
    fn add(&mut self, structure: &Structure, detail: u32) {
        let n = self.checks as f32;
        let mean = |m: i8, v: i8| ((f32::from(m) * n + f32::from(v)) / (n + 1.0)).round() as i8;
        let (old, new) = (self.mean.cells(), structure.cells());
        let cells: [[i8; 2]; CELLS] =
            std::array::from_fn(|i| [0, 1].map(|k| mean(old[i][k], new[i][k])));
        self.mean = Structure::from_cells(Box::new(cells));
        self.detail = ((self.detail as f32 * n + detail as f32) / (n + 1.0)).round() as u32;
        self.checks += 1;
    }
}
