//! `viahe check`: is a pipeline right?

mod connect;
mod provider;
mod regions;

use super::explain::{about, parts, place_in_words};
use super::run::load;
use crate::exit::Exit;
use crate::ui::say;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;
use viahe_core::attention::{Attention, Need, Wants};
use viahe_core::config::hints;
use viahe_core::plan::{Camera, Plan, Rule};
use viahe_core::rule::Bears;
use viahe_core::time::Timestamp;
use viahe_edge::advice;
use viahe_edge::clock;
use viahe_edge::fleet::{installed, tuned};
use viahe_edge::models::{Locations, ModelError};

/// Says whether a pipeline is right, and what it would do.
///
/// All problems are told at once, each with file, line and remedy. No camera is contacted without
/// `--connect`. The last line says `no problem found`, or how many there are.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The pipeline file.
    pipeline: PathBuf,
    /// Also tries every camera and the broker, for 15 s at most.
    #[arg(long)]
    connect: bool,
}

pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    let plan = match load(&args.pipeline) {
        Ok(plan) => plan,
        // One line a problem, and their count last.
        Err(Exit::Usage(problems)) => {
            let count = counted(problems.lines().count(), "problem");
            return Err(Exit::Usage(format!("{problems}\n{count}")));
        }
        Err(other) => return Err(other),
    };
    say(summary(&plan, clock::now()).trim_end());
    tuned(&plan).told.iter().for_each(|line| say(line));
    let mut warnings = viahe_core::config::warnings(&plan);
    warnings.extend(advice::warnings(&plan));
    warnings.extend(hints(&plan));
    for warning in &warnings {
        say(&format!("warning: {warning}"));
    }
    let installed = installed(&plan);
    let otherwise = installed.as_ref().map(|there| provider::tried(&plan, there));
    let mut otherwise = otherwise.unwrap_or_default();
    otherwise.extend(candidate_missing(&plan));
    for text in &otherwise {
        say(&format!("warning: {text}"));
    }
    let warned = warnings.len() + otherwise.len();
    let missing = installed.err().unwrap_or_default();
    let mut problems: Vec<Problem> = missing.iter().map(Problem::of_installation).collect();
    if args.connect {
        problems.extend(connect::connect(&plan).into_iter().map(Problem::of_connection));
    }
    if !problems.is_empty() {
        let count = counted(problems.len(), "problem");
        let missing = problems.iter().any(|p| p.of == Of::Installation);
        let lines: Vec<String> = problems.into_iter().map(|p| p.text).collect();
        let text = format!("{}\n{count}", lines.join("\n"));
        return Err(if missing { Exit::Missing(text) } else { Exit::Failed(text) });
    }
    say(&match warned {
        0 => "no problem found".to_owned(),
        n => format!("no problem found, but {}", counted(n, "warning")),
    });
    Ok(())
}

/// Cameras are looked at without it.
fn candidate_missing(plan: &Plan) -> Option<String> {
    let candidate = &plan.shadow.as_ref()?.candidate;
    // Places that cannot be looked at are told of the models at work.
    let found = Locations::discover(Some(&plan.folder)).ok()?.load_package(candidate);
    found.err().map(|error| format!("shadow.candidate: {candidate} cannot be tried: {error}"))
}

/// What stands in the way of a right pipeline.
struct Problem {
    text: String,
    of: Of,
}

/// What a [`Problem`] lies in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    /// A part of it is missing.
    Installation,
    /// A camera or the broker.
    Street,
}

impl Problem {
    fn of_installation(error: &ModelError) -> Self {
        Self { text: error.to_string(), of: Of::Installation }
    }

    fn of_connection(text: String) -> Self {
        Self { text, of: Of::Street }
    }
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn summary(plan: &Plan, now: Timestamp) -> String {
    let mqtt = plan.mqtt.as_ref().map_or_else(
        || "no MQTT: `viahe replay` only".to_owned(),
        |m| {
            format!(
                "incidents to {}:{}{}",
                m.host,
                m.port,
                if m.tls.is_some() { " (TLS)" } else { "" }
            )
        },
    );
    let console = plan.console.as_ref().map(|console| format!(", pictures to {}", console.url));
    let mut text = format!("site {}, {mqtt}{}\n", plan.site.id, console.unwrap_or_default());
    let local = now.in_zone(&plan.site.timezone);
    let zone = plan.site.timezone.iana_name().unwrap_or("UTC");
    let local = local.strftime("%a %Y-%m-%d %H:%M, UTC%:z");
    let _ = writeln!(text, "time there now {local} ({zone})");
    // What is missing of them is told apart.
    let models = Locations::discover(Some(&plan.folder)).ok();
    for camera in &plan.cameras {
        text += &camera_summary(plan, camera, models.as_ref(), now);
    }
    for rule in &plan.rules {
        text += &rule_summary(plan, None, rule, now);
    }
    text
}

fn camera_summary(
    plan: &Plan,
    camera: &Camera,
    models: Option<&Locations>,
    now: Timestamp,
) -> String {
    // As if every rule applied now: what each of them needs by the hour is the engine's to say.
    let wants = |rule: &Rule| Wants::Looks { gap: Bears::of(rule, plan.engine.lateness).close };
    let need = Attention::of(camera, |_, rule| wants(rule)).need;
    let analysed = if need == Need::NONE {
        "no frame analysed, as no rule looks and analyse_hz is not set".to_owned()
    } else {
        format!("up to {} frames a second analysed", need.looks_hz)
    };
    let sub = camera.substream.as_ref();
    let sub = sub.map_or_else(String::new, |sub| format!(", looked at by its substream {sub}"));
    let Camera { id, source, model, .. } = camera;
    let described = models.and_then(|models| models.describe(model).ok());
    let licence = described.as_ref().map(|model| format!(" ({})", model.licence));
    let licence = licence.unwrap_or_default();
    let mut text = format!("camera {id}: {source}{sub}, model {model}{licence}, {analysed}\n");
    if let Some(model) = described {
        text += &regions::in_words(camera, &model);
    }
    for rule in &camera.rules {
        text += &rule_summary(plan, Some(camera), rule, now);
    }
    text
}

/// How rarely a rule may look.
fn looks_in_words(plan: &Plan, rule: &Rule) -> String {
    let bears = Bears::of(rule, plan.engine.lateness);
    let secs = |gap: Duration| format!("{} s", (gap.as_secs_f32() * 10.0).round() / 10.0);
    let [idle, approach, told, busy, close] =
        [bears.idle, bears.approach, bears.told, bears.busy, bears.close].map(secs);
    if idle == close && busy == close {
        return format!("{close} apart at all times");
    }
    let comes = if approach == idle {
        String::new()
    } else {
        format!(", {approach} while something comes")
    };
    let told =
        if told == busy { String::new() } else { format!(", {told} again once it has been told") };
    format!(
        "{close} apart, at most {idle} while nothing is there{comes} and {busy} while something is{told}"
    )
}

/// A rule by what it is about and what must hold, down to what is seen or measured.
fn rule_summary(plan: &Plan, camera: Option<&Camera>, rule: &Rule, now: Timestamp) -> String {
    let asked = rule.program.asked();
    let place = place_in_words(plan, camera, rule);
    let place = if place.is_empty() { place } else { format!(" ({place})") };
    let mut text = format!("  {}{place}: {}\n", rule.id, about(&asked));
    let active = rule.schedule.active(now, &plan.site.timezone, plan.site.calendar.as_ref());
    let applies = if active { "applies now" } else { "does not apply now" };
    let _ = writeln!(text, "    when: {}; {applies}", rule.schedule);
    if camera.is_some_and(|camera| !camera.steady) && rule.program.looks() {
        let _ = writeln!(text, "    looks: {}", looks_in_words(plan, rule));
    }
    let mut lines = parts(&asked, 2);
    lines.push(String::new());
    text += &lines.join("\n");
    text
}
