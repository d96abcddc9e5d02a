//! `viahe check`: is a pipeline right?

use super::run::load;
use crate::exit::Exit;
use crate::ui::say;
use std::fmt::Write as _;
use std::path::PathBuf;
use viahe_core::config::Plan;
use viahe_core::config::plan::{Camera, Trigger};
use viahe_edge::models::Locations;

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
    let locations = Locations::discover(args.pipeline.parent());
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
        text += &camera_summary(camera);
    }
    text
}

fn camera_summary(camera: &Camera) -> String {
    let mut text = format!(
        "camera {}: {}, model {}, {} frames a second analysed\n",
        camera.id, camera.source, camera.model, camera.analyse_hz
    );
    for rule in &camera.rules {
        let what = match rule.trigger {
            Trigger::Standing { dwell } => format!("standing for {} s", dwell.as_secs_f32()),
            Trigger::Crowding { count_min, dwell } => {
                format!("{count_min} or more for {} s", dwell.as_secs_f32())
            }
            Trigger::WrongWay { allowed_deg, tolerance_deg, .. } => {
                format!("moving more than {tolerance_deg}° off {allowed_deg}°")
            }
        };
        let classes: Vec<&str> =
            rule.classes.iter().map(viahe_core::observe::Class::as_str).collect();
        let zone = &camera.zones[rule.zone].id;
        let _ = writeln!(text, "  {} in {zone}: {} {what}", rule.id, classes.join(", "));
    }
    text
}
