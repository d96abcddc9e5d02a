//! The worker's end: looks are offered to the process of the candidate, if there is one.
//!
//! Nobody waits here but a thread of its own, at the lowest priority. While it is busy with a look, few more find room; the rest
//! are left out and counted. A look whose picture is that of the one before goes without a picture, and only to who has that
//! one.

use super::wire::{self, Asked, Look, Said};
use crate::clock;
use crate::vision::slots::SharedFrame;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use viahe_core::id::Name;
use viahe_core::observe::Observation;

/// Looks that wait. Judgement: each pins a buffer of a decoder that owns few.
const WAITING_MAX: usize = 3;
/// How often it is tried to reach somebody.
const AGAIN_AFTER: Duration = Duration::from_secs(1);
/// Who does not answer within this is not sent anything more.
const WITHIN: Duration = Duration::from_mins(1);
/// Least difference of the clocks that is told: an event's time is kept apart from the time of day for what is shorter.
const CLOCK_MIN_MS: i64 = 1_000;

/// Where looks are offered.
pub(in crate::vision) struct Lane {
    to: Sender<(Said, Option<SharedFrame>)>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// What is asked for; none while nobody does.
    asked: Option<Asked>,
    cameras: BTreeMap<Name, Camera>,
}

/// A camera within a stretch.
#[derive(Default)]
struct Camera {
    /// The other end knows of it.
    begun: bool,
    /// The last look did not find room, so what is the same as in it is not known there.
    behind: bool,
    missed: u32,
}

impl Lane {
    /// Offers to who listens in this folder, whenever somebody does.
    ///
    /// # Errors
    /// No thread is to be had.
    pub(in crate::vision) fn start(shadow_dir: PathBuf) -> Result<Self, std::io::Error> {
        let (to, looks) = bounded(WAITING_MAX);
        let state = Arc::<Mutex<State>>::default();
        let of = Arc::clone(&state);
        std::thread::Builder::new().name("shadow".into()).spawn(move || {
            // Of this thread alone.
            let _ = rustix::process::nice(19);
            serve(&shadow_dir, &looks, &of);
        })?;
        Ok(Self { to, state })
    }

    /// What a camera's look saw, in which frame and for how much of the processor; none where the picture was that of the
    /// look before.
    pub(in crate::vision) fn offer(
        &self,
        observation: &Observation,
        frame: Option<(&SharedFrame, Duration)>,
    ) {
        let mut state = lock(&self.state);
        let State { asked: Some(asked), cameras } = &mut *state else { return };
        let (name, at) = (&observation.camera, observation.frame.captured);
        if !asked.has(name, at) {
            if let Some(camera) = cameras.remove(name).filter(|camera| camera.begun)
                && self.to.try_send((Said::End(name.clone()), None)).is_err()
            {
                // Said with the next one.
                cameras.insert(name.clone(), camera);
            }
            return;
        }
        let camera = cameras.entry(name.clone()).or_default();
        if frame.is_none() && (camera.behind || !camera.begun) {
            camera.missed += 1;
            return;
        }
        let look = Look {
            observation: in_time_of_day(observation),
            begins: !camera.begun,
            cpu_us: frame.map_or(0, |(_, cpu)| cpu.as_micros() as u64),
            missed: camera.missed,
            pixels: None,
        };
        let frame = frame.map(|(frame, _)| Arc::clone(frame));
        if self.to.try_send((Said::Look(Box::new(look)), frame)).is_ok() {
            *camera = Camera { begun: true, behind: false, missed: 0 };
        } else {
            camera.missed += 1;
            camera.behind = true;
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    // Whole between any two statements.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is told of an incident is told in it.
fn in_time_of_day(observation: &Observation) -> Observation {
    let mut observation = observation.clone();
    let by_ms = clock::now().offset_ms(clock::event_time());
    if by_ms.abs() >= CLOCK_MIN_MS {
        let (stamp, ns) = (&mut observation.frame, by_ms.saturating_mul(1_000_000));
        (stamp.captured, stamp.arrived) = (stamp.captured.shifted(ns), stamp.arrived.shifted(ns));
    }
    observation
}

/// Until nobody offers anything any more.
fn serve(shadow_dir: &Path, looks: &Receiver<(Said, Option<SharedFrame>)>, state: &Mutex<State>) {
    loop {
        if let Ok((mut stream, asked)) = wire::connect(shadow_dir, WITHIN) {
            let cameras = asked.cameras.len();
            tracing::info!(cameras, "a candidate model looks in the shadow");
            lock(state).asked = Some(asked);
            let ended = loop {
                let Ok((said, frame)) = looks.recv() else { return };
                if let Err(error) = wire::send(&mut stream, said, frame.as_deref()) {
                    break error;
                }
            };
            *lock(state) = State::default();
            looks.try_iter().for_each(drop);
            tracing::info!(%ended, "no candidate looks in the shadow any more");
        }
        match looks.recv_timeout(AGAIN_AFTER) {
            Err(RecvTimeoutError::Disconnected) => return,
            // It came too late for the one that is gone.
            Ok(_) | Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use std::os::unix::net::UnixStream;
    use viahe_core::frame::{
        ColorMatrix, ColorRange, Frame, FrameStamp, FrameView, PixelFormat, Plane,
    };
    use viahe_core::time::{ClockSource, Timestamp};
    use viahe_testing::wait::eventually;

    static BYTES: [u8; 12 * 8] = [77; 96];

    struct Wall(u64);

    impl Frame for Wall {
        fn stamp(&self) -> FrameStamp {
            let at = Timestamp::from_secs(1_000_000 + self.0);
            let clock = ClockSource::Arrival;
            FrameStamp { seq: self.0, captured: at, arrived: at, offset_ms: 0, clock }
        }

        fn view(&self) -> FrameView<'_> {
            let planes =
                [Plane { data: &BYTES, stride: 12 }, Plane { data: &BYTES[..48], stride: 12 }];
            let (matrix, range) = (ColorMatrix::Bt709, ColorRange::Full);
            FrameView::new(10, 8, PixelFormat::Nv12, matrix, range, &planes).unwrap()
        }
    }

    fn offer(lane: &Lane, n: u64, with_frame: bool) {
        let frame: SharedFrame = Arc::new(Wall(n));
        let camera = Name::try_from("gate").unwrap();
        let (size_px, objects, undecided) = ([10, 8], Vec::new(), Vec::new());
        let seen = Observation { camera, frame: frame.stamp(), size_px, objects, undecided };
        lane.offer(&seen, with_frame.then_some((&frame, Duration::from_micros(7))));
    }

    fn hear(stream: &mut UnixStream) -> (Look, Option<wire::SentFrame>) {
        let (said, frame) = wire::next(stream).unwrap().unwrap();
        let Said::Look(look) = said else { panic!("{said:?}") };
        (*look, frame)
    }

    #[test]
    fn looks_go_over_whole_and_nobody_waits_for_who_is_slow() {
        let dir = tempfile::tempdir().unwrap();
        let lane = Lane::start(dir.path().to_owned()).unwrap();
        offer(&lane, 0, true);
        let listener = wire::listen(dir.path()).unwrap();
        let (mut stream, _) = listener.accept().unwrap();
        let cameras = ["gate".try_into().unwrap()].into();
        wire::ask(&mut stream, &Asked { cameras, share: 1.0, stretch_secs: 60 }).unwrap();
        eventually("it is asked", || lock(&lane.state).asked.is_some());
        offer(&lane, 1, true);
        let (look, frame) = hear(&mut stream);
        let (view, want) = (frame.as_ref().unwrap().view(), Wall(1));
        assert_eq!((look.observation.frame.seq, look.begins, look.cpu_us), (1, true, 7));
        let shape = |view: &FrameView<'_>| {
            (view.width(), view.height(), view.format(), view.matrix(), view.range())
        };
        assert_eq!(shape(&view), shape(&want.view()));
        for plane in [0, 1] {
            assert_eq!(view.plane(plane).data, want.view().plane(plane).data);
            assert_eq!(view.plane(plane).stride, 12);
        }
        // Nobody has dealt with it yet: three more find room, and what is the same as a look that did not is not sent.
        (2..7).for_each(|n| offer(&lane, n, true));
        offer(&lane, 7, false);
        for n in 2..5 {
            wire::answer(&mut stream).unwrap();
            let (look, _) = hear(&mut stream);
            assert_eq!((look.observation.frame.seq, look.begins, look.missed), (n, false, 0));
        }
        wire::answer(&mut stream).unwrap();
        offer(&lane, 8, true);
        let (look, _) = hear(&mut stream);
        assert_eq!((look.observation.frame.seq, look.missed), (8, 3));
        wire::answer(&mut stream).unwrap();
        offer(&lane, 9, false);
        let (look, frame) = hear(&mut stream);
        assert!((look.observation.frame.seq, look.missed) == (9, 0) && frame.is_none());
        // Who goes is waited for by nobody, and begins anew.
        drop(stream);
        eventually("it is noticed", || {
            offer(&lane, 10, true);
            lock(&lane.state).asked.is_none()
        });
        let (mut stream, _) = listener.accept().unwrap();
        let cameras = ["gate".try_into().unwrap()].into();
        wire::ask(&mut stream, &Asked { cameras, share: 1.0, stretch_secs: 60 }).unwrap();
        eventually("it is asked again", || lock(&lane.state).asked.is_some());
        offer(&lane, 11, true);
        assert!(hear(&mut stream).0.begins);
    }
}
