//! At least `count_min` subjects are in the zone at once, for `dwell`.

use super::hold::{Hold, HoldParams, Phase, Step};
use super::{Look, Signal, SubjectKey, ending, subject};
use crate::incident::Subject;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A crowd is counted short in some looks (people hide each other), but not in most.
const SUPPORT_MIN: f32 = 0.5;

/// Memory of the rule: there is one crowd in a zone, or none.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Crowding {
    next_key: SubjectKey,
    run: Option<(SubjectKey, Hold)>,
}

impl Crowding {
    pub(super) fn step(
        &mut self,
        look: Look<'_>,
        count_min: usize,
        dwell: Duration,
    ) -> Vec<Signal> {
        let mut subjects: Vec<Subject> =
            look.objects().filter(|o| look.zone.contains(o.bbox.ground())).map(subject).collect();
        let crowded = subjects.len() >= count_min;
        subjects.sort_by(|a, b| b.confidence.get().total_cmp(&a.confidence.get()));
        let Some((key, hold)) = &mut self.run else {
            if !crowded {
                return Vec::new();
            }
            let key = self.next_key;
            self.next_key += 1;
            self.run = Some((key, Hold::begin_settled(look.at())));
            return vec![Signal::Began(key)];
        };
        let params = HoldParams {
            settle: Duration::ZERO,
            dwell,
            absence: look.rule.absence,
            support_min: SUPPORT_MIN,
        };
        let (key, first_seen) = (*key, hold.first);
        match hold.step(&params, look.at(), crowded) {
            Step::Fired => vec![Signal::Fired { key, first_seen, subjects }],
            Step::Over => self.suspend(),
            Step::Quiet | Step::Settled if crowded && hold.phase == Phase::Fired => {
                vec![Signal::Continues { key, subjects }]
            }
            Step::Quiet | Step::Settled => Vec::new(),
        }
    }

    pub(super) fn suspend(&mut self) -> Vec<Signal> {
        self.run.take().and_then(|(key, h)| ending(key, h.phase, h.last)).into_iter().collect()
    }
}
