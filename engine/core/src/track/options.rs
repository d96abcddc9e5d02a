//! What can be set on a tracker.

use super::motion::{Law, Model};
use crate::id::ClassIx;

/// Both of the default, and most that a track needs to start.
pub(super) const START_CONFIDENCE: f32 = 0.5;
/// Whatever rules ask: below it a detector flickers on a street where nothing moves, and each flicker that is believed
/// keeps a camera looking.
pub(super) const START_LEAST: f32 = 0.45;
/// Of a class of which nothing is said, sizes a second.
const TOP_SPEED: f32 = 8.0;

/// Settings of a [`Tracker`](super::Tracker). "Size" is the mean of a box's two sides.
///
/// The defaults come from physics and detector practice where possible; how much each matters is
/// measured in `docs/adr/0003-tracker.md` (no constant, halved or grown by half, collapses it).
#[derive(Clone, Debug, PartialEq)]
pub struct TrackerOptions {
    /// Detections at or above are matched before weaker ones. Default 0.5.
    pub high_confidence: f32,
    /// Detections at or above may start a track; weaker ones only continue one. Default 0.5; for a camera whose rules ask
    /// for less, what they ask for.
    pub start_confidence: f32,
    /// Detections below are ignored. Default 0.1 (`ByteTrack`'s).
    pub low_confidence: f32,
    /// Evidence at which a track is believed, never before the second hit. A hit of confidence c
    /// adds −ln(1 − c), so that the sum says how unlikely it is that all hits are wrong. Default 2
    /// (13 %): two hits of 0.65, three of 0.5, five of 0.35.
    pub confirm_evidence: f32,
    /// A single hit at or above is believed at once … Default 0.95.
    pub alone_confidence: f32,
    /// … where the look before is at least so long ago, s; at a higher rate waiting for the second
    /// one costs less. Default 0.15.
    pub alone_secs: f32,
    /// Hits closer together than this are not independent evidence (a bush that looks like a person
    /// does so in several frames in a row) and count in proportion, s. Default 0.3.
    pub evidence_secs: f32,
    /// A tentative track dies when not seen for so long, s, and for at least two frames. Default 0.5.
    pub tentative_keep_secs: f32,
    /// A confirmed track that moved dies when not seen for so long, s. Default 3.
    pub lost_keep_secs: f32,
    /// … but not before it was missed in more than so many updates (for cameras under 1 Hz), up to
    /// ten times `lost_keep_secs`. Default 3.
    pub lost_keep_updates: u32,
    /// Upper bound for how long a track that stood still is remembered by its place, s.
    /// Default 600: a bus, a lorry unloading, a shower of rain.
    pub stationary_keep_secs: f32,
    /// It is remembered for so many times the time it has stood. Default 20: after 6 s of
    /// standing two minutes of being hidden are bridged.
    pub stationary_keep_ratio: f32,
    /// A track stands still once it has stayed within `still_radius` for so long, s. Default 2.
    pub still_min_secs: f32,
    /// How far, in sizes, a standing box's centre may stray from its mean place. Default 0.25.
    pub still_radius: f32,
    /// Overlap (`IoU`) with the remembered place at which a detection is what stood there.
    /// Default 0.5.
    pub place_iou: f32,
    /// Spread of speeds, sizes a second. Default 0.9: a walker, 1.7 m tall and 1.4 m/s fast, makes
    /// 1.2 across the view; what is faster is looked for up to its class's `top_speeds`.
    pub speed_std: f32,
    /// How long a course lasts, s. Default 10.
    pub course_memory_secs: f32,
    /// Spread of the rate at which sides grow or shrink, 1/s. Default 0.15.
    pub growth_std: f32,
    /// Error of a detected centre, sizes. Default 0.05 (1/28 of a walker's height).
    pub place_noise: f32,
    /// Error of the logarithm of a detected side. Default 0.15.
    pub scale_noise: f32,
    /// These errors last so long, s: looks closer together tell less. Default 0.15.
    pub noise_memory_secs: f32,
    /// Largest squared distance, in standard deviations, of a detection from the prediction, over
    /// the four coordinates. Default 13.3 (99 % of a chi-square with 4 degrees of freedom).
    pub gate: f32,
    /// How many strangers to expect in an area of one size squared; a detection goes to a track
    /// only if the track explains it better than a stranger would. Default 0.12.
    pub stranger_density: f32,
    /// A track seen in the frame before takes a detection within this squared distance even
    /// where a stranger explains it better, standard deviations². Default 4.
    pub just_seen_gate: f32,
    /// Two detections of one class group that overlap (`IoU`) more are one object told twice; the
    /// weaker is dropped. Default 0.75.
    pub duplicate_iou: f32,
    /// At most so many tracks are held, the longest unseen is dropped first. Default 1024.
    pub tracks_max: usize,
    /// Group of each [`ClassIx`]; classes of one group may be confused by the detector (car,
    /// truck, bus), classes of two never (person, vehicle). A class not listed is its own group.
    pub class_groups: Vec<u16>,
    /// The fastest that each [`ClassIx`] is taken to be, sizes a second. A class not listed: 8, a
    /// motorbike at 50 km/h; 0: who appears is not looked for beyond `speed_std`.
    pub top_speeds: Vec<f32>,
}

impl Default for TrackerOptions {
    fn default() -> Self {
        Self {
            high_confidence: START_CONFIDENCE,
            start_confidence: START_CONFIDENCE,
            low_confidence: 0.1,
            confirm_evidence: 2.0,
            alone_confidence: 0.95,
            alone_secs: 0.15,
            evidence_secs: 0.3,
            tentative_keep_secs: 0.5,
            lost_keep_secs: 3.0,
            lost_keep_updates: 3,
            stationary_keep_secs: 600.0,
            stationary_keep_ratio: 20.0,
            still_min_secs: 2.0,
            still_radius: 0.25,
            place_iou: 0.5,
            speed_std: 0.9,
            course_memory_secs: 10.0,
            growth_std: 0.15,
            place_noise: 0.05,
            scale_noise: 0.15,
            noise_memory_secs: 0.15,
            gate: 13.3,
            stranger_density: 0.12,
            just_seen_gate: 4.0,
            duplicate_iou: 0.75,
            tracks_max: 1024,
            class_groups: Vec::new(),
            top_speeds: Vec::new(),
        }
    }
}

impl TrackerOptions {
    /// The group of `class`; groups of classes that are not listed lie above all listed ones.
    pub fn group(&self, class: ClassIx) -> u32 {
        let own = (1 << 16) + u32::from(class.0);
        self.class_groups.get(usize::from(class.0)).map_or(own, |g| u32::from(*g))
    }

    /// The fastest that `class` is taken to be, sizes a second.
    pub(super) fn top_speed(&self, class: ClassIx) -> f32 {
        self.top_speeds.get(usize::from(class.0)).copied().unwrap_or(TOP_SPEED)
    }

    pub(super) fn model(&self) -> Model {
        Model {
            place: Law { rate_std: self.speed_std, memory_secs: self.course_memory_secs },
            scale: Law { rate_std: self.growth_std, memory_secs: self.course_memory_secs },
            place_noise: self.place_noise,
            scale_noise: self.scale_noise,
            noise_memory_secs: self.noise_memory_secs,
        }
    }
}
