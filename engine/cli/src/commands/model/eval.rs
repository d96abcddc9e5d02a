//! `viahe model eval`: what a model finds in labelled pictures.

use super::incidents;
use super::measure::{Measured, Options, measure, whole};
use super::{plots, text};
use crate::exit::Exit;
use crate::files::write_json;
use crate::ui::say;

/// Measures what a model finds in labelled pictures, or what rules tell by it of labelled recordings.
///
/// Average precision as pycocotools reckons it (AP50, AP50-95; of each class, each group and each of COCO's sizes), and, at the
/// confidence that rules use, which share of things is found, also by how tall they are on the model's input. The pictures go
/// through the same kernel, model and suppression as a camera's frames. With --incidents: precision and recall of what is told,
/// time to detect and alerts per camera-hour, by rule.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Model package under models/.
    model: String,
    #[command(flatten)]
    options: Options,
    /// Also the `[recall]` of `model.toml` that follows, of people.
    #[arg(long, conflicts_with = "incidents")]
    card: bool,
}

pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    if let Some((labels, out)) = args.options.incidents() {
        return incidents::run(&[&args.model], labels, out);
    }
    let measured = measure(&[&args.model], &args.options)?;
    if let Some(html) = args.options.html() {
        plots::page(&measured).write(html)?;
    }
    let Some(measured) = measured.first() else { return Ok(()) };
    say(&text::of(measured));
    if args.card {
        say(&card(measured)?);
    }
    if let Some(json) = &args.options.json {
        write_json(json, measured)?;
    }
    whole(measured, args.options.dataset())
}

fn card(measured: &Measured) -> Result<String, Exit> {
    let heights = &measured.report.heights;
    let people = heights.iter().find(|of| of.group == "person").filter(|of| !of.heights.is_empty());
    let people = people.ok_or_else(|| {
        Exit::Usage("a card says how tall people must be, and the data set has none".into())
    })?;
    Ok(format!("\n{}", text::card(measured, people)))
}
