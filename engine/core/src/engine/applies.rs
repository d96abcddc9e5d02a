//! Whether a rule applies at a time, and how it is changed by a disaster.

use super::command::SILENT_FROM;
use super::inactive::Inactive;
use super::machine::Engine;
use super::rule_at::RuleAt;
use crate::plan::{Disaster, Rule};
use crate::rule::Adjust;
use crate::sun;
use crate::time::Timestamp;

const MINUTE_NS: u64 = 60_000_000_000;
/// At the first level of a disaster, what is relaxed must hold so many times longer.
const RELAXED: f32 = 3.0;
/// With each level of a disaster, what is watched for is raised at so much lower values.
const RAISED_BY_LEVEL: f64 = 0.2;

impl Engine {
    /// Why a rule does not apply at a time; none when it does.
    pub(super) fn inactive(&mut self, of: RuleAt<'_>, at: Timestamp) -> Option<Inactive> {
        let RuleAt { camera, rule, .. } = of;
        // Operators, hours and permits mean the clock on the wall.
        let day_time = self.memory.site.clock.day_time(at);
        let suspended = self.memory.rule_at(of).suspended.as_ref();
        if let Some(standing) = suspended.filter(|s| s.holds(day_time)) {
            return Some(Inactive::Suspended(standing.until));
        }
        if let Some(declared) = self.disaster(day_time)
            && rule.disaster == Disaster::Relax
            && declared.level >= SILENT_FROM
        {
            return Some(Inactive::Disaster(declared.level));
        }
        if let Some(trouble) = camera.and_then(|c| self.memory.cameras[c].trouble())
            && rule.program.looks()
        {
            return Some(Inactive::View(trouble));
        }
        // Known for a whole minute, as of its beginning: so a restart within it changes nothing.
        let minute = day_time.0 / MINUTE_NS;
        let prepared = self.prepared.rule_mut(of);
        if prepared.minute != Some(minute) {
            let camera = of.camera_of(&self.plan);
            let place = camera.zip(rule.zone).map(|(c, z)| (&c.id, &c.zones[z].id));
            prepared.begin(minute, Timestamp(minute * MINUTE_NS), &self.plan, rule, place);
        }
        prepared.barred.clone()
    }

    pub(super) fn adjust(&self, rule: &Rule, at: Timestamp) -> Adjust {
        let level = self.disaster_level(self.memory.site.clock.day_time(at));
        match rule.disaster {
            Disaster::Relax if level > 0 => Adjust { durations: RELAXED, ..Adjust::NONE },
            Disaster::Raise if level > 0 => {
                let thresholds = 1.0 - RAISED_BY_LEVEL * f64::from(level);
                Adjust { thresholds, ..Adjust::NONE }
            }
            _ => Adjust::NONE,
        }
    }

    /// Is it day where the camera stands? None when nobody knows where that is.
    pub(super) fn is_day(&mut self, c: usize, at: Timestamp) -> Option<bool> {
        let position = self.plan.cameras[c].position?;
        let minute = self.memory.site.clock.day_time(at).0 / MINUTE_NS;
        let day = &mut self.prepared.cameras[c].day;
        match *day {
            Some((known, is_day)) if known == minute => Some(is_day),
            _ => {
                let start = Timestamp(minute * MINUTE_NS);
                let is_day = sun::is_day(start, position.lat, position.lon);
                *day = Some((minute, is_day));
                Some(is_day)
            }
        }
    }
}
