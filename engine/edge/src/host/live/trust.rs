//! What is believed of a worker's word: the one place through which all of it goes.
//!
//! A worker decodes what strangers' cameras send, so its process may be another's. What it says is held
//! against the plan and against what this worker was given: its own cameras, the pictures that were asked
//! of it, the time that it is. What does not fit is refused, counted and told; a message of which a part
//! fits is passed on with that part. Not here: lines that are no messages end the worker in
//! [`pipe`](crate::vision), and what its types keep out.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use viahe_contract::id::{CaptureId, WorkerId};
use viahe_contract::message::ModelRef;
use viahe_core::frame::FrameStamp;
use viahe_core::id::Name;
use viahe_core::observe::Observation;
use viahe_core::plan::Plan;
use viahe_core::seam::{CameraStats, FromWorker, Picture, SEAM_VERSION, WorkerStats};
use viahe_core::time::Timestamp;

/// Engine and worker count time alike, so nothing was seen later than now; for what is between two looks
/// at a clock, so much.
const AHEAD_MAX: Duration = Duration::from_secs(1);
/// What was seen before is old news. A card that takes nothing for minutes holds the engine up for less.
const BEHIND_MAX: Duration = Duration::from_mins(10);
/// No side of a picture is longer: what is larger than 8K in area is not decoded, and one of half its
/// height is twice as wide at most.
const SIDE_MAX: u32 = 16_384;
/// Letters of a text for people.
const LETTERS_MAX: usize = 400;
/// One line in so long for each worker and reason.
const TOLD_EVERY: Duration = Duration::from_mins(1);
/// It is a trouble when it goes on for so long; a camera that is given to another worker is spoken of by
/// the one before for a moment.
const LASTS_AFTER: Duration = Duration::from_secs(30);
/// It is over when nothing was refused for so long.
const OVER_AFTER: Duration = Duration::from_mins(2);

/// Why a word is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Refusal {
    /// It is about a camera that this worker was not given.
    Camera,
    /// It is about a picture that was not asked of this worker.
    Picture,
    /// It was seen when it cannot have been.
    Time,
    /// No picture has such a size.
    Size,
    /// Things are not told in the order of their tracks, or twice.
    Objects,
    /// The plan gives the camera another model, or the worker none of its models.
    Model,
    /// It is of another release, and was not when it began.
    Release,
}

impl Refusal {
    /// In logs and metrics.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Camera => "camera",
            Self::Picture => "picture",
            Self::Time => "time",
            Self::Size => "size",
            Self::Objects => "objects",
            Self::Model => "model",
            Self::Release => "release",
        }
    }

    /// For people.
    fn words(self) -> &'static str {
        match self {
            Self::Camera => "cameras that it does not have",
            Self::Picture => "pictures that nobody asked of it",
            Self::Time => "times that cannot be",
            Self::Size => "sizes that no picture has",
            Self::Objects => "things out of order",
            Self::Model => "models that the plan does not give it",
            Self::Release => "being of another release all at once",
        }
    }
}

/// What a worker was given, and the time that it is.
pub(super) struct Given<'a> {
    pub(super) plan: &'a Plan,
    /// Is it its camera?
    pub(super) has: &'a dyn Fn(&Name) -> bool,
    /// Of a picture that is waited for, the camera.
    pub(super) asked: &'a dyn Fn(CaptureId) -> Option<&'a Name>,
    /// It has said that it is up, and has not ended since.
    pub(super) greeted: bool,
    /// Event time.
    pub(super) now: Timestamp,
}

/// What is believed of `message`; what is not is added to `refused`.
pub(super) fn believed(
    message: FromWorker,
    given: &Given<'_>,
    refused: &mut Vec<Refusal>,
) -> Option<FromWorker> {
    let fits = match &message {
        FromWorker::Hello { version } if *version != SEAM_VERSION && given.greeted => {
            Err(Refusal::Release)
        }
        FromWorker::Observation(observation) => given.observation(observation),
        FromWorker::View(report) => given.has(&report.camera).and_then(|()| given.time(report.at)),
        FromWorker::Camera(report) => given.has(&report.camera),
        FromWorker::Looks { camera, model } => given.looks(camera, model),
        FromWorker::Opening(camera) => given.has(camera),
        FromWorker::Captured { capture, .. } => given.picture_of(*capture),
        FromWorker::Hello { .. } | FromWorker::Stats(_) | FromWorker::Failed { .. } => {
            given.is_at_work()
        }
    };
    if let Err(refusal) = fits {
        refused.push(refusal);
        return None;
    }
    Some(match message {
        FromWorker::Captured { capture, picture } => {
            let picture = picture.map_err(short).and_then(|picture| {
                given.picture(&picture).map(|()| picture).map_err(|refusal| {
                    refused.push(refusal);
                    format!("the vision worker told {} of it", refusal.words())
                })
            });
            FromWorker::Captured { capture, picture }
        }
        FromWorker::Camera(mut report) => {
            report.reason = short(report.reason);
            FromWorker::Camera(report)
        }
        FromWorker::Stats(stats) => FromWorker::Stats(given.stats(stats, refused)),
        FromWorker::Failed { reason, failure } => {
            FromWorker::Failed { reason: short(reason), failure }
        }
        same @ (FromWorker::Hello { .. }
        | FromWorker::Looks { .. }
        | FromWorker::Opening(_)
        | FromWorker::Observation(_)
        | FromWorker::View(_)) => same,
    })
}

impl Given<'_> {
    fn has(&self, camera: &Name) -> Result<(), Refusal> {
        if (self.has)(camera) { Ok(()) } else { Err(Refusal::Camera) }
    }

    /// One without a camera is no worker of this box, or not any more.
    fn is_at_work(&self) -> Result<(), Refusal> {
        let has_one = self.plan.cameras.iter().any(|camera| (self.has)(&camera.id));
        if has_one { Ok(()) } else { Err(Refusal::Camera) }
    }

    fn time(&self, at: Timestamp) -> Result<(), Refusal> {
        let is_now = at.since(self.now) <= AHEAD_MAX && self.now.since(at) <= BEHIND_MAX;
        if is_now { Ok(()) } else { Err(Refusal::Time) }
    }

    fn observation(&self, observation: &Observation) -> Result<(), Refusal> {
        let Observation { camera, frame, size_px, objects } = observation;
        let FrameStamp { captured, arrived, .. } = *frame;
        self.has(camera)?;
        self.time(captured)?;
        self.time(arrived)?;
        size(*size_px)?;
        let ascends = objects.windows(2).all(|pair| pair[0].track < pair[1].track);
        if ascends { Ok(()) } else { Err(Refusal::Objects) }
    }

    fn picture_of(&self, capture: CaptureId) -> Result<(), Refusal> {
        let camera = (self.asked)(capture).ok_or(Refusal::Picture)?;
        self.has(camera).map_err(|_| Refusal::Picture)
    }

    fn picture(&self, picture: &Picture) -> Result<(), Refusal> {
        self.time(picture.captured)?;
        size(picture.size_px)
    }

    fn looks(&self, camera: &Name, model: &ModelRef) -> Result<(), Refusal> {
        self.has(camera)?;
        let planned = self.plan.cameras.iter().find(|planned| planned.id == *camera);
        let fits = planned.is_some_and(|planned| planned.model == model.name);
        if fits { Ok(()) } else { Err(Refusal::Model) }
    }

    fn stats(&self, mut stats: WorkerStats, refused: &mut Vec<Refusal>) -> WorkerStats {
        let had = stats.cameras.len();
        stats.cameras.retain(|camera, _| self.has(camera).is_ok());
        refused.extend((stats.cameras.len() < had).then_some(Refusal::Camera));
        for of in stats.cameras.values_mut() {
            refused.extend(self.camera_stats(of));
        }
        let of_its =
            |model: &Name| self.plan.cameras.iter().any(|c| c.model == *model && (self.has)(&c.id));
        for models in [&mut stats.models_wrong, &mut stats.models_refused] {
            let had = models.len();
            models.retain(|model, _| of_its(model));
            refused.extend((models.len() < had).then_some(Refusal::Model));
            for why in models.values_mut() {
                *why = short(std::mem::take(why));
            }
        }
        stats
    }

    /// Numbers that no counter and no gauge would show are taken away.
    fn camera_stats(&self, stats: &mut CameraStats) -> Option<Refusal> {
        let count = |number: &mut f64| {
            if !number.is_finite() || *number < 0.0 {
                *number = 0.0;
            }
        };
        count(&mut stats.infer_ms_sum);
        count(&mut stats.look_age_ms_sum);
        let known = stats.size_px == [0, 0] || size(stats.size_px).is_ok();
        if !known {
            stats.size_px = [0, 0];
        }
        // When the clock was set may be long ago, and is never still to come.
        let to_come = |at: Timestamp| at.since(self.now) > AHEAD_MAX;
        let stepped = stats.clock_step.take_if(|step| to_come(step.at)).is_some();
        match (known, stepped) {
            (false, _) => Some(Refusal::Size),
            (true, true) => Some(Refusal::Time),
            (true, false) => None,
        }
    }
}

fn size(size_px: [u32; 2]) -> Result<(), Refusal> {
    let fits = size_px.iter().all(|side| (1..=SIDE_MAX).contains(side));
    if fits { Ok(()) } else { Err(Refusal::Size) }
}

/// As much of a text as anybody reads.
fn short(mut text: String) -> String {
    if let Some((at, _)) = text.char_indices().nth(LETTERS_MAX) {
        text.truncate(at);
        text.push('…');
    }
    text
}

/// What was refused, of whom and how often.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    by: BTreeMap<(WorkerId, Refusal), Count>,
}

#[derive(Debug, Default)]
struct Count {
    refused: u64,
    /// When it was, the first time and the last, without a long pause between.
    span: Option<(Instant, Instant)>,
    /// Of these, those that the log has.
    told: u64,
    told_at: Option<Instant>,
}

impl Refusals {
    /// Something was refused: counted, and told if that was not just done.
    pub(super) fn note(&mut self, worker: WorkerId, refusal: Refusal, now: Instant) {
        let count = self.by.entry((worker, refusal)).or_default();
        let since = count.span.filter(|(_, last)| now.duration_since(*last) < OVER_AFTER);
        count.span = Some((since.map_or(now, |(first, _)| first), now));
        count.refused += 1;
        if count.told_at.is_none_or(|at| now.duration_since(at) >= TOLD_EVERY) {
            let times = count.refused - count.told;
            (count.told, count.told_at) = (count.refused, Some(now));
            let reason = refusal.label();
            tracing::warn!(%worker, reason, times, "refused: the vision worker told of {}", refusal.words());
        }
    }

    /// How often, by worker and reason.
    pub(super) fn counts(&self) -> BTreeMap<(WorkerId, &'static str), u64> {
        self.by.iter().map(|((worker, why), n)| ((*worker, why.label()), n.refused)).collect()
    }

    /// What goes on, in words, and what to do.
    pub(super) fn lasting(&self, now: Instant) -> Option<String> {
        let of = |((worker, why), count): (&(WorkerId, Refusal), &Count)| {
            let words = || format!("worker {worker} of {}", why.words());
            count.lasts(now).then(words)
        };
        let told: Vec<String> = self.by.iter().filter_map(of).collect();
        let told = (!told.is_empty()).then(|| told.join(", "))?;
        Some(format!(
            "what vision workers say is refused, as it does not fit what they were given ({told}): it may be \
             a fault of viahe or a camera that breaks into it; report it with the log"
        ))
    }
}

impl Count {
    /// It goes on, and has for a while.
    fn lasts(&self, now: Instant) -> bool {
        self.span.is_some_and(|(first, last)| {
            now.duration_since(last) < OVER_AFTER && last.duration_since(first) >= LASTS_AFTER
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use std::path::Path;

    const NOW: &str = "2026-11-18T14:00:00Z";

    /// What is believed of a message that a worker with `gate` alone says, of which picture 4 is awaited.
    fn hear(message: Value, greeted: bool) -> (Option<Value>, Vec<Refusal>) {
        hear_of("gate", message, greeted)
    }

    /// As [`hear`], of a worker with another camera.
    fn hear_of(camera: &str, message: Value, greeted: bool) -> (Option<Value>, Vec<Refusal>) {
        let street =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/formats/street.toml");
        let plan = crate::project::load(&street).unwrap();
        let gate = Name::try_from("gate").unwrap();
        let its = Name::try_from(camera).unwrap();
        let given = Given {
            plan: &plan,
            has: &|camera| *camera == its,
            asked: &|capture| (capture.0 == 4).then_some(&gate),
            greeted,
            now: NOW.parse().unwrap(),
        };
        let mut refused = Vec::new();
        let message = serde_json::from_value(message).unwrap();
        let believed = believed(message, &given, &mut refused);
        (believed.map(|message| serde_json::to_value(message).unwrap()), refused)
    }

    fn observation(camera: &str, at: &str, size_px: [u32; 2], tracks: &[u64]) -> Value {
        let object = |track: &u64| json!({ "track": track, "class": "person", "confidence": 0.5, "box": [0.0, 0.0, 1.0, 1.0] });
        let objects: Vec<Value> = tracks.iter().map(object).collect();
        json!({ "observation": {
            "camera": camera, "size_px": size_px, "objects": objects,
            "frame": { "seq": 1, "captured": at, "arrived": at, "clock": "arrival" },
        }})
    }

    fn picture(capture: u64, at: &str, size_px: [u32; 2]) -> Value {
        let ok = json!({
            "sha256": "ab".repeat(32), "bytes": 1, "medium": "image/jpeg", "captured": at, "seq": 1,
            "size_px": size_px,
        });
        json!({ "captured": { "capture": capture, "picture": { "Ok": ok } } })
    }

    #[test]
    fn what_does_not_fit_is_refused_for_its_reason() {
        let hd = [1280, 720];
        for (at, fits) in [
            (NOW, true),
            ("2026-11-18T14:00:01Z", true),
            ("2026-11-18T14:00:01.001Z", false),
            ("2026-11-18T13:50:00Z", true),
            ("2026-11-18T13:49:59.999Z", false),
            ("1970-01-01T00:00:00Z", false),
            ("2554-07-21T23:34:33.709551615Z", false),
        ] {
            let want = if fits { vec![] } else { vec![Refusal::Time] };
            assert_eq!(hear(observation("gate", at, hd, &[]), true).1, want, "{at}");
            assert_eq!(hear(picture(4, at, hd), true).1, want, "{at}");
        }
        for (message, why) in [
            (observation("market", NOW, hd, &[]), Refusal::Camera),
            (observation("gate", NOW, [0, 720], &[]), Refusal::Size),
            (observation("gate", NOW, [1280, 16_385], &[]), Refusal::Size),
            (observation("gate", NOW, hd, &[2, 1]), Refusal::Objects),
            (observation("gate", NOW, hd, &[2, 2]), Refusal::Objects),
            (picture(5, NOW, hd), Refusal::Picture),
            (
                json!({ "captured": { "capture": 5, "picture": { "Err": "gone" } } }),
                Refusal::Picture,
            ),
            (
                json!({ "camera": { "camera": "else", "status": "online", "reason": "" } }),
                Refusal::Camera,
            ),
            (json!({ "hello": { "version": 0 } }), Refusal::Release),
            (json!({ "opening": "market" }), Refusal::Camera),
        ] {
            assert_eq!(hear(message.clone(), true), (None, vec![why]), "{message}");
        }
        let failed = json!({ "failed": { "reason": "no model", "failure": "part_missing" } });
        assert_eq!(hear(failed.clone(), false), (Some(failed.clone()), vec![]));
        assert_eq!(hear_of("elsewhere", failed, false), (None, vec![Refusal::Camera]));
        let first = json!({ "hello": { "version": 0 } });
        assert_eq!(hear(first.clone(), false), (Some(first), vec![]), "told as of another release");
        let (lost, why) = hear(picture(4, NOW, [u32::MAX, 1]), true);
        assert_eq!(why, [Refusal::Size]);
        assert!(lost.unwrap()["captured"]["picture"]["Err"].is_string(), "nobody waits for it");
    }

    #[test]
    fn what_fits_of_a_message_is_believed() {
        let looks = |camera: &str, name: &str| {
            let model = json!({ "name": name, "sha256": "ab".repeat(32) });
            json!({ "looks": { "camera": camera, "model": model } })
        };
        let good = looks("gate", "ssdlite-coco");
        assert_eq!(hear(good.clone(), true), (Some(good), vec![]));
        assert_eq!(hear(looks("gate", "yolox-coco"), true), (None, vec![Refusal::Model]));
        assert_eq!(hear(looks("market", "ssdlite-coco"), true), (None, vec![Refusal::Camera]));

        let mut stats = serde_json::to_value(WorkerStats::default()).unwrap();
        let mut camera = serde_json::to_value(CameraStats::default()).unwrap();
        camera["size_px"] = json!([1, u32::MAX]);
        camera["infer_ms_sum"] = json!(-1e308);
        camera["clock_step"] = json!({ "at": "2554-01-01T00:00:00Z", "by_ms": i64::MIN });
        camera["clock_offset_ms"] = json!(i64::MIN);
        stats["cameras"] = json!({ "gate": camera, "market": camera });
        stats["models_wrong"] = json!({ "ssdlite-coco": "x".repeat(5000), "another": "y" });
        let (believed, why) = hear(json!({ "stats": stats }), true);
        assert_eq!(why, [Refusal::Camera, Refusal::Size, Refusal::Model]);
        let believed = &believed.unwrap()["stats"];
        let gate = &believed["cameras"]["gate"];
        assert_eq!((&gate["size_px"], &gate["clock_step"]), (&json!([0, 0]), &Value::Null));
        assert_eq!(
            (&gate["infer_ms_sum"], &gate["clock_offset_ms"]),
            (&json!(0.0), &json!(i64::MIN))
        );
        assert_eq!(believed["cameras"].as_object().unwrap().len(), 1);
        assert_eq!(believed["models_wrong"].as_object().unwrap().len(), 1);
        let text = believed["models_wrong"]["ssdlite-coco"].as_str().unwrap();
        assert_eq!(text.chars().count(), LETTERS_MAX + 1);
    }

    #[test]
    fn what_goes_on_is_a_trouble_and_what_passes_is_none() {
        let (mut refusals, zero) = (Refusals::default(), crate::clock::monotonic());
        let at = |secs: u64| zero + Duration::from_secs(secs);
        assert_eq!(refusals.lasting(at(0)), None);
        for secs in [0, 1, 29] {
            refusals.note(WorkerId(1), Refusal::Camera, at(secs));
        }
        assert_eq!(refusals.lasting(at(60)), None, "as after a reload");
        refusals.note(WorkerId(1), Refusal::Time, at(30));
        assert_eq!(refusals.lasting(at(30)), None, "two things, and neither lasts");
        refusals.note(WorkerId(1), Refusal::Camera, at(30));
        let told = refusals.lasting(at(30)).unwrap();
        assert!(told.contains("worker 1 of cameras that it does not have"), "{told}");
        assert!(!told.contains(Refusal::Time.words()), "{told}");
        assert!(refusals.lasting(at(149)).is_some());
        assert_eq!(refusals.lasting(at(150)), None, "over");
        refusals.note(WorkerId(1), Refusal::Time, at(200));
        assert_eq!(refusals.lasting(at(200)), None, "a new one");
        let counts = refusals.counts();
        assert_eq!(counts[&(WorkerId(1), "camera")], 4);
        assert_eq!(counts[&(WorkerId(1), "time")], 2);
    }
}
