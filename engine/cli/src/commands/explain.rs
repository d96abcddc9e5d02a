//! `viahe explain`: why a rule fired, or why it did not.

mod story;
mod verdicts;
mod words;

use super::run::load_without_secrets;
use crate::exit::{Exit, OrUsage};
use crate::ui::say;
use std::path::PathBuf;
use std::sync::Arc;
use story::{Span, Story};
use viahe_core::id::{IncidentId, Name};
use viahe_core::plan::{Camera, Plan, Rule};
use viahe_core::rule::SubjectKey;
use viahe_core::rule::explain::{Outcome, Tracer};
use viahe_core::scenario::{Run, Told};
use viahe_core::story::{Places, Telling};
use viahe_core::time::Timestamp;
use viahe_edge::history::{history_dir, segments};
use viahe_edge::record::Recording;
pub(super) use words::{about, parts};

/// Says step by step why an incident was told, or why a rule told of none.
///
/// Runs what the engine saw through the pipeline again, and notes for one rule when it applied and
/// when each of its conditions began and ceased to hold; then what operators said of it. On the box that told of it, the last
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
    let seen = match Seen::of(args, &plan) {
        Ok(seen) => seen,
        Err(unseen) => return what_was_said(args, &plan, unseen),
    };
    let (camera, rule, incident) = match (&args.incident, &args.rule) {
        (Some(id), _) => {
            let (told, _, _) = seen.run(Run::new(&plan))?;
            let incident = match find(id, &told) {
                Ok(incident) => incident,
                Err(unseen) => return what_was_said(args, &plan, unseen),
            };
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
    let (_, tracer, span) = seen.run(Run::tracing(&plan, camera, rule))?;
    let tracer = tracer.unwrap_or_default();
    let opened = incident.as_ref().map(|told| told.opened);
    let id = incident.as_ref().map(|told| told.incident.clone());
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
    let asked = definition.program.asked();
    let telling = Telling { zone: &plan.site.timezone, rule: definition, tracer: &tracer };
    let story = Story { telling, asked, place, span };
    say(story.tell(subject, args.at).trim_end());
    let said = id.and_then(|id| verdicts::tell(&plan.engine.state_dir, &id, &plan.site.timezone));
    if let Some(said) = said {
        say(&format!("\n{said}"));
    }
    Ok(())
}

/// The history is short, and verdicts are kept with the incident: they are told without what was seen. Where there are
/// none, what is wrong.
fn what_was_said(args: &Args, plan: &Plan, unseen: Exit) -> Result<(), Exit> {
    let Some(id) = &args.incident else { return Err(unseen) };
    let id = IncidentId::try_from(id.to_ascii_uppercase());
    let dir = &plan.engine.state_dir;
    let said = id.ok().and_then(|id| verdicts::tell_alone(dir, &id, &plan.site.timezone));
    match (unseen.message(), said) {
        (Some(why), Some(said)) => {
            say(&format!("{why}\n\n{said}"));
            Ok(())
        }
        _ => Err(unseen),
    }
}

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
            recording
                .run_through(&mut run, |at| {
                    let (first, last) = span.unwrap_or((at, at));
                    span = Some((first.min(at), last.max(at)));
                })
                .or_usage()?;
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
    let Places { zone, line, sensor, window } = Places::of(plan, camera, rule);
    let named = [("zone", zone), ("line", line), ("sensor", sensor), ("window", window)];
    let words = named.into_iter().filter_map(|(what, id)| Some(format!("{what} {}", id?)));
    words.collect::<Vec<_>>().join(", ")
}
