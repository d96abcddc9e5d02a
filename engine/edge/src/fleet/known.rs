//! Which models this process knows: by name, and by the weights that their descriptions name. What a worker
//! says that it looks with is held against it.

use crate::models::Package;
use crate::vision::share::Share;
use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use viahe_contract::id::Name;
use viahe_contract::message::ModelRef;
use viahe_core::seam::ModelFiles;

/// A worker may still look with what a file was before; nobody replaces models so often.
const KNOWN_MAX: usize = 256;

/// Models of a plan, and of those before it.
#[derive(Debug, Default)]
pub(super) struct Known {
    files: BTreeMap<Name, ModelFiles>,
    taxonomies: Vec<PathBuf>,
    /// Oldest first.
    seen: VecDeque<ModelRef>,
}

impl Known {
    /// Goes on with the models of another plan, as they are on disk.
    pub(super) fn apply(&mut self, plan: &Share) {
        self.files.clone_from(&plan.models);
        self.taxonomies.clone_from(&plan.process.taxonomies);
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
        let files = self.files.get(name);
        // One that cannot be read is the workers' to tell: they cannot read it either.
        let read = files.and_then(|files| Package::read(name, files, &self.taxonomies).ok());
        let Some(model) = read.map(|package| package.model) else { return };
        let model = ModelRef { name: model.name, sha256: model.sha256 };
        if !self.seen.contains(&model) {
            self.seen.truncate(KNOWN_MAX - 1);
            self.seen.push_front(model);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::vision::share::plain;
    use viahe_contract::sha256::Sha256;

    #[test]
    fn a_model_is_that_of_its_file_as_it_is_or_was() {
        let dir = tempfile::tempdir().unwrap();
        let description = dir.path().join("model.toml");
        let name = Name::try_from("tiny").unwrap();
        let write = |byte: u8| {
            let text = viahe_testing::model::TINY;
            let was = text.lines().find(|line| line.starts_with("sha256")).unwrap();
            let sha256 = format!("sha256 = \"{}\"", Sha256::from_bytes([byte; 32]));
            std::fs::write(&description, text.replace(was, &sha256)).unwrap();
        };
        let of = |byte: u8| ModelRef { name: name.clone(), sha256: Sha256::from_bytes([byte; 32]) };
        let files = ModelFiles {
            description: description.clone(),
            weights: "w".into(),
            sha256: Sha256::from_bytes([0; 32]),
        };
        let process = plain::process();
        let models = [(name.clone(), files)].into();
        let mut known = Known::default();
        write(1);
        known.apply(&Share { process, models, cameras: BTreeMap::new() });
        assert!(known.has(&of(1)) && !known.has(&of(2)));
        write(2);
        assert!(known.has(&of(2)), "replaced without a word");
        assert!(known.has(&of(1)), "a worker may have read it before");
        let other = ModelRef { name: "other".try_into().unwrap(), ..of(1) };
        assert!(!known.has(&other));
        std::fs::remove_file(&description).unwrap();
        assert!(known.has(&of(2)) && !known.has(&of(3)));
    }
}
