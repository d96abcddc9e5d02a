//! `viahe frame`: one picture of a camera, with what its pipeline says of it drawn in.

use super::run::{load, load_without_secrets};
use crate::exit::{Exit, OrUsage};
use crate::files::{has_folder, not_over};
use crate::pictures::{Font, Picture};
use crate::ui::say;
use std::path::{Path, PathBuf};
use std::time::Duration;
use viahe_core::geometry::UnitPoint;
use viahe_core::plan::{Camera, Plan, Source};
use viahe_edge::ingest::IngestError;
use viahe_edge::probe::{first_picture, picture_of};

/// To get a picture of a camera: its first key frame may be far.
const WITHIN: Duration = Duration::from_secs(50);
const ZONE: [u8; 3] = [255, 212, 0];
const LINE: [u8; 3] = [255, 64, 200];
const PERMIT: [u8; 3] = [64, 224, 255];

/// Writes one picture of a camera or a recording, to draw zones on.
///
/// With `--zones` the camera's zones, lines and permits of the pipeline are drawn in, and a grid
/// with fractions at its edges: the numbers of which polygons are made.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// A camera of the pipeline, or a file: a recording (MP4, Matroska, AVI) or a picture (JPEG,
    /// PNG, WebP). The camera, where both have this name.
    #[arg(value_name = "CAMERA|FILE")]
    source: String,
    /// The picture; its name ends in .png, .jpg or .webp.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The pipeline file.
    #[arg(long, value_name = "FILE")]
    pipeline: Option<PathBuf>,
    /// Draws zones, lines, permits and the grid.
    #[arg(long, requires = "pipeline")]
    zones: bool,
    /// Draws the grid.
    #[arg(long)]
    grid: bool,
    /// Whose zones are drawn on a file; needed where the pipeline has several cameras.
    #[arg(long, value_name = "ID")]
    camera: Option<String>,
    /// Seconds from the beginning of a recording.
    #[arg(long, value_name = "SECS", value_parser = seconds)]
    at: Option<f64>,
}

fn seconds(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "wants a number of seconds".to_owned())?;
    if (0.0..=1e6).contains(&value) { Ok(value) } else { Err("must be from 0 to 1000000".into()) }
}

pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    Picture::check_name(&args.out).map_err(Exit::Usage)?;
    has_folder(&args.out)?;
    let file = Path::new(&args.source);
    let mut plan = args.pipeline.as_deref().map(load_without_secrets).transpose()?;
    // A camera counts before a file that happens to have its name; `./NAME` is the file.
    let is_camera = args.camera.is_none()
        && plan.iter().flat_map(|plan| &plan.cameras).any(|c| c.id.as_str() == args.source);
    let is_file = !is_camera && file.exists() && !file.is_dir();
    if is_file {
        not_over(&args.out, [file])?;
    } else if let Some(pipeline) = &args.pipeline {
        // A file stands for the camera; only the camera itself needs its secrets.
        plan = Some(load(pipeline)?);
    }
    let camera = plan.as_ref().map(|plan| camera(plan, args, is_file)).transpose()?.flatten();
    let font = (args.zones || args.grid).then(Font::find).transpose().map_err(Exit::Missing)?;
    let mut picture = match (is_file, camera) {
        (true, _) => still(file, args)?,
        (false, Some(camera)) => live(camera, args)?,
        (false, None) => {
            let what = format!("{}: there is no such file", args.source);
            let remedy = "give the path of a recording, or a camera and its --pipeline";
            return Err(Exit::Usage(format!("{what}; {remedy}")));
        }
    };
    let mut said = format!("{}: {}x{} px", args.out.display(), picture.width(), picture.height());
    if let Some(font) = &font {
        grid(&mut picture, font);
        if let Some((plan, camera)) = plan.as_ref().zip(camera).filter(|_| args.zones) {
            let drawn = draw(&mut picture, font, plan, camera);
            said = format!("{said}, camera {}: {drawn}", camera.id);
        }
    }
    picture.write(&args.out).map_err(Exit::Failed)?;
    say(&said);
    Ok(())
}

/// Whose picture it is; none only where nobody asks.
fn camera<'p>(plan: &'p Plan, args: &Args, is_file: bool) -> Result<Option<&'p Camera>, Exit> {
    let ids = || plan.cameras.iter().map(|c| c.id.as_str()).collect::<Vec<_>>().join(", ");
    let named = args.camera.as_deref().or((!is_file).then_some(args.source.as_str()));
    match named {
        Some(id) => {
            let found = plan.cameras.iter().find(|c| c.id.as_str() == id);
            let missing = || {
                format!("{id} is neither a file nor a camera of the pipeline; there are {}", ids())
            };
            found.ok_or_else(missing).or_usage().map(Some)
        }
        None if plan.cameras.len() == 1 || !args.zones => Ok(plan.cameras.first()),
        None => Err(Exit::Usage(format!("whose zones? Add --camera ID; there are {}", ids()))),
    }
}

/// A picture file, or a picture of a recording.
fn still(file: &Path, args: &Args) -> Result<Picture, Exit> {
    let ending = file.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    if ["jpg", "jpeg", "png", "webp"].contains(&ending.as_str()) {
        only_recordings_have_times(args, "a picture")?;
        return Picture::read(file).map_err(Exit::Usage);
    }
    let at = Duration::from_secs_f64(args.at.unwrap_or_default());
    let frame = picture_of(file, at).map_err(|error| match error {
        IngestError::Beyond { .. } => Exit::failed(error),
        other => Exit::Usage(other.to_string()),
    })?;
    Picture::of(&frame.view()).map_err(Exit::Failed)
}

fn only_recordings_have_times(args: &Args, source: &str) -> Result<(), Exit> {
    match args.at {
        Some(_) => {
            Err(Exit::Usage(format!("--at is for recordings, and {} is {source}", args.source)))
        }
        None => Ok(()),
    }
}

fn live(camera: &Camera, args: &Args) -> Result<Picture, Exit> {
    if let Source::File { path } = &camera.source {
        not_over(&args.out, [path.as_path()])?;
        return still(path, args);
    }
    only_recordings_have_times(args, "a live camera")?;
    let frame = first_picture(&camera.id, &camera.source, WITHIN)
        .map_err(|why| Exit::Failed(format!("camera {}: {why}", camera.id)))?;
    Picture::of(&frame.view()).map_err(Exit::Failed)
}

/// Lines at each tenth, with its fraction at the upper and the left edge.
fn grid(picture: &mut Picture, font: &Font) {
    let (width, height) = picture.size();
    let tenths = || (1..10).map(|i| (i, format!("0.{i}")));
    for (i, _) in tenths() {
        let (x, y) = (width * i / 10, height * i / 10);
        picture.faint([x, 0], [x, height]);
        picture.faint([0, y], [width, y]);
    }
    for (i, label) in tenths() {
        picture.text(font, [(width * i / 10 + 2) as f32, 0.0], &label);
        picture.text(font, [0.0, (height * i / 10 + 2) as f32], &label);
    }
    picture.text(font, [0.0, 0.0], "0");
}

/// Draws what the pipeline says of a camera; says what was drawn.
fn draw(picture: &mut Picture, font: &Font, plan: &Plan, camera: &Camera) -> String {
    let size = [picture.width() as f32, picture.height() as f32];
    let px = |p: &UnitPoint| [p.x * size[0], p.y * size[1]];
    let mut drawn = Vec::new();
    let mut area = |corners: &[UnitPoint], colour, label: String| {
        let corners: Vec<[f32; 2]> = corners.iter().map(px).collect();
        for (i, from) in corners.iter().enumerate() {
            picture.line(*from, corners[(i + 1) % corners.len()], colour, 3);
        }
        let first = corners.first().copied().unwrap_or_default();
        picture.text(font, first, &label);
        drawn.push(label);
    };
    for zone in &camera.zones {
        area(zone.polygon.corners(), ZONE, format!("zone {}", zone.id));
    }
    for permit in &plan.permits {
        let here = permit.cameras.is_empty() || permit.cameras.contains(&camera.id);
        if let Some(polygon) = permit.polygon.as_ref().filter(|_| here) {
            area(polygon.corners(), PERMIT, format!("permit {}", permit.id));
        }
    }
    for line in &camera.lines {
        arrow(picture, line.points.each_ref().map(px));
        let label = format!("line {}", line.id);
        picture.text(font, px(&line.points[0]), &label);
        drawn.push(label);
    }
    if drawn.is_empty() { "no zones yet".into() } else { drawn.join(", ") }
}

/// A line with a head at its end: its left and right follow from its direction.
fn arrow(picture: &mut Picture, [from, to]: [[f32; 2]; 2]) {
    const HEAD_PX: f32 = 14.0;
    picture.line(from, to, LINE, 3);
    let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
    let length = dx.hypot(dy).max(1.0);
    let (dx, dy) = (dx / length * HEAD_PX, dy / length * HEAD_PX);
    for side in [0.5, -0.5] {
        picture.line(to, [to[0] - dx - dy * side, to[1] - dy + dx * side], LINE, 3);
    }
}
