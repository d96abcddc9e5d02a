//! What follows from a plan and is not worth working out at each look.

use super::inactive::Inactive;
use super::rule_at::RuleAt;
use crate::geometry::Polygon;
use crate::id::Name;
use crate::observe::{Class, Object};
use crate::plan::{Camera, Plan, Rule, Site};
use crate::rule::{self, Bears, beat};
use crate::time::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;

pub(super) const MINUTE_NS: u64 = 60_000_000_000;

/// Of a whole plan; never saved.
#[derive(Debug)]
pub(super) struct Prepared {
    /// In the plan's order.
    pub(super) cameras: Vec<PreparedCamera>,
    /// Of the site's rules.
    site_rules: Vec<PreparedRule>,
}

#[derive(Debug)]
pub(super) struct PreparedCamera {
    /// In the plan's order.
    pub(super) rules: Vec<PreparedRule>,
    /// For each beat: does a rule of it ask how things move?
    pub(super) needs_scene: Vec<bool>,
    classes: Classes,
    /// Is it day, for a minute of event time.
    pub(super) day: Option<(u64, bool)>,
}

#[derive(Debug)]
pub(super) struct PreparedRule {
    pub(super) rule: rule::Prepared,
    /// How rarely it may look.
    pub(super) bears: Bears,
    /// Index of its camera's beat; 0 for rules that do not look.
    pub(super) beat: usize,
    /// Of a minute and of the one after it.
    hours: [Hours; 2],
}

/// Whether hours and permits let a rule be, known for a whole minute of the clock on the wall, as of its
/// beginning: so a restart within it changes nothing.
#[derive(Debug, Default)]
pub(super) struct Hours {
    minute: Option<u64>,
    /// They bar the whole rule.
    pub(super) barred: Option<Inactive>,
    /// Permits that apply to a part of its zone: indices into the plan's.
    pub(super) bays: Vec<usize>,
}

/// Which things of which rule a class is meant by, worked out once for each class.
#[derive(Debug, Default)]
struct Classes {
    /// Index into `bits`.
    known: BTreeMap<Class, usize>,
    /// For each class and rule: bit `t` is thing `t`.
    bits: Vec<Vec<u32>>,
}

impl Prepared {
    pub(super) fn new(plan: &Plan) -> Self {
        Self {
            cameras: plan.cameras.iter().map(|camera| PreparedCamera::new(plan, camera)).collect(),
            site_rules: plan.rules.iter().map(|r| PreparedRule::new(plan, r, None)).collect(),
        }
    }

    pub(super) fn rule(&self, of: RuleAt<'_>) -> &PreparedRule {
        match of.camera {
            Some(c) => &self.cameras[c].rules[of.index],
            None => &self.site_rules[of.index],
        }
    }

    pub(super) fn rule_mut(&mut self, of: RuleAt<'_>) -> &mut PreparedRule {
        match of.camera {
            Some(c) => &mut self.cameras[c].rules[of.index],
            None => &mut self.site_rules[of.index],
        }
    }
}

impl PreparedRule {
    fn new(plan: &Plan, rule: &Rule, camera: Option<&Camera>) -> Self {
        let zone = camera.zip(rule.zone).map(|(c, z)| &c.zones[z].polygon);
        Self {
            rule: rule::Prepared::new(&rule.program, zone),
            bears: Bears::of(rule, plan.engine.lateness),
            beat: camera.map_or(0, |camera| beat_of(rule, &beat::intervals(camera))),
            hours: Default::default(),
        }
    }

    /// What hours and permits say at a time by the clock on the wall.
    pub(super) fn hours(&mut self, day_time: Timestamp, plan: &Plan, of: RuleAt<'_>) -> &Hours {
        let minute = day_time.0 / MINUTE_NS;
        let hours = &mut self.hours[(minute % 2) as usize];
        if hours.minute != Some(minute) {
            let camera = of.camera_of(plan);
            let place = camera.zip(of.rule.zone).map(|(c, z)| (&c.id, &c.zones[z].id));
            hours.begin(minute, plan, of.rule, place);
        }
        hours
    }

    /// As [`PreparedRule::hours`] was asked for this time before.
    pub(super) fn known_hours(&self, day_time: Timestamp) -> &Hours {
        &self.hours[(day_time.0 / MINUTE_NS % 2) as usize]
    }
}

impl Hours {
    /// Works them out. `place` is the rule's camera and zone.
    fn begin(&mut self, minute: u64, plan: &Plan, rule: &Rule, place: Option<(&Name, &Name)>) {
        let Site { timezone, calendar, .. } = &plan.site;
        let (start, calendar) = (Timestamp(minute * MINUTE_NS), calendar.as_ref());
        self.minute = Some(minute);
        self.bays.clear();
        self.barred =
            (!rule.schedule.active(start, timezone, calendar)).then_some(Inactive::Schedule);
        for (p, permit) in plan.permits.iter().enumerate() {
            let covers = place.is_some_and(|(c, z)| permit.covers(c, z, &rule.violation));
            if !covers || !permit.applies(start, timezone, calendar) {
                continue;
            }
            match permit.polygon {
                Some(_) => self.bays.push(p),
                None => self.barred = Some(Inactive::Permit(permit.id.clone())),
            }
        }
    }

    /// Where what the rule means is permitted now.
    pub(super) fn bays<'p>(&self, plan: &'p Plan) -> impl Iterator<Item = &'p Polygon> {
        self.bays.iter().filter_map(|permit| plan.permits[*permit].polygon.as_ref())
    }
}

/// Which of a camera's beats a rule takes its turns by.
fn beat_of(rule: &Rule, intervals: &[Duration]) -> usize {
    intervals.binary_search(&beat::interval(rule)).unwrap_or(0)
}

impl PreparedCamera {
    fn new(plan: &Plan, camera: &Camera) -> Self {
        let intervals = beat::intervals(camera);
        let mut needs_scene = vec![false; intervals.len()];
        for rule in camera.rules.iter().filter(|r| r.program.looks()) {
            needs_scene[beat_of(rule, &intervals)] |= rule.program.needs_paths();
        }
        Self {
            rules: camera.rules.iter().map(|r| PreparedRule::new(plan, r, Some(camera))).collect(),
            needs_scene,
            classes: Classes::default(),
            day: None,
        }
    }

    /// Adds, for each object, where its class is found by [`PreparedCamera::bits`].
    pub(super) fn classify(&mut self, camera: &Camera, objects: &[Object], out: &mut Vec<usize>) {
        out.extend(objects.iter().map(|o| self.classes.index(&o.class, &camera.rules)));
    }

    /// For each object, the things of `rule` that its class is meant by.
    pub(super) fn bits(&self, classes: &[usize], rule: usize, out: &mut Vec<u32>) {
        out.clear();
        out.extend(classes.iter().map(|c| self.classes.bits[*c][rule]));
    }
}

impl Classes {
    fn index(&mut self, class: &Class, rules: &[Rule]) -> usize {
        if let Some(i) = self.known.get(class) {
            return *i;
        }
        let bits = |rule: &Rule| {
            let meant =
                rule.program.things.iter().map(|t| t.classes.iter().any(|c| c.covers(class)));
            meant.enumerate().fold(0, |bits, (t, meant)| bits | u32::from(meant) << t)
        };
        self.bits.push(rules.iter().map(bits).collect());
        self.known.insert(class.clone(), self.bits.len() - 1);
        self.bits.len() - 1
    }
}
