//! The classes that rules speak: `models/taxonomy.toml`.

use super::problem::closest;
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
        let _ = taxonomy.extend(text);
        taxonomy
    }

    /// Adds the classes of another file of this form.
    ///
    /// # Errors
    /// What is wrong with the file, in words; nothing is then added.
    pub fn extend(&mut self, text: &str) -> Result<(), String> {
        let table: toml::Table = text.parse().map_err(|e: toml::de::Error| {
            let line = e.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
            format!("line {line}: {}; correct the TOML", e.message())
        })?;
        let classes = table.get("class").and_then(toml::Value::as_table);
        let classes =
            classes.ok_or("it has no table [class]; add one with a line for each class")?;
        let read: Result<Vec<Class>, String> =
            classes.keys().map(|name| Class::try_from(name.as_str())).collect();
        self.0.extend(read?);
        Ok(())
    }

    /// Is it one of them?
    pub fn has(&self, class: &Class) -> bool {
        self.0.contains(class)
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
        taxonomy.extend("[class]\n\"vehicle.tank\" = { en = \"Tank\", vi = \"Xe tăng\" }").unwrap();
        assert!(taxonomy.has(&class("vehicle.tank")) && taxonomy.has(&class("vehicle.car")));
        for (bad, word) in
            [("[class", "line 1"), ("version = 1", "[class]"), ("[class]\n\"A b\" = 1", "A b")]
        {
            let told = taxonomy.extend(bad).unwrap_err();
            assert!(told.contains(word), "{told}");
        }
    }
}
