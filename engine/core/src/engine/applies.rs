//! Whether a rule applies at a time, and how it is changed by a disaster.

use super::command::{Declared, SILENT_FROM, Standing};
use super::inactive::Inactive;
use super::machine::Engine;
use super::prepared::MINUTE_NS;
use super::rule_at::RuleAt;
use crate::plan::{Disaster, Rule};
use crate::rule::Adjust;
use crate::sun;
use crate::time::Timestamp;

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
        if let Some(order) = self.silenced(of, day_time) {
            return Some(order);
        }
        if let Some(trouble) = camera.and_then(|c| self.memory.cameras[c].trouble())
            && rule.program.looks()
        {
            return Some(Inactive::View(trouble));
        }
        self.prepared.rule_mut(of).hours(day_time, &self.plan, of).barred.clone()
    }

    /// The order because of which a rule does not apply at a time by the clock on the wall.
    pub(super) fn silenced(&self, of: RuleAt<'_>, day_time: Timestamp) -> Option<Inactive> {
        if let Some(suspended) = self.suspended(of, day_time) {
            return Some(Inactive::Suspended(suspended.until));
        }
        self.relaxed(of, day_time).map(|declared| Inactive::Disaster(declared.level))
    }

    /// When the last of the orders ends because of which it does not; none without one.
    pub(super) fn silent_until(&self, of: RuleAt<'_>, day_time: Timestamp) -> Option<Timestamp> {
        let suspended = self.suspended(of, day_time).map(|s| s.until);
        suspended.max(self.relaxed(of, day_time).map(|declared| declared.standing.until))
    }

    fn suspended(&self, of: RuleAt<'_>, day_time: Timestamp) -> Option<&Standing> {
        self.memory.rule_at(of).suspended.as_ref().filter(|s| s.holds(day_time))
    }

    /// The disaster because of which a rule is silent.
    fn relaxed(&self, of: RuleAt<'_>, day_time: Timestamp) -> Option<&Declared> {
        let declared = self.memory.site.disaster.as_ref()?;
        let silent = of.rule.disaster == Disaster::Relax && declared.level >= SILENT_FROM;
        (silent && declared.standing.holds(day_time)).then_some(declared)
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
