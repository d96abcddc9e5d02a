//! COCO: one JSON file with images, categories and annotations.

use super::labelled::{Dataset, DatasetError, Label, Labelled, Part, Place, is_box, text};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use viahe_core::evaluate::detections::Kind;

#[derive(Deserialize)]
struct File {
    images: Vec<Image>,
    categories: Vec<Category>,
    annotations: Vec<Annotation>,
}

#[derive(Deserialize)]
struct Image {
    id: i64,
    file_name: String,
    width: Option<usize>,
    height: Option<usize>,
}

#[derive(Deserialize)]
struct Category {
    id: i64,
    name: String,
}

#[derive(Deserialize)]
struct Annotation {
    image_id: i64,
    category_id: i64,
    bbox: [f64; 4],
    area: Option<f64>,
    #[serde(default)]
    iscrowd: u8,
}

pub(super) fn read(path: &Path, part: &Part) -> Result<Dataset, DatasetError> {
    let wrong = |why: String| DatasetError::invalid(path, why);
    if part.split.is_some() {
        return Err(wrong(
            "a file of COCO is one split; name the file of the one that you want".into(),
        ));
    }
    let file: File = serde_json::from_str(&text(path)?)
        .map_err(|e| wrong(format!("it is not as COCO writes it: {e}")))?;
    let classes: BTreeMap<i64, usize> = file.categories.iter().map(|c| c.id).zip(0..).collect();
    if classes.len() < file.categories.len() {
        return Err(wrong("two categories have one id".into()));
    }
    // By id, as pycocotools takes them.
    let mut images = file.images;
    images.sort_by_key(|image| image.id);
    let at: BTreeMap<i64, usize> = images.iter().map(|image| image.id).zip(0..).collect();
    if at.len() < images.len() {
        return Err(wrong("two images have one id".into()));
    }
    let mut labels: Vec<Vec<Label>> = vec![Vec::new(); images.len()];
    for (k, annotation) in file.annotations.iter().enumerate() {
        let Annotation { image_id, category_id, bbox, area, iscrowd } = annotation;
        let wrong = |why: String| wrong(format!("annotations[{k}]: {why}"));
        let picture =
            at.get(image_id).ok_or_else(|| wrong(format!("there is no image {image_id}")))?;
        let class = classes
            .get(category_id)
            .ok_or_else(|| wrong(format!("there is no category {category_id}")))?;
        if !is_box(*bbox) {
            let sides = bbox.map(|side| side.to_string()).join(", ");
            return Err(wrong(format!("bbox is {sides}; write left, top, width and height in px")));
        }
        let kind = if *iscrowd == 0 { Kind::Object } else { Kind::Crowd };
        let label = Label { class: *class, place: Place::Px(*bbox), area: *area, kind };
        labels[*picture].push(label);
    }
    let folder = folder(path, part, &images)?;
    let pictures = images.into_iter().zip(labels).map(|(image, labels)| Labelled {
        path: folder.join(image.file_name),
        size: image.width.zip(image.height).map(|(w, h)| [w, h]),
        labels,
    });
    let pictures = pictures.collect();
    let classes = file.categories.into_iter().map(|category| category.name).collect();
    Ok(Dataset { title: format!("{}, COCO", path.display()), classes, pictures })
}

/// The folder that has the first picture: named, or where COCO and its kin have it.
fn folder(path: &Path, part: &Part, images: &[Image]) -> Result<PathBuf, DatasetError> {
    let beside = path.parent().unwrap_or(Path::new(""));
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let split = stem.strip_prefix("instances_").unwrap_or(&stem);
    let above = beside.join("..");
    let places = match &part.pictures {
        Some(folder) => vec![folder.clone()],
        None => vec![
            beside.to_owned(),
            beside.join("images"),
            beside.join(split),
            above.join(split),
            above.join("images"),
            above.join("images").join(split),
        ],
    };
    let Some(first) = images.first() else { return Ok(beside.to_owned()) };
    let found = places.iter().find(|place| place.join(&first.file_name).is_file());
    found.cloned().ok_or_else(|| {
        let looked: Vec<String> = places.iter().map(|place| place.display().to_string()).collect();
        let why = format!(
            "its picture {} is in none of {}; name its folder with --pictures",
            first.file_name,
            looked.join(", ")
        );
        DatasetError::invalid(path, why)
    })
}
