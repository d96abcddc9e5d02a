//! YOLO: a `data.yaml` that names folders of pictures, and beside each `images/` a `labels/` with one text file a picture.

use super::labelled::{Dataset, DatasetError, Label, Labelled, Part, Place, pictures_below, text};
use std::ffi::OsStr;
use std::io;
use std::path::{Component, Path, PathBuf};
use viahe_core::evaluate::detections::Kind;
use yaml_rust2::{Yaml, YamlLoader};

/// The split that is measured when none is asked for.
const SPLIT: &str = "val";
/// Coordinates may pass 1 by what a writer of six decimals rounds.
const SLACK: f64 = 1e-5;

pub(super) fn read(path: &Path, part: &Part) -> Result<Dataset, DatasetError> {
    let wrong = |why: String| DatasetError::invalid(path, why);
    let documents =
        YamlLoader::load_from_str(&text(path)?).map_err(|e| wrong(format!("no YAML: {e}")))?;
    let yaml = documents.first().ok_or_else(|| wrong("it is empty".into()))?;
    let classes = names(&yaml["names"]).ok_or_else(|| {
        wrong("`names` is missing: a list of classes, or a table of numbers from 0 on".into())
    })?;
    let split = part.split.as_deref().unwrap_or(SPLIT);
    let pictures = match &part.pictures {
        Some(folder) => pictures_below(folder)?,
        None => of_split(path, yaml, split)?,
    };
    let (mut labelled, mut with_labels) = (Vec::with_capacity(pictures.len()), 0);
    for picture in pictures {
        let file = label_file(&picture);
        let labels = match text(&file) {
            Ok(text) => {
                with_labels += 1;
                labels(&file, &text, classes.len())?
            }
            // A picture of nothing needs no file.
            Err(DatasetError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                Vec::new()
            }
            Err(other) => return Err(other),
        };
        labelled.push(Labelled { path: picture, size: None, labels });
    }
    if let (0, Some(first)) = (with_labels, labelled.first()) {
        return Err(wrong(format!(
            "no picture has labels: {} is not there",
            label_file(&first.path).display()
        )));
    }
    Ok(Dataset { title: format!("{}, {split}, YOLO", path.display()), classes, pictures: labelled })
}

/// A list, or a table of numbers from 0 on.
fn names(yaml: &Yaml) -> Option<Vec<String>> {
    let text = |yaml: &Yaml| match yaml {
        Yaml::String(text) => Some(text.clone()),
        // A class may be called 1, or no.
        Yaml::Integer(number) => Some(number.to_string()),
        Yaml::Boolean(word) => Some(word.to_string()),
        _ => None,
    };
    if let Some(list) = yaml.as_vec() {
        return list.iter().map(text).collect();
    }
    let table = yaml.as_hash()?;
    (0..table.len()).map(|k| text(table.get(&Yaml::Integer(i64::try_from(k).ok()?))?)).collect()
}

fn of_split(path: &Path, yaml: &Yaml, split: &str) -> Result<Vec<PathBuf>, DatasetError> {
    let wrong = |why: String| DatasetError::invalid(path, why);
    let named: Vec<&str> = match &yaml[split] {
        Yaml::String(one) => vec![one],
        Yaml::Array(many) => many.iter().filter_map(Yaml::as_str).collect(),
        _ => {
            return Err(wrong(format!(
                "it names no pictures for `{split}`; choose another --split"
            )));
        }
    };
    let beside = path.parent().unwrap_or(Path::new(""));
    let base = yaml["path"].as_str().map_or(beside.to_owned(), |base| beside.join(base));
    let mut pictures = Vec::new();
    for name in named {
        // Some exports write paths as if this file lay one folder deeper.
        let higher = Path::new(name).strip_prefix("..").unwrap_or(Path::new(name));
        let places = [base.join(name), beside.join(name), beside.join(higher)];
        let found = places.iter().find(|place| place.exists());
        let found = found.ok_or_else(|| {
            wrong(format!("`{split}` names {}, which is not there", places[0].display()))
        })?;
        if found.is_dir() {
            pictures.extend(pictures_below(found)?);
        } else {
            let folder = found.parent().unwrap_or(Path::new(""));
            let list = text(found)?;
            let lines = list.lines().map(str::trim).filter(|line| !line.is_empty());
            pictures.extend(lines.map(|line| folder.join(line)));
        }
    }
    Ok(pictures)
}

/// The last folder `images` becomes `labels`; without one the labels lie beside the picture.
fn label_file(picture: &Path) -> PathBuf {
    let parts: Vec<Component<'_>> = picture.components().collect();
    let at = parts.iter().rposition(|part| part.as_os_str() == OsStr::new("images"));
    let changed: PathBuf = parts
        .iter()
        .enumerate()
        .map(|(k, part)| if Some(k) == at { OsStr::new("labels") } else { part.as_os_str() })
        .collect();
    changed.with_extension("txt")
}

fn labels(file: &Path, text: &str, classes: usize) -> Result<Vec<Label>, DatasetError> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(k, line)| {
            label(line, classes)
                .map_err(|why| DatasetError::invalid(file, format!("line {}: {why}", k + 1)))
        })
        .collect()
}

/// `class x y width height` of a box by its middle, or `class x y x y …` of an outline, in fractions of the picture.
fn label(line: &str, classes: usize) -> Result<Label, String> {
    let mut words = line.split_whitespace();
    let class = words.next().unwrap_or_default();
    let class =
        class.parse::<f64>().ok().filter(|c| c.fract() == 0.0 && (0.0..classes as f64).contains(c));
    let class = class.ok_or_else(|| {
        format!("the class must be a whole number, 0 to {}", classes.saturating_sub(1))
    })?;
    let numbers: Vec<f64> = words
        .map(|text| text.parse::<f64>().map_err(|_| format!("{text:?} is no number")))
        .collect::<Result<_, _>>()?;
    if let Some(off) = numbers.iter().find(|v| !(-SLACK..=1.0 + SLACK).contains(*v)) {
        return Err(format!("{off} is not in 0 to 1; write fractions of the picture, not px"));
    }
    let sides = match numbers[..] {
        [x, y, width, height] => [x - width / 2.0, y - height / 2.0, width, height],
        _ if numbers.len() >= 6 && numbers.len().is_multiple_of(2) => around(&numbers),
        _ => {
            return Err(format!(
                "{} numbers after the class; write x, y, width and height, or the corners of an outline",
                numbers.len()
            ));
        }
    };
    Ok(Label { class: class as usize, place: Place::Share(sides), area: None, kind: Kind::Object })
}

fn around(corners: &[f64]) -> [f64; 4] {
    let range = |first: usize| {
        let along = || corners.iter().skip(first).step_by(2).copied();
        let least = along().fold(f64::INFINITY, f64::min);
        (least, along().fold(f64::NEG_INFINITY, f64::max) - least)
    };
    let ((x, width), (y, height)) = (range(0), range(1));
    [x, y, width, height]
}
