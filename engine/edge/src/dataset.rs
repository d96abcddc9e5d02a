//! Labelled pictures on disk: COCO's JSON, YOLO's text files, folders of Pascal VOC. And labelled recordings:
//! [`IncidentLabels`].
//!
//! Input: a path, and which part of the data set. Output: [`Dataset`], with classes by their names there; pictures are not
//! opened here. Nothing is guessed about labels: what is not understood is refused with its file and line.

mod coco;
mod incidents;
mod labelled;
mod voc;
mod yolo;

pub use incidents::{IncidentLabels, LabelledRecording};
pub use labelled::{Dataset, DatasetError, Label, Labelled, Part, Place};
use std::io;
use std::path::Path;

impl Dataset {
    /// Reads the labels of a data set.
    ///
    /// # Errors
    /// [`DatasetError`]; the first thing that is wrong.
    pub fn read(path: &Path, part: &Part) -> Result<Self, DatasetError> {
        let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_lowercase();
        let dataset = match (&*ending, path.is_dir()) {
            ("json", false) => coco::read(path, part),
            ("yaml" | "yml", false) => yolo::read(path, part),
            (_, true) if path.join("Annotations").is_dir() => voc::read(path, part),
            (_, true) if path.join("data.yaml").is_file() => {
                yolo::read(&path.join("data.yaml"), part)
            }
            _ if !path.exists() => Err(DatasetError::Read {
                path: path.to_owned(),
                source: io::ErrorKind::NotFound.into(),
            }),
            _ => Err(DatasetError::Unknown { path: path.to_owned() }),
        }?;
        if dataset.pictures.is_empty() {
            return Err(DatasetError::invalid(path, "there are no pictures in it"));
        }
        Ok(dataset)
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_incidents;
