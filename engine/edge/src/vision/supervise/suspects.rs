//! Which camera ends its worker: cameras that were being opened when one died are opened one at a time
//! by the next, and one that is alone with three deaths is kept away for longer and longer.

use crate::backoff::{Backoff, Growth};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use viahe_contract::id::Name;
use viahe_contract::message::CameraStatus;

/// A camera is open when its pictures have come for so long: a key frame or two.
const OPEN_AFTER: Duration = Duration::from_secs(2);
/// One that neither comes nor fails is not waited for any longer; RTSP gives up sooner.
const OPENING_MAX: Duration = Duration::from_secs(20);
/// A try of a quarantined camera has held when its pictures have come for so long.
const HELD_AFTER: Duration = Duration::from_mins(1);
/// Deaths that are enough.
const DEATHS_MAX: u32 = 3;
/// Each try may make its neighbours dark for a second.
const TRIES: [Duration; 2] = [Duration::from_mins(1), Duration::from_hours(1)];

/// A camera that is not looked at, because its workers died of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantine {
    /// Workers that died while opening it.
    pub deaths: u32,
    /// How the last one did.
    pub reason: String,
    /// When it is tried again.
    pub next_try: Instant,
}

/// A camera that the present worker has.
#[derive(Clone, Copy, Debug)]
enum Progress {
    /// It was given the camera, and has not begun to open it: its model is being loaded.
    Given {
        since: Instant,
    },
    Opening {
        since: Instant,
    },
    Online {
        since: Instant,
    },
    /// It failed, and nobody died of it.
    Away,
}

/// A camera of which workers may have died.
#[derive(Debug)]
struct Case {
    deaths: u32,
    waits: Backoff,
    quarantine: Option<Quarantine>,
}

impl Case {
    fn is_tried(&self) -> bool {
        self.deaths >= DEATHS_MAX
    }
}

/// What is known of the cameras of one worker. Pure: times come in as arguments.
#[derive(Debug, Default)]
pub(super) struct Suspects {
    progress: BTreeMap<Name, Progress>,
    cases: BTreeMap<Name, Case>,
}

impl Suspects {
    /// The present worker is about to connect to a camera. One that it was not given is none of its.
    pub(super) fn opening(&mut self, camera: &Name, now: Instant) {
        if let Some(progress) = self.progress.get_mut(camera) {
            *progress = Progress::Opening { since: now };
        }
    }

    /// What the present worker says of a camera.
    pub(super) fn reported(&mut self, camera: &Name, status: CameraStatus, now: Instant) {
        let Some(progress) = self.progress.get_mut(camera) else { return };
        match (status, &progress) {
            // Nothing new; or it waits for its model.
            (CameraStatus::Online, Progress::Online { .. })
            | (CameraStatus::Stalled | CameraStatus::Offline, Progress::Given { .. }) => {}
            (CameraStatus::Online, _) => *progress = Progress::Online { since: now },
            (CameraStatus::Stalled | CameraStatus::Offline, _) => *progress = Progress::Away,
        }
    }

    /// What was held against cameras that have been open for long enough is forgotten.
    pub(super) fn look(&mut self, now: Instant) {
        for (camera, progress) in &self.progress {
            let Progress::Online { since } = progress else { continue };
            let online = now.saturating_duration_since(*since);
            self.cases.retain(|name, case| {
                name != camera || online < if case.is_tried() { HELD_AFTER } else { OPEN_AFTER }
            });
        }
    }

    /// The present worker has died; of these cameras, perhaps. Those that are quarantined for it.
    pub(super) fn died(&mut self, reason: &str, now: Instant) -> Vec<Name> {
        self.look(now);
        let mut quarantined = Vec::new();
        for (camera, progress) in std::mem::take(&mut self.progress) {
            let tried = self.cases.get(&camera).is_some_and(Case::is_tried);
            let suspect = match progress {
                Progress::Opening { .. } => true,
                Progress::Online { since } => {
                    tried || now.saturating_duration_since(since) < OPEN_AFTER
                }
                Progress::Given { .. } | Progress::Away => false,
            };
            if !suspect {
                continue;
            }
            let case = self.cases.entry(camera.clone()).or_insert_with(|| Case::new(&camera));
            case.deaths = case.deaths.saturating_add(1);
            if case.is_tried() {
                let next_try = now + case.waits.next();
                let (deaths, reason) = (case.deaths, reason.to_owned());
                case.quarantine = Some(Quarantine { deaths, reason, next_try });
                quarantined.push(camera);
            }
        }
        quarantined
    }

    /// The present worker no longer has a camera.
    pub(super) fn closed(&mut self, camera: &Name) {
        self.progress.remove(camera);
    }

    /// The present worker has ended, and not of a camera.
    pub(super) fn ended(&mut self) {
        self.progress.clear();
    }

    /// A camera is another one: nothing is held against it.
    pub(super) fn acquit(&mut self, camera: &Name) {
        self.cases.remove(camera);
    }

    /// Of cameras that the present worker does not have yet, those that it may have now: all that are
    /// no suspects; else one suspect, when no other camera is being opened. At most `room`.
    pub(super) fn due<'a>(
        &mut self,
        waiting: impl Iterator<Item = &'a Name>,
        now: Instant,
        room: usize,
    ) -> Vec<&'a Name> {
        let (suspects, mut others): (Vec<_>, Vec<_>) =
            waiting.partition(|camera| self.cases.contains_key(*camera));
        if !others.is_empty() || room == 0 || self.is_opening(now) {
            others.truncate(room);
            return self.given(others, now);
        }
        let may_be_tried = |camera: &&Name| {
            let quarantine = self.cases.get(*camera).and_then(|case| case.quarantine.as_ref());
            quarantine.is_none_or(|quarantine| quarantine.next_try <= now)
        };
        let deaths = |camera: &&Name| self.cases.get(*camera).map_or(0, |case| case.deaths);
        let next = suspects.into_iter().filter(may_be_tried).min_by_key(deaths);
        if let Some(case) = next.and_then(|camera| self.cases.get_mut(camera)) {
            case.quarantine = None;
        }
        self.given(next.into_iter().collect(), now)
    }

    fn given<'a>(&mut self, cameras: Vec<&'a Name>, now: Instant) -> Vec<&'a Name> {
        let given =
            cameras.iter().map(|camera| ((*camera).clone(), Progress::Given { since: now }));
        self.progress.extend(given);
        cameras
    }

    fn is_opening(&self, now: Instant) -> bool {
        self.progress.values().any(|progress| match progress {
            Progress::Given { since } | Progress::Opening { since } => {
                now.saturating_duration_since(*since) < OPENING_MAX
            }
            Progress::Online { since } => now.saturating_duration_since(*since) < OPEN_AFTER,
            Progress::Away => false,
        })
    }

    /// Cameras that are kept away.
    pub(super) fn quarantined(&self) -> BTreeMap<Name, Quarantine> {
        let of = |(camera, case): (&Name, &Case)| Some((camera.clone(), case.quarantine.clone()?));
        self.cases.iter().filter_map(of).collect()
    }
}

impl Case {
    fn new(camera: &Name) -> Self {
        // Any number that differs from camera to camera.
        let seed =
            camera.as_str().bytes().fold(7, |sum: u64, b| sum.wrapping_mul(31) + u64::from(b));
        Self { deaths: 0, waits: Backoff::new(Growth::between(TRIES), seed), quarantine: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    struct Worker {
        suspects: Suspects,
        cameras: Vec<Name>,
        zero: Instant,
    }

    impl Worker {
        fn new(cameras: &[&str]) -> Self {
            let cameras = cameras.iter().map(|name| Name::try_from(*name).unwrap()).collect();
            Self { suspects: Suspects::default(), cameras, zero: clock::monotonic() }
        }

        fn at(&self, ms: u64) -> Instant {
            self.zero + Duration::from_millis(ms)
        }

        /// Those that may be opened now, of these.
        fn due(&mut self, ms: u64, of: &str) -> String {
            let now = self.at(ms);
            let waiting = self.cameras.iter().filter(|camera| of.contains(camera.as_str()));
            let due = self.suspects.due(waiting, now, usize::MAX);
            due.into_iter().map(Name::as_str).collect::<Vec<_>>().join(" ")
        }

        fn opens(&mut self, ms: u64, camera: &str) {
            self.suspects.opening(&Name::try_from(camera).unwrap(), self.at(ms));
        }

        fn shows(&mut self, ms: u64, camera: &str) {
            self.is(ms, camera, CameraStatus::Online);
        }

        fn is(&mut self, ms: u64, camera: &str, status: CameraStatus) {
            self.suspects.reported(&Name::try_from(camera).unwrap(), status, self.at(ms));
        }

        fn dies(&mut self, ms: u64) -> usize {
            self.suspects.died("signal 11", self.at(ms)).len()
        }

        fn next_try_ms(&self, camera: &str) -> u64 {
            let quarantined = self.suspects.quarantined();
            let next = quarantined[&Name::try_from(camera).unwrap()].next_try;
            // The next whole one.
            next.duration_since(self.zero).as_millis() as u64 + 1
        }
    }

    #[test]
    fn the_one_is_found_and_the_others_are_acquitted() {
        let mut worker = Worker::new(&["cam-a", "cam-b", "cam-c"]);
        let all = "cam-a cam-b cam-c";
        assert_eq!(worker.due(0, all), all, "nothing is held against anyone");
        worker.opens(10, "cam-a");
        worker.opens(10, "cam-b");
        worker.is(20, "cam-a", CameraStatus::Offline);
        assert_eq!(worker.dies(30), 0);
        // Away when it died, or not begun: no suspects.
        assert_eq!(worker.due(100, all), "cam-a cam-c");
        assert_eq!(worker.due(110, "cam-b"), "", "the others first");
        for camera in ["cam-a", "cam-c"] {
            worker.opens(120, camera);
            worker.shows(200, camera);
        }
        assert_eq!(worker.due(2_100, "cam-b"), "", "they are not open yet");
        assert_eq!(worker.due(2_200, "cam-b"), "cam-b");
        worker.opens(2_210, "cam-b");
        assert_eq!(worker.dies(2_300), 0);
        assert_eq!(worker.due(3_000, all), "cam-a cam-c", "they had been open for long enough");
        worker.opens(3_050, "cam-a");
        worker.opens(3_050, "cam-c");
        worker.shows(3_100, "cam-a");
        worker.is(3_100, "cam-c", CameraStatus::Stalled);
        assert_eq!(worker.due(5_100, "cam-b"), "cam-b");
        worker.opens(5_110, "cam-b");
        assert_eq!(worker.dies(5_200), 1, "the third");
        assert_eq!(worker.due(6_000, all), "cam-a cam-c");
        assert_eq!(worker.due(20_000, "cam-b"), "", "it is kept away");
    }

    #[test]
    fn tries_come_later_and_later_until_one_holds() {
        let mut worker = Worker::new(&["cam-a", "cam-b"]);
        let mut now = 0;
        for _ in 0..3 {
            worker.due(now, "cam-a");
            worker.opens(now, "cam-a");
            worker.dies(now + 1);
            now += 10;
        }
        let mut waits = Vec::new();
        for _ in 0..9 {
            let next = worker.next_try_ms("cam-a");
            waits.push(next - now);
            assert_eq!(worker.due(next - 2, "cam-a"), "");
            assert_eq!(worker.due(next, "cam-a"), "cam-a");
            assert!(worker.suspects.quarantined().is_empty(), "it is being tried");
            worker.opens(next, "cam-a");
            worker.shows(next + 10, "cam-a");
            // Longer than others need to be open: a try must hold.
            now = next + 50_000;
            assert_eq!(worker.dies(now), 1);
        }
        assert!(waits[0] >= 59_000 && waits.iter().all(|wait| *wait <= 3_600_000), "{waits:?}");
        assert!(waits[8] > 20 * waits[0], "{waits:?}");
        let next = worker.next_try_ms("cam-a");
        worker.due(next, "cam-a");
        worker.opens(next, "cam-a");
        worker.shows(next, "cam-a");
        assert_eq!(worker.dies(next + 60_000), 0, "it had held");
        assert_eq!(worker.due(next + 60_010, "cam-a cam-b"), "cam-a cam-b");
    }

    #[test]
    fn a_camera_that_never_answers_keeps_no_other_from_being_tried() {
        let mut worker = Worker::new(&["cam-a", "cam-b", "cam-c"]);
        worker.due(0, "cam-a cam-b cam-c");
        worker.opens(0, "cam-a");
        worker.opens(0, "cam-b");
        worker.dies(10);
        assert_eq!(worker.due(20, "cam-a cam-b cam-c"), "cam-c");
        worker.opens(30, "cam-c");
        assert_eq!(worker.due(20_000, "cam-a cam-b"), "");
        assert_eq!(worker.due(20_030, "cam-a cam-b"), "cam-a", "twenty seconds are enough");
        assert_eq!(worker.due(20_040, "cam-b"), "", "one at a time");
    }

    #[test]
    fn a_camera_that_a_worker_was_not_given_is_none_of_its() {
        let mut worker = Worker::new(&["cam-a", "cam-b"]);
        worker.due(0, "cam-a");
        for n in 0..3 {
            worker.opens(n, "cam-b");
            worker.dies(n);
        }
        assert!(worker.suspects.quarantined().is_empty());
        assert_eq!(worker.due(10, "cam-a cam-b"), "cam-a cam-b", "nothing is held against it");
    }

    #[test]
    fn nothing_is_held_against_another_camera() {
        let mut worker = Worker::new(&["cam-a"]);
        for n in 0..3 {
            worker.due(n, "cam-a");
            worker.opens(n, "cam-a");
            worker.dies(n);
        }
        assert_eq!(worker.due(10, "cam-a"), "");
        worker.suspects.acquit(&Name::try_from("cam-a").unwrap());
        assert_eq!(worker.due(10, "cam-a"), "cam-a");
        assert!(worker.suspects.quarantined().is_empty());
    }
}
