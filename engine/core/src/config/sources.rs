//! What a pipeline file needs beside itself: the caller fetches it.

use super::secret::SecretLookup;
use crate::id::Name;
use crate::model::ModelInfo;

/// Fetches what belongs to a name. The error is shown to people.
pub type Lookup<'a, T> = &'a dyn Fn(&Name) -> Result<T, String>;

/// A pipeline file, and access to what it refers to.
pub struct PipelineSources<'a> {
    /// Path of the file, as problems are to show it; relative paths in the file start at its
    /// folder.
    pub file: &'a str,
    /// What it holds.
    pub text: &'a str,
    /// File name and text of a catalogue entry.
    pub catalogue: Lookup<'a, (String, String)>,
    /// All entries, for remedies; may be empty.
    pub catalogue_names: &'a [Name],
    /// File name and text of a calendar.
    pub calendar: Lookup<'a, (String, String)>,
    /// All calendars, for remedies; may be empty.
    pub calendar_names: &'a [Name],
    /// What a model package can see.
    pub models: Lookup<'a, ModelInfo>,
    /// All installed packages, for remedies; may be empty.
    pub model_names: &'a [Name],
    /// The secrets that the file refers to.
    pub secrets: SecretLookup<'a>,
}

/// A model package that is there.
#[derive(Clone)]
pub(super) struct Package {
    pub(super) name: Name,
    /// Of a detector with classifiers: of all of them together.
    pub(super) info: ModelInfo,
    /// Classifiers that narrow down what it sees.
    pub(super) refine: Vec<Package>,
}
