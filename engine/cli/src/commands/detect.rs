//! `viahe detect`: what a model sees in still pictures.

use crate::exit::{Exit, OrUsage};
use crate::eye::Eye;
use crate::files::not_over;
use crate::pictures::{Font, Picture};
use crate::ui;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use viahe_core::detect::Detection;
use viahe_core::id::Name;
use viahe_edge::models::Locations;

/// Shows what a model sees in pictures.
///
/// Prints a line for each object: file, class, confidence, box in pixels. The pictures go through
/// the same kernel, model and suppression as a camera's frames, and like these with one colour for
/// four pixels (4:2:0).
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Model package under models/.
    #[arg(long, value_name = "NAME", default_value = "nanodet-g")]
    model: String,
    /// JPEG, PNG or WebP files; turned upright where they say how.
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<PathBuf>,
    /// One JSON object a picture instead of lines for people.
    #[arg(long)]
    json: bool,
    /// Writes each picture with its boxes into this folder, as PNG.
    #[arg(long, value_name = "DIR")]
    annotate: Option<PathBuf>,
}

const YELLOW: [u8; 3] = [255, 212, 0];

pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    let locations = Locations::discover(None).map_err(Exit::missing)?;
    let name = Name::try_from(args.model.as_str()).or_usage()?;
    let mut eye = Eye::open(&locations, &name, None)?;
    let font = args.annotate.is_some().then(Font::find).transpose().map_err(Exit::Missing)?;
    if let Some(dir) = &args.annotate {
        one_name_each(dir, &args.images)?;
        for image in &args.images {
            not_over(&annotated(dir, image), args.images.iter().map(PathBuf::as_path))?;
        }
        std::fs::create_dir_all(dir).map_err(|e| format!("{}: {e}", dir.display())).or_usage()?;
    }
    let mut bad = 0;
    let progress = ui::Progress::new(args.images.len() as u64, "pictures");
    for path in &args.images {
        let shown = Picture::read(path).map_err(Exit::Usage).and_then(|picture| {
            let found = eye.named(&picture)?;
            progress.print(&if args.json {
                json(path, &picture, &found)
            } else {
                lines(path, &found)
            });
            match args.annotate.as_ref().zip(font.as_ref()) {
                Some((dir, font)) => {
                    draw(picture, font, &found, &annotated(dir, path)).map_err(Exit::Failed)
                }
                None => Ok(()),
            }
        });
        match shown {
            Ok(()) => {}
            Err(Exit::Usage(why)) => {
                progress.warn(&format!("viahe: {why}"));
                bad += 1;
            }
            Err(other) => return Err(other),
        }
        progress.step();
    }
    progress.finish();
    eye.check()?;
    match bad {
        0 => Ok(()),
        1 => Err(Exit::Usage("one picture could not be read".into())),
        bad => Err(Exit::Usage(format!("{bad} pictures could not be read"))),
    }
}

/// Two pictures that would be written to one file are told before the first is.
fn one_name_each(dir: &Path, images: &[PathBuf]) -> Result<(), Exit> {
    let mut names = BTreeMap::new();
    for image in images {
        if let Some(other) = names.insert(annotated(dir, image), image) {
            return Err(Exit::Usage(format!(
                "{} and {} would both be drawn into one file of {}; draw them in two runs",
                other.display(),
                image.display(),
                dir.display()
            )));
        }
    }
    Ok(())
}

/// The picture with each box and what it holds, as the bytes of a PNG file.
pub(super) fn draw_into(
    mut picture: Picture,
    font: &Font,
    found: &[(Detection, String)],
) -> Result<Vec<u8>, String> {
    mark(&mut picture, font, found);
    picture.png()
}

fn draw(
    mut picture: Picture,
    font: &Font,
    found: &[(Detection, String)],
    path: &Path,
) -> Result<(), String> {
    mark(&mut picture, font, found);
    picture.write(path)
}

/// Draws each box and what it holds.
fn mark(picture: &mut Picture, font: &Font, found: &[(Detection, String)]) {
    for (Detection { bbox: b, .. }, _) in found {
        picture.rectangle([b.x0, b.y0, b.x1, b.y1], YELLOW);
    }
    for (Detection { bbox: b, confidence, .. }, class) in found {
        picture.text(font, [b.x0, b.y0], &format!("{class} {:.2}", confidence.get()));
    }
}

/// A name may have dots of its own, such as a time.
fn annotated(dir: &Path, picture: &Path) -> PathBuf {
    dir.join(picture.file_stem().unwrap_or_default()).with_added_extension("png")
}

pub(super) fn lines(path: &Path, found: &[(Detection, String)]) -> String {
    let line = |(d, class): &(Detection, String)| {
        let b = d.bbox;
        format!(
            "{}  {class:<28} {:.2}  [{:.0} {:.0} {:.0} {:.0}]",
            path.display(),
            d.confidence.get(),
            b.x0,
            b.y0,
            b.x1,
            b.y1
        )
    };
    if found.is_empty() {
        return format!("{}  nothing", path.display());
    }
    found.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn json(path: &Path, picture: &Picture, found: &[(Detection, String)]) -> String {
    let objects: Vec<_> = found
        .iter()
        .map(|(d, class)| {
            let b = d.bbox;
            serde_json::json!({
                "class": class,
                "confidence": d.confidence.get(),
                "box_px": [b.x0, b.y0, b.x1, b.y1],
            })
        })
        .collect();
    serde_json::json!({
        "image": path.display().to_string(),
        "size_px": [picture.width(), picture.height()],
        "objects": objects,
    })
    .to_string()
}
