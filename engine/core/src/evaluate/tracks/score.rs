//! What is told of tracks.

use super::clear::Clear;
use super::hota::{AtLimit, Hota};
use super::identity::Identity;
use super::sequence::Sequence;
use serde::Serialize;

/// Counts of one sequence, or of several together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Score {
    clear: Clear,
    identity: Identity,
    hota: Hota,
    frames: u64,
    objects: u64,
    tracks: u64,
}

/// What they come to. Shares are 0 to 1, but for `mota`, which may be less than 0.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Figures {
    /// Frames that have an object or a track.
    pub frames: u64,
    /// Objects of the truth.
    pub objects: u64,
    /// Ids of the tracks.
    pub tracks: u64,
    /// 1 less misses, false alarms and switches for each box of the truth.
    pub mota: f64,
    /// Mean overlap of all hits.
    pub motp: f64,
    /// Boxes of the truth that are hit.
    pub recall: f64,
    /// Boxes of tracks that are hits.
    pub precision: f64,
    /// Boxes of both, explained by one track for each object.
    pub idf1: f64,
    /// The same of the tracks' boxes.
    pub id_precision: f64,
    /// The same of the truth's.
    pub id_recall: f64,
    /// Both of the following at once, as all below the mean over limits of overlap of 0.05 to 0.95.
    pub hota: f64,
    /// How well objects are found.
    pub det_a: f64,
    /// How long tracks stay on them.
    pub ass_a: f64,
    /// Objects found.
    pub det_recall: f64,
    /// Boxes of tracks on objects.
    pub det_precision: f64,
    /// Of each object, what its track has.
    pub ass_recall: f64,
    /// Of each track, what is its object's.
    pub ass_precision: f64,
    /// Mean overlap.
    pub loc_a: f64,
    /// Boxes of the truth with a track on them.
    pub hits: u64,
    /// Those without.
    pub misses: u64,
    /// Boxes of tracks on nothing.
    pub false_alarms: u64,
    /// An object got another track than it had last.
    pub id_switches: u64,
    /// An object was lost and found again.
    pub fragments: u64,
    /// Objects tracked for more than 80 % of their frames.
    pub mostly_tracked: u64,
    /// For less than 20 %.
    pub mostly_lost: u64,
}

impl Score {
    /// Of one sequence.
    pub fn of(sequence: &Sequence) -> Self {
        Self {
            clear: Clear::of(sequence),
            identity: Identity::of(sequence),
            hota: Hota::of(sequence),
            frames: sequence.moments.len() as u64,
            objects: sequence.truths as u64,
            tracks: sequence.tracks as u64,
        }
    }

    /// Adds another sequence: as if both were one, with ids of their own.
    pub fn add(&mut self, other: &Self) {
        self.clear.add(&other.clear);
        self.identity.add(&other.identity);
        self.hota.add(&other.hota);
        self.frames += other.frames;
        self.objects += other.objects;
        self.tracks += other.tracks;
    }

    /// What it comes to.
    pub fn figures(&self) -> Figures {
        let Self { clear, identity, hota, frames, objects, tracks } = *self;
        let share = |part: f64, of: u64| part / (of as f64).max(1.0);
        let boxes = clear.hits + clear.misses;
        let Identity { right, missed, wrong } = identity;
        let errors = clear.false_alarms + clear.switches;
        Figures {
            frames,
            objects,
            tracks,
            mota: share(clear.hits as f64 - errors as f64, boxes),
            motp: share(clear.overlap, clear.hits),
            recall: share(clear.hits as f64, boxes),
            precision: share(clear.hits as f64, clear.hits + clear.false_alarms),
            idf1: share(2.0 * right as f64, 2 * right + missed + wrong),
            id_precision: share(right as f64, right + wrong),
            id_recall: share(right as f64, right + missed),
            hota: hota.mean(AtLimit::hota),
            det_a: hota.mean(AtLimit::det_a),
            ass_a: hota.mean(AtLimit::ass_a),
            det_recall: hota.mean(AtLimit::det_re),
            det_precision: hota.mean(AtLimit::det_pr),
            ass_recall: hota.mean(AtLimit::ass_re),
            ass_precision: hota.mean(AtLimit::ass_pr),
            loc_a: hota.mean(AtLimit::loc_a),
            hits: clear.hits,
            misses: clear.misses,
            false_alarms: clear.false_alarms,
            id_switches: clear.switches,
            fragments: clear.fragments,
            mostly_tracked: clear.mostly_tracked,
            mostly_lost: clear.mostly_lost,
        }
    }
}
