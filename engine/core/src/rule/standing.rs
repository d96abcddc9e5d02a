//! A subject stands in the zone for `dwell`.
//!
//! A subject is a *place* with something in it, not a track: trackers lose and swap ids, a worker
//! restarts and begins a new count, and a parked car is still the same parked car. A new track
//! that has come to rest where a subject is missing becomes that subject; one that only passes
//! does not.

use super::hold::{Hold, HoldParams, Phase, Step};
use super::{Look, SUBJECTS_MAX, Signal, SubjectKey, ending, same_kind, subject};
use crate::geometry::UnitBox;
use crate::id::TrackId;
use crate::incident::Subject;
use crate::observe::Object;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// At rest for so long, a thing stands; half the dwell when that is shorter. Longer than the
/// stop of a car that lets someone pass, short enough for a truthful first picture.
const SETTLE: Duration = Duration::from_secs(3);
/// Overlap with the anchor from which on a thing is where it was.
const STILL_IOU_MIN: f32 = 0.45;
/// Or so much of the smaller box inside the larger: what is left of a car behind a passer-by.
const STILL_SHARE_MIN: f32 = 0.8;
/// Two boxes with so much of the smaller inside the larger are one thing seen twice.
const SAME_SHARE_MIN: f32 = 0.7;
/// A box of less than this share of the other's area is a smaller thing before or behind it.
const SAME_AREA_MIN: f32 = 0.4;
/// A box that covers so much of a place hides who stands there.
const HIDING_SHARE_MIN: f32 = 0.6;
/// How fast the anchor follows the boxes; a creeping queue outruns it and so does not stand.
const ANCHOR_GAIN: f32 = 0.1;
/// Looks in a row that a thing must be elsewhere to have moved: one may be a bad box.
const MOVED_LOOKS: u8 = 2;
/// A subject whose own track was seen to leave is missing only for so long.
const LEFT_ABSENCE: Duration = Duration::from_secs(15);
/// A parked car is detected in more looks than this even at dusk; a false box is not.
const SUPPORT_MIN: f32 = 0.2;

/// Memory of the rule.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Standing {
    next_key: SubjectKey,
    places: Vec<Place>,
}

/// Something in a place.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Place {
    key: SubjectKey,
    /// Who is there, while we know.
    track: Option<TrackId>,
    /// Where it stands, smoothed.
    anchor: UnitBox,
    hold: Hold,
    /// Looks in a row in which its track was elsewhere.
    moved: u8,
    /// Its track was seen to leave.
    left: bool,
    /// It was seen to come from elsewhere, so it is not one that was lost here.
    drove_in: bool,
    /// As last seen.
    latest: Subject,
}

impl Standing {
    pub(super) fn step(&mut self, look: Look<'_>, dwell: Duration) -> Vec<Signal> {
        let params = HoldParams {
            settle: SETTLE.min(dwell / 2),
            dwell,
            absence: look.rule.absence,
            support_min: SUPPORT_MIN,
        };
        let objects: Vec<&Object> = look.objects().collect();
        let mut signals = Vec::new();
        self.follow(look, &params, &objects, &mut signals);
        self.adopt(look.at(), &params, &mut signals);
        self.admit(look, &objects);
        signals
    }

    pub(super) fn suspend(&mut self) -> Vec<Signal> {
        self.places.drain(..).filter_map(|p| ending(p.key, p.hold.phase, p.hold.last)).collect()
    }

    pub(super) fn forget_tracks(&mut self) {
        self.places.iter_mut().for_each(|place| place.track = None);
    }

    /// Each known place takes its own track's object.
    fn follow(
        &mut self,
        look: Look<'_>,
        params: &HoldParams,
        objects: &[&Object],
        signals: &mut Vec<Signal>,
    ) {
        self.places.retain_mut(|place| {
            let own = objects.iter().find(|o| Some(o.track) == place.track).copied();
            if own.is_none() && place.is_hidden(look) && place.hold.pass_hidden(look.at()) {
                return true;
            }
            // Once it stands, the edge of the zone is not asked again: boxes jitter.
            let holds = own.is_some_and(|o| place.stays(o))
                && (place.hold.phase > Phase::New || look.zone.contains(place.anchor.ground()));
            if own.is_some_and(|object| place.has_moved(object, look.at(), signals)) {
                return look.zone.contains(place.anchor.ground());
            }
            let step = place.hold.step(&place.params(params), look.at(), holds);
            place.report(step, holds, signals)
        });
    }

    /// A place that is missing its subject takes the newcomer that came to rest there. The
    /// newcomer's own place ends without a word.
    fn adopt(&mut self, at: Timestamp, params: &HoldParams, signals: &mut Vec<Signal>) {
        let mut i = 0;
        while i < self.places.len() {
            let newcomer = &self.places[i];
            let at_rest = newcomer.hold.phase == Phase::Settled && newcomer.hold.last == at;
            let host = (at_rest && !newcomer.drove_in).then(|| self.host_of(i)).flatten();
            let Some(host) = host else {
                i += 1;
                continue;
            };
            let newcomer = self.places.remove(i);
            let begun_now = Signal::Began(newcomer.key);
            match signals.iter().position(|s| *s == begun_now) {
                Some(said) => drop(signals.remove(said)),
                None => signals.push(Signal::Lapsed(newcomer.key)),
            }
            let place = &mut self.places[host - usize::from(host > i)];
            place.track = newcomer.track;
            place.latest = newcomer.latest;
            place.left = false;
            place.moved = 0;
            let step = place.hold.step(&place.params(params), at, true);
            place.report(step, true, signals);
        }
    }

    /// The older place that place `i` is, if there is one whose subject is missing.
    fn host_of(&self, i: usize) -> Option<usize> {
        let newcomer = &self.places[i];
        (0..self.places.len())
            .filter(|&j| j != i && self.places[j].hold.first < newcomer.hold.first)
            .filter(|&j| self.places[j].hold.phase > Phase::New)
            .filter(|&j| self.places[j].hold.last < newcomer.hold.last)
            .filter(|&j| same_kind(&self.places[j].latest.class, &newcomer.latest.class))
            .filter(|&j| is_same(&self.places[j].anchor, &newcomer.anchor))
            .max_by(|&a, &b| {
                let iou = |j: usize| self.places[j].anchor.iou(&newcomer.anchor);
                iou(a).total_cmp(&iou(b))
            })
    }

    /// Objects in the zone that belong to no place found one.
    fn admit(&mut self, look: Look<'_>, objects: &[&Object]) {
        for object in objects {
            let known = self.places.iter().any(|p| {
                p.track == Some(object.track)
                    || (p.hold.absent().is_zero()
                        && same_kind(&p.latest.class, &object.class)
                        && share(&p.anchor, &object.bbox) >= SAME_SHARE_MIN
                        && alike(&p.anchor, &object.bbox))
            });
            if known || !look.zone.contains(object.bbox.ground()) {
                continue;
            }
            if self.places.len() >= SUBJECTS_MAX {
                // The longest missing that nothing has come of makes room; incidents never do.
                let gone = (0..self.places.len())
                    .filter(|&i| self.places[i].hold.phase == Phase::New)
                    .max_by_key(|&i| self.places[i].hold.absent());
                match gone {
                    Some(i) => drop(self.places.remove(i)),
                    None => continue,
                }
            }
            self.places.push(Place {
                key: self.next_key,
                track: Some(object.track),
                anchor: object.bbox,
                hold: Hold::begin(look.at()),
                moved: 0,
                left: false,
                drove_in: false,
                latest: subject(object),
            });
            self.next_key += 1;
        }
    }
}

impl Place {
    /// Takes note of the object; is it where the subject stands?
    fn stays(&mut self, object: &Object) -> bool {
        if !is_still(&self.anchor, &object.bbox) {
            return false;
        }
        self.moved = 0;
        self.left = false;
        self.latest = subject(object);
        self.anchor = blend(&self.anchor, &object.bbox);
        true
    }

    /// The place's own track is elsewhere. A candidate starts anew there; an incident waits for
    /// its subject, because the tracker may have given its id to a passer-by.
    fn has_moved(&mut self, object: &Object, at: Timestamp, signals: &mut Vec<Signal>) -> bool {
        if is_still(&self.anchor, &object.bbox) {
            return false;
        }
        self.moved = self.moved.saturating_add(1);
        if self.hold.phase == Phase::Fired {
            if self.moved >= MOVED_LOOKS {
                self.track = None;
                self.left = true;
            }
            return false;
        }
        if self.moved < MOVED_LOOKS && self.anchor.intersection(&object.bbox) > 0.0 {
            return false;
        }
        signals.extend(ending(self.key, self.hold.phase, self.hold.last));
        self.drove_in |= self.anchor.intersection(&object.bbox) <= 0.0;
        self.hold = Hold::begin(at);
        self.anchor = object.bbox;
        self.latest = subject(object);
        self.moved = 0;
        true
    }

    /// Does something of another track stand before it?
    fn is_hidden(&self, look: Look<'_>) -> bool {
        let area = self.anchor.area();
        self.hold.phase > Phase::New
            && look.observation.objects.iter().any(|o| {
                Some(o.track) != self.track
                    && !is_same(&self.anchor, &o.bbox)
                    && self.anchor.intersection(&o.bbox) >= HIDING_SHARE_MIN * area
            })
    }

    fn params(&self, rule: &HoldParams) -> HoldParams {
        let absence = if self.left { rule.absence.min(LEFT_ABSENCE) } else { rule.absence };
        HoldParams { absence, ..*rule }
    }

    /// Turns a step into signals; false when the place is to be forgotten.
    fn report(&self, step: Step, holds: bool, signals: &mut Vec<Signal>) -> bool {
        let subjects = || vec![self.latest.clone()];
        match step {
            Step::Settled => signals.push(Signal::Began(self.key)),
            Step::Fired => signals.push(Signal::Fired {
                key: self.key,
                first_seen: self.hold.first,
                subjects: subjects(),
            }),
            Step::Over => signals.extend(ending(self.key, self.hold.phase, self.hold.last)),
            Step::Quiet if holds && self.hold.phase == Phase::Fired => {
                signals.push(Signal::Continues { key: self.key, subjects: subjects() });
            }
            Step::Quiet => {}
        }
        step != Step::Over
    }
}

/// Share of the smaller box that lies in the larger.
fn share(a: &UnitBox, b: &UnitBox) -> f32 {
    let smaller = a.area().min(b.area());
    if smaller > 0.0 { a.intersection(b) / smaller } else { 0.0 }
}

/// Are they of about one size?
fn alike(a: &UnitBox, b: &UnitBox) -> bool {
    a.area().min(b.area()) >= SAME_AREA_MIN * a.area().max(b.area())
}

/// Could a box of another track be what stood at the anchor?
fn is_same(anchor: &UnitBox, bbox: &UnitBox) -> bool {
    is_still(anchor, bbox) && alike(anchor, bbox)
}

/// Is a box of the place's own track still there?
fn is_still(anchor: &UnitBox, bbox: &UnitBox) -> bool {
    anchor.iou(bbox) >= STILL_IOU_MIN || share(anchor, bbox) >= STILL_SHARE_MIN
}

fn blend(anchor: &UnitBox, bbox: &UnitBox) -> UnitBox {
    let (a, b) = (anchor.corners(), bbox.corners());
    let mixed = std::array::from_fn(|i| a[i] + ANCHOR_GAIN * (b[i] - a[i]));
    // Both are valid boxes and the set of valid boxes is convex, but for rounding.
    UnitBox::try_from(mixed).unwrap_or(*anchor)
}
