//! `viahe dataset export`: judged incidents and chosen frames as a COCO data set, with heads hidden.

use super::super::run::load_without_secrets;
use super::coco::{Image, Part, Source};
use crate::exit::{Exit, OrUsage};
use crate::eye::Eye;
use crate::files::write_json;
use crate::pictures::Picture;
use crate::ui::{Progress, say};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use viahe_contract::message::Judgement;
use viahe_core::detect::Detection;
use viahe_core::id::Name;
use viahe_core::observe::Class;
use viahe_edge::harvest::{self, Chosen, Hard, LeftOut, Split, Thing};
use viahe_edge::models::Locations;
use viahe_edge::store::FILE_NAME;

/// From here on a person is hidden: a wrong one costs some pixels, a missed one a face.
const HIDE_FROM: f32 = 0.05;
/// From here on a box is a draft for who labels.
const DRAFT_FROM: f32 = 0.3;
/// A subject and what a model sees are the same from so much overlap on, as average precision has it.
const SAME_IOU: f64 = 0.5;

/// Writes judged incidents and chosen frames as a COCO data set, with the heads of people hidden.
///
/// Of every incident on which an operator's word holds, its pictures; of dismissed ones, of those on which operators or models did not
/// agree, and of unsure ones first. A camera's pictures of a day are all in one part: train, val or test. Boxes are those that an
/// operator confirmed, and drafts of the model, to be looked at by who labels. People whom the model does not see are not
/// hidden: look at the pictures before they leave the house.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The pipeline file, whose state folder has the incidents.
    pipeline: PathBuf,
    /// Folder of the data set; must not be there yet.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The model that hides people and draws drafts; better ones hide more.
    #[arg(long, value_name = "MODEL")]
    model: String,
    /// Frames that somebody chose, as DIR/CAMERA/YYYY-MM-DD/FILE.
    #[arg(long, value_name = "DIR")]
    frames: Option<PathBuf>,
    /// No more pictures than these, the hardest first.
    #[arg(long, value_name = "N")]
    most: Option<usize>,
}

pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    let plan = load_without_secrets(&args.pipeline)?;
    if args.out.exists() {
        let out = args.out.display();
        return Err(Exit::Usage(format!("{out} is there already; name another folder")));
    }
    let (mut chosen, mut left_out) = found(args, &plan.engine.state_dir, &plan.site.timezone)?;
    let name = Name::try_from(args.model.as_str()).or_usage()?;
    let locations = Locations::discover(Some(&plan.folder)).map_err(Exit::missing)?;
    let eye = Eye::open(&locations, &name, Some(HIDE_FROM))?;
    let person = Class::try_from("person").map_err(Exit::Failed)?;
    if !eye.model().labels.iter().flatten().any(|class| *class == person) {
        return Err(Exit::Usage(format!(
            "model {name} sees no people, so it cannot hide them; name another"
        )));
    }
    // What the model does not see of what was told is known only once it has looked.
    let mut looked = looked(eye, &mut chosen, &mut left_out)?;
    harvest::sort(&mut chosen);
    let taken = chosen.len().min(args.most.unwrap_or(usize::MAX));
    if taken == 0 {
        return Err(Exit::Usage(format!("there is nothing to export{}", told(&left_out))));
    }
    let classes = looked.classes.clone();
    let parts = write(&args.out, &chosen[..taken], &mut looked)?;
    finish(args, parts, &classes, &chosen[..taken])?;
    if left_out.is_empty() {
        return Ok(());
    }
    say(&format!("left out{}", told(&left_out)));
    Ok(())
}

fn told(left_out: &LeftOut) -> String {
    let lines: Vec<String> =
        left_out.iter().map(|(why, count)| format!("; {count}: {why}")).collect();
    lines.concat()
}

fn found(
    args: &Args,
    state_dir: &Path,
    zone: &jiff::tz::TimeZone,
) -> Result<(Vec<Chosen>, LeftOut), Exit> {
    let (mut chosen, left_out) = match state_dir.join(FILE_NAME).exists() {
        true => harvest::judged(state_dir, zone).map_err(Exit::failed)?,
        false if args.frames.is_some() => Default::default(),
        false => {
            let dir = state_dir.display();
            return Err(Exit::Usage(format!(
                "{dir}: no box has worked here; name --frames, or run it where the box is"
            )));
        }
    };
    if let Some(frames) = &args.frames {
        chosen.extend(harvest::frames(frames).or_usage()?);
    }
    Ok((chosen, left_out))
}

/// What a model saw in each picture.
struct Looked {
    by_file: BTreeMap<PathBuf, Vec<Thing>>,
    classes: BTreeSet<Class>,
}

/// Looks at all pictures; those that cannot be read are left out, and what the model does not see of what was told is hard.
fn looked(mut eye: Eye, chosen: &mut Vec<Chosen>, left_out: &mut LeftOut) -> Result<Looked, Exit> {
    let progress = Progress::new(chosen.len() as u64, "pictures looked at");
    let classes = eye.model().labels.iter().flatten().cloned().collect();
    let mut by_file: BTreeMap<PathBuf, Vec<Thing>> = BTreeMap::new();
    let mut failed = None;
    chosen.retain_mut(|of| {
        progress.step();
        let things = match by_file.get(&of.file) {
            Some(known) => known,
            None => match Picture::read(&of.file) {
                Ok(picture) => match things(&mut eye, &picture) {
                    Ok(things) => by_file.entry(of.file.clone()).or_insert(things),
                    Err(error) => {
                        failed = Some(error);
                        return false;
                    }
                },
                Err(why) => {
                    progress.warn(&format!("viahe: {why}; left out"));
                    *left_out.entry("the picture cannot be read").or_default() += 1;
                    return false;
                }
            },
        };
        let subjects = of.told.iter().flat_map(|told| &told.subjects);
        let missed = subjects.filter(|subject| !things.iter().any(|thing| is_same(subject, thing)));
        if missed.count() > 0 {
            of.hard.insert(Hard::Disagreement);
        }
        true
    });
    progress.finish();
    if let Some(error) = failed {
        return Err(error);
    }
    eye.check()?;
    Ok(Looked { by_file, classes })
}

fn things(eye: &mut Eye, picture: &Picture) -> Result<Vec<Thing>, Exit> {
    let size = [picture.width() as f64, picture.height() as f64];
    let found = eye.look(picture)?;
    let labels = &eye.model().labels;
    let thing = |of: &Detection| {
        let class = labels.get(usize::from(of.class.0))?.clone()?;
        let of_box = [of.bbox.x0, of.bbox.y0, of.bbox.x1, of.bbox.y1].map(f64::from);
        let corners = [0, 1, 2, 3].map(|i| of_box[i] / size[i % 2]);
        let corners = corners.map(|v| v.clamp(0.0, 1.0));
        Some(Thing { class, confidence: of.confidence.get(), corners })
    };
    Ok(found.iter().filter_map(thing).collect())
}

fn is_same(subject: &Thing, thing: &Thing) -> bool {
    let root = |class: &Class| class.as_str().split('.').next().unwrap_or_default().to_owned();
    thing.confidence >= DRAFT_FROM
        && root(&subject.class) == root(&thing.class)
        && iou(subject.corners, thing.corners) >= SAME_IOU
}

fn iou(a: [f64; 4], b: [f64; 4]) -> f64 {
    let area = |[x0, y0, x1, y1]: [f64; 4]| (x1 - x0).max(0.0) * (y1 - y0).max(0.0);
    let both = area([a[0].max(b[0]), a[1].max(b[1]), a[2].min(b[2]), a[3].min(b[3])]);
    let either = area(a) + area(b) - both;
    if either > 0.0 { both / either } else { 0.0 }
}

/// Writes the pictures with heads hidden; what is in them, by part.
fn write(
    out: &Path,
    chosen: &[Chosen],
    looked: &mut Looked,
) -> Result<BTreeMap<Split, Part>, Exit> {
    let failed =
        |path: &Path, e: &dyn std::fmt::Display| Exit::Failed(format!("{}: {e}", path.display()));
    let images = out.join("images");
    fs::create_dir_all(&images).map_err(|e| failed(&images, &e))?;
    let progress = Progress::new(chosen.len() as u64, "pictures written");
    let mut parts: BTreeMap<Split, Part> = BTreeMap::new();
    for (i, of) in chosen.iter().enumerate() {
        let mut picture = Picture::read(&of.file).map_err(Exit::Failed)?;
        let seen = looked.by_file.get(&of.file).map(Vec::as_slice).unwrap_or_default();
        let subjects = of.told.iter().flat_map(|told| &told.subjects);
        for person in seen.iter().chain(subjects).filter(|thing| thing.class.as_str() == "person") {
            picture.hide(head(person.corners, picture.size()));
        }
        let file_name = format!("{:06}.jpg", i + 1);
        let path = images.join(&file_name);
        picture.write(&path).map_err(Exit::Failed)?;
        let image = Image {
            id: i as u64 + 1,
            file_name,
            width: picture.width(),
            height: picture.height(),
            camera: of.camera.clone(),
            day: of.day.clone(),
            hard: of.hard.iter().copied().collect(),
            told: of.told.clone(),
        };
        parts.entry(of.split()).or_default().add(image, &boxes(of, seen));
        progress.step();
    }
    progress.finish();
    Ok(parts)
}

/// The upper part of a standing person with room around it, as a head may be at its edge: left, top, right and bottom in px.
fn head([x0, y0, x1, y1]: [f64; 4], (width, height): (i64, i64)) -> [i64; 4] {
    let (wide, tall) = (x1 - x0, y1 - y0);
    // A head is an eighth of who stands, and more of who sits or is cut off.
    let corners = [x0 - 0.1 * wide, y0 - 0.05 * tall, x1 + 0.1 * wide, y0 + 0.35 * tall];
    let [width, height] = [width as f64, height as f64];
    let px = [corners[0] * width, corners[1] * height, corners[2] * width, corners[3] * height];
    [px[0].floor() as i64, px[1].floor() as i64, px[2].ceil() as i64, px[3].ceil() as i64]
}

/// What an operator confirmed, and what the model draws besides; of what was dismissed nothing is believed.
fn boxes(of: &Chosen, seen: &[Thing]) -> Vec<(Source, Thing)> {
    let told = of.told.iter();
    let confirmed = told.clone().filter(|told| told.judgement == Judgement::Confirmed);
    let confirmed: Vec<&Thing> = confirmed.flat_map(|told| &told.subjects).collect();
    let dismissed: Vec<&Thing> = told
        .filter(|told| told.judgement == Judgement::Dismissed)
        .flat_map(|told| &told.subjects)
        .collect();
    let known = |thing: &Thing| {
        confirmed
            .iter()
            .chain(&dismissed)
            .any(|subject| iou(subject.corners, thing.corners) >= SAME_IOU)
    };
    let drafts = seen.iter().filter(|thing| thing.confidence >= DRAFT_FROM && !known(thing));
    let confirmed = confirmed.iter().map(|thing| (Source::Confirmed, (*thing).clone()));
    confirmed.chain(drafts.map(|thing| (Source::Model, thing.clone()))).collect()
}

fn finish(
    args: &Args,
    mut parts: BTreeMap<Split, Part>,
    classes: &BTreeSet<Class>,
    chosen: &[Chosen],
) -> Result<(), Exit> {
    for split in Split::ALL {
        let count = parts.get(&split).map_or(0, |part| part.images.len());
        let Some(part) = parts.get_mut(&split) else {
            say(&format!("{}: nothing; more cameras or days are needed", split.name()));
            continue;
        };
        part.with_categories(classes.iter().cloned());
        let file = args.out.join(format!("instances_{}.json", split.name()));
        write_json(&file, part)?;
        say(&format!("{}: {count} pictures, {}", split.name(), file.display()));
    }
    let hard = |why: Hard| chosen.iter().filter(|of| of.hard.contains(&why)).count();
    say(&format!(
        "the hardest come first: {} dismissed, {} on which operators or models disagree, {} unsure",
        hard(Hard::Dismissed),
        hard(Hard::Disagreement),
        hard(Hard::LowConfidence)
    ));
    say(&format!(
        "heads are hidden of people whom {} sees: look at the pictures before they leave the house; boxes with source \
         \"model\" are drafts",
        args.model
    ));
    Ok(())
}
