//! Subjects that stand: a subject is a *place* with something in it, not a track.
//!
//! Trackers lose and swap ids, a worker restarts and begins a new count, and a parked car is still
//! the same parked car. A new track that has come to rest where a subject is missing becomes that
//! subject; one that was seen to drive in, or only passes, does not.

use super::bears::Scrutiny;
use super::due::{Asked, MISSED};
use super::evaluate::{Memory, Sighting, evaluate, fresh, pass_hidden};
use super::look::{Look, View, concerned};
use super::measure::same_kind;
use super::path::Who;
use super::report::{Reported, take};
use super::select::{Members, is_there};
use super::signal::{SUBJECTS_MAX, Signal, SubjectKey, subject};
use super::temporal::{Hold, HoldParams, Level, Phase, Step};
use crate::geometry::UnitBox;
use crate::incident::Subject;
use crate::observe::Object;
use crate::plan::program::Area;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

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
/// How fast the anchor follows the boxes: so much of what is left to go, for each look at the rule's
/// own rate, of which there may be fewer. A creeping queue outruns it and so does not stand.
const ANCHOR_RATE: f32 = 1.0 / 9.0;
/// Looks in a row that a thing must be elsewhere to have moved: one may be a bad box.
const MOVED_LOOKS: u8 = 2;
/// Seen elsewhere once, and then not for so long, it has left as well.
const MOVED_UNSEEN: Duration = Duration::from_secs(5);
/// A track whose first box overlaps its resting place by less than this drove there.
const DROVE_IN_IOU_MAX: f32 = 0.25;
/// The same by its path, which reaches beyond the zone, in diagonals of its box.
const DROVE_IN_SIZES_MIN: f32 = 0.7;
/// A subject whose own track was seen to leave is missing only for so long.
const LEFT_ABSENCE: Duration = Duration::from_secs(15);

/// All places of a rule.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Places {
    places: Vec<Place>,
}

/// Something in a place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Place {
    reported: Reported,
    /// Who is there, while we know.
    #[serde(default)]
    who: Option<Who>,
    /// Where it stands, smoothed.
    anchor: UnitBox,
    /// Where that was first seen.
    origin: UnitBox,
    /// For how long it has been there.
    presence: Hold,
    /// Looks in a row in which its track was elsewhere.
    moved: u8,
    /// Its track was seen to leave.
    left: bool,
    /// As last seen.
    latest: Subject,
    memories: Vec<Memory>,
}

/// What a look finds in a place.
#[derive(Clone, Copy, PartialEq)]
enum Found {
    /// The object, at rest there.
    Seen(usize),
    Missing,
    Hidden,
}

impl Places {
    #[expect(
        clippy::too_many_arguments,
        reason = "one look of one rule, taken apart by its caller"
    )]
    pub(super) fn step(
        &mut self,
        look: &Look<'_>,
        view: &View<'_>,
        thing: usize,
        members: &Members,
        levels: &mut [Level],
        next_key: &mut SubjectKey,
        signals: &mut Vec<Signal>,
    ) -> u64 {
        let stand = Stand::new(look, view, thing, members);
        let mut found = self.follow(&stand, next_key, signals);
        self.adopt(&stand, &mut found, signals);
        let dropped = self.admit(&stand, &mut found, next_key);
        for (place, found) in self.places.iter_mut().zip(found) {
            place.judge(&stand, found, levels, next_key, signals);
        }
        dropped
    }

    pub(super) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// How closely they must be looked at.
    pub(super) fn scrutiny(&self, asked: &Asked<'_>) -> Scrutiny {
        self.places.iter().map(|place| place.scrutiny(asked)).max().unwrap_or(Scrutiny::Idle)
    }

    pub(super) fn suspend(&mut self) -> Vec<Signal> {
        self.places.drain(..).filter_map(|p| p.reported.end()).collect()
    }

    /// Each known place takes its own track's object. Places that are over are dropped.
    fn follow(
        &mut self,
        stand: &Stand<'_>,
        next_key: &mut SubjectKey,
        signals: &mut Vec<Signal>,
    ) -> Vec<Found> {
        let mut found = Vec::with_capacity(self.places.len());
        self.places.retain_mut(|place| {
            let now = place.look(stand, next_key, signals);
            found.extend(now);
            if now.is_none() {
                signals.extend(place.reported.end());
            }
            now.is_some()
        });
        found
    }

    /// A place that is missing its subject takes the newcomer that came to rest there. The
    /// newcomer's own place ends without a word.
    fn adopt(&mut self, stand: &Stand<'_>, found: &mut Vec<Found>, signals: &mut Vec<Signal>) {
        let mut i = 0;
        while i < self.places.len() {
            let newcomer = &self.places[i];
            let at_rest = newcomer.presence.phase > Phase::New && !newcomer.reported.is_open();
            let host = match found[i] {
                Found::Seen(_) if at_rest => self.host_of(i, found),
                _ => None,
            };
            let Some(host) = host else {
                i += 1;
                continue;
            };
            if newcomer.drove_in(stand) {
                // Another one has its place: it has left.
                self.places[host].left = true;
                i += 1;
                continue;
            }
            let newcomer = self.places.remove(i);
            let seen = found.remove(i);
            signals.extend(newcomer.reported.end());
            let host = host - usize::from(host > i);
            let place = &mut self.places[host];
            place.who = newcomer.who;
            place.origin = newcomer.origin;
            place.latest = newcomer.latest;
            place.left = false;
            place.moved = 0;
            place.presence.step(&place.params(stand), stand.look.at, true);
            found[host] = seen;
        }
    }

    /// The older place that place `i` is, if there is one whose subject is missing.
    fn host_of(&self, i: usize, found: &[Found]) -> Option<usize> {
        let newcomer = &self.places[i];
        (0..self.places.len())
            .filter(|&j| j != i && self.places[j].presence.first < newcomer.presence.first)
            .filter(|&j| self.places[j].presence.phase > Phase::New)
            .filter(|&j| !matches!(found[j], Found::Seen(_)))
            .filter(|&j| same_kind(&self.places[j].latest.class, &newcomer.latest.class))
            .filter(|&j| is_same(&self.places[j].anchor, &newcomer.anchor))
            .max_by(|&a, &b| {
                // The one that was last seen, and of those the one that fits best.
                let (a, b) = (&self.places[a], &self.places[b]);
                let iou = |place: &Place| place.anchor.iou(&newcomer.anchor);
                let fits = || iou(a).total_cmp(&iou(b));
                a.presence.last.cmp(&b.presence.last).then_with(fits)
            })
    }

    /// Objects in the zone that belong to no place found one. Returns how many found no room.
    fn admit(
        &mut self,
        stand: &Stand<'_>,
        found: &mut Vec<Found>,
        next_key: &mut SubjectKey,
    ) -> u64 {
        let mut dropped = 0;
        for &o in &stand.candidates {
            let object = stand.object(o);
            let known = self.places.iter().any(|p| {
                (p.who.is_some() && p.who == stand.who(o))
                    || (p.presence.absent().is_zero()
                        && same_kind(&p.latest.class, &object.class)
                        && p.anchor.share(&object.bbox) >= SAME_SHARE_MIN
                        && alike(&p.anchor, &object.bbox))
            });
            if known || !stand.is_there(&object.bbox) {
                continue;
            }
            if self.places.len() >= SUBJECTS_MAX {
                // The longest missing that nothing has come of makes room; incidents never do.
                let gone = (0..self.places.len())
                    .filter(|&i| self.places[i].reported.is_idle())
                    .max_by_key(|&i| self.places[i].presence.absent());
                dropped += 1;
                let Some(i) = gone else { continue };
                self.places.remove(i);
                found.remove(i);
            }
            self.places.push(Place::new(take(next_key), stand, o));
            found.push(Found::Seen(o));
        }
        dropped
    }
}

/// One look, as the places of a rule need it.
struct Stand<'a> {
    look: &'a Look<'a>,
    view: &'a View<'a>,
    members: &'a Members,
    thing: usize,
    /// Objects of the thing, wherever they are.
    candidates: Vec<usize>,
    /// Things whose area is that of the subject's own thing.
    same_area: u32,
}

impl<'a> Stand<'a> {
    fn new(look: &'a Look<'a>, view: &'a View<'a>, thing: usize, members: &'a Members) -> Self {
        let things = &look.rule.program.things;
        let same_area = (0..things.len())
            .filter(|t| things[*t].area == things[thing].area)
            .fold(0, |bits, t| bits | 1 << t);
        let candidates = (0..members.anywhere.len())
            .filter(|o| members.anywhere[*o] >> thing & 1 == 1)
            .collect();
        Self { look, view, members, thing, candidates, same_area }
    }

    fn who(&self, o: usize) -> Option<Who> {
        self.view.scene.who(o)
    }

    fn object(&self, o: usize) -> &'a Object {
        &self.view.observation.objects[o]
    }

    fn area(&self) -> Area {
        self.look.rule.program.things[self.thing].area
    }

    fn is_there(&self, bbox: &UnitBox) -> bool {
        is_there(self.view, self.area(), bbox)
    }

    /// By which share of what is left to go an anchor follows, after the time since a look: by a
    /// tenth at the rule's own rate. Not a power of it, which is another function on another machine.
    fn follow(&self, before: Timestamp) -> f32 {
        let looks =
            self.look.pace.watched(before, self.look.at).as_secs_f32() * self.look.rule.look_hz;
        ANCHOR_RATE * looks / (1.0 + ANCHOR_RATE * looks)
    }

    fn params(&self) -> HoldParams {
        HoldParams {
            settle: self.look.settle,
            dwell: Duration::MAX,
            absence: self.look.rule.absence,
            lapse: self.look.rule.absence,
            support_min: 0.0,
            pace: self.look.pace,
        }
    }
}

impl Place {
    fn new(key: SubjectKey, stand: &Stand<'_>, o: usize) -> Self {
        let object = stand.object(o);
        Self {
            reported: Reported::new(key),
            who: stand.who(o),
            anchor: object.bbox,
            origin: stand.view.scene.path(o).map_or(object.bbox, |path| path.origin),
            presence: Hold::begin(stand.look.at),
            moved: 0,
            left: false,
            latest: subject(object),
            memories: fresh(&stand.look.rule.program),
        }
    }

    /// Looks for its subject; none when it is over.
    fn look(
        &mut self,
        stand: &Stand<'_>,
        next_key: &mut SubjectKey,
        signals: &mut Vec<Signal>,
    ) -> Option<Found> {
        let at = stand.look.at;
        let is_own = |o: &&usize| self.who.is_some() && stand.who(**o) == self.who;
        let own = stand.candidates.iter().find(is_own).copied();
        if own.is_none() && self.is_hidden(stand) && self.presence.pass_hidden(&stand.look.pace, at)
        {
            return Some(Found::Hidden);
        }
        // Once it stands, the edge of the zone is not asked again: boxes jitter.
        let follow = stand.follow(self.presence.last_look());
        let stays = own.filter(|o| self.stays(stand.object(*o), follow));
        let holds =
            stays.filter(|_| self.presence.phase > Phase::New || stand.is_there(&self.anchor));
        if let Some(o) = own
            && self.has_moved(stand, o, next_key, signals)
        {
            return stand.is_there(&self.anchor).then_some(Found::Seen(o));
        }
        self.left |= self.moved > 0 && self.presence.absent() >= MOVED_UNSEEN;
        match self.presence.step(&self.params(stand), at, holds.is_some()) {
            Step::Over => None,
            _ => Some(holds.map_or(Found::Missing, Found::Seen)),
        }
    }

    /// Takes note of the object; is it where the subject stands?
    fn stays(&mut self, object: &Object, follow: f32) -> bool {
        if !is_still(&self.anchor, &object.bbox) {
            return false;
        }
        self.moved = 0;
        self.left = false;
        self.latest = subject(object);
        self.anchor = blend(&self.anchor, &object.bbox, follow);
        true
    }

    /// What is in the place is elsewhere. What has not come to rest yet takes its place along. A thing
    /// that stood leaves a place behind, which waits for it: it may be that the tracker gave its
    /// name to somebody who passes.
    fn has_moved(
        &mut self,
        stand: &Stand<'_>,
        o: usize,
        next_key: &mut SubjectKey,
        signals: &mut Vec<Signal>,
    ) -> bool {
        let object = stand.object(o);
        if is_still(&self.anchor, &object.bbox) {
            return false;
        }
        self.moved = self.moved.saturating_add(1);
        if self.presence.phase > Phase::New {
            if self.moved >= MOVED_LOOKS {
                self.who = None;
                self.left = true;
            }
            return false;
        }
        if self.moved < MOVED_LOOKS && self.anchor.intersection(&object.bbox) > 0.0 {
            return false;
        }
        signals.extend(self.reported.end());
        *self = Self::new(take(next_key), stand, o);
        true
    }

    /// Was it seen to come here from elsewhere? Then it is not one that was lost here.
    fn drove_in(&self, stand: &Stand<'_>) -> bool {
        let path = self.who.and_then(|who| stand.view.scene.path_of(who));
        self.origin.iou(&self.anchor) < DROVE_IN_IOU_MAX
            || path.is_some_and(|path| path.came_from_afar(DROVE_IN_SIZES_MIN))
    }

    /// Does something of another track stand before it?
    fn is_hidden(&self, stand: &Stand<'_>) -> bool {
        let area = self.anchor.area();
        self.presence.phase > Phase::New
            && stand.view.observation.objects.iter().enumerate().any(|(i, o)| {
                (self.who.is_none() || stand.who(i) != self.who)
                    && !is_same(&self.anchor, &o.bbox)
                    && self.anchor.intersection(&o.bbox) >= HIDING_SHARE_MIN * area
            })
    }

    fn params(&self, stand: &Stand<'_>) -> HoldParams {
        let params = stand.params();
        let absence = if self.left { params.absence.min(LEFT_ABSENCE) } else { params.absence };
        HoldParams { absence, lapse: absence, ..params }
    }

    /// What only passes leaves a place without anything in it, which needs nobody's looks.
    fn scrutiny(&self, asked: &Asked<'_>) -> Scrutiny {
        let lately = self.presence.absent() <= MISSED;
        match self.presence.phase {
            // It may only pass.
            Phase::New if lately => Scrutiny::Busy,
            Phase::New => Scrutiny::Idle,
            // Whether it is still there hangs on the next look.
            _ if self.moved > 0 && lately => Scrutiny::Close,
            _ if lately => {
                let open = self.reported.is_open();
                match asked.subject(&self.memories, open) {
                    Scrutiny::Busy if open && self.presence.absent().is_zero() => Scrutiny::Told,
                    closely => closely,
                }
            }
            _ => Scrutiny::Busy,
        }
    }

    /// Evaluates its conditions and says what changed.
    fn judge(
        &mut self,
        stand: &Stand<'_>,
        found: Found,
        levels: &mut [Level],
        next_key: &mut SubjectKey,
        signals: &mut Vec<Signal>,
    ) {
        let at = stand.look.at;
        let sighting = Sighting {
            object: None,
            mask: 0,
            half: 0,
            bbox: self.anchor,
            since: self.presence.first,
            left: self.left,
        };
        let sighting = match found {
            Found::Hidden => {
                pass_hidden(stand.look, stand.members, &sighting, &mut self.memories);
                return;
            }
            Found::Missing => sighting,
            Found::Seen(o) => {
                let members = stand.members;
                let sticky = if self.presence.phase > Phase::New { stand.same_area } else { 0 };
                let mask = members.masks[o] | (members.anywhere[o] & sticky);
                Sighting { object: Some(o), mask, half: members.half[o], ..sighting }
            }
        };
        evaluate(stand.look, stand.members, Some(&sighting), &mut self.memories, levels);
        stand.look.note(Some((self.reported.key, &self.latest)), levels);
        let level = levels[stand.look.rule.program.trigger];
        let told = || concerned(Some(stand.view), &self.latest, self.who);
        self.reported.tell(level, at, told, next_key, signals);
    }
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
    anchor.iou(bbox) >= STILL_IOU_MIN || anchor.share(bbox) >= STILL_SHARE_MIN
}

fn blend(anchor: &UnitBox, bbox: &UnitBox, follow: f32) -> UnitBox {
    let (a, b) = (anchor.corners(), bbox.corners());
    let mixed = std::array::from_fn(|i| a[i] + follow * (b[i] - a[i]));
    // Both are valid boxes and the set of valid boxes is convex, but for rounding.
    UnitBox::try_from(mixed).unwrap_or(*anchor)
}
