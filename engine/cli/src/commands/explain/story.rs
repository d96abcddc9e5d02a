//! A rule's story in words: what it asks, when it applied, and what began and ceased to hold.

use super::words;
use std::collections::{BTreeMap, BTreeSet};
use viahe_contract::message::{Asked, StoryCode, StoryStep};
use viahe_core::plan::Rule;
use viahe_core::rule::SubjectKey;
use viahe_core::rule::explain::{Change, Standing};
use viahe_core::story::{BRIEF, Telling};
use viahe_core::time::Timestamp;

/// First and last time of what was seen.
pub(super) type Span = Option<(Timestamp, Timestamp)>;

/// What there is to tell.
pub(super) struct Story<'a> {
    pub(super) telling: Telling<'a>,
    pub(super) asked: Asked,
    pub(super) place: String,
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
        let Rule { id, violation, version, .. } = self.telling.rule;
        let mut lines = vec![
            format!("rule {id}: {violation}, version {version}; on {}", self.place),
            format!("one incident for {}", words::about(&self.asked)),
            "it is told while this holds:".to_owned(),
        ];
        lines.extend(words::parts(&self.asked, 1));
        if let Some((first, last)) = self.span {
            let (first, last) = (self.time(first), self.time(last));
            lines.push(format!("what was seen from {first} to {last}:"));
        }
        lines
    }

    fn applied(&self) -> Vec<String> {
        let applied = self.telling.applied();
        if applied.is_empty() {
            return vec!["the rule was never asked: nothing it means was seen".into()];
        }
        applied.iter().map(|step| self.line(step, "")).collect()
    }

    fn line(&self, StoryStep { at, what, .. }: &StoryStep, who: &str) -> String {
        format!("{}  {who}{}", words::moment(*at), words::code(what, &self.asked))
    }

    /// What began and ceased to hold, in order.
    fn timeline(&self, subject: Option<SubjectKey>) -> Vec<String> {
        let timeline = self.telling.timeline(subject);
        let in_words = |step: &StoryStep| match (&step.subject, &step.what) {
            (Some(one), StoryCode::LastSeen { .. }) if subject.is_none() => {
                let at = words::moment(step.at);
                format!("{at}  {} was followed until here", self.who(one.number))
            }
            (Some(one), _) if subject.is_none() => {
                let class = one.class.as_ref().map(|class| format!(" {class}"));
                self.line(step, &format!("[{}{}] ", one.number, class.unwrap_or_default()))
            }
            _ => self.line(step, ""),
        };
        let mut lines: Vec<String> = timeline.steps.iter().map(in_words).collect();
        if timeline.brief > 0 {
            let (count, secs) = (timeline.brief, BRIEF.as_secs());
            lines.push(format!("and {count} more, of which nothing held for {secs} s"));
        }
        if lines.is_empty() {
            lines.push("nothing that the rule asks for ever began to hold".into());
        }
        lines
    }

    /// A subject: what and where it was when last seen.
    fn who(&self, key: SubjectKey) -> String {
        self.telling.tracer.seen(key).map_or(format!("[{key}]"), |seen| {
            let ground = seen.subject.bbox.ground();
            format!("[{key}] {} at x {:.2}, y {:.2}", seen.subject.class, ground.x, ground.y)
        })
    }

    /// What held at a time, of each subject that the rule knew then.
    fn standing(&self, at: Timestamp) -> Vec<String> {
        let Telling { tracer, rule, .. } = &self.telling;
        let before: Vec<&Change> =
            tracer.changes().iter().filter(|change| change.at <= at).collect();
        let subjects: BTreeSet<Option<SubjectKey>> = before.iter().map(|c| c.subject).collect();
        let mut lines = vec![format!("at {}:", self.time(at))];
        let is_then = |step: &&StoryStep| step.at.at() <= at;
        if let Some(step) = self.telling.applied().iter().rfind(is_then) {
            lines.push(format!("  {}", words::code(&step.what, &self.asked)));
        }
        for subject in &subjects {
            let all = before.iter().filter(|c| c.subject == *subject);
            // Of each condition the last change.
            let newest: BTreeMap<usize, &Change> =
                all.map(|change| (change.condition, *change)).collect();
            let gone = |key| tracer.seen(key).is_none_or(|seen| seen.last < at);
            if subject.is_some_and(gone) {
                continue;
            }
            let who = subject.map_or("for all".into(), |key| self.who(key));
            lines.push(format!("  {who}:"));
            let personal = rule.program.personal();
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
        let asked = self.telling.rule.program.asked_condition(condition);
        let (name, words) = (asked.name, words::test(&asked.test));
        let since = change.map(|change| self.time(change.at)).unwrap_or_default();
        match change.map(|change| change.now) {
            None => format!("    no   {name}: not yet ({words})"),
            Some(Standing::No) => format!("    no   {name}: not since {since} ({words})"),
            Some(Standing::Pending) => format!("    soon {name}: begun, seen at {since} ({words})"),
            Some(Standing::Yes) => format!("    yes  {name}: since {since} ({words})"),
        }
    }

    fn time(&self, at: Timestamp) -> String {
        words::moment(at.local(self.telling.zone))
    }
}
