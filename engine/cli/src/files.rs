//! Files that a person names: none of theirs is written over unasked.

use crate::exit::Exit;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Refuses to write to what is read, by whatever names and links.
pub(crate) fn not_over<'p>(
    out: &Path,
    inputs: impl IntoIterator<Item = &'p Path>,
) -> Result<(), Exit> {
    let id = |path: &Path| std::fs::metadata(path).ok().map(|file| (file.dev(), file.ino()));
    let Some(taken) = id(out) else { return Ok(()) };
    match inputs.into_iter().find(|input| id(input) == Some(taken)) {
        Some(input) => Err(Exit::Usage(format!(
            "{} is {}, which is read, and would be written over; choose another place",
            out.display(),
            if input == out { "the file".to_owned() } else { input.display().to_string() },
        ))),
        None => Ok(()),
    }
}

/// Refuses a file whose folder is not there, before any work is done for it.
pub(crate) fn has_folder(out: &Path) -> Result<(), Exit> {
    // The folder of a bare file name is "".
    match out.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) if !folder.is_dir() => Err(Exit::Usage(format!(
            "{}: there is no folder {}; make it first",
            out.display(),
            folder.display()
        ))),
        _ if out.is_dir() => {
            Err(Exit::Usage(format!("{} is a folder; name a file in it", out.display())))
        }
        _ => Ok(()),
    }
}

/// Writes a value as indented JSON.
pub(crate) fn write_json(out: &Path, value: &impl serde::Serialize) -> Result<(), Exit> {
    let mut text = serde_json::to_string_pretty(value).map_err(Exit::failed)?;
    text.push('\n');
    std::fs::write(out, text).map_err(|e| Exit::Failed(format!("{}: {e}", out.display())))
}
