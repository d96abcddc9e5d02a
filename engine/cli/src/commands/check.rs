//! `viahe check`: is a pipeline right?

use super::explain::{parts, place_in_words};
use super::run::load;
use crate::exit::Exit;
use crate::ui::say;
use std::path::PathBuf;
use viahe_core::config::plan::{Camera, Rule};
use viahe_core::config::{Plan, hints};
use viahe_edge::models::Locations;
use viahe_edge::station::calendar_ending;

/// Says whether a pipeline is right, and what it would do.
///
/// All problems are told at once, each with file, line and remedy. No camera is contacted.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The pipeline file.
    pipeline: PathBuf,
}

pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    let plan = load(&args.pipeline)?;
    say(summary(&plan).trim_end());
    if let Some(warning) = calendar_ending(&plan) {
        say(&format!("warning: {warning}"));
    }
    for warning in hints(&plan) {
        say(&format!("warning: {warning}"));
    }
    let locations = Locations::discover(args.pipeline.parent()).map_err(Exit::missing)?;
    let mut missing: Vec<String> = plan
        .cameras
        .iter()
        .filter_map(|c| locations.load_package(&c.model).err().map(|e| e.to_string()))
        .collect();
    missing.dedup();
    if missing.is_empty() {
        say(&format!("{}: right", args.pipeline.display()));
        Ok(())
    } else {
        Err(Exit::Missing(missing.join("\n")))
    }
}

fn summary(plan: &Plan) -> String {
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
    let mut text = format!("site {}, {mqtt}\n", plan.site.id);
    for camera in &plan.cameras {
        text += &camera_summary(plan, camera);
    }
    for rule in &plan.rules {
        text += &rule_summary(plan, None, rule);
    }
    text
}

fn camera_summary(plan: &Plan, camera: &Camera) -> String {
    let mut text = format!(
        "camera {}: {}, model {}, {} frames a second analysed\n",
        camera.id, camera.source, camera.model, camera.analyse_hz
    );
    for rule in &camera.rules {
        text += &rule_summary(plan, Some(camera), rule);
    }
    text
}

/// A rule by what it is about and what must hold, down to what is seen or measured.
fn rule_summary(plan: &Plan, camera: Option<&Camera>, rule: &Rule) -> String {
    let program = &rule.program;
    let place = place_in_words(plan, camera, rule);
    let place = if place.is_empty() { place } else { format!(" ({place})") };
    let mut text = format!("  {}{place}: {}\n", rule.id, program.scope_in_words());
    let mut lines = Vec::new();
    parts(program, program.trigger, 2, &mut lines);
    lines.push(String::new());
    text += &lines.join("\n");
    text
}
