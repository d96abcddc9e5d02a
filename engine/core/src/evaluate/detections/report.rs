//! All that is told of a model on a data set.

use super::classes::Mapping;
use super::height::{Height, by_height};
use super::judge::judge;
use super::pictures::{Found, Kind, Pictures, Truth};
use super::precision::{Average, SIZES, average_precision};
use crate::detect::{Confidence, Detection};
use serde::Serialize;

/// An object of a data set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Object {
    /// Number of its name among those of the data set.
    pub name: usize,
    /// Left, top, width and height in px.
    pub sides: [f64; 4],
    /// In px², as the data set says.
    pub area: f64,
    /// How it counts.
    pub kind: Kind,
}

/// A picture that was looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// What there is.
    pub objects: Vec<Object>,
    /// What the model found.
    pub found: Vec<Detection>,
    /// Rows of the model's input for one of the picture.
    pub scale: f64,
}

/// Average precision at each of COCO's sizes; none where nothing must be found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Sizes {
    /// Of any size.
    pub all: Option<Average>,
    /// Up to 32 × 32 px.
    pub small: Option<Average>,
    /// Up to 96 × 96 px.
    pub medium: Option<Average>,
    /// Larger.
    pub large: Option<Average>,
}

/// A class, or a group of classes taken for one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// Of the taxonomy.
    pub name: String,
    /// Average precision.
    pub precision_by_size: Sizes,
    /// Objects that must be found.
    pub objects: usize,
    /// Found at the confidence of the report.
    pub found: usize,
    /// Detections of nothing at that confidence.
    pub false_alarms: usize,
    /// `found` of `objects`; none where there are none.
    pub recall: Option<f64>,
    /// `found` of all detections; none where there are none.
    pub precision: Option<f64>,
}

/// How tall things of a group must be.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Heights {
    /// Of the taxonomy.
    pub group: String,
    /// From the least height to the tallest.
    pub heights: Vec<Height>,
}

/// What a model made of a data set.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Pictures that were looked at.
    pub pictures: usize,
    /// At which objects are found or not.
    pub confidence: Confidence,
    /// The mean of all classes.
    pub mean: Sizes,
    /// Each class.
    pub classes: Vec<Row>,
    /// Each root of the taxonomy, its classes taken for one: a car that is called a truck is found.
    pub groups: Vec<Row>,
    /// How tall things must be on the model's input to be found, at `confidence`.
    pub heights: Vec<Heights>,
}

impl Report {
    /// Pictures in an order that decides where scores are equal.
    pub fn new(mapping: &Mapping, seen: &[Seen], confidence: Confidence) -> Self {
        let classes: Vec<String> = mapping.classes.iter().map(ToString::to_string).collect();
        let root = |class: &String| class.split('.').next().unwrap_or_default().to_owned();
        let mut groups: Vec<String> = classes.iter().map(root).collect();
        groups.dedup();
        let group_of: Vec<usize> = classes
            .iter()
            .map(|c| groups.iter().position(|g| *g == root(c)).unwrap_or(0))
            .collect();
        let each: Vec<usize> = (0..classes.len()).collect();
        let by_class = pictures(mapping, seen, &each, classes.len());
        let by_group = pictures(mapping, seen, &group_of, groups.len());
        let rows = average_precision(&by_class);
        let mean = |size: usize| Average::mean(rows.iter().filter_map(|row| row[size].as_ref()));
        Self {
            pictures: seen.len(),
            confidence,
            mean: sizes([mean(0), mean(1), mean(2), mean(3)]),
            classes: table(&classes, &by_class, rows, confidence),
            heights: heights(&groups, &by_group, seen, confidence),
            groups: table(&groups, &by_group, average_precision(&by_group), confidence),
        }
    }
}

/// Everything that is measured, with the class that `of` makes of each.
fn pictures(mapping: &Mapping, seen: &[Seen], of: &[usize], classes: usize) -> Pictures {
    let mut pictures = Pictures { images: seen.len(), classes, ..Pictures::default() };
    for (image, seen) in seen.iter().enumerate() {
        for Object { name, sides, area, kind } in &seen.objects {
            if let Some(class) = mapping.of_name.get(*name).copied().flatten() {
                let class = of[class];
                pictures.truths.push(Truth {
                    image,
                    class,
                    sides: *sides,
                    area: *area,
                    kind: *kind,
                });
            }
        }
        for Detection { class, confidence, bbox: b, .. } in &seen.found {
            if let Some(class) = mapping.of_label.get(usize::from(class.0)).copied().flatten() {
                let [x0, y0, x1, y1] = [b.x0, b.y0, b.x1, b.y1].map(f64::from);
                let (sides, score) = ([x0, y0, x1 - x0, y1 - y0], f64::from(confidence.get()));
                pictures.found.push(Found { image, class: of[class], sides, score });
            }
        }
    }
    pictures
}

fn sizes([all, small, medium, large]: [Option<Average>; SIZES.len()]) -> Sizes {
    Sizes { all, small, medium, large }
}

fn table(
    names: &[String],
    pictures: &Pictures,
    precisions: Vec<[Option<Average>; SIZES.len()]>,
    confidence: Confidence,
) -> Vec<Row> {
    let judged = judge(pictures, f64::from(confidence.get()));
    let share = |part: usize, of: usize| (of > 0).then(|| part as f64 / of as f64);
    let row = |(class, precisions): (usize, [Option<Average>; SIZES.len()])| {
        let (objects, found) = judged.count(pictures, class);
        let false_alarms = judged.false_alarms[class];
        Row {
            name: names[class].clone(),
            precision_by_size: sizes(precisions),
            objects,
            found,
            false_alarms,
            recall: share(found, objects),
            precision: share(found, found + false_alarms),
        }
    };
    precisions.into_iter().enumerate().map(row).collect()
}

fn heights(
    groups: &[String],
    pictures: &Pictures,
    seen: &[Seen],
    confidence: Confidence,
) -> Vec<Heights> {
    let judged = judge(pictures, f64::from(confidence.get()));
    let objects: Vec<(&Truth, bool)> = pictures
        .truths
        .iter()
        .zip(judged.found)
        .filter(|(truth, _)| truth.kind == Kind::Object)
        .collect();
    let of = |(group, name): (usize, &String)| {
        let own = objects.iter().filter(|(truth, _)| truth.class == group);
        let tall = own.map(|(truth, found)| (truth.sides[3] * seen[truth.image].scale, *found));
        Heights { group: name.clone(), heights: by_height(tall) }
    };
    groups.iter().enumerate().map(of).collect()
}
