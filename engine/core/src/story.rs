//! A rule's story as steps with codes and numbers: when it applied, what began and ceased to hold, what was said.
//!
//! Of what a [`Tracer`] noted, that which somebody wants to know: a detector misses things for a look or two, and
//! people walk by.

use crate::id::Name;
use crate::plan::{Camera, Plan, Rule};
use crate::rule::SubjectKey;
use crate::rule::explain::{Applies, Change, Outcome, Standing, Tracer};
use crate::time::Timestamp;
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use viahe_contract::message::{StoryCode, StoryStep, StorySubject};

/// A detector misses things for a look or two: gaps of what is seen up to this are counted, not
/// told, and so is who was seen for less.
pub const BRIEF: Duration = Duration::from_secs(10);

/// What a rule is given to look at and to ask.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// Where it looks.
    pub zone: Option<Name>,
    /// What it sees crossed.
    pub line: Option<Name>,
    /// Whose values it asks.
    pub sensor: Option<Name>,
    /// Whose results it asks.
    pub window: Option<Name>,
}

impl Places {
    /// Those of a rule; its camera is none for a rule of the site.
    pub fn of(plan: &Plan, camera: Option<&Camera>, rule: &Rule) -> Self {
        Self {
            zone: camera.zip(rule.zone).map(|(c, z)| c.zones[z].id.clone()),
            line: camera.zip(rule.line).map(|(c, l)| c.lines[l].id.clone()),
            sensor: rule.sensor.map(|s| plan.sensors[s].id.clone()),
            window: rule.window.map(|w| plan.windows[w].name.clone()),
        }
    }
}

/// What there is to tell.
pub struct Telling<'a> {
    /// By which times are told.
    pub zone: &'a TimeZone,
    /// Of which rule.
    pub rule: &'a Rule,
    /// Who listened to it.
    pub tracer: &'a Tracer,
}

/// What happened to the subjects of a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Timeline {
    /// In order.
    pub steps: Vec<StoryStep>,
    /// So many subjects are left out, of which nothing held for [`BRIEF`].
    pub brief: usize,
}

/// A change that is told.
struct Told {
    change: Change,
    /// Until the next one of its condition: how often it was not seen, and for how long at most.
    gaps: (u64, Duration),
    /// The one before of the same subject and condition.
    before: Option<usize>,
    is_gap: bool,
}

impl Telling<'_> {
    /// When the rule began and ceased to apply.
    pub fn applied(&self) -> Vec<StoryStep> {
        let step = |(at, applies): &(Timestamp, Applies)| {
            let what = match applies {
                Applies::Yes { but_for } => StoryCode::Applies { but_for: but_for.clone() },
                Applies::No(why) => StoryCode::Rests { why: why.clone() },
            };
            StoryStep { at: at.local(self.zone), subject: None, what }
        };
        self.tracer.applied().iter().map(step).collect()
    }

    /// What began and ceased to hold of all subjects, or what concerns one.
    pub fn timeline(&self, subject: Option<SubjectKey>) -> Timeline {
        let brief = if subject.is_some() { BTreeSet::new() } else { self.brief() };
        let told = |key: Option<SubjectKey>| {
            let concerns = subject.is_none() || key.is_none() || key == subject;
            concerns && key.is_none_or(|key| !brief.contains(&key))
        };
        let mut all: Vec<(Timestamp, Option<SubjectKey>, StoryCode)> = self.changes(told);
        for (at, key, outcome) in self.tracer.said().iter().filter(|s| told(Some(s.1))) {
            let what = match outcome {
                Outcome::Opened(incident) => StoryCode::Opened { incident: incident.clone() },
                Outcome::HeldBack => StoryCode::HeldBack,
                Outcome::Ended(reason) => StoryCode::Ended { reason: *reason },
            };
            all.push((*at, Some(*key), what));
        }
        for key in self.subjects().into_iter().filter(|key| told(Some(*key))) {
            if let Some(seen) = self.tracer.seen(key) {
                let ground = seen.subject.bbox.ground();
                let [x, y] = [ground.x, ground.y].map(hundredths);
                all.push((seen.last, Some(key), StoryCode::LastSeen { x, y }));
            }
        }
        // What was said follows from what changed.
        all.sort_by_key(|(at, ..)| *at);
        let step = |(at, key, what): (Timestamp, Option<SubjectKey>, StoryCode)| StoryStep {
            at: at.local(self.zone),
            subject: key.map(|number| StorySubject {
                number,
                class: self.tracer.seen(number).map(|seen| seen.subject.class.clone()),
            }),
            what,
        };
        Timeline { steps: all.into_iter().map(step).collect(), brief: brief.len() }
    }

    /// Subjects of which all that ever changed did so within moments, and nothing came.
    fn brief(&self) -> BTreeSet<SubjectKey> {
        let spoken: BTreeSet<SubjectKey> = self.tracer.said().iter().map(|s| s.1).collect();
        // First and last change; none is last while something holds.
        let mut spans: BTreeMap<SubjectKey, (Timestamp, Timestamp)> = BTreeMap::new();
        for change in self.tracer.changes() {
            let Some(key) = change.subject else { continue };
            let until = if change.now == Standing::No { change.at } else { Timestamp(u64::MAX) };
            spans.entry(key).or_insert((change.at, until)).1 = until;
        }
        let is_brief = |(key, (first, last)): (SubjectKey, (Timestamp, Timestamp))| {
            (!spoken.contains(&key) && last.since(first) < BRIEF).then_some(key)
        };
        spans.into_iter().filter_map(is_brief).collect()
    }

    /// Those of which something held at some time.
    fn subjects(&self) -> BTreeSet<SubjectKey> {
        self.tracer.changes().iter().filter_map(|change| change.subject).collect()
    }

    fn changes(
        &self,
        is_told: impl Fn(Option<SubjectKey>) -> bool,
    ) -> Vec<(Timestamp, Option<SubjectKey>, StoryCode)> {
        let told = self.with_gaps();
        let kept = told.iter().filter(|one| !one.is_gap && is_told(one.change.subject));
        kept.map(|one| (one.change.at, one.change.subject, self.code(&told, one))).collect()
    }

    fn code(&self, all: &[Told], told: &Told) -> StoryCode {
        let Told { change, gaps: (missed, longest), before, .. } = told;
        let condition = self.rule.program.conditions[change.condition].name.clone();
        let only_begun = before.is_some_and(|i| all[i].change.now == Standing::Pending);
        match change.now {
            Standing::No if only_begun => StoryCode::CameToNothing { condition },
            Standing::No => StoryCode::Ceased { condition },
            Standing::Pending => StoryCode::Began { condition },
            Standing::Yes => StoryCode::Holds {
                condition,
                since: change
                    .since
                    .filter(|since| *since < change.at)
                    .map(|since| since.local(self.zone)),
                missed: *missed,
                missed_secs_max: (longest.as_secs_f64() * 1000.0).round() / 1000.0,
            },
        }
    }

    /// The changes; marked are those by which something that is seen is not for a moment, and what had only just
    /// begun and came to nothing.
    fn with_gaps(&self) -> Vec<Told> {
        let conditions = &self.rule.program.conditions;
        let mut told: Vec<Told> = Vec::new();
        let mut newest: BTreeMap<(Option<SubjectKey>, usize), usize> = BTreeMap::new();
        for change in self.tracer.changes() {
            let key = (change.subject, change.condition);
            let is_seen = !conditions[change.condition].test.is_temporal();
            let last = newest.get(&key).copied();
            let ended = last.filter(|no| is_seen && told[*no].change.now == Standing::No);
            let gap = ended.and_then(|no| {
                let before = told[no].before?;
                let gap = change.at.since(told[no].change.at);
                (told[before].change.now == change.now && gap <= BRIEF).then_some((no, before, gap))
            });
            let came_to_nothing = last.filter(|i| {
                let Told { change: begun, .. } = &told[*i];
                (begun.now, change.now) == (Standing::Pending, Standing::No)
                    && change.at.since(begun.at) <= BRIEF
            });
            if let Some(begun) = came_to_nothing {
                told[begun].is_gap = true;
                match told[begun].before {
                    Some(before) => newest.insert(key, before),
                    None => newest.remove(&key),
                };
            } else if let Some((no, before, gap)) = gap {
                told[no].is_gap = true;
                let (count, longest) = told[before].gaps;
                told[before].gaps = (count + 1, longest.max(gap));
                newest.insert(key, before);
            } else {
                newest.insert(key, told.len());
                let gaps = (0, Duration::ZERO);
                told.push(Told { change: *change, gaps, before: last, is_gap: false });
            }
        }
        told
    }
}

fn hundredths(fraction: f32) -> f64 {
    (f64::from(fraction) * 100.0).round() / 100.0
}
