//! `/healthz`: can this box do its work?
//!
//! A watchdog restarts what answers 503, so only what a restart may mend counts as failed. A dark
//! camera, an absent broker or a disk that takes nothing is told as `degraded`: restarting the engine
//! would bring back none of them, and would make the other cameras blind for a while. While incidents
//! wait only in memory nothing counts as failed: a restart would lose them.

use super::metrics::{Camera, Presence, State, Worker};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use viahe_contract::id::WorkerId;
use viahe_contract::message::CameraStatus;
use viahe_core::id::Name;

/// How long the engine may be without a working worker.
pub(super) const WORKER_ABSENCE_MAX: Duration = Duration::from_secs(10);

/// In one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Health {
    Ok,
    Degraded,
    Starting,
    Failed,
}

impl Health {
    fn label(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Degraded => "degraded",
            Self::Starting => "starting",
            Self::Failed => "failed",
        }
    }
}

impl State {
    /// A camera's status; what an absent worker said last does not count.
    pub(super) fn status(&self, camera: &Camera, now: Instant) -> CameraStatus {
        if self.is_looked_at(camera, now) { camera.status } else { CameraStatus::Offline }
    }

    /// Is there a worker for it that can be believed to work?
    pub(super) fn is_looked_at(&self, camera: &Camera, now: Instant) -> bool {
        let worker = camera.worker.and_then(|worker| self.workers.get(&worker));
        worker.is_some_and(|worker| worker.is_up(now))
    }

    /// How it is and why, for people.
    pub(super) fn health(&self, now: Instant) -> (Health, Vec<String>) {
        let mut health = Health::Ok;
        let mut reasons = Vec::new();
        let dark = self.cameras.values().filter(|c| c.watched);
        let dark = dark.filter(|c| self.status(c, now) != CameraStatus::Online).count();
        if dark > 0 {
            health = Health::Degraded;
            reasons.push(format!("cameras without pictures: {dark}"));
        }
        if !self.engine.mqtt_connected {
            health = Health::Degraded;
            reasons.push("no connection to the MQTT broker; incidents wait in the outbox".into());
        }
        if !self.quarantined.is_empty() {
            health = Health::Degraded;
            let names: Vec<&str> = self.quarantined.iter().map(Name::as_str).collect();
            reasons.push(format!("quarantined, vision workers died of them: {}", names.join(", ")));
        }
        for lasting in self.troubles.lasting() {
            health = Health::Degraded;
            reasons.push(lasting.text);
        }
        if let Some((workers, why)) = self.worker_trouble(now) {
            health = workers;
            reasons.extend(why);
        }
        if health == Health::Failed && self.engine.unsaved > 0 {
            // A restart would lose them.
            health = Health::Degraded;
            let unsaved = self.engine.unsaved;
            reasons.push(format!("not restarted: incident revisions only in memory: {unsaved}"));
        }
        (health, reasons)
    }

    /// Failed when all of them are; as long as one works, a restart would make its cameras blind.
    fn worker_trouble(&self, now: Instant) -> Option<(Health, Vec<String>)> {
        let mut healths = Vec::new();
        let mut reasons = Vec::new();
        let workers = self.employed().count();
        for (id, worker) in self.employed() {
            let Some((health, what)) = worker.trouble(now) else { continue };
            healths.push(health);
            reasons.push(match workers {
                1 => format!("the vision worker {what}"),
                _ => format!("vision worker {id} {what}"),
            });
        }
        let all = |health| healths.iter().all(|h| *h == health);
        let health = match &healths[..] {
            [] => return None,
            _ if all(Health::Starting) => Health::Starting,
            _ if all(Health::Failed) && healths.len() == workers => Health::Failed,
            _ => Health::Degraded,
        };
        Some((health, reasons))
    }

    /// The answer: HTTP status and body.
    pub(super) fn healthz(&self, now: Instant) -> (u16, Value) {
        let (health, reasons) = self.health(now);
        let secs = |since: Instant| now.saturating_duration_since(since).as_secs();
        let cameras: serde_json::Map<String, Value> = self
            .cameras
            .iter()
            .filter(|(_, camera)| camera.watched)
            .map(|(name, camera)| (name.to_string(), self.camera_json(name, camera, now)))
            .collect();
        let body = json!({
            "status": health.label(),
            "reasons": reasons,
            "version": self.version,
            "uptime_s": secs(self.started),
            "workers": self.employed().map(|(id, w)| self.worker_json(id, w, now)).collect::<Value>(),
            "cameras": cameras,
            "outbox_depth": self.engine.outbox_depth,
            "unsaved": self.engine.unsaved,
            "mqtt_connected": self.engine.mqtt_connected,
        });
        (if health == Health::Failed { 503 } else { 200 }, body)
    }

    fn worker_json(&self, id: WorkerId, worker: &Worker, now: Instant) -> Value {
        let (state, since) = match worker.presence {
            Presence::Retired => ("retired", now),
            Presence::Starting { since } => ("starting", since),
            Presence::Down { since } => ("down", since),
            Presence::Up { since, .. } if worker.is_up(now) => ("up", since),
            Presence::Up { heard, .. } => ("silent", heard),
        };
        json!({
            "worker": id,
            "state": state,
            "for_s": now.saturating_duration_since(since).as_secs(),
            "restarts": worker.restarts,
            "memory_bytes": self.engine.worker_memory.get(&id).and_then(|memory| memory.used),
        })
    }

    fn camera_json(&self, name: &Name, camera: &Camera, now: Instant) -> Value {
        let up = self.is_looked_at(camera, now);
        json!({
            "status": self.status(camera, now),
            "worker": camera.worker,
            "reason": camera.reason,
            "quarantined": self.quarantined.contains(name),
            "view_lost": self.engine.views_lost.get(name).map(ToString::to_string),
            "frame_age_ms": camera.frame_age(now).map(|age| age.as_millis() as u64),
            "fps_in": if up { f64::from(camera.fps_in) } else { 0.0 },
            "size_px": camera.size_px,
        })
    }
}

impl Worker {
    /// Can it be believed to work?
    pub(super) fn is_up(&self, now: Instant) -> bool {
        match self.presence {
            Presence::Up { heard, .. } => {
                now.saturating_duration_since(heard) <= WORKER_ABSENCE_MAX
            }
            Presence::Retired | Presence::Starting { .. } | Presence::Down { .. } => false,
        }
    }

    /// What is wrong with it, if something is, and for how long.
    fn trouble(&self, now: Instant) -> Option<(Health, String)> {
        let (since, what) = match self.presence {
            Presence::Retired => return None,
            Presence::Starting { since } => (since, "has not come up"),
            Presence::Down { since } => (since, "is down"),
            Presence::Up { .. } if self.is_up(now) => return None,
            Presence::Up { heard, .. } => (heard, "has been silent"),
        };
        let absent = now.saturating_duration_since(since);
        let health = match self.presence {
            _ if absent > WORKER_ABSENCE_MAX => Health::Failed,
            Presence::Starting { .. } => Health::Starting,
            Presence::Retired | Presence::Up { .. } | Presence::Down { .. } => Health::Degraded,
        };
        Some((health, format!("{what} for {} s", absent.as_secs())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use crate::trouble::{Trouble, Troubles};
    use viahe_core::seam::{CameraReport, CameraStats, WorkerStats};

    const ONE: WorkerId = WorkerId(0);
    const TWO: WorkerId = WorkerId(1);

    fn name(text: &str) -> Name {
        Name::try_from(text).unwrap()
    }

    fn stats(status: CameraStatus) -> WorkerStats {
        let camera =
            CameraStats { status, frame_age_ms: Some(40), fps_in: 10.0, ..CameraStats::default() };
        WorkerStats { cameras: [(name("le-loi-03"), camera)].into(), ..WorkerStats::default() }
    }

    struct Box {
        state: State,
        start: Instant,
    }

    impl Box {
        fn new() -> Self {
            let start = clock::monotonic();
            let mut state = State::new("1.2.3".into(), Troubles::default(), start);
            state.plan([(name("le-loi-03"), ONE)], start);
            state.engine.mqtt_connected = true;
            Self { state, start }
        }

        fn at(&self, secs: u64) -> Instant {
            self.start + Duration::from_secs(secs)
        }

        fn answer(&self, secs: u64) -> (u16, String) {
            let (code, body) = self.state.healthz(self.at(secs));
            (code, body["status"].as_str().unwrap().into())
        }
    }

    #[test]
    fn a_worker_that_never_comes_is_a_failure() {
        let viahe = Box::new();
        assert_eq!(viahe.answer(0), (200, "starting".into()));
        assert_eq!(viahe.answer(10), (200, "starting".into()));
        assert_eq!(viahe.answer(11), (503, "failed".into()));
    }

    #[test]
    fn a_dark_camera_is_no_failure() {
        let mut viahe = Box::new();
        for (secs, status, want) in [
            (1, CameraStatus::Online, "ok"),
            (2, CameraStatus::Stalled, "degraded"),
            (3, CameraStatus::Offline, "degraded"),
            (4, CameraStatus::Online, "ok"),
        ] {
            viahe.state.worker(ONE, &stats(status), viahe.at(secs));
            assert_eq!(viahe.answer(secs), (200, want.into()), "{status:?}");
        }
        viahe.state.engine.mqtt_connected = false;
        assert_eq!(viahe.answer(4), (200, "degraded".into()));
    }

    #[test]
    fn a_worker_that_stays_down_or_silent_is_a_failure() {
        let mut viahe = Box::new();
        viahe.state.worker(ONE, &stats(CameraStatus::Online), viahe.at(1));
        assert_eq!(viahe.answer(11), (200, "ok".into()));
        assert_eq!(viahe.answer(12), (503, "failed".into()), "silent");
        viahe.state.worker_restarted(ONE, viahe.at(13));
        assert_eq!(viahe.answer(14), (200, "degraded".into()), "just died");
        assert_eq!(viahe.answer(24), (503, "failed".into()), "stays down");
        viahe.state.worker_started(ONE, viahe.at(25));
        viahe.state.worker(ONE, &stats(CameraStatus::Online), viahe.at(26));
        assert_eq!(viahe.answer(26), (200, "ok".into()));
    }

    #[test]
    fn a_worker_that_dies_again_and_again_is_a_failure() {
        // Before it is up, and soon after.
        for hello in [false, true] {
            let mut viahe = Box::new();
            for secs in (1..=9).step_by(2) {
                if hello {
                    viahe.state.worker_started(ONE, viahe.at(secs));
                }
                viahe.state.worker_restarted(ONE, viahe.at(secs + 1));
                assert_eq!(viahe.answer(secs + 1), (200, "degraded".into()), "at {secs} s");
            }
            viahe.state.worker_restarted(ONE, viahe.at(11));
            assert_eq!(viahe.answer(11), (503, "failed".into()));
            // One that lives on ends that; its death is a new story.
            viahe.state.worker(ONE, &stats(CameraStatus::Online), viahe.at(12));
            viahe.state.worker(ONE, &stats(CameraStatus::Online), viahe.at(22));
            assert_eq!(viahe.answer(22), (200, "ok".into()));
            viahe.state.worker_restarted(ONE, viahe.at(23));
            assert_eq!(viahe.answer(23), (200, "degraded".into()));
        }
    }

    #[test]
    fn one_of_several_workers_is_no_failure() {
        let mut viahe = Box::new();
        let both = [(name("le-loi-03"), ONE), (name("le-loi-04"), TWO)];
        viahe.state.plan(both, viahe.at(0));
        let of = |camera: &str| {
            let WorkerStats { cameras, .. } = stats(CameraStatus::Online);
            let cameras = cameras.into_values().map(|c| (name(camera), c)).collect();
            WorkerStats { cameras, ..WorkerStats::default() }
        };
        viahe.state.worker(ONE, &of("le-loi-03"), viahe.at(1));
        assert_eq!(viahe.answer(1), (200, "starting".into()));
        viahe.state.worker(TWO, &of("le-loi-04"), viahe.at(2));
        assert_eq!(viahe.answer(2), (200, "ok".into()));
        viahe.state.worker_restarted(TWO, viahe.at(20));
        viahe.state.worker(ONE, &of("le-loi-03"), viahe.at(40));
        let (code, body) = viahe.state.healthz(viahe.at(40));
        assert_eq!((code, &body["status"]), (200, &json!("degraded")));
        let reasons = ["cameras without pictures: 1", "vision worker 1 is down for 20 s"];
        assert_eq!(body["reasons"], json!(reasons));
        assert_eq!(body["cameras"]["le-loi-03"]["status"], "online");
        assert_eq!(body["cameras"]["le-loi-04"]["status"], "offline");
        assert_eq!(body["workers"][1]["restarts"], 1);
        viahe.state.worker_restarted(ONE, viahe.at(41));
        assert_eq!(viahe.answer(51), (200, "degraded".into()), "one has just died");
        assert_eq!(viahe.answer(52), (503, "failed".into()), "nobody looks");
    }

    #[test]
    fn a_trouble_is_a_reason() {
        let mut viahe = Box::new();
        viahe.state.worker(ONE, &stats(CameraStatus::Online), viahe.at(1));
        viahe.state.troubles.raise(Trouble::NobodyListens, "nobody listens");
        let (code, body) = viahe.state.healthz(viahe.at(1));
        assert_eq!((code, &body["status"]), (200, &json!("degraded")));
        assert_eq!(body["reasons"], json!(["nobody listens"]));
        viahe.state.troubles.end(Trouble::NobodyListens);
        assert_eq!(viahe.answer(1), (200, "ok".into()));
    }

    #[test]
    fn a_disk_that_takes_nothing_is_no_failure() {
        let mut viahe = Box::new();
        viahe.state.worker(ONE, &stats(CameraStatus::Online), viahe.at(1));
        viahe.state.engine.unsaved = 35;
        viahe.state.troubles.raise(Trouble::StoreFailing, "no space; 35 wait in memory only");
        let (code, body) = viahe.state.healthz(viahe.at(1));
        assert_eq!(
            (code, &body["status"], &body["unsaved"]),
            (200, &json!("degraded"), &json!(35))
        );
    }

    #[test]
    fn nothing_is_a_failure_while_a_restart_would_lose_incidents() {
        let mut viahe = Box::new();
        viahe.state.engine.unsaved = 1;
        assert_eq!(viahe.answer(11), (200, "degraded".into()), "no worker");
        viahe.state.engine.unsaved = 0;
        assert_eq!(viahe.answer(11), (503, "failed".into()));
    }

    #[test]
    fn ages_go_on_and_reasons_end() {
        let mut viahe = Box::new();
        viahe.state.worker(ONE, &stats(CameraStatus::Stalled), viahe.at(1));
        let report = CameraReport {
            camera: name("le-loi-03"),
            status: CameraStatus::Stalled,
            reason: "no frame for 3 s from rtsp://u:p@10.0.0.3/".into(),
            causes: Vec::new(),
        };
        viahe.state.camera(&report);
        viahe.state.worker(ONE, &stats(CameraStatus::Stalled), viahe.at(2));
        let (_, body) = viahe.state.healthz(viahe.at(5));
        let camera = &body["cameras"]["le-loi-03"];
        assert_eq!(camera["frame_age_ms"], 3040);
        assert_eq!(camera["reason"], "no frame for 3 s from rtsp://***@10.0.0.3/");
        viahe.state.worker(ONE, &stats(CameraStatus::Online), viahe.at(6));
        let (_, body) = viahe.state.healthz(viahe.at(6));
        assert_eq!(body["cameras"]["le-loi-03"]["reason"], "");
    }

    #[test]
    fn a_camera_that_left_the_plan_is_not_dark() {
        let mut viahe = Box::new();
        viahe.state.worker(ONE, &stats(CameraStatus::Offline), viahe.at(1));
        assert_eq!(viahe.answer(1), (200, "degraded".into()));
        viahe.state.plan([], viahe.at(1));
        assert_eq!(viahe.answer(1), (200, "ok".into()));
    }
}
