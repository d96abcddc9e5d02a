//! How a camera is, and what its view is like: the rules that watch the camera itself look.

use super::event::Effect;
use super::machine::Engine;
use super::rule_at::of_camera;
use super::visit::Shown;
use crate::id::Name;
use crate::observe::ViewReport;
use crate::plan::program::CameraTrouble;
use crate::time::Timestamp;
use std::sync::Arc;
use viahe_contract::message::CameraStatus;

impl Engine {
    /// A camera went on or off line.
    pub(super) fn camera_status(
        &mut self,
        camera: &Name,
        at: Timestamp,
        status: CameraStatus,
        effects: &mut Vec<Effect>,
    ) {
        let Some(c) = self.camera_index(camera) else { return };
        self.memory.cameras[c].status = status;
        self.watch_camera(c, at, effects);
    }

    /// The view of a camera is still what its zones were drawn on, or not.
    pub(super) fn viewed(&mut self, report: &ViewReport, effects: &mut Vec<Effect>) {
        let Some(c) = self.camera_index(&report.camera) else { return };
        let memory = &mut *self.memory.cameras[c];
        let before = memory.trouble();
        memory.view.step(report.at, &report.signature);
        let trouble = memory.trouble();
        if trouble != before {
            let since = memory.view.state().since;
            effects.push(Effect::View { camera: report.camera.clone(), trouble, since });
        }
        self.judge_ends(c, report.at, effects);
        self.watch_camera(c, report.at, effects);
    }

    pub(super) fn watch_camera(&mut self, c: usize, at: Timestamp, effects: &mut Vec<Effect>) {
        let plan = Arc::clone(&self.plan);
        for of in of_camera(&plan, c).filter(|of| of.rule.program.watches_camera()) {
            let memory = &self.memory.cameras[c];
            let trouble = match memory.status {
                CameraStatus::Online => memory.trouble(),
                CameraStatus::Stalled | CameraStatus::Offline => Some(CameraTrouble::Offline),
            };
            let frame = memory.picture().filter(|_| trouble != Some(CameraTrouble::Offline));
            let (values, measured) = self.values(of.rule, at);
            let shown = Shown { at, values, trouble, seen: None };
            self.look(of, &shown, (frame, &measured), effects);
        }
    }
}
