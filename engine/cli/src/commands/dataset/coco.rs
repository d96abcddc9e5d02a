//! A data set as COCO writes it, with what is known of each picture besides.

use serde::Serialize;
use std::collections::BTreeMap;
use viahe_core::observe::Class;
use viahe_edge::harvest::{Hard, Thing, Told};

/// A part of a data set: `annotations/instances_train.json`.
#[derive(Default, Serialize)]
pub(super) struct Part {
    pub(super) images: Vec<Image>,
    annotations: Vec<Annotation>,
    categories: Vec<Category>,
    #[serde(skip)]
    numbers: BTreeMap<Class, u64>,
}

#[derive(Serialize)]
pub(super) struct Image {
    pub(super) id: u64,
    pub(super) file_name: String,
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) camera: String,
    pub(super) day: String,
    /// Why there is much to be learned from it; the hardest pictures come first.
    pub(super) hard: Vec<Hard>,
    /// What was told and judged of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) told: Option<Told>,
}

#[derive(Serialize)]
struct Annotation {
    id: u64,
    image_id: u64,
    category_id: u64,
    /// Left, top, width and height in px.
    bbox: [f64; 4],
    area: f64,
    iscrowd: u8,
    /// How sure the model was; people have not drawn it.
    score: f32,
    source: Source,
}

#[derive(Serialize)]
struct Category {
    id: u64,
    name: Class,
    supercategory: String,
}

/// Who drew a box.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Source {
    /// It was told, and an operator confirmed it.
    Confirmed,
    /// A model: to be looked at before anybody learns from it.
    Model,
}

impl Part {
    /// Adds a picture and what is in it.
    pub(super) fn add(&mut self, image: Image, things: &[(Source, Thing)]) {
        let size = [image.width as f64, image.height as f64];
        for (source, thing) in things {
            let [x0, y0, x1, y1] = thing.corners;
            let [left, top] = [x0 * size[0], y0 * size[1]];
            let [width, height] = [(x1 - x0) * size[0], (y1 - y0) * size[1]];
            let category_id = self.number(&thing.class);
            self.annotations.push(Annotation {
                id: self.annotations.len() as u64 + 1,
                image_id: image.id,
                category_id,
                bbox: [left, top, width, height].map(|v| (v * 10.0).round() / 10.0),
                area: (width * height).round(),
                iscrowd: 0,
                score: thing.confidence,
                source: *source,
            });
        }
        self.images.push(image);
    }

    fn number(&mut self, class: &Class) -> u64 {
        let next = self.numbers.len() as u64 + 1;
        let number = *self.numbers.entry(class.clone()).or_insert(next);
        if number == next {
            let root = class.as_str().split('.').next().unwrap_or_default();
            self.categories.push(Category {
                id: number,
                name: class.clone(),
                supercategory: root.to_owned(),
            });
        }
        number
    }

    /// Gives it categories although nothing is in it: readers refuse a set without.
    pub(super) fn with_categories(&mut self, classes: impl IntoIterator<Item = Class>) {
        for class in classes {
            self.number(&class);
        }
    }
}
