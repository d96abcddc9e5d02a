//! `viahe explain`: why a rule fired, or why it did not.

use super::run::load_without_secrets;
use crate::OrUsage;
use crate::exit::Exit;
use crate::ui::say;
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use viahe_core::config::Plan;
use viahe_core::config::plan::{Camera, Rule};
use viahe_core::id::Name;
use viahe_core::incident::EndReason;
use viahe_core::rule::SubjectKey;
use viahe_core::rule::explain::{Applies, Change, Outcome, Standing, Tracer};
use viahe_core::rule::program::Program;
use viahe_core::scenario::{Run, Told};
use viahe_core::time::Timestamp;
use viahe_edge::history::{history_dir, segments};
use viahe_edge::record::Recording;

/// Says step by step why an incident was told, or why a rule told of none.
///
/// Runs what the engine saw through the pipeline again, and notes for one rule when it applied and
/// when each of its conditions began and ceased to hold. On the box that told of it, the last
/// hours are there (`history_mb` of `[engine]`); elsewhere, give a recording (`viahe record`).
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The incident's id, or its beginning; without it, name a rule by --rule.
    incident: Option<String>,
    /// The pipeline file.
    #[arg(long, value_name = "FILE.toml")]
    pipeline: PathBuf,
    /// The recording; without it, the history on this box.
    #[arg(long, value_name = "FILE.jsonl")]
    recording: Option<PathBuf>,
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
    let seen = Seen::of(args, &plan)?;
    let (camera, rule, incident) = match (&args.incident, &args.rule) {
        (Some(id), _) => {
            let (told, _, _) = seen.run(Run::new(&plan))?;
            let incident = find(id, &told)?;
            (incident.camera.clone(), incident.rule.clone(), Some(incident.clone()))
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
    let (on, definition) = definition(&plan, camera.as_ref(), &rule)?;
    let place =
        [on.map(|c| format!("camera {}", c.id)), Some(place_in_words(&plan, on, definition))];
    let place =
        place.into_iter().flatten().filter(|p| !p.is_empty()).collect::<Vec<_>>().join(", ");
    let (_, tracer, span) = seen.run(Run::new(&plan).tracing(camera, rule))?;
    let tracer = tracer.unwrap_or_default();
    let opened = incident.as_ref().map(|told| told.opened);
    let subject = incident.and_then(|told| {
        let opened = |(_, key, outcome): &(_, SubjectKey, Outcome)| match outcome {
            Outcome::Opened(id) if *id == told.incident => Some(*key),
            _ => None,
        };
        tracer.said().iter().find_map(opened)
    });
    if let (Some(opened), Some((first, _)), None) = (opened, span, subject) {
        let zone = &plan.site.timezone;
        let (opened, first) = (opened.rfc3339(zone), first.rfc3339(zone));
        say(&format!(
            "the incident was opened at {opened}; what was seen is known from {first} on"
        ));
    }
    let story = Story { zone: &plan.site.timezone, rule: definition, place, tracer: &tracer, span };
    say(story.tell(subject, args.at).trim_end());
    Ok(())
}

/// First and last time of what was seen.
type Span = Option<(Timestamp, Timestamp)>;

/// What the engine saw: recordings that follow each other.
struct Seen(Vec<PathBuf>);

impl Seen {
    fn of(args: &Args, plan: &Plan) -> Result<Self, Exit> {
        if let Some(recording) = &args.recording {
            return Ok(Self(vec![recording.clone()]));
        }
        let dir = history_dir(&plan.engine.state_dir);
        let found = segments(&dir).or_usage()?;
        if found.is_empty() {
            let remedy = "run this on the box that saw it, or give a recording by --recording";
            return Err(Exit::Usage(format!("{}: there is no history; {remedy}", dir.display())));
        }
        Ok(Self(found))
    }

    /// Runs all of it, piece by piece, each from what the engine remembered when it began.
    fn run(&self, mut run: Run) -> Result<(Vec<Told>, Option<Tracer>, Span), Exit> {
        let mut span: Span = None;
        for path in &self.0 {
            let recording = match Recording::open(path) {
                // The newest one may just be being begun.
                Err(error) if self.0.len() > 1 => {
                    tracing::warn!(%error, "a piece of history that cannot be read is left out");
                    continue;
                }
                opened => opened.or_usage()?,
            };
            if let Some(state) = recording.state() {
                let unreadable = |e| format!("{}: {e}", path.display());
                run.resume(state.as_bytes()).map_err(unreadable).or_usage()?;
            }
            for event in recording {
                let event = event.or_usage()?;
                if let Some(at) = event.at() {
                    let (first, last) = span.unwrap_or((at, at));
                    span = Some((first.min(at), last.max(at)));
                }
                run.apply(event);
            }
        }
        let (told, tracer) = run.finish();
        Ok((told, tracer, span))
    }
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

/// The rule, and its camera unless it is one of the site.
fn definition<'p>(
    plan: &'p Plan,
    camera: Option<&Name>,
    rule: &Name,
) -> Result<(Option<&'p Camera>, &'p Rule), Exit> {
    let found = camera.map(|id| {
        let ids = || plan.cameras.iter().map(|c| c.id.as_str()).collect::<Vec<_>>().join(", ");
        let missing = || Exit::Usage(format!("there is no camera {id}; there are {}", ids()));
        plan.cameras.iter().find(|c| c.id == *id).ok_or_else(missing)
    });
    let camera = found.transpose()?;
    let rules = camera.map_or(&plan.rules, |camera| &camera.rules);
    let ids = || rules.iter().map(|r| r.id.as_str()).collect::<Vec<_>>().join(", ");
    let missing =
        || Exit::Usage(format!("there is no rule {rule} here; there are {} (--camera?)", ids()));
    Ok((camera, rules.iter().find(|r| r.id == *rule).ok_or_else(missing)?))
}

/// Where a rule looks and what it asks: `zone kerb, sensor river-1`.
pub(super) fn place_in_words(plan: &Plan, camera: Option<&Camera>, rule: &Rule) -> String {
    let zone = camera.zip(rule.zone).map(|(c, z)| format!("zone {}", c.zones[z].id));
    let line = camera.zip(rule.line).map(|(c, l)| format!("line {}", c.lines[l].id));
    let sensor = rule.sensor.map(|s| format!("sensor {}", plan.sensors[s].id));
    let window = rule.window.map(|w| format!("window {}", plan.windows[w].name));
    [zone, line, sensor, window].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

struct Story<'a> {
    zone: &'a TimeZone,
    rule: &'a Rule,
    place: String,
    tracer: &'a Tracer,
    span: Span,
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
