//! Pascal VOC: `JPEGImages/`, one XML file a picture in `Annotations/`, and lists of names in `ImageSets/Main/`.

use super::labelled::{
    Dataset, DatasetError, Label, Labelled, PICTURE_ENDINGS, Part, Place, is_box, text,
};
use roxmltree::{Document, Node};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use viahe_core::evaluate::detections::Kind;

/// The split that is measured when there is one of that name and none is asked for.
const SPLIT: &str = "val";

/// An object, its class by name.
type Named = (String, [f64; 4], Kind);

pub(super) fn read(path: &Path, part: &Part) -> Result<Dataset, DatasetError> {
    let list = |split: &str| path.join("ImageSets").join("Main").join(split).with_extension("txt");
    let (which, names) = match &part.split {
        Some(split) => (split.clone(), listed(&list(split))?),
        None if list(SPLIT).is_file() => (SPLIT.to_owned(), listed(&list(SPLIT))?),
        None => ("all".to_owned(), annotated(&path.join("Annotations"))?),
    };
    let folder = part.pictures.clone().unwrap_or_else(|| path.join("JPEGImages"));
    let (mut pictures, mut classes) = (Vec::new(), BTreeMap::new());
    for name in names {
        let file = path.join("Annotations").join(format!("{name}.xml"));
        let (size, objects) = annotation(&file, &text(&file)?)?;
        for (class, _, _) in &objects {
            classes.insert(class.clone(), 0);
        }
        pictures.push((picture(&folder, &name), size, objects));
    }
    for (at, number) in classes.values_mut().enumerate() {
        *number = at;
    }
    let pictures = pictures.into_iter().map(|(path, size, objects)| Labelled {
        path,
        size,
        labels: objects
            .into_iter()
            .map(|(class, sides, kind)| Label {
                class: classes[&class],
                place: Place::Px(sides),
                area: None,
                kind,
            })
            .collect(),
    });
    Ok(Dataset {
        title: format!("{}, {which}, Pascal VOC", path.display()),
        pictures: pictures.collect(),
        classes: classes.keys().cloned().collect(),
    })
}

/// Names of a list; a class's own list has a second column.
fn listed(file: &Path) -> Result<Vec<String>, DatasetError> {
    let text = text(file)?;
    Ok(text.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect())
}

fn annotated(folder: &Path) -> Result<Vec<String>, DatasetError> {
    let failed = |source| DatasetError::Read { path: folder.to_owned(), source };
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|ending| ending == "xml") {
            names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    Ok(names)
}

/// Names may have dots of their own.
fn picture(folder: &Path, name: &str) -> PathBuf {
    let of = |ending: &str| folder.join(format!("{name}.{ending}"));
    let mut places = PICTURE_ENDINGS.iter().map(|ending| of(ending));
    places.find(|place| place.is_file()).unwrap_or_else(|| of("jpg"))
}

fn annotation(file: &Path, text: &str) -> Result<(Option<[usize; 2]>, Vec<Named>), DatasetError> {
    let wrong = |why: String| DatasetError::invalid(file, why);
    let document = Document::parse(text).map_err(|e| wrong(format!("it is no XML: {e}")))?;
    let root = document.root_element();
    let size = child(root, "size").and_then(|size| {
        let side = |name: &str| number(size, name).filter(|px| *px >= 1.0).map(|px| px as usize);
        Some([side("width")?, side("height")?])
    });
    let mut objects = Vec::new();
    for object in root.children().filter(|node| node.has_tag_name("object")) {
        let line = document.text_pos_at(object.range().start).row;
        let wrong = |why: &str| wrong(format!("line {line}: {why}"));
        let name = child(object, "name").and_then(|name| name.text()).map(str::trim);
        let name =
            name.filter(|name| !name.is_empty()).ok_or_else(|| wrong("an object has no name"))?;
        let corners = child(object, "bndbox").and_then(|place| {
            Some([
                number(place, "xmin")?,
                number(place, "ymin")?,
                number(place, "xmax")?,
                number(place, "ymax")?,
            ])
        });
        let [x0, y0, x1, y1] = corners.ok_or_else(|| wrong("an object has no whole bndbox"))?;
        // Pixels count from 1 there, and the last one is in the box.
        let sides = [x0 - 1.0, y0 - 1.0, x1 - x0 + 1.0, y1 - y0 + 1.0];
        if !is_box(sides) {
            return Err(wrong("xmin and ymin of a bndbox must not be more than xmax and ymax"));
        }
        let difficult = number(object, "difficult").is_some_and(|v| v != 0.0);
        let kind = if difficult { Kind::Ignored } else { Kind::Object };
        objects.push((name.to_owned(), sides, kind));
    }
    Ok((size, objects))
}

fn child<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    node.children().find(|child| child.has_tag_name(name))
}

fn number(node: Node<'_, '_>, name: &str) -> Option<f64> {
    child(node, name)?.text()?.trim().parse().ok().filter(|v: &f64| v.is_finite())
}
