//! A rule's story: what it asks, when it applied, and what began and ceased to hold.

use jiff::tz::TimeZone;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use viahe_contract::message::EndReason;
use viahe_core::id::Name;
use viahe_core::plan::Rule;
use viahe_core::plan::program::Program;
use viahe_core::rule::SubjectKey;
use viahe_core::rule::explain::{Applies, Change, Outcome, Standing, Tracer};
use viahe_core::time::Timestamp;

/// A detector misses things for a look or two: gaps of what is seen up to this are counted, not
/// told, and so is who was seen for less.
const BRIEF: Duration = Duration::from_secs(10);

/// First and last time of what was seen.
pub(super) type Span = Option<(Timestamp, Timestamp)>;

/// A change that is told.
struct Step {
    change: Change,
    /// Until the next one of its condition.
    gaps: Gaps,
    /// What ends here had begun, but never held.
    only_begun: bool,
}

/// Gaps that are counted, not told.
#[derive(Clone, Copy, Default)]
struct Gaps {
    count: usize,
    longest: Duration,
}

/// What there is to tell.
pub(super) struct Story<'a> {
    pub(super) zone: &'a TimeZone,
    pub(super) rule: &'a Rule,
    pub(super) place: String,
    pub(super) tracer: &'a Tracer,
    pub(super) span: Span,
}

impl Story<'_> {
    /// Everything, or what concerns one subject.
    pub(super) fn tell(&self, subject: Option<SubjectKey>, at: Option<Timestamp>) -> String {
        let mut lines = self.head();
        lines.push(String::new());
        lines.extend(self.applied());
        lines.push(String::new());
        match at {
            Some(at) => lines.extend(self.standing(at)),
            None => lines.extend(self.timeline(subject)),
        }
        lines.join("\n")
    }

    fn head(&self) -> Vec<String> {
        let Rule { id, violation, version, program, .. } = self.rule;
        let mut lines = vec![
            format!("rule {id}: {violation}, version {version}; on {}", self.place),
            format!("one incident for {}", program.scope_in_words()),
            "it is told while this holds:".to_owned(),
        ];
        parts(program, program.trigger, 1, &mut lines);
        if let Some((first, last)) = self.span {
            let (first, last) = (self.time(first), self.time(last));
            lines.push(format!("what was seen from {first} to {last}:"));
        }
        lines
    }

    fn applied(&self) -> Vec<String> {
        if self.tracer.applied().is_empty() {
            return vec!["the rule was never asked: nothing it means was seen".into()];
        }
        let line = |(at, applies): &(Timestamp, Applies)| {
            format!("{}  {}", self.time(*at), applies_in_words(applies))
        };
        self.tracer.applied().iter().map(line).collect()
    }

    /// What began and ceased to hold, in order.
    fn timeline(&self, subject: Option<SubjectKey>) -> Vec<String> {
        let brief = if subject.is_some() { BTreeSet::new() } else { self.brief() };
        let concerns =
            |key: Option<SubjectKey>| subject.is_none() || key.is_none() || key == subject;
        let told =
            |key: Option<SubjectKey>| concerns(key) && key.is_none_or(|key| !brief.contains(&key));
        let mut all: Vec<(Timestamp, String)> = self
            .without_gaps()
            .into_iter()
            .filter(|step| told(step.change.subject))
            .map(|step| (step.change.at, self.change(&step, subject.is_none())))
            .collect();
        for (at, key, outcome) in self.tracer.said().iter().filter(|s| told(Some(s.1))) {
            let who = if subject.is_none() { self.tag(*key) } else { String::new() };
            all.push((*at, format!("{who}{}", outcome_in_words(outcome))));
        }
        for key in self.subjects().into_iter().filter(|key| told(Some(*key))) {
            if let Some(seen) = self.tracer.seen(key) {
                let who = if subject.is_none() { self.who(key) } else { "it".into() };
                all.push((seen.last, format!("{who} was followed until here")));
            }
        }
        // What was said follows from what changed.
        all.sort_by_key(|(at, _)| *at);
        let mut lines: Vec<String> =
            all.into_iter().map(|(at, line)| format!("{}  {line}", self.time(at))).collect();
        if !brief.is_empty() {
            let (count, secs) = (brief.len(), BRIEF.as_secs());
            lines.push(format!("and {count} more, of which nothing held for {secs} s"));
        }
        if lines.is_empty() {
            lines.push("nothing that the rule asks for ever began to hold".into());
        }
        lines
    }

    /// Subjects of which all that ever changed did so within moments, and nothing came.
    fn brief(&self) -> BTreeSet<SubjectKey> {
        let spoken: BTreeSet<SubjectKey> = self.tracer.said().iter().map(|s| s.1).collect();
        let holds = |key: &SubjectKey| {
            let own = || self.tracer.changes().iter().filter(|c| c.subject == Some(*key));
            let last = own()
                .next_back()
                .map(|c| if c.now == Standing::No { c.at } else { Timestamp(u64::MAX) });
            own().next().zip(last).is_some_and(|(first, last)| last.since(first.at) >= BRIEF)
        };
        self.subjects().into_iter().filter(|key| !spoken.contains(key) && !holds(key)).collect()
    }

    /// The changes, without those by which something that is seen is not for a moment, and without
    /// what had only just begun and came to nothing.
    fn without_gaps(&self) -> Vec<Step> {
        struct Told {
            change: Change,
            gaps: Gaps,
            /// The one before of the same subject and condition.
            before: Option<usize>,
            is_gap: bool,
        }
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
                let gaps = &mut told[before].gaps;
                *gaps = Gaps { count: gaps.count + 1, longest: gaps.longest.max(gap) };
                newest.insert(key, before);
            } else {
                newest.insert(key, told.len());
                let gaps = Gaps::default();
                told.push(Told { change: *change, gaps, before: last, is_gap: false });
            }
        }
        let had_begun =
            |t: &Told| t.before.is_some_and(|i| told[i].change.now == Standing::Pending);
        let kept = told.iter().filter(|told| !told.is_gap);
        kept.map(|told| Step { change: told.change, gaps: told.gaps, only_begun: had_begun(told) })
            .collect()
    }

    /// Those of which something held at some time.
    fn subjects(&self) -> BTreeSet<SubjectKey> {
        self.tracer.changes().iter().filter_map(|change| change.subject).collect()
    }

    fn change(&self, step: &Step, name_subject: bool) -> String {
        let Step { change, gaps, only_begun } = step;
        let program = &self.rule.program;
        let who = match change.subject {
            Some(key) if name_subject => self.tag(key),
            _ => String::new(),
        };
        let gaps = match gaps {
            Gaps { count: 0, .. } => String::new(),
            Gaps { count, longest } => {
                format!(", missed {count} times for {:.1} s at most", longest.as_secs_f32())
            }
        };
        let name = &program.conditions[change.condition].name;
        let words = program.condition_in_words(change.condition);
        match (change.now, change.since) {
            (Standing::No, _) if *only_begun => format!("{who}- {name} came to nothing"),
            (Standing::No, _) => format!("{who}- {name} holds no more"),
            (Standing::Pending, _) => format!("{who}… {name} has begun ({words})"),
            (Standing::Yes, Some(since)) if since < change.at => {
                format!("{who}+ {name} holds, begun at {} ({words}){gaps}", self.time(since))
            }
            (Standing::Yes, _) => format!("{who}+ {name} holds ({words}){gaps}"),
        }
    }

    /// A subject by its number and class.
    fn tag(&self, key: SubjectKey) -> String {
        let class = self.tracer.seen(key).map(|seen| format!(" {}", seen.subject.class));
        format!("[{key}{}] ", class.unwrap_or_default())
    }

    /// A subject: what and where it was when last seen.
    fn who(&self, key: SubjectKey) -> String {
        self.tracer.seen(key).map_or(format!("[{key}]"), |seen| {
            let ground = seen.subject.bbox.ground();
            format!("[{key}] {} at x {:.2}, y {:.2}", seen.subject.class, ground.x, ground.y)
        })
    }

    /// What held at a time, of each subject that the rule knew then.
    fn standing(&self, at: Timestamp) -> Vec<String> {
        let before: Vec<&Change> =
            self.tracer.changes().iter().filter(|change| change.at <= at).collect();
        let subjects: BTreeSet<Option<SubjectKey>> = before.iter().map(|c| c.subject).collect();
        let mut lines = vec![format!("at {}:", self.time(at))];
        if let Some((_, applies)) = self.tracer.applied().iter().rev().find(|(t, _)| *t <= at) {
            lines.push(format!("  {}", applies_in_words(applies)));
        }
        for subject in &subjects {
            let all = before.iter().filter(|c| c.subject == *subject);
            // Of each condition the last change.
            let newest: BTreeMap<usize, &Change> =
                all.map(|change| (change.condition, *change)).collect();
            let gone = |key| self.tracer.seen(key).is_none_or(|seen| seen.last < at);
            if subject.is_some_and(gone) {
                continue;
            }
            let who = subject.map_or("for all".into(), |key| self.who(key));
            lines.push(format!("  {who}:"));
            let personal = self.rule.program.personal();
            let own = (0..personal.len()).filter(|i| personal[*i] == subject.is_some());
            lines.extend(own.map(|condition| self.stands(condition, newest.get(&condition))));
        }
        if lines.len() == 1 {
            lines.push("  nothing that the rule asks for held".into());
        }
        lines
    }

    /// How a condition stands after its last change, if there was one.
    fn stands(&self, condition: usize, change: Option<&&Change>) -> String {
        let name = &self.rule.program.conditions[condition].name;
        let words = self.rule.program.condition_in_words(condition);
        let since = change.map(|change| self.time(change.at)).unwrap_or_default();
        match change.map(|change| change.now) {
            None => format!("    no   {name}: not yet ({words})"),
            Some(Standing::No) => format!("    no   {name}: not since {since} ({words})"),
            Some(Standing::Pending) => format!("    soon {name}: begun, seen at {since} ({words})"),
            Some(Standing::Yes) => format!("    yes  {name}: since {since} ({words})"),
        }
    }

    fn time(&self, at: Timestamp) -> String {
        moment(at, self.zone)
    }
}

/// When something was, as all of `explain` says it.
pub(super) fn moment(at: Timestamp, zone: &TimeZone) -> String {
    at.in_zone(zone).strftime("%Y-%m-%d %H:%M:%S%.3f").to_string()
}

fn applies_in_words(applies: &Applies) -> String {
    match applies {
        Applies::No(reason) => format!("the rule does not apply: {reason}"),
        Applies::Yes { but_for } if but_for.is_empty() => "the rule applies".into(),
        Applies::Yes { but_for } => {
            let ids: Vec<&str> = but_for.iter().map(Name::as_str).collect();
            let ids = ids.join(", ");
            format!("the rule applies, but not to what stands in the place of the permit {ids}")
        }
    }
}

fn outcome_in_words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Opened(id) => format!("=> incident {id} opens"),
        Outcome::HeldBack => "=> an incident is held back: the last one is too recent".into(),
        Outcome::Ended(reason) => {
            let why = match reason {
                EndReason::Over => "what it was about is over",
                EndReason::RuleInactive => "its rule does not apply any more",
                EndReason::ViewLost => "the camera does not see what its zones were drawn on",
                EndReason::SensorLost => {
                    "its sensor or window has no value any more; what it measured may still be so"
                }
                EndReason::RuleChanged => "its rule was changed",
                EndReason::StateLost => "the box lost what it remembered of it",
            };
            format!("=> the incident ends: {why}")
        }
    }
}

/// A condition in words, and below it what it is made of.
pub(in crate::commands) fn parts(
    program: &Program,
    condition: usize,
    depth: usize,
    lines: &mut Vec<String>,
) {
    let name = &program.conditions[condition].name;
    let words = program.condition_in_words(condition);
    lines.push(format!("{:indent$}{name}: {words}", "", indent = 2 * depth));
    for inner in program.conditions[condition].test.inner() {
        parts(program, inner, depth + 1, lines);
    }
}
