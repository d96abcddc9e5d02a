//! Files that boxes bring: in parts if need be, and kept under their hash once they are whole.
//!
//! Parts grow under `pending/`, those of each site apart: who brings what is there already must have it too. A file
//! gets its name when its hash is right and it is on the disk, and never changes from then on. Of one site only one
//! request writes a file at a time, and nobody removes one that somebody brings.

use sha2::{Digest, Sha256 as Hasher};
use std::collections::BTreeSet;
use std::fs::{DirBuilder, DirEntry, File};
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

/// Folders that files are spread over.
pub const SHARDS: u16 = 256;

/// Where files are; clones are the same place.
#[derive(Clone, Debug)]
pub struct Files(Arc<Inner>);

/// Which file, and by whom it is brought; by nobody who removes it.
type Held = (Sha256, Option<Name>);

#[derive(Debug)]
struct Inner {
    root: PathBuf,
    held: Mutex<BTreeSet<Held>>,
}

/// How a file stands after a part of it came.
#[derive(Debug)]
pub enum Part {
    /// It is whole, right and on the disk.
    Whole {
        /// Its size.
        bytes: u64,
        /// Nobody removes it before this is dropped: when it is known who has brought it.
        turn: Turn,
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
        Ok(Self(Arc::new(Inner { root, held: Mutex::default() })))
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
        let Some(turn) = Turn::take(&self.0, (*file, Some(site.clone()))) else {
            return Ok(Part::Busy);
        };
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
            None => Part::Whole { bytes: there, turn },
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

    /// The right to remove a file, unless somebody brings it now or removes it.
    pub fn hold(&self, file: &Sha256) -> Option<Turn> {
        Turn::take(&self.0, (*file, None))
    }

    /// Files that have their names, of one of the [`SHARDS`] folders.
    ///
    /// # Errors
    /// When the folder is there and cannot be read.
    pub fn of_shard(&self, shard: u8) -> Result<Vec<Sha256>, Stays> {
        let folder = self.0.root.join(format!("{shard:02x}"));
        let read = || -> io::Result<Vec<Sha256>> {
            let mut files = Vec::new();
            for entry in std::fs::read_dir(&folder)? {
                let name = entry?.file_name();
                // What is called otherwise is not ours.
                let name = name.to_str().and_then(|name| name.strip_suffix(".jpg"));
                let file = name.and_then(|name| Sha256::try_from(name).ok());
                files.extend(file.filter(|file| folder.ends_with(file.shard())));
            }
            Ok(files)
        };
        match read() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            read => read.map_err(|source| Stays { path: folder, source }),
        }
    }

    /// Removes parts that nobody has added to since `before`; tells of those that stay.
    pub fn forget_parts(&self, before: SystemTime) -> Vec<Stays> {
        let folder = self.0.root.join("pending");
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(source) => return vec![Stays { path: folder, source }],
        };
        let forget = |entry: io::Result<DirEntry>| {
            let path = entry.as_ref().map_or_else(|_| folder.clone(), DirEntry::path);
            let remove = |entry: DirEntry| {
                let is_old = entry.metadata()?.modified()? < before;
                if is_old { std::fs::remove_file(entry.path()) } else { Ok(()) }
            };
            match entry.and_then(remove) {
                // It was made whole just now.
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                done => done.err().map(|source| Stays { path, source }),
            }
        };
        entries.filter_map(forget).collect()
    }

    /// Removes a file: was it there?
    ///
    /// # Errors
    /// When it stays.
    pub fn remove(&self, file: &Sha256) -> Result<bool, Stays> {
        let path = self.path(file);
        match std::fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(source) => Err(Stays { path, source }),
        }
    }
}

/// Something that the disk does not give up.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", path.display())]
pub struct Stays {
    path: PathBuf,
    source: io::Error,
}

/// The right to write a file or to remove it, until it is dropped.
#[derive(Debug)]
pub struct Turn {
    inner: Arc<Inner>,
    held: Held,
}

impl Turn {
    /// Several sites may bring a file at once; who removes it is alone.
    fn take(inner: &Arc<Inner>, held: Held) -> Option<Self> {
        let mut all = inner.held.lock().unwrap_or_else(PoisonError::into_inner);
        let file = held.0;
        let is_free = match &held.1 {
            Some(_) => !all.contains(&held) && !all.contains(&(file, None)),
            // Nobody comes before all who have a name.
            None => all.range((file, None)..).next().is_none_or(|(next, _)| *next != file),
        };
        is_free.then(|| {
            all.insert(held.clone());
            Self { inner: Arc::clone(inner), held }
        })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut all = self.inner.held.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(&self.held);
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
        let add = |files: &Files, from: usize, to: usize| {
            files.add((&hue, &file), from as u64, &picture[from..to], total).unwrap()
        };
        let all = picture.len();
        assert!(matches!(add(&files, 0, 4), Part::Upto(4)));
        assert!(matches!(add(&files, 7, all), Part::Gap(4)));
        assert_eq!((files.offset(&hue, &file), files.size(&file)), (4, None));
        // Another process goes on with it.
        let files = Files::open(dir.path()).unwrap();
        let is_whole = |part: Part| matches!(part, Part::Whole { bytes, .. } if bytes == total);
        let other = Name::try_from("da-nang").unwrap();
        assert_eq!(files.offset(&other, &file), 0, "each brings its own");
        assert!(is_whole(add(&files, 4, all)));
        assert!(is_whole(add(&files, 0, all)));
        assert_eq!((files.read(&file).unwrap(), files.offset(&hue, &file)), (picture, 0));
    }

    #[test]
    fn nobody_removes_what_somebody_brings_and_the_other_way_round() {
        let dir = tempfile::tempdir().unwrap();
        let files = Files::open(dir.path()).unwrap();
        let [hue, da_nang] = ["hue", "da-nang"].map(|name| Name::try_from(name).unwrap());
        let picture = [&JPEG[..], b"a street in Hue"].concat();
        let (file, total) = (named(&picture), picture.len() as u64);
        let bring = |site: &Name| files.add((site, &file), 0, &picture, total).unwrap();
        let Part::Whole { turn, .. } = bring(&hue) else { panic!("it is whole") };
        assert!(files.hold(&file).is_none(), "it is not known yet who has brought it");
        assert!(matches!(bring(&hue), Part::Busy));
        assert!(matches!(bring(&da_nang), Part::Whole { .. }), "others are not held up");
        drop(turn);
        let held = files.hold(&file).unwrap();
        assert!(files.hold(&file).is_none() && files.hold(&named(b"another")).is_some());
        assert!(matches!(bring(&hue), Part::Busy) && matches!(bring(&da_nang), Part::Busy));
        drop(held);
        assert!(matches!(bring(&hue), Part::Whole { .. }));
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
