//! The file of what was measured, in the state folder.

use crate::bounded::read_text;
use crate::disk;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use viahe_core::tune::{BOOK_BYTES_MAX, Book};

/// In the state folder.
const FILE: &str = "tune.json";

/// Where it is.
pub fn path(state_dir: &Path) -> PathBuf {
    state_dir.join(FILE)
}

/// What was measured; nothing where there is no file.
///
/// # Errors
/// Why the file tells nothing, for people: then all is to be measured again.
pub fn read(state_dir: &Path) -> Result<Book, String> {
    let path = path(state_dir);
    match read_text(&path, BOOK_BYTES_MAX) {
        Ok(text) => Book::read(&text).map_err(|e| format!("{}: {e}", path.display())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Book::default()),
        Err(error) => Err(format!("{}: {error}", path.display())),
    }
}

/// Takes what is known to another folder, where it is good as well: it is of this box. Where that fails nothing is
/// known there.
pub fn carry(from: &Path, to: &Path) {
    let Ok(book) = read(from) else { return };
    if let Err(error) = write(to, &book) {
        tracing::warn!(%error, "what was measured of models is not used");
    }
}

/// Puts the file in the place of the one there is, whole or not at all.
///
/// # Errors
/// What the disk says.
pub fn write(state_dir: &Path, book: &Book) -> io::Result<()> {
    disk::make_state_dir(state_dir)?;
    let path = path(state_dir);
    // Two that measure at once do not write into each other's.
    let new = path.with_added_extension(format!("{}.tmp", std::process::id()));
    let written = disk::create(&new).and_then(|mut file| {
        file.write_all(book.write().as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, &path)
    });
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
    written
}
