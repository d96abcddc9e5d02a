//! Subjects that move: a subject is a track, or a track that goes on where one broke.

use super::evaluate::{Memory, Sighting, evaluate, fresh};
use super::report::{Reported, take};
use super::scene::{aspect, centre, distance};
use super::select::Members;
use super::temporal::Level;
use super::{Look, SUBJECTS_MAX, Signal, SubjectKey, View, same_kind, subject};
use crate::id::TrackId;
use crate::incident::Subject;
use crate::observe::Object;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A broken track goes on in a new one that begins so near to where it was heading, in heights of
/// the frame.
const REJOIN_DISTANCE_MAX: f32 = 0.15;

/// All movers of a rule.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Movers {
    movers: Vec<Mover>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Mover {
    reported: Reported,
    /// Who it is, while we know.
    track: Option<TrackId>,
    first: Timestamp,
    looked: Timestamp,
    /// Watched time for which it has not been in view.
    absent: Duration,
    latest: Subject,
    memories: Vec<Memory>,
}

impl Movers {
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
        let mut dropped = 0;
        let mut seen: Vec<Option<usize>> = vec![None; self.movers.len()];
        // A member of half a heading is followed too: it may become one.
        let bits = |o: &usize| (members.masks[*o] | members.half[*o]) >> thing & 1 == 1;
        for o in (0..members.masks.len()).filter(bits) {
            let object = &view.observation.objects[o];
            match self.mover_for(look, view, object, &mut seen, next_key) {
                Some(i) => {
                    seen[i] = Some(o);
                    self.movers[i].latest = subject(object);
                }
                None => dropped += 1,
            }
        }
        let mut i = 0;
        self.movers.retain_mut(|mover| {
            let object = seen[i];
            i += 1;
            let kept = mover.keep(look, object.is_some());
            if kept {
                mover.judge(look, members, object, levels, next_key, signals);
            } else {
                signals.extend(mover.reported.end());
            }
            kept
        });
        dropped
    }

    pub(super) fn is_empty(&self) -> bool {
        self.movers.is_empty()
    }

    pub(super) fn suspend(&mut self) -> Vec<Signal> {
        self.movers.drain(..).filter_map(|m| m.reported.end()).collect()
    }

    pub(super) fn forget_tracks(&mut self) {
        self.movers.iter_mut().for_each(|mover| mover.track = None);
    }

    /// The mover of this track, or one with an incident that was lost near here, or a new one
    /// while there is room.
    fn mover_for(
        &mut self,
        look: &Look<'_>,
        view: &View<'_>,
        object: &Object,
        seen: &mut Vec<Option<usize>>,
        next_key: &mut SubjectKey,
    ) -> Option<usize> {
        if let Some(i) = self.movers.iter().position(|m| m.track == Some(object.track)) {
            return Some(i);
        }
        let at = centre(object, aspect(view.observation));
        let in_view = |track| view.observation.objects.iter().any(|o| Some(o.track) == track);
        let rejoin = (0..self.movers.len()).find(|&i| {
            let m = &self.movers[i];
            let path = m.track.and_then(|track| view.scene.path(track));
            let expected = path.and_then(|path| path.expected_at(look.at));
            seen[i].is_none()
                && m.reported.is_open()
                && !in_view(m.track)
                && same_kind(&m.latest.class, &object.class)
                && expected.is_some_and(|p| distance(p, at) <= REJOIN_DISTANCE_MAX)
        });
        if let Some(i) = rejoin {
            self.movers[i].track = Some(object.track);
            return Some(i);
        }
        let newcomer = Mover {
            reported: Reported::new(take(next_key)),
            track: Some(object.track),
            first: look.at,
            looked: look.at,
            absent: Duration::ZERO,
            latest: subject(object),
            memories: fresh(&look.rule.program),
        };
        if self.movers.len() < SUBJECTS_MAX {
            self.movers.push(newcomer);
            seen.push(None);
            return Some(self.movers.len() - 1);
        }
        // One that is out of view and of which nothing has come makes room.
        let i =
            (0..seen.len()).find(|i| seen[*i].is_none() && self.movers[*i].reported.is_idle())?;
        self.movers[i] = newcomer;
        Some(i)
    }
}

impl Mover {
    /// Takes note of the look; false when it has been out of view for too long.
    fn keep(&mut self, look: &Look<'_>, seen: bool) -> bool {
        if look.at.since(self.looked) > look.pace.away_max {
            return false;
        }
        let gap = look.pace.watched(self.looked, look.at);
        self.looked = look.at;
        self.absent = if seen { Duration::ZERO } else { self.absent + gap };
        self.absent <= look.rule.absence
    }

    fn judge(
        &mut self,
        look: &Look<'_>,
        members: &Members,
        object: Option<usize>,
        levels: &mut [Level],
        next_key: &mut SubjectKey,
        signals: &mut Vec<Signal>,
    ) {
        let sighting = Sighting {
            object,
            mask: object.map_or(0, |o| members.masks[o]),
            half: object.map_or(0, |o| members.half[o]),
            bbox: self.latest.bbox,
            since: self.first,
            left: false,
        };
        evaluate(look, members, Some(&sighting), &mut self.memories, levels);
        look.note(Some((self.reported.key, &self.latest)), levels);
        let level = levels[look.rule.program.trigger];
        let latest = &self.latest;
        self.reported.tell(level, look.at, || vec![latest.clone()], next_key, signals);
    }
}
