//! Files that boxes bring: in parts if need be, and kept under their hash once they are whole.
//!
//! Parts grow under `pending/`, those of each site apart: who brings what is there already must have it too. A file
//! gets its name when its hash is right and it is on the disk, and never changes from then on. Of one site only one
//! request writes a file at a time.

use sha2::{Digest, Sha256 as Hasher};
use std::collections::BTreeSet;
use std::fs::{DirBuilder, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;
use viahe_contract::id::Name;
use viahe_contract::sha256::Sha256;

/// Largest file taken.
pub const BYTES_MAX: u64 = 16 << 20;
/// What every JPEG begins with.
const JPEG: [u8; 3] = [0xff, 0xd8, 0xff];

/// Where files are; clones are the same place.
#[derive(Clone)]
pub struct Files(Arc<Inner>);

/// By whom which file.
type Brought = (Name, Sha256);

struct Inner {
    root: PathBuf,
    busy: Mutex<BTreeSet<Brought>>,
}

/// How a file stands after a part of it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// It is whole, right and on the disk.
    Whole {
        /// Its size.
        bytes: u64,
    },
    /// So many bytes are there.
    Upto(u64),
    /// The part begins elsewhere than where the last one ended.
    Gap(u64),
    /// It is whole, and is something else than its name says, or no JPEG: thrown away.
    Wrong(&'static str),
    /// Another request brings the same one.
    Busy,
}

impl Files {
    /// Below a data folder.
    ///
    /// # Errors
    /// When the folders cannot be made.
    pub fn open(data_dir: &Path) -> io::Result<Self> {
        let root = data_dir.join("evidence");
        DirBuilder::new().recursive(true).mode(0o700).create(root.join("pending"))?;
        Ok(Self(Arc::new(Inner { root, busy: Mutex::default() })))
    }

    fn path(&self, file: &Sha256) -> PathBuf {
        self.0.root.join(file.shard()).join(format!("{file}.jpg"))
    }

    fn pending(&self, site: &Name, file: &Sha256) -> PathBuf {
        self.0.root.join("pending").join(format!("{site}-{file}"))
    }

    /// Bytes that may still be written there.
    ///
    /// # Errors
    /// When the folder's disk does not say.
    pub fn free(&self) -> io::Result<u64> {
        let found = rustix::fs::statvfs(&self.0.root)?;
        Ok(found.f_bavail.saturating_mul(found.f_frsize))
    }

    /// Size of a file that is whole.
    pub fn size(&self, file: &Sha256) -> Option<u64> {
        std::fs::metadata(self.path(file)).ok().map(|found| found.len())
    }

    /// Bytes of a file that have come so far.
    pub fn offset(&self, site: &Name, file: &Sha256) -> u64 {
        std::fs::metadata(self.pending(site, file)).map_or(0, |found| found.len())
    }

    /// All of a file.
    ///
    /// # Errors
    /// When it is not there, or cannot be read.
    pub fn read(&self, file: &Sha256) -> io::Result<Vec<u8>> {
        std::fs::read(self.path(file))
    }

    /// Adds a part that begins at `from`, of a file of `total` bytes.
    ///
    /// # Errors
    /// When the disk takes nothing.
    pub fn add(
        &self,
        (site, file): (&Name, &Sha256),
        from: u64,
        bytes: &[u8],
        total: u64,
    ) -> io::Result<Part> {
        let brought = (site.clone(), *file);
        let Some(_turn) = Turn::take(&self.0, brought) else { return Ok(Part::Busy) };
        let pending = self.pending(site, file);
        let mut options = File::options();
        options.create(true).truncate(false).read(true).write(true).mode(0o600);
        let mut part = options.open(&pending)?;
        let there = part.seek(SeekFrom::End(0))?;
        // Whoever begins anew may: the part may be of a run that came to nothing.
        if from != 0 && from != there {
            return Ok(Part::Gap(there));
        }
        part.set_len(from)?;
        part.seek(SeekFrom::Start(from))?;
        part.write_all(bytes)?;
        let there = from + bytes.len() as u64;
        if there < total {
            return Ok(Part::Upto(there));
        }
        self.finish(file, part, &pending).map(|wrong| match wrong {
            Some(wrong) => Part::Wrong(wrong),
            None => Part::Whole { bytes: there },
        })
    }

    /// Gives a whole file its name; or says what is wrong with it, and throws it away.
    fn finish(
        &self,
        file: &Sha256,
        mut part: File,
        pending: &Path,
    ) -> io::Result<Option<&'static str>> {
        part.seek(SeekFrom::Start(0))?;
        let mut bytes = Vec::new();
        part.read_to_end(&mut bytes)?;
        let found = Sha256::from_bytes(Hasher::digest(&bytes).into());
        let wrong = match (found == *file, bytes.starts_with(&JPEG)) {
            (false, _) => Some("its hash is not its name"),
            (true, false) => Some("it is no JPEG"),
            (true, true) => None,
        };
        if wrong.is_some() {
            std::fs::remove_file(pending)?;
            return Ok(wrong);
        }
        part.sync_all()?;
        let path = self.path(file);
        let folder = path.parent().unwrap_or(&self.0.root);
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        std::fs::rename(pending, &path)?;
        File::open(folder)?.sync_all()?;
        Ok(None)
    }

    /// Removes parts that nobody has added to since `before`.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn forget_parts(&self, before: SystemTime) -> io::Result<()> {
        for entry in std::fs::read_dir(self.0.root.join("pending"))? {
            let entry = entry?;
            if entry.metadata()?.modified()? < before {
                std::fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// Removes a file.
    ///
    /// # Errors
    /// When it is there and cannot be removed.
    pub fn remove(&self, file: &Sha256) -> io::Result<()> {
        match std::fs::remove_file(self.path(file)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// The right to write a file.
struct Turn<'a> {
    inner: &'a Inner,
    brought: Brought,
}

impl<'a> Turn<'a> {
    fn take(inner: &'a Inner, brought: Brought) -> Option<Self> {
        let mut busy = inner.busy.lock().unwrap_or_else(PoisonError::into_inner);
        busy.insert(brought.clone()).then_some(Self { inner, brought })
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut busy = self.inner.busy.lock().unwrap_or_else(PoisonError::into_inner);
        busy.remove(&self.brought);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(bytes: &[u8]) -> Sha256 {
        Sha256::from_bytes(Hasher::digest(bytes).into())
    }

    #[test]
    fn a_file_grows_by_parts_and_has_its_name_once_it_is_whole_and_right() {
        let dir = tempfile::tempdir().unwrap();
        let files = Files::open(dir.path()).unwrap();
        let hue = Name::try_from("hue").unwrap();
        let picture = [&JPEG[..], b"a street in Hue"].concat();
        let (file, total) = (named(&picture), picture.len() as u64);
        assert_eq!(files.add((&hue, &file), 0, &picture[..4], total).unwrap(), Part::Upto(4));
        assert_eq!(files.add((&hue, &file), 7, &picture[7..], total).unwrap(), Part::Gap(4));
        assert_eq!((files.offset(&hue, &file), files.size(&file)), (4, None));
        // Another process goes on with it.
        let files = Files::open(dir.path()).unwrap();
        let whole = Part::Whole { bytes: total };
        let other = Name::try_from("da-nang").unwrap();
        assert_eq!(files.offset(&other, &file), 0, "each brings its own");
        assert_eq!(files.add((&hue, &file), 4, &picture[4..], total).unwrap(), whole);
        assert_eq!(files.add((&hue, &file), 0, &picture, total).unwrap(), whole);
        assert_eq!((files.read(&file).unwrap(), files.offset(&hue, &file)), (picture, 0));
    }

    #[test]
    fn what_is_not_what_it_is_called_is_thrown_away() {
        let dir = tempfile::tempdir().unwrap();
        let files = Files::open(dir.path()).unwrap();
        let hue = Name::try_from("hue").unwrap();
        let picture = b"<svg onload='alert(1)'/>";
        let svg = named(picture);
        for file in [svg, named(b"another")] {
            let part = files.add((&hue, &file), 0, picture, picture.len() as u64).unwrap();
            assert!(matches!(part, Part::Wrong(_)), "{part:?}");
            assert_eq!((files.offset(&hue, &file), files.size(&file)), (0, None));
        }
    }
}
