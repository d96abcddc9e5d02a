//! Models look at a data set.

use super::incidents::Out;
use crate::exit::{Exit, OrUsage};
use crate::eye::Eye;
use crate::files::{has_folder, not_over};
use crate::pictures::Picture;
use crate::ui::Progress;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use viahe_core::detect::Confidence;
use viahe_core::evaluate::detections::{Mapping, Object, Report, Seen};
use viahe_core::id::Name;
use viahe_core::observe::Class;
use viahe_edge::dataset::{Dataset, Labelled, Part};
use viahe_edge::models::Locations;

/// The confidence that the catalogue's rules ask for.
const BELIEVED_FROM: f32 = 0.35;

/// On what and how models are measured.
#[derive(clap::Args)]
pub(super) struct Options {
    /// Labelled pictures: a .json file of COCO, the data.yaml of YOLO, or a folder of Pascal VOC.
    #[arg(required_unless_present = "incidents")]
    dataset: Option<PathBuf>,
    /// Recordings in which people wrote down what happened, instead of labelled pictures: what the rules tell of them is
    /// measured. docs/models.md says what the file holds.
    #[arg(
        long,
        value_name = "LABELS.json",
        conflicts_with_all = ["dataset", "split", "pictures", "map", "confidence"]
    )]
    incidents: Option<PathBuf>,
    /// Which part of the data set, of YOLO and Pascal VOC. [default: val]
    #[arg(long, value_name = "NAME")]
    split: Option<String>,
    /// The folder of the pictures, when it is not where such a data set has it.
    #[arg(long, value_name = "DIR")]
    pictures: Option<PathBuf>,
    /// What a class of the data set means, where its name does not say; may be given again.
    #[arg(long, value_name = "NAME=CLASS", value_parser = meaning)]
    map: Vec<(String, Class)>,
    /// The confidence from which on rules believe a detection: for recall and precision.
    #[arg(long, default_value = "0.35", value_name = "N", value_parser = confidence)]
    confidence: Confidence,
    /// Writes all figures into this file; replaced when there.
    #[arg(long, value_name = "FILE")]
    pub(super) json: Option<PathBuf>,
    /// Writes a page with plots into this file, for a browser; replaced when there.
    #[arg(long, value_name = "FILE.html")]
    html: Option<PathBuf>,
}

pub(super) fn meaning(text: &str) -> Result<(String, Class), String> {
    let (name, class) = text.split_once('=').ok_or("write it like van=vehicle.car")?;
    Ok((name.to_owned(), Class::try_from(class)?))
}

fn confidence(text: &str) -> Result<Confidence, String> {
    let number: f32 = text.parse().map_err(|_| "it is no number".to_owned())?;
    Confidence::try_from(number)
}

/// What a model made of a data set.
#[derive(Serialize)]
pub(super) struct Measured {
    pub(super) model: Name,
    version: u32,
    sha256: String,
    pub(super) dataset: String,
    /// Pictures that could not be measured.
    pub(super) left_out: usize,
    /// Classes of the data set that the model tells nothing of: their objects do not count.
    pub(super) classes_left_out: Vec<String>,
    /// What the model tells that the data set does not label: such detections do not count.
    pub(super) labels_left_out: Vec<String>,
    pub(super) report: Report,
}

/// A model, and what it saw so far.
struct Witness {
    eye: Eye,
    mapping: Mapping,
    seen: Vec<Seen>,
}

/// Lets these models look at each picture of the data set.
pub(super) fn measure(models: &[&str], options: &Options) -> Result<Vec<Measured>, Exit> {
    let locations = Locations::discover(None).map_err(Exit::missing)?;
    let open = |model: &&str| {
        Eye::open(&locations, &Name::try_from(*model).or_usage()?, Some(Eye::MEASURED_FROM))
    };
    measured_by(models.iter().map(open).collect::<Result<_, _>>()?, options)
}

/// As [`measure`], of models that are loaded already.
pub(super) fn measured_by(eyes: Vec<Eye>, options: &Options) -> Result<Vec<Measured>, Exit> {
    let part = Part { split: options.split.clone(), pictures: options.pictures.clone() };
    let dataset = Dataset::read(options.dataset(), &part).or_usage()?;
    for file in options.json.iter().chain(&options.html) {
        has_folder(file)?;
        let pictures = dataset.pictures.iter().map(|picture| picture.path.as_path());
        not_over(file, pictures.chain([options.dataset()]))?;
    }
    let given: BTreeMap<String, Class> = options.map.iter().cloned().collect();
    let mut witnesses = Vec::new();
    for eye in eyes {
        let model = &eye.model().name;
        let mapping = Mapping::new(&dataset.classes, &eye.model().labels, &given).or_usage()?;
        if mapping.classes.is_empty() {
            let names = dataset.classes.join(", ");
            return Err(Exit::Usage(format!(
                "model {model} tells nothing that {} labels ({names}); say what they mean with --map",
                dataset.title
            )));
        }
        witnesses.push(Witness { eye, mapping, seen: Vec::new() });
    }
    let left_out = look(&mut witnesses, &dataset)?;
    if left_out == dataset.pictures.len() {
        return Err(Exit::Usage(format!("no picture of {} could be looked at", dataset.title)));
    }
    witnesses
        .into_iter()
        .map(|witness| witness.say(&dataset, left_out, options.confidence))
        .collect()
}

/// How many pictures could not be looked at, each of which is told.
fn look(witnesses: &mut [Witness], dataset: &Dataset) -> Result<usize, Exit> {
    let progress = Progress::new(dataset.pictures.len() as u64, "pictures");
    let mut left_out = 0;
    for labelled in &dataset.pictures {
        match open(labelled) {
            Ok(picture) => {
                for witness in &mut *witnesses {
                    witness.look(&picture, labelled)?;
                }
            }
            Err(why) => {
                progress.warn(&format!("viahe: {why}; left out"));
                left_out += 1;
            }
        }
        progress.step();
    }
    progress.finish();
    Ok(left_out)
}

fn open(labelled: &Labelled) -> Result<Picture, String> {
    let picture = Picture::read(&labelled.path)?;
    let [width, height] = [picture.width(), picture.height()];
    match labelled.size {
        Some([w, h]) if [w, h] != [width, height] => Err(format!(
            "{}: its labels are of {w}x{h} px, and it has {width}x{height}{}",
            labelled.path.display(),
            if [h, w] == [width, height] { ", since it says that it was turned" } else { "" }
        )),
        _ => Ok(picture),
    }
}

impl Witness {
    fn look(&mut self, picture: &Picture, labelled: &Labelled) -> Result<(), Exit> {
        let size = [picture.width(), picture.height()];
        let fit = self.eye.model().input.fit_frame(size[0], size[1]);
        let objects: Vec<Object> = labelled.labels.iter().map(|label| label.in_px(size)).collect();
        let found = self.eye.look(picture)?;
        self.seen.push(Seen { objects, found, scale: f64::from(fit.scale[1]) });
        Ok(())
    }

    fn say(
        self,
        dataset: &Dataset,
        left_out: usize,
        confidence: Confidence,
    ) -> Result<Measured, Exit> {
        self.eye.check()?;
        let (model, mapping) = (self.eye.model(), &self.mapping);
        let names = dataset.classes.iter().zip(&mapping.of_name);
        let labels = model.labels.iter().zip(&mapping.of_label);
        let labels = labels.filter(|(_, of)| of.is_none()).filter_map(|(label, _)| label.as_ref());
        let mut labels_left_out: Vec<String> = labels.map(ToString::to_string).collect();
        labels_left_out.sort();
        labels_left_out.dedup();
        Ok(Measured {
            model: model.name.clone(),
            version: model.version,
            sha256: model.sha256.to_string(),
            dataset: dataset.title.clone(),
            left_out,
            classes_left_out: names
                .filter(|(_, of)| of.is_none())
                .map(|(n, _)| n.clone())
                .collect(),
            labels_left_out,
            report: Report::new(mapping, &self.seen, confidence),
        })
    }
}

/// Pictures that were left out are a failure, told after the figures of the others.
pub(super) fn whole(measured: &Measured, dataset: &Path) -> Result<(), Exit> {
    match measured.left_out {
        0 => Ok(()),
        1 => Err(Exit::Usage(format!("one picture of {} was left out", dataset.display()))),
        n => Err(Exit::Usage(format!("{n} pictures of {} were left out", dataset.display()))),
    }
}

impl Options {
    /// Of these labelled pictures, and nothing else.
    pub(super) fn of(dataset: &Path, split: Option<&str>) -> Result<Self, Exit> {
        Ok(Self {
            dataset: Some(dataset.to_owned()),
            incidents: None,
            split: split.map(ToOwned::to_owned),
            pictures: None,
            map: Vec::new(),
            confidence: Confidence::try_from(BELIEVED_FROM).or_usage()?,
            json: None,
            html: None,
        })
    }

    /// What is to be looked at instead of labelled pictures, and where the figures go.
    pub(super) fn incidents(&self) -> Option<(&Path, Out<'_>)> {
        let out = Out { json: self.json.as_deref(), html: self.html() };
        Some((self.incidents.as_deref()?, out))
    }

    pub(super) fn html(&self) -> Option<&Path> {
        self.html.as_deref()
    }

    pub(super) fn dataset(&self) -> &Path {
        // The command line asks for it where there are no --incidents.
        self.dataset.as_deref().unwrap_or(Path::new(""))
    }
}
