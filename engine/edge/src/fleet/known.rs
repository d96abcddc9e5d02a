//! Which models this process knows: by name, and by the weights that their descriptions name. What a worker
//! says that it looks with is held against it.

use crate::clock;
use crate::models::{ModelError, Package};
use crate::vision::share::Share;
use std::collections::{BTreeMap, VecDeque};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;
use viahe_contract::id::Name;
use viahe_contract::message::ModelRef;
use viahe_core::seam::ModelFiles;

/// A worker may still look with what a file was before; nobody replaces models so often.
const KNOWN_MAX: usize = 256;

/// A file may change twice before the file system's clock goes on, and look the same: one that changed so lately
/// is read again.
const LATELY: Duration = Duration::from_secs(2);

/// What files are, as far as can be told without reading them.
type Stamps = Vec<Option<Stamp>>;

/// Time of the last change in ns, size, and number in its file system.
type Stamp = (i128, u64, u64);

/// Models of a plan, and of those before it.
#[derive(Debug, Default)]
pub(super) struct Known {
    files: BTreeMap<Name, ModelFiles>,
    taxonomies: Vec<PathBuf>,
    /// Newest first.
    seen: VecDeque<ModelRef>,
    /// Files that were read, as they were: they would say the same again. Whatever a worker names, a file is not
    /// read more often than it changes.
    read: BTreeMap<Name, Stamps>,
}

impl Known {
    /// Goes on with the models of another plan, as they are on disk.
    pub(super) fn apply(&mut self, plan: &Share) {
        self.files.clone_from(&plan.models);
        self.taxonomies.clone_from(&plan.process.taxonomies);
        self.read.clear();
        plan.models.keys().for_each(|name| self.look(name));
    }

    /// Is, or was, this the model of that name? A file may have been replaced since, and a worker that was
    /// started again has read it then.
    pub(super) fn has(&mut self, model: &ModelRef) -> bool {
        if !self.seen.contains(model) {
            self.look(&model.name);
        }
        self.seen.contains(model)
    }

    fn look(&mut self, name: &Name) {
        let Some(files) = self.files.get(name) else { return };
        let paths = [&files.description].into_iter().chain(&self.taxonomies);
        let stamps: Stamps = paths.map(|path| stamp(path)).collect();
        if self.read.get(name) == Some(&stamps) {
            return;
        }
        let read = Package::read(name, files, &self.taxonomies);
        // A disk that failed once may not fail again.
        let failed = matches!(read, Err(ModelError::Read { .. }));
        if !failed && !stamps.iter().flatten().any(lately) {
            self.read.insert(name.clone(), stamps);
        }
        // One that cannot be read is the workers' to tell: they cannot read it either.
        let Ok(Package { model, .. }) = read else { return };
        let model = model.fingerprint();
        if !self.seen.contains(&model) {
            self.seen.truncate(KNOWN_MAX - 1);
            self.seen.push_front(model);
        }
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let file = std::fs::metadata(path).ok()?;
    let changed = i128::from(file.mtime()) * 1_000_000_000 + i128::from(file.mtime_nsec());
    Some((changed, file.size(), file.ino()))
}

fn lately((changed, ..): &Stamp) -> bool {
    changed.abs_diff(i128::from(clock::now().0)) < LATELY.as_nanos()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::vision::share::plain;
    use viahe_contract::sha256::Sha256;

    /// A description on disk, and a process that knows it.
    struct Disk {
        dir: tempfile::TempDir,
        known: Known,
    }

    fn name() -> Name {
        Name::try_from("tiny").unwrap()
    }

    fn of(byte: u8) -> ModelRef {
        ModelRef { name: name(), sha256: Sha256::from_bytes([byte; 32]), licence: Some("l".into()) }
    }

    impl Disk {
        fn new() -> Self {
            Self { dir: tempfile::tempdir().unwrap(), known: Known::default() }
        }

        fn description(&self) -> PathBuf {
            self.dir.path().join("model.toml")
        }

        fn write(&self, byte: u8) {
            let text = viahe_testing::model::TINY;
            let was = text.lines().find(|line| line.starts_with("sha256")).unwrap();
            let sha256 = format!("sha256 = \"{}\"", Sha256::from_bytes([byte; 32]));
            std::fs::write(self.description(), text.replace(was, &sha256)).unwrap();
        }

        /// It was last changed so long ago.
        fn age(&self, age: Duration) {
            let file = std::fs::File::options().write(true).open(self.description()).unwrap();
            let now = std::time::UNIX_EPOCH + Duration::from_nanos(clock::now().0);
            file.set_modified(now - age).unwrap();
        }

        fn apply(&mut self) {
            let sha256 = Sha256::from_bytes([0; 32]);
            let files = ModelFiles { description: self.description(), weights: "w".into(), sha256 };
            let models = [(name(), files)].into();
            let process = plain::process();
            self.known.apply(&Share { process, models, cameras: BTreeMap::new() });
        }
    }

    #[test]
    fn a_model_is_that_of_its_file_as_it_is_or_was() {
        let mut disk = Disk::new();
        disk.write(1);
        disk.apply();
        assert!(disk.known.has(&of(1)) && !disk.known.has(&of(2)));
        disk.write(2);
        assert!(disk.known.has(&of(2)), "replaced without a word");
        assert!(disk.known.has(&of(1)), "a worker may have read it before");
        let other = ModelRef { name: "other".try_into().unwrap(), ..of(1) };
        assert!(!disk.known.has(&other));
        std::fs::remove_file(disk.description()).unwrap();
        assert!(disk.known.has(&of(2)) && !disk.known.has(&of(3)));
    }

    #[test]
    fn whatever_is_named_a_file_is_read_when_it_changes() {
        let mut disk = Disk::new();
        let (hour, day) = (Duration::from_hours(1), Duration::from_hours(24));
        disk.write(1);
        disk.age(day);
        disk.apply();
        assert!(!disk.known.has(&of(2)));
        // With the stamp of before nothing tells that it is another, so what it says now shows who reads it.
        let stamp = std::fs::metadata(disk.description()).unwrap().modified().unwrap();
        disk.write(2);
        let file = std::fs::File::options().write(true).open(disk.description()).unwrap();
        file.set_modified(stamp).unwrap();
        assert!(!disk.known.has(&of(2)), "it was read again for a name alone");
        disk.age(hour);
        assert!(disk.known.has(&of(2)) && disk.known.has(&of(1)));
        // Nobody knows whether this is all of the change.
        disk.write(3);
        assert!(disk.known.has(&of(3)));
        disk.write(4);
        assert!(disk.known.has(&of(4)));
        // Another plan is a reason to read what is there.
        disk.age(hour);
        assert!(!disk.known.has(&of(5)));
        disk.write(5);
        disk.age(hour);
        disk.apply();
        assert!(disk.known.has(&of(5)));
    }
}
