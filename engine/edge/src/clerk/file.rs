//! The file itself: read, and replaced whole.

use crate::bounded::read_text;
use crate::project::TEXT_BYTES_MAX;
use crate::refused::Refused;
use rustix::fs::{Access, access};
use sha2::Digest as _;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, fchown};
use std::path::Path;
use std::time::UNIX_EPOCH;
use viahe_contract::message::{Lock, Refusal};
use viahe_contract::sha256::Sha256;
use viahe_core::time::Timestamp;

/// A pipeline file as it was read.
#[derive(Debug)]
pub(super) struct File {
    pub(super) text: String,
    pub(super) version: Sha256,
    /// When it was written, by the file system.
    pub(super) written: Timestamp,
}

impl File {
    pub(super) fn read(path: &Path) -> io::Result<Self> {
        let text = read_text(path, TEXT_BYTES_MAX)?;
        let since = fs::metadata(path)?.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
        let written = Timestamp(u64::try_from(since.as_nanos()).unwrap_or_default());
        Ok(Self { version: version_of(&text), text, written })
    }
}

/// What names a text: the SHA-256 of its bytes.
pub(super) fn version_of(text: &str) -> Sha256 {
    Sha256::from_bytes(sha2::Sha256::digest(text.as_bytes()).into())
}

/// Why the file cannot be changed; none where it can.
pub(super) fn locked(path: &Path) -> Option<Refused> {
    const REMEDY: &str = "give file and folder to the user that viahe runs as (docs/operations.md), or edit it \
                          on the box";
    let (why, lock) = match reason(path) {
        Ok(lock) => {
            let (why, lock) = lock?;
            (why.to_owned(), Some(lock))
        }
        Err(error) => (error.to_string(), None),
    };
    let text = format!("{}: {why}; {REMEDY}", path.display());
    Some(Refused { text, code: lock.map(|lock| Refusal::Locked { lock }) })
}

fn reason(path: &Path) -> io::Result<Option<(&'static str, Lock)>> {
    // What a link leads to is the file.
    let target = fs::canonicalize(path)?;
    let folder = target.parent().unwrap_or(Path::new("/"));
    for (why, lock, place) in [
        ("the file is read-only for viahe", Lock::File, target.as_path()),
        ("its folder is read-only for viahe", Lock::Folder, folder),
    ] {
        // Root may write everywhere; whoever took the right away meant it.
        let is_open = fs::metadata(place)?.mode() & 0o222 != 0;
        if !is_open || access(place, Access::WRITE_OK).is_err() {
            return Ok(Some((why, lock)));
        }
    }
    let (owner, own) = (fs::metadata(&target)?.uid(), rustix::process::geteuid());
    let is_own = own.is_root() || owner == own.as_raw();
    Ok((!is_own).then_some(("the file belongs to another user", Lock::Owner)))
}

/// Puts a text in the place of the file's, whole or not at all; it stays whose and as open as it was. One
/// that is not `of` this version any more is left as it is.
///
/// # Errors
/// What the disk says; also that somebody else has changed the file.
pub(super) fn replace(path: &Path, text: &str, of: Sha256) -> io::Result<()> {
    let target = fs::canonicalize(path)?;
    let meta = fs::metadata(&target)?;
    let (Some(folder), Some(name)) = (target.parent(), target.file_name()) else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no file in a folder"));
    };
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(".viahe-new");
    let new = folder.join(hidden);
    // Of a run whose power was cut.
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(&new)?;
    let mut put = || {
        file.write_all(text.as_bytes())?;
        let made = file.metadata()?;
        if (made.uid(), made.gid()) != (meta.uid(), meta.gid()) {
            fchown(&file, Some(meta.uid()), Some(meta.gid()))?;
        }
        file.set_permissions(meta.permissions())?;
        file.sync_all()?;
        if File::read(&target)?.version != of {
            let what = "somebody else has just changed it";
            return Err(io::Error::new(io::ErrorKind::ResourceBusy, what));
        }
        fs::rename(&new, &target)
    };
    match put() {
        Ok(()) => fs::File::open(folder)?.sync_all(),
        Err(error) => {
            let _ = fs::remove_file(&new);
            Err(error)
        }
    }
}
