//! The objects of one camera from look to look: who each of them is, and its path, shared by the camera's rules.

use super::lineage::{Matching, Room, identify};
use super::path::{PATH_SPAN_MAX, Path, Who};
use crate::observe::Observation;
use crate::plan::Line;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A clock that was set back by more has begun a new time.
const CLOCK_STEP_MIN: Duration = Duration::from_secs(5);
/// Most tracks followed at once; far more than a picture holds.
const PATHS_MAX: usize = 1024;

/// Paths, by who.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Scene {
    paths: Vec<Path>,
    #[serde(default)]
    next: Who,
    /// For each object of the newest look, the index of its path.
    #[serde(skip)]
    now: Vec<Option<usize>>,
}

impl Scene {
    /// Takes in a look at a camera that has these lines.
    pub(super) fn see(&mut self, observation: &Observation, lines: &[Line], room: &mut Room) {
        let at = observation.frame.captured;
        let aspect = observation.aspect();
        self.paths.retain(|path| {
            let seen = path.seen();
            at.since(seen) <= PATH_SPAN_MAX && seen.since(at) <= CLOCK_STEP_MIN
        });
        let look = Matching { paths: &self.paths, objects: &observation.objects, at, aspect };
        identify(&look, room, &mut self.now);
        let mut renamed = Vec::new();
        for (o, (object, now)) in observation.objects.iter().zip(&mut self.now).enumerate() {
            let i = match *now {
                Some(i) => i,
                None if self.paths.len() >= PATHS_MAX => continue,
                None => {
                    renamed.push(o);
                    self.paths.push(Path::new(self.next, object));
                    self.next += 1;
                    self.paths.len() - 1
                }
            };
            *now = Some(i);
            if self.paths[i].track != Some(object.track) {
                renamed.push(o);
            }
            self.paths[i].go(at, object, aspect, lines);
        }
        // A track is one thing's: the one that has it now.
        for o in renamed {
            let track = Some(observation.objects[o].track);
            for (i, path) in self.paths.iter_mut().enumerate() {
                if path.track == track && Some(i) != self.now[o] {
                    path.track = None;
                }
            }
        }
    }

    /// A new count of tracks begins: who is who follows from where they are.
    pub fn forget_tracks(&mut self) {
        self.paths.iter_mut().for_each(|path| path.track = None);
    }

    /// The path of an object of the newest look.
    pub(super) fn path(&self, object: usize) -> Option<&Path> {
        self.now.get(object).copied().flatten().map(|i| &self.paths[i])
    }

    /// Who an object of the newest look is.
    pub(super) fn who(&self, object: usize) -> Option<Who> {
        self.path(object).map(|path| path.who)
    }

    /// Was whoever this is seen in the newest look?
    pub(super) fn is_in_view(&self, who: Who) -> bool {
        self.now.iter().flatten().any(|i| self.paths[*i].who == who)
    }

    /// The path of whoever this is, while it is remembered.
    pub(super) fn path_of(&self, who: Who) -> Option<&Path> {
        self.paths.binary_search_by_key(&who, |p| p.who).ok().map(|i| &self.paths[i])
    }
}
