//! What is believed of a worker's word: the one place through which all of it goes.
//!
//! A worker decodes what strangers' cameras send, so its process may be another's. What it says is held
//! against the plan and against what this worker was given: its own cameras, the pictures that were asked
//! of it, the time that it is. What does not fit is refused, counted and told; a message of which a part
//! fits is passed on with that part. What fitted until a moment ago comes to nothing, and is no fault of the
//! worker's. Not here: lines that are no messages end the worker in
//! [`pipe`](crate::vision), and what its types keep out.

use super::refusals::Refusal;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use viahe_contract::id::CaptureId;
use viahe_contract::message::ModelRef;
use viahe_core::frame::FrameStamp;
use viahe_core::id::Name;
use viahe_core::observe::{Object, Observation};
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
/// Of why a camera is as it is: one for each of its two streams, and three of both.
const CAUSES_MAX: usize = 5;

/// How something stands to a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Its {
    /// It has it.
    Now,
    /// It had it until a moment ago, and may not have heard of the change when it spoke.
    Lately,
    /// It is no business of its.
    Never,
}

impl Its {
    pub(super) fn of(now: bool, lately: impl FnOnce() -> bool) -> Self {
        if now {
            Self::Now
        } else if lately() {
            Self::Lately
        } else {
            Self::Never
        }
    }

    /// What is late comes to nothing, and the rest to a refusal.
    fn or(self, refusal: Refusal) -> Result<(), Option<Refusal>> {
        match self {
            Self::Now => Ok(()),
            Self::Lately => Err(None),
            Self::Never => Err(Some(refusal)),
        }
    }
}

/// What a worker was given, and the time that it is.
pub(super) struct Given<'a> {
    /// Any camera at all. One without is no worker of this box, or not any more.
    pub(super) work: Its,
    pub(super) camera: &'a dyn Fn(&Name) -> Its,
    /// A model that it looks with or is to look with; at this camera, if one is named.
    pub(super) model: &'a dyn Fn(&Name, Option<&Name>) -> Its,
    /// The weights of the model that is told of are, or were, those of its file.
    pub(super) its_files: bool,
    /// A picture that is waited for.
    pub(super) picture: &'a dyn Fn(CaptureId) -> Its,
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
            Err(Some(Refusal::Release))
        }
        FromWorker::Observation(observation) => given.observation(observation),
        FromWorker::View(report) => {
            given.has(&report.camera).and_then(|()| Ok(given.time(report.at)?))
        }
        FromWorker::Camera(report) => given.has(&report.camera),
        FromWorker::Looks { camera, model } => given.looks(camera, model),
        FromWorker::Opening(camera) => given.has(camera),
        FromWorker::Captured { capture, .. } => (given.picture)(*capture).or(Refusal::Picture),
        // Of a worker whose own number is none the rest is not worth more.
        FromWorker::Stats(stats) => {
            given.work.or(Refusal::Camera).and_then(|()| Ok(counts([stats.cpu_ms])?))
        }
        FromWorker::Hello { .. } | FromWorker::Failed { .. } => given.work.or(Refusal::Camera),
    };
    if let Err(refusal) = fits {
        refused.extend(refusal);
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
            report.causes.truncate(CAUSES_MAX);
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
    fn has(&self, camera: &Name) -> Result<(), Option<Refusal>> {
        (self.camera)(camera).or(Refusal::Camera)
    }

    fn time(&self, at: Timestamp) -> Result<(), Refusal> {
        let is_now = at.since(self.now) <= AHEAD_MAX && self.now.since(at) <= BEHIND_MAX;
        if is_now { Ok(()) } else { Err(Refusal::Time) }
    }

    fn observation(&self, observation: &Observation) -> Result<(), Option<Refusal>> {
        let Observation { camera, frame, size_px, objects, undecided } = observation;
        let FrameStamp { captured, arrived, .. } = *frame;
        self.has(camera)?;
        self.time(captured)?;
        self.time(arrived)?;
        size(*size_px)?;
        let ascend = |of: &[Object]| of.windows(2).all(|pair| pair[0].track < pair[1].track);
        if ascend(objects) && ascend(undecided) { Ok(()) } else { Err(Some(Refusal::Objects)) }
    }

    fn picture(&self, picture: &Picture) -> Result<(), Refusal> {
        self.time(picture.captured)?;
        size(picture.size_px)
    }

    fn looks(&self, camera: &Name, model: &ModelRef) -> Result<(), Option<Refusal>> {
        self.has(camera)?;
        (self.model)(&model.name, Some(camera)).or(Refusal::Model)?;
        if self.its_files { Ok(()) } else { Err(Some(Refusal::Model)) }
    }

    fn stats(&self, mut stats: WorkerStats, refused: &mut Vec<Refusal>) -> WorkerStats {
        let fits = |camera: &Name, of: &CameraStats| {
            self.has(camera)?;
            Ok(numbers(of)?)
        };
        keep(&mut stats.cameras, fits, refused);
        for of in stats.cameras.values_mut() {
            refused.extend(self.camera_stats(of));
        }
        for models in [&mut stats.models_wrong, &mut stats.models_refused] {
            keep(models, |model, _| (self.model)(model, None).or(Refusal::Model), refused);
            for why in models.values_mut() {
                *why = short(std::mem::take(why));
            }
        }
        // One that was a classifier of these cameras lately is forgotten, and no lie.
        stats
            .classifiers_refused
            .retain(|model, _| (self.model)(model, None).or(Refusal::Model).is_ok());
        for why in stats.classifiers_refused.values_mut() {
            *why = short(std::mem::take(why));
        }
        keep(&mut stats.models, |model, _| (self.model)(model, None).or(Refusal::Model), refused);
        for run in stats.models.values_mut() {
            run.why = short(std::mem::take(&mut run.why));
        }
        stats
    }

    /// Sizes and times that cannot be are as if they were not known.
    fn camera_stats(&self, stats: &mut CameraStats) -> Option<Refusal> {
        let mut known = stats.size_px == [0, 0] || size(stats.size_px).is_ok();
        if !known {
            stats.size_px = [0, 0];
        }
        for of in stats.streams.iter_mut().flat_map(|both| [&mut both.main, &mut both.sub]) {
            of.reason = short(std::mem::take(&mut of.reason));
            known &= of.resolution.take_if(|px| size(*px).is_err()).is_none();
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

/// Keeps what fits; of the rest each reason is one refusal, however much it is.
fn keep<T>(
    of: &mut BTreeMap<Name, T>,
    fits: impl Fn(&Name, &T) -> Result<(), Option<Refusal>>,
    refused: &mut Vec<Refusal>,
) {
    let mut why = BTreeSet::new();
    of.retain(|name, it| match fits(name, it) {
        Ok(()) => true,
        Err(refusal) => {
            why.extend(refusal);
            false
        }
    });
    refused.extend(why);
}

/// What a camera's counters and gauges say can be counted.
fn numbers(of: &CameraStats) -> Result<(), Refusal> {
    counts([of.infer_ms_sum, of.look_age_ms_sum, of.decode_cpu_ms, of.infer_cpu_ms])?;
    counts([f64::from(of.fps_in)])?;
    counts(of.decoded_secs.values().copied())?;
    counts(of.decoding.and_then(|decoding| decoding.key_interval_secs))
}

/// A sum that is none would be taken for that of a worker that begins again, and all before it counted twice.
fn counts(numbers: impl IntoIterator<Item = f64>) -> Result<(), Refusal> {
    let is_count = |number: f64| number.is_finite() && number >= 0.0;
    if numbers.into_iter().all(is_count) { Ok(()) } else { Err(Refusal::Number) }
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use viahe_core::seam::ModelRun;

    /// Bytes of a hash that no model of the box has.
    const OTHER: &str = "66";
    const NOW: &str = "2026-11-18T14:00:00Z";

    /// What is believed of a message that a worker with `gate` alone says, of which picture 4 is awaited. A
    /// moment ago it had `corner` as well, looked with `yolox-old`, and was to take picture 3.
    fn hear(message: Value, greeted: bool) -> (Option<Value>, Vec<Refusal>) {
        hear_of("gate", message, greeted)
    }

    /// As [`hear`], of a worker with another camera.
    fn hear_of(camera: &str, message: Value, greeted: bool) -> (Option<Value>, Vec<Refusal>) {
        let known = |fits: bool, lately: bool| Its::of(fits, || lately);
        let given = Given {
            work: known(camera == "gate", camera == "corner"),
            camera: &|its| known(its.as_str() == camera, its.as_str() == "corner"),
            model: &|model, _| {
                known(model.as_str() == "ssdlite-coco", model.as_str() == "yolox-old")
            },
            its_files: !message.to_string().contains(&OTHER.repeat(32)),
            picture: &|capture| known(capture.0 == 4, capture.0 == 3),
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

    /// The same of what is not believed yet.
    fn undecided(camera: &str, tracks: &[u64]) -> Value {
        let mut message = observation(camera, NOW, [1280, 720], tracks);
        let seen = &mut message["observation"];
        seen["undecided"] = seen["objects"].take();
        seen["objects"] = json!([]);
        message
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
            (undecided("gate", &[2, 1]), Refusal::Objects),
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
        let mut other = looks("gate", "ssdlite-coco");
        other["looks"]["model"]["sha256"] = json!(OTHER.repeat(32));
        assert_eq!(hear(other, true), (None, vec![Refusal::Model]), "of other weights");

        let mut stats = serde_json::to_value(WorkerStats::default()).unwrap();
        let mut camera = serde_json::to_value(CameraStats::default()).unwrap();
        camera["size_px"] = json!([1, u32::MAX]);
        camera["clock_step"] = json!({ "at": "2554-01-01T00:00:00Z", "by_ms": i64::MIN });
        camera["clock_offset_ms"] = json!(i64::MIN);
        stats["cameras"] = json!({ "gate": camera, "market": camera });
        stats["models_wrong"] = json!({ "ssdlite-coco": "x".repeat(5000), "another": "y" });
        let run = ModelRun { why: "x".repeat(5000), ..ModelRun::default() };
        stats["models"] = json!({ "ssdlite-coco": run, "another": run });
        let (believed, why) = hear(json!({ "stats": stats }), true);
        assert_eq!(why, [Refusal::Camera, Refusal::Size, Refusal::Model, Refusal::Model]);
        let believed = &believed.unwrap()["stats"];
        let gate = &believed["cameras"]["gate"];
        assert_eq!((&gate["size_px"], &gate["clock_step"]), (&json!([0, 0]), &Value::Null));
        assert_eq!(gate["clock_offset_ms"], i64::MIN);
        assert_eq!(believed["cameras"].as_object().unwrap().len(), 1);
        assert_eq!(believed["models_wrong"].as_object().unwrap().len(), 1);
        let text = believed["models_wrong"]["ssdlite-coco"].as_str().unwrap();
        assert_eq!(text.chars().count(), LETTERS_MAX + 1);
        assert_eq!(believed["models"].as_object().unwrap().len(), 1);
        let text = believed["models"]["ssdlite-coco"]["why"].as_str().unwrap();
        assert_eq!(text.chars().count(), LETTERS_MAX + 1);
    }

    /// As 0 they would begin a count anew.
    #[test]
    fn numbers_that_count_nothing_are_refused_and_not_mended() {
        let camera = serde_json::to_value(CameraStats::default()).unwrap();
        let decoding = json!({ "mode": "all", "reason": "enough", "key_interval_secs": -2.0 });
        for (key, wrong) in [
            ("infer_ms_sum", json!(-1e308)),
            ("look_age_ms_sum", json!(-0.5)),
            ("decode_cpu_ms", json!(-1)),
            ("infer_cpu_ms", json!(-5e-324)),
            ("fps_in", json!(-25.0)),
            // More than its type holds.
            ("fps_in", json!(1e308)),
            ("decoded_secs", json!({ "keys": 5.0, "all": -1.0 })),
            ("decoding", decoding),
        ] {
            let mut stats = serde_json::to_value(WorkerStats::default()).unwrap();
            let mut lies = camera.clone();
            lies[key] = wrong;
            stats["cameras"] = json!({ "gate": lies });
            let (believed, why) = hear(json!({ "stats": stats }), true);
            assert_eq!(why, [Refusal::Number], "{key}");
            assert_eq!(believed.unwrap()["stats"]["cameras"], json!({}), "{key}");
        }
        let mut stats = serde_json::to_value(WorkerStats::default()).unwrap();
        stats["cpu_ms"] = json!(-1.0);
        assert_eq!(hear(json!({ "stats": stats }), true), (None, vec![Refusal::Number]));
    }

    #[test]
    fn of_why_a_camera_is_away_no_more_is_heard_than_there_can_be() {
        let cause = json!({ "stream": null, "fault": { "code": "ended" } });
        let causes = vec![cause; 50_000];
        let report =
            json!({ "camera": "gate", "status": "offline", "reason": "", "causes": causes });
        let (believed, why) = hear(json!({ "camera": report }), true);
        assert_eq!(why, []);
        assert_eq!(believed.unwrap()["camera"]["causes"].as_array().unwrap().len(), CAUSES_MAX);
    }

    /// An honest worker did not know of the change when it spoke.
    #[test]
    fn what_fitted_a_moment_ago_comes_to_nothing_and_is_no_refusal() {
        let hd = [1280, 720];
        let report = json!({ "camera": { "camera": "corner", "status": "offline", "reason": "" } });
        let model = json!({ "name": "yolox-old", "sha256": "ab".repeat(32) });
        for message in [
            observation("corner", NOW, hd, &[]),
            report,
            json!({ "opening": "corner" }),
            json!({ "looks": { "camera": "gate", "model": model } }),
            picture(3, NOW, hd),
            json!({ "captured": { "capture": 3, "picture": { "Err": "gone" } } }),
        ] {
            assert_eq!(hear(message.clone(), true), (None, vec![]), "{message}");
        }
        let failed = json!({ "failed": { "reason": "no model", "failure": "part_missing" } });
        assert_eq!(hear_of("corner", failed, true), (None, vec![]), "it has no camera any more");
        let mut stats = serde_json::to_value(WorkerStats::default()).unwrap();
        let camera = serde_json::to_value(CameraStats::default()).unwrap();
        stats["cameras"] = json!({ "gate": camera, "corner": camera });
        stats["models_wrong"] = json!({ "ssdlite-coco": "x", "yolox-old": "y" });
        let (believed, why) = hear(json!({ "stats": stats }), true);
        assert_eq!(why, []);
        let believed = &believed.unwrap()["stats"];
        for (of, its) in [("cameras", "gate"), ("models_wrong", "ssdlite-coco")] {
            let kept: Vec<_> = believed[of].as_object().unwrap().keys().collect();
            assert_eq!(kept, [its]);
        }
        stats["cameras"]["market"] = serde_json::to_value(CameraStats::default()).unwrap();
        assert_eq!(hear(json!({ "stats": stats }), true).1, [Refusal::Camera], "another's");
    }
}
