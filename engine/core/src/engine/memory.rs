//! All that must outlive a restart, and how it fits a plan that may have changed.

use super::case::Case;
use super::clock::DayClock;
use super::command::{Declared, Snapshot, Standing};
use super::done::Ledger;
use super::held::Held;
use super::rule_at::RuleAt;
use super::sensor::SensorMemory;
use super::tracked::Tracked;
use super::trail::Trail;
use super::window::WindowMemory;
use crate::geometry::Polygon;
use crate::id::{CaptureId, Name};
use crate::plan::program::CameraTrouble;
use crate::plan::{Camera, Plan, Rule};
use crate::rule::{Beat, RuleState, SubjectKey, beat};
use crate::time::{ClockSource, Timestamp};
use crate::view::{self, ViewState, ViewWatch};
use serde::{Deserialize, Serialize};
use sha2::Digest;
use std::collections::{BTreeMap, VecDeque};
use viahe_contract::message::{CameraStatus, ClockRef, ModelRef};
use viahe_contract::sha256::Sha256;

/// Everything that the engine remembers.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pub(super) site: Tracked<SiteMemory>,
    /// In the plan's order.
    pub(super) cameras: Vec<Tracked<CameraMemory>>,
    /// Parts that there have been.
    births: u64,
}

/// What is remembered of the site, and of no camera alone.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct SiteMemory {
    pub(super) next_capture: CaptureId,
    /// How the box's clock stands to event time.
    pub(super) clock: DayClock,
    /// In the plan's order.
    pub(super) rules: Vec<RuleMemory>,
    /// In the plan's order.
    pub(super) sensors: Vec<SensorMemory>,
    /// In the plan's order.
    pub(super) windows: Vec<WindowMemory>,
    /// Pictures asked for by commands and not yet there.
    pub(super) snapshots: BTreeMap<CaptureId, Snapshot>,
    /// Commands that were carried out.
    pub(super) done: Ledger,
    pub(super) held: Held,
    pub(super) observations_late: u64,
    pub(super) readings_late: u64,
    pub(super) readings_repeated: u64,
    pub(super) readings_corrected: u64,
    /// Event time of the newest tick.
    pub(super) ticked: Timestamp,
    /// The disaster that was declared; it may be over.
    pub(super) disaster: Option<Declared>,
}

/// What is remembered of a camera: all that it takes to go on elsewhere.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct CameraMemory {
    pub(super) id: Name,
    /// Event time of the newest look.
    pub(super) last: Timestamp,
    /// Its frame.
    pub(super) frame: Option<FrameRef>,
    /// How its clock stood before it was set, each up to that look; oldest first.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    clocks: VecDeque<(Timestamp, ClockRef)>,
    pub(super) status: CameraStatus,
    /// The model that looks.
    pub(super) model: Option<ModelRef>,
    /// When an operator last asked for a picture, by the box's clock.
    pub(super) snapshot_at: Timestamp,
    pub(super) view: ViewWatch,
    /// Of its rules, by how often they look; shortest interval first.
    pub(super) beats: Vec<Beat>,
    /// In the plan's order.
    pub(super) rules: Vec<RuleMemory>,
    /// Pictures asked for by cases and not yet there.
    pub(super) awaited: BTreeMap<CaptureId, Awaited>,
}

/// Which case of a camera a picture belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Awaited {
    pub(super) rule: Name,
    pub(super) subject: SubjectKey,
    /// Nothing waits for it any more: what was to be said with it was said, or will be, without it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) late: bool,
}

/// A frame of which pictures can be taken.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct FrameRef {
    pub(super) seq: u64,
    pub(super) clock: ClockSource,
    /// Arrival minus capture.
    pub(super) offset_ms: i64,
}

/// A camera's clock was set when it is off by so much more or less than at the look before: what jitters less is
/// the way of its packets.
const CLOCK_STEP_MS: u64 = 250;
/// Clocks of before that are remembered.
const CLOCKS_MAX: usize = 8;

impl FrameRef {
    /// How the camera's clock stands to the box's.
    fn clock(&self) -> ClockRef {
        ClockRef { source: self.clock, offset_ms: self.offset_ms }
    }

    /// Whoever takes the picture has no frame of this number, and takes the newest.
    const NEWEST: Self = Self { seq: u64::MAX, clock: ClockSource::Arrival, offset_ms: 0 };
}

/// What is remembered of a rule.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct RuleMemory {
    pub(super) id: Name,
    /// Of the rule and its zone; see [`shape`].
    shape: String,
    pub(super) state: RuleState,
    /// By subject.
    pub(super) cases: BTreeMap<SubjectKey, Case>,
    /// Over, but not all is said or shown: their pictures are on the way.
    pub(super) closing: Vec<(SubjectKey, Case)>,
    /// When its last offences were opened, oldest first.
    pub(super) offences: VecDeque<Timestamp>,
    /// When the last incident that belongs to an offence was opened.
    #[serde(default)]
    pub(super) offended: Option<Timestamp>,
    /// Nothing is said before.
    pub(super) quiet_until: Timestamp,
    /// An operator suspended it; that may be over.
    #[serde(default)]
    pub(super) suspended: Option<Standing>,
    /// When it last looked at values, if it needs no picture.
    pub(super) weighed: Timestamp,
    /// Where it can go back to.
    pub(super) trail: Trail,
}

/// A case, by where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CaseKey {
    /// None for rules of the site.
    pub(super) camera: Option<Name>,
    pub(super) rule: Name,
    pub(super) subject: SubjectKey,
}

impl RuleMemory {
    fn new(rule: &Rule, shape: String) -> Self {
        Self {
            id: rule.id.clone(),
            shape,
            state: RuleState::new(&rule.program),
            cases: BTreeMap::new(),
            closing: Vec::new(),
            offences: VecDeque::new(),
            offended: None,
            quiet_until: Timestamp::default(),
            suspended: None,
            weighed: Timestamp::default(),
            trail: Trail::default(),
        }
    }
}

impl RuleMemory {
    /// All that anything is still to be said of.
    pub(super) fn all_cases(&self) -> impl Iterator<Item = &Case> {
        self.cases.values().chain(self.closing.iter().map(|(_, case)| case))
    }

    /// Takes out the case that asked for a picture.
    pub(super) fn take_owner(&mut self, subject: SubjectKey, capture: CaptureId) -> Option<Case> {
        let owns = |case: &Case| case.pictures.iter().any(|(id, _)| *id == capture);
        if self.cases.get(&subject).is_some_and(owns) {
            return self.cases.remove(&subject);
        }
        let at = self.closing.iter().position(|(_, case)| owns(case))?;
        Some(self.closing.remove(at).1)
    }
}

impl CameraMemory {
    fn new(id: Name, drawn: u64) -> Self {
        Self {
            id,
            last: Timestamp::default(),
            frame: None,
            clocks: VecDeque::new(),
            status: CameraStatus::default(),
            snapshot_at: Timestamp::default(),
            model: None,
            view: ViewWatch::new(drawn),
            beats: Vec::new(),
            rules: Vec::new(),
            awaited: BTreeMap::new(),
        }
    }

    /// The newest picture that it was asked for and still knows of.
    pub(super) fn newest_capture(&self) -> Option<CaptureId> {
        let cases = self.rules.iter().flat_map(RuleMemory::all_cases);
        let of_cases = cases.flat_map(|case| case.pictures.iter().map(|(id, _)| *id));
        of_cases.chain(self.awaited.keys().copied()).max()
    }

    fn orphan(&self, memory: RuleMemory) -> Orphan {
        Orphan { camera: Some(self.id.clone()), model: self.model.clone(), memory }
    }

    /// What was seen at a rate that is still asked for is kept.
    fn align_beats(&mut self, camera: &Camera) {
        let mut old = std::mem::take(&mut self.beats);
        for every in beat::intervals(camera) {
            let same = old.iter().position(|beat| beat.every() == every);
            self.beats.push(same.map_or_else(|| Beat::new(every), |i| old.remove(i)));
        }
    }

    /// It was looked at.
    pub(super) fn looked(&mut self, at: Timestamp, frame: FrameRef) {
        let before = self.frame.replace(frame).map(|frame| frame.clock());
        let set = before.filter(|before| {
            before.source != frame.clock
                || before.offset_ms.abs_diff(frame.offset_ms) >= CLOCK_STEP_MS
        });
        if at < self.last {
            // Its time was put back: what was so until later is of another time.
            self.clocks.retain(|(until, _)| *until <= at);
        }
        if let Some(before) = set {
            if self.clocks.len() == CLOCKS_MAX {
                self.clocks.pop_front();
            }
            self.clocks.push_back((at, before));
        }
        self.last = at;
    }

    /// How its clock stood at a time: as of the look at that time, or of the newest if it has not been set since.
    pub(super) fn clock_at(&self, at: Timestamp) -> ClockRef {
        let then = self.clocks.iter().find(|(until, _)| at < *until).map(|(_, clock)| *clock);
        let now = || self.frame.unwrap_or(FrameRef::NEWEST).clock();
        then.unwrap_or_else(now)
    }

    /// The frame that a picture is taken of: that of the newest look, or any at all of a camera that shows
    /// something and was not looked at.
    pub(super) fn picture(&self) -> Option<FrameRef> {
        let shows = self.status == CameraStatus::Online;
        self.frame.or(shows.then_some(FrameRef::NEWEST))
    }

    /// Why its view is not to be trusted.
    pub(super) fn trouble(&self) -> Option<CameraTrouble> {
        match self.view.state().state {
            ViewState::Moved => Some(CameraTrouble::Moved),
            ViewState::Blinded => Some(CameraTrouble::Blinded),
            ViewState::TooDark => Some(CameraTrouble::TooDark),
            ViewState::Good | ViewState::Unknown => None,
        }
    }
}

/// A rule that has no place in the plan any more.
pub(super) struct Orphan {
    pub(super) camera: Option<Name>,
    /// That of its camera.
    pub(super) model: Option<ModelRef>,
    pub(super) memory: RuleMemory,
}

impl Memory {
    /// Of what was saved; `births` are those so far in this run.
    pub(super) fn of(site: SiteMemory, cameras: Vec<CameraMemory>, mut births: u64) -> Self {
        births += 1;
        let site = Tracked::new(site, births);
        let cameras = cameras.into_iter().map(|camera| Tracked::new(camera, births)).collect();
        Self { site, cameras, births }
    }

    pub(super) fn births(&self) -> u64 {
        self.births
    }

    pub(super) fn rules(&self) -> impl Iterator<Item = &RuleMemory> {
        self.cameras.iter().flat_map(|c| &c.rules).chain(&self.site.rules)
    }

    pub(super) fn camera(&self, id: &Name) -> Option<&CameraMemory> {
        self.cameras.iter().find(|c| c.id == *id).map(|c| &**c)
    }

    pub(super) fn camera_mut(&mut self, id: &Name) -> Option<&mut CameraMemory> {
        self.cameras.iter_mut().find(|c| c.id == *id).map(|c| &mut **c)
    }

    pub(super) fn rule(&mut self, key: &CaseKey) -> Option<&mut RuleMemory> {
        let rules = match &key.camera {
            Some(camera) => &mut self.camera_mut(camera)?.rules,
            None => &mut self.site.rules,
        };
        rules.iter_mut().find(|r| r.id == key.rule)
    }

    pub(super) fn rule_at(&self, of: RuleAt<'_>) -> &RuleMemory {
        match of.camera {
            Some(c) => &self.cameras[c].rules[of.index],
            None => &self.site.rules[of.index],
        }
    }

    pub(super) fn rule_at_mut(&mut self, of: RuleAt<'_>) -> &mut RuleMemory {
        match of.camera {
            Some(c) => &mut self.cameras[c].rules[of.index],
            None => &mut self.site.rules[of.index],
        }
    }

    /// The case of `key`, made when it is not there; none when the plan has no such rule any more.
    pub(super) fn case(&mut self, key: &CaseKey) -> Option<&mut Case> {
        self.rule(key).map(|memory| memory.cases.entry(key.subject).or_default())
    }

    /// The case that waits for a picture; it waits no longer.
    pub(super) fn take_awaited(&mut self, capture: CaptureId) -> Option<CaseKey> {
        let camera = self.cameras.iter_mut().find(|c| c.awaited.contains_key(&capture))?;
        let Awaited { rule, subject, .. } = camera.awaited.remove(&capture)?;
        Some(CaseKey { camera: Some(camera.id.clone()), rule, subject })
    }

    /// A picture is late; the case that it belongs to.
    pub(super) fn note_late(&mut self, capture: CaptureId) -> Option<CaseKey> {
        let camera = self.cameras.iter_mut().find(|c| c.awaited.contains_key(&capture))?;
        let awaited = camera.awaited.get_mut(&capture)?;
        awaited.late = true;
        let (rule, subject) = (awaited.rule.clone(), awaited.subject);
        Some(CaseKey { camera: Some(camera.id.clone()), rule, subject })
    }

    /// Brings cameras and rules into the plan's order, with new ones made. Returns the rules that
    /// have no place in it any more.
    pub(super) fn align(&mut self, plan: &Plan) -> Vec<Orphan> {
        let mut old = std::mem::take(&mut self.cameras);
        let mut orphans = Vec::new();
        for camera in &plan.cameras {
            // Zones that are drawn anew are drawn on what the camera sees now.
            let drawn = view::fingerprint(camera.zones.iter().map(|z| &z.polygon));
            let at = old.iter().position(|c| c.id == camera.id);
            let mut tracked = if let Some(i) = at {
                old.remove(i)
            } else {
                self.births += 1;
                Tracked::new(CameraMemory::new(camera.id.clone(), drawn), self.births)
            };
            let memory = &mut *tracked;
            if memory.view.fingerprint() != drawn {
                memory.view = ViewWatch::new(drawn);
            }
            memory.align_beats(camera);
            let left =
                align_rules(&mut memory.rules, &camera.rules, |r| shape(plan, r, Some(camera)));
            for rule in left {
                memory.awaited.retain(|_, awaited| awaited.rule != rule.id);
                orphans.push(memory.orphan(rule));
            }
            self.cameras.push(tracked);
        }
        for camera in old {
            let mut camera = camera.into_inner();
            let rules = std::mem::take(&mut camera.rules);
            orphans.extend(rules.into_iter().map(|rule| camera.orphan(rule)));
        }
        let site = &mut *self.site;
        align_sensors(&mut site.sensors, plan);
        align_windows(&mut site.windows, plan);
        let left = align_rules(&mut site.rules, &plan.rules, |r| shape(plan, r, None));
        orphans.extend(left.into_iter().map(|memory| Orphan { camera: None, model: None, memory }));
        orphans
    }
}

fn align_sensors(sensors: &mut Vec<SensorMemory>, plan: &Plan) {
    let mut old = std::mem::take(sensors);
    for sensor in &plan.sensors {
        sensors.push(match old.iter().position(|m| m.is_of(sensor)) {
            Some(i) => old.remove(i),
            None => SensorMemory::new(sensor),
        });
    }
}

fn align_windows(windows: &mut Vec<WindowMemory>, plan: &Plan) {
    let mut old = std::mem::take(windows);
    for window in &plan.windows {
        let ids: Vec<&str> = window.sensors.iter().map(|s| plan.sensors[*s].id.as_str()).collect();
        let shape = format!("{ids:?} {:?}", window.spec);
        let same = old.iter().position(|m| m.name == window.name && m.shape == shape);
        windows.extend(match same {
            Some(i) => Some(old.remove(i)),
            None => WindowMemory::new(window, shape),
        });
    }
}

fn align_rules(
    memories: &mut Vec<RuleMemory>,
    rules: &[Rule],
    shape: impl Fn(&Rule) -> String,
) -> Vec<RuleMemory> {
    let mut old = std::mem::take(memories);
    for rule in rules {
        let shape = shape(rule);
        let same = old.iter().position(|m| m.id == rule.id && m.shape == shape);
        memories.push(match same {
            Some(i) => old.remove(i),
            // An order is about the rule, however it is written.
            None => RuleMemory {
                suspended: old.iter().find(|m| m.id == rule.id).and_then(|m| m.suspended.clone()),
                ..RuleMemory::new(rule, shape)
            },
        });
    }
    old
}

/// Of what must be the same for a rule's memory to go on: the structure of its program and what it
/// looks at. Numbers may change: dwells that run go on under the new ones.
fn shape(plan: &Plan, rule: &Rule, camera: Option<&Camera>) -> String {
    let sensor = rule.sensor.map(|s| &plan.sensors[s].id);
    let window = rule.window.map(|w| &plan.windows[w].name);
    let zone = camera.zip(rule.zone).map(|(c, z)| corners(&c.zones[z].polygon));
    let line = camera.zip(rule.line).map(|(c, l)| c.lines[l].points);
    let places = format!("{zone:?} {line:?} {sensor:?} {window:?}");
    let text = format!("{} {} {places}", rule.violation, rule.program.shape());
    let hash = Sha256::from_bytes(sha2::Sha256::digest(text.as_bytes()).into());
    hash.to_string().chars().take(16).collect()
}

fn corners(polygon: &Polygon) -> Vec<[f32; 2]> {
    polygon.corners().iter().map(|p| [p.x, p.y]).collect()
}
