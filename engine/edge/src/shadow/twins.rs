//! Two engines of a camera, with the same rules: one hears the model at work, the other the candidate.

use super::book::keep_picture;
use crate::evidence::JpegEncoder;
use crate::ledger::Ledger;
use crate::vision::shadow::small_jpeg;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use viahe_contract::message::ModelRef;
use viahe_contract::sha256::Sha256;
use viahe_core::driver::{Driver, Host, Upshot};
use viahe_core::engine::{Effect, Engine, Event};
use viahe_core::frame::Frame;
use viahe_core::id::{CaptureId, Name};
use viahe_core::incident::Revision;
use viahe_core::observe::Observation;
use viahe_core::plan::Plan;
use viahe_core::scenario::picture;

/// Pictures that are kept at once for incidents that are not told yet.
const TAKEN_MAX: usize = 32;

/// A word on an incident, with the picture of its first one.
pub(super) type Word = (Revision, Option<Sha256>);

/// An engine that nobody hears.
pub(super) struct Twin {
    driver: Driver<Desk>,
}

struct Desk {
    state_dir: PathBuf,
    /// The frame at hand; none where the picture was that of the look before.
    frame: Option<Arc<dyn Frame>>,
    encoder: JpegEncoder,
    /// What was asked for while this frame was at hand is one picture.
    developed: Option<Sha256>,
    taken: BTreeMap<CaptureId, Sha256>,
    /// Pictures that this engine has no use for any more; others may.
    unused: Vec<Sha256>,
    said: Vec<Word>,
}

impl Twin {
    /// A stretch of a camera begins.
    pub(super) fn new(plan: &Plan, camera: &Name, model: ModelRef, state_dir: &Path) -> Self {
        let mut plan = plan.clone();
        plan.cameras.retain(|one| one.id == *camera);
        plan.rules.clear();
        let desk = Desk {
            state_dir: state_dir.to_owned(),
            frame: None,
            encoder: JpegEncoder::default(),
            developed: None,
            taken: BTreeMap::new(),
            unused: Vec::new(),
            said: Vec::new(),
        };
        let mut driver = Driver::new(Engine::new(Arc::new(plan)), desk);
        let models = [(camera.clone(), model)].into();
        let Ok(()) = driver.apply(Event::WorkerStarted { models });
        Self { driver }
    }

    /// What its model saw in a frame; what it says to that.
    pub(super) fn sees(
        &mut self,
        observation: Observation,
        frame: Option<Arc<dyn Frame>>,
    ) -> Vec<Word> {
        let desk = self.driver.host_mut();
        (desk.frame, desk.developed) = (frame, None);
        let Ok(()) = self.driver.apply(Event::Observed(observation));
        let desk = self.driver.host_mut();
        desk.frame = None;
        std::mem::take(&mut desk.said)
    }

    /// Pictures that it has no use for any more.
    pub(super) fn take_unused(&mut self) -> Vec<Sha256> {
        std::mem::take(&mut self.driver.host_mut().unused)
    }

    /// Does something that is not told yet need this picture?
    pub(super) fn holds(&self, picture: Sha256) -> bool {
        self.driver.host().taken.values().any(|taken| *taken == picture)
    }

    /// The stretch is over: what it says to that, and pictures that it has no use for any more. What is open then stays so in
    /// the book: nobody looked any further.
    pub(super) fn end(mut self) -> (Vec<Word>, Vec<Sha256>) {
        let Ok(()) = self.driver.finish();
        let Desk { taken, mut unused, said, .. } = self.driver.into_host();
        unused.extend(taken.into_values());
        (said, unused)
    }
}

impl Host for Desk {
    type Error = Infallible;

    fn carry_out(&mut self, effect: Effect) -> Result<Upshot, Infallible> {
        match effect {
            Effect::Capture(capture) => {
                if self.taken.len() < TAKEN_MAX
                    && let Some(sha256) = self.develop()
                {
                    self.taken.insert(capture.id, sha256);
                }
                let evidence = Some(picture(&capture));
                return Ok(Upshot::Event(Event::Captured { capture: capture.id, evidence }));
            }
            Effect::Discard(capture) => {
                self.unused.extend(self.taken.remove(&capture));
            }
            Effect::Publish(revision) => self.publish(*revision),
            _ => {}
        }
        Ok(Upshot::Nothing)
    }
}

impl Desk {
    /// The frame at hand as a small picture on disk, once.
    fn develop(&mut self) -> Option<Sha256> {
        if self.developed.is_none() {
            let frame = self.frame.as_ref()?;
            let jpeg = small_jpeg(&frame.view(), &mut self.encoder, &Ledger::default());
            let kept = match jpeg {
                Ok(jpeg) => keep_picture(&self.state_dir, &jpeg).map_err(|e| e.to_string()),
                Err(error) => Err(error.to_string()),
            };
            match kept {
                Ok(sha256) => self.developed = Some(sha256),
                Err(error) => tracing::warn!(error, "an incident in the shadow has no picture"),
            }
        }
        self.developed
    }

    fn publish(&mut self, revision: Revision) {
        let of = revision.evidence.iter().filter_map(|one| self.taken.remove(&one.capture));
        let of: Vec<Sha256> = of.collect();
        let own = if revision.revision == 1 { of.last().copied() } else { None };
        self.unused.extend(of.into_iter().filter(|one| Some(*one) != own));
        self.said.push((revision, own));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::super::book::picture;
    use super::*;
    use std::time::Duration;
    use viahe_core::frame::{ColorMatrix, ColorRange, FrameStamp, FrameView, PixelFormat, Plane};
    use viahe_core::observe::Object;
    use viahe_core::time::{ClockSource, Timestamp};

    const PLAN: &str = "[site]\nid = \"hue\"\ntimezone = \"Asia/Ho_Chi_Minh\"\n[model.street]\npackage = \"ssdlite-coco\"\n\
         [[camera]]\nid = \"gate\"\nurl = \"pattern://64x64@1\"\nmodel = \"street\"\n\
         [camera.zone.road]\npolygon = [[0.01, 0.01], [0.99, 0.01], [0.99, 0.99], [0.01, 0.99]]\n\
         [[camera.rule]]\nuse = \"pedestrian-in-carriageway\"\nzone = \"road\"\ndwell_secs = 3\n";

    static GREY: [u8; 1_000 * 20] = [90; 20_000];

    struct Wall(FrameStamp);

    impl Frame for Wall {
        fn stamp(&self) -> FrameStamp {
            self.0
        }

        fn view(&self) -> FrameView<'_> {
            let plane = Plane { data: &GREY, stride: 1_000 };
            let (matrix, range) = (ColorMatrix::Bt709, ColorRange::Limited);
            FrameView::new(1_000, 20, PixelFormat::Nv12, matrix, range, &[plane; 2]).unwrap()
        }
    }

    #[test]
    fn what_is_told_has_a_small_picture() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pipeline.toml");
        std::fs::write(&path, PLAN).unwrap();
        let plan = crate::project::load(&path).unwrap();
        let camera = Name::try_from("gate").unwrap();
        let sha256 = Sha256::from_bytes([1; 32]);
        let model = ModelRef { name: "night-eyes".try_into().unwrap(), sha256, licence: None };
        let state = dir.path().join("state");
        let mut twin = Twin::new(&plan, &camera, model.clone(), &state);
        let mut words = Vec::new();
        for n in 0..20_u64 {
            let at = Timestamp::from_secs(1_795_000_000).plus(Duration::from_millis(n * 500));
            let clock = ClockSource::Arrival;
            let frame = FrameStamp { seq: n, captured: at, arrived: at, offset_ms: 0, clock };
            let person = Object {
                track: viahe_core::id::TrackId(1),
                class: "person".try_into().unwrap(),
                confidence: 0.9.try_into().unwrap(),
                bbox: [0.4, 0.4, 0.5, 0.8].try_into().unwrap(),
            };
            let seen = Observation {
                camera: camera.clone(),
                frame,
                size_px: [1_000, 20],
                objects: vec![person],
                undecided: Vec::new(),
            };
            words.extend(twin.sees(seen, Some(Arc::new(Wall(frame)))));
        }
        assert!(twin.take_unused().is_empty());
        let (last, unused) = twin.end();
        words.extend(last);
        let (first, shown) = &words[0];
        assert_eq!((first.revision, first.model.as_ref()), (1, Some(&model)));
        let jpeg = std::fs::read(picture(&state, shown.unwrap())).unwrap();
        assert!(jpeg.starts_with(&[0xff, 0xd8, 0xff]) && jpeg.len() < 2_000, "{}", jpeg.len());
        let of_one: Vec<_> = words.iter().filter_map(|(_, shown)| *shown).collect();
        assert_eq!(of_one.len(), 1, "{words:?}");
        let kept = std::fs::read_dir(picture(&state, sha256).parent().unwrap()).unwrap().count();
        assert_eq!(kept, 1, "{unused:?}");
    }
}
