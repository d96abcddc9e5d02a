//! A whole file of detections → a whole file of tracks.

use super::confidence::normalise;
use super::read::{MotError, MotRow, parse, write};
use crate::detect::Detection;
use crate::geometry::PxBox;
use crate::id::{ClassIx, TrackId};
use crate::time::Timestamp;
use crate::track::{Tracker, TrackerOptions};
use std::collections::BTreeMap;

/// Frames without detections that are told to the tracker one by one; the rest of a longer hole
/// is one step of time.
const EMPTY_FRAMES_MAX: u32 = 100;

/// Settings of [`track_file`].
#[derive(Clone, Debug, PartialEq)]
pub struct MotOptions {
    /// Frames a second of the sequence, 0.01 to 1000. Default 25.
    pub fps: f64,
    /// Tell a track that is confirmed at some time from its first detection on. A live tracker
    /// cannot; a file is known to its end. Default true.
    pub from_first_detection: bool,
    /// Longest gap within a track that is filled in a straight line between the two real
    /// detections, s; 0 for none. Default 1.
    pub bridge_secs: f64,
    /// The tracker's own settings. Default: a live tracker's, but `evidence_secs` 0.5: where a
    /// track is told from its first detection anyway, waiting longer before believing it is free.
    pub tracker: TrackerOptions,
}

impl Default for MotOptions {
    fn default() -> Self {
        Self {
            fps: 25.0,
            from_first_detection: true,
            bridge_secs: 1.0,
            tracker: TrackerOptions { evidence_secs: 0.5, ..TrackerOptions::default() },
        }
    }
}

impl MotOptions {
    /// What a live tracker would have told, frame by frame, of confirmed tracks.
    pub fn online(fps: f64) -> Self {
        Self {
            fps,
            from_first_detection: false,
            bridge_secs: 0.0,
            tracker: TrackerOptions::default(),
        }
    }
}

/// Tracks a MOTChallenge text of detections (one class); gives the tracks as such a text, by
/// frame and then id, ids from 1 without holes.
///
/// # Errors
/// A bad line, named with its number and remedy, or a frame rate that is none.
pub fn track_file(text: &str, options: &MotOptions) -> Result<String, MotError> {
    if !(0.01..=1000.0).contains(&options.fps) {
        return Err(MotError::Fps { fps: options.fps });
    }
    let frames = frames_of(parse(text)?);
    let stride = stride_of(&frames);
    let tracks = run(&frames, stride, options);
    let mut rows: Vec<MotRow> = Vec::new();
    for (id, track) in (1..).zip(tracks.values().filter(|t| !t.is_empty())) {
        let gap_max = (options.bridge_secs * options.fps).floor() as u32;
        fill(id, track, gap_max, stride, &mut rows);
    }
    rows.sort_by_key(|r| (r.frame, r.id));
    Ok(write(&rows))
}

type Frames = BTreeMap<u32, Vec<Detection>>;
/// The told boxes of one track by frame.
type Told = Vec<(u32, PxBox, f32)>;

fn frames_of(rows: Vec<MotRow>) -> Frames {
    let scores: Vec<f32> = rows.iter().map(|r| r.confidence).collect();
    let mut frames = Frames::new();
    for (row, confidence) in rows.into_iter().zip(normalise(&scores)) {
        let detection = Detection { class: ClassIx(0), confidence, bbox: row.bbox, part: 0 };
        frames.entry(row.frame).or_default().push(detection);
    }
    frames
}

/// The step between frame numbers: 1, or more in a sequence that was thinned out and kept its
/// numbers; there the frames between do not exist and get no boxes.
fn stride_of(frames: &Frames) -> u32 {
    let gcd = |mut a: u32, mut b: u32| {
        while b != 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    let steps = frames.keys().zip(frames.keys().skip(1)).map(|(a, b)| b - a);
    steps.fold(0, gcd).max(1)
}

fn run(frames: &Frames, stride: u32, options: &MotOptions) -> BTreeMap<TrackId, Told> {
    let mut tracker = Tracker::new(options.tracker.clone(), 0);
    let at = |frame: u32| Timestamp((f64::from(frame) / options.fps * 1e9).round() as u64);
    let mut tracks: BTreeMap<TrackId, (bool, Told)> = BTreeMap::new();
    let mut before: Option<u32> = None;
    for (&frame, detections) in frames {
        let empty = before.map_or(frame..frame, |b| b + stride..frame);
        for hole in empty.step_by(stride as usize).take(EMPTY_FRAMES_MAX as usize) {
            tracker.update(at(hole), &[]);
        }
        before = Some(frame);
        for t in tracker.update(at(frame), detections) {
            let (confirmed, told) = tracks.entry(t.id).or_default();
            *confirmed |= t.confirmed;
            if t.confirmed || options.from_first_detection {
                told.push((frame, t.bbox, t.confidence.get()));
            }
        }
    }
    tracks.into_iter().filter(|(_, (confirmed, _))| *confirmed).map(|(i, (_, t))| (i, t)).collect()
}

fn fill(id: i64, track: &Told, gap_max: u32, stride: u32, rows: &mut Vec<MotRow>) {
    for (k, &(frame, bbox, confidence)) in track.iter().enumerate() {
        rows.push(MotRow { frame, id, bbox, confidence });
        let Some(&(next, to, _)) = track.get(k + 1) else { continue };
        if next - frame > gap_max {
            continue;
        }
        for between in (frame + stride..next).step_by(stride as usize) {
            let share = (between - frame) as f32 / (next - frame) as f32;
            let mix = |a: f32, b: f32| a + (b - a) * share;
            let mixed = PxBox::new(
                mix(bbox.x0, to.x0),
                mix(bbox.y0, to.y0),
                mix(bbox.x1, to.x1),
                mix(bbox.y1, to.y1),
            );
            if let Some(bbox) = mixed {
                rows.push(MotRow { frame: between, id, bbox, confidence });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(frames: impl Iterator<Item = u32>) -> String {
        let at = |f: u32| PxBox::new(10.0 + 2.0 * f as f32, 50.0, 50.0 + 2.0 * f as f32, 150.0);
        let row = |frame| MotRow { frame, id: -1, bbox: at(frame).unwrap(), confidence: 0.9 };
        write(&frames.map(row).collect::<Vec<_>>())
    }

    #[test]
    fn a_gap_is_bridged_in_a_straight_line() {
        let text = walk((1..=10).chain(16..=30));
        let told = parse(&track_file(&text, &MotOptions::default()).unwrap()).unwrap();
        assert_eq!(told.len(), 30);
        assert!(told.iter().all(|r| r.id == 1));
        assert!((told[12].bbox.x0 - 36.0).abs() < 0.01, "{:?}", told[12]);
        let online = parse(&track_file(&text, &MotOptions::online(25.0)).unwrap()).unwrap();
        assert!(online.iter().all(|r| !(11..16).contains(&r.frame)), "no gap is filled");
    }

    #[test]
    fn frames_that_a_thinned_file_does_not_have_get_no_boxes() {
        let text = walk((0..40).filter(|f| *f != 20).map(|f| f * 5 + 1));
        let told = parse(&track_file(&text, &MotOptions::default()).unwrap()).unwrap();
        assert_eq!(told.len(), 40);
        assert!(told.iter().all(|r| r.frame % 5 == 1));
    }

    #[test]
    fn odd_files() {
        assert_eq!(track_file("", &MotOptions::default()).unwrap(), "");
        let far = "1,-1,0,0,9,9,1\n26000000,-1,0,0,9,9,1\n";
        let told = parse(&track_file(far, &MotOptions::default()).unwrap()).unwrap();
        assert_eq!(told.iter().map(|row| row.id).collect::<Vec<_>>(), [1, 2], "two that are sure");
        for fps in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let options = MotOptions { fps, ..MotOptions::default() };
            assert!(matches!(track_file("", &options), Err(MotError::Fps { .. })), "{fps}");
        }
    }
}
