//! Which of a model's classes mean things of one kind.

use crate::id::ClassIx;
use crate::model::Model;

/// What a model's class means, as numbers that compare fast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Meaning {
    /// Equal for classes with the same taxonomy class.
    pub(super) class: u16,
    /// Equal for classes with the same taxonomy root.
    pub(super) root: u16,
}

/// The meanings of a model's classes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kinds(Vec<Option<Meaning>>);

impl Kinds {
    /// As its labels say.
    pub fn of(model: &Model) -> Self {
        let mut classes: Vec<&str> = Vec::new();
        let mut roots: Vec<&str> = Vec::new();
        let meanings = model.labels.iter().map(|label| {
            let text = label.as_ref()?.as_str();
            let root = text.split_once('.').map_or(text, |(root, _)| root);
            Some(Meaning { class: index_of(&mut classes, text), root: index_of(&mut roots, root) })
        });
        Self(meanings.collect())
    }

    pub(super) fn meaning(&self, class: ClassIx) -> Option<Meaning> {
        self.0.get(usize::from(class.0)).copied().flatten()
    }

    /// Have both the same taxonomy root: could one thing be taken for either?
    pub fn are_alike(&self, a: ClassIx, b: ClassIx) -> bool {
        let root = |class| self.meaning(class).map(|meaning| meaning.root);
        root(a).is_some_and(|a| Some(a) == root(b))
    }
}

/// The position of `text` in `seen`, where it is put when it is new. Classes are at most
/// [`CLASSES_MAX`](crate::model::CLASSES_MAX), so the index fits.
fn index_of<'t>(seen: &mut Vec<&'t str>, text: &'t str) -> u16 {
    let at = seen.iter().position(|s| *s == text).unwrap_or_else(|| {
        seen.push(text);
        seen.len() - 1
    });
    at as u16
}
