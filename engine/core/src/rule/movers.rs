//! Subjects that move: a subject is whoever it was in the look before, see [`super::lineage`].

use super::bears::Scrutiny;
use super::due::{Asked, MISSED};
use super::evaluate::{Memory, Sighting, evaluate, fresh};
use super::look::{Look, View, concerned};
use super::path::Who;
use super::report::{Reported, take};
use super::select::Members;
use super::signal::{SUBJECTS_MAX, Signal, SubjectKey, subject};
use super::temporal::Level;
use crate::incident::Subject;
use crate::observe::Object;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// All movers of a rule.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Movers {
    movers: Vec<Mover>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Mover {
    reported: Reported,
    /// In a state of an earlier version nobody was: its movers end when their time is over.
    #[serde(default = "nobody")]
    who: Who,
    first: Timestamp,
    looked: Timestamp,
    /// Watched time for which it has not been in view.
    absent: Duration,
    latest: Subject,
    memories: Vec<Memory>,
}

/// No thing of a scene has this number.
fn nobody() -> Who {
    Who::MAX
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
            let mover = view.scene.who(o);
            match mover.and_then(|who| self.mover_for(look, who, object, &mut seen, next_key)) {
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

    /// How closely they must be looked at.
    pub(super) fn scrutiny(&self, asked: &Asked<'_>) -> Scrutiny {
        let of = |mover: &Mover| {
            let open = mover.reported.is_open();
            if open || mover.absent <= MISSED {
                asked.subject(&mover.memories, open)
            } else {
                Scrutiny::Idle
            }
        };
        self.movers.iter().map(of).max().unwrap_or(Scrutiny::Idle)
    }

    pub(super) fn suspend(&mut self) -> Vec<Signal> {
        self.movers.drain(..).filter_map(|m| m.reported.end()).collect()
    }

    /// The mover that this is, or a new one while there is room.
    fn mover_for(
        &mut self,
        look: &Look<'_>,
        who: Who,
        object: &Object,
        seen: &mut Vec<Option<usize>>,
        next_key: &mut SubjectKey,
    ) -> Option<usize> {
        if let Some(i) = self.movers.iter().position(|m| m.who == who) {
            return Some(i);
        }
        let newcomer = Mover {
            reported: Reported::new(take(next_key)),
            who,
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
        let told = || concerned(look.view.as_ref(), &self.latest, Some(self.who));
        self.reported.tell(level, look.at, told, next_key, signals);
    }
}
