//! What every kind of data set comes to, and what reading each of them takes.

use crate::bounded::read_text;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use viahe_core::evaluate::detections::{Kind, Object};

/// COCO's own training set is 450 MB.
const FILE_BYTES_MAX: u64 = 1 << 30;
/// Files of pictures in a folder at most.
const PICTURES_MAX: usize = 2_000_000;
pub(super) const PICTURE_ENDINGS: [&str; 4] = ["jpg", "jpeg", "png", "webp"];

/// Labelled pictures.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// What it is, in words.
    pub title: String,
    /// Names of its classes.
    pub classes: Vec<String>,
    /// In the order that decides where scores are equal.
    pub pictures: Vec<Labelled>,
}

/// A picture and what there is in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Labelled {
    /// The file.
    pub path: PathBuf,
    /// Its width and height in px, where the labels say.
    pub size: Option<[usize; 2]>,
    /// What there is.
    pub labels: Vec<Label>,
}

/// An object of a picture whose size may not be known yet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Label {
    /// Number of its class.
    pub class: usize,
    /// Where it is.
    pub place: Place,
    /// Its area in px², where that is not its box's.
    pub area: Option<f64>,
    /// How it counts.
    pub kind: Kind,
}

/// Left, top, width and height.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Place {
    /// In px.
    Px([f64; 4]),
    /// In fractions of the picture.
    Share([f64; 4]),
}

impl Label {
    /// In a picture of this width and height.
    pub fn in_px(&self, [width, height]: [usize; 2]) -> Object {
        let sides = match self.place {
            Place::Px(sides) => sides,
            Place::Share([x, y, w, h]) => {
                let [width, height] = [width as f64, height as f64];
                [x * width, y * height, w * width, h * height]
            }
        };
        let area = self.area.unwrap_or(sides[2] * sides[3]);
        Object { name: self.class, sides, area, kind: self.kind }
    }
}

/// A data set cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// It is of no known kind.
    #[error(
        "{path} is no data set: name a .json file of COCO, the data.yaml of YOLO, or a folder of Pascal VOC with \
         Annotations/ in it", path = .path.display())]
    Unknown {
        /// What was named.
        path: PathBuf,
    },
    /// A file or folder cannot be read.
    #[error("{path}: {source}; check the path and its permissions", path = .path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file does not say what it should.
    #[error("{path}: {why}", path = .path.display())]
    Invalid {
        /// Which.
        path: PathBuf,
        /// What is wrong, and what to do.
        why: String,
    },
}

impl DatasetError {
    pub(super) fn invalid(path: &Path, why: impl Into<String>) -> Self {
        Self::Invalid { path: path.to_owned(), why: why.into() }
    }
}

/// Which pictures of a data set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Name of a split; by default `val`.
    pub split: Option<String>,
    /// Where the pictures are, when they are not where such a data set has them.
    pub pictures: Option<PathBuf>,
}

pub(super) fn text(path: &Path) -> Result<String, DatasetError> {
    let failed = |source| DatasetError::Read { path: path.to_owned(), source };
    read_text(path, FILE_BYTES_MAX).map_err(failed)
}

/// A box that is one: finite, with sides that are not negative.
pub(super) fn is_box(sides: [f64; 4]) -> bool {
    sides.iter().all(|v| v.is_finite()) && sides[2] >= 0.0 && sides[3] >= 0.0
}

/// All pictures below a folder, sorted.
pub(super) fn pictures_below(folder: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    let (mut found, mut todo) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(dir) = todo.pop() {
        let failed = |source| DatasetError::Read { path: dir.clone(), source };
        for entry in fs::read_dir(&dir).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let path = entry.path();
            // Links to folders are not followed: they may lead round.
            if entry.file_type().map_err(failed)?.is_dir() {
                todo.push(path);
            } else if is_picture(&path) {
                found.push(path);
            }
            if found.len() > PICTURES_MAX {
                return Err(DatasetError::invalid(
                    folder,
                    "there are too many pictures; name a part",
                ));
            }
        }
    }
    found.sort();
    Ok(found)
}

fn is_picture(path: &Path) -> bool {
    let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
    PICTURE_ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known))
}
