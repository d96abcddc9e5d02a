//! The classes that rules speak: `models/taxonomy.toml`.

use super::model_keys::TAXONOMY_FILE;
use super::problem::{ConfigError, FileKind, Report, Source, closest};
use super::read::{Node, document};
use crate::observe::Class;
use std::collections::BTreeSet;

/// The classes that there are. Those of this release, and what a site adds in a `taxonomy.toml`
/// beside its models.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taxonomy(BTreeSet<Class>);

impl Taxonomy {
    /// The classes of this release.
    pub fn builtin() -> Self {
        let mut taxonomy = Self(BTreeSet::new());
        let text = include_str!("../../../../models/taxonomy.toml");
        // A test reads it: nothing here can fail.
        let _ = taxonomy.extend("taxonomy.toml", text);
        taxonomy
    }

    /// Adds the classes of another file of this form; `file` is what messages call it.
    ///
    /// # Errors
    /// All that is wrong with the file; nothing is then added.
    pub fn extend(&mut self, file: &str, text: &str) -> Result<(), ConfigError> {
        let report = Report::default();
        let source =
            Source { kind: FileKind::Taxonomy, name: file, text, rank: 0, report: &report };
        let classes = document(&source).and_then(|table| {
            let root = Node::root(&source, &table, TAXONOMY_FILE);
            root.check();
            let names = root.titles("class")?;
            Some(names.into_iter().filter_map(|name| Class::try_from(name).ok()).collect())
        });
        let classes: Vec<Class> = report.finish(classes, file)?;
        self.0.extend(classes);
        Ok(())
    }

    /// Is it one of them?
    pub fn has(&self, class: &Class) -> bool {
        self.0.contains(class)
    }

    /// The class whose whole path or last part a plain name is; the shortest path where there are several.
    pub fn named(&self, plain: &str) -> Option<&Class> {
        let is_it = |class: &&Class| {
            let path = class.as_str();
            path == plain || path.rsplit('.').next() == Some(plain)
        };
        self.0.iter().filter(is_it).min_by_key(|class| class.as_str().len())
    }

    /// The class that was probably meant.
    pub(super) fn near(&self, class: &Class) -> Option<&str> {
        closest(class.as_str(), self.0.iter().map(Class::as_str))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_builtin_classes_and_more() {
        let class = |text: &str| Class::try_from(text).unwrap();
        let mut taxonomy = Taxonomy::builtin();
        assert!(taxonomy.has(&class("vehicle.car")) && taxonomy.0.len() > 30);
        assert!(!taxonomy.has(&class("vehicle.tank")));
        assert_eq!(taxonomy.near(&class("vehicle.caar")), Some("vehicle.car"));
        taxonomy
            .extend("own.toml", "[class]\n\"vehicle.tank\" = { en = \"Tank\", vi = \"Xe tăng\" }")
            .unwrap();
        assert!(taxonomy.has(&class("vehicle.tank")) && taxonomy.has(&class("vehicle.car")));
        for (bad, word) in [
            ("[class", "own.toml:1: "),
            ("version = 1", "`class` is missing"),
            ("[class]\n\"A b\" = {}", "\"A b\" is not a class"),
            ("[class]\n\"robot\" = 1", "own.toml:2: class.robot: must be a table"),
            ("[class]\n\"robot\" = { vn = \"Rô bốt\" }", "\"vn\" is not a known key"),
        ] {
            let told = taxonomy.extend("own.toml", bad).unwrap_err().to_string();
            assert!(told.contains(word), "{told}");
        }
    }
}
