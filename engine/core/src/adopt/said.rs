//! What a source says of a model; it is silent about most.

use super::scale::Scale;
use crate::tensor::Layout;

/// What one source says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Said {
    /// For people.
    pub(super) source: String,
    pub(super) title: Option<String>,
    pub(super) licence: Option<String>,
    /// Of the classes, by their numbers; "" where a number has none.
    pub(super) names: Option<Vec<String>>,
    /// Columns and rows of the input.
    pub(super) size: Option<[usize; 2]>,
    pub(super) layout: Option<Layout>,
    pub(super) fit: Option<Fitting>,
    pub(super) scale: Option<Scale>,
    /// How its training resampled pictures, where it is not as here.
    pub(super) resampling: Option<String>,
    /// The head that such a model has.
    pub(super) head: Option<&'static str>,
    /// What makes probabilities of its scores.
    pub(super) activation: Option<&'static str>,
    /// Why it is no detector.
    pub(super) unusable: Option<String>,
}

/// How pictures are fitted in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fitting {
    Stretch,
    Letterbox { pad: f32 },
}

/// Names by their numbers; a number that is left out has none.
pub(super) fn by_number(pairs: impl IntoIterator<Item = (usize, String)>) -> Option<Vec<String>> {
    let mut names = Vec::new();
    for (number, name) in pairs {
        // More than any detector has; a hostile number must not make a list of its length.
        if number >= crate::model::CLASSES_MAX {
            return None;
        }
        if names.len() <= number {
            names.resize(number + 1, String::new());
        }
        names[number] = name;
    }
    (!names.is_empty()).then_some(names)
}
