//! How an object moves: where it was lately.
//!
//! Distances are in heights of the frame, so that a wide picture does not stretch them. A thing is
//! judged by how far it got in proportion to its own size: that needs no calibration and is the
//! same near and far.

use super::course::Course;
use super::lines::Passage;
use super::measure::{centre, diagonal, distance, is_whole, squared};
use crate::geometry::{Homography, UnitBox, UnitPoint};
use crate::id::TrackId;
use crate::observe::{Class, Object};
use crate::plan::Line;
use crate::plan::program::Crossing;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::time::Duration;

/// Points of a path that are kept are so far apart, but for the newest one: all at 5 Hz.
const POINT_EVERY: Duration = Duration::from_millis(180);
/// Most points of a path kept: more than [`PATH_SPAN_MAX`] holds.
const PATH_MAX: usize = 72;
/// A path is forgotten beyond this, and so is a track that was not seen for so long.
pub(super) const PATH_SPAN_MAX: Duration = Duration::from_secs(12);
/// Over so long motion is judged.
const MOTION_SPAN: Duration = Duration::from_secs(3);
/// Seen for less than this, a thing is neither moving nor standing.
const MOTION_SPAN_MIN: Duration = Duration::from_millis(900);
/// In `MOTION_SPAN` a moving thing gets further than this share of its box's diagonal: a person
/// who strolls three times, a creeping car about as far, a jittering box a third.
const MOVED_MIN: f32 = 0.2;
/// Over a short time at least this share of `MOVED_MIN` is wanted.
const MOVED_SHARE_MIN: f32 = 0.5;
/// Where something is expected follows from where it was within this time.
const COURSE_SPAN: Duration = Duration::from_secs(1);
/// Over less time than this a speed is noise.
const SPEED_SPAN_MIN: Duration = Duration::from_millis(900);
/// Boxes of one thing have diagonals within this share of each other from look to look.
const SAME_SIZE_MIN: f32 = 0.7;

/// Number of a thing in one scene, whatever its track is called; never used twice.
pub(super) type Who = u64;

/// Where a thing was lately.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Path {
    pub(super) who: Who,
    /// What the tracker calls it; none when that is open.
    pub(super) track: Option<TrackId>,
    /// As last seen.
    pub(super) class: Class,
    /// As last seen.
    pub(super) bbox: UnitBox,
    /// Where it was first seen.
    pub(super) origin: UnitBox,
    /// Oldest first.
    points: VecDeque<Point>,
    /// Of its ground point, since it was first seen.
    #[serde(default, skip_serializing_if = "Course::is_empty")]
    course: Course,
    /// Since when it has been at rest; none while it moves or is too new to tell.
    pub(super) still_since: Option<Timestamp>,
    /// It is on its way.
    pub(super) moving: bool,
    /// By line of the camera.
    passages: Vec<Passage>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Point {
    at: Timestamp,
    /// Centre of the box, in heights of the frame.
    centre: [f32; 2],
    ground: UnitPoint,
    /// Of the box, in heights of the frame.
    diagonal: f32,
    /// The frame's edge does not cut it: only then is its centre the thing's.
    whole: bool,
}

impl Path {
    pub(super) fn new(who: Who, object: &Object) -> Self {
        Self {
            who,
            track: Some(object.track),
            class: object.class.clone(),
            bbox: object.bbox,
            origin: object.bbox,
            points: VecDeque::with_capacity(8),
            course: Course::default(),
            still_since: None,
            moving: false,
            passages: Vec::new(),
        }
    }

    pub(super) fn go(&mut self, at: Timestamp, object: &Object, aspect: f32, lines: &[Line]) {
        while self.points.len() >= PATH_MAX
            || self.points.front().is_some_and(|p| at.since(p.at) > PATH_SPAN_MAX)
        {
            self.points.pop_front();
        }
        let centre = centre(object, aspect);
        // The oldest point of the span, or the last one when looks are rarer than that.
        let recent = |p: &&Point| at.since(p.at) <= MOTION_SPAN;
        let newest_first = || self.points.iter().rev();
        let from = newest_first().take_while(recent).last().or(self.points.back()).copied();
        let diagonal = diagonal(object, aspect);
        if let Some(from) = from.filter(|from| at.since(from.at) >= MOTION_SPAN_MIN) {
            let span_secs = at.since(from.at).min(MOTION_SPAN).as_secs_f32();
            // Boxes jitter as much in a short time as in a long one.
            let share = (span_secs / MOTION_SPAN.as_secs_f32()).max(MOVED_SHARE_MIN);
            let least = MOVED_MIN * diagonal * share;
            self.moving = distance(from.centre, centre) > least;
            if self.moving {
                self.still_since = None;
            } else {
                self.still_since.get_or_insert(from.at);
            }
        }
        let whole = is_whole(&object.bbox);
        self.track = Some(object.track);
        if self.class != object.class {
            self.class.clone_from(&object.class);
        }
        self.bbox = object.bbox;
        let ground = object.bbox.ground();
        self.course.go(ground, diagonal, aspect);
        // What is between two that are kept gives way to the newer one.
        let n = self.points.len();
        if n >= 2 && self.points[n - 1].at.since(self.points[n - 2].at) < POINT_EVERY {
            self.points.pop_back();
        }
        self.points.push_back(Point { at, centre, ground, diagonal, whole });
        self.passages.resize(lines.len(), Passage::default());
        for (passage, line) in self.passages.iter_mut().zip(lines) {
            passage.go(line.points, at, ground, diagonal, aspect);
        }
    }

    /// Where its ground point went since it was first seen; nowhere, if it did not move.
    pub(super) fn course(&self) -> Vec<UnitPoint> {
        self.course.until(self.bbox.ground())
    }

    /// When it was last seen.
    pub(super) fn seen(&self) -> Timestamp {
        self.points.back().map_or(Timestamp::default(), |p| p.at)
    }

    /// Where it was last seen, in heights of the frame.
    pub(super) fn centre(&self) -> [f32; 2] {
        self.points.back().map_or([0.0; 2], |p| p.centre)
    }

    /// Of its newest box, in heights of the frame.
    pub(super) fn diagonal(&self) -> f32 {
        self.points.back().map_or(0.0, |p| p.diagonal)
    }

    /// Did the frame's edge cut nothing of its newest box?
    pub(super) fn is_whole(&self) -> bool {
        self.points.back().is_some_and(|p| p.whole)
    }

    /// Where it is at `at` if it goes on as it did in the last second, or since the look before.
    pub(super) fn expected_at(&self, at: Timestamp) -> [f32; 2] {
        let Some(newest) = self.points.back() else { return [0.0; 2] };
        let earlier = self.points.iter().rev().skip(1);
        let recent = earlier.clone().take_while(|p| newest.at.since(p.at) <= COURSE_SPAN);
        let Some(before) = recent.last().or_else(|| earlier.clone().next()) else {
            return newest.centre;
        };
        let step_secs = newest.at.since(before.at).as_secs_f32();
        if step_secs <= 0.0 {
            return newest.centre;
        }
        let steps = at.since(newest.at).as_secs_f32() / step_secs;
        [0, 1].map(|i| newest.centre[i] + steps * (newest.centre[i] - before.centre[i]))
    }

    /// By how much both came apart since they were seen together before; none while it is too early to tell. Both are in view
    /// now.
    pub(super) fn apart_from(&self, other: &Self) -> Option<f32> {
        let (a, b) = (self.points.back()?, other.points.back()?);
        let was = |at: Timestamp| {
            let i = other.points.binary_search_by_key(&at, |p| p.at).ok()?;
            Some(&other.points[i]).filter(|p| p.whole)
        };
        let both = |p: &Point| Some((*p, *was(p.at)?));
        let ago = |p: &&Point| a.at.since(p.at);
        let recent = |p: &&Point| (MOTION_SPAN_MIN..=MOTION_SPAN).contains(&ago(p));
        let whole = || self.points.iter().filter(|p| p.whole);
        // After a burst of misses the last look at both says as much.
        let before = whole().filter(recent).find_map(both);
        let before =
            before.or_else(|| whole().rev().filter(|p| ago(p) > MOTION_SPAN).find_map(both));
        before.map(|(p, q)| {
            let apart = [0, 1].map(|i| (a.centre[i] - p.centre[i]) - (b.centre[i] - q.centre[i]));
            distance(apart, [0.0; 2])
        })
    }

    /// When the newest piece of path that is `travel` long began, and its heading in degrees; none
    /// while the path is shorter. Jitter of a standing thing never is a path.
    pub(super) fn heading(&self, travel: f32) -> Option<(Timestamp, f32)> {
        let here = self.points.back()?.centre;
        let least = travel.max(f32::EPSILON).powi(2);
        let far = |p: &&Point| squared(p.centre, here) >= least;
        let from = self.points.iter().rev().find(far)?;
        let heading = (here[1] - from.centre[1]).atan2(here[0] - from.centre[0]).to_degrees();
        Some((from.at, heading))
    }

    /// Was it, at about this size, so many diagonals of its box away from where it is? A track that
    /// was another thing's before has a leap in its size.
    pub(super) fn came_from_afar(&self, sizes: f32) -> bool {
        let Some(here) = self.points.back() else { return false };
        let alike = |p: &&Point| {
            let (less, more) = (p.diagonal.min(here.diagonal), p.diagonal.max(here.diagonal));
            less >= SAME_SIZE_MIN * more
        };
        let least = (sizes * here.diagonal).powi(2);
        self.points.iter().rev().take_while(alike).any(|p| squared(p.centre, here.centre) >= least)
    }

    /// Speed on the ground in m/s.
    pub(super) fn speed_mps(&self, ground: &Homography) -> Option<f64> {
        let here = self.points.back()?;
        let old = |p: &&Point| here.at.since(p.at) >= SPEED_SPAN_MIN;
        let from = self.points.iter().rev().find(old)?;
        let (a, b) = (ground.to_ground(from.ground)?, ground.to_ground(here.ground)?);
        Some((a[0] - b[0]).hypot(a[1] - b[1]) / here.at.since(from.at).as_secs_f64())
    }

    /// Has it crossed the camera's line with this index so, at just this look?
    pub(super) fn has_crossed(&self, line: usize, at: Timestamp, wanted: Crossing) -> bool {
        self.passages.get(line).is_some_and(|passage| passage.has_crossed(at, wanted))
    }
}
