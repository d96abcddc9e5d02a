//! Files of the evidence folder: written whole, listed, removed.

use super::error::EvidenceError;
use crate::disk;
use sha2::Digest;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use viahe_contract::message::Medium;
use viahe_contract::sha256::Sha256;

/// A whole file on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFile {
    /// Of its content.
    pub sha256: Sha256,
    /// Its size.
    pub bytes: u64,
    /// What kind of file it is.
    pub medium: Medium,
}

/// End of the name of a file that is being written.
pub(super) const TMP: &str = "tmp";

/// Writes a file so that it is there whole or not at all, also after a power cut.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), EvidenceError> {
    write(path, bytes, File::sync_all)?;
    path.parent().map_or(Ok(()), sync_dir)
}

/// As [`write_whole`], but a power cut may leave anything of it.
pub(super) fn write_for_now(path: &Path, bytes: &[u8]) -> Result<(), EvidenceError> {
    write(path, bytes, |_| Ok(()))
}

fn write(
    path: &Path,
    bytes: &[u8],
    settle: impl FnOnce(&File) -> io::Result<()>,
) -> Result<(), EvidenceError> {
    let tmp = path.with_added_extension(TMP);
    let written = (|| {
        // A leftover of a write that failed in this run; it is nobody else's.
        if let Err(e) = fs::remove_file(&tmp)
            && e.kind() != io::ErrorKind::NotFound
        {
            return Err(e);
        }
        let mut file = disk::open(&tmp, OpenOptions::new().write(true).create_new(true))?;
        file.write_all(bytes)?;
        settle(&file)?;
        fs::rename(&tmp, path)
    })();
    written.map_err(|e| {
        let _ = fs::remove_file(&tmp);
        failed("written", path, e)
    })
}

/// Makes a folder that others cannot look into: pictures show people. True when it is new.
pub(super) fn make_dir(path: &Path) -> Result<bool, EvidenceError> {
    disk::make_dir(path).map_err(|e| failed("made", path, e))
}

pub(super) fn sync_file(path: &Path) -> Result<(), EvidenceError> {
    File::open(path).and_then(|file| file.sync_all()).map_err(|e| failed("synced", path, e))
}

pub(super) fn sync_dir(path: &Path) -> Result<(), EvidenceError> {
    File::open(path).and_then(|dir| dir.sync_all()).map_err(|e| failed("synced", path, e))
}

/// The entries of a folder, by name; none of one that could not be made yet.
pub(super) fn list(dir: &Path) -> Result<Vec<PathBuf>, EvidenceError> {
    let read = || fs::read_dir(dir)?.map(|e| e.map(|e| e.path())).collect::<io::Result<Vec<_>>>();
    let mut paths = match read() {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Vec::new(),
        read => read.map_err(|e| failed("read", dir, e))?,
    };
    paths.sort();
    Ok(paths)
}

/// Removes the files of a folder whose names are to go; how many there were.
pub(super) fn clear(dir: &Path, goes: impl Fn(&str) -> bool) -> Result<u64, EvidenceError> {
    let mut count = 0;
    for path in list(dir)?.into_iter().filter(|path| goes(&file_name(path))) {
        fs::remove_file(&path).map_err(|e| failed("removed", &path, e))?;
        count += 1;
    }
    Ok(count)
}

pub(super) fn failed(what: &'static str, path: &Path, source: io::Error) -> EvidenceError {
    let path = path.to_owned();
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => EvidenceError::Full { path },
        _ => EvidenceError::Io { what, path, source },
    }
}

pub(super) fn file_name(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

pub(super) fn is_hex(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

pub(super) fn hash(bytes: &[u8]) -> Sha256 {
    Sha256::from_bytes(sha2::Sha256::digest(bytes).into())
}
