//! The disk under the state folder: its room, what it means when it takes nothing, and files that are
//! for this user alone.
//!
//! Modes are set after a file is made, not left to the umask: pictures show people, and a box is also
//! started by hand.

use rustix::fs::{StatVfsMountFlags, statvfs};
use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

/// Mode of our files and of our folders.
const FILE_MODE: u32 = 0o600;
const FOLDER_MODE: u32 = 0o700;

/// Kept free by giving up our own, so that incidents and the log of the database have room. Judgement:
/// the log grows to 4 MiB, a picture is up to 2 MiB.
const RESERVE_BYTES: u64 = 8 << 20;
/// Of a small disk, no more than this part.
const RESERVE_PART: u64 = 16;
/// Files that must fit yet.
const RESERVE_INODES: u64 = 32;
/// What a look whether the disk takes anything writes.
const PROBE_BYTES: usize = 256 << 10;

/// Why a disk takes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// ENOSPC.
    Full,
    /// EDQUOT.
    Quota,
    /// ENOSPC, though there is space.
    NoInodes,
    /// EROFS.
    ReadOnly,
    /// EIO and its kin.
    Broken,
}

impl Fault {
    /// What an error of a file in `dir` says of the disk; none when it is about something else.
    pub fn of(error: &io::Error, dir: &Path) -> Option<Self> {
        use rustix::io::Errno;
        let errno = error.raw_os_error().map(Errno::from_raw_os_error)?;
        match errno {
            Errno::NOSPC if Room::of(dir).is_some_and(|room| room.inodes == Some(0)) => {
                Some(Self::NoInodes)
            }
            Errno::NOSPC => Some(Self::Full),
            Errno::DQUOT => Some(Self::Quota),
            Errno::ROFS => Some(Self::ReadOnly),
            // What a card that is pulled or worn out, or a file system that gave up, says.
            Errno::IO | Errno::NODEV | Errno::NXIO | Errno::UCLEAN | Errno::STALE => {
                Some(Self::Broken)
            }
            _ => None,
        }
    }

    /// May deleting files of our own help?
    pub fn is_lack_of_room(self) -> bool {
        matches!(self, Self::Full | Self::Quota | Self::NoInodes)
    }

    /// What to do.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Full => "free some space",
            Self::Quota => "raise the quota or free some space",
            Self::NoInodes => "delete small files of others",
            Self::ReadOnly => "look at `dmesg`; replace the card, or mount it for writing",
            Self::Broken => "look at `dmesg`; replace the card",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "no space is left on the disk",
            Self::Quota => "this user's quota of the disk is used up",
            Self::NoInodes => "the disk takes no more files (no inodes are left)",
            Self::ReadOnly => "the disk is mounted read-only",
            Self::Broken => "the disk answers with I/O errors",
        })
    }
}

/// How much fits on a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Bytes that this user may still write.
    pub free_bytes: u64,
    /// Size of the disk.
    pub total_bytes: u64,
    /// Files that still fit; none where the file system does not count.
    pub inodes: Option<u64>,
    /// Nothing may be written at all.
    pub read_only: bool,
}

impl Room {
    /// Of the disk that holds `dir`; none when it cannot be known.
    pub fn of(dir: &Path) -> Option<Self> {
        let fs = statvfs(dir).ok()?;
        Some(Self {
            free_bytes: fs.f_bavail.saturating_mul(fs.f_frsize),
            total_bytes: fs.f_blocks.saturating_mul(fs.f_frsize),
            inodes: (fs.f_files > 0).then_some(fs.f_favail),
            read_only: fs.f_flag.contains(StatVfsMountFlags::RDONLY),
        })
    }

    /// What is to stay free of `most` bytes, on a disk of this size.
    pub fn part(&self, most: u64) -> u64 {
        most.min(self.total_bytes / RESERVE_PART)
    }

    /// Too little for what comes next?
    pub fn is_low(&self) -> bool {
        self.lacks(1)
    }

    /// Is there room again, and not by a hair's breadth?
    pub fn is_ample(&self) -> bool {
        !self.lacks(2)
    }

    fn lacks(&self, times: u64) -> bool {
        self.free_bytes < times * self.part(RESERVE_BYTES)
            || self.inodes.is_some_and(|left| left < times * RESERVE_INODES)
    }
}

/// Writes something in `dir` and removes it: why the disk takes nothing, or none when it does.
///
/// # Errors
/// One that says nothing of the disk: no such folder, no right to write.
pub fn probe(dir: &Path) -> io::Result<Option<Fault>> {
    // Two threads may look at once.
    let thread = std::thread::current();
    let path = dir.join(format!("probe-{}.tmp", thread.name().unwrap_or("other")));
    let written = create(&path).and_then(|mut file| {
        file.write_all(&vec![0x5A; PROBE_BYTES])?;
        file.sync_all()
    });
    let removed = fs::remove_file(&path);
    match written.and(removed) {
        Ok(()) => Ok(None),
        Err(error) => Fault::of(&error, dir).map(Some).ok_or(error),
    }
}

/// Makes an empty file, or empties the one that is there; for this user alone.
///
/// # Errors
/// As [`File::create`].
pub fn create(path: &Path) -> io::Result<File> {
    open(path, OpenOptions::new().write(true).create(true).truncate(true))
}

/// Opens a file as `options` say; for this user alone from then on.
///
/// # Errors
/// As [`OpenOptions::open`].
pub fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let file = options.mode(FILE_MODE).open(path)?;
    restrict(&file.metadata()?, FILE_MODE, |mode| file.set_permissions(mode))?;
    Ok(file)
}

/// Makes a folder and those above it, for this user alone; one that is there is made so. True when it
/// is new.
///
/// # Errors
/// As [`DirBuilder::create`].
pub fn make_dir(path: &Path) -> io::Result<bool> {
    let is_new = !path.is_dir();
    if is_new {
        DirBuilder::new().mode(FOLDER_MODE).recursive(true).create(path)?;
    }
    restrict(&fs::metadata(path)?, FOLDER_MODE, |mode| fs::set_permissions(path, mode))?;
    Ok(is_new)
}

/// Makes the state folder. One that is there is as its owner wants it: what lies in it is closed.
///
/// # Errors
/// As [`DirBuilder::create`].
pub fn make_state_dir(path: &Path) -> io::Result<()> {
    if path.is_dir() { Ok(()) } else { make_dir(path).map(drop) }
}

/// Makes a file that is there one for this user alone.
pub fn close_to_others(path: &Path) {
    let closed = fs::symlink_metadata(path).and_then(|meta| {
        if meta.is_file() {
            restrict(&meta, FILE_MODE, |mode| fs::set_permissions(path, mode))
        } else {
            Ok(())
        }
    });
    match closed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(path = %path.display(), %error, "others can read this file");
        }
        _ => {}
    }
}

fn restrict(
    meta: &fs::Metadata,
    mode: u32,
    set: impl FnOnce(Permissions) -> io::Result<()>,
) -> io::Result<()> {
    // Not on a disk that takes nothing, unless it is needed.
    if meta.permissions().mode() & 0o7777 == mode {
        return Ok(());
    }
    set(Permissions::from_mode(mode))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use rustix::io::Errno;

    #[test]
    fn errors_are_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        let fault = |errno: Errno| Fault::of(&io::Error::from(errno), dir.path());
        assert_eq!(fault(Errno::NOSPC), Some(Fault::Full));
        assert_eq!(fault(Errno::DQUOT), Some(Fault::Quota));
        assert_eq!(fault(Errno::ROFS), Some(Fault::ReadOnly));
        assert_eq!(fault(Errno::IO), Some(Fault::Broken));
        assert_eq!([fault(Errno::NOENT), fault(Errno::ACCESS)], [None, None]);
        assert_eq!(probe(dir.path()).unwrap(), None);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        let nowhere = probe(&dir.path().join("nowhere")).unwrap_err();
        assert_eq!(nowhere.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn a_small_disk_keeps_a_small_part_free() {
        let room = |free_bytes, total_bytes, inodes| Room {
            free_bytes,
            total_bytes,
            inodes,
            read_only: false,
        };
        let (mib, gib) = (1 << 20, 1 << 30);
        assert!(!room(8 * mib, gib, None).is_low() && !room(8 * mib, gib, None).is_ample());
        assert!(room(8 * mib - 1, gib, None).is_low());
        assert!(room(16 * mib, gib, None).is_ample());
        assert!(!room(mib, 16 * mib, None).is_low() && room(mib - 1, 16 * mib, None).is_low());
        assert!(room(gib, gib, Some(31)).is_low() && room(gib, gib, Some(64)).is_ample());
    }

    #[test]
    fn modes_do_not_depend_on_what_was() {
        let dir = tempfile::tempdir().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let (folder, file) = (dir.path().join("a/b"), dir.path().join("a/b/c"));
        assert!(make_dir(&folder).unwrap());
        fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
        assert!(!make_dir(&folder).unwrap());
        fs::write(&file, "open to all").unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
        create(&file).unwrap();
        assert_eq!((mode(&folder), mode(&file)), (0o700, 0o600));
        fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
        close_to_others(&file);
        assert_eq!(mode(&file), 0o600);
        close_to_others(&dir.path().join("nowhere"));
    }
}
