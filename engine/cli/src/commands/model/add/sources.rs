//! What is read beside the file: texts, pictures, a name.

use crate::exit::Exit;
use crate::pictures::Picture;
use std::path::{Path, PathBuf};
use std::time::Duration;
use viahe_core::adopt::Beside;
use viahe_core::id::Name;
use viahe_edge::bounded::read_text;
use viahe_edge::models::Locations;
use viahe_edge::probe::picture_of;

/// Largest file beside a model that is read.
const TEXT_BYTES_MAX: u64 = 4 << 20;
/// The moment of the sample clip at which people stand apart.
const SAMPLE_AT: Duration = Duration::from_secs(10);
/// Lists of classes, by their usual names.
const LABELS: [&str; 5] =
    ["labels.txt", "classes.txt", "classes.names", "labels.json", "coco.names"];

/// Texts beside a model.
pub(super) struct Picked {
    pub(super) beside: Beside,
    /// Which files.
    pub(super) read: Vec<PathBuf>,
}

/// What lies in the folder of a model, and in the one above it where that is how such models are laid out (`1/model.onnx`, `onnx/model.onnx`).
pub(super) fn picked(file: &Path, with_labels: bool) -> Result<Picked, Exit> {
    let folder = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let own = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let inner = own.file_name().is_some_and(|name| {
        let name = name.to_string_lossy();
        name == "onnx" || name.bytes().all(|b| b.is_ascii_digit())
    });
    let above = own.parent().filter(|_| inner).map(Path::to_owned);
    let folders: Vec<PathBuf> = std::iter::once(folder.to_owned()).chain(above).collect();
    let mut read = Vec::new();
    let mut text = |name: &str| -> Result<Option<String>, Exit> {
        let Some(path) = folders.iter().map(|dir| dir.join(name)).find(|path| path.is_file())
        else {
            return Ok(None);
        };
        let text = read_text(&path, TEXT_BYTES_MAX).map_err(|e| {
            Exit::Usage(format!("{}: {e}; mend it, or move it away", path.display()))
        })?;
        read.push(path);
        Ok(Some(text))
    };
    let mut beside = Beside {
        config: text("config.json")?,
        processor: text("preprocessor_config.json")?,
        triton: text("config.pbtxt")?,
        labels: None,
    };
    if with_labels {
        let stem = file.file_stem().unwrap_or_default().to_string_lossy();
        let own = [format!("{stem}.names"), format!("{stem}.labels.txt")];
        let named = beside.labels_file().into_iter().chain(own);
        for name in named.chain(LABELS.map(str::to_owned)) {
            // A name of somebody's file must not lead elsewhere.
            if Path::new(&name).file_name().is_none_or(|plain| plain != name.as_str()) {
                continue;
            }
            if let Some(text) = text(&name)? {
                beside.labels = Some((name, text));
                break;
            }
        }
    }
    Ok(Picked { beside, read })
}

/// Pictures that a trial is made on, with what they are called.
pub(super) fn pictures(
    given: &[PathBuf],
    locations: &Locations,
) -> Result<Vec<(String, Picture)>, Exit> {
    if !given.is_empty() {
        let read = |path: &PathBuf| Ok((path.display().to_string(), Picture::read(path)?));
        return given.iter().map(read).collect::<Result<_, String>>().map_err(Exit::Usage);
    }
    let clip = locations
        .clip()
        .map_err(|e| Exit::Missing(format!("{e}; or give a picture with --picture")))?;
    let frame = picture_of(&clip, SAMPLE_AT).map_err(Exit::failed)?;
    let picture = Picture::of(&frame.view()).map_err(Exit::Failed)?;
    Ok(vec![("the sample clip".to_owned(), picture)])
}

/// A name for a folder, of the file's.
pub(super) fn named_after(file: &Path) -> Result<Name, Exit> {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
    let plain: String =
        stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(40).collect();
    Name::try_from(plain.trim_matches('-')).map_err(|_| {
        Exit::Usage(format!(
            "{}: no name can be made of that; give one with --name",
            file.display()
        ))
    })
}
