//! `viahe explain`: why a rule fired, or why it did not.

use super::run::load_without_secrets;
use crate::OrUsage;
use crate::exit::Exit;
use crate::ui::say;
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use viahe_core::config::Plan;
use viahe_core::config::plan::Rule;
use viahe_core::engine::{Effect, Engine, Event};
use viahe_core::id::Name;
use viahe_core::incident::EndReason;
use viahe_core::rule::SubjectKey;
use viahe_core::rule::explain::{Applies, Change, Outcome, Standing, Tracer};
use viahe_core::rule::program::Program;
use viahe_core::scenario::{self, Told};
use viahe_core::time::Timestamp;
use viahe_edge::record::Recording;

/// Says step by step why an incident was told, or why a rule told of none.
///
/// Runs a recording of what the engine saw (`viahe record`) through the pipeline again, and notes
/// for one rule when it applied and when each of its conditions began and ceased to hold.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The incident's id, or its beginning; without it, name a rule by --rule.
    incident: Option<String>,
    /// The pipeline file.
    #[arg(long, value_name = "FILE.toml")]
    pipeline: PathBuf,
    /// The recording.
    #[arg(long, value_name = "FILE.jsonl")]
    recording: PathBuf,
    /// The rule's camera; none for rules of the site.
    #[arg(long, value_name = "ID")]
    camera: Option<String>,
    /// The rule.
    #[arg(long, value_name = "ID", conflicts_with = "incident")]
    rule: Option<String>,
    /// What held and what did not at this time, RFC 3339.
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
}

pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    let plan = Arc::new(load_without_secrets(&args.pipeline)?);
    let (camera, rule, subject_of) = match (&args.incident, &args.rule) {
        (Some(id), _) => {
            let told = scenario::run(&plan, events(&args.recording)?);
            let incident = find(id, &told)?;
            (incident.camera.clone(), incident.rule.clone(), Some(incident.incident.clone()))
        }
        (None, Some(rule)) => {
            let name = |text: &str| Name::try_from(text).or_usage();
            let camera = args.camera.as_deref().map(name).transpose()?;
            (camera, name(rule)?, None)
        }
        (None, None) => {
            let what = "which incident? Give its id, or a rule by --rule (and --camera)";
            return Err(Exit::Usage(what.into()));
        }
    };
    let definition = definition(&plan, camera.as_ref(), &rule)?;
    let tracer = trace(&plan, camera, rule, events(&args.recording)?);
    let subject = subject_of.and_then(|id| {
        let opened = |(_, key, outcome): &(_, SubjectKey, Outcome)| match outcome {
            Outcome::Opened(other) if *other == id => Some(*key),
            _ => None,
        };
        tracer.said().iter().find_map(opened)
    });
    let story = Story { zone: &plan.site.timezone, rule: definition, tracer: &tracer };
    say(story.tell(subject, args.at).trim_end());
    Ok(())
}

/// What the recording holds.
fn events(recording: &Path) -> Result<Vec<Event>, Exit> {
    Recording::open(recording).or_usage()?.collect::<Result<_, _>>().or_usage()
}

fn find<'t>(id: &str, told: &'t [Told]) -> Result<&'t Told, Exit> {
    let id = id.to_ascii_uppercase();
    let matching: Vec<&Told> =
        told.iter().filter(|t| t.incident.as_str().starts_with(&id)).collect();
    match matching.as_slice() {
        [one] => Ok(one),
        [] => {
            let known: Vec<String> =
                told.iter().map(|t| format!("{} ({})", t.incident, t.rule)).collect();
            let known = if known.is_empty() { "none".into() } else { known.join(", ") };
            Err(Exit::Usage(format!("the recording gives no incident {id}; it gives {known}")))
        }
        several => {
            let ids: Vec<&str> = several.iter().map(|t| t.incident.as_str()).collect();
            Err(Exit::Usage(format!("{id} may be any of {}; write more of it", ids.join(", "))))
        }
    }
}

fn definition<'p>(plan: &'p Plan, camera: Option<&Name>, rule: &Name) -> Result<&'p Rule, Exit> {
    let rules = match camera {
        None => &plan.rules,
        Some(id) => {
            let known =
                || plan.cameras.iter().map(|c| c.id.as_str()).collect::<Vec<_>>().join(", ");
            let camera = plan.cameras.iter().find(|c| c.id == *id);
            let missing = || format!("there is no camera {id}; there are {}", known());
            &camera.ok_or_else(|| Exit::Usage(missing()))?.rules
        }
    };
    let ids = || rules.iter().map(|r| r.id.as_str()).collect::<Vec<_>>().join(", ");
    rules.iter().find(|r| r.id == *rule).ok_or_else(|| {
        Exit::Usage(format!("there is no rule {rule} here; there are {} (--camera?)", ids()))
    })
}

/// Runs the events and listens to one rule.
fn trace(plan: &Arc<Plan>, camera: Option<Name>, rule: Name, events: Vec<Event>) -> Tracer {
    let mut engine = Engine::new(Arc::clone(plan));
    engine.trace(camera, rule);
    for event in events {
        let effects = engine.apply(event);
        answer(&mut engine, effects);
    }
    let effects = engine.finish();
    answer(&mut engine, effects);
    engine.traced().unwrap_or_default()
}

/// No picture is taken of a recording.
fn answer(engine: &mut Engine, effects: Vec<Effect>) {
    for effect in effects {
        if let Effect::Capture(capture) = effect {
            engine.apply(Event::Captured { capture: capture.id, evidence: None });
        }
    }
}

struct Story<'a> {
    zone: &'a TimeZone,
    rule: &'a Rule,
    tracer: &'a Tracer,
}

impl Story<'_> {
    /// Everything, or what concerns one subject.
    fn tell(&self, subject: Option<SubjectKey>, at: Option<Timestamp>) -> String {
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
            format!("rule {id}: {violation}, version {version}"),
            format!("one incident for {}", program.scope_in_words()),
            "it is told while this holds:".to_owned(),
        ];
        parts(program, program.trigger, 1, &mut lines);
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
        let concerns =
            |key: Option<SubjectKey>| subject.is_none() || key.is_none() || key == subject;
        let mut all: Vec<(Timestamp, String)> = self
            .tracer
            .changes()
            .iter()
            .filter(|change| concerns(change.subject))
            .map(|change| (change.at, self.change(change, subject.is_none())))
            .collect();
        for (at, key, outcome) in self.tracer.said().iter().filter(|s| concerns(Some(s.1))) {
            let who = if subject.is_none() { format!("[{key}] ") } else { String::new() };
            all.push((*at, format!("{who}{}", outcome_in_words(outcome))));
        }
        for key in self.subjects().into_iter().filter(|key| concerns(Some(*key))) {
            if let Some(seen) = self.tracer.seen(key) {
                let who = if subject.is_none() { self.who(key) } else { "it".into() };
                all.push((seen.last, format!("{who} was looked at for the last time")));
            }
        }
        // What was said follows from what changed.
        all.sort_by_key(|(at, _)| *at);
        if all.is_empty() {
            return vec!["nothing that the rule asks for ever began to hold".into()];
        }
        all.into_iter().map(|(at, line)| format!("{}  {line}", self.time(at))).collect()
    }

    /// Those of which something held at some time.
    fn subjects(&self) -> BTreeSet<SubjectKey> {
        self.tracer.changes().iter().filter_map(|change| change.subject).collect()
    }

    fn change(&self, change: &Change, name_subject: bool) -> String {
        let program = &self.rule.program;
        let who = match change.subject {
            Some(key) if name_subject => format!("[{key}] "),
            _ => String::new(),
        };
        let name = &program.conditions[change.condition].name;
        let words = program.condition_in_words(change.condition);
        match (change.now, change.since) {
            (Standing::No, _) => format!("{who}- {name} holds no more"),
            (Standing::Pending, _) => format!("{who}… {name} has begun ({words})"),
            (Standing::Yes, Some(since)) if since < change.at => {
                format!("{who}+ {name} holds, begun at {} ({words})", self.time(since))
            }
            (Standing::Yes, _) => format!("{who}+ {name} holds ({words})"),
        }
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
        at.in_zone(self.zone).strftime("%Y-%m-%d %H:%M:%S%.3f").to_string()
    }
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
                EndReason::RuleChanged => "its rule was changed",
            };
            format!("=> the incident ends: {why}")
        }
    }
}

/// A condition in words, and below it what it is made of.
pub(crate) fn parts(program: &Program, condition: usize, depth: usize, lines: &mut Vec<String>) {
    let name = &program.conditions[condition].name;
    let words = program.condition_in_words(condition);
    lines.push(format!("{:indent$}{name}: {words}", "", indent = 2 * depth));
    for inner in program.conditions[condition].test.inner() {
        parts(program, inner, depth + 1, lines);
    }
}
