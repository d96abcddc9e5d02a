//! A frame was analysed: the rules of its camera look.

use super::event::Effect;
use super::machine::Engine;
use super::memory::FrameRef;
use super::rule_at::of_camera;
use super::visit::Shown;
use crate::observe::Observation;
use std::sync::Arc;
use std::time::Duration;
use viahe_contract::message::CameraStatus;

/// A camera's time that goes back by more was set; what follows is the new time.
const CLOCK_STEP_MIN: Duration = Duration::from_secs(5);

impl Engine {
    pub(super) fn observed(&mut self, observation: &Observation, effects: &mut Vec<Effect>) {
        let Some(c) = self.camera_index(&observation.camera) else { return };
        let at = observation.frame.captured;
        let last = self.memory.cameras[c].last;
        // Within one worker a camera's time only grows, but for a clock that was set.
        if at < last && last.since(at) <= CLOCK_STEP_MIN {
            self.memory.site.observations_late += 1;
            return;
        }
        self.note_frame(c, observation);
        self.look_all(c, observation, effects);
        self.note_coming(c, observation);
        self.attend_look(c, at, effects);
    }

    /// The camera has shown something: whose turn it is follows.
    fn note_frame(&mut self, c: usize, observation: &Observation) {
        let camera = &self.plan.cameras[c];
        let prepared = &mut self.prepared.cameras[c];
        let memory = &mut *self.memory.cameras[c];
        let frame = &observation.frame;
        memory.status = CameraStatus::Online;
        let of = FrameRef { seq: frame.seq, clock: frame.clock, offset_ms: frame.offset_ms };
        memory.looked(frame.captured, of);
        self.sight.turns.clear();
        for (beat, needs_scene) in memory.beats.iter_mut().zip(&prepared.needs_scene) {
            let turn = beat.takes(frame.captured);
            if turn && *needs_scene {
                beat.see(observation, camera, &mut self.scratch);
            }
            self.sight.turns.push(turn);
        }
        self.sight.classes.clear();
        prepared.classify(camera, &observation.objects, &mut self.sight.classes);
        self.sight.stand(camera, observation);
    }

    /// All rules of a camera whose turn it is look at what it shows.
    fn look_all(&mut self, c: usize, observation: &Observation, effects: &mut Vec<Effect>) {
        let plan = Arc::clone(&self.plan);
        let at = observation.frame.captured;
        let mut sight = std::mem::take(&mut self.sight);
        for of in of_camera(&plan, c) {
            let prepared = &self.prepared.cameras[c];
            let turn = sight.turns.get(prepared.rules[of.index].beat) == Some(&true);
            if !of.rule.program.looks() || !turn {
                continue;
            }
            prepared.bits(&sight.classes, of.index, &mut sight.bits);
            let state = &self.memory.rule_at(of).state;
            let may_skip = state.may_skip(&prepared.rules[of.index].rule);
            if may_skip && self.traced.is_none() && sight.bits.iter().all(|bits| *bits == 0) {
                continue;
            }
            let (values, measured) = self.values(of.rule, at);
            let seen = Some((observation, &sight));
            let shown = Shown { at, values, trouble: None, seen };
            let frame = self.memory.cameras[c].frame;
            self.look(of, &shown, (frame, &measured), effects);
        }
        self.sight = sight;
    }
}
